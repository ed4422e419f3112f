"""`terrareg publish`: packs a directory, sends it to a running registry, and prints the block that uses it."""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import attrs
import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from terrareg_core.errors import RegistryError
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.versions import Version
from terrareg_http.bootstrap import pack_directory
from terrareg_http.cli.outcome import EXIT_DONE, CommandFailed
from terrareg_http.settings import ClientSettings, Settings, SettingsError

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 900
"""Indexing a large module takes the registry its time."""

_SOURCE_PART_MAX = 64
"""Most characters that terraform takes for the namespace in a module's source, the token included (chapter 01, 7.2)."""

_ANY_CONSUMER = "consumer"
"""The analytics token where a directory's name gives none."""

_TOKEN = re.compile(r"(?!.*__)[0-9A-Za-z][0-9A-Za-z_-]*(?<!_)")


@attrs.frozen
class _Registry:
    """The registry that is published to."""

    url: httpx.URL
    """Scheme, host and perhaps port."""

    @classmethod
    def parse(cls, text: str) -> "_Registry":
        """Raises ValueError."""
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, ValueError):
            raise ValueError(_URL_RULE) from None
        if url.scheme not in {"http", "https"} or not url.host or url.path != "/" or url.userinfo or url.query:
            raise ValueError(_URL_RULE)
        return cls(url)

    @property
    def authority(self) -> str:
        return self.url.netloc.decode("ascii")

    def __str__(self) -> str:
        return f"{self.url.scheme}://{self.authority}"


_URL_RULE = "must be a URL of scheme and host, such as https://registry.example.com"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("directory", metavar="DIRECTORY", type=Path, help="the module; its .tfignore is honoured")
    parser.add_argument("address", metavar="NAMESPACE/NAME/PROVIDER", type=_address, help="such as acme/vpc/aws")
    parser.add_argument("version", metavar="VERSION", type=_version, help="such as 1.0.0")
    parser.add_argument(
        "--url", type=_url, help="the registry (default: TERRAREG_URL, else http://127.0.0.1:5000)", metavar="URL"
    )
    parser.add_argument(
        "--token", help="upload key or admin token (default: TERRAREG_TOKEN, which other users can't see)"
    )
    parser.add_argument(
        "--consumer",
        type=_consumer,
        metavar="NAME",
        help="analytics token in the printed block: who will use the module (default: made of the directory's name)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Pack, send and print; raises CommandFailed, SettingsError and, for what can't be packed, InvalidArchive."""
    settings = ClientSettings.of_this_process()
    registry: _Registry = arguments.url or _configured_registry(settings)
    token: str | None = arguments.token if arguments.token is not None else settings.terrareg_token
    address: ModuleProviderId = arguments.address
    consumer = _checked_consumer(arguments.consumer, arguments.directory, address)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with tempfile.TemporaryFile() as archive:
        _pack(console, arguments.directory, archive)
        with _client(registry, token) as client:
            warnings = _upload(console, client, registry, f"{address}/{arguments.version}", archive)
            visible = _publish(client, registry, address, arguments.version)
    for warning in warnings:
        _tell(console, f"Warning: {warning}")
    _tell(console, f"Published {address} {arguments.version} on {registry}.")
    if not visible:
        _tell(
            console,
            "This key may upload but not publish; unless the registry publishes by itself, the version stays hidden "
            "until somebody with a publish key publishes it.",
        )
    if consumer is None:
        _tell(
            console, f"The namespace leaves no room for an analytics token in terraform's {_SOURCE_PART_MAX} letters."
        )
        return EXIT_DONE
    _tell(console, "Use it with this block, then run `terraform init`:\n")
    print(module_block(registry.url, address, arguments.version, consumer))
    return EXIT_DONE


# --- arguments ---------------------------------------------------------------------------------------------------


def _address(text: str) -> ModuleProviderId:
    try:
        return ModuleProviderId.parse(text)
    except RegistryError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _version(text: str) -> Version:
    try:
        return Version.parse_new(text)
    except RegistryError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _url(text: str) -> _Registry:
    try:
        return _Registry.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _configured_registry(settings: ClientSettings) -> _Registry:
    try:
        return _Registry.parse(settings.terrareg_url)
    except ValueError as error:
        raise SettingsError("TERRAREG_URL", str(error)) from None


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


def _client(registry: _Registry, token: str | None) -> httpx.Client:
    try:
        headers = httpx.Headers({b"X-Terrareg-ApiKey": token.encode()} if token else {})
    except UnicodeEncodeError:
        raise CommandFailed("The token is not text in UTF-8; copy it again") from None
    if token and not token.isprintable():
        raise CommandFailed("The token holds a line break or another control character; copy it again")
    return httpx.Client(
        base_url=registry.url,
        headers=headers,
        timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
        # A proxy could not reach what listens on this machine only.
        mounts=dict.fromkeys(["all://127.0.0.1", "all://localhost", "all://[::1]"]),
    )


def _upload(console: Console, client: httpx.Client, registry: _Registry, path: str, archive: BinaryIO) -> Sequence[str]:
    """Send the archive and return what the registry could not read of it, a sentence each."""
    size = archive.seek(0, 2)
    archive.seek(0)
    with _progress(console) as progress, _failures(registry):
        content = progress.wrap_file(archive, total=size, description="Uploading")
        answer = client.post(
            f"/v1/terrareg/modules/{path}/upload", files={"file": ("module.zip", content, "application/zip")}
        )
    _require_success(answer)
    match answer.json():
        case {"warnings": [*warnings]}:
            return [str(warning) for warning in warnings]
        case _:
            return []


def _publish(client: httpx.Client, registry: _Registry, address: ModuleProviderId, version: Version) -> bool:
    """Publish what was uploaded, which changes nothing where the registry published it by itself.

    False when the key may not publish and the version can't be seen to be published.
    """
    with _failures(registry):
        answer = client.post(f"/v1/terrareg/modules/{address}/{version}/publish")
        if answer.status_code not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            _require_success(answer)
            return True
        listed = client.get(f"/v1/modules/{address}/versions")
    return listed.status_code == httpx.codes.OK and f'"{version}"' in listed.text


@contextmanager
def _failures(registry: _Registry) -> Iterator[None]:
    """Turns what goes wrong on the way to the registry into a sentence."""
    try:
        yield
    except httpx.ConnectError as error:
        if "CERTIFICATE" in str(error).upper() or "SSL" in str(error).upper():
            raise CommandFailed(
                f"The certificate of {registry} can't be verified; let SSL_CERT_FILE name its authority's"
            ) from None
        raise CommandFailed(
            f"No registry answers at {registry}; start one with `terrareg serve`, or name another with --url"
        ) from None
    except httpx.TimeoutException:
        raise CommandFailed(f"{registry} did not answer in time; try again later") from None
    except httpx.HTTPError as error:
        raise CommandFailed(f"The connection to {registry} broke ({type(error).__name__}); try again") from None


def _require_success(answer: httpx.Response) -> None:
    if answer.status_code == httpx.codes.OK:
        return
    reason = _reason(answer)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        reason += " (put an upload key or the admin token, which `terrareg serve` prints, into TERRAREG_TOKEN)"
    raise CommandFailed(f"The registry refused: {reason}")


def _reason(answer: httpx.Response) -> str:
    """The one sentence in an error's body, or its status where there is none."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    match body:
        case {"message": str() as message} if message:
            return message
        case {"errors": [str() as message, *_]}:
            return message
        case _:
            return f"HTTP status {answer.status_code} ({answer.reason_phrase}); is {answer.url.host} a registry?"


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


def _tell(console: Console, text: str) -> None:
    console.file.flush()
    print(text, file=sys.stderr)
