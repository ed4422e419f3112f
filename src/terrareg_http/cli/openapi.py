"""`terrareg openapi`: the OpenAPI document of the HTTP API, for tools that want it without a running server."""

import argparse
import json
import sys

from terrareg_http.cli.outcome import EXIT_DONE
from terrareg_http.openapi import openapi_document


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: there are none."""
    parser.epilog = "A running registry serves the same document at /openapi.json."


def run(_: argparse.Namespace) -> int:
    """Print the document as JSON."""
    json.dump(openapi_document(), sys.stdout, indent=2)
    print()
    return EXIT_DONE
