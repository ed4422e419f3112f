"""Access: user groups, sessions, attempts to sign in, tokens, failures, and where generated namespaces came from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    *("failure", "terraform_token", "terraform_code", "access_token_namespace", "access_token"),
    *("used_assertion", "sign_in_attempt", "session", "user_group_permission", "user_group"),
)


def upgrade() -> None:
    op.add_column("namespace", sa.Column("source", _text(128)))
    _create_groups()
    _create_sign_ins()
    _create_access_tokens()
    _create_terraform_logins()
    op.create_table(
        "failure",
        _counter(),
        sa.Column("client", _text(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("failed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failure"),
    )
    op.create_index("ix_failure_failed_at", "failure", ["failed_at"])
    op.create_index("ix_failure_client_kind_failed_at", "failure", ["client", "kind", "failed_at"])


def _create_groups() -> None:
    op.create_table(
        "user_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _text(128), nullable=False),
        sa.Column("site_admin", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_group"),
        sa.UniqueConstraint("name", name="uq_user_group_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_group_permission",
        sa.Column("user_group_id", sa.Integer(), nullable=False),
        sa.Column("namespace_id", sa.Integer(), nullable=False),
        sa.Column("permission", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("user_group_id", "namespace_id", name="pk_user_group_permission"),
        _parent("user_group_permission", "user_group"),
        _parent("user_group_permission", "namespace"),
    )
    op.create_index("ix_user_group_permission_namespace_id", "user_group_permission", ["namespace_id"])


def _create_sign_ins() -> None:
    op.create_table(
        "session",
        _digest(),
        *_texts("person", "csrf_secret", "fingerprint"),
        *_life(),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
    )
    op.create_table(
        "sign_in_attempt",
        _counter(),
        _digest("state_digest"),
        _digest("browser_digest"),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("source", sa.Text()),
        *_texts("nonce", "verifier", "request_id", "return_path"),
        *_life(),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_attempt"),
        sa.UniqueConstraint("state_digest", name="uq_sign_in_attempt_state_digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "used_assertion",
        _digest(),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_assertion"),
    )
    for table in ("session", "sign_in_attempt", "used_assertion"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])


def _create_access_tokens() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", _text(64), nullable=False),
        _digest(),
        *_texts("name", "owner"),
        _digest("owner_key"),
        *_texts("scopes"),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime()),
        sa.Column("last_used_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.UniqueConstraint("digest", name="uq_access_token_digest"),
    )
    op.create_index("ix_access_token_owner_key", "access_token", ["owner_key"])
    op.create_table(
        "access_token_namespace",
        sa.Column("access_token_id", _text(64), nullable=False),
        sa.Column("namespace_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("access_token_id", "namespace_id", name="pk_access_token_namespace"),
        _parent("access_token_namespace", "access_token"),
        _parent("access_token_namespace", "namespace"),
    )
    op.create_index("ix_access_token_namespace_namespace_id", "access_token_namespace", ["namespace_id"])


def _create_terraform_logins() -> None:
    op.create_table(
        "terraform_code",
        _digest(),
        *_texts("person", "redirect_uri", "challenge"),
        sa.Column("nonce", sa.Text()),
        *_life(),
        sa.Column("token_digest", sa.String(64)),
        sa.PrimaryKeyConstraint("digest", name="pk_terraform_code"),
    )
    op.create_table(
        "terraform_token",
        _digest(),
        *_texts("person"),
        *_life(),
        sa.PrimaryKeyConstraint("digest", name="pk_terraform_token"),
    )
    for table in ("terraform_code", "terraform_token"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])


def _text(length: int) -> sa.String:
    """Text that is compared by its bytes."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _counter() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _digest(name: str = "digest") -> sa.Column[str]:
    return sa.Column(name, sa.String(64), nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _life() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(), nullable=False) for name in ("created_at", "expires_at")]


def _parent(table: str, parent: str) -> sa.ForeignKeyConstraint:
    """The foreign key of rows that go with their parent."""
    column = f"{parent}_id"
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("namespace", "source")
