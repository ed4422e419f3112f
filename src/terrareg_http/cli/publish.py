"""`terrareg publish`: packs a directory, sends it to a running registry, and prints the block that uses it."""

import argparse
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from terrareg_core.errors import RegistryError
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.versions import Version
from terrareg_http.bootstrap import pack_directory
from terrareg_http.cli.outcome import EXIT_DONE, CommandFailed
from terrareg_http.cli.remote import (
    RemoteRegistry,
    add_address_argument,
    add_registry_arguments,
    require_success,
    tell,
    warnings_in,
)
from terrareg_http.settings import Settings

_SOURCE_PART_MAX = 64
"""Most characters that terraform takes for the namespace in a module's source, the token included (chapter 01, 7.2)."""

_ANY_CONSUMER = "consumer"
"""The analytics token where a directory's name gives none."""

_TOKEN = re.compile(r"(?!.*__)[0-9A-Za-z][0-9A-Za-z_-]*(?<!_)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("directory", metavar="DIRECTORY", type=Path, help="the module; its .tfignore is honoured")
    add_address_argument(parser)
    parser.add_argument("version", metavar="VERSION", type=_version, help="such as 1.0.0")
    add_registry_arguments(parser)
    parser.add_argument(
        "--consumer",
        type=_consumer,
        metavar="NAME",
        help="analytics token in the printed block: who will use the module (default: made of the directory's name)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Pack, send and print; raises CommandFailed, SettingsError and, for what can't be packed, InvalidArchive."""
    registry = RemoteRegistry.named_by(arguments)
    address: ModuleProviderId = arguments.address
    consumer = _checked_consumer(arguments.consumer, arguments.directory, address)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with tempfile.TemporaryFile() as archive:
        _pack(console, arguments.directory, archive)
        with registry.client() as client:
            warnings = _upload(console, client, registry, f"{address}/{arguments.version}", archive)
            visible = _publish(client, registry, address, arguments.version)
    for warning in warnings:
        tell(console, f"Warning: {warning}")
    tell(console, f"Published {address} {arguments.version} on {registry}.")
    if not visible:
        tell(
            console,
            "This key may upload but not publish; unless the registry publishes by itself, the version stays hidden "
            "until somebody with a publish key publishes it.",
        )
    if consumer is None:
        tell(console, f"The namespace leaves no room for an analytics token in terraform's {_SOURCE_PART_MAX} letters.")
        return EXIT_DONE
    tell(console, "Use it with this block, then run `terraform init`:\n")
    print(module_block(registry.url, address, arguments.version, consumer))
    return EXIT_DONE


# --- arguments ---------------------------------------------------------------------------------------------------


def _version(text: str) -> Version:
    try:
        return Version.parse_new(text)
    except RegistryError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _consumer(text: str) -> str:
    if text == Settings().example_analytics_token:
        raise argparse.ArgumentTypeError("is the example that registries refuse; name the application or team")
    if _TOKEN.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            "takes letters, digits, dashes and single underscores, begins with a letter or digit and ends with no "
            "underscore"
        )
    return text


# --- the block (decision 38) -------------------------------------------------------------------------------------


def module_block(url: httpx.URL, address: ModuleProviderId, version: Version, consumer: str) -> str:
    """The `module` block that works as pasted: over http by the module's own URL, over https by the registry protocol.

    `consumer` is a valid analytics token.
    """
    label = address.module.value if not address.module.value[0].isdigit() else f"_{address.module}"
    authority = url.netloc.decode("ascii")
    if url.scheme == "http":
        lines = [f'  source = "http://{authority}/modules/{consumer}__{address}/{version}"']
    else:
        lines = [f'  source  = "{authority}/{consumer}__{address}"', f'  version = "{version}"']
    return "\n".join([f'module "{label}" {{', *lines, "}"])


def consumer_of(directory_name: str, room: int) -> str:
    """A valid analytics token of at most `room` (at least 1) characters, made of a directory's name."""
    words = re.sub(r"_{2,}", "_", re.sub(r"[^0-9A-Za-z_-]+", "-", directory_name)).strip("_-")
    token = words[:room].rstrip("_-")
    # Cutting may leave the very example that registries refuse.
    return token if token not in {"", Settings().example_analytics_token} else _ANY_CONSUMER[:room]


def _checked_consumer(given: str | None, directory: Path, address: ModuleProviderId) -> str | None:
    """The token for the block, or None when the namespace leaves no room for one. Raises CommandFailed."""
    room = _SOURCE_PART_MAX - len("__") - len(address.namespace.value)
    if given is not None and len(given) > room:
        raise CommandFailed(
            f"--consumer {given} is too long: with the namespace, terraform takes at most {_SOURCE_PART_MAX} "
            "characters; choose a shorter name"
        )
    if room < 1:
        return None
    return given if given is not None else consumer_of(directory.resolve().name, room)


# --- packing and sending -----------------------------------------------------------------------------------------


def _pack(console: Console, directory: Path, archive: BinaryIO) -> None:
    if not directory.is_dir():
        raise CommandFailed(f"{directory} is no directory; name the one that holds the module's .tf files")
    with _progress(console) as progress:
        task = progress.add_task("Packing", total=None)
        pack_directory(
            directory, archive, progress=lambda done, total: progress.update(task, completed=done, total=total)
        )
    archive.seek(0)


def _upload(
    console: Console, client: httpx.Client, registry: RemoteRegistry, path: str, archive: BinaryIO
) -> Sequence[str]:
    """Send the archive and return what the registry could not read of it, a sentence each."""
    size = archive.seek(0, 2)
    archive.seek(0)
    with _progress(console) as progress, registry.failures():
        content = progress.wrap_file(archive, total=size, description="Uploading")
        answer = client.post(
            f"/v1/terrareg/modules/{path}/upload", files={"file": ("module.zip", content, "application/zip")}
        )
    require_success(answer)
    return warnings_in(answer)


def _publish(client: httpx.Client, registry: RemoteRegistry, address: ModuleProviderId, version: Version) -> bool:
    """Publish what was uploaded, which changes nothing where the registry published it by itself.

    False when the key may not publish and the version can't be seen to be published.
    """
    with registry.failures():
        answer = client.post(f"/v1/terrareg/modules/{address}/{version}/publish")
        if answer.status_code not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            require_success(answer)
            return True
        listed = client.get(f"/v1/modules/{address}/versions")
    return listed.status_code == httpx.codes.OK and f'"{version}"' in listed.text


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
