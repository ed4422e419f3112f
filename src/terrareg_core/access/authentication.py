"""From credentials to an identity: which key or token a request carries, in the order of chapter 04, 2.1.

An invalid credential is no error; the search goes on and may end at anonymous.
"""

import hashlib
import hmac
from collections.abc import Iterable

import attrs

from terrareg_core.access.identities import Identity, IdentityKind


@attrs.frozen
class Credentials:
    """What a request carries, as raw bytes of its headers; empty and absent are the same."""

    api_key: bytes = b""
    """Of the header `X-Terrareg-ApiKey`."""
    bearer: bytes = b""
    """Of `Authorization: Bearer …`."""


@attrs.frozen
class Secret:
    """A configured secret, kept as a digest: comparing takes the same time wherever two values differ."""

    _digest: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Secret":
        """The secret whose clear text is `text`, as its UTF-8 bytes."""
        return cls(_digest(text.encode()))

    def matches(self, presented: bytes) -> bool:
        """Whether `presented` is this secret; an empty value never is."""
        return hmac.compare_digest(self._digest, _digest(presented)) and bool(presented)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


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


def _any_matches(secrets: Iterable[Secret], presented: bytes) -> bool:
    # Every candidate is compared, so that the time taken doesn't tell which one matched.
    return sum(secret.matches(presented) for secret in secrets) > 0


@attrs.frozen
class Authenticator:
    """Finds out who a request comes from."""

    _secrets: ConfiguredSecrets

    def identify(self, credentials: Credentials) -> Identity:
        """The identity that the first valid credential proves, or the anonymous one; never raises."""
        return self._by_api_key(credentials.api_key) or self._by_bearer(credentials.bearer) or Identity.anonymous()

    def _by_api_key(self, key: bytes) -> Identity | None:
        secrets = self._secrets
        if secrets.admin is not None and secrets.admin.matches(key):
            return Identity.administrator()
        if _any_matches(secrets.upload, key):
            return Identity(IdentityKind.UPLOAD_KEY, "Upload API Key")
        if _any_matches(secrets.publish, key):
            return Identity(IdentityKind.PUBLISH_KEY, "Publish API Key")
        return None

    def _by_bearer(self, token: bytes) -> Identity | None:
        secrets = self._secrets
        environments = [key.environment for key in secrets.analytics if key.secret.matches(token)]
        if environments:
            return Identity(
                IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token", environment=environments[0]
            )
        if _any_matches(secrets.ignore_analytics, token):
            return Identity(IdentityKind.IGNORE_ANALYTICS_KEY, "Terraform ignore analytics token")
        if secrets.internal_extraction is not None and secrets.internal_extraction.matches(token):
            return Identity(IdentityKind.INTERNAL_EXTRACTION, "Terraform internal extraction")
        return None
