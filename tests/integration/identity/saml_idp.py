"""A small SAML identity provider on a real socket: its metadata, and a page that signs one person in to everybody."""

import base64
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

import attrs
from lxml import etree

from tests.integration.identity.saml_responses import SAML, Claims, KeyPair, encoded, key_pair, signed

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@attrs.define
class SamlIdentityProvider:
    """Whom it signs in, with what, and how it answers; may be changed while it runs."""

    url: str
    keys: KeyPair
    name_id: str = "jane@example.com"
    attributes: Mapping[str, Sequence[str]] = {"groups": ("admins", "people")}
    serves: str = "metadata"
    """How /metadata is answered: `metadata`, `garbage`, `failure`, `drops` (by the byte), `flood`, `nothing`."""
    metadata_reads: int = 0
    over: threading.Event = attrs.field(factory=threading.Event)
    """Set when the server ends, for answers that don't."""

    @property
    def entity_id(self) -> str:
        return f"{self.url}/metadata"

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/metadata"

    def metadata(self) -> str:
        return metadata(self.entity_id, f"{self.url}/sso", [self.keys.certificate])

    def answer(self, request: etree._Element) -> str:
        """The SAMLResponse to an AuthnRequest: the person's assertion, for whoever asks."""
        issuer = request.findtext(f"{SAML}Issuer")
        acs, request_id = request.get("AssertionConsumerServiceURL"), request.get("ID")
        claims = Claims(
            issuer=self.entity_id,
            audience=issuer,
            destination=acs,
            recipient=acs,
            request_id=request_id,
            confirmed_request_id=request_id,
            name_id=escape(self.name_id),
            attributes=self.attributes,
            response_id=f"_r{request_id}",
            assertion_id=f"_a{request_id}",
        )
        return encoded(signed(claims, self.keys))

    def page(self, query: str) -> str:
        """A page that posts the answer to a request of the redirect binding as soon as it is shown."""
        fields = parse_qs(query)
        request = decoded_request(fields["SAMLRequest"][0])
        return (
            "<!DOCTYPE html><title>Identity provider</title>"
            f'<form method="post" action="{escape(str(request.get("AssertionConsumerServiceURL")))}">'
            f'<input type="hidden" name="SAMLResponse" value="{self.answer(request)}">'
            f'<input type="hidden" name="RelayState" value="{escape(fields["RelayState"][0])}">'
            "<button>Continue</button></form><script>document.forms[0].submit()</script>"
        )


def metadata(entity_id: str, sso_url: str, certificates: Sequence[str], binding: str = REDIRECT) -> str:
    """An EntityDescriptor with one signing key descriptor for each certificate."""
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
        f"{bare(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for certificate in certificates
    )
    return (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID={quoteattr(entity_id)}>'
        '<md:IDPSSODescriptor WantAuthnRequestsSigned="false"'
        f' protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}'
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>"
        f'<md:SingleSignOnService Binding="{binding}" Location={quoteattr(sso_url)}/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def bare(certificate: str) -> str:
    """A certificate's base64 without the lines around it, as XML holds it."""
    return "".join(line for line in certificate.splitlines() if not line.startswith("-----"))


def decoded_request(value: str) -> etree._Element:
    """The AuthnRequest in the SAMLRequest of a URL."""
    return etree.fromstring(zlib.decompress(base64.b64decode(value), -15))


@contextmanager
def running_identity_provider(port: int = 0) -> Iterator[SamlIdentityProvider]:
    """An identity provider at /metadata and /sso, as long as the context lasts."""
    provider: SamlIdentityProvider

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/sso":
                self._say(200, "text/html; charset=utf-8", provider.page(query).encode())
            elif path == "/metadata":
                provider.metadata_reads += 1
                self._say_metadata()
            else:
                self._say(404, "text/plain", b"")

        def _say_metadata(self) -> None:
            match provider.serves:
                case "metadata":
                    self._say(200, "application/samlmetadata+xml", provider.metadata().encode())
                case "failure":
                    self._say(503, "text/plain", b"not now")
                case "garbage":
                    self._say(200, "text/html", b"<!DOCTYPE html><title>Sign in</title><p>Welcome")
                case "drops":
                    self._go_on(b"<", 0.05)
                case "flood":
                    self._go_on(b"<a>" * 20_000, 0)

        def _say(self, status: int, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _go_on(self, piece: bytes, pause: float) -> None:
            self.send_response(200)
            self.end_headers()
            while not provider.over.wait(pause):
                try:
                    self.wfile.write(piece)
                except OSError:
                    return

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    host = urlsplit(f"//127.0.0.1:{server.server_port}").netloc
    provider = SamlIdentityProvider(f"http://{host}", key_pair("identity provider"))
    # A short interval, for it is how long `shutdown` takes.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
