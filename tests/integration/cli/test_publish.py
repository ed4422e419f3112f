"""`terrareg publish` against a real server, and the block that it prints."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.analytics.tokens import split_analytics_token
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.versions import Version
from terrareg_http.cli.publish import consumer_of, module_block
from tests.integration.cli.command import FILE_SECONDS, SECONDS, RunningServer, environment, running, terrareg
from tests.integration.conftest import needs

ADDRESS = "acme/vpc/aws"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("registry"), seconds=FILE_SECONDS, UPLOAD_API_KEYS="upload-key") as server:
        yield server


@pytest.fixture
def module(tmp_path: Path) -> Path:
    directory = tmp_path / "my vpc"
    directory.mkdir()
    (directory / "main.tf").write_text('variable "cidr" {\n  type = string\n  default = "10.0.0.0/8"\n}\n')
    (directory / "README.md").write_text("# Network\n\nMakes a network.\n")
    (directory / "secret.txt").write_text("not for others")
    (directory / ".tfignore").write_text("secret.txt\n")
    return directory


def publish(
    module: Path, server: RunningServer, version: str, *more: str, token: str
) -> "subprocess.CompletedProcess[str]":
    return terrareg(
        "publish", str(module), ADDRESS, version, "--url", server.url, *more, cwd=module, TERRAREG_TOKEN=token
    )


def versions(server: RunningServer, address: str = ADDRESS) -> set[str]:
    answer = httpx.get(f"{server.url}/v1/modules/{address}/versions", trust_env=False, timeout=SECONDS)
    if answer.status_code == 404:
        return set()
    return {item["version"] for item in answer.json()["modules"][0]["versions"]}


def test_a_published_directory_is_listed_and_the_block_is_all_that_is_printed(
    server: RunningServer, module: Path
) -> None:
    result = publish(module, server, "1.0.0", token=server.admin_token)
    assert result.returncode == 0, result.stderr
    assert "1.0.0" in versions(server)
    assert result.stdout == f'module "vpc" {{\n  source = "{server.url}/modules/my-vpc__{ADDRESS}/1.0.0"\n}}\n'
    assert "terraform init" in result.stderr


def test_terraform_installs_what_was_published_with_the_block_as_printed(module: Path, tmp_path: Path) -> None:
    terraform = needs("terraform")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with running(tmp_path, "--port", port, PUBLIC_URL=f"http://127.0.0.1:{port}") as server:
        result = publish(module, server, "1.0.0", token=server.admin_token)
        consumer = tmp_path / "consumer"
        consumer.mkdir()
        (consumer / "main.tf").write_text(result.stdout)
        init = subprocess.run(
            [terraform, "init", "-no-color"],
            cwd=consumer,
            env=environment({"CHECKPOINT_DISABLE": "1"}),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert init.returncode == 0, init.stdout + init.stderr
    installed = consumer / ".terraform" / "modules" / "vpc"
    assert {path.name for path in installed.iterdir()} == {"main.tf", "README.md"}


def test_an_upload_key_publishes_where_the_registry_does_so_by_itself(server: RunningServer, module: Path) -> None:
    result = publish(module, server, "1.1.0", token="upload-key")
    assert result.returncode == 0, result.stderr
    assert "1.1.0" in versions(server)
    assert "hidden" not in result.stderr


def test_versions_are_published_where_the_registry_does_not_do_so_by_itself(module: Path, tmp_path: Path) -> None:
    with running(tmp_path, AUTO_PUBLISH_MODULE_VERSIONS="false", UPLOAD_API_KEYS="upload-key") as server:
        assert publish(module, server, "1.0.0", token=server.admin_token).returncode == 0
        hidden = publish(module, server, "2.0.0", token="upload-key")
        assert versions(server) == {"1.0.0"}
    assert hidden.returncode == 0
    assert "stays hidden until" in hidden.stderr


@pytest.mark.parametrize("token", ["wrong", "", "wr\u00f6ng"])
def test_a_wrong_token_is_refused_with_what_to_do(token: str, server: RunningServer, module: Path) -> None:
    result = publish(module, server, "3.0.0", token=token)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "TERRAREG_TOKEN" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "3.0.0" not in versions(server)


def test_a_token_with_a_line_break_is_not_sent(server: RunningServer, module: Path) -> None:
    result = publish(module, server, "3.0.0", token="a\nX-Evil: 1")
    assert result.returncode == 1
    assert "control character" in result.stderr


def test_what_the_registry_refuses_is_shown_as_its_sentence(server: RunningServer, module: Path) -> None:
    (module / "main.tf").write_text('variable "x" {\n')
    result = publish(module, server, "4.0.0", token=server.admin_token)
    assert result.returncode == 1
    assert result.stderr.startswith("terrareg: The registry refused: ")
    assert "main.tf" in result.stderr


def test_a_link_that_leads_out_is_refused_before_anything_is_sent(server: RunningServer, module: Path) -> None:
    (module / "passwords").symlink_to("/etc/passwd")
    result = publish(module, server, "4.0.0", token=server.admin_token)
    assert result.returncode == 1
    assert "passwords" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unreachable_server_says_how_to_start_one(module: Path) -> None:
    result = terrareg("publish", ".", ADDRESS, "1.0.0", "--url", "http://127.0.0.1:1", cwd=module)
    assert result.returncode == 1
    assert "`terrareg serve`" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"SSH-2.0-x\r\n", b"\x00" * 9]
)
def test_a_server_that_is_no_registry_is_one_sentence(answer: bytes, module: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(SECONDS)
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=talk)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = terrareg("publish", ".", ADDRESS, "1.0.0", "--url", url, cwd=module)
        thread.join(SECONDS)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1


def test_a_directory_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    result = terrareg("publish", "nowhere", ADDRESS, "1.0.0", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("terrareg: nowhere is no directory")


@pytest.mark.parametrize(
    "arguments",
    [
        [".", "acme/vpc", "1.0.0"],
        [".", "token__acme/vpc/aws", "1.0.0"],
        [".", ADDRESS, "1.0"],
        [".", ADDRESS, "latest"],
        [".", ADDRESS, "1.0.0", "--url", "registry.example.com"],
        [".", ADDRESS, "1.0.0", "--url", "https://user:pw@registry.example.com"],
        [".", ADDRESS, "1.0.0", "--consumer", "my-tf-application"],
        [".", ADDRESS, "1.0.0", "--consumer", "a__b"],
        [".", ADDRESS, "1.0.0", "--consumer", "team_"],
        [".", ADDRESS, "1.0.0", "--consumer", "-team"],
    ],
)
def test_arguments_that_cannot_be_right_are_wrong_usage(arguments: list[str], module: Path) -> None:
    result = terrareg("publish", *arguments, cwd=module)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_url_in_the_environment_that_is_none_names_the_variable(module: Path) -> None:
    result = terrareg("publish", ".", ADDRESS, "1.0.0", cwd=module, TERRAREG_URL="registry")
    assert result.returncode == 2
    assert result.stderr.startswith("terrareg: TERRAREG_URL must be a URL")


def test_a_chosen_consumer_that_leaves_no_room_is_refused_before_anything_is_sent(module: Path) -> None:
    result = terrareg("publish", ".", ADDRESS, "1.0.0", "--consumer", "c" * 59, cwd=module)
    assert result.returncode == 1
    assert "choose a shorter name" in result.stderr


# --- the block ---


def test_over_http_the_block_names_the_modules_own_url() -> None:
    block = module_block(httpx.URL("http://h.test:5000"), ModuleProviderId.parse(ADDRESS), Version.parse("1.0.0"), "me")
    assert block == 'module "vpc" {\n  source = "http://h.test:5000/modules/me__acme/vpc/aws/1.0.0"\n}'


@pytest.mark.parametrize(("url", "host"), [("https://h.test", "h.test"), ("https://h.test:8443", "h.test:8443")])
def test_over_https_the_block_uses_the_registry_protocol(url: str, host: str) -> None:
    block = module_block(httpx.URL(url), ModuleProviderId.parse(ADDRESS), Version.parse("1.0.0-rc1"), "me")
    assert block == f'module "vpc" {{\n  source  = "{host}/me__acme/vpc/aws"\n  version = "1.0.0-rc1"\n}}'


def test_a_module_whose_name_begins_with_a_digit_gets_a_label_that_terraform_takes() -> None:
    address = ModuleProviderId.parse("acme/3tier/aws")
    assert module_block(httpx.URL("https://h.test"), address, Version.parse("1.0.0"), "me").startswith(
        'module "_3tier"'
    )


@given(st.text() | st.sampled_from(["", "__", "..", "my-tf-application", "a__b", "_x_", "vpc"]), st.integers(1, 64))
def test_any_directory_name_gives_a_token_that_registry_and_terraform_take(name: str, room: int) -> None:
    token = consumer_of(name, room)
    assert re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_-]*", token)
    assert len(token) <= room
    assert token != "my-tf-application"
    assert split_analytics_token(f"{token}__acme") == ("acme", split_analytics_token(f"{token}__acme")[1])
    assert split_analytics_token(f"{token}__acme")[1] is not None


def test_interrupting_is_no_traceback(module: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        process = subprocess.Popen(
            [sys.executable, "-m", "terrareg_http", "publish", ".", ADDRESS, "1.0.0"],
            cwd=module,
            env=environment({"TERRAREG_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}),
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = listener.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert errors == "terrareg: interrupted\n"
