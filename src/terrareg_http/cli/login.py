"""`terrareg login`: keeps a credential for a registry, so that `terrareg publish` and `terrareg import` find it."""

import argparse
import getpass
import platform
import sys
from datetime import UTC, datetime, timedelta

import httpx
from rich.console import Console

from terrareg_core.access.grants import TokenScope
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, is_token
from terrareg_core.access.tokens import NAME_MAX
from terrareg_http.cli.credentials import CredentialFile, KeptCredential, origin_of
from terrareg_http.cli.outcome import EXIT_DONE, CommandFailed
from terrareg_http.cli.remote import RemoteRegistry, add_url_argument, require_success, tell

_DAYS = 90
_DAYS_MAX = 3650
_TOKEN_MAX = 4096
"""Bytes of a line that could be a token."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_url_argument(parser)
    parser.add_argument(
        "--days",
        type=_days,
        default=_DAYS,
        metavar="N",
        help="how long the access token is good that is made with the admin token (default: %(default)s)",
    )
    parser.epilog = (
        "Asks for an access token, an upload or publish key, or the admin token, and reads it from the terminal "
        "without showing it, else one line from standard input. Of the admin token nothing is kept but an access token "
        "that is made with it."
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask, check and keep; raises CommandFailed."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    kept = CredentialFile.of_this_process()
    # A file that can't be read is found out before a token is made in vain.
    kept.find(origin_of(arguments.url))
    token = _asked(console, arguments.url)
    registry = RemoteRegistry(arguments.url, token)
    with registry.client() as client:
        if _is_admin_token(registry, client, token):
            credential = _made(registry, client, arguments.days)
            day = (credential.expires_at or "").partition("T")[0]
            tell(console, f"Made an access token that is good until {day}; the admin token is not kept.")
        else:
            credential = KeptCredential(token)
    kept.keep(str(registry), credential)
    tell(console, f"The credential for {registry} is in {kept}; `terrareg publish` and `terrareg import` use it.")
    return EXIT_DONE


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= _DAYS_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {_DAYS_MAX}")
    return int(text)


def _asked(console: Console, url: httpx.URL) -> str:
    """The token that a person types or a program sends. Raises CommandFailed."""
    if sys.stdin.isatty():
        tell(console, "Paste an access token, an upload or publish key, or the admin token; it is not shown.")
        try:
            line = getpass.getpass(f"Token for {url.netloc.decode('ascii')}: ")
        except EOFError:
            line = ""
    else:
        line = sys.stdin.buffer.readline(_TOKEN_MAX + 1).decode("utf-8", "surrogateescape")
    token = line.strip()
    if not token:
        raise CommandFailed("No token was given, so nothing is kept")
    if len(token) > _TOKEN_MAX:
        raise CommandFailed("That is too long for a token; copy it again")
    return token


def _is_admin_token(registry: RemoteRegistry, client: httpx.Client, token: str) -> bool:
    """Whether the registry knows this token, which it must, for the admin's. Raises CommandFailed."""
    with registry.failures():
        answer = client.get("/v1/terrareg/auth/admin/is_authenticated")
    require_success(answer)
    match _document(registry, answer):
        case {"authenticated": True, "site_admin": bool() as is_admin}:
            # What a token may do is told of itself; that its owner is an admin makes it none.
            return is_admin and not is_token(token, ACCESS_TOKEN_PREFIX)
        case {"authenticated": False}:
            raise CommandFailed(f"{registry} doesn't know this token, or not any more; copy it again")
        case _:
            raise _no_registry(registry)


def _made(registry: RemoteRegistry, client: httpx.Client, days: int) -> KeptCredential:
    """A new access token. Raises CommandFailed."""
    host = "".join(character for character in platform.node() if character.isprintable())
    wanted = {
        "name": f"terrareg on {host or 'a computer'}"[:NAME_MAX],
        "scopes": [scope.value for scope in TokenScope],
        "expires_at": (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds"),
    }
    with registry.failures():
        answer = client.post("/v1/terrareg/tokens", json=wanted)
    require_success(answer)
    match _document(registry, answer):
        case {"token": str() as token, "id": str() as token_id, "expires_at": str() as expires_at}:
            return KeptCredential(token, token_id, expires_at)
        case _:
            raise _no_registry(registry)


def _document(registry: RemoteRegistry, answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        raise _no_registry(registry) from None


def _no_registry(registry: RemoteRegistry) -> CommandFailed:
    return CommandFailed(f"{registry} answers, but not as a registry does; check the URL")
