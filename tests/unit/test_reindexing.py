"""Re-indexing: what it reads, what it replaces, and what it leaves alone (chapter 03, 22; decision 36)."""

from collections.abc import Callable, Mapping, Sequence

import attrs
import pytest

from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.errors import (
    AuthenticationRequired,
    InvalidSource,
    InvalidVersion,
    ModuleProviderNotFound,
    ModuleVersionNotFound,
    NamespaceNotFound,
    PermissionDenied,
    ReindexingUnderWay,
)
from terrareg_core.modules.git_settings import RepositoryTemplates
from terrareg_core.modules.model import (
    EXTRACTION_VERSION,
    IndexedContent,
    ModuleMetadata,
    ModulePolicy,
    ModuleVersion,
    NewModuleVersion,
)
from terrareg_core.modules.ports import SpecificationReader
from terrareg_core.modules.reindexing import ReindexingResult
from terrareg_core.modules.resolution import look_up, require
from terrareg_core.modules.syntax import ParsedFile
from terrareg_core.versions import Version
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, download, make_world

MODULE = "acme/vpc/aws"
FILES = {"main.tf": "one", "README.md": "", "terrareg.json": '{"description": "A network"}'}
OLD = IndexedContent(ModuleMetadata(), "Old", ())


@attrs.define
class ReadingWatcher:
    """A reader that notes which files it was given, and does what it is told before each."""

    seen: list[str] = attrs.field(factory=list)
    before: Callable[[], None] = lambda: None

    def read(self, path: str, content: bytes) -> ParsedFile:
        return self.read_all([(path, content)])[0]

    def read_all(self, sources: Sequence[tuple[str, bytes]]) -> Sequence[ParsedFile]:
        self.before()
        self.seen += [path for path, _ in sources]
        return [ParsedFile(()) for _ in sources]


def world_with(
    *versions: str,
    files: Mapping[str, str] = FILES,
    reader: SpecificationReader | None = None,
    auto_publish: bool = True,
) -> World:
    """A world in which these versions of the module were made by an older program."""
    world = make_world(reader=reader, modules=ModulePolicy(auto_publish=auto_publish))
    for version in versions or ("1.0.0",):
        upload(world, version, files)
    for version in versions or ("1.0.0",):
        age(world, version)
    return world


def upload(world: World, version: str, files: Mapping[str, str] = FILES) -> None:
    world.registry.publishing.upload(ADMIN, address(MODULE), version, memory_archive(files))


def age(world: World, version: str) -> None:
    """Make a version look as an older program left it."""
    with world.unit_of_work.write() as tx:
        tx.module_versions.reindex(find(world, version).id, OLD, EXTRACTION_VERSION - 1)


def find(world: World, version: str = "1.0.0") -> ModuleVersion:
    found = find_or_none(world, version)
    assert found is not None
    return found


def find_or_none(world: World, version: str = "1.0.0") -> ModuleVersion | None:
    with world.unit_of_work.read() as tx:
        module_provider = require(look_up(tx, address(MODULE)))
        return tx.module_versions.find(module_provider.id, Version.parse(version))


def stored(world: World) -> list[str]:
    """What the store holds, without directories."""
    keys = world.store.keys()
    return [key.rpartition("/")[2] for key in keys]


def description(world: World, version: str = "1.0.0") -> str | None:
    with world.unit_of_work.read() as tx:
        content = tx.catalogue.version_content(find(world, version).module_provider_id, Version.parse(version))
    assert content is not None
    return content.summary.description


def run_outdated(world: World) -> list[tuple[ReindexingResult, str | None]]:
    """What became of each version that is outdated."""
    with world.registry.reindexing.outdated(ADMIN) as run:
        return [(row.result, row.version.text if row.version is not None else None) for row in run]


def test_outdated_versions_are_read_again_and_are_current_then() -> None:
    world = world_with("1.0.0", "1.1.0")
    upload(world, "1.2.0")
    assert run_outdated(world) == [(ReindexingResult.DONE, "1.0.0"), (ReindexingResult.DONE, "1.1.0")]
    assert [find(world, version).extraction_version for version in ("1.0.0", "1.1.0")] == [EXTRACTION_VERSION] * 2
    assert description(world) == "A network"
    assert run_outdated(world) == []


@pytest.mark.parametrize("published", [True, False])
def test_everything_but_the_analyses_stays(published: bool) -> None:
    world = world_with(auto_publish=published)
    download(world, f"my-app__{MODULE}", "1.0.0")
    before, events, keys = find(world), world.events(), world.store.keys()
    run_outdated(world)
    assert find(world) == attrs.evolve(before, extraction_version=EXTRACTION_VERSION)
    assert world.events() == events
    assert world.store.keys() == keys
    with world.unit_of_work.read() as tx:
        assert len(tx.downloads.of_version(before.id)) == 1


def test_files_that_the_archives_leave_out_are_read_all_the_same() -> None:
    files = {**FILES, ".tfignore": "examples/one/main.tf", "examples/one/main.tf": "two"}
    reader = ReadingWatcher()
    world = world_with(files=files, reader=reader)
    assert find(world).source is not None
    reader.seen.clear()
    run_outdated(world)
    assert "examples/one/main.tf" in reader.seen


def test_a_whole_tree_is_stored_only_where_the_archives_hold_less() -> None:
    world = world_with(files={**FILES, ".tfignore": "nothing"})
    assert find(world).source is None
    assert stored(world) == ["source.tar.gz", "source.zip"]


@pytest.mark.parametrize("policy", [ModulePolicy(), ModulePolicy(delete_external_archives=True)])
def test_a_module_below_the_root_is_found_again_whatever_the_archives_hold(policy: ModulePolicy) -> None:
    world = make_world(modules=policy)
    upload(world, "0.1.0")
    with world.unit_of_work.write() as tx:
        module_provider = require(look_up(tx, address(MODULE)))
        templates = RepositoryTemplates(clone="https://git.test/{namespace}/{module}")
        git = attrs.evolve(module_provider.git, templates=templates, git_path="sub", archive_git_path=True)
        tx.module_providers.update(attrs.evolve(module_provider, git=git))
    upload(world, "1.0.0", {"main.tf": "", **{f"sub/{path}": text for path, text in FILES.items()}})
    assert (find(world).archives is None) == policy.delete_external_archives
    age(world, "1.0.0")
    assert run_outdated(world) == [(ReindexingResult.DONE, "1.0.0")]
    assert description(world) == "A network"


def test_a_module_that_its_archive_holds_alone_is_found_at_the_root() -> None:
    world = world_with()
    with world.unit_of_work.write() as tx:
        old = find(world)
        now = world.clock.now()
        alone = NewModuleVersion(
            *(old.module_provider_id, old.version, True, now, now, OLD, old.archives, "admin"),
            git_path="sub",
            archive_git_path=True,
            extraction_version=EXTRACTION_VERSION - 1,
        )
        tx.module_versions.replace(old.id, alone)
    assert run_outdated(world) == [(ReindexingResult.DONE, "1.0.0")]
    assert description(world) == "A network"


def test_the_whole_tree_goes_with_its_version() -> None:
    world = world_with(files={**FILES, ".tfignore": "README.md"})
    assert len(world.store.keys()) == 3
    upload(world, "1.0.0")
    assert len(world.store.keys()) == 2
    upload(world, "1.0.0", {**FILES, ".tfignore": "README.md"})
    assert len(world.store.keys()) == 3
    world.registry.publishing.delete(ADMIN, address(MODULE), "1.0.0")
    assert world.store.keys() == []


def test_a_version_that_can_not_be_read_any_more_stays_as_it_was_and_the_others_go_on() -> None:
    def refuse() -> None:
        if find(world, "1.0.0").extraction_version != EXTRACTION_VERSION and not refused:
            refused.append(True)
            raise InvalidSource("main.tf", 3, "the text is broken")

    refused: list[bool] = []
    reader = ReadingWatcher()
    world = world_with("1.0.0", "1.1.0", reader=reader)
    before = find(world)
    reader.before = refuse
    with world.registry.reindexing.outdated(ADMIN) as run:
        failed, done = list(run)
    assert (failed.result, failed.reason) == (ReindexingResult.FAILED, "main.tf:3: the text is broken")
    assert done.result is ReindexingResult.DONE
    assert find(world) == before
    assert description(world) == "Old"


def test_a_version_whose_archive_is_lost_stays_as_it_was() -> None:
    world = world_with()
    before = find(world)
    archives = before.archives
    assert archives is not None
    world.store.delete(archives.zip.key)
    assert run_outdated(world) == [(ReindexingResult.FAILED, "1.0.0")]
    assert find(world) == before


def test_a_version_of_which_nothing_is_stored_is_skipped_with_a_reason() -> None:
    world = world_with()
    old = find(world)
    now = world.clock.now()
    bare = NewModuleVersion(
        old.module_provider_id,
        old.version,
        True,
        now,
        now,
        OLD,
        None,
        "admin",
        extraction_version=EXTRACTION_VERSION - 1,
    )
    with world.unit_of_work.write() as tx:
        tx.module_versions.replace(old.id, bare)
    with world.registry.reindexing.outdated(ADMIN) as run:
        [skipped] = run
    assert skipped.result is ReindexingResult.SKIPPED
    assert skipped.reason is not None


def test_a_version_that_was_replaced_while_it_was_read_keeps_what_replaced_it() -> None:
    def replace() -> None:
        reader.before = lambda: None
        upload(world, "1.0.0", {**FILES, "terrareg.json": '{"description": "Another network"}'})

    reader = ReadingWatcher()
    world = world_with(reader=reader)
    reader.before = replace
    assert run_outdated(world) == [(ReindexingResult.CURRENT, "1.0.0")]
    assert description(world) == "Another network"


def test_a_version_that_was_deleted_while_it_was_read_stays_deleted() -> None:
    def delete() -> None:
        reader.before = lambda: None
        world.registry.publishing.delete(ADMIN, address(MODULE), "1.0.0")

    reader = ReadingWatcher()
    world = world_with(reader=reader)
    reader.before = delete
    assert run_outdated(world) == [(ReindexingResult.CURRENT, "1.0.0")]
    assert find_or_none(world) is None


def test_a_version_that_was_deleted_since_the_run_began_is_passed_over() -> None:
    world = world_with("1.0.0", "1.1.0")
    with world.registry.reindexing.outdated(ADMIN) as run:
        assert len(run) == 2
        world.registry.publishing.delete(ADMIN, address(MODULE), "1.0.0")
        assert [row.result for row in run] == [ReindexingResult.CURRENT, ReindexingResult.DONE]


def test_a_run_that_is_broken_off_is_taken_up_by_the_next() -> None:
    world = world_with("1.0.0", "1.1.0")
    with world.registry.reindexing.outdated(ADMIN) as run:
        for _ in run:
            break
    assert run_outdated(world) == [(ReindexingResult.DONE, "1.1.0")]


def test_everything_means_current_versions_too() -> None:
    world = world_with("1.0.0")
    upload(world, "1.1.0")
    with world.registry.reindexing.everything(ADMIN) as run:
        assert [row.result for row in run] == [ReindexingResult.DONE] * 2


def test_one_version_or_one_module_provider_can_be_chosen_whatever_made_them() -> None:
    world = world_with("1.0.0", "1.1.0")
    world.registry.publishing.upload(ADMIN, address("acme/other/aws"), "1.0.0", memory_archive(FILES))
    with world.registry.reindexing.chosen(ADMIN, address("Acme/VPC/aws"), "1.1.0") as run:
        assert [row.version and row.version.text for row in run] == ["1.1.0"]
    with world.registry.reindexing.chosen(ADMIN, address(MODULE)) as run:
        assert sorted(row.version.text for row in run if row.version) == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize(
    ("target", "version", "error"),
    [
        ("none/vpc/aws", None, NamespaceNotFound),
        ("acme/none/aws", None, ModuleProviderNotFound),
        (MODULE, "9.9.9", ModuleVersionNotFound),
        (MODULE, "one", InvalidVersion),
    ],
)
def test_what_does_not_exist_can_not_be_chosen(target: str, version: str | None, error: type[Exception]) -> None:
    world = world_with()
    with pytest.raises(error), world.registry.reindexing.chosen(ADMIN, address(target), version):
        pass


def test_only_one_run_is_under_way_at_a_time() -> None:
    world = world_with()
    with (
        world.registry.reindexing.outdated(ADMIN) as first,
        pytest.raises(ReindexingUnderWay),
        world.registry.reindexing.everything(ADMIN),
    ):
        pass
    assert len(first) == 1
    assert run_outdated(world) == [(ReindexingResult.DONE, "1.0.0")]


def test_where_nothing_is_outdated_no_lock_is_needed() -> None:
    world = make_world()
    upload(world, "1.0.0")
    with world.mutex.hold() as held:
        assert held
        assert run_outdated(world) == []


@pytest.mark.parametrize(
    ("identity", "error"),
    [(ANONYMOUS, AuthenticationRequired), (Identity(IdentityKind.UPLOAD_KEY, "key"), PermissionDenied)],
)
def test_only_site_administrators_may_have_versions_indexed_again(identity: Identity, error: type[Exception]) -> None:
    reindexing = world_with().registry.reindexing
    with pytest.raises(error), reindexing.outdated(identity):
        pass
    with pytest.raises(error), reindexing.everything(identity):
        pass
    with pytest.raises(error), reindexing.chosen(identity, address(MODULE)):
        pass
