"""Sessions: signing in with the admin token, signing out, and what a caller may see of itself (chapter 04, 5 and 7)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from terrareg_core.access.authentication import Caller, SignInPolicy
from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import SessionKeys, url_safe
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import Authoriser, Capability, Decision, decide, grants_of
from terrareg_core.access.stored import Session, digest_of
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock, RandomSource
from terrareg_core.errors import PermissionDenied
from terrareg_core.identifiers import NamespaceName
from terrareg_core.transactions import Transaction, UnitOfWork

_PURGED_AT_ONCE = 500


@attrs.frozen
class OpenedSession:
    """A session that has just begun."""

    value: str = attrs.field(repr=False)
    """What the browser keeps; it is stored nowhere else."""
    csrf_token: str = attrs.field(repr=False)
    seconds: int
    """How long it lasts."""


@attrs.frozen
class AccessStatus:
    """What a caller may do, as far as it concerns a page (chapter 04, 7.2)."""

    read_access: bool
    authenticated: bool
    site_admin: bool
    namespace_permissions: Mapping[NamespaceName, NamespacePermission]
    csrf_token: str | None
    """Of the caller's session, if it acts by one."""


@attrs.frozen
class Sessions:
    """The use cases of sessions."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _random: RandomSource
    _policy: SignInPolicy
    _lifetime: timedelta

    @property
    def keys(self) -> SessionKeys | None:
        """What CSRF tokens are checked with; None where there are no sessions."""
        return self._policy.keys

    def sign_in_as_admin(self, caller: Caller) -> OpenedSession:
        """Begin a session of the built-in admin, in place of the caller's. Raises AccessDenied."""
        with self._unit_of_work.write() as tx:
            self._authoriser.permit(tx, caller.identity, Capability.BUILT_IN_ADMIN)
            return self.begin(tx, Person.built_in_admin(), caller.session)

    def begin(
        self, tx: Transaction, person: Person, previous: Session | None, valid_seconds: int | None = None
    ) -> OpenedSession:
        """Begin a session in place of `previous`, with its audit event; for use cases that have proved who it is.

        It lasts no longer than `valid_seconds`. Raises PermissionDenied where there are no sessions.
        """
        keys = self._require_keys()
        now = self._clock.now()
        if previous is not None:
            tx.sessions.remove(previous.digest)
        tx.sessions.purge(now, _PURGED_AT_ONCE)
        value, csrf_secret = url_safe(self._random.secret()), url_safe(self._random.secret())
        lifetime = self._lifetime
        if valid_seconds is not None:
            # Compared as numbers: an identity provider may name more seconds than a timedelta holds.
            lifetime = timedelta(seconds=min(valid_seconds, lifetime.total_seconds()))
        tx.sessions.add(
            Session(
                digest=digest_of(value),
                person=person,
                csrf_secret=csrf_secret,
                fingerprint=keys.fingerprint(person.method),
                created_at=now,
                expires_at=now + lifetime,
            )
        )
        AuditPen(tx.audit, now, Identity.signed_in(person)).write(AuditAction.USER_LOGIN)
        return OpenedSession(value, keys.csrf_token(csrf_secret), int(lifetime.total_seconds()))

    def sign_out(self, caller: Caller) -> None:
        """End the caller's session on the server; harmless without one."""
        session = caller.session
        if session is None:
            return
        with self._unit_of_work.write() as tx:
            if tx.sessions.find(session.digest, self._clock.now()) is None:
                # Somebody else who holds the same cookie was faster.
                return
            tx.sessions.remove(session.digest)
            AuditPen(tx.audit, self._clock.now(), Identity.signed_in(session.person)).write(AuditAction.USER_LOGOUT)

    def status(self, caller: Caller) -> AccessStatus:
        """What the caller may do; never refused."""
        identity, person = caller.identity, caller.identity.person
        grants = Grants()
        held: Sequence[tuple[NamespaceName, NamespacePermission]] = ()
        if self._authoriser.asks_store(identity):
            with self._unit_of_work.read() as tx:
                grants = grants_of(tx, identity)
                held = tx.user_groups.held_permissions(person) if identity.is_single_sign_on and person else ()
        policy = self._authoriser.policy
        return AccessStatus(
            read_access=decide(identity, policy, grants, Capability.READ) is Decision.ALLOW,
            authenticated=not identity.is_anonymous,
            site_admin=decide(identity, policy, grants, Capability.SITE_ADMIN) is Decision.ALLOW,
            namespace_permissions=dict(held),
            csrf_token=self.csrf_token(caller),
        )

    def csrf_token(self, caller: Caller) -> str | None:
        """What proves that a request comes from a page that was made for the caller; None if it needs no proof."""
        keys, session = self._policy.keys, caller.session
        if keys is None or session is None or not caller.identity.is_session:
            return None
        return keys.csrf_token(session.csrf_secret)

    def purge(self) -> None:
        """Forget what expired: sessions, attempts to sign in, assertions, codes and tokens of `terraform login`.

        A bounded number of each at a time; whoever calls this does so every few minutes.
        """
        now = self._clock.now()
        with self._unit_of_work.write() as tx:
            tx.sessions.purge(now, _PURGED_AT_ONCE)
            tx.sign_in_attempts.purge(now, _PURGED_AT_ONCE)
            tx.used_assertions.purge(now, _PURGED_AT_ONCE)
            tx.terraform_logins.purge(now, _PURGED_AT_ONCE)

    def _require_keys(self) -> SessionKeys:
        if self._policy.keys is None:
            raise PermissionDenied("Nobody can sign in here, because no SECRET_KEY is set; use an API key")
        return self._policy.keys
