"""Reading in worker processes equals reading in this one, happens once for each content, and is bounded."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.terraform.hcl.reader import TerraformReader
from terrareg_adapters.workers.messages import Job
from terrareg_adapters.workers.pool import WorkerPool
from terrareg_adapters.workers.reading import READ_SOURCE, PooledReader
from terrareg_core.errors import InvalidSource, RegistryError, StoreUnavailable
from terrareg_core.modules.syntax import SourceBounds
from tests.integration.servers import NETWORK_MODULE
from tests.integration.workers.conftest import REAL_JOBS
from tests.integration.workers.jobs import gorge, hang, hang_on_slow, job, vanish
from tests.integration.workers.processes import Beside

VARIABLE = b'variable "a" {\n  type = list(object({ b = string }))\n  default = [{ b = "c" }]\n}\n'
WARNED = b'variable "a" {\n  default = [1][* ]\n}\n'


def _sources() -> list[tuple[str, bytes]]:
    paths = [path for path in sorted(NETWORK_MODULE.rglob("*")) if path.suffix in (".tf", ".hcl")]
    return [(path.relative_to(NETWORK_MODULE).as_posix(), path.read_bytes()) for path in paths]


@pytest.fixture
def reader(real_pool: WorkerPool) -> PooledReader:
    return PooledReader(real_pool)


def test_a_whole_module_reads_as_it_does_in_this_process(reader: PooledReader) -> None:
    sources = [
        *_sources(),
        ("warned.tf", WARNED),
        ("more.tf.json", b'{"variable": {"a": {"default": [1, {"b": null}]}}}'),
    ]
    assert len(sources) > 5
    expected = TerraformReader().read_all(sources)
    assert reader.read_all(sources) == expected
    assert reader.read_all(sources) == expected
    assert [reader.read(path, content) for path, content in sources] == expected


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40) | st.text('ab{}[]()="$<E\n#/ .,1é', max_size=60).map(str.encode))
def test_any_content_has_the_outcome_that_it_has_in_this_process(real_pool: WorkerPool, content: bytes) -> None:
    def outcome(reader: PooledReader | TerraformReader) -> object:
        try:
            return reader.read("a/b.tf", content)
        except InvalidSource as error:
            return error.message, error.path, error.line, error.reason

    assert outcome(PooledReader(real_pool)) == outcome(TerraformReader())


def test_the_bounds_are_those_of_the_reader(real_pool: WorkerPool) -> None:
    with pytest.raises(InvalidSource, match=r"main\.tf: the file has more than 10 bytes"):
        PooledReader(real_pool, SourceBounds(file_bytes=10)).read("main.tf", VARIABLE)


def test_the_first_file_in_order_that_can_not_be_read_is_named(reader: PooledReader) -> None:
    good = [(f"good{number}.tf", b"a {\n  b = %d\n}\n" % number) for number in range(20)]
    with pytest.raises(InvalidSource) as raised:
        reader.read_all([*good, ("x/bad.tf", b"a {\n"), ("worse.tf", b"]"), *good])
    assert raised.value.path == "x/bad.tf"


def test_deeply_nested_content_comes_back(reader: PooledReader) -> None:
    levels = SourceBounds().default_depth - 1
    blocks = b"a {\n" * levels + b"}\n" * levels
    constant = b"a {\n  b = " + b"[" * levels + b"]" * levels + b"\n}\n"
    sources = [("blocks.tf", blocks), ("constant.tf", constant)]
    # Compared by their texts: comparing values of this depth recurses too deep.
    assert [repr(file)[:2_000] for file in reader.read_all(sources)] == [
        repr(file)[:2_000] for file in TerraformReader().read_all(sources)
    ]


# --- the cache -------------------------------------------------------------------------------------------------------


def test_content_that_was_read_is_known_without_the_pool() -> None:
    with WorkerPool(REAL_JOBS, workers=1) as pool:
        reader = PooledReader(pool)
        first = reader.read("main.tf", VARIABLE)
    assert reader.read("modules/other/variables.tf", VARIABLE) == first
    for path, content in (("main.tf", VARIABLE + b"\n"), ("main.tf.json", VARIABLE), ("main.tofu", VARIABLE)):
        with pytest.raises(StoreUnavailable):
            reader.read(path, content)


def test_a_known_file_is_named_as_it_is_called_now() -> None:
    with WorkerPool(REAL_JOBS, workers=1) as pool:
        reader = PooledReader(pool)
        files = reader.read_all([("a.tf", WARNED), ("b.tf", WARNED)])
    files = [*files, reader.read("c.tf", WARNED)]
    expected = [TerraformReader().read(path, WARNED) for path in ("a.tf", "b.tf", "c.tf")]
    assert all(file.warnings for file in expected)
    assert files == expected


def test_a_refusal_names_the_file_every_time(reader: PooledReader) -> None:
    for path in ("a.tf", "b.tf"):
        with pytest.raises(InvalidSource) as raised:
            reader.read(path, b"a {")
        assert raised.value.path == path


@pytest.mark.parametrize(("files", "size"), [(2, 1 << 20), (10, 1_000)])
def test_what_was_not_asked_for_longest_is_forgotten_first(files: int, size: int) -> None:
    contents = [b'a {\n  b = "%s"\n}\n' % (b"%d" % number * 200) for number in range(3)]
    with WorkerPool(REAL_JOBS, workers=1) as pool:
        reader = PooledReader(pool, cached_files=files, cached_bytes=size)
        for number in (0, 1, 0, 2):
            reader.read("main.tf", contents[number])
    assert reader.read("main.tf", contents[0]).blocks
    assert reader.read("main.tf", contents[2]).blocks
    with pytest.raises(StoreUnavailable):
        reader.read("main.tf", contents[1])


# --- bounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (job(hang), "reading the file takes more than 0.5 seconds"),
        (job(gorge), "reading the file takes more than 64 MiB of memory"),
        (job(vanish), "the process that read the file has ended without an answer"),
    ],
)
def test_a_file_beyond_the_bounds_is_refused_by_its_name(deed: Job, reason: str) -> None:
    with WorkerPool({READ_SOURCE: deed}, workers=1, timeout=0.5, memory=64 << 20) as pool:
        with pytest.raises(InvalidSource) as raised:
            PooledReader(pool).read("modules/x/main.tf", b"a {}\n")
        assert raised.value.message == f"modules/x/main.tf: {reason}"
        assert raised.value.line is None


def test_of_many_files_the_one_beyond_the_bounds_is_named() -> None:
    with WorkerPool({READ_SOURCE: job(hang_on_slow)}, timeout=0.5) as pool:
        sources = [("a.tf", b"1"), ("b.tf", b"2"), ("slow.tf", b"3"), ("c.tf", b"4")]
        with pytest.raises(InvalidSource) as raised:
            PooledReader(pool).read_all(sources)
        assert raised.value.path == "slow.tf"


HOSTILE = {
    "a heredoc that never closes": b"a {\n  b = <<EOT\n" + b"\n" * 100_000,
    "a line of ten megabytes": b'a {\n  b = "' + b"x" * (10 << 20) + b'"\n}\n',
    "fifty thousand variables": b"".join(b'variable "v%d" {}\n' % number for number in range(50_000)),
    "a million numbers": b"a {\n  b = [" + b"1," * 1_000_000 + b"]\n}\n",
    "a hundred thousand brackets": b"a {\n  b = " + b"[" * 100_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_content_holds_up_neither_other_readers_nor_this_process(content: bytes) -> None:
    with WorkerPool(REAL_JOBS, workers=2, timeout=3) as pool:
        pool.map(READ_SOURCE, [(SourceBounds(), "main.tf", b"")] * 20)
        reader = PooledReader(pool, SourceBounds(file_bytes=16 << 20))

        def hostile() -> str:
            try:
                reader.read("hostile.tf", content)
            except InvalidSource as error:
                return error.path
            return "hostile.tf"

        beside = Beside(hostile)
        longest = 0.0
        for number in range(50):
            began = time.monotonic()
            assert reader.read("main.tf", b'variable "v" {\n  default = %d\n}\n' % number).blocks
            longest = max(longest, time.monotonic() - began)
        assert longest < 2
        assert beside.outcome() == "hostile.tf"


def test_a_reader_without_a_pool_to_read_in_says_so() -> None:
    pool = WorkerPool(REAL_JOBS)
    pool.close()
    with pytest.raises(RegistryError, match="shutting down"):
        PooledReader(pool).read("main.tf", b"")
