"""The contracts of the queries behind overviews: lists of module providers, counts of matches and of downloads."""

from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from terrareg_core.analytics.downloads import DownloadCounts
from terrareg_core.identifiers import ModuleName
from terrareg_core.modules.git_settings import GitSettings
from terrareg_core.modules.read_models import ListedModuleProvider
from terrareg_core.modules.search import MatchCount, SearchCriteria, TrustFilter
from terrareg_core.paging import Page, PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import (
    NOW,
    content,
    download_of,
    given_module_provider,
    given_namespace,
    given_version,
    new_version,
)

FIRST = PageRequest(0, 50)
ANY: frozenset[str] = frozenset()


def _listed(
    tx: Transaction, page: PageRequest = FIRST, module: str | None = None, allowed: Sequence[str] = ()
) -> Page[ListedModuleProvider]:
    name = ModuleName.parse(module) if module is not None else None
    return tx.catalogue.of_namespace(given_namespace(tx, "acme").id, name, frozenset(allowed), page)


def _names(page: Page[ListedModuleProvider]) -> list[str]:
    return [f"{row.address.module}/{row.address.provider}" for row in page.rows]


class TestModuleProvidersOfNamespace:
    def test_those_without_a_latest_version_are_listed_too(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.module_versions.add(new_version(given_module_provider(tx, "acme/beta/aws"), "1.0.0-beta"))
            given_module_provider(tx, "acme/none/aws", verified=True)
            used = given_module_provider(tx, "acme/used/aws")
            given_version(tx, used)
            given_version(tx, given_module_provider(tx, "other/used/aws"))
            git = GitSettings(provider_source_inheritance_disabled=True)
            tx.module_providers.update(attrs.evolve(used, git=git))
            page = _listed(tx)
            (found,) = tx.catalogue.search(SearchCriteria(namespaces=("acme",)), FIRST).rows
        assert (_names(page), page.total) == (["beta/aws", "none/aws", "used/aws"], 3)
        beta, none, latest = page.rows
        assert (beta.latest, none.latest, none.verified, beta.verified) == (None, None, True, False)
        assert not none.provider_source_inheritance_disabled
        assert latest.latest == found
        assert found.provider_source_inheritance_disabled
        assert latest.provider_source_inheritance_disabled

    def test_they_are_in_byte_order_of_module_and_provider(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for name in ("net-x/aws", "net_x/aws", "Zone/aws", "net/gcp", "net/aws", "ab/aws"):
                given_module_provider(tx, f"acme/{name}")
            assert _names(_listed(tx)) == ["Zone/aws", "ab/aws", "net/aws", "net/gcp", "net-x/aws", "net_x/aws"]

    def test_the_providers_of_one_module_are_found_in_any_casing(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for name in ("Vpc/gcp", "Vpc/aws", "vpcx/aws", "v_c/aws"):
                given_module_provider(tx, f"acme/{name}")
            assert _names(_listed(tx, module="vPC")) == ["Vpc/aws", "Vpc/gcp"]
            assert _names(_listed(tx, module="none")) == []

    def test_only_allowed_providers_are_listed_and_counted(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for provider in ("aws", "gcp", "azurerm"):
                given_module_provider(tx, f"acme/vpc/{provider}")
            page = _listed(tx, PageRequest(0, 1), allowed=["gcp", "aws"])
            assert (_names(page), page.total) == (["vpc/aws"], 2)

    @pytest.mark.parametrize(
        ("offset", "limit", "names"),
        [(0, 2, ["a0/aws", "a1/aws"]), (1, 2, ["a1/aws", "a2/aws"]), (2, 2, ["a2/aws"]), (3, 2, []), (9, 1, [])],
    )
    def test_the_total_does_not_depend_on_the_page(
        self, unit_of_work: UnitOfWork, offset: int, limit: int, names: list[str]
    ) -> None:
        with unit_of_work.write() as tx:
            for number in range(3):
                given_module_provider(tx, f"acme/a{number}/aws")
            page = _listed(tx, PageRequest(offset, limit))
        assert (_names(page), page.total, page.request) == (names, 3, PageRequest(offset, limit))


class TestUncountedSearch:
    @pytest.mark.parametrize(
        ("offset", "limit", "names", "following"),
        [(0, 2, ["a0", "a1"], 2), (1, 2, ["a1", "a2"], None), (0, 3, ["a0", "a1", "a2"], None), (3, 2, [], None)],
    )
    def test_a_page_that_nobody_counted_knows_whether_more_follow(
        self, unit_of_work: UnitOfWork, offset: int, limit: int, names: list[str], following: int | None
    ) -> None:
        with unit_of_work.write() as tx:
            for number in range(3):
                given_version(tx, given_module_provider(tx, f"acme/a{number}/aws"))
            request = PageRequest(offset, limit)
            criteria = SearchCriteria(namespaces=("acme",))
            page = tx.catalogue.search(criteria, request, counted=False)
            counted = tx.catalogue.search(criteria, request)
        assert [row.address.module.value for row in page.rows] == names
        assert (page.rows, page.request, page.next_offset) == (counted.rows, request, following)
        assert counted.next_offset == following

    def test_a_namespace_is_named_exactly(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_version(tx, given_module_provider(tx, "Acme/vpc/aws"))
            for name, total in (("Acme", 1), ("acme", 0), ("ACME", 0)):
                assert tx.catalogue.search(SearchCriteria(namespaces=(name,)), FIRST).total == total


class TestMatchCounts:
    def test_matches_are_counted_by_what_they_have_in_common(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for address, verified, internal in (
                ("acme/vpc/aws", True, False),
                ("acme/net/aws", True, False),
                ("acme/lan/aws", False, False),
                ("acme/vpc/gcp", False, False),
                ("other/vpc/aws", False, False),
                ("other/hidden/aws", False, True),
            ):
                module_provider = given_module_provider(tx, address, verified=verified)
                given_version(tx, module_provider, indexed=content(internal=internal, description=None, owner=None))
            given_module_provider(tx, "acme/empty/aws")
            everything = tx.catalogue.counts(SearchCriteria())
            vpcs = tx.catalogue.counts(SearchCriteria(terms=("vpc", "aws")))
            trusted = tx.catalogue.counts(
                SearchCriteria(trust=TrustFilter.TRUSTED, trusted_namespaces=frozenset({"other"}))
            )
            nothing = tx.catalogue.counts(SearchCriteria(terms=("nothing",)))
        assert set(everything) == {
            MatchCount("acme", "aws", 3, 2),
            MatchCount("acme", "gcp", 1, 0),
            MatchCount("other", "aws", 1, 0),
        }
        assert len(everything) == 3
        assert set(vpcs) == {MatchCount("acme", "aws", 1, 1), MatchCount("other", "aws", 1, 0)}
        assert list(trusted) == [MatchCount("other", "aws", 1, 0)]
        assert list(nothing) == []


class TestDownloadCounts:
    def test_downloads_are_counted_within_rolling_windows(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            versions = [given_version(tx, module_provider, version) for version in ("1.0.0", "2.0.0")]
            other = given_version(tx, given_module_provider(tx, "acme/vpc/gcp"))
            for days in (7, 31, 365):
                for late in (timedelta(0), timedelta(microseconds=1)):
                    moment = NOW - timedelta(days=days) - late
                    tx.downloads.append([download_of(versions[days % 2], moment=moment, token=None)])
            tx.downloads.append([download_of(versions[0], moment=NOW), download_of(other, moment=NOW)])
        with unit_of_work.read() as tx:
            assert tx.downloads.counts(module_provider.id, NOW) == DownloadCounts(2, 4, 6, 7)
            assert tx.downloads.counts(17, NOW) == DownloadCounts(0, 0, 0, 0)

    def test_the_downloads_of_a_deleted_version_no_longer_count(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            kept, gone = (given_version(tx, module_provider, version) for version in ("1.0.0", "2.0.0"))
            tx.downloads.append([download_of(kept), download_of(gone), download_of(gone)])
            tx.module_providers.set_latest(module_provider.id, None)
            tx.module_versions.remove(gone.id)
            assert tx.downloads.counts(module_provider.id, NOW) == DownloadCounts(1, 1, 1, 1)
