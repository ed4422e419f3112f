"""ID tokens of OpenID Connect: which keys may have signed one, and whether it proves what was asked for."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import attrs
from joserfc import jws, jwt
from joserfc.errors import ClaimError, JoseError, MissingClaimError, UnsupportedAlgorithmError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry

from terrareg_core.errors import SignInRefused, SignInUnavailable

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
)
"""What an ID token may be signed with (chapter 04, 8.5): asymmetric algorithms only."""

_LEEWAY_SECONDS = 60
_MAX_SUBJECT_LENGTH = 255
"""In characters (OpenID Connect Core 1.0, section 2)."""

_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
_SIGNING_CURVE = "Ed25519"
"""The only one of key type OKP for which `at_hash` is defined, and that others than libraries use."""

_SHORTEST_RSA_MODULUS = 342
"""Base64 digits of 2048 bits, the least that RFC 7518, section 3.3, allows."""


class UnknownSigningKey(SignInRefused):
    """None of the keys at hand is the one that signed the token; newer keys may hold it."""


@attrs.frozen
class SigningKeys:
    """The keys with which a provider signs."""

    _keys: tuple[Key, ...] = attrs.field(repr=False)

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Self:
        """The usable keys of a JWK set (RFC 7517, section 5); others are ignored, symmetric ones above all.

        Raises SignInUnavailable when `document` is no JWK set.
        """
        entries = document.get("keys")
        if not isinstance(entries, list):
            raise SignInUnavailable("What the identity provider publishes as its keys is no key set; try again later")
        return cls(tuple(key for key in map(_imported, entries) if key is not None))

    def fitting(self, algorithm: str, kid: str | None) -> tuple[Key, ...]:
        """The keys that can have signed with `algorithm`; all of the id `kid`, or without one, all there are."""
        return tuple(key for key in self._keys if (kid is None or key.kid == kid) and _fits(key, algorithm))


@attrs.frozen(kw_only=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str
    """What the authorisation request said; one that is empty matches nothing."""
    algorithms: frozenset[str]
    """With which it may be signed, out of `ALGORITHMS`."""
    access_token: str = attrs.field(repr=False)
    """That came with it."""
    now: datetime


def verified_claims(token: str, keys: SigningKeys, expected: Expected) -> Mapping[str, object]:
    """The claims of the ID token `token`, once it passed everything that OpenID Connect Core 1.0, 3.1.3.7, asks for.

    In them `sub` is a text of 1 to 255 characters, and `exp` a finite number. Raises UnknownSigningKey when none of
    `keys` signed it, and SignInRefused for every other reason not to believe it.
    """
    algorithm, claims = _signed_claims(token, keys, expected.algorithms & ALGORITHMS)
    try:
        jwt.JWTClaimsRegistry(
            now=int(expected.now.timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": expected.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": expected.client_id},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
    except MissingClaimError:
        raise SignInRefused(_INCOMPLETE) from None
    except ClaimError as error:
        raise SignInRefused(_CLAIM_PROBLEMS.get(error.claim, _INCOMPLETE)) from None
    # The library takes a list that holds the value for the value; of these, only the audience may be a list.
    nonce = claims.get("nonce")
    if not expected.nonce or not isinstance(nonce, str) or not _same(nonce, expected.nonce):
        raise SignInRefused("The identity provider's ID token is not the answer to this sign-in; sign in again")
    subject, audience = claims["sub"], claims["aud"]
    assert isinstance(subject, str)
    if len(subject) > _MAX_SUBJECT_LENGTH:
        raise SignInRefused("The identity provider's ID token names its user by too long a subject")
    several = isinstance(audience, list) and len(audience) > 1
    if (several or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise SignInRefused(_CLAIM_PROBLEMS["aud"])
    if "at_hash" in claims and not _is_hash_of(claims["at_hash"], expected.access_token, algorithm):
        raise SignInRefused("The identity provider's ID token belongs to another access token; sign in again")
    return claims


_INCOMPLETE = "The identity provider's ID token lacks what OpenID Connect requires of one; check the provider"
_CLOCKS = "sign in again, or compare the clocks of both"
_CLAIM_PROBLEMS = {
    "iss": "The identity provider's ID token was issued by somebody else; check the issuer in the settings",
    "aud": "The identity provider's ID token was issued for another application; check the client ID in the settings",
    "exp": f"The identity provider's ID token has expired; {_CLOCKS}",
    "iat": f"The identity provider's ID token comes from the future; {_CLOCKS}",
    "nbf": f"The identity provider's ID token is not valid yet; {_CLOCKS}",
}


class _Registry(JWSRegistry):
    """The library's, with exactly the given algorithms, and deaf to header parameters that it doesn't know.

    The library's own takes an empty list for its defaults, and warns of `EdDSA` (RFC 9864), which is what providers
    write.
    """

    def __init__(self, algorithms: frozenset[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)
        self._permitted = algorithms

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - the library doesn't export the type
        if name not in self._permitted:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def _signed_claims(token: str, keys: SigningKeys, algorithms: frozenset[str]) -> tuple[str, dict[str, object]]:
    """The algorithm with which, and the claims that, one of `keys` signed."""
    registry = _Registry(algorithms)
    try:
        header = jws.extract_compact(token.encode("ascii"), None, registry).headers()
    except (JoseError, ValueError, RecursionError):
        raise SignInRefused("The identity provider's ID token can't be read; check the provider") from None
    algorithm, kid = header["alg"], header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms or not isinstance(kid, str | None):
        raise SignInRefused("The identity provider's ID token is signed in a way that is not accepted")
    fitting = keys.fitting(algorithm, kid)
    if not fitting:
        raise UnknownSigningKey("The identity provider's ID token is signed with an unknown key; sign in again")
    if kid is None and len(fitting) > 1:
        raise SignInRefused("The identity provider's ID token doesn't say with which of its keys it is signed")
    for key in fitting:
        try:
            return algorithm, jwt.decode(token, key, algorithms=algorithms, registry=registry).claims
        except (JoseError, ValueError, RecursionError):
            continue
    # A key without an id may have been replaced.
    refusal = UnknownSigningKey if kid is None else SignInRefused
    raise refusal("The identity provider's ID token is not signed by its key; sign in again")


def _imported(entry: object) -> Key | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kty"), str) or entry["kty"] not in _KEY_TYPES:
        return None
    if entry["kty"] == "RSA" and len(str(entry.get("n"))) < _SHORTEST_RSA_MODULUS:
        return None
    if entry["kty"] == "OKP" and entry.get("crv") != _SIGNING_CURVE:
        return None
    try:
        return JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _fits(key: Key, algorithm: str) -> bool:
    try:
        key.check_key_op("verify")
    except JoseError:
        return False
    return bool(JWSRegistry.filter_algorithms(key, [algorithm]))


def _is_hash_of(claim: object, access_token: str, algorithm: str) -> bool:
    """Whether `claim` is the left half of the token's hash, by the hash of `algorithm` (OpenID Connect Core, 3.1.3.6).

    Ed25519 hashes with SHA-512 (RFC 8032, section 5.1).
    """
    bits = "512" if algorithm == "EdDSA" else algorithm[2:]
    digest = hashlib.new(f"sha{bits}", access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
    return isinstance(claim, str) and _same(claim, half)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
