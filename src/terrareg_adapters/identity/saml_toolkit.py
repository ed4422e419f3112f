"""What is done with the SAML library: keys, requests, metadata, and the checks of responses that it leaves out."""

import logging
import math
from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML
from xmlsec import Key, constants

from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_core.access.people import ExternalIdentity
from terrareg_core.access.providers import SignInRequest
from terrareg_core.errors import SignInRefused, SignInUnavailable

_log = logging.getLogger(__name__)

_LONGEST_SECONDS = 366 * 24 * 60 * 60
"""Of what an assertion says about its own life; what says more says as good as nothing."""

_REASON_LENGTH = 300

_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_XMLDSIG_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ALGORITHMS = frozenset(
    {
        *(f"{_XMLDSIG_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512)),
        *(f"{_XMLENC}sha256", f"{_XMLDSIG_MORE}sha384", f"{_XMLENC}sha512"),
        *(_EXCLUSIVE, f"{_EXCLUSIVE}WithComments", _INCLUSIVE, f"{_INCLUSIVE}#WithComments"),
        f"{_XMLDSIG}enveloped-signature",
    }
)
"""Signatures, digests, canonical forms, and the one transform of SAML core 5.4.4: no SHA-1, no XSLT, no XPath."""


@attrs.frozen
class Partner:
    """An identity provider, as its metadata describes it, in the library's form."""

    settings: OneLogin_Saml2_Settings
    texts: OneLogin_Saml2_Settings
    """The same, escaped for the library's XML templates, which take everything as it is."""


class SamlToolkit:
    """The library, set up for one registry; it reads the host's clock."""

    def __init__(self, options: SamlOptions) -> None:
        """Raises ValueError, which begins with the option's name, when `options` can't be right."""
        _require_pair(options.public_key, options.private_key)
        if not options.entity_id:
            raise ValueError("entity_id: empty")
        self._options = options
        try:
            self._own_texts = _settings(options, None, escape)
        except OneLogin_Saml2_Error:
            raise ValueError("acs_url: not an http or https URL") from None
        # Everything that responses are compared with comes from the settings, nothing from the request.
        address = urlsplit(options.acs_url)
        self._view: dict[str, Any] = {
            "https": "on" if address.scheme == "https" else "off",
            "http_host": address.netloc,
            "script_name": address.path,
            "get_data": {},
        }

    def partner(self, metadata: bytes) -> Partner:
        """The identity provider that `metadata` (XML) describes; raises SignInUnavailable when it describes none."""
        try:
            parsed = OneLogin_Saml2_IdPMetadataParser.parse(metadata, entity_id=self._options.idp_entity_id or None)
            # What else is found would change what is demanded.
            described = parsed.get("idp", {})
            for certificate in _signing_certificates(described):
                pem = OneLogin_Saml2_Utils.format_cert(certificate)
                Key.from_memory(pem, constants.KeyDataFormatCertPem, None)
            if urlsplit(described.get("singleSignOnService", {}).get("url", "")).scheme not in {"http", "https"}:
                raise ValueError("no address to send browsers to")
            return Partner(_settings(self._options, described, str), _settings(self._options, described, escape))
        except Exception as error:  # noqa: BLE001 - strangers' text may raise anything in the library
            self._explain("The metadata of the SAML identity provider was not accepted", str(error))
            raise SignInUnavailable(
                "The metadata of the SAML identity provider can't be used: it is not XML, or has no identity provider "
                "(of the configured entity id) with a certificate and a single sign-on service by redirect"
            ) from None

    def request(self, partner: Partner, state: str) -> SignInRequest:
        """A signed AuthnRequest in the redirect binding (SAML bindings 3.4), with `state` as RelayState."""
        auth = OneLogin_Saml2_Auth(self._view, partner.settings)
        request = OneLogin_Saml2_Authn_Request(partner.texts)
        parameters = {"SAMLRequest": request.get_request(), "RelayState": state}
        auth.add_request_signature(parameters, OneLogin_Saml2_Constants.RSA_SHA256)
        return SignInRequest(url=auth.redirect_to(auth.get_sso_url(), parameters), request_id=request.get_id())

    def identity(self, partner: Partner, response: str, request_id: str, now: datetime) -> ExternalIdentity:
        """Who the base64 text `response` proves to have signed in, by the request `request_id`.

        `now` is what lengths of time are counted from. Raises SignInRefused, and nothing else, for whatever text.
        """
        auth = _Auth({**self._view, "post_data": {"SAMLResponse": response}}, partner.settings)
        try:
            auth.process_response(request_id)
        except Exception as error:  # noqa: BLE001 - strangers' text may raise anything in the library
            raise self._refusal(str(error)) from None
        if not auth.is_authenticated():
            raise self._refusal(str(auth.get_last_error_reason()))
        attributes = auth.get_attributes()
        if self._options.debug:
            _log.info("A SAML assertion has the attributes %s", ascii(sorted(attributes)))
        if not attributes:
            raise self._refusal("there is no attribute in it")
        subject = auth.get_nameid()
        if not subject.strip():
            raise self._refusal("its NameID is blank")
        session_ends = auth.get_session_expiration()
        return ExternalIdentity(
            subject=subject,
            name=subject,
            groups=tuple(it for it in attributes.get(self._options.group_attribute, ()) if isinstance(it, str)),
            valid_seconds=None if session_ends is None else _seconds_until(session_ends, now),
            assertion_id=auth.get_last_assertion_id(),
            assertion_seconds=_seconds_until(auth.get_last_assertion_not_on_or_after(), now),
        )

    def metadata(self) -> str:
        """The registry's own EntityDescriptor, signed; raises SignInUnavailable when it can't be made."""
        metadata: bytes = self._own_texts.get_sp_metadata()
        errors = self._own_texts.validate_metadata(metadata)
        if errors:
            raise SignInUnavailable(
                f"The SAML metadata of this registry is not valid ({', '.join(errors)}); check SAML2_ENTITY_ID"
            )
        return metadata.decode()

    def _refusal(self, reason: str) -> SignInRefused:
        self._explain("A SAML response was refused", reason)
        return SignInRefused(
            "The identity provider's answer does not prove who you are; begin to sign in again, and tell the operator "
            "of this registry if that doesn't help"
        )

    def _explain(self, what: str, reason: str) -> None:
        if self._options.debug:
            # A warning, for that is what is shown without further settings. Parts of it may be strangers' words.
            _log.warning("%s: %s", what, ascii(reason[:_REASON_LENGTH]))


class _Response(OneLogin_Saml2_Response):  # type: ignore[misc] # the library has no types
    """A response held to what the browser profile demands (SAML profiles 4.1.4.2 and 4.1.4.3), where the library isn't.

    The library accepts responses that leave out what it would compare, and addresses that only contain or begin with
    the right one; and it follows whatever a signature refers to before it knows whose signature that is.
    """

    def _decrypt_assertion(self, _xml: etree._Element) -> etree._Element:
        # The metadata names no key to encrypt for. Decrypting is a large surface, open to everybody.
        raise ValueError("the assertion is encrypted, which is not supported; switch that off at the identity provider")

    def process_signed_elements(self) -> list[str]:
        self._require_plain_signatures()
        signed: list[str] = super().process_signed_elements()
        return signed

    def is_valid(
        self, request_data: dict[str, Any], request_id: str | None = None, raise_exceptions: bool = False
    ) -> bool:
        if not super().is_valid(request_data, request_id, raise_exceptions):
            return False
        self._error = self._shortcoming(request_id)
        return self._error is None

    def _require_plain_signatures(self) -> None:
        """Refuse signatures for which anything but the response itself would be read, or any program run.

        Before a signature is found wrong, the signature library has opened files that references name, and has run
        style sheets.
        """
        for signature in self._find("//ds:Signature"):
            references = self._find(".//ds:Reference", signature)
            if len(references) != 1 or not str(references[0].get("URI")).startswith("#"):
                raise ValueError("a signature refers to more, or something else, than what it stands in")
            if self._find(".//ds:Object | ./ds:KeyInfo//*[@URI]", signature):
                raise ValueError("a signature holds or names further objects")
            for algorithm in self._find(".//@Algorithm", signature):
                if algorithm not in _ALGORITHMS:
                    raise ValueError(f"the algorithm {algorithm} is not accepted")
        if self._find("//xenc:EncryptedData"):
            raise ValueError("a part of the assertion is encrypted, which is not supported")

    def _shortcoming(self, request_id: str | None) -> str | None:
        """What a response lacks that the library found nothing wrong with."""
        sp = self._settings.get_sp_data()
        acs = sp["assertionConsumerService"]["url"]
        if not request_id or self.get_in_response_to() != request_id:
            return "the response answers no request, or another one"
        if not _same_place(self.document.get("Destination"), acs):
            return "the response is for no address, or another one"
        restrictions = self._query_assertion("/saml:Conditions/saml:AudienceRestriction")
        if not restrictions or not all(sp["entityId"] in self._audiences(it) for it in restrictions):
            return "the assertion is for no audience, or also for one that this registry doesn't belong to"
        if self._settings.get_security_data()["requestedAuthnContext"] and not self.get_authn_contexts():
            return "the assertion doesn't say how the person was authenticated"
        bearer = f"/saml:Subject/saml:SubjectConfirmation[@Method='{OneLogin_Saml2_Constants.CM_BEARER}']"
        confirmations = self._query_assertion(f"{bearer}/saml:SubjectConfirmationData")
        if len(confirmations) != 1:
            return "the assertion does not confirm its subject exactly once"
        confirmation = confirmations[0]
        if confirmation.get("InResponseTo") != request_id:
            return "the assertion answers no request, or another one"
        if not _same_place(confirmation.get("Recipient"), acs):
            return "the assertion is for no recipient, or another one"
        if confirmation.get("NotOnOrAfter") is None:
            return "the assertion can be delivered for ever"
        return None

    def _audiences(self, restriction: etree._Element) -> list[str]:
        return [OneLogin_Saml2_XML.element_text(it) for it in self._find("./saml:Audience", restriction)]

    def _find(self, path: str, context: etree._Element | None = None) -> list[etree._Element]:
        found: list[etree._Element] = OneLogin_Saml2_XML.query(self.document, path, context)
        return found


class _Auth(OneLogin_Saml2_Auth):  # type: ignore[misc] # the library has no types
    response_class = _Response


def _settings(options: SamlOptions, idp: dict[str, Any] | None, text: Callable[[str], str]) -> OneLogin_Saml2_Settings:
    """The library's settings, every text of which that its XML templates use went through `text`.

    Without `idp` they serve for the registry's own metadata only. The library changes what it is given, and nobody
    changes what it makes of it.
    """
    settings: dict[str, Any] = {
        "strict": True,
        # It would print to the console.
        "debug": False,
        "sp": {
            "entityId": text(options.entity_id),
            "assertionConsumerService": {
                "url": text(options.acs_url),
                "binding": OneLogin_Saml2_Constants.BINDING_HTTP_POST,
            },
            "NameIDFormat": OneLogin_Saml2_Constants.NAMEID_UNSPECIFIED,
            "x509cert": options.public_key,
            "privateKey": options.private_key,
        },
        "security": {
            "authnRequestsSigned": True,
            "signMetadata": True,
            "signatureAlgorithm": OneLogin_Saml2_Constants.RSA_SHA256,
            "digestAlgorithm": OneLogin_Saml2_Constants.SHA256,
            "wantMessagesSigned": options.signed_messages,
            "wantAssertionsSigned": True,
            "rejectDeprecatedAlgorithm": True,
            "wantAttributeStatement": True,
            "requestedAuthnContext": [text(it) for it in options.authn_context] or False,
            "requestedAuthnContextComparison": "exact",
            "failOnAuthnContextMismatch": True,
            # `https://registry/…` is a good address inside an organisation.
            "allowSingleLabelDomains": True,
        },
    }
    if idp is not None:
        settings["idp"] = {
            "entityId": idp["entityId"],
            "singleSignOnService": {"url": text(idp["singleSignOnService"]["url"])},
            "x509certMulti": {"signing": _signing_certificates(idp)},
        }
    return OneLogin_Saml2_Settings(settings, sp_validation_only=idp is None)


def _signing_certificates(idp: dict[str, Any]) -> list[str]:
    several = idp.get("x509certMulti", {}).get("signing", [])
    return list(several) or [idp["x509cert"]]


def _require_pair(public_key: str, private_key: str) -> None:
    try:
        # The forms that the library makes of them are those that it will use.
        certificate = x509.load_pem_x509_certificate(OneLogin_Saml2_Utils.format_cert(public_key).encode())
    except ValueError:
        raise ValueError("public_key: not an X.509 certificate in PEM form") from None
    try:
        key = load_pem_private_key(OneLogin_Saml2_Utils.format_private_key(private_key).encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("private_key: not a private key without password in PEM form") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("private_key: not an RSA key, which SAML's signatures need")
    if key.public_key() != certificate.public_key():
        raise ValueError("public_key: not the certificate of private_key")


def _same_place(address: str | None, acs: str) -> bool:
    """Whether `address` is `acs`, whatever its query: identity providers often know the address without it."""
    if address is None:
        return False
    here, there = (str(OneLogin_Saml2_Utils.normalize_url(it)).partition("?")[0] for it in (acs, address))
    return here == there


def _seconds_until(moment: int, now: datetime) -> int:
    """From `now` to `moment`, a Unix time in seconds; rounded up, not negative, and at most a year."""
    return min(max(math.ceil(moment - now.timestamp()), 0), _LONGEST_SECONDS)
