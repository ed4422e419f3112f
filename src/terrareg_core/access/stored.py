"""What is kept of sign-ins: sessions, attempts to sign in, tokens and codes; secrets only as digests."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import attrs

from terrareg_core.access.grants import NamespacePermission, TokenScope
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.identifiers import NamespaceName


def digest_of(secret: str) -> str:
    """What a secret is found by: its SHA-256, as 64 hexadecimal digits. Only for secrets that can't be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@attrs.frozen(kw_only=True)
class Session:
    """A person's stay, from signing in to signing out."""

    digest: str
    """Of the value that the browser's cookie holds."""
    person: Person
    csrf_secret: str = attrs.field(repr=False)
    """What the session's CSRF token is derived from."""
    fingerprint: str
    """Of the secrets that were configured when it began; it ends when they change."""
    created_at: datetime
    expires_at: datetime


@attrs.frozen(kw_only=True)
class SignInAttempt:
    """Somebody on their way to an identity provider and back (chapter 04, 5.3)."""

    state_digest: str
    """Of the value that travels through the identity provider."""
    browser_digest: str
    """Of the value that the browser keeps in a cookie meanwhile."""
    method: SignInMethod
    source: str | None = None
    """The API name of the provider source, for GitHub."""
    nonce: str = attrs.field(default="", repr=False)
    verifier: str = attrs.field(default="", repr=False)
    """Of PKCE (RFC 7636)."""
    request_id: str = ""
    """Of SAML's request."""
    return_path: str = "/"
    """Where the browser goes in the end: a local path."""
    created_at: datetime
    expires_at: datetime


@attrs.frozen(kw_only=True)
class AccessToken:
    """A personal or CI token (decision 30)."""

    id: str
    name: str
    owner: Person
    """Its maker; the groups are those of their latest sign-in."""
    scopes: frozenset[TokenScope]
    namespaces: frozenset[int] | None
    """Ids of the namespaces that it is limited to; None for no limit."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


@attrs.frozen
class ListedAccessToken:
    """An access token as lists show it."""

    token: AccessToken
    namespace_names: Sequence[NamespaceName] | None
    """Of its namespaces as they are called now, in order; None for no limit."""


@attrs.frozen(kw_only=True)
class TerraformCode:
    """What `terraform login` gets through the browser, to exchange it for a token (chapter 04, 13.4)."""

    digest: str
    person: Person
    redirect_uri: str
    challenge: str
    """Of PKCE: the S256 code challenge."""
    nonce: str | None
    created_at: datetime
    expires_at: datetime
    token_digest: str | None = None
    """Of the token that it was exchanged for; a code with one is used up."""


@attrs.frozen(kw_only=True)
class TerraformToken:
    """What `terraform login` leaves on a person's computer."""

    digest: str
    person: Person
    created_at: datetime
    expires_at: datetime


@attrs.frozen
class UserGroup:
    """A name that identity providers assert, and what its members may do everywhere."""

    id: int
    name: str
    site_admin: bool


@attrs.frozen
class ListedUserGroup:
    """A user group with its permissions, as lists show it."""

    group: UserGroup
    permissions: Sequence[tuple[NamespaceName, NamespacePermission]]
    """Ordered by the namespace's name, ignoring case."""
