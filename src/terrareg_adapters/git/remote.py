"""Clients of git hosts, one for each scheme, and how what goes wrong with them is told."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import urllib3
from dulwich.client import GitClient
from dulwich.errors import GitProtocolError, HangupException

from terrareg_adapters.git.http import HttpClient, HttpTransport
from terrareg_adapters.git.job import Job
from terrareg_adapters.git.meter import Meter
from terrareg_adapters.git.ssh import BareClient, SshClient, ssh_command
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import GitCredentials, NameResolver, RepositoryUrl

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_SHOWN = 300


@contextmanager
def speaking_to(
    job: Job, url: RepositoryUrl, resolver: NameResolver, meter: Meter, *, by_commit: bool = False
) -> Iterator[tuple[GitClient, str]]:
    """A client of the git host of `url`, the parsed URL of `job`, and the path that its methods take.

    What goes wrong with the host within the context, where `by_commit` tells whether a commit is asked for by its name,
    becomes SourceUnavailable. Raises ForbiddenRepository for what the policy refuses, and OSError where this machine's
    disk is full.
    """
    credentials = job.policy.credentials_for(job.location, url)
    try:
        yield _client(job, url, resolver, credentials, meter)
    except GitProtocolError as error:
        raise _reported(url, error, credentials, by_commit=by_commit) from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        raise SourceUnavailable(f"The git host {url.host} can't be reached, or broke off") from None


def _client(
    job: Job, url: RepositoryUrl, resolver: NameResolver, credentials: GitCredentials | None, meter: Meter
) -> tuple[GitClient, str]:
    rule = job.policy.rule_for(job.location, url)
    if url.scheme == "ssh":
        return SshClient(url, ssh_command(url, job.ssh_command, rule, resolver), meter), url.path
    if url.scheme == "git":
        return BareClient(url, meter), url.path
    timeout = urllib3.Timeout(connect=job.policy.timeout_seconds, read=job.policy.timeout_seconds)
    return HttpClient(HttpTransport(url, rule, credentials, resolver, meter, timeout)), ""


def _reported(
    url: RepositoryUrl, error: GitProtocolError, credentials: GitCredentials | None, *, by_commit: bool
) -> SourceUnavailable:
    """The failure of a git host, with what it or ssh said about it, as far as that may be shown."""
    said = _said(error)
    for secret in () if credentials is None else (credentials.password, credentials.username):
        if secret:
            said = said.replace(secret, "…")
    if by_commit and (not said or "not our ref" in said):
        # Over http, hosts say why they don't give a commit where the library doesn't listen.
        return SourceUnavailable(
            f"The git host {url.host} doesn't hand out the commit: it is gone, or of no tag and no branch"
        )
    if not said or said.startswith("Length of pkt"):
        return SourceUnavailable(f"The git host {url.host} broke off, or doesn't speak git's protocol there")
    return SourceUnavailable(f"The git host {url.host} can't be fetched from: {said}")


def _said(error: GitProtocolError) -> str:
    lines: Sequence[bytes | str] = [str(error)]
    if isinstance(error, HangupException):
        lines = error.stderr_lines or []
    texts = [line.decode(errors="replace") if isinstance(line, bytes) else line for line in lines]
    spoken = [text.strip() for text in texts if text.strip()]
    return "".join(char if char.isprintable() else " " for char in " ".join(spoken[-2:]))[:_SHOWN]
