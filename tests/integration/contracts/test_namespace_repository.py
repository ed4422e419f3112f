"""The contract of the namespace repository."""

from collections.abc import Callable

import attrs
import pytest

from terrareg_core.errors import AlreadyStored
from terrareg_core.identifiers import DisplayName, ModuleName, NamespaceName, ProviderName
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.paging import PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import given_module_provider, given_namespace, given_version


class TestNamespaceRepository:
    def test_what_was_added_is_found_with_everything_it_has(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            added = tx.namespaces.add(NamespaceName("Acme-Corp"), DisplayName("Acme Corp"), NamespaceKind.GITHUB_USER)
        with unit_of_work.read() as tx:
            found = tx.namespaces.find("Acme-Corp")
        assert found == added
        assert found == Namespace(
            added.id, NamespaceName("Acme-Corp"), DisplayName("Acme Corp"), NamespaceKind.GITHUB_USER
        )

    @pytest.mark.parametrize("name", ["acme", "ACME", "Acme"])
    def test_a_name_is_found_in_any_casing_and_keeps_its_spelling(self, unit_of_work: UnitOfWork, name: str) -> None:
        with unit_of_work.write() as tx:
            added = tx.namespaces.add(NamespaceName("aCMe"))
            assert tx.namespaces.find(name) == added

    @pytest.mark.parametrize(
        "name", ["", "a%", "ac_e", "acme\n", "acme\0", "\ud800", "a\u212aa", "x" * 100_000, "acme' OR 1=1 --"]
    )
    def test_text_that_is_no_such_name_finds_nothing(self, unit_of_work: UnitOfWork, name: str) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx, "acme")
            given_namespace(tx, "aka")
            tx.namespaces.add_redirect(NamespaceName("axme"), namespace.id)
            assert tx.namespaces.find(name) is None
            assert tx.namespaces.find_redirected(name) is None

    def test_an_underscore_stands_for_itself(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            acme = given_namespace(tx, "acme")
            other = tx.namespaces.add(NamespaceName("ac_e"))
            assert tx.namespaces.find("ac_e") == other
            assert tx.namespaces.find("acme") == acme

    @pytest.mark.parametrize("display_name", ["Two Words", "TWO words"])
    def test_a_display_name_is_found_in_any_casing(self, unit_of_work: UnitOfWork, display_name: str) -> None:
        with unit_of_work.write() as tx:
            added = tx.namespaces.add(NamespaceName("acme"), DisplayName("Two Words"))
            given_namespace(tx, "other")
            assert tx.namespaces.find_by_display_name(DisplayName(display_name)) == added
            assert tx.namespaces.find_by_display_name(DisplayName("Two_Words")) is None

    def test_a_name_in_another_casing_is_stored_already(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.namespaces.add(NamespaceName("ACME"))

    def test_a_display_name_in_another_casing_is_stored_already(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.namespaces.add(NamespaceName("acme"), DisplayName("Two Words"))
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.namespaces.add(NamespaceName("other"), DisplayName("two words"))

    def test_any_number_of_namespaces_have_no_display_name(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
            given_namespace(tx, "other")

    def test_the_latest_redirect_of_a_name_wins(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = given_namespace(tx, "one"), given_namespace(tx, "two")
            assert tx.namespaces.find_redirected("former") is None
            tx.namespaces.add_redirect(NamespaceName("Former"), one.id)
            tx.namespaces.add_redirect(NamespaceName("former"), two.id)
            assert tx.namespaces.find_redirected("FORMER") == two
            tx.namespaces.add_redirect(NamespaceName("former"), one.id)
            assert tx.namespaces.find_redirected("FORMER") == one
            assert tx.namespaces.find("former") is None

    def test_a_redirect_that_exists_may_be_added_again(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one = given_namespace(tx, "one")
            tx.namespaces.add_redirect(NamespaceName("former"), one.id)
            tx.namespaces.add_redirect(NamespaceName("former"), one.id)
            assert tx.namespaces.redirects_named(NamespaceName("FORMER")) == [(NamespaceName("former"), one)]

    def test_redirects_of_a_name_are_listed_as_stored_and_dropped_together(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = given_namespace(tx, "one"), given_namespace(tx, "two")
            tx.namespaces.add_redirect(NamespaceName("Former"), one.id)
            tx.namespaces.add_redirect(NamespaceName("former"), two.id)
            tx.namespaces.add_redirect(NamespaceName("kept"), two.id)
            assert tx.namespaces.redirects_named(NamespaceName("FORMER")) == [
                (NamespaceName("Former"), one),
                (NamespaceName("former"), two),
            ]
            tx.namespaces.drop_redirects_named(NamespaceName("FORMER"))
            assert tx.namespaces.redirects_named(NamespaceName("FORMER")) == []
            assert tx.namespaces.find_redirected("kept") == two

    def test_a_redirect_to_a_namespace_that_is_gone_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.namespaces.add_redirect(NamespaceName("former"), 17)

    def test_a_renamed_namespace_is_found_by_its_new_name_only_and_stays_what_it_is(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            namespace = tx.namespaces.add(NamespaceName("acme"), DisplayName("Acme"))
            other = given_namespace(tx, "other")
            tx.namespaces.rename(namespace.id, NamespaceName("New-Name"))
        with unit_of_work.read() as tx:
            assert tx.namespaces.find("acme") is None
            assert tx.namespaces.find("new-name") == Namespace(
                namespace.id, NamespaceName("New-Name"), DisplayName("Acme")
            )
            assert tx.namespaces.find("other") == other

    def test_a_namespace_may_change_the_casing_of_its_names(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = tx.namespaces.add(NamespaceName("acme"), DisplayName("acme inc"))
            tx.namespaces.rename(namespace.id, NamespaceName("ACME"))
            tx.namespaces.set_display_name(namespace.id, DisplayName("ACME Inc"))
            assert tx.namespaces.find("acme") == Namespace(namespace.id, NamespaceName("ACME"), DisplayName("ACME Inc"))

    def test_a_display_name_is_set_and_removed(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx, "acme")
            tx.namespaces.set_display_name(namespace.id, DisplayName("Two Words"))
            found = tx.namespaces.find_by_display_name(DisplayName("two words"))
            assert found is not None
            assert (found.id, found.display_name) == (namespace.id, DisplayName("Two Words"))
            tx.namespaces.set_display_name(namespace.id, None)
            assert tx.namespaces.find("acme") == namespace

    def test_a_namespace_remembers_the_provider_source_that_it_was_generated_for(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            kind = NamespaceKind.GITHUB_ORGANISATION
            generated = tx.namespaces.add(NamespaceName("Acme"), DisplayName("Acme Inc"), kind, "github-one")
            plain = given_namespace(tx, "plain")
            assert (plain.kind, plain.source) == (NamespaceKind.NONE, None)
        with unit_of_work.read() as tx:
            assert (generated.kind, generated.source) == (kind, "github-one")
            assert tx.namespaces.find("acme") == generated

    def test_a_namespace_gets_another_origin_and_stays_what_it_is(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = tx.namespaces.add(NamespaceName("acme"), DisplayName("Acme Inc"))
            other = given_namespace(tx, "other")
            tx.namespaces.set_origin(namespace.id, NamespaceKind.GITHUB_ORGANISATION, "github-one")
            tx.namespaces.set_origin(namespace.id, NamespaceKind.GITHUB_USER, "github-two")
            module_provider = given_module_provider(tx, "acme/vpc/aws")
        with unit_of_work.read() as tx:
            moved = attrs.evolve(namespace, kind=NamespaceKind.GITHUB_USER, source="github-two")
            assert list(tx.namespaces.page(None, only_published=False).rows) == [moved, other]
            assert module_provider.namespace == moved
        with unit_of_work.write() as tx:
            tx.namespaces.set_origin(namespace.id, NamespaceKind.NONE, None)
        with unit_of_work.read() as tx:
            assert tx.namespaces.find("acme") == namespace

    def test_names_of_others_and_namespaces_that_are_gone_are_refused(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one = tx.namespaces.add(NamespaceName("one"), DisplayName("Number One"))
            two = given_namespace(tx, "two")
        attempts: list[Callable[[Transaction], None]] = [
            lambda tx: tx.namespaces.rename(two.id, NamespaceName("ONE")),
            lambda tx: tx.namespaces.set_display_name(two.id, DisplayName("number one")),
            lambda tx: tx.namespaces.rename(17, NamespaceName("three")),
            lambda tx: tx.namespaces.set_display_name(17, None),
            lambda tx: tx.namespaces.set_origin(17, NamespaceKind.GITHUB_USER, "github"),
        ]
        for refused in attempts:
            with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
                refused(tx)
        with unit_of_work.read() as tx:
            assert list(tx.namespaces.page(None, only_published=False).rows) == [one, two]

    def test_former_names_are_those_of_the_redirects_in_order(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = given_namespace(tx, "one"), given_namespace(tx, "two")
            for name in ("zz", "Aa", "mm"):
                tx.namespaces.add_redirect(NamespaceName(name), one.id)
            tx.namespaces.add_redirect(NamespaceName("aa"), two.id)
            assert tx.namespaces.former_names(one.id) == [NamespaceName(name) for name in ("zz", "Aa", "mm")]
            assert tx.namespaces.former_names(17) == []

    def test_a_namespace_is_empty_until_it_holds_a_module_provider(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx)
            assert tx.namespaces.is_empty(namespace.id)
            given_module_provider(tx, "other/vpc/aws")
            assert tx.namespaces.is_empty(namespace.id)
            given_module_provider(tx, "acme/vpc/aws")
            assert not tx.namespaces.is_empty(namespace.id)

    def test_a_removed_namespace_goes_with_its_redirects_and_those_that_start_in_it(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx)
            moved = given_module_provider(tx, "other/vpc/aws")
            tx.namespaces.add_redirect(NamespaceName("former"), namespace.id)
            tx.module_providers.add_redirect(namespace.id, ModuleName("vpc"), ProviderName("aws"), moved.id)
            tx.namespaces.remove(namespace.id)
        with unit_of_work.read() as tx:
            assert tx.namespaces.find("acme") is None
            assert tx.namespaces.find_redirected("former") is None
            assert tx.module_providers.find_redirected(namespace.id, ModuleName("vpc"), ProviderName("aws")) is None
            assert tx.namespaces.find("other") is not None

    def test_an_id_is_never_given_to_another_namespace(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            removed = given_namespace(tx)
            tx.namespaces.remove(removed.id)
            assert given_namespace(tx).id > removed.id

    def test_a_namespace_that_is_not_empty_is_not_removed(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.namespaces.remove(module_provider.namespace.id)
        with unit_of_work.read() as tx:
            assert tx.namespaces.find("acme") is not None

    def test_pages_are_ordered_by_name_ignoring_case(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for name in ("zz", "Bb", "aa", "a-b", "a_b", "a0", "AB", "9x"):
                given_namespace(tx, name)
            everything = tx.namespaces.page(None, only_published=False)
            assert [row.name.value for row in everything.rows] == ["9x", "a-b", "a0", "a_b", "aa", "AB", "Bb", "zz"]
            assert (everything.total, everything.next_offset, everything.previous_offset) == (8, None, None)
            page = tx.namespaces.page(PageRequest(2, 3), only_published=False)
            assert [row.name.value for row in page.rows] == ["a0", "a_b", "aa"]
            assert (page.total, page.next_offset, page.previous_offset) == (8, 5, 0)
            assert tx.namespaces.page(PageRequest(2**31 - 1, 3), only_published=False).rows == []

    def test_an_empty_store_has_an_empty_page(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.read() as tx:
            page = tx.namespaces.page(None, only_published=True)
            assert (list(page.rows), page.total, page.next_offset) == ([], 0, None)

    def test_only_namespaces_with_a_latest_version_are_published(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "bare")
            given_module_provider(tx, "unpublished/vpc/aws")
            given_version(tx, given_module_provider(tx, "acme/vpc/aws"))
            given_version(tx, given_module_provider(tx, "acme/net/aws"))
            page = tx.namespaces.page(PageRequest(0, 10), only_published=True)
            assert ([row.name.value for row in page.rows], page.total) == (["acme"], 1)
            assert [row.name.value for row in tx.namespaces.page(None, only_published=True).rows] == ["acme"]
