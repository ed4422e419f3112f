"""SAML 2.0: signing in with the assertions of an identity provider (chapter 04, section 9)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from terrareg_adapters.identity.kept import Kept
from terrareg_adapters.identity.outbound import Outbound
from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import SignInRequest
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.clock import Clock
from terrareg_core.errors import SignInRefused, SignInUnavailable

if TYPE_CHECKING:
    from terrareg_adapters.identity.saml_toolkit import Partner

MAX_RESPONSE_LENGTH = 1 << 20
"""Of a response as the form holds it, in characters of base64."""

_METADATA_LIFETIME = timedelta(hours=12)


class Saml:
    """Sends people to one identity provider and reads what it asserts (implements `IdentityProvider`).

    Implements `ServiceMetadata` too. Safe to use from many threads, and slow enough (20 ms) not to be used on an event
    loop. The identity provider's metadata is fetched when it is first needed, and again every 12 hours.
    """

    method = SignInMethod.SAML
    source: str | None = None
    posts_answers = True

    def __init__(self, options: SamlOptions, clock: Clock, outbound: Outbound | None = None) -> None:
        """Raises ValueError, which begins with the option's name, when `options` can't be right.

        `outbound` is closed with this.
        """
        # Native libraries of which a broken installation should cost nobody anything who does not use SAML.
        from terrareg_adapters.identity.saml_toolkit import SamlToolkit  # noqa: PLC0415

        self._options = options
        self._clock = clock
        self._toolkit = SamlToolkit(options)
        self._outbound = outbound or Outbound()
        self._partner = Kept(self._fetch, clock, _METADATA_LIFETIME, "The metadata of the SAML identity provider")

    def start(self, state: str) -> SignInRequest:
        """See `IdentityProvider.start`; the state travels as RelayState."""
        return self._toolkit.request(self._partner.get(), state)

    def finish(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> ExternalIdentity:
        """See `IdentityProvider.finish`; `answer` holds the form field SAMLResponse."""
        response = answer.get("SAMLResponse", "")
        if not response:
            raise SignInRefused("The identity provider's answer is missing from the request; begin to sign in again")
        if len(response) > MAX_RESPONSE_LENGTH:
            raise SignInRefused("The identity provider's answer is too large; tell the operator of this registry")
        return self._toolkit.identity(self._partner.get(), response, attempt.request_id, self._clock.now())

    def metadata(self) -> str:
        """See `ServiceMetadata.metadata`; needs nothing of the identity provider. Valid for two days."""
        return self._toolkit.metadata()

    def close(self) -> None:
        """End the connections and what is fetched in the background."""
        self._outbound.close()
        self._partner.close()

    def _fetch(self) -> "Partner":
        answer = self._outbound.get(self._options.idp_metadata_url)
        if answer.status != 200:
            raise SignInUnavailable(
                f"The SAML identity provider answered with status {answer.status} instead of its metadata; check the "
                "address in the settings"
            )
        return self._toolkit.partner(answer.body)
