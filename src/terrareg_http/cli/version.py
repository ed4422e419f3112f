"""`terrareg version`: the version of the installed distribution."""

import argparse
from importlib.metadata import version

from terrareg_http.cli.outcome import EXIT_DONE


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""
    parser.epilog = "The same version is answered by GET /v1/terrareg/version."


def run(_: argparse.Namespace) -> int:
    """Print the version."""
    print(version("terrareg"))
    return EXIT_DONE
