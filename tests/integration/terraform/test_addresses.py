"""`terraform init` installs from every address that leads to a version: former ones, git repositories, closed ones."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx
import pytest

from tests.integration.conftest import needs
from tests.integration.git.repositories import Repository
from tests.integration.servers import ADMIN_TOKEN, NETWORK_MODULE, RunningRegistry, running_registry
from tests.integration.terraform.client import Terraform, terraform_in

KEY = "team-key"
CLOSED = {"ALLOW_UNAUTHENTICATED_ACCESS": "false", "ANALYTICS_AUTH_KEYS": f"{KEY}:prod"}
ENFORCED = {"ALLOW_MODULE_HOSTING": "enforce"}
_NAMED = 'variable "name" {{\n  type = string\n}}\n\noutput "made" {{\n  value = "${{var.name}} {mark}"\n}}\n'


@attrs.frozen
class Hosted:
    """A registry, and the bare repositories of its one git provider."""

    registry: RunningRegistry
    repositories: Path

    @property
    def _admin(self) -> httpx.Client:
        return httpx.Client(base_url=self.registry.url, headers={"X-Terrareg-ApiKey": ADMIN_TOKEN}, timeout=60)

    def manage(self, path: str, **document: object) -> None:
        """POST as the admin, which must succeed."""
        with self._admin as client:
            response = client.post(f"/v1/terrareg{path}", json=document)
        assert response.status_code == 200, response.text

    def upload(self, address: str, version: str) -> None:
        result = self.registry.publish(NETWORK_MODULE, address, version)
        assert result.returncode == 0, result.stdout + result.stderr

    def connect(self, address: str, **settings: object) -> None:
        """Create a module provider whose versions come from the git provider."""
        with self._admin as client:
            [git_provider] = client.get("/v1/terrareg/git_providers").json()
        namespace, _, _ = address.partition("/")
        self.manage("/namespaces", name=namespace)
        self.manage(f"/modules/{address}/create", git_provider_id=git_provider["id"], **settings)

    def repository(self, address: str) -> Repository:
        """A new empty one, where the git provider's template says."""
        needs("git")
        namespace, module, _ = address.split("/")
        return Repository.make(self.repositories / namespace / f"{module}.git")

    def client(self, directory: Path, token: str | None = None) -> Terraform:
        """Terraform that reaches the registry as reg.test, with `token` in its CLI configuration."""
        terraform = terraform_in(directory)
        host = f'host "reg.test" {{\n  services = {{ "modules.v1" = "{self.registry.url}/v1/modules/" }}\n}}\n'
        credentials = f'credentials "reg.test" {{\n  token = "{token}"\n}}\n' if token is not None else ""
        terraform.configure_cli(host + credentials)
        return terraform

    def granted(self, address: str, version: str, token: str | None = None) -> str:
        """Where the registry sends a client that downloads a version."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        with httpx.Client(base_url=self.registry.url, headers=headers, timeout=30) as client:
            response = client.get(f"/v1/modules/ci__{address}/{version}/download")
        assert response.status_code == 204, response.text
        return response.headers["X-Terraform-Get"]


@contextmanager
def _hosted(directory: Path, settings: Mapping[str, str]) -> Iterator[Hosted]:
    repositories = directory / "repositories"
    repositories.mkdir()
    git_provider = {
        "name": "Local",
        "base_url": "https://git.test/{namespace}/{module}",
        "clone_url": f"file://{repositories}/{{namespace}}/{{module}}.git",
        "browse_url": "https://git.test/{namespace}/{module}/tree/{tag}/{path}",
    }
    with running_registry(directory, {"GIT_PROVIDER_CONFIG": json.dumps([git_provider]), **settings}) as registry:
        yield Hosted(registry, repositories)


@pytest.fixture(scope="module")
def open_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One that sends clients to the repository where there is one."""
    with _hosted(tmp_path_factory.mktemp("open"), {}) as hosted:
        yield hosted


@pytest.fixture(scope="module")
def hosting_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One that serves archives of its own always."""
    with _hosted(tmp_path_factory.mktemp("hosting"), ENFORCED) as hosted:
        yield hosted


@pytest.fixture(scope="module")
def closed_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One that serves archives of its own to those who have a token."""
    with _hosted(tmp_path_factory.mktemp("closed"), {**ENFORCED, **CLOSED}) as hosted:
        yield hosted


def _install(terraform: Terraform, address: str, version: str, constraint: str | None = None) -> Path:
    """Install the module under `address` in an empty directory and validate; where it was installed."""
    terraform.write(
        f'module "it" {{\n  source  = "reg.test/ci__{address}"\n  version = "{constraint or version}"\n'
        '  name    = "demo"\n}\n'
    )
    terraform.init()
    terraform.validate()
    installed, directory = terraform.installed()["it"]
    assert installed == version
    return directory


# --- former addresses ------------------------------------------------------------------------------------------------


def test_a_renamed_namespace_is_installed_from_by_its_former_name(open_registry: Hosted, tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        open_registry.upload("before/network/null", version)
    open_registry.manage("/namespaces/before", name="after")
    terraform = open_registry.client(tmp_path)
    for namespace in ("before", "after"):
        directory = _install(terraform, f"{namespace}/network/null", "1.1.0", "~> 1.0")
        assert (directory / "modules" / "subnets" / "rules" / "main.tf").is_file()


def test_a_module_that_moved_into_a_namespace_renamed_later_is_installed_from_all_its_addresses(
    open_registry: Hosted, tmp_path: Path
) -> None:
    open_registry.upload("first/network/null", "1.0.0")
    open_registry.manage("/namespaces", name="second")
    open_registry.manage("/modules/first/network/null/settings", namespace="second", module="lan")
    open_registry.manage("/namespaces/second", name="third")
    open_registry.upload("third/lan/null", "1.1.0")
    terraform = open_registry.client(tmp_path)
    for address in ("first/network/null", "second/lan/null", "third/lan/null"):
        assert (_install(terraform, address, "1.1.0", "~> 1.0") / "main.tf").is_file()


def test_a_former_address_of_a_closed_registry_leads_to_a_presigned_archive(
    closed_registry: Hosted, tmp_path: Path
) -> None:
    closed_registry.upload("old/network/null", "1.0.0")
    closed_registry.manage("/namespaces/old", name="new")
    terraform = closed_registry.client(tmp_path, KEY)
    assert (_install(terraform, "old/network/null", "1.0.0") / "main.tf").is_file()


# --- git -------------------------------------------------------------------------------------------------------------


def _repository_with_shared_parts(hosted: Hosted, address: str, *tags: str) -> Repository:
    """The module is in `sub` and calls `shared` beside it; each tag is a commit of its own, which the output names."""
    repository = hosted.repository(address)
    for tag in tags:
        called = repository.tree(("100644", "main.tf", repository.blob(_NAMED.format(mark="shared"))))
        text = _NAMED.format(mark=tag) + 'module "shared" {\n  source = "../shared"\n  name   = var.name\n}\n'
        own = repository.tree(("100644", "main.tf", repository.blob(text)))
        root = repository.tree(("40000", "shared", called), ("40000", "sub", own))
        repository.tag(tag, repository.commit(root))
    return repository


def _flat_repository(hosted: Hosted, address: str, *tags: str) -> Repository:
    repository = hosted.repository(address)
    for tag in tags:
        repository.tag_files(tag, {"main.tf": _NAMED.format(mark=tag), "README.md": f"# {tag}\n"})
    return repository


def test_a_git_backed_version_is_installed_from_its_repository(open_registry: Hosted, tmp_path: Path) -> None:
    address = "cloned/network/null"
    repository = _flat_repository(open_registry, address, "1.0.0", "1.1.0")
    open_registry.connect(address)
    for version in ("1.0.0", "1.1.0"):
        open_registry.manage(f"/modules/{address}/{version}/import")
    assert open_registry.granted(address, "1.1.0") == f"git::file://{repository.path}?ref=1.1.0"
    directory = _install(open_registry.client(tmp_path), address, "1.1.0", "~> 1.0")
    assert "1.1.0" in (directory / "main.tf").read_text()


def test_a_directory_of_a_repository_is_installed_at_a_tag_that_holds_a_slash(
    open_registry: Hosted, tmp_path: Path
) -> None:
    address = "slashed/network/null"
    repository = _repository_with_shared_parts(open_registry, address, "release/v1.0.0", "release/v1.2.0")
    open_registry.connect(address, git_path="sub", git_tag_format="release/v{version}")
    open_registry.manage(f"/modules/{address}/import", git_tag="release/v1.0.0")
    open_registry.manage(f"/modules/{address}/import", version="1.2.0")
    assert open_registry.granted(address, "1.0.0") == f"git::file://{repository.path}//sub?ref=release/v1.0.0"
    terraform = open_registry.client(tmp_path)
    for version in ("1.0.0", "1.2.0"):
        directory = _install(terraform, address, version)
        assert directory.name == "sub"
        assert f"release/v{version}" in (directory / "main.tf").read_text()
        assert set(terraform.installed()) == {"it", "it.shared"}


def test_an_imported_version_is_installed_as_an_archive_when_its_repository_is_gone(
    hosting_registry: Hosted, tmp_path: Path
) -> None:
    address = "archived/network/null"
    repository = _flat_repository(hosting_registry, address, "1.0.0")
    hosting_registry.connect(address)
    hosting_registry.manage(f"/modules/{address}/1.0.0/import")
    repository.path.rename(repository.path.with_suffix(".gone"))
    assert hosting_registry.granted(address, "1.0.0") == f"/v1/terrareg/modules/{address}/1.0.0/source.zip"
    directory = _install(hosting_registry.client(tmp_path), address, "1.0.0")
    assert (directory / "README.md").read_text() == "# 1.0.0\n"


def test_a_tag_that_moved_does_not_change_the_archive_that_is_installed(
    hosting_registry: Hosted, tmp_path: Path
) -> None:
    address = "moved/network/null"
    repository = _flat_repository(hosting_registry, address, "1.0.0")
    hosting_registry.connect(address)
    hosting_registry.manage(f"/modules/{address}/1.0.0/import")
    repository.tag_files("1.0.0", {"main.tf": _NAMED.format(mark="another commit")})
    directory = _install(hosting_registry.client(tmp_path), address, "1.0.0")
    assert "another commit" not in (directory / "main.tf").read_text()


@pytest.mark.parametrize("alone", [False, True], ids=["with the whole repository", "alone"])
def test_a_directory_of_a_repository_is_installed_as_an_archive(
    hosting_registry: Hosted, tmp_path: Path, alone: bool
) -> None:
    address = f"{'alone' if alone else 'whole'}/network/null"
    if alone:
        repository = hosting_registry.repository(address)
        own = repository.tree(("100644", "main.tf", repository.blob(_NAMED.format(mark="v1"))))
        repository.tag("deep/v1.0.0", repository.commit(repository.tree(("40000", "sub", own))))
    else:
        _repository_with_shared_parts(hosting_registry, address, "deep/v1.0.0")
    hosting_registry.connect(address, git_path="/sub/", git_tag_format="deep/v{version}", archive_git_path=alone)
    hosting_registry.manage(f"/modules/{address}/1.0.0/import")
    archive = f"/v1/terrareg/modules/{address}/1.0.0/source.zip"
    assert hosting_registry.granted(address, "1.0.0") == (archive if alone else f"{archive}//sub")
    terraform = hosting_registry.client(tmp_path)
    directory = _install(terraform, address, "1.0.0")
    assert (directory / "main.tf").is_file()
    assert set(terraform.installed()) == ({"it"} if alone else {"it", "it.shared"})


# --- closed registries -----------------------------------------------------------------------------------------------


def test_a_closed_registry_presigns_the_archives_of_uploads_and_of_imports(
    closed_registry: Hosted, tmp_path: Path
) -> None:
    uploaded, imported = "closed/uploaded/null", "closed/imported/null"
    _repository_with_shared_parts(closed_registry, imported, "v1.0.0")
    closed_registry.connect(imported, git_path="sub", git_tag_format="v{version}")
    closed_registry.manage(f"/modules/{imported}/1.0.0/import")
    closed_registry.upload(uploaded, "1.0.0")
    terraform = closed_registry.client(tmp_path, KEY)
    for address in (uploaded, imported):
        assert (_install(terraform, address, "1.0.0") / "main.tf").is_file()
        granted, _, _ = closed_registry.granted(address, "1.0.0", KEY).partition("//")
        plain = f"/v1/terrareg/modules/{address}/1.0.0/source.zip"
        other = granted.replace(address, imported if address == uploaded else uploaded)
        with httpx.Client(base_url=closed_registry.registry.url, timeout=30) as anonymous:
            statuses = [anonymous.get(path).status_code for path in (granted, plain, other)]
        assert statuses == [200, 403, 403]
    (tmp_path / "stranger").mkdir()
    stranger = closed_registry.client(tmp_path / "stranger")
    stranger.write((terraform.directory / "main.tf").read_text())
    refused = stranger.run("init", "-backend=false", "-no-color", "-upgrade")
    assert refused.returncode == 1
    assert "401" in refused.stderr
