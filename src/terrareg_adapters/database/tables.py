"""The tables, as SQLAlchemy Core sees them; `migrations` holds how a database gets there.

Names are stored in canonical spelling beside a folded column that is compared; foreign keys are indexed, by an index of
their own or as the first column of another one (chapter 02, 16.3).
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    false,
)

from terrareg_adapters.database.types import ByteOrdered, Counter, LongText, UtcDateTime

NAME_LENGTH = 128
"""Of names and versions, in characters (chapter 02, 2)."""

CLIENT_LENGTH = 255
"""Of a client's address, in characters."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

namespace = Table(
    "namespace",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("name_folded", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("display_name", ByteOrdered(NAME_LENGTH)),
    Column("display_name_folded", ByteOrdered(NAME_LENGTH)),
    Column("kind", String(32), nullable=False),
    Column("source", ByteOrdered(NAME_LENGTH)),
    UniqueConstraint("name_folded"),
    UniqueConstraint("display_name_folded"),
    sqlite_autoincrement=True,
)

namespace_redirect = Table(
    "namespace_redirect",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("name_folded", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("namespace_id", ForeignKey("namespace.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("name_folded", "namespace_id"),
    sqlite_autoincrement=True,
)

git_provider = Table(
    "git_provider",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("base_url_template", LongText, nullable=False),
    Column("clone_url_template", LongText, nullable=False),
    Column("browse_url_template", LongText, nullable=False),
    Column("git_path_template", LongText),
    Column("enabled", Boolean, nullable=False),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

module_provider = Table(
    "module_provider",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("namespace_id", ForeignKey("namespace.id"), nullable=False),
    Column("module", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("module_folded", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("provider", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("latest_version_id", Integer, index=True),
    Column("git_provider_id", ForeignKey("git_provider.id"), index=True),
    Column("repo_base_url_template", LongText),
    Column("repo_clone_url_template", LongText),
    Column("repo_browse_url_template", LongText),
    Column("git_tag_format", LongText),
    Column("git_path", LongText),
    Column("archive_git_path", Boolean, nullable=False, server_default=false()),
    Column("provider_source_inheritance_disabled", Boolean, nullable=False, server_default=false()),
    ForeignKeyConstraint(["latest_version_id"], ["module_version.id"], ondelete="SET NULL", use_alter=True),
    UniqueConstraint("namespace_id", "module_folded", "provider"),
    # The order of lists.
    Index(None, "module", "provider"),
    sqlite_autoincrement=True,
)

module_provider_redirect = Table(
    "module_provider_redirect",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("namespace_id", ForeignKey("namespace.id", ondelete="CASCADE"), nullable=False),
    Column("module", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("module_folded", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("provider", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("module_provider_id", ForeignKey("module_provider.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("namespace_id", "module_folded", "provider"),
    sqlite_autoincrement=True,
)

module_version = Table(
    "module_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("module_provider_id", ForeignKey("module_provider.id"), nullable=False),
    Column("version", ByteOrdered(NAME_LENGTH), nullable=False),
    # Sorts as versions do, see `version_sort_key`.
    Column("sort_key", ByteOrdered(300), nullable=False),
    Column("beta", Boolean, nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("indexed_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("downloads", Counter, nullable=False),
    Column("extraction_version", Integer),
    Column("uploader", LongText),
    Column("git_commit", String(64)),
    Column("git_tag", LongText),
    Column("git_path", LongText),
    Column("archive_git_path", Boolean, nullable=False, server_default=false()),
    Column("zip_key", LongText),
    Column("zip_size", Counter),
    Column("zip_sha256", String(64)),
    Column("tar_gz_key", LongText),
    Column("tar_gz_size", Counter),
    Column("tar_gz_sha256", String(64)),
    Column("source_key", LongText),
    Column("source_size", Counter),
    Column("source_sha256", String(64)),
    Column("terraform_constraint", LongText),
    Column("owner", LongText),
    Column("owner_folded", LongText, nullable=False),
    Column("description", LongText),
    Column("description_folded", LongText, nullable=False),
    Column("repo_base_url", LongText),
    Column("repo_clone_url", LongText),
    Column("repo_browse_url", LongText),
    Column("variable_template", LongText, nullable=False),
    Column("usage_template", LongText),
    UniqueConstraint("module_provider_id", "version"),
    # Finds what is to be indexed again.
    Index(None, "extraction_version"),
    sqlite_autoincrement=True,
)

# What of each module provider with a latest version is searched; `search_rows` says what a row is made of.
module_search = Table(
    "module_search",
    metadata,
    Column("namespace", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("provider", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("module", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("module_provider_id", ForeignKey("module_provider.id", ondelete="CASCADE"), nullable=False),
    Column("module_version_id", ForeignKey("module_version.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("verified", Boolean, nullable=False),
    Column("internal", Boolean, nullable=False),
    # Module, namespace and provider, folded, with a space between them; a term has none.
    Column("names", ByteOrdered(3 * NAME_LENGTH + 2), nullable=False),
    # Where the description, the owner, the namespace, and what would follow it begin in `texts`, in characters, from 1.
    Column("description_at", Integer, nullable=False),
    Column("owner_at", Integer, nullable=False),
    Column("namespace_at", Integer, nullable=False),
    Column("end_at", Integer, nullable=False),
    # Module, description, owner and namespace, folded, with a space between them.
    Column("texts", LongText, nullable=False),
    # Engines that keep rows in the order of this key count the matches of a filter without sorting them.
    PrimaryKeyConstraint("namespace", "provider", "module"),
    UniqueConstraint("module_provider_id"),
    # The order of lists and searches, and what skipping to a page asks of each row.
    Index("ix_module_search_order", "module", "provider", "namespace", "internal", "verified", "module_provider_id"),
    sqlite_with_rowid=False,
)

# A path may have more characters than an index entry holds on every engine, so its digest is what is unique.
module_part = Table(
    "module_part",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("module_version_id", ForeignKey("module_version.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("path", LongText, nullable=False),
    Column("path_sha256", String(64), nullable=False),
    Column("readme", LongText, nullable=False),
    Column("specification", LongText, nullable=False),
    Column("safe_texts", LongText, nullable=False),
    # Absent in rows of an older extraction version.
    Column("html_texts", LongText),
    Column("readme_html", LongText),
    Column("calls", LongText),
    Column("graph", LongText),
    Column("security", LongText),
    Column("cost", LongText),
    UniqueConstraint("module_version_id", "kind", "path_sha256"),
)

example_file = Table(
    "example_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("module_version_id", ForeignKey("module_version.id", ondelete="CASCADE"), nullable=False),
    Column("path", LongText, nullable=False),
    Column("path_sha256", String(64), nullable=False),
    Column("content", LongText, nullable=False),
    # As people read it; absent in rows of an older extraction version.
    Column("shown", LongText),
    UniqueConstraint("module_version_id", "path_sha256"),
)

module_version_file = Table(
    "module_version_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("module_version_id", ForeignKey("module_version.id", ondelete="CASCADE"), nullable=False),
    Column("path", LongText, nullable=False),
    Column("path_sha256", String(64), nullable=False),
    Column("content", LongText, nullable=False),
    # As people read it; absent in rows of an older extraction version.
    Column("shown", LongText),
    UniqueConstraint("module_version_id", "path_sha256"),
)

download = Table(
    "download",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("module_version_id", ForeignKey("module_version.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("module_provider_id", ForeignKey("module_provider.id", ondelete="CASCADE"), nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("terraform_version", LongText),
    Column("analytics_token", LongText),
    Column("authenticated", Boolean, nullable=False),
    Column("environment", LongText),
    # As the client wrote them; absent in rows older than redirects.
    Column("requested_namespace", LongText),
    Column("requested_module", LongText),
    Column("requested_provider", LongText),
    Index(None, "module_provider_id", "timestamp"),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("username", LongText),
    Column("action", ByteOrdered(64), nullable=False),
    Column("object_type", String(64)),
    Column("object_id", LongText),
    Column("old_value", LongText),
    Column("new_value", LongText),
    Column("username_folded", ByteOrdered()),
    Column("object_id_folded", ByteOrdered()),
    Column("old_value_folded", ByteOrdered()),
    Column("new_value_folded", ByteOrdered()),
    Index(None, "timestamp", "id"),
)

user_group = Table(
    "user_group",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", ByteOrdered(NAME_LENGTH), nullable=False),
    Column("site_admin", Boolean, nullable=False),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

user_group_permission = Table(
    "user_group_permission",
    metadata,
    Column("user_group_id", ForeignKey("user_group.id", ondelete="CASCADE"), primary_key=True),
    Column("namespace_id", ForeignKey("namespace.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("permission", String(16), nullable=False),
)

# Whoever holds a secret is found by its digest. A person is a document: what was asserted of them when they signed in.
session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", LongText, nullable=False),
    Column("csrf_secret", LongText, nullable=False),
    Column("fingerprint", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

# The ids tell which attempts are the oldest.
sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("state_digest", String(64), nullable=False),
    Column("browser_digest", String(64), nullable=False),
    Column("method", String(16), nullable=False),
    Column("source", LongText),
    Column("nonce", LongText, nullable=False),
    Column("verifier", LongText, nullable=False),
    Column("request_id", LongText, nullable=False),
    Column("return_path", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("state_digest"),
    sqlite_autoincrement=True,
)

# The ids of assertions may have any length, so their digests are kept.
used_assertion = Table(
    "used_assertion",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

access_token = Table(
    "access_token",
    metadata,
    Column("id", ByteOrdered(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("name", LongText, nullable=False),
    Column("owner", LongText, nullable=False),
    # The digest of what the owner's sign-ins have in common, which has no bounds itself.
    Column("owner_key", String(64), nullable=False, index=True),
    Column("scopes", LongText, nullable=False),
    # Whether it is limited to namespaces, for all of them may be gone.
    Column("limited", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    UniqueConstraint("digest"),
)

access_token_namespace = Table(
    "access_token_namespace",
    metadata,
    Column("access_token_id", ForeignKey("access_token.id", ondelete="CASCADE"), primary_key=True),
    Column("namespace_id", ForeignKey("namespace.id", ondelete="CASCADE"), primary_key=True, index=True),
)

terraform_code = Table(
    "terraform_code",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", LongText, nullable=False),
    Column("redirect_uri", LongText, nullable=False),
    Column("challenge", LongText, nullable=False),
    Column("nonce", LongText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    # Of the token that it was exchanged for, which may be gone.
    Column("token_digest", String(64)),
)

terraform_token = Table(
    "terraform_token",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

failure = Table(
    "failure",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("client", ByteOrdered(CLIENT_LENGTH), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("failed_at", UtcDateTime, nullable=False, index=True),
    Index(None, "client", "kind", "failed_at"),
)
