"""`terrareg serve`: runs the registry behind uvicorn, ready to use without any configuration."""

import argparse
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from terrareg_http.bootstrap import Deployment, build_application, prepare, warn_of_risks
from terrareg_http.cli.outcome import EXIT_DONE, EXIT_FAILED, CommandFailed
from terrareg_http.settings import ClientSettings, Settings

_FACTORY = "terrareg_http.bootstrap:application"
_SHUTDOWN_SECONDS = 30
_BACKLOG = 2048
_WORKERS_MAX = 256
_PORT_MAX = 65_535


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, help="TCP port; 0 takes a free one (default: LISTEN_PORT, else 5000)")
    parser.add_argument("--workers", type=_workers, default=1, help="processes that serve (default: %(default)s)")
    parser.epilog = (
        "Without configuration, everything is kept in ./data, and the admin token that is generated there is printed."
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; raises SettingsError, RegistryFailure, StoreUnavailable and CommandFailed."""
    settings = Settings.of_this_process()
    warn_of_risks(settings)
    port = settings.listen_port if arguments.port is None else arguments.port
    with _listening(arguments.host, port) as listener, _interrupted_by_termination():
        deployment = prepare(settings)
        port = listener.getsockname()[1]
        greeting = _greeting(deployment, arguments.host, port)
        try:
            if arguments.workers == 1:
                return _serve_here(deployment, listener, greeting)
            # The workers' supervisor binds by itself; until here the port was held to find out early that it is free.
            listener.close()
            return _serve_in_workers(settings, arguments.host, port, arguments.workers, greeting)
        except KeyboardInterrupt:
            return EXIT_DONE


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= _PORT_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 0 to {_PORT_MAX}")
    return int(text)


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= _WORKERS_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {_WORKERS_MAX}")
    return int(text)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except OverflowError:
        raise CommandFailed(f"{port} is no port; choose one from 1 to {_PORT_MAX}") from None
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the address can't be used"
        raise CommandFailed(
            f"Can't listen on {host} port {port} ({reason}); stop what listens there, or choose another with --port"
        ) from None


@contextmanager
def _interrupted_by_termination() -> Iterator[None]:
    """Within the context SIGTERM ends the process as Ctrl-C does: cleanly."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _serve_here(deployment: Deployment, listener: socket.socket, greeting: str) -> int:
    app = build_application(deployment)
    server = uvicorn.Server(uvicorn.Config(app, **_options(deployment.settings)))
    print(greeting, flush=True)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        raise CommandFailed("The server could not start; the reason is above") from None
    return EXIT_DONE if server.started else EXIT_FAILED


def _serve_in_workers(settings: Settings, host: str, port: int, workers: int, greeting: str) -> int:
    print(greeting, flush=True)
    try:
        uvicorn.run(_FACTORY, factory=True, host=host, port=port, workers=workers, **_options(settings))
    except SystemExit:
        raise CommandFailed("The server could not start; the reason is above") from None
    return EXIT_DONE


def _options(settings: Settings) -> Mapping[str, Any]:
    return {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        # Who the client is, is the application's to decide.
        "proxy_headers": False,
        "backlog": _BACKLOG,
        "timeout_graceful_shutdown": _SHUTDOWN_SECONDS,
        "ssl_keyfile": settings.ssl_cert_private_key,
        "ssl_certfile": settings.ssl_cert_public_key,
    }


# --- the greeting ------------------------------------------------------------------------------------------------


def _greeting(deployment: Deployment, host: str, port: int) -> str:
    settings = deployment.settings
    scheme = "https" if settings.ssl_cert_private_key else "http"
    url = f"{scheme}://{_reachable(host)}:{port}"
    lines = [
        f"terrareg serves {url}",
        f"  API reference  {url}/docs",
        f"  data           {settings.data_directory.absolute()}",
    ]
    if deployment.generated_admin_token is not None:
        lines.append(f"  admin token    {deployment.generated_admin_token}")
        lines.append(f"                 (generated, kept in {deployment.secret_file})")
    if scheme == "http" and not settings.public_url and not settings.domain_name:
        lines += [
            "",
            "PUBLIC_URL is not set, so terraform is sent to https; to try the registry without a certificate, start it",
            f"with PUBLIC_URL={url}",
        ]
    lines += ["", "Publish a module from another terminal:", f"  {_publish_command(deployment, url)}", ""]
    lines += ["Stop with Ctrl-C."]
    return "\n".join(lines)


def _reachable(host: str) -> str:
    """How a URL on this machine names the address that is listened on."""
    if host in {"0.0.0.0", "", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _publish_command(deployment: Deployment, url: str) -> str:
    token = deployment.generated_admin_token or "YOUR_UPLOAD_KEY"
    where = [] if url == ClientSettings().terrareg_url else ["--url", url]
    words = [_program(), "publish", "DIRECTORY", "NAMESPACE/NAME/PROVIDER", "1.0.0", *where]
    return f"TERRAREG_TOKEN={shlex.quote(token)} {shlex.join(words)}"


def _program() -> str:
    """How this program is called from where it was started."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return "python -m terrareg_http"
    found = shutil.which(started.name)
    if found and Path(found).resolve() == started.resolve():
        return started.name
    here = Path.cwd()
    return str(started.relative_to(here) if started.is_relative_to(here) else started)
