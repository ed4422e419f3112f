"""Reads the members of an untrusted zip archive (PKWARE APPNOTE 6.3), stored or deflated, in bounded memory.

The standard library's reader loads the whole directory of members, cuts names at NUL, and takes a member's extent from
whichever header it happens to read; here every claim is checked against the bytes before it is acted on.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import attrs

from terrareg_adapters.terraform.admission import Admission, Member, refusal
from terrareg_core.errors import InvalidArchive

_CHUNK = 64 << 10
_OUTPUT_CHUNK = 256 << 10
_END_WINDOW = (1 << 20) + 0xFFFF
"""How far from the end the end record is looked for: its longest comment, and 1 MiB of trailing data."""
_END_CANDIDATES = 4096

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")

_U16_MAX = 0xFFFF
_U32_MAX = 0xFFFFFFFF
_ZIP64_FIELD = 0x0001

_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCH = 0x0020
_SIZES_FOLLOW = 0x0008
_STORED = 0
_DEFLATED = 8


@attrs.frozen
class _Entry:
    name: bytes
    path: str
    directory: bool
    executable: bool
    method: int
    checksum: int
    packed: int
    size: int
    offset: int


def zip_members(content: BinaryIO, admission: Admission) -> Iterator[Member]:
    """The members of a zip, in the order their content lies in the file.

    All names and all claimed sizes pass `admission` before the first member is returned. Raises InvalidArchive for
    members that are links, devices, encrypted, overlapping, damaged or packed by another method than deflate, and for
    local headers that contradict the directory. Trailing data and a wrong member count are tolerated.
    """
    size = content.seek(0, 2)
    start, end = _find_directory(content, size)
    entries = sorted(_read_directory(content, start, end, admission), key=lambda entry: entry.offset)
    free_from = 0
    for entry in entries:
        if entry.offset < free_from:
            raise refusal(entry.name, "overlaps another one")
        data = _check_local_header(content, entry, start)
        free_from = data + entry.packed
        if free_from > start:
            raise refusal(entry.name, "reaches beyond the members' part of the file")
        if entry.path:
            yield Member(entry.path, entry.directory, entry.executable, _content(content, entry, data, admission))


def _find_directory(content: BinaryIO, size: int) -> tuple[int, int]:
    """Where the directory of members starts and ends."""
    window_start = max(0, size - _END_WINDOW)
    window = _exactly(content, window_start, size - window_start)
    at = len(window)
    for _ in range(_END_CANDIDATES):
        at = window.rfind(b"PK\x05\x06", 0, at)
        if at < 0:
            break
        found = _directory_of(content, window, at, window_start)
        if found is not None:
            return found
    raise InvalidArchive("The zip archive has no readable list of members; it is damaged or cut short")


def _directory_of(content: BinaryIO, window: bytes, at: int, window_start: int) -> tuple[int, int] | None:
    """Start and end of the directory that the end record at `window[at:]` closes; None if that is no such record."""
    if at + _END.size > len(window):
        return None
    _, disk, first_disk, here, total, length, offset, _ = _END.unpack_from(window, at)
    position = window_start + at
    if disk in {0, _U16_MAX} and first_disk in {0, _U16_MAX} and offset + length == position:
        return offset, position
    if _U16_MAX in {disk, first_disk, here, total} or _U32_MAX in {length, offset}:
        return _directory64_of(content, position)
    return None


def _directory64_of(content: BinaryIO, position: int) -> tuple[int, int] | None:
    locator = position - _END64_LOCATOR.size
    if locator < _END64.size:
        return None
    mark, _, record, _ = _END64_LOCATOR.unpack(_exactly(content, locator, _END64_LOCATOR.size))
    if mark != b"PK\x06\x07" or record > locator - _END64.size:
        return None
    mark, _, _, _, disk, first_disk, _, _, length, offset = _END64.unpack(_exactly(content, record, _END64.size))
    if mark != b"PK\x06\x06" or disk or first_disk or offset + length != record:
        return None
    return offset, record


def _read_directory(content: BinaryIO, start: int, end: int, admission: Admission) -> Iterator[_Entry]:
    at = start
    while at < end:
        if end - at < _CENTRAL.size:
            raise _damaged_directory()
        header = _CENTRAL.unpack(_exactly(content, at, _CENTRAL.size))
        name_length, extra_length, comment_length = header[10:13]
        after = at + _CENTRAL.size + name_length + extra_length + comment_length
        if header[0] != b"PK\x01\x02" or after > end:
            raise _damaged_directory()
        name = _exactly(content, at + _CENTRAL.size, name_length)
        extra = _exactly(content, at + _CENTRAL.size + name_length, extra_length)
        yield _entry(header, name, extra, admission)
        at = after


def _damaged_directory() -> InvalidArchive:
    return InvalidArchive("The zip archive's list of members is damaged")


def _entry(header: tuple[int, ...], name: bytes, extra: bytes, admission: Admission) -> _Entry:
    _, _, _, flags, method, _, _, checksum, packed, size, _, _, _, disk, _, attributes, offset = header
    if _U32_MAX in {packed, size, offset}:
        packed, size, offset = _widened(name, extra, packed, size, offset)
    if disk not in {0, _U16_MAX}:
        raise refusal(name, "lies in another part of a split archive")
    if flags & _ENCRYPTED:
        raise refusal(name, "is encrypted")
    if method not in {_STORED, _DEFLATED} or flags & _PATCH:
        raise refusal(name, f"is packed by method {method}; only stored and deflated members are read")
    mode = attributes >> 16
    kind = stat.S_IFMT(mode)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise refusal(name, "is a symbolic link" if kind == stat.S_IFLNK else "is neither a file nor a folder")
    directory = name.endswith(b"/") or kind == stat.S_IFDIR
    path = admission.admit(name, directory=directory, size=size)
    if method == _STORED and packed != size:
        raise refusal(name, "claims a size that is not the one stored")
    admission.check_ratio(path or "./", unpacked=size, packed=packed)
    executable = bool(mode & stat.S_IXUSR) and not directory
    return _Entry(name, path or "", directory, executable, method, checksum, packed, size, offset)


def _widened(name: bytes, extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """The zip64 values of those fields that are all ones (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == _ZIP64_FIELD:
            field = extra[at + 4 : at + 4 + length]
            values = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            try:
                size = next(values) if size == _U32_MAX else size
                packed = next(values) if packed == _U32_MAX else packed
                offset = next(values) if offset == _U32_MAX else offset
            except StopIteration:
                break
            return packed, size, offset
        at += 4 + length
    raise refusal(name, "has a damaged zip64 header")


def _check_local_header(content: BinaryIO, entry: _Entry, limit: int) -> int:
    """Where the content of `entry` starts."""
    if entry.offset + _LOCAL.size > limit:
        raise refusal(entry.name, "reaches beyond the members' part of the file")
    header = _LOCAL.unpack(_exactly(content, entry.offset, _LOCAL.size))
    mark, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = header
    if mark != b"PK\x03\x04":
        raise refusal(entry.name, "is listed but not in the file")
    name = _exactly(content, entry.offset + _LOCAL.size, min(name_length, limit - entry.offset - _LOCAL.size))
    if name != entry.name or method != entry.method or flags & (_ENCRYPTED | _PATCH):
        raise refusal(entry.name, "is described in two ways that contradict each other")
    if not flags & _SIZES_FOLLOW and (
        checksum != entry.checksum or packed not in {entry.packed, _U32_MAX} or size not in {entry.size, _U32_MAX}
    ):
        raise refusal(entry.name, "is described in two ways that contradict each other")
    lengths: int = name_length + extra_length
    return entry.offset + _LOCAL.size + lengths


def _content(content: BinaryIO, entry: _Entry, start: int, admission: Admission) -> Iterator[bytes]:
    checksum = 0
    size = 0
    pieces = _inflated if entry.method == _DEFLATED else _stored
    for piece in pieces(content, entry, start):
        size += len(piece)
        if size > entry.size:
            raise refusal(entry.name, "unpacks to more bytes than it claims")
        admission.check_ratio(entry.path, unpacked=size, packed=entry.packed)
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if size != entry.size:
        raise refusal(entry.name, "unpacks to fewer bytes than it claims")
    if checksum != entry.checksum:
        raise refusal(entry.name, "is damaged: its checksum does not match")


def _stored(content: BinaryIO, entry: _Entry, start: int) -> Iterator[bytes]:
    end = start + entry.packed
    for at in range(start, end, _OUTPUT_CHUNK):
        yield _exactly(content, at, min(_OUTPUT_CHUNK, end - at))


def _inflated(content: BinaryIO, entry: _Entry, start: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    at, end = start, start + entry.packed
    waiting = b""
    complete = False
    while not complete:
        if not waiting and at < end:
            waiting = _exactly(content, at, min(_CHUNK, end - at))
            at += len(waiting)
        try:
            piece = inflater.decompress(waiting, _OUTPUT_CHUNK)
        except zlib.error:
            raise refusal(entry.name, "is damaged: it does not unpack") from None
        waiting = inflater.unconsumed_tail
        complete = inflater.eof
        if piece:
            yield piece
        elif not complete and not waiting and at == end:
            raise refusal(entry.name, "is damaged: it is cut short")
    if inflater.unused_data or at < end:
        raise refusal(entry.name, "is followed by bytes that belong to no member")


def _exactly(content: BinaryIO, at: int, length: int) -> bytes:
    content.seek(at)
    data = content.read(length)
    if len(data) != length:
        raise InvalidArchive("The zip archive is cut short")
    return data
