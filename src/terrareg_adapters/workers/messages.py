"""What a pool and its worker processes say to each other, and how it is framed on the socket between them.

A conversation: the pool sends a `Setup`, the worker an `Answer` once it is ready; then, as often as the pool likes, a
pair of a job's name and its argument, and an `Answer` to that. Each message is a pickle behind its length in 8 bytes.
"""

import pickle
import socket
import struct
import time
from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

_LENGTH: Final = struct.Struct("!Q")
_LONGEST: Final = 512 << 20
"""Bytes of a message; a peer that announces more is not believed."""
_CHUNK: Final = 1 << 20

PICKLE_PROTOCOL: Final = 5


@attrs.frozen
class Job:
    """Something that workers can do: a function of one argument, which both pickle, as its result does.

    Domain errors (`RegistryError`) that the function raises reach whoever asked; every other exception is a defect.
    """

    function: str
    """`package.module:name`, imported by the workers alone."""
    warm_up: object = None
    """An argument that each worker calls the function with before its first job; None for no such call."""
    seconds: float | None = None
    """What it may take, where that is not what jobs usually may."""


@attrs.frozen
class Setup:
    """What a worker is told when it starts."""

    jobs: Mapping[str, Job]
    seconds: float
    """Longest life of a job that says nothing else; the pool kills earlier, this is for workers whose pool is gone."""
    memory: int
    """Bytes of address space beyond what the worker has when it is ready."""

    def seconds_of(self, job: str) -> float:
        """Longest life of the job of this name."""
        own = self.jobs[job].seconds
        return self.seconds if own is None else own


class Outcome(Enum):
    """How a job ended."""

    DONE = "done"
    """The answer's value is the result."""
    REFUSED = "refused"
    """The value is the domain error that the job raised."""
    OUT_OF_MEMORY = "out of memory"
    FAILED = "failed"
    """The value is a text for the log."""


@attrs.frozen
class Answer:
    """What a worker has to say of a job, or of its start."""

    outcome: Outcome
    value: object = None
    worn: bool = False
    """Whether the worker still holds so much memory that another should take its place."""


def send(channel: socket.socket, message: bytes, deadline: float | None = None) -> None:
    """Write one message, before `deadline` (of `time.monotonic`). Raises TimeoutError, or OSError when none listens."""
    _limit(channel, deadline)
    channel.sendall(_LENGTH.pack(len(message)) + message)


def receive(channel: socket.socket, deadline: float | None = None) -> bytes | bytearray:
    """The next message; raises TimeoutError, EOFError when the peer is gone, OSError when the connection broke."""
    [length] = _LENGTH.unpack(_receive_exactly(channel, _LENGTH.size, deadline))
    if length > _LONGEST:
        raise ConnectionAbortedError("a message is longer than messages are")
    return _receive_exactly(channel, length, deadline)


def pickled(value: object) -> bytes:
    """`value` as the content of a message."""
    return pickle.dumps(value, PICKLE_PROTOCOL)


def _receive_exactly(channel: socket.socket, length: int, deadline: float | None) -> bytearray:
    received = bytearray()
    while len(received) < length:
        _limit(channel, deadline)
        chunk = channel.recv(min(length - len(received), _CHUNK))
        if not chunk:
            raise EOFError("the peer is gone")
        received += chunk
    return received


def _limit(channel: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        channel.settimeout(None)
        return
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("no time is left")
    channel.settimeout(remaining)
