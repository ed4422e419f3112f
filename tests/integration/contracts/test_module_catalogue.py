"""The contract of the module catalogue: searches and the content of versions."""

import attrs
import pytest

from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.git_settings import GitSettings, RepositoryTemplates
from terrareg_core.modules.model import ModuleProvider
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.read_models import ListedVersion, ModuleSummary
from terrareg_core.modules.search import SearchCriteria, TrustFilter
from terrareg_core.paging import PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version
from tests.integration.contracts.storage import (
    LATER,
    NOW,
    content,
    download_of,
    git_provider_definition,
    given_module_provider,
    given_version,
    new_version,
    part,
)

FIRST = PageRequest(0, 50)


def _found(tx: Transaction, criteria: SearchCriteria, page: PageRequest = FIRST) -> list[str]:
    return [str(row.address) for row in tx.catalogue.search(criteria, page).rows]


def _given(
    tx: Transaction,
    address: str,
    *,
    description: str | None = None,
    owner: str | None = None,
    internal: bool = False,
    verified: bool = False,
) -> ModuleProvider:
    module_provider = given_module_provider(tx, address, verified=verified)
    given_version(tx, module_provider, indexed=content(description=description, owner=owner, internal=internal))
    return module_provider


class TestModuleSearch:
    def test_a_hit_shows_the_latest_version(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx, "Acme/Vpc/aws", verified=True)
            latest = given_version(tx, module_provider, "1.1.0")
            tx.module_versions.add(new_version(module_provider, "2.0.0-beta"))
            tx.downloads.append([download_of(latest), download_of(latest)])
        with unit_of_work.read() as tx:
            page = tx.catalogue.search(SearchCriteria(), FIRST)
        assert (page.request, page.total) == (FIRST, 1)
        assert list(page.rows) == [
            ModuleSummary(
                address=ModuleProviderId.parse("Acme/Vpc/aws"),
                verified=True,
                version=Version.parse("1.1.0"),
                published=True,
                internal=False,
                owner="Team Éclair",
                description="Makes a network",
                published_at=NOW,
                downloads=2,
                terraform_constraint=">= 1.3",
                repo_base_url="https://base.test/{module}",
            )
        ]

    def test_a_hit_has_the_base_urls_of_its_module_provider_and_git_provider(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            given_version(tx, module_provider)
            git_provider = tx.git_providers.add(git_provider_definition())
            git = GitSettings(git_provider=git_provider, templates=RepositoryTemplates(base="own"))
            tx.module_providers.update(attrs.evolve(module_provider, git=git))
            (summary,) = tx.catalogue.search(SearchCriteria(), FIRST).rows
            content = tx.catalogue.version_content(module_provider.id, None)
        assert content is not None
        assert content.summary == summary
        assert (summary.module_provider_base_url, summary.git_provider_base_url) == (
            "own",
            "https://hub.test/{namespace}/{module}",
        )

    def test_a_module_provider_without_a_latest_version_is_not_found(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.module_versions.add(new_version(given_module_provider(tx)))
            page = tx.catalogue.search(SearchCriteria(), FIRST)
            assert (list(page.rows), page.total) == ([], 0)

    def test_only_the_texts_of_the_latest_version_are_searched(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            given_version(tx, module_provider, "1.0.0", indexed=content(description="older"))
            given_version(tx, module_provider, "1.1.0", indexed=content(description="newer"))
            assert _found(tx, SearchCriteria(terms=("older",))) == []
            assert _found(tx, SearchCriteria(terms=("newer",))) == ["acme/vpc/aws"]

    def test_rows_of_equal_score_are_in_byte_order_of_module_provider_and_namespace(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            for address in ("bb/net/aws", "aa/net/aws", "AA-x/Zone/aws", "aa/net-x/aws", "aa/net_x/aws", "aa/net/a1"):
                _given(tx, address)
            assert _found(tx, SearchCriteria()) == [
                "AA-x/Zone/aws",
                "aa/net/a1",
                "aa/net/aws",
                "bb/net/aws",
                "aa/net-x/aws",
                "aa/net_x/aws",
            ]

    def test_the_score_ranks_first(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _given(tx, "has-vpc/zz/aws")
            _given(tx, "ns/zy/aws", owner="The VPC team")
            _given(tx, "ns/zx/aws", description="A VPC")
            _given(tx, "ns/my-vpc/aws")
            _given(tx, "ns/zw/aws", owner="VPC")
            _given(tx, "ns/zv/aws", description="vpc")
            _given(tx, "ns/zu/vpc")
            _given(tx, "VPC/zt/aws")
            _given(tx, "ns/Vpc/aws")
            _given(tx, "ns/unrelated/vpcx")
            assert _found(tx, SearchCriteria(terms=("vpc",))) == [
                "ns/Vpc/aws",
                "VPC/zt/aws",
                "ns/zu/vpc",
                "ns/zv/aws",
                "ns/zw/aws",
                "ns/my-vpc/aws",
                "ns/zx/aws",
                "ns/zy/aws",
                "has-vpc/zz/aws",
            ]

    def test_every_term_must_match_and_a_repeated_one_counts_again(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _given(tx, "ns/net/aws", description="alpha beta")
            _given(tx, "ns/lan/aws", description="alpha", owner="beta")
            _given(tx, "ns/alpha/aws")
            assert _found(tx, SearchCriteria(terms=("alpha", "beta"))) == ["ns/lan/aws", "ns/net/aws"]
            # 20 for the module's name and 4 for each "alpha" of the one; 4 for "net" and 12 for each of the other.
            _given(tx, "ns/zone/aws", description="a net", owner="alpha")
            assert _found(tx, SearchCriteria(terms=("alpha", "net"))) == ["ns/net/aws", "ns/zone/aws"]
            assert _found(tx, SearchCriteria(terms=("alpha",) * 3 + ("net",))) == ["ns/zone/aws", "ns/net/aws"]

    @pytest.mark.parametrize(
        "term", ["%", "_", "\\", "'", '"', "a%c", "a_c", "\0", "\ud800", "é", "ß", "i̇", "*", "?", "!", "!%"]
    )
    def test_every_character_stands_for_itself(self, unit_of_work: UnitOfWork, term: str) -> None:
        with unit_of_work.write() as tx:
            _given(tx, "ns/plain/aws", description="abc", owner="abc")
            _given(tx, "ns/matching/aws", description=f"x{term}x")
            assert _found(tx, SearchCriteria(terms=(term,))) == ["ns/matching/aws"]

    def test_a_term_of_any_length_must_be_contained_in_full(self, unit_of_work: UnitOfWork) -> None:
        word = "%é" * 20_000
        with unit_of_work.write() as tx:
            _given(tx, "ns/net/aws", description=f"the {word}a word")
            _given(tx, "ns/lan/aws", owner=f"{word}b")
            assert _found(tx, SearchCriteria(terms=(f"{word}a",))) == ["ns/net/aws"]
            assert _found(tx, SearchCriteria(terms=(f"{word}b", "lan"))) == ["ns/lan/aws"]
            assert _found(tx, SearchCriteria(terms=(f"{word}c",))) == []

    def test_what_two_texts_have_together_is_found_in_neither(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _given(tx, "zone/net/aws", description="a", owner="b")
            for term in ("neta", "ab", "bzone", "netzone", "zoneaws"):
                assert _found(tx, SearchCriteria(terms=(term,))) == []

    @pytest.mark.parametrize(("description", "term"), [("ÉCLAIR", "éclair"), ("ΑΣ", "ας"), ("İx", "i̇x"), ("ẞ", "ß")])
    def test_case_is_folded_beyond_ascii(self, unit_of_work: UnitOfWork, description: str, term: str) -> None:
        with unit_of_work.write() as tx:
            _given(tx, "ns/net/aws", description=f"The {description} one")
            _given(tx, "ns/lan/aws", owner=description)
            assert _found(tx, SearchCriteria(terms=(term,))) == ["ns/lan/aws", "ns/net/aws"]

    @pytest.mark.parametrize(
        ("criteria", "expected"),
        [
            (SearchCriteria(namespaces=("aa", "nobody", "BB")), ["aa/lan/aws", "aa/net/gcp"]),
            (SearchCriteria(namespaces=(), providers=()), ["aa/lan/aws", "bb/net/aws", "aa/net/gcp"]),
            (SearchCriteria(providers=("gcp", "AWS")), ["aa/net/gcp"]),
            (SearchCriteria(providers=("\0", "\ud800")), []),
            (SearchCriteria(namespaces=("\0",)), []),
            (SearchCriteria(module="net"), ["bb/net/aws", "aa/net/gcp"]),
            (SearchCriteria(module="NET"), []),
            (SearchCriteria(module="n%\0"), []),
            (SearchCriteria(allowed_providers=frozenset({"gcp"})), ["aa/net/gcp"]),
            (SearchCriteria(allowed_providers=frozenset({"gcp"}), providers=("aws",)), []),
            (SearchCriteria(verified_only=True), ["bb/net/aws"]),
            (SearchCriteria(include_internal=True), ["aa/lan/aws", "bb/net/aws", "aa/net/gcp", "cc/secret/aws"]),
            (SearchCriteria(trusted_namespaces=frozenset({"aa"})), ["aa/lan/aws", "bb/net/aws", "aa/net/gcp"]),
            (
                SearchCriteria(trust=TrustFilter.TRUSTED, trusted_namespaces=frozenset({"aa", "BB"})),
                ["aa/lan/aws", "aa/net/gcp"],
            ),
            (SearchCriteria(trust=TrustFilter.TRUSTED), []),
            (SearchCriteria(trust=TrustFilter.CONTRIBUTED, trusted_namespaces=frozenset({"aa"})), ["bb/net/aws"]),
            (SearchCriteria(trust=TrustFilter.CONTRIBUTED), ["aa/lan/aws", "bb/net/aws", "aa/net/gcp"]),
            (SearchCriteria(terms=("net",), providers=("aws",), verified_only=True), ["bb/net/aws"]),
        ],
    )
    def test_filters_restrict_what_is_found(
        self, unit_of_work: UnitOfWork, criteria: SearchCriteria, expected: list[str]
    ) -> None:
        with unit_of_work.write() as tx:
            _given(tx, "aa/net/gcp")
            _given(tx, "aa/lan/aws")
            _given(tx, "bb/net/aws", verified=True)
            _given(tx, "cc/secret/aws", internal=True)
            page = tx.catalogue.search(criteria, FIRST)
            assert ([str(row.address) for row in page.rows], page.total) == (expected, len(expected))

    def test_pages_follow_each_other_and_all_know_the_total(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(7):
                _given(tx, f"ns/net{number}/aws")
            pages = [
                tx.catalogue.search(SearchCriteria(terms=("net",)), PageRequest(offset, 3)) for offset in (0, 3, 6)
            ]
            assert [str(row.address.module) for page in pages for row in page.rows] == [f"net{n}" for n in range(7)]
            assert [page.total for page in pages] == [7, 7, 7]
            for offset in (7, 100, 2**31 - 1):
                beyond = tx.catalogue.search(SearchCriteria(), PageRequest(offset, 3))
                assert (list(beyond.rows), beyond.total) == ([], 7)


class TestModuleVersionContent:
    def test_a_version_is_read_with_what_it_contains_and_what_stands_beside_it(self, unit_of_work: UnitOfWork) -> None:
        parts = (
            part(),
            part(PartKind.SUBMODULE, "modules/b"),
            part(PartKind.SUBMODULE, "modules/b/c"),
            part(PartKind.EXAMPLE, "examples/a"),
        )
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx, "acme/Vpc/gcp")
            given_module_provider(tx, "acme/vpc/aws")
            given_module_provider(tx, "acme/other/azure")
            given_module_provider(tx, "other/vpc/digitalocean")
            stored = given_version(tx, module_provider, "1.0.0", indexed=content(parts=parts))
            tx.module_versions.add(new_version(module_provider, "1.1.0-rc1", moment=LATER))
            tx.module_versions.add(new_version(module_provider, "0.9.0", published=False))
        with unit_of_work.read() as tx:
            read = tx.catalogue.version_content(module_provider.id, stored.version)
            assert read is not None
            assert read == tx.catalogue.version_content(module_provider.id, None)
            assert tuple(read.parts) == parts
            assert (read.summary.address, read.summary.version) == (module_provider.address, stored.version)
            assert list(read.providers) == ["aws", "gcp"]
            expected = [
                ListedVersion(Version.parse("1.1.0-rc1"), published=True),
                ListedVersion(Version.parse("1.0.0"), published=True),
                ListedVersion(Version.parse("0.9.0"), published=False),
            ]
            assert list(read.versions) == expected
            assert list(tx.catalogue.versions(module_provider.id)) == expected
            other = tx.catalogue.version_content(module_provider.id, Version.parse("0.9.0"))
            assert other is not None
            assert (other.summary.published, other.summary.version.text) == (False, "0.9.0")

    def test_there_is_no_content_of_what_does_not_exist(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            tx.module_versions.add(new_version(module_provider))
            assert tx.catalogue.version_content(module_provider.id, None) is None
            assert tx.catalogue.version_content(module_provider.id, Version.parse("1.0.1")) is None
            assert tx.catalogue.version_content(17, Version.parse("1.0.0")) is None
            assert tx.catalogue.version_content(17, None) is None
            assert list(tx.catalogue.versions(17)) == []

    def test_a_version_without_parts_has_no_constraint(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            given_version(tx, module_provider, indexed=content(parts=()))
            read = tx.catalogue.version_content(module_provider.id, None)
            assert read is not None
            assert (list(read.parts), read.summary.terraform_constraint) == ([], None)
