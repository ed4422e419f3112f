"""Lists of tags from real repositories and real git hosts, and from hosts that misbehave."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrareg_core.errors import ForbiddenRepository, SourceUnavailable
from terrareg_core.modules.fetching import RepositoryLocation
from tests.integration.git.conftest import MakeFetcher
from tests.integration.git.hosts import GitHost, git_host, never_answer, raw_host, trickle
from tests.integration.git.repositories import Repository
from tests.integration.git.test_http import AUTHORIZATION, CREDENTIALS, LOOPBACK

_ADVERTISED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\n\r\n"
    b"001e# service=git-upload-pack\n0000"
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Has a lightweight tag, an annotated one and one of that, one of a file, and a branch."""
    repository = Repository.make(tmp_path / "hosted" / "module.git")
    repository.tag_files("v1.0.0", {"main.tf": "one"})
    repository.git("tag", "-a", "v1.1.0", "-m", "annotated", "v1.0.0")
    repository.git("tag", "-a", "nested", "-m", "of a tag", "v1.1.0")
    repository.tag("file", repository.blob("alone"))
    repository.git("branch", "v9.0.0", "v1.0.0")
    return repository


@pytest.fixture
def host(repository: Repository) -> Iterator[GitHost]:
    with git_host(repository.path.parent) as host:
        yield host


def _expected(repository: Repository) -> dict[str, str]:
    commit = repository.git("rev-parse", "v1.0.0^{commit}")
    return {"v1.0.0": commit, "v1.1.0": commit, "nested": commit, "file": repository.git("rev-parse", "file")}


def _fails(make_fetcher: MakeFetcher, port: int, **policy: object) -> str:
    """The one sentence with which listing the tags of a host on this machine fails."""
    with pytest.raises(SourceUnavailable) as caught:
        make_fetcher(**{**LOOPBACK, **policy}).tags(RepositoryLocation(f"http://127.0.0.1:{port}/module.git"))
    return caught.value.message


@pytest.mark.parametrize("old_protocol", [False, True])
def test_tags_of_tags_are_followed_with_either_version_of_the_protocol(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher, old_protocol: bool
) -> None:
    host.old_protocol = old_protocol
    assert make_fetcher(**LOOPBACK).tags(RepositoryLocation(host.url("module.git"))) == _expected(repository)


@pytest.mark.parametrize("packed", [False, True])
def test_tags_of_tags_are_followed_in_a_repository_of_this_host(
    repository: Repository, make_fetcher: MakeFetcher, packed: bool
) -> None:
    if packed:
        repository.git("pack-refs", "--all")
    assert make_fetcher().tags(RepositoryLocation(str(repository.path), trusted=True)) == _expected(repository)


@pytest.mark.parametrize("old_protocol", [False, True])
def test_a_repository_without_tags_has_an_empty_list(
    tmp_path: Path, make_fetcher: MakeFetcher, old_protocol: bool
) -> None:
    repository = Repository.make(tmp_path / "hosted" / "empty.git")
    with git_host(tmp_path / "hosted", old_protocol=old_protocol) as host:
        assert make_fetcher(**LOOPBACK).tags(RepositoryLocation(host.url("empty.git"))) == {}
    assert make_fetcher().tags(RepositoryLocation(str(repository.path), trusted=True)) == {}


def test_a_name_that_is_not_utf_8_is_that_of_no_other_tag(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    commit = repository.git("rev-parse", "v1.0.0")
    (repository.path / "packed-refs").write_bytes(b"%s refs/tags/gr\xf6\xdfer\n" % commit.encode())
    fetcher = make_fetcher(**LOOPBACK)
    location = RepositoryLocation(host.url("module.git"))
    assert set(fetcher.tags(location)) - set(_expected(repository)) == {"gr\udcf6\udcdfer"}
    with fetcher.fetch(location, "gr\udcf6\udcdfer") as source:
        assert source.origin.commit == commit


# --- credentials and redirects -----------------------------------------------------------------------------------


def test_credentials_open_a_list_and_are_not_sent_on_to_another_host(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    host.authorization = AUTHORIZATION
    names = ["127.0.0.1", "127.0.0.2"]
    fetcher = make_fetcher(allowed_hosts=names, credentials=CREDENTIALS, credential_hosts=names)
    location = RepositoryLocation(host.url("module.git"))
    assert fetcher.tags(location) == _expected(repository)
    assert host.authorizations == {AUTHORIZATION}
    with git_host(repository.path.parent, "127.0.0.2") as other:
        host.redirect = lambda path: f"http://127.0.0.2:{other.port}{path}"
        assert fetcher.tags(location) == _expected(repository)
        assert other.authorizations == {None}


def test_a_redirect_to_a_host_that_is_not_permitted_is_not_followed(
    host: GitHost, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    with git_host(repository.path.parent, "127.0.0.2") as other:
        host.redirect = lambda path: f"http://127.0.0.2:{other.port}{path}"
        with pytest.raises(ForbiddenRepository, match=r"127\.0\.0\.2"):
            make_fetcher(**LOOPBACK).tags(RepositoryLocation(host.url("module.git")))
        assert other.requests == []


def test_wrong_credentials_are_told_without_being_shown(host: GitHost, make_fetcher: MakeFetcher) -> None:
    host.authorization = "Basic other"
    location = RepositoryLocation(host.url("module.git", "someone:s3cret@127.0.0.1"), trusted=True)
    with pytest.raises(SourceUnavailable, match="refuses access") as caught:
        make_fetcher().tags(location)
    assert "s3cret" not in caught.value.message


# --- what fails --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("talk", [never_answer, trickle])
def test_a_host_that_takes_for_ever_is_given_up_in_time(make_fetcher: MakeFetcher, talk: object) -> None:
    with raw_host(talk) as port:  # type: ignore[arg-type]
        began = time.monotonic()
        message = _fails(make_fetcher, port, timeout_seconds=2)
        took = time.monotonic() - began
    assert "took longer than 2 seconds" in message
    assert took < 4


@pytest.mark.parametrize(
    ("max_bytes", "reason"),
    [(1 << 30, "list of tags is longer than 33,554,432 bytes"), (1 << 20, "more than 1,048,576 bytes")],
)
def test_a_list_without_end_is_given_up(make_fetcher: MakeFetcher, max_bytes: int, reason: str) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        # The first line of the old protocol carries what the host can do.
        connection.sendall(_ADVERTISED + _line(b"refs/tags/v0\0side-band-64k"))
        lines = b"".join(_line(b"refs/tags/%s%d" % (b"x" * 60_000, number)) for number in range(20))
        while not over.is_set():
            connection.sendall(lines)

    with raw_host(talk) as port:
        assert reason in _fails(make_fetcher, port, max_bytes=max_bytes)


def test_names_that_are_too_long_together_are_a_failure(make_fetcher: MakeFetcher) -> None:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65536)
        lines = [_line(b"refs/tags/%s%d" % (b"x" * 60_000, number)) for number in range(100)]
        connection.sendall(_ADVERTISED + _line(b"refs/tags/v0\0side-band-64k") + b"".join(lines) + b"0000")

    with raw_host(talk) as port:
        assert "names of more than 4,194,304 bytes" in _fails(make_fetcher, port)


def test_names_that_git_refuses_are_left_out(make_fetcher: MakeFetcher) -> None:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65536)
        names = [b"v0\0side-band-64k", b"../../etc/passwd", b"a\x01b", b"v1.lock", b"-v2"]
        connection.sendall(_ADVERTISED + b"".join(_line(b"refs/tags/" + name) for name in names) + b"0000")

    with raw_host(talk) as port:
        location = RepositoryLocation(f"http://127.0.0.1:{port}/module.git")
        assert set(make_fetcher(**LOOPBACK).tags(location)) == {"v0", "-v2"}


@pytest.mark.parametrize("name", [b"1" * 64, b"z" * 40, b"1" * 39])
def test_a_tag_of_something_that_has_no_sha_1_is_a_failure(make_fetcher: MakeFetcher, name: bytes) -> None:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(_ADVERTISED + _line(b"refs/tags/v0\0side-band-64k", name) + b"0000")

    with raw_host(talk) as port:
        message = _fails(make_fetcher, port)
    assert message.isprintable()
    assert message


def test_a_missing_repository_is_said_to_be_missing(host: GitHost, make_fetcher: MakeFetcher) -> None:
    with pytest.raises(SourceUnavailable, match="no such repository"):
        make_fetcher(**LOOPBACK).tags(RepositoryLocation(host.url("missing.git")))


def _line(ref: bytes, name: bytes = b"1" * 40) -> bytes:
    content = name + b" " + ref + b"\n"
    return b"%04x%s" % (len(content) + 4, content)
