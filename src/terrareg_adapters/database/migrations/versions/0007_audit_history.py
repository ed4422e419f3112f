"""Audit history: events that concern no object, and texts that filters and orders compare ignoring case."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 1000
_OPTIONAL = {"username": sa.Text(), "object_type": sa.String(64), "object_id": sa.Text()}
_TEXTS = ("username", "object_id", "old_value", "new_value")
_ACTION = sa.String(64)
_BYTE_ORDERED_ACTION = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_BYTE_ORDERED = sa.String().with_variant(sa.String(collation="C"), "postgresql")

_events = sa.table("audit_event", sa.column("id"), *map(sa.column, _TEXTS), *(sa.column(f"{n}_folded") for n in _TEXTS))


def upgrade() -> None:
    with op.batch_alter_table("audit_event") as batch:
        for name, kind in _OPTIONAL.items():
            batch.alter_column(name, existing_type=kind, nullable=True)
        batch.alter_column("action", existing_type=_ACTION, existing_nullable=False, type_=_BYTE_ORDERED_ACTION)
        for name in _TEXTS:
            batch.add_column(sa.Column(f"{name}_folded", _BYTE_ORDERED))
    _fold_texts(op.get_bind())


def _fold_texts(connection: sa.Connection) -> None:
    # In Python, because every database folds differently.
    fold = (
        sa.update(_events)
        .where(_events.c.id == sa.bindparam("event_id"))
        .values({f"{name}_folded": sa.bindparam(f"new_{name}") for name in _TEXTS})
    )
    for rows in _stored_texts(connection):
        connection.execute(fold, [_folded(row) for row in rows])


def _folded(row: sa.Row[Any]) -> dict[str, Any]:
    texts = row._mapping
    return {"event_id": row.id} | {
        f"new_{name}": None if texts[name] is None else texts[name].casefold() for name in _TEXTS
    }


def _stored_texts(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    query = (
        sa.select(_events.c.id, *(_events.c[name] for name in _TEXTS))
        .where(_events.c.id > sa.bindparam("last"))
        .order_by(_events.c.id)
        .limit(_ROWS_AT_ONCE)
    )
    last = 0
    while rows := connection.execute(query, {"last": last}).all():
        yield rows
        last = rows[-1].id


def downgrade() -> None:
    for name in _OPTIONAL:
        op.execute(sa.text(f"UPDATE audit_event SET {name} = '' WHERE {name} IS NULL"))  # noqa: S608 - names of ours
    with op.batch_alter_table("audit_event") as batch:
        for name in _TEXTS:
            batch.drop_column(f"{name}_folded")
        batch.alter_column("action", existing_type=_BYTE_ORDERED_ACTION, existing_nullable=False, type_=_ACTION)
        for name, kind in _OPTIONAL.items():
            batch.alter_column(name, existing_type=kind, nullable=False)
