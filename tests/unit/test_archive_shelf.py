"""Stored objects as files: they read and seek as any file does."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.archive_store import MemoryArchiveStore
from terrareg_adapters.memory.clock import CountingIds
from terrareg_adapters.memory.sources import MemoryPacker
from terrareg_core.errors import ArchiveNotFound
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.ports import StoredObject

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 80), st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 80), st.just(io.SEEK_SET)),
        st.tuples(st.just("seek"), st.integers(-60, 0), st.just(io.SEEK_END)),
    ),
    max_size=12,
)


@given(st.binary(min_size=60, max_size=70), _STEPS)
def test_a_stored_object_reads_as_a_file_of_its_bytes(content: bytes, steps: list[tuple[str, int, int]]) -> None:
    store = MemoryArchiveStore()
    stored = store.put("a/b", io.BytesIO(content))
    shelf = ArchiveShelf(store, MemoryPacker(), CountingIds())
    expected = io.BytesIO(content)
    with shelf.opened(stored) as file:
        for step, number, whence in steps:
            if step == "read":
                assert file.read(number) == expected.read(number)
            else:
                assert file.seek(number, whence) == expected.seek(number, whence)
            assert file.tell() == expected.tell()


def test_an_object_that_is_gone_can_not_be_opened() -> None:
    shelf = ArchiveShelf(MemoryArchiveStore(), MemoryPacker(), CountingIds())
    with pytest.raises(ArchiveNotFound), shelf.opened(StoredObject("a/b", 1, "0" * 64)):
        pass
