"""Secrets: what matches them, what is derived from them, and the form of tokens."""

import hashlib
import hmac
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.access.keys import (
    ACCESS_TOKEN_PREFIX,
    TERRAFORM_TOKEN_PREFIX,
    Secret,
    SessionKeys,
    is_token,
    new_token,
    url_safe,
)
from terrareg_core.access.people import SignInMethod

_secrets = st.binary(min_size=32, max_size=32)
_prefixes = st.sampled_from([ACCESS_TOKEN_PREFIX, TERRAFORM_TOKEN_PREFIX])
_texts = st.text(st.characters(), max_size=40)


def _hkdf(key: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, as its section 2 writes it down, for 32 bytes and an absent salt."""
    pseudo_random_key = hmac.digest(b"\0" * 32, key, "sha256")
    output, block, number = b"", b"", 1
    while len(output) < 32:
        block = hmac.digest(pseudo_random_key, block + info + bytes([number]), "sha256")
        output, number = output + block, number + 1
    return output[:32]


def test_the_reference_of_these_tests_gives_what_rfc_5869_prints() -> None:
    # A.3, test case 3: SHA-256, no salt, no info; the first 32 of its 42 bytes.
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert _hkdf(b"\x0b" * 22, b"").hex() == expected


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80), st.text(string.ascii_letters, max_size=43))
def test_csrf_tokens_and_fingerprints_hang_on_keys_derived_by_hkdf_with_a_label_each(key: str, csrf: str) -> None:
    keys = SessionKeys.of(key, None)
    csrf_key, session_key = _hkdf(key.encode(), b"terrareg csrf"), _hkdf(key.encode(), b"terrareg session")
    assert keys.csrf_token(csrf) == hmac.digest(csrf_key, csrf.encode(), "sha256").hex()
    assert keys.fingerprint(SignInMethod.OPENID) == hmac.digest(session_key, b"", "sha256").hex()


# --- configured secrets (property 11 of chapter 04, 20) ---


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.binary(max_size=40))
def test_a_secret_matches_its_own_bytes_and_nothing_else(text: str, presented: bytes) -> None:
    secret = Secret.of(text)
    assert secret.matches(text.encode()) == bool(text)
    assert secret.matches(presented) == (presented == text.encode() and bool(text))


@given(st.text(string.ascii_letters, min_size=1, max_size=20), st.binary(min_size=1, max_size=3))
def test_no_part_and_no_extension_of_a_secret_matches(text: str, more: bytes) -> None:
    secret, own = Secret.of(text), text.encode()
    assert not any(secret.matches(other) for other in (own + more, more + own, own[1:], own[:-1], own.swapcase()))


def test_a_secret_is_told_by_its_fingerprint_which_is_not_its_digest() -> None:
    one, two = Secret.of("one"), Secret.of("two")
    assert one.fingerprint == Secret.of("one").fingerprint != two.fingerprint
    assert one.fingerprint != hashlib.sha256(b"one").digest()
    assert "one" not in repr(one)
    assert hashlib.sha256(b"one").hexdigest() not in repr(one)


# --- sessions ---


def test_the_fingerprint_of_the_admins_sessions_changes_with_the_admin_token_and_others_dont() -> None:
    none, one, two = (SessionKeys.of("key", admin) for admin in (None, Secret.of("one"), Secret.of("two")))
    assert len({keys.fingerprint(SignInMethod.PASSWORD) for keys in (none, one, two)}) == 3
    for method in set(SignInMethod) - {SignInMethod.PASSWORD}:
        assert len({keys.fingerprint(method) for keys in (none, one, two)}) == 1


@pytest.mark.parametrize("method", SignInMethod)
def test_every_fingerprint_and_csrf_token_changes_with_the_secret_key(method: SignInMethod) -> None:
    one, two = SessionKeys.of("key", Secret.of("a")), SessionKeys.of("kez", Secret.of("a"))
    assert one.fingerprint(method) != two.fingerprint(method)
    assert one.csrf_token("c") != two.csrf_token("c")
    assert not two.proves(one.csrf_token("c"), "c")
    assert "key" not in repr(one)


@given(st.text(string.ascii_letters, max_size=43), st.integers(0, 63), st.sampled_from("019afAF \ud800é"))
def test_a_csrf_token_with_one_other_character_proves_nothing(csrf: str, place: int, other: str) -> None:
    keys = SessionKeys.of("key", None)
    token = keys.csrf_token(csrf)
    assert (len(token), keys.proves(token, csrf)) == (64, True)
    changed = token[:place] + other + token[place + 1 :]
    assert keys.proves(changed, csrf) == (changed == token)


@given(st.text(string.ascii_letters, max_size=10), st.text(string.ascii_letters, max_size=10), _texts)
def test_a_csrf_token_is_good_for_its_own_session_only(mine: str, yours: str, junk: str) -> None:
    keys = SessionKeys.of("key", None)
    assert keys.proves(keys.csrf_token(mine), yours) == (mine == yours)
    assert not keys.proves(junk, mine)


# --- tokens ---


@given(st.binary(max_size=40))
def test_random_bytes_become_text_that_needs_no_escape_in_urls_and_cookies(secret: bytes) -> None:
    text = url_safe(secret)
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert len(text) == -(-len(secret) * 8 // 6)


@given(_prefixes, _secrets, _secrets)
def test_a_token_has_its_form_and_different_secrets_make_different_tokens(prefix: str, one: bytes, two: bytes) -> None:
    token = new_token(prefix, one)
    assert len(token) == len(prefix) + 43 + 6
    assert set(token.removeprefix(prefix)) <= set(string.ascii_letters + string.digits)
    assert is_token(token, prefix)
    assert (token == new_token(prefix, two)) == (one == two)


def test_the_largest_secret_fits() -> None:
    least, most = new_token("trg_", bytes(32)), new_token("trg_", b"\xff" * 32)
    assert is_token(least, "trg_")
    assert is_token(most, "trg_")
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    number = 0
    for digit in most[4:47]:
        number = number * 62 + digits.index(digit)
    assert number == 2**256 - 1


@given(_secrets, st.integers(0, 52), st.sampled_from(string.ascii_letters + string.digits + "_-é\ud800\0"))
def test_a_token_with_one_other_character_is_none(secret: bytes, place: int, other: str) -> None:
    token = new_token(ACCESS_TOKEN_PREFIX, secret)
    changed = token[:place] + other + token[place + 1 :]
    assert is_token(changed, ACCESS_TOKEN_PREFIX) == (changed == token)


@given(_secrets, _texts)
def test_other_texts_are_no_tokens(secret: bytes, junk: str) -> None:
    token = new_token(ACCESS_TOKEN_PREFIX, secret)
    assert not is_token(junk, ACCESS_TOKEN_PREFIX)
    assert not is_token(token, TERRAFORM_TOKEN_PREFIX)
    for other in (token + "0", token[:-1], token.swapcase(), f" {token}", f"{token}\n"):
        assert not is_token(other, ACCESS_TOKEN_PREFIX)
