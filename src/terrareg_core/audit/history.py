"""What can be done with the audit history: read it (chapter 04, 12.3)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.audit.events import AuditPage
from terrareg_core.audit.queries import AuditQuery
from terrareg_core.transactions import UnitOfWork


@attrs.frozen
class AuditHistory:
    """The use case of those who want to know who did what."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser

    def page(self, identity: Identity, query: AuditQuery) -> AuditPage:
        """The events that `query` asks for. Raises AccessDenied."""
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
            return tx.audit.page(query)
