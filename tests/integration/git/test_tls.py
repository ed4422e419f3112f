"""Fetching over https and through proxies."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from terrareg_core.errors import ForbiddenRepository, SourceUnavailable
from terrareg_core.modules.fetching import RepositoryLocation
from tests.integration.git.conftest import MakeFetcher
from tests.integration.git.hosts import GitHost, git_host, raw_host
from tests.integration.git.repositories import Repository


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """The environment of a registry that trusts the authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}


@pytest.fixture
def host(authority: trustme.CA, tmp_path: Path) -> Iterator[GitHost]:
    Repository.make(tmp_path / "hosted" / "module.git").tag_files("v1", {"main.tf": "one"})
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    with git_host(tmp_path / "hosted", tls=tls) as host:
        yield host


def _url(host: GitHost, name: str = "localhost") -> RepositoryLocation:
    return RepositoryLocation(host.url("module.git", name).replace("http:", "https:"), trusted=True)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_host_with_a_trusted_certificate_is_fetched_from(
    host: GitHost, make_fetcher: MakeFetcher, certificates: dict[str, str], name: str
) -> None:
    with make_fetcher(environment=certificates).fetch(_url(host, name), "v1") as source:
        assert source.tree.read("main.tf") == b"one"


def test_a_certificate_of_an_unknown_authority_or_another_host_is_refused(
    host: GitHost, make_fetcher: MakeFetcher, certificates: dict[str, str], authority: trustme.CA, tmp_path: Path
) -> None:
    with pytest.raises(SourceUnavailable, match="no certificate that is trusted"):
        make_fetcher().fetch(_url(host), "v1").__enter__()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(tls)
    with (
        git_host(tmp_path / "hosted", tls=tls) as other,
        pytest.raises(SourceUnavailable, match="no certificate that is trusted"),
    ):
        make_fetcher(environment=certificates).fetch(_url(other), "v1").__enter__()
    assert host.requests == other.requests == []


def test_a_redirect_from_https_to_http_is_not_followed(
    host: GitHost, make_fetcher: MakeFetcher, certificates: dict[str, str], tmp_path: Path
) -> None:
    with git_host(tmp_path / "hosted") as plain:
        host.redirect = lambda path: f"http://localhost:{plain.port}{path}"
        with pytest.raises(ForbiddenRepository, match="safe connection"):
            make_fetcher(environment=certificates).fetch(_url(host), "v1").__enter__()
        assert plain.requests == []


def test_proxies_of_the_environment_are_used(make_fetcher: MakeFetcher) -> None:
    asked: list[bytes] = []

    def talk(connection: socket.socket, _over: threading.Event) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    location = RepositoryLocation("http://git.example.invalid/module.git")
    with raw_host(talk) as port:
        proxy = {"http_proxy": f"http://someone:s3cret@127.0.0.1:{port}", "no_proxy": ""}
        with pytest.raises(SourceUnavailable, match="no such repository"):
            make_fetcher(environment=proxy).fetch(location, "v1").__enter__()
        with pytest.raises(ForbiddenRepository):
            make_fetcher(environment=proxy).fetch(RepositoryLocation("http://localhost/x"), "v1").__enter__()
        with pytest.raises(SourceUnavailable, match="has no address"):
            make_fetcher(environment={**proxy, "no_proxy": ".invalid"}).fetch(location, "v1").__enter__()
    assert len(asked) == 1
    assert asked[0].startswith(b"GET http://git.example.invalid/module.git/info/refs?service=git-upload-pack ")
    assert b"Basic c29tZW9uZTpzM2NyZXQ=" in asked[0]
