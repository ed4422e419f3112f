"""`terrareg serve`: first start, secrets, signals, TLS, and what stops it from starting."""

import json
import signal
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from terrareg_http.bootstrap import warn_of_risks
from terrareg_http.settings import Settings
from tests.integration.cli.command import SECONDS, RunningServer, running, terrareg

SECRETS = Path("data") / "terrareg.secrets.json"


def stop(server: RunningServer, number: signal.Signals) -> tuple[int, str]:
    """The exit code of a server that gets a signal, and what it wrote to standard error."""
    assert httpx.get(f"{server.url}/v1/terrareg/health", trust_env=False, timeout=SECONDS).status_code == 200
    server.process.send_signal(number)
    _, errors = server.process.communicate(timeout=SECONDS)
    return server.process.returncode, errors


def test_a_first_start_needs_no_configuration_and_says_what_to_do_next(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        answer = httpx.get(f"{server.url}/v1/terrareg/health", trust_env=False, timeout=SECONDS)
        assert answer.json() == {"message": "Ok"}
        assert f"TERRAREG_TOKEN={server.admin_token} " in server.greeting
        assert "publish DIRECTORY NAMESPACE/NAME/PROVIDER 1.0.0" in server.greeting
        assert f"PUBLIC_URL={server.url}" in server.greeting
    assert (tmp_path / "data" / "terrareg.db").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert stop(server, number) == (0, "")


def test_generated_secrets_are_private_and_the_same_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        token = first.admin_token
    kept = (tmp_path / SECRETS).read_bytes()
    assert stat.S_IMODE((tmp_path / SECRETS).stat().st_mode) == 0o600
    with running(tmp_path) as second:
        assert second.admin_token == token
    assert (tmp_path / SECRETS).read_bytes() == kept


@pytest.mark.parametrize("configured", ["chosen", ""])
def test_a_configured_admin_token_is_not_printed_and_none_is_generated(configured: str, tmp_path: Path) -> None:
    with running(tmp_path, ADMIN_AUTHENTICATION_TOKEN=configured) as server:
        assert "admin token" not in server.greeting
        assert "chosen" not in server.greeting
    assert b"admin" not in (tmp_path / SECRETS).read_bytes()


def test_a_busy_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        result = terrareg("serve", "--port", str(port), cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"terrareg: Can't listen on 127.0.0.1 port {port} (")
    assert "--port" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_port_of_the_settings_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        result = terrareg("serve", cwd=tmp_path, LISTEN_PORT=str(port))
    assert f"port {port} " in result.stderr


def test_a_host_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    result = terrareg("serve", "--host", "no such host", "--port", "0", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1


def test_several_workers_share_port_and_secrets(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as server:
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport, timeout=SECONDS) as client:
            assert client.get(f"{server.url}/v1/terrareg/health").status_code == 200
        server.process.send_signal(signal.SIGINT)
        _, errors = server.process.communicate(timeout=SECONDS)
        assert (server.process.returncode, errors) == (0, "")


def test_a_certificate_makes_it_serve_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with running(tmp_path, SSL_CERT_PRIVATE_KEY="key.pem", SSL_CERT_PUBLIC_KEY="cert.pem") as server:
        assert server.url.startswith("https://")
        answer = httpx.get(f"{server.url}/v1/terrareg/health", verify=trusted, trust_env=False, timeout=SECONDS)
        assert answer.status_code == 200


@pytest.mark.parametrize("content", [None, b"no key"])
def test_a_key_that_cannot_be_used_stops_the_start_with_its_name(content: bytes | None, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "cert.pem")
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    result = terrareg(
        "serve", "--port", "0", cwd=tmp_path, SSL_CERT_PRIVATE_KEY="key.pem", SSL_CERT_PUBLIC_KEY="cert.pem"
    )
    assert result.returncode == 2
    assert result.stderr.startswith("terrareg: SSL_CERT_PRIVATE_KEY must ")
    assert result.stderr.count("\n") == 1


def test_risks_are_told_at_start(tmp_path: Path) -> None:
    variables: dict[str, Any] = {
        "ALLOW_UNAUTHENTICATED_PUBLISHING": "true",
        "ALLOW_UNAUTHENTICATED_WEBHOOKS": "true",
        "DELETE_EXTERNALLY_HOSTED_ARTIFACTS": "true",
        "ALLOW_MODULE_HOSTING": "enforce",
        "PUBLIC_URL": "registry.example.com",
    }
    with running(tmp_path, **variables) as server:
        code, errors = stop(server, signal.SIGINT)
    assert code == 0
    assert "ALLOW_UNAUTHENTICATED_PUBLISHING is true" in errors
    assert "ALLOW_UNAUTHENTICATED_WEBHOOKS is true" in errors
    assert "DELETE_EXTERNALLY_HOSTED_ARTIFACTS has no effect" in errors
    assert "PUBLIC_URL is ignored" in errors


def test_a_damaged_secret_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / SECRETS).write_text("{")
    result = terrareg("serve", "--port", "0", cwd=tmp_path)
    assert result.returncode == 1
    assert SECRETS.name in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_data_directory_without_rights_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "archives").write_text("in the way")
    result = terrareg("serve", "--port", "0", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1


# --- server databases ---


def test_a_server_database_is_never_upgraded_by_starting(postgresql_url: str, tmp_path: Path) -> None:
    empty = _new_database(postgresql_url, "cli_empty")
    refused = terrareg("serve", "--port", "0", cwd=tmp_path, DATABASE_URL=empty, SECRET_KEY="key")
    assert refused.returncode == 1
    assert "`terrareg db upgrade`" in refused.stderr
    assert terrareg("db", "upgrade", cwd=tmp_path, DATABASE_URL=empty).returncode == 0
    with running(tmp_path, DATABASE_URL=empty, SECRET_KEY="key") as server:
        assert "admin token" not in server.greeting
        assert stop(server, signal.SIGINT) == (0, "")
    assert not (tmp_path / SECRETS).exists()


def test_a_registry_on_a_server_database_needs_its_secrets_configured(postgresql_url: str, tmp_path: Path) -> None:
    url = _new_database(postgresql_url, "cli_closed")
    assert terrareg("db", "upgrade", cwd=tmp_path, DATABASE_URL=url).returncode == 0
    settings = {"DATABASE_URL": url, "ALLOW_UNAUTHENTICATED_ACCESS": "false"}
    for missing, given in (("SECRET_KEY", {}), ("TERRAFORM_PRESIGNED_URL_SECRET", {"SECRET_KEY": "key"})):
        result = terrareg("serve", "--port", "0", cwd=tmp_path, **settings, **given)
        assert result.returncode == 2
        assert f"terrareg: {missing} must be set" in result.stderr


def _new_database(server_url: str, name: str) -> str:
    from sqlalchemy import create_engine, text

    engine = create_engine(server_url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server_url.rsplit('/', 1)[0]}/{name}"


_OPENID = {
    "OPENID_CONNECT_CLIENT_ID": "id",
    "OPENID_CONNECT_CLIENT_SECRET": "secret",
    "OPENID_CONNECT_ISSUER": "https://id.example.com",
}
_SAFE = {**_OPENID, "PUBLIC_URL": "https://reg.example.com", "ENABLE_ACCESS_CONTROLS": "true"}
_GITHUB = {
    **dict.fromkeys(("client_id", "client_secret", "app_id", "private_key_path", "login_button_text"), "x"),
    "name": "GitHub",
    "type": "github",
    "base_url": "https://github.com",
    "api_url": "https://api.github.com",
}


@pytest.mark.parametrize(
    ("settings", "warnings"),
    [
        ({}, []),
        (_SAFE, []),
        (_OPENID, ["because PUBLIC_URL names no address"]),
        ({**_SAFE, "PUBLIC_URL": "http://reg.example.com"}, ["PUBLIC_URL is not https"]),
        ({**_SAFE, "ENABLE_ACCESS_CONTROLS": "false"}, ["everybody who signs in is a site admin"]),
        (
            {"PUBLIC_URL": "https://reg.example.com", "PROVIDER_SOURCES": json.dumps([_GITHUB])},
            ["everybody who signs in is a site admin", "Everybody with an account at https://github.com"],
        ),
    ],
)
def test_ways_to_sign_in_that_are_risky_or_lead_nowhere_are_warned_of(
    caplog: pytest.LogCaptureFixture, settings: dict[str, str], warnings: list[str]
) -> None:
    warn_of_risks(Settings.from_environment(settings))
    assert len(caplog.messages) == len(warnings)
    assert all(warning in message for warning, message in zip(warnings, caplog.messages, strict=True))
