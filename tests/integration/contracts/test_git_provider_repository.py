"""The contract of the git provider repository."""

import attrs
import pytest

from terrareg_core.errors import AlreadyStored
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition, RepositoryTemplates
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import git_provider_definition

HUB = git_provider_definition("Hub")


class TestGitProviderRepository:
    def test_what_was_added_is_found_with_everything_it_has(self, unit_of_work: UnitOfWork) -> None:
        full = GitProviderDefinition("Ünïcode", RepositoryTemplates("b" * 1024, "c", "d"), "{module}")
        with unit_of_work.write() as tx:
            added = [tx.git_providers.add(full), tx.git_providers.add(HUB)]
        with unit_of_work.read() as tx:
            assert added == [GitProvider(added[0].id, full), GitProvider(added[1].id, HUB, enabled=True)]
            assert list(tx.git_providers.all()) == added
            assert [tx.git_providers.find(row.id) for row in added] == added
            assert tx.git_providers.find(17) is None

    def test_a_name_is_taken_once_and_casing_matters(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.git_providers.add(HUB)
            tx.git_providers.add(attrs.evolve(HUB, name="hub"))
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.git_providers.add(HUB)

    def test_an_update_replaces_everything_but_the_id(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            added = tx.git_providers.add(HUB)
            kept = tx.git_providers.add(attrs.evolve(HUB, name="Other"))
            changed = GitProvider(added.id, attrs.evolve(HUB, git_path="{module}"), enabled=False)
            tx.git_providers.update(changed)
            tx.git_providers.update(attrs.evolve(changed, id=17))
        with unit_of_work.read() as tx:
            assert list(tx.git_providers.all()) == [changed, kept]

    def test_the_name_of_another_is_not_taken_over(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.git_providers.add(HUB)
            other = tx.git_providers.add(attrs.evolve(HUB, name="Other"))
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.git_providers.update(attrs.evolve(other, definition=HUB))
