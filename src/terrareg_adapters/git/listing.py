"""One list of tags from beginning to end: which tags a repository has, and the commits that they stand for."""

from collections.abc import Iterator

from dulwich.objects import ObjectID
from dulwich.protocol import PEELED_TAG_SUFFIX
from dulwich.refs import Ref, check_ref_format

from terrareg_adapters.git.job import ListJob, TagList
from terrareg_adapters.git.local import open_local, reading
from terrareg_adapters.git.meter import Meter
from terrareg_adapters.git.refs import TAGS, require_sha1, tag_of
from terrareg_adapters.git.remote import speaking_to
from terrareg_adapters.git.tree import peeled
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import MAX_TAGS, NameResolver, RepositoryUrl

_NAMES_BYTES = 4 << 20
"""Of all tags' names together; what is handed over stays within what the registry reads of an answer."""

_Named = Iterator[tuple[Ref, ObjectID]]
"""The refs of tags, each with the object that it stands for."""


def list_tags(job: ListJob, resolver: NameResolver) -> TagList:
    """Do `job`.

    Raises ForbiddenRepository and SourceUnavailable as `TagLister.tags` does, and anything at all when a git host sends
    what the library doesn't expect.
    """
    url = RepositoryUrl.parse(job.location)
    meter = Meter(job.policy.max_bytes)
    tags: dict[str, str] = {}
    names_bytes = 0
    for ref, name in _local(url, meter) if url.scheme == "file" else _remote(job, url, resolver, meter):
        if not check_ref_format(ref):
            continue
        names_bytes += len(ref) - len(TAGS)
        tags[tag_of(ref)] = require_sha1(name).decode()
        if len(tags) > MAX_TAGS or names_bytes > _NAMES_BYTES:
            raise SourceUnavailable(
                f"The repository has more than {MAX_TAGS:,} tags, or tags with names of more than {_NAMES_BYTES:,} "
                "bytes in all"
            )
    return TagList(tags)


def _local(url: RepositoryUrl, meter: Meter) -> _Named:
    meter.files_begin()
    with open_local(url) as repository:
        read = reading(repository.object_store, meter)
        for rest, name in repository.refs.as_dict(Ref(TAGS)).items():
            ref = Ref(TAGS + rest)
            # What git wrote down when it packed the refs spares reading an object for every tag.
            yield ref, repository.refs.get_peeled(ref) or peeled(read, name)


def _remote(job: ListJob, url: RepositoryUrl, resolver: NameResolver, meter: Meter) -> _Named:
    with speaking_to(job, url, resolver, meter) as (client, path):
        refs = client.get_refs(path.encode(), ref_prefix=[TAGS]).refs
    # Hosts that speak the old protocol send all refs.
    for ref, name in refs.items():
        if name is not None and ref.startswith(TAGS) and not ref.endswith(PEELED_TAG_SUFFIX):
            yield ref, refs.get(Ref(ref + PEELED_TAG_SUFFIX)) or name
