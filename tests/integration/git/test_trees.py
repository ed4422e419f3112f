"""What a tag's files become: fetched from repositories of this host, which need no server."""

import hashlib
from pathlib import Path

import pytest

from terrareg_core.errors import ForbiddenRepository, InvalidRepository, SourceUnavailable
from terrareg_core.modules.fetching import RepositoryLocation
from terrareg_core.modules.ports import ArchiveBounds
from tests.integration.git.conftest import MakeFetcher
from tests.integration.git.repositories import Repository, names


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path / "repository.git")


def _at(repository: Repository) -> RepositoryLocation:
    return RepositoryLocation(str(repository.path), trusted=True)


def test_lightweight_annotated_and_nested_tags_give_the_commit(
    repository: Repository, make_fetcher: MakeFetcher
) -> None:
    commit = repository.tag_files("light", {"main.tf": "one"})
    repository.git("tag", "-a", "annotated", "-m", "a", "light")
    repository.git("tag", "-a", "nested", "-m", "n", "annotated")
    repository.git("pack-refs", "--all")
    for tag in ("light", "annotated", "nested"):
        with make_fetcher().fetch(_at(repository), tag) as source:
            assert (source.origin.commit, source.origin.tag) == (commit, tag)
            assert source.tree.read("main.tf") == b"one"
            assert source.warnings == ()


def test_a_branch_is_not_taken_for_a_tag(repository: Repository, make_fetcher: MakeFetcher) -> None:
    commit = repository.tag_files("v1", {"main.tf": "one"})
    repository.git("branch", "v2", commit)
    with pytest.raises(SourceUnavailable, match='no tag "v2"'), make_fetcher().fetch(_at(repository), "v2"):
        pass


@pytest.mark.parametrize("tag", ["", "../heads/main", "a b\n", "\udc80"])
def test_what_can_be_no_tag_is_a_missing_tag(repository: Repository, make_fetcher: MakeFetcher, tag: str) -> None:
    repository.tag_files("v1", {"main.tf": "one"})
    with pytest.raises(SourceUnavailable, match="has no tag"), make_fetcher().fetch(_at(repository), tag):
        pass


def test_a_commit_is_fetched_wherever_its_tag_points_now(repository: Repository, make_fetcher: MakeFetcher) -> None:
    first = repository.tag_files("v1", {"main.tf": "first"})
    repository.tag_files("v1", {"main.tf": "second"})
    with make_fetcher().fetch(_at(repository), "v1", commit=first) as source:
        assert source.origin.commit == first
        assert source.tree.read("main.tf") == b"first"


def test_a_tag_of_something_else_than_a_commit_is_refused(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag("file", repository.blob("text"))
    with pytest.raises(SourceUnavailable, match="not one of a commit"), make_fetcher().fetch(_at(repository), "file"):
        pass


def test_folders_and_executable_bits_are_kept(repository: Repository, make_fetcher: MakeFetcher) -> None:
    script, text = repository.blob("#!/bin/sh\n"), repository.blob("text")
    inner = repository.tree(("100755", "run.sh", script), ("100664", "text", text))
    repository.tag("v1", repository.commit(repository.tree(("40000", "bin", inner), ("100644", "é.tf", text))))
    with make_fetcher().fetch(_at(repository), "v1") as source:
        assert [(file.path, file.executable) for file in source.tree.files()] == [
            ("bin/run.sh", True),
            ("bin/text", False),
            ("é.tf", False),
        ]
        assert source.tree.directories() == ("bin",)


def test_links_to_files_are_those_files_and_others_are_left_out(
    repository: Repository, make_fetcher: MakeFetcher
) -> None:
    kept = {
        "main.tf": b"main",
        "./sub/../main.tf": b"main",
        "sub/inner.tf": b"inner",
        "sub/up": b"main",
        "folder/inner.tf": b"inner",
        "folder/../main.tf": b"main",
        "other": b"inner",
    }
    dropped = [
        "/etc/passwd",
        "../outside",
        "sub/../../repository/main.tf",
        "sub",
        "missing",
        "main.tf/",
        "main.tf/../main.tf",
        "x" * 5000,
        "",
        "a\0b",
    ]
    sub = repository.tree(
        ("100644", "inner.tf", repository.blob("inner")), ("120000", "up", repository.blob("../main.tf"))
    )
    root = repository.tree(
        ("120000", "folder", repository.blob("sub")),
        ("120000", "itself", repository.blob("itself")),
        ("100755", "main.tf", repository.blob("main")),
        ("120000", "other", repository.blob("folder/inner.tf")),
        ("40000", "sub", sub),
        *(("120000", f"kept{number}", repository.blob(target)) for number, target in enumerate(kept)),
        *(("120000", f"dropped{number}", repository.blob(target)) for number, target in enumerate(dropped)),
    )
    repository.tag("v1", repository.commit(root))
    left_out = ["folder", "itself", *(f"dropped{number}" for number in range(len(dropped)))]
    with make_fetcher().fetch(_at(repository), "v1") as source:
        assert [source.tree.read(f"kept{number}") for number in range(len(kept))] == list(kept.values())
        assert next(file for file in source.tree.files() if file.path == "kept0").executable
        assert not set(left_out) & set(names(source.tree.files()))
        assert list(source.warnings) == [
            f'The link "{name}" was left out: it leads to no file of the repository' for name in left_out
        ]


def test_submodules_and_lfs_pointers_are_reported(repository: Repository, make_fetcher: MakeFetcher) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    root = repository.tree(
        ("100644", "big.zip", repository.blob(pointer)),
        ("160000", "vendored", "1" * 40),
    )
    repository.tag("v1", repository.commit(root))
    with make_fetcher().fetch(_at(repository), "v1") as source:
        assert source.tree.read("big.zip") == pointer.encode()
        assert names(source.tree.files()) == ["big.zip"]
        assert source.warnings == (
            'The file "big.zip" is a pointer to Git LFS: its content was not fetched',
            'The submodule "vendored" was left out: submodules are not fetched',
        )


def test_many_warnings_are_summed_up(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag_files("v1", {"main.tf": ""}, {f"link{number}": "/etc/passwd" for number in range(60)})
    with make_fetcher().fetch(_at(repository), "v1") as source:
        assert len(source.warnings) == 51
        assert source.warnings[-1] == "The same holds for 10 more"


def test_a_hostile_name_is_refused(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag("v1", repository.commit(repository.tree(("100644", "../x", repository.blob("x")))))
    with pytest.raises(InvalidRepository, match="slash"):
        make_fetcher().fetch(_at(repository), "v1").__enter__()


def test_a_few_trees_that_stand_for_billions_of_files_are_refused(
    repository: Repository, make_fetcher: MakeFetcher
) -> None:
    tree = repository.tree(("100644", "x", repository.blob("x")))
    for _ in range(10):
        tree = repository.tree(*(("40000", str(number), tree) for number in range(10)))
    repository.tag("v1", repository.commit(tree))
    with pytest.raises(InvalidRepository, match="more than 10,000 files and folders"):
        make_fetcher().fetch(_at(repository), "v1").__enter__()


def test_folders_too_deep_are_refused(repository: Repository, make_fetcher: MakeFetcher) -> None:
    tree = repository.tree(("100644", "x", repository.blob("x")))
    for _ in range(101):
        tree = repository.tree(("40000", "d", tree))
    repository.tag("v1", repository.commit(tree))
    with pytest.raises(InvalidRepository, match="folders deep"):
        make_fetcher().fetch(_at(repository), "v1").__enter__()


def test_one_file_in_many_places_counts_every_time(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag_files("v1", {"a": "x" * 600, "b": "x" * 600}, {"c": "a"})
    with make_fetcher(ArchiveBounds(unpacked_bytes=1800)).fetch(_at(repository), "v1") as source:
        assert len(source.tree.files()) == 3
    with pytest.raises(InvalidRepository, match="larger than 1,799 bytes in all"):
        make_fetcher(ArchiveBounds(unpacked_bytes=1799)).fetch(_at(repository), "v1").__enter__()


def test_a_file_above_its_bound_is_refused(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag_files("v1", {"a": "x" * 600})
    with pytest.raises(InvalidRepository, match="599 bytes"):
        make_fetcher(ArchiveBounds(member_bytes=599)).fetch(_at(repository), "v1").__enter__()


def test_the_bound_on_bytes_holds_for_repositories_of_this_host(
    repository: Repository, make_fetcher: MakeFetcher
) -> None:
    repository.tag_files("v1", {"a": "x" * 2000})
    with pytest.raises(SourceUnavailable, match="more than 1,000 bytes"):
        make_fetcher(max_bytes=1000).fetch(_at(repository), "v1").__enter__()


def test_a_file_url_is_read_as_git_reads_it(tmp_path: Path, make_fetcher: MakeFetcher) -> None:
    repository = Repository.make(tmp_path / "with space")
    repository.tag_files("v1", {"main.tf": "one"})
    for url in (f"file://{tmp_path}/with%20space", f"git::file://localhost{tmp_path}/with space"):
        with make_fetcher().fetch(RepositoryLocation(url, trusted=True), "v1") as source:
            assert source.tree.read("main.tf") == b"one"


def test_nobody_but_the_operator_may_name_a_path(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag_files("v1", {"main.tf": "one"})
    for url in (str(repository.path), f"file://{repository.path}", f"git::file://{repository.path}"):
        with pytest.raises(ForbiddenRepository, match="must begin with https://"):
            make_fetcher().fetch(RepositoryLocation(url), "v1").__enter__()


def test_a_path_without_repository_is_said_to_be_none(tmp_path: Path, make_fetcher: MakeFetcher) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SourceUnavailable, match="no git repository at the path") as caught:
            make_fetcher().fetch(RepositoryLocation(str(path), trusted=True), "v1").__enter__()
        assert str(path) not in caught.value.message


def test_a_repository_that_lacks_objects_is_said_to(repository: Repository, make_fetcher: MakeFetcher) -> None:
    repository.tag("v1", repository.commit(repository.tree(("100644", "main.tf", _ABSENT))))
    with pytest.raises(SourceUnavailable, match="lacks objects"):
        make_fetcher().fetch(_at(repository), "v1").__enter__()


_ABSENT = hashlib.sha1(b"absent", usedforsecurity=False).hexdigest()
