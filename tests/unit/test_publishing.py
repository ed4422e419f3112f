"""Publishing, and the life cycle of versions, over the in-memory twins (chapter 02, 9 and 10)."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import (
    AlreadyStored,
    ArchiveNotFound,
    AuthenticationRequired,
    InvalidArchive,
    InvalidIdentifier,
    InvalidRequest,
    InvalidSource,
    InvalidVersion,
    ModuleProviderExists,
    ModuleProviderNotFound,
    ModuleVersionNotFound,
    NamespaceNotFound,
    PermissionDenied,
    ProviderNotAllowed,
    ReindexProhibited,
    StoreUnavailable,
    UploadDisabled,
)
from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName
from terrareg_core.modules.making import MadeVersion
from terrareg_core.modules.model import HostingMode, ModulePolicy, ReindexMode
from terrareg_core.modules.ports import UploadedArchive
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, make_world

VPC = address("acme/vpc/aws")
UPLOADER = Identity(IdentityKind.UPLOAD_KEY, "Upload API Key")
PUBLISHER = Identity(IdentityKind.PUBLISH_KEY, "Publish API Key")
GOOD = {"main.tf": "", "README.md": "# VPC"}


def _upload(world: World, version: str = "1.0.0", files: dict[str, str] | None = None) -> MadeVersion:
    return world.registry.publishing.upload(ADMIN, VPC, version, memory_archive(files or GOOD))


def _latest(world: World) -> str | None:
    try:
        return str(world.registry.catalogue.version_details(ADMIN, VPC).outline.summary.version)
    except (ModuleVersionNotFound, ModuleProviderNotFound, NamespaceNotFound):
        return None


def _listed(world: World) -> list[str]:
    return list(map(str, world.registry.catalogue.versions(ADMIN, VPC).versions))


def _archive(world: World, version: str) -> bytes:
    opened = world.registry.downloads.open_archive(ADMIN, VPC, version, None)
    return b"".join(opened.content.read_range(0, opened.content.size))


def test_an_upload_creates_its_parents_and_publishes() -> None:
    world = make_world(namespaces=NamespacePolicy.of(verified=["acme"]))
    published = _upload(world)
    assert (str(published.address), str(published.version), published.published) == ("acme/vpc/aws", "1.0.0", True)
    assert world.actions() == [
        "NAMESPACE_CREATE acme",
        "MODULE_PROVIDER_CREATE acme/vpc/aws",
        "MODULE_VERSION_INDEX acme/vpc/aws/1.0.0",
        "MODULE_VERSION_PUBLISH acme/vpc/aws/1.0.0",
    ]
    details = world.registry.catalogue.version_details(ANONYMOUS, VPC)
    assert details.outline.summary.verified
    assert details.root.readme == "# VPC"
    assert _listed(world) == ["1.0.0"]


@pytest.mark.parametrize("spelling", ["acme/vpc/aws", "Acme/Vpc/aws"])
def test_a_version_that_somebody_else_is_indexing_is_refused_after_a_while(spelling: str) -> None:
    world = make_world(wait_seconds=0.01)
    with world.mutexes.named("acme/vpc/aws/1.0.0").hold() as held:
        assert held
        with pytest.raises(InvalidRequest, match=r"Version 1\.0\.0 is being indexed"):
            world.registry.publishing.upload(ADMIN, address(spelling), "1.0.0", memory_archive(GOOD))
        assert (world.actions(), world.store.keys()) == ([], [])
        assert _upload(world, "1.0.1").published
    assert _upload(world).published


def test_a_version_waits_for_whoever_is_indexing_it() -> None:
    world = make_world()
    waiting = threading.Thread(target=_upload, args=(world,))
    with world.mutexes.named("acme/vpc/aws/1.0.0").hold():
        waiting.start()
        assert _upload(world, "1.0.1").published
    waiting.join(30)
    assert _listed(world) == ["1.0.1", "1.0.0"]


def test_the_uploader_is_remembered_with_the_version() -> None:
    world = make_world()
    world.registry.publishing.upload(UPLOADER, VPC, "1.0.0", memory_archive(GOOD))
    assert world.events()[-1].username == "Upload API Key"


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (ModulePolicy(auto_create_namespace=False), NamespaceNotFound),
        (ModulePolicy(auto_create_module_provider=False), ModuleProviderNotFound),
        (ModulePolicy(allowed_providers=frozenset({"gcp"})), ProviderNotAllowed),
        (ModulePolicy(hosting=HostingMode.DISALLOW), UploadDisabled),
    ],
)
def test_what_the_operator_forbids_creates_nothing(policy: ModulePolicy, error: type[Exception]) -> None:
    world = make_world(modules=policy)
    with pytest.raises(error):
        _upload(world)
    assert world.events() == []
    assert world.registry.namespaces.page(ADMIN, None).total == 0


@pytest.mark.parametrize(
    ("target", "version", "error"),
    [
        ("a/vpc/aws", "1.0.0", InvalidIdentifier),
        ("acme/v/aws", "1.0.0", InvalidIdentifier),
        ("acme/vpc/AWS", "1.0.0", InvalidIdentifier),
        ("acme/vpc/aws", "1.0", InvalidVersion),
        ("acme/vpc/aws", "01.0.0", InvalidVersion),
    ],
)
def test_a_wrong_name_or_version_is_refused(target: str, version: str, error: type[Exception]) -> None:
    world = make_world()
    with pytest.raises(error):
        world.registry.publishing.upload(ADMIN, address(target), version, memory_archive(GOOD))
    assert world.events() == []


def test_an_upload_needs_exactly_one_file() -> None:
    world = make_world()
    admitted = world.registry.publishing.admit_upload(ADMIN, VPC, "1.0.0")
    for files in ([], [memory_archive(GOOD), memory_archive(GOOD)]):
        with pytest.raises(InvalidRequest, match="exactly one file"):
            admitted.receive(files)
    assert world.events() == []


def test_a_failed_upload_changes_nothing_and_a_correct_one_then_works() -> None:
    world = make_world()
    _upload(world)
    before = (world.actions(), _archive(world, "1.0.0"), _listed(world))
    for broken in (
        UploadedArchive("module.zip", io.BytesIO(b"no archive")),
        memory_archive({"main.tf": "broken"}),
        memory_archive({"terrareg.json": "{"}),
    ):
        with pytest.raises((InvalidArchive, InvalidSource)):
            world.registry.publishing.upload(ADMIN, VPC, "1.0.0", broken)
        assert (world.actions(), _archive(world, "1.0.0"), _listed(world)) == before
    _upload(world, "1.0.0", {"main.tf": "new"})
    assert _archive(world, "1.0.0") != before[1]


def test_a_replaced_version_gives_up_its_archives_and_keeps_its_address() -> None:
    world = make_world()
    _upload(world)
    with world.unit_of_work.read() as tx:
        old = tx.module_versions.find(1, Version.parse("1.0.0"))
    _upload(world, files={"main.tf": "second"})
    with world.unit_of_work.read() as tx:
        new = tx.module_versions.find(1, Version.parse("1.0.0"))
    assert old is not None
    assert new is not None
    assert old.archives is not None
    assert new.id == old.id
    with pytest.raises(ArchiveNotFound):
        world.store.open(old.archives.zip.key)
    assert world.actions()[-3:] == [
        "MODULE_VERSION_DELETE acme/vpc/aws/1.0.0",
        "MODULE_VERSION_INDEX acme/vpc/aws/1.0.0",
        "MODULE_VERSION_PUBLISH acme/vpc/aws/1.0.0",
    ]


def test_a_prohibiting_registry_never_replaces_a_version() -> None:
    world = make_world(modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    _upload(world)
    with pytest.raises(ReindexProhibited):
        world.registry.publishing.admit_upload(ADMIN, VPC, "1.0.0")


def test_without_auto_publish_versions_wait_for_being_published() -> None:
    world = make_world(modules=ModulePolicy(auto_publish=False))
    publish = world.registry.publishing.publish
    _upload(world, "1.0.0")
    _upload(world, "1.2.0")
    assert _listed(world) == []
    publish(PUBLISHER, VPC, "1.0.0")
    assert _latest(world) == "1.0.0"
    publish(PUBLISHER, VPC, "1.2.0")
    assert _latest(world) == "1.2.0"
    _upload(world, "1.2.0")
    assert _latest(world) == "1.0.0"


def test_auto_publish_mode_keeps_a_published_version_published() -> None:
    world = make_world(modules=ModulePolicy(auto_publish=False, reindex_mode=ReindexMode.AUTO_PUBLISH))
    _upload(world)
    assert _listed(world) == []
    world.registry.publishing.publish(ADMIN, VPC, "1.0.0")
    _upload(world)
    assert _listed(world) == ["1.0.0"]


def test_publishing_sets_the_date_once_and_writes_one_event() -> None:
    world = make_world(modules=ModulePolicy(auto_publish=False))
    _upload(world)
    published_at = world.clock.advance(timedelta(hours=1))
    world.registry.publishing.publish(ADMIN, VPC, "1.0.0")
    world.clock.advance(timedelta(hours=1))
    world.registry.publishing.publish(ADMIN, VPC, "1.0.0")
    assert world.registry.catalogue.version_details(ADMIN, VPC).outline.summary.published_at == published_at
    assert world.actions().count("MODULE_VERSION_PUBLISH acme/vpc/aws/1.0.0") == 1


def test_a_published_beta_is_listed_but_never_the_latest() -> None:
    world = make_world()
    _upload(world, "1.0.0")
    _upload(world, "1.1.0-beta")
    assert _listed(world) == ["1.1.0-beta", "1.0.0"]
    assert _latest(world) == "1.0.0"


def test_deleting_a_version_deletes_its_archive_and_finds_the_next_latest() -> None:
    world = make_world()
    _upload(world, "1.0.0")
    _upload(world, "2.0.0")
    world.registry.publishing.delete(ADMIN, VPC, "2.0.0")
    assert _latest(world) == "1.0.0"
    with pytest.raises(ModuleVersionNotFound):
        _archive(world, "2.0.0")
    with pytest.raises(ModuleVersionNotFound):
        world.registry.publishing.delete(ADMIN, VPC, "2.0.0")
    world.registry.publishing.delete(ADMIN, VPC, "1.0.0")
    assert _latest(world) is None


def test_deleting_a_module_provider_deletes_its_versions_highest_first() -> None:
    world = make_world()
    for version in ("1.0.0", "1.10.0", "1.2.0-beta"):
        _upload(world, version)
    world.registry.module_providers.delete(ADMIN, VPC)
    assert world.actions()[-4:] == [
        "MODULE_VERSION_DELETE acme/vpc/aws/1.10.0",
        "MODULE_VERSION_DELETE acme/vpc/aws/1.2.0-beta",
        "MODULE_VERSION_DELETE acme/vpc/aws/1.0.0",
        "MODULE_PROVIDER_DELETE acme/vpc/aws",
    ]
    with pytest.raises(ModuleProviderNotFound):
        world.registry.module_providers.delete(ADMIN, VPC)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("unknown/vpc/aws", NamespaceNotFound),
        ("acme/v/aws", InvalidIdentifier),
        ("acme/net/AWS", InvalidIdentifier),
        ("acme/net/gcp", ProviderNotAllowed),
        ("acme/VPC/aws", ModuleProviderExists),
    ],
)
def test_a_module_provider_is_not_created_where_it_must_not_be(target: str, error: type[Exception]) -> None:
    world = make_world(modules=ModulePolicy(allowed_providers=frozenset({"aws"})))
    world.registry.namespaces.create(ADMIN, "acme")
    assert str(world.registry.module_providers.create(ADMIN, VPC)) == "acme/vpc/aws"
    with pytest.raises(error):
        world.registry.module_providers.create(ADMIN, address(target))
    assert len(world.events()) == 2


def test_a_provider_that_is_no_longer_allowed_can_still_be_deleted() -> None:
    world = make_world()
    _upload(world)
    stricter = attrs.evolve(world.registry.module_providers, policy=ModulePolicy(allowed_providers=frozenset({"gcp"})))
    stricter.delete(ADMIN, VPC)
    assert _latest(world) is None


def _move(world: World, new_namespace: str) -> None:
    """Leave a redirect at acme/vpc/aws to a new module provider, as a move does."""
    with world.unit_of_work.write() as tx:
        old = tx.namespaces.add(NamespaceName.parse("acme"))
        new = tx.namespaces.add(NamespaceName.parse(new_namespace))
        moved = tx.module_providers.add(new.id, ModuleName.parse("lan"), ProviderName.parse("aws"), verified=False)
        tx.module_providers.add_redirect(old.id, ModuleName.parse("vpc"), ProviderName.parse("aws"), moved.id)


def test_an_upload_to_a_former_address_goes_to_the_current_one() -> None:
    world = make_world()
    _move(world, "other")
    assert _upload(world).address == ModuleProviderId.parse("other/lan/aws")
    assert _listed(world) == ["1.0.0"]


def test_the_address_of_a_redirect_can_not_be_created() -> None:
    world = make_world()
    _move(world, "other")
    with pytest.raises(ModuleProviderExists):
        world.registry.module_providers.create(ADMIN, VPC)


def test_permission_is_asked_before_anything_is_told() -> None:
    world = make_world()
    publishing = world.registry.publishing
    for target in (VPC, address("unknown/x/y")):
        with pytest.raises(AuthenticationRequired):
            publishing.admit_upload(ANONYMOUS, target, "nonsense")
        with pytest.raises(AuthenticationRequired):
            publishing.publish(ANONYMOUS, target, "nonsense")
        with pytest.raises(PermissionDenied):
            publishing.delete(UPLOADER, target, "nonsense")
        with pytest.raises(PermissionDenied):
            world.registry.module_providers.delete(PUBLISHER, target)
        with pytest.raises(PermissionDenied):
            publishing.admit_upload(PUBLISHER, target, "1.0.0")


def test_anonymous_publishing_works_only_where_the_operator_wants_it() -> None:
    world = make_world(access=AccessPolicy(anonymous_publishing=True))
    world.registry.publishing.upload(ANONYMOUS, VPC, "1.0.0", memory_archive(GOOD))
    assert world.events()[-1].username == "Unauthenticated User"


@attrs.frozen
class _Faulty:
    """A unit of work whose writes fail: before the commit, or after it as if its answer had been lost."""

    _inner: UnitOfWork
    _error: Exception
    _after_commit: bool = False

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._inner.read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._inner.write() as tx:
            yield tx
            if not self._after_commit:
                raise self._error
        raise self._error


def _with_faulty_writes(world: World, error: Exception, *, after_commit: bool = False) -> World:
    faulty = _Faulty(world.unit_of_work, error, after_commit)
    publishing = world.registry.publishing
    publishing = attrs.evolve(publishing, maker=attrs.evolve(publishing._maker, unit_of_work=faulty))
    return attrs.evolve(world, registry=attrs.evolve(world.registry, publishing=publishing))


def test_a_transaction_that_fails_leaves_no_archive_behind() -> None:
    world = make_world()
    with pytest.raises(StoreUnavailable):
        _upload(_with_faulty_writes(world, StoreUnavailable("The database is gone; try again")))
    assert world.store.keys() == []
    assert world.events() == []


def test_a_commit_whose_answer_got_lost_keeps_its_archives() -> None:
    world = make_world()
    with pytest.raises(StoreUnavailable):
        _upload(_with_faulty_writes(world, StoreUnavailable("The database is gone"), after_commit=True))
    assert _archive(world, "1.0.0")


def test_a_version_that_others_keep_storing_first_is_refused_in_the_end() -> None:
    world = make_world()
    with pytest.raises(InvalidRequest, match="somebody else"):
        _upload(_with_faulty_writes(world, AlreadyStored("first")))
    assert world.store.keys() == []


class VersionLifeCycle(RuleBasedStateMachine):
    """Uploads, failing uploads, publishing and deleting, checked against a dictionary (chapter 02, 18.6)."""

    versions = st.sampled_from(["1.0.0", "1.0.1", "1.1.0-beta", "2.0.0"])

    @initialize(auto_publish=st.booleans(), mode=st.sampled_from(ReindexMode))
    def open(self, auto_publish: bool, mode: ReindexMode) -> None:
        self.policy = ModulePolicy(auto_publish=auto_publish, reindex_mode=mode)
        self.world = make_world(modules=self.policy)
        self.model: dict[str, bool] = {}

    @rule(version=versions)
    def upload(self, version: str) -> None:
        if version in self.model and self.policy.reindex_mode is ReindexMode.PROHIBIT:
            with pytest.raises(ReindexProhibited):
                _upload(self.world, version)
            return
        was_published = self.model.get(version, False)
        _upload(self.world, version, {"main.tf": version})
        kept = self.policy.reindex_mode is ReindexMode.AUTO_PUBLISH and was_published
        self.model[version] = self.policy.auto_publish or kept

    @rule(version=versions)
    def fail(self, version: str) -> None:
        before = self.world.actions()
        with pytest.raises((InvalidSource, ReindexProhibited)):
            _upload(self.world, version, {"main.tf": "broken"})
        assert self.world.actions() == before

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(sorted(self.model)))
        self.world.registry.publishing.publish(ADMIN, VPC, version)
        self.model[version] = True

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(sorted(self.model)))
        self.world.registry.publishing.delete(ADMIN, VPC, version)
        del self.model[version]

    @invariant()
    def the_registry_agrees_with_the_model(self) -> None:
        published = {version for version, is_published in self.model.items() if is_published}
        releases = [version for version in published if "-" not in version]
        assert _latest(self.world) == (max(releases) if releases else None)
        if self.world.events():
            assert set(_listed(self.world)) == published
        # Whatever exists can be downloaded, and nothing else takes up room.
        for version in self.model:
            assert _archive(self.world, version)
        assert len(self.world.store.keys()) == 2 * len(self.model)


TestVersionLifeCycle = VersionLifeCycle.TestCase
TestVersionLifeCycle.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
