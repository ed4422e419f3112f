"""`terrareg import`: lets a running registry import versions from the git repository of a module provider."""

import argparse

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from terrareg_http.cli.outcome import EXIT_DONE, EXIT_FAILED, CommandFailed
from terrareg_http.cli.remote import (
    RemoteRegistry,
    add_address_argument,
    add_registry_arguments,
    require_success,
    tell,
    warnings_in,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_address_argument(parser)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--tag", metavar="TAG", nargs="+", default=[], help="git tags, such as v1.0.0")
    wanted.add_argument("--version", metavar="VERSION", nargs="+", default=[], help="versions, such as 1.0.0")
    add_registry_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import one after the other; one that fails doesn't keep the others away. Raises CommandFailed, SettingsError."""
    registry = RemoteRegistry.named_by(arguments)
    wanted = [("git_tag", tag) for tag in arguments.tag] + [("version", version) for version in arguments.version]
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    failed = 0
    with registry.client() as client, _progress(console) as progress:
        task = progress.add_task("Importing", total=len(wanted))
        for key, value in wanted:
            progress.update(task, description=f"Importing {value}")
            with registry.failures():
                answer = client.post(f"/v1/terrareg/modules/{arguments.address}/import", json={key: value})
            try:
                require_success(answer)
            except CommandFailed as error:
                failed += 1
                tell(progress.console, f"{value}: {error.message}")
            else:
                for warning in warnings_in(answer):
                    tell(progress.console, f"{value}: Warning: {warning}")
            progress.advance(task)
    tell(console, f"Imported {len(wanted) - failed} of {len(wanted)} into {arguments.address} on {registry}.")
    return EXIT_FAILED if failed else EXIT_DONE


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
