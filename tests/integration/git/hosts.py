"""Git hosts on loopback addresses: a smart HTTP server over git's own backend, and servers that misbehave."""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import attrs


@attrs.define
class GitHost:
    """What a smart HTTP server does, and what it was asked."""

    root: Path
    """Holds the repositories."""
    port: int = 0
    authorization: str | None = None
    """The header that is asked for."""
    redirect: Callable[[str], str | None] = lambda _path: None
    """From path and query to where to go instead."""
    old_protocol: bool = False
    bytes_until_vanishing: int | None = None
    requests: list[tuple[str, str, str | None]] = attrs.field(factory=list)
    """Method, path with query, and the authorization sent."""

    def url(self, repository: str, host: str = "127.0.0.1") -> str:
        """Where a repository is."""
        return f"http://{host}:{self.port}/{repository}"

    @property
    def authorizations(self) -> set[str | None]:
        """All that were sent."""
        return {sent for _, _, sent in self.requests}


class _Handler(BaseHTTPRequestHandler):
    host: GitHost
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def handle(self) -> None:
        with suppress(ssl.SSLError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        host = self.host
        host.requests.append((self.command, self.path, self.headers.get("Authorization")))
        target = host.redirect(self.path)
        if target is not None:
            self._send(302, {"Location": target}, b"")
        elif host.authorization is not None and self.headers.get("Authorization") != host.authorization:
            self._send(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        else:
            self._backend(body)

    def _backend(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.host.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        if not self.host.old_protocol:
            environment["GIT_PROTOCOL"] = self.headers.get("Git-Protocol", "")
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        limit = self.host.bytes_until_vanishing
        self._send(status, headers, content if limit is None or not body else content[:limit], len(content))

    def _send(self, status: int, headers: dict[str, str], content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)


@contextmanager
def git_host(
    root: Path, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **behaviour: object
) -> Iterator[GitHost]:
    """A server of the repositories in `root`; `behaviour` is as in `GitHost`."""
    host = GitHost(root, **behaviour)  # type: ignore[arg-type]
    handler = type("Handler", (_Handler,), {"host": host})
    with ThreadingHTTPServer((address, 0), handler) as server:
        host.port = server.server_port
        if tls is not None:
            # Handshakes happen in the threads of the connections, where they may fail.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def raw_host(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """The port of a server that lets `talk` do one connection after the other; the event says that it is over."""
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection, suppress(OSError):
                talk(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


def never_answer(_connection: socket.socket, over: threading.Event) -> None:
    """Take the connection, and no more."""
    over.wait()


def trickle(connection: socket.socket, over: threading.Event) -> None:
    """Begin a promising answer, then send a byte every tenth of a second."""
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
        b"Content-Length: 100000\r\n\r\n001e# service=git-upload-pack\n00000fff"
    )
    while not over.wait(0.1):
        connection.sendall(b"a")
