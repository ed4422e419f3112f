"""Runs an external program with bounds on its time and output, in an environment that holds no secrets of ours."""

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import attrs

_PIECE = 1 << 16
_ERROR_BYTES = 2000
_LOOK_AGAIN_SECONDS = 0.2
_PASSED_ON = frozenset(
    {
        "PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "XDG_CACHE_HOME",
        *(name for lower in ("http_proxy", "https_proxy", "no_proxy") for name in (lower, lower.upper())),
    }
)
DIRECTORY = "{directory}"
"""Stands in a command for the directory that the program is to look at."""


class ProgramFailed(Exception):
    """The program could not be started, broke a bound, or had no usable result; the text says which, for the log."""


@attrs.frozen
class Finished:
    """What a program that ended by itself left."""

    status: int
    """The exit status; negative for the signal that ended it."""
    output: bytes
    """Everything it wrote to its standard output."""
    complaint: str
    """The start of what it wrote to its standard error."""

    def require_success(self) -> None:
        """Raises ProgramFailed unless the exit status is 0."""
        if self.status != 0:
            raise ProgramFailed(f"it ended with status {self.status} and said {self.complaint!r}")


@attrs.frozen
class Bounds:
    """How much a program may take of what is not its own."""

    seconds: float = 60
    """Wall-clock time; then it is killed, together with the processes it started."""
    output_bytes: int = 32 << 20
    """On the standard output."""


def command_line(command: str) -> Sequence[str]:
    """The arguments of a command that an operator wrote; quotes are read as a shell does, nothing else is.

    Raises ValueError for a command that is empty, has an open quote, or never says `{directory}`.
    """
    try:
        arguments = tuple(shlex.split(command))
    except ValueError:
        raise ValueError("must be a command whose quotes are closed") from None
    if not arguments or not any(DIRECTORY in argument for argument in arguments[1:]):
        raise ValueError(f"must be a command that says {DIRECTORY} where the directory to look at belongs")
    return arguments


def allowed_environment(environment: Mapping[str, str], *prefixes: str) -> Mapping[str, str]:
    """The part of `environment` that a program may see: its path, language, proxies, certificates and cache, and the
    variables whose names begin with one of `prefixes`.
    """
    allowed = {
        name: value
        for name, value in environment.items()
        if name in _PASSED_ON or (prefixes and name.startswith(prefixes))
    }
    if "HOME" in environment:
        # The home directory itself is hidden, for it holds keys and credentials; what was cached there is not.
        allowed.setdefault("XDG_CACHE_HOME", f"{environment['HOME']}/.cache")
    return allowed


def run(
    arguments: Sequence[str], environment: Mapping[str, str], bounds: Bounds, *, scratch: Path, directory: Path
) -> Finished:
    """Run a program in `directory`, without a shell and without input, with `scratch` as its home and for its temporary
    files; both must be absolute.

    The program is looked up as the registry's own process would, never in `directory`. Raises ProgramFailed when it
    can't be started or breaks a bound. Whatever happens, neither it nor a process of its group is left running.
    """
    program = shutil.which(arguments[0], path=environment.get("PATH", os.defpath))
    if program is None:
        raise ProgramFailed(f"there is no program {arguments[0]!r} that can be run")
    deadline = time.monotonic() + bounds.seconds
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator chose the program, and there is no shell
            [os.path.abspath(program), *arguments[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=directory,
            env={
                "PATH": os.defpath,
                **environment,
                "HOME": str(scratch),
                "TMPDIR": str(scratch),
                "GIT_TERMINAL_PROMPT": "0",
            },
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ProgramFailed(f"the program {arguments[0]!r} can't be started: {error}") from error
    try:
        output, complaint = _output(process, deadline, bounds)
        try:
            status = process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise ProgramFailed(_too_slow(bounds)) from error
        return Finished(status, output, complaint.decode(errors="replace"))
    finally:
        _end(process)


def _output(process: subprocess.Popen[bytes], deadline: float, bounds: Bounds) -> tuple[bytes, bytes]:
    """Standard output and the start of standard error, read until both are closed or the program has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    output, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, complaint)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise ProgramFailed(_too_slow(bounds))
            ready = selector.select(min(remaining, _LOOK_AGAIN_SECONDS))
            if not ready and process.poll() is not None:
                # What still holds the pipes open is not the program.
                break
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.data is output:
                    output += piece
                    if len(output) > bounds.output_bytes:
                        raise ProgramFailed(f"it wrote more than {bounds.output_bytes} bytes")
                else:
                    complaint += piece[: _ERROR_BYTES - len(complaint)]
    return bytes(output), bytes(complaint)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    pipes: list[IO[bytes] | None] = [process.stdout, process.stderr]
    for pipe in pipes:
        if pipe is not None:
            pipe.close()


def _too_slow(bounds: Bounds) -> str:
    return f"it took longer than {bounds.seconds:g} seconds"
