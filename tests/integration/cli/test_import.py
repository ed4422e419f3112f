"""`terrareg import` against a real server and a real repository."""

import json
from collections.abc import Iterator
from pathlib import Path

import attrs
import httpx
import pytest

from tests.integration.cli.command import FILE_SECONDS, SECONDS, RunningServer, running, terrareg
from tests.integration.git.repositories import Repository

ADDRESS = "acme/vpc/aws"


@attrs.frozen
class Setting:
    """A server whose `acme/vpc/aws` has a repository, as every module called `vpc` has."""

    server: RunningServer
    directory: Path
    repository: Repository

    def run(self, *arguments: str, token: str | None = None) -> tuple[int, str]:
        """Exit code and standard error of `terrareg import`."""
        token = token if token is not None else self.server.admin_token
        result = terrareg("import", *arguments, "--url", self.server.url, cwd=self.directory, TERRAREG_TOKEN=token)
        assert result.stdout == ""
        return result.returncode, result.stderr

    def versions(self, address: str = ADDRESS) -> set[str]:
        """What terraform may choose from."""
        url = f"{self.server.url}/v1/modules/{address}/versions"
        listed = httpx.get(url, trust_env=False, timeout=SECONDS).json()
        return {entry["version"] for entry in listed["modules"][0]["versions"]}

    def create(self, address: str) -> str:
        """Create a module provider, and return its address."""
        headers = {"X-Terrareg-ApiKey": self.server.admin_token}
        created = {"git_provider_id": 1, "git_tag_format": "v{version}"}
        url = f"{self.server.url}/v1/terrareg/modules/{address}/create"
        httpx.post(url, json=created, headers=headers, trust_env=False, timeout=SECONDS).raise_for_status()
        return address


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    directory = tmp_path_factory.mktemp("registry")
    repository = Repository.make(directory / "git" / "acme" / "vpc")
    for tag in ("v1.0.0", "v1.1.0", "v1.2.0"):
        repository.tag_files(tag, {"main.tf": 'variable "cidr" {\n  type = string\n}\n'})
    url = f"file://{directory}/git/{{namespace}}/{{module}}"
    entry = {"name": "Local", "base_url": url, "clone_url": url, "browse_url": f"{url}/{{tag}}/{{path}}"}
    with running(directory, seconds=FILE_SECONDS, GIT_PROVIDER_CONFIG=json.dumps([entry])) as server:
        headers = {"X-Terrareg-ApiKey": server.admin_token}
        namespaces = f"{server.url}/v1/terrareg/namespaces"
        created = httpx.post(namespaces, json={"name": "acme"}, headers=headers, trust_env=False, timeout=SECONDS)
        created.raise_for_status()
        setting = Setting(server, directory, repository)
        setting.create(ADDRESS)
        yield setting


def test_versions_are_imported_by_tag_and_by_version(setting: Setting) -> None:
    code, told = setting.run(ADDRESS, "--tag", "v1.0.0", "v1.1.0")
    assert (code, told) == (0, f"Imported 2 of 2 into {ADDRESS} on {setting.server.url}.\n")
    assert setting.run(ADDRESS, "--version", "1.2.0")[0] == 0
    assert setting.versions() == {"1.0.0", "1.1.0", "1.2.0"}


def test_one_that_fails_does_not_keep_the_others_away(setting: Setting) -> None:
    code, told = setting.run(ADDRESS, "--tag", "v9.9.9", "other", "v1.0.0")
    assert code == 1
    first, second, last = told.splitlines()
    assert first.startswith("v9.9.9: The registry refused: ")
    assert second.startswith("other: The registry refused: ")
    assert last.startswith("Imported 1 of 3")


def test_all_tags_are_the_versions_that_the_registry_lacks_lowest_first(setting: Setting) -> None:
    address = setting.create("acme/vpc/every")
    setting.repository.git("branch", "v5.0.0", "v1.0.0")
    setting.repository.tag_files("latest", {"main.tf": ""})
    assert setting.run(address, "--tag", "v1.1.0")[0] == 0
    code, told = setting.run(address, "--all-tags")
    assert (code, told) == (
        0,
        f"Imported 2 of 2 into {address} on {setting.server.url}; left alone: already stored 1, tags of no other "
        "version 1.\n",
    )
    assert setting.versions(address) == {"1.0.0", "1.1.0", "1.2.0"}
    assert setting.run(address, "--all-tags") == (0, told.replace("2 of 2", "0 of 0").replace("stored 1", "stored 3"))


def test_a_tag_that_fails_does_not_keep_later_ones_away(setting: Setting) -> None:
    address = setting.create("acme/vpc/broken")
    setting.repository.tag_files("v0.9.0", {"main.tf": "variable {"})
    setting.repository.tag_files("v0.10.0", {"main.tf": "variable {"})
    try:
        code, told = setting.run(address, "--all-tags")
    finally:
        setting.repository.git("tag", "-d", "v0.9.0", "v0.10.0")
    assert code == 1
    first, second, last = told.splitlines()
    assert first.startswith("v0.9.0: The registry refused: ")
    assert second.startswith("v0.10.0: The registry refused: ")
    assert last.startswith("Imported 3 of 5")
    assert setting.versions(address) == {"1.0.0", "1.1.0", "1.2.0"}


def test_tags_that_cannot_be_listed_are_one_sentence(setting: Setting) -> None:
    address = setting.create("acme/absent/aws")
    code, told = setting.run(address, "--all-tags")
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("terrareg: The registry refused: There is no git repository")
    code, told = setting.run(ADDRESS, "--all-tags", token="wrong")
    assert code == 1
    assert "TERRAREG_TOKEN" in told


def test_a_wrong_token_is_told_with_what_to_do(setting: Setting) -> None:
    code, told = setting.run(ADDRESS, "--tag", "v1.0.0", token="wrong")
    assert code == 1
    assert "TERRAREG_TOKEN" in told


@pytest.mark.parametrize(
    "arguments",
    [
        [ADDRESS],
        [ADDRESS, "--tag", "v1", "--version", "1.0.0"],
        [ADDRESS, "--tag", "v1", "--all-tags"],
        [ADDRESS, "--version", "1.0.0", "--all-tags"],
        ["acme", "--tag", "v"],
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], tmp_path: Path) -> None:
    assert terrareg("import", *arguments, cwd=tmp_path).returncode == 2


def test_a_registry_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    result = terrareg("import", ADDRESS, "--tag", "v1", "--url", "http://127.0.0.1:1", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
