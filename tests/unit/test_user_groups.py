"""User groups and their permissions (chapter 04, 11)."""

import re
import string
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.access.grants import NamespacePermission
from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.user_groups import UserGroups
from terrareg_core.errors import (
    AccessDenied,
    InvalidIdentifier,
    InvalidPermission,
    InvalidRequest,
    NamespaceNotFound,
    NameTaken,
    PermissionExists,
    PermissionNotFound,
    RegistryError,
    UserGroupNotFound,
)
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.use_cases import NamespaceChanges
from tests.unit.registries import ADMIN, ANONYMOUS, WatchedUnitOfWork, World, make_world, signed_in


def _world(*namespaces: str) -> World:
    """A world with access controls, namespaces and no history."""
    world = make_world(access=AccessPolicy(access_controls=True))
    with world.unit_of_work.write() as tx:
        for name in namespaces:
            tx.namespaces.add(NamespaceName(name))
    return world


def _groups(world: World) -> dict[str, dict[str, str]]:
    """The groups in order, with their permissions."""
    listed = world.registry.user_groups.listed(ADMIN)
    return {row.group.name: {str(name): it.value for name, it in row.permissions} for row in listed}


def test_a_group_is_created_with_an_event_and_listed_in_order_of_creation() -> None:
    world = _world()
    for name, site_admin in (("b c-d_1", False), ("admins", True)):
        created = world.registry.user_groups.create(ADMIN, name, site_admin)
        assert (created.name, created.site_admin) == (name, site_admin)
    listed = world.registry.user_groups.listed(ADMIN)
    assert [(row.group.name, row.group.site_admin) for row in listed] == [("b c-d_1", False), ("admins", True)]
    assert world.actions() == ["USER_GROUP_CREATE b c-d_1", "USER_GROUP_CREATE admins"]


@pytest.mark.parametrize(
    ("name", "site_admin", "error"),
    [
        ("new", "true", InvalidRequest),
        ("new", 1, InvalidRequest),
        ("new", None, InvalidRequest),
        ("team", None, InvalidRequest),
        ("team", False, NameTaken),
        ("@", False, InvalidIdentifier),
        ("", False, InvalidIdentifier),
        ("a\n", False, InvalidIdentifier),
        ("a\tb", False, InvalidIdentifier),
        ("a\u00a0b", False, InvalidIdentifier),
        ("é", False, InvalidIdentifier),
        ("\u0661", False, InvalidIdentifier),
        ("a" * 129, False, InvalidIdentifier),
        ("\ud800", False, InvalidIdentifier),
        (None, False, InvalidIdentifier),
        (5, False, InvalidIdentifier),
        (["team"], False, InvalidIdentifier),
    ],
)
def test_what_is_wrong_with_a_new_group_is_told_in_the_order_flag_taken_name_name(
    name: object, site_admin: object, error: type[RegistryError]
) -> None:
    world = _world()
    world.given_group("team")
    with pytest.raises(InvalidRequest) as refusal:
        world.registry.user_groups.create(ADMIN, name, site_admin)
    assert type(refusal.value) is error
    assert world.events() == []


@given(st.text(string.ascii_letters + string.digits + " _-" + "\n\t\x0b.@é", max_size=6) | st.text(max_size=6))
def test_exactly_the_names_of_11_2_are_accepted_and_told_apart_by_casing(name: str) -> None:
    world = _world()
    if re.fullmatch(r"[0-9A-Za-z \-_]{1,128}", name, re.ASCII) is None:
        with pytest.raises(InvalidIdentifier):
            world.registry.user_groups.create(ADMIN, name, False)
        return
    assert world.registry.user_groups.create(ADMIN, name, False).name == name
    with pytest.raises(NameTaken):
        world.registry.user_groups.create(ADMIN, name, True)
    if name.swapcase() != name:
        world.registry.user_groups.create(ADMIN, name.swapcase(), True)
    world.registry.user_groups.create(ADMIN, f"{name} ", True)


def test_a_permission_is_given_under_a_former_name_and_told_under_the_present_one() -> None:
    world = _world("acme")
    world.given_group("team")
    world.registry.namespaces.change(ADMIN, "acme", NamespaceChanges(name="Renamed"))
    granted = world.registry.user_groups.grant(ADMIN, "team", "ACME", "MODIFY")
    assert (granted.group.name, str(granted.namespace.name)) == ("team", "Renamed")
    assert granted.permission is NamespacePermission.MODIFY
    event = world.events()[-1]
    assert (event.action.value, event.object_id) == ("USER_GROUP_NAMESPACE_PERMISSION_ADD", "team/Renamed")
    assert (event.old_value, event.new_value) == (None, "MODIFY")
    world.registry.user_groups.revoke(ADMIN, "team", "acme")
    event = world.events()[-1]
    assert (event.action.value, event.object_id) == ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "team/Renamed")
    assert (event.old_value, event.new_value) == ("MODIFY", None)
    assert _groups(world) == {"team": {}}


@pytest.mark.parametrize(
    ("group", "namespace", "permission", "error"),
    [
        ("nobody", "unknown", "full", InvalidPermission),
        ("nobody", "unknown", None, InvalidPermission),
        ("nobody", "unknown", ["FULL"], InvalidPermission),
        ("nobody", "unknown", "FULL", NamespaceNotFound),
        ("nobody", "acme", "FULL", UserGroupNotFound),
        ("Team", "acme", "FULL", UserGroupNotFound),
        ("team", "acme", "FULL", PermissionExists),
        ("team", "acme", "MODIFY", PermissionExists),
    ],
)
def test_what_is_wrong_with_a_new_permission_is_told_in_the_order_type_namespace_group_duplicate(
    group: str, namespace: str, permission: object, error: type[RegistryError]
) -> None:
    world = _world("acme")
    world.given_group("team", rights={"acme": "MODIFY"})
    with pytest.raises(error):
        world.registry.user_groups.grant(ADMIN, group, namespace, permission)
    assert (_groups(world), world.events()) == ({"team": {"acme": "MODIFY"}}, [])


@pytest.mark.parametrize(
    ("group", "namespace", "error"),
    [
        ("nobody", "unknown", NamespaceNotFound),
        ("nobody", "acme", UserGroupNotFound),
        ("team", "other", PermissionNotFound),
    ],
)
def test_what_is_wrong_with_a_permission_to_take_away_is_told_in_the_order_namespace_group_permission(
    group: str, namespace: str, error: type[RegistryError]
) -> None:
    world = _world("acme", "other")
    world.given_group("team", rights={"acme": "MODIFY"})
    with pytest.raises(error):
        world.registry.user_groups.revoke(ADMIN, group, namespace)
    assert (_groups(world), world.events()) == ({"team": {"acme": "MODIFY"}}, [])


def test_a_deleted_group_goes_with_its_permissions_an_event_each() -> None:
    world = _world("bb", "Aa")
    world.given_group("team", rights={"bb": "FULL", "Aa": "MODIFY"})
    world.given_group("other", rights={"bb": "FULL"})
    world.registry.user_groups.delete(ADMIN, "team")
    assert _groups(world) == {"other": {"bb": "FULL"}}
    assert [(event.action.value, event.object_id, event.old_value) for event in world.events()] == [
        ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "team/Aa", "MODIFY"),
        ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "team/bb", "FULL"),
        ("USER_GROUP_DELETE", "team", None),
    ]
    with pytest.raises(UserGroupNotFound):
        world.registry.user_groups.delete(ADMIN, "team")


def test_a_deleted_namespace_takes_its_permissions_with_it_an_event_each() -> None:
    world = _world("acme")
    world.given_group("team", rights={"acme": "FULL"})
    world.registry.namespaces.delete(ADMIN, "acme")
    assert _groups(world) == {"team": {}}
    assert world.actions() == ["USER_GROUP_NAMESPACE_PERMISSION_DELETE team/acme", "NAMESPACE_DELETE acme"]
    # One of the same name is another one.
    world.registry.namespaces.create(ADMIN, "acme")
    assert _groups(world) == {"team": {}}


@pytest.mark.parametrize("identity", [ANONYMOUS, signed_in("ann", "team"), signed_in("ann", "Admins")])
def test_only_site_admins_manage_groups_and_others_are_told_nothing(identity: Identity) -> None:
    world = _world("acme")
    world.given_group("team", rights={"acme": "FULL"})
    world.given_group("admins", site_admin=True)
    before, groups = _groups(world), world.registry.user_groups
    attempts: list[Any] = [
        lambda: groups.listed(identity),
        lambda: groups.create(identity, "@", "wrong"),
        lambda: groups.delete(identity, "unknown"),
        lambda: groups.grant(identity, "unknown", "unknown", "wrong"),
        lambda: groups.revoke(identity, "unknown", "unknown"),
    ]
    for attempt in attempts:
        with pytest.raises(AccessDenied):
            attempt()
    assert (_groups(world), world.events()) == (before, [])
    assert groups.create(signed_in("ann", "admins"), "new", False).name == "new"
    assert world.events()[-1].username == "ann"


def _overtaken(world: World) -> UserGroups:
    """The use cases, while others store the same at the same moment."""
    store = WatchedUnitOfWork(world.unit_of_work, overtaken={1})
    return attrs.evolve(world.registry.user_groups, unit_of_work=store)


def test_whoever_stores_the_same_a_moment_later_is_told_that_it_exists() -> None:
    world = _world("acme")
    world.given_group("team")
    with pytest.raises(NameTaken):
        _overtaken(world).create(ADMIN, "new", False)
    with pytest.raises(PermissionExists):
        _overtaken(world).grant(ADMIN, "team", "acme", "FULL")
    assert (_groups(world), world.events()) == ({"team": {}}, [])
