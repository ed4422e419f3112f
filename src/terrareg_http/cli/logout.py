"""`terrareg logout`: forgets the credential for a registry, and deletes the access token that was made for it."""

import argparse

import httpx
from rich.console import Console

from terrareg_http.cli.credentials import CredentialFile, origin_of
from terrareg_http.cli.outcome import EXIT_DONE, CommandFailed
from terrareg_http.cli.remote import RemoteRegistry, add_url_argument, require_success, tell
from terrareg_http.settings import ClientSettings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_url_argument(parser)
    parser.add_argument(
        "--token",
        help="admin token, with which the access token is deleted at the registry (default: TERRAREG_TOKEN)",
    )
    parser.epilog = (
        "An access token can't delete itself: without the admin token, one that `terrareg login` made is good until it "
        "expires, or is deleted by an admin."
    )


def run(arguments: argparse.Namespace) -> int:
    """Forget, then delete; raises CommandFailed, SettingsError."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    url: httpx.URL = arguments.url
    given = arguments.token if arguments.token is not None else ClientSettings.of_this_process().terrareg_token
    forgotten = CredentialFile.of_this_process().forget(origin_of(url))
    if forgotten is None:
        tell(console, f"No credential was kept for {origin_of(url)}.")
        return EXIT_DONE
    tell(console, f"Forgot the credential for {origin_of(url)}.")
    if forgotten.token_id is None:
        return EXIT_DONE
    stays = f"The access token {forgotten.token_id} is good until {forgotten.expires_at}, unless an admin deletes it."
    if not given:
        tell(console, stays)
        return EXIT_DONE
    try:
        _delete(RemoteRegistry(url, given), forgotten.token_id)
    except CommandFailed:
        tell(console, stays)
        raise
    tell(console, "Deleted the access token at the registry.")
    return EXIT_DONE


def _delete(registry: RemoteRegistry, token_id: str) -> None:
    """Raises CommandFailed."""
    with registry.client() as client, registry.failures():
        answer = client.delete(f"/v1/terrareg/tokens/{token_id}")
    # One that is gone already is as good as deleted.
    if answer.status_code != httpx.codes.NOT_FOUND:
        require_success(answer)
