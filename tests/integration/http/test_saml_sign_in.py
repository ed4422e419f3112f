"""Signing in with SAML through the HTTP face: rows 41 to 44 of chapter 04, section 21, and what forgers send."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import attrs
import pytest
from lxml import etree
from xmlsec import constants

from terrareg_core.access.permissions import AccessPolicy
from tests.integration.http.conftest import Open
from tests.integration.http.serving import NOT_FOUND, Served
from tests.integration.http.signing_in import (
    ENTITY_ID,
    ORIGIN,
    Answer,
    Browser,
    SamlWay,
    events,
    fields_of,
    given_group,
    is_sign_in_page,
    kept,
    refused,
    sign_in,
    start,
)
from tests.integration.identity import saml_responses as responses
from tests.integration.identity.saml_idp import SamlIdentityProvider, decoded_request, running_identity_provider
from tests.integration.identity.saml_responses import DS, Claims, Element, encoded, key_pair, signed

ACS = "/saml/login?acs"
_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@pytest.fixture
def idp() -> Iterator[SamlIdentityProvider]:
    with running_identity_provider() as provider:
        yield provider


@pytest.fixture
def way(idp: SamlIdentityProvider) -> SamlWay:
    return SamlWay(idp)


@pytest.fixture
def served(open_empty: Open, way: SamlWay) -> Served:
    return open_empty(sign_in=way.options(), access=AccessPolicy(access_controls=True))


@pytest.fixture
def browser(served: Served) -> Browser:
    return Browser(served)


@attrs.frozen
class _Asked:
    """What the registry asked the identity provider through a browser."""

    request_id: str
    state: str

    def answer(self, response: Element | bytes | str) -> Answer:
        return Answer(ACS, {"SAMLResponse": encoded(response), "RelayState": self.state})


def _ask(browser: Browser, way: SamlWay) -> _Asked:
    query = fields_of(start(browser, way))
    request_id = decoded_request(query["SAMLRequest"]).get("ID")
    assert request_id is not None
    return _Asked(request_id, query["RelayState"])


def _claims(idp: SamlIdentityProvider, asked: _Asked, **changes: Any) -> Claims:
    """What the identity provider rightly says to a request."""
    good = Claims(
        issuer=idp.entity_id,
        audience=ENTITY_ID,
        destination=f"{ORIGIN}{ACS}",
        recipient=f"{ORIGIN}{ACS}",
        request_id=asked.request_id,
        confirmed_request_id=asked.request_id,
        response_id=f"_r{asked.request_id}",
        assertion_id=f"_a{asked.request_id}",
    )
    return attrs.evolve(good, **changes)


# --- the request and the metadata ------------------------------------------------------------------------------------


def test_the_browser_is_sent_to_the_identity_provider_with_a_signed_request(
    idp: SamlIdentityProvider, browser: Browser, way: SamlWay
) -> None:
    url = start(browser, way, redirect="/modules/acme")
    query = fields_of(url)
    assert url.startswith(f"{idp.url}/sso?")
    assert set(query) == {"SAMLRequest", "RelayState", "SigAlg", "Signature"}
    assert query["SigAlg"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    request = decoded_request(query["SAMLRequest"])
    assert request.get("AssertionConsumerServiceURL") == f"{ORIGIN}{ACS}"
    # Nothing that comes back in RelayState can lead anywhere.
    assert "/" not in query["RelayState"]
    assert "modules" not in url


def test_the_metadata_tells_an_identity_provider_what_to_know(browser: Browser) -> None:
    answer = browser.get("/saml/metadata")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    descriptor = etree.fromstring(answer.content)
    service = descriptor.find(f"{_MD}SPSSODescriptor")
    consumer = service.find(f"{_MD}AssertionConsumerService")
    assert descriptor.get("entityID") == ENTITY_ID
    assert descriptor.find(f"{DS}Signature") is not None
    assert (service.get("AuthnRequestsSigned"), service.get("WantAssertionsSigned")) == ("true", "true")
    assert (consumer.get("Location"), consumer.get("Binding")) == (f"{ORIGIN}{ACS}", _POST)
    assert service.find(f"{_MD}SingleLogoutService") is None


def test_there_is_no_metadata_where_saml_is_not_set_up(empty: Served) -> None:
    answer = empty.get("/saml/metadata")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", "/saml/login"), ("GET", "/saml/login?sls"), ("GET", "/saml/login?acs"), ("GET", "/saml/login?x=1")),
        *(("POST", "/saml/login"), ("POST", "/saml/login?sls")),
    ],
)
def test_what_asks_for_no_step_leads_home_and_does_nothing(
    served: Served, browser: Browser, method: str, path: str
) -> None:
    before = kept(served)
    answer = browser.request(method, path)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "Set-Cookie" not in answer.headers
    assert kept(served) == before


@pytest.mark.parametrize("serves", ["failure", "garbage", "flood"])
def test_nobody_is_sent_to_an_identity_provider_without_metadata(
    idp: SamlIdentityProvider, browser: Browser, serves: str, caplog: pytest.LogCaptureFixture
) -> None:
    idp.serves = serves
    with caplog.at_level("WARNING"):
        page = browser.get("/saml/login?sso")
    assert is_sign_in_page(page)
    assert "startSamlLogin" in caplog.text


# --- answers ---------------------------------------------------------------------------------------------------------


def test_the_rights_of_the_groups_in_the_assertion_are_the_persons(
    idp: SamlIdentityProvider, served: Served, browser: Browser, way: SamlWay
) -> None:
    given_group(served, "admins", "acme")
    before = len(events(served))
    asked = _ask(browser, way)
    response = browser.bring(asked.answer(signed(_claims(idp, asked), idp.keys)))
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert browser.status()["namespace_permissions"] == {"acme": "FULL"}
    assert events(served)[before:] == [("jane@example.com", "USER_LOGIN", None)]


def test_an_answer_without_a_pending_sign_in_is_a_mistake(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    for form in ({}, {"SAMLResponse": "x"}, {"SAMLResponse": "x", "RelayState": "y"}):
        with refused(browser, caplog):
            answer = browser.bring(Answer(ACS, form))
        assert (answer.status_code, list(answer.json())) == (400, ["Error"])


_FOREIGN = key_pair("somebody else")
_SHA1 = {"signature": constants.TransformRsaSha1, "digest": constants.TransformSha1}
_PAST = timedelta(minutes=-10)

_CLAIMS: dict[str, dict[str, Any]] = {
    "without InResponseTo": {"request_id": None, "confirmed_request_id": None},
    "without InResponseTo in the response": {"request_id": None},
    "without InResponseTo in the assertion": {"confirmed_request_id": None},
    "for another request": {"request_id": "_other", "confirmed_request_id": "_other"},
    "expired": {"not_before": 2 * _PAST, "not_on_or_after": _PAST, "delivered_until": _PAST},
    "of the future": {"not_before": timedelta(minutes=10), "not_on_or_after": timedelta(minutes=20)},
    "for another audience": {"audience": "https://other.example.com"},
    "for no audience": {"audience": None},
    "for another destination": {"destination": "https://other.example.com/saml/login?acs"},
    "for another recipient": {"recipient": "https://other.example.com/saml/login?acs"},
    "of another issuer": {"issuer": "https://other.example.com"},
    "of a failure": {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
    "of another way of authentication": {"authn_context": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"},
    "without attributes": {"attributes": {}},
    "without a name": {"name_id": ""},
}

_SIGNATURES: dict[str, dict[str, Any]] = {
    "without signatures": {"message": False, "assertion": False},
    "with an unsigned assertion": {"assertion": False},
    "with an unsigned message": {"message": False},
    "signed by somebody else": {"message": _FOREIGN, "assertion": _FOREIGN},
    "signed with SHA-1": _SHA1,
}


@pytest.mark.parametrize("changes", _CLAIMS.values(), ids=_CLAIMS.keys())
def test_an_answer_that_says_something_else_is_refused_with_a_page(
    idp: SamlIdentityProvider, browser: Browser, way: SamlWay, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    asked = _ask(browser, way)
    with refused(browser, caplog, "jane@example.com"):
        page = browser.bring(asked.answer(signed(_claims(idp, asked, **changes), idp.keys)))
    assert is_sign_in_page(page)
    sign_in(browser, way, "jane")


@pytest.mark.parametrize("signing", _SIGNATURES.values(), ids=_SIGNATURES.keys())
def test_an_answer_that_is_not_signed_as_it_must_be_is_refused_with_a_page(
    idp: SamlIdentityProvider, browser: Browser, way: SamlWay, caplog: pytest.LogCaptureFixture, signing: dict[str, Any]
) -> None:
    asked = _ask(browser, way)
    with refused(browser, caplog, "jane@example.com"):
        page = browser.bring(asked.answer(signed(_claims(idp, asked), idp.keys, **signing)))
    assert is_sign_in_page(page)


@pytest.mark.parametrize("wrap", [*responses.WRAPPED_RESPONSES, *responses.WRAPPED_ASSERTIONS])
def test_a_signature_vouches_for_nothing_that_is_wrapped_around_what_it_is_of(
    idp: SamlIdentityProvider,
    browser: Browser,
    way: SamlWay,
    caplog: pytest.LogCaptureFixture,
    wrap: Callable[[Element], Element],
) -> None:
    asked = _ask(browser, way)
    forged = wrap(signed(_claims(idp, asked), idp.keys, message=wrap in responses.WRAPPED_RESPONSES))
    with refused(browser, caplog, "admin@example.com", "jane@example.com"):
        page = browser.bring(asked.answer(forged))
    assert is_sign_in_page(page)


_BILLION = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>'


@pytest.mark.parametrize(
    "text",
    ["", "no base64 \x00 é", encoded("no XML"), encoded("<a/>"), encoded("<!DOCTYPE r><r/>"), encoded(_BILLION)],
    ids=["nothing", "no base64", "no XML", "no response", "a document type", "entities"],
)
def test_what_is_no_response_is_refused_with_a_page(
    browser: Browser, way: SamlWay, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    asked = _ask(browser, way)
    with refused(browser, caplog):
        page = browser.bring(Answer(ACS, {"SAMLResponse": text, "RelayState": asked.state}))
    assert is_sign_in_page(page)


def test_a_document_type_spoils_a_good_response(
    idp: SamlIdentityProvider, browser: Browser, way: SamlWay, caplog: pytest.LogCaptureFixture
) -> None:
    asked = _ask(browser, way)
    good = etree.tostring(signed(_claims(idp, asked), idp.keys))
    with refused(browser, caplog):
        assert is_sign_in_page(browser.bring(asked.answer(b"<!DOCTYPE x>" + good)))


def test_a_form_larger_than_any_response_is_not_read(browser: Browser, way: SamlWay) -> None:
    asked = _ask(browser, way)
    answer = browser.bring(Answer(ACS, {"SAMLResponse": "A" * (1 << 20), "RelayState": asked.state}))
    assert answer.status_code == 413
    assert not browser.is_signed_in


# --- replays ---------------------------------------------------------------------------------------------------------


def test_an_assertion_is_used_once_whoever_asks_for_it_again(
    idp: SamlIdentityProvider, served: Served, browser: Browser, way: SamlWay, caplog: pytest.LogCaptureFixture
) -> None:
    asked = _ask(browser, way)
    answer = asked.answer(signed(_claims(idp, asked), idp.keys))
    thief = Browser(served)
    thief.cookies = browser.cookies
    assert browser.bring(answer).headers["Location"] == "/"
    assert kept(served)["used_assertion"] == 1
    with refused(thief, caplog, "jane@example.com"):
        assert is_sign_in_page(thief.bring(answer))
    # In another's sign-in it answers another request.
    other = Browser(served)
    again = _ask(other, way)
    with refused(other, caplog, "jane@example.com"):
        assert is_sign_in_page(other.bring(again.answer(signed(_claims(idp, asked), idp.keys))))


def test_an_identity_provider_that_repeats_an_assertions_id_signs_in_once(
    idp: SamlIdentityProvider, served: Served, browser: Browser, way: SamlWay, caplog: pytest.LogCaptureFixture
) -> None:
    asked = _ask(browser, way)
    assert browser.bring(asked.answer(signed(_claims(idp, asked, assertion_id="_same"), idp.keys))).status_code == 302
    other = Browser(served)
    asked = _ask(other, way)
    with refused(other, caplog):
        page = other.bring(asked.answer(signed(_claims(idp, asked, assertion_id="_same"), idp.keys)))
    assert is_sign_in_page(page)
    assert "used before" in page.text


def test_a_session_ends_when_the_identity_provider_says_so(
    idp: SamlIdentityProvider, browser: Browser, way: SamlWay
) -> None:
    asked = _ask(browser, way)
    limited = _claims(idp, asked, session_until=timedelta(minutes=2))
    response = browser.bring(asked.answer(signed(limited, idp.keys)))
    age = int(response.headers["Set-Cookie"].partition("Max-Age=")[2].partition(";")[0])
    assert 0 < age <= 120
