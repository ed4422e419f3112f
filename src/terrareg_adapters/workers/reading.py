"""Reads Terraform's files in worker processes, and no content twice."""

import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from terrareg_adapters.workers.cache import BoundedCache
from terrareg_adapters.workers.pool import WorkerPool, WorkExceeded, WorkUnfinished
from terrareg_core.errors import InvalidSource
from terrareg_core.modules.model import EXTRACTION_VERSION
from terrareg_core.modules.syntax import ParsedFile, SourceBounds

READ_SOURCE: Final = "read"
"""The job's name: (SourceBounds, path, content) to a ParsedFile. Raises InvalidSource."""

_CACHED_FILES: Final = 10_000
_CACHED_BYTES: Final = 4 << 20
"""Of source text; what is made of it takes about nine times as much memory."""
_OVERHEAD: Final = 200
"""Counted, in bytes of source, for what a file costs beyond its text."""

_Key = tuple[bytes, str, int]


class PooledReader:
    """The port `SpecificationReader` over a pool that knows the job `READ_SOURCE`; may be used from several threads.

    The outcome of a file depends on its content, its name's ending and the extraction version, and is kept under these
    three; refusals are not kept.
    """

    def __init__(
        self,
        pool: WorkerPool,
        bounds: SourceBounds | None = None,
        *,
        cached_files: int = _CACHED_FILES,
        cached_bytes: int = _CACHED_BYTES,
    ) -> None:
        """`cached_files` results, of `cached_bytes` of source text, are kept at most."""
        self._pool = pool
        self._bounds = bounds or SourceBounds()
        self._cache: BoundedCache[_Key, ParsedFile] = BoundedCache(cached_files, cached_bytes)

    def read(self, path: str, content: bytes) -> ParsedFile:
        """See `SpecificationReader.read`; raises what `WorkerPool.run` raises when reading is not possible."""
        [parsed] = self.read_all([(path, content)])
        return parsed

    def read_all(self, sources: Sequence[tuple[str, bytes]]) -> Sequence[ParsedFile]:
        """See `SpecificationReader.read_all`; files of equal content are read once."""
        keys = [_key(path, content) for path, content in sources]
        known = {key: found for key in dict.fromkeys(keys) if (found := self._cache.get(key)) is not None}
        unread: dict[_Key, tuple[str, bytes]] = {}
        for key, source in zip(keys, sources, strict=True):
            if key not in known:
                unread.setdefault(key, source)
        known.update(self._read_together(unread))
        return [_named(path, known[key]) for key, (path, _) in zip(keys, sources, strict=True)]

    def _read_together(self, unread: Mapping[_Key, tuple[str, bytes]]) -> Mapping[_Key, ParsedFile]:
        arguments = [(self._bounds, path, content) for path, content in unread.values()]
        try:
            results = self._pool.map(READ_SOURCE, arguments)
        except WorkUnfinished as error:
            _, path, _ = cast("tuple[SourceBounds, str, bytes]", error.argument)
            raise InvalidSource(path, None, _reason(error)) from None
        outcomes = {}
        for (key, (path, content)), parsed in zip(unread.items(), results, strict=True):
            assert isinstance(parsed, ParsedFile)
            outcomes[key] = _nameless(path, parsed)
            self._cache.put(key, outcomes[key], len(content) + _OVERHEAD)
        return outcomes


def _key(path: str, content: bytes) -> _Key:
    return hashlib.sha256(content).digest(), posixpath.splitext(path)[1], EXTRACTION_VERSION


def _reason(error: WorkUnfinished) -> str:
    if isinstance(error, WorkExceeded):
        return f"reading the file takes more than {error.limit}"
    return "the process that read the file has ended without an answer"


def _nameless(path: str, parsed: ParsedFile) -> ParsedFile:
    """Without the path that each warning begins with, since files of other names share the outcome."""
    if not parsed.warnings:
        return parsed
    return attrs.evolve(parsed, warnings=[warning.removeprefix(f"{path}: ") for warning in parsed.warnings])


def _named(path: str, parsed: ParsedFile) -> ParsedFile:
    if not parsed.warnings:
        return parsed
    return attrs.evolve(parsed, warnings=[f"{path}: {warning}" for warning in parsed.warnings])
