"""Signing in with GitHub, against one that is real to the last header and one that misbehaves (chapter 04, 10)."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from terrareg_adapters.identity.github import GitHub
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import IdentityProvider
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import SignInRefused, SignInUnavailable
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_core.providers.sources import ProviderSourceDefinition
from tests.integration.identity.github_server import (
    ACCESS_TOKEN,
    MEMBERSHIPS,
    USER,
    Asked,
    GitHubServer,
    Membership,
    Reply,
    running_github,
)
from tests.integration.servers import free_port

CALLBACK = "http://127.0.0.1:5000/test-github/callback"
STATE = "st4te-_"
NOW = datetime(2024, 5, 1, tzinfo=UTC)
ATTEMPT = SignInAttempt(
    state_digest="0" * 64,
    browser_digest="1" * 64,
    method=SignInMethod.GITHUB,
    source="test-github",
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
)
USER_ONLY = {"octocat": NamespaceKind.GITHUB_USER}


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with running_github(CALLBACK) as server:
        yield server


@contextmanager
def adapter(
    server: GitHubServer, *, redirect_uri: str | None = CALLBACK, timeout: float = 30, **changes: Any
) -> Iterator[GitHub]:
    """The adapter for a GitHub; `changes` are of its configuration."""
    (definition,) = ProviderSourceDefinition.parse_all([server.configured(**changes)])
    with closing(GitHub(definition=definition, redirect_uri=redirect_uri, timeout=timeout)) as provider:
        yield provider


def came_back(provider: IdentityProvider) -> Mapping[str, str]:
    """What a browser brings back that is sent to GitHub."""
    answer = httpx.get(provider.start(STATE).url)
    assert answer.status_code == 302
    place, _, query = answer.headers["Location"].partition("?")
    assert place == CALLBACK
    fields = dict(parse_qsl(query))
    assert fields.pop("state") == STATE
    return fields


def sign_in(server: GitHubServer, *, timeout: float = 30, **changes: Any) -> ExternalIdentity:
    with adapter(server, timeout=timeout, **changes) as provider:
        return provider.finish(ATTEMPT, came_back(provider))


# --- on the way there ---


def test_it_is_the_identity_provider_of_its_provider_source(github: GitHubServer) -> None:
    with adapter(github) as provider:
        kind: IdentityProvider = provider
        assert (kind.method, kind.source, kind.posts_answers) == (SignInMethod.GITHUB, "test-github", False)


@pytest.mark.parametrize("redirect_uri", [CALLBACK, None])
def test_a_browser_is_sent_to_the_app_s_page_at_github(github: GitHubServer, redirect_uri: str | None) -> None:
    with adapter(github, redirect_uri=redirect_uri) as provider:
        request = provider.start(STATE)
    place = urlsplit(request.url)
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{github.base_url}/login/oauth/authorize"
    expected = {"client_id": github.client_id, "state": STATE, "redirect_uri": redirect_uri}
    assert dict(parse_qsl(place.query)) == {key: value for key, value in expected.items() if value is not None}
    assert (request.nonce, request.verifier, request.request_id) == ("", "", "")
    assert github.asked == []


# --- who it is ---


def test_a_user_without_organisations_owns_their_own_account(github: GitHubServer) -> None:
    assert sign_in(github) == ExternalIdentity(
        subject="octocat", name="octocat", accounts=USER_ONLY, generates_namespaces=True
    )


@pytest.mark.parametrize("generates", [True, False])
def test_namespaces_are_generated_if_the_source_says_so(github: GitHubServer, generates: bool) -> None:
    identity = sign_in(github, auto_generate_github_organisation_namespaces=generates)
    assert identity.generates_namespaces is generates


def test_the_organisations_that_somebody_owns_are_theirs_and_no_others(github: GitHubServer) -> None:
    github.memberships = [
        Membership("Acme"),
        Membership("member-only", role="member"),
        Membership("invited-only", state="pending"),
        Membership("billing-only", role="billing_manager"),
        Membership("umbrella_corp"),
    ]
    identity = sign_in(github)
    assert identity.accounts == {
        "Acme": NamespaceKind.GITHUB_ORGANISATION,
        "umbrella_corp": NamespaceKind.GITHUB_ORGANISATION,
        "octocat": NamespaceKind.GITHUB_USER,
    }
    assert identity.groups == ()


def test_github_is_asked_with_the_headers_that_it_wants(github: GitHubServer) -> None:
    with adapter(github) as provider:
        answer = came_back(provider)
        provider.finish(ATTEMPT, answer)
    _, exchange, user, memberships = github.asked
    assert (exchange.method, exchange.path) == ("POST", ACCESS_TOKEN)
    assert exchange.form == {
        "client_id": github.client_id,
        "client_secret": github.client_secret,
        "code": answer["code"],
    }
    assert exchange.headers["accept"] == "application/json"
    assert "authorization" not in exchange.headers
    (token,) = github.tokens
    for asked in (user, memberships):
        assert asked.method == "GET"
        assert asked.headers["authorization"] == f"Bearer {token}"
        assert asked.headers["accept"] == "application/vnd.github+json"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert (user.path, user.query) == (USER, {})
    assert (memberships.path, memberships.query) == (MEMBERSHIPS, {"per_page": "100", "page": "1"})


@pytest.mark.parametrize(
    ("organisations", "pages", "kept"), [(99, 1, 99), (100, 2, 100), (101, 2, 101), (250, 3, 250), (1100, 10, 1000)]
)
def test_organisations_are_read_page_by_page_up_to_ten(
    github: GitHubServer, organisations: int, pages: int, kept: int
) -> None:
    github.memberships = [Membership(f"org-{number}") for number in range(organisations)]
    accounts = sign_in(github).accounts
    assert len([asked for asked in github.asked if asked.path == MEMBERSHIPS]) == pages
    assert list(accounts) == [f"org-{number}" for number in range(kept)] + ["octocat"]


def _token_form(server: GitHubServer) -> Reply:
    server.tokens["t0ken"] = server.login
    return Reply.form(("access_token", "t0ken"), ("scope", ""), ("token_type", "bearer"))


def test_an_access_token_in_a_form_is_taken_as_well(github: GitHubServer) -> None:
    github.replies[ACCESS_TOKEN] = _token_form(github)
    assert sign_in(github).subject == "octocat"


# --- who proves nothing ---


@pytest.mark.parametrize("answer", [{}, {"code": ""}, {"code": "\ud800"}, {"code": "a b"}, {"state": STATE}])
def test_whoever_comes_back_without_a_code_is_refused_and_github_not_asked(
    github: GitHubServer, answer: Mapping[str, str]
) -> None:
    with adapter(github) as provider, pytest.raises(SignInRefused, match="no code"):
        provider.finish(ATTEMPT, answer)
    assert github.asked == []


def test_whoever_declined_at_github_is_refused(github: GitHubServer) -> None:
    github.denies = True
    with pytest.raises(SignInRefused, match="did not confirm who you are"):
        sign_in(github)


def test_a_code_proves_somebody_once(github: GitHubServer) -> None:
    with adapter(github) as provider:
        answer = came_back(provider)
        assert provider.finish(ATTEMPT, answer).subject == "octocat"
        with pytest.raises(SignInRefused, match="did not confirm who you are"):
            provider.finish(ATTEMPT, answer)


def test_a_code_that_github_does_not_know_proves_nobody(github: GitHubServer) -> None:
    with adapter(github) as provider, pytest.raises(SignInRefused, match="did not confirm who you are"):
        provider.finish(ATTEMPT, {"code": "guessed"})


@pytest.mark.parametrize("reply", [Reply.json({"error": "bad_verification_code"}), Reply.form(("error", "bad_code"))])
def test_an_error_is_understood_in_either_form(github: GitHubServer, reply: Reply) -> None:
    github.replies[ACCESS_TOKEN] = reply
    with pytest.raises(SignInRefused, match="did not confirm who you are"):
        sign_in(github)


# --- what the operator must mend ---


def test_a_wrong_client_secret_is_the_operator_s_to_mend(github: GitHubServer) -> None:
    with pytest.raises(SignInUnavailable, match="check client_id, client_secret"):
        sign_in(github, client_secret="another")


def test_a_callback_that_the_app_does_not_have_is_the_operator_s_to_mend(github: GitHubServer) -> None:
    with adapter(github, redirect_uri="http://127.0.0.1:5000/elsewhere") as provider:
        answer = came_back(provider)
        with pytest.raises(SignInUnavailable, match="callback URL"):
            provider.finish(ATTEMPT, answer)


# --- GitHub misbehaves ---

HTML = Reply(body=b"<html>Unicorn!</html>", media_type="text/html; charset=utf-8")
ENDLESS = Reply(body=b" " * 65536, endless=True)
SLOW = Reply(body=b'{"access_token": "t0ken", "login": "octocat"}' + b" " * 1000, slow=True)
NONSENSE = [
    HTML,
    ENDLESS,
    Reply.json({"message": "Server Error"}, 500),
    Reply.json({"access_token": "t0ken", "login": "octocat"}, 201),
    Reply.json(None),
    Reply(body=b""),
    Reply(body=b"{"),
    Reply(body=b"[" * 100_000),
    Reply(body=b"\xff"),
    Reply(302, headers={"Location": "http://127.0.0.1:9/"}),
]


@pytest.mark.parametrize(
    "reply",
    [
        *NONSENSE,
        Reply.json([]),
        Reply.json({}),
        Reply.json({"access_token": ""}),
        Reply.json({"access_token": ["t0ken"]}),
        Reply.json({"access_token": "t0\r\nken"}),
        Reply.json({"access_token": "tökèn"}),
        Reply.form(("access_token", "t0ken"), ("access_token", "t0ken")),
        Reply.form(("access_token", ""), ("access_token", "t0ken")),
        Reply.form(("access_token", "")),
        Reply.form(("token_type", "bearer")),
        Reply.form(*[("a", "b")] * 101),
        Reply(body=b"\xff", media_type="application/x-www-form-urlencoded"),
    ],
)
def test_without_one_access_token_nobody_signs_in(github: GitHubServer, reply: Reply) -> None:
    github.tokens["t0ken"] = "octocat"
    github.replies[ACCESS_TOKEN] = reply
    with pytest.raises(SignInUnavailable):
        sign_in(github)
    assert [asked.path for asked in github.asked][1:] == [ACCESS_TOKEN]


def test_an_error_that_is_no_text_proves_nobody(github: GitHubServer) -> None:
    github.replies[ACCESS_TOKEN] = Reply.json({"error": ["bad"], "access_token": "t0ken"})
    with pytest.raises(SignInRefused):
        sign_in(github)


@pytest.mark.parametrize(
    "reply",
    [
        *NONSENSE,
        Reply.json({"message": "Bad credentials"}, 401),
        Reply.json([]),
        Reply.json({}),
        Reply.json({"login": ""}),
        Reply.json({"login": None}),
        Reply.json({"login": 5}),
        Reply.json({"login": "a b"}),
        Reply.json({"login": "octocat\n"}),
        Reply.json({"login": "\ud800"}),
        Reply.json({"login": "x" * 129}),
    ],
)
def test_without_a_login_nobody_signs_in(github: GitHubServer, reply: Reply) -> None:
    github.replies[USER] = reply
    with pytest.raises(SignInUnavailable):
        sign_in(github)
    assert github.asked[-1].path == USER


@pytest.mark.parametrize("path", [ACCESS_TOKEN, USER])
def test_a_github_that_dawdles_is_not_waited_for(github: GitHubServer, path: str) -> None:
    github.replies[path] = SLOW
    with pytest.raises(SignInUnavailable, match="did not answer"):
        sign_in(github, timeout=1)


def test_a_github_that_is_not_there_is_unavailable(github: GitHubServer) -> None:
    with adapter(github, base_url=f"http://127.0.0.1:{free_port()}") as provider:
        assert provider.start(STATE).url
        with pytest.raises(SignInUnavailable, match="can't be reached"):
            provider.finish(ATTEMPT, {"code": "c0de"})


FULL_PAGE = [{"state": "active", "role": "admin", "organization": {"login": f"org-{n}"}} for n in range(100)]


def _second_page_fails(asked: Asked) -> Reply:
    return Reply.json(FULL_PAGE) if asked.query["page"] == "1" else Reply.json({"message": "Server Error"}, 500)


@pytest.mark.parametrize(
    "reply",
    [
        *NONSENSE,
        Reply.json({}),
        Reply.json({"message": "Resource not accessible by integration"}, 403),
        Reply.json(FULL_PAGE, 206),
        _second_page_fails,
    ],
)
def test_whoever_s_organisations_can_not_be_read_signs_in_without_any(
    github: GitHubServer, reply: Reply | Callable[[Asked], Reply], caplog: pytest.LogCaptureFixture
) -> None:
    github.replies[MEMBERSHIPS] = reply
    assert sign_in(github).accounts == USER_ONLY
    (warning,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "No organisations could be read" in warning.getMessage()
    assert "test-github" in warning.getMessage()


def test_organisations_that_take_too_long_are_done_without(github: GitHubServer) -> None:
    github.replies[MEMBERSHIPS] = SLOW
    assert sign_in(github, timeout=1).accounts == USER_ONLY


def test_memberships_that_make_no_sense_are_left_out(github: GitHubServer) -> None:
    owner = {"state": "active", "role": "admin"}
    github.replies[MEMBERSHIPS] = Reply.json(
        [
            None,
            "acme",
            {},
            owner,
            {**owner, "organization": None},
            {**owner, "organization": {"login": None}},
            {**owner, "organization": {"login": "a/b"}},
            {**owner, "organization": {"login": "\ud800"}},
            {**owner, "state": ["active"], "organization": {"login": "odd"}},
            {**owner, "organization": {"login": "acme"}},
        ]
    )
    assert set(sign_in(github).accounts) == {"acme", "octocat"}


def test_an_endless_list_of_organisations_comes_to_an_end(github: GitHubServer) -> None:
    github.replies[MEMBERSHIPS] = Reply.json(FULL_PAGE)
    assert len(sign_in(github).accounts) == 101
    assert len([asked for asked in github.asked if asked.path == MEMBERSHIPS]) == 10


# --- secrets ---


def test_neither_the_log_nor_any_message_nor_the_adapter_s_text_holds_a_secret(
    github: GitHubServer, caplog: pytest.LogCaptureFixture
) -> None:
    with adapter(github) as provider:
        # The browser's own log holds the codes, so it is not listened to.
        answers = [came_back(provider) for _ in range(3)]
        caplog.set_level(logging.DEBUG)
        github.replies[MEMBERSHIPS] = HTML
        provider.finish(ATTEMPT, answers[0])
        said = [repr(provider)]
        for path, answer in zip((USER, ACCESS_TOKEN), answers[1:], strict=True):
            github.replies[path] = HTML
            with pytest.raises(SignInUnavailable) as caught:
                provider.finish(ATTEMPT, answer)
            said.append(caught.value.message)
    shown = "\n".join([*said, caplog.text])
    assert "No organisations could be read" in shown
    assert len(github.tokens) == 2
    for secret in (*github.tokens, github.client_secret, *(answer["code"] for answer in answers)):
        assert secret not in shown


def test_after_closing_nobody_signs_in_any_more(github: GitHubServer) -> None:
    with adapter(github) as provider:
        answer = came_back(provider)
    provider.close()
    with pytest.raises(SignInUnavailable, match="shutting down"):
        provider.finish(ATTEMPT, answer)
