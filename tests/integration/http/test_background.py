"""What a server does beside answering requests: outdated versions are indexed again, what expired is forgotten."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrareg_adapters.assembly import RegistryOptions, open_registry
from terrareg_adapters.database.mutex import FileMutex
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.model import EXTRACTION_VERSION
from terrareg_core.registry import Registry
from terrareg_http.background import BackgroundPurge, BackgroundReindexing
from tests.integration.outdated import make_outdated, rows

_SECONDS = 30


@pytest.fixture
def outdated(tmp_path: Path) -> Iterator[Registry]:
    """A registry in whose database two versions are outdated."""
    make_outdated(tmp_path, ["1.0.0", "1.1.0"])
    with open_registry(RegistryOptions(data_directory=tmp_path)) as registry:
        yield registry


def made_by(data_directory: Path) -> list[int]:
    """The extraction versions of all versions."""
    return [extraction_version for _, extraction_version, _, _ in rows(data_directory)]


def wait_until_current(data_directory: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while set(made_by(data_directory)) != {EXTRACTION_VERSION}:
        assert time.monotonic() < deadline


def test_outdated_versions_are_brought_up_to_date(outdated: Registry, tmp_path: Path) -> None:
    background = BackgroundReindexing(outdated.reindexing)
    background.start()
    wait_until_current(tmp_path)
    background.stop()


def test_what_another_process_holds_is_waited_for(outdated: Registry, tmp_path: Path) -> None:
    background = BackgroundReindexing(outdated.reindexing, retry_seconds=0.01)
    with FileMutex(tmp_path / "terrareg.db.reindexing.lock").hold() as held:
        assert held
        background.start()
        assert made_by(tmp_path) == [1, 1]
    wait_until_current(tmp_path)
    background.stop()


def test_it_ends_at_once_while_it_waits_for_another_process(outdated: Registry, tmp_path: Path) -> None:
    background = BackgroundReindexing(outdated.reindexing, retry_seconds=3600)
    with FileMutex(tmp_path / "terrareg.db.reindexing.lock").hold():
        background.start()
        started = time.monotonic()
        background.stop(_SECONDS)
        assert time.monotonic() - started < _SECONDS / 2
    assert made_by(tmp_path) == [1, 1]


def test_an_embedding_program_indexes_nothing_again_by_itself(outdated: Registry, tmp_path: Path) -> None:
    outdated.close()
    assert made_by(tmp_path) == [1, 1]


def test_what_expired_is_forgotten_again_and_again_also_after_a_failure() -> None:
    purged = threading.Semaphore(0)

    def purge() -> None:
        purged.release()
        raise StoreUnavailable("The database is busy; try again")

    background = BackgroundPurge(purge, seconds=0.001)
    background.start()
    assert all(purged.acquire(timeout=_SECONDS) for _ in range(3))
    background.stop()
    while purged.acquire(blocking=False):
        """Drain what came before the stop."""
    assert not purged.acquire(timeout=0.05)
