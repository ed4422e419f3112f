"""Pre-signed archive keys as signed JSON tokens."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from terrareg_core.errors import InvalidPresignedKey

_ALGORITHM = "HS256"
_PURPOSE = "terrareg-archive-key"
_MAX_LENGTH = 4096


class JwsArchiveKeySigner:
    """Archive keys in the compact form of RFC 7515, signed with HMAC-SHA-256 (chapter 04, section 14).

    Two things keep any other token out, even one signed with the same secret: the signing key is derived from it for
    this purpose alone, and the header, which names the purpose as its `typ`, must be the very one that `sign` writes.
    """

    def __init__(self, secret: str) -> None:
        """Sign with the secret text `secret`, shared by all processes of the registry; ValueError when it is empty."""
        if not secret:
            raise ValueError("a secret to sign archive keys with is needed")
        derived = hmac.digest(secret.encode("utf-8", "surrogatepass"), _PURPOSE.encode("ascii"), hashlib.sha256)
        self._key = OctKey.import_key(derived)
        self._header = self._signed({}).partition(".")[0] + "."

    def sign(self, path: str, expires_at: datetime) -> str:
        """A key for the archive at the URL path `path`, good before (not at) `expires_at`.

        `expires_at` is timezone-aware. ValueError when it isn't, or when the path is too long for a key of 4 KiB.
        """
        if expires_at.tzinfo is None:
            raise ValueError("the end of an archive key's life needs a time zone")
        key = self._signed({"path": path, "expires_at": expires_at.astimezone(UTC).isoformat()})
        if len(key) > _MAX_LENGTH:
            raise ValueError("the path is too long for an archive key")
        return key

    def verify(self, key: str, path: str, now: datetime) -> None:
        """Return if `key` opens `path` at the timezone-aware time `now`; raises InvalidPresignedKey otherwise."""
        claims = self._claims(key)
        if claims is None or claims["path"] != path or datetime.fromisoformat(claims["expires_at"]) <= now:
            raise InvalidPresignedKey("The key for this archive is missing, invalid or expired")

    def _signed(self, claims: dict[str, str]) -> str:
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact({"alg": _ALGORITHM, "typ": _PURPOSE}, payload, self._key, algorithms=[_ALGORITHM])

    def _claims(self, key: str) -> dict[str, str] | None:
        """What `sign` wrote into `key`, or None when it didn't make it."""
        # Only what passes these three tests meets the library: its header parser is no place for strangers' text.
        if len(key) > _MAX_LENGTH or not key.isascii() or not key.startswith(self._header):
            return None
        try:
            token = jws.deserialize_compact(key, self._key, algorithms=[_ALGORITHM])
        except (JoseError, ValueError):
            return None
        claims: dict[str, str] = json.loads(token.payload)
        return claims if claims.keys() == {"path", "expires_at"} else None
