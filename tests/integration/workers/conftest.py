"""A pool with the real jobs, for readers and renderers."""

from collections.abc import Iterator

import pytest

from terrareg_adapters.assembly import worker_jobs
from terrareg_adapters.workers.pool import WorkerPool

REAL_JOBS = worker_jobs()


@pytest.fixture(scope="session")
def real_pool() -> Iterator[WorkerPool]:
    """A pool that does what the registry's does; not to be closed by a test."""
    with WorkerPool(REAL_JOBS, workers=2) as pool:
        yield pool
