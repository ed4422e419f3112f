"""Source trees: where the whole tree of a version is kept whose archives hold less, and finding outdated versions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = ("source_key", "source_size", "source_sha256")
_INDEX = "ix_module_version_extraction_version"


def upgrade() -> None:
    op.add_column("module_version", sa.Column("source_key", sa.Text()))
    op.add_column("module_version", sa.Column("source_size", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    op.add_column("module_version", sa.Column("source_sha256", sa.String(64)))
    op.create_index(_INDEX, "module_version", ["extraction_version"])


def downgrade() -> None:
    op.drop_index(_INDEX, "module_version")
    for name in _COLUMNS:
        op.drop_column("module_version", name)
