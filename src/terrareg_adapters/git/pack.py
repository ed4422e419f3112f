"""Looks through a received pack before it is opened: how many objects there are, and how large."""

import zlib
from typing import BinaryIO

import attrs

from terrareg_core.errors import InvalidRepository, SourceUnavailable
from terrareg_core.modules.ports import ArchiveBounds

_PIECE = 1 << 14
_OFFSET_DELTA = 6
_REFERENCE_DELTA = 7
_DELTA_HEADER = 20
_BESIDE_FILES = 1000
"""Objects that are neither files nor folders below the root: a commit, its tags."""
_TREES_BYTES = 64 << 20
"""All trees, commits and tags together, beside the bound for files."""


def check_pack(pack: BinaryIO, bounds: ArchiveBounds) -> None:
    """Raises InvalidRepository when the objects of a pack are more or larger than a tree within `bounds` can need, and
    SourceUnavailable when it is no pack (gitformat-pack); `pack` is read from its start.

    Without this, a few bytes could claim any amount of memory when the objects are opened.
    """
    pack.seek(0)
    reader = _Reader(pack)
    if reader.take(8) != b"PACK\x00\x00\x00\x02":
        raise _damaged()
    count = int.from_bytes(reader.take(4), "big")
    if count > bounds.members + _BESIDE_FILES:
        raise InvalidRepository(f"The tag holds more than {bounds.members:,} files and folders")
    total = 0
    for _ in range(count):
        size = _object_size(reader)
        if size > bounds.member_bytes:
            raise InvalidRepository(f"The tag holds a file of more than {bounds.member_bytes:,} bytes")
        total += size
        if total > bounds.unpacked_bytes + _TREES_BYTES:
            raise InvalidRepository(f"The tag's files are larger than {bounds.unpacked_bytes:,} bytes in all")


def _object_size(reader: "_Reader") -> int:
    byte = reader.take(1)[0]
    kind, stored, shift = byte >> 4 & 7, byte & 15, 4
    while byte & 0x80:
        byte = reader.take(1)[0]
        stored |= (byte & 0x7F) << shift
        shift += 7
        if shift > 64:
            raise _damaged()
    if kind == _OFFSET_DELTA:
        while reader.take(1)[0] & 0x80:
            pass
    elif kind == _REFERENCE_DELTA:
        reader.take(20)
    start = reader.inflate(stored)
    return _delta_result(start) if kind in {_OFFSET_DELTA, _REFERENCE_DELTA} else stored


def _delta_result(start: bytes) -> int:
    _, position = _number(start, 0)
    result, _ = _number(start, position)
    return result


def _number(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        shift += 7
        position += 1
        if not byte & 0x80:
            return value, position
    raise _damaged()


@attrs.define
class _Reader:
    _file: BinaryIO
    _buffer: bytes = b""
    _position: int = 0

    def take(self, size: int) -> bytes:
        while len(self._buffer) - self._position < size:
            self._fill()
        self._position += size
        return self._buffer[self._position - size : self._position]

    def inflate(self, size: int) -> bytes:
        """The start of the next compressed stream, which must hold `size` bytes."""
        inflater = zlib.decompressobj()
        start, inflated = b"", 0
        while True:
            if self._position == len(self._buffer):
                self._fill()
            try:
                piece = inflater.decompress(memoryview(self._buffer)[self._position :], _PIECE)
            except zlib.error:
                raise _damaged() from None
            left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            self._position = len(self._buffer) - len(left)
            start = start or piece[:_DELTA_HEADER]
            inflated += len(piece)
            if inflated > size:
                raise _damaged()
            if inflater.eof:
                break
        if inflated != size:
            raise _damaged()
        return start

    def _fill(self) -> None:
        piece = self._file.read(_PIECE)
        if not piece:
            raise _damaged()
        self._buffer = self._buffer[self._position :] + piece
        self._position = 0


def _damaged() -> SourceUnavailable:
    return SourceUnavailable("The git host sent a damaged pack of files")
