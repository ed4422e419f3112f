"""In-memory twins for fetching: repositories that are mappings, and a resolver that knows a few names."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address

import attrs

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import (
    MAX_TAGS,
    FetchedSource,
    GitPolicy,
    IpAddress,
    RepositoryLocation,
    RepositoryUrl,
    check_repository,
)
from terrareg_core.modules.model import GitOrigin


@attrs.frozen
class MemoryResolver:
    """Knows the addresses of `names`, and that an address is its own (implements `NameResolver`)."""

    names: Mapping[str, Sequence[str]] = attrs.field(factory=dict)

    def addresses(self, host: str) -> Sequence[IpAddress]:
        """See `NameResolver.addresses`."""
        if host in self.names:
            return tuple(map(ip_address, self.names[host]))
        try:
            return (ip_address(host),)
        except ValueError:
            return ()


@attrs.define
class MemoryFetcher:
    """Fetches from `repositories`: by URL, the files by path of every tag (implements `ModuleSourceFetcher` and
    `TagLister`).

    The mappings may change between fetches; a commit is named after its files.
    """

    repositories: Mapping[str, Mapping[str, Mapping[str, str]]] = attrs.field(factory=dict)
    policy: GitPolicy = attrs.field(factory=GitPolicy)
    resolver: MemoryResolver = attrs.field(factory=MemoryResolver)

    @contextmanager
    def fetch(self, location: RepositoryLocation, tag: str, *, commit: str | None = None) -> Iterator[FetchedSource]:
        """See `ModuleSourceFetcher.fetch`."""
        tags = self._repository(location)
        if commit is None and tag not in tags:
            raise SourceUnavailable(f'The repository has no tag "{tag}"')
        candidates = tags.values() if commit is not None else [tags[tag]]
        found = next((files for files in candidates if commit in {None, commit_of(files)}), None)
        if found is None:
            raise SourceUnavailable("The repository doesn't hand out the commit: it is gone, or no tag's or branch's")
        tree = MemoryTree({path: text.encode() for path, text in found.items()})
        yield FetchedSource(tree, GitOrigin(commit_of(found), tag), (), sum(file.size for file in tree.files()))

    def tags(self, location: RepositoryLocation) -> Mapping[str, str]:
        """See `TagLister.tags`."""
        tags = self._repository(location)
        if len(tags) > MAX_TAGS:
            raise SourceUnavailable(f"The repository has more than {MAX_TAGS:,} tags")
        return {tag: commit_of(files) for tag, files in tags.items()}

    def _repository(self, location: RepositoryLocation) -> Mapping[str, Mapping[str, str]]:
        url = check_repository(location, self.policy, self.resolver)
        if location.url not in self.repositories:
            raise SourceUnavailable(_missing(url))
        return self.repositories[location.url]


def commit_of(files: Mapping[str, str]) -> str:
    """The name of the commit of these files: 40 hexadecimal digits."""
    return hashlib.sha1(json.dumps(dict(files), sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _missing(url: RepositoryUrl) -> str:
    place = f"on the git host {url.host}" if url.host else "at the path of the clone URL"
    return f"There is no such repository {place}, or it may not be read"
