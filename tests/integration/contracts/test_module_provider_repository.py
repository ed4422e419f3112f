"""The contract of the module provider repository."""

import attrs
import pytest

from terrareg_core.errors import AlreadyStored
from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName
from terrareg_core.modules.git_settings import GitSettings, RepositoryTemplates
from terrareg_core.modules.model import ModuleProvider, ModuleProviderRedirect
from terrareg_core.namespaces.model import Namespace
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import (
    git_provider_definition,
    given_module_provider,
    given_namespace,
    given_version,
    new_version,
)

VPC, AWS = ModuleName("vpc"), ProviderName("aws")


def _again(tx: Transaction, module_provider: ModuleProvider) -> ModuleProvider | None:
    return tx.module_providers.find(module_provider.namespace.id, module_provider.module, module_provider.provider)


class TestModuleProviderRepository:
    def test_what_was_added_is_found_with_everything_it_has(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx, "Acme")
            added = tx.module_providers.add(namespace.id, ModuleName("Vpc_1"), AWS, verified=True)
        with unit_of_work.read() as tx:
            found = tx.module_providers.find(namespace.id, ModuleName("Vpc_1"), AWS)
        assert found == added
        assert found == ModuleProvider(added.id, namespace, ModuleName("Vpc_1"), AWS, verified=True)

    def test_the_module_is_found_in_any_casing_and_keeps_its_spelling(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            added = given_module_provider(tx, "acme/VpC/aws")
            for module in ("vpc", "VPC", "VpC"):
                assert tx.module_providers.find(added.namespace.id, ModuleName(module), AWS) == added

    def test_another_namespace_module_or_provider_is_another_module_provider(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            added = given_module_provider(tx, "acme/vpc/aws")
            other = given_namespace(tx, "other")
            assert tx.module_providers.find(other.id, VPC, AWS) is None
            assert tx.module_providers.find(added.namespace.id, ModuleName("v_c"), AWS) is None
            assert tx.module_providers.find(added.namespace.id, VPC, ProviderName("gcp")) is None
            for address in ("other/vpc/aws", "acme/v_c/aws", "acme/vpc/gcp"):
                given_module_provider(tx, address)
            assert tx.module_providers.find(added.namespace.id, VPC, AWS) == added

    def test_a_module_in_another_casing_is_stored_already(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_module_provider(tx, "acme/vpc/aws")
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            given_module_provider(tx, "acme/VPC/aws")

    def test_a_module_provider_of_a_namespace_that_is_gone_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_providers.add(17, VPC, AWS, verified=False)

    def test_a_redirect_leads_to_its_module_provider_in_any_casing_of_the_module(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            former = given_namespace(tx, "former")
            target = given_module_provider(tx, "acme/net/gcp")
            assert tx.module_providers.find_redirected(former.id, VPC, AWS) is None
            tx.module_providers.add_redirect(former.id, ModuleName("Vpc"), AWS, target.id)
            assert tx.module_providers.find_redirected(former.id, ModuleName("VPC"), AWS) == target
            assert tx.module_providers.find_redirected(target.namespace.id, VPC, AWS) is None
            assert tx.module_providers.find_redirected(former.id, VPC, ProviderName("gcp")) is None
            assert tx.module_providers.find(former.id, VPC, AWS) is None

    def test_a_redirect_that_exists_may_be_added_again_and_leads_nowhere_else(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            former = given_namespace(tx, "former")
            target, other = given_module_provider(tx, "acme/net/gcp"), given_module_provider(tx, "acme/lan/gcp")
            tx.module_providers.add_redirect(former.id, VPC, AWS, target.id)
            tx.module_providers.add_redirect(former.id, VPC, AWS, target.id)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_providers.add_redirect(former.id, ModuleName("VPC"), AWS, other.id)
        with unit_of_work.read() as tx:
            assert tx.module_providers.find_redirected(former.id, VPC, AWS) == target

    def test_redirects_are_listed_by_where_they_lead_and_where_they_start(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            former = given_namespace(tx, "former")
            target, other = given_module_provider(tx, "acme/net/gcp"), given_module_provider(tx, "acme/lan/gcp")
            tx.module_providers.add_redirect(former.id, ModuleName("Zz"), AWS, target.id)
            tx.module_providers.add_redirect(target.namespace.id, VPC, AWS, target.id)
            tx.module_providers.add_redirect(former.id, ModuleName("aa"), AWS, other.id)
            tx.namespaces.rename(former.id, NamespaceName("renamed"))
        with unit_of_work.read() as tx:
            first, second = tx.module_providers.redirects_to(target.id)
            assert first == ModuleProviderRedirect(
                first.id,
                Namespace(former.id, NamespaceName("renamed")),
                ModuleName("Zz"),
                AWS,
                target.id,
                ModuleProviderId.parse("acme/net/gcp"),
            )
            assert [str(row.address) for row in (first, second)] == ["renamed/Zz/aws", "acme/vpc/aws"]
            from_former = tx.module_providers.redirects_from(former.id)
            assert [str(row.address) for row in from_former] == ["renamed/Zz/aws", "renamed/aa/aws"]
            assert [str(row.target) for row in from_former] == ["acme/net/gcp", "acme/lan/gcp"]
            assert list(tx.module_providers.redirects_to(17)) == list(tx.module_providers.redirects_from(17)) == []

    def test_a_removed_redirect_leads_nowhere(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            former, target = given_namespace(tx, "former"), given_module_provider(tx)
            tx.module_providers.add_redirect(former.id, VPC, AWS, target.id)
            tx.module_providers.add_redirect(former.id, ModuleName("lan"), AWS, target.id)
            (gone, kept) = tx.module_providers.redirects_to(target.id)
            tx.module_providers.remove_redirect(gone.id)
            tx.module_providers.remove_redirect(17)
        with unit_of_work.read() as tx:
            assert tx.module_providers.find_redirected(former.id, VPC, AWS) is None
            assert list(tx.module_providers.redirects_to(target.id)) == [kept]

    def test_an_update_stores_everything_but_the_latest_version(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            before = given_module_provider(tx)
            version = given_version(tx, before)
            git_provider = tx.git_providers.add(git_provider_definition())
            git = GitSettings(
                git_provider=git_provider,
                templates=RepositoryTemplates("b", "c" * 1024, "d"),
                tag_format="v{version}",
                git_path="",
                archive_git_path=True,
                provider_source_inheritance_disabled=True,
            )
            after = attrs.evolve(
                before,
                namespace=given_namespace(tx, "other"),
                module=ModuleName("Lan"),
                provider=ProviderName("gcp"),
                verified=True,
                git=git,
            )
            tx.module_providers.update(after)
        with unit_of_work.read() as tx:
            assert _again(tx, before) is None
            assert _again(tx, after) == attrs.evolve(after, latest_version_id=version.id)

    def test_git_settings_are_forgotten_and_follow_their_git_provider(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            bare = given_module_provider(tx)
            git_provider = tx.git_providers.add(git_provider_definition())
            tx.module_providers.update(attrs.evolve(bare, git=GitSettings(git_provider=git_provider, tag_format="v")))
            disabled = attrs.evolve(git_provider, enabled=False)
            tx.git_providers.update(disabled)
            assert _again(tx, bare) == attrs.evolve(bare, git=GitSettings(git_provider=disabled, tag_format="v"))
            tx.module_providers.update(bare)
            assert _again(tx, bare) == bare

    def test_an_update_to_a_taken_name_or_of_what_is_gone_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = given_module_provider(tx, "acme/vpc/aws"), given_module_provider(tx, "acme/lan/aws")
            git_provider = attrs.evolve(tx.git_providers.add(git_provider_definition()), id=17)
        nowhere = attrs.evolve(one.namespace, id=17)
        for refused in (
            attrs.evolve(two, module=ModuleName("VPC")),
            attrs.evolve(two, namespace=nowhere),
            attrs.evolve(two, id=17, module=ModuleName("third")),
            attrs.evolve(two, git=GitSettings(git_provider=git_provider)),
        ):
            with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
                tx.module_providers.update(refused)
        with unit_of_work.read() as tx:
            assert [_again(tx, row) for row in (one, two)] == [one, two]

    def test_the_first_one_is_by_name_and_preferably_one_with_a_version(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            assert tx.module_providers.first() is None
            given_namespace(tx, "aa")
            for address in ("bb/Zz/aws", "bb/aa/gcp", "cc/aa/aws", "bb/aa/aws"):
                given_module_provider(tx, address)
            first = tx.module_providers.first()
            assert first is not None
            assert str(first.address) == "bb/Zz/aws"
            with_version = given_module_provider(tx, "zz/zz/zz")
            tx.module_versions.add(new_version(with_version, published=False))
            assert tx.module_providers.first() == with_version

    def test_the_latest_version_is_remembered_and_forgotten(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            assert module_provider.latest_version_id is None
            version = given_version(tx, module_provider)
            found = _again(tx, module_provider)
            assert found is not None
            assert found.latest_version_id == version.id
            tx.module_providers.set_latest(module_provider.id, None)
            assert _again(tx, module_provider) == module_provider

    def test_a_removed_version_is_the_latest_no_more(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            tx.module_versions.remove(given_version(tx, module_provider).id)
            assert _again(tx, module_provider) == module_provider

    def test_a_removed_module_provider_goes_with_the_redirects_to_it(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            former = given_namespace(tx, "former")
            target, kept = given_module_provider(tx, "acme/net/gcp"), given_module_provider(tx, "acme/lan/gcp")
            tx.module_providers.add_redirect(former.id, VPC, AWS, target.id)
            tx.module_providers.add_redirect(former.id, ModuleName("lan"), AWS, kept.id)
            tx.module_providers.remove(target.id)
        with unit_of_work.read() as tx:
            assert _again(tx, target) is None
            assert tx.module_providers.find_redirected(former.id, VPC, AWS) is None
            assert tx.module_providers.find_redirected(former.id, ModuleName("lan"), AWS) == kept

    def test_a_module_provider_with_versions_is_not_removed(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            given_version(tx, module_provider)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_providers.remove(module_provider.id)

    def test_holding_one_that_is_gone_is_harmless(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.module_providers.hold(17)
            tx.module_providers.set_latest(17, None)
            tx.module_providers.remove(17)
