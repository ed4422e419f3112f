"""Pre-signed archive keys of one process."""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime

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
