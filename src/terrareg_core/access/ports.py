"""Where sessions, sign-in attempts, tokens and user groups are kept, inside a transaction.

Every method that takes `now` treats what expired at or before that moment as if it were not there.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.people import Person
from terrareg_core.access.stored import (
    AccessToken,
    ListedAccessToken,
    ListedUserGroup,
    Session,
    SignInAttempt,
    TerraformCode,
    TerraformToken,
    UserGroup,
)
from terrareg_core.identifiers import NamespaceName


class SessionStore(Protocol):
    """The sessions."""

    def add(self, session: Session) -> None:
        """Store a session under its digest. Raises AlreadyStored when there is one."""
        ...

    def find(self, digest: str, now: datetime) -> Session | None:
        """The session of this digest."""
        ...

    def remove(self, digest: str) -> None:
        """Delete the session of this digest; harmless when there is none."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Delete at most `limit` expired sessions and return how many there were."""
        ...


class SignInAttemptStore(Protocol):
    """The attempts to sign in that are under way."""

    def add(self, attempt: SignInAttempt, capacity: int) -> None:
        """Store an attempt; beyond `capacity` attempts, those that were stored first are forgotten.

        Raises AlreadyStored when there is one with its state.
        """
        ...

    def take(self, state_digest: str, now: datetime) -> SignInAttempt | None:
        """Remove the attempt of this state and return it. Of concurrent callers, one gets it."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Delete at most `limit` expired attempts and return how many there were."""
        ...


class UsedAssertions(Protocol):
    """The assertions of SAML that have been used, for as long as they could be used again (chapter 04, 9.4)."""

    def add(self, assertion_id: str, expires_at: datetime) -> None:
        """Note that an assertion is used up. Raises AlreadyStored when it was before, expired or not."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Forget at most `limit` expired ones and return how many there were."""
        ...


class UserGroupRepository(Protocol):
    """The user groups and their permissions on namespaces."""

    def add(self, name: str, *, site_admin: bool) -> UserGroup:
        """Store a new group. Raises AlreadyStored when one has this very name."""
        ...

    def find(self, name: str) -> UserGroup | None:
        """The group of exactly this name, which is a client's text."""
        ...

    def listed(self) -> Sequence[ListedUserGroup]:
        """All groups in order of creation, with their permissions: in at most two statements."""
        ...

    def remove(self, group_id: int) -> None:
        """Delete a group with its permissions."""
        ...

    def permissions(self, group_id: int) -> Sequence[tuple[NamespaceName, NamespacePermission]]:
        """The permissions of a group, ordered by the namespace's name, ignoring case."""
        ...

    def permission(self, group_id: int, namespace_id: int) -> NamespacePermission | None:
        """What the group may do in a namespace."""
        ...

    def add_permission(self, group_id: int, namespace_id: int, permission: NamespacePermission) -> None:
        """Give a group a permission. Raises AlreadyStored when it has one there, or the group or namespace is gone."""
        ...

    def remove_permission(self, group_id: int, namespace_id: int) -> None:
        """Take what the group may do in a namespace away; harmless when it is nothing."""
        ...

    def permissions_on(self, namespace_id: int) -> Sequence[tuple[UserGroup, NamespacePermission]]:
        """What groups may do in a namespace, ordered by the group's id."""
        ...

    def grants(self, person: Person) -> Grants:
        """What the groups that this person is a member of give, and FULL on the namespaces that were generated for
        the GitHub accounts in `person.logins` by the provider source `person.source`, compared ignoring case.

        Groups match by equality of names. Of several permissions on a namespace, the higher one counts.
        """
        ...

    def held_permissions(self, person: Person) -> Sequence[tuple[NamespaceName, NamespacePermission]]:
        """`grants(person).namespaces` by the namespaces' present names, ordered by name, ignoring case."""
        ...


class AccessTokenRepository(Protocol):
    """The access tokens."""

    def add(self, token: AccessToken, digest: str) -> None:
        """Store a token under the digest of its secret.

        Raises AlreadyStored when the id or the digest is there, or one of its namespaces is gone.
        """
        ...

    def find(self, digest: str, now: datetime) -> AccessToken | None:
        """The token of this digest; of its namespaces, those that still exist."""
        ...

    def get(self, token_id: str) -> AccessToken | None:
        """The token of this id, which is a client's text; an expired one as well."""
        ...

    def listed(self, owner: Person | None) -> Sequence[ListedAccessToken]:
        """The tokens of the person with the same key, or everybody's for None; newest first, then by id.

        Expired ones included; namespaces ordered by name, ignoring case. In at most two statements.
        """
        ...

    def touch(self, token_id: str, now: datetime) -> None:
        """Note that the token was used; harmless when it is gone."""
        ...

    def update_owner(self, person: Person) -> None:
        """Give all tokens of the person with the same key the name, groups and logins of this one."""
        ...

    def remove(self, token_id: str) -> None:
        """Delete a token; harmless when it is gone."""
        ...


class TerraformLoginStore(Protocol):
    """The codes and tokens of `terraform login`."""

    def add_code(self, code: TerraformCode) -> None:
        """Store a code. Raises AlreadyStored when its digest is there."""
        ...

    def redeem(self, digest: str, token_digest: str, now: datetime) -> TerraformCode | None:
        """Mark a code as exchanged for the token of `token_digest`, and return it as it was before.

        A code that was used before is returned with the `token_digest` that it has, and stays as it is. Of concurrent
        callers, one finds it unused.
        """
        ...

    def add_token(self, token: TerraformToken) -> None:
        """Store a token. Raises AlreadyStored when its digest is there."""
        ...

    def find_token(self, digest: str, now: datetime) -> TerraformToken | None:
        """The token of this digest."""
        ...

    def remove_token(self, digest: str) -> None:
        """Delete a token; harmless when it is gone."""
        ...

    def purge(self, now: datetime, limit: int) -> int:
        """Delete at most `limit` expired codes and as many tokens, and return how many there were together."""
        ...


class FailureKind(Enum):
    """What went wrong; the values are stored."""

    CREDENTIAL = "credential"
    """A request whose credentials are all wrong."""
    ADMIN_LOGIN = "admin login"


class FailureLog(Protocol):
    """Wrong credentials of late, by client address (decision 31): text of at most 255 characters."""

    def add(self, client: str, kind: FailureKind, now: datetime) -> None:
        """Note a failure."""
        ...

    def count(self, client: str, kind: FailureKind, since: datetime) -> int:
        """How many failures of a kind there were later than `since`."""
        ...

    def oldest(self, client: str, kind: FailureKind, since: datetime) -> datetime | None:
        """When the first failure later than `since` was."""
        ...

    def purge(self, until: datetime, limit: int) -> int:
        """Forget at most `limit` failures at or before `until`, and return how many there were."""
        ...
