"""SAML sign-ins against an identity provider on a real socket, and against everything that a forger may send."""

import base64
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, html
from xmlsec import constants

from terrareg_adapters.identity.outbound import Outbound
from terrareg_adapters.identity.saml import MAX_RESPONSE_LENGTH, Saml
from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_adapters.memory.clock import FixedClock
from terrareg_adapters.system import SystemClock
from terrareg_core.access.people import SignInMethod
from terrareg_core.access.providers import IdentityProvider, ServiceMetadata
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import SignInRefused, SignInUnavailable
from tests.integration.identity import saml_responses as responses
from tests.integration.identity.saml_idp import (
    POST,
    SamlIdentityProvider,
    bare,
    decoded_request,
    metadata,
    running_identity_provider,
)
from tests.integration.identity.saml_responses import (
    DS,
    SAML,
    SAMLP,
    Claims,
    Element,
    assertion_of,
    encoded,
    key_pair,
    signed,
)
from tests.integration.servers import free_port
from tests.integration.workers.processes import eventually

_ENTITY_ID = "https://registry.example.com"
_ACS = "https://registry.example.com:8443/saml/login?acs"
_REQUEST = "_request"
_FOREIGN = key_pair("somebody else")
_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"


@pytest.fixture
def idp() -> Iterator[SamlIdentityProvider]:
    with running_identity_provider() as provider:
        yield provider


@pytest.fixture
def clock() -> FixedClock:
    # The library reads the host's.
    return FixedClock(datetime.now(UTC))


Opener = Callable[..., Saml]


@pytest.fixture
def open_saml(idp: SamlIdentityProvider, clock: FixedClock) -> Iterator[Opener]:
    """Makes adapters for the identity provider; options may be given otherwise, and `outbound`."""
    with ExitStack() as opened:

        def make(outbound: Outbound | None = None, **changes: object) -> Saml:
            return opened.enter_context(closing(Saml(options(idp, **changes), clock, outbound)))

        yield make


@pytest.fixture
def saml(open_saml: Opener) -> Saml:
    return open_saml()


@pytest.fixture(scope="module")
def steady_idp() -> Iterator[SamlIdentityProvider]:
    """An identity provider that no test changes."""
    with running_identity_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def steady(steady_idp: SamlIdentityProvider) -> Iterator[Saml]:
    """The adapter for it, which has its metadata."""
    with closing(Saml(options(steady_idp), SystemClock())) as adapter:
        adapter.start("s")
        yield adapter


@pytest.fixture(scope="module")
def lenient(steady_idp: SamlIdentityProvider) -> Iterator[Saml]:
    """One for the same that waives the message's signature."""
    with closing(Saml(options(steady_idp, signed_messages=False), SystemClock())) as adapter:
        yield adapter


def options(idp: SamlIdentityProvider | None = None, /, **changes: object) -> SamlOptions:
    keys = key_pair("registry")
    made = SamlOptions(
        entity_id=_ENTITY_ID,
        acs_url=_ACS,
        public_key=keys.certificate,
        private_key=keys.key,
        idp_metadata_url=idp.metadata_url if idp else "https://idp.example.com/metadata",
        debug=True,
    )
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]


def attempt(request_id: str = _REQUEST) -> SignInAttempt:
    now = datetime.now(UTC)
    return SignInAttempt(
        state_digest="",
        browser_digest="",
        method=SignInMethod.SAML,
        request_id=request_id,
        created_at=now,
        expires_at=now + timedelta(minutes=10),
    )


def claims(idp: SamlIdentityProvider, **changes: object) -> Claims:
    good = Claims(
        issuer=idp.entity_id,
        audience=_ENTITY_ID,
        destination=_ACS,
        recipient=_ACS,
        request_id=_REQUEST,
        confirmed_request_id=_REQUEST,
    )
    return attrs.evolve(good, **changes)  # type: ignore[arg-type]


def form(response: Element | bytes | str) -> dict[str, str]:
    return {"SAMLResponse": encoded(response), "RelayState": "state"}


def refuses(saml: Saml, answer: dict[str, str], caplog: pytest.LogCaptureFixture, reason: str) -> None:
    """An answer is refused for that reason, and what is said of it holds nothing of it."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG), pytest.raises(SignInRefused) as refusal:
        saml.finish(attempt(), answer)
    assert reason in caplog.text
    for secret in ("jane@", "admin@", answer["SAMLResponse"][:60] or "\0", "SignatureValue"):
        assert secret not in caplog.text + refusal.value.message


# --- there -------------------------------------------------------------------------------------------------------


def test_a_browser_is_sent_to_the_identity_provider_with_a_signed_request(
    saml: Saml, idp: SamlIdentityProvider
) -> None:
    request = saml.start("the-state")
    address, _, query = request.url.partition("?")
    assert address == f"{idp.url}/sso"
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    assert fields.keys() == {"SAMLRequest", "RelayState", "SigAlg", "Signature"}
    assert fields["RelayState"] == "the-state"
    assert fields["SigAlg"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    key = x509.load_pem_x509_certificate(key_pair("registry").certificate.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    # SAML bindings 3.4.4.1: what is signed are the three other fields, in this order, as they stand in the URL.
    written = dict(field.split("=", 1) for field in query.split("&"))
    what = "&".join(f"{name}={written[name]}" for name in ("SAMLRequest", "RelayState", "SigAlg"))
    key.verify(base64.b64decode(fields["Signature"]), what.encode(), PKCS1v15(), hashes.SHA256())


def test_the_request_says_who_asks_where_to_answer_and_how_to_authenticate(
    saml: Saml, idp: SamlIdentityProvider
) -> None:
    request = saml.start("the-state")
    message = decoded_request(parse_qs(urlsplit(request.url).query)["SAMLRequest"][0])
    assert message.tag == f"{SAMLP}AuthnRequest"
    assert message.get("ID") == request.request_id
    assert message.get("Destination") == f"{idp.url}/sso"
    assert message.get("AssertionConsumerServiceURL") == _ACS
    assert message.get("ProtocolBinding") == POST
    assert message.findtext(f"{SAML}Issuer") == _ENTITY_ID
    asked = message.find(f"{SAMLP}RequestedAuthnContext")
    assert asked is not None
    assert asked.get("Comparison") == "exact"
    assert [it.text for it in asked] == [responses.PASSWORD]
    assert saml.start("the-state").request_id != request.request_id


def test_no_way_of_authentication_need_be_asked_for(open_saml: Opener, idp: SamlIdentityProvider) -> None:
    saml = open_saml(authn_context=())
    message = decoded_request(parse_qs(urlsplit(saml.start("s").url).query)["SAMLRequest"][0])
    assert message.find(f"{SAMLP}RequestedAuthnContext") is None
    other = claims(idp, authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:X509")
    assert saml.finish(attempt(), form(signed(other, idp.keys))).subject == "jane@example.com"


def test_addresses_and_names_with_special_characters_reach_the_identity_provider_as_they_are(
    open_saml: Opener, idp: SamlIdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sso = f"{idp.url}/sso?tenant=a&realm=<b>"
    monkeypatch.setattr(SamlIdentityProvider, "metadata", lambda it: metadata(it.entity_id, sso, [it.keys.certificate]))
    saml = open_saml(entity_id="https://registry.example.com/?a=1&b=2", authn_context=("urn:a&b",))
    url = saml.start("s").url
    assert url.startswith(f"{sso}&SAMLRequest=")
    message = decoded_request(parse_qs(urlsplit(url).query)["SAMLRequest"][0])
    assert message.get("Destination") == sso
    assert message.findtext(f"{SAML}Issuer") == "https://registry.example.com/?a=1&b=2"
    assert message.findtext(f".//{SAML}AuthnContextClassRef") == "urn:a&b"
    assert etree.fromstring(saml.metadata().encode()).get("entityID") == "https://registry.example.com/?a=1&b=2"


# --- and back ----------------------------------------------------------------------------------------------------


def test_who_comes_back_with_a_good_answer_is_who_it_says(steady: Saml) -> None:
    request = steady.start("the-state")
    page = html.fromstring(httpx.get(request.url).text).forms[0]
    assert (page.method, page.action) == ("POST", _ACS)
    assert page.fields["RelayState"] == "the-state"
    identity = steady.finish(attempt(request.request_id), dict(page.fields))
    assert identity.subject == identity.name == "jane@example.com"
    assert identity.groups == ("admins", "people")
    assert identity.valid_seconds is None
    assert identity.assertion_id == f"_a{request.request_id}"
    assert identity.assertion_seconds is not None
    assert 200 < identity.assertion_seconds <= 300


def test_the_adapter_says_what_it_is(saml: Saml) -> None:
    provider: IdentityProvider = saml
    assert (provider.method, provider.source, provider.posts_answers) == (SignInMethod.SAML, None, True)


def test_groups_are_the_texts_of_the_configured_attribute_alone(open_saml: Opener, idp: SamlIdentityProvider) -> None:
    saml = open_saml(group_attribute="memberOf")
    nested = '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">nested</saml:NameID>'
    attributes = {"groups": ("other",), "memberOf": ("a&amp;b", nested, "  padded ", ""), "mail": ("j@x",)}
    identity = saml.finish(attempt(), form(signed(claims(idp, attributes=attributes), idp.keys)))
    assert identity.groups == ("a&b", "padded")


def test_people_without_the_group_attribute_have_no_groups(steady: Saml, steady_idp: SamlIdentityProvider) -> None:
    identity = steady.finish(
        attempt(), form(signed(claims(steady_idp, attributes={"mail": ("j@x",)}), steady_idp.keys))
    )
    assert identity.groups == ()


def test_a_session_lasts_no_longer_than_the_identity_provider_says(
    steady: Saml, steady_idp: SamlIdentityProvider
) -> None:
    lasting = claims(steady_idp, session_until=timedelta(minutes=30))
    seconds = steady.finish(attempt(), form(signed(lasting, steady_idp.keys))).valid_seconds
    assert seconds is not None
    assert 1700 < seconds <= 1800


def test_lives_beyond_all_measure_are_cut_to_a_year(steady: Saml, steady_idp: SamlIdentityProvider) -> None:
    ages = timedelta(days=365 * 5000)
    lasting = claims(steady_idp, session_until=ages, delivered_until=ages, not_on_or_after=ages)
    identity = steady.finish(attempt(), form(signed(lasting, steady_idp.keys)))
    assert identity.valid_seconds == identity.assertion_seconds == 366 * 86400


def test_the_same_answer_twice_has_the_same_assertion_id(steady: Saml, steady_idp: SamlIdentityProvider) -> None:
    answer = form(signed(claims(steady_idp), steady_idp.keys))
    first, second = steady.finish(attempt(), answer), steady.finish(attempt(), answer)
    assert first.assertion_id == second.assertion_id == "_assertion"


def test_an_answer_to_one_attempt_is_none_to_another(steady: Saml, steady_idp: SamlIdentityProvider) -> None:
    answer = form(signed(claims(steady_idp), steady_idp.keys))
    steady.finish(attempt(), answer)
    for request_id in ("_another", ""):
        with pytest.raises(SignInRefused):
            steady.finish(attempt(request_id), answer)


def test_many_people_come_back_at_once_as_themselves(steady: Saml, steady_idp: SamlIdentityProvider) -> None:
    names = [f"person-{number}@example.com" for number in range(40)]
    answers = [form(signed(claims(steady_idp, name_id=name), steady_idp.keys)) for name in names]
    with ThreadPoolExecutor(8) as pool:
        identities = list(pool.map(lambda answer: steady.finish(attempt(), answer), answers))
    assert [it.subject for it in identities] == names


@pytest.mark.parametrize("signature", ["Sha256", "Sha384", "Sha512"])
def test_every_signature_of_the_sha_2_family_is_accepted(
    steady: Saml, steady_idp: SamlIdentityProvider, signature: str
) -> None:
    algorithms = {
        "signature": getattr(constants, f"TransformRsa{signature}"),
        "digest": getattr(constants, f"Transform{signature}"),
    }
    assert (
        steady.finish(attempt(), form(signed(claims(steady_idp), steady_idp.keys, **algorithms))).subject
        == "jane@example.com"
    )


def test_identity_providers_may_sign_with_elliptic_curves(saml: Saml, idp: SamlIdentityProvider) -> None:
    idp.keys = key_pair("curve", "ec")
    response = signed(claims(idp), idp.keys, signature=constants.TransformEcdsaSha256)
    assert saml.finish(attempt(), form(response)).subject == "jane@example.com"


def test_identity_providers_may_know_the_address_without_its_query(
    steady: Saml, steady_idp: SamlIdentityProvider
) -> None:
    address = _ACS.partition("?")[0]
    response = signed(claims(steady_idp, destination=address, recipient=address), steady_idp.keys)
    assert steady.finish(attempt(), form(response)).subject == "jane@example.com"


@pytest.mark.parametrize("name", ["admin@example.com<!-- -->.evil.example", "admin@example.com<?x y?>.evil.example"])
def test_a_comment_hides_nothing_of_a_name(steady: Saml, steady_idp: SamlIdentityProvider, name: str) -> None:
    response = signed(claims(steady_idp, name_id=name), steady_idp.keys)
    try:
        subject = steady.finish(attempt(), form(response)).subject
    except SignInRefused:
        # The instruction is part of what was signed, and the library reads none.
        assert "<?" in name
    else:
        assert subject == "admin@example.com.evil.example"


# --- what proves nobody ------------------------------------------------------------------------------------------


_SOON, _EARLIER = timedelta(minutes=5), timedelta(minutes=-10)

_CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "expired": ({"not_on_or_after": _EARLIER, "delivered_until": _EARLIER}, "expired"),
    "expired for delivery": ({"delivered_until": timedelta(seconds=-1)}, "valid SubjectConfirmation"),
    "not yet valid": ({"not_before": timedelta(minutes=10)}, "not yet valid"),
    "an ended session": ({"session_until": _EARLIER}, "SessionNotOnOrAfter"),
    "deliverable for ever": ({"delivered_until": None}, "for ever"),
    "another audience": ({"audience": "https://other.example.com"}, "not a valid audience"),
    "no audience": ({"audience": None}, "no audience"),
    "another destination": ({"destination": "https://other.example.com/saml/login?acs"}, "was received at"),
    "another port": ({"destination": "https://registry.example.com/saml/login?acs"}, "was received at"),
    "a longer destination": ({"destination": "https://registry.example.com:8443/saml/logins"}, "for no address"),
    "no destination": ({"destination": None}, "for no address"),
    "another recipient": ({"recipient": "https://other.example.com/saml/login?acs"}, "valid SubjectConfirmation"),
    "a recipient that holds ours": ({"recipient": f"https://other.example.com/?to={_ACS}"}, "for no recipient"),
    "no recipient": ({"recipient": None}, "for no recipient"),
    "no request": ({"request_id": None}, "answers no request"),
    "another request": ({"request_id": "_other"}, "InResponseTo"),
    "an assertion for no request": ({"confirmed_request_id": None}, "assertion answers no request"),
    "an assertion for another request": ({"confirmed_request_id": "_other"}, "valid SubjectConfirmation"),
    "no request at all": ({"request_id": None, "confirmed_request_id": None}, "answers no request"),
    "another issuer": ({"issuer": "https://other.example.com"}, "Invalid issuer"),
    "another kind of confirmation": (
        {"confirmation": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
        "valid SubjectConfirmation",
    ),
    "another way of authentication": ({"authn_context": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"}, "AuthnContext"),
    "a failure": ({"status": "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"}, "AuthnFailed"),
    "no attributes": ({"attributes": {}}, "AttributeStatement"),
    "an attribute without a name": ({"attributes": {"": ("x",)}}, "no attribute"),
    "an empty name": ({"name_id": ""}, "NameID"),
    "a blank name": ({"name_id": "  "}, "NameID is blank"),
}


@pytest.mark.parametrize(("changes", "reason"), _CLAIMS.values(), ids=_CLAIMS.keys())
def test_an_answer_proves_nobody_when_it_says(
    steady: Saml,
    steady_idp: SamlIdentityProvider,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, object],
    reason: str,
) -> None:
    refuses(steady, form(signed(claims(steady_idp, **changes), steady_idp.keys)), caplog, reason)


def _second_audience(response: Element) -> None:
    restriction = response.find(f".//{SAML}AudienceRestriction")
    assert restriction is not None
    other = etree.fromstring(etree.tostring(restriction))
    other[0].text = "https://other.example.com"
    restriction.addnext(other)


def _second_confirmation(response: Element) -> None:
    confirmation = response.find(f".//{SAML}SubjectConfirmation")
    assert confirmation is not None
    confirmation.addnext(etree.fromstring(etree.tostring(confirmation)))


def _declared_context(response: Element) -> None:
    context = response.find(f".//{SAML}AuthnContext")
    assert context is not None
    context[0].tag = f"{SAML}AuthnContextDeclRef"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_second_audience, "also for one that this registry doesn't belong to"),
        (_second_confirmation, "exactly once"),
        (_declared_context, "how the person was authenticated"),
    ],
)
def test_an_answer_proves_nobody_when_its_assertion_leaves_doubt(
    steady: Saml,
    steady_idp: SamlIdentityProvider,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[Element], None],
    reason: str,
) -> None:
    response = responses.document(claims(steady_idp))
    change(response)
    responses.sign(assertion_of(response), steady_idp.keys)
    responses.sign(response, steady_idp.keys)
    refuses(steady, form(response), caplog, reason)


def _another_name(response: Element) -> None:
    name = response.find(f".//{SAML}NameID")
    assert name is not None
    name.text = "admin@example.com"


def _comment_in_name(response: Element) -> None:
    name = response.find(f".//{SAML}NameID")
    assert name is not None
    name.text = "admin@example.com"
    name.append(etree.Comment("jane@example.com"))


def _another_group(response: Element) -> None:
    for value in response.iter(f"{SAML}AttributeValue"):
        value.text = "owners"


def _another_id(response: Element) -> None:
    assertion_of(response).set("ID", "_fresh")


def _sign_subject(response: Element) -> None:
    subject = response.find(f".//{SAML}Subject")
    assert subject is not None
    subject.set("ID", "_subject")
    responses.sign(subject, key_pair("identity provider"))


_SHA1: dict[str, object] = {"signature": constants.TransformRsaSha1, "digest": constants.TransformSha256}
_SHA1_DIGEST: dict[str, object] = {"signature": constants.TransformRsaSha256, "digest": constants.TransformSha1}

_SIGNATURES: dict[str, tuple[dict[str, object], str]] = {
    "none": ({"message": False, "assertion": False}, "Assertion of the Response is not signed"),
    "none of the assertion": ({"assertion": False}, "Assertion of the Response is not signed"),
    "none of the message": ({"message": False}, "Message of the Response is not signed"),
    "of a foreign key": ({"message": _FOREIGN, "assertion": _FOREIGN}, "Signature validation failed"),
    "of the message by a foreign key": ({"message": _FOREIGN}, "Signature validation failed"),
    "of the assertion by a foreign key": ({"assertion": _FOREIGN}, "Signature validation failed"),
    "with SHA-1": (_SHA1, "rsa-sha1 is not accepted"),
    "of a SHA-1 digest": (_SHA1_DIGEST, "sha1 is not accepted"),
    "of another name": ({"between": _another_name}, "Signature validation failed"),
    "of another name than a comment tells": ({"between": _comment_in_name}, "Signature validation failed"),
    "of other groups": ({"between": _another_group}, "Signature validation failed"),
    "of another assertion id": ({"between": _another_id}, "Signed Element"),
    "of a subject": ({"between": _sign_subject}, "Invalid Signature Element"),
}


@pytest.mark.parametrize(("changes", "reason"), _SIGNATURES.values(), ids=_SIGNATURES.keys())
def test_an_answer_proves_nobody_with_signatures(
    steady: Saml,
    steady_idp: SamlIdentityProvider,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, object],
    reason: str,
) -> None:
    refuses(steady, form(signed(claims(steady_idp), steady_idp.keys, **changes)), caplog, reason)  # type: ignore[arg-type]


def test_what_is_changed_after_it_was_signed_proves_nobody(
    steady: Saml, steady_idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    for change in (_another_name, _comment_in_name, _another_group):
        response = signed(claims(steady_idp), steady_idp.keys)
        change(response)
        refuses(steady, form(response), caplog, "Signature validation failed")


@pytest.mark.parametrize("wrap", responses.WRAPPED_RESPONSES)
def test_a_signed_response_vouches_for_no_other_that_holds_it(
    steady: Saml, lenient: Saml, steady_idp: SamlIdentityProvider, wrap: Callable[[Element], Element]
) -> None:
    for saml, assertion in ((steady, True), (steady, False), (lenient, True), (lenient, False)):
        wrapped = wrap(signed(claims(steady_idp), steady_idp.keys, assertion=assertion))
        assert responses.a_signature_holds(wrapped, steady_idp.keys) or wrap in responses.HELD_BY_SIGNATURES
        with pytest.raises(SignInRefused):
            saml.finish(attempt(), form(wrapped))


@pytest.mark.parametrize("wrap", responses.WRAPPED_ASSERTIONS)
def test_a_signed_assertion_vouches_for_no_other_beside_or_around_it(
    steady: Saml, lenient: Saml, steady_idp: SamlIdentityProvider, wrap: Callable[[Element], Element]
) -> None:
    for saml in (steady, lenient):
        wrapped = wrap(signed(claims(steady_idp), steady_idp.keys, message=False))
        assert responses.a_signature_holds(wrapped, steady_idp.keys) or wrap in responses.HELD_BY_SIGNATURES
        with pytest.raises(SignInRefused):
            saml.finish(attempt(), form(wrapped))


def test_two_assertions_of_one_id_prove_nobody(lenient: Saml, steady_idp: SamlIdentityProvider) -> None:
    wrapped = responses.forged_assertion_of_the_same_id(signed(claims(steady_idp), steady_idp.keys, message=False))
    with pytest.raises(SignInRefused):
        lenient.finish(attempt(), form(wrapped))


# --- without the message's signature -----------------------------------------------------------------------------


def test_the_signature_of_the_message_may_be_waived_and_that_of_the_assertion_may_not(
    lenient: Saml, steady_idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    good, keys = claims(steady_idp), steady_idp.keys
    assert lenient.finish(attempt(), form(signed(good, keys, message=False))).subject == "jane@example.com"
    refuses(lenient, form(signed(good, keys, assertion=False)), caplog, "Assertion of the Response is not signed")
    refuses(lenient, form(signed(good, keys, message=_FOREIGN)), caplog, "Signature validation failed")


@pytest.mark.parametrize("confirmed", [None, "_other"])
def test_an_assertion_for_another_request_is_none_in_an_unsigned_message_for_this_one(
    lenient: Saml, steady_idp: SamlIdentityProvider, confirmed: str | None
) -> None:
    stolen = signed(claims(steady_idp, confirmed_request_id=confirmed), steady_idp.keys, message=False)
    with pytest.raises(SignInRefused):
        lenient.finish(attempt(), form(stolen))


# --- what is no answer -------------------------------------------------------------------------------------------


_BOMB = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><r>&i;</r>"
)
_OUTSIDE = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'

_NO_ANSWERS = {
    "bytes that are no base64": "\x00\xff",
    "text that is no base64": "é",
    "half of a base64 group": "A",
    "nothing but base64": "====",
    "no XML": encoded("Hello"),
    "half of XML": encoded("<Response"),
    "no response": encoded("<a/>"),
    "an empty response": encoded('<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>'),
    "entities": encoded(_BOMB),
    "entities from elsewhere": encoded(_OUTSIDE),
    "a document type": encoded("<!DOCTYPE r><r/>"),
    "a deep document": encoded("<a>" * 100_000),
    "a name of another encoding": encoded(b'<?xml version="1.0" encoding="x-none"?><a/>'),
    "a zero byte": encoded("<a>\0</a>"),
}


@pytest.mark.parametrize("text", _NO_ANSWERS.values(), ids=_NO_ANSWERS.keys())
def test_no_answer_is_refused(saml: Saml, text: str) -> None:
    with pytest.raises(SignInRefused):
        saml.finish(attempt(), {"SAMLResponse": text})


def test_a_missing_answer_is_refused_without_asking_anybody(saml: Saml, idp: SamlIdentityProvider) -> None:
    for answer in ({}, {"SAMLResponse": ""}, {"samlresponse": encoded("<a/>")}):
        with pytest.raises(SignInRefused):
            saml.finish(attempt(), answer)
    assert idp.metadata_reads == 0


def test_a_huge_answer_is_refused_before_it_is_decoded(steady: Saml, steady_idp: SamlIdentityProvider) -> None:
    good = encoded(signed(claims(steady_idp), steady_idp.keys))
    # Decoding passes over what is no base64.
    padded = good + "\n" * (MAX_RESPONSE_LENGTH - len(good))
    assert steady.finish(attempt(), {"SAMLResponse": padded}).subject == "jane@example.com"
    with pytest.raises(SignInRefused):
        steady.finish(attempt(), {"SAMLResponse": padded + "\n"})


def test_a_document_type_is_refused_in_a_response_that_is_good_otherwise(
    steady: Saml, steady_idp: SamlIdentityProvider
) -> None:
    good = etree.tostring(signed(claims(steady_idp), steady_idp.keys))
    steady.finish(attempt(), form(good))
    with pytest.raises(SignInRefused):
        steady.finish(attempt(), form(b"<!DOCTYPE x>" + good))


_FOREIGN_TEXT = st.one_of(
    st.binary(max_size=200).map(encoded),
    st.text(max_size=200),
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), st.binary(max_size=12)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_FOREIGN_TEXT)
def test_no_text_makes_the_adapter_fail_or_name_another_person(
    steady: Saml, steady_idp: SamlIdentityProvider, text: str | tuple[int, int, bytes]
) -> None:
    if isinstance(text, tuple):
        good, (start, length, piece) = etree.tostring(signed(claims(steady_idp), steady_idp.keys)), text
        start %= len(good)
        text = encoded(good[:start] + piece + good[start + length % 100 :])
    try:
        identity = steady.finish(attempt(), {"SAMLResponse": text})
    except SignInRefused:
        return
    assert (identity.subject, identity.groups) == ("jane@example.com", ("admins", "people"))


# --- what signatures may refer to, read before it is known whose they are ------------------------------------------


def _reference(response: Element, uri: str) -> Element:
    """A further reference for the response's signature."""
    found = response.find(f"{DS}Signature/{DS}SignedInfo/{DS}Reference")
    assert found is not None
    made = etree.fromstring(etree.tostring(found))
    made.set("URI", uri)
    return made


def _second_reference(response: Element, uri: str) -> None:
    info = response.find(f"{DS}Signature/{DS}SignedInfo")
    assert info is not None
    info.append(_reference(response, uri))


def _manifest(response: Element, uri: str) -> None:
    signature = response.find(f"{DS}Signature")
    assert signature is not None
    manifest = etree.SubElement(etree.SubElement(signature, f"{DS}Object"), f"{DS}Manifest")
    manifest.append(_reference(response, uri))


def _retrieval(response: Element, uri: str) -> None:
    signature = response.find(f"{DS}Signature")
    assert signature is not None
    info = etree.Element(f"{DS}KeyInfo")
    etree.SubElement(info, f"{DS}RetrievalMethod", URI=uri)
    signature.insert(2, info)


def _only_reference(response: Element, uri: str) -> None:
    found = response.find(f"{DS}Signature/{DS}SignedInfo/{DS}Reference")
    assert found is not None
    found.set("URI", uri)


@pytest.mark.parametrize("refer", [_second_reference, _manifest, _retrieval, _only_reference])
def test_signatures_that_refer_to_files_are_refused_unread(
    steady: Saml,
    steady_idp: SamlIdentityProvider,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    refer: Callable[[Element, str], None],
) -> None:
    (tmp_path / "file").write_text("content")
    response = signed(claims(steady_idp), steady_idp.keys)
    refer(response, (tmp_path / "file").as_uri())
    refuses(steady, form(response), caplog, "a signature ")


def test_style_sheets_in_signatures_are_not_run(
    steady: Saml, steady_idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    response = signed(claims(steady_idp), steady_idp.keys)
    transforms = response.find(f"{DS}Signature/{DS}SignedInfo/{DS}Reference/{DS}Transforms")
    assert transforms is not None
    transforms.append(
        etree.fromstring(
            f'<ds:Transform xmlns:ds="{DS[1:-1]}" Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
            '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0">'
            '<x:template match="/"><x:message>it ran</x:message></x:template></x:stylesheet></ds:Transform>'
        )
    )
    refuses(steady, form(response), caplog, "REC-xslt-19991116 is not accepted")
    assert "it ran" not in capfd.readouterr().err


def test_encrypted_assertions_are_refused_undecrypted(
    steady: Saml, steady_idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    response = responses.document(claims(steady_idp))
    encrypted = etree.fromstring(
        f'<saml:EncryptedAssertion xmlns:saml="{SAML[1:-1]}">'
        '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData>'
        '<xenc:CipherReference URI="file:///dev/zero"/></xenc:CipherData></xenc:EncryptedData>'
        "</saml:EncryptedAssertion>"
    )
    response.replace(assertion_of(response), encrypted)
    refuses(steady, form(response), caplog, "encrypted")


def test_encrypted_names_are_refused(
    steady: Saml, steady_idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def encrypt(response: Element) -> None:
        subject = response.find(f".//{SAML}Subject")
        assert subject is not None
        subject[0] = etree.fromstring(
            f'<saml:EncryptedID xmlns:saml="{SAML[1:-1]}">'
            '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData>'
            "<xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedID>"
        )

    response = responses.document(claims(steady_idp))
    encrypt(response)
    responses.sign(assertion_of(response), steady_idp.keys)
    responses.sign(response, steady_idp.keys)
    refuses(steady, form(response), caplog, "encrypted")


# --- what is logged ----------------------------------------------------------------------------------------------


def test_attributes_are_logged_by_name_alone_and_only_on_request(
    open_saml: Opener, idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    answer = form(signed(claims(idp, attributes={"groups": ("secret-group",), "mail\n": ("x@y",)}), idp.keys))
    with caplog.at_level(logging.DEBUG, "terrareg_adapters"):
        open_saml(debug=False).finish(attempt(), answer)
        assert caplog.text == ""
        open_saml().finish(attempt(), answer)
    (record,) = caplog.records
    assert record.getMessage().endswith(r"['groups', 'mail\n']")


def test_a_refusal_is_logged_in_one_line_whatever_the_identity_provider_says(
    steady: Saml, steady_idp: SamlIdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    response = signed(claims(steady_idp, status="urn:x:No\nINFO: jane signed in" + "x" * 1000), steady_idp.keys)
    with caplog.at_level(logging.INFO), pytest.raises(SignInRefused):
        steady.finish(attempt(), form(response))
    (record,) = (it for it in caplog.records if it.name.startswith("terrareg_adapters"))
    assert "\n" not in record.getMessage()
    assert len(record.getMessage()) < 400


def test_the_private_key_is_in_no_representation(saml: Saml) -> None:
    body = key_pair("registry").key.splitlines()[2]
    assert body not in repr(options())
    assert body not in repr(saml)


# --- the registry's own metadata ---------------------------------------------------------------------------------


def test_the_metadata_describes_the_registry(saml: Saml, idp: SamlIdentityProvider) -> None:
    service: ServiceMetadata = saml
    described = etree.fromstring(service.metadata().encode())
    assert described.tag == f"{_MD}EntityDescriptor"
    assert described.get("entityID") == _ENTITY_ID
    role = described.find(f"{_MD}SPSSODescriptor")
    assert role is not None
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("true", "true")
    assert [child.tag for child in role] == [
        f"{_MD}{name}" for name in ("KeyDescriptor", "NameIDFormat", "AssertionConsumerService")
    ]
    assert role[0].get("use") == "signing"
    assert role[0].findtext(f".//{DS}X509Certificate") == bare(key_pair("registry").certificate)
    assert role[1].text == "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    assert (role[2].get("Location"), role[2].get("Binding"), role[2].get("index")) == (_ACS, POST, "1")
    until = datetime.fromisoformat(str(described.get("validUntil")))
    assert timedelta(hours=47) < until - datetime.now(UTC) <= timedelta(hours=48)
    assert idp.metadata_reads == 0


def test_the_metadata_is_signed_by_the_registry(saml: Saml) -> None:
    described = etree.fromstring(saml.metadata().encode())
    assert responses.a_signature_holds(described, key_pair("registry"))
    assert not responses.a_signature_holds(described, _FOREIGN)
    method = described.find(f"{DS}Signature/{DS}SignedInfo/{DS}SignatureMethod")
    assert method is not None
    assert str(method.get("Algorithm")).endswith("#rsa-sha256")
    described.set("entityID", "https://other.example.com")
    assert not responses.a_signature_holds(described, key_pair("registry"))


def test_metadata_that_is_not_valid_is_not_handed_out(open_saml: Opener) -> None:
    with pytest.raises(SignInUnavailable):
        open_saml(entity_id="x" * 1025).metadata()


# --- settings that can't be right --------------------------------------------------------------------------------


def _one_line(pem: str) -> str:
    return pem.replace("\n", " ")


def test_keys_may_have_lost_their_line_breaks(open_saml: Opener, idp: SamlIdentityProvider) -> None:
    keys = key_pair("registry")
    saml = open_saml(public_key=_one_line(keys.certificate), private_key=_one_line(keys.key))
    assert responses.a_signature_holds(etree.fromstring(saml.metadata().encode()), keys)
    assert "&Signature=" in saml.start("s").url


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"public_key": ""}, "public_key"),
        ({"public_key": "/etc/saml/certificate.pem"}, "public_key"),
        ({"public_key": "é"}, "public_key"),
        ({"public_key": key_pair("registry").key}, "public_key"),
        ({"public_key": _FOREIGN.certificate}, "public_key"),
        ({"private_key": ""}, "private_key"),
        ({"private_key": "/etc/saml/key.pem"}, "private_key"),
        ({"private_key": key_pair("registry").certificate}, "private_key"),
        ({"private_key": key_pair("curve", "ec").key}, "private_key"),
        ({"entity_id": ""}, "entity_id"),
        ({"acs_url": "registry.example.com/saml/login?acs"}, "acs_url"),
    ],
)
def test_an_adapter_that_could_not_work_is_not_made(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named) as refused:
        Saml(options(**changes), FixedClock())
    assert key_pair("registry").key.splitlines()[2] not in str(refused.value)


# --- the identity provider's metadata ----------------------------------------------------------------------------


def test_metadata_is_fetched_once_for_many_sign_ins(saml: Saml, idp: SamlIdentityProvider) -> None:
    with ThreadPoolExecutor(8) as pool:
        requests = list(pool.map(saml.start, map(str, range(16))))
    assert len({it.request_id for it in requests}) == 16
    assert idp.metadata_reads == 1


def test_keys_that_the_identity_provider_changed_are_known_after_the_next_refresh(
    saml: Saml, idp: SamlIdentityProvider, clock: FixedClock
) -> None:
    saml.start("s")
    idp.keys = key_pair("identity provider, later")
    answer = form(signed(claims(idp), idp.keys))
    clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        saml.finish(attempt(), answer)
    assert idp.metadata_reads == 1
    clock.advance(timedelta(seconds=1))

    def accepted() -> bool:
        try:
            return saml.finish(attempt(), answer).subject == "jane@example.com"
        except SignInRefused:
            return False

    assert eventually(accepted)
    assert idp.metadata_reads == 2


def test_every_signing_key_of_the_metadata_is_accepted(
    saml: Saml, idp: SamlIdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [_FOREIGN.certificate, idp.keys.certificate]
    monkeypatch.setattr(SamlIdentityProvider, "metadata", lambda it: metadata(it.entity_id, f"{it.url}/sso", both))
    for keys in (idp.keys, _FOREIGN):
        assert saml.finish(attempt(), form(signed(claims(idp), keys))).subject == "jane@example.com"


def test_the_configured_entity_is_taken_among_several(
    open_saml: Opener, idp: SamlIdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def several(it: SamlIdentityProvider) -> str:
        entities = (metadata(f"urn:{name}", f"{it.url}/{name}", [it.keys.certificate]) for name in "abc")
        return f'<EntitiesDescriptor xmlns="{_MD[1:-1]}">{"".join(entities)}</EntitiesDescriptor>'

    monkeypatch.setattr(SamlIdentityProvider, "metadata", several)
    assert open_saml(idp_entity_id="urn:b").start("s").url.startswith(f"{idp.url}/b?")
    assert open_saml().start("s").url.startswith(f"{idp.url}/a?")
    with pytest.raises(SignInUnavailable, match="entity id"):
        open_saml(idp_entity_id="urn:d").start("s")


@pytest.mark.parametrize(
    "text",
    [
        metadata("urn:a", "https://idp.example.com/sso", []),
        metadata("urn:a", "https://idp.example.com/sso", ["bm8gY2VydGlmaWNhdGU="]),
        metadata("", "https://idp.example.com/sso", [_FOREIGN.certificate]),
        metadata("urn:a", "https://idp.example.com/sso", [_FOREIGN.certificate], binding=POST),
        metadata("urn:a", "javascript:alert(1)", [_FOREIGN.certificate]),
        metadata("urn:a", "ftp://idp.example.com/sso", [_FOREIGN.certificate]),
        metadata("urn:a", "https://idp.example.com/sso", [_FOREIGN.certificate]).replace("IDPSSO", "SPSSO"),
        "<!DOCTYPE a>" + metadata("urn:a", "https://idp.example.com/sso", [_FOREIGN.certificate]),
        _BOMB,
        "",
    ],
)
def test_metadata_of_no_use_makes_signing_in_unavailable(
    saml: Saml, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(SamlIdentityProvider, "metadata", lambda _: text)
    with pytest.raises(SignInUnavailable, match="can't be used"):
        saml.start("s")


def test_without_metadata_people_are_told_at_once_until_the_pause_is_over(
    saml: Saml, idp: SamlIdentityProvider, clock: FixedClock
) -> None:
    idp.serves = "failure"
    for _ in range(3):
        with pytest.raises(SignInUnavailable, match="503"):
            saml.start("s")
    assert idp.metadata_reads == 1
    with pytest.raises(SignInUnavailable):
        saml.finish(attempt(), form(signed(claims(idp), idp.keys)))
    for reads, pause in ((2, 5), (3, 10), (4, 20)):
        clock.advance(timedelta(seconds=pause) - timedelta(microseconds=1))
        with pytest.raises(SignInUnavailable):
            saml.start("s")
        assert idp.metadata_reads == reads - 1
        clock.advance(timedelta(microseconds=1))
        with pytest.raises(SignInUnavailable):
            saml.start("s")
        assert idp.metadata_reads == reads
    idp.serves = "metadata"
    clock.advance(timedelta(minutes=5))
    assert saml.start("s").request_id


@pytest.mark.parametrize("serves", ["failure", "garbage", "drops", "flood", "nothing"])
def test_the_last_good_copy_is_kept_and_nobody_waits_for_a_new_one(
    open_saml: Opener, idp: SamlIdentityProvider, clock: FixedClock, caplog: pytest.LogCaptureFixture, serves: str
) -> None:
    saml = open_saml(Outbound(timeout=0.5))
    answer = form(signed(claims(idp), idp.keys))
    saml.start("s")
    idp.serves = serves
    for reads in (2, 3):
        clock.advance(timedelta(hours=12))
        assert saml.finish(attempt(), answer).subject == "jane@example.com"
        assert eventually(lambda reads=reads: caplog.text.count("could not be fetched") == reads - 1)  # type: ignore[misc]
        assert saml.finish(attempt(), answer).subject == "jane@example.com"
        assert idp.metadata_reads == reads


@pytest.mark.parametrize("serves", ["garbage", "drops", "flood", "nothing"])
def test_without_a_copy_bad_answers_make_signing_in_unavailable(
    open_saml: Opener, idp: SamlIdentityProvider, serves: str
) -> None:
    idp.serves = serves
    with pytest.raises(SignInUnavailable):
        open_saml(Outbound(timeout=0.5)).start("s")


def test_an_identity_provider_that_is_not_there_makes_signing_in_unavailable(open_saml: Opener) -> None:
    saml = open_saml(idp_metadata_url=f"http://127.0.0.1:{free_port()}/metadata")
    with pytest.raises(SignInUnavailable, match=r"127\.0\.0\.1"):
        saml.start("s")


def test_metadata_is_fetched_from_elsewhere_over_https_only(open_saml: Opener) -> None:
    with pytest.raises(SignInUnavailable, match="https"):
        open_saml(idp_metadata_url="http://idp.example.com/metadata").start("s")


def test_closing_ends_a_refresh_that_is_under_way(
    open_saml: Opener, idp: SamlIdentityProvider, clock: FixedClock
) -> None:
    saml = open_saml(Outbound(timeout=600))
    saml.start("s")
    idp.serves = "drops"
    clock.advance(timedelta(hours=12))
    saml.start("s")
    assert eventually(lambda: idp.metadata_reads == 2)
    saml.close()
    assert not idp.over.is_set()
