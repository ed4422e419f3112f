"""Unpacking of archives that are in order, and of those that are odd but harmless."""

import gzip
import io
import os
import random
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.terraform.unpacking import SafeUnpacker
from terrareg_core.errors import InvalidArchive, StoreUnavailable
from terrareg_core.modules.ports import ArchiveBounds, UploadedArchive
from terrareg_core.modules.source_tree import SourceTree
from tests.integration.archives.builders import (
    FORMATS,
    TAR_END,
    TarItem,
    ZipItem,
    gnu_long_name,
    packed,
    pax,
    tar_gz_of,
    tar_member,
    tar_of,
    uploaded,
    zip64_of,
    zip_of,
)
from tests.integration.conftest import needs


def content_of(tree: SourceTree) -> Mapping[str, bytes]:
    return {file.path: tree.read(file.path) for file in tree.files()}


def unpacked(workspace: Path, archive: UploadedArchive) -> Mapping[str, bytes]:
    with SafeUnpacker(workspace, ArchiveBounds()).unpack(archive) as tree:
        return content_of(tree)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_file_and_directory_comes_out(kind: str, tmp_path: Path) -> None:
    archive = packed(
        kind, (b"main.tf", b"a"), (b".hidden/", b""), (b"modules/x/y.tf", b"b" * 3000), (b"modules/e/", b"")
    )
    with SafeUnpacker(tmp_path, ArchiveBounds()).unpack(archive) as tree:
        assert content_of(tree) == {"main.tf": b"a", "modules/x/y.tf": b"b" * 3000}
        assert list(tree.directories()) == [".hidden", "modules", "modules/e", "modules/x"]
        assert [file.size for file in tree.files()] == [1, 3000]


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_left_when_the_context_ends(kind: str, tmp_path: Path) -> None:
    assert unpacked(tmp_path, packed(kind, (b"a/b/c.tf", b""))) == {"a/b/c.tf": b""}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_left_when_the_context_ends_in_an_error_of_its_user(kind: str, tmp_path: Path) -> None:
    unpacker = SafeUnpacker(tmp_path, ArchiveBounds())
    with pytest.raises(FileNotFoundError, match="theirs"), unpacker.unpack(packed(kind, (b"a", b""))):
        raise FileNotFoundError("theirs")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_workspace_is_made(tmp_path: Path) -> None:
    assert unpacked(tmp_path / "not" / "yet", packed("zip", (b"a", b"1"))) == {"a": b"1"}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_single_top_level_folder_stays(kind: str, tmp_path: Path) -> None:
    assert list(unpacked(tmp_path, packed(kind, (b"top/", b""), (b"top/main.tf", b"")))) == ["top/main.tf"]


@pytest.mark.parametrize("kind", FORMATS)
def test_dots_for_the_folder_itself_are_ignored(kind: str, tmp_path: Path) -> None:
    archive = packed(kind, (b"./", b""), (b"./main.tf", b"1"), (b"./a/./b.tf", b"2"), (b"././", b""))
    assert unpacked(tmp_path, archive) == {"main.tf": b"1", "a/b.tf": b"2"}


@pytest.mark.parametrize("kind", FORMATS)
def test_an_archive_without_members_is_an_empty_tree(kind: str, tmp_path: Path) -> None:
    assert unpacked(tmp_path, packed(kind)) == {}


@pytest.mark.parametrize("kind", FORMATS)
def test_names_at_the_limits_are_accepted(kind: str, tmp_path: Path) -> None:
    longest_part = b"a" * 255
    longest_name = b"/".join([b"b" * 204] * 5)
    deepest = b"/".join([b"d"] * 100)
    names = {longest_part, longest_name, deepest}
    assert {name.encode() for name in unpacked(tmp_path, packed(kind, *((name, b"") for name in names)))} == names


@pytest.mark.parametrize("kind", FORMATS)
def test_a_name_beyond_ascii_comes_out_as_it_went_in(kind: str, tmp_path: Path) -> None:
    assert list(unpacked(tmp_path, packed(kind, ("modulé/ß 模块.tf".encode(), b"")))) == ["modulé/ß 模块.tf"]


@pytest.mark.parametrize("mode", [0o755, 0o6777, 0o100])
def test_of_a_mode_only_the_executable_bit_counts(mode: int, tmp_path: Path) -> None:
    archives = [
        uploaded(zip_of(ZipItem(b"d/run", b"", 0o100000 | mode), ZipItem(b"d/not", b"", 0o106666)), "m.zip"),
        uploaded(tar_gz_of(TarItem(b"d/run", mode=mode), TarItem(b"d/not", mode=0o6666)), "m.tgz"),
    ]
    for archive in archives:
        with SafeUnpacker(tmp_path, ArchiveBounds()).unpack(archive) as tree:
            assert {file.path: file.executable for file in tree.files()} == {"d/run": True, "d/not": False}
            (folder,) = tmp_path.iterdir()
            modes = {place.name: stat.S_IMODE(place.stat().st_mode) for place in folder.rglob("*")}
            assert modes == {"d": 0o755, "run": 0o755, "not": 0o644}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_workspace_that_can_not_be_written_is_no_fault_of_the_archive(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    unpacker = SafeUnpacker(tmp_path / "file" / "work", ArchiveBounds())
    with pytest.raises(StoreUnavailable), unpacker.unpack(packed(kind, (b"a", b""))):
        pass


# --- the kind of an upload (decision 34) ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["m.zip", "M.ZIP", "a.tar.zip", ".zip"])
def test_a_zip_may_have_these_names(name: str, tmp_path: Path) -> None:
    assert unpacked(tmp_path, uploaded(zip_of(ZipItem(b"a")), name)) == {"a": b""}


@pytest.mark.parametrize("name", ["m.tar.gz", "M.TGZ", "m.Tar.Gz"])
def test_a_gzipped_tar_may_have_these_names(name: str, tmp_path: Path) -> None:
    assert unpacked(tmp_path, uploaded(tar_gz_of(TarItem(b"a")), name)) == {"a": b""}


@pytest.mark.parametrize(
    ("name", "content", "named", "found"),
    [
        ("m.tar.gz", zip_of(ZipItem(b"a")), "gzipped tar", "a zip archive"),
        ("m.tgz", zip_of(), "gzipped tar", "a zip archive"),
        ("m.zip", tar_gz_of(TarItem(b"a")), "named as a zip", "a gzipped tar archive"),
        ("m.zip", tar_of(TarItem(b"a")), "named as a zip", "neither"),
        ("m.zip", b"", "named as a zip", "is empty"),
        ("m.zip", b"x" + zip_of(ZipItem(b"a")), "named as a zip", "neither"),
        ("m.rar", zip_of(ZipItem(b"a")), "m.rar", "a zip archive"),
        ("m.gz", tar_gz_of(TarItem(b"a")), "m.gz", "a gzipped tar archive"),
        ("zip", zip_of(ZipItem(b"a")), '"zip"', "a zip archive"),
        ("m.zip\n", zip_of(ZipItem(b"a")), "m.zip", "a zip archive"),
        ("", zip_of(ZipItem(b"a")), "no name", ".tar.gz"),
    ],
)
def test_name_and_content_must_agree_and_the_refusal_names_both(
    name: str, content: bytes, named: str, found: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(InvalidArchive) as caught,
        SafeUnpacker(tmp_path, ArchiveBounds()).unpack(uploaded(content, name)),
    ):
        pass
    assert named in caught.value.message
    assert found in caught.value.message


def test_where_the_content_is_positioned_does_not_matter(tmp_path: Path) -> None:
    for archive in (packed("zip", (b"a", b"1")), packed("tar.gz", (b"a", b"1"))):
        archive.content.seek(3)
        assert unpacked(tmp_path, archive) == {"a": b"1"}


def test_a_spooled_upload_is_read_from_disk(tmp_path: Path) -> None:
    with SpooledTemporaryFile(max_size=10) as file:
        file.write(packed("zip", (b"a", b"1")).content.read())
        assert unpacked(tmp_path, UploadedArchive("m.zip", file)) == {"a": b"1"}  # type: ignore[arg-type]


# --- odd, but in order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trailing", [b"\0", b"more" * 1000, bytes(200_000), b"PK\x05\x06" * 50 + b"!" * 30])
def test_data_after_a_zip_is_tolerated(trailing: bytes, tmp_path: Path) -> None:
    assert unpacked(tmp_path, uploaded(zip_of(ZipItem(b"a", b"1"), trailing=trailing), "m.zip")) == {"a": b"1"}


@pytest.mark.parametrize("trailing", [b"\0" * 10, b"garbage", b"\x1f"])
def test_data_after_a_gzipped_tar_is_tolerated(trailing: bytes, tmp_path: Path) -> None:
    assert unpacked(tmp_path, uploaded(tar_gz_of(TarItem(b"a", b"1")) + trailing, "m.tgz")) == {"a": b"1"}


def test_data_after_the_end_of_the_tar_inside_is_tolerated(tmp_path: Path) -> None:
    content = gzip.compress(tar_of(TarItem(b"a", b"1")) + bytes(9000) + b"x")
    assert unpacked(tmp_path, uploaded(content, "m.tgz")) == {"a": b"1"}


@pytest.mark.parametrize("count", [0, 1, 3, 0xFFFE])
def test_a_wrong_count_of_members_is_tolerated(count: int, tmp_path: Path) -> None:
    content = zip_of(ZipItem(b"a", b"1"), ZipItem(b"b", b"2"), count=count)
    assert unpacked(tmp_path, uploaded(content, "m.zip")) == {"a": b"1", "b": b"2"}


def test_zip64_is_read(tmp_path: Path) -> None:
    items = (ZipItem(b"a", b"1" * 100, zip64=True), ZipItem(b"b", b"2"))
    assert unpacked(tmp_path, uploaded(zip64_of(*items), "m.zip")) == {"a": b"1" * 100, "b": b"2"}


def test_stored_members_and_sizes_that_follow_are_read(tmp_path: Path) -> None:
    items = (ZipItem(b"a", b"1" * 600_000, method=0), ZipItem(b"b", b"2" * 99, flags=8), ZipItem(b"c", b"3", flags=8))
    assert unpacked(tmp_path, uploaded(zip_of(*items), "m.zip")) == {"a": b"1" * 600_000, "b": b"2" * 99, "c": b"3"}


def test_a_tar_may_be_split_over_gzip_streams_anywhere(tmp_path: Path) -> None:
    tar = tar_of(TarItem(b"a", b"1" * 700), TarItem(b"b", b"2"))
    content = b"".join(gzip.compress(tar[at : at + 97]) for at in range(0, len(tar), 97)) + gzip.compress(b"")
    assert unpacked(tmp_path, uploaded(content, "m.tgz")) == {"a": b"1" * 700, "b": b"2"}


def test_the_forms_of_long_names_in_tar_are_read(tmp_path: Path) -> None:
    long = b"n" * 120
    content = tar_gz_of(
        gnu_long_name(b"gnu/" + long),
        TarItem(b"cut", b"1", magic=b"ustar  \0"),
        pax((b"mtime", b"1.5"), (b"path", b"pax/" + long)),
        TarItem(b"cut", b"2"),
        TarItem(b"name", b"3", prefix=b"ustar/" + long),
        pax((b"comment", b"made by git"), kind=b"g"),
        TarItem(b"old", b"4", kind=b"\0", magic=b""),
        TarItem(b"folder/", kind=b"\0", magic=b""),
    )
    with SafeUnpacker(tmp_path, ArchiveBounds()).unpack(uploaded(content, "m.tgz")) as tree:
        assert content_of(tree) == {
            f"gnu/{'n' * 120}": b"1",
            f"pax/{'n' * 120}": b"2",
            f"ustar/{'n' * 120}/name": b"3",
            "old": b"4",
        }
        assert "folder" in tree.directories()


def test_a_size_in_a_pax_header_is_the_one_that_counts(tmp_path: Path) -> None:
    content = tar_gz_of(pax((b"size", b"3")), TarItem(b"a", b"abc", size=b"00000000000\0"), TarItem(b"b", b"2"))
    assert unpacked(tmp_path, uploaded(content, "m.tgz")) == {"a": b"abc", "b": b"2"}


def test_a_lone_end_block_closes_a_tar(tmp_path: Path) -> None:
    content = gzip.compress(tar_member(TarItem(b"a", b"1")) + TAR_END[:512])
    assert unpacked(tmp_path, uploaded(content, "m.tgz")) == {"a": b"1"}


def test_a_large_member_comes_out_unchanged(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3_000_001)
    for kind in FORMATS:
        assert unpacked(tmp_path, packed(kind, (b"big", content), (b"z", b"1"))) == {"big": content, "z": b"1"}


# --- archives of other programs ------------------------------------------------------------------------------------


def _sample(folder: Path) -> Mapping[str, bytes]:
    files = {"main.tf": b"x" * 5000, f"deep/{'long' * 30}/é.tf": b"y", "bin/run.sh": b"#!/bin/sh\n"}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "bin/run.sh").chmod(0o755)
    return files


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["tar", "--format=gnu", "-czf", "../m.tgz", "."], "m.tgz"),
        (["tar", "--format=pax", "-czf", "../m.tgz", "."], "m.tgz"),
        (["zip", "-qr", "../m.zip", "."], "m.zip"),
    ],
)
def test_what_the_usual_programs_pack_is_unpacked(command: list[str], name: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    files = _sample(source)
    needs(command[0])
    subprocess.run(command, cwd=source, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    with (tmp_path / name).open("rb") as file:
        archive = UploadedArchive(name, file)
        with SafeUnpacker(tmp_path / "work", ArchiveBounds()).unpack(archive) as tree:
            assert content_of(tree) == files
            assert [file.path for file in tree.files() if file.executable] == ["bin/run.sh"]


def test_what_the_standard_library_packs_is_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    files = _sample(source)
    streamed = io.BytesIO()
    with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(source / path, path)
    assert unpacked(tmp_path / "work", UploadedArchive("m.zip", streamed)) == files
    streamed = io.BytesIO()
    with tarfile.open(fileobj=streamed, mode="w:gz") as tar:
        tar.add(source, ".")
    assert unpacked(tmp_path / "work", UploadedArchive("m.tgz", streamed)) == files


# --- properties ----------------------------------------------------------------------------------------------------

_parts = st.text(st.sampled_from("abcé模 .-_[*"), min_size=1, max_size=8).filter(lambda part: part.strip(" ."))
_paths = st.lists(_parts, min_size=1, max_size=4).map("/".join)


@st.composite
def _trees(draw: st.DrawFn) -> Mapping[str, bytes]:
    files = draw(st.dictionaries(_paths, st.binary(max_size=2000), max_size=8))
    folders = {path[:at] for path in files for at, char in enumerate(path) if char == "/"}
    kept = {path: content for path, content in files.items() if path not in folders}
    folded = ["/".join(part.rstrip(" .") for part in path.split("/")) for path in [*kept, *folders]]
    return kept if len(set(folded)) == len(folded) else {}


@settings(deadline=None)
@given(files=_trees(), kind=st.sampled_from(FORMATS))
def test_any_tree_comes_out_as_it_went_in_and_inside_the_workspace(files: Mapping[str, bytes], kind: str) -> None:
    with TemporaryDirectory() as name:
        workspace = Path(name) / "work"
        archive = packed(kind, *((path.encode(), content) for path, content in files.items()))
        with SafeUnpacker(workspace, ArchiveBounds()).unpack(archive) as tree:
            assert content_of(tree) == files
            written = [place for place in Path(name).rglob("*") if place.is_file()]
            assert len(written) == len(files)
            assert all(place.resolve().is_relative_to(workspace.resolve()) for place in written)
        assert list(workspace.iterdir()) == []
