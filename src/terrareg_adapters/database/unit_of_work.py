"""The unit of work over a database engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from terrareg_adapters.database.access_tokens import DatabaseAccessTokens
from terrareg_adapters.database.audit import DatabaseAuditLog
from terrareg_adapters.database.downloads import DatabaseDownloads
from terrareg_adapters.database.engine import WRITE, begin_clean, require_clean
from terrareg_adapters.database.failures import DatabaseFailures
from terrareg_adapters.database.git_providers import DatabaseGitProviders
from terrareg_adapters.database.module_catalogue import DatabaseModuleCatalogue
from terrareg_adapters.database.module_documents import DatabaseModuleDocuments
from terrareg_adapters.database.module_providers import DatabaseModuleProviders
from terrareg_adapters.database.module_versions import DatabaseModuleVersions
from terrareg_adapters.database.namespaces import DatabaseNamespaces
from terrareg_adapters.database.sessions import DatabaseSessions
from terrareg_adapters.database.sign_in_attempts import DatabaseSignInAttempts
from terrareg_adapters.database.terraform_logins import DatabaseTerraformLogins
from terrareg_adapters.database.used_assertions import DatabaseUsedAssertions
from terrareg_adapters.database.user_groups import DatabaseUserGroups
from terrareg_core.errors import StoreUnavailable


@attrs.frozen
class DatabaseTransaction:
    """Everything stored, through one connection inside one transaction."""

    _connection: Connection

    @property
    def namespaces(self) -> DatabaseNamespaces:
        return DatabaseNamespaces(self._connection)

    @property
    def git_providers(self) -> DatabaseGitProviders:
        return DatabaseGitProviders(self._connection)

    @property
    def module_providers(self) -> DatabaseModuleProviders:
        return DatabaseModuleProviders(self._connection)

    @property
    def module_versions(self) -> DatabaseModuleVersions:
        return DatabaseModuleVersions(self._connection)

    @property
    def catalogue(self) -> DatabaseModuleCatalogue:
        return DatabaseModuleCatalogue(self._connection)

    @property
    def documents(self) -> DatabaseModuleDocuments:
        return DatabaseModuleDocuments(self._connection)

    @property
    def downloads(self) -> DatabaseDownloads:
        return DatabaseDownloads(self._connection)

    @property
    def audit(self) -> DatabaseAuditLog:
        return DatabaseAuditLog(self._connection)

    @property
    def user_groups(self) -> DatabaseUserGroups:
        return DatabaseUserGroups(self._connection)

    @property
    def sessions(self) -> DatabaseSessions:
        return DatabaseSessions(self._connection)

    @property
    def sign_in_attempts(self) -> DatabaseSignInAttempts:
        return DatabaseSignInAttempts(self._connection)

    @property
    def used_assertions(self) -> DatabaseUsedAssertions:
        return DatabaseUsedAssertions(self._connection)

    @property
    def access_tokens(self) -> DatabaseAccessTokens:
        return DatabaseAccessTokens(self._connection)

    @property
    def terraform_logins(self) -> DatabaseTerraformLogins:
        return DatabaseTerraformLogins(self._connection)

    @property
    def failures(self) -> DatabaseFailures:
        return DatabaseFailures(self._connection)


class DatabaseUnitOfWork:
    """Transactions of one engine, usable from all threads; a transaction belongs to the thread that opened it.

    Readers see one snapshot. SQLite has one writer at a time; on PostgreSQL writers meet at the rows that they hold.
    """

    def __init__(self, engine: Engine) -> None:
        """`engine` is one of `open_engine`, whose schema is up to date; closing it stays its owner's business."""
        reading: dict[str, Any] = {}
        writing: dict[str, Any] = {WRITE: True}
        if engine.dialect.name == "postgresql":
            reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            writing |= {"isolation_level": "READ COMMITTED"}
        self._readers = engine.execution_options(**reading)
        self._writers = engine.execution_options(**writing)

    @contextmanager
    def read(self) -> Iterator[DatabaseTransaction]:
        """A transaction that is rolled back in the end. Raises StoreUnavailable."""
        with _connected(self._readers) as connection, connection.begin() as transaction:
            yield DatabaseTransaction(connection)
            transaction.rollback()

    @contextmanager
    def write(self) -> Iterator[DatabaseTransaction]:
        """A transaction that is committed when the context ends normally, else rolled back.

        Raises StoreUnavailable when it can't begin or commit in time (the engine's patience), and the error of a
        statement that failed in it when the context ends normally all the same.
        """
        with _connected(self._writers) as connection, connection.begin():
            begin_clean(connection)
            yield DatabaseTransaction(connection)
            require_clean(connection)


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except (PoolTimeoutError, PendingRollbackError) as error:
        # No free connection in time, or one that broke and was used on.
        raise StoreUnavailable("The database is busy or went away; try again") from error
