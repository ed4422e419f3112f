"""Real things for integration tests: a PostgreSQL and an identity provider, and what to do where one is missing."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import upgrade
from terrareg_adapters.database.tables import metadata
from tests.integration.identity.oidc_provider import USERS
from tests.integration.identity.running import OpenIdProvider, running_openid_provider

_SECONDS = 60


def missing(what: str) -> None:
    """End the test because a real thing is not there: skipped, or failed where everything must be (`CI` is set)."""
    reason = f"{what} is not installed here, so this was not tested"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def needs(tool: str, *places: str) -> Path:
    """The path of an executable, looked for on PATH and then in `places` (glob patterns below `/`); see `missing`."""
    found = shutil.which(tool)
    if found is not None:
        return Path(found)
    for place in places:
        for path in sorted(Path("/").glob(f"{place}/{tool}"), reverse=True):
            return path
    missing(tool)
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a database server that lives as long as the session; it holds one empty database, `postgres`."""
    binaries = needs("initdb", "usr/lib/postgresql/*/bin").parent
    # PostgreSQL refuses to run as root, and its socket's path must be short.
    become = [str(needs("runuser", "usr/sbin", "sbin")), "-u", "postgres", "--"] if os.geteuid() == 0 else []
    directory = Path(tempfile.mkdtemp(prefix="terrareg-pg-", dir="/tmp"))
    if become:
        shutil.chown(directory, "postgres")
    data = directory / "data"
    port = _free_port()
    server = [*become, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", str(_SECONDS), "-l", f"{directory}/log"]
    try:
        _run([*become, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-N", "-U", "postgres", "-E", "UTF8"])
        _run([*server, "-o", f"-p {port} -k {directory} -c fsync=off -c listen_addresses=127.0.0.1", "start"])
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run([*server, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    """An engine whose database is at the newest revision; tests that want it empty ask for `postgresql`."""
    engine = open_engine(postgresql_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(postgresql_engine: Engine) -> Engine:
    """A PostgreSQL database at the newest revision that holds nothing; ids begin at 1."""
    empty(postgresql_engine)
    return postgresql_engine


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database at the newest revision that holds nothing, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """An SQLite database at the newest revision that holds nothing, in a file of its own."""
    path = tmp_path / "terrareg.db"
    shutil.copyfile(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def openid_process() -> Iterator[OpenIdProvider]:
    """An OpenID Connect provider that lives as long as the session; tests ask for `openid_provider`."""
    with running_openid_provider() as provider:
        yield provider


@pytest.fixture
def openid_provider(openid_process: OpenIdProvider) -> OpenIdProvider:
    """An OpenID Connect provider that behaves well; every test finds the same process, with its first users."""
    openid_process.behave()
    for user, claims in USERS.items():
        openid_process.change_user(user, claims)
    return openid_process


def empty(engine: Engine) -> None:
    """Delete everything that a database holds but its schema."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            tables = ", ".join(metadata.tables)
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        else:
            connection.execute(metadata.tables["module_provider"].update().values(latest_version_id=None))
            for table in _children_first():
                connection.execute(metadata.tables[table].delete())


def _children_first() -> tuple[str, ...]:
    # The circle of latest versions keeps SQLAlchemy from sorting the tables without a warning.
    return (
        *("audit_event", "download", "module_part", "example_file", "module_version_file", "module_search"),
        *("module_version", "module_provider_redirect", "module_provider", "git_provider", "namespace_redirect"),
        "namespace",
        # Permissions and limits of tokens go with their parents.
        *("user_group", "session", "sign_in_attempt", "used_assertion", "access_token"),
        *("terraform_code", "terraform_token", "failure"),
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=2 * _SECONDS, check=False, cwd="/tmp")
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
