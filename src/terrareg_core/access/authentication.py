"""From credentials to an identity: which key, token or session a request carries, in the order of chapter 04, 2.1.

An invalid credential is no error; the search goes on and may end at anonymous.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import attrs

from terrareg_core.access import names
from terrareg_core.access.grants import TokenGrant
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, TERRAFORM_TOKEN_PREFIX, Secret, SessionKeys, is_token
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.stored import AccessToken, Session, digest_of
from terrareg_core.clock import Clock
from terrareg_core.errors import StoreUnavailable
from terrareg_core.transactions import Transaction, UnitOfWork

_TOUCHED = timedelta(minutes=1)
"""How exactly it is known when an access token was used (chapter 04; decision 30)."""


@attrs.frozen
class Credentials:
    """What a request carries, as raw bytes of its headers; empty and absent are the same."""

    api_key: bytes = attrs.field(default=b"", repr=False)
    """Of the header `X-Terrareg-ApiKey`."""
    bearer: bytes = attrs.field(default=b"", repr=False)
    """Of `Authorization: Bearer …`."""
    session: str = attrs.field(default="", repr=False)
    """Of the cookie that names a session."""

    @property
    def are_presented(self) -> bool:
        """Whether there is a key or token; a browser sends its cookie by itself."""
        return bool(self.api_key or self.bearer)


@attrs.frozen
class AnalyticsKey:
    """A secret that identifies a deployment environment (chapter 06, 2.5)."""

    secret: Secret
    environment: str


@attrs.frozen
class ConfiguredSecrets:
    """Every secret that the registry's settings name; None and empty switch a method off."""

    admin: Secret | None = None
    upload: tuple[Secret, ...] = ()
    publish: tuple[Secret, ...] = ()
    analytics: tuple[AnalyticsKey, ...] = ()
    """In order of rising priority: development first, production last."""
    ignore_analytics: tuple[Secret, ...] = ()
    internal_extraction: Secret | None = None


@attrs.frozen(kw_only=True)
class SignInPolicy:
    """Which ways to sign in there are; who came by another one is not known any more."""

    offered: frozenset[tuple[SignInMethod, str | None]] = frozenset()
    """Each with the API name of the provider source, for GitHub."""
    keys: SessionKeys | None = None
    """None where nobody can sign in, because no `SECRET_KEY` is set."""
    terraform_login: bool = False
    """Whether tokens of `terraform login` are good for anything."""

    def offers(self, person: Person) -> bool:
        """Whether this person could sign in today as they did."""
        return (person.method, person.source) in self.offered


@attrs.frozen
class Caller:
    """Who makes a request."""

    identity: Identity
    session: Session | None = None
    """The valid session that its cookie names, also where another credential makes it act as somebody else."""
    has_failed: bool = False
    """Whether it presents keys or tokens, and nothing that it carries is right."""


@attrs.frozen
class _Stored:
    """What the store knows of the credentials of a request."""

    session: Session | None = None
    key_token: AccessToken | None = None
    bearer_token: AccessToken | None = None
    terraform_login: Person | None = None


def _any_matches(secrets: Iterable[Secret], presented: bytes) -> bool:
    # Every candidate is compared, so that the time taken doesn't tell which one matched.
    return sum(secret.matches(presented) for secret in secrets) > 0


@attrs.frozen
class Authenticator:
    """Finds out who a request comes from."""

    _secrets: ConfiguredSecrets
    _policy: SignInPolicy
    _unit_of_work: UnitOfWork
    _clock: Clock

    def asks_store(self, credentials: Credentials) -> bool:
        """Whether `identify` reads what is stored; without, it does no I/O."""
        return bool(
            credentials.session
            or is_token(_text(credentials.api_key), ACCESS_TOKEN_PREFIX)
            or is_token(_text(credentials.bearer), ACCESS_TOKEN_PREFIX)
            or is_token(_text(credentials.bearer), TERRAFORM_TOKEN_PREFIX)
        )

    def identify(self, credentials: Credentials) -> Caller:
        """The caller that the first valid credential proves, or an anonymous one. Raises StoreUnavailable."""
        stored = self._stored(credentials) if self.asks_store(credentials) else _Stored()
        identity = (
            self._by_api_key(credentials.api_key, stored)
            or (Identity.signed_in(stored.session.person) if stored.session is not None else None)
            or self._by_bearer(credentials.bearer, stored)
            or Identity.anonymous()
        )
        return Caller(identity, stored.session, identity.is_anonymous and credentials.are_presented)

    # --- what is configured --------------------------------------------------------------------------------------

    def _by_api_key(self, key: bytes, stored: _Stored) -> Identity | None:
        secrets = self._secrets
        if secrets.admin is not None and secrets.admin.matches(key):
            return Identity.administrator()
        if stored.session is not None and stored.session.person.method is SignInMethod.PASSWORD:
            return Identity.signed_in(stored.session.person)
        if _any_matches(secrets.upload, key):
            return Identity(IdentityKind.UPLOAD_KEY, names.UPLOAD_KEY)
        if _any_matches(secrets.publish, key):
            return Identity(IdentityKind.PUBLISH_KEY, names.PUBLISH_KEY)
        return _with_token(stored.key_token) if stored.key_token is not None else None

    def _by_bearer(self, token: bytes, stored: _Stored) -> Identity | None:
        if stored.terraform_login is not None:
            return Identity(IdentityKind.TERRAFORM_TOKEN, names.TERRAFORM_TOKEN)
        if stored.bearer_token is not None:
            return _with_token(stored.bearer_token)
        secrets = self._secrets
        environments = [key.environment for key in secrets.analytics if key.secret.matches(token)]
        if environments:
            return Identity(IdentityKind.ANALYTICS_KEY, names.ANALYTICS_KEY, environment=environments[0])
        if _any_matches(secrets.ignore_analytics, token):
            return Identity(IdentityKind.IGNORE_ANALYTICS_KEY, names.IGNORE_ANALYTICS_KEY)
        if secrets.internal_extraction is not None and secrets.internal_extraction.matches(token):
            return Identity(IdentityKind.INTERNAL_EXTRACTION, names.INTERNAL_EXTRACTION)
        return None

    # --- what is stored ------------------------------------------------------------------------------------------

    def _stored(self, credentials: Credentials) -> _Stored:
        now = self._clock.now()
        with self._unit_of_work.read() as tx:
            stored = _Stored(
                self._session(tx, credentials.session, now),
                self._access_token(tx, _text(credentials.api_key), now),
                self._access_token(tx, _text(credentials.bearer), now),
                self._terraform_login(tx, _text(credentials.bearer), now),
            )
        for token in {token.id: token for token in (stored.key_token, stored.bearer_token) if token}.values():
            if token.last_used_at is None or now - token.last_used_at >= _TOUCHED:
                self._touch(token, now)
        return stored

    def _touch(self, token: AccessToken, now: datetime) -> None:
        # A store that is busy writing keeps nobody from reading.
        with suppress(StoreUnavailable), self._unit_of_work.write() as tx:
            tx.access_tokens.touch(token.id, now)

    def _session(self, tx: Transaction, value: str, now: datetime) -> Session | None:
        keys = self._policy.keys
        found = tx.sessions.find(digest_of(value), now) if value and keys is not None else None
        if found is None or keys is None or not self._policy.offers(found.person):
            return None
        return found if found.fingerprint == keys.fingerprint(found.person.method) else None

    def _access_token(self, tx: Transaction, text: str, now: datetime) -> AccessToken | None:
        found = tx.access_tokens.find(digest_of(text), now) if is_token(text, ACCESS_TOKEN_PREFIX) else None
        return found if found is not None and self._policy.offers(found.owner) else None

    def _terraform_login(self, tx: Transaction, text: str, now: datetime) -> Person | None:
        if not self._policy.terraform_login or not is_token(text, TERRAFORM_TOKEN_PREFIX):
            return None
        found = tx.terraform_logins.find_token(digest_of(text), now)
        return found.person if found is not None and self._policy.offers(found.person) else None


def _text(credential: bytes) -> str:
    """A credential as text; every byte has its character, so that others than ASCII are in no token."""
    return credential.decode("latin-1")


def _with_token(token: AccessToken) -> Identity:
    return Identity(
        IdentityKind.ACCESS_TOKEN,
        f"{token.owner.name} (token {token.name})",
        person=token.owner,
        token=TokenGrant(token.scopes, token.namespaces),
    )
