"""Signing in through an identity provider: there and back again (chapter 04, 5.3 and 8 to 10)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from terrareg_core.access.authentication import Caller, SignInPolicy
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import url_safe
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import IdentityProvider, ServiceMetadata
from terrareg_core.access.sessions import OpenedSession, Sessions
from terrareg_core.access.stored import Session, SignInAttempt, digest_of
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock, RandomSource
from terrareg_core.errors import (
    AlreadyStored,
    NotOffered,
    ProviderSourceNotFound,
    SignInNotStarted,
    SignInRefused,
    SignInUnavailable,
)
from terrareg_core.identifiers import NamespaceName
from terrareg_core.modules.resolution import find_namespace
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.transactions import Transaction, UnitOfWork

ATTEMPT_LIFETIME = timedelta(minutes=10)

_ATTEMPTS_MAX = 10_000
_ASSERTION_SECONDS_MAX = 366 * 86_400
"""An assertion is only good with its attempt to sign in, which is forgotten long before."""
_STORED_AT_MOST = 4
"""How often the transaction runs when others store the same rows at the same moment."""
_PATH_MAX = 2048
_LOCAL_PATH = re.compile(r"/(?!/)[^\\\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]*")


def local_path(text: str | None) -> str:
    """The path that a browser may be sent to after signing in: `text` if it leads nowhere else, or else `/`.

    Chapter 04, 16.2: it begins with one slash, and holds no backslash, blank or control character, which browsers
    would read as something else, and no lone surrogate, which can't be sent.
    """
    if text is None or len(text) > _PATH_MAX or not _LOCAL_PATH.fullmatch(text):
        return "/"
    return text


@attrs.frozen
class StartedSignIn:
    """Where a browser goes to sign in, and what it keeps meanwhile."""

    url: str = attrs.field(repr=False)
    """It holds the state."""
    browser: str = attrs.field(repr=False)
    """The value of a cookie, without which the answer is worth nothing."""
    seconds: int
    """How long that is."""
    crosses_sites: bool
    """Whether the answer is posted by another site, so that the cookie must travel with such posts."""


@attrs.frozen
class SignedIn:
    """Somebody is signed in."""

    session: OpenedSession | None
    """None for somebody who was already, and went back in their browser."""
    return_path: str
    """Where they wanted to go: a local path."""


@attrs.frozen
class SignIn:
    """The use cases of those who sign in somewhere else."""

    _unit_of_work: UnitOfWork
    _clock: Clock
    _random: RandomSource
    _policy: SignInPolicy
    _sessions: Sessions
    _providers: Sequence[IdentityProvider]
    _saml: ServiceMetadata | None

    def offers(self, method: SignInMethod, source: str | None = None) -> bool:
        """Whether there is such a way to sign in."""
        return self._policy.keys is not None and (method, source) in self._policy.offered

    def github_user(self, caller: Caller, source: str) -> str | None:
        """The login of a caller who is in a session that began at this GitHub. Raises ProviderSourceNotFound."""
        if self._find(SignInMethod.GITHUB, source) is None:
            raise ProviderSourceNotFound
        person = caller.session.person if caller.session is not None else None
        is_theirs = person is not None and (person.method, person.source) == (SignInMethod.GITHUB, source)
        return person.subject if person is not None and is_theirs else None

    def metadata(self) -> str:
        """This registry's description for SAML identity providers, as XML text. Raises NotOffered."""
        if self._saml is None:
            raise NotOffered
        return self._saml.metadata()

    def start(self, method: SignInMethod, source: str | None, return_path: str | None) -> StartedSignIn:
        """Send a browser away to sign in; `return_path` is where it wants to go afterwards, whatever it says.

        Raises SignInUnavailable.
        """
        provider = self._provider(method, source)
        state, browser = url_safe(self._random.secret()), url_safe(self._random.secret())
        request = provider.start(state)
        now = self._clock.now()
        attempt = SignInAttempt(
            state_digest=digest_of(state),
            browser_digest=digest_of(browser),
            method=method,
            source=source,
            nonce=request.nonce,
            verifier=request.verifier,
            request_id=request.request_id,
            return_path=local_path(return_path),
            created_at=now,
            expires_at=now + ATTEMPT_LIFETIME,
        )
        with self._unit_of_work.write() as tx:
            tx.sign_in_attempts.add(attempt, _ATTEMPTS_MAX)
        return StartedSignIn(request.url, browser, int(ATTEMPT_LIFETIME.total_seconds()), provider.posts_answers)

    def finish(
        self,
        method: SignInMethod,
        source: str | None,
        answer: Mapping[str, str],
        *,
        state: str,
        browser: str,
        caller: Caller,
    ) -> SignedIn:
        """Take a browser back: begin a session of the person that the answer proves, in place of the caller's.

        `answer` holds the fields of the query or form, `state` the value that `start` gave away, and `browser` the
        cookie's. Each attempt counts once, whatever becomes of it. Raises ProviderSourceNotFound, SignInUnavailable,
        SignInNotStarted for a browser that nobody sent away, and SignInRefused.
        """
        if method is SignInMethod.GITHUB and self._find(method, source) is None:
            raise ProviderSourceNotFound
        provider = self._provider(method, source)
        if not browser and caller.identity.is_session and not provider.posts_answers:
            return SignedIn(None, "/")
        if not browser:
            raise SignInNotStarted("You have not begun to sign in here, or did so in another browser; begin again")
        with self._unit_of_work.write() as tx:
            attempt = tx.sign_in_attempts.take(digest_of(state), self._clock.now())
        if (
            attempt is None
            or attempt.browser_digest != digest_of(browser)
            or (attempt.method, attempt.source) != (method, source)
        ):
            raise SignInRefused("This answer belongs to no attempt to sign in of this browser; begin again")
        proved = provider.finish(attempt, answer)
        for _ in range(_STORED_AT_MOST):
            try:
                with self._unit_of_work.write() as tx:
                    return SignedIn(self._begin(tx, provider, proved, caller.session), attempt.return_path)
            except AlreadyStored:
                # Somebody else made a namespace of the same account at the same moment.
                continue
        raise SignInRefused("Others are signing in with the same account at this moment; begin again")

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _find(self, method: SignInMethod, source: str | None) -> IdentityProvider | None:
        return next((it for it in self._providers if (it.method, it.source) == (method, source)), None)

    def _provider(self, method: SignInMethod, source: str | None) -> IdentityProvider:
        provider = self._find(method, source)
        if provider is None:
            raise SignInUnavailable("This way to sign in is not set up here; choose another")
        if self._policy.keys is None:
            raise SignInUnavailable("Nobody can sign in here, because no SECRET_KEY is set; tell the operator")
        return provider

    def _begin(
        self, tx: Transaction, provider: IdentityProvider, proved: ExternalIdentity, previous: Session | None
    ) -> OpenedSession:
        now = self._clock.now()
        if proved.valid_seconds is not None and proved.valid_seconds < 1:
            raise SignInRefused("What the identity provider asserts has expired already; begin to sign in again")
        if proved.assertion_id is not None:
            seconds = min(proved.assertion_seconds or 0, _ASSERTION_SECONDS_MAX)
            _use_up(tx, proved.assertion_id, now + timedelta(seconds=seconds) + ATTEMPT_LIFETIME)
        person = proved.person(provider.method, provider.source)
        if proved.generates_namespaces and provider.source is not None:
            _claim_namespaces(tx, AuditPen(tx.audit, now, Identity.signed_in(person)), proved.accounts, provider.source)
        tx.access_tokens.update_owner(person)
        return self._sessions.begin(tx, person, previous, proved.valid_seconds)


def _use_up(tx: Transaction, assertion_id: str, expires_at: datetime) -> None:
    try:
        tx.used_assertions.add(assertion_id, expires_at)
    except AlreadyStored as error:
        raise SignInRefused("This answer was used before; begin to sign in again") from error


def _claim_namespaces(tx: Transaction, pen: AuditPen, accounts: Mapping[str, NamespaceKind], source: str) -> None:
    """Make the namespaces of GitHub accounts (chapter 04, 10.4): those that are missing, or empty and nobody's.

    A namespace that is in use stays as it is, and so does one that the name of an account only redirects to, or that
    modules were moved out of, whose former addresses terraform still asks for: whoever registers an account of some
    name at GitHub has no claim to what others have built here.
    """
    for login, kind in accounts.items():
        found = find_namespace(tx, login)
        if found is None and NamespaceName.is_valid(login):
            tx.namespaces.add(NamespaceName.parse(login), kind=kind, source=source)
            pen.write(AuditAction.NAMESPACE_CREATE, login)
        elif found is not None and found.name.folded == login.lower() and _is_nobodys(tx, found):
            tx.namespaces.set_origin(found.id, kind, source)
            pen.write(AuditAction.NAMESPACE_MODIFY_TYPE, found.name, old_value=found.kind.value, new_value=kind.value)


def _is_nobodys(tx: Transaction, namespace: Namespace) -> bool:
    return (
        namespace.kind is NamespaceKind.NONE
        and tx.namespaces.is_empty(namespace.id)
        and not tx.module_providers.redirects_from(namespace.id)
        and not tx.user_groups.permissions_on(namespace.id)
    )
