"""Fetches git tags and lists of them, each in a process of its own that is ended when it takes too long."""

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from terrareg_adapters.git.job import TREE, FetchJob, FetchResult, Job, ListJob, ResultT, TagList, read_outcome
from terrareg_core.errors import SourceUnavailable, StoreUnavailable
from terrareg_core.modules.fetching import FetchedSource, GitPolicy, RepositoryLocation, RepositoryUrl
from terrareg_core.modules.model import GitOrigin
from terrareg_core.modules.ports import ArchiveBounds
from terrareg_core.modules.source_tree import SourceTree

# Folders of this name that a killed process leaves in the workspace are cleared away with those of the unpacker.
_PREFIX = "unpacked-git-"
_ANSWER_BYTES = 32 << 20
"""Beyond the longest list of tags, all of whose bytes may be written as six."""
_PASSED_ON = frozenset(
    {
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSH_AUTH_SOCK",
        *(name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())),
    }
)


@attrs.frozen(kw_only=True)
class DulwichFetcher:
    """Fetches into folders below `workspace`, which is made when it is missing (implements `ModuleSourceFetcher` and
    `TagLister`).
    """

    workspace: Path
    policy: GitPolicy
    open_tree: Callable[[Path], SourceTree]
    """The tree of the files and folders below a directory."""
    environment: Mapping[str, str] = attrs.field(repr=False)
    """The registry's own; of it, the fetching process sees its paths, proxies, certificates and ssh agent only."""
    bounds: ArchiveBounds = attrs.field(factory=ArchiveBounds)
    ssh_command: tuple[str, ...] = ("ssh",)
    """The program for ssh and its first arguments."""

    @contextmanager
    def fetch(self, location: RepositoryLocation, tag: str, *, commit: str | None = None) -> Iterator[FetchedSource]:
        """See `ModuleSourceFetcher.fetch`. Raises StoreUnavailable when the workspace can't be written."""
        self._require_permitted(location)
        job = FetchJob(
            location=location,
            tag=tag,
            commit=commit,
            policy=self.policy,
            bounds=self.bounds,
            ssh_command=self.ssh_command,
        )
        with self._folder() as folder:
            result = self._run(job, folder, FetchResult)
            tree = self.open_tree(folder / TREE)
            yield FetchedSource(tree, GitOrigin(result.commit, tag), result.warnings, result.bytes_received)

    def tags(self, location: RepositoryLocation) -> Mapping[str, str]:
        """See `TagLister.tags`. Raises StoreUnavailable when the workspace can't be written."""
        self._require_permitted(location)
        job = ListJob(location=location, policy=self.policy, bounds=self.bounds, ssh_command=self.ssh_command)
        with self._folder() as folder:
            return self._run(job, folder, TagList).tags

    def _require_permitted(self, location: RepositoryLocation) -> None:
        url = RepositoryUrl.parse(location)
        if url.scheme != "file":
            self.policy.rule_for(location, url).require_name(url.host)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        try:
            self.workspace.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=self.workspace, ignore_cleanup_errors=True)
        except OSError as error:
            raise StoreUnavailable("The server has no room to fetch repositories; try again later") from error
        with folder as path:
            yield Path(path).resolve()

    def _run(self, job: Job, folder: Path, result: type[ResultT]) -> ResultT:
        deadline = time.monotonic() + self.policy.timeout_seconds
        try:
            process = subprocess.Popen(
                # Safe path: what the working directory holds is never imported.
                [sys.executable, "-P", "-m", "terrareg_adapters.git.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=folder,
                env=self._child_environment(folder),
                start_new_session=True,
            )
        except OSError as error:
            raise StoreUnavailable("The server can't start a process to fetch repositories; try again later") from error
        try:
            return read_outcome(self._answer(process, job, deadline), result)
        finally:
            _end(process)

    def _answer(self, process: "subprocess.Popen[bytes]", job: Job, deadline: float) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        # The input stays open: its end tells the process that the registry is gone.
        with suppress(BrokenPipeError):
            process.stdin.write(job.to_line())
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n") and len(answer) <= _ANSWER_BYTES:
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise SourceUnavailable(
                        f"Fetching from the git repository took longer than {self.policy.timeout_seconds:g} seconds"
                    )
                piece = os.read(process.stdout.fileno(), 1 << 16)
                if not piece:
                    break
                answer += piece
        return bytes(answer)

    def _child_environment(self, folder: Path) -> Mapping[str, str]:
        passed = {name: value for name, value in self.environment.items() if name in _PASSED_ON}
        return {
            **passed,
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path))),
            "TMPDIR": str(folder),
        }


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
