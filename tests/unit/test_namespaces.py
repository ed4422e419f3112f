"""The use cases of namespaces over the in-memory twins (chapter 02, 3)."""

import pytest

from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import (
    AuthenticationRequired,
    InvalidIdentifier,
    NamespaceNotFound,
    NameTaken,
    NotEmpty,
)
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespacePolicy, ResourceType
from terrareg_core.paging import PageRequest
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, make_world


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
    assert (event.action.value, event.object_type.value, event.object_id, event.username) == (
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
