"""Packing of trees: what belongs to an archive, and that equal trees give equal bytes."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_adapters.terraform.packing import DeterministicPacker
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_adapters.terraform.unpacking import SafeUnpacker
from terrareg_core.errors import InvalidArchive, StoreUnavailable
from terrareg_core.modules.ports import ArchiveBounds, UploadedArchive
from terrareg_core.modules.source_tree import SourceTree


@attrs.frozen
class Packed:
    zip: bytes
    tar_gz: bytes

    def zip_members(self) -> Mapping[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.zip)) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist()}

    def tar_members(self) -> Mapping[str, bytes]:
        with tarfile.open(fileobj=io.BytesIO(self.tar_gz)) as archive:
            return {
                f"{info.name}/" if info.isdir() else info.name: b"" if info.isdir() else _content(archive, info)
                for info in archive
            }


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    assert file is not None
    return file.read()


def pack(tree: SourceTree) -> Packed:
    with TemporaryDirectory() as workspace:
        with DeterministicPacker(Path(workspace)).pack(tree) as pair:
            result = Packed(pair.zip.read(), pair.tar_gz.read())
        assert list(Path(workspace).iterdir()) == []
    return result


def members(files: Mapping[str, bytes], directories: Sequence[str] = ()) -> list[str]:
    packed = pack(MemoryTree(files, directories=directories))
    assert packed.zip_members() == packed.tar_members()
    return list(packed.zip_members())


def test_both_archives_hold_every_file_and_directory_sorted_by_path() -> None:
    files = {"main.tf": b"1", "a/x.tf": b"2", "a-b": b"3", ".hidden/y": b"4", "terrareg.json": b"{}"}
    assert members(files, ["empty/inner"]) == [
        ".hidden/",
        ".hidden/y",
        "a/",
        "a-b",
        "a/x.tf",
        "empty/",
        "empty/inner/",
        "main.tf",
        "terrareg.json",
    ]


def test_an_empty_tree_gives_empty_archives() -> None:
    assert members({}) == []


def test_git_folders_and_files_are_left_out_at_any_depth() -> None:
    files = {
        ".git/config": b"",
        "sub/.git": b"gitdir: x",
        "sub/deep/.git/HEAD": b"",
        ".gitignore": b"",
        ".github/x": b"",
    }
    assert members(files) == [".github/", ".github/x", ".gitignore", "sub/", "sub/deep/"]


def test_what_tfignore_matches_is_left_out_of_both_archives() -> None:
    files = {
        ".tfignore": b"secret\n",
        "secret/key.pem": b"",
        "secret/deep/key.pem": b"",
        "a/secret": b"",
        "a/b.tf": b"",
        "terrareg.json": b"",
    }
    assert members(files) == ["a/", "a/b.tf", "terrareg.json"]


def test_only_the_top_level_tfignore_counts_and_is_left_out() -> None:
    assert members({"a/.tfignore": b"*", "a/b": b""}) == ["a/", "a/.tfignore", "a/b"]
    assert members({".tfignore": b"!.tfignore", "a": b""}) == ["a"]


def test_names_with_the_signs_of_patterns_are_matched_as_names() -> None:
    assert members({".tfignore": b"[[]x]\n\\*y\n", "[x]": b"", "*y": b"", "xy": b""}) == ["xy"]


def test_nothing_in_an_ignored_directory_comes_back() -> None:
    files = {".tfignore": b"build\n!build/keep.tf\n", "build/keep.tf": b"", "main.tf": b""}
    assert members(files) == ["main.tf"]
    files = {".tfignore": b"build/*\n!build/keep.tf\n", "build/keep.tf": b"", "build/x": b""}
    assert members(files) == ["build/", "build/keep.tf"]


def test_rules_can_not_bring_git_back() -> None:
    assert members({".tfignore": b"!.git\n!**/.git", ".git/config": b"", "x/.git/config": b""}) == ["x/"]


def test_rules_that_take_too_long_are_refused(tmp_path: Path) -> None:
    tree = MemoryTree({**{f"f{number}": b"" for number in range(3000)}, ".tfignore": b"x\n" * 30_000})
    packer = DeterministicPacker(tmp_path, rules_seconds=0.05)
    with pytest.raises(InvalidArchive, match="take too long"), packer.pack(tree):
        pass


def test_a_name_that_no_archive_can_hold_is_refused() -> None:
    with pytest.raises(InvalidArchive, match="not UTF-8"):
        pack(MemoryTree({"caf\udce9": b""}))


def test_a_workspace_that_can_not_be_written_is_the_fault_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable), DeterministicPacker(tmp_path / "file" / "work").pack(MemoryTree({})):
        pass


def test_headers_are_the_same_for_every_file() -> None:
    packed = pack(MemoryTree({"bin/run": b"x", "main.tf": b"y"}, executables=["bin/run"]))
    modes = {"bin/": stat.S_IFDIR | 0o755, "bin/run": stat.S_IFREG | 0o755, "main.tf": stat.S_IFREG | 0o644}
    with zipfile.ZipFile(io.BytesIO(packed.zip)) as archive:
        assert archive.testzip() is None
        assert {info.filename: info.external_attr >> 16 for info in archive.infolist()} == modes
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with tarfile.open(fileobj=io.BytesIO(packed.tar_gz)) as tar:
        infos = tar.getmembers()
    assert [info.mode for info in infos] == [0o755, 0o755, 0o644]
    assert {(info.mtime, info.uid, info.gid, info.uname, info.gname) for info in infos} == {(315532800, 0, 0, "", "")}


def test_the_gzip_header_has_neither_time_nor_name() -> None:
    flags, time = struct.unpack("<BL", pack(MemoryTree({"a": b""})).tar_gz[3:8])
    assert (flags, time) == (0, 0)


def test_long_and_foreign_names_survive_in_both_archives() -> None:
    names = ["é/模块.tf", "/".join(["long" * 20] * 10), "x" * 255, "sp ace"]
    assert [name for name in members(dict.fromkeys(names, b"1")) if not name.endswith("/")] == sorted(names)


def test_files_of_a_directory_are_packed_as_those_in_memory(tmp_path: Path) -> None:
    files = {"b/run": b"2" * 3_000_000, "main.tf": b"1", ".tfignore": b"nothing"}
    for path, content in reversed(files.items()):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "b/run").chmod(0o700)
    assert pack(DirectoryTree(tmp_path)) == pack(MemoryTree(files, executables=["b/run"]))


@pytest.mark.parametrize("kind", ["zip", "tar_gz"])
def test_a_packed_archive_unpacks_to_the_same_tree(kind: str, tmp_path: Path) -> None:
    tree = MemoryTree({"a/b.tf": b"1", "run": b"2"}, executables=["run"], directories=["empty"])
    with DeterministicPacker(tmp_path / "out").pack(tree) as pair:
        content: BinaryIO = getattr(pair, kind)
        archive = UploadedArchive(f"m.{kind.replace('_', '.')}", content)
        with SafeUnpacker(tmp_path / "in", ArchiveBounds()).unpack(archive) as again:
            assert again.files() == tree.files()
            assert again.directories() == tree.directories()
            assert again.read("a/b.tf") == b"1"


# --- properties ----------------------------------------------------------------------------------------------------

_parts = st.sampled_from(["a", "b", "main.tf", ".git", ".tfignore", "é", "[x]", "*"])
_paths = st.lists(_parts, min_size=1, max_size=4).map("/".join)
_rules = st.lists(st.text(st.sampled_from("ab*?[]!/.x"), max_size=6), max_size=4)


@st.composite
def _trees(draw: st.DrawFn) -> Mapping[str, bytes]:
    files = draw(st.dictionaries(_paths, st.binary(max_size=50), max_size=8))
    folders = {path[:at] for path in files for at, char in enumerate(path) if char == "/"}
    return {path: content for path, content in files.items() if path not in folders and path != ".tfignore"}


def _with_rules(files: Mapping[str, bytes], rules: Sequence[str]) -> MemoryTree:
    taken = any(path.startswith(".tfignore/") for path in files)
    return MemoryTree(files if taken else {**files, ".tfignore": "\n".join(rules).encode()})


@settings(deadline=None)
@given(files=_trees(), rules=_rules)
def test_zip_and_tar_hold_the_same_and_no_git(files: Mapping[str, bytes], rules: list[str]) -> None:
    packed = pack(_with_rules(files, rules))
    assert packed.zip_members() == packed.tar_members()
    for path, content in packed.zip_members().items():
        assert ".git" not in path.rstrip("/").split("/")
        assert path.endswith("/") or files[path] == content


@settings(deadline=None)
@given(files=_trees(), rules=_rules, data=st.data())
def test_equal_trees_give_equal_bytes_in_whatever_order_they_were_made(
    files: Mapping[str, bytes], rules: list[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(list(files.items())))
    assert pack(_with_rules(files, rules)) == pack(_with_rules(dict(shuffled), rules))


@settings(deadline=None)
@given(files=_trees(), rules=_rules, more=st.text(st.sampled_from("ab*?[]/.x"), max_size=6), data=st.data())
def test_a_further_ignore_line_never_adds_a_member(
    files: Mapping[str, bytes], rules: list[str], more: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rules)))
    before = pack(_with_rules(files, rules)).zip_members()
    after = pack(_with_rules(files, [*rules[:at], more, *rules[at:]])).zip_members()
    assert after.keys() <= before.keys()


def test_bytes_do_not_depend_on_the_clock_of_the_files(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a").write_bytes(b"1")
    (tmp_path / "two" / "a").touch()
    assert pack(DirectoryTree(tmp_path / "one")) == pack(DirectoryTree(tmp_path / "two"))
    assert gzip.decompress(pack(DirectoryTree(tmp_path / "one")).tar_gz)[512:513] == b"1"


# --- whole trees ---


def whole_members(tree: SourceTree) -> Mapping[str, bytes]:
    with TemporaryDirectory() as workspace:
        with DeterministicPacker(Path(workspace)).pack_whole(tree) as packed:
            archive = packed.read()
        assert list(Path(workspace).iterdir()) == []
    return Packed(archive, b"").zip_members()


def is_complete(files: Mapping[str, bytes]) -> bool:
    with TemporaryDirectory() as workspace, DeterministicPacker(Path(workspace)).pack(MemoryTree(files)) as packed:
        return packed.complete


def test_a_whole_tree_keeps_what_is_ignored() -> None:
    files = {".tfignore": b"examples\n*.md\n", "main.tf": b"a", "README.md": b"b", "examples/one/main.tf": b"c"}
    assert {path: content for path, content in whole_members(MemoryTree(files)).items() if path[-1] != "/"} == files


def test_a_whole_tree_leaves_git_out() -> None:
    files = {"main.tf": b"a", ".git/config": b"b", "modules/one/.git": b"c", "modules/one/main.tf": b"d"}
    assert list(whole_members(MemoryTree(files))) == ["main.tf", "modules/", "modules/one/", "modules/one/main.tf"]


def test_a_whole_tree_that_can_not_be_written_is_a_failure_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    packer = DeterministicPacker(tmp_path / "file")
    with pytest.raises(StoreUnavailable), packer.pack_whole(MemoryTree({"main.tf": b""})):
        pass


@pytest.mark.parametrize(
    ("files", "complete"),
    [
        ({"main.tf": b""}, True),
        ({"main.tf": b"", ".tfignore": b"# nothing\n"}, True),
        ({"main.tf": b"", ".git/config": b""}, True),
        ({"main.tf": b"", ".tfignore": b"*.md\n"}, True),
        ({"main.tf": b"", ".tfignore": b"*.md\n", "README.md": b""}, False),
        ({"main.tf": b"", ".tfignore": b"docs/\n", "docs/a/b": b""}, False),
    ],
)
def test_archives_that_hold_less_than_the_tree_say_so(files: Mapping[str, bytes], complete: bool) -> None:
    assert is_complete(files) is complete
