"""SAML responses as an identity provider makes them, signed with xmlsec, and as its forgers do."""

import base64
import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import attrs
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from xmlsec import constants, template, tree

SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"

Element: TypeAlias = etree._Element
Transform: TypeAlias = Any
"""An algorithm of xmlsec, whose type has no name outside of it."""


@attrs.frozen
class KeyPair:
    """A private key and a certificate of its own making, both as PEM text."""

    certificate: str
    key: str


@functools.cache
def key_pair(name: str, kind: str = "rsa") -> KeyPair:
    """The key pair that tests call `name`; always the same in one run."""
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return KeyPair(
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


@attrs.frozen(kw_only=True)
class Claims:
    """What a response says; None leaves a thing out. Times count from now."""

    issuer: str
    audience: str | None
    destination: str | None
    recipient: str | None
    request_id: str | None
    confirmed_request_id: str | None
    name_id: str = "jane@example.com"
    """As XML."""
    attributes: Mapping[str, Sequence[str]] = {"groups": ("admins", "people")}
    response_id: str = "_response"
    assertion_id: str = "_assertion"
    status: str = SUCCESS
    not_before: timedelta | None = timedelta(minutes=-1)
    not_on_or_after: timedelta | None = timedelta(minutes=5)
    delivered_until: timedelta | None = timedelta(minutes=5)
    session_until: timedelta | None = None
    authn_context: str = PASSWORD
    confirmation: str = BEARER


def document(claims: Claims) -> Element:
    """The response as XML, without signatures."""
    now = datetime.now(UTC)

    def moment(by: timedelta) -> str:
        return (now + by).strftime("%Y-%m-%dT%H:%M:%SZ")

    def optional(name: str, value: str | timedelta | None) -> str:
        if value is None:
            return ""
        return f" {name}={quoteattr(moment(value) if isinstance(value, timedelta) else value)}"

    audience = (
        ""
        if claims.audience is None
        else f"<saml:AudienceRestriction><saml:Audience>{escape(claims.audience)}</saml:Audience>"
        "</saml:AudienceRestriction>"
    )
    attributes = "".join(
        f"<saml:Attribute Name={quoteattr(name)}>"
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in claims.attributes.items()
    )
    issued = moment(timedelta())
    issuer = f"<saml:Issuer>{escape(claims.issuer)}</saml:Issuer>"
    text = (
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
        ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0"'
        f' ID={quoteattr(claims.response_id)} IssueInstant="{issued}"'
        f"{optional('Destination', claims.destination)}{optional('InResponseTo', claims.request_id)}>{issuer}"
        f"<samlp:Status><samlp:StatusCode Value={quoteattr(claims.status)}/></samlp:Status>"
        f'<saml:Assertion Version="2.0" ID={quoteattr(claims.assertion_id)} IssueInstant="{issued}">{issuer}'
        f"<saml:Subject><saml:NameID>{claims.name_id}</saml:NameID>"
        f"<saml:SubjectConfirmation Method={quoteattr(claims.confirmation)}><saml:SubjectConfirmationData"
        f"{optional('NotOnOrAfter', claims.delivered_until)}{optional('Recipient', claims.recipient)}"
        f"{optional('InResponseTo', claims.confirmed_request_id)}/></saml:SubjectConfirmation></saml:Subject>"
        f"<saml:Conditions{optional('NotBefore', claims.not_before)}"
        f"{optional('NotOnOrAfter', claims.not_on_or_after)}>{audience}</saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{issued}" SessionIndex="_session"'
        f"{optional('SessionNotOnOrAfter', claims.session_until)}><saml:AuthnContext><saml:AuthnContextClassRef>"
        f"{claims.authn_context}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        + (f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else "")
        + "</saml:Assertion></samlp:Response>"
    )
    return etree.fromstring(text)


def sign(
    element: Element,
    keys: KeyPair,
    *,
    signature: Transform = constants.TransformRsaSha256,
    digest: Transform = constants.TransformSha256,
) -> None:
    """Put an enveloped signature into a response or assertion, where it belongs: behind the issuer."""
    node = template.create(element, constants.TransformExclC14N, signature, ns="ds")
    element.insert(1, node)
    tree.add_ids(element, ["ID"])
    reference = template.add_reference(node, digest, uri=f"#{element.get('ID')}")
    template.add_transform(reference, constants.TransformEnveloped)
    template.add_transform(reference, constants.TransformExclC14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keys.key, constants.KeyDataFormatPem, None)
    context.sign(node)


def assertion_of(response: Element) -> Element:
    """The first assertion of a response."""
    found = response.find(f".//{SAML}Assertion")
    assert found is not None
    return found


def signed(
    claims: Claims,
    keys: KeyPair,
    *,
    message: KeyPair | bool = True,
    assertion: KeyPair | bool = True,
    between: Callable[[Element], None] = lambda _response: None,
    **algorithms: Transform,
) -> Element:
    """A response, signed as a whole (`message`) and in its assertion: with `keys`, others, or not at all.

    `between` changes the response after its assertion was signed, before itself is.
    """
    response = document(claims)
    if assertion:
        sign(assertion_of(response), assertion if isinstance(assertion, KeyPair) else keys, **algorithms)
    between(response)
    if message:
        sign(response, message if isinstance(message, KeyPair) else keys, **algorithms)
    # lxml does not find all elements that xmlsec made before they were read again.
    return etree.fromstring(etree.tostring(response))


def encoded(response: Element | bytes | str) -> str:
    """A response as the form field SAMLResponse holds it."""
    if isinstance(response, str):
        response = response.encode()
    return base64.b64encode(response if isinstance(response, bytes) else etree.tostring(response)).decode()


def a_signature_holds(response: Element, keys: KeyPair) -> bool:
    """Whether some signature of the document is good: what a careless reader asks, and forgers satisfy."""
    root = etree.fromstring(etree.tostring(response))
    tree.add_ids(root, ["ID"])
    for node in root.iter(f"{DS}Signature"):
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(keys.certificate, constants.KeyDataFormatCertPem, None)
        try:
            context.verify(node)
        except xmlsec.Error:
            continue
        return True
    return False


# --- signature wrapping: a signed part is moved to where it is still found, and another takes its place ------------


def _forged(element: Element, forged_id: str) -> Element:
    """A copy of a response or assertion that says what its forger wants, under another id, unsigned."""
    forgery = copy.deepcopy(element)
    forgery.set("ID", forged_id)
    for name in forgery.iter(f"{SAML}NameID"):
        name.text = "admin@example.com"
    for signature in list(forgery.iter(f"{DS}Signature")):
        signature.getparent().remove(signature)
    return forgery


def _own_signature(element: Element) -> Element:
    found = element.find(f"{DS}Signature")
    assert found is not None
    return found


def _object(signature: Element, content: Element) -> None:
    etree.SubElement(signature, f"{DS}Object").append(content)


def _extensions(response: Element, content: Element) -> None:
    extensions = etree.Element(f"{SAMLP}Extensions")
    extensions.append(content)
    place = next(index for index, child in enumerate(response) if child.tag == f"{SAMLP}Status")
    response.insert(place, extensions)


def response_in_its_signature(response: Element) -> Element:
    """A forged response holds the signature, and the signature the response that it is of."""
    forgery = _forged(response, "_forged")
    signature = _own_signature(response)
    forgery.insert(1, signature)
    _object(signature, response)
    return forgery


def response_in_extensions(response: Element) -> Element:
    """A forged response holds the true one, signature and all, where anything may stand."""
    forgery = _forged(response, "_forged")
    _extensions(forgery, response)
    return forgery


def forged_assertion_first(response: Element) -> Element:
    """A forged assertion stands before the signed one."""
    assertion = assertion_of(response)
    assertion.addprevious(_forged(assertion, "_forged"))
    return response


def signed_assertion_in_forged_one(response: Element) -> Element:
    """The signed assertion stands in a forged one."""
    assertion = assertion_of(response)
    forgery = _forged(assertion, "_forged")
    response.replace(assertion, forgery)
    forgery.append(assertion)
    return response


def forged_assertion_with_the_signature(response: Element) -> Element:
    """A forged assertion has the signature of the true one, which stands at the end without it."""
    assertion = assertion_of(response)
    forgery = _forged(assertion, "_forged")
    response.replace(assertion, forgery)
    forgery.insert(1, _own_signature(assertion))
    response.append(assertion)
    return response


def signed_assertion_in_its_signature(response: Element) -> Element:
    """A forged assertion has the signature of the true one, in which that stands."""
    assertion = assertion_of(response)
    forgery = _forged(assertion, "_forged")
    response.replace(assertion, forgery)
    signature = _own_signature(assertion)
    forgery.insert(1, signature)
    signature.append(assertion)
    return response


def signed_assertion_in_an_object(response: Element) -> Element:
    """As before, but where a signature may hold anything."""
    assertion = assertion_of(response)
    forgery = _forged(assertion, "_forged")
    response.replace(assertion, forgery)
    signature = _own_signature(assertion)
    forgery.insert(1, signature)
    _object(signature, assertion)
    return response


def forged_assertion_in_extensions(response: Element) -> Element:
    """A forged assertion stands before everything that is looked at, where anything may stand."""
    _extensions(response, _forged(assertion_of(response), "_forged"))
    return response


def signed_assertion_in_extensions(response: Element) -> Element:
    """The signed assertion stands where anything may, and a forged one where it stood."""
    assertion = assertion_of(response)
    response.replace(assertion, _forged(assertion, "_forged"))
    _extensions(response, assertion)
    return response


def forged_assertion_of_the_same_id(response: Element) -> Element:
    """Two assertions have one id."""
    assertion = assertion_of(response)
    assertion.addprevious(_forged(assertion, str(assertion.get("ID"))))
    return response


HELD_BY_SIGNATURES = (response_in_its_signature, signed_assertion_in_its_signature, signed_assertion_in_an_object)
"""Made for readers that don't leave everything in a signature out of what it is of."""

WRAPPED_RESPONSES = (response_in_its_signature, response_in_extensions)
WRAPPED_ASSERTIONS = (
    forged_assertion_first,
    signed_assertion_in_forged_one,
    forged_assertion_with_the_signature,
    signed_assertion_in_its_signature,
    signed_assertion_in_an_object,
    forged_assertion_in_extensions,
    signed_assertion_in_extensions,
)
