"""How reading slows down as a registry grows: the same requests with 100, 2,000 and 20,000 module providers.

`python -m benchmarks.scale [--sizes 100 2000 20000] [--requests 60] [--postgresql URL]`

Fills a fresh registry of each size, 10 versions a module provider, asks their HTTP applications in this process by
turns, and prints the median of each endpoint and its ratio to that of the smallest size: on SQLite, or on a PostgreSQL
server.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, Table, insert, make_url, text

from terrareg_adapters.assembly import RegistryOptions, embedded_database_url, open_registry
from terrareg_adapters.database.documents import write_safe_texts, write_specification
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.rows import path_digest
from terrareg_adapters.database.schema import upgrade
from terrareg_adapters.database.search_rows import SEARCH_ROWS
from terrareg_adapters.database.tables import (
    download,
    module_part,
    module_provider,
    module_search,
    module_version,
    namespace,
)
from terrareg_core.modules.model import EXTRACTION_VERSION
from terrareg_core.modules.parts import SafeTexts
from terrareg_core.modules.specification import Input, ModuleSpecification
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_core.registry import Registry
from terrareg_http.app import create_app
from terrareg_http.settings import Settings

VERSIONS = 10
MODULES_OF_NAMESPACE = 50
DOWNLOADS = 1_000
"""Of the module provider that is asked for."""
ROWS_AT_ONCE = 5_000
WARM_UP = 5
"""Requests that compile statements and open connections, and are not counted."""
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
    "search, provider": "/v1/modules/search?q=aws&limit=20",
    "search, nothing": "/v1/modules/search?q=zzz&limit=20",
    "search, verified": "/v1/modules/search?q=network&verified=true&limit=20",
    "search, two words": "/v1/modules/search?q=network%20team&limit=20",
    "search, deep": "/v1/modules/search?q=network&limit=20&offset={deep}",
    "search, counted": "/v1/modules/search?q=network&limit=20&include_count=1",
    "filters, all": "/v1/terrareg/modules/search/filters?q=",
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
        connection.execute(insert(module_search).from_select(list(SEARCH_ROWS.selected_columns.keys()), SEARCH_ROWS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Servers do so by themselves, sooner or later.
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


@contextmanager
def _database(server_url: str | None, size: int) -> Iterator[str | None]:
    """The URL of a new database on a server, for the length of the context; None without a server."""
    if server_url is None:
        yield None
        return
    name = f"terrareg_scale_{size}"
    server = open_engine(server_url)
    try:
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            try:
                yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        server.dispose()


@contextmanager
def _filled_registry(server_url: str | None, size: int) -> Iterator[Registry]:
    with tempfile.TemporaryDirectory() as directory, _database(server_url, size) as database_url:
        engine = open_engine(database_url or embedded_database_url(Path(directory)))
        try:
            upgrade(engine)
            fill(engine, size)
        finally:
            engine.dispose()
        with open_registry(RegistryOptions(data_directory=Path(directory), database_url=database_url)) as registry:
            yield registry


async def _medians(registries: Mapping[int, Registry], requests: int) -> Mapping[str, Mapping[int, float]]:
    """The median of each endpoint by size, in milliseconds; the sizes take turns, so that they share every delay."""
    async with AsyncExitStack() as stack:
        clients = {}
        for size, registry in registries.items():
            transport = httpx.ASGITransport(create_app(registry, Settings()))
            client = httpx.AsyncClient(transport=transport, base_url="https://reg.example.com")
            clients[size] = await stack.enter_async_context(client)
        medians = {}
        for name, template in ENDPOINTS.items():
            taken: dict[int, list[float]] = {size: [] for size in clients}
            for _ in range(WARM_UP + requests):
                for size, client in clients.items():
                    path = template.replace("{deep}", str(size - 20))
                    begun = time.perf_counter()
                    answer = await client.get(path)
                    taken[size].append(1000 * (time.perf_counter() - begun))
                    if answer.status_code != 200:
                        raise SystemExit(f"{path} answered {answer.status_code}: {answer.text}")
            medians[name] = {size: statistics.median(times[WARM_UP:]) for size, times in taken.items()}
        return medians


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 2_000, 20_000])
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--postgresql", metavar="URL", help="a server on which databases may be made")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        registries = {size: stack.enter_context(_filled_registry(options.postgresql, size)) for size in options.sizes}
        medians = asyncio.run(_medians(registries, options.requests))
    print(f"{'p50 in ms':20}" + "".join(f"{size:>18,}" for size in options.sizes))
    for name, by_size in medians.items():
        smallest = by_size[options.sizes[0]]
        cells = (f"{median:9.2f} ({median / smallest:5.2f})" for median in by_size.values())
        print(f"{name:20}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
