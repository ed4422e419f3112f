"""The credentials that terraform keeps for itself, of which `terrareg` uses access tokens of registries.

Where they are, and how variables are named for hosts: https://developer.hashicorp.com/terraform/cli/config/config-file
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import httpx

from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, is_token

_VARIABLE_PREFIX = "TF_TOKEN_"
_MAX_BYTES = 1 << 20
_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


@attrs.frozen
class TerraformCredentials:
    """What terraform would send, run by the same person: by its variables, its configuration, its credentials file."""

    _environment: Mapping[str, str] = attrs.field(repr=False)
    _home: Path

    def access_token(self, url: httpx.URL) -> str | None:
        """The access token for the registry at `url`, or None without one.

        Terraform sends what it has through TLS only, so nothing of it is given for plain http to another machine.
        A file that can't be read or understood has none: it is not ours to judge.
        """
        if url.scheme != "https" and (url.host not in _THIS_MACHINE or url.port is None):
            return None
        host = url.netloc.decode("ascii")
        found = (token for name, token in self._all() if _is_host(name, host))
        return next((token for token in found if is_token(token, ACCESS_TOKEN_PREFIX)), None)

    def _all(self) -> Iterable[tuple[str, str]]:
        """Hosts, as somebody wrote them, with their tokens; of several for one host, the first counts."""
        for name, value in reversed(list(self._environment.items())):
            if name.startswith(_VARIABLE_PREFIX):
                yield name.removeprefix(_VARIABLE_PREFIX).replace("__", "-").replace("_", "."), value
        configuration = self._environment.get("TF_CLI_CONFIG_FILE")
        yield from _in_configuration(Path(configuration) if configuration else self._home / ".terraformrc")
        yield from _in_credentials(self._home / ".terraform.d" / "credentials.tfrc.json")


def _is_host(name: str, host: str) -> bool:
    """Whether `name`, in any case and with or without https's own port, is `host` as URLs write it."""
    try:
        return httpx.URL(f"https://{name}").netloc.decode("ascii") == host
    except (httpx.InvalidURL, ValueError):
        return False


def _in_credentials(path: Path) -> Iterable[tuple[str, str]]:
    """From the file that `terraform login` writes."""
    try:
        document = json.loads(_text(path))
    except (ValueError, RecursionError):
        return []
    match document:
        case {"credentials": dict() as credentials}:
            return [(host, token) for host, block in credentials.items() for token in _tokens(block)]
        case _:
            return []


def _in_configuration(path: Path) -> Iterable[tuple[str, str]]:
    """From the `credentials` blocks of the CLI configuration file."""
    text = _text(path)
    if ACCESS_TOKEN_PREFIX not in text:
        # Most have none, and the parser takes a second to load.
        return []
    import hcl2  # noqa: PLC0415
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        document = hcl2.loads(text)
    except (LarkError, RuntimeError, ValueError):
        return []
    match document:
        case {"credentials": [*blocks]}:
            # Labels and texts come with their quotation marks.
            return [
                (label.strip('"'), token.strip('"'))
                for block in blocks
                for label, body in block.items()
                for token in _tokens(body)
            ]
        case _:
            return []


def _tokens(block: object) -> Iterable[str]:
    match block:
        case {"token": str() as token}:
            return [token]
        case _:
            return []


def _text(path: Path) -> str:
    """Of a file; empty where it can't be read or is larger than any that makes sense."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        return content.decode() if len(content) <= _MAX_BYTES else ""
    except (OSError, ValueError):
        return ""
