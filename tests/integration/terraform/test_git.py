"""`terraform init` installs what was imported from git: from the repository itself, or from the hosted archive."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import httpx
import pytest

from tests.integration.git.repositories import Repository
from tests.integration.servers import ADMIN_TOKEN, NETWORK_MODULE, RunningRegistry, running_registry
from tests.integration.terraform.client import Terraform, terraform_in

ADDRESS = "acme/network/null"
KEY = {"X-Terrareg-ApiKey": ADMIN_TOKEN}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with the example module below `terraform/null`, at the tag v1.0.0."""
    directory = tmp_path_factory.mktemp("git")
    repository = Repository.make(directory / "acme" / "network")
    work = directory / "work"
    shutil.copytree(NETWORK_MODULE, work / "terraform" / "null")
    (work / "unrelated.txt").write_text("not the module's")
    repository.git("--work-tree", str(work), "-c", "core.bare=false", "add", "--all")
    repository.tag("v1.0.0", repository.commit(repository.git("write-tree")))
    return repository


@attrs.frozen
class Case:
    """A way to hand out what was imported."""

    hosting: str
    archive_git_path: bool = False
    use_commit: bool = False


CASES = {
    "git": Case("false"),
    "commit": Case("true", use_commit=True),
    "whole archive": Case("enforce"),
    "archive of the directory": Case("enforce", archive_git_path=True),
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def registry(request: pytest.FixtureRequest, tmp_path: Path, repository: Repository) -> Iterator[RunningRegistry]:
    case: Case = request.param
    root = repository.path.parents[1]
    url = f"file://{root}/{{namespace}}/{{module}}"
    entry = {"name": "Local", "base_url": url, "clone_url": url, "browse_url": f"{url}/{{tag}}/{{path}}"}
    settings = {
        "GIT_PROVIDER_CONFIG": json.dumps([entry]),
        "ALLOW_MODULE_HOSTING": case.hosting,
        "MODULE_VERSION_USE_GIT_COMMIT": str(case.use_commit),
    }
    with running_registry(tmp_path, settings) as running:
        with httpx.Client(base_url=running.url, headers=KEY, trust_env=False, timeout=60) as client:
            client.post("/v1/terrareg/namespaces", json={"name": "acme"}).raise_for_status()
            created = {
                "git_provider_id": 1,
                "git_tag_format": "v{version}",
                "git_path": "terraform/{provider}",
                "archive_git_path": case.archive_git_path,
            }
            client.post(f"/v1/terrareg/modules/{ADDRESS}/create", json=created).raise_for_status()
            client.post(f"/v1/terrareg/modules/{ADDRESS}/import", json={"git_tag": "v1.0.0"}).raise_for_status()
        yield running


def test_an_imported_version_and_its_submodule_are_installed(registry: RunningRegistry, tmp_path: Path) -> None:
    terraform: Terraform = terraform_in(tmp_path)
    terraform.configure_cli(f'host "reg.test" {{\n  services = {{ "modules.v1" = "{registry.url}/v1/modules/" }}\n}}\n')
    calls = [
        f'module "{name}" {{\n  source = "reg.test/ci__{ADDRESS}{path}"\n  version = "1.0.0"\n  {arguments}\n}}\n'
        for name, path, arguments in (("whole", "", 'name = "demo"'), ("part", "//modules/subnets", ""))
    ]
    terraform.write("\n".join(calls))
    terraform.init()
    installed = terraform.installed()
    assert installed["whole"][0] == installed["part"][0] == "1.0.0"
    assert (installed["whole"][1] / "modules" / "subnets" / "main.tf").is_file()
    assert installed["part"][1].parts[-2:] == ("modules", "subnets")
