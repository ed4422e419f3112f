"""What reading a module costs when it is published, and what clients notice of it meanwhile.

`python -m benchmarks.indexing [--rounds 3] [--seconds 4] [--connections 8]` generates modules of 10, 100
and 1,000 variables, with outputs and resources to match, and prints of each:

- *documents*: milliseconds of processor time from sources to documents (parsing, merging, call trees, graphs; without
  the HTML) when this process does it alone;
- *pooled*: milliseconds that pass for the same with the worker processes that a registry uses;
- *parser*: the share of *documents* that is spent inside python-hcl2;
- *worker*: the highest resident memory of a worker process, and how much of it the module took;
- *unpack*, *render*, *pack*, *database*: milliseconds of the other steps of publishing; packing includes storing.

Then how the time grows from 100 to 1,000 variables (at most 12 times is wanted), what a second version costs in which
one of many files has changed (at most 25 % of the first), and the 99th percentile of the versions endpoint, idle and
while modules of 100 variables are published without a pause (at most 3 times). Every time is the best of the rounds;
every percentile is their median.
"""

import argparse
import io
import itertools
import statistics
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import attrs
import hcl2
import httpx

from benchmarks.load import Measurement
from benchmarks.servers import free_port, load, running_server
from terrareg_adapters.assembly import worker_jobs
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import upgrade
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.markdown.documents import MistuneDocuments
from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_adapters.object_store.local import LocalArchiveStore
from terrareg_adapters.system import SystemClock, SystemRandom
from terrareg_adapters.terraform.hcl import TerraformReader
from terrareg_adapters.terraform.packing import DeterministicPacker
from terrareg_adapters.terraform.unpacking import SafeUnpacker
from terrareg_adapters.workers.pool import WorkerPool
from terrareg_adapters.workers.reading import PooledReader
from terrareg_adapters.workers.rendering import PooledDocuments
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.documents import DocumentRenderer, PartTexts, RenderedTexts
from terrareg_core.modules.indexing import IndexingPolicy, ModuleIndexer
from terrareg_core.modules.model import IndexedContent, NewModuleVersion, StoredArchives
from terrareg_core.modules.ports import ArchiveBounds, SpecificationReader, UploadedArchive
from terrareg_core.modules.slots import SlottedText
from terrareg_core.versions import Version

SIZES = (10, 100, 1_000)
FILES_OF_SECOND = 20
ADDRESS = ModuleProviderId.parse("acme/vpc/aws")
OTHER = ModuleProviderId.parse("acme/published/aws")
VERSIONS_PATH = f"/v1/modules/{ADDRESS}/versions"
_TOKEN = "admin-token-of-the-benchmark"
_MIB = 1 << 20


def variable(number: int) -> str:
    """A variable as published modules have them."""
    return f"""
# What number {number} is for
variable "input_{number}" {{
  description = "Settings of number {number}: how many there are, what **they** are called, and `when` they run"
  type = map(object({{
    name    = string
    size    = optional(number, {number})
    enabled = optional(bool, true)
    tags    = optional(map(string), {{}})
    rules = optional(list(object({{
      from = number
      to   = number
      cidr = list(string)
    }})), [])
  }}))
  default = {{
    first = {{
      name  = "first-{number}"
      tags  = {{ Team = "network", Stage = "production" }}
      rules = [{{ from = 80, to = 8080, cidr = ["10.0.0.0/16", "10.1.0.0/16"] }}]
    }}
  }}

  validation {{
    condition     = alltrue([for key, item in var.input_{number} : length(item.name) > 0 && item.size >= 0])
    error_message = "Each needs a name, and a size that is not negative."
  }}
}}
"""


def resource(number: int) -> str:
    """A resource, and a data source and a module call for some of them."""
    text = f"""
resource "aws_security_group" "group_{number}" {{
  for_each = {{ for key, item in var.input_{number} : key => item if item.enabled }}

  name        = "${{local.prefix}}-${{each.key}}-{number}"
  description = try(each.value.description, "managed")
  vpc_id      = coalesce(var.vpc_id, one(aws_vpc.this[*].id))

  dynamic "ingress" {{
    for_each = each.value.rules
    content {{
      from_port   = ingress.value.from
      to_port     = ingress.value.to
      cidr_blocks = ingress.value.cidr
    }}
  }}

  tags = merge(local.tags, each.value.tags, {{ Name = each.key }})
}}
"""
    if number % 10 == 0:
        text += f'\nmodule "part_{number}" {{\n  source = "./modules/part"\n\n  name = "part-{number}"\n}}\n'
    return text


def output(number: int) -> str:
    """An output."""
    return f"""
output "group_{number}" {{
  description = "The ids of the groups of number {number}, by key"
  value       = {{ for key, group in aws_security_group.group_{number} : key => group.id }}
}}
"""


def module(variables: int, files: int = 1, version: int = 0) -> Mapping[str, bytes]:
    """The files of a module with so many variables, outputs and resources, each in so many files.

    Another `version` differs in the first file of variables.
    """
    texts = {"main.tf": 'locals {\n  prefix = "x"\n  tags   = {}\n}\n\nresource "aws_vpc" "this" {}\n'}
    texts["modules/part/main.tf"] = 'variable "name" {\n  type = string\n}\n'
    texts["README.md"] = "# VPC\n\n" + "A virtual private cloud with *everything* that belongs to `it`.\n\n" * 20
    for number in range(files):
        members = range(number, variables, files)
        suffix = f"_{number}" if files > 1 else ""
        texts[f"variables{suffix}.tf"] = "".join(map(variable, members))
        texts[f"resources{suffix}.tf"] = "".join(map(resource, members))
        texts[f"outputs{suffix}.tf"] = "".join(map(output, members))
    changed = "variables.tf" if files == 1 else "variables_0.tf"
    texts[changed] += f'\nvariable "of_version_{version}" {{}}\n'
    return {path: text.encode() for path, text in texts.items()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip of the files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return content.getvalue()


@attrs.define
class _Stopwatch:
    """Adds up the time of calls, in seconds."""

    _clock: Callable[[], float] = time.perf_counter
    total: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            self.total += self._clock() - started


@attrs.frozen
class _TimedRenderer:
    """A renderer whose time is known."""

    _renderer: DocumentRenderer
    watch: _Stopwatch

    def part(self, texts: PartTexts) -> RenderedTexts:
        with self.watch.running():
            return self._renderer.part(texts)

    def file(self, name: str, content: str) -> str:
        with self.watch.running():
            return self._renderer.file(name, content)

    def source(self, content: str, directory: str) -> SlottedText:
        with self.watch.running():
            return self._renderer.source(content, directory)

    def plain_text(self, markdown: str) -> Sequence[str]:
        with self.watch.running():
            return self._renderer.plain_text(markdown)

    def help_text(self, text: str) -> str:
        with self.watch.running():
            return self._renderer.help_text(text)


@attrs.frozen
class _Indexed:
    """What a run of the indexer gave."""

    content: IndexedContent
    documents: float
    """Seconds from sources to documents."""
    render: float
    """Seconds."""


def _index(
    reader: SpecificationReader,
    renderer: DocumentRenderer,
    files: Mapping[str, bytes],
    clock: Callable[[], float] = time.perf_counter,
) -> _Indexed:
    timed = _TimedRenderer(renderer, _Stopwatch(clock))
    indexer = ModuleIndexer(reader, timed, IndexingPolicy())
    tree = MemoryTree(files)
    total = _Stopwatch(clock)
    with total.running():
        content = indexer.index(tree, ADDRESS)
    return _Indexed(content, total.total - timed.watch.total, timed.watch.total)


@contextmanager
def _parser_timed() -> Iterator[_Stopwatch]:
    watch = _Stopwatch(time.thread_time)
    parse = hcl2.parses_to_tree

    def timed(text: str) -> object:
        with watch.running():
            return parse(text)

    with mock.patch.object(hcl2, "parses_to_tree", timed):
        yield watch


# --- sources to documents ------------------------------------------------------------------------------------------


@attrs.frozen
class _Reading:
    """What reading a module takes; times in seconds, memory in bytes."""

    alone: float
    parser_share: float
    pooled: float
    render: float
    peak: int
    grown: int


def _read(files: Mapping[str, bytes], rounds: int) -> _Reading:
    alone, share = min(_read_alone(files) for _ in range(rounds))
    with _pool() as pool:
        renderer = PooledDocuments(pool)
        _index(PooledReader(pool), renderer, module(2))
        before = max(_peaks())
        # A reader of its own for each round, so that none finds what the last has kept.
        runs = [_index(PooledReader(pool), renderer, files) for _ in range(rounds)]
        peak = max(_peaks())
    return _Reading(
        alone, share, min(run.documents for run in runs), min(run.render for run in runs), peak, peak - before
    )


def _read_alone(files: Mapping[str, bytes]) -> tuple[float, float]:
    with _parser_timed() as parser:
        documents = _index(TerraformReader(), MistuneDocuments(), files, time.thread_time).documents
    return documents, parser.total / documents


def _pool() -> WorkerPool:
    return WorkerPool(worker_jobs())


def _peaks() -> Sequence[int]:
    """The highest resident memory, in bytes, that each worker process of this one has had."""
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            [line] = [text for text in Path(f"/proc/{child}/status").read_text().splitlines() if "VmHWM" in text]
            found.append(int(line.split()[1]) << 10)
    return found


def _second_version(rounds: int) -> tuple[float, float]:
    """Seconds for the first and for the second version of a module with many files, of which one has changed."""
    files, changed = (module(SIZES[-1], FILES_OF_SECOND, version) for version in range(2))
    with _pool() as pool:
        renderer = PooledDocuments(pool)
        _index(PooledReader(pool), renderer, module(2))
        runs = []
        for _ in range(rounds):
            reader = PooledReader(pool)
            runs.append(tuple(_index(reader, renderer, version).documents for version in (files, changed)))
    return min(first for first, _ in runs), min(second for _, second in runs)


# --- the other steps of publishing ---------------------------------------------------------------------------------


def _unpack(archive: bytes, directory: Path) -> float:
    watch = _Stopwatch()
    with (
        watch.running(),
        SafeUnpacker(directory, ArchiveBounds()).unpack(UploadedArchive("module.zip", io.BytesIO(archive))),
    ):
        pass
    return watch.total


def _pack(files: Mapping[str, bytes], directory: Path) -> tuple[float, StoredArchives]:
    watch, key = _Stopwatch(), SystemRandom().identifier()
    store, packer = LocalArchiveStore(directory / "archives"), DeterministicPacker(directory / "workspace")
    with watch.running(), packer.pack(MemoryTree(files)) as pair:
        archives = StoredArchives(store.put(f"{key}.zip", pair.zip), store.put(f"{key}.tar.gz", pair.tar_gz))
    return watch.total, archives


@attrs.frozen
class _Database:
    """An embedded database with one module provider, to which versions are added."""

    _unit_of_work: DatabaseUnitOfWork
    _module_provider_id: int
    _numbers: Iterator[int] = attrs.field(factory=itertools.count)

    def add(self, content: IndexedContent, archives: StoredArchives) -> float:
        now = SystemClock().now()
        version = Version.parse(f"1.{next(self._numbers)}.0")
        new = NewModuleVersion(
            self._module_provider_id,
            version,
            published=True,
            indexed_at=now,
            published_at=now,
            content=content,
            archives=archives,
            uploader="benchmark",
        )
        watch = _Stopwatch()
        with watch.running(), self._unit_of_work.write() as tx:
            added = tx.module_versions.add(new)
            tx.module_providers.set_latest(self._module_provider_id, added.id)
        return watch.total


@contextmanager
def _database(directory: Path) -> Iterator[_Database]:
    engine = open_engine(f"sqlite:///{directory / 'terrareg.db'}")
    try:
        upgrade(engine)
        unit_of_work = DatabaseUnitOfWork(engine)
        with unit_of_work.write() as tx:
            namespace = tx.namespaces.add(ADDRESS.namespace)
            added = tx.module_providers.add(namespace.id, ADDRESS.module, ADDRESS.provider, verified=False)
        yield _Database(unit_of_work, added.id)
    finally:
        engine.dispose()


# --- what clients notice -------------------------------------------------------------------------------------------


class _Publisher(threading.Thread):
    """Publishes one version after the other, of modules that share no file, until it is told to stop."""

    def __init__(self, port: int, numbers: Iterator[int]) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._numbers = numbers
        self._stopping = threading.Event()
        self.published = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            _publish(self._port, OTHER, next(self._numbers), 100)
            self.published += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def _publish(port: int, address: ModuleProviderId, number: int, variables: int) -> None:
    own = f"\n# version {number}\n".encode()
    files = {path: text + own if path.endswith(".tf") else text for path, text in module(variables).items()}
    httpx.post(
        f"http://127.0.0.1:{port}/v1/terrareg/modules/{address}/1.{number}.0/upload",
        headers={"X-Terrareg-ApiKey": _TOKEN},
        files={"file": ("module.zip", packed(files))},
        timeout=60,
    ).raise_for_status()


def _responsiveness(
    directory: Path, rounds: int, seconds: float, connections: int
) -> tuple[Sequence[Measurement], Sequence[Measurement], float]:
    """The versions endpoint idle, and while modules are published; and how many were published per second."""
    port = free_port()
    environment = {"DATA_DIRECTORY": str(directory), "ADMIN_AUTHENTICATION_TOKEN": _TOKEN}
    command = [sys.executable, "-m", "terrareg_http", "serve", "--port", str(port)]
    numbers = itertools.count()
    with running_server(command, environment, port, "/.well-known/terraform.json"):
        for address in (ADDRESS, OTHER):
            _publish(port, address, next(numbers), 10)
        idle, busy, published = [], [], 0
        for _ in range(rounds):
            idle.append(load(port, VERSIONS_PATH, seconds, connections))
            publisher = _Publisher(port, numbers)
            publisher.start()
            busy.append(load(port, VERSIONS_PATH, seconds, connections))
            publisher.stop()
            published += publisher.published
    failures = sum(measurement.failures for measurement in [*idle, *busy])
    if failures:
        raise SystemExit(f"{failures} requests of {VERSIONS_PATH} were not answered with success")
    return idle, busy, published / (rounds * seconds)


# --- the report ----------------------------------------------------------------------------------------------------


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each measurement of the endpoint")
    parser.add_argument("--connections", type=int, default=8, help="that ask the endpoint at the same time")
    arguments = parser.parse_args()

    print(f"best of {arguments.rounds} rounds; times in milliseconds")
    print(
        f"{'variables':>9} {'KiB':>6} {'documents':>10} {'pooled':>8} {'parser':>7} {'worker MiB':>11} {'of it':>6}"
        f" {'unpack':>8} {'render':>8} {'pack':>8} {'database':>9}"
    )
    with tempfile.TemporaryDirectory() as directory:
        times = [_report(variables, Path(directory), arguments.rounds) for variables in SIZES]
        linearity = [after / before for before, after in zip(times[-2], times[-1], strict=True)]
        print(f"1,000 variables take {linearity[0]:.1f} x the time of 100, pooled {linearity[1]:.1f} x (wanted: 12)")
        first, second = _second_version(arguments.rounds)
        print(
            f"a second version with 1 of {3 * FILES_OF_SECOND} files changed takes {1000 * second:.0f} ms,"
            f" {second / first:.0%} of the {1000 * first:.0f} ms of the first (wanted: 25 %)"
        )
        served = Path(directory) / "served"
        served.mkdir()
        idle, busy, published = _responsiveness(served, arguments.rounds, arguments.seconds, arguments.connections)
    before, after = (statistics.median(measurement.p99_ms for measurement in found) for found in (idle, busy))
    print(
        f"versions endpoint, {arguments.connections} connections: p99 {before:.2f} ms idle, {after:.2f} ms while"
        f" {published:.1f} modules a second are published: {after / before:.1f} x (wanted: 3)"
    )


def _report(variables: int, directory: Path, rounds: int) -> tuple[float, float]:
    """Print one line, and return the seconds from sources to documents, in this process and pooled."""
    files = module(variables)
    archive = packed(files)
    reading = _read(files, rounds)
    own = directory / str(variables)
    own.mkdir()
    unpack = min(_unpack(archive, own / "workspace") for _ in range(rounds))
    packs = [_pack(files, own) for _ in range(rounds)]
    content = _index(TerraformReader(), MistuneDocuments(), files).content
    with _database(own) as database:
        store = min(database.add(content, archives) for _, archives in packs)
    numbers = (reading.alone, reading.pooled, unpack, reading.render, min(seconds for seconds, _ in packs), store)
    alone, pooled, unpack, render, pack, store = (1000 * seconds for seconds in numbers)
    print(
        f"{variables:>9,} {sum(map(len, files.values())) / 1024:>6.0f} {alone:>10.1f} {pooled:>8.1f}"
        f" {reading.parser_share:>7.1%} {reading.peak / _MIB:>11.0f} {reading.grown / _MIB:>6.0f}"
        f" {unpack:>8.1f} {render:>8.1f} {pack:>8.1f} {store:>9.1f}",
        flush=True,
    )
    return reading.alone, reading.pooled


if __name__ == "__main__":
    main()
