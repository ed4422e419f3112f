"""People: who signed in, how, and what their identity provider says of them (chapter 04, 5 and 8 to 10)."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Self

import attrs

from terrareg_core.access import names
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespaceKind

MAX_NAME_LENGTH = 128
"""Of a user name, in characters; a longer one is cut (chapter 04, 8.5)."""

MAX_GROUPS = 1000
MAX_GROUP_LENGTH = 256
"""In characters; groups with longer names are left out."""


class SignInMethod(Enum):
    """The ways to sign in; the values are stored."""

    PASSWORD = "password"  # noqa: S105 - a word
    """With the admin token."""
    OPENID = "openid"
    SAML = "saml"
    GITHUB = "github"


@attrs.frozen(kw_only=True)
class Person:
    """Somebody who signed in; what they are a member of is as it was when they did."""

    method: SignInMethod
    name: str
    """The user name that audit events show (chapter 04, 2.1)."""
    subject: str = ""
    """What their identity provider knows them by for ever: OpenID Connect's issuer and `sub`, SAML's NameID, the login
    at GitHub. Empty for the built-in admin.
    """
    source: str | None = None
    """The API name of the provider source that they signed in through, for GitHub."""
    groups: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    """Lower-cased names of the GitHub accounts whose generated namespaces are theirs (chapter 04, 10.4)."""

    @classmethod
    def built_in_admin(cls) -> Self:
        """Whoever knows the admin token."""
        return cls(method=SignInMethod.PASSWORD, name=names.BUILT_IN_ADMIN)

    @property
    def key(self) -> tuple[SignInMethod, str | None, str]:
        """What two sign-ins of the same person have in common."""
        return self.method, self.source, self.subject


@attrs.frozen(kw_only=True)
class ExternalIdentity:
    """What an identity provider asserts of somebody who signed in there."""

    subject: str
    name: str | None
    groups: tuple[str, ...] = ()
    accounts: Mapping[str, NamespaceKind] = attrs.field(factory=dict)
    """GitHub accounts that they own, by login."""
    generates_namespaces: bool = False
    """Whether namespaces are made for these accounts, and belong to their owners."""
    valid_seconds: int | None = None
    """How long the identity provider stands by this; None for as long as a session lasts."""
    assertion_id: str | None = None
    """Of an assertion that must not be used twice, with …"""
    assertion_seconds: int | None = None
    """… the time for which it could be."""

    def person(self, method: SignInMethod, source: str | None) -> Person:
        """The person that signed in by `method`, at the provider source `source`."""
        name = self.name or self.subject
        return Person(
            method=method,
            # Nobody passes for the built-in admin in the audit history.
            name=(f"{method.value}: {name}" if names.is_ours(name) else name)[:MAX_NAME_LENGTH],
            subject=self.subject,
            source=source,
            groups=_bounded(self.groups) | frozenset(self.accounts),
            logins=_owners(self.accounts) if self.generates_namespaces else frozenset(),
        )


def _owners(accounts: Iterable[str]) -> frozenset[str]:
    # Folding letters that no namespace holds could make another name of them.
    return frozenset(login.lower() for login in accounts if NamespaceName.is_valid(login))


def _bounded(groups: Iterable[str]) -> frozenset[str]:
    fitting = [group for group in groups if 0 < len(group) <= MAX_GROUP_LENGTH]
    return frozenset(fitting[:MAX_GROUPS])
