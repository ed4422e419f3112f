"""The contract of the module version repository."""

import attrs
import pytest

from terrareg_core.errors import AlreadyStored, InvalidModule
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.model import EXTRACTION_VERSION, GitOrigin, IndexedVersion, ModuleVersion, StoredArchives
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.ports import StoredObject
from terrareg_core.transactions import UnitOfWork
from terrareg_core.versions import Version
from tests.integration.contracts.storage import (
    ARCHIVES,
    LATER,
    NOW,
    ORIGIN,
    content,
    download_of,
    given_module_provider,
    given_version,
    new_version,
    part,
)


class TestModuleVersionRepository:
    def test_what_was_added_is_found_with_everything_it_has(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            new = new_version(module_provider, "1.2.3-rc1", published=False, indexed=content(internal=True))
            added = tx.module_versions.add(new)
        with unit_of_work.read() as tx:
            found = tx.module_versions.find(module_provider.id, Version.parse("1.2.3-rc1"))
        assert found == added
        assert found == ModuleVersion(
            id=added.id,
            module_provider_id=module_provider.id,
            version=Version.parse("1.2.3-rc1"),
            published=False,
            internal=True,
            indexed_at=NOW,
            published_at=NOW,
            archives=ARCHIVES,
            repo_clone_url="https://clone.test/{module}",
            origin=ORIGIN,
            repo_base_url="https://base.test/{module}",
            repo_browse_url="https://browse.test/{module}",
            extraction_version=EXTRACTION_VERSION,
        )

    def test_where_the_module_lay_is_kept_and_forgotten_with_the_version_it_belongs_to(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            new = attrs.evolve(new_version(module_provider), git_path="sub/dir", archive_git_path=True)
            added = tx.module_versions.add(new)
            found = tx.module_versions.find(module_provider.id, new.version)
            assert found == added
            assert (added.git_path, added.archive_git_path) == ("sub/dir", True)
            replaced = tx.module_versions.replace(added.id, new_version(module_provider))
            assert tx.module_versions.find(module_provider.id, new.version) == replaced
            assert (replaced.git_path, replaced.archive_git_path) == (None, False)

    def test_moments_come_back_in_utc_to_the_microsecond(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            stored = given_version(tx, given_module_provider(tx))
            found = tx.module_versions.find(stored.module_provider_id, stored.version)
            assert found is not None
            assert found.indexed_at.isoformat() == "2026-03-04T05:06:07.891011+00:00"

    def test_a_version_need_not_come_from_git(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            tx.module_versions.add(new_version(module_provider, origin=None))
            found = tx.module_versions.find(module_provider.id, Version.parse("1.0.0"))
            assert found is not None
            assert found.origin is None

    @pytest.mark.parametrize("version", ["01.0.0", "1.0.0-a", "1.0.1", "1.0.00"])
    def test_a_version_is_found_by_its_exact_spelling(self, unit_of_work: UnitOfWork, version: str) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            given_version(tx, module_provider, "1.0.0")
            assert tx.module_versions.find(module_provider.id, Version.parse(version)) is None

    def test_versions_of_another_module_provider_are_others(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = given_module_provider(tx, "acme/vpc/aws"), given_module_provider(tx, "acme/net/aws")
            given_version(tx, one)
            assert tx.module_versions.find(two.id, Version.parse("1.0.0")) is None
            assert tx.module_versions.of_module_provider(two.id) == []
            given_version(tx, two)

    def test_all_versions_are_listed_greatest_first(self, unit_of_work: UnitOfWork) -> None:
        ordered = [
            "23.2.3-beta",
            "10.23.0",
            "2.1.0",
            "2.1.0-rc10",
            "2.1.0-rc2",
            "2.1.0-r",
            "2.1.0-1",
            "0.1.10",
            "0.1.8",
        ]
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            for version in sorted(ordered):
                tx.module_versions.add(new_version(module_provider, version, published=version < "2"))
            listed = tx.module_versions.of_module_provider(module_provider.id)
            assert [row.version.text for row in listed] == ordered

    def test_the_latest_is_what_the_module_provider_points_to(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            assert tx.module_versions.latest_of(module_provider.id) is None
            one, _ = given_version(tx, module_provider, "1.0.0"), given_version(tx, module_provider, "2.0.0")
            tx.module_providers.set_latest(module_provider.id, one.id)
            assert tx.module_versions.latest_of(module_provider.id) == one
            tx.module_versions.remove(one.id)
            assert tx.module_versions.latest_of(module_provider.id) is None
            assert tx.module_versions.latest_of(17) is None

    def test_a_version_that_exists_is_stored_already(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            given_version(tx, module_provider)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_versions.add(new_version(module_provider))

    def test_a_version_of_a_module_provider_that_is_gone_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            tx.module_providers.remove(module_provider.id)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_versions.add(new_version(module_provider))

    def test_replacing_keeps_id_and_downloads_and_nothing_else(self, unit_of_work: UnitOfWork) -> None:
        archives = StoredArchives(StoredObject("archives/2/z", 1, "e" * 64), StoredObject("archives/2/t", 2, "f" * 64))
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            old = given_version(tx, module_provider)
            tx.downloads.append([download_of(old)])
        with unit_of_work.write() as tx:
            indexed = content(
                description="Other",
                owner=None,
                internal=True,
                parts=(part(), part(PartKind.SUBMODULE, "modules/two")),
            )
            new = new_version(
                module_provider,
                published=False,
                indexed=indexed,
                archives=archives,
                origin=GitOrigin("d" * 64, "v2"),
                moment=LATER,
            )
            replaced = tx.module_versions.replace(old.id, new)
        with unit_of_work.read() as tx:
            found = tx.module_versions.find(module_provider.id, Version.parse("1.0.0"))
            assert found == replaced
            assert found == attrs.evolve(
                old,
                published=False,
                internal=True,
                indexed_at=LATER,
                published_at=LATER,
                archives=archives,
                origin=GitOrigin("d" * 64, "v2"),
            )
            assert len(tx.downloads.of_version(old.id)) == 1
            read = tx.catalogue.version_content(module_provider.id, Version.parse("1.0.0"))
            assert read is not None
            assert [row.path for row in read.parts] == ["", "modules/two"]
            assert (read.summary.description, read.summary.owner, read.summary.downloads) == ("Other", None, 1)

    def test_replacing_one_that_is_gone_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_versions.replace(17, new_version(module_provider))

    def test_the_whole_tree_is_kept_and_forgotten_with_the_version_it_belongs_to(
        self, unit_of_work: UnitOfWork
    ) -> None:
        whole = StoredObject("archives/1/whole.zip", 2**40, "9" * 64)
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            added = tx.module_versions.add(attrs.evolve(new_version(module_provider), source=whole))
            assert tx.module_versions.find(module_provider.id, added.version) == added
            assert added.source == whole
            tx.module_versions.replace(added.id, new_version(module_provider))
            found = tx.module_versions.find(module_provider.id, added.version)
            assert found is not None
            assert found.source is None

    def test_a_version_may_have_no_archives(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            added = tx.module_versions.add(new_version(module_provider))
            bare = tx.module_versions.replace(added.id, attrs.evolve(new_version(module_provider), archives=None))
        with unit_of_work.read() as tx:
            assert tx.module_versions.find(module_provider.id, added.version) == bare
            assert bare.archives is None

    def test_reindexing_replaces_what_was_read_and_nothing_else(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            new = attrs.evolve(new_version(module_provider, published=False), source=ARCHIVES.zip, extraction_version=1)
            old = tx.module_versions.add(new)
            other = given_version(tx, module_provider, "2.0.0")
            tx.downloads.append([download_of(old)])
        read = content(
            description="Other", owner=None, internal=True, parts=(part(), part(PartKind.SUBMODULE, "modules/two"))
        )
        with unit_of_work.write() as tx:
            tx.module_versions.reindex(old.id, read, 2)
        with unit_of_work.read() as tx:
            found = tx.module_versions.find(module_provider.id, old.version)
            assert found == attrs.evolve(old, internal=True, extraction_version=2)
            assert tx.module_versions.find(module_provider.id, other.version) == other
            assert len(tx.downloads.of_version(old.id)) == 1
            shown = tx.catalogue.version_content(module_provider.id, old.version)
            assert shown is not None
            assert [row.path for row in shown.parts] == ["", "modules/two"]
            assert (shown.summary.description, shown.summary.owner, shown.summary.downloads) == ("Other", None, 1)

    def test_reindexing_one_that_is_gone_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.module_versions.reindex(17, content(), 2)

    def test_what_older_extraction_versions_made_is_listed_by_id(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = given_module_provider(tx, "acme/vpc/aws"), given_module_provider(tx, "acme/net/aws")
            ids = [
                tx.module_versions.add(attrs.evolve(new_version(owner, version), extraction_version=made_by)).id
                for owner, version, made_by in [
                    (two, "1.0.0", 3),
                    (one, "3.0.0", 1),
                    (one, "1.0.0", 2),
                    (two, "2.0.0", 1),
                ]
            ]
        with unit_of_work.read() as tx:
            assert list(tx.module_versions.indexed_before(1)) == []
            assert list(tx.module_versions.indexed_before(2)) == [ids[1], ids[3]]
            assert list(tx.module_versions.indexed_before(3)) == ids[1:]
            assert list(tx.module_versions.indexed_before(None)) == ids

    def test_a_version_is_found_by_its_id_with_where_it_belongs(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx, "Acme/VPC/aws")
            stored = given_version(tx, module_provider)
        with unit_of_work.read() as tx:
            assert tx.module_versions.indexed(stored.id) == IndexedVersion(module_provider.address, stored)
            assert tx.module_versions.indexed(17) is None

    def test_publishing_sets_the_moment_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            stored = tx.module_versions.add(new_version(module_provider, published=False))
            tx.module_versions.mark_published(stored.id, LATER)
            tx.module_versions.mark_published(stored.id, NOW)
            found = tx.module_versions.find(module_provider.id, stored.version)
            assert found == attrs.evolve(stored, published=True, published_at=LATER)

    def test_a_removed_version_goes_with_its_content_and_downloads(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            removed, kept = given_version(tx, module_provider, "1.0.0"), given_version(tx, module_provider, "1.1.0")
            tx.downloads.append([download_of(removed), download_of(kept)])
            tx.module_versions.remove(removed.id)
        with unit_of_work.write() as tx:
            assert tx.module_versions.find(module_provider.id, removed.version) is None
            assert list(tx.downloads.of_version(removed.id)) == []
            assert len(tx.downloads.of_version(kept.id)) == 1
            again = given_version(tx, module_provider, "1.0.0")
            assert again.id > kept.id
            read = tx.catalogue.version_content(module_provider.id, again.version)
            assert read is not None
            assert read.summary.downloads == 0

    @pytest.mark.parametrize(
        "default",
        [
            None,
            True,
            1.5,
            "text \u2028 é",
            2**64,
            -(10**40),
            {"a": [1, {"b": None}], "": []},
            pytest.param([[[]]], id="nested"),
        ],
    )
    def test_defaults_come_back_as_they_were(self, unit_of_work: UnitOfWork, default: JsonValue) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            stored = given_version(tx, module_provider, indexed=content(parts=(part(default=default),)))
            read = tx.catalogue.version_content(module_provider.id, stored.version)
            assert read is not None
            found = read.parts[0].specification.inputs[0].default
            assert (found, type(found)) == (default, type(default))

    def test_a_default_of_200_levels_is_kept_and_one_without_end_is_refused(self, unit_of_work: UnitOfWork) -> None:
        deep: list[JsonValue] = []
        for _ in range(199):
            deep = [deep]
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            stored = given_version(tx, module_provider, indexed=content(parts=(part(default=deep),)))
            read = tx.catalogue.version_content(module_provider.id, stored.version)
            assert read is not None
            assert read.parts[0].specification.inputs[0].default == deep
        for _ in range(10_000):
            deep = [deep]
        try:
            with unit_of_work.write() as tx:
                indexed = content(parts=(part(default=deep),))
                tx.module_versions.add(new_version(module_provider, "2.0.0", indexed=indexed))
        except InvalidModule:
            pass  # memory has no need to refuse it
        while deep:
            # Taken apart level by level: the interpreter's own deallocation and comparison would recurse.
            deep = deep.pop()  # type: ignore[assignment]

    def test_long_paths_and_texts_are_kept(self, unit_of_work: UnitOfWork) -> None:
        path = "modules/" + "é" * 1000
        indexed = attrs.evolve(
            content(parts=(part(), part(PartKind.SUBMODULE, path), part(PartKind.EXAMPLE, path))),
            example_files={f"{path}/main.tf": "x" * 1_000_000, f"{path}/other.tf": ""},
            tab_files={path: "y"},
            description="d" * 5000,
        )
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            stored = given_version(tx, module_provider, indexed=indexed)
            read = tx.catalogue.version_content(module_provider.id, stored.version)
            assert read is not None
            assert [row.path for row in read.parts] == ["", path, path]
            assert read.summary.description == "d" * 5000

    @pytest.mark.parametrize("text", ["nul \0 inside", "lone \ud800 surrogate"])
    def test_text_that_no_database_takes_does_no_harm(self, unit_of_work: UnitOfWork, text: str) -> None:
        indexed = attrs.evolve(
            content(description=text, owner=text), example_files={text: text}, tab_files={text: text}
        )
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            stored = given_version(tx, module_provider, indexed=indexed)
            assert tx.catalogue.version_content(module_provider.id, stored.version) is not None
