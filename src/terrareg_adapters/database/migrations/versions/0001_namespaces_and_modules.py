"""The first schema: namespaces, module providers and versions, recorded downloads, audit events."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.Text()
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _byte_ordered(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_NAME = _byte_ordered(128)


def _id(column_type: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column("id", column_type or sa.Integer(), nullable=False)


def _required(name: str, column_type: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, column_type, nullable=False)


def _optional(name: str, column_type: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, column_type, nullable=True)


def _primary_key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _foreign_key(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    _create_namespaces()
    _create_module_providers()
    _create_module_versions()
    _create_content("module_part", "kind")
    _create_content("example_file")
    _create_content("module_version_file")
    _create_downloads()
    _create_audit_events()


def _create_namespaces() -> None:
    op.create_table(
        "namespace",
        _id(),
        _required("name", _NAME),
        _required("name_folded", _NAME),
        _optional("display_name", _NAME),
        _optional("display_name_folded", _NAME),
        _required("kind", sa.String(32)),
        _primary_key("namespace"),
        _unique("namespace", "name_folded"),
        _unique("namespace", "display_name_folded"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "namespace_redirect",
        _id(),
        _required("name", _NAME),
        _required("name_folded", _NAME),
        _required("namespace_id", sa.Integer()),
        _primary_key("namespace_redirect"),
        _foreign_key("namespace_redirect", "namespace_id", "namespace", "CASCADE"),
        _unique("namespace_redirect", "name_folded", "namespace_id"),
        sqlite_autoincrement=True,
    )
    _index("namespace_redirect", "namespace_id")


def _create_module_providers() -> None:
    # The pointer to the latest version closes a circle: SQLite takes it at once, others when both tables are there.
    latest = _foreign_key("module_provider", "latest_version_id", "module_version", "SET NULL")
    circle: Sequence[sa.ForeignKeyConstraint] = () if op.get_bind().dialect.supports_alter else (latest,)
    op.create_table(
        "module_provider",
        _id(),
        _required("namespace_id", sa.Integer()),
        _required("module", _NAME),
        _required("module_folded", _NAME),
        _required("provider", _NAME),
        _required("verified", sa.Boolean()),
        _optional("latest_version_id", sa.Integer()),
        _primary_key("module_provider"),
        _foreign_key("module_provider", "namespace_id", "namespace"),
        _unique("module_provider", "namespace_id", "module_folded", "provider"),
        *circle,
        sqlite_autoincrement=True,
    )
    _index("module_provider", "latest_version_id")
    _index("module_provider", "module", "provider")
    op.create_table(
        "module_provider_redirect",
        _id(),
        _required("namespace_id", sa.Integer()),
        _required("module", _NAME),
        _required("module_folded", _NAME),
        _required("provider", _NAME),
        _required("module_provider_id", sa.Integer()),
        _primary_key("module_provider_redirect"),
        _foreign_key("module_provider_redirect", "namespace_id", "namespace", "CASCADE"),
        _foreign_key("module_provider_redirect", "module_provider_id", "module_provider", "CASCADE"),
        _unique("module_provider_redirect", "namespace_id", "module_folded", "provider"),
        sqlite_autoincrement=True,
    )
    _index("module_provider_redirect", "module_provider_id")


def _create_module_versions() -> None:
    op.create_table(
        "module_version",
        _id(),
        _required("module_provider_id", sa.Integer()),
        _required("version", _NAME),
        _required("sort_key", _byte_ordered(300)),
        _required("beta", sa.Boolean()),
        _required("internal", sa.Boolean()),
        _required("published", sa.Boolean()),
        _required("indexed_at", sa.DateTime()),
        _required("published_at", sa.DateTime()),
        _required("downloads", _COUNTER),
        _optional("extraction_version", sa.Integer()),
        _optional("uploader", _TEXT),
        _optional("git_commit", sa.String(64)),
        _optional("git_tag", _TEXT),
        _optional("zip_key", _TEXT),
        _optional("zip_size", _COUNTER),
        _optional("zip_sha256", sa.String(64)),
        _optional("tar_gz_key", _TEXT),
        _optional("tar_gz_size", _COUNTER),
        _optional("tar_gz_sha256", sa.String(64)),
        _optional("terraform_constraint", _TEXT),
        _optional("owner", _TEXT),
        _required("owner_folded", _TEXT),
        _optional("description", _TEXT),
        _required("description_folded", _TEXT),
        _optional("repo_base_url", _TEXT),
        _optional("repo_clone_url", _TEXT),
        _optional("repo_browse_url", _TEXT),
        _required("variable_template", _TEXT),
        _primary_key("module_version"),
        _foreign_key("module_version", "module_provider_id", "module_provider"),
        _unique("module_version", "module_provider_id", "version"),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.supports_alter:
        op.create_foreign_key(
            "fk_module_provider_latest_version_id",
            "module_provider",
            "module_version",
            ["latest_version_id"],
            ["id"],
            ondelete="SET NULL",
        )


def _create_content(table: str, *further_key: str) -> None:
    columns = {
        "module_part": ("readme", "specification", "safe_texts"),
        "example_file": ("content",),
        "module_version_file": ("content",),
    }
    leading = [_required("position", sa.Integer()), _required("kind", sa.String(16))] if further_key else []
    op.create_table(
        table,
        _id(),
        _required("module_version_id", sa.Integer()),
        *leading,
        _required("path", _TEXT),
        _required("path_sha256", sa.String(64)),
        *(_required(name, _TEXT) for name in columns[table]),
        _primary_key(table),
        _foreign_key(table, "module_version_id", "module_version", "CASCADE"),
        _unique(table, "module_version_id", *further_key, "path_sha256"),
    )


def _create_downloads() -> None:
    op.create_table(
        "download",
        _id(_COUNTER),
        _required("module_version_id", sa.Integer()),
        _required("module_provider_id", sa.Integer()),
        _required("timestamp", sa.DateTime()),
        _optional("terraform_version", _TEXT),
        _optional("analytics_token", _TEXT),
        _required("authenticated", sa.Boolean()),
        _optional("environment", _TEXT),
        _optional("requested_namespace", _TEXT),
        _optional("requested_module", _TEXT),
        _optional("requested_provider", _TEXT),
        _primary_key("download"),
        _foreign_key("download", "module_version_id", "module_version", "CASCADE"),
        _foreign_key("download", "module_provider_id", "module_provider", "CASCADE"),
    )
    _index("download", "module_version_id")
    _index("download", "module_provider_id", "timestamp")


def _create_audit_events() -> None:
    op.create_table(
        "audit_event",
        _id(_COUNTER),
        _required("timestamp", sa.DateTime()),
        _required("username", _TEXT),
        _required("action", sa.String(64)),
        _required("object_type", sa.String(64)),
        _required("object_id", _TEXT),
        _optional("old_value", _TEXT),
        _optional("new_value", _TEXT),
        _primary_key("audit_event"),
    )
    _index("audit_event", "timestamp", "id")


def downgrade() -> None:
    if op.get_bind().dialect.supports_alter:
        op.drop_constraint("fk_module_provider_latest_version_id", "module_provider", type_="foreignkey")
    for table in (
        "audit_event",
        "download",
        "module_version_file",
        "example_file",
        "module_part",
        "module_version",
        "module_provider_redirect",
        "module_provider",
        "namespace_redirect",
        "namespace",
    ):
        op.drop_table(table)
