"""What modules need from outside: reading sources, rendering texts, and storing archives."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

import attrs

from terrareg_core.modules.source_tree import SourceTree
from terrareg_core.modules.syntax import ParsedFile


@attrs.frozen
class UploadedArchive:
    """A file that a client sent, spooled to disk or memory."""

    file_name: str
    content: BinaryIO
    """Positioned anywhere; a reader seeks."""


@attrs.frozen
class ArchiveBounds:
    """How much an uploaded archive may unpack to (decision 35)."""

    unpacked_bytes: int = 1 << 30
    """All members together."""
    member_bytes: int = 256 << 20
    members: int = 10_000
    """Files, directories and everything else the archive lists."""
    compression_ratio: int = 200
    """Unpacked to packed, for members above 1 MiB."""


class ArchiveUnpacker(Protocol):
    """Opens uploaded archives safely."""

    def unpack(self, archive: UploadedArchive) -> AbstractContextManager[SourceTree]:
        """The content of a zip or a gzipped tar as a tree, for the length of the context.

        The bounds are enforced on the bytes that really come out, not on what headers claim. Raises InvalidArchive,
        before the context is entered, for everything that chapter 03, 4.3 and decision 34 refuse; whatever happens,
        nothing of the archive is left behind once the context ends.
        """
        ...


class PackedArchive(Protocol):
    """The two archives made of one tree: the same members, in zip and gzipped tar form."""

    @property
    def zip(self) -> BinaryIO: ...

    @property
    def tar_gz(self) -> BinaryIO: ...

    @property
    def complete(self) -> bool:
        """Whether they hold every file of the tree but `.tfignore` and what lies in a `.git`."""
        ...


class ArchivePacker(Protocol):
    """Builds the archives that terraform downloads."""

    def pack(self, tree: SourceTree) -> AbstractContextManager[PackedArchive]:
        """The archives of `tree` (chapter 03, 14), for the length of the context.

        What the top-level `.tfignore` matches, the file itself and every `.git` are left out. Both archives have the
        same members with the same bytes, and equal trees give equal archives.
        """
        ...

    def pack_whole(self, tree: SourceTree) -> AbstractContextManager[BinaryIO]:
        """A zip of `tree` with what a `.tfignore` matches, for the length of the context; only `.git` is left out."""
        ...


class SpecificationReader(Protocol):
    """Reads Terraform source files."""

    def read(self, path: str, content: bytes) -> ParsedFile:
        """The blocks of one file; `path` (below the module root) decides native or JSON syntax and names the file in
        errors.

        Each of the file's warnings begins with `path` and a colon. The result may be shared with other callers.

        Raises InvalidSource for text that is neither readable nor accepted by Terraform, and for text beyond the bounds
        of chapter 03, 8.10.10; whatever the bytes, they lead to nothing else. Raises RegistryFailure when reading is
        not possible at the moment.
        """
        ...

    def read_all(self, sources: Sequence[tuple[str, bytes]]) -> Sequence[ParsedFile]:
        """What `read` makes of each (path, content), in the order of `sources`; several may be read at once.

        Raises what `read` raises for the first of them that can't be read.
        """
        ...


@attrs.frozen
class StoredObject:
    """An object that the archive store holds."""

    key: str
    size: int
    """In bytes."""
    digest: str
    """SHA-256 of the content, lower-case hex."""


class ArchiveStore(Protocol):
    """Keeps archives under immutable keys; a key never contains a name (decision 16)."""

    def put(self, key: str, content: BinaryIO) -> StoredObject:
        """Store everything from the start of `content` under `key`, a relative `/`-joined path never used before.

        Durable and complete when it returns; until then nothing is readable under the key. Raises StoreUnavailable.
        """
        ...

    def open(self, key: str) -> "StoredContent":
        """The object under `key`. Raises ArchiveNotFound when there is none."""
        ...

    def delete(self, key: str) -> None:
        """Forget the object under `key`; no error when there is none."""
        ...


class StoredContent(Protocol):
    """An object of the store, open for reading."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def read_range(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks of at most 1 MiB."""
        ...

    def close(self) -> None:
        """Let go of what is held open; harmless when repeated."""
        ...


class ArchiveKeySigner(Protocol):
    """Makes and checks the keys that open an archive on a closed registry for a short time (chapter 01, 2.13)."""

    def sign(self, path: str, expires_at: datetime) -> str:
        """A key for the archive at the URL path `path`, good until `expires_at`.

        It is made of unreserved URL characters only (RFC 3986, 2.3), so that it can be a path segment.
        """
        ...

    def verify(self, key: str, path: str, now: datetime) -> None:
        """Return if `key` was made by `sign` for exactly this path and has not expired at `now`.

        Raises InvalidPresignedKey in every other case, whatever the text, and tells no difference.
        """
        ...
