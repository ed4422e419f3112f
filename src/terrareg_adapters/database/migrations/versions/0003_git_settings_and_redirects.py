"""Git settings: git providers, what module providers set for their repositories, and where a version's module lay."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAME = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
_TEMPLATES = ("base_url_template", "clone_url_template", "browse_url_template")
_TEXTS = (*(f"repo_{name}" for name in _TEMPLATES), "git_tag_format", "git_path")
_FLAGS = ("archive_git_path", "provider_source_inheritance_disabled")


def upgrade() -> None:
    op.create_table(
        "git_provider",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEMPLATES),
        sa.Column("git_path_template", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_git_provider"),
        sa.UniqueConstraint("name", name="uq_git_provider_name"),
        sqlite_autoincrement=True,
    )
    # SQLite takes a foreign key together with its column only.
    op.execute(
        "ALTER TABLE module_provider ADD COLUMN git_provider_id INTEGER "
        "CONSTRAINT fk_module_provider_git_provider_id REFERENCES git_provider (id)"
    )
    op.create_index("ix_module_provider_git_provider_id", "module_provider", ["git_provider_id"])
    for name in _TEXTS:
        op.add_column("module_provider", sa.Column(name, sa.Text()))
    for name in _FLAGS:
        op.add_column("module_provider", _flag(name))
    op.add_column("module_version", sa.Column("git_path", sa.Text()))
    op.add_column("module_version", _flag("archive_git_path"))


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def downgrade() -> None:
    for name in ("archive_git_path", "git_path"):
        op.drop_column("module_version", name)
    for name in (*_FLAGS, *_TEXTS):
        op.drop_column("module_provider", name)
    op.drop_index("ix_module_provider_git_provider_id", "module_provider")
    op.drop_column("module_provider", "git_provider_id")
    op.drop_table("git_provider")
