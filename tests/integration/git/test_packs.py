"""Packs that claim or hold more than they may, and damaged ones."""

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.git.pack import check_pack
from terrareg_core.errors import InvalidRepository, RegistryError, SourceUnavailable
from terrareg_core.modules.ports import ArchiveBounds

_BLOB, _OFFSET_DELTA, _REFERENCE_DELTA = 3, 6, 7
_BOUNDS = ArchiveBounds(unpacked_bytes=1 << 20, member_bytes=1 << 18, members=100)


def _pack(*objects: bytes, count: int | None = None) -> io.BytesIO:
    head = b"PACK\0\0\0\x02" + (len(objects) if count is None else count).to_bytes(4, "big")
    return io.BytesIO(head + b"".join(objects) + bytes(20))


def _object(kind: int, size: int, content: bytes, base: bytes = b"") -> bytes:
    first, rest = kind << 4 | size & 15, size >> 4
    head = bytearray()
    while rest:
        head.append(first | 0x80)
        first, rest = rest & 0x7F, rest >> 7
    head.append(first)
    return bytes(head) + base + zlib.compress(content)


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _delta(result: int) -> bytes:
    return _number(3) + _number(result) + b"\x90\x03"


@given(st.lists(st.binary(max_size=40_000), max_size=8))
def test_objects_within_the_bounds_pass(contents: list[bytes]) -> None:
    check_pack(_pack(*(_object(_BLOB, len(content), content) for content in contents)), _BOUNDS)


def test_deltas_within_the_bounds_pass() -> None:
    delta = _delta(3)
    check_pack(
        _pack(
            _object(_BLOB, 3, b"abc"),
            _object(_OFFSET_DELTA, len(delta), delta, b"\x81\x01"),
            _object(_REFERENCE_DELTA, len(delta), delta, bytes(20)),
        ),
        _BOUNDS,
    )


@pytest.mark.parametrize("base", [b"\x0c", bytes(20)])
def test_a_delta_that_makes_a_huge_file_is_refused(base: bytes) -> None:
    delta = _delta(1 << 40)
    kind = _OFFSET_DELTA if len(base) == 1 else _REFERENCE_DELTA
    with pytest.raises(InvalidRepository, match="a file of more than"):
        check_pack(_pack(_object(_BLOB, 3, b"abc"), _object(kind, len(delta), delta, base)), _BOUNDS)


def test_more_objects_than_files_may_be_are_refused_before_any_is_read() -> None:
    with pytest.raises(InvalidRepository, match="more than 100 files"):
        check_pack(_pack(count=2_000_000), _BOUNDS)


def test_files_that_are_too_large_together_are_refused() -> None:
    bounds = ArchiveBounds(unpacked_bytes=0, member_bytes=1 << 26)
    zeros = bytes(1 << 26)
    check_pack(_pack(_object(_BLOB, len(zeros), zeros)), bounds)
    with pytest.raises(InvalidRepository, match="in all"):
        check_pack(_pack(_object(_BLOB, len(zeros), zeros), _object(_BLOB, 1, b"x")), bounds)


@pytest.mark.parametrize("claimed", [0, 9, 11])
def test_an_object_that_lies_about_its_size_is_damaged(claimed: int) -> None:
    with pytest.raises(SourceUnavailable, match="damaged"):
        check_pack(_pack(_object(_BLOB, claimed, b"0123456789")), _BOUNDS)


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_damage_never_gets_past_the_domains_errors(garbage: bytes, cut: int) -> None:
    for data in (garbage, b"PACK\0\0\0\x02\0\0\0\x03" + garbage):
        with pytest.raises(RegistryError):
            check_pack(io.BytesIO(data), _BOUNDS)
    whole = _pack(_object(_BLOB, 1000, bytes(1000)), _object(_BLOB, 3, b"abc")).getvalue()[:-20]
    if cut < len(whole):
        with pytest.raises(SourceUnavailable):
            check_pack(io.BytesIO(whole[:cut]), _BOUNDS)
