"""ID tokens of `terraform login`, signed with the operator's RSA key (chapter 04, 13.4 and 13.5)."""

from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey

_ALGORITHM = "RS256"
_LEAST_BITS = 2048


class RsaTokenIssuer:
    """Signs ID tokens with one RSA key (implements `TokenIssuer`)."""

    def __init__(self, pem: bytes) -> None:
        """Sign with the private key in `pem`.

        Raises ValueError, with what the key is instead, unless it is an unencrypted RSA key of 2048 bits or more.
        """
        # Looked at before it is imported, because that only warns of weak keys, on standard error.
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("not an RSA private key in PEM form without a pass phrase") from None
        if not isinstance(private, RSAPrivateKey):
            raise ValueError("not an RSA private key but one of another kind")
        if private.key_size < _LEAST_BITS:
            raise ValueError(f"shorter than {_LEAST_BITS} bits")
        key = RSAKey.import_key(private)
        self._key = key
        self._id = key.thumbprint()

    def id_token(self, claims: Mapping[str, object]) -> str:
        """See `TokenIssuer.id_token`."""
        return jwt.encode({"alg": _ALGORITHM, "kid": self._id}, dict(claims), self._key, algorithms=[_ALGORITHM])

    def key_set(self) -> Mapping[str, object]:
        """See `TokenIssuer.key_set`."""
        public = self._key.as_dict(private=False)
        shown = {name: public[name] for name in ("kty", "n", "e")}
        return {"keys": [{**shown, "alg": _ALGORITHM, "use": "sig", "kid": self._id}]}
