"""The documents of module versions in the database."""

from collections.abc import Sequence

import attrs
from sqlalchemy import BindParameter, Connection, bindparam, select

from terrareg_adapters.database.documents import read_objects, read_slotted
from terrareg_adapters.database.rows import DOCUMENTED_PART_COLUMNS, path_digest, to_documented_part
from terrareg_adapters.database.tables import example_file, module_part, module_version, module_version_file
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.documents import DocumentedPart
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.slots import SlottedText

_VERSION: BindParameter[int] = bindparam("module_version_id")
_DIGEST: BindParameter[str] = bindparam("path_sha256")

_IS_PART = (
    module_part.c.module_version_id == _VERSION,
    module_part.c.kind == bindparam("kind"),
    module_part.c.path_sha256 == _DIGEST,
)
_PART = select(*DOCUMENTED_PART_COLUMNS).where(*_IS_PART)
_README = select(module_part.c.readme_html).where(*_IS_PART)
_PATHS = (
    select(module_part.c.path)
    .where(module_part.c.module_version_id == _VERSION, module_part.c.kind == bindparam("kind"))
    .order_by(module_part.c.position)
)
_EXAMPLE_PATHS = select(example_file.c.path).where(example_file.c.module_version_id == _VERSION)
_EXAMPLE_FILE = select(example_file.c.shown).where(
    example_file.c.module_version_id == _VERSION, example_file.c.path_sha256 == _DIGEST
)
_FILE_PATHS = select(module_version_file.c.path).where(module_version_file.c.module_version_id == _VERSION)
_FILE = select(module_version_file.c.shown).where(
    module_version_file.c.module_version_id == _VERSION, module_version_file.c.path_sha256 == _DIGEST
)
_USAGE_TEMPLATE = select(module_version.c.usage_template).where(module_version.c.id == _VERSION)


@attrs.frozen
class DatabaseModuleDocuments:
    """The documents, inside the transaction of a connection."""

    _connection: Connection

    def part(self, module_version_id: int, kind: PartKind, path: str) -> DocumentedPart | None:
        parameters = {"module_version_id": module_version_id, "kind": kind.value, "path_sha256": path_digest(path)}
        row = self._connection.execute(_PART, parameters).one_or_none()
        return to_documented_part(row) if row else None

    def paths(self, module_version_id: int, kind: PartKind) -> Sequence[str]:
        parameters = {"module_version_id": module_version_id, "kind": kind.value}
        return self._connection.execute(_PATHS, parameters).scalars().all()

    def readme(self, module_version_id: int, kind: PartKind, path: str) -> SlottedText | None:
        parameters = {"module_version_id": module_version_id, "kind": kind.value, "path_sha256": path_digest(path)}
        text = self._connection.execute(_README, parameters).scalar_one_or_none()
        return read_slotted(text) if text is not None else None

    def example_files(self, module_version_id: int, example: str) -> Sequence[str]:
        paths = self._connection.execute(_EXAMPLE_PATHS, {"module_version_id": module_version_id}).scalars()
        return sorted(path for path in paths if path.rpartition("/")[0] == example)

    def example_file(self, module_version_id: int, path: str) -> SlottedText | None:
        parameters = {"module_version_id": module_version_id, "path_sha256": path_digest(path)}
        text = self._connection.execute(_EXAMPLE_FILE, parameters).scalar_one_or_none()
        return read_slotted(text) if text is not None else None

    def file(self, module_version_id: int, path: str) -> str | None:
        parameters = {"module_version_id": module_version_id, "path_sha256": path_digest(path)}
        return self._connection.execute(_FILE, parameters).scalar_one_or_none()

    def files(self, module_version_id: int) -> Sequence[str]:
        return sorted(self._connection.execute(_FILE_PATHS, {"module_version_id": module_version_id}).scalars())

    def usage_template(self, module_version_id: int) -> Sequence[JsonObject]:
        text = self._connection.execute(_USAGE_TEMPLATE, {"module_version_id": module_version_id}).scalar_one_or_none()
        return read_objects(text) if text is not None else ()
