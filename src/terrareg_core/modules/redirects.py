"""When a redirect of a module provider may be deleted: not while it is used to download (chapter 06, 4.1)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from terrareg_core.analytics.downloads import DownloadEvent
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.identifiers import NamespaceName
from terrareg_core.modules.model import ModuleProviderRedirect
from terrareg_core.transactions import Transaction


@attrs.frozen
class RedirectPolicy:
    """What the operator laid down for the deletion of redirects (chapter 06, 8.6)."""

    forceful_deletion: bool = False
    """Whether a redirect may be deleted without regard to its use."""
    lookback: timedelta | None = None
    """How old a download may be to count as use; None for any age, zero for none at all."""

    def counts(self, event: DownloadEvent, now: datetime) -> bool:
        """Whether a download is recent enough to count."""
        if self.lookback is None:
            return True
        return self.lookback > timedelta(0) and now - event.timestamp <= self.lookback


def is_requested_by(redirect: ModuleProviderRedirect, names: Iterable[NamespaceName], event: DownloadEvent) -> bool:
    """Whether a download asked for the address that `redirect` stands for.

    `names` are those by which the redirect's namespace can be addressed. Compared as addresses are looked up: the
    namespace and the module in any casing.
    """
    requested = event.requested
    return (
        requested.namespace.lower() in {name.folded for name in names}
        and requested.module.lower() == redirect.module.folded
        and requested.provider == redirect.provider.value
    )


def redirects_in_use(
    tx: Transaction, policy: RedirectPolicy, redirects: Sequence[ModuleProviderRedirect], now: datetime
) -> Sequence[ModuleProviderRedirect]:
    """Those of `redirects` by which some consumer downloaded last.

    A consumer is an analytics token, all downloads without one together; whoever has since downloaded under another
    name does not count.
    """
    names = {
        namespace.id: [namespace.name, *tx.namespaces.former_names(namespace.id)]
        for namespace in {redirect.namespace.id: redirect.namespace for redirect in redirects}.values()
    }
    latest = {
        target_id: [event for event in tx.downloads.latest_by_token(target_id) if policy.counts(event, now)]
        for target_id in dict.fromkeys(redirect.target_id for redirect in redirects)
    }
    return [
        redirect
        for redirect in redirects
        if any(is_requested_by(redirect, names[redirect.namespace.id], event) for event in latest[redirect.target_id])
    ]


def remove_redirects(tx: Transaction, pen: AuditPen, redirects: Iterable[ModuleProviderRedirect]) -> None:
    """Delete `redirects`, with an event each (chapter 02, 6.2 and 14.3)."""
    for redirect in redirects:
        tx.module_providers.remove_redirect(redirect.id)
        pen.write(AuditAction.MODULE_PROVIDER_REDIRECT_DELETE, redirect.address, old_value=str(redirect.target))
