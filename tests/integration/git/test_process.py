"""The process that fetches: what it can see, and that it never outlives the registry."""

import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from terrareg_adapters.git.fetching import fetch
from terrareg_adapters.git.job import FetchJob, FetchResult, ListJob, TagList, read_job, read_outcome
from terrareg_adapters.git.listing import list_tags
from terrareg_adapters.memory.fetching import MemoryResolver
from terrareg_core.errors import ForbiddenRepository, SourceUnavailable
from terrareg_core.modules.fetching import GitCredentials, GitPolicy, RepositoryLocation
from terrareg_core.modules.ports import ArchiveBounds
from tests.integration.git.conftest import MakeFetcher
from tests.integration.git.hosts import git_host, never_answer, raw_host
from tests.integration.git.repositories import Repository

_CREDENTIALS = GitCredentials("operators-robot", "operators-password")


def _until(condition: Callable[[], object], what: str) -> object:
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        os.sched_yield()
    return found


def _fetching_child(parent: int) -> int | None:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if b"terrareg_adapters.git.child" not in (place / "cmdline").read_bytes():
                continue
            if (place / "stat").read_text().rpartition(")")[2].split()[1] == str(parent):
                return int(place.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return None


def test_the_fetching_process_sees_no_secret_and_its_death_is_a_failure(make_fetcher: MakeFetcher) -> None:
    failures: list[SourceUnavailable] = []
    connected = threading.Event()
    fetcher = make_fetcher(allowed_hosts=["127.0.0.1"], credentials=_CREDENTIALS, credential_hosts=["127.0.0.1"])

    def fetch_from(port: int) -> None:
        try:
            fetcher.fetch(RepositoryLocation(f"http://127.0.0.1:{port}/x.git"), "v1").__enter__()
        except SourceUnavailable as error:
            failures.append(error)

    def talk(connection: object, over: threading.Event) -> None:
        connected.set()
        over.wait()

    with raw_host(talk) as port:
        thread = threading.Thread(target=fetch_from, args=(port,))
        thread.start()
        assert connected.wait(20)
        child = _fetching_child(os.getpid())
        assert child is not None
        seen = Path(f"/proc/{child}/environ").read_bytes() + Path(f"/proc/{child}/cmdline").read_bytes()
        os.kill(child, signal.SIGKILL)
        thread.join(20)
    assert b"PATH=" in seen
    for secret in (b"operators-robot", b"operators-password", b"of-the-registry"):
        assert secret not in seen
    assert "ended unexpectedly" in failures[0].message


def test_the_fetching_process_ends_when_the_registry_is_killed(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from terrareg_adapters.git.fetcher import DulwichFetcher
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_core.modules.fetching import GitPolicy, RepositoryLocation
fetcher = DulwichFetcher(
    workspace=Path(sys.argv[1]), policy=GitPolicy(), open_tree=DirectoryTree, environment=os.environ
)
fetcher.fetch(RepositoryLocation(sys.argv[2], trusted=True), "v1").__enter__()
"""
    connected = threading.Event()

    def talk(connection: object, over: threading.Event) -> None:
        connected.set()
        over.wait()

    with raw_host(talk) as port:
        url = f"http://127.0.0.1:{port}/x.git"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with subprocess.Popen([sys.executable, "-c", program, str(tmp_path), url], env=environment) as registry:
            try:
                assert connected.wait(20)
                child = _fetching_child(registry.pid)
                assert child is not None
            finally:
                registry.kill()
        _until(lambda: not _is_fetching(child), "the fetching process still runs")


def _is_fetching(pid: int) -> bool:
    try:
        return b"terrareg_adapters.git.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]\n",
        b"{}\n",
        b"null\n",
        b'{"failure": "SystemExit", "message": ""}\n',
        b"\xff\n",
        b'{"commit": "a"}\n',
        b'{"tags": 1}\n',
        b'{"tags": {}',
    ],
)
def test_an_outcome_that_is_none_is_a_failure(line: bytes) -> None:
    with pytest.raises(SourceUnavailable, match="ended unexpectedly"):
        read_outcome(line, FetchResult)
    with pytest.raises(SourceUnavailable, match="ended unexpectedly"):
        read_outcome(line, TagList)


def test_a_file_that_unpacks_to_more_than_the_memory_is_a_failure(tmp_path: Path, make_fetcher: MakeFetcher) -> None:
    repository = Repository.make(tmp_path / "x.git")
    blob = "0123456789" * 4
    loose = repository.path / "objects" / blob[:2] / blob[2:]
    loose.parent.mkdir()
    packer, size = zlib.compressobj(1), 700 << 20
    with loose.open("wb") as file:
        file.write(packer.compress(b"blob %d\0" % size))
        for _ in range(size >> 20):
            file.write(packer.compress(bytes(1 << 20)))
        file.write(packer.flush())
    repository.tag("v1", repository.commit(repository.tree(("100644", "zeros", blob))))
    fetcher = make_fetcher(ArchiveBounds(member_bytes=1 << 20))
    with pytest.raises(SourceUnavailable, match="more memory"):
        fetcher.fetch(RepositoryLocation(str(repository.path), trusted=True), "v1").__enter__()


# --- names, with a resolver that says what it is told --------------------------------------------------------------


def _job(url: str, **policy: object) -> FetchJob:
    return FetchJob(
        location=RepositoryLocation(url),
        tag="v1",
        commit=None,
        policy=GitPolicy(**policy),  # type: ignore[arg-type]
        bounds=ArchiveBounds(),
        ssh_command=("ssh",),
    )


def test_a_job_survives_the_way_to_the_fetching_process() -> None:
    job = _job("http://a.example/x", allowed_hosts=["b.example", "::1"], credentials=_CREDENTIALS, max_bytes=7)
    assert read_job(job.to_line()) == job
    listing = ListJob(location=job.location, policy=job.policy, bounds=job.bounds, ssh_command=job.ssh_command)
    assert read_job(listing.to_line()) == listing


def test_a_name_that_leads_to_this_machine_is_refused_when_it_is_connected_to(tmp_path: Path) -> None:
    resolver = MemoryResolver({"git.example.com": ["203.0.113.7", "::ffff:127.0.0.1"]})
    for scheme in ("http", "https", "ssh"):
        with pytest.raises(ForbiddenRepository, match=r"git\.example\.com has an address of this machine"):
            fetch(
                _job(f"{scheme}://git.example.com/x.git"),
                resolver,
                objects=tmp_path / f"objects-{scheme}",
                tree=tmp_path / "tree",
            )


def test_tags_are_listed_at_permitted_addresses_only() -> None:
    job = _job("https://git.example.com/x.git")
    listing = ListJob(location=job.location, policy=job.policy, bounds=job.bounds, ssh_command=job.ssh_command)
    with pytest.raises(ForbiddenRepository, match=r"git\.example\.com has an address of this machine"):
        list_tags(listing, MemoryResolver({"git.example.com": ["127.0.0.1"]}))
    with pytest.raises(SourceUnavailable, match=r"git\.example\.com has no address"):
        list_tags(listing, MemoryResolver())


def test_a_listed_name_is_connected_to_at_the_address_that_the_resolver_gave(tmp_path: Path) -> None:
    Repository.make(tmp_path / "hosted" / "x.git").tag_files("v1", {"main.tf": "one"})
    with git_host(tmp_path / "hosted") as host:
        result = fetch(
            _job(host.url("x.git", "git.example.com"), allowed_hosts=["git.example.com"]),
            MemoryResolver({"git.example.com": ["127.0.0.1"]}),
            objects=tmp_path / "objects",
            tree=tmp_path / "tree",
        )
    assert (tmp_path / "tree" / "main.tf").read_text() == "one"
    assert result.bytes_received > 0


def test_a_name_without_address_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"git\.example\.com has no address"):
        fetch(
            _job("https://git.example.com/x.git"),
            MemoryResolver(),
            objects=tmp_path / "objects",
            tree=tmp_path / "tree",
        )


def test_a_host_that_never_answers_holds_no_lock_on_others(tmp_path: Path, make_fetcher: MakeFetcher) -> None:
    repository = Repository.make(tmp_path / "x.git")
    repository.tag_files("v1", {"main.tf": "one"})
    with raw_host(never_answer) as port:
        slow = threading.Thread(target=_give_up, args=(make_fetcher(timeout_seconds=3), port))
        slow.start()
        with make_fetcher().fetch(RepositoryLocation(str(repository.path), trusted=True), "v1") as source:
            assert source.tree.read("main.tf") == b"one"
            assert slow.is_alive()
        slow.join()


def _give_up(fetcher: object, port: int) -> None:
    with pytest.raises(SourceUnavailable):
        fetcher.fetch(RepositoryLocation(f"http://127.0.0.1:{port}/x", trusted=True), "v1").__enter__()  # type: ignore[attr-defined]
