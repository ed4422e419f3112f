"""Servers in processes of their own, and loading them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.load import Measurement


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(command: list[str], environment: dict[str, str], port: int, path: str) -> Iterator[None]:
    """A command that serves on `port`, for the length of the context, which begins when it answers at `path`."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}{path}")
                break
            except httpx.TransportError:
                if process.poll() is not None or time.monotonic() > deadline:
                    assert process.stderr is not None
                    process.kill()
                    raise SystemExit(f"the server did not start: {process.stderr.read().decode()}") from None
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)
        assert process.stderr is not None
        process.stderr.close()


def load(port: int, path: str, seconds: float, connections: int) -> Measurement:
    """Load a server with GET requests from another process (see `benchmarks.load`)."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), path, str(seconds), str(connections)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measurement(**json.loads(output))
