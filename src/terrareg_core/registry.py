"""The registry: the facade that bundles the use cases, and what an embedding program holds."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import attrs

from terrareg_core.access.admission import Admission
from terrareg_core.access.sessions import Sessions
from terrareg_core.access.sign_in import SignIn
from terrareg_core.access.terraform_login import TerraformLogin
from terrareg_core.access.tokens import AccessTokens
from terrareg_core.access.user_groups import UserGroups
from terrareg_core.analytics.statistics import Statistics
from terrareg_core.audit.history import AuditHistory
from terrareg_core.modules.catalogue import Catalogue
from terrareg_core.modules.documentation import Documentation
from terrareg_core.modules.downloads import Downloads
from terrareg_core.modules.git_providers import GitProviders
from terrareg_core.modules.importing import Importing
from terrareg_core.modules.initial_setup import InitialSetup
from terrareg_core.modules.module_providers import ModuleProviders
from terrareg_core.modules.overview import Overviews
from terrareg_core.modules.publishing import Publishing
from terrareg_core.modules.reindexing import Reindexing
from terrareg_core.modules.webhooks import Webhooks
from terrareg_core.namespaces.use_cases import Namespaces
from terrareg_core.providers.catalogue import ProviderCatalogue


@attrs.frozen(kw_only=True)
class Registry:
    """Every use case, grouped by concept; usable from many threads at once.

    Use it as a context manager, or call `close` when done.
    """

    admission: Admission
    """From credentials to an identity. Use cases ask by themselves what it may do."""
    sessions: Sessions
    sign_in: SignIn
    access_tokens: AccessTokens
    user_groups: UserGroups
    terraform_login: TerraformLogin
    namespaces: Namespaces
    module_providers: ModuleProviders
    git_providers: GitProviders
    initial_setup: InitialSetup
    catalogue: Catalogue
    overviews: Overviews
    documentation: Documentation
    publishing: Publishing
    importing: Importing
    webhooks: Webhooks
    reindexing: Reindexing
    downloads: Downloads
    statistics: Statistics
    providers: ProviderCatalogue
    audit: AuditHistory
    _close: Callable[[], None]

    def close(self) -> None:
        """Finish what is under way and let go of databases, files and threads."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
