"""`terraform init` installs what `terrareg publish` published, over every way that leads to a registry."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.integration.servers import NETWORK_MODULE, RunningRegistry, running_registry
from tests.integration.terraform.client import Terraform, terraform_in

ADDRESS = "acme/network/null"
VERSIONS = ("1.0.0", "1.2.0", "1.10.0", "2.0.0-beta")


def _publish_all(registry: RunningRegistry) -> None:
    for version in VERSIONS:
        result = registry.publish(NETWORK_MODULE, ADDRESS, version)
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        _publish_all(running)
        yield running


@pytest.fixture
def terraform(tmp_path: Path, registry: RunningRegistry) -> Terraform:
    """A client that reaches the registry as reg.test over plain http."""
    terraform = terraform_in(tmp_path)
    terraform.configure_cli(f'host "reg.test" {{\n  services = {{ "modules.v1" = "{registry.url}/v1/modules/" }}\n}}\n')
    return terraform


def _call(source: str, version: str | None = None, arguments: str = 'name = "demo"') -> str:
    constraint = "" if version is None else f'version = "{version}"\n'
    return f'module "network" {{\nsource = "{source}"\n{constraint}{arguments}\n}}\n'


def test_the_printed_block_works_as_pasted_with_nothing_configured(registry: RunningRegistry, tmp_path: Path) -> None:
    printed = registry.publish(NETWORK_MODULE, ADDRESS, "1.10.0").stdout
    block = re.search(r'^module "[^"]+" \{\n.*?^\}', printed, re.MULTILINE | re.DOTALL)
    assert block is not None, printed
    terraform = terraform_in(tmp_path)
    terraform.write(block[0])
    terraform.init()
    [(_, directory)] = [entry for key, entry in terraform.installed().items() if "." not in key]
    assert (directory / "modules" / "subnets" / "rules" / "main.tf").is_file()


def test_a_constraint_picks_the_greatest_release(terraform: Terraform) -> None:
    terraform.write(_call(f"reg.test/ci__{ADDRESS}", "~> 1.0"))
    terraform.init()
    assert terraform.installed()["network"][0] == "1.10.0"
    terraform.validate()


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0-beta"])
def test_an_exact_version_is_installed_older_or_pre_release(terraform: Terraform, version: str) -> None:
    terraform.write(_call(f"reg.test/ci__{ADDRESS}", version))
    terraform.init()
    assert terraform.installed()["network"][0] == version
    terraform.validate()


def test_a_submodule_is_installed(terraform: Terraform) -> None:
    terraform.write(_call(f"reg.test/ci__{ADDRESS}//modules/subnets", "1.2.0"))
    terraform.init()
    version, directory = terraform.installed()["network"]
    assert version == "1.2.0"
    assert directory.parts[-2:] == ("modules", "subnets")
    terraform.validate()


def test_a_validated_configuration_uses_inputs_and_outputs(terraform: Terraform) -> None:
    terraform.write(
        _call(f"reg.test/ci__{ADDRESS}", "~> 1.2", 'name = "demo"\ndns = { domain = "example.org" }')
        + 'output "subnets" {\nvalue = module.network.subnets\n}\n'
    )
    terraform.init()
    terraform.validate()


def test_without_a_token_the_client_prints_how_to_send_one(terraform: Terraform) -> None:
    terraform.write(_call(f"reg.test/{ADDRESS}", "1.0.0"))
    result = terraform.run("init", "-backend=false", "-no-color")
    assert result.returncode == 1
    assert "analytics token" in result.stderr
    assert f"my-tf-application__{ADDRESS}" in result.stderr


def test_an_unknown_module_is_reported_as_not_found(terraform: Terraform) -> None:
    terraform.write(_call("reg.test/ci__acme/nothing/null", "1.0.0"))
    result = terraform.run("init", "-backend=false", "-no-color")
    assert result.returncode == 1
    assert "cannot be found in the module registry" in " ".join(result.stderr.replace("│", "").split())


def test_a_registry_with_https_and_a_local_authority_is_discovered(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    with (tmp_path / "cert.pem").open("wb") as chain:
        for blob in certificate.cert_chain_pems:
            chain.write(blob.bytes())
    settings = {
        "SSL_CERT_PRIVATE_KEY": str(tmp_path / "key.pem"),
        "SSL_CERT_PUBLIC_KEY": str(tmp_path / "cert.pem"),
    }
    with running_registry(tmp_path, settings, scheme="https", verify=str(tmp_path / "ca.pem")) as registry:
        trusting = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        printed = registry.publish(NETWORK_MODULE, ADDRESS, "1.2.3", "--consumer", "ci", environment=trusting)
        assert printed.returncode == 0, printed.stdout + printed.stderr
        assert f'source  = "{registry.host}/ci__{ADDRESS}"' in printed.stdout
        terraform = terraform_in(tmp_path, **trusting)
        terraform.write(_call(f"{registry.host}/ci__{ADDRESS}", "~> 1.2"))
        terraform.init()
        assert terraform.installed()["network"][0] == "1.2.3"
        terraform.validate()


def test_a_closed_registry_serves_the_holder_of_a_key(tmp_path: Path) -> None:
    settings = {"ALLOW_UNAUTHENTICATED_ACCESS": "false", "ANALYTICS_AUTH_KEYS": "team-key:prod"}
    with running_registry(tmp_path, settings) as registry:
        _publish_all(registry)
        terraform = terraform_in(tmp_path)
        host = f'host "reg.test" {{\n  services = {{ "modules.v1" = "{registry.url}/v1/modules/" }}\n}}\n'
        terraform.configure_cli(host)
        terraform.write(_call(f"reg.test/ci__{ADDRESS}", "~> 1.0"))
        refused = terraform.run("init", "-backend=false", "-no-color")
        assert refused.returncode == 1
        assert "401" in refused.stderr
        terraform.configure_cli(host + 'credentials "reg.test" {\n  token = "team-key"\n}\n')
        terraform.init()
        assert terraform.installed()["network"][0] == "1.10.0"
