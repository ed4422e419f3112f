"""Identity providers: the port through which people sign in somewhere else (chapter 04, 8 to 10)."""

from collections.abc import Mapping
from typing import Protocol

import attrs

from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.stored import SignInAttempt


@attrs.frozen(kw_only=True)
class SignInRequest:
    """Where a browser is sent to sign in, and what must be known of it when it comes back."""

    url: str = attrs.field(repr=False)
    """It holds the state."""
    nonce: str = attrs.field(default="", repr=False)
    verifier: str = attrs.field(default="", repr=False)
    """Of PKCE (RFC 7636)."""
    request_id: str = ""
    """Of SAML's request."""


class IdentityProvider(Protocol):
    """One place to sign in: an OpenID Connect provider, a SAML identity provider, or a GitHub."""

    @property
    def method(self) -> SignInMethod:
        """Which kind of place this is."""
        ...

    @property
    def source(self) -> str | None:
        """The API name of the provider source that this GitHub is; None for the others."""
        ...

    @property
    def posts_answers(self) -> bool:
        """Whether the answer comes as a form that another site posts, on which browsers send no `Lax` cookies."""
        ...

    def start(self, state: str) -> SignInRequest:
        """Where to send a browser; `state` (URL-safe) comes back with the answer.

        Raises SignInUnavailable while the provider can't be reached or is misconfigured.
        """
        ...

    def finish(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> ExternalIdentity:
        """Who has signed in, by the answer to what `start` asked: the fields of a query or form, by name.

        `attempt` holds what the request of `start` said; that it belongs to this provider, this browser and the
        answer's state was checked before. Raises SignInRefused for an answer that proves nobody, and SignInUnavailable
        when the provider can't be asked. Neither message, nor anything logged, holds a code, token or assertion.
        """
        ...


class ServiceMetadata(Protocol):
    """Describes this registry to a SAML identity provider."""

    def metadata(self) -> str:
        """The signed EntityDescriptor (SAML metadata 2.0), as XML text."""
        ...
