"""The command's help, exit codes and the sub-commands that need no server."""

import json
import re
import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest

from terrareg_http.cli.config import reference
from tests.integration.cli.command import terrareg


def test_without_arguments_the_help_is_shown_and_the_exit_code_is_that_of_wrong_usage(tmp_path: Path) -> None:
    result = terrareg(cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "serve" in result.stderr


def test_the_help_tells_the_commands_and_the_exit_codes(tmp_path: Path) -> None:
    result = terrareg("--help", cwd=tmp_path)
    assert result.returncode == 0
    for word in ("serve", "publish", "login", "logout", "reindex", "db", "config", "openapi", "version", "exit codes"):
        assert word in result.stdout


@pytest.mark.parametrize(
    "command", ["serve", "publish", "login", "logout", "reindex", "db", "config", "openapi", "version"]
)
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    result = terrareg(command, "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert f"terrareg {command}" in result.stdout


@pytest.mark.parametrize("arguments", [["fly"], ["serve", "--port", "70000"], ["serve", "--workers", "0"], ["db"]])
def test_wrong_usage_ends_with_two_and_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    result = terrareg(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "error:" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    result = terrareg("version", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, f"{version('terrareg')}\n")


def test_the_openapi_document_is_json(tmp_path: Path) -> None:
    result = terrareg("openapi", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["openapi"].startswith("3.")
    assert document["paths"]


# --- config ---


def test_the_configuration_is_shown_with_its_secrets_masked(tmp_path: Path) -> None:
    result = terrareg(
        "config",
        cwd=tmp_path,
        ADMIN_AUTHENTICATION_TOKEN="hunter2",
        UPLOAD_API_KEYS="hunter3,hunter4",
        ANALYTICS_AUTH_KEYS="hunter5:prod",
        DATABASE_URL="postgresql://me:hunter6@db/terrareg",
        LISTEN_PORT="8080",
    )
    assert result.returncode == 0
    assert "hunter" not in result.stdout + result.stderr
    assert "LISTEN_PORT=8080" in result.stdout
    assert "ADMIN_AUTHENTICATION_TOKEN='********'" in result.stdout
    assert "postgresql://me:********@db/terrareg" in result.stdout


def test_a_setting_that_cannot_be_used_ends_with_two_and_one_sentence_that_names_it(tmp_path: Path) -> None:
    result = terrareg("config", cwd=tmp_path, DISABLE_ANALYTICS="perhaps")
    assert result.returncode == 2
    assert re.fullmatch(r"terrareg: DISABLE_ANALYTICS must be true or false.*\n", result.stderr)


def test_the_reference_in_the_repository_is_the_one_the_command_prints(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "settings.md"
    result = terrareg("config", "--markdown", cwd=tmp_path)
    assert result.stdout == f"{reference()}\n" == page.read_text("utf-8")


# --- db ---


def test_an_empty_database_is_told_so_until_it_is_upgraded(tmp_path: Path) -> None:
    before = terrareg("db", "status", cwd=tmp_path)
    assert before.returncode == 1
    assert "`terrareg db upgrade`" in before.stdout
    upgraded = terrareg("db", "upgrade", cwd=tmp_path)
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    after = terrareg("db", "status", cwd=tmp_path)
    assert after.returncode == 0
    assert "up to date" in after.stdout
    assert (tmp_path / "data" / "terrareg.db").exists()


def test_the_database_that_is_configured_is_upgraded(tmp_path: Path) -> None:
    result = terrareg("db", "upgrade", cwd=tmp_path, DATABASE_URL="sqlite:///here/mine.db")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "here" / "mine.db").exists()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/d", "sqlite://", "://", "oracle"])
def test_a_database_url_that_cannot_be_used_is_refused_without_repeating_it(url: str, tmp_path: Path) -> None:
    result = terrareg("db", "status", cwd=tmp_path, DATABASE_URL=url)
    assert result.returncode == 2
    assert result.stderr.startswith("terrareg: DATABASE_URL ")
    assert "hunter2" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    result = terrareg("db", "status", cwd=tmp_path, DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/d")
    assert result.returncode == 1
    assert "hunter2" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_data_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    result = terrareg("db", "upgrade", cwd=tmp_path)
    assert result.returncode == 1
    assert "DATA_DIRECTORY" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "terrareg.db").write_bytes(b"not a database at all" * 100)
    result = terrareg("db", "status", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    assert terrareg("db", "upgrade", cwd=tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "terrareg.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    for arguments in (["db", "status"], ["db", "upgrade"]):
        result = terrareg(*arguments, cwd=tmp_path)
        assert result.returncode == 1
        assert "newer version" in result.stdout
    served = terrareg("serve", "--port", "0", cwd=tmp_path)
    assert served.returncode == 1
    assert "newer version" in served.stderr
