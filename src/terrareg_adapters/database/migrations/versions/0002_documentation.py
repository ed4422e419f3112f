"""What people read of a version: rendered texts, call trees, graphs, findings and costs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = {
    "module_part": ("html_texts", "readme_html", "calls", "graph", "security", "cost"),
    "module_version": ("usage_template",),
    "example_file": ("shown",),
    "module_version_file": ("shown",),
}


def upgrade() -> None:
    for table, names in _COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for table, names in _COLUMNS.items():
        for name in names:
            op.drop_column(table, name)
