"""In-memory twins of what reads and packs sources: archives are JSON objects of texts by path."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import attrs

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_core.errors import InvalidArchive, InvalidSource
from terrareg_core.modules.ports import PackedArchive, UploadedArchive
from terrareg_core.modules.source_tree import SourceTree
from terrareg_core.modules.syntax import ParsedFile

_IGNORE_FILE = ".tfignore"


def memory_archive(files: Mapping[str, str]) -> UploadedArchive:
    """An archive that `MemoryUnpacker` opens."""
    return UploadedArchive("module.zip", io.BytesIO(json.dumps(dict(files)).encode()))


@attrs.frozen
class MemoryUnpacker:
    """Opens what `memory_archive` makes (implements `ArchiveUnpacker`)."""

    @contextmanager
    def unpack(self, archive: UploadedArchive) -> Iterator[SourceTree]:
        """See `ArchiveUnpacker.unpack`."""
        archive.content.seek(0)
        try:
            files = {path: text.encode() for path, text in json.loads(archive.content.read()).items()}
            tree = MemoryTree(files)
        except (ValueError, AttributeError) as error:
            raise InvalidArchive("The file is no archive of texts") from error
        yield tree


@attrs.frozen
class _MemoryPair:
    zip: io.BytesIO
    tar_gz: io.BytesIO
    complete: bool


@attrs.frozen
class MemoryPacker:
    """Packs what `MemoryUnpacker` opens (implements `ArchivePacker`)."""

    @contextmanager
    def pack(self, tree: SourceTree) -> Iterator[PackedArchive]:
        """See `ArchivePacker.pack`; a `.tfignore` in memory lists the paths of files."""
        texts = _texts(tree)
        ignored = set(texts.pop(_IGNORE_FILE, "").splitlines())
        kept = {path: text for path, text in texts.items() if path not in ignored}
        yield _MemoryPair(_packed(kept), _packed(kept), complete=kept == texts)

    @contextmanager
    def pack_whole(self, tree: SourceTree) -> Iterator[BinaryIO]:
        """See `ArchivePacker.pack_whole`."""
        yield _packed(_texts(tree))


def _texts(tree: SourceTree) -> dict[str, str]:
    return {file.path: tree.read(file.path).decode() for file in tree.files()}


def _packed(texts: Mapping[str, str]) -> io.BytesIO:
    return io.BytesIO(json.dumps(texts).encode())


@attrs.frozen
class PreparedReader:
    """Knows beforehand what each source text means (implements `SpecificationReader`).

    A text that was not prepared is an empty file, and the text `broken` is a syntax error.
    """

    _prepared: Mapping[str, ParsedFile] = attrs.field(factory=dict)

    def read(self, path: str, content: bytes) -> ParsedFile:
        """See `SpecificationReader.read`."""
        text = content.decode()
        if text == "broken":
            raise InvalidSource(path, 1, "the text is broken")
        return self._prepared.get(text, ParsedFile(()))

    def read_all(self, sources: Sequence[tuple[str, bytes]]) -> Sequence[ParsedFile]:
        """See `SpecificationReader.read_all`."""
        return [self.read(path, content) for path, content in sources]
