"""What passes between the registry and the process that fetches: one line of JSON in, one line of JSON out."""

import json
from collections.abc import Mapping
from typing import Any, Self, TypeVar

import attrs

from terrareg_core.errors import ForbiddenRepository, InvalidRepository, RegistryError, SourceUnavailable
from terrareg_core.modules.fetching import GitCredentials, GitPolicy, RepositoryLocation
from terrareg_core.modules.ports import ArchiveBounds

TREE = "tree"
"""The folder below the working directory into which the files are put."""

_FAILURES = {kind.__name__: kind for kind in (ForbiddenRepository, InvalidRepository, SourceUnavailable)}


def _credentials(parts: list[str] | None) -> GitCredentials | None:
    return None if parts is None else GitCredentials(*parts)


def _parts(credentials: GitCredentials | None) -> list[str] | None:
    return None if credentials is None else [credentials.username, credentials.password]


# --- jobs --------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Job:
    """What it takes to speak to a git host; the working directory of the process that does it must be empty."""

    location: RepositoryLocation
    policy: GitPolicy
    bounds: ArchiveBounds
    ssh_command: tuple[str, ...]

    def to_line(self) -> bytes:
        """The job as a line that `read_job` reads; it holds credentials."""
        return json.dumps(self._document()).encode() + b"\n"

    def _document(self) -> dict[str, object]:
        return {
            "url": self.location.url,
            "trusted": self.location.trusted,
            "own_credentials": _parts(self.location.credentials),
            "allowed_hosts": sorted(self.policy.allowed_hosts),
            "credentials": _parts(self.policy.credentials),
            "credential_hosts": sorted(self.policy.credential_hosts),
            "timeout_seconds": self.policy.timeout_seconds,
            "max_bytes": self.policy.max_bytes,
            "bounds": attrs.astuple(self.bounds),
            "ssh_command": self.ssh_command,
        }


@attrs.frozen(kw_only=True)
class FetchJob(Job):
    """One fetch."""

    tag: str
    commit: str | None
    """To be fetched in place of what the tag points to."""

    def _document(self) -> dict[str, object]:
        return {**super()._document(), "tag": self.tag, "commit": self.commit}


@attrs.frozen(kw_only=True)
class ListJob(Job):
    """One list of tags."""


def read_job(line: bytes) -> FetchJob | ListJob:
    """The job that `Job.to_line` wrote."""
    job = json.loads(line)
    shared: dict[str, Any] = {
        "location": RepositoryLocation(job["url"], job["trusted"], _credentials(job["own_credentials"])),
        "policy": GitPolicy(
            allowed_hosts=job["allowed_hosts"],
            credentials=_credentials(job["credentials"]),
            credential_hosts=job["credential_hosts"],
            timeout_seconds=job["timeout_seconds"],
            max_bytes=job["max_bytes"],
        ),
        "bounds": ArchiveBounds(*job["bounds"]),
        "ssh_command": tuple(job["ssh_command"]),
    }
    if "tag" not in job:
        return ListJob(**shared)
    return FetchJob(**shared, tag=job["tag"], commit=job["commit"])


# --- outcomes ----------------------------------------------------------------------------------------------------


@attrs.frozen
class FetchResult:
    """What a fetch brought; the files themselves lie in the folder `TREE` below the working directory."""

    commit: str
    warnings: tuple[str, ...]
    bytes_received: int

    def to_line(self) -> bytes:
        """The result as a line that `read_outcome` reads."""
        return json.dumps(attrs.asdict(self)).encode() + b"\n"

    @classmethod
    def of(cls, outcome: Mapping[str, Any]) -> Self:
        """The result in the document of a line; raises what such a document leads to when it is none."""
        return cls(outcome["commit"], tuple(outcome["warnings"]), outcome["bytes_received"])


@attrs.frozen
class TagList:
    """The tags of a repository."""

    tags: Mapping[str, str]
    """Commits by tag, as `TagLister.tags` gives them."""

    def to_line(self) -> bytes:
        """The result as a line that `read_outcome` reads."""
        return json.dumps(attrs.asdict(self)).encode() + b"\n"

    @classmethod
    def of(cls, outcome: Mapping[str, Any]) -> Self:
        """The result in the document of a line; raises what such a document leads to when it is none."""
        return cls(dict(outcome["tags"]))


ResultT = TypeVar("ResultT", FetchResult, TagList)


def failure_line(error: RegistryError) -> bytes:
    """An error as a line from which `read_outcome` raises it."""
    return json.dumps({"failure": type(error).__name__, "message": error.message}).encode() + b"\n"


def read_outcome(line: bytes, result: type[ResultT]) -> ResultT:
    """The result in a line of output; `result` is what the job leads to.

    Raises the error in it, and SourceUnavailable when it is no whole line of this protocol.
    """
    try:
        outcome = json.loads(line) if line.endswith(b"\n") else {}
        if "failure" in outcome:
            raise _FAILURES[outcome["failure"]](outcome["message"])
        return result.of(outcome)
    except (ValueError, KeyError, TypeError):
        raise SourceUnavailable(
            "The fetch from the git repository ended unexpectedly; it may need more memory than it is given"
        ) from None
