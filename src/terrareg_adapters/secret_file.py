"""Secrets that the registry makes for itself, kept in one private file beside the embedded database."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from terrareg_core.errors import RegistryFailure

_PRIVATE = 0o600
_MAX_BYTES = 1 << 20


class SecretFile:
    """One JSON object of secrets by name, in a file that only its owner can read (decision 6).

    Any number of threads and processes may ask at once: the first to ask makes a secret, all get the same. Beside the
    file stands a lock file with `.lock` added to its name, which holds nothing.
    """

    def __init__(self, path: Path) -> None:
        """Keep the secrets in the file `path`; nothing is read or written before the first secret is asked for."""
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._new_path = path.with_name(f"{path.name}.new")

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The secret kept under `name`; when there is none, what `make` returns, on the disk before it is returned.

        Raises RegistryFailure when the file is damaged, can't be read or written, or can't be made private, and
        ValueError when `make` returns an empty text.
        """
        try:
            # Most calls find the secret; they need no lock, because a file is only ever replaced by a complete one.
            kept = self._read()
            if name in kept:
                return kept[name]
            with self._locked():
                kept = self._read()
                if name not in kept:
                    made = make()
                    if not made:
                        raise ValueError("a secret must not be empty")
                    kept[name] = made
                    self._replace(kept)
                return kept[name]
        except OSError as error:
            raise RegistryFailure(
                f"The file {self._path.name} with the registry's generated secrets can't be used; "
                "make its directory writable for the registry, or configure the secrets"
            ) from error

    def _read(self) -> dict[str, str]:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return {}
        with open(descriptor, "rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                # A restored backup or a mounted volume may have widened the mode.
                os.fchmod(file.fileno(), _PRIVATE)
            content = file.read(_MAX_BYTES + 1)
        try:
            secrets = json.loads(content) if len(content) <= _MAX_BYTES else None
        except (ValueError, RecursionError):
            secrets = None
        if not isinstance(secrets, dict) or not all(value and isinstance(value, str) for value in secrets.values()):
            raise RegistryFailure(
                f"The file {self._path.name} with the registry's generated secrets is damaged; restore it from a "
                "backup, or delete it to have new secrets made (everybody signed in must then sign in again)"
            )
        return secrets

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _replace(self, secrets: dict[str, str]) -> None:
        """Put a complete file in the place of the old one; only the holder of the lock calls this."""
        with suppress(FileNotFoundError):
            self._new_path.unlink()
        # The file is created with its final mode, so there is no moment in which others could open it.
        with open(os.open(self._new_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
            os.fchmod(file.fileno(), _PRIVATE)  # an odd umask could have taken the owner's own rights
            file.write(json.dumps(secrets, indent=2).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        self._new_path.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
