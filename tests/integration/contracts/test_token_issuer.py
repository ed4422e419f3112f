"""The contract of the issuer of ID tokens, held by the memory twin and the one that signs with the operator's key."""

import json
from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from terrareg_adapters.memory.signing import MemoryTokenIssuer
from terrareg_adapters.signing.id_tokens import RsaTokenIssuer
from terrareg_core.access.terraform_login import TokenIssuer

CLAIMS = {"iss": "https://reg.example.com", "sub": "Zoë", "aud": ["terraform-cli"], "iat": 1, "exp": 2**40}
KEY = rsa.generate_private_key(65_537, 2048)
PUBLIC_ONLY = {"kty", "n", "e", "alg", "use", "kid"}


def _pem(
    key: PrivateKeyTypes,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


ISSUERS: dict[str, TokenIssuer] = {"memory": MemoryTokenIssuer(), "rsa": RsaTokenIssuer(_pem(KEY))}


@pytest.fixture(params=ISSUERS)
def issuer(request: pytest.FixtureRequest) -> TokenIssuer:
    return ISSUERS[request.param]


def _keys_of(issuer: TokenIssuer) -> KeySet:
    """The key set as a client reads it from its JSON text."""
    return KeySet.import_key_set(json.loads(json.dumps(issuer.key_set())))


class TestTokenIssuer:
    def test_a_token_is_verified_with_the_published_keys_and_holds_the_claims(self, issuer: TokenIssuer) -> None:
        token = jwt.decode(issuer.id_token(CLAIMS), _keys_of(issuer), algorithms=["RS256"])
        assert token.claims == CLAIMS

    def test_the_key_is_named_by_its_thumbprint_in_the_set_and_in_tokens(self, issuer: TokenIssuer) -> None:
        [published] = json.loads(json.dumps(issuer.key_set()))["keys"]
        thumbprint = RSAKey.import_key({name: published[name] for name in ("kty", "n", "e")}).thumbprint()
        header = jwt.decode(issuer.id_token(CLAIMS), _keys_of(issuer), algorithms=["RS256"]).header
        assert published["kid"] == thumbprint
        assert header == {"typ": "JWT", "alg": "RS256", "kid": thumbprint}

    def test_the_set_holds_the_public_part_of_one_key_and_nothing_else(self, issuer: TokenIssuer) -> None:
        key_set = json.loads(json.dumps(issuer.key_set()))
        assert key_set.keys() == {"keys"}
        [published] = key_set["keys"]
        assert published.keys() == PUBLIC_ONLY
        assert (published["kty"], published["alg"], published["use"], published["e"]) == ("RSA", "RS256", "sig", "AQAB")

    def test_a_token_with_other_claims_header_or_signer_is_not_verified(self, issuer: TokenIssuer) -> None:
        keys = _keys_of(issuer)
        header, claims, signature = issuer.id_token(CLAIMS).split(".")
        _, other_claims, _ = issuer.id_token({**CLAIMS, "sub": "Admin"}).split(".")
        for forged in (
            f"{header}.{other_claims}.{signature}",
            f"{header}.{claims}.",
            f"eyJhbGciOiJub25lIn0.{claims}.",
            MemoryTokenIssuer().id_token(CLAIMS),
        ):
            with pytest.raises((JoseError, ValueError)):
                jwt.decode(forged, keys, algorithms=["RS256"])

    def test_a_token_can_stand_in_a_header_of_http(self, issuer: TokenIssuer) -> None:
        parts = issuer.id_token(CLAIMS).split(".")
        assert len(parts) == 3
        assert all(urlsafe_b64decode(part + "==") for part in parts)


class TestRsaTokenIssuer:
    """What is taken for the operator's signing key (chapter 04, 13.6)."""

    def test_one_key_gives_one_key_set_whatever_form_its_pem_has(self) -> None:
        published = ISSUERS["rsa"].key_set()
        assert RsaTokenIssuer(_pem(KEY, PrivateFormat.TraditionalOpenSSL)).key_set() == published
        assert RsaTokenIssuer(_pem(KEY).replace(b"\n", b"\r\n")).key_set() == published

    @pytest.mark.parametrize(
        ("pem", "reason"),
        [
            pytest.param(_pem(rsa.generate_private_key(65_537, 1024)), "shorter than 2048 bits", id="weak"),
            pytest.param(_pem(KEY, encryption=BestAvailableEncryption(b"x")), "without a pass phrase", id="encrypted"),
            pytest.param(
                _pem(KEY, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")),
                "without a pass phrase",
                id="encrypted in the old form",
            ),
            pytest.param(_pem(ec.generate_private_key(ec.SECP256R1())), "another kind", id="elliptic curve"),
            pytest.param(_pem(ed25519.Ed25519PrivateKey.generate()), "another kind", id="Ed25519"),
            pytest.param(
                KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
                "not an RSA private key",
                id="public",
            ),
            pytest.param(_pem(KEY)[:-200], "not an RSA private key", id="cut off"),
            pytest.param(b'{"kty": "oct", "k": "AAAA"}', "not an RSA private key", id="JSON"),
            pytest.param(b"\xff\0", "not an RSA private key", id="no text"),
            pytest.param(b"", "not an RSA private key", id="empty"),
        ],
    )
    def test_another_key_is_refused_with_what_it_is(self, pem: bytes, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            RsaTokenIssuer(pem)
