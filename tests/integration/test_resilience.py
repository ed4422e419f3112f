"""What a registry survives: being killed while it publishes, and uploads of hundreds of megabytes."""

import io
import os
import random
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.integration.servers import ADMIN_TOKEN, RunningRegistry, running_registry

MODULE = "acme/killed/null"
VERSIONS = [f"1.{number}.0" for number in range(200)]
KILLS = 12


def _archive(version: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.tf", f'variable "of_version" {{\n  default = "{version}"\n}}\n')
        archive.writestr("README.md", f"# Version {version}\n")
    return packed.getvalue()


def _upload(client: httpx.Client, registry: RunningRegistry, version: str) -> httpx.Response:
    return client.post(
        f"{registry.url}/v1/terrareg/modules/{MODULE}/{version}/upload",
        headers={"X-Terrareg-ApiKey": ADMIN_TOKEN},
        files={"file": ("module.zip", _archive(version))},
    )


class _Uploader(threading.Thread):
    """Uploads one version after the other until the registry goes away."""

    def __init__(self, registry: RunningRegistry, versions: Iterator[str], first: str | None) -> None:
        super().__init__()
        self._registry = registry
        self._versions = versions
        self.interrupted = first
        """The version whose upload got no answer."""
        self.accepted: list[str] = []
        self.refused: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=30) as client:
            while True:
                self.interrupted = self.interrupted or next(self._versions, None)
                if self.interrupted is None:
                    self.enough.set()
                    return
                try:
                    response = _upload(client, self._registry, self.interrupted)
                except httpx.TransportError:
                    return
                outcome = self.accepted if response.status_code == 200 else self.refused
                outcome.append(self.interrupted)
                self.interrupted = None
                if len(self.accepted) * KILLS >= len(VERSIONS):
                    self.enough.set()


def _assert_every_listed_version_can_be_downloaded(registry: RunningRegistry, accepted: set[str]) -> list[str]:
    with httpx.Client(timeout=30) as client:
        answer = client.get(f"{registry.url}/v1/modules/{MODULE}/versions").json()
        listed = [entry["version"] for entry in answer["modules"][0]["versions"]]
        assert accepted <= set(listed)
        for version in listed:
            archive = client.get(f"{registry.url}/v1/terrareg/modules/{MODULE}/{version}/source.zip")
            assert archive.status_code == 200, version
            with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
                assert opened.testzip() is None
                assert f'"{version}"' in opened.read("main.tf").decode()
            details = client.get(f"{registry.url}/v1/modules/{MODULE}/{version}")
            assert details.json()["root"]["inputs"][0]["default"] == version
        return listed


def test_a_killed_registry_lists_only_what_can_be_downloaded_and_takes_every_retry(tmp_path: Path) -> None:
    moments = random.Random(2026)
    remaining = iter(VERSIONS)
    interrupted: str | None = None
    accepted: set[str] = set()
    kills = 0
    while len(accepted) < len(VERSIONS):
        with running_registry(tmp_path) as registry:
            if accepted:
                _assert_every_listed_version_can_be_downloaded(registry, accepted)
            uploader = _Uploader(registry, remaining, interrupted)
            uploader.start()
            assert uploader.enough.wait(60)
            if len(accepted) + len(uploader.accepted) < len(VERSIONS):
                # Let go of the lock-step with the uploader: the kill hits wherever the next uploads happen to be.
                threading.Event().wait(moments.uniform(0, 0.08))
                registry.kill()
                kills += 1
            uploader.join(60)
            assert uploader.refused == []
            accepted.update(uploader.accepted)
            interrupted = uploader.interrupted
    assert kills >= KILLS // 2
    with running_registry(tmp_path) as registry:
        assert sorted(_assert_every_listed_version_can_be_downloaded(registry, accepted)) == sorted(VERSIONS)


def _megabytes(process: int, field: str) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) / 1024


def test_an_upload_of_200_megabytes_needs_little_memory(tmp_path: Path) -> None:
    large = tmp_path / "large.zip"
    with zipfile.ZipFile(large, "w") as archive:
        archive.writestr("main.tf", 'variable "name" {}\n')
        for number in range(4):
            with archive.open(f"blob{number}.bin", "w") as member:
                for _ in range(50):
                    member.write(os.urandom(1 << 20))
    assert large.stat().st_size > 200 << 20
    with running_registry(tmp_path) as registry, httpx.Client(timeout=300) as client:
        _upload(client, registry, "0.1.0").raise_for_status()
        idle = _megabytes(registry.process.pid, "VmRSS")
        with large.open("rb") as content:
            response = client.post(
                f"{registry.url}/v1/terrareg/modules/{MODULE}/1.0.0/upload",
                headers={"X-Terrareg-ApiKey": ADMIN_TOKEN},
                files={"file": ("large.zip", content)},
            )
        assert response.json() == {"status": "Success"}
        assert _megabytes(registry.process.pid, "VmHWM") < idle + 150
        with client.stream("GET", f"{registry.url}/v1/terrareg/modules/{MODULE}/1.0.0/source.zip") as download:
            assert sum(len(chunk) for chunk in download.iter_bytes()) > 200 << 20
        assert _megabytes(registry.process.pid, "VmHWM") < idle + 150
