"""The example of embedding a registry runs as it stands in the documentation."""

import subprocess
import sys
from pathlib import Path

from tests.integration.cli.command import SECONDS, environment

EXAMPLE = Path(__file__).parents[3] / "examples" / "embed.py"


def test_the_example_publishes_a_directory_and_lists_its_versions(tmp_path: Path) -> None:
    module = tmp_path / "module"
    module.mkdir()
    (module / "main.tf").write_text('output "x" {\n  value = 1\n}\n')
    result = subprocess.run(
        [sys.executable, str(EXAMPLE), str(module)],
        cwd=tmp_path,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "1.0.0\n"), result.stderr


def test_the_example_is_short_enough_to_read_at_a_glance() -> None:
    assert len([line for line in EXAMPLE.read_text("utf-8").splitlines() if line]) <= 15
