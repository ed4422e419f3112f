"""The process that fetches one tag, or a list of all: reads a job from its input, does it in its working directory, and
prints the outcome.

It is started as `python -m terrareg_adapters.git.child` by `DulwichFetcher`, which ends it when it takes too long; when
the registry itself is gone, its input closes and it ends by itself.
"""

import os
import resource
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Never

from terrareg_adapters.git.fetching import fetch
from terrareg_adapters.git.job import TREE, FetchJob, Job, ListJob, failure_line, read_job
from terrareg_adapters.git.listing import list_tags
from terrareg_adapters.git.resolver import SystemResolver
from terrareg_core.errors import RegistryError, SourceUnavailable
from terrareg_core.modules.fetching import RepositoryUrl

_OBJECTS = "objects"
_MEMORY_BYTES = 512 << 20
_COPIES = 6
"""How often the largest file is in memory while a delta is applied to it, generously."""
_PACKS = ("objects/pack/*.pack", ".git/objects/pack/*.pack")


def main() -> None:
    """Do the one job that standard input brings."""
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_the_registry, daemon=True).start()
    sys.stdout.buffer.write(_outcome(read_job(line), Path.cwd()))
    sys.stdout.buffer.flush()
    # What a hostile server left running in this process is no reason to wait.
    os._exit(0)


def _outcome(job: FetchJob | ListJob, folder: Path) -> bytes:
    try:
        _limit_memory(job)
        if isinstance(job, ListJob):
            return list_tags(job, SystemResolver()).to_line()
        result = fetch(job, SystemResolver(), objects=folder / _OBJECTS, tree=folder / TREE)
        shutil.rmtree(folder / _OBJECTS, ignore_errors=True)
        return result.to_line()
    except RegistryError as error:
        return failure_line(error)
    except OSError as error:
        reason = "its disk failed" if error.errno is None else os.strerror(error.errno)
        return failure_line(SourceUnavailable(f"The server could not store the repository: {reason}"))
    except Exception as error:  # noqa: BLE001 - a hostile server's bytes may raise anything in the library
        if isinstance(error, MemoryError) or isinstance(error.__context__, MemoryError):
            return failure_line(SourceUnavailable("The repository needs more memory to unpack than it may have"))
        return failure_line(
            SourceUnavailable(f"The git host sent something that can't be understood ({type(error).__name__})")
        )


def _limit_memory(job: Job) -> None:
    """Let objects that are larger than they say fail here, before the machine runs out of memory."""
    # Packs are mapped whole, received ones and those of a repository on this host.
    packs = job.policy.max_bytes
    if job.location.trusted and (url := RepositoryUrl.parse(job.location)).scheme == "file":
        found = (path for place in _PACKS for path in Path(url.path).glob(place))
        packs = sum(path.stat().st_size for path in found)
    limit = _MEMORY_BYTES + _COPIES * job.bounds.member_bytes + packs
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_the_registry() -> Never:
    while os.read(sys.stdin.fileno(), 1):
        pass
    # Together with the ssh it may have started.
    os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
