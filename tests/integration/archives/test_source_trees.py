"""What every source tree promises, checked on a real directory and on its twin in memory."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_core.errors import InvalidModule
from terrareg_core.modules.source_tree import SourceFile, SourceTree, Subtree

MakeTree = Callable[[Mapping[str, bytes], Sequence[str], Sequence[str]], SourceTree]


@pytest.fixture(params=["directory", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> MakeTree:
    def on_disk(files: Mapping[str, bytes], executables: Sequence[str], directories: Sequence[str]) -> SourceTree:
        for path in directories:
            (tmp_path / path).mkdir(parents=True)
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
            (tmp_path / path).chmod(0o755 if path in executables else 0o644)
        return DirectoryTree(tmp_path)

    def in_memory(files: Mapping[str, bytes], executables: Sequence[str], directories: Sequence[str]) -> SourceTree:
        return MemoryTree(files, executables, directories)

    return on_disk if request.param == "directory" else in_memory


def test_files_are_listed_in_byte_order_with_size_and_executable_bit(make: MakeTree) -> None:
    names = ["b", "a/x", "a-b", "é", "\uffee", "\U0001f600", "Z", ".hidden"]
    tree = make({name: name.encode() for name in names}, ["a/x"], [])
    assert [file.path for file in tree.files()] == sorted(names, key=str.encode)
    assert SourceFile("a/x", 3, executable=True) in tree.files()
    assert SourceFile("b", 1) in tree.files()


def test_directories_are_those_above_files_and_the_empty_ones(make: MakeTree) -> None:
    tree = make({"b/c/d": b"", "a": b""}, [], ["e/f"])
    assert list(tree.directories()) == ["b", "b/c", "e", "e/f"]


def test_content_is_read_by_the_path_that_was_listed_and_no_other(make: MakeTree) -> None:
    tree = make({"a/b": b"content"}, [], [])
    assert tree.read("a/b") == b"content"
    for path in ["a", "a/c", "", "/a/b", "./a/b", "a//b", "a/../a/b", "../b"]:
        with pytest.raises(KeyError):
            tree.read(path)


def test_an_empty_tree_lists_nothing(make: MakeTree) -> None:
    tree = make({}, [], [])
    assert not tree.files()
    assert not tree.directories()


def test_a_subtree_is_seen_as_a_tree_of_its_own(make: MakeTree) -> None:
    tree = Subtree.of(make({"a/b/c": b"1", "ab/d": b"2"}, [], []), "a")
    assert list(tree.files()) == [SourceFile("b/c", 1)]
    assert list(tree.directories()) == ["b"]
    assert tree.read("b/c") == b"1"
    with pytest.raises(InvalidModule):
        Subtree.of(tree, "c")


def test_a_directory_is_listed_once(tmp_path: Path) -> None:
    tree = DirectoryTree(tmp_path)
    assert not tree.files()
    (tmp_path / "late").write_bytes(b"")
    assert not tree.files()


def test_links_and_pipes_of_a_directory_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "folder").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    tree = DirectoryTree(tmp_path)
    assert [file.path for file in tree.files()] == ["a"]
    assert not tree.directories()


def test_a_file_of_a_directory_can_be_read_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    tree = DirectoryTree(tmp_path)
    with tree.open("a") as file:
        assert (file.read(2), file.read(9)) == (b"12", b"345")
    with pytest.raises(KeyError):
        tree.open("b")


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "a/../b"])
def test_a_tree_in_memory_refuses_paths_that_no_tree_has(path: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        MemoryTree({path: b""})
    with pytest.raises(ValueError, match="no path"):
        MemoryTree({}, directories=[path])


def test_a_tree_in_memory_refuses_contradictions() -> None:
    with pytest.raises(ValueError, match="also directories"):
        MemoryTree({"a": b"", "a/b": b""})
    with pytest.raises(ValueError, match="no files"):
        MemoryTree({"a": b""}, executables=["b"])
