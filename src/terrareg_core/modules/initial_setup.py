"""The first steps of a new registry: how far its operator has come (chapter 02, 7.3)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.model import HostingMode, ModulePolicy
from terrareg_core.paging import PageRequest
from terrareg_core.transactions import UnitOfWork


@attrs.frozen(kw_only=True)
class SetupProgress:
    """How far the first module provider has come."""

    namespace_created: bool
    module_provider: ModuleProviderId | None
    """The first module provider, preferably one with a version; None while there is none."""
    version_indexed: bool
    version_published: bool
    """Whether its greatest version is published."""
    configured_with_git: bool
    uploads_allowed: bool
    anonymous_publishing: bool


@attrs.frozen
class InitialSetup:
    """The use case of whoever sets a registry up."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _policy: ModulePolicy
    _urls: SourceUrls

    def progress(self, identity: Identity) -> SetupProgress:
        """Which of the first steps are done. Raises AccessDenied."""
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.READ)
            found = tx.module_providers.first()
            versions = tx.catalogue.versions(found.id) if found is not None else ()
            any_namespace = found is not None or tx.namespaces.page(PageRequest(0, 1), only_published=False).total > 0
        return SetupProgress(
            namespace_created=any_namespace,
            module_provider=found.address if found is not None else None,
            version_indexed=bool(versions),
            version_published=bool(versions) and versions[0].published,
            configured_with_git=found is not None and self._urls.repository_of(found) is not None,
            uploads_allowed=self._policy.hosting is not HostingMode.DISALLOW,
            anonymous_publishing=self._authoriser.policy.anonymous_publishing,
        )
