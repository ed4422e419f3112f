"""Which requests of browsers are taken for the registry's own pages' (chapter 04, 6.3)."""

import itertools

import pytest

from terrareg_core.access.authentication import Caller
from terrareg_core.access.csrf import CsrfRule, RequestOrigin, require_own_page
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import SessionKeys
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.stored import Session
from terrareg_core.errors import CrossSiteRequest
from tests.unit.registries import ADMIN, ANONYMOUS, START

KEYS = SessionKeys.of("key", None)
OWN = RequestOrigin(fetch_site="same-origin", own="https://reg.test")
EVIL = RequestOrigin(fetch_site="cross-site", origin="https://evil.test", own="https://reg.test")


def _caller(method: SignInMethod = SignInMethod.OPENID, csrf_secret: str = "mine") -> Caller:
    person = Person(method=method, name="alice", subject="s")
    session = Session(
        digest="d", person=person, csrf_secret=csrf_secret, fingerprint="f", created_at=START, expires_at=START
    )
    return Caller(Identity.signed_in(person), session)


def _passes(rule: CsrfRule, caller: Caller, token: str | None, origin: RequestOrigin, keys: SessionKeys | None) -> bool:
    try:
        require_own_page(rule, caller, keys, token, origin)
    except CrossSiteRequest:
        return False
    return True


@pytest.mark.parametrize("method", SignInMethod)
@pytest.mark.parametrize(
    ("rule", "token", "origin", "passes"),
    [
        (CsrfRule.TOKEN, KEYS.csrf_token("mine"), OWN, True),
        # The token proves it, whatever the browser says.
        (CsrfRule.TOKEN, KEYS.csrf_token("mine"), EVIL, True),
        (CsrfRule.TOKEN, KEYS.csrf_token("yours"), OWN, False),
        (CsrfRule.TOKEN, "", OWN, False),
        (CsrfRule.TOKEN, None, OWN, False),
        (CsrfRule.SAME_ORIGIN, KEYS.csrf_token("mine"), EVIL, True),
        (CsrfRule.SAME_ORIGIN, KEYS.csrf_token("yours"), OWN, False),
        (CsrfRule.SAME_ORIGIN, "", OWN, True),
        (CsrfRule.SAME_ORIGIN, None, OWN, True),
        (CsrfRule.SAME_ORIGIN, None, EVIL, False),
        (CsrfRule.NONE, None, EVIL, True),
    ],
)
def test_a_session_needs_its_token_or_where_that_is_enough_its_own_page(
    method: SignInMethod, rule: CsrfRule, token: str | None, origin: RequestOrigin, passes: bool
) -> None:
    assert _passes(rule, _caller(method), token, origin, KEYS) == passes


def test_no_token_is_right_where_there_are_no_sessions() -> None:
    token = KEYS.csrf_token("mine")
    assert not _passes(CsrfRule.TOKEN, _caller(), token, OWN, None)
    assert not _passes(CsrfRule.TOKEN, Caller(_caller().identity), token, OWN, KEYS)


@pytest.mark.parametrize("rule", [CsrfRule.TOKEN, CsrfRule.SAME_ORIGIN])
def test_an_anonymous_write_must_not_be_another_sites_doing(rule: CsrfRule) -> None:
    for token in (None, "whatever"):
        assert _passes(rule, Caller(ANONYMOUS), token, OWN, KEYS)
        assert not _passes(rule, Caller(ANONYMOUS), token, EVIL, KEYS)


@pytest.mark.parametrize(
    "kind", [kind for kind in IdentityKind if not (Identity(kind, "").is_session or kind is IdentityKind.ANONYMOUS)]
)
def test_callers_with_a_key_or_token_are_asked_for_nothing_even_beside_a_session(kind: IdentityKind) -> None:
    session = _caller().session
    for rule, token, origin in itertools.product(CsrfRule, [None, "wrong"], [OWN, EVIL]):
        assert _passes(rule, Caller(Identity(kind, "key"), session), token, origin, KEYS)
    assert _passes(CsrfRule.TOKEN, Caller(ADMIN), None, EVIL, None)


@pytest.mark.parametrize(
    ("fetch_site", "origin", "crosses"),
    [
        ("same-origin", None, False),
        ("none", None, False),
        ("same-site", None, True),
        ("cross-site", None, True),
        ("Same-Origin", None, True),
        ("", "https://reg.test", True),
        # What the browser says itself counts, and not the other header.
        ("same-origin", "https://evil.test", False),
        ("cross-site", "https://reg.test", True),
        (None, None, False),
        (None, "https://reg.test", False),
        (None, "https://reg.test:8443", True),
        (None, "http://reg.test", True),
        (None, "https://reg.test.evil.test", True),
        (None, "null", True),
        (None, "", True),
    ],
)
def test_a_request_crosses_sites_unless_the_browser_says_that_it_does_not(
    fetch_site: str | None, origin: str | None, crosses: bool
) -> None:
    request = RequestOrigin(fetch_site=fetch_site, origin=origin, own="https://reg.test")
    assert request.is_cross_site == crosses
    assert request.is_known_to_be_cross_site == (fetch_site == "cross-site")


@pytest.mark.parametrize(
    ("fetch_mode", "fetch_site", "may"),
    [
        (None, None, True),
        (None, "cross-site", True),
        ("navigate", "cross-site", True),
        ("no-cors", "cross-site", False),
        ("cors", "same-site", False),
        ("no-cors", "same-origin", True),
    ],
)
def test_links_may_sign_somebody_out_and_other_sites_pictures_may_not(
    fetch_mode: str | None, fetch_site: str | None, may: bool
) -> None:
    assert RequestOrigin(fetch_mode=fetch_mode, fetch_site=fetch_site, own="https://reg.test").may_sign_out == may
