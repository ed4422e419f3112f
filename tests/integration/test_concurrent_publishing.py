"""Publishing by many at once, to two servers on one store: one version results, and readers never see half of one."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
import httpx
import pytest
from sqlalchemy import func, select, text

from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.tables import module_provider, module_version, namespace
from tests.integration.conftest import needs
from tests.integration.git.repositories import Repository
from tests.integration.servers import ADMIN_TOKEN, RunningRegistry, run_terrareg, running_registry

AT_ONCE = 50
ADMIN = {"X-Terrareg-ApiKey": ADMIN_TOKEN}
_MARKED = 'variable "mark" {{\n  default = "{mark}"\n}}\n'
_BROKEN = {
    "text that is no HCL": {"main.tf": 'variable "mark" {\n  default = \n'},
    "metadata that is no JSON": {"main.tf": _MARKED.format(mark="broken"), "terrareg.json": "{"},
    "a path out of the archive": {"main.tf": _MARKED.format(mark="broken"), "../../main.tf": ""},
}


@attrs.frozen
class Replicas:
    """Two servers that share a database and a data directory."""

    servers: tuple[RunningRegistry, RunningRegistry]
    database_url: str
    archives: Path
    repositories: Path

    def url(self, number: int) -> str:
        """The address of one of them, in turn."""
        return self.servers[number % 2].url

    def versions(self, address: str) -> list[str]:
        """What terraform is told that there is."""
        answer = httpx.get(f"{self.url(0)}/v1/modules/{address}/versions", timeout=30).json()
        return [entry["version"] for entry in answer["modules"][0]["versions"]]

    def named_archives(self, address: str) -> set[str]:
        """The keys of all stored objects that rows of a module provider name."""
        engine = open_engine(self.database_url)
        keys = (module_version.c.zip_key, module_version.c.tar_gz_key, module_version.c.source_key)
        owned = select(*keys).join(module_provider, module_provider.c.id == module_version.c.module_provider_id)
        wanted, module, _ = address.split("/")
        owned = owned.join(namespace, namespace.c.id == module_provider.c.namespace_id).where(
            namespace.c.name == wanted, module_provider.c.module == module
        )
        try:
            with engine.connect() as connection:
                return {key for row in connection.execute(owned) for key in row if key is not None}
        finally:
            engine.dispose()

    def rows(self) -> tuple[int, int]:
        """How many namespaces and module providers are stored."""
        engine = open_engine(self.database_url)
        try:
            with engine.connect() as connection:
                return (
                    connection.execute(select(func.count()).select_from(namespace)).scalar_one(),
                    connection.execute(select(func.count()).select_from(module_provider)).scalar_one(),
                )
        finally:
            engine.dispose()

    def stored_archives(self) -> set[str]:
        """The keys of all objects in the archive store, unfinished ones included."""
        return {str(path.relative_to(self.archives)) for path in self.archives.rglob("*") if path.is_file()}


@pytest.fixture(params=["sqlite", "postgresql"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Replicas]]:
    """Starts replicas with more settings, on a database that holds nothing."""
    with ExitStack() as stack:

        def begin(**settings: str) -> Replicas:
            data, repositories = tmp_path / "data", tmp_path / "repositories"
            repositories.mkdir()
            git_provider = {
                "name": "Local",
                "base_url": "https://git.test/{namespace}/{module}",
                "clone_url": f"file://{repositories}/{{namespace}}/{{module}}.git",
                "browse_url": "https://git.test/{namespace}/{module}/tree/{tag}/{path}",
            }
            url = f"sqlite:///{data / 'terrareg.db'}"
            if request.param == "postgresql":
                url = stack.enter_context(_new_database(request.getfixturevalue("postgresql_url")))
                upgraded = run_terrareg(["db", "upgrade"], DATABASE_URL=url, DATA_DIRECTORY=str(tmp_path))
                assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
                settings |= {"DATABASE_URL": url, "SECRET_KEY": "the key of both"}
            settings |= {"GIT_PROVIDER_CONFIG": json.dumps([git_provider]), "ALLOW_MODULE_HOSTING": "enforce"}
            first, second = (stack.enter_context(running_registry(tmp_path, settings)) for _ in range(2))
            return Replicas((first, second), url, data / "archives", repositories)

        yield begin


@contextmanager
def _new_database(server: str) -> Iterator[str]:
    """The URL of a database with nothing in it, for the length of the context."""

    def run(statement: str) -> None:
        admin = open_engine(server)
        try:
            with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(statement))
        finally:
            admin.dispose()

    run("CREATE DATABASE replicas")
    try:
        yield server.rpartition("/")[0] + "/replicas"
    finally:
        run("DROP DATABASE replicas WITH (FORCE)")


def _archive(mark: str) -> bytes:
    """A module that tells its mark; large enough to be sent in more than one piece."""
    return _zip({"main.tf": _MARKED.format(mark=mark), "padding.bin": hashlib.sha256(mark.encode()).hexdigest() * 4000})


def _zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _upload(url: str, address: str, archive: bytes) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/terrareg/modules/{address}/1.0.0/upload",
        headers=ADMIN,
        files={"file": ("module.zip", archive)},
        timeout=120,
    )


def _import(url: str, address: str) -> httpx.Response:
    return httpx.post(f"{url}/v1/terrareg/modules/{address}/1.0.0/import", headers=ADMIN, timeout=120)


def _all_at_once(attempt: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    barrier = threading.Barrier(AT_ONCE)

    def run(number: int) -> httpx.Response:
        barrier.wait(30)
        return attempt(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def _assert_clear_answers(responses: list[httpx.Response], *, exactly_one: bool) -> list[int]:
    """Returns who succeeded."""
    for response in responses:
        document = response.json()
        assert response.status_code in {200, 400}, response.text
        if response.status_code == 400:
            assert document["status"] == "Error"
            assert document["message"]
        else:
            assert document["status"] == "Success"
    accepted = [number for number, response in enumerate(responses) if response.status_code == 200]
    assert len(accepted) == 1 if exactly_one else accepted
    return accepted


def _assert_one_whole_version(replicas: Replicas, address: str) -> str:
    """Returns the mark of the module, which archive and documents agree on; there are no other archives."""
    assert replicas.versions(address) == ["1.0.0"]
    named = replicas.named_archives(address)
    assert len(named) in {2, 3}
    assert replicas.stored_archives() == named
    details = httpx.get(f"{replicas.url(0)}/v1/modules/{address}/1.0.0", timeout=30).json()
    mark: str = details["root"]["inputs"][0]["default"]
    archive = httpx.get(f"{replicas.url(1)}/v1/terrareg/modules/{address}/1.0.0/source.zip", timeout=30)
    assert hashlib.sha256(archive.content).hexdigest() == archive.headers["ETag"].strip('"')
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.read("main.tf").decode() == _MARKED.format(mark=mark)
    return mark


def test_of_fifty_uploads_of_one_version_of_a_new_module_one_is_taken(start: Callable[..., Replicas]) -> None:
    replicas, address = start(MODULE_VERSION_REINDEX_MODE="prohibit"), "acme/uploaded/null"
    responses = _all_at_once(lambda number: _upload(replicas.url(number), address, _archive(f"upload {number}")))
    [accepted] = _assert_clear_answers(responses, exactly_one=True)
    assert _assert_one_whole_version(replicas, address) == f"upload {accepted}"
    assert replicas.rows() == (1, 1)


@pytest.mark.parametrize("mode", ["legacy", "prohibit"])
def test_fifty_uploads_and_imports_of_one_version_make_one_version(start: Callable[..., Replicas], mode: str) -> None:
    needs("git")
    replicas, address = start(MODULE_VERSION_REINDEX_MODE=mode), "acme/mixed/null"
    repository = Repository.make(replicas.repositories / "acme" / "mixed.git")
    repository.tag_files("1.0.0", {"main.tf": _MARKED.format(mark="import")})
    with httpx.Client(base_url=f"{replicas.url(0)}/v1/terrareg", headers=ADMIN, timeout=30) as client:
        [git_provider] = client.get("/git_providers").json()
        client.post("/namespaces", json={"name": "acme"}).raise_for_status()
        client.post(f"/modules/{address}/create", json={"git_provider_id": git_provider["id"]}).raise_for_status()

    def attempt(number: int) -> httpx.Response:
        url = replicas.url(number // 2)
        return _upload(url, address, _archive(f"upload {number}")) if number % 2 else _import(url, address)

    accepted = _assert_clear_answers(_all_at_once(attempt), exactly_one=mode == "prohibit")
    marks = {f"upload {number}" if number % 2 else "import" for number in accepted}
    assert _assert_one_whole_version(replicas, address) in marks


class _Reader(threading.Thread):
    """Downloads a version and its details in a loop until it is told to stop."""

    def __init__(self, url: str, address: str) -> None:
        super().__init__()
        self._url = url
        self._address = address
        self._stop_event = threading.Event()
        self.archives: set[bytes] = set()
        self.details: set[str] = set()
        self.failures: list[str] = []
        self.has_read = threading.Semaphore(0)

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._stop_event.is_set():
                self._read(client)
                self.has_read.release()

    def _read(self, client: httpx.Client) -> None:
        archive = client.get(f"/v1/terrareg/modules/{self._address}/1.0.0/source.zip")
        details = client.get(f"/v1/modules/{self._address}/1.0.0")
        listed = client.get(f"/v1/modules/{self._address}/versions")
        for response in (archive, details, listed):
            if response.status_code != 200:
                self.failures.append(f"{response.request.url}: {response.status_code} {response.text[:200]}")
                return
        if hashlib.sha256(archive.content).hexdigest() != archive.headers["ETag"].strip('"'):
            self.failures.append("an archive whose bytes are not those of its ETag")
        self.archives.add(archive.content)
        self.details.add(details.text)
        if [entry["version"] for entry in listed.json()["modules"][0]["versions"]] != ["1.0.0"]:
            self.failures.append(f"other versions: {listed.text}")

    def stop(self) -> None:
        self._stop_event.set()
        self.join(60)


def _read_by_others(replicas: Replicas, address: str, change: Callable[[_Reader], None]) -> list[_Reader]:
    """Readers of both servers that read before, during and after `change`."""
    readers = [_Reader(replicas.url(number), address) for number in range(4)]
    for reader in readers:
        reader.start()
    try:
        for reader in readers:
            assert reader.has_read.acquire(timeout=30)
        change(readers[0])
    finally:
        for reader in readers:
            reader.stop()
    return readers


def test_broken_uploads_of_a_published_version_change_nothing_that_is_observed(
    start: Callable[..., Replicas],
) -> None:
    replicas, address = start(), "acme/published/null"
    assert _upload(replicas.url(0), address, _archive("published")).status_code == 200
    stored = replicas.stored_archives()
    archive = httpx.get(f"{replicas.url(0)}/v1/terrareg/modules/{address}/1.0.0/source.zip").content
    hostile = [*map(_zip, _BROKEN.values()), _archive("cut off")[:-100], b""]

    def change(reader: _Reader) -> None:
        for number, content in enumerate(hostile * 2):
            response = _upload(replicas.url(number), address, content)
            assert response.status_code == 400, response.text
            assert reader.has_read.acquire(timeout=30)

    readers = _read_by_others(replicas, address, change)
    assert [reader.failures for reader in readers] == [[]] * len(readers)
    assert set.union(*(reader.archives for reader in readers)) == {archive}
    assert len(set.union(*(reader.details for reader in readers))) == 1
    assert replicas.stored_archives() == stored == replicas.named_archives(address)


def test_a_version_that_is_uploaded_again_and_again_is_always_whole(start: Callable[..., Replicas]) -> None:
    replicas, address = start(), "acme/replaced/null"
    marks = [f"upload {number}" for number in range(12)]
    assert _upload(replicas.url(0), address, _archive(marks[0])).status_code == 200

    def change(_: _Reader) -> None:
        for number, mark in enumerate(marks[1:]):
            assert _upload(replicas.url(number), address, _archive(mark)).status_code == 200

    readers = _read_by_others(replicas, address, change)
    assert [reader.failures for reader in readers] == [[]] * len(readers)
    for content in set.union(*(reader.archives for reader in readers)):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            assert opened.testzip() is None
            assert opened.read("main.tf").decode() in {_MARKED.format(mark=mark) for mark in marks}
    assert _assert_one_whole_version(replicas, address) == marks[-1]
