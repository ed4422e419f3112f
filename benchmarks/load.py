"""A small HTTP/1.1 load generator: keep-alive connections that each have one request under way at a time.

`python -m benchmarks.load PORT PATH SECONDS CONNECTIONS` prints one line of JSON. It runs in a process of its own, so
that its work is not counted as the server's.
"""

import asyncio
import json
import sys
import time
from typing import cast

import attrs
import uvloop


@attrs.frozen
class Measurement:
    """What a run found."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int
    """Answers that were no success."""


class _Connection(asyncio.Protocol):
    """Sends the same request again as soon as its answer is complete."""

    def __init__(self, request: bytes, latencies: list[float], deadline: float) -> None:
        self._request = request
        self._latencies = latencies
        self._deadline = deadline
        self._received = b""
        self._started = 0.0
        self.failures = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are registered with no base class.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _body_length(head):
            return
        now = time.perf_counter()
        self._latencies.append(now - self._started)
        self.failures += not head.startswith(b"HTTP/1.1 2")
        self._received = b""
        if now < self._deadline:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(exc)

    def _send(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._request)


def _body_length(head: bytes) -> int:
    marker = head.lower().find(b"\r\ncontent-length:")
    if marker < 0:
        return 0
    return int(head[marker + 17 :].split(b"\r\n", 1)[0])


async def _run(port: int, path: str, seconds: float, connections: int) -> Measurement:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n"
        "User-Agent: Terraform/1.11.4\r\nX-Terraform-Version: 1.11.4\r\n\r\n"
    ).encode()
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: _Connection(request, latencies, started + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(client.done for client in clients)), seconds + 30)
    elapsed = time.perf_counter() - started
    latencies.sort()
    return Measurement(
        len(latencies) / elapsed,
        1000 * latencies[len(latencies) // 2],
        1000 * latencies[int(len(latencies) * 0.99)],
        sum(client.failures for client in clients),
    )


def main() -> None:
    """Run as the arguments say and print the measurement."""
    port, path, seconds, connections = sys.argv[1:]
    measurement = uvloop.run(_run(int(port), path, float(seconds), int(connections)))
    print(json.dumps(attrs.asdict(measurement)))


if __name__ == "__main__":
    main()
