"""Signing in with GitHub through the HTTP face: rows 45 to 48 of chapter 04, section 21, and whose namespaces are."""

import asyncio
from collections.abc import Iterator

import attrs
import pytest

from terrareg_core.access.permissions import AccessPolicy
from tests.integration.http.conftest import Open
from tests.integration.http.serving import MANAGED, NAMESPACES, NOT_FOUND, Served, module_zip
from tests.integration.http.signing_in import (
    Answer,
    Browser,
    GitHubWay,
    events,
    fields_of,
    given_group,
    is_sign_in_page,
    kept,
    refused,
    sign_in,
    start,
)
from tests.integration.identity.github_server import (
    ACCESS_TOKEN,
    MEMBERSHIPS,
    USER,
    GitHubServer,
    Membership,
    Reply,
    running_github,
)

_PERMISSIONS = "namespace_permissions"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with running_github("https://reg.example.com/test-github/callback") as server:
        yield server


@pytest.fixture
def way(github: GitHubServer) -> GitHubWay:
    return GitHubWay(github)


@pytest.fixture
def served(open_empty: Open, way: GitHubWay) -> Served:
    """A registry with one GitHub, which makes namespaces of the accounts there."""
    return open_empty(sign_in=way.options(), access=AccessPolicy(access_controls=True))


@pytest.fixture
def browser(served: Served) -> Browser:
    return Browser(served)


def _created(served: Served, name: str) -> None:
    assert served.post(NAMESPACES, {"name": name}).status_code == 200


# --- the way there and back ------------------------------------------------------------------------------------------


def test_the_browser_is_sent_to_github_with_a_state(github: GitHubServer, browser: Browser, way: GitHubWay) -> None:
    url = start(browser, way)
    assert url.startswith(f"{github.base_url}/login/oauth/authorize?")
    query = fields_of(url)
    assert set(query) == {"client_id", "state", "redirect_uri"}
    assert query["redirect_uri"] == "https://reg.example.com/test-github/callback"
    assert len(query["state"]) >= 43


def test_an_unknown_provider_source_has_no_addresses(browser: Browser) -> None:
    assert is_sign_in_page(browser.get("/nope/login"))
    for path in ("/nope/callback", "/nope/callback?code=x", "/nope/auth/status"):
        answer = browser.get(path)
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_an_answer_that_nobody_was_asked_for_leaves_no_trace(
    browser: Browser, github: GitHubServer, caplog: pytest.LogCaptureFixture
) -> None:
    for query in ("?code=abc", "?code=abc&state=def", "", "?error=access_denied"):
        with refused(browser, caplog):
            assert is_sign_in_page(browser.get(f"/test-github/callback{query}"))
    assert github.asked == []


@pytest.mark.parametrize(
    ("path", "reply"),
    [
        (ACCESS_TOKEN, Reply.json({"error": "bad_verification_code"})),
        (ACCESS_TOKEN, Reply.json({"error": "incorrect_client_credentials"})),
        (ACCESS_TOKEN, Reply.form(("access_token", "a"), ("access_token", "b"))),
        (ACCESS_TOKEN, Reply.json({"access_token": ""})),
        (ACCESS_TOKEN, Reply.json({"access_token": ["a"]})),
        (ACCESS_TOKEN, Reply(500)),
        (ACCESS_TOKEN, Reply(302, headers={"Location": "http://127.0.0.1:9/"})),
        (ACCESS_TOKEN, Reply(body=b"x" * 65536, endless=True)),
        (ACCESS_TOKEN, Reply(body=b"<html>", media_type="text/html")),
        (USER, Reply(500)),
        (USER, Reply.json({})),
        (USER, Reply.json({"login": "../admin"})),
        (USER, Reply.json([])),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) else "",
)
def test_a_github_that_does_not_tell_who_it_is_signs_nobody_in(
    github: GitHubServer,
    browser: Browser,
    way: GitHubWay,
    caplog: pytest.LogCaptureFixture,
    path: str,
    reply: Reply,
) -> None:
    answer = way.come_back(start(browser, way))
    github.replies[path] = reply
    with refused(browser, caplog, fields_of(answer.path)["code"], *github.tokens, github.client_secret):
        assert is_sign_in_page(browser.bring(answer))
    github.replies.clear()
    sign_in(browser, way, "octocat")


@pytest.mark.parametrize("reply", [Reply(403), Reply(500), Reply.json({}), Reply(body=b"[" * 65536, endless=True)])
def test_somebody_whose_organisations_are_kept_secret_owns_none(
    github: GitHubServer, browser: Browser, way: GitHubWay, reply: Reply
) -> None:
    github.replies[MEMBERSHIPS] = reply
    sign_in(browser, way, "octocat", ["acme"])
    assert browser.status()[_PERMISSIONS] == {"octocat": "FULL"}


def test_somebody_who_changes_their_mind_at_github_is_told_so(
    github: GitHubServer, browser: Browser, way: GitHubWay, caplog: pytest.LogCaptureFixture
) -> None:
    github.denies = True
    answer = way.come_back(start(browser, way))
    with refused(browser, caplog):
        assert is_sign_in_page(browser.bring(answer))


def test_the_token_of_github_is_kept_nowhere(
    github: GitHubServer, served: Served, browser: Browser, way: GitHubWay
) -> None:
    sign_in(browser, way, "octocat")
    (token,) = github.tokens
    stored = b"".join(path.read_bytes() for path in served.options.data_directory.glob("terrareg.db*"))
    assert b"octocat" in stored
    assert token.encode() not in stored


def test_the_status_is_that_of_a_session_of_this_github(browser: Browser, way: GitHubWay) -> None:
    assert browser.get("/test-github/auth/status").json() == {"auth": False, "username": None}
    sign_in(browser, way, "octocat")
    answer = browser.get("/test-github/auth/status")
    assert answer.json() == {"auth": True, "username": "octocat"}
    assert answer.headers["Cache-Control"] == "no-store"


# --- two of them -----------------------------------------------------------------------------------------------------


@pytest.fixture
def other_github() -> Iterator[GitHubServer]:
    with running_github("https://reg.example.com/other/callback") as server:
        yield server


@pytest.fixture
def of_two(open_empty: Open, github: GitHubServer, other_github: GitHubServer) -> tuple[Browser, GitHubWay, GitHubWay]:
    """A browser at a registry with two GitHubs, both of which make namespaces."""
    ways = GitHubWay(github), GitHubWay(other_github, {"name": "Other"})
    options = attrs.evolve(ways[0].options(), github=[*ways[0].definitions, *ways[1].definitions])
    return Browser(open_empty(sign_in=options, access=AccessPolicy(access_controls=True))), *ways


def test_an_answer_of_one_github_signs_nobody_in_at_another(
    of_two: tuple[Browser, GitHubWay, GitHubWay], caplog: pytest.LogCaptureFixture
) -> None:
    browser, one, other = of_two
    answer = one.answer(start(browser, one), "octocat")
    elsewhere = answer.path.replace("/test-github/", "/other/")
    with refused(browser, caplog, fields_of(answer.path)["code"]):
        assert is_sign_in_page(browser.get(elsewhere))
    assert other.provider.asked == []


def test_an_account_of_the_same_name_at_another_github_is_somebody_else(
    of_two: tuple[Browser, GitHubWay, GitHubWay],
) -> None:
    browser, one, other = of_two
    sign_in(browser, one, "octocat", ["acme"])
    assert browser.status()[_PERMISSIONS] == {"acme": "FULL", "octocat": "FULL"}
    stranger = Browser(browser.served)
    sign_in(stranger, other, "octocat", ["acme"])
    assert stranger.status()[_PERMISSIONS] == {}
    assert stranger.post(f"{MANAGED}/acme/vpc/aws/create", {}).status_code == 403
    assert stranger.get("/test-github/auth/status").json() == {"auth": False, "username": None}
    assert stranger.get("/other/auth/status").json() == {"auth": True, "username": "octocat"}


# --- namespaces (10.4) -----------------------------------------------------------------------------------------------


def test_namespaces_are_made_of_the_accounts_that_somebody_owns(
    github: GitHubServer, served: Served, browser: Browser, way: GitHubWay
) -> None:
    answer = way.answer(start(browser, way), "octocat")
    github.memberships = [
        Membership("acme"),
        Membership("employer", role="member"),
        Membership("invited", state="pending"),
    ]
    assert browser.bring(answer).headers["Location"] == "/"
    assert browser.status() == {
        "read_access": True,
        "authenticated": True,
        "site_admin": False,
        "namespace_permissions": {"acme": "FULL", "octocat": "FULL"},
    }
    assert events(served) == [
        ("octocat", "NAMESPACE_CREATE", "acme"),
        ("octocat", "NAMESPACE_CREATE", "octocat"),
        ("octocat", "USER_LOGIN", None),
    ]
    assert browser.post(f"{MANAGED}/acme/vpc/aws/create", {}).status_code == 200
    for namespace in ("employer", "invited"):
        assert browser.post(f"{MANAGED}/{namespace}/vpc/aws/create", {}).status_code == 403


def test_signing_in_again_makes_nothing_twice(served: Served, browser: Browser, way: GitHubWay) -> None:
    sign_in(browser, way, "octocat", ["acme"])
    sign_in(browser, way, "octocat", ["ACME"])
    assert [action for _, action, _ in events(served)].count("NAMESPACE_CREATE") == 2
    assert browser.status()[_PERMISSIONS] == {"acme": "FULL", "octocat": "FULL"}


def test_nothing_is_made_where_the_source_does_not_generate(open_empty: Open, github: GitHubServer) -> None:
    way = GitHubWay(github, {"auto_generate_github_organisation_namespaces": False})
    served = open_empty(sign_in=way.options(), access=AccessPolicy(access_controls=True))
    _created(served, "acme")
    browser = Browser(served)
    before = kept(served)["namespace"]
    sign_in(browser, way, "octocat", ["acme"])
    assert kept(served)["namespace"] == before
    assert browser.status()[_PERMISSIONS] == {}


def test_a_namespace_that_is_in_use_is_not_given_to_whoever_has_an_account_of_its_name(
    served: Served, browser: Browser, way: GitHubWay
) -> None:
    assert served.upload("acme/vpc/aws/1.0.0").status_code == 200
    given_group(served, "team", "platform")
    before = events(served)
    sign_in(browser, way, "platform", ["acme", "Acme"])
    assert browser.status()[_PERMISSIONS] == {}
    assert [event for event in events(served) if event not in before] == [("platform", "USER_LOGIN", None)]
    for namespace in ("acme", "platform"):
        assert browser.post(f"{MANAGED}/{namespace}/dns/aws/create", {}).status_code == 403
    assert (
        browser.request(
            "POST", f"{MANAGED}/acme/vpc/aws/2.0.0/upload", files={"file": ("a.zip", module_zip())}
        ).status_code
        == 403
    )


def test_an_empty_namespace_that_is_nobodys_becomes_the_accounts(
    served: Served, browser: Browser, way: GitHubWay
) -> None:
    _created(served, "Acme")
    sign_in(browser, way, "octocat", ["acme"])
    assert browser.status()[_PERMISSIONS] == {"Acme": "FULL", "octocat": "FULL"}
    assert ("octocat", "NAMESPACE_MODIFY_TYPE", "Acme") in events(served)


def test_a_name_that_a_namespace_once_had_is_not_the_accounts(served: Served, browser: Browser, way: GitHubWay) -> None:
    sign_in(browser, way, "octocat", ["acme"])
    assert served.post(f"{NAMESPACES}/acme", {"name": "renamed"}).status_code == 200
    assert served.upload("renamed/vpc/aws/1.0.0").status_code == 200
    sign_in(browser, way, "octocat", ["acme"])
    assert browser.status()[_PERMISSIONS] == {"octocat": "FULL"}
    for namespace in ("acme", "renamed"):
        assert browser.post(f"{MANAGED}/{namespace}/dns/aws/create", {}).status_code == 403


def test_a_login_that_can_be_no_namespace_signs_in_all_the_same(
    served: Served, browser: Browser, way: GitHubWay
) -> None:
    sign_in(browser, way, "o", ["under_score", "-dash"])
    status = browser.status()
    assert (status["authenticated"], "o" in status[_PERMISSIONS]) == (True, False)
    assert kept(served)["namespace"] == len(status[_PERMISSIONS])


def test_former_owners_lose_the_namespace_when_they_sign_in_again(browser: Browser, way: GitHubWay) -> None:
    sign_in(browser, way, "octocat", ["acme"])
    sign_in(browser, way, "octocat", [])
    assert browser.status()[_PERMISSIONS] == {"octocat": "FULL"}
    assert browser.post(f"{MANAGED}/acme/vpc/aws/create", {}).status_code == 403


def test_two_owners_of_an_organisation_who_sign_in_at_once_make_one_namespace(served: Served, way: GitHubWay) -> None:
    browsers = [Browser(served) for _ in range(4)]
    answers = [way.answer(start(it, way), f"owner-{number}", ["acme"]) for number, it in enumerate(browsers)]

    async def all_of_them() -> None:
        await asyncio.gather(*(it.bringing(answer) for it, answer in zip(browsers, answers, strict=True)))

    served.run(all_of_them())
    for number, browser in enumerate(browsers):
        assert browser.status()[_PERMISSIONS] == {"acme": "FULL", f"owner-{number}": "FULL"}
    assert [name for _, action, name in events(served) if action == "NAMESPACE_CREATE"].count("acme") == 1


def test_a_slow_github_leaves_the_registry_to_everybody_else(
    github: GitHubServer, served: Served, way: GitHubWay
) -> None:
    browsers = [Browser(served) for _ in range(45)]
    answers = [way.answer(start(it, way), "octocat") for it in browsers]
    github.replies[ACCESS_TOKEN] = Reply(body=b"{" + b" " * 19, slow=True)
    done: list[str] = []

    async def asked(browser: Browser, answer: Answer, name: str) -> None:
        await browser.bringing(answer)
        done.append(name)

    async def all_of_them() -> None:
        reader = Browser(served)
        await asyncio.gather(
            *(asked(it, answer, "signed in") for it, answer in zip(browsers, answers, strict=True)),
            asked(reader, Answer("/v1/terrareg/namespaces"), "read"),
        )

    served.run(all_of_them())
    # There are more sign-ins than threads, so that without a bound of their own some are over before it.
    assert done[0] == "read"
    assert len(done) == 46
