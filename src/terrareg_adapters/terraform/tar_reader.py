"""Reads the members of an untrusted gzipped tar (POSIX ustar and pax, GNU long names) as a stream, in bounded memory.

The standard library's reader takes extended headers of any claimed size into memory and rebuilds sparse files; here a
header is a bounded block, and everything but files and directories is refused.
"""

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import attrs

from terrareg_adapters.terraform.admission import Admission, Member, refusal
from terrareg_core.errors import InvalidArchive

_BLOCK = 512
# Small, because what an inflater leaves of its input is copied at every call.
_INPUT_CHUNK = 16 << 10
_OUTPUT_CHUNK = 256 << 10
_GZIP_STREAMS = 100_000
_EXTENDED_HEADER_BYTES = 1 << 20
_EXTENDED_HEADERS_PER_MEMBER = 8
_OVERHEAD_PER_MEMBER = 8 << 10
_OVERHEAD = 2 << 20
"""With the one above: what headers and padding may add to the bytes of the members."""

_FILE_KINDS = frozenset({b"0", b"\0"})
_DIRECTORY = b"5"
_EXTENDED_KINDS = frozenset({b"x", b"g", b"L", b"K"})
_REFUSED_KINDS = {
    b"1": "is a hard link",
    b"2": "is a symbolic link",
    b"3": "is a device",
    b"4": "is a device",
    b"6": "is a named pipe",
    b"S": "is a sparse file",
}
_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_DECIMAL = re.compile(rb"[0-9]{1,15}")
_PAX_LENGTH = re.compile(rb"([0-9]{1,8}) ")


def tar_gz_members(content: BinaryIO, admission: Admission) -> Iterator[Member]:
    """The members of a gzipped tar in the order of the file, each admitted when its header is reached.

    Raises InvalidArchive for gzip without a tar inside, for members that are no file or directory, and for what is
    damaged, cut short or beyond the bounds. What follows the tar's end marker is tolerated up to the bounds.
    """
    bounds = admission.bounds
    limit = bounds.unpacked_bytes + bounds.members * _OVERHEAD_PER_MEMBER + _OVERHEAD
    stream = _GzipStream(content, limit)
    header = _next_header(stream, first=True)
    while header is not None:
        raw = header.raw
        if header.kind in _REFUSED_KINDS:
            raise refusal(header.name, _REFUSED_KINDS[header.kind])
        if header.kind not in _FILE_KINDS and header.kind != _DIRECTORY:
            raise refusal(header.name, f"is of a kind that is neither file nor folder ({header.kind!r})")
        # Before POSIX a directory was a file whose name ends in a slash.
        directory = header.kind == _DIRECTORY or header.name.endswith(b"/")
        path = admission.admit(header.name, directory=directory, size=header.size)
        if path is not None:
            executable = bool(_number(raw[100:108], header.name) & 0o100) and not directory
            yield Member(path, directory, executable, _content(stream, path, header.size, admission))
        stream.skip(-header.size % _BLOCK)
        header = _next_header(stream)
    stream.finish()


def _content(stream: "_GzipStream", path: str, size: int, admission: Admission) -> Iterator[bytes]:
    packed_before = stream.consumed
    left = size
    while left:
        piece = stream.exactly(min(left, _OUTPUT_CHUNK))
        left -= len(piece)
        admission.check_ratio(path, unpacked=size - left, packed=stream.consumed - packed_before)
        yield piece


@attrs.frozen
class _Header:
    raw: bytes
    kind: bytes
    name: bytes
    size: int


@attrs.define
class _Extensions:
    """What extended headers say of the member that follows them."""

    name: bytes | None = None
    size: int | None = None

    def set_name(self, name: bytes) -> None:
        if self.name is not None:
            raise refusal(name, "is named twice by extended headers")
        self.name = name

    def set_size(self, text: bytes) -> None:
        if self.size is not None or not _DECIMAL.fullmatch(text):
            raise InvalidArchive("The tar archive has an extended header with a size that can't be read")
        self.size = int(text)


def _next_header(stream: "_GzipStream", *, first: bool = False) -> _Header | None:
    """The header of the next member, with its extended headers read; None at the end marker."""
    extensions = _Extensions()
    for number in range(_EXTENDED_HEADERS_PER_MEMBER + 1):
        raw = stream.exactly(_BLOCK)
        if not any(raw):
            if number:
                raise InvalidArchive("The tar archive ends with an extended header that belongs to no member")
            return None
        if not _checksum_matches(raw):
            if first and not number:
                raise InvalidArchive("The file is compressed with gzip, but holds no tar archive")
            raise InvalidArchive("The tar archive is damaged: a member's header does not match its checksum")
        kind = raw[156:157]
        name = _header_name(raw)
        size = _number(raw[124:136], name)
        if kind not in _EXTENDED_KINDS:
            return _Header(
                raw,
                kind,
                name if extensions.name is None else extensions.name,
                size if extensions.size is None else extensions.size,
            )
        if size > _EXTENDED_HEADER_BYTES:
            raise refusal(name, f"is an extended header of more than {_EXTENDED_HEADER_BYTES:,} bytes")
        body = stream.exactly(size)
        stream.skip(-size % _BLOCK)
        _extend(extensions, kind, body)
    raise InvalidArchive(f"The tar archive has more than {_EXTENDED_HEADERS_PER_MEMBER} extended headers in a row")


def _extend(extensions: _Extensions, kind: bytes, body: bytes) -> None:
    if kind == b"L":
        extensions.set_name(body.removesuffix(b"\0"))
    elif kind in b"xg":
        for key, value in _pax_records(body):
            if key.startswith(b"GNU.sparse."):
                raise InvalidArchive("The tar archive has a sparse file; pack it without --sparse")
            if key not in {b"path", b"size"}:
                continue
            if kind == b"g":
                raise InvalidArchive("The tar archive gives one path or size to all its members")
            if key == b"path":
                extensions.set_name(value)
            else:
                extensions.set_size(value)


def _pax_records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of an extended header, each `length key=value` and a newline (POSIX.1-2001 pax)."""
    at = 0
    while at < len(body):
        match = _PAX_LENGTH.match(body, at)
        end = at + int(match[1]) if match else 0
        if match is None or not match.end() < end <= len(body) or body[end - 1] != ord("\n"):
            raise InvalidArchive("The tar archive has a damaged extended header")
        key, equals, value = body[match.end() : end - 1].partition(b"=")
        if not equals:
            raise InvalidArchive("The tar archive has a damaged extended header")
        yield key, value
        at = end


def _header_name(raw: bytes) -> bytes:
    name = _text(raw[:100])
    # Only POSIX's own form has a prefix there; GNU's keeps times and sparse maps in its place.
    prefix = _text(raw[345:500]) if raw[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _text(field: bytes) -> bytes:
    text, _, rest = field.partition(b"\0")
    # Readers disagree on what follows a NUL, so whoever put something there wants to be read in two ways.
    return field.rstrip(b"\0") if any(rest) else text


def _number(field: bytes, name: bytes) -> int:
    if field[0] == 0x80:  # GNU's form of sizes that octal digits can't hold
        return int.from_bytes(field[1:], "big")
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise refusal(name, "has a header with a number that can't be read")
    return int(match[1] or b"0", 8)


def _checksum_matches(raw: bytes) -> bool:
    match = _OCTAL.fullmatch(raw[148:156])
    if match is None or not match[1]:
        return False
    claimed = int(match[1], 8)
    blanked = raw[:148] + b" " * 8 + raw[156:]
    unsigned = sum(blanked)
    # Some old programs add up signed bytes.
    return claimed == unsigned or claimed == unsigned - 256 * sum(byte > 127 for byte in blanked)


class _GzipStream:
    """The bytes that come out of the gzip streams of a file (RFC 1952), checksums verified, up to a limit."""

    def __init__(self, content: BinaryIO, limit: int) -> None:
        content.seek(0)
        self._content = content
        self._left = limit
        self._limit = limit
        self._streams = 1
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._waiting = b""
        self._read = 0

    @property
    def consumed(self) -> int:
        """Compressed bytes used so far."""
        return self._read - len(self._waiting)

    def exactly(self, length: int) -> bytes:
        """The next `length` bytes. Raises InvalidArchive when the file ends before, is damaged or passes the limit."""
        pieces = []
        while length:
            piece = self._some(length)
            if not piece:
                raise InvalidArchive("The tar archive is cut short")
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def skip(self, length: int) -> None:
        """Pass over the next `length` bytes, less than one block."""
        self.exactly(length)

    def finish(self) -> None:
        """Read on to the end of the last gzip stream, for the checksums."""
        while self._some(_OUTPUT_CHUNK):
            pass
        if not self._inflater.eof:
            raise InvalidArchive("The gzip file is cut short")

    def _some(self, most: int) -> bytes:
        """Between 1 and `most` bytes, or none at the end of the file."""
        while True:
            if self._inflater.eof and not self._next_stream():
                return b""
            if not self._waiting:
                self._waiting = self._content.read(_INPUT_CHUNK)
                self._read += len(self._waiting)
            at_end = not self._waiting
            try:
                piece = self._inflater.decompress(self._waiting, most)
            except zlib.error:
                raise InvalidArchive("The gzip file is damaged") from None
            self._waiting = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            self._left -= len(piece)
            if self._left < 0:
                raise InvalidArchive(f"The archive unpacks to more than {self._limit:,} bytes, headers included")
            if piece:
                return piece
            if at_end and not self._inflater.eof:
                return b""

    def _next_stream(self) -> bool:
        """Whether another gzip stream follows the one that ended."""
        while len(self._waiting) < 2:
            more = self._content.read(_INPUT_CHUNK)
            if not more:
                break
            self._read += len(more)
            self._waiting += more
        if self._waiting[:2] != b"\x1f\x8b":
            return False
        self._streams += 1
        if self._streams > _GZIP_STREAMS:
            raise InvalidArchive(f"The gzip file is made of more than {_GZIP_STREAMS:,} streams")
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return True
