"""What is searched of each module provider, in a narrow table of its own, filled from what is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
_THREE_NAMES = sa.String(386).with_variant(sa.String(386, collation="C"), "postgresql")
_NAMES = ("namespace", "provider", "module")
_FLAGS = ("verified", "internal")
_PLACES = ("description_at", "owner_at", "namespace_at", "end_at")
_ORDER = ("module", "provider", "namespace", "internal", "verified", "module_provider_id")


def upgrade() -> None:
    op.create_table(
        "module_search",
        *(sa.Column(name, _NAME, nullable=False) for name in _NAMES),
        sa.Column("module_provider_id", sa.Integer(), nullable=False),
        sa.Column("module_version_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in _FLAGS),
        sa.Column("names", _THREE_NAMES, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _PLACES),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*_NAMES, name="pk_module_search"),
        sa.UniqueConstraint("module_provider_id", name="uq_module_search_module_provider_id"),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=f"fk_module_search_{table}_id", ondelete="CASCADE"
            )
            for table in ("module_provider", "module_version")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_module_search_module_version_id", "module_search", ["module_version_id"])
    op.create_index("ix_module_search_order", "module_search", list(_ORDER))
    _fill()


def _fill() -> None:
    namespace = _table("namespace", "id", "name", "name_folded")
    names = ("module", "module_folded", "provider")
    module_provider = _table("module_provider", "id", "namespace_id", *names, "verified", "latest_version_id")
    version = _table("module_version", "id", "internal", "description_folded", "owner_folded")
    length = sa.func.length if op.get_bind().dialect.name == "sqlite" else sa.func.char_length
    space = sa.literal_column("' '", sa.Text())
    module, provider, name = module_provider.c.module_folded, module_provider.c.provider, namespace.c.name_folded
    texts = (module, version.c.description_folded, version.c.owner_folded, name)
    places = []
    place: sa.ColumnElement[int] = sa.literal_column("1", sa.Integer())
    for text in texts:
        place = place + length(text) + sa.literal_column("1", sa.Integer())
        places.append(place)
    values = {
        "namespace": namespace.c.name,
        "provider": provider,
        "module": module_provider.c.module,
        "module_provider_id": module_provider.c.id,
        "module_version_id": version.c.id,
        "verified": module_provider.c.verified,
        "internal": version.c.internal,
        "names": sa.cast(module, sa.Text()) + space + name + space + provider,
        **dict(zip(_PLACES, places, strict=True)),
        "texts": sa.cast(module, sa.Text()) + space + texts[1] + space + texts[2] + space + name,
    }
    rows = (
        sa.select(*values.values())
        .select_from(module_provider)
        .join(namespace, namespace.c.id == module_provider.c.namespace_id)
        .join(version, version.c.id == module_provider.c.latest_version_id)
    )
    op.execute(sa.insert(_table("module_search", *values)).from_select(list(values), rows))


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns))


def downgrade() -> None:
    op.drop_table("module_search")
