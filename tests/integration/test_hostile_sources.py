"""Modules made to keep a registry busy: while they are read, everybody else is answered, and memory stays bounded."""

import io
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import attrs
import httpx
import pytest

from tests.integration.servers import ADMIN_TOKEN, RunningRegistry, running_registry

_GIB = 1 << 30
_SLOWEST_SECONDS = 1.0
_MIB = 1 << 20
HARMLESS = "acme/vpc/aws"


def _archive(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    # Not compressed: texts like these would be taken for archive bombs.
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return packed.getvalue()


def _upload(registry: RunningRegistry, address: str, files: Mapping[str, str]) -> httpx.Response:
    return httpx.post(
        f"{registry.url}/v1/terrareg/modules/{address}/upload",
        headers={"X-Terrareg-ApiKey": ADMIN_TOKEN},
        files={"file": ("module.zip", _archive(files))},
        timeout=120,
    )


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in found:
            yield from _descendants(int(child))


def _memory(pid: int) -> int:
    """Bytes that a process holds: what it shares with others counts in proportion."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


@attrs.define
class _Watch:
    """Asks a registry over and over, in threads of its own, until it is told to stop."""

    _registry: RunningRegistry
    slowest: dict[str, float] = attrs.field(factory=dict)
    """Seconds, by path."""
    memory: int = 0
    """Bytes that all its processes together held at most."""
    _stopping: threading.Event = attrs.field(factory=threading.Event)
    _threads: list[threading.Thread] = attrs.field(factory=list)
    _errors: list[Exception] = attrs.field(factory=list)

    def __enter__(self) -> "_Watch":
        for path in ("/v1/terrareg/health", f"/v1/modules/{HARMLESS}/versions"):
            self._start(partial(self._ask, path))
        self._start(self._weigh)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        assert not self._errors, self._errors

    def _start(self, look: Callable[[], None]) -> None:
        def repeat() -> None:
            try:
                while not self._stopping.wait(0.02):
                    look()
            except Exception as error:  # noqa: BLE001 - raised where the watch ends
                self._errors.append(error)

        thread = threading.Thread(target=repeat, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _ask(self, path: str) -> None:
        started = time.monotonic()
        httpx.get(f"{self._registry.url}{path}", timeout=30).raise_for_status()
        self.slowest[path] = max(self.slowest.get(path, 0), time.monotonic() - started)

    def _weigh(self) -> None:
        self.memory = max(self.memory, sum(map(_memory, _descendants(self._registry.process.pid))))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("hostile")) as running:
        harmless = {"main.tf": 'variable "a" {}\n'}
        assert _upload(running, f"{HARMLESS}/1.0.0", harmless).status_code == 200
        yield running


HEREDOC = 'variable "a" {\n  default = <<EOT\n' + "\n" * 100_000
LONG_LINE = "a = [" + "1, " * (10 * _MIB // 3) + "]\n"
DEAR_LINE = "a = [" + "1," * (_MIB - 10) + "1]\n"
"""As much as a file may hold, of what takes the most memory for each character."""
VARIABLES = "".join(f'variable "input_{number}" {{}}\n' for number in range(50_000))


def _assert_calm(watch: _Watch) -> None:
    assert len(watch.slowest) == 2
    assert max(watch.slowest.values()) < _SLOWEST_SECONDS, watch.slowest
    assert 0 < watch.memory < _GIB, watch.memory


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(HEREDOC, "network.tf:2: the heredoc <<EOT opened here is never closed", id="endless heredoc"),
        pytest.param(LONG_LINE, "network.tf: the file has more than 2097152 bytes", id="line of 10 MB"),
    ],
)
def test_while_a_hostile_file_is_read_others_are_answered_and_it_is_refused_by_name(
    registry: RunningRegistry, source: str, reason: str
) -> None:
    with _Watch(registry) as watch:
        answer = _upload(registry, "acme/hostile/aws/1.0.0", {"main.tf": "", "network.tf": source})
    assert (answer.status_code, answer.json()["message"]) == (400, reason)
    _assert_calm(watch)


def test_while_the_dearest_files_are_read_others_are_answered(registry: RunningRegistry) -> None:
    with _Watch(registry) as watch, ThreadPoolExecutor(2) as people:
        line = people.submit(_upload, registry, "acme/line/aws/1.0.0", {"main.tf": "", "network.tf": DEAR_LINE})
        variables = people.submit(_upload, registry, "acme/many/aws/1.0.0", {"main.tf": "", "inputs.tf": VARIABLES})
    _assert_calm(watch)
    _assert_ended_by_the_bounds(line.result(), "network.tf")
    # How much a machine reads in the time of one file, is its own affair.
    if variables.result().status_code == 200:
        details = httpx.get(f"{registry.url}/v1/modules/acme/many/aws/1.0.0", timeout=60).json()
        assert len(details["root"]["inputs"]) == 50_000
    else:
        _assert_ended_by_the_bounds(variables.result(), "inputs.tf")


def _assert_ended_by_the_bounds(answer: httpx.Response, name: str) -> None:
    limits = {"20 seconds", "512 MiB of memory"}
    sentences = {f"{name}: reading the file takes more than {limit}" for limit in limits}
    sentences.add(f"{name}:1: the file is too large or too deep to be read")
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"] in sentences
