"""`terrareg reindex`: what it indexes again, what it says, and what an interruption leaves."""

import io
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from terrareg_adapters.assembly import RegistryOptions, open_registry
from terrareg_adapters.database.mutex import FileMutex
from terrareg_core.modules.model import EXTRACTION_VERSION
from tests.integration.cli.command import SECONDS, environment, running, terrareg
from tests.integration.http.serving import module_zip
from tests.integration.outdated import MODULE, make_outdated, rows, upload

OLD = (1, "Old", 0)
NEW = (EXTRACTION_VERSION, "New", 1)


def states(directory: Path) -> dict[str, tuple[int, str, int]]:
    """What the database below `directory` tells of each version."""
    return {version: (made_by, text, parts) for version, made_by, text, parts in rows(directory / "data")}


def test_without_arguments_what_is_outdated_is_indexed_again(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", ["1.0.0", "1.1.0"])
    result = terrareg("reindex", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "Indexed 2 versions again.\n", "")
    assert states(tmp_path) == {"1.0.0": NEW, "1.1.0": NEW}
    again = terrareg("reindex", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "There is nothing to index again.\n")
    everything = terrareg("reindex", "--all", cwd=tmp_path)
    assert (everything.returncode, everything.stdout) == (0, "Indexed 2 versions again.\n")


def test_one_version_or_one_module_provider_can_be_named(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", ["1.0.0", "1.1.0"])
    one = terrareg("reindex", f"{MODULE}/1.1.0", cwd=tmp_path)
    assert (one.returncode, one.stdout) == (0, "Indexed 1 version again.\n")
    assert states(tmp_path) == {"1.0.0": OLD, "1.1.0": NEW}
    both = terrareg("reindex", MODULE, cwd=tmp_path)
    assert (both.returncode, both.stdout) == (0, "Indexed 2 versions again.\n")
    assert states(tmp_path) == {"1.0.0": NEW, "1.1.0": NEW}


def test_what_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", ["1.0.0"])
    result = terrareg("reindex", f"{MODULE}/2.0.0", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "terrareg: Module version does not exist\n"


@pytest.mark.parametrize("arguments", [["acme/vpc"], [f"{MODULE}/one"], [f"{MODULE}/1.0.0/x"], ["--all", MODULE], [""]])
def test_what_can_not_be_meant_is_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    result = terrareg("reindex", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_version_that_can_not_be_read_is_named_and_the_others_are_done(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", ["1.0.0", "1.1.0"])
    with closing(sqlite3.connect(tmp_path / "data" / "terrareg.db")) as database:
        [[key]] = database.execute("SELECT zip_key FROM module_version WHERE version = '1.0.0'").fetchall()
    (tmp_path / "data" / "archives" / key).write_bytes(b"PK\3\4 and nothing else")
    result = terrareg("reindex", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "Indexed 1 version again, 1 failed.\n")
    assert result.stderr.startswith(f"{MODULE} 1.0.0 failed: ")
    assert result.stderr.count("\n") == 1
    assert states(tmp_path) == {"1.0.0": OLD, "1.1.0": NEW}


def test_examples_that_the_archive_leaves_out_come_back(tmp_path: Path) -> None:
    archive = io.BytesIO(module_zip(description="New"))
    with zipfile.ZipFile(archive, "a") as members:
        members.writestr(".tfignore", "examples\n")
        members.writestr("examples/one/main.tf", 'output "x" {\n  value = 1\n}\n')
    make_outdated(tmp_path / "data", ["1.0.0"], archive.getvalue())
    assert terrareg("reindex", cwd=tmp_path).returncode == 0
    assert states(tmp_path) == {"1.0.0": (EXTRACTION_VERSION, "New", 2)}


def test_while_another_process_is_at_it_the_command_says_so(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", ["1.0.0"])
    with FileMutex(tmp_path / "data" / "terrareg.db.reindexing.lock").hold() as held:
        assert held
        result = terrareg("reindex", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "terrareg: Versions are being indexed again already; wait until that is done\n"
    assert states(tmp_path) == {"1.0.0": OLD}


def test_an_interruption_leaves_every_version_whole_and_the_next_call_goes_on(tmp_path: Path) -> None:
    versions = [f"1.{number}.0" for number in range(120)]
    make_outdated(tmp_path / "data", versions)
    with subprocess.Popen(
        [sys.executable, "-m", "terrareg_http", "reindex"],
        cwd=tmp_path,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + SECONDS
        while states(tmp_path)["1.0.0"] == OLD:
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert errors.startswith("terrareg: interrupted after ")
    left = states(tmp_path)
    assert set(left.values()) == {OLD, NEW}
    assert terrareg("reindex", cwd=tmp_path).returncode == 0
    assert set(states(tmp_path).values()) == {NEW}


def test_a_server_brings_outdated_versions_up_to_date_while_it_serves(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", ["1.0.0", "1.1.0"])
    with running(tmp_path):
        deadline = time.monotonic() + SECONDS
        while set(states(tmp_path).values()) != {NEW}:
            assert time.monotonic() < deadline


def test_a_server_that_is_ended_leaves_the_rest_to_the_next_start(tmp_path: Path) -> None:
    make_outdated(tmp_path / "data", [f"1.{number}.0" for number in range(40)])
    with running(tmp_path) as server:
        deadline = time.monotonic() + SECONDS
        while NEW not in states(tmp_path).values():
            assert time.monotonic() < deadline
        server.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        _, errors = server.process.communicate(timeout=SECONDS)
        assert (server.process.returncode, errors) == (0, "")
        assert time.monotonic() - started < 20
    assert set(states(tmp_path).values()) == {OLD, NEW}
    assert terrareg("reindex", cwd=tmp_path).returncode == 0
    assert set(states(tmp_path).values()) == {NEW}


def test_versions_in_a_server_database_are_indexed_again_too(
    tmp_path: Path, postgresql: Engine, postgresql_url: str
) -> None:
    options = RegistryOptions(data_directory=tmp_path / "data", database_url=postgresql_url)
    with open_registry(options) as registry:
        upload(registry, ["1.0.0", "1.1.0"])
    with postgresql.begin() as connection:
        connection.execute(text("UPDATE module_version SET extraction_version = NULL, description = 'Old'"))
    result = terrareg("reindex", cwd=tmp_path, DATABASE_URL=postgresql_url, SECRET_KEY="key")
    assert (result.returncode, result.stdout, result.stderr) == (0, "Indexed 2 versions again.\n", "")
    with postgresql.connect() as connection:
        found = connection.execute(text("SELECT extraction_version, description FROM module_version"))
        assert set(map(tuple, found)) == {(EXTRACTION_VERSION, "New")}
