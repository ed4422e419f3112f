"""The running registry that a command talks to: where it is, how it is spoken to, and what goes wrong on the way."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import attrs
import httpx
from rich.console import Console

from terrareg_core.errors import RegistryError
from terrareg_core.identifiers import ModuleProviderId
from terrareg_http.cli.credentials import kept_token, origin_of
from terrareg_http.cli.outcome import CommandFailed
from terrareg_http.settings import ClientSettings, SettingsError

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 900
"""Indexing a large module takes the registry its time."""

_URL_RULE = "must be a URL of scheme and host, such as https://registry.example.com"


def add_registry_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that say which registry is meant, and who the caller is."""
    parser.add_argument(
        "--url",
        type=_url_argument,
        help="the registry (default: TERRAREG_URL, else http://127.0.0.1:5000)",
        metavar="URL",
    )
    parser.add_argument(
        "--token",
        help="access token, upload key or admin token (default: TERRAREG_TOKEN, which other users can't see; else what "
        "`terrareg login` kept; else the access token that terraform has for the registry)",
    )


def add_url_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the argument that says which registry a credential is for."""
    parser.add_argument("url", metavar="URL", type=_url_argument, help="such as https://registry.example.com")


def add_address_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the argument that says which module provider is meant."""
    parser.add_argument("address", metavar="NAMESPACE/NAME/PROVIDER", type=_address, help="such as acme/vpc/aws")


def _address(text: str) -> ModuleProviderId:
    try:
        return ModuleProviderId.parse(text)
    except RegistryError as error:
        raise argparse.ArgumentTypeError(error.message) from None


@attrs.frozen
class RemoteRegistry:
    """A registry, and the credential for it."""

    url: httpx.URL
    """Scheme, host and perhaps port."""
    _token: str | None = attrs.field(repr=False)

    @classmethod
    def named_by(cls, arguments: argparse.Namespace) -> Self:
        """The registry that the arguments name, or else the environment; the credential as well, or else a kept one.

        Raises SettingsError, and CommandFailed for a file of credentials that can't be read.
        """
        settings = ClientSettings.of_this_process()
        url = arguments.url
        try:
            url = url if url is not None else _parse_url(settings.terrareg_url)
        except ValueError as error:
            raise SettingsError("TERRAREG_URL", str(error)) from None
        token = arguments.token if arguments.token is not None else settings.terrareg_token
        return cls(url, token if token is not None else kept_token(url))

    def __str__(self) -> str:
        return origin_of(self.url)

    def client(self) -> httpx.Client:
        """A client whose requests carry the credential. Raises CommandFailed for one that no header can carry."""
        token = self._token
        try:
            headers = httpx.Headers({b"X-Terrareg-ApiKey": token.encode()} if token else {})
        except UnicodeEncodeError:
            raise CommandFailed("The token is not text in UTF-8; copy it again") from None
        if token and not token.isprintable():
            raise CommandFailed("The token holds a line break or another control character; copy it again")
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            # A proxy could not reach what listens on this machine only.
            mounts=dict.fromkeys(["all://127.0.0.1", "all://localhost", "all://[::1]"]),
        )

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turns what goes wrong on the way to the registry into CommandFailed."""
        try:
            yield
        except httpx.ConnectError as error:
            if "CERTIFICATE" in str(error).upper() or "SSL" in str(error).upper():
                raise CommandFailed(
                    f"The certificate of {self} can't be verified; let SSL_CERT_FILE name its authority's"
                ) from None
            raise CommandFailed(
                f"No registry answers at {self}; start one with `terrareg serve`, or name another with --url"
            ) from None
        except httpx.TimeoutException:
            raise CommandFailed(f"{self} did not answer in time; try again later") from None
        except httpx.HTTPError as error:
            raise CommandFailed(f"The connection to {self} broke ({type(error).__name__}); try again") from None


def require_success(answer: httpx.Response) -> None:
    """Raises CommandFailed with the registry's reason unless it did what was asked."""
    if answer.is_success:
        return
    reason = _reason(answer)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        reason += (
            f" (run `terrareg login {origin_of(answer.url)}`, or put an upload key or the admin token, which "
            "`terrareg serve` prints, into TERRAREG_TOKEN)"
        )
    raise CommandFailed(f"The registry refused: {reason}")


def warnings_in(answer: httpx.Response) -> list[str]:
    """What the registry could not read of a version's sources, a sentence each."""
    match answer.json():
        case {"warnings": [*warnings]}:
            return [str(warning) for warning in warnings]
        case _:
            return []


def tell(console: Console, text: str) -> None:
    """Say something on standard error, after whatever the console still holds."""
    console.file.flush()
    print(text, file=sys.stderr)


def _url_argument(text: str) -> httpx.URL:
    try:
        return _parse_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parse_url(text: str) -> httpx.URL:
    """Raises ValueError."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise ValueError(_URL_RULE) from None
    if url.scheme not in {"http", "https"} or not url.host or url.path != "/" or url.userinfo or url.query:
        raise ValueError(_URL_RULE)
    return url


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
