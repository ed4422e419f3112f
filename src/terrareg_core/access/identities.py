"""Identities: who a request comes from, however they proved it (chapter 04, 2)."""

import enum
from typing import Self

import attrs

from terrareg_core.access import names
from terrareg_core.access.grants import TokenGrant
from terrareg_core.access.people import Person, SignInMethod


class IdentityKind(enum.Enum):
    """How a caller proved who they are."""

    ADMIN_KEY = "admin API key"
    ADMIN_SESSION = "admin session"
    UPLOAD_KEY = "upload API key"
    PUBLISH_KEY = "publish API key"
    ACCESS_TOKEN = "access token"  # noqa: S105 - a name
    SAML_SESSION = "SAML session"
    OPENID_SESSION = "OpenID Connect session"
    GITHUB_SESSION = "GitHub session"
    TERRAFORM_TOKEN = "terraform login token"  # noqa: S105 - a name
    ANALYTICS_KEY = "analytics auth key"
    IGNORE_ANALYTICS_KEY = "ignore-analytics key"
    INTERNAL_EXTRACTION = "internal extraction token"
    WEBHOOK = "web-hook signed with an upload API key"
    ANONYMOUS = "anonymous"


_BUILT_IN_ADMIN = {IdentityKind.ADMIN_KEY, IdentityKind.ADMIN_SESSION}
_SINGLE_SIGN_ON = {IdentityKind.SAML_SESSION, IdentityKind.OPENID_SESSION, IdentityKind.GITHUB_SESSION}
_SESSIONS = _SINGLE_SIGN_ON | {IdentityKind.ADMIN_SESSION}
_UNRECORDED = {IdentityKind.IGNORE_ANALYTICS_KEY, IdentityKind.INTERNAL_EXTRACTION}
_SIGNED_IN_BY = {
    SignInMethod.PASSWORD: IdentityKind.ADMIN_SESSION,
    SignInMethod.OPENID: IdentityKind.OPENID_SESSION,
    SignInMethod.SAML: IdentityKind.SAML_SESSION,
    SignInMethod.GITHUB: IdentityKind.GITHUB_SESSION,
}


@attrs.frozen
class Identity:
    """The caller of a use case; what it may do is decided by `permissions`, never by the caller's own word."""

    kind: IdentityKind
    name: str
    """The user name that audit events show (chapter 04, 2.1)."""
    environment: str | None = None
    """The deployment environment of an analytics auth key (chapter 06, 2.5)."""
    person: Person | None = None
    """Who signed in, or who made the access token; for keys, None."""
    token: TokenGrant | None = None
    """What an access token is limited to."""

    @classmethod
    def anonymous(cls) -> Self:
        """Nobody in particular, which a wrong credential makes of a caller as well."""
        return cls(IdentityKind.ANONYMOUS, names.ANONYMOUS)

    @classmethod
    def administrator(cls) -> Self:
        """The built-in admin; an embedding program that owns the registry acts as this."""
        return cls(IdentityKind.ADMIN_KEY, names.BUILT_IN_ADMIN)

    @classmethod
    def signed_in(cls, person: Person) -> Self:
        """A person in a session of theirs."""
        return cls(_SIGNED_IN_BY[person.method], person.name, person=person)

    @property
    def owner(self) -> "Identity":
        """Whose rights this identity has at most: for an access token its maker's, else its own."""
        return self if self.token is None or self.person is None else Identity.signed_in(self.person)

    @property
    def is_anonymous(self) -> bool:
        return self.kind is IdentityKind.ANONYMOUS

    @property
    def is_built_in_admin(self) -> bool:
        return self.kind in _BUILT_IN_ADMIN

    @property
    def is_single_sign_on(self) -> bool:
        return self.kind in _SINGLE_SIGN_ON

    @property
    def is_session(self) -> bool:
        """Whether a browser sends the proof by itself, so that other sites could make it do so (chapter 04, 6)."""
        return self.kind in _SESSIONS

    @property
    def downloads_are_recorded(self) -> bool:
        """Whether downloads of this caller count as usage (chapter 04, 2.2, column *rec*)."""
        return self.kind not in _UNRECORDED
