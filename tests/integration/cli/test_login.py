"""`terrareg login` and `terrareg logout` against a real server, and where `publish` and `import` find a credential."""

import json
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, TERRAFORM_TOKEN_PREFIX, is_token, new_token
from terrareg_http.cli.credentials import CredentialFile, KeptCredential
from terrareg_http.cli.outcome import CommandFailed
from terrareg_http.cli.terraform_credentials import TerraformCredentials
from tests.integration.cli.command import FILE_SECONDS, SECONDS, RunningServer, environment, running, terrareg
from tests.integration.git.repositories import Repository
from tests.integration.terminal import Terminal

ADDRESS = "acme/vpc/aws"
TOKENS = "/v1/terrareg/tokens"
SOME_TOKEN = new_token(ACCESS_TOKEN_PREFIX, bytes(32))
OTHER_TOKEN = new_token(ACCESS_TOKEN_PREFIX, b"\1" * 32)
INTERRUPT = "\x03"
END_OF_INPUT = "\x04"


@attrs.frozen
class Setting:
    """A server, and somebody with a home directory and a module of their own."""

    server: RunningServer
    home: Path
    module: Path

    @property
    def file(self) -> Path:
        """Where credentials are kept."""
        return self.home / ".config" / "terrareg" / "credentials.json"

    def run(self, *arguments: str, given: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        """What the command did, run by this somebody."""
        return terrareg(*arguments, cwd=self.home, given=given, **{"HOME": str(self.home), **variables})

    def login(self, token: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return self.run("login", self.server.url, *arguments, given=f"{token}\n", **variables)

    def publish(self, version: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return self.run(
            "publish", str(self.module), ADDRESS, version, "--url", self.server.url, *arguments, **variables
        )

    def kept(self) -> dict[str, Any]:
        """What is kept for the server."""
        document = json.loads(self.file.read_text())
        assert document.keys() == {"registries"}
        kept: dict[str, Any] = document["registries"][self.server.url]
        return kept

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As the admin."""
        headers = {"X-Terrareg-ApiKey": self.server.admin_token}
        return httpx.request(
            method, f"{self.server.url}{path}", headers=headers, trust_env=False, timeout=SECONDS, **options
        )

    def access_token(self, **wanted: object) -> str:
        """A new access token, for uploads unless `wanted` says otherwise."""
        answer = self.ask("POST", TOKENS, json={"name": "ci", "scopes": ["upload", "publish"], **wanted})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def tokens(self) -> dict[str, dict[str, Any]]:
        """The access tokens that the registry has, by id."""
        return {token["id"]: token for token in self.ask("GET", TOKENS).json()["tokens"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One that has a git repository for `acme/net/aws`."""
    directory = tmp_path_factory.mktemp("registry")
    url = f"file://{directory}/git/{{namespace}}/{{module}}"
    entry = {"name": "Local", "base_url": url, "clone_url": url, "browse_url": f"{url}/{{tag}}/{{path}}"}
    repository = Repository.make(directory / "git" / "acme" / "net")
    repository.tag_files("v1.0.0", {"main.tf": 'variable "cidr" {\n  type = string\n}\n'})
    keys = {"UPLOAD_API_KEYS": "upload-key", "PUBLISH_API_KEYS": "publish-key", "AUTH_FAILURES_PER_MINUTE": "0"}
    with running(directory, seconds=FILE_SECONDS, GIT_PROVIDER_CONFIG=json.dumps([entry]), **keys) as server:
        yield server


@pytest.fixture
def setting(server: RunningServer, tmp_path: Path) -> Setting:
    home, module = tmp_path / "home", tmp_path / "vpc"
    home.mkdir()
    module.mkdir()
    (module / "main.tf").write_text('variable "cidr" {\n  type = string\n}\n')
    return Setting(server, home, module)


# --- login -----------------------------------------------------------------------------------------------------------


def test_the_admin_token_makes_an_access_token_and_only_that_is_kept(setting: Setting) -> None:
    before = datetime.now(UTC)
    result = setting.login(setting.server.admin_token)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    kept = setting.kept()
    made = setting.tokens()[kept["token_id"]]
    assert is_token(kept["token"], ACCESS_TOKEN_PREFIX)
    assert made["name"] == f"terrareg on {socket.gethostname()}"
    assert set(made["scopes"]) == {"read", "terraform", "upload", "publish"}
    assert made["namespaces"] is None
    assert made["expires_at"] == kept["expires_at"]
    lasts = datetime.fromisoformat(made["expires_at"]).replace(tzinfo=UTC) - before
    assert timedelta(days=89, hours=23) < lasts < timedelta(days=90, hours=1)
    everything = "".join(path.read_text() for path in setting.home.rglob("*") if path.is_file())
    assert setting.server.admin_token not in everything + result.stderr
    assert kept["token"] not in result.stderr
    assert made["expires_at"].partition("T")[0] in result.stderr
    assert setting.publish("1.0.0").returncode == 0


def test_the_days_that_the_access_token_lasts_can_be_chosen(setting: Setting) -> None:
    assert setting.login(setting.server.admin_token, "--days", "1").returncode == 0
    lasts = datetime.fromisoformat(setting.kept()["expires_at"]).replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(hours=23) < lasts < timedelta(hours=25)


def test_an_access_token_is_kept_as_it_is(setting: Setting) -> None:
    token, before = setting.access_token(), setting.tokens().keys()
    result = setting.login(f"  {token} ")
    assert result.returncode == 0, result.stderr
    assert setting.kept() == {"token": token, "token_id": None, "expires_at": None}
    assert setting.tokens().keys() == before
    assert setting.publish("2.0.0").returncode == 0


@pytest.mark.parametrize("key", ["upload-key", "publish-key"])
def test_a_key_is_kept_as_it_is(setting: Setting, key: str) -> None:
    assert setting.login(key).returncode == 0
    assert setting.kept()["token"] == key


@pytest.mark.parametrize("token", ["wrong", SOME_TOKEN, new_token(TERRAFORM_TOKEN_PREFIX, bytes(32)), "wr\u00f6ng"])
def test_a_token_that_the_registry_does_not_know_is_not_kept(setting: Setting, token: str) -> None:
    result = setting.login(token)
    assert result.returncode == 1
    assert "doesn't know this token" in result.stderr
    assert result.stderr.count("\n") == 1
    assert token not in result.stderr
    assert not setting.file.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "No token was given"),
        (" \n", "No token was given"),
        ("\nadmin\n", "No token was given"),
        ("x" * 5000, "too long"),
        ("a\x1bb\n", "control character"),
    ],
)
def test_what_can_be_no_token_is_one_sentence(setting: Setting, given: str, told: str) -> None:
    result = setting.run("login", setting.server.url, given=given)
    assert result.returncode == 1
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["registry.example.com"], ["https://a:b@registry.example.com"], ["http://h", "--days", "0"], ["http://h/x"]],
)
def test_arguments_that_cannot_be_right_are_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    result = terrareg("login", *arguments, cwd=tmp_path, HOME=str(tmp_path))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"authenticated": "yes"}', b'{"authenticated": true, "site_admin": 1}']
)
def test_a_server_that_is_no_registry_gets_nothing_kept(tmp_path: Path, body: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = terrareg("login", url, cwd=tmp_path, given="token\n", HOME=str(tmp_path))
        thread.join(SECONDS)
    assert result.returncode == 1
    assert "not as a registry does" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / ".config").exists()


def test_a_registry_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    result = terrareg("login", "http://127.0.0.1:1", cwd=tmp_path, given="token\n", HOME=str(tmp_path))
    assert result.returncode == 1
    assert "No registry answers" in result.stderr
    assert result.stderr.count("\n") == 1


# --- at a terminal ---------------------------------------------------------------------------------------------------


def _at_terminal(setting: Setting, **variables: str) -> Terminal:
    command = [sys.executable, "-m", "terrareg_http", "login", setting.server.url]
    return Terminal(command, environment({"HOME": str(setting.home), **variables}), setting.home)


def test_at_a_terminal_the_token_is_asked_for_and_not_shown(setting: Setting) -> None:
    with _at_terminal(setting) as terminal:
        terminal.read_until(r"Token for 127\.0\.0\.1:\d+: ")
        terminal.type("upload-key")
        assert terminal.wait() == 0, terminal.output
    assert "upload-key" not in terminal.output
    assert setting.kept()["token"] == "upload-key"


@pytest.mark.parametrize(("key", "told"), [(INTERRUPT, "interrupted"), (END_OF_INPUT, "No token was given")])
def test_at_a_terminal_one_can_change_ones_mind(setting: Setting, key: str, told: str) -> None:
    with _at_terminal(setting) as terminal:
        terminal.read_until(r"Token for 127\.0\.0\.1:\d+: ")
        terminal.press(key)
        assert terminal.wait() == 1
    assert told in terminal.output
    assert "Traceback" not in terminal.output
    assert not setting.file.exists()


# --- the file --------------------------------------------------------------------------------------------------------


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_the_file_whatever_the_mask(setting: Setting, mask: int) -> None:
    command = [sys.executable, "-m", "terrareg_http", "login", setting.server.url]
    subprocess.run(
        command,
        env=environment({"HOME": str(setting.home)}),
        input=b"upload-key\n",
        capture_output=True,
        check=True,
        timeout=SECONDS,
        umask=mask,
    )
    assert _mode(setting.file) == 0o600
    assert _mode(setting.file.parent) == _mode(setting.home / ".config") == 0o700
    assert {_mode(path) for path in setting.file.parent.iterdir()} == {0o600}


def test_rights_that_were_widened_are_taken_back(setting: Setting) -> None:
    setting.login("upload-key")
    setting.file.chmod(0o644)
    setting.file.parent.chmod(0o755)
    assert setting.publish("3.0.0").returncode == 0
    assert _mode(setting.file) == 0o600
    setting.file.chmod(0o644)
    setting.login("publish-key")
    assert (_mode(setting.file), _mode(setting.file.parent)) == (0o600, 0o700)


def test_the_file_is_where_the_configuration_of_programs_is_told_to_be(setting: Setting, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert setting.login("upload-key", XDG_CONFIG_HOME=str(elsewhere)).returncode == 0
    assert (elsewhere / "terrareg" / "credentials.json").is_file()
    assert not setting.file.exists()
    assert setting.publish("3.1.0", XDG_CONFIG_HOME=str(elsewhere)).returncode == 0
    # A relative path counts as none by the specification of these directories.
    assert setting.login("upload-key", XDG_CONFIG_HOME="relative").returncode == 0
    assert setting.file.is_file()


def test_each_registry_has_a_credential_of_its_own(setting: Setting) -> None:
    setting.login("upload-key")
    other = setting.server.url.replace("127.0.0.1", "localhost")
    assert setting.run("login", other, given="publish-key\n").returncode == 0
    kept = json.loads(setting.file.read_text())["registries"]
    assert {origin: fields["token"] for origin, fields in kept.items()} == {
        setting.server.url: "upload-key",
        other: "publish-key",
    }


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"registries": []}', b'{"registries": {"x": 5}}', b"\xff", b"[" * 100_000,
     b'{"registries": {"x": {"token": 5, "token_id": null, "expires_at": null}}}', b" " * (1 << 21)],
)  # fmt: skip
def test_a_damaged_file_is_told_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "credentials.json"
    path.write_bytes(content)
    with pytest.raises(CommandFailed, match="is damaged"):
        CredentialFile(path).find("x")
    with pytest.raises(CommandFailed, match="is damaged"):
        CredentialFile(path).keep("x", KeptCredential("y"))
    assert path.read_bytes() == content


def test_a_damaged_file_is_one_sentence_and_keeps_no_other_credential_from_being_used(setting: Setting) -> None:
    setting.file.parent.mkdir(parents=True)
    setting.file.write_text("{")
    for result in (setting.login("upload-key"), setting.publish("9.0.0")):
        assert result.returncode == 1
        assert f"{setting.file} is damaged" in result.stderr
        assert result.stderr.count("\n") == 1
    assert setting.publish("9.0.0", TERRAREG_TOKEN="upload-key").returncode == 0


def test_a_directory_that_cannot_be_made_is_one_sentence(setting: Setting) -> None:
    (setting.home / ".config").write_text("a file")
    result = setting.login("upload-key")
    assert result.returncode == 1
    assert str(setting.file) in result.stderr
    assert result.stderr.count("\n") == 1


def test_of_those_who_keep_something_at_once_nobody_loses_it(tmp_path: Path) -> None:
    path = tmp_path / "terrareg" / "credentials.json"

    def keep(number: int) -> None:
        CredentialFile(path).keep(f"https://{number}.test", KeptCredential(f"token {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(40)))
    file = CredentialFile(path)
    assert [file.find(f"https://{number}.test") for number in range(40)] == [
        KeptCredential(f"token {number}") for number in range(40)
    ]
    assert {entry.name for entry in path.parent.iterdir()} == {"credentials.json", "credentials.json.lock"}


# --- logout ----------------------------------------------------------------------------------------------------------


def test_logging_out_forgets_the_credential_and_deletes_the_access_token_that_was_made(setting: Setting) -> None:
    setting.login(setting.server.admin_token)
    token_id = setting.kept()["token_id"]
    result = setting.run("logout", setting.server.url, TERRAREG_TOKEN=setting.server.admin_token)
    assert result.returncode == 0, result.stderr
    assert token_id not in setting.tokens()
    assert setting.publish("4.0.0").returncode == 1
    again = setting.run("logout", setting.server.url, TERRAREG_TOKEN=setting.server.admin_token)
    assert again.returncode == 0
    assert "No credential was kept" in again.stderr


def test_an_access_token_that_is_gone_already_is_as_good_as_deleted(setting: Setting) -> None:
    setting.login(setting.server.admin_token)
    setting.ask("DELETE", f"{TOKENS}/{setting.kept()['token_id']}")
    result = setting.run("logout", setting.server.url, "--token", setting.server.admin_token)
    assert result.returncode == 0, result.stderr


def test_without_the_admin_token_it_is_told_which_access_token_stays(setting: Setting) -> None:
    setting.login(setting.server.admin_token)
    kept = setting.kept()
    result = setting.run("logout", setting.server.url)
    assert result.returncode == 0
    assert kept["token_id"] in result.stderr
    assert kept["expires_at"] in result.stderr
    assert kept["token_id"] in setting.tokens()
    assert kept["token"] not in setting.file.read_text()


def test_a_wrong_admin_token_is_told_and_the_credential_is_forgotten_all_the_same(setting: Setting) -> None:
    setting.login(setting.server.admin_token)
    kept = setting.kept()
    result = setting.run("logout", setting.server.url, "--token", "upload-key")
    assert result.returncode == 1
    assert kept["token_id"] in result.stderr
    assert "The registry refused" in result.stderr
    assert kept["token"] not in setting.file.read_text()


def test_a_credential_that_was_given_is_forgotten_and_nothing_is_deleted(setting: Setting) -> None:
    token = setting.access_token()
    before = setting.tokens().keys()
    setting.login(token)
    assert setting.run("logout", setting.server.url, TERRAREG_TOKEN=setting.server.admin_token).returncode == 0
    assert setting.tokens().keys() == before


def test_logging_out_where_nothing_is_kept_makes_no_file(setting: Setting) -> None:
    assert setting.run("logout", setting.server.url).returncode == 0
    assert list(setting.home.iterdir()) == []


# --- which credential is sent ----------------------------------------------------------------------------------------


def _tells_wrong(result: "subprocess.CompletedProcess[str]") -> bool:
    assert result.returncode == 1
    return "The registry refused" in result.stderr


def test_an_argument_beats_the_environment_which_beats_what_is_kept_which_beats_terraform(setting: Setting) -> None:
    terraform = setting.home / ".terraform.d" / "credentials.tfrc.json"
    terraform.parent.mkdir()
    terraform.write_text(_credentials({_host(setting): setting.access_token()}))
    assert setting.publish("5.0.0").returncode == 0
    setting.file.parent.mkdir(parents=True)
    wrong = {"token": "wrong", "token_id": None, "expires_at": None}
    setting.file.write_text(json.dumps({"registries": {setting.server.url: wrong}}))
    assert _tells_wrong(setting.publish("5.1.0"))
    assert setting.publish("5.1.0", TERRAREG_TOKEN="upload-key").returncode == 0
    assert _tells_wrong(setting.publish("5.2.0", "--token", "wrong", TERRAREG_TOKEN="upload-key"))
    assert setting.publish("5.2.0", "--token", "upload-key", TERRAREG_TOKEN="wrong").returncode == 0


def test_without_any_credential_it_is_told_how_to_log_in(setting: Setting) -> None:
    result = setting.publish("6.0.0")
    assert result.returncode == 1
    assert f"run `terrareg login {setting.server.url}`" in result.stderr
    assert "TERRAREG_TOKEN" in result.stderr
    assert result.stderr.count("\n") == 1


def test_imports_find_the_credential_as_well(setting: Setting) -> None:
    created = {"git_provider_id": 1, "git_tag_format": "v{version}"}
    assert setting.ask("POST", "/v1/terrareg/namespaces", json={"name": "acme"}).status_code in {200, 400}
    assert setting.ask("POST", "/v1/terrareg/modules/acme/net/aws/create", json=created).status_code == 200
    setting.login(setting.server.admin_token)
    for wanted in (["--tag", "v1.0.0"], ["--all-tags"]):
        result = setting.run("import", "acme/net/aws", *wanted, "--url", setting.server.url)
        assert result.returncode == 0, result.stderr


def test_terraforms_configuration_is_looked_into_too(setting: Setting) -> None:
    text = (
        f'plugin_cache_dir = "$HOME/x"\ncredentials "{_host(setting)}" {{\n  token = "{setting.access_token()}"\n}}\n'
    )
    (setting.home / "cli.tfrc").write_text(text)
    assert setting.publish("7.0.0", TF_CLI_CONFIG_FILE=str(setting.home / "cli.tfrc")).returncode == 0
    (setting.home / ".terraformrc").write_text(text)
    assert setting.publish("7.1.0").returncode == 0


def test_no_other_credential_of_terraforms_is_ever_sent(setting: Setting) -> None:
    terraform = setting.home / ".terraform.d" / "credentials.tfrc.json"
    terraform.parent.mkdir()
    terraform.write_text(_credentials({_host(setting): "upload-key"}))
    assert "need to authenticate" in setting.publish("8.0.0").stderr


def _host(setting: Setting) -> str:
    return setting.server.url.partition("://")[2]


def _credentials(tokens: Mapping[str, object]) -> str:
    return json.dumps({"credentials": {host: {"token": token} for host, token in tokens.items()}})


def _found(home: Path, url: str, **variables: str) -> str | None:
    return TerraformCredentials(variables, home).access_token(httpx.URL(url))


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("TF_TOKEN_reg_example_com", "https://reg.example.com"),
        ("TF_TOKEN_reg_example_com", "https://REG.example.com:443"),
        ("TF_TOKEN_REG_Example_com", "https://reg.example.com"),
        ("TF_TOKEN_my__reg_example_com", "https://my-reg.example.com"),
        ("TF_TOKEN_reg.example.com", "https://reg.example.com"),
        ("TF_TOKEN_my-reg_example_com", "https://my-reg.example.com"),
        ("TF_TOKEN_xn____mller__kva_example", "https://m\u00fcller.example"),
    ],
)
def test_variables_are_named_for_hosts_as_terraform_does(tmp_path: Path, variable: str, url: str) -> None:
    assert _found(tmp_path, url, **{variable: SOME_TOKEN}) == SOME_TOKEN


@pytest.mark.parametrize(
    "url",
    ["https://other.example.com", "https://reg.example.com:8443", "http://reg.example.com", "https://example.com"],
)
def test_a_token_is_not_given_to_another_host_or_port_or_in_clear(tmp_path: Path, url: str) -> None:
    credentials = tmp_path / ".terraform.d" / "credentials.tfrc.json"
    credentials.parent.mkdir()
    credentials.write_text(_credentials({"reg.example.com": SOME_TOKEN, "reg.example.com:80": SOME_TOKEN}))
    (tmp_path / ".terraformrc").write_text(f'credentials "reg.example.com" {{\n  token = "{SOME_TOKEN}"\n}}\n')
    assert _found(tmp_path, url, TF_TOKEN_reg_example_com=SOME_TOKEN) is None
    assert _found(tmp_path, "https://reg.example.com") == SOME_TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000"])
def test_on_this_machine_plain_http_is_no_danger(tmp_path: Path, host: str) -> None:
    (tmp_path / ".terraformrc").write_text(f'credentials "{host}" {{\n  token = "{SOME_TOKEN}"\n}}\n')
    assert _found(tmp_path, f"http://{host}") == SOME_TOKEN
    assert _found(tmp_path, f"http://{host.rpartition(':')[0]}") is None


def test_what_terraform_would_send_comes_first_and_what_is_no_access_token_is_passed_over(tmp_path: Path) -> None:
    url, variable = "https://reg.example.com", "TF_TOKEN_reg_example_com"
    credentials = tmp_path / ".terraform.d" / "credentials.tfrc.json"
    credentials.parent.mkdir()
    credentials.write_text(_credentials({"reg.example.com": OTHER_TOKEN}))
    assert _found(tmp_path, url) == OTHER_TOKEN
    assert _found(tmp_path, url, **{variable: SOME_TOKEN}) == SOME_TOKEN
    for other in ("", "an analytics key", f"{SOME_TOKEN[:-1]}!", new_token(TERRAFORM_TOKEN_PREFIX, bytes(32))):
        assert _found(tmp_path, url, **{variable: other}) == OTHER_TOKEN
    # Where two variables mean one host, the later counts.
    assert _found(tmp_path, url, **{"TF_TOKEN_reg.example.com": OTHER_TOKEN, variable: SOME_TOKEN}) == SOME_TOKEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "credentials",
        f'credentials {{\n  token = "{SOME_TOKEN}"\n}}',
        f'credentials "reg.example.com" "b" {{\n  token = "{SOME_TOKEN}"\n}}',
        f'credentials = "{SOME_TOKEN}"',
        f'credentials "reg.example.com" {{\n  token = ["{SOME_TOKEN}"]\n}}',
        f'credentials "reg.example.com" {{\n  other = "{SOME_TOKEN}"\n}}',
        f'# {SOME_TOKEN}\ncredentials "reg.example.com" {{}}',
        f'other "reg.example.com" {{\n  token = "{SOME_TOKEN}"\n}}',
        f'credentials "bad host / \\u0000" {{\n  token = "{SOME_TOKEN}"\n}}',
        json.dumps({"credentials": ["reg.example.com"]}),
        json.dumps({"credentials": {"reg.example.com": SOME_TOKEN, "": {"token": SOME_TOKEN}}}),
        "[" * 100_000 + SOME_TOKEN,
        "\0" + SOME_TOKEN,
        "x" * (1 << 21),
    ],
)
def test_files_of_terraforms_that_cannot_be_understood_hold_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".terraform.d").mkdir()
    (tmp_path / ".terraform.d" / "credentials.tfrc.json").write_text(text)
    (tmp_path / ".terraformrc").write_text(text)
    assert _found(tmp_path, "https://reg.example.com") is None


def test_a_directory_in_the_place_of_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / ".terraformrc").mkdir()
    assert _found(tmp_path, "https://reg.example.com") is None
