"""What every fetcher does alike: the real one and its twin in memory."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from terrareg_adapters.git.fetcher import DulwichFetcher
from terrareg_adapters.git.resolver import SystemResolver
from terrareg_adapters.memory.fetching import MemoryFetcher, MemoryResolver
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_core.errors import ForbiddenRepository, SourceUnavailable
from terrareg_core.modules.fetching import (
    MAX_TAGS,
    GitPolicy,
    ModuleSourceFetcher,
    NameResolver,
    RepositoryLocation,
)
from tests.integration.git.repositories import Repository, names

_TAGS: Mapping[str, Mapping[str, str]] = {
    "v1": {"main.tf": "one", "variables.tf": "two"},
    "v2": {"main.tf": "other"},
}


MakeLister = Callable[[Iterable[str]], MemoryFetcher | DulwichFetcher]


class TestFetcher:
    """The contract of `ModuleSourceFetcher`."""

    @pytest.fixture
    def location(self, tmp_path: Path) -> RepositoryLocation:
        return RepositoryLocation(str(tmp_path / "repository.git"), trusted=True)

    @pytest.fixture(params=["git", "memory"])
    def fetcher(
        self, request: pytest.FixtureRequest, tmp_path: Path, location: RepositoryLocation
    ) -> ModuleSourceFetcher:
        if request.param == "memory":
            return MemoryFetcher({location.url: _TAGS})
        repository = Repository.make(Path(location.url))
        for tag, files in _TAGS.items():
            repository.tag_files(tag, files)
        return DulwichFetcher(
            workspace=tmp_path / "workspace", policy=GitPolicy(), open_tree=DirectoryTree, environment=os.environ
        )

    def test_a_tags_files_and_commit_are_given(
        self, fetcher: ModuleSourceFetcher, location: RepositoryLocation
    ) -> None:
        with fetcher.fetch(location, "v1") as source:
            assert names(source.tree.files()) == ["main.tf", "variables.tf"]
            assert source.tree.read("main.tf") == b"one"
            assert (source.origin.tag, len(source.origin.commit)) == ("v1", 40)
            assert source.bytes_received > 0

    def test_a_commit_is_given_wherever_the_tag_points(
        self, fetcher: ModuleSourceFetcher, location: RepositoryLocation
    ) -> None:
        with fetcher.fetch(location, "v1") as source:
            commit = source.origin.commit
        with fetcher.fetch(location, "v2", commit=commit) as source:
            assert source.tree.read("main.tf") == b"one"
            assert (source.origin.tag, source.origin.commit) == ("v2", commit)

    def test_a_missing_tag_commit_or_repository_is_a_failure(
        self, fetcher: ModuleSourceFetcher, location: RepositoryLocation
    ) -> None:
        with pytest.raises(SourceUnavailable, match='no tag "v3"'):
            fetcher.fetch(location, "v3").__enter__()
        with pytest.raises(SourceUnavailable):
            fetcher.fetch(location, "v1", commit="1" * 40).__enter__()
        with pytest.raises(SourceUnavailable):
            fetcher.fetch(RepositoryLocation(f"{location.url}.not", trusted=True), "v1").__enter__()

    def test_what_the_policy_refuses_is_refused(self, fetcher: ModuleSourceFetcher) -> None:
        for url in ("file:///srv/x", "https://localhost/x", "http://127.1/x", "ssh://[::1]/x"):
            with pytest.raises(ForbiddenRepository):
                fetcher.fetch(RepositoryLocation(url), "v1").__enter__()


class TestLister:
    """The contract of `TagLister`."""

    @pytest.fixture
    def location(self, tmp_path: Path) -> RepositoryLocation:
        return RepositoryLocation(str(tmp_path / "repository.git"), trusted=True)

    @pytest.fixture(params=["git", "memory"])
    def make_lister(self, request: pytest.FixtureRequest, tmp_path: Path, location: RepositoryLocation) -> MakeLister:
        """Makes what both fetches and lists the tags of a repository that has tags of these names."""

        def make(tags: Iterable[str]) -> MemoryFetcher | DulwichFetcher:
            if request.param == "memory":
                return MemoryFetcher({location.url: {tag: {"main.tf": tag} for tag in tags}})
            repository = Repository.make(Path(location.url))
            first, *others = tags
            commit = repository.tag_files(first, {"main.tf": first})
            packed = "".join(f"{commit} refs/tags/{tag}\n" for tag in others)
            (repository.path / "packed-refs").write_text(packed)
            return DulwichFetcher(
                workspace=tmp_path / "workspace", policy=GitPolicy(), open_tree=DirectoryTree, environment=os.environ
            )

        return make

    def test_every_tag_is_listed_with_the_commit_that_fetching_it_gives(
        self, make_lister: MakeLister, location: RepositoryLocation
    ) -> None:
        lister = make_lister(["v1", "modules/net/v2", "größer"])
        listed = lister.tags(location)
        assert set(listed) == {"v1", "modules/net/v2", "größer"}
        for tag, commit in listed.items():
            with lister.fetch(location, tag) as source:
                assert source.origin.commit == commit

    def test_more_tags_than_the_bound_are_a_failure(
        self, make_lister: MakeLister, location: RepositoryLocation
    ) -> None:
        lister = make_lister(f"v{number}" for number in range(MAX_TAGS + 1))
        with pytest.raises(SourceUnavailable, match="more than 50,000 tags"):
            lister.tags(location)

    def test_a_missing_repository_is_a_failure_and_a_forbidden_one_is_refused(
        self, make_lister: MakeLister, location: RepositoryLocation
    ) -> None:
        lister = make_lister(["v1"])
        with pytest.raises(SourceUnavailable):
            lister.tags(RepositoryLocation(f"{location.url}.not", trusted=True))
        for url in ("file:///srv/x", "https://localhost/x", "http://127.1/x", "ssh://[::1]/x"):
            with pytest.raises(ForbiddenRepository):
                lister.tags(RepositoryLocation(url))


@pytest.mark.parametrize("resolver", [SystemResolver(), MemoryResolver({"localhost": ["127.0.0.1", "::1"]})])
def test_a_resolver_gives_addresses_and_raises_nothing(resolver: NameResolver) -> None:
    assert any(address.is_loopback for address in resolver.addresses("localhost"))
    assert [str(address) for address in resolver.addresses("127.0.0.1")] == ["127.0.0.1"]
    assert [str(address) for address in resolver.addresses("::1")] == ["::1"]
    for host in ("", "a..b", "x" * 300, "\ud800"):
        assert resolver.addresses(host) == ()
