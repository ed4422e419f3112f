"""Fetching over http from a real git host, and from hosts that misbehave."""

import base64
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrareg_core.errors import ForbiddenRepository, RegistryError, SourceUnavailable
from terrareg_core.modules.fetching import GitCredentials, RepositoryLocation
from tests.integration.git.conftest import MakeFetcher
from tests.integration.git.hosts import GitHost, git_host, never_answer, raw_host, trickle
from tests.integration.git.repositories import Repository

LOOPBACK = {"allowed_hosts": ["127.0.0.1"]}
PASSWORD = "pässword:of@the/operator"
CREDENTIALS = GitCredentials("robot", PASSWORD)
AUTHORIZATION = "Basic " + base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository.make(tmp_path / "hosted" / "module.git")
    repository.tag_files("v1", {"main.tf": "one"}, {"link.tf": "main.tf"})
    repository.git("tag", "-a", "nested", "-m", "n", "v1")
    return repository


@pytest.fixture
def host(repository: Repository) -> Iterator[GitHost]:
    with git_host(repository.path.parent) as host:
        yield host


def _fails(make_fetcher: MakeFetcher, location: RepositoryLocation | str, tag: str = "v1", **policy: object) -> str:
    """The one sentence with which fetching fails."""
    if isinstance(location, str):
        location = RepositoryLocation(location)
    with pytest.raises(SourceUnavailable) as caught:
        make_fetcher(**{**LOOPBACK, **policy}).fetch(location, tag).__enter__()
    return caught.value.message


@pytest.mark.parametrize("old_protocol", [False, True])
@pytest.mark.parametrize("tag", ["v1", "nested"])
def test_a_tag_is_fetched_with_either_version_of_the_protocol(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher, old_protocol: bool, tag: str
) -> None:
    host.old_protocol = old_protocol
    with make_fetcher(**LOOPBACK).fetch(RepositoryLocation(host.url("module.git")), tag) as source:
        assert source.origin.commit == repository.git("rev-parse", "v1^{commit}")
        assert source.tree.read("link.tf") == b"one"
        assert source.bytes_received > 0


def test_a_tag_whose_name_begins_like_others_is_the_right_one(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    repository.tag_files("v1.0", {"main.tf": "longer"})
    with make_fetcher(**LOOPBACK).fetch(RepositoryLocation(host.url("module.git")), "v1") as source:
        assert source.tree.read("main.tf") == b"one"
    assert 'no tag "v1."' in _fails(make_fetcher, host.url("module.git"), "v1.")


def test_a_branch_is_not_taken_for_a_tag(host: GitHost, repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.git("branch", "v2", "v1")
    assert _fails(make_fetcher, host.url("module.git"), "v2") == 'The repository has no tag "v2"'


def test_a_commit_is_fetched_wherever_its_tag_points_now(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    first = repository.git("rev-parse", "v1^{commit}")
    repository.tag_files("v1", {"main.tf": "moved"})
    location = RepositoryLocation(host.url("module.git"))
    with make_fetcher(**LOOPBACK).fetch(location, "v1", commit=first) as source:
        assert (source.origin.commit, source.tree.read("main.tf")) == (first, b"one")
    with pytest.raises(SourceUnavailable, match="doesn't hand out the commit"):
        make_fetcher(**LOOPBACK).fetch(location, "v1", commit="1" * 40).__enter__()


def test_three_thousand_commits_of_history_stay_where_they_are(
    tmp_path: Path, make_fetcher: MakeFetcher, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = Repository.make(tmp_path / "hosted" / "long.git")
    commit = repository.history(3000)
    whole = sum(path.stat().st_size for path in (repository.path / "objects").rglob("*.pack"))
    with (
        git_host(tmp_path / "hosted") as host,
        make_fetcher(**LOOPBACK).fetch(RepositoryLocation(host.url("long.git")), "v1") as source,
    ):
        received = source.bytes_received
        assert source.origin.commit == commit
        assert len(source.tree.files()) == 1
    with capsys.disabled():
        print(f"\n3,000 commits: {received:,} bytes received, {whole:,} bytes in the repository")
    assert received < 5000 < whole // 100


def test_a_query_of_the_clone_url_is_sent_as_git_sends_it(host: GitHost, make_fetcher: MakeFetcher) -> None:
    _fails(make_fetcher, host.url("any?module=vpc&provider=aws"))
    assert host.requests[0][1] == "/any?module=vpc&provider=aws/info/refs&service=git-upload-pack"


# --- credentials -------------------------------------------------------------------------------------------------


def test_the_operators_credentials_open_a_repository_of_a_listed_host(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.authorization = AUTHORIZATION
    fetcher = make_fetcher(**LOOPBACK, credentials=CREDENTIALS, credential_hosts=["127.0.0.1"])
    with fetcher.fetch(RepositoryLocation(host.url("module.git")), "v1") as source:
        assert source.tree.read("main.tf") == b"one"
    assert host.authorizations == {AUTHORIZATION}


def test_the_operators_credentials_go_to_no_host_that_is_not_listed(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.authorization = AUTHORIZATION
    message = _fails(
        make_fetcher, host.url("module.git"), credentials=CREDENTIALS, credential_hosts=["git.example.com", "127.0.0.2"]
    )
    assert "asks for a user name and password" in message
    assert host.authorizations == {None}


def test_wrong_credentials_are_named_as_such_and_not_shown(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.authorization = "Basic other"
    location = RepositoryLocation(host.url("module.git", "someone:s3cret@127.0.0.1"), trusted=True)
    message = _fails(make_fetcher, location)
    assert "refuses access" in message
    assert host.authorizations == {"Basic " + base64.b64encode(b"someone:s3cret").decode()}
    assert "s3cret" not in message + repr(location)
    assert "someone" not in message + repr(location)


def test_credentials_of_one_repository_come_before_the_operators(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.authorization = "Basic " + base64.b64encode(b"x-access-token:t").decode()
    fetcher = make_fetcher(**LOOPBACK, credentials=CREDENTIALS, credential_hosts=["127.0.0.1"])
    location = RepositoryLocation(host.url("module.git"), credentials=GitCredentials("x-access-token", "t"))
    with fetcher.fetch(location, "v1") as source:
        assert source.tree.read("main.tf") == b"one"


# --- redirects ---------------------------------------------------------------------------------------------------


def test_a_redirect_on_the_same_host_is_followed_with_credentials(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.authorization = AUTHORIZATION
    host.redirect = lambda path: path.replace("old", "module.git") if path.startswith("/old/") else None
    fetcher = make_fetcher(**LOOPBACK, credentials=CREDENTIALS, credential_hosts=["127.0.0.1"])
    with fetcher.fetch(RepositoryLocation(host.url("old")), "v1") as source:
        assert source.tree.read("main.tf") == b"one"
    assert [path for _, path, _ in host.requests if path.startswith("/old/")] == [host.requests[0][1]]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_credentials_are_not_sent_on_to_another_host_or_port(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher, address: str
) -> None:
    host.authorization = AUTHORIZATION
    with git_host(repository.path.parent, address) as other:
        host.redirect = lambda path: f"http://{address}:{other.port}{path}"
        fetcher = make_fetcher(
            allowed_hosts=["127.0.0.1", "127.0.0.2"],
            credentials=CREDENTIALS,
            credential_hosts=["127.0.0.1", "127.0.0.2"],
        )
        with fetcher.fetch(RepositoryLocation(host.url("module.git")), "v1") as source:
            assert source.tree.read("main.tf") == b"one"
        assert host.authorizations == {AUTHORIZATION}
        assert other.authorizations == {None}


@pytest.mark.parametrize("trusted", [False, True])
def test_a_redirect_to_a_host_that_is_not_permitted_is_not_followed(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher, trusted: bool
) -> None:
    with git_host(repository.path.parent, "127.0.0.2") as other:
        host.redirect = lambda path: f"http://127.0.0.2:{other.port}{path}"
        fetcher = make_fetcher(**({} if trusted else LOOPBACK))
        with pytest.raises(ForbiddenRepository, match=r"127\.0\.0\.2"):
            fetcher.fetch(RepositoryLocation(host.url("module.git"), trusted=trusted), "v1").__enter__()
        assert other.requests == []


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ssh://127.0.0.1/x", "http://2130706433:1/info/refs?service=git-upload-pack", "gopher://x/"],
)
def test_a_redirect_to_where_no_custom_url_may_lead_is_refused(
    host: GitHost, make_fetcher: MakeFetcher, target: str
) -> None:
    host.redirect = lambda _path: target
    with pytest.raises(ForbiddenRepository):
        make_fetcher().fetch(
            RepositoryLocation(host.url("x").replace("127.0.0.1", "localhost"), True), "v1"
        ).__enter__()


def test_redirects_without_end_are_given_up(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.redirect = lambda path: path
    assert _fails(make_fetcher, host.url("module.git")) == "The git host sent more than 5 redirects"
    assert len(host.requests) == 6


def test_a_redirect_to_a_page_is_no_repository(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.redirect = lambda _path: "/login?next=/module.git"
    assert "redirects to another kind of page" in _fails(make_fetcher, host.url("module.git"))


# --- what is not permitted ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "LOCALHOST.", "[::ffff:127.0.0.1]"])
def test_a_host_of_this_machine_is_not_asked_unless_listed(host: GitHost, make_fetcher: MakeFetcher, name: str) -> None:
    with pytest.raises(ForbiddenRepository, match="GIT_ALLOWED_HOSTS"):
        make_fetcher().fetch(RepositoryLocation(host.url("module.git", name)), "v1").__enter__()
    assert host.requests == []


def test_the_operators_own_hosts_may_be_on_this_machine(host: GitHost, make_fetcher: MakeFetcher) -> None:
    with make_fetcher().fetch(RepositoryLocation(host.url("module.git", "localhost"), trusted=True), "v1") as source:
        assert source.tree.read("main.tf") == b"one"


# --- what fails --------------------------------------------------------------------------------------------------


def test_a_missing_repository_is_said_to_be_missing(host: GitHost, make_fetcher: MakeFetcher) -> None:
    assert "no such repository" in _fails(make_fetcher, host.url("missing.git"))


def test_a_host_that_is_not_there_is_said_to_be_out_of_reach(make_fetcher: MakeFetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "can't be reached" in _fails(make_fetcher, f"http://127.0.0.1:{port}/module.git")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", "doesn't speak git"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "status 500"),
        (b"what?\r\n\r\n", "broke off"),
        (b"", "broke off"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "redirect"),
    ],
)
def test_an_answer_that_is_no_repository_fails_clearly(make_fetcher: MakeFetcher, answer: bytes, reason: str) -> None:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with raw_host(talk) as port:
        assert reason in _fails(make_fetcher, f"http://127.0.0.1:{port}/module.git")


@pytest.mark.parametrize(
    "content",
    [
        b"001e# service=git-upload-pack\n0000zzzz",
        b"001e# service=git-upload-pack\n00000000",
        b"",
        b"\xff" * 100,
        b"000eversion 2\n0000",
        b"001e# service=git-upload-pack\n0000000eversion 2\n0000",
        b"001e# service=git-upload-pack\n0000" + b"003f" + b"1" * 40 + b" refs/tags/v1\0nothing here\n" + b"0000",
    ],
)
def test_garbage_in_place_of_the_protocol_fails_clearly(make_fetcher: MakeFetcher, content: bytes) -> None:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
        )

    with raw_host(talk) as port:
        message = _fails(make_fetcher, f"http://127.0.0.1:{port}/module.git")
    assert message.isprintable()
    assert message


def test_a_repository_that_vanishes_in_the_middle_fails_clearly(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    repository.tag_files("big", {"main.tf": os.urandom(300_000)})
    host.bytes_until_vanishing = 100_000
    assert "broke off" in _fails(make_fetcher, host.url("module.git"), "big")


def test_a_repository_above_the_bound_is_given_up(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    repository.tag_files("big", {"main.tf": os.urandom(5_000_000)})
    message = _fails(make_fetcher, host.url("module.git"), "big", max_bytes=1_000_000)
    assert message == "The git host sent more than 1,000,000 bytes, which is the bound for a fetch"


@pytest.mark.parametrize("talk", [never_answer, trickle])
def test_a_host_that_takes_for_ever_is_given_up_in_time(make_fetcher: MakeFetcher, talk: object) -> None:
    with raw_host(talk) as port:  # type: ignore[arg-type]
        began = time.monotonic()
        message = _fails(make_fetcher, f"http://127.0.0.1:{port}/module.git", timeout_seconds=2)
        took = time.monotonic() - began
    assert "took longer than 2 seconds" in message
    assert took < 4


def test_every_failure_is_one_of_the_domains(host: GitHost, make_fetcher: MakeFetcher) -> None:
    for url in ("http://", "http://[", "http://x:y/z", "https://h\n/x", "", "http://127.0.0.1:0/x", "\ud800"):
        with pytest.raises(RegistryError):
            make_fetcher().fetch(RepositoryLocation(url, trusted=True), "v1").__enter__()
