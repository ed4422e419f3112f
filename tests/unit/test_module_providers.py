"""The use cases of module providers over the in-memory twins (chapter 02, 4 to 7)."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.grants import NamespacePermission
from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.analytics.downloads import AnalyticsPolicy
from terrareg_core.audit.events import AuditEvent
from terrareg_core.errors import (
    AuthenticationRequired,
    ForcedDeletionDisabled,
    GitProviderNotFound,
    InvalidGitPath,
    InvalidIdentifier,
    InvalidTagFormat,
    InvalidUrlTemplate,
    ModuleProviderExists,
    ModuleProviderNotFound,
    NamespaceNotFound,
    NameTaken,
    PermissionDenied,
    ProviderNotAllowed,
    ProviderSourceNotFound,
    RedirectInUse,
    RedirectNotFound,
    RegistryError,
    TargetNamespaceNotFound,
)
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.fetching import GitPolicy
from terrareg_core.modules.git_providers import configure_git_providers
from terrareg_core.modules.git_settings import GitArguments, GitProviderDefinition
from terrareg_core.modules.model import HostingMode, ModulePolicy, ModuleProvider
from terrareg_core.modules.module_provider_events import setting_changes
from terrareg_core.modules.module_providers import Integration, ModuleProviderChanges
from terrareg_core.modules.redirects import RedirectPolicy
from terrareg_core.modules.resolution import look_up
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.namespaces.use_cases import NamespaceChanges
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, download, make_world, signed_in
from tests.unit.test_git_settings import entry

NET, LAN = address("acme/net/aws"), address("other/lan/aws")
HUB, LAB = GitProviderDefinition.parse_all([entry(git_path="{module}"), entry(name="Lab")])


def _kind_of(event: AuditEvent) -> str | None:
    return event.object_type.value if event.object_type is not None else None


def _world(**options: Any) -> World:
    """A world with the namespaces `acme` (1) and `other` (2), the module provider `acme/net/aws`, and git providers."""
    world = make_world(**({"git_providers": [HUB, LAB]} | options))
    for name in ("acme", "other"):
        world.registry.namespaces.create(ADMIN, name)
    world.registry.module_providers.create(ADMIN, NET)
    return world


def _change(world: World, requested: RequestedModuleProvider = NET, identity: Identity = ADMIN, **changes: Any) -> None:
    world.registry.module_providers.change(identity, requested, ModuleProviderChanges(**changes))


def _found(world: World, requested: RequestedModuleProvider = NET) -> ModuleProvider:
    with world.unit_of_work.read() as tx:
        found = look_up(tx, requested).module_provider
    assert found is not None
    return found


def _redirects(world: World, requested: RequestedModuleProvider = NET) -> list[str]:
    return [str(row.address) for row in world.registry.module_providers.redirects(ADMIN, requested)]


def _new_events(world: World, since: int) -> list[tuple[str, str | None, str | None]]:
    prefix = "MODULE_PROVIDER_"
    return [
        (event.action.value.removeprefix(prefix), event.old_value, event.new_value) for event in world.events()[since:]
    ]


def _rename(world: World, old: str, new: str) -> None:
    world.registry.namespaces.change(ADMIN, old, NamespaceChanges(name=new))


# --- creating (4.1) ---


def test_a_module_provider_is_created_with_its_git_settings_and_an_event_each() -> None:
    world = make_world(git_providers=[HUB], namespaces=NamespacePolicy.of(verified=["acme"]))
    world.registry.namespaces.create(ADMIN, "acme")
    wanted = GitArguments(
        git_provider_id="1",
        repo_base_url_template="https://h.test/a b/{module}",
        git_tag_format="v{version}",
        git_path="",
        archive_git_path=True,
    )
    assert str(world.registry.module_providers.create(ADMIN, NET, wanted)) == "acme/net/aws"
    found = _found(world)
    assert found.verified
    assert found.git.git_provider is not None
    assert found.git.git_provider.definition == HUB
    assert (found.git.templates.base, found.git.tag_format, found.git.git_path, found.git.archive_git_path) == (
        "https://h.test/a%20b/{module}",
        "v{version}",
        "",
        True,
    )
    assert _new_events(world, 1) == [
        ("CREATE", None, None),
        ("UPDATE_GIT_PROVIDER", None, "Hub"),
        ("UPDATE_GIT_CUSTOM_BASE_URL", None, "https://h.test/a%20b/{module}"),
        ("UPDATE_GIT_TAG_FORMAT", "{version}", "v{version}"),
        ("UPDATE_GIT_PATH", None, ""),
        ("UPDATE_ARCHIVE_GIT_PATH", "0", "1"),
    ]
    assert {event.object_id for event in world.events()[1:]} == {"acme/net/aws"}


@pytest.mark.parametrize(("git_path", "stored"), [(None, "{module}"), ("", ""), ("own", "own")])
def test_without_a_git_path_a_new_module_provider_gets_its_git_provider_s(git_path: str | None, stored: str) -> None:
    world = make_world(git_providers=[HUB])
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.module_providers.create(ADMIN, NET, GitArguments(git_provider_id="1", git_path=git_path))
    assert _found(world).git.git_path == stored


@pytest.mark.parametrize(
    ("target", "wanted", "error"),
    [
        ("nope/vpc/aws", {"git_provider_id": "99"}, NamespaceNotFound),
        ("acme/n/AWS", {"git_provider_id": "99"}, InvalidIdentifier),
        ("acme/vpc/gcp", {"git_provider_id": "99"}, ProviderNotAllowed),
        ("acme/NET/aws", {"git_provider_id": "99"}, ModuleProviderExists),
        ("acme/vpc/aws", {"git_provider_id": "99", "repo_base_url_template": "x"}, GitProviderNotFound),
        ("acme/vpc/aws", {"repo_clone_url_template": "git@h:a/b.git", "git_tag_format": "x"}, InvalidUrlTemplate),
        ("acme/vpc/aws", {"git_tag_format": "nope", "git_path": "../x"}, InvalidTagFormat),
        ("acme/vpc/aws", {"git_path": "../x"}, InvalidGitPath),
    ],
)
def test_what_can_not_be_created_leaves_nothing(target: str, wanted: dict[str, Any], error: type[Exception]) -> None:
    world = _world(modules=ModulePolicy(allowed_providers=frozenset({"aws"})))
    before = world.actions()
    with pytest.raises(error):
        world.registry.module_providers.create(ADMIN, address(target), GitArguments(**wanted))
    assert world.actions() == before


# --- changing settings (5.1, 5.2) ---


def test_every_setting_is_changed_with_an_event_in_order() -> None:
    world = _world()
    since = len(world.events())
    _change(
        world,
        git_provider_id="1",
        repo_base_url_template="https://token@h.test/{module}",
        repo_clone_url_template="ssh://git@h.test/{module}",
        repo_browse_url_template="https://h.test/{tag_uri_encoded}/{path}",
        git_tag_format="v{version}",
        git_path="a/../b",
        archive_git_path=True,
        verified=True,
        provider_source="",
        provider_source_inheritance_disabled=True,
        namespace="other",
        module="lan",
        provider="gcp",
    )
    assert _new_events(world, since) == [
        ("UPDATE_GIT_PROVIDER", None, "Hub"),
        ("UPDATE_GIT_CUSTOM_BASE_URL", None, "https://***@h.test/{module}"),
        ("UPDATE_GIT_CUSTOM_CLONE_URL", None, "ssh://git@h.test/{module}"),
        ("UPDATE_GIT_CUSTOM_BROWSE_URL", None, "https://h.test/{tag_uri_encoded}/{path}"),
        ("UPDATE_GIT_TAG_FORMAT", "{version}", "v{version}"),
        ("UPDATE_GIT_PATH", None, "a/../b"),
        ("UPDATE_ARCHIVE_GIT_PATH", "0", "1"),
        ("UPDATE_VERIFIED", "0", "1"),
        ("UPDATE_PROVIDER_SOURCE_INHERITANCE_DISABLED", "0", "1"),
        ("UPDATE_NAMESPACE", "acme", "other"),
        ("UPDATE_MODULE_NAME", "net", "lan"),
        ("UPDATE_PROVIDER_NAME", "aws", "gcp"),
    ]
    assert {event.object_id for event in world.events()[since:]} == {"acme/net/aws"}
    changed = _found(world)
    assert str(changed.address) == "other/lan/gcp"
    assert changed.git.templates.base == "https://token@h.test/{module}"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("https://user:secret@h.test/{module}", "https://***@h.test/{module}"),
        ("HTTPS://secret@h.test/{module}", "HTTPS://***@h.test/{module}"),
        ("https://user:s@cret@h.test/{module}", "https://***@h.test/{module}"),
        ("ssh://user:secret@h.test:22/{module}", "ssh://user:***@h.test:22/{module}"),
        ("ssh://me@corp:secret@h.test/{module}", "ssh://me@corp:***@h.test/{module}"),
        ("ssh://git@h.test:22/a:b@c", "ssh://git@h.test:22/a:b@c"),
        ("https://h.test/a@b/{module}", "https://h.test/a@b/{module}"),
    ],
)
def test_events_hold_no_credentials_of_urls_whatever_was_stored(stored: str, shown: str) -> None:
    world = _world()
    before = _found(world)
    with world.unit_of_work.write() as tx:
        templates = attrs.evolve(before.git.templates, clone=stored)
        tx.module_providers.update(attrs.evolve(before, git=attrs.evolve(before.git, templates=templates)))
    since = len(world.events())
    _change(world, repo_clone_url_template="")
    assert _new_events(world, since) == [("UPDATE_GIT_CUSTOM_CLONE_URL", shown, None)]


def test_settings_are_removed_with_an_event_each() -> None:
    world = _world()
    _change(world, git_provider_id="1", repo_base_url_template="https://h.test/x", git_tag_format="v{version}")
    since = len(world.events())
    _change(world, git_provider_id="", repo_base_url_template="", git_tag_format="")
    assert _new_events(world, since) == [
        ("UPDATE_GIT_PROVIDER", "Hub", None),
        ("UPDATE_GIT_CUSTOM_BASE_URL", "https://h.test/x", None),
        ("UPDATE_GIT_TAG_FORMAT", "v{version}", None),
    ]
    assert _found(world).git.git_provider is None


def test_what_is_set_to_what_it_is_makes_no_event() -> None:
    world = _world()
    _change(world, verified=True)
    _change(world, verified=True)
    _change(world)
    _change(world, git_tag_format="{version}", git_provider_id="", namespace="ACME", module="net", provider="aws")
    assert world.actions()[3:] == ["MODULE_PROVIDER_UPDATE_VERIFIED acme/net/aws"]
    assert _redirects(world) == []


@pytest.mark.parametrize("git_provider_id", ["99", "abc", "-1", "1.5", " 1", "9" * 30, "٣"])
def test_only_ids_of_git_providers_are_taken(git_provider_id: str) -> None:
    with pytest.raises(GitProviderNotFound):
        _change(_world(), git_provider_id=git_provider_id)


def test_a_git_provider_that_is_no_longer_configured_works_on_but_is_not_chosen_anew() -> None:
    world = _world()
    _change(world, git_provider_id="1")
    world.registry.module_providers.create(ADMIN, address("acme/new/aws"))
    configure_git_providers(world.unit_of_work, [LAB])
    assert [row.name for row in world.registry.git_providers.listed(ANONYMOUS)] == ["Lab"]
    _change(world, git_provider_id="1", verified=True)
    kept = _found(world).git.git_provider
    assert kept is not None
    assert kept.definition == HUB
    with pytest.raises(GitProviderNotFound):
        _change(world, address("acme/new/aws"), git_provider_id="1")


@pytest.mark.parametrize("template", ["https://127.0.0.1/x", "ssh://git@localhost/x", "https://internal.test/{module}"])
def test_users_can_not_have_the_registry_fetch_from_its_own_network(template: str) -> None:
    world = _world()
    with pytest.raises(InvalidUrlTemplate, match=r"^Repository clone URL: "):
        _change(world, repo_clone_url_template=template)
    with pytest.raises(InvalidUrlTemplate):
        world.registry.module_providers.create(
            ADMIN, address("acme/new/aws"), GitArguments(repo_clone_url_template=template)
        )
    # Nothing is fetched from the other two.
    _change(world, repo_base_url_template="https://127.0.0.1/x")


def test_hosts_that_the_operator_lists_are_the_only_ones() -> None:
    world = _world(git=GitPolicy(allowed_hosts=["internal.test"]))
    _change(world, repo_clone_url_template="https://internal.test/{module}")
    with pytest.raises(InvalidUrlTemplate):
        _change(world, repo_clone_url_template="https://hub.test/{module}")


def test_settings_of_a_forbidden_provider_keep_working_and_only_moving_it_is_forbidden() -> None:
    world = _world()
    strict = attrs.evolve(world.registry.module_providers, policy=ModulePolicy(allowed_providers=frozenset({"gcp"})))
    strict.change(ADMIN, NET, ModuleProviderChanges(verified=True, provider="aws"))
    assert _found(world).verified
    with pytest.raises(ProviderNotAllowed):
        strict.change(ADMIN, NET, ModuleProviderChanges(module="lan"))
    strict.change(ADMIN, NET, ModuleProviderChanges(provider="gcp"))
    assert str(_found(world).address) == "acme/net/gcp"


# --- moving (5.3) ---


def test_a_moved_module_provider_keeps_everything_and_is_found_under_its_former_address() -> None:
    world = _world()
    world.registry.publishing.upload(ADMIN, NET, "1.0.0", memory_archive({"main.tf": ""}))
    download(world, "tok__acme/net/aws")
    before = _found(world)
    _change(world, namespace="OTHER", module="lan")
    assert _found(world, NET) == _found(world, LAN)
    assert attrs.evolve(_found(world), namespace=before.namespace, module=before.module) == before
    assert _redirects(world, LAN) == ["acme/net/aws"]
    assert download(world, "tok__acme/net/aws") == "/v1/terrareg/modules/other/lan/aws/1.0.0/source.zip"
    for requested in (NET, LAN):
        world.registry.downloads.open_archive(ANONYMOUS, requested, "1.0.0", None).content.close()
    world.registry.publishing.upload(ADMIN, NET, "2.0.0", memory_archive({"main.tf": ""}))
    assert list(map(str, world.registry.catalogue.versions(ADMIN, LAN).versions)) == ["2.0.0", "1.0.0"]
    assert world.actions()[-1] == "MODULE_VERSION_PUBLISH other/lan/aws/2.0.0"


def test_moving_back_takes_the_former_address_from_its_redirect() -> None:
    world = _world()
    _change(world, namespace="other", module="lan")
    since = len(world.events())
    _change(world, namespace="acme", module="net")
    assert str(_found(world, LAN).address) == "acme/net/aws"
    assert _redirects(world) == ["other/lan/aws"]
    assert _new_events(world, since) == [
        ("UPDATE_NAMESPACE", "other", "acme"),
        ("UPDATE_MODULE_NAME", "lan", "net"),
        ("REDIRECT_DELETE", "other/lan/aws", None),
    ]


def test_parts_that_are_missing_are_those_of_the_module_provider_and_not_of_the_former_address() -> None:
    world = _world()
    _change(world, namespace="other", module="lan")
    _change(world, NET, provider="gcp")
    assert str(_found(world).address) == "other/lan/gcp"
    assert _redirects(world) == ["acme/net/aws", "other/lan/aws"]


def test_another_casing_of_the_module_is_a_rename_without_a_redirect() -> None:
    world = _world()
    _change(world, module="NET")
    assert str(_found(world).address) == "acme/NET/aws"
    assert _redirects(world) == []
    assert world.actions()[-1] == "MODULE_PROVIDER_UPDATE_MODULE_NAME acme/net/aws"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"namespace": "nope"}, TargetNamespaceNotFound),
        ({"namespace": ""}, TargetNamespaceNotFound),
        ({"namespace": "former"}, TargetNamespaceNotFound),
        ({"namespace": "nope", "module": "n"}, TargetNamespaceNotFound),
        ({"module": "n"}, InvalidIdentifier),
        ({"module": ""}, InvalidIdentifier),
        ({"provider": "AWS"}, InvalidIdentifier),
        ({"module": "TAKEN"}, NameTaken),
        ({"module": "left"}, NameTaken),
        ({"provider_source": "nope", "module": "taken"}, ProviderSourceNotFound),
        ({"git_provider_id": "1", "repo_clone_url_template": "ftp://x/y"}, InvalidUrlTemplate),
        ({"git_path": "{nope}", "provider_source": "nope"}, InvalidGitPath),
        ({"git_tag_format": "{{version}}", "git_path": "{nope}"}, InvalidTagFormat),
        ({"repo_base_url_template": "x", "repo_clone_url_template": "y"}, InvalidUrlTemplate),
    ],
)
def test_a_change_is_made_whole_or_not_at_all(changes: dict[str, str], error: type[Exception]) -> None:
    world = _world()
    registry = world.registry
    registry.namespaces.create(ADMIN, "former")
    _rename(world, "former", "renamed")
    for name in ("taken", "left"):
        registry.module_providers.create(ADMIN, address(f"acme/{name}/aws"))
    _change(world, address("acme/left/aws"), module="gone")
    before, actions = _found(world), world.actions()
    wanted: dict[str, Any] = {"verified": True, "git_path": "fine", **changes}
    with pytest.raises(error):
        _change(world, **wanted)
    assert (_found(world), world.actions()) == (before, actions)


def test_a_redirect_keeps_a_name_from_being_created() -> None:
    world = _world()
    _change(world, module="lan")
    with pytest.raises(ModuleProviderExists):
        world.registry.module_providers.create(ADMIN, NET)


def test_renaming_a_namespace_keeps_module_provider_redirects_working() -> None:
    world = _world()
    _change(world, namespace="other", module="lan")
    _rename(world, "acme", "acmeco")
    _rename(world, "other", "else")
    for text in ("acme/net/aws", "acmeco/net/aws", "other/lan/aws", "else/lan/aws"):
        assert str(_found(world, address(text)).address) == "else/lan/aws"
    assert _redirects(world) == ["acmeco/net/aws"]


# --- permissions (1.3) ---

ANN = signed_in("ann", "team")


def _with_rights(**rights: NamespacePermission) -> World:
    """A world in which Ann has these rights on `acme` and `other`, and nobody may publish without one."""
    world = _world(access=AccessPolicy(access_controls=True))
    world.given_group("team", rights={name: right.value for name, right in rights.items()})
    return world


def test_rights_on_the_former_namespace_are_no_rights_on_what_was_moved_out_of_it() -> None:
    world = _with_rights(acme=NamespacePermission.FULL)
    registry = world.registry
    registry.publishing.upload(ADMIN, NET, "1.0.0", memory_archive({"main.tf": ""}))
    _change(world, namespace="other", module="lan")
    before = world.actions()
    archive = memory_archive({"main.tf": ""})
    for requested in (NET, LAN):
        for attempt in (
            lambda it: _change(world, it, ANN, verified=True),
            lambda it: registry.publishing.upload(ANN, it, "2.0.0", archive),
            lambda it: registry.publishing.publish(ANN, it, "1.0.0"),
            lambda it: registry.publishing.delete(ANN, it, "1.0.0"),
            lambda it: registry.module_providers.delete(ANN, it),
            lambda it: registry.module_providers.delete_redirect(ANN, it, "1"),
        ):
            with pytest.raises(PermissionDenied) as refusal:
                attempt(requested)
            with pytest.raises(PermissionDenied) as unknown:
                attempt(address("unknown/net/aws"))
            assert refusal.value.message == unknown.value.message
    assert world.actions() == before


def test_whoever_has_the_right_on_the_new_namespace_may_use_the_former_address() -> None:
    world = _with_rights(other=NamespacePermission.MODIFY)
    _change(world, namespace="other", module="lan")
    _change(world, NET, ANN, verified=True)
    assert _found(world).verified
    with pytest.raises(PermissionDenied):
        world.registry.module_providers.delete(ANN, NET)


@pytest.mark.parametrize(
    ("rights", "moved"),
    [
        ({"acme": NamespacePermission.MODIFY}, False),
        ({"acme": NamespacePermission.MODIFY, "other": NamespacePermission.MODIFY}, False),
        ({"acme": NamespacePermission.MODIFY, "other": NamespacePermission.FULL}, True),
    ],
)
def test_a_move_needs_the_full_right_on_the_new_namespace(rights: dict[str, NamespacePermission], moved: bool) -> None:
    world = _with_rights(**rights)
    if moved:
        _change(world, NET, ANN, namespace="other")
        return
    with pytest.raises(TargetNamespaceNotFound) as refusal:
        _change(world, NET, ANN, namespace="other")
    with pytest.raises(TargetNamespaceNotFound) as unknown:
        _change(world, NET, ANN, namespace="unknown")
    assert refusal.value.message == unknown.value.message
    # In its own namespace the smaller right is enough, also when the namespace is written out.
    _change(world, NET, ANN, namespace="acme", module="lan")
    assert str(_found(world).address) == "acme/lan/aws"


def test_nothing_is_changed_and_on_a_closed_registry_nothing_is_told_without_a_credential() -> None:
    world = _world(access=AccessPolicy(anonymous_access=False))
    providers = world.registry.module_providers
    for attempt in (
        lambda: _change(world, NET, ANONYMOUS, verified=True),
        lambda: providers.delete_redirect(ANONYMOUS, NET, "1"),
        lambda: providers.redirects(ANONYMOUS, NET),
        lambda: providers.integrations(ANONYMOUS, NET),
        lambda: world.registry.git_providers.listed(ANONYMOUS),
        lambda: world.registry.initial_setup.progress(ANONYMOUS),
    ):
        with pytest.raises(AuthenticationRequired):
            attempt()


# --- redirects (6) ---


def _moved(**options: Any) -> World:
    world = _world(**options)
    world.registry.publishing.upload(ADMIN, NET, "1.0.0", memory_archive({"main.tf": ""}))
    _change(world, namespace="other", module="lan")
    return world


def _delete(world: World, redirect_id: str = "1", *, force: bool = False) -> None:
    world.registry.module_providers.delete_redirect(ADMIN, LAN, redirect_id, force=force)


def test_an_unused_redirect_is_deleted_with_an_event() -> None:
    world = _moved()
    _delete(world)
    assert _redirects(world, LAN) == []
    event = world.events()[-1]
    assert (event.action.value, _kind_of(event), event.object_id, event.old_value, event.new_value) == (
        "MODULE_PROVIDER_REDIRECT_DELETE",
        "ModuleProviderRedirect",
        "acme/net/aws",
        "other/lan/aws",
        None,
    )
    with pytest.raises(ModuleProviderNotFound):
        _change(world, NET)


@pytest.mark.parametrize("redirect_id", ["99", "abc", "", "-1", "1 ", "9" * 50, "2"])
def test_only_redirects_of_the_module_provider_are_deleted(redirect_id: str) -> None:
    world = _moved()
    world.registry.module_providers.create(ADMIN, address("acme/vpc/aws"))
    _change(world, address("acme/vpc/aws"), module="lan")
    assert [row.id for row in world.registry.module_providers.redirects(ADMIN, address("acme/lan/aws"))] == [2]
    with pytest.raises(RedirectNotFound):
        _delete(world, redirect_id)
    assert _redirects(world, LAN) == ["acme/net/aws"]


@pytest.mark.parametrize(
    ("downloads", "in_use"),
    [
        (["tok__acme/net/aws"], True),
        (["tok__ACME/NET/aws"], True),
        (["acme/net/aws"], True),
        (["tok__acme/net/aws", "tok__other/lan/aws"], False),
        (["tok__acme/net/aws", "more__other/lan/aws"], True),
        (["acme/net/aws", "other/lan/aws"], False),
        (["tok__other/lan/aws"], False),
        ([], False),
    ],
)
def test_a_redirect_is_in_use_while_some_consumer_downloaded_last_under_it(downloads: list[str], in_use: bool) -> None:
    world = _moved(analytics=AnalyticsPolicy(unidentified_downloads=True))
    for target in downloads:
        download(world, target)
    if not in_use:
        _delete(world)
        return
    with pytest.raises(RedirectInUse, match="force"):
        _delete(world)
    assert _redirects(world, LAN) == ["acme/net/aws"]


def test_a_former_name_of_the_namespace_counts_as_use_as_well() -> None:
    world = _moved()
    download(world, "tok__acme/net/aws")
    _rename(world, "acme", "acmeco")
    with pytest.raises(RedirectInUse):
        _delete(world)


def test_force_is_for_registries_that_allow_it() -> None:
    world = _moved()
    with pytest.raises(ForcedDeletionDisabled) as refusal:
        _delete(world, force=True)
    assert "force" not in refusal.value.message
    forceful = _moved(redirects=RedirectPolicy(forceful_deletion=True))
    download(forceful, "tok__acme/net/aws")
    with pytest.raises(RedirectInUse):
        _delete(forceful)
    _delete(forceful, force=True)
    assert _redirects(forceful, LAN) == []


@pytest.mark.parametrize(("days", "in_use"), [(14, True), (10, True), (9, False), (0, False), (None, True)])
def test_old_downloads_stop_counting(days: int | None, in_use: bool) -> None:
    lookback = None if days is None else timedelta(days=days)
    world = _moved(redirects=RedirectPolicy(lookback=lookback))
    download(world, "tok__acme/net/aws")
    world.clock.advance(timedelta(days=9, hours=23))
    if in_use:
        with pytest.raises(RedirectInUse):
            _delete(world)
    else:
        _delete(world)


def test_a_download_of_this_very_moment_does_not_count_where_none_do() -> None:
    world = _moved(redirects=RedirectPolicy(lookback=timedelta(0)))
    download(world, "tok__acme/net/aws")
    _delete(world)


# --- integrations and the first steps (7) ---


def test_integrations_are_those_of_the_current_address_and_uploads_only_where_they_are_allowed() -> None:
    world = _world()
    _change(world, module="lan")
    integrations = world.registry.module_providers.integrations(ANONYMOUS, NET)
    assert (str(integrations.address), list(integrations.offered)) == ("acme/lan/aws", list(Integration))
    without = attrs.evolve(world.registry.module_providers, policy=ModulePolicy(hosting=HostingMode.DISALLOW))
    assert list(without.integrations(ANONYMOUS, NET).offered) == list(Integration)[1:]


def test_the_first_steps_are_told_one_by_one() -> None:
    world = make_world(modules=ModulePolicy(auto_publish=False))
    steps: list[tuple[bool, str | None, bool, bool, bool]] = []

    def note() -> None:
        it = world.registry.initial_setup.progress(ANONYMOUS)
        shown = str(it.module_provider) if it.module_provider is not None else None
        steps.append((it.namespace_created, shown, it.version_indexed, it.version_published, it.configured_with_git))

    note()
    world.registry.namespaces.create(ADMIN, "aa")
    note()
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.module_providers.create(ADMIN, NET)
    note()
    _change(world, repo_clone_url_template="https://hub.test/x")
    note()
    world.registry.publishing.upload(ADMIN, NET, "1.0.0-beta", memory_archive({"main.tf": ""}))
    note()
    world.registry.publishing.publish(ADMIN, NET, "1.0.0-beta")
    note()
    assert steps == [
        (False, None, False, False, False),
        (True, None, False, False, False),
        (True, "acme/net/aws", False, False, False),
        (True, "acme/net/aws", False, False, True),
        (True, "acme/net/aws", True, False, True),
        (True, "acme/net/aws", True, True, True),
    ]


# --- atomic settings (18, item 9) ---

_TEXTS = {
    "git_provider_id": ["", "1", "2", "99"],
    "repo_base_url_template": ["", "https://h.test/{module}", "https://h.test", "{x}"],
    "repo_clone_url_template": ["", "ssh://git@h.test/{module}", "ftp://x/y"],
    "repo_browse_url_template": ["", "https://h.test/{tag}/{path}", "https://h.test/{tag}"],
    "git_tag_format": ["", "{version}", "v{version}", "nope"],
    "git_path": ["", "sub", "../x"],
    "provider_source": ["", "nope"],
    "namespace": ["acme", "other", "nope", ""],
    "module": ["net", "NET", "lan", "n"],
    "provider": ["aws", "gcp", "AWS"],
}
_FLAGS = ("archive_git_path", "verified", "provider_source_inheritance_disabled")
_WANTED = st.fixed_dictionaries(
    {},
    optional={name: st.none() | st.sampled_from(texts) for name, texts in _TEXTS.items()}
    | dict.fromkeys(_FLAGS, st.none() | st.booleans()),
)


@given(st.lists(_WANTED, min_size=1, max_size=6))
def test_settings_are_applied_whole_with_an_event_for_each_that_changed(wanted: list[dict[str, Any]]) -> None:
    world = _world()
    for changes in wanted:
        before, events = _found(world), len(world.events())
        try:
            _change(world, **changes)
        except RegistryError:
            assert (_found(world), len(world.events())) == (before, events)
            continue
        after = _found(world)
        assert after.id == before.id
        told = [event for event in world.events()[events:] if "REDIRECT" not in event.action.value]
        assert len(told) == len(list(setting_changes(before, after)))
        assert bool(told) == (after != before)
        again = len(world.events())
        _change(world, **changes)
        assert (_found(world), len(world.events())) == (after, again)
