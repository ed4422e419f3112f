"""One fetch from beginning to end: find the tag, receive the objects of its commit, write the files of its tree."""

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import attrs
import urllib3
from dulwich.client import GitClient
from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
from dulwich.object_store import BaseObjectStore, DiskObjectStore
from dulwich.objects import ObjectID
from dulwich.refs import Ref, check_ref_format
from dulwich.repo import Repo

from terrareg_adapters.git.http import HttpClient, HttpTransport
from terrareg_adapters.git.job import FetchJob, FetchResult
from terrareg_adapters.git.meter import Meter
from terrareg_adapters.git.pack import check_pack
from terrareg_adapters.git.ssh import BareClient, SshClient, ssh_command
from terrareg_adapters.git.tree import ReadObject, find_commit, write_tree
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import GitCredentials, NameResolver, RepositoryUrl

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_SHA1 = re.compile(rb"[0-9a-f]{40}")
_SHOWN = 300


def fetch(job: FetchJob, resolver: NameResolver, *, objects: Path, tree: Path) -> FetchResult:
    """Do `job`: the objects go to the folder `objects`, the files to `tree`; neither may exist.

    Raises ForbiddenRepository, InvalidRepository and SourceUnavailable as `ModuleSourceFetcher.fetch` does, and
    anything at all when a git host sends what the library doesn't expect.
    """
    url = RepositoryUrl.parse(job.location)
    wanted = _Wanted.of(job)
    meter = Meter(job.policy.max_bytes)
    source = _local(url, wanted, meter) if url.scheme == "file" else _remote(job, url, resolver, wanted, meter, objects)
    with source as (read, name):
        commit, root = find_commit(read, name)
        warnings = write_tree(read, root, tree, job.bounds)
    return FetchResult(commit.decode(), warnings, meter.received)


@attrs.frozen
class _Wanted:
    ref: Ref
    tag: str
    commit: ObjectID | None

    @classmethod
    def of(cls, job: FetchJob) -> Self:
        ref = Ref(b"refs/tags/" + job.tag.encode("utf-8", "surrogateescape"))
        commit = None if job.commit is None else ObjectID(job.commit.encode("ascii", "replace"))
        wanted = cls(ref, job.tag, commit)
        if not check_ref_format(ref):
            raise wanted.missing()
        if commit is not None and not _SHA1.fullmatch(commit):
            raise SourceUnavailable("Only commits named by SHA-1 can be fetched")
        return wanted

    def of_refs(self, refs: Mapping[Ref, ObjectID]) -> ObjectID:
        """What to fetch from a repository with these refs."""
        if self.commit is not None:
            return self.commit
        name = refs.get(self.ref)
        if name is None:
            raise self.missing()
        if not _SHA1.fullmatch(name):
            raise SourceUnavailable("The repository names its objects by SHA-256, which is not supported")
        return name

    def missing(self) -> SourceUnavailable:
        shown = "".join(char if char.isprintable() else "\ufffd" for char in self.tag[:100])
        return SourceUnavailable(f'The repository has no tag "{shown}"')


# --- repositories of this host -----------------------------------------------------------------------------------


@contextmanager
def _local(url: RepositoryUrl, wanted: _Wanted, meter: Meter) -> Iterator[tuple[ReadObject, ObjectID]]:
    meter.files_begin()
    try:
        repository = Repo(url.path)
    except (NotGitRepository, OSError, ValueError):
        raise SourceUnavailable(
            "There is no git repository at the path of the clone URL, or it can't be read"
        ) from None
    with repository:
        refs = {} if wanted.ref not in repository.refs else {wanted.ref: repository.refs[wanted.ref]}
        yield _reading(repository.object_store, meter), wanted.of_refs(refs)


def _reading(store: BaseObjectStore, meter: Meter | None = None) -> ReadObject:
    def read(name: ObjectID) -> tuple[int, bytes]:
        kind, content = store.get_raw(name)
        if meter is not None:
            meter.add(len(content))
        return kind, content

    return read


# --- repositories of other hosts ---------------------------------------------------------------------------------


class _Nothing:
    """Tells the git host that nothing of the repository is here yet (the walker that the library asks for)."""

    def __next__(self) -> ObjectID | None:
        return None

    def ack(self, sha: ObjectID, /) -> None:
        raise GitProtocolError(f"{sha!r} was acknowledged, and was never offered")

    def nak(self) -> None:
        pass


@contextmanager
def _remote(
    job: FetchJob, url: RepositoryUrl, resolver: NameResolver, wanted: _Wanted, meter: Meter, objects: Path
) -> Iterator[tuple[ReadObject, ObjectID]]:
    credentials = job.policy.credentials_for(job.location, url)
    client, path = _client(job, url, resolver, credentials, meter)
    chosen: list[ObjectID] = []

    def determine_wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:  # noqa: ARG001
        chosen.append(wanted.of_refs(refs))
        meter.files_begin()
        return chosen

    store = DiskObjectStore.init(objects)
    try:
        pack, commit, abort = store.add_pack()
        try:
            client.fetch_pack(path, determine_wants, _Nothing(), pack.write, depth=1, ref_prefix=[wanted.ref])
            check_pack(pack, job.bounds)
        except GitProtocolError as error:
            abort()
            raise _reported(url, wanted, error, credentials) from None
        except OSError as error:
            abort()
            if error.errno in _NO_ROOM:
                raise
            raise SourceUnavailable(f"The git host {url.host} can't be reached, or broke off") from None
        except BaseException:
            abort()
            raise
        commit()
        yield _reading(store), chosen[0]
    finally:
        store.close()


def _client(
    job: FetchJob, url: RepositoryUrl, resolver: NameResolver, credentials: GitCredentials | None, meter: Meter
) -> tuple[GitClient, str]:
    rule = job.policy.rule_for(job.location, url)
    if url.scheme == "ssh":
        return SshClient(url, ssh_command(url, job.ssh_command, rule, resolver), meter), url.path
    if url.scheme == "git":
        return BareClient(url, meter), url.path
    timeout = urllib3.Timeout(connect=job.policy.timeout_seconds, read=job.policy.timeout_seconds)
    return HttpClient(HttpTransport(url, rule, credentials, resolver, meter, timeout)), ""


def _reported(
    url: RepositoryUrl, wanted: _Wanted, error: GitProtocolError, credentials: GitCredentials | None
) -> SourceUnavailable:
    """The failure of a git host, with what it or ssh said about it, as far as that may be shown."""
    said = _said(error)
    for secret in () if credentials is None else (credentials.password, credentials.username):
        if secret:
            said = said.replace(secret, "…")
    if wanted.commit is not None and (not said or "not our ref" in said):
        # Over http, hosts say why they don't give a commit where the library doesn't listen.
        return SourceUnavailable(
            f"The git host {url.host} doesn't hand out the commit: it is gone, or of no tag and no branch"
        )
    if not said or said.startswith("Length of pkt"):
        return SourceUnavailable(f"The git host {url.host} broke off, or doesn't speak git's protocol there")
    return SourceUnavailable(f"The git host {url.host} can't be fetched from: {said}")


def _said(error: GitProtocolError) -> str:
    lines: Sequence[bytes | str] = [str(error)]
    if isinstance(error, HangupException):
        lines = error.stderr_lines or []
    texts = [line.decode(errors="replace") if isinstance(line, bytes) else line for line in lines]
    spoken = [text.strip() for text in texts if text.strip()]
    return "".join(char if char.isprintable() else " " for char in " ".join(spoken[-2:]))[:_SHOWN]
