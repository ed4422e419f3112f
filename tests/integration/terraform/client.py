"""The terraform command, run in a directory of its own with a configuration of its own."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import attrs

from tests.integration.conftest import needs
from tests.integration.servers import clean_environment


@attrs.frozen
class Terraform:
    """A directory in which terraform runs."""

    directory: Path
    settings: Mapping[str, str] = attrs.field(factory=dict)
    """Environment variables beside the usual ones."""

    def configure_cli(self, text: str) -> None:
        """Write the CLI configuration file."""
        (self.directory / "terraform.rc").write_text(text)

    def write(self, text: str) -> None:
        """Write the configuration, replacing the one before and what was installed for it."""
        (self.directory / "main.tf").write_text(text)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run terraform to its end."""
        return subprocess.run(
            [str(needs("terraform")), *arguments],
            cwd=self.directory,
            env=clean_environment(
                **{
                    "TF_CLI_CONFIG_FILE": str(self.directory / "terraform.rc"),
                    "CHECKPOINT_DISABLE": "1",
                    "TF_IN_AUTOMATION": "1",
                    **self.settings,
                }
            ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def init(self) -> str:
        """`terraform init`, which must succeed; returns what it printed."""
        result = self.run("init", "-backend=false", "-no-color", "-upgrade")
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def validate(self) -> None:
        """`terraform validate`, which must succeed."""
        result = self.run("validate", "-no-color")
        assert result.returncode == 0, result.stdout + result.stderr

    def installed(self) -> dict[str, tuple[str, Path]]:
        """Version and directory of every installed module, by key."""
        manifest = json.loads((self.directory / ".terraform" / "modules" / "modules.json").read_text())
        return {
            entry["Key"]: (entry.get("Version", ""), self.directory / entry["Dir"])
            for entry in manifest["Modules"]
            if entry["Key"]
        }


def terraform_in(directory: Path, **settings: str) -> Terraform:
    """Terraform in a new folder of `directory`, with an empty CLI configuration."""
    folder = directory / "configuration"
    folder.mkdir()
    terraform = Terraform(folder, settings)
    terraform.configure_cli("")
    return terraform
