"""In-memory twins of what is stored of access: sessions, attempts to sign in, tokens, user groups, failures."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

import attrs

from terrareg_adapters.memory.state import (
    AccessTokenRow,
    FailureRow,
    GroupPermissionRow,
    State,
    Table,
    UsedAssertionRow,
)
from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.people import Person
from terrareg_core.access.ports import FailureKind
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
from terrareg_core.namespaces.model import Namespace, NamespaceKind

RowT = TypeVar("RowT")


def _first(table: Table[RowT], condition: Callable[[RowT], bool]) -> tuple[int, RowT] | None:
    """The first row that meets the condition, with its id."""
    return next(((row_id, row) for row_id, row in table.items() if condition(row)), None)


def _purge(table: Table[RowT], ends_at: Callable[[RowT], datetime], until: datetime, limit: int) -> int:
    """Remove at most `limit` rows whose time was over at `until` or before, and return how many there were."""
    ended = [(ends_at(row), row_id) for row_id, row in table.items() if ends_at(row) <= until]
    doomed = {row_id for _, row_id in sorted(ended)[:limit]}
    table.remove_where(lambda row_id, _: row_id in doomed)
    return len(doomed)


@attrs.frozen
class MemorySessions:
    """The sessions of one state."""

    _state: State

    def add(self, session: Session) -> None:
        if _first(self._state.sessions, lambda row: row.digest == session.digest):
            self._state.refuse("A session of this digest exists already")
        self._state.sessions.add(session)

    def find(self, digest: str, now: datetime) -> Session | None:
        found = _first(self._state.sessions, lambda row: row.digest == digest and row.expires_at > now)
        return found[1] if found else None

    def remove(self, digest: str) -> None:
        self._state.sessions.remove_where(lambda _, row: row.digest == digest)

    def purge(self, now: datetime, limit: int) -> int:
        return _purge(self._state.sessions, attrgetter("expires_at"), now, limit)


@attrs.frozen
class MemorySignInAttempts:
    """The attempts to sign in of one state."""

    _state: State

    def add(self, attempt: SignInAttempt, capacity: int) -> None:
        attempts = self._state.sign_in_attempts
        if _first(attempts, lambda row: row.state_digest == attempt.state_digest):
            self._state.refuse("An attempt of this state exists already")
        attempts.add(attempt)
        rows = attempts.items()
        surplus = {row_id for row_id, _ in rows[: max(0, len(rows) - capacity)]}
        attempts.remove_where(lambda row_id, _: row_id in surplus)

    def take(self, state_digest: str, now: datetime) -> SignInAttempt | None:
        attempts = self._state.sign_in_attempts
        found = _first(attempts, lambda row: row.state_digest == state_digest and row.expires_at > now)
        if found is None:
            return None
        attempts.remove_where(lambda row_id, _: row_id == found[0])
        return found[1]

    def purge(self, now: datetime, limit: int) -> int:
        return _purge(self._state.sign_in_attempts, attrgetter("expires_at"), now, limit)


@attrs.frozen
class MemoryUsedAssertions:
    """The used assertions of one state."""

    _state: State

    def add(self, assertion_id: str, expires_at: datetime) -> None:
        if _first(self._state.used_assertions, lambda row: row.id == assertion_id):
            self._state.refuse("The assertion was used before")
        self._state.used_assertions.add(UsedAssertionRow(assertion_id, expires_at))

    def purge(self, now: datetime, limit: int) -> int:
        return _purge(self._state.used_assertions, attrgetter("expires_at"), now, limit)


@attrs.frozen
class MemoryUserGroups:
    """The user groups of one state."""

    _state: State

    def add(self, name: str, *, site_admin: bool) -> UserGroup:
        if self.find(name):
            self._state.refuse("A user group of this name exists already")
        group_id = self._state.user_groups.add(UserGroup(0, name, site_admin))
        added = UserGroup(group_id, name, site_admin)
        self._state.user_groups.put(group_id, added)
        return added

    def find(self, name: str) -> UserGroup | None:
        found = _first(self._state.user_groups, lambda row: row.name == name)
        return found[1] if found else None

    def listed(self) -> Sequence[ListedUserGroup]:
        return [ListedUserGroup(row, self.permissions(row_id)) for row_id, row in self._state.user_groups.items()]

    def remove(self, group_id: int) -> None:
        self._state.group_permissions.remove_where(lambda _, row: row.group_id == group_id)
        self._state.user_groups.remove_where(lambda row_id, _: row_id == group_id)

    def permissions(self, group_id: int) -> Sequence[tuple[NamespaceName, NamespacePermission]]:
        rows = self._state.group_permissions.items()
        return self._named({row.namespace_id: row.permission for _, row in rows if row.group_id == group_id})

    def permission(self, group_id: int, namespace_id: int) -> NamespacePermission | None:
        found = _first(self._state.group_permissions, _is(group_id, namespace_id))
        return found[1].permission if found else None

    def add_permission(self, group_id: int, namespace_id: int, permission: NamespacePermission) -> None:
        if group_id not in self._state.user_groups or namespace_id not in self._state.namespaces:
            self._state.refuse("The user group or the namespace was deleted meanwhile")
        if self.permission(group_id, namespace_id) is not None:
            self._state.refuse("The user group has a permission on the namespace already")
        self._state.group_permissions.add(GroupPermissionRow(group_id, namespace_id, permission))

    def remove_permission(self, group_id: int, namespace_id: int) -> None:
        is_one = _is(group_id, namespace_id)
        self._state.group_permissions.remove_where(lambda _, row: is_one(row))

    def permissions_on(self, namespace_id: int) -> Sequence[tuple[UserGroup, NamespacePermission]]:
        rows = [row for _, row in self._state.group_permissions.items() if row.namespace_id == namespace_id]
        rows.sort(key=attrgetter("group_id"))
        return [(self._state.user_groups[row.group_id], row.permission) for row in rows]

    def grants(self, person: Person) -> Grants:
        groups = {row_id: row for row_id, row in self._state.user_groups.items() if row.name in person.groups}
        namespaces: dict[int, NamespacePermission] = {}
        for _, row in self._state.group_permissions.items():
            is_higher = row.permission is NamespacePermission.FULL or row.namespace_id not in namespaces
            if row.group_id in groups and is_higher:
                namespaces[row.namespace_id] = row.permission
        for namespace_id, namespace in self._state.namespaces.items():
            if _owns(person, namespace):
                namespaces[namespace_id] = NamespacePermission.FULL
        return Grants(any(group.site_admin for group in groups.values()), namespaces)

    def held_permissions(self, person: Person) -> Sequence[tuple[NamespaceName, NamespacePermission]]:
        return self._named(self.grants(person).namespaces)

    def _named(self, permissions: Mapping[int, NamespacePermission]) -> list[tuple[NamespaceName, NamespacePermission]]:
        """Permissions by namespace id as those by the present names, in their order."""
        named = [(self._state.namespaces[key].name, permission) for key, permission in permissions.items()]
        return sorted(named, key=lambda row: row[0].folded)


def _is(group_id: int, namespace_id: int) -> Callable[[GroupPermissionRow], bool]:
    return lambda row: (row.group_id, row.namespace_id) == (group_id, namespace_id)


def _owns(person: Person, namespace: Namespace) -> bool:
    """Whether the namespace was generated for a GitHub account of the person."""
    is_generated = namespace.kind is not NamespaceKind.NONE and namespace.source is not None
    names = {login.lower() for login in person.logins if NamespaceName.is_valid(login)}
    return is_generated and namespace.source == person.source and namespace.name.folded in names


@attrs.frozen
class MemoryAccessTokens:
    """The access tokens of one state."""

    _state: State

    def add(self, token: AccessToken, digest: str) -> None:
        if any(namespace_id not in self._state.namespaces for namespace_id in token.namespaces or ()):
            self._state.refuse("A namespace of the token was deleted meanwhile")
        if _first(self._state.access_tokens, lambda row: row.token.id == token.id or row.digest == digest):
            self._state.refuse("A token of this id or digest exists already")
        self._state.access_tokens.add(AccessTokenRow(token, digest))

    def find(self, digest: str, now: datetime) -> AccessToken | None:
        found = _first(self._state.access_tokens, lambda row: row.digest == digest)
        if found is None:
            return None
        token = found[1].token
        return token if token.expires_at is None or token.expires_at > now else None

    def get(self, token_id: str) -> AccessToken | None:
        found = _first(self._state.access_tokens, lambda row: row.token.id == token_id)
        return found[1].token if found else None

    def listed(self, owner: Person | None) -> Sequence[ListedAccessToken]:
        rows = [row.token for _, row in self._state.access_tokens.items()]
        shown = sorted((row for row in rows if owner is None or row.owner.key == owner.key), key=attrgetter("id"))
        shown.sort(key=attrgetter("created_at"), reverse=True)
        return [ListedAccessToken(row, self._names(row)) for row in shown]

    def _names(self, token: AccessToken) -> Sequence[NamespaceName] | None:
        if token.namespaces is None:
            return None
        return sorted((self._state.namespaces[key].name for key in token.namespaces), key=attrgetter("folded"))

    def touch(self, token_id: str, now: datetime) -> None:
        self._change(lambda token: attrs.evolve(token, last_used_at=now) if token.id == token_id else token)

    def update_owner(self, person: Person) -> None:
        self._change(lambda token: attrs.evolve(token, owner=person) if token.owner.key == person.key else token)

    def remove(self, token_id: str) -> None:
        self._state.access_tokens.remove_where(lambda _, row: row.token.id == token_id)

    def forget_namespace(self, namespace_id: int) -> None:
        """Take a namespace that is removed off all tokens."""

        def without(token: AccessToken) -> AccessToken:
            limit = token.namespaces
            return attrs.evolve(token, namespaces=limit - {namespace_id}) if limit is not None else token

        self._change(without)

    def _change(self, changed: Callable[[AccessToken], AccessToken]) -> None:
        for row_id, row in self._state.access_tokens.items():
            self._state.access_tokens.put(row_id, attrs.evolve(row, token=changed(row.token)))


@attrs.frozen
class MemoryTerraformLogins:
    """The codes and tokens of `terraform login` of one state."""

    _state: State

    def add_code(self, code: TerraformCode) -> None:
        if _first(self._state.terraform_codes, lambda row: row.digest == code.digest):
            self._state.refuse("A code of this digest exists already")
        self._state.terraform_codes.add(code)

    def redeem(self, digest: str, token_digest: str, now: datetime) -> TerraformCode | None:
        found = _first(self._state.terraform_codes, lambda row: row.digest == digest and row.expires_at > now)
        if found is None:
            return None
        row_id, code = found
        if code.token_digest is None:
            self._state.terraform_codes.put(row_id, attrs.evolve(code, token_digest=token_digest))
        return code

    def add_token(self, token: TerraformToken) -> None:
        if _first(self._state.terraform_tokens, lambda row: row.digest == token.digest):
            self._state.refuse("A token of this digest exists already")
        self._state.terraform_tokens.add(token)

    def find_token(self, digest: str, now: datetime) -> TerraformToken | None:
        found = _first(self._state.terraform_tokens, lambda row: row.digest == digest and row.expires_at > now)
        return found[1] if found else None

    def remove_token(self, digest: str) -> None:
        self._state.terraform_tokens.remove_where(lambda _, row: row.digest == digest)

    def purge(self, now: datetime, limit: int) -> int:
        codes = _purge(self._state.terraform_codes, attrgetter("expires_at"), now, limit)
        return codes + _purge(self._state.terraform_tokens, attrgetter("expires_at"), now, limit)


@attrs.frozen
class MemoryFailures:
    """The wrong credentials of late of one state."""

    _state: State

    def add(self, client: str, kind: FailureKind, now: datetime) -> None:
        self._state.failures.add(FailureRow(client, kind, now))

    def count(self, client: str, kind: FailureKind, since: datetime) -> int:
        return len(self._later(client, kind, since))

    def oldest(self, client: str, kind: FailureKind, since: datetime) -> datetime | None:
        return min(self._later(client, kind, since), default=None)

    def purge(self, until: datetime, limit: int) -> int:
        return _purge(self._state.failures, attrgetter("failed_at"), until, limit)

    def _later(self, client: str, kind: FailureKind, since: datetime) -> list[datetime]:
        rows = [row for _, row in self._state.failures.items() if (row.client, row.kind) == (client, kind)]
        return [row.failed_at for row in rows if row.failed_at > since]
