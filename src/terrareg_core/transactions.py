"""The unit of work: one transaction per use case, over everything that is stored."""

from contextlib import AbstractContextManager
from typing import Protocol

from terrareg_core.access.ports import (
    AccessTokenRepository,
    FailureLog,
    SessionStore,
    SignInAttemptStore,
    TerraformLoginStore,
    UsedAssertions,
    UserGroupRepository,
)
from terrareg_core.analytics.downloads import DownloadLog
from terrareg_core.audit.events import AuditLog
from terrareg_core.modules.documents import DocumentReader
from terrareg_core.modules.read_models import ModuleCatalogue
from terrareg_core.modules.repositories import (
    GitProviderRepository,
    ModuleProviderRepository,
    ModuleVersionRepository,
)
from terrareg_core.namespaces.ports import NamespaceRepository


class Transaction(Protocol):
    """Everything stored, as it is at one moment."""

    @property
    def namespaces(self) -> NamespaceRepository: ...

    @property
    def git_providers(self) -> GitProviderRepository: ...

    @property
    def module_providers(self) -> ModuleProviderRepository: ...

    @property
    def module_versions(self) -> ModuleVersionRepository: ...

    @property
    def catalogue(self) -> ModuleCatalogue: ...

    @property
    def documents(self) -> DocumentReader: ...

    @property
    def downloads(self) -> DownloadLog: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def user_groups(self) -> UserGroupRepository: ...

    @property
    def sessions(self) -> SessionStore: ...

    @property
    def sign_in_attempts(self) -> SignInAttemptStore: ...

    @property
    def used_assertions(self) -> UsedAssertions: ...

    @property
    def access_tokens(self) -> AccessTokenRepository: ...

    @property
    def terraform_logins(self) -> TerraformLoginStore: ...

    @property
    def failures(self) -> FailureLog: ...


class UnitOfWork(Protocol):
    """Opens transactions. Nothing slow happens inside one: no file, network or parsing work."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that sees one consistent state and changes nothing. Raises StoreUnavailable."""
        ...

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that commits durably when the context ends normally and leaves no trace when it raises.

        Raises StoreUnavailable when it can't begin or commit in time. After a repository raised AlreadyStored the
        transaction is void: the context must be left by that exception.
        """
        ...
