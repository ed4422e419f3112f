"""`terrareg import`: lets a running registry import versions from the git repository of a module provider."""

import argparse
from collections.abc import Sequence

import attrs
import httpx
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


@attrs.frozen
class _Work:
    """What is to be imported."""

    wanted: Sequence[tuple[str, str]]
    """The argument by which each is imported, `git_tag` or `version`, and its value; in the order of imports."""
    left_alone: str = ""
    """What is not, as the end of a sentence."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_address_argument(parser)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--tag", metavar="TAG", nargs="+", default=[], help="git tags, such as v1.0.0")
    wanted.add_argument("--version", metavar="VERSION", nargs="+", default=[], help="versions, such as 1.0.0")
    wanted.add_argument(
        "--all-tags",
        action="store_true",
        help="the tags of all versions that the registry lacks, the lowest version first",
    )
    add_registry_arguments(parser)
    parser.epilog = (
        "With --all-tags, versions that are stored already stay as they are, wherever their tags point now; after an "
        "interruption or a failure, call it again to go on."
    )


def run(arguments: argparse.Namespace) -> int:
    """Import one after the other; one that fails doesn't keep the others away. Raises CommandFailed, SettingsError."""
    registry = RemoteRegistry.named_by(arguments)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    failed = 0
    with registry.client() as client:
        work = _every_tag(registry, client, arguments) if arguments.all_tags else _named(arguments)
        with _progress(console) as progress:
            task = progress.add_task("Importing", total=len(work.wanted))
            for key, value in work.wanted:
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
    done, total = len(work.wanted) - failed, len(work.wanted)
    tell(console, f"Imported {done} of {total} into {arguments.address} on {registry}{work.left_alone}.")
    return EXIT_FAILED if failed else EXIT_DONE


def _named(arguments: argparse.Namespace) -> _Work:
    return _Work([("git_tag", tag) for tag in arguments.tag] + [("version", version) for version in arguments.version])


def _every_tag(registry: RemoteRegistry, client: httpx.Client, arguments: argparse.Namespace) -> _Work:
    """The tags whose versions the registry lacks. Raises CommandFailed."""
    with registry.failures():
        answer = client.get(f"/v1/terrareg/modules/{arguments.address}/tags")
    require_success(answer)
    listed = answer.json()
    missing = [("git_tag", tag["tag"]) for tag in listed["tags"] if not tag["indexed"]]
    stored = len(listed["tags"]) - len(missing)
    return _Work(missing, f"; left alone: already stored {stored}, tags of no other version {listed['others']}")


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
