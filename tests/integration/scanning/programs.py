"""Stand-ins for scanners and cost tools: real programs, each a few lines of Python, that behave as a test needs."""

import sys
from pathlib import Path
from textwrap import dedent

from terrareg_adapters.memory.source_tree import MemoryTree

PATH = "/usr/bin:/bin"

TREE = MemoryTree(
    {
        "main.tf": b'resource "aws_s3_bucket" "b" {}\n',
        "modules/a/main.tf": b"# a\n",
        "modules/a/with space.tf": b"# a\n",
        "examples/e/main.tf": b"# e\n",
        "net/main.tf": b"# net\n",
        "net/modules/a/main.tf": b"# net a\n",
    }
)


def program(folder: Path, body: str, name: str = "tool") -> Path:
    """An executable in `folder` that runs `body`; it finds json, os, subprocess, sys and time imported."""
    path = folder / name
    path.write_text(f"#!{sys.executable} -SE\nimport json, os, subprocess, sys, time\n{dedent(body)}")
    path.chmod(0o755)
    return path


def printing(folder: Path, report: object, *, then: str = "") -> Path:
    """An executable in `folder` that prints `report` as JSON, and then does what `then` says."""
    return program(folder, f"print(json.dumps({report!r}))\nsys.stdout.flush()\n{then}")
