"""In-memory twins of what reads and packs sources: archives are JSON objects of texts by path."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_core.errors import InvalidArchive, InvalidSource
from terrareg_core.modules.ports import PackedArchive, UploadedArchive
from terrareg_core.modules.source_tree import SourceTree
from terrareg_core.modules.syntax import ParsedFile


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


@attrs.frozen
class MemoryPacker:
    """Packs what `MemoryUnpacker` opens (implements `ArchivePacker`)."""

    @contextmanager
    def pack(self, tree: SourceTree) -> Iterator[PackedArchive]:
        """See `ArchivePacker.pack`; there is no `.tfignore` in memory."""
        content = json.dumps({file.path: tree.read(file.path).decode() for file in tree.files()}).encode()
        yield _MemoryPair(io.BytesIO(content), io.BytesIO(content))


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
