"""How fast the answers that terraform waits for are, against a bare Starlette route that returns the same bytes.

`python -m benchmarks.hot_path [--seconds 4] [--rounds 3] [--connections 32]` starts both servers with the same
settings, loads them in turn, and prints requests per second, p50 and p99 of each, and their ratio (the median of the
rounds).
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

import httpx

from benchmarks.load import Measurement
from benchmarks.servers import free_port, load, running_server
from terrareg_adapters.assembly import RegistryOptions, open_registry
from terrareg_core.access.identities import Identity
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.ports import UploadedArchive

VARIABLES = 40
VERSIONS = 20
ENDPOINTS = {
    "discovery": "/.well-known/terraform.json",
    "versions": "/v1/modules/acme/vpc/aws/versions",
    "download (recorded)": "/v1/modules/bench__acme/vpc/aws/1.5.0/download",
    "details": "/v1/modules/acme/vpc/aws/1.5.0",
}


def _module() -> bytes:
    variables = "".join(
        f'variable "input_{number}" {{\n  type        = map(object({{ name = string, size = optional(number, 3) }}))\n'
        f'  description = "What number {number} is for"\n  default     = {{}}\n}}\n\n'
        for number in range(VARIABLES)
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("variables.tf", variables)
        archive.writestr("main.tf", 'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n')
        archive.writestr("README.md", "# VPC\n\nA virtual private cloud with everything that belongs to it.\n")
    return packed.getvalue()


def _fill(data_directory: Path) -> None:
    content = _module()
    with open_registry(RegistryOptions(data_directory=data_directory)) as registry:
        for number in range(VERSIONS):
            registry.publishing.upload(
                Identity.administrator(),
                RequestedModuleProvider.parse("acme/vpc/aws"),
                f"1.{number}.0",
                UploadedArchive("module.zip", io.BytesIO(content)),
            )


def _prepared_answers(port: int) -> list[dict[str, object]]:
    headers = {"User-Agent": "Terraform/1.11.4", "X-Terraform-Version": "1.11.4"}
    answers = []
    for path in ENDPOINTS.values():
        response = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers)
        response.raise_for_status()
        kept = {
            name: value
            for name, value in response.headers.items()
            if name not in {"date", "server", "content-length", "transfer-encoding"}
        }
        answers.append(
            {"path": path, "status": response.status_code, "headers": kept, "body": response.content.decode("latin-1")}
        )
    return answers


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _fill(root / "data")
        registry_port, bare_port = free_port(), free_port()
        serve = [sys.executable, "-m", "terrareg_http", "serve", "--port", str(registry_port)]
        with running_server(serve, {"DATA_DIRECTORY": str(root)}, registry_port, "/.well-known/terraform.json"):
            answers = root / "answers.json"
            answers.write_text(json.dumps(_prepared_answers(registry_port)))
            bare = [
                *(sys.executable, "-m", "uvicorn", "benchmarks.bare_app:application", "--factory"),
                *("--port", str(bare_port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
                *("--no-server-header", "--log-level", "warning"),
            ]
            with running_server(bare, {"BARE_ANSWERS": str(answers)}, bare_port, "/.well-known/terraform.json"):
                _compare(registry_port, bare_port, arguments)


def _compare(registry_port: int, bare_port: int, arguments: argparse.Namespace) -> None:
    print(f"{arguments.connections} connections, {arguments.rounds} rounds of {arguments.seconds:g} s, one worker")
    print(f"{'endpoint':22} {'':9} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8}   ratio")
    for name, path in ENDPOINTS.items():
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            theirs.append(load(bare_port, path, arguments.seconds, arguments.connections))
            ours.append(load(registry_port, path, arguments.seconds, arguments.connections))
        failures = sum(measurement.failures for measurement in [*ours, *theirs])
        if failures:
            raise SystemExit(f"{failures} requests of {path} were not answered with success")
        ratio = statistics.median(
            our.requests_per_second / their.requests_per_second for our, their in zip(ours, theirs, strict=True)
        )
        _print(name, "bare", theirs, "")
        _print("", "terrareg", ours, f"{ratio:6.2f} x")


def _print(name: str, label: str, measurements: list[Measurement], ratio: str) -> None:
    middle = sorted(measurements, key=lambda measurement: measurement.requests_per_second)[len(measurements) // 2]
    numbers = f"{middle.requests_per_second:8.0f} {middle.p50_ms:8.2f} {middle.p99_ms:8.2f}"
    print(f"{name:22} {label:9} {numbers} {ratio}")


if __name__ == "__main__":
    main()
