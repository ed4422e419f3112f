"""One fetch from beginning to end: find the tag, receive the objects of its commit, write the files of its tree."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import attrs
from dulwich.errors import GitProtocolError
from dulwich.object_store import DiskObjectStore
from dulwich.objects import ObjectID
from dulwich.refs import Ref, check_ref_format

from terrareg_adapters.git.job import FetchJob, FetchResult
from terrareg_adapters.git.local import open_local, reading
from terrareg_adapters.git.meter import Meter
from terrareg_adapters.git.pack import check_pack
from terrareg_adapters.git.refs import is_sha1, ref_of, require_sha1
from terrareg_adapters.git.remote import speaking_to
from terrareg_adapters.git.tree import ReadObject, find_commit, write_tree
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import NameResolver, RepositoryUrl


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
        ref = ref_of(job.tag)
        commit = None if job.commit is None else ObjectID(job.commit.encode("ascii", "replace"))
        wanted = cls(ref, job.tag, commit)
        if not check_ref_format(ref):
            raise wanted.missing()
        if commit is not None and not is_sha1(commit):
            raise SourceUnavailable("Only commits named by SHA-1 can be fetched")
        return wanted

    def of_refs(self, refs: Mapping[Ref, ObjectID]) -> ObjectID:
        """What to fetch from a repository with these refs."""
        if self.commit is not None:
            return self.commit
        name = refs.get(self.ref)
        if name is None:
            raise self.missing()
        return require_sha1(name)

    def missing(self) -> SourceUnavailable:
        shown = "".join(char if char.isprintable() else "\ufffd" for char in self.tag[:100])
        return SourceUnavailable(f'The repository has no tag "{shown}"')


# --- repositories of this host -----------------------------------------------------------------------------------


@contextmanager
def _local(url: RepositoryUrl, wanted: _Wanted, meter: Meter) -> Iterator[tuple[ReadObject, ObjectID]]:
    meter.files_begin()
    with open_local(url) as repository:
        refs = {} if wanted.ref not in repository.refs else {wanted.ref: repository.refs[wanted.ref]}
        yield reading(repository.object_store, meter), wanted.of_refs(refs)


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
    chosen: list[ObjectID] = []

    def determine_wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:  # noqa: ARG001
        chosen.append(wanted.of_refs(refs))
        meter.files_begin()
        return chosen

    store = DiskObjectStore.init(objects)
    try:
        pack, commit, abort = store.add_pack()
        try:
            with speaking_to(job, url, resolver, meter, by_commit=wanted.commit is not None) as (client, path):
                client.fetch_pack(path, determine_wants, _Nothing(), pack.write, depth=1, ref_prefix=[wanted.ref])
                check_pack(pack, job.bounds)
        except BaseException:
            abort()
            raise
        commit()
        yield reading(store), chosen[0]
    finally:
        store.close()
