"""Shapes of signing in, user groups and access tokens (chapter 04, 7 to 11 and 13; decision 30)."""

# Defaults are immutable, which the checker can't see from these types.
# ruff: noqa: RUF009

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import attrs

from terrareg_core.access.sessions import AccessStatus
from terrareg_core.access.stored import ListedAccessToken, ListedUserGroup
from terrareg_core.access.terraform_login import AuthorisationRequest, CodeExchange
from terrareg_core.access.tokens import MadeAccessToken
from terrareg_core.access.user_groups import GroupPermission
from terrareg_http.schemas.fields import argument

# --- requests ----------------------------------------------------------------------------------------------------

_CSRF_TOKEN = "The session's token; callers with an API key need none"  # noqa: S105 - a description
_REDIRECT = "Path of this registry that the browser goes to afterwards"


@attrs.frozen
class ReturnPath:
    """Where somebody wants to go once they are signed in."""

    redirect: str | None = argument(_REDIRECT, default=None)


@attrs.frozen
class LoginForm:
    """The form of the login page."""

    token: str = argument("The admin token", default="")
    redirect: str | None = argument(_REDIRECT, default=None)
    csrf_token: str | None = argument(_CSRF_TOKEN, default=None)


@attrs.frozen
class OptionalConfirmation:
    """A body that nobody needs to send, and that may prove that a browser's own page sent it."""

    csrf_token: Any = argument(_CSRF_TOKEN, default=None)


@attrs.frozen
class SignInAnswer:
    """What an identity provider sends back through the browser (RFC 6749, 4.1.2; RFC 9207)."""

    code: str | None = argument("Stands for the sign-in", default=None)
    state: str | None = argument("What the registry gave away with the browser", default=None)
    error: str | None = argument("Why there is no code", default=None)
    error_description: str | None = argument("The same in words", default=None)
    iss: str | None = argument("Who answers", default=None)

    @property
    def fields(self) -> Mapping[str, str]:
        """What was sent, by name."""
        return {name: value for name, value in attrs.asdict(self).items() if value is not None}


@attrs.frozen
class SamlStep:
    """Which step of SAML is meant: only whether a key is there counts."""

    sso: str | None = argument("Send the browser away to sign in", default=None)
    acs: str | None = argument("Take it back", default=None)
    redirect: str | None = argument(_REDIRECT, default=None)


@attrs.frozen(kw_only=True)
class AuthorisationArguments:
    """What terraform asks through the browser (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    client_id: str | None = argument("terraform-cli", default=None)
    redirect_uri: str | None = argument("Where terraform waits for the browser", default=None)
    response_type: str | None = argument("code", default=None)
    state: str | None = argument("Given back as it is", default=None)
    nonce: str | None = argument("Put into the ID token", default=None)
    code_challenge: str | None = argument("Of PKCE", default=None)
    code_challenge_method: str | None = argument("S256", default=None)
    csrf_token: str | None = argument("The session's token, in the form of somebody who was asked", default=None)

    @property
    def request(self) -> AuthorisationRequest:
        fields = attrs.asdict(self, filter=attrs.filters.exclude("csrf_token"))
        return AuthorisationRequest(**fields)


@attrs.frozen(kw_only=True)
class TokenForm:
    """What terraform sends for a token (RFC 6749, 4.1.3)."""

    client_id: str | None = argument("terraform-cli", default=None)
    client_secret: str | None = argument("Terraform has none", default=None)
    grant_type: str | None = argument("authorization_code", default=None)
    code: str | None = argument("The code that the browser brought", default=None)
    redirect_uri: str | None = argument("Where it brought it", default=None)
    code_verifier: str | None = argument("Of PKCE", default=None)

    def exchange(self, *, has_header: bool) -> CodeExchange:
        """The request; `has_header` tells whether credentials came in a header."""
        return CodeExchange(
            client_id=self.client_id,
            grant_type=self.grant_type,
            code=self.code,
            redirect_uri=self.redirect_uri,
            code_verifier=self.code_verifier,
            has_secret=has_header or self.client_secret is not None,
        )


@attrs.frozen
class UserGroupCreation:
    """A user group to be created (11.2)."""

    name: Any = argument("1 to 128 letters, digits, spaces, dashes and underscores", default=None)
    site_admin: Any = argument("Whether members may do everything: true or false", default=None)
    csrf_token: Any = argument(_CSRF_TOKEN, default=None)


@attrs.frozen
class PermissionCreation:
    """A permission to be given (11.4)."""

    permission_type: Any = argument("FULL or MODIFY", default=None)
    csrf_token: Any = argument(_CSRF_TOKEN, default=None)


@attrs.frozen
class AccessTokenCreation:
    """An access token to be made (decision 30)."""

    name: Any = argument("1 to 128 characters", default=None)
    scopes: Any = argument("A list of read, terraform, upload and publish", default=None)
    namespaces: Any = argument("A list of names; null for every namespace that its owner may act on", default=None)
    expires_at: Any = argument("ISO time, in UTC unless it names a zone; null for never", default=None)
    csrf_token: Any = argument(_CSRF_TOKEN, default=None)


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen
class AuthenticatedAnswer:
    """A session has begun; its cookie is in the answer."""

    authenticated: bool = True


@attrs.frozen
class AuthenticationStatus:
    """What the caller may do (7.2)."""

    read_access: bool
    authenticated: bool
    site_admin: bool
    namespace_permissions: Mapping[str, str] = argument("FULL or MODIFY, by namespace")

    @classmethod
    def of(cls, status: AccessStatus) -> Self:
        permissions = {str(name): permission.value for name, permission in status.namespace_permissions.items()}
        return cls(status.read_access, status.authenticated, status.site_admin, permissions)


@attrs.frozen
class GithubStatus:
    """Who the caller is at a GitHub (10.3)."""

    auth: bool
    username: str | None


@attrs.frozen
class IssuedTokenAnswer:
    """A token for terraform (RFC 6749, 5.1)."""

    access_token: str
    expires_in: int
    id_token: str
    token_type: str = "Bearer"  # noqa: S105 - a name


@attrs.frozen
class NamespacePermissionItem:
    """What a group may do in a namespace."""

    namespace: str
    permission_type: str


@attrs.frozen
class UserGroupItem:
    """A user group in the list (11.1)."""

    name: str
    site_admin: bool
    namespace_permissions: Sequence[NamespacePermissionItem]

    @classmethod
    def of(cls, listed: ListedUserGroup) -> Self:
        permissions = [NamespacePermissionItem(str(name), it.value) for name, it in listed.permissions]
        return cls(listed.group.name, listed.group.site_admin, permissions)


@attrs.frozen
class CreatedUserGroup:
    """A user group that was created."""

    name: str
    site_admin: bool


@attrs.frozen
class PermissionAnswer:
    """A permission that was given."""

    user_group: str
    namespace: str
    permission_type: str

    @classmethod
    def of(cls, granted: GroupPermission) -> Self:
        return cls(granted.group.name, str(granted.namespace.name), granted.permission.value)


@attrs.frozen(kw_only=True)
class AccessTokenAnswer:
    """An access token, without its secret."""

    id: str
    name: str
    scopes: Sequence[str]
    namespaces: Sequence[str] | None
    owner: str = argument("The user name of its maker")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = argument("To the minute")

    @classmethod
    def of(cls, listed: ListedAccessToken) -> Self:
        return cls(**_fields_of(listed))


@attrs.frozen(kw_only=True)
class CreatedAccessToken(AccessTokenAnswer):
    """An access token that was made."""

    token: str = argument("The secret, which is shown this once")

    @classmethod
    def made(cls, made: MadeAccessToken) -> Self:
        return cls(**_fields_of(made.listed), token=made.secret)


def _fields_of(listed: ListedAccessToken) -> Mapping[str, Any]:
    token, names = listed.token, listed.namespace_names
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(scope.value for scope in token.scopes),
        "namespaces": None if names is None else [str(name) for name in names],
        "owner": token.owner.name,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }


@attrs.frozen
class AccessTokenList:
    """Access tokens, newest first."""

    tokens: Sequence[AccessTokenAnswer]
