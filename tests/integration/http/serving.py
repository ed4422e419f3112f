"""What the tests of the HTTP face share: a registry that is served to a client in this process, and modules for it."""

import asyncio
import io
import json
import zipfile
from abc import abstractmethod
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from terrareg_adapters.assembly import RegistryOptions, embedded_database_url, open_registry
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_core.analytics.downloads import DownloadEvent
from terrareg_core.identifiers import ModuleName, ProviderName
from terrareg_core.registry import Registry
from terrareg_core.transactions import UnitOfWork
from terrareg_core.versions import Version
from terrareg_http.app import create_app
from terrareg_http.settings import Settings
from tests.unit.registries import World

ADMIN = {"X-Terrareg-ApiKey": "admin-key"}
HOST = "reg.example.com"
NOT_FOUND = {"errors": ["Not Found"]}
MODULES = "/v1/modules"
MANAGED = "/v1/terrareg/modules"
NAMESPACES = "/v1/terrareg/namespaces"

ResultT = TypeVar("ResultT")


class Client:
    """A registry behind its HTTP face, and a client of it; requests are anonymous unless they say otherwise."""

    def __init__(self, registry: Registry, settings: Settings | None = None) -> None:
        self.registry = registry
        self.app = create_app(registry, settings or Settings())
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=f"https://{HOST}",
            # No cookie is kept, so that nobody stays signed in by accident.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    @abstractmethod
    def opened_store(self) -> AbstractContextManager[UnitOfWork]:
        """The unit of work over what the registry stores, for the length of the context."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.registry.close()

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a coroutine in the event loop that serves this registry."""
        return self._runner.run(work)

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As `request`, for coroutines that `run` runs; many requests in one of them are faster."""
        return await self._client.request(method, path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.run(self.send(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> httpx.Response:
        return self.request("HEAD", path, **options)

    def post(self, path: str, document: object = None, **options: Any) -> httpx.Response:
        """POST as the admin; `document` is sent as JSON."""
        return self.request("POST", path, **{"headers": ADMIN, "json": document, **options})

    def delete(self, path: str, document: object = None, **options: Any) -> httpx.Response:
        """DELETE as the admin; `document` is sent as JSON."""
        return self.request("DELETE", path, **{"headers": ADMIN, "json": document, **options})

    def upload(
        self, address: str, archive: bytes | None = None, name: str = "module.zip", **options: Any
    ) -> httpx.Response:
        """Upload as the admin; `address` includes the version, and the archive defaults to a small module."""
        content = archive if archive is not None else module_zip()
        sent = {"headers": ADMIN, "files": {"file": (name, content)}, **options}
        return self.request("POST", f"{MANAGED}/{address}/upload", **sent)

    def asgi(self, scope: Mapping[str, Any], messages: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
        """What the application sends for a request made by hand; once `messages` are read, the client is gone."""
        return self._runner.run(_exchange(self.app, scope, list(messages)))


class ServedWorld(Client):
    """A world over the in-memory twins behind the HTTP face: its clock goes when it is told to."""

    def __init__(self, world: World, settings: Settings | None = None) -> None:
        super().__init__(world.registry, settings)
        self.world = world

    def opened_store(self) -> AbstractContextManager[UnitOfWork]:
        return nullcontext(self.world.unit_of_work)


class Served(Client):
    """A registry over its own database behind the HTTP face."""

    def __init__(self, options: RegistryOptions, settings: Settings | None = None) -> None:
        super().__init__(open_registry(options), settings)
        self.options = options

    def opened_store(self) -> AbstractContextManager[UnitOfWork]:
        return opened_store(self.options)

    def downloads(self, address: str, version: str) -> Sequence[DownloadEvent]:
        """The recorded downloads of a version."""
        namespace, module, provider = address.split("/")
        with opened_store(self.options) as unit_of_work, unit_of_work.read() as tx:
            owner = tx.namespaces.find(namespace)
            assert owner is not None
            found = tx.module_providers.find(owner.id, ModuleName.parse(module), ProviderName.parse(provider))
            assert found is not None
            row = tx.module_versions.find(found.id, Version.parse(version))
            assert row is not None
            return tx.downloads.of_version(row.id)


@contextmanager
def opened_store(options: RegistryOptions) -> Iterator[DatabaseUnitOfWork]:
    """The unit of work over a registry's database, for the length of the context."""
    engine = open_engine(embedded_database_url(options.data_directory))
    try:
        yield DatabaseUnitOfWork(engine)
    finally:
        engine.dispose()


async def _exchange(app: Any, scope: Mapping[str, Any], messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def scope_of(
    method: str, raw_path: bytes, headers: Sequence[tuple[bytes, bytes]] = (), query: bytes = b""
) -> dict[str, Any]:
    """The ASGI scope of a request whose path holds any bytes."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": raw_path.decode("latin-1"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", HOST.encode()), *headers],
        "client": ("203.0.113.7", 1234),
        "server": (HOST, 443),
    }


MAIN = 'variable "size" {\n  type        = number\n  default     = 3\n  description = "Nodes"\n}\n'


def module_zip(files: Mapping[str, str] | None = None, **metadata: object) -> bytes:
    """A zip with these files, by default one that declares a variable, and with this metadata."""
    buffer = io.BytesIO()
    with closing(zipfile.ZipFile(buffer, "w")) as archive:
        for name, text in (files if files is not None else {"main.tf": MAIN}).items():
            archive.writestr(name, text)
        if metadata:
            archive.writestr("terrareg.json", json.dumps(metadata))
    return buffer.getvalue()


def fill_with_fixture(served: Served) -> None:
    """Fixture F of chapter 01, section 10; `served` must not publish by itself, and verify `acme`."""
    assert served.post(NAMESPACES, {"name": "acme"}).status_code == 200
    assert served.post(f"{MANAGED}/acme/dns/aws/create", {}).status_code == 200
    versions = ["1.0.0", "1.2.0", "1.10.0", "1.3.0-beta", "2.0.0"]
    described = module_zip(description="A VPC", owner="Net team")
    internal = module_zip(internal=True)
    uploads = [(f"acme/vpc/aws/{version}", described) for version in versions]
    for address, archive in [*uploads, ("acme/vpc/aws/1.9.9", internal), ("acme/int/aws/1.0.0", internal)]:
        assert served.upload(address, archive).json() == {"status": "Success"}
        if not address.endswith("2.0.0"):
            assert served.post(f"{MANAGED}/{address}/publish").json() == {"status": "Success"}
