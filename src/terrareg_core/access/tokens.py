"""Access tokens: what people and CI use instead of a session (decision 30)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import attrs

from terrareg_core.access.grants import TokenScope
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, new_token
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import Authoriser, Capability, Decision, decide, grants_of
from terrareg_core.access.stored import AccessToken, ListedAccessToken, digest_of
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock, RandomSource
from terrareg_core.errors import AccessTokenNotFound, AlreadyStored, InvalidArgument
from terrareg_core.identifiers import NamespaceName
from terrareg_core.modules.resolution import find_namespace
from terrareg_core.transactions import Transaction, UnitOfWork

NAME_MAX = 128
NAMESPACES_MAX = 1000

_MOMENT = re.compile(r"[-+:.,0-9TWZ ]+")
"""The characters of ISO 8601; the parser takes any other one between date and time, and NUL at the end."""


@attrs.frozen(kw_only=True)
class TokenRequest:
    """The access token that somebody wants: JSON values as they sent them, of any type."""

    name: object
    """1 to 128 printable characters."""
    scopes: object
    """A list of values of `TokenScope`, at least one and none twice."""
    namespaces: object = None
    """A list of names; None for every namespace that its owner may act on."""
    expires_at: object = None
    """A moment as ISO 8601 writes it, in UTC unless it names a zone; None for never."""


@attrs.frozen
class MadeAccessToken:
    """A new access token with its secret, which is shown this once."""

    listed: ListedAccessToken
    secret: str = attrs.field(repr=False)


@attrs.frozen
class AccessTokens:
    """The use cases of access tokens: for people who signed in, and the built-in admin."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _random: RandomSource

    def create(self, identity: Identity, request: TokenRequest) -> MadeAccessToken:
        """Make a token that can do what it says as long as its owner can.

        Raises AccessDenied, and InvalidArgument for the first argument that is wrong.
        """
        try:
            with self._unit_of_work.write() as tx:
                return self._create(tx, identity, request)
        except AlreadyStored as error:
            # The only rows that others may have changed meanwhile: its namespaces.
            raise _unknown_namespace() from error

    def _create(self, tx: Transaction, identity: Identity, request: TokenRequest) -> MadeAccessToken:
        self._authoriser.permit(tx, identity, Capability.SIGNED_IN)
        now = self._clock.now()
        name, scopes = _name(request.name), _scopes(request.scopes)
        namespaces = _namespaces(tx, request.namespaces)
        token = AccessToken(
            id=self._random.identifier(),
            name=name,
            owner=_person(identity),
            scopes=scopes,
            namespaces=None if namespaces is None else frozenset(namespaces),
            created_at=now,
            expires_at=_moment(request.expires_at, now),
        )
        secret = new_token(ACCESS_TOKEN_PREFIX, self._random.secret())
        tx.access_tokens.add(token, digest_of(secret))
        AuditPen(tx.audit, now, identity).write(AuditAction.ACCESS_TOKEN_CREATE, token.name)
        names = None if namespaces is None else sorted(namespaces.values(), key=lambda name: name.folded)
        return MadeAccessToken(ListedAccessToken(token, names), secret)

    def listed(self, identity: Identity) -> Sequence[ListedAccessToken]:
        """The caller's own tokens, or everybody's for a site admin; newest first. Raises AccessDenied."""
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.SIGNED_IN)
            return tx.access_tokens.listed(None if self._sees_all(tx, identity) else _person(identity))

    def delete(self, identity: Identity, token_id: str) -> None:
        """Delete one of the caller's own tokens, or any for a site admin. Raises AccessDenied, AccessTokenNotFound."""
        with self._unit_of_work.write() as tx:
            self._authoriser.permit(tx, identity, Capability.SIGNED_IN)
            token = tx.access_tokens.get(token_id)
            if token is None or not (token.owner.key == _person(identity).key or self._sees_all(tx, identity)):
                raise AccessTokenNotFound
            tx.access_tokens.remove(token.id)
            AuditPen(tx.audit, self._clock.now(), identity).write(AuditAction.ACCESS_TOKEN_DELETE, token.name)

    def _sees_all(self, tx: Transaction, identity: Identity) -> bool:
        grants = grants_of(tx, identity)
        return decide(identity, self._authoriser.policy, grants, Capability.SITE_ADMIN) is Decision.ALLOW


def _person(identity: Identity) -> Person:
    """Whose tokens the caller's are: whoever has the admin key is the built-in admin."""
    return identity.person or Person.built_in_admin()


def _name(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_MAX or not value.isprintable():
        raise InvalidArgument("name", f"must be 1 to {NAME_MAX} printable characters")
    return value


def _scopes(value: object) -> frozenset[TokenScope]:
    known = {scope.value: scope for scope in TokenScope}
    texts = _texts(value)
    if not texts or len(set(texts)) != len(texts) or not known.keys() >= set(texts):
        raise InvalidArgument("scopes", f"must be a list of {', '.join(known)}, at least one and none twice")
    return frozenset(known[text] for text in texts)


def _namespaces(tx: Transaction, value: object) -> dict[int, NamespaceName] | None:
    if value is None:
        return None
    names = _texts(value)
    if names is None or len(names) > NAMESPACES_MAX:
        raise InvalidArgument("namespaces", f"must be null or a list of at most {NAMESPACES_MAX} names")
    found = {}
    for name in names:
        namespace = find_namespace(tx, name)
        if namespace is None:
            raise _unknown_namespace()
        found[namespace.id] = namespace.name
    return found


def _unknown_namespace() -> InvalidArgument:
    return InvalidArgument("namespaces", "must be names of namespaces that exist")


def _texts(value: object) -> list[str] | None:
    """The texts in a list of nothing else; None for any other value."""
    if not isinstance(value, list):
        return None
    texts = [element for element in value if isinstance(element, str)]
    return texts if len(texts) == len(value) else None


def _moment(value: object, now: datetime) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) and _MOMENT.fullmatch(value) else "")
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgument("expires_at", "must be a moment such as 2030-01-31T12:00:00Z") from None
    if moment <= now:
        raise InvalidArgument("expires_at", "must lie in the future")
    return moment
