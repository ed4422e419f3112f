"""The use cases of namespaces over the in-memory twins (chapter 02, 3)."""

import pytest

from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.identities import Identity
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.audit.events import AuditEvent
from terrareg_core.errors import (
    AuthenticationRequired,
    InvalidIdentifier,
    NamespaceNotFound,
    NameTaken,
    NotEmpty,
    PermissionDenied,
    ProviderSourceNotFound,
    RedirectInUse,
)
from terrareg_core.identifiers import NamespaceName
from terrareg_core.modules.module_providers import ModuleProviderChanges
from terrareg_core.namespaces.model import NamespaceKind, NamespacePolicy, ResourceType
from terrareg_core.namespaces.use_cases import NamedNamespace, NamespaceChanges
from terrareg_core.paging import PageRequest
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, download, make_world, signed_in


def _kind_of(event: AuditEvent) -> str | None:
    return event.object_type.value if event.object_type is not None else None


def _redirect(world: World, former: str, current: str) -> None:
    with world.unit_of_work.write() as tx:
        namespace = tx.namespaces.find(current)
        assert namespace is not None
        tx.namespaces.add_redirect(NamespaceName.parse(former), namespace.id)


def test_a_namespace_is_created_with_an_event() -> None:
    world = make_world()
    created = world.registry.namespaces.create(ADMIN, "acme", "Acme Inc")
    assert (str(created.namespace.name), str(created.namespace.display_name)) == ("acme", "Acme Inc")
    assert not created.replaced_redirect
    event = world.events()[0]
    assert (event.action.value, _kind_of(event), event.object_id, event.username) == (
        "NAMESPACE_CREATE",
        "Namespace",
        "acme",
        "Built-in admin",
    )


def test_an_empty_display_name_means_none() -> None:
    assert make_world().registry.namespaces.create(ADMIN, "acme", "").namespace.display_name is None


@pytest.mark.parametrize(
    ("name", "display_name", "error"),
    [
        ("acme", None, NameTaken),
        ("ACME", None, NameTaken),
        ("a", None, InvalidIdentifier),
        ("a__b", None, InvalidIdentifier),
        ("b2", "-x", InvalidIdentifier),
        ("b2", "ACME INC", NameTaken),
    ],
)
def test_a_wrong_or_taken_name_is_refused_without_an_event(
    name: str, display_name: str | None, error: type[Exception]
) -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme", "Acme Inc")
    with pytest.raises(error):
        world.registry.namespaces.create(ADMIN, name, display_name)
    assert world.actions() == ["NAMESPACE_CREATE acme"]


def test_an_underscore_in_a_name_is_no_wildcard() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.namespaces.create(ADMIN, "ac_e")
    assert world.registry.namespaces.show(ADMIN, "ac_e").namespace.name.value == "ac_e"


def test_a_name_that_only_a_redirect_holds_may_be_taken_and_the_redirect_goes() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "renamed")
    _redirect(world, "former", "renamed")
    assert world.registry.namespaces.show(ADMIN, "FORMER").namespace.name.value == "renamed"
    created = world.registry.namespaces.create(ADMIN, "former")
    assert created.replaced_redirect
    assert world.registry.namespaces.show(ADMIN, "former").namespace.name.value == "former"
    dropped = world.events()[-2]
    assert (dropped.action.value, dropped.object_id, dropped.old_value) == (
        "NAMESPACE_REDIRECT_DELETE",
        "former",
        "renamed",
    )


def test_only_a_site_admin_creates_and_deletes() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme")
    with pytest.raises(AuthenticationRequired):
        world.registry.namespaces.create(ANONYMOUS, "other")
    with pytest.raises(AuthenticationRequired):
        world.registry.namespaces.delete(ANONYMOUS, "acme")
    with pytest.raises(AuthenticationRequired):
        world.registry.namespaces.delete(ANONYMOUS, "unknown")


def test_a_closed_registry_shows_nothing_to_strangers() -> None:
    world = make_world(access=AccessPolicy(anonymous_access=False))
    with pytest.raises(AuthenticationRequired):
        world.registry.namespaces.page(ANONYMOUS, None)
    with pytest.raises(AuthenticationRequired):
        world.registry.namespaces.show(ANONYMOUS, "acme")


def test_details_tell_whether_a_namespace_is_trusted_and_verified_by_its_exact_name() -> None:
    world = make_world(namespaces=NamespacePolicy.of(trusted=["acme"], verified=["Acme"]))
    world.registry.namespaces.create(ADMIN, "acme")
    details = world.registry.namespaces.show(ANONYMOUS, "ACME")
    assert (details.trusted, details.is_auto_verified) == (True, False)


def test_an_unknown_namespace_is_not_found() -> None:
    world = make_world()
    for attempt in (world.registry.namespaces.show, world.registry.namespaces.delete):
        with pytest.raises(NamespaceNotFound):
            attempt(ADMIN, "unknown")


def test_a_namespace_is_deleted_once_it_is_empty() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.module_providers.create(ADMIN, address("acme/net/aws"))
    with pytest.raises(NotEmpty):
        world.registry.namespaces.delete(ADMIN, "acme")
    world.registry.module_providers.delete(ADMIN, address("acme/net/aws"))
    world.registry.namespaces.delete(ADMIN, "acme")
    with pytest.raises(NamespaceNotFound):
        world.registry.namespaces.show(ADMIN, "acme")
    assert world.actions()[-1] == "NAMESPACE_DELETE acme"


def test_pages_are_ordered_ignoring_case() -> None:
    world = make_world()
    for name in ("Zed", "acme", "beta"):
        world.registry.namespaces.create(ADMIN, name)
    everything = world.registry.namespaces.page(ANONYMOUS, None)
    assert [str(namespace.name) for namespace in everything.rows] == ["acme", "beta", "Zed"]
    page = world.registry.namespaces.page(ANONYMOUS, PageRequest(1, 1))
    assert ([str(namespace.name) for namespace in page.rows], page.total) == (["beta"], 3)


def test_only_namespaces_that_hold_something_published_are_listed_on_demand() -> None:
    world = make_world()
    for name in ("empty", "acme"):
        world.registry.namespaces.create(ADMIN, name)
    world.registry.publishing.upload(ADMIN, address("acme/vpc/aws"), "1.0.0", memory_archive({"main.tf": ""}))
    page = world.registry.namespaces.page
    assert [str(namespace.name) for namespace in page(ANONYMOUS, None, only_published=True).rows] == ["acme"]
    assert page(ANONYMOUS, None, only_published=True, of=ResourceType.PROVIDER).rows == ()
    assert page(ANONYMOUS, None, of=ResourceType.PROVIDER).total == 2


# --- changing (3.4) ---


def _change(world: World, addressed: str, identity: Identity = ADMIN, /, **changes: str | None) -> NamedNamespace:
    return world.registry.namespaces.change(identity, addressed, NamespaceChanges(**changes))


def test_a_renamed_namespace_is_found_under_both_names_and_its_modules_with_it() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme", "Acme")
    world.registry.publishing.upload(ADMIN, address("acme/vpc/aws"), "1.0.0", memory_archive({"main.tf": ""}))
    changed = _change(world, "acme", name="acmeco")
    assert (str(changed.namespace.name), str(changed.namespace.display_name), changed.replaced_redirect) == (
        "acmeco",
        "Acme",
        False,
    )
    for name in ("acme", "acmeco", "ACME"):
        assert str(world.registry.namespaces.show(ANONYMOUS, name).namespace.name) == "acmeco"
        opened = world.registry.downloads.open_archive(ANONYMOUS, address(f"{name}/vpc/aws"), "1.0.0", None)
        opened.content.close()
    event = world.events()[-1]
    assert (event.action.value, _kind_of(event), event.object_id, event.old_value, event.new_value) == (
        "NAMESPACE_MODIFY_NAME",
        "Namespace",
        "acme",
        "acme",
        "acmeco",
    )


def test_redirects_of_a_namespace_are_no_chain_and_a_former_name_can_be_taken_back() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "first")
    for old, new in (("first", "second"), ("first", "third"), ("second", "first")):
        assert not _change(world, old, name=new).replaced_redirect
    with world.unit_of_work.read() as tx:
        namespace = tx.namespaces.find("first")
        assert namespace is not None
        assert [name.value for name in tx.namespaces.former_names(namespace.id)] == ["second", "third"]
    assert [action.partition(" ")[0] for action in world.actions()] == ["NAMESPACE_CREATE"] + [
        "NAMESPACE_MODIFY_NAME"
    ] * 3


def test_another_casing_is_another_name_that_needs_no_redirect() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme")
    assert str(_change(world, "acme", name="Acme").namespace.name) == "Acme"
    assert world.actions()[-1] == "NAMESPACE_MODIFY_NAME acme"
    with world.unit_of_work.read() as tx:
        assert tx.namespaces.find_redirected("acme") is None
    _change(world, "ACME", name="other")
    assert str(world.registry.namespaces.show(ADMIN, "acme").namespace.name) == "other"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "acme"},
        {"display_name": "Acme Inc"},
        {"default_provider_source": ""},
        {"name": "acme", "display_name": None},
    ],
)
def test_what_stays_as_it_is_makes_no_event(changes: dict[str, str | None]) -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme", "Acme Inc")
    assert str(_change(world, "acme", **changes).namespace.display_name) == "Acme Inc"
    assert world.actions() == ["NAMESPACE_CREATE acme"]


def test_a_display_name_is_changed_recased_and_removed() -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme")
    _change(world, "acme", display_name="Acme Inc")
    _change(world, "acme", display_name="ACME inc")
    assert _change(world, "acme", name="other", display_name="").namespace.display_name is None
    assert [(event.object_id, event.old_value, event.new_value) for event in world.events()[1:]] == [
        ("acme", None, "Acme Inc"),
        ("acme", "Acme Inc", "ACME inc"),
        ("acme", "acme", "other"),
        ("other", "ACME inc", None),
    ]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": "x y"}, InvalidIdentifier),
        ({"name": ""}, InvalidIdentifier),
        ({"name": "BETA"}, NameTaken),
        ({"name": "fresh", "display_name": "!!"}, InvalidIdentifier),
        ({"name": "fresh", "display_name": "the beta"}, NameTaken),
        ({"name": "fresh", "default_provider_source": "nope"}, ProviderSourceNotFound),
    ],
)
def test_a_change_is_made_whole_or_not_at_all(changes: dict[str, str | None], error: type[Exception]) -> None:
    world = make_world()
    world.registry.namespaces.create(ADMIN, "acme", "Acme")
    world.registry.namespaces.create(ADMIN, "beta", "The Beta")
    before = world.actions()
    with pytest.raises(error):
        _change(world, "acme", **changes)
    assert world.actions() == before
    assert world.registry.namespaces.show(ADMIN, "acme").namespace.name.value == "acme"
    with pytest.raises(NamespaceNotFound):
        world.registry.namespaces.show(ADMIN, "fresh")


def _generated(login: str) -> tuple[World, Identity]:
    """A world with the namespace that was made for a GitHub account, and the account's owner."""
    world = make_world(access=AccessPolicy(access_controls=True))
    with world.unit_of_work.write() as tx:
        tx.namespaces.add(NamespaceName(login), kind=NamespaceKind.GITHUB_USER, source="hub")
    return world, _github_user(login)


def _github_user(login: str) -> Identity:
    person = Person(method=SignInMethod.GITHUB, name=login, subject=login, source="hub", logins=frozenset({login}))
    return Identity.signed_in(person)


def test_a_namespace_in_another_casing_stays_that_of_its_github_account() -> None:
    world, owner = _generated("acme")
    changed = _change(world, "acme", owner, name="ACME").namespace
    assert (changed.kind, changed.source) == (NamespaceKind.GITHUB_USER, "hub")
    assert _change(world, "acme", owner, display_name="Mine").namespace.name.value == "ACME"
    assert "NAMESPACE_MODIFY_TYPE ACME" not in world.actions()


def test_a_renamed_namespace_belongs_to_no_github_account_not_even_one_of_its_new_name() -> None:
    world, owner = _generated("acme")
    changed = _change(world, "acme", owner, name="widgets").namespace
    assert (changed.kind, changed.source) == (NamespaceKind.NONE, None)
    assert world.registry.namespaces.show(ADMIN, "widgets").namespace == changed
    event = world.events()[-1]
    assert (event.action.value, event.object_id) == ("NAMESPACE_MODIFY_TYPE", "widgets")
    assert (event.old_value, event.new_value) == ("GITHUB_USER", "NONE")
    for name in ("acme", "widgets"):
        for somebody in (owner, _github_user("widgets")):
            with pytest.raises(PermissionDenied):
                _change(world, name, somebody, display_name="Mine")


MAINTAINER = signed_in("ann", "team")


def test_a_name_that_leads_to_another_namespace_is_taken_by_site_admins_only() -> None:
    world = make_world(access=AccessPolicy(access_controls=True))
    for name in ("acme", "former"):
        world.registry.namespaces.create(ADMIN, name)
    world.given_group("team", rights={"acme": "FULL", "former": "FULL"})
    _change(world, "former", MAINTAINER, name="renamed")
    before = world.actions()
    with pytest.raises(NameTaken):
        _change(world, "acme", MAINTAINER, name="FORMER")
    assert world.actions() == before
    assert _change(world, "acme", ADMIN, name="FORMER").replaced_redirect
    dropped = world.events()[-2]
    assert (dropped.action.value, dropped.object_id, dropped.old_value) == (
        "NAMESPACE_REDIRECT_DELETE",
        "former",
        "renamed",
    )
    assert world.registry.namespaces.show(ADMIN, "former").namespace.name.value == "FORMER"
    # Its own former name is a maintainer's to take back.
    assert not _change(world, "renamed", MAINTAINER, name="second").replaced_redirect
    assert not _change(world, "second", MAINTAINER, name="renamed").replaced_redirect


def test_only_those_with_the_full_right_change_a_namespace() -> None:
    world = make_world(access=AccessPolicy(access_controls=True))
    world.registry.namespaces.create(ADMIN, "acme")
    world.given_group("team", rights={"acme": "MODIFY"})
    for name in ("acme", "unknown"):
        with pytest.raises(PermissionDenied):
            _change(world, name, MAINTAINER, display_name="Mine")
        with pytest.raises(AuthenticationRequired):
            _change(world, name, ANONYMOUS, display_name="Mine")
    with pytest.raises(NamespaceNotFound):
        _change(world, "unknown", ADMIN, display_name="Mine")


# --- deleting with redirects (3.5) ---


def _moved_out(world: World) -> None:
    for name in ("acme", "other"):
        world.registry.namespaces.create(ADMIN, name)
    world.registry.publishing.upload(ADMIN, address("acme/net/aws"), "1.0.0", memory_archive({"main.tf": ""}))
    world.registry.module_providers.change(
        ADMIN, address("acme/net/aws"), ModuleProviderChanges(namespace="other", module="lan")
    )


def test_redirects_that_start_in_a_deleted_namespace_go_with_an_event_each() -> None:
    world = make_world()
    _moved_out(world)
    world.registry.namespaces.delete(ADMIN, "acme")
    redirect, namespace = world.events()[-2:]
    assert (redirect.action.value, _kind_of(redirect), redirect.object_id, redirect.old_value) == (
        "MODULE_PROVIDER_REDIRECT_DELETE",
        "ModuleProviderRedirect",
        "acme/net/aws",
        "other/lan/aws",
    )
    assert (namespace.action.value, namespace.object_id) == ("NAMESPACE_DELETE", "acme")
    assert list(world.registry.module_providers.redirects(ADMIN, address("other/lan/aws"))) == []


def test_a_namespace_is_not_deleted_while_modules_are_downloaded_under_its_name() -> None:
    world = make_world()
    _moved_out(world)
    download(world, "tok__acme/net/aws")
    with pytest.raises(RedirectInUse, match="acme/net/aws"):
        world.registry.namespaces.delete(ADMIN, "acme")
    download(world, "tok__other/lan/aws")
    world.registry.namespaces.delete(ADMIN, "acme")
