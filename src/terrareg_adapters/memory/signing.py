"""Pre-signed archive keys and ID tokens of one process."""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from terrareg_core.errors import InvalidPresignedKey


class MemoryArchiveKeySigner:
    """Makes archive keys under a secret of its own; they are worth nothing to any other signer."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def sign(self, path: str, expires_at: datetime) -> str:
        """As `ArchiveKeySigner.sign`: good before (not at) the timezone-aware `expires_at`."""
        if expires_at.tzinfo is None:
            raise ValueError("the end of an archive key's life needs a time zone")
        expiry = expires_at.astimezone(UTC).strftime("%Y%m%d%H%M%S%f").zfill(20)
        return f"{expiry}.{self._mac(path, expiry)}"

    def verify(self, key: str, path: str, now: datetime) -> None:
        """As `ArchiveKeySigner.verify`."""
        expiry, _, mac = key.partition(".")
        genuine = hmac.compare_digest(mac.encode("utf-8", "surrogatepass"), self._mac(path, expiry).encode("ascii"))
        if not genuine or datetime.strptime(f"{expiry}+0000", "%Y%m%d%H%M%S%f%z") <= now:
            raise InvalidPresignedKey("The key for this archive is missing, invalid or expired")

    def _mac(self, path: str, expiry: str) -> str:
        return hmac.new(self._secret, json.dumps([expiry, path]).encode("ascii"), hashlib.sha256).hexdigest()


class MemoryTokenIssuer:
    """Signs ID tokens with an RSA key of its own, which no other issuer has; making it takes a moment."""

    def __init__(self) -> None:
        self._key = generate_private_key(public_exponent=65_537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        self._public = {"e": _of_number(numbers.e), "kty": "RSA", "n": _of_number(numbers.n)}
        self._id = _base64url(hashlib.sha256(_compact(self._public)).digest())

    def id_token(self, claims: Mapping[str, object]) -> str:
        """As `TokenIssuer.id_token`."""
        parts = [_base64url(_compact(part)) for part in ({"typ": "JWT", "alg": "RS256", "kid": self._id}, claims)]
        signature = self._key.sign(".".join(parts).encode("ascii"), PKCS1v15(), SHA256())
        return ".".join([*parts, _base64url(signature)])

    def key_set(self) -> Mapping[str, object]:
        """As `TokenIssuer.key_set`."""
        return {"keys": [{**self._public, "alg": "RS256", "use": "sig", "kid": self._id}]}


def _of_number(number: int) -> str:
    """A number as RFC 7518, 2 writes it."""
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8))


def _compact(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")
