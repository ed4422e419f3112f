"""What `terrareg login` keeps: a credential for each registry, in a file that only its owner can read."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import attrs
import httpx

from terrareg_http.cli.outcome import CommandFailed
from terrareg_http.cli.terraform_credentials import TerraformCredentials
from terrareg_http.settings import process_environment

_PRIVATE = 0o600
_PRIVATE_DIRECTORY = 0o700
_MAX_BYTES = 1 << 20


@attrs.frozen
class KeptCredential:
    """What is sent to a registry as `X-Terrareg-ApiKey`."""

    token: str = attrs.field(repr=False)
    token_id: str | None = None
    """Of an access token that was made for this file, by which it can be deleted."""
    expires_at: str | None = None
    """When that token expires, as the registry wrote it: ISO 8601 in UTC without a zone."""


class CredentialFile:
    """A JSON object of credentials by the registry's origin.

    Changes come one after the other, also from several processes: beside the file stands a lock file, which holds
    nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of_this_process(cls) -> Self:
        """The file of the person who runs this (https://specifications.freedesktop.org/basedir-spec/latest/)."""
        environment = process_environment()
        named = Path(environment.get("XDG_CONFIG_HOME", ""))
        directory = named if named.is_absolute() else home_in(environment) / ".config"
        return cls(directory / "terrareg" / "credentials.json")

    def __str__(self) -> str:
        return str(self._path)

    def find(self, origin: str) -> KeptCredential | None:
        """What is kept for a registry. Raises CommandFailed for a file that can't be read."""
        return self._read().get(origin)

    def keep(self, origin: str, credential: KeptCredential) -> None:
        """Keep what a registry gets from now on. Raises CommandFailed."""
        with self._changing() as kept:
            kept[origin] = credential

    def forget(self, origin: str) -> KeptCredential | None:
        """Take away what is kept for a registry, and return it. Raises CommandFailed."""
        if self.find(origin) is None:
            return None
        with self._changing() as kept:
            return kept.pop(origin, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, KeptCredential]]:
        """What is kept, to be changed; it is on the disk when the context ends."""
        directory = self._path.parent
        try:
            # The mode is that of the last directory only, and the one above must be nobody else's to write either.
            directory.parent.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            directory.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
            directory.chmod(_PRIVATE_DIRECTORY)
            lock = os.open(directory / f"{self._path.name}.lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                kept = self._read()
                yield kept
                self._replace(kept)
            finally:
                os.close(lock)
        except OSError as error:
            raise CommandFailed(f"{self._path} can't be written ({error.strerror})") from None

    def _replace(self, kept: Mapping[str, KeptCredential]) -> None:
        document = {"registries": {origin: attrs.asdict(credential) for origin, credential in kept.items()}}
        # A temporary file is its owner's alone from the moment at which it is there.
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f"{self._path.name}.")
        try:
            with open(descriptor, "w", encoding="ascii") as file:
                json.dump(document, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise

    def _read(self) -> dict[str, KeptCredential]:
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    # A restored backup may have widened the mode.
                    os.fchmod(file.fileno(), _PRIVATE)
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CommandFailed(f"{self._path} can't be read ({error.strerror})") from None
        try:
            return _credentials(json.loads(content) if len(content) <= _MAX_BYTES else None)
        except (ValueError, RecursionError):
            raise CommandFailed(f"{self._path} is damaged; delete it, and run `terrareg login` again") from None


def _credentials(document: object) -> dict[str, KeptCredential]:
    """What `_replace` wrote, by origin. Raises ValueError for anything else."""
    match document:
        case {"registries": dict() as registries}:
            return {origin: _credential(fields) for origin, fields in registries.items()}
        case _:
            raise ValueError


def _credential(fields: object) -> KeptCredential:
    match fields:
        case {"token": str() as token, "token_id": None | str() as token_id, "expires_at": None | str() as expires_at}:
            return KeptCredential(token, token_id, expires_at)
        case _:
            raise ValueError


def kept_token(url: httpx.URL) -> str | None:
    """The token for the registry at `url`: from `terrareg login`, else an access token that terraform has for it.

    Raises CommandFailed for a file of our own that can't be read.
    """
    kept = CredentialFile.of_this_process().find(origin_of(url))
    if kept is not None:
        return kept.token
    environment = process_environment()
    return TerraformCredentials(environment, home_in(environment)).access_token(url)


def origin_of(url: httpx.URL) -> str:
    """Scheme, host and port of a registry, the port left out where it is the scheme's own."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def home_in(environment: Mapping[str, str]) -> Path:
    """The home directory of the person who runs this."""
    return Path(environment.get("HOME") or Path.home())
