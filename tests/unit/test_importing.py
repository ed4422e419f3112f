"""Imports and web-hooks over the in-memory twins (chapter 02, 10.2 and 11; chapter 03, 4.2)."""

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import attrs
import pytest

from terrareg_adapters.memory.clock import FixedClock
from terrareg_adapters.memory.fetching import commit_of
from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import (
    AuthenticationRequired,
    InvalidModule,
    InvalidPayload,
    InvalidRequest,
    InvalidSource,
    InvalidVersion,
    ModuleProviderNotFound,
    NamespaceNotFound,
    NoRepository,
    PermissionDenied,
    ProviderNotAllowed,
    ReindexProhibited,
    SourceUnavailable,
)
from terrareg_core.modules.fetching import FetchedSource, ModuleSourceFetcher, RepositoryLocation
from terrareg_core.modules.git_settings import GitArguments
from terrareg_core.modules.hook_events import GitHost, SigningKeys
from terrareg_core.modules.importing import ImportableTags
from terrareg_core.modules.making import MadeVersion
from terrareg_core.modules.model import ModulePolicy, ModuleVersion, ReindexMode
from terrareg_core.modules.module_providers import ModuleProviderChanges
from terrareg_core.modules.resolution import look_up
from terrareg_core.modules.webhooks import AdmittedHook, HookResult, WebhookPolicy
from terrareg_core.versions import Version
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, make_world, signed_in

VPC = address("acme/vpc/aws")
URL = "https://git.test/acme/vpc"
FILES = {"main.tf": "", "README.md": "# VPC"}
NESTED = {"README.md": "# whole", "aws/README.md": "# AWS", "aws/main.tf": "", "other/main.tf": ""}
KEYS = WebhookPolicy(keys=SigningKeys((b"k1", b"k2")))
UPLOADER = Identity(IdentityKind.UPLOAD_KEY, "Upload API Key")


def _world(
    tags: dict[str, dict[str, str]] | None = None, *, git: GitArguments | None = None, **options: object
) -> World:
    """A world whose `acme/vpc/aws` has the repository with these tags."""
    repositories = {URL: tags if tags is not None else {"v1.0.0": FILES}}
    world = make_world(repositories=repositories, **options)  # type: ignore[arg-type]
    world.registry.namespaces.create(ADMIN, "acme")
    settings = git or GitArguments(repo_clone_url_template=URL, git_tag_format="v{version}")
    world.registry.module_providers.create(ADMIN, VPC, settings)
    return world


def _import(world: World, version: str | None = None, git_tag: str | None = None) -> MadeVersion:
    return world.registry.importing.import_version(ADMIN, VPC, version=version, git_tag=git_tag)


def _version(world: World, text: str = "1.0.0") -> ModuleVersion | None:
    with world.unit_of_work.read() as tx:
        found = look_up(tx, VPC).module_provider
        return tx.module_versions.find(found.id, Version.parse(text)) if found is not None else None


def _archive(world: World, version: str = "1.0.0") -> dict[str, str]:
    opened = world.registry.downloads.open_archive(ADMIN, VPC, version, None)
    content: dict[str, str] = json.loads(b"".join(opened.content.read_range(0, opened.content.size)))
    return content


def _admit(world: World, host: GitHost = GitHost.GITHUB, key: bytes | None = b"k1") -> AdmittedHook:
    headers = {} if key is None else {name: _signature(key) for name in host.signature_headers}
    return world.registry.webhooks.admit(host, VPC, headers, b"body")


def _signature(key: bytes) -> bytes:
    return hmac.new(key, b"body", hashlib.sha256).hexdigest().encode()


def _released(tag: str = "v1.0.0", action: str = "published") -> dict[str, object]:
    return {"action": action, "release": {"tag_name": tag}}


# --- imports -----------------------------------------------------------------------------------------------------


def test_the_named_tag_is_the_fetched_one_and_is_remembered() -> None:
    git = GitArguments(repo_clone_url_template=URL, git_tag_format="v{major}")
    world = _world({"v01": FILES}, git=git)
    assert _import(world, git_tag="v01").version == Version.parse("1.0.0")
    found = _version(world)
    assert found is not None
    assert found.origin is not None
    assert (found.origin.tag, found.origin.commit) == ("v01", commit_of(FILES))


def test_a_version_is_fetched_from_the_tag_of_the_format() -> None:
    world = _world({"v1.0.0-beta": FILES})
    made = _import(world, "1.0.0-beta")
    assert (str(made.address), made.version.is_beta, made.published) == ("acme/vpc/aws", True, True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, InvalidRequest),
        ({"version": "", "git_tag": ""}, InvalidRequest),
        ({"version": "1.0.0", "git_tag": "v1.0.0"}, InvalidRequest),
        ({"git_tag": "1.0.0"}, InvalidRequest),
        ({"git_tag": "v01.0.0"}, InvalidVersion),
        ({"version": "01.0.0"}, InvalidVersion),
        ({"version": "x"}, InvalidVersion),
        ({"version": "9.0.0"}, SourceUnavailable),
    ],
)
def test_a_wrong_import_changes_nothing(arguments: dict[str, str], error: type[Exception]) -> None:
    world = _world()
    before = world.actions()
    with pytest.raises(error):
        _import(world, **arguments)
    assert world.actions() == before
    assert world.store.keys() == []


def test_an_import_never_creates_parents() -> None:
    world = _world()
    for target, error in (("nope/vpc/aws", NamespaceNotFound), ("acme/nope/aws", ModuleProviderNotFound)):
        with pytest.raises(error):
            world.registry.importing.import_version(ADMIN, address(target), version="1.0.0")


def test_an_import_needs_a_repository() -> None:
    world = _world(git=GitArguments(git_tag_format="v{major}"))
    with pytest.raises(NoRepository):
        _import(world, "not a version, which is told later")


def test_what_is_wrong_with_a_repository_is_the_senders_to_mend() -> None:
    world = _world({"v1.0.0": {"main.tf": "broken"}})
    with pytest.raises(InvalidSource):
        _import(world, "1.0.0")
    assert world.store.keys() == []


def test_a_prohibited_replacement_is_refused_before_anything_is_fetched() -> None:
    tags = {"v1.0.0": FILES}
    world = _world(tags, modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    _import(world, "1.0.0")
    tags.clear()
    with pytest.raises(ReindexProhibited):
        _import(world, "1.0.0")


@attrs.frozen
class _OvertakenFetcher:
    """A fetcher that takes so long that something else happens meanwhile."""

    _inner: ModuleSourceFetcher
    _meanwhile: Callable[[], object]

    def fetch(
        self, location: RepositoryLocation, tag: str, *, commit: str | None = None
    ) -> AbstractContextManager[FetchedSource]:
        self._meanwhile()
        return self._inner.fetch(location, tag, commit=commit)


def test_a_version_that_another_caller_made_meanwhile_is_not_indexed_where_none_is_replaced() -> None:
    world = _world({"v1.0.0": {"main.tf": "broken"}}, modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    importing = world.registry.importing
    importer = importing._importer

    def upload() -> None:
        world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(FILES))

    overtaken = attrs.evolve(importer, fetcher=_OvertakenFetcher(importer._fetcher, upload))
    with pytest.raises(ReindexProhibited):
        attrs.evolve(importing, importer=overtaken).import_version(ADMIN, VPC, version="1.0.0")
    assert _archive(world) == FILES


def test_a_provider_that_is_not_allowed_is_not_imported() -> None:
    world = _world(modules=ModulePolicy(allowed_providers=frozenset({"aws"})))
    with pytest.raises(ProviderNotAllowed):
        world.registry.importing.import_version(ADMIN, address("acme/vpc/gcp"), version="1.0.0")


def test_the_permission_is_that_of_the_namespace_that_an_old_address_leads_to() -> None:
    world = _world(access=AccessPolicy(access_controls=True))
    world.registry.namespaces.create(ADMIN, "other")
    world.given_group("team", rights={"acme": "FULL"})
    member = signed_in("ann", "team")
    moved = ModuleProviderChanges(namespace="other", module="vpc", provider="aws")
    world.registry.module_providers.change(ADMIN, VPC, moved)
    with pytest.raises(PermissionDenied):
        world.registry.importing.import_version(member, VPC, version="1.0.0")
    made = world.registry.importing.import_version(UPLOADER, VPC, version="1.0.0")
    assert str(made.address) == "other/vpc/aws"


# --- tags that can be imported -----------------------------------------------------------------------------------


def _tags(world: World, identity: Identity = ADMIN) -> ImportableTags:
    return world.registry.importing.importable_tags(identity, VPC)


def test_the_tags_of_versions_are_listed_in_the_order_of_versions() -> None:
    versions = ["v1.2.0-rc2", "v1.2.0-rc10", "v1.2.0", "v1.10.0"]
    others = ["main", "v1.2", "V1.3.0", "x/v1.4.0", "v1.2.0-RC", "\udcff"]
    tags = {name: {"main.tf": f"# {name}"} for name in sorted(versions + others)}
    git = GitArguments(repo_clone_url_template=URL, git_tag_format="v{major}.{minor}.{patch}{build}")
    listed = _tags(_world(tags, git=git))
    assert [(each.tag, f"v{each.version}", each.commit) for each in listed.tags] == [
        (name, name, commit_of(tags[name])) for name in versions
    ]
    assert listed.others == len(others)
    assert not any(each.indexed or each.published for each in listed.tags)


@pytest.mark.parametrize("auto_publish", [False, True])
def test_a_version_that_is_stored_is_told_to_be_indexed_and_whether_it_is_published(auto_publish: bool) -> None:
    world = _world({"v1.0.0": FILES, "v1.1.0": FILES}, modules=ModulePolicy(auto_publish=auto_publish))
    world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(FILES))
    assert [(each.tag, each.indexed, each.published) for each in _tags(world).tags] == [
        ("v1.0.0", True, auto_publish),
        ("v1.1.0", False, False),
    ]


def test_of_several_tags_of_a_version_the_one_that_its_format_makes_is_taken() -> None:
    git = GitArguments(repo_clone_url_template=URL, git_tag_format="v{major}.{minor}")
    listed = _tags(_world(dict.fromkeys(["v1.00", "v1.0", "v01.0", "v02.1", "v2.01"], FILES), git=git))
    assert ([each.tag for each in listed.tags], listed.others) == (["v1.0", "v02.1"], 3)


def test_every_listed_tag_can_be_imported() -> None:
    world = _world(dict.fromkeys(["v1.0.0", "v01.0.0", "v1.1.0-beta", "v2.0.0-", "v3.0.0"], FILES))
    listed = _tags(world)
    assert ([each.tag for each in listed.tags], listed.others) == (["v1.0.0", "v3.0.0"], 3)
    for each in listed.tags:
        assert _import(world, git_tag=each.tag).version == each.version
    assert all(each.indexed for each in _tags(world).tags)


def test_listing_tags_needs_what_importing_needs() -> None:
    world = _world()
    with pytest.raises(AuthenticationRequired):
        _tags(world, ANONYMOUS)
    for target, error in (("nope/vpc/aws", NamespaceNotFound), ("acme/nope/aws", ModuleProviderNotFound)):
        with pytest.raises(error):
            world.registry.importing.importable_tags(ADMIN, address(target))
    with pytest.raises(NoRepository):
        _tags(_world(git=GitArguments(git_tag_format="v{version}")))
    with pytest.raises(SourceUnavailable):
        _tags(_world(git=GitArguments(repo_clone_url_template="https://git.test/acme/other")))
    forbidden = _world(modules=ModulePolicy(allowed_providers=frozenset({"aws"})))
    with pytest.raises(ProviderNotAllowed):
        forbidden.registry.importing.importable_tags(ADMIN, address("acme/vpc/gcp"))


def test_the_permission_to_list_tags_is_that_of_the_namespace_that_an_old_address_leads_to() -> None:
    world = _world(access=AccessPolicy(access_controls=True))
    world.given_group("team", rights={"acme": "FULL"})
    member = signed_in("ann", "team")
    assert len(_tags(world, member).tags) == 1
    world.registry.namespaces.create(ADMIN, "other")
    moved = ModuleProviderChanges(namespace="other", module="vpc", provider="aws")
    world.registry.module_providers.change(ADMIN, VPC, moved)
    with pytest.raises(PermissionDenied):
        _tags(world, member)
    assert len(_tags(world, UPLOADER).tags) == 1


# --- directories -------------------------------------------------------------------------------------------------


def _with_path(archive_only: bool, path: str = "{provider}") -> GitArguments:
    return GitArguments(
        repo_clone_url_template=URL, git_tag_format="v{version}", git_path=path, archive_git_path=archive_only
    )


@pytest.mark.parametrize("by_upload", [False, True])
@pytest.mark.parametrize("archive_only", [False, True])
def test_the_module_is_the_git_path_of_what_came_in(by_upload: bool, archive_only: bool) -> None:
    world = _world({"v1.0.0": NESTED}, git=_with_path(archive_only))
    if by_upload:
        world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(NESTED))
    else:
        _import(world, "1.0.0")
    found = _version(world)
    assert found is not None
    assert (found.git_path, found.archive_git_path) == ("aws", archive_only)
    assert world.registry.catalogue.version_details(ADMIN, VPC, "1.0.0").root.readme == "# AWS"
    expected = {"README.md": "# AWS", "main.tf": ""} if archive_only else NESTED
    assert _archive(world) == expected


def test_a_missing_module_directory_is_told() -> None:
    world = _world({"v1.0.0": FILES}, git=_with_path(archive_only=False))
    with pytest.raises(InvalidModule, match="aws"):
        world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(FILES))
    with pytest.raises(InvalidModule, match="aws"):
        _import(world, "1.0.0")
    assert world.store.keys() == []


# --- web-hooks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, b"k3"])
def test_an_unsigned_hook_is_refused_whatever_it_is_about(key: bytes | None) -> None:
    world = make_world(webhooks=KEYS)
    with pytest.raises(AuthenticationRequired):
        _admit(world, key=key)


def test_without_keys_only_an_open_registry_that_says_so_takes_hooks() -> None:
    willing = WebhookPolicy(unauthenticated=True)
    with pytest.raises(AuthenticationRequired):
        _admit(_world(), key=None)
    with pytest.raises(AuthenticationRequired):
        _admit(_world(webhooks=willing, access=AccessPolicy(anonymous_access=False)), key=None)
    world = _world(webhooks=willing)
    assert _admit(world, key=None).receive(_released()).result is HookResult.IMPORTED
    assert world.events()[-1].username == ANONYMOUS.name
    assert _admit(world, key=None).receive(_released(action="deleted")).result is HookResult.REFUSED
    assert _version(world) is not None


def test_a_signed_hook_imports_and_deletes_under_its_own_name() -> None:
    world = _world(webhooks=KEYS)
    assert _admit(world).receive(_released()).result is HookResult.IMPORTED
    assert _admit(world).receive(_released(action="deleted")).result is HookResult.DELETED
    assert _version(world) is None
    assert world.store.keys() == []
    assert {event.username for event in world.events()[-3:]} == {"Github webhook"}
    assert _admit(world).receive(_released(action="deleted")).result is HookResult.DELETED


def test_an_equal_commit_is_not_indexed_again_unless_the_directory_changed() -> None:
    world = _world({"v1.0.0": NESTED}, webhooks=KEYS)
    _admit(world).receive(_released())
    keys, actions = world.store.keys(), world.actions()
    assert _admit(world).receive(_released()).result is HookResult.IMPORTED
    assert (world.store.keys(), world.actions()) == (keys, actions)
    world.registry.module_providers.change(ADMIN, VPC, ModuleProviderChanges(git_path="aws"))
    assert _admit(world).receive(_released()).result is HookResult.IMPORTED
    found = _version(world)
    assert found is not None
    assert found.git_path == "aws"


def test_the_failures_of_a_push_leave_the_other_versions_alone() -> None:
    tags = {"v1.0.0": FILES, "v1.1.0": {"main.tf": "broken"}, "v1.2.0": FILES}
    world = _world(tags, webhooks=KEYS)
    names = ["v1.0.0", "v1.1.0", "v9.9.9", "v1.2.0", "v01.0.0"]
    changes = [{"type": "ADD", "ref": {"type": "TAG", "id": f"refs/tags/{name}"}} for name in names]
    outcome = _admit(world, GitHost.BITBUCKET).receive_push({"changes": changes})
    assert outcome.has_failed
    assert {version.text: each.result for version, each in outcome.versions.items()} == {
        "1.0.0": HookResult.IMPORTED,
        "1.1.0": HookResult.FAILED,
        "9.9.9": HookResult.FAILED,
        "1.2.0": HookResult.IMPORTED,
        "01.0.0": HookResult.FAILED,
    }
    assert len(world.store.keys()) == 4


@attrs.frozen
class _SlowFetcher:
    """A fetcher that takes ten minutes for each tag."""

    _inner: ModuleSourceFetcher
    _clock: FixedClock

    def fetch(
        self, location: RepositoryLocation, tag: str, *, commit: str | None = None
    ) -> AbstractContextManager[FetchedSource]:
        self._clock.advance(timedelta(minutes=10))
        return self._inner.fetch(location, tag, commit=commit)


def test_a_push_goes_on_where_it_ended_when_its_time_was_over() -> None:
    world = _world({f"v1.{number}.0": FILES for number in range(4)}, webhooks=KEYS)
    importer = world.registry.webhooks._importer
    slow = attrs.evolve(importer, fetcher=_SlowFetcher(importer._fetcher, world.clock))
    webhooks = attrs.evolve(world.registry.webhooks, importer=slow)
    changes = [{"type": "ADD", "ref": {"type": "TAG", "id": f"refs/tags/v1.{number}.0"}} for number in range(4)]
    headers = {"x-hub-signature": _signature(b"k1")}
    outcome = webhooks.admit(GitHost.BITBUCKET, VPC, headers, b"body").receive_push({"changes": changes})
    results = [each.result for each in outcome.versions.values()]
    assert results == [HookResult.IMPORTED, HookResult.IMPORTED, HookResult.FAILED, HookResult.FAILED]


def test_a_payload_that_cannot_be_read_changes_nothing() -> None:
    world = _world(webhooks=KEYS)
    before = world.actions()
    with pytest.raises(InvalidPayload):
        _admit(world).receive({})
    with pytest.raises(InvalidPayload):
        _admit(world, GitHost.BITBUCKET).receive_push({})
    assert world.actions() == before
