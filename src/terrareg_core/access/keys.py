"""Secrets: configured ones, those that are derived from the registry's own, and the texts of new ones."""

import hashlib
import hmac
import zlib
from base64 import urlsafe_b64encode
from typing import Self

import attrs

from terrareg_core.access.people import SignInMethod

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
"""Characters of `_ALPHABET` that 256 bits take."""
_CHECKSUM_LENGTH = 6
"""Characters that 32 bits take."""

ACCESS_TOKEN_PREFIX = "trg_"  # noqa: S105 - what tells a token, not one
TERRAFORM_TOKEN_PREFIX = "trl_"  # noqa: S105 - what tells a token, not one


@attrs.frozen
class Secret:
    """A configured secret, kept as a digest: comparing takes the same time wherever two values differ."""

    _digest: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        """The secret whose clear text is `text`, as its UTF-8 bytes."""
        return cls(_digest(text.encode()))

    def matches(self, presented: bytes) -> bool:
        """Whether `presented` is this secret; an empty value never is."""
        return hmac.compare_digest(self._digest, _digest(presented)) and bool(presented)

    @property
    def fingerprint(self) -> bytes:
        """Tells this secret from others, and can't be turned back into it."""
        return _digest(b"fingerprint" + self._digest)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


@attrs.frozen
class SessionKeys:
    """What sessions hang on: `SECRET_KEY`, and for the built-in admin's also the admin token (chapter 04, 5.3)."""

    _key: bytes = attrs.field(repr=False)
    _admin: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, secret_key: str, admin: Secret | None) -> Self:
        """The keys for these settings."""
        return cls(secret_key.encode(), admin.fingerprint if admin is not None else b"")

    def fingerprint(self, method: SignInMethod) -> str:
        """What a session of this kind keeps, so that it ends when a secret behind it changes; 64 hexadecimal digits."""
        admin = self._admin if method is SignInMethod.PASSWORD else b""
        return hmac.new(self._derived(b"session"), admin, hashlib.sha256).hexdigest()

    def csrf_token(self, csrf_secret: str) -> str:
        """The CSRF token of the session with this secret; 64 hexadecimal digits."""
        return hmac.new(self._derived(b"csrf"), csrf_secret.encode(), hashlib.sha256).hexdigest()

    def proves(self, presented: str, csrf_secret: str) -> bool:
        """Whether `presented` is that token."""
        expected = self.csrf_token(csrf_secret).encode()
        return hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), expected)

    def _derived(self, label: bytes) -> bytes:
        """HKDF (RFC 5869) with SHA-256, without salt, for one block of 32 bytes."""
        extracted = hmac.new(bytes(32), self._key, hashlib.sha256).digest()
        return hmac.new(extracted, b"terrareg " + label + b"\x01", hashlib.sha256).digest()


def url_safe(content: bytes) -> str:
    """Bytes as text for cookies, URLs and tokens (base64url without padding, RFC 4648)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def new_token(prefix: str, secret: bytes) -> str:
    """A token of 32 random bytes: a prefix, letters and digits, and a checksum by which scanners know it for one."""
    body = _in_base_62(int.from_bytes(secret, "big"), _SECRET_LENGTH)
    return f"{prefix}{body}{_checksum(prefix + body)}"


def is_token(text: str, prefix: str) -> bool:
    """Whether `new_token` could have made this text, which spares asking the store for others."""
    length = len(prefix) + _SECRET_LENGTH + _CHECKSUM_LENGTH
    return (
        len(text) == length
        and text.startswith(prefix)
        and text.isascii()
        and _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]
    )


def _checksum(text: str) -> str:
    return _in_base_62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def _in_base_62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
