"""Registries whose versions an older program indexed, made by setting back what the database tells of them."""

import io
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from terrareg_adapters.assembly import RegistryOptions, open_registry
from terrareg_core.access.identities import Identity
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.ports import UploadedArchive
from terrareg_core.registry import Registry
from tests.integration.http.serving import module_zip

MODULE = "acme/vpc/aws"

_AGE = (
    "UPDATE module_version SET extraction_version = 1, description = 'Old', owner = NULL, usage_template = NULL",
    "DELETE FROM module_part",
    "DELETE FROM example_file",
    "DELETE FROM module_version_file",
)


def upload(registry: Registry, versions: Iterable[str], archive: bytes | None = None) -> None:
    """Publish versions of MODULE; the archive defaults to a small module."""
    content = archive if archive is not None else module_zip(description="New")
    for version in versions:
        registry.publishing.upload(
            Identity.administrator(),
            RequestedModuleProvider.parse(MODULE),
            version,
            UploadedArchive("module.zip", io.BytesIO(content)),
        )


def make_outdated(data_directory: Path, versions: Sequence[str], archive: bytes | None = None) -> None:
    """Fill a new data directory with versions of MODULE that look as a much older program left them."""
    with open_registry(RegistryOptions(data_directory=data_directory)) as registry:
        upload(registry, versions, archive)
    age(data_directory)


def age(data_directory: Path) -> None:
    """Make all versions look as a much older program left them."""
    with closing(sqlite3.connect(data_directory / "terrareg.db")) as database, database:
        for statement in _AGE:
            database.execute(statement)


def rows(data_directory: Path) -> list[tuple[str, int, str, int]]:
    """Of each version: its text, extraction version, description, and how many parts it has."""
    with closing(sqlite3.connect(data_directory / "terrareg.db", timeout=30)) as database:
        return database.execute(
            "SELECT version, extraction_version, description, "
            "(SELECT count(*) FROM module_part WHERE module_version_id = module_version.id) "
            "FROM module_version ORDER BY id"
        ).fetchall()
