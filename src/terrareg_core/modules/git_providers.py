"""What can be done with git providers: keep them as the operator configures them, and list them (chapter 02, 8.7)."""

from collections.abc import Iterator, Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import AlreadyStored, StoreUnavailable
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition
from terrareg_core.transactions import UnitOfWork

_ATTEMPTS = 4
"""How often the configuration is stored when other processes store theirs at the same moment."""


@attrs.frozen
class GitProviders:
    """The use cases of git providers."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser

    def listed(self, identity: Identity) -> Sequence[GitProvider]:
        """The git providers that can be chosen, by id. Raises AccessDenied."""
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.READ)
            return [git_provider for git_provider in tx.git_providers.all() if git_provider.enabled]


def configure_git_providers(unit_of_work: UnitOfWork, definitions: Sequence[GitProviderDefinition]) -> None:
    """Make the stored git providers those that the operator configures, all or nothing.

    They are told apart by name and keep their ids. One that is no longer configured is disabled: it can't be chosen,
    and works on for the module providers that use it. Raises StoreUnavailable.
    """
    with unit_of_work.read() as tx:
        if not any(_changes(tx.git_providers.all(), definitions)):
            return
    for _ in range(_ATTEMPTS):
        try:
            with unit_of_work.write() as tx:
                for change in list(_changes(tx.git_providers.all(), definitions)):
                    if isinstance(change, GitProvider):
                        tx.git_providers.update(change)
                    else:
                        tx.git_providers.add(change)
                return
        except AlreadyStored:
            continue
    raise StoreUnavailable("The git providers are being changed by other processes at this moment; start again")


def _changes(
    stored: Sequence[GitProvider], definitions: Sequence[GitProviderDefinition]
) -> Iterator[GitProvider | GitProviderDefinition]:
    """What stored git providers must become, and which are new, for `definitions` to be the ones configured."""
    configured = {definition.name: definition for definition in definitions}
    for git_provider in stored:
        definition = configured.pop(git_provider.name, None)
        wanted = GitProvider(git_provider.id, definition or git_provider.definition, enabled=definition is not None)
        if wanted != git_provider:
            yield wanted
    yield from configured.values()
