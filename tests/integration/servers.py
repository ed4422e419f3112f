"""Registries in processes of their own, for tests in which a client or the process itself matters."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx

ADMIN_TOKEN = "admin-token-of-the-tests"
REPOSITORY = Path(__file__).parents[2]
NETWORK_MODULE = REPOSITORY / "examples" / "network"
"""A module with 24 variables, nested submodules and examples that needs no provider from elsewhere."""
_SECONDS = 60


@attrs.frozen
class RunningRegistry:
    """A registry that answers."""

    url: str
    """Without a slash at the end."""
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.partition("://")[2]

    def publish(
        self,
        directory: Path,
        address: str,
        version: str,
        *arguments: str,
        token: str = ADMIN_TOKEN,
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run `terrareg publish` against this registry."""
        return run_terrareg(
            ["publish", str(directory), address, version, "--url", self.url, "--token", token, *arguments],
            **(environment or {}),
        )

    def kill(self) -> None:
        """End the process and all its children at once, without a chance to clean up."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_SECONDS)


def clean_environment(**variables: str) -> dict[str, str]:
    """What a command gets of this process's environment: nothing that configures a registry or terraform."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**kept, **variables}


def run_terrareg(arguments: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the `terrareg` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "terrareg_http", *arguments],
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=2 * _SECONDS,
        check=False,
    )


@contextmanager
def running_registry(
    directory: Path,
    settings: Mapping[str, str] | None = None,
    *,
    scheme: str = "http",
    verify: str | bool = True,
    arguments: tuple[str, ...] = (),
) -> Iterator[RunningRegistry]:
    """`terrareg serve` with its data below `directory`; `settings` are environment variables beside the usual ones.

    Ended when the context is left, unless the test ended it.
    """
    port = free_port()
    url = f"{scheme}://127.0.0.1:{port}"
    environment = clean_environment(
        **{
            "DATA_DIRECTORY": str(directory),
            "ADMIN_AUTHENTICATION_TOKEN": ADMIN_TOKEN,
            "PUBLIC_URL": url,
            "LISTEN_PORT": str(port),
            **(settings or {}),
        }
    )
    log = directory / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "terrareg_http", "serve", *arguments],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    registry = RunningRegistry(url, process, log)
    try:
        _wait_until_it_answers(registry, verify)
        yield registry
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                registry.kill()


def _wait_until_it_answers(registry: RunningRegistry, verify: str | bool) -> None:
    trust = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            httpx.get(f"{registry.url}/v1/terrareg/health", verify=trust, timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            if registry.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the registry did not start: {registry.log.read_text()}") from None
        time.sleep(0.05)


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
