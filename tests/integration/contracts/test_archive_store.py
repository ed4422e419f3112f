"""The contract of the archive store, held by the memory twin and the directory; then what only a directory does."""

import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.archive_store import MemoryArchiveStore
from terrareg_adapters.object_store.local import LocalArchiveStore
from terrareg_core.errors import ArchiveNotFound, StoreUnavailable
from terrareg_core.modules.ports import ArchiveStore

MIB = 1 << 20
KEY = "modules/0a1b2c/source.zip"


@pytest.fixture(params=["memory", "local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArchiveStore:
    return MemoryArchiveStore() if request.param == "memory" else LocalArchiveStore(tmp_path / "data")


def content_of(store: ArchiveStore, key: str) -> bytes:
    with closing(store.open(key)) as content:
        return b"".join(content.read_range(0, content.size))


class FailingSource(io.BytesIO):
    """A source that delivers one chunk and then fails like a broken disk."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() or size is None or size < 0:
            raise OSError("broken")
        return super().read(4)


class TestArchiveStore:
    def test_what_was_put_is_read_back_with_its_size_and_digest(self, store: ArchiveStore) -> None:
        data = os.urandom(2 * MIB + 17)
        stored = store.put(KEY, io.BytesIO(data))
        assert (stored.key, stored.size, stored.digest) == (KEY, len(data), hashlib.sha256(data).hexdigest())
        assert content_of(store, KEY) == data

    def test_an_empty_object_is_an_object(self, store: ArchiveStore) -> None:
        assert store.put(KEY, io.BytesIO()).size == 0
        assert content_of(store, KEY) == b""

    def test_content_is_stored_from_its_start_wherever_it_is_positioned(self, store: ArchiveStore) -> None:
        source = io.BytesIO(b"archive")
        source.seek(4)
        store.put(KEY, source)
        assert content_of(store, KEY) == b"archive"

    def test_a_missing_object_is_not_found(self, store: ArchiveStore) -> None:
        store.put(KEY, io.BytesIO(b"x"))
        for key in ("modules/other/source.zip", "modules", "modules/0a1b2c", f"{KEY}/more", "source.zip"):
            with pytest.raises(ArchiveNotFound):
                store.open(key)

    def test_a_key_in_use_keeps_its_object(self, store: ArchiveStore) -> None:
        store.put(KEY, io.BytesIO(b"first"))
        with pytest.raises(StoreUnavailable):
            store.put(KEY, io.BytesIO(b"second"))
        assert content_of(store, KEY) == b"first"

    def test_of_concurrent_puts_under_one_key_exactly_one_wins(self, store: ArchiveStore) -> None:
        start = threading.Barrier(8)

        def put(number: int) -> int | None:
            start.wait(10)
            try:
                store.put(KEY, io.BytesIO(bytes([number]) * MIB))
            except StoreUnavailable:
                return None
            return number

        with ThreadPoolExecutor(8) as pool:
            winners = [number for number in pool.map(put, range(8)) if number is not None]
        assert len(winners) == 1
        assert content_of(store, KEY) == bytes(winners) * MIB

    def test_a_source_that_fails_leaves_nothing_under_the_key(self, store: ArchiveStore) -> None:
        with pytest.raises(StoreUnavailable):
            store.put(KEY, FailingSource(b"archive"))
        with pytest.raises(ArchiveNotFound):
            store.open(KEY)
        store.put(KEY, io.BytesIO(b"whole"))
        assert content_of(store, KEY) == b"whole"

    def test_a_deleted_object_is_gone_and_deleting_again_is_harmless(self, store: ArchiveStore) -> None:
        store.put(KEY, io.BytesIO(b"x"))
        store.delete(KEY)
        store.delete(KEY)
        store.delete("modules")
        store.delete("never/there")
        with pytest.raises(ArchiveNotFound):
            store.open(KEY)

    def test_deleting_what_is_no_object_touches_nothing(self, store: ArchiveStore) -> None:
        store.put(KEY, io.BytesIO(b"x"))
        for key in ("modules", "modules/0a1b2c", f"{KEY}/more"):
            store.delete(key)
        assert content_of(store, KEY) == b"x"

    def test_neighbours_survive_a_deletion(self, store: ArchiveStore) -> None:
        store.put("modules/a/source.zip", io.BytesIO(b"zip"))
        store.put("modules/a/source.tar.gz", io.BytesIO(b"tar"))
        store.put("modules/b/source.zip", io.BytesIO(b"other"))
        store.delete("modules/a/source.zip")
        assert content_of(store, "modules/a/source.tar.gz") == b"tar"
        assert content_of(store, "modules/b/source.zip") == b"other"

    def test_an_object_that_is_open_can_be_read_to_its_end_after_its_deletion(self, store: ArchiveStore) -> None:
        store.put(KEY, io.BytesIO(b"archive"))
        with closing(store.open(KEY)) as content:
            store.delete(KEY)
            assert b"".join(content.read_range(0, 7)) == b"archive"

    @pytest.mark.parametrize(
        ("start", "end"), [(0, 0), (0, 1), (5, 5), (MIB - 1, MIB + 1), (3, 3 * MIB), (3 * MIB, 3 * MIB)]
    )
    def test_a_range_is_exactly_the_bytes_asked_for_in_bounded_chunks(
        self, store: ArchiveStore, start: int, end: int
    ) -> None:
        data = os.urandom(3 * MIB)
        store.put(KEY, io.BytesIO(data))
        with closing(store.open(KEY)) as content:
            chunks = list(content.read_range(start, end))
        assert b"".join(chunks) == data[start:end]
        assert all(0 < len(chunk) <= MIB for chunk in chunks)

    @pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 8), (8, 8)])
    def test_a_range_beyond_the_object_is_a_mistake(self, store: ArchiveStore, start: int, end: int) -> None:
        store.put(KEY, io.BytesIO(b"archive"))
        with closing(store.open(KEY)) as content, pytest.raises(ValueError, match="no range"):
            content.read_range(start, end)

    def test_many_threads_read_ranges_of_one_open_object(self, store: ArchiveStore) -> None:
        data = os.urandom(2 * MIB)
        store.put(KEY, io.BytesIO(data))
        with closing(store.open(KEY)) as content:

            def read(number: int) -> bool:
                start = number * 7919 % MIB
                return b"".join(content.read_range(start, start + MIB)) == data[start : start + MIB]

            with ThreadPoolExecutor(16) as pool:
                assert all(pool.map(read, range(200)))

    def test_a_range_that_was_begun_outlives_the_closing_and_no_other_begins(self, store: ArchiveStore) -> None:
        data = os.urandom(3 * MIB)
        store.put(KEY, io.BytesIO(data))
        content = store.open(KEY)
        begun, waiting = content.read_range(0, len(data)), content.read_range(0, len(data))
        first = next(begun)
        content.close()
        content.close()
        assert first + b"".join(begun) == data
        with pytest.raises(ValueError, match="closed"):
            next(waiting)

    @pytest.mark.parametrize(
        "key", ["", "/", "/etc/x", "a//b", "a/", ".", "..", "a/../b", "a/./b", "../x", ".incoming/x", "a\0b", "a\\b"]
    )
    def test_a_key_that_is_no_clean_relative_path_is_a_mistake(self, store: ArchiveStore, key: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.put(key, io.BytesIO(b"x")),
            lambda: store.open(key),
            lambda: store.delete(key),
        ]
        for call in calls:
            with pytest.raises(ValueError, match="not a key"):
                call()


PART = st.text(st.characters(codec="ascii", exclude_characters="/\\\0"), min_size=1, max_size=20)


class TestKeysOfTheLocalStore:
    @given(parts=st.lists(PART, min_size=1, max_size=5))
    def test_whatever_the_key_nothing_is_written_outside_the_directory(
        self, tmp_path_factory: pytest.TempPathFactory, parts: list[str]
    ) -> None:
        outer = tmp_path_factory.mktemp("outer")
        store = LocalArchiveStore(outer / "data")
        key = "/".join(parts)
        try:
            store.put(key, io.BytesIO(b"x"))
        except ValueError:
            assert any(part.startswith(".") for part in parts)
            written = set()
        else:
            written = {Path(key)}
        files = {path.relative_to(outer / "data") for path in outer.rglob("*") if path.is_file()}
        assert files == written


PUT_THAT_WAITS = """
import io, sys
from pathlib import Path
from terrareg_adapters.object_store.local import LocalArchiveStore

class Waiting(io.RawIOBase):
    chunks = 0
    def seek(self, *args):
        return 0
    def read(self, size=-1):
        self.chunks += 1
        if self.chunks <= 3:
            return bytes(1 << 20)
        print("halfway", flush=True)
        sys.stdin.read()
        return b""

LocalArchiveStore(Path(sys.argv[1])).put(sys.argv[2], Waiting())
"""


class TestLocalArchiveStore:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "data"

    def test_a_process_killed_in_the_middle_of_a_put_leaves_nothing_under_the_key(self, root: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", PUT_THAT_WAITS, str(root), KEY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"halfway\n"
            process.send_signal(signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
        (left,) = (root / ".incoming").iterdir()
        assert left.stat().st_size == 3 * MIB

        store = LocalArchiveStore(root)
        assert left.exists(), "a young file may belong to a process at work"
        with pytest.raises(ArchiveNotFound):
            store.open(KEY)
        store.put(KEY, io.BytesIO(b"again"))
        assert content_of(store, KEY) == b"again"

        two_hours_ago = time.time() - 7200
        os.utime(left, (two_hours_ago, two_hours_ago))
        LocalArchiveStore(root)
        assert list((root / ".incoming").iterdir()) == []

    def test_nothing_stays_in_the_incoming_directory_after_a_put_or_a_failure(self, root: Path) -> None:
        store = LocalArchiveStore(root)
        store.put(KEY, io.BytesIO(b"x"))
        for source in (io.BytesIO(b"y"), FailingSource(b"z")):
            with pytest.raises(StoreUnavailable):
                store.put(KEY, source)
        assert list((root / ".incoming").iterdir()) == []

    def test_an_interrupted_put_removes_what_it_wrote(self, root: Path) -> None:
        class Interrupted(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            LocalArchiveStore(root).put(KEY, Interrupted())
        assert list((root / ".incoming").iterdir()) == []

    def test_a_full_disk_is_an_unavailable_store_and_its_message_names_no_path(self, root: Path) -> None:
        store = LocalArchiveStore(root)
        with FullDisk(), pytest.raises(StoreUnavailable) as caught:
            store.put(KEY, io.BytesIO(bytes(2 * MIB)))
        assert str(root) not in caught.value.message
        assert list((root / ".incoming").iterdir()) == []
        with pytest.raises(ArchiveNotFound):
            store.open(KEY)

    def test_a_directory_that_cannot_be_made_is_an_unavailable_store(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StoreUnavailable):
            LocalArchiveStore(tmp_path / "file" / "data")

    def test_an_object_in_the_way_of_a_directory_is_an_unavailable_store(self, root: Path) -> None:
        store = LocalArchiveStore(root)
        store.put("a/b", io.BytesIO(b"x"))
        with pytest.raises(StoreUnavailable):
            store.put("a/b/c", io.BytesIO(b"y"))
        assert content_of(store, "a/b") == b"x"

    def test_a_deletion_takes_the_emptied_directories_along_but_never_the_root(self, root: Path) -> None:
        store = LocalArchiveStore(root)
        store.put("modules/a/source.zip", io.BytesIO(b"x"))
        store.put("modules/b/source.zip", io.BytesIO(b"y"))
        store.delete("modules/a/source.zip")
        assert [path.name for path in (root / "modules").iterdir()] == ["b"]
        store.delete("modules/b/source.zip")
        assert [path.name for path in root.iterdir()] == [".incoming"]

    def test_puts_and_deletions_that_share_directories_do_not_disturb_each_other(self, root: Path) -> None:
        store = LocalArchiveStore(root)

        def cycle(worker: int) -> None:
            for turn in range(40):
                key = f"shared/deep/{worker}-{turn}"
                store.put(key, io.BytesIO(b"x"))
                store.delete(key)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(cycle, range(6)))
        assert [path.name for path in root.iterdir()] == [".incoming"]

    def test_an_object_is_not_open_to_other_users_of_the_host(self, root: Path) -> None:
        store = LocalArchiveStore(root)
        store.put(KEY, io.BytesIO(b"x"))
        for path in (root, *root.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0

    def test_a_file_cut_short_below_an_open_object_is_noticed(self, root: Path) -> None:
        store = LocalArchiveStore(root)
        store.put(KEY, io.BytesIO(b"archive"))
        with closing(store.open(KEY)) as content:
            os.truncate(root / KEY, 3)
            with pytest.raises(StoreUnavailable):
                list(content.read_range(0, 7))

    def test_two_stores_on_one_directory_see_each_others_objects(self, root: Path) -> None:
        first, second = LocalArchiveStore(root), LocalArchiveStore(root)
        first.put(KEY, io.BytesIO(b"x"))
        assert content_of(second, KEY) == b"x"


class FullDisk:
    """A limit on the size of files, which fails a write beyond 1 MiB with an OSError as a full disk does."""

    def __enter__(self) -> None:
        import resource

        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self._handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, self._limits[1]))

    def __exit__(self, *exception: object) -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)
        signal.signal(signal.SIGXFSZ, self._handler)
