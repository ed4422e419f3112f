"""Archives made to do harm: each is refused in one sentence, in time, and leaves nothing behind."""

import gzip
import io
import random
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.terraform.admission import Admission, Member
from terrareg_adapters.terraform.tar_reader import tar_gz_members
from terrareg_adapters.terraform.unpacking import SafeUnpacker
from terrareg_adapters.terraform.zip_reader import zip_members
from terrareg_core.errors import InvalidArchive
from terrareg_core.modules.ports import ArchiveBounds, UploadedArchive
from tests.integration.archives.builders import (
    FORMATS,
    TAR_END,
    ZIP,
    TarItem,
    ZipItem,
    deflated,
    gnu_long_name,
    packed,
    pax,
    pax_record,
    tar_gz_of,
    tar_member,
    tar_of,
    uploaded,
    zeros_deflated,
    zeros_gzipped,
    zip64_of,
    zip_of,
)

BOUNDS = ArchiveBounds()
SECONDS = 15.0
"""Within which a refusal must come, on a busy machine; what isn't stopped takes minutes."""


def refusal_of(workspace: Path, archive: UploadedArchive, bounds: ArchiveBounds = BOUNDS) -> str:
    """The sentence of the refusal, after checks that hold for each of them."""
    started = time.monotonic()
    with pytest.raises(InvalidArchive) as caught, SafeUnpacker(workspace, bounds).unpack(archive):
        pytest.fail("The archive was accepted")
    assert time.monotonic() - started < SECONDS
    assert not workspace.exists() or list(workspace.iterdir()) == []
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
    assert str(workspace) not in caught.value.message
    return caught.value.message


def zipped(*items: ZipItem) -> UploadedArchive:
    return uploaded(zip_of(*items), "m.zip")


def tarred(*items: TarItem) -> UploadedArchive:
    return uploaded(tar_gz_of(*items), "m.tar.gz")


# --- names ---------------------------------------------------------------------------------------------------------

HOSTILE_NAMES = {
    "../evil": "leaves the archive",
    "a/../../evil": "leaves the archive",
    "a/../b": "leaves the archive",
    "..": "leaves the archive",
    "../": "leaves the archive",
    "./../evil": "leaves the archive",
    "a/..": "leaves the archive",
    "..\\evil": "backslash",
    "a\\..\\..\\evil": "backslash",
    "a\\b": "backslash",
    "\\\\host\\share\\evil": "backslash",
    "/etc/evil": "absolute",
    "//host/evil": "absolute",
    "/": "absolute",
    "C:evil": "drive letter",
    "c:/evil": "drive letter",
    "./C:evil": "drive letter",
    "C:\\evil": "backslash",
    "a\0/../evil": "control character",
    "a\nb": "control character",
    "a\x1b[2Jb": "control character",
    "a\x7fb": "control character",
    "a\u0085b": "control character",
    "a\u2028b": "control character",
    "ft.\u202etxt": "control character",
    "a//b": "empty part",
    "a//": "empty part",
    ".": "name of a folder",
    "a/.": "name of a folder",
    "\uff0e\uff0e/evil": "path of its own",  # full-width dots, which normalise to ..
    "\u2025/evil": "path of its own",  # a two-dot leader
    "a/\u2100": "path of its own",  # "a/c" in one sign
    "a\uff3cb": "path of its own",  # a full-width backslash
    "\uff0fetc": "path of its own",  # a full-width slash
    "... /evil": "path of its own",  # dots and spaces at the end are dropped by Windows
    ".. /evil": "path of its own",
    " /evil": "path of its own",
    "n" * 256: "more than 255 bytes",
    "d/" + "é" * 128: "more than 255 bytes",
    "/".join(["n" * 204] * 4 + ["n" * 205]): "more than 1,024 bytes",
    "/".join(["d"] * 101): "folders deep",
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("name", "reason"), HOSTILE_NAMES.items(), ids=map(ascii, HOSTILE_NAMES))
def test_a_hostile_name_is_refused_and_named(name: str, reason: str, kind: str, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, packed(kind, (b"good.tf", b"1"), (name.encode(), b"")))
    assert reason in message
    assert name[:50] in message or not name.isprintable()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", [b"\xff\xfe", b"caf\xe9.tf", b"\xed\xa0\x80", b"\xc0\xae\xc0\xae/evil", b"\xf5"])
def test_a_name_that_is_not_utf_8_is_refused(name: bytes, kind: str, tmp_path: Path) -> None:
    assert "not UTF-8" in refusal_of(tmp_path, packed(kind, (name, b"")))


def test_a_nul_at_the_end_of_a_name_is_refused(tmp_path: Path) -> None:
    # A tar header closes its names with one; where the length is given, it is part of the name.
    assert "control character" in refusal_of(tmp_path, zipped(ZipItem(b"evil\0")))
    assert "control character" in refusal_of(tmp_path, tarred(pax((b"path", b"evil\0")), TarItem(b"a")))


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    assert "without a name" in refusal_of(tmp_path, zipped(ZipItem(b"")))
    assert "without a name" in refusal_of(tmp_path, tarred(TarItem(b"")))
    assert "without a name" in refusal_of(tmp_path, tarred(pax((b"path", b"")), TarItem(b"a")))


CLASHES = {
    "the same name": ("main.tf", "main.tf"),
    "the same name behind dots": ("main.tf", "./main.tf"),
    "another casing": ("main.tf", "Main.TF"),
    "another casing of a folder": ("modules/a.tf", "Modules/b.tf"),
    "another casing beyond ascii": ("straße", "STRASSE"),
    "composed and decomposed": ("caf\u00e9", "cafe\u0301"),
    "compatible signs": ("file", "\ufb01le"),
    "a dot that Windows drops": ("main.tf", "main.tf."),
    "the kelvin sign": ("k", "\u212a"),
    "a file and a folder": ("a", "a/"),
    "a folder and a file": ("a/", "a"),
    "a file with something in it": ("a", "a/b"),
    "a folder made by its content, then a file": ("a/b", "a"),
    "a file and a folder of another casing": ("A/b", "a"),
    "a folder twice": ("a/", "a/"),
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("names", CLASHES.values(), ids=CLASHES)
def test_names_that_clash_are_refused(names: tuple[str, str], kind: str, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, packed(kind, *((name.encode(), b"") for name in names)))
    assert any(
        reason in message
        for reason in ("more than once", "only in casing", "both a file and a folder", "which is a file")
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_may_be_listed_after_what_lies_in_it(kind: str, tmp_path: Path) -> None:
    with SafeUnpacker(tmp_path, BOUNDS).unpack(packed(kind, (b"a/b", b"1"), (b"a/", b""))) as tree:
        assert [file.path for file in tree.files()] == ["a/b"]


def test_a_message_shows_no_more_than_the_start_of_a_name_and_nothing_unprintable(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, packed(ZIP, (b"\x1b[31m\n" + b"x" * 60_000, b"")))
    assert "\\u001b[31m\\u000axxx" in message


# --- members that are no file or folder ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (b"1", "hard link"),
        (b"2", "symbolic link"),
        (b"3", "device"),
        (b"4", "device"),
        (b"6", "named pipe"),
        (b"7", "neither file nor folder"),
        (b"S", "sparse"),
        (b"M", "neither file nor folder"),
        (b"V", "neither file nor folder"),
        (b"X", "neither file nor folder"),
        (b"\xff", "neither file nor folder"),
    ],
)
def test_special_members_of_a_tar_are_refused(kind: bytes, reason: str, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, tarred(TarItem(b"good"), TarItem(b"special", kind=kind, link=b"good")))
    assert reason in message
    assert '"special"' in message


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (0o120777, "symbolic link"),
        (0o020644, "neither"),
        (0o060644, "neither"),
        (0o010644, "neither"),
        (0o140644, "neit"),
    ],
)
def test_special_members_of_a_zip_are_refused(mode: int, reason: str, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, zipped(ZipItem(b"good"), ZipItem(b"special", b"/etc/passwd", mode)))
    assert reason in message
    assert '"special"' in message


def test_a_link_with_a_long_target_is_refused_as_a_link(tmp_path: Path) -> None:
    target = TarItem(b"././@LongLink", b"t" * 200 + b"\0", b"K")
    assert "symbolic link" in refusal_of(tmp_path, tarred(target, TarItem(b"l", kind=b"2")))


@pytest.mark.parametrize("key", [b"GNU.sparse.map", b"GNU.sparse.major", b"GNU.sparse.realsize", b"GNU.sparse.name"])
def test_sparse_members_in_pax_form_are_refused(key: bytes, tmp_path: Path) -> None:
    assert "sparse" in refusal_of(tmp_path, tarred(pax((key, b"1")), TarItem(b"a", b"1")))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_with_content_is_refused(kind: str, tmp_path: Path) -> None:
    assert "content of its own" in refusal_of(tmp_path, packed(kind, (b"folder/", b"content")))


# --- zip: what can't or must not be read ---------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [0x0001, 0x0041, 0x2000])
def test_an_encrypted_member_is_refused(flags: int, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, zipped(ZipItem(b"secret.tf", b"1", flags=flags)))
    assert "encrypted" in message
    assert '"secret.tf"' in message


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 93, 95, 99, 65535])
def test_a_method_other_than_deflate_is_refused(method: int, tmp_path: Path) -> None:
    assert f"method {method}" in refusal_of(tmp_path, zipped(ZipItem(b"a", b"1", method=method)))


@pytest.mark.parametrize("method", [0, 8])
def test_a_wrong_checksum_is_refused(method: int, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, zipped(ZipItem(b"good"), ZipItem(b"bad", b"1" * 99, method=method, checksum=5)))
    assert '"bad" is damaged' in message


@pytest.mark.parametrize("claimed", [0, 1, 99, 101, 5000])
def test_a_claimed_size_that_is_not_the_real_one_is_refused(claimed: int, tmp_path: Path) -> None:
    assert "than it claims" in refusal_of(tmp_path, zipped(ZipItem(b"a", b"1" * 100, size=claimed)))
    assert "claims a size" in refusal_of(tmp_path, zipped(ZipItem(b"a", b"1" * 100, size=claimed, method=0)))


@pytest.mark.parametrize(
    "item",
    [
        ZipItem(b"shown.tf", b"1", local_name=b"../evil"),
        ZipItem(b"a", b"1", local_name=b"a\0"),
        ZipItem(b"a", b"1", local_size=10),
        ZipItem(b"a", b"1", local_method=0),
    ],
)
def test_headers_that_contradict_each_other_are_refused(item: ZipItem, tmp_path: Path) -> None:
    assert "contradict" in refusal_of(tmp_path, zipped(item))


@pytest.mark.parametrize(
    "packed_content", [deflated(b"1" * 999)[:-1], b"", b"\xff" * 20, deflated(b"1" * 999) + b"more", b"\x06"]
)
def test_damaged_deflate_data_is_refused(packed_content: bytes, tmp_path: Path) -> None:
    message = refusal_of(tmp_path, zipped(ZipItem(b"bad", b"1" * 999, packed=packed_content)))
    assert '"bad"' in message


def test_overlapping_members_are_refused_before_any_is_unpacked() -> None:
    # The same kernel of zeros under many names, each inside the one before: what makes a small zip unpack to petabytes.
    kernel = ZipItem(b"a", bytes(1000), method=0)
    others = [attrs_at(kernel, name, offset=0) for name in (b"b", b"c")]
    content = uploaded(zip_of(kernel, *others), "m.zip").content
    with pytest.raises(InvalidArchive, match=r"overlaps|contradict"):
        list(zip_members(content, Admission(BOUNDS)))


def attrs_at(item: ZipItem, name: bytes, *, offset: int) -> ZipItem:
    return ZipItem(name, item.content, method=item.method, offset=offset)


def test_a_member_that_quotes_the_next_header_as_its_content_is_refused(tmp_path: Path) -> None:
    inner = ZipItem(b"inner", b"x" * 50, method=0)
    whole_inner = zip_of(inner)[: 30 + 5 + 50]
    outer = ZipItem(b"outer", whole_inner, method=0)
    archive = zipped(outer, ZipItem(b"inner", b"x" * 50, method=0, offset=30 + 5))
    assert '"inner" overlaps' in refusal_of(tmp_path, archive)


def test_a_member_listed_but_not_there_is_refused(tmp_path: Path) -> None:
    first, mark, rest = zip_of(ZipItem(b"b"), ZipItem(b"a")).rpartition(b"PK\x03\x04")
    assert "not in the file" in refusal_of(tmp_path, uploaded(first + mark.lower() + rest, "m.zip"))
    assert "reaches beyond" in refusal_of(tmp_path, zipped(ZipItem(b"a"), ZipItem(b"b", offset=1_000_000)))


def test_a_split_archive_is_refused(tmp_path: Path) -> None:
    assert "split" in refusal_of(tmp_path, zipped(ZipItem(b"a", disk=2)))


def test_zip64_fields_that_are_missing_are_refused(tmp_path: Path) -> None:
    content = zip64_of(ZipItem(b"a", b"1", zip64=True)).replace(struct.pack("<HH", 1, 24), struct.pack("<HH", 9, 24))
    assert "zip64" in refusal_of(tmp_path, uploaded(content, "m.zip"))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"PK\x06\x07", b"PK\x09\x09"),
        (b"PK\x06\x06", b"PK\x09\x09"),
        (b"PK\x06\x07\0\0\0\0", b"PK\x06\x07\0\0\0\0" + b"\xff" * 8),
        (b"PK\x06\x06" + struct.pack("<Q2HL", 44, 45, 45, 0), b"PK\x06\x06" + struct.pack("<Q2HL", 44, 45, 45, 7)),
        (struct.pack("<QQ", 1, 1), struct.pack("<QQ", 1, 1) + b"\xff" * 16),
    ],
)
def test_a_damaged_zip64_end_is_refused(good: bytes, bad: bytes, tmp_path: Path) -> None:
    whole = zip64_of(ZipItem(b"a", b"1"))
    start, found, rest = whole.rpartition(good)
    assert found
    damaged = start + bad + rest[len(bad) - len(good) :]
    assert len(damaged) == len(whole)
    assert "list of members" in refusal_of(tmp_path, uploaded(damaged, "m.zip"))


def test_content_that_reaches_into_the_list_of_members_is_refused(tmp_path: Path) -> None:
    content = zip_of(ZipItem(b"a", b"1" * 10, method=0)).replace(struct.pack("<2L", 10, 10), struct.pack("<2L", 30, 30))
    assert '"a" reaches beyond' in refusal_of(tmp_path, uploaded(content, "m.zip"))


def test_a_tar_that_ends_with_an_extended_header_is_refused(tmp_path: Path) -> None:
    assert "belongs to no member" in refusal_of(tmp_path, tarred(TarItem(b"a"), pax((b"path", b"b"))))


def test_garbage_in_the_list_of_members_is_refused(tmp_path: Path) -> None:
    content = zip_of(ZipItem(b"a", b"1"), before_end=b"")
    broken = content.replace(b"PK\x01\x02", b"PK\x09\x09")
    assert "list of members" in refusal_of(tmp_path, uploaded(broken, "m.zip"))
    hidden = zip_of(ZipItem(b"a", b"1"), before_end=b"between list and end")
    assert "list of members" in refusal_of(tmp_path, uploaded(hidden, "m.zip"))


# --- tar: what can't or must not be read ---------------------------------------------------------------------------


def test_gzip_without_a_tar_is_refused(tmp_path: Path) -> None:
    for inner in (b"#!/bin/sh\n" * 200, gzip.compress(tar_of(TarItem(b"a"))) * 10, zip_of(ZipItem(b"a", bytes(900)))):
        content = gzip.compress(inner.ljust(1024, b"x"))
        assert "holds no tar" in refusal_of(tmp_path, uploaded(content, "m.tgz"))


def test_a_header_that_fails_its_checksum_is_refused(tmp_path: Path) -> None:
    tar = bytearray(tar_of(TarItem(b"a"), TarItem(b"b")))
    tar[512] ^= 1
    assert "checksum" in refusal_of(tmp_path, uploaded(gzip.compress(tar), "m.tgz"))


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"-0000000001\0", b"0x10\0\0\0\0\0\0\0\0", b"9" * 12, b"1_0\0\0\0\0\0\0\0\0\0"]
)
def test_a_size_that_is_no_number_is_refused(size: bytes, tmp_path: Path) -> None:
    assert "number" in refusal_of(tmp_path, tarred(TarItem(b"a", b"1", size=size)))


@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80" + b"\xff" * 11, b"\x80" + bytes(6) + b"\x40" + bytes(4)])
def test_a_huge_size_is_refused_at_once(size: bytes, tmp_path: Path) -> None:
    assert "unpacks to more than" in refusal_of(tmp_path, tarred(TarItem(b"a", b"1", size=size)))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80" + b"\xff" * 11, b"%011o\0" % ((1 << 20) + 1)])
def test_a_huge_extended_header_is_refused_unread(kind: bytes, size: bytes, tmp_path: Path) -> None:
    assert "extended header" in refusal_of(tmp_path, tarred(TarItem(b"h", b"", kind, size=size), TarItem(b"a")))


@pytest.mark.parametrize(
    "records",
    [
        b"junk",
        b"99999 path=a\n",
        b"5 path=a\n",
        b"0 path=a\n",
        b"-9 path=a\n",
        b"10 path=ab\n",
        b"9 path=a\n9 ",
        b"8 nokey\n",
        b"9 path=ab",
        b"11111111111111111111 path=a\n",
        b"\xff" * 100,
    ],
)
def test_a_damaged_extended_header_is_refused(records: bytes, tmp_path: Path) -> None:
    assert "damaged extended header" in refusal_of(tmp_path, tarred(TarItem(b"h", records, b"x"), TarItem(b"a")))


@pytest.mark.parametrize("size", [b"-1", b"1e3", b"", b" 1", b"9" * 16, b"0x1", "٣".encode()])
def test_a_pax_size_that_is_no_number_is_refused(size: bytes, tmp_path: Path) -> None:
    assert "size" in refusal_of(tmp_path, tarred(pax((b"size", size)), TarItem(b"a", b"1")))


def test_a_pax_size_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    assert "unpacks to more than" in refusal_of(tmp_path, tarred(pax((b"size", b"9" * 15)), TarItem(b"a", b"1")))


@pytest.mark.parametrize("path", [b"../evil", b"/etc/evil", b"a\0b", b"a\\b"])
def test_a_path_in_an_extended_header_is_checked_as_any_other(path: bytes, tmp_path: Path) -> None:
    refusal_of(tmp_path, tarred(pax((b"path", path)), TarItem(b"innocent", b"1")))
    refusal_of(tmp_path, tarred(gnu_long_name(path), TarItem(b"innocent", b"1")))


def test_a_traversal_in_the_prefix_of_a_name_is_refused(tmp_path: Path) -> None:
    assert "leaves" in refusal_of(tmp_path, tarred(TarItem(b"evil", prefix=b"a/../..")))


def test_a_member_named_twice_is_refused(tmp_path: Path) -> None:
    assert "twice" in refusal_of(tmp_path, tarred(pax((b"path", b"a"), (b"path", b"b")), TarItem(b"c")))
    assert "twice" in refusal_of(tmp_path, tarred(gnu_long_name(b"a"), pax((b"path", b"b")), TarItem(b"c")))


@pytest.mark.parametrize("key", [b"path", b"size"])
def test_a_path_or_size_for_all_members_is_refused(key: bytes, tmp_path: Path) -> None:
    assert "all its members" in refusal_of(tmp_path, tarred(pax((key, b"1"), kind=b"g"), TarItem(b"a", b"1")))


def test_endless_extended_headers_are_refused(tmp_path: Path) -> None:
    headers = [pax((b"comment", b"x" * 1000))] * 50_000
    assert "in a row" in refusal_of(tmp_path, tarred(*headers, TarItem(b"a")))


def test_what_hides_behind_the_nul_of_a_name_is_refused(tmp_path: Path) -> None:
    assert "control" in refusal_of(tmp_path, tarred(TarItem(b"a.tf\0/../evil")))


# --- cut short, or damaged anywhere --------------------------------------------------------------------------------


def _two_files(kind: str) -> bytes:
    content = random.Random(0).randbytes(900)
    return packed(kind, (b"a", content), (b"b", content[::-1])).content.read()


@pytest.mark.parametrize("kind", FORMATS)
def test_an_archive_cut_anywhere_is_refused(kind: str, tmp_path: Path) -> None:
    whole = _two_files(kind)
    for length in range(1, len(whole), 7):
        refusal_of(tmp_path, uploaded(whole[:length], f"m.{kind}"))


def test_a_tar_without_its_end_marker_is_refused(tmp_path: Path) -> None:
    assert "cut short" in refusal_of(tmp_path, uploaded(gzip.compress(tar_member(TarItem(b"a", b"1"))), "m.tgz"))


def test_a_gzip_stream_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    whole = bytearray(tar_gz_of(TarItem(b"a", b"1")))
    whole[-6] ^= 1
    assert "damaged" in refusal_of(tmp_path, uploaded(bytes(whole), "m.tgz"))


@pytest.mark.parametrize("kind", FORMATS)
@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_archive_yields_the_right_content_or_a_refusal(kind: str, data: st.DataObject) -> None:
    whole = bytearray(_two_files(kind))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(4, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    check_any(bytes(whole), f"m.{kind}")


@settings(deadline=None)
@given(tar=st.binary(min_size=0, max_size=600), number=st.integers(0, 511), patch=st.binary(max_size=40))
def test_any_bytes_inside_gzip_yield_files_or_a_refusal(tar: bytes, number: int, patch: bytes) -> None:
    header = bytearray(tar_of(pax((b"path", b"p")), gnu_long_name(b"l"), TarItem(b"a", b"1")))
    header[number : number + len(patch)] = patch
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    check_any(gzip.compress(bytes(header)), "m.tgz")
    check_any(gzip.compress(tar), "m.tgz")


@settings(deadline=None)
@given(records=st.binary(max_size=60) | st.text("0123456789 =\npathsize", max_size=40).map(str.encode))
def test_any_extended_header_yields_files_or_a_refusal(records: bytes) -> None:
    check_any(tar_gz_of(TarItem(b"h", records, b"x"), TarItem(b"a", b"1")), "m.tgz")


@settings(deadline=None)
@given(tail=st.binary(max_size=120))
def test_any_bytes_after_the_signature_yield_files_or_a_refusal(tail: bytes) -> None:
    check_any(b"PK\x03\x04" + tail, "m.zip")
    check_any(b"PK\x05\x06" + tail, "m.zip")
    check_any(b"\x1f\x8b" + tail, "m.tgz")


_hostile_names = st.one_of(
    st.sampled_from([name.encode() for name in HOSTILE_NAMES]),
    st.lists(st.sampled_from(["..", ".", "", "a", "A", "\\", "C:", "\0", "é", "\uff0e\uff0e"]), max_size=6).map(
        lambda parts: "/".join(parts).encode()
    ),
    st.binary(max_size=30),
)


@settings(deadline=None)
@given(names=st.lists(_hostile_names, max_size=4), kind=st.sampled_from(FORMATS))
def test_whatever_the_names_nothing_is_written_outside_and_nothing_is_left(names: list[bytes], kind: str) -> None:
    archive = packed(kind, (b"first", b"1"), *((name, b"") for name in names))
    check_any(archive.content.read(), archive.file_name)


def check_any(content: bytes, file_name: str) -> None:
    """Unpacking either gives files inside the workspace or raises InvalidArchive, and then nothing is left."""
    with TemporaryDirectory() as name:
        workspace = Path(name) / "deep" / "work"
        try:
            with SafeUnpacker(workspace, BOUNDS).unpack(uploaded(content, file_name)) as tree:
                (folder,) = workspace.iterdir()
                for file in tree.files():
                    assert (folder / file.path).resolve().is_relative_to(folder.resolve())
                    assert len(tree.read(file.path)) == file.size
        except InvalidArchive:
            pass
        assert {place.name for place in Path(name).rglob("*")} <= {"deep", "work"}


# --- bombs ---------------------------------------------------------------------------------------------------------

TEN_GIGABYTES = 10 << 30
LOOSE = ArchiveBounds(unpacked_bytes=3 << 20, member_bytes=2 << 20, compression_ratio=1_000_000)


def _zip_bomb(claimed: int) -> bytes:
    checksum = zlib.crc32(bytes(1 << 20))
    return zip_of(ZipItem(b"bomb", packed=zeros_deflated(10 << 10), size=claimed, checksum=checksum))


def _tar_bomb() -> bytes:
    return zeros_gzipped(tar_member(TarItem(b"bomb", size=b"%011o\0" % (200 << 20))), 10 << 10)


@pytest.mark.parametrize("claimed", [0xFFFFFFFE, 200 << 20, 1000, 0])
def test_a_zip_bomb_of_ten_gigabytes_is_refused_in_time_whatever_it_claims(claimed: int, tmp_path: Path) -> None:
    assert '"bomb"' in refusal_of(tmp_path, uploaded(_zip_bomb(claimed), "m.zip"))


def test_a_tar_bomb_of_ten_gigabytes_is_refused_in_time(tmp_path: Path) -> None:
    assert "times its packed size" in refusal_of(tmp_path, uploaded(_tar_bomb(), "m.tgz"))


def test_gigabytes_after_the_end_of_a_tar_are_refused_in_time(tmp_path: Path) -> None:
    bounds = ArchiveBounds(unpacked_bytes=10 << 20, members=100)
    content = zeros_gzipped(tar_of(TarItem(b"a", b"1")), 10 << 10)
    assert "headers included" in refusal_of(tmp_path, uploaded(content, "m.tgz"), bounds)


def test_no_more_bytes_come_out_of_a_bomb_than_the_bounds_allow() -> None:
    # The claim is as large as the bounds let it be, and the ratio does not help.
    assert _bytes_out(zip_members, _zip_bomb(2 << 20)) <= 2 << 20
    member = tar_member(TarItem(b"bomb", size=b"%011o\0" % (2 << 20)))
    assert _bytes_out(tar_gz_members, zeros_gzipped(member, 10 << 10)) <= 2 << 20


def _bytes_out(reader: Callable[[BinaryIO, Admission], Iterator[Member]], content: bytes) -> int:
    out = 0

    def read_all() -> None:
        nonlocal out
        for member in reader(io.BytesIO(content), Admission(LOOSE)):
            for piece in member.content:
                out += len(piece)

    with pytest.raises(InvalidArchive):
        read_all()
    return out


@pytest.mark.parametrize("kind", FORMATS)
def test_a_bound_is_reached_but_not_passed(kind: str, tmp_path: Path) -> None:
    bounds = ArchiveBounds(unpacked_bytes=100, member_bytes=60, members=3)
    fitting: Mapping[str, tuple[tuple[bytes, bytes], ...]] = {
        "size": ((b"a", b"x" * 60), (b"b", b"x" * 40)),
        "count": ((b"a", b""), (b"b", b""), (b"c/", b"")),
    }
    for members in fitting.values():
        with SafeUnpacker(tmp_path, bounds).unpack(packed(kind, *members)) as tree:
            assert len(tree.files()) + len(tree.directories()) == len(members)
    assert "more than 60 bytes" in refusal_of(tmp_path, packed(kind, (b"a", b"x" * 61)), bounds)
    too_many_bytes = packed(kind, (b"a", b"x" * 60), (b"b", b"x" * 41))
    assert "more than 100 bytes" in refusal_of(tmp_path, too_many_bytes, bounds)
    too_many = packed(kind, (b"a", b""), (b"b", b""), (b"c", b""), (b"./", b""))
    assert "more than 3 members" in refusal_of(tmp_path, too_many, bounds)
    implied = packed(kind, (b"a/b/c/d/e", b""))
    assert "imply more than 3 folders" in refusal_of(tmp_path, implied, bounds)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_ratio_counts_for_members_above_one_mebibyte(kind: str, tmp_path: Path) -> None:
    with SafeUnpacker(tmp_path, BOUNDS).unpack(packed(kind, (b"zeros", bytes(1 << 20)))) as tree:
        assert tree.files()[0].size == 1 << 20
    message = refusal_of(tmp_path, packed(kind, (b"zeros", bytes((1 << 20) + 1))))
    assert '"zeros" unpacks to more than 200 times' in message


@pytest.mark.parametrize("kind", FORMATS)
def test_a_hundred_thousand_members_are_refused_in_time(kind: str, tmp_path: Path) -> None:
    archive = packed(kind, *((b"f%06d" % number, b"") for number in range(100_000)))
    assert "more than 10,000 members" in refusal_of(tmp_path, archive)


def test_names_that_imply_very_many_folders_are_refused_in_time(tmp_path: Path) -> None:
    names = [b"/".join([b"%d" % number] + [b"d"] * 98) for number in range(9_000)]
    assert "imply" in refusal_of(tmp_path, packed(ZIP, *((name, b"") for name in names)))


def test_very_many_gzip_streams_are_refused_in_time(tmp_path: Path) -> None:
    content = gzip.compress(b"") * 300_000
    assert "streams" in refusal_of(tmp_path, uploaded(content, "m.tgz"))


def test_very_many_false_ends_of_a_zip_are_refused_in_time(tmp_path: Path) -> None:
    assert "list of members" in refusal_of(tmp_path, uploaded(b"PK\x05\x06" * 500_000, "m.zip"))


def test_a_gzip_bomb_inside_gzip_is_only_a_file_that_is_no_tar(tmp_path: Path) -> None:
    content = gzip.compress(zeros_gzipped(b"", 10 << 10))
    assert "holds no tar" in refusal_of(tmp_path, uploaded(content, "m.tgz"))


def test_a_tar_whose_padding_is_missing_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(tar_member(TarItem(b"a", b"1"))[:513])
    assert "cut short" in refusal_of(tmp_path, uploaded(content, "m.tgz"))


def test_a_pax_record_that_reaches_into_the_next_is_refused(tmp_path: Path) -> None:
    records = pax_record(b"comment", b"x").replace(b"13 ", b"25 ") + pax_record(b"path", b"../evil")
    message = refusal_of(tmp_path, uploaded(gzip.compress(tar_member(TarItem(b"h", records, b"x")) + TAR_END), "m.tgz"))
    assert "extended header" in message
