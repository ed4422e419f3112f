"""How reading slows down as a registry grows: the same requests with 100, 2,000 and 20,000 module providers.

`python -m benchmarks.scale [--sizes 100 2000 20000] [--requests 60] [--database-url URL]`

Fills a fresh registry of each size, 10 versions a module provider, asks its HTTP application in this process, and
prints the median of each endpoint and its ratio to that of the smallest size. Without a URL the registry is on SQLite;
a database that a URL names must be empty, and is emptied again after each size.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, Table, insert, text

from terrareg_adapters.assembly import RegistryOptions, embedded_database_url, open_registry
from terrareg_adapters.database.documents import write_safe_texts, write_specification
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.rows import path_digest
from terrareg_adapters.database.schema import upgrade
from terrareg_adapters.database.tables import (
    download,
    metadata,
    module_part,
    module_provider,
    module_version,
    namespace,
)
from terrareg_core.modules.model import EXTRACTION_VERSION
from terrareg_core.modules.parts import SafeTexts
from terrareg_core.modules.specification import Input, ModuleSpecification
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_http.app import create_app
from terrareg_http.settings import Settings

VERSIONS = 10
MODULES_OF_NAMESPACE = 50
DOWNLOADS = 1_000
"""Of the module provider that is asked for."""
ROWS_AT_ONCE = 5_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)

ADDRESS = "team-0/module-0/aws"
ENDPOINTS = {
    "versions": f"/v1/modules/{ADDRESS}/versions",
    "details": f"/v1/modules/{ADDRESS}",
    "page": f"/v1/terrareg/modules/{ADDRESS}",
    "list": "/v1/modules?limit=20",
    "list, deep": "/v1/modules?limit=20&offset={deep}",
    "namespace": "/v1/modules/team-0?limit=20",
    "all of namespace": "/v1/terrareg/modules/team-0?limit=20",
    "search, one": "/v1/modules/search?q=module-7&limit=20",
    "search, common": "/v1/modules/search?q=network&limit=20",
    "filters": "/v1/terrareg/modules/search/filters?q=network",
    "downloads": f"/v1/modules/{ADDRESS}/downloads/summary",
}

_SPECIFICATION = write_specification(
    ModuleSpecification(inputs=tuple(Input(f"input_{n}", "string", "What it is", "x", False) for n in range(10)))
)
_SAFE = write_safe_texts(SafeTexts("", ("What it is",) * 10))


def _insert(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == ROWS_AT_ONCE:
            connection.execute(insert(table), waiting)
            waiting = []
    if waiting:
        connection.execute(insert(table), waiting)


def _namespaces(size: int) -> Iterator[dict[str, Any]]:
    for number in range((size - 1) // MODULES_OF_NAMESPACE + 1):
        yield {
            "id": number + 1,
            "name": f"team-{number}",
            "name_folded": f"team-{number}",
            "kind": NamespaceKind.NONE.value,
        }


def _module_providers(size: int) -> Iterator[dict[str, Any]]:
    for number in range(size):
        yield {
            "id": number + 1,
            "namespace_id": number // MODULES_OF_NAMESPACE + 1,
            "module": f"module-{number}",
            "module_folded": f"module-{number}",
            "provider": ("aws", "gcp", "azurerm")[number % 3],
            "verified": number % 2 == 0,
        }


def _versions(size: int) -> Iterator[dict[str, Any]]:
    for number in range(size):
        description = f"Makes a network of kind {number} with everything that belongs to it"
        for minor in range(VERSIONS):
            version = f"1.{minor}.0"
            yield {
                "id": number * VERSIONS + minor + 1,
                "module_provider_id": number + 1,
                "version": version,
                "sort_key": version,
                "beta": False,
                "internal": False,
                "published": True,
                "indexed_at": NOW,
                "published_at": NOW,
                "downloads": DOWNLOADS if number == 0 and minor == 0 else 0,
                "extraction_version": EXTRACTION_VERSION,
                "owner": f"team {number}",
                "owner_folded": f"team {number}",
                "description": description,
                "description_folded": description.lower(),
                "variable_template": "[]",
            }


def _parts(size: int) -> Iterator[dict[str, Any]]:
    for version in range(size * VERSIONS):
        yield {
            "module_version_id": version + 1,
            "position": 0,
            "kind": "root",
            "path": "",
            "path_sha256": path_digest(""),
            "readme": "",
            "specification": _SPECIFICATION,
            "safe_texts": _SAFE,
        }


def _downloads() -> Iterator[dict[str, Any]]:
    for number in range(DOWNLOADS):
        yield {
            "module_version_id": 1,
            "module_provider_id": 1,
            "timestamp": NOW - timedelta(hours=number),
            "authenticated": False,
        }


def fill(engine: Engine, size: int) -> None:
    """Store so many module providers in an empty database of the newest schema."""
    with engine.begin() as connection:
        _insert(connection, namespace, _namespaces(size))
        _insert(connection, module_provider, _module_providers(size))
        _insert(connection, module_version, _versions(size))
        _insert(connection, module_part, _parts(size))
        _insert(connection, download, _downloads())
        connection.execute(module_provider.update().values(latest_version_id=module_provider.c.id * VERSIONS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY CASCADE"))


async def _medians(options: RegistryOptions, size: int, requests: int) -> dict[str, float]:
    """The median of each endpoint, in milliseconds."""
    with open_registry(options) as registry:
        transport = httpx.ASGITransport(create_app(registry, Settings()))
        medians = {}
        async with httpx.AsyncClient(transport=transport, base_url="https://reg.example.com") as client:
            for name, template in ENDPOINTS.items():
                path = template.replace("{deep}", str(size - 20))
                taken = []
                for number in range(requests + 5):
                    begun = time.perf_counter()
                    answer = await client.get(path)
                    if answer.status_code != 200:
                        raise SystemExit(f"{path} answered {answer.status_code}: {answer.text}")
                    # The first ones compile statements and open connections.
                    if number >= 5:
                        taken.append(1000 * (time.perf_counter() - begun))
                medians[name] = statistics.median(taken)
        return medians


def measure(size: int, requests: int, database_url: str | None) -> dict[str, float]:
    """The medians of a registry of this size, in milliseconds."""
    with tempfile.TemporaryDirectory() as directory:
        options = RegistryOptions(data_directory=Path(directory), database_url=database_url)
        engine = open_engine(database_url or embedded_database_url(Path(directory)))
        try:
            upgrade(engine)
            fill(engine, size)
            return asyncio.run(_medians(options, size, requests))
        finally:
            if database_url is not None:
                _empty(engine)
            engine.dispose()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 2_000, 20_000])
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--database-url")
    options = parser.parse_args(arguments)
    measured = {size: measure(size, options.requests, options.database_url) for size in options.sizes}
    smallest = measured[options.sizes[0]]
    print(f"{'p50 in ms':20}" + "".join(f"{size:>18,}" for size in options.sizes))
    for name in ENDPOINTS:
        cells = (f"{medians[name]:9.2f} ({medians[name] / smallest[name]:5.2f})" for medians in measured.values())
        print(f"{name:20}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
