"""Fetching through a program that stands for ssh, which runs the remote command on this machine."""

import os
import time
from pathlib import Path

import pytest

from terrareg_core.errors import ForbiddenRepository, SourceUnavailable
from terrareg_core.modules.fetching import RepositoryLocation
from tests.integration.git.conftest import MakeFetcher
from tests.integration.git.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository.make(tmp_path / "it's a module.git")
    repository.tag_files("v1", {"main.tf": "one"})
    repository.git("tag", "-a", "annotated", "-m", "n", "v1")
    return repository


def _ssh(tmp_path: Path, script: str) -> tuple[str, ...]:
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\n{script}\n')
    program.chmod(0o755)
    return (str(program),)


_SERVE = 'for command; do :; done\nexec sh -c "$command"'


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("tag", ["v1", "annotated"])
def test_a_tag_is_fetched_through_ssh(
    tmp_path: Path, repository: Repository, make_fetcher: MakeFetcher, version: int, tag: str
) -> None:
    ssh = _ssh(tmp_path, f"export GIT_PROTOCOL=version={version}\n{_SERVE}")
    path = str(repository.path).replace(" ", "%20")
    location = RepositoryLocation(f"ssh://git@git.example.com:7999{path}", trusted=True)
    with make_fetcher(ssh_command=ssh).fetch(location, tag) as source:
        assert source.tree.read("main.tf") == b"one"
        assert source.origin.commit == repository.git("rev-parse", "v1")
        assert source.bytes_received > 0
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert {"BatchMode=yes", "StrictHostKeyChecking=accept-new", "ConnectTimeout=30"} <= set(arguments)
    assert arguments[arguments.index("-p") + 1] == "7999"
    assert "git@git.example.com" in arguments


@pytest.mark.parametrize("version", [0, 2])
def test_tags_are_listed_through_ssh(
    tmp_path: Path, repository: Repository, make_fetcher: MakeFetcher, version: int
) -> None:
    fetcher = make_fetcher(ssh_command=_ssh(tmp_path, f"export GIT_PROTOCOL=version={version}\n{_SERVE}"))
    commit = repository.git("rev-parse", "v1")
    location = RepositoryLocation(f"git@git.example.com:{repository.path}", trusted=True)
    assert fetcher.tags(location) == {"v1": commit, "annotated": commit}


def test_the_scp_form_of_the_operator_works(tmp_path: Path, repository: Repository, make_fetcher: MakeFetcher) -> None:
    location = RepositoryLocation(f"git@git.example.com:{repository.path}", trusted=True)
    with make_fetcher(ssh_command=_ssh(tmp_path, _SERVE)).fetch(location, "v1") as source:
        assert source.tree.read("main.tf") == b"one"


def test_ssh_connects_to_the_address_that_was_checked(
    tmp_path: Path, repository: Repository, make_fetcher: MakeFetcher
) -> None:
    path = str(repository.path).replace(" ", "%20")
    fetcher = make_fetcher(ssh_command=_ssh(tmp_path, _SERVE), allowed_hosts=["localhost"])
    with fetcher.fetch(RepositoryLocation(f"ssh://git@localhost:7999{path}"), "v1") as source:
        assert source.tree.read("main.tf") == b"one"
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert {"HostName=127.0.0.1", "HostName=::1"} & set(arguments)
    assert "HostKeyAlias=[localhost]:7999" in arguments


@pytest.mark.parametrize("url", ["ssh://git@127.0.0.1/x.git", "ssh://localhost/x.git", "ssh://0x7f000001/x.git"])
def test_ssh_to_this_machine_is_refused_unless_listed(tmp_path: Path, make_fetcher: MakeFetcher, url: str) -> None:
    with pytest.raises(ForbiddenRepository, match="GIT_ALLOWED_HOSTS"):
        make_fetcher(ssh_command=_ssh(tmp_path, _SERVE)).fetch(RepositoryLocation(url), "v1").__enter__()
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize(
    "url", ["ssh://-oProxyCommand=x/y", "ssh://-oProxyCommand=x@host.example/y", "-oProxyCommand=x:y", "ssh://a b@h/x"]
)
def test_what_ssh_could_take_for_an_option_is_refused(tmp_path: Path, make_fetcher: MakeFetcher, url: str) -> None:
    with pytest.raises(ForbiddenRepository):
        make_fetcher(ssh_command=_ssh(tmp_path, _SERVE)).fetch(RepositoryLocation(url, True), "v1").__enter__()
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            'echo "git@git.example.com: Permission denied (publickey)." >&2; exit 255',
            r"Permission denied \(publickey\)",
        ),
        ('echo "Host key verification failed." >&2; exit 255', "Host key verification failed"),
        ("exit 1", "broke off"),
        ("echo hello", "git.example.com"),
    ],
)
def test_what_ssh_complains_of_is_passed_on(
    tmp_path: Path, make_fetcher: MakeFetcher, script: str, reason: str
) -> None:
    location = RepositoryLocation("ssh://git@git.example.com/x.git", trusted=True)
    with pytest.raises(SourceUnavailable, match=reason) as caught:
        make_fetcher(ssh_command=_ssh(tmp_path, script)).fetch(location, "v1").__enter__()
    assert caught.value.message.isprintable()
    with pytest.raises(SourceUnavailable, match=reason):
        make_fetcher(ssh_command=_ssh(tmp_path, script)).tags(location)


def test_an_ssh_that_hangs_is_ended_with_the_fetch(tmp_path: Path, make_fetcher: MakeFetcher) -> None:
    ssh = _ssh(tmp_path, f"echo $$ > {tmp_path}/pid\nexec sleep 600")
    location = RepositoryLocation("ssh://git@git.example.com/x.git", trusted=True)
    with pytest.raises(SourceUnavailable, match="took longer than 2 seconds"):
        make_fetcher(ssh_command=ssh, timeout_seconds=2).fetch(location, "v1").__enter__()
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while _is_running(pid):
        assert time.monotonic() < deadline, "ssh is still running"
        os.sched_yield()


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def test_without_an_ssh_program_the_failure_says_so(make_fetcher: MakeFetcher) -> None:
    location = RepositoryLocation("ssh://git@git.example.com/x.git", trusted=True)
    with pytest.raises(SourceUnavailable, match="no ssh program"):
        make_fetcher(ssh_command=("no-such-ssh",)).fetch(location, "v1").__enter__()
