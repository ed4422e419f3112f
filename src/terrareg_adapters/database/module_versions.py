"""The module versions in the database, with what indexing read from each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import Connection, Table, bindparam, delete, false, insert, or_, select, true, update

from terrareg_adapters.database.documents import (
    write_calls,
    write_descriptions,
    write_graph,
    write_object,
    write_objects,
    write_safe_texts,
    write_slotted,
    write_specification,
)
from terrareg_adapters.database.engine import refuse
from terrareg_adapters.database.rows import MODULE_VERSION_COLUMNS, inserted_id, path_digest, to_module_version
from terrareg_adapters.database.search_rows import follow_version
from terrareg_adapters.database.tables import (
    example_file,
    module_part,
    module_provider,
    module_version,
    module_version_file,
    namespace,
)
from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName
from terrareg_core.modules.documents import PartDocuments
from terrareg_core.modules.model import IndexedContent, IndexedVersion, ModuleVersion, NewModuleVersion
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.ports import StoredObject
from terrareg_core.versions import Version

_OF_MODULE_PROVIDER = select(*MODULE_VERSION_COLUMNS).where(
    module_version.c.module_provider_id == bindparam("module_provider_id")
)
_GREATEST_FIRST = _OF_MODULE_PROVIDER.order_by(module_version.c.sort_key.desc())
_FIND = _OF_MODULE_PROVIDER.where(module_version.c.version == bindparam("version"))
_LATEST = (
    select(*MODULE_VERSION_COLUMNS)
    .join(module_provider, module_provider.c.latest_version_id == module_version.c.id)
    .where(module_provider.c.id == bindparam("module_provider_id"))
)
_ADD = insert(module_version)
_IS_IT = module_version.c.id == bindparam("module_version_id")
_REPLACE = update(module_version).where(_IS_IT)
_MARK_PUBLISHED = (
    update(module_version)
    .where(_IS_IT, module_version.c.published == false())
    .values(published=true(), published_at=bindparam("moment", type_=module_version.c.published_at.type))
)
_REMOVE = delete(module_version).where(_IS_IT)
_IDS = select(module_version.c.id)
_OUTDATED = _IDS.where(
    or_(
        module_version.c.extraction_version.is_(None),
        module_version.c.extraction_version < bindparam("extraction_version"),
    )
)
_INDEXED = (
    select(namespace.c.name, module_provider.c.module, module_provider.c.provider, *MODULE_VERSION_COLUMNS)
    .join(module_provider, module_provider.c.id == module_version.c.module_provider_id)
    .join(namespace, namespace.c.id == module_provider.c.namespace_id)
    .where(_IS_IT)
)

_CONTENT = (module_part, example_file, module_version_file)
_ADD_CONTENT = {table: insert(table) for table in _CONTENT}
_REMOVE_CONTENT = {
    table: delete(table).where(table.c.module_version_id == bindparam("module_version_id")) for table in _CONTENT
}


def version_sort_key(version: Version) -> str:
    """A text whose byte order is the order of versions, at most 300 characters long."""
    major, minor, patch, is_release, label, number, text = version.sort_key
    # `!` sorts before letters and digits, so that a label comes before those that it begins.
    suffix = "1" if is_release else f"0{label}!{_sortable(number)}"
    return f"{_sortable(major)}{_sortable(minor)}{_sortable(patch)}{suffix}!{text}"


def _sortable(number: int) -> str:
    digits = str(number)
    return f"{len(digits):03d}{digits}"


@attrs.frozen
class DatabaseModuleVersions:
    """The module versions, inside the transaction of a connection."""

    _connection: Connection

    def find(self, module_provider_id: int, version: Version) -> ModuleVersion | None:
        name = {"module_provider_id": module_provider_id, "version": version.text}
        row = self._connection.execute(_FIND, name).one_or_none()
        return to_module_version(row) if row else None

    def latest_of(self, module_provider_id: int) -> ModuleVersion | None:
        row = self._connection.execute(_LATEST, {"module_provider_id": module_provider_id}).one_or_none()
        return to_module_version(row) if row else None

    def of_module_provider(self, module_provider_id: int) -> Sequence[ModuleVersion]:
        rows = self._connection.execute(_GREATEST_FIRST, {"module_provider_id": module_provider_id})
        return [to_module_version(row) for row in rows]

    def add(self, new: NewModuleVersion) -> ModuleVersion:
        module_version_id = inserted_id(self._connection.execute(_ADD, _values(new) | {"downloads": 0}))
        self._add_content(module_version_id, new.content)
        return _stored(module_version_id, new)

    def replace(self, module_version_id: int, new: NewModuleVersion) -> ModuleVersion:
        if not self._connection.execute(_REPLACE, _values(new) | {"module_version_id": module_version_id}).rowcount:
            refuse(self._connection, "The version was deleted meanwhile")
        follow_version(self._connection, module_version_id)
        self._replace_content(module_version_id, new.content)
        return _stored(module_version_id, new)

    def indexed_before(self, extraction_version: int | None) -> Sequence[int]:
        # Asked for the order of ids, SQLite would read the whole table in that order instead of the index.
        if extraction_version is None:
            return sorted(self._connection.execute(_IDS).scalars())
        return sorted(self._connection.execute(_OUTDATED, {"extraction_version": extraction_version}).scalars())

    def indexed(self, module_version_id: int) -> IndexedVersion | None:
        row = self._connection.execute(_INDEXED, {"module_version_id": module_version_id}).one_or_none()
        if row is None:
            return None
        address = ModuleProviderId(NamespaceName(row[0]), ModuleName(row[1]), ProviderName(row[2]))
        return IndexedVersion(address, to_module_version(row[3:]))

    def reindex(self, module_version_id: int, content: IndexedContent, extraction_version: int) -> None:
        values = _content_values(content) | {"extraction_version": extraction_version}
        if not self._connection.execute(_REPLACE, values | {"module_version_id": module_version_id}).rowcount:
            refuse(self._connection, "The version was deleted meanwhile")
        follow_version(self._connection, module_version_id)
        self._replace_content(module_version_id, content)

    def mark_published(self, module_version_id: int, published_at: datetime) -> None:
        self._connection.execute(_MARK_PUBLISHED, {"module_version_id": module_version_id, "moment": published_at})

    def remove(self, module_version_id: int) -> None:
        # Content, downloads, what is searched, and the pointer to it as the latest go by the foreign keys' rules.
        self._connection.execute(_REMOVE, {"module_version_id": module_version_id})

    def _replace_content(self, module_version_id: int, content: IndexedContent) -> None:
        for statement in _REMOVE_CONTENT.values():
            self._connection.execute(statement, {"module_version_id": module_version_id})
        self._add_content(module_version_id, content)

    def _add_content(self, module_version_id: int, content: IndexedContent) -> None:
        documents = content.documents
        parts = [
            {
                "position": position,
                "kind": part.kind.value,
                "readme": part.readme,
                "specification": write_specification(part.specification),
                "safe_texts": write_safe_texts(part.safe),
                **_path(part.path),
                **_document_values(documents.parts.get((part.kind, part.path))),
            }
            for position, part in enumerate(content.parts)
        ]
        self._add_rows(module_part, module_version_id, parts)
        shown_examples = {path: write_slotted(text) for path, text in documents.example_files.items()}
        self._add_rows(example_file, module_version_id, _files(content.example_files, shown_examples))
        self._add_rows(module_version_file, module_version_id, _files(content.tab_files, documents.files))

    def _add_rows(self, table: Table, module_version_id: int, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(
                _ADD_CONTENT[table], [{"module_version_id": module_version_id} | row for row in rows]
            )


def _values(new: NewModuleVersion) -> dict[str, Any]:
    archives = new.archives
    return {
        "module_provider_id": new.module_provider_id,
        "version": new.version.text,
        "sort_key": version_sort_key(new.version),
        "beta": new.version.is_beta,
        "published": new.published,
        "indexed_at": new.indexed_at,
        "published_at": new.published_at,
        "extraction_version": new.extraction_version,
        "uploader": new.uploader,
        "git_commit": new.origin.commit if new.origin else None,
        "git_tag": new.origin.tag if new.origin else None,
        "git_path": new.git_path,
        "archive_git_path": new.archive_git_path,
        **_object("zip", archives.zip if archives is not None else None),
        **_object("tar_gz", archives.tar_gz if archives is not None else None),
        **_object("source", new.source),
        **_content_values(new.content),
    }


def _content_values(content: IndexedContent) -> dict[str, Any]:
    metadata = content.metadata
    root = next((part for part in content.parts if part.kind is PartKind.ROOT), None)
    return {
        "internal": metadata.internal,
        "terraform_constraint": root.specification.terraform_version_constraint if root else None,
        "owner": metadata.owner,
        "owner_folded": (metadata.owner or "").lower(),
        "description": content.description,
        "description_folded": (content.description or "").lower(),
        "repo_base_url": metadata.repo_base_url,
        "repo_clone_url": metadata.repo_clone_url,
        "repo_browse_url": metadata.repo_browse_url,
        "variable_template": write_objects(metadata.variable_template),
        "usage_template": write_objects(content.documents.usage_template),
    }


def _object(name: str, stored: StoredObject | None) -> dict[str, str | int | None]:
    return {
        f"{name}_key": stored.key if stored is not None else None,
        f"{name}_size": stored.size if stored is not None else None,
        f"{name}_sha256": stored.digest if stored is not None else None,
    }


def _document_values(documents: PartDocuments | None) -> dict[str, str | None]:
    documents = documents or PartDocuments()
    readme = documents.html.readme
    return {
        "html_texts": write_descriptions(documents.html),
        "readme_html": None if readme is None else write_slotted(readme),
        "calls": write_calls(documents.calls),
        "graph": write_graph(documents.graph),
        "security": None if documents.security is None else write_objects(documents.security),
        "cost": None if documents.cost is None else write_object(documents.cost),
    }


def _files(files: Mapping[str, str], shown: Mapping[str, str]) -> list[dict[str, str | None]]:
    return [{"content": content, "shown": shown.get(path), **_path(path)} for path, content in files.items()]


def _path(path: str) -> dict[str, str]:
    return {"path": path, "path_sha256": path_digest(path)}


def _stored(module_version_id: int, new: NewModuleVersion) -> ModuleVersion:
    return ModuleVersion(
        id=module_version_id,
        module_provider_id=new.module_provider_id,
        version=new.version,
        published=new.published,
        internal=new.content.metadata.internal,
        indexed_at=new.indexed_at,
        published_at=new.published_at,
        archives=new.archives,
        repo_clone_url=new.content.metadata.repo_clone_url,
        origin=new.origin,
        repo_base_url=new.content.metadata.repo_base_url,
        repo_browse_url=new.content.metadata.repo_browse_url,
        git_path=new.git_path,
        archive_git_path=new.archive_git_path,
        source=new.source,
        extraction_version=new.extraction_version,
    )
