"""Whether an ID token is believed: tokens that say what is expected are, and no others (chapter 04, 20, item 20)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from terrareg_adapters.identity.id_tokens import (
    ALGORITHMS,
    Expected,
    SigningKeys,
    UnknownSigningKey,
    verified_claims,
)
from terrareg_core.errors import SignInRefused, SignInUnavailable

Key = RSAKey | ECKey | OKPKey

_NOW = 1_800_000_000
_ISSUER = "https://idp.example.com/realm"
_CLIENT = "registry"
_NONCE = "nonce-of-this-sign-in"
_ACCESS_TOKEN = "access-token-of-this-sign-in"

_KEYS: dict[str, Key] = {
    "RS": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "ES512": ECKey.generate_key("P-521"),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}
_OTHERS: dict[str, Key] = {
    "RS": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "ES512": ECKey.generate_key("P-521"),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}
"""Of somebody else."""


def _kind(algorithm: str) -> str:
    return "RS" if algorithm[:2] in {"RS", "PS"} else algorithm


def _public(keys: Mapping[str, Key], **members: object) -> list[dict[str, Any]]:
    return [{**key.as_dict(private=False), "kid": f"kid-{kind}", **members} for kind, key in keys.items()]


_PUBLISHED = SigningKeys.of({"keys": _public(_KEYS)})


def _url64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _encoded(value: object) -> str:
    return _url64(json.dumps(value).encode())


def _at_hash(algorithm: str) -> str:
    bits = "512" if algorithm == "EdDSA" else algorithm[2:]
    digest = hashlib.new(f"sha{bits}", _ACCESS_TOKEN.encode()).digest()
    return _url64(digest[: len(digest) // 2])


class _Quiet(JWSRegistry):
    """Signs with whatever is asked for; the library warns of `EdDSA`."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


@attrs.frozen(kw_only=True)
class _Token:
    """A token as it is made up, before it is signed."""

    algorithm: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: Key

    def signed(self) -> str:
        payload = json.dumps(dict(self.claims))
        header = {"alg": self.algorithm, **self.header}
        return jws.serialize_compact(header, payload, self.key, registry=_Quiet(strict_check_header=False))

    def with_claims(self, **claims: Any) -> "_Token":
        """The token with these claims; None leaves one out."""
        changed = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        return attrs.evolve(self, claims=changed)


_EXPECTED = Expected(
    issuer=_ISSUER,
    client_id=_CLIENT,
    nonce=_NONCE,
    algorithms=ALGORITHMS,
    access_token=_ACCESS_TOKEN,
    now=datetime.fromtimestamp(_NOW, UTC),
)

_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@st.composite
def _good_tokens(draw: st.DrawFn) -> _Token:
    """Tokens that prove who somebody is, in every way that the standard leaves open."""
    algorithm = draw(st.sampled_from(sorted(ALGORITHMS)))
    others = draw(st.lists(_TEXTS, max_size=2))
    audience = draw(st.permutations([_CLIENT, *others]) | (st.nothing() if others else st.just(_CLIENT)))
    claims: dict[str, Any] = {
        "iss": _ISSUER,
        "sub": draw(_TEXTS),
        "aud": audience,
        "exp": draw(st.integers(_NOW - 59, _NOW + 10**9) | st.floats(_NOW - 59, _NOW + 1e9)),
        "iat": draw(st.integers(0, _NOW + 60)),
        "nonce": _NONCE,
        **draw(st.dictionaries(st.sampled_from(["email", "groups", "acr", "auth_time"]), st.integers(0, _NOW))),
    }
    if draw(st.booleans()) or others:
        claims["azp"] = _CLIENT
    if draw(st.booleans()):
        claims["at_hash"] = _at_hash(algorithm)
    if draw(st.booleans()):
        claims["nbf"] = draw(st.integers(0, _NOW + 60))
    kid = {"kid": f"kid-{_kind(algorithm)}"} if draw(st.booleans()) else {}
    extra: dict[str, Any] = draw(st.sampled_from([{}, {"typ": "JWT"}, {"x-of-the-provider": 1}]))
    return _Token(algorithm=algorithm, header={**kid, **extra}, claims=claims, key=_KEYS[_kind(algorithm)])


def _verified(token: str, expected: Expected = _EXPECTED, keys: SigningKeys = _PUBLISHED) -> Mapping[str, object]:
    return verified_claims(token, keys, expected)


@settings(deadline=None)
@given(_good_tokens())
def test_a_token_that_says_what_is_expected_is_believed(token: _Token) -> None:
    assert _verified(token.signed()) == token.claims


_ANYTHING_BUT_TEXT = st.one_of(
    st.none(), st.booleans(), st.integers(), st.lists(_TEXTS, max_size=2), st.dictionaries(_TEXTS, _TEXTS, max_size=1)
)


def _other_texts(*right: str) -> st.SearchStrategy[Any]:
    """What isn't one of the `right` texts, but may be a list that holds it, or much like it."""
    near = [
        variant for text in right for variant in (text + "/", text[:-1], text.upper(), f" {text}", [text], {text: text})
    ]
    return st.sampled_from(near) | _ANYTHING_BUT_TEXT | _TEXTS.filter(lambda text: text not in right)


_BAD_TIMES: st.SearchStrategy[Any] = st.sampled_from([None, True, str(_NOW), [_NOW], {}])
_BAD_CLAIMS: dict[str, st.SearchStrategy[Any]] = {
    "iss": _other_texts(_ISSUER),
    "sub": _ANYTHING_BUT_TEXT | st.just("") | st.text(min_size=256, max_size=300),
    "aud": st.one_of(
        _TEXTS.filter(lambda text: text != _CLIENT),
        st.lists(_TEXTS.filter(lambda text: text != _CLIENT), max_size=3),
        st.sampled_from([None, 5, {}, {_CLIENT: _CLIENT}, [_CLIENT, 5], [[_CLIENT]], _CLIENT.upper(), f"{_CLIENT} "]),
    ),
    "exp": _BAD_TIMES | st.integers(-(10**9), _NOW - 60),
    "iat": _BAD_TIMES | st.integers(_NOW + 61, 10**12),
    "nonce": _other_texts(_NONCE),
    "azp": _other_texts(_CLIENT).filter(lambda value: value is not None),
    "at_hash": _other_texts(*map(_at_hash, ALGORITHMS)).filter(lambda value: value is not None),
    "nbf": _BAD_TIMES.filter(lambda value: value is not None) | st.integers(_NOW + 61, 10**12),
}


@pytest.mark.parametrize("claim", sorted(_BAD_CLAIMS))
@settings(deadline=None)
@given(data=st.data())
def test_no_token_is_believed_that_has_one_wrong_claim(claim: str, data: st.DataObject) -> None:
    token = data.draw(_good_tokens())
    wrong = data.draw(_BAD_CLAIMS[claim])
    with pytest.raises(SignInRefused):
        _verified(token.with_claims(**{claim: wrong}).signed())


@settings(deadline=None)
@given(token=_good_tokens(), more=st.lists(_TEXTS, min_size=1, max_size=2))
def test_a_token_for_several_says_which_of_them_asked(token: _Token, more: list[str]) -> None:
    several = token.with_claims(aud=[_CLIENT, *more])
    assert _verified(several.with_claims(azp=_CLIENT).signed())["aud"] == [_CLIENT, *more]
    with pytest.raises(SignInRefused, match="another application"):
        _verified(several.with_claims(azp=None).signed())


@settings(deadline=None)
@given(_good_tokens())
def test_no_token_is_believed_that_another_key_signed(token: _Token) -> None:
    with pytest.raises(SignInRefused):
        _verified(attrs.evolve(token, key=_OTHERS[_kind(token.algorithm)]).signed())


@settings(deadline=None)
@given(_good_tokens())
def test_no_token_is_believed_whose_algorithm_is_not_expected(token: _Token) -> None:
    without = attrs.evolve(_EXPECTED, algorithms=ALGORITHMS - {token.algorithm})
    with pytest.raises(SignInRefused, match="not accepted"):
        _verified(token.signed(), without)
    with pytest.raises(SignInRefused, match="not accepted"):
        _verified(token.signed(), attrs.evolve(_EXPECTED, algorithms=frozenset()))


@settings(deadline=None)
@given(
    token=_good_tokens(),
    algorithm=st.sampled_from(["HS256", "HS384", "HS512"]),
    form=st.sampled_from(["PEM", "DER", "client secret"]),
)
def test_no_token_is_believed_that_is_signed_with_a_shared_secret_or_with_what_everybody_knows(
    token: _Token, algorithm: str, form: str
) -> None:
    forms = {
        "PEM": token.key.as_pem(private=False),
        "DER": token.key.as_der(private=False),
        "client secret": b"a secret that the provider knows",
    }
    # By hand: the library signs with no such thing.
    head = f"{_encoded({'alg': algorithm, **token.header})}.{_encoded(dict(token.claims))}"
    signature = hmac.digest(forms[form], head.encode(), f"sha{algorithm[2:]}")
    forged = f"{head}.{_url64(signature)}"
    symmetric = {"kty": "oct", "k": _url64(forms[form]), **token.header}
    published = SigningKeys.of({"keys": [symmetric, *_public(_KEYS)]})
    # Even a caller that expected such algorithms would not get them.
    careless = attrs.evolve(_EXPECTED, algorithms=frozenset({algorithm, "none", *ALGORITHMS}))
    for expected in (_EXPECTED, careless):
        with pytest.raises(SignInRefused, match="not accepted"):
            _verified(forged, expected, published)


@settings(deadline=None)
@given(token=_good_tokens(), spelling=st.sampled_from(["none", "None", "NONE", ""]))
def test_no_token_is_believed_that_nobody_signed(token: _Token, spelling: str) -> None:
    head, payload, signature = token.signed().split(".")
    unsigned = _encoded({"alg": spelling, **token.header})
    careless = attrs.evolve(_EXPECTED, algorithms=frozenset({"none", *ALGORITHMS}))
    for expected in (_EXPECTED, careless):
        for forged in (f"{unsigned}.{payload}.", f"{unsigned}.{payload}.{signature}", f"{head}.{payload}."):
            with pytest.raises(SignInRefused):
                _verified(forged, expected)


@settings(deadline=None)
@given(token=_good_tokens(), data=st.data())
def test_no_token_is_believed_of_which_a_character_was_changed(token: _Token, data: st.DataObject) -> None:
    text = token.signed()
    # The last digit of a part may hold bits that mean nothing.
    place = data.draw(st.sampled_from([at for at, each in enumerate(text[:-1]) if each != "." and text[at + 1] != "."]))
    other = data.draw(st.sampled_from([each for each in "ABCxyz019-_." if each != text[place]]))
    with pytest.raises(SignInRefused):
        _verified(text[:place] + other + text[place + 1 :])


@settings(deadline=None)
@given(st.text(max_size=200) | st.from_regex(r"[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{0,60}(\.[\w-]*){0,2}", fullmatch=True))
def test_no_other_text_is_believed_or_leads_to_another_error(text: str) -> None:
    with pytest.raises(SignInRefused):
        _verified(text)


@pytest.mark.parametrize(
    "header",
    [
        {},
        [],
        "RS256",
        {"alg": None},
        {"alg": ["RS256"]},
        {"alg": {}},
        {"alg": "RS256", "kid": 5},
        {"alg": "RS256", "kid": ["kid-RS"]},
        {"alg": "RS256", "kid": "kid-RS", "crit": ["exp"]},
        {"alg": "RS256", "kid": "kid-RS", "crit": "b64", "b64": False},
        {"alg": "RS256", "kid": "kid-RS", "typ": 5},
    ],
)
def test_a_header_of_the_wrong_shape_is_refused(header: object) -> None:
    with pytest.raises(SignInRefused):
        _verified(f"{_encoded(header)}.{_encoded({})}.{_encoded('')}")


@pytest.mark.parametrize("payload", ["[]", '"text"', "{", "", "null", "[" * 50_000])
def test_a_payload_that_is_no_object_is_refused_although_it_is_signed(payload: str) -> None:
    token = jws.serialize_compact({"alg": "RS256", "kid": "kid-RS"}, payload, _KEYS["RS"], algorithms=["RS256"])
    with pytest.raises(SignInRefused):
        _verified(token)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_token_that_expires_at_no_time_is_refused(number: str) -> None:
    claims = json.dumps({"iss": _ISSUER, "sub": "a", "aud": _CLIENT, "iat": _NOW, "nonce": _NONCE, "exp": "X"}).replace(
        '"X"', number
    )
    token = jws.serialize_compact({"alg": "RS256", "kid": "kid-RS"}, claims, _KEYS["RS"], algorithms=["RS256"])
    with pytest.raises(SignInRefused, match="expired"):
        _verified(token)


_GOOD = _Token(
    algorithm="RS256",
    header={"kid": "kid-RS"},
    claims={"iss": _ISSUER, "sub": "a", "aud": _CLIENT, "iat": _NOW, "exp": _NOW + 60, "nonce": _NONCE},
    key=_KEYS["RS"],
)


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"alg": "RS512"}, {"key_ops": ["encrypt"]}, {"key_ops": ["sign"]}],
)
def test_a_key_that_is_published_for_something_else_signs_nothing(members: dict[str, object]) -> None:
    assert _verified(_GOOD.signed(), keys=SigningKeys.of({"keys": _public({"RS": _KEYS["RS"]}, use="sig")}))
    with pytest.raises(UnknownSigningKey):
        _verified(_GOOD.signed(), keys=SigningKeys.of({"keys": _public({"RS": _KEYS["RS"]}, **members)}))


def test_keys_of_other_kinds_under_the_same_id_do_no_harm() -> None:
    same_id = SigningKeys.of({"keys": _public({**_OTHERS, "again": _KEYS["RS"]}, kid="kid-RS")})
    assert _verified(_GOOD.signed(), keys=same_id) == _GOOD.claims


def test_keys_that_can_not_be_used_are_left_out_and_the_others_serve() -> None:
    weak = {"kty": "RSA", "kid": "kid-RS", "e": "AQAB", "n": "u" * 171}
    entries: list[object] = [
        *(None, 5, "key", [], {}, {"kty": 5}, {"kty": ["RSA"]}, {"kty": "RSA"}, {"kty": "XYZ"}),
        *({"kty": "RSA", "n": [], "e": "AQAB"}, {"kty": "RSA", "n": "!" * 400, "e": "AQAB"}, weak),
        *({"kty": "EC", "crv": "P-999", "x": "AAAA", "y": "AAAA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        *({"kty": "OKP", "crv": "X25519", "x": "AAAA"}, {"kty": "OKP", "crv": "Ed25519", "x": "!!"}),
        *_public({"RS": _KEYS["RS"]}),
    ]
    assert _verified(_GOOD.signed(), keys=SigningKeys.of({"keys": entries})) == _GOOD.claims
    with pytest.raises(UnknownSigningKey):
        _verified(_GOOD.signed(), keys=SigningKeys.of({"keys": entries[:-1]}))


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "none"}])
def test_what_is_no_key_set_makes_the_provider_unavailable(document: dict[str, object]) -> None:
    with pytest.raises(SignInUnavailable, match="no key set"):
        SigningKeys.of(document)


def test_what_is_expected_does_not_show_the_access_token_when_it_is_printed() -> None:
    assert _ACCESS_TOKEN not in repr(_EXPECTED)
