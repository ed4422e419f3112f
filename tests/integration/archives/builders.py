"""Builds zip and gzipped tar files byte by byte, so that tests can make each header lie."""

import gzip
import io
import struct
import zlib
from collections.abc import Sequence

import attrs

from terrareg_core.modules.ports import UploadedArchive

ZIP = "zip"
TAR_GZ = "tar.gz"
FORMATS = (ZIP, TAR_GZ)


def uploaded(content: bytes, file_name: str) -> UploadedArchive:
    return UploadedArchive(file_name, io.BytesIO(content))


# --- zip -----------------------------------------------------------------------------------------------------------


@attrs.frozen
class ZipItem:
    """A zip member; what is None is told truthfully."""

    name: bytes
    content: bytes = b""
    mode: int = 0o100644
    flags: int = 0
    method: int = 8
    packed: bytes | None = None
    checksum: int | None = None
    size: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_method: int | None = None
    offset: int | None = None
    disk: int = 0
    zip64: bool = False

    @property
    def data(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.content) if self.method == 8 else self.content


def deflated(content: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def zip_of(*items: ZipItem, count: int | None = None, before_end: bytes = b"", trailing: bytes = b"") -> bytes:
    body = bytearray()
    directory = bytearray()
    for item in items:
        offset = len(body) if item.offset is None else item.offset
        if item.offset is None:
            body += _local_header(item) + item.data
        directory += _central_header(item, offset)
    start = len(body)
    claimed = len(items) % 0x10000 if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, claimed, claimed, len(directory), start, 0)
    return bytes(body + directory + before_end) + end + trailing


def zip64_of(*items: ZipItem) -> bytes:
    """With a zip64 end record, and sizes in zip64 fields where an item says so."""
    plain = zip_of(*items)
    end = struct.unpack("<4s4H2LH", plain[-22:])
    length, start = end[5], end[6]
    body = plain[:-22]
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, len(items), len(items), length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return body + record + locator + last


def _local_header(item: ZipItem) -> bytes:
    name = item.name if item.local_name is None else item.local_name
    method = item.method if item.local_method is None else item.local_method
    size = _size(item) if item.local_size is None else item.local_size
    checksum, packed = _checksum(item), len(item.data)
    if item.flags & 8:
        checksum = size = packed = 0
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, item.flags, method, 0, 33, checksum, packed, size, len(name), 0)
    return head + name


def _central_header(item: ZipItem, offset: int) -> bytes:
    size, packed, extra = _size(item), len(item.data), b""
    if item.zip64:
        extra = struct.pack("<HH3Q", 1, 24, size, packed, offset)
        size = packed = offset = 0xFFFFFFFF
    return (
        struct.pack(
            "<4s6H3L5H2L",
            b"PK\x01\x02",
            (3 << 8) | 20,
            20,
            item.flags,
            item.method,
            0,
            33,
            _checksum(item),
            packed,
            size,
            len(item.name),
            len(extra),
            0,
            item.disk,
            0,
            item.mode << 16,
            offset,
        )
        + item.name
        + extra
    )


def _size(item: ZipItem) -> int:
    return len(item.content) if item.size is None else item.size


def _checksum(item: ZipItem) -> int:
    return zlib.crc32(item.content) if item.checksum is None else item.checksum


# --- tar -----------------------------------------------------------------------------------------------------------

TAR_END = bytes(1024)


@attrs.frozen
class TarItem:
    """A tar member; `size` is what its header claims, if not the truth."""

    name: bytes
    content: bytes = b""
    kind: bytes = b"0"
    mode: int = 0o644
    size: bytes | None = None
    link: bytes = b""
    magic: bytes = b"ustar\x0000"
    prefix: bytes = b""


def tar_of(*items: TarItem) -> bytes:
    return b"".join(map(tar_member, items)) + TAR_END


def tar_gz_of(*items: TarItem) -> bytes:
    return gzip.compress(tar_of(*items), 6, mtime=0)


def tar_member(item: TarItem) -> bytes:
    size = b"%011o\0" % len(item.content) if item.size is None else item.size
    header = bytearray(512)
    header[0 : len(item.name)] = item.name
    header[100:108] = b"%07o\0" % item.mode
    header[108:124] = b"0000000\0" * 2
    header[124:136] = size
    header[136:148] = b"00000000000\0"
    header[148:156] = b" " * 8
    header[156:157] = item.kind
    header[157 : 157 + len(item.link)] = item.link
    header[257:265] = item.magic.ljust(8, b"\0")
    header[345 : 345 + len(item.prefix)] = item.prefix
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + item.content + bytes(-len(item.content) % 512)


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> TarItem:
    return TarItem(b"PaxHeader", b"".join(pax_record(key, value) for key, value in records), kind)


def pax_record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(b"%d" % length):
        length = len(rest) + len(b"%d" % length)
    return b"%d" % length + rest


def gnu_long_name(name: bytes) -> TarItem:
    return TarItem(b"././@LongLink", name + b"\0", b"L", magic=b"ustar  \0")


# --- either --------------------------------------------------------------------------------------------------------


def packed(kind: str, *members: tuple[bytes, bytes]) -> UploadedArchive:
    """An archive of names and contents; a name that ends in a slash is a directory."""
    if kind == ZIP:
        return uploaded(zip_of(*(ZipItem(name, content, _zip_mode(name)) for name, content in members)), "m.zip")
    items: list[TarItem] = []
    for name, content in members:
        items += _tar_items(name, content)
    return uploaded(tar_gz_of(*items), "m.tar.gz")


def _zip_mode(name: bytes) -> int:
    return 0o040755 if name.endswith(b"/") else 0o100644


def _tar_items(name: bytes, content: bytes) -> Sequence[TarItem]:
    kind = b"5" if name.endswith(b"/") else b"0"
    if len(name) <= 100:
        return [TarItem(name, content, kind)]
    return [pax((b"path", name)), TarItem(b"long", content, kind)]


def zeros_deflated(mebibytes: int) -> bytes:
    """The deflated form of that many MiB of zeros, made without compressing them all."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + b"\x03\x00"


def zeros_gzipped(before: bytes, mebibytes: int) -> bytes:
    """A gzip stream of `before` and then zeros, with a checksum that is wrong."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = compressor.compress(before) + compressor.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + zeros_deflated(mebibytes) + bytes(8)
