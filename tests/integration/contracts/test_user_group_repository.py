"""The contract of the user groups: their names, their permissions, and what these give to people."""

from collections.abc import Callable, Mapping

import pytest

from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.stored import ListedUserGroup, UserGroup
from terrareg_core.errors import AlreadyStored
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import given_namespace, person
from tests.integration.statements import counted

FULL, MODIFY = NamespacePermission.FULL, NamespacePermission.MODIFY
USER, ORGANISATION = NamespaceKind.GITHUB_USER, NamespaceKind.GITHUB_ORGANISATION


def _group(
    tx: Transaction, name: str, permissions: Mapping[str, NamespacePermission] | None = None, *, admin: bool = False
) -> UserGroup:
    """A new group with permissions on namespaces, which are created where they are missing."""
    group = tx.user_groups.add(name, site_admin=admin)
    for namespace, permission in (permissions or {}).items():
        tx.user_groups.add_permission(group.id, given_namespace(tx, namespace).id, permission)
    return group


def _generated(tx: Transaction, name: str, kind: NamespaceKind = USER, source: str = "hub") -> Namespace:
    return tx.namespaces.add(NamespaceName(name), None, kind, source)


def _octo(*logins: str, source: str | None = "hub", groups: tuple[str, ...] = ()) -> Person:
    return person("octo", method=SignInMethod.GITHUB, source=source, groups=groups, logins=logins)


def _named(*permissions: tuple[str, NamespacePermission]) -> list[tuple[NamespaceName, NamespacePermission]]:
    return [(NamespaceName(name), permission) for name, permission in permissions]


class TestUserGroupRepository:
    def test_a_group_is_found_by_exactly_its_name(self, unit_of_work: UnitOfWork) -> None:
        names = [
            "Team",
            "team",
            "team ",
            " team",
            "te am",
            "Ünï",
            "ünï",
            "u\u0308",
            "ü",
            "t%",
            "t_am",
            "\ufffd",
            "x" * 128,
        ]
        with unit_of_work.write() as tx:
            added = [tx.user_groups.add(name, site_admin=name == "Team") for name in names]
        with unit_of_work.read() as tx:
            assert [tx.user_groups.find(name) for name in names] == added
            assert [(group.name, group.site_admin) for group in added] == [(name, name == "Team") for name in names]
            for name in ("TEAM", "team  ", "team\n", "", "\0", "\ud800", "x" * 129, "x" * 100_000, "team' OR 1=1 --"):
                assert tx.user_groups.find(name) is None

    @pytest.mark.parametrize("name", ["team", "Ünï", "blank "])
    def test_a_name_is_taken_once(self, unit_of_work: UnitOfWork, name: str) -> None:
        with unit_of_work.write() as tx:
            tx.user_groups.add(name, site_admin=False)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.user_groups.add(name, site_admin=True)

    def test_groups_are_listed_in_order_of_creation_with_permissions_ordered_by_namespace(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            second = _group(tx, "zz", {"bb": FULL, "Aa": MODIFY, "a-b": FULL, "C0": MODIFY})
            admins = _group(tx, "Admins", admin=True)
            other = _group(tx, "aa", {"Aa": FULL})
        with unit_of_work.read() as tx:
            ordered = _named(("a-b", FULL), ("Aa", MODIFY), ("bb", FULL), ("C0", MODIFY))
            assert list(tx.user_groups.listed()) == [
                ListedUserGroup(second, ordered),
                ListedUserGroup(admins, []),
                ListedUserGroup(other, _named(("Aa", FULL))),
            ]
            assert list(tx.user_groups.permissions(second.id)) == ordered
            assert list(tx.user_groups.permissions(admins.id)) == []
            assert list(tx.user_groups.permissions(17)) == []

    def test_groups_are_listed_in_two_statements_however_many_there_are(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(20):
                _group(tx, f"group {number}", {f"ns{other}": FULL for other in range(number)})
        with unit_of_work.read() as tx, counted() as statements:
            assert len(tx.user_groups.listed()) == 20
        assert len(statements) <= 2

    def test_a_permission_is_known_by_group_and_namespace(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one = _group(tx, "one", {"aa": FULL, "bb": MODIFY})
            two = _group(tx, "two", {"aa": MODIFY})
            aa, bb = given_namespace(tx, "aa"), given_namespace(tx, "bb")
            given = {(group, key): tx.user_groups.permission(group, key) for group in (1, 2, 3) for key in (1, 2, 3)}
            assert {pair: permission for pair, permission in given.items() if permission is not None} == {
                (one.id, aa.id): FULL,
                (one.id, bb.id): MODIFY,
                (two.id, aa.id): MODIFY,
            }

    def test_a_group_has_one_permission_on_a_namespace(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            group = _group(tx, "team", {"aa": MODIFY})
            namespace = given_namespace(tx, "aa")
        for permission in NamespacePermission:
            with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
                tx.user_groups.add_permission(group.id, namespace.id, permission)
        with unit_of_work.write() as tx:
            tx.user_groups.remove_permission(group.id, namespace.id)
            tx.user_groups.add_permission(group.id, namespace.id, FULL)
            assert tx.user_groups.permission(group.id, namespace.id) is FULL

    def test_groups_and_namespaces_that_are_gone_get_no_permission(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            group, namespace = _group(tx, "team"), given_namespace(tx)
        attempts: list[Callable[[Transaction], None]] = [
            lambda tx: tx.user_groups.add_permission(17, namespace.id, FULL),
            lambda tx: tx.user_groups.add_permission(group.id, 17, FULL),
        ]
        for refused in attempts:
            with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
                refused(tx)

    def test_a_permission_is_taken_away_and_the_others_stay(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            one, two = _group(tx, "one", {"aa": FULL, "bb": FULL}), _group(tx, "two", {"aa": FULL})
            namespace = given_namespace(tx, "aa")
            for _ in range(2):
                tx.user_groups.remove_permission(one.id, namespace.id)
            tx.user_groups.remove_permission(17, 17)
            assert list(tx.user_groups.permissions(one.id)) == _named(("bb", FULL))
            assert list(tx.user_groups.permissions(two.id)) == _named(("aa", FULL))

    def test_a_removed_group_goes_with_its_permissions(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            removed = _group(tx, "one", {"aa": FULL}, admin=True)
            kept = _group(tx, "two", {"aa": MODIFY})
            namespace = given_namespace(tx, "aa")
            tx.user_groups.remove(removed.id)
            tx.user_groups.remove(17)
        with unit_of_work.write() as tx:
            assert tx.user_groups.find("one") is None
            assert tx.user_groups.permission(removed.id, namespace.id) is None
            assert list(tx.user_groups.permissions_on(namespace.id)) == [(kept, MODIFY)]
            assert tx.user_groups.grants(person(groups=["one", "two"])) == Grants(False, {namespace.id: MODIFY})
            again = tx.user_groups.add("one", site_admin=False)
            assert again.id > kept.id
            assert list(tx.user_groups.permissions(again.id)) == []

    def test_a_removed_namespace_takes_the_permissions_on_it_along(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            group = _group(tx, "team", {"aa": FULL, "bb": MODIFY})
            removed = given_namespace(tx, "aa")
            tx.namespaces.remove(removed.id)
        with unit_of_work.write() as tx:
            assert list(tx.user_groups.permissions(group.id)) == _named(("bb", MODIFY))
            assert tx.user_groups.permission(group.id, removed.id) is None
            assert list(tx.user_groups.permissions_on(removed.id)) == []
            assert tx.user_groups.grants(person(groups=["team"])).namespaces == {given_namespace(tx, "bb").id: MODIFY}
            namesake = given_namespace(tx, "aa")
            assert tx.user_groups.permission(group.id, namesake.id) is None

    def test_a_renamed_namespace_keeps_its_permissions(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            group = _group(tx, "team", {"aa": FULL, "bb": MODIFY})
            namespace = given_namespace(tx, "aa")
            tx.namespaces.rename(namespace.id, NamespaceName("New"))
        with unit_of_work.read() as tx:
            member, renamed = person(groups=["team"]), _named(("bb", MODIFY), ("New", FULL))
            assert list(tx.user_groups.permissions(group.id)) == renamed
            assert list(tx.user_groups.listed()[0].permissions) == renamed
            assert list(tx.user_groups.held_permissions(member)) == renamed
            assert tx.user_groups.grants(member).namespaces[namespace.id] is FULL

    def test_permissions_on_a_namespace_are_ordered_by_group(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx, "aa")
            groups = [_group(tx, name) for name in ("zz", "aa", "mm")]
            for group, permission in zip(reversed(groups), (FULL, MODIFY, FULL), strict=True):
                tx.user_groups.add_permission(group.id, namespace.id, permission)
            _group(tx, "elsewhere", {"bb": FULL})
            shown = list(tx.user_groups.permissions_on(namespace.id))
            assert shown == list(zip(groups, (FULL, MODIFY, FULL), strict=True))
            assert list(tx.user_groups.permissions_on(17)) == []


class TestGrants:
    def test_whoever_is_a_member_of_nothing_gets_nothing(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _group(tx, "team", {"aa": FULL}, admin=True)
            for nobody in (Person.built_in_admin(), person(), person(groups=["other"]), _octo("other")):
                assert tx.user_groups.grants(nobody) == Grants()
                assert list(tx.user_groups.held_permissions(nobody)) == []

    @pytest.mark.parametrize("name", ["TEAM", "team ", " team", "te_m", "team\0", "t\u00e9am", "te\u0301am"])
    def test_groups_match_by_equality_of_names(self, unit_of_work: UnitOfWork, name: str) -> None:
        with unit_of_work.write() as tx:
            _group(tx, "team", {"aa": FULL})
            _group(tx, "téam", {"bb": FULL})
            _group(tx, "team\ufffd", {"cc": FULL}, admin=True)
        with unit_of_work.read() as tx:
            expected = {given_namespace(tx, "bb").id: FULL} if name == "t\u00e9am" else {}
            assert tx.user_groups.grants(person(groups=[name])) == Grants(False, expected)

    def test_groups_add_up_and_the_higher_permission_counts(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _group(tx, "one", {"aa": FULL, "bb": MODIFY, "Dd": MODIFY})
            _group(tx, "two", {"aa": MODIFY, "bb": FULL, "cc": MODIFY})
            _group(tx, "three", {"cc": FULL})
            ids = {name: given_namespace(tx, name).id for name in ("aa", "bb", "cc", "Dd")}
        with unit_of_work.read() as tx:
            member = person(groups=["two", "one", "unknown"])
            assert tx.user_groups.grants(member) == Grants(
                False, {ids["aa"]: FULL, ids["bb"]: FULL, ids["cc"]: MODIFY, ids["Dd"]: MODIFY}
            )
            assert list(tx.user_groups.held_permissions(member)) == _named(
                ("aa", FULL), ("bb", FULL), ("cc", MODIFY), ("Dd", MODIFY)
            )

    def test_one_group_of_site_admins_is_enough(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _group(tx, "admins", admin=True)
            _group(tx, "admins too", {"aa": MODIFY}, admin=True)
            _group(tx, "team", {"bb": FULL})
            aa, bb = given_namespace(tx, "aa").id, given_namespace(tx, "bb").id
        with unit_of_work.read() as tx:
            assert tx.user_groups.grants(person(groups=["admins"])) == Grants(True)
            assert tx.user_groups.grants(person(groups=["admins", "team"])) == Grants(True, {bb: FULL})
            assert tx.user_groups.grants(person(groups=["admins too"])) == Grants(True, {aa: MODIFY})
            assert tx.user_groups.grants(person(groups=["team"])) == Grants(False, {bb: FULL})

    def test_a_thousand_groups_take_as_many_statements_as_one(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            _group(tx, "group 1", {"aa": FULL})
            namespace = given_namespace(tx, "aa")
        with unit_of_work.read() as tx:
            counts = []
            for many in (2, 1000):
                with counted() as statements:
                    grants = tx.user_groups.grants(person(groups=[f"group {number}" for number in range(many)]))
                assert grants.namespaces == {namespace.id: FULL}
                counts.append(len(statements))
            assert counts[0] == counts[1]

    def test_namespaces_that_were_generated_for_ones_accounts_are_ones_own(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            user, organisation = _generated(tx, "Octo"), _generated(tx, "ACME-inc", ORGANISATION)
            _generated(tx, "other")
        with unit_of_work.read() as tx:
            owner = _octo("octo", "acme-inc", "elsewhere")
            assert tx.user_groups.grants(owner) == Grants(False, {user.id: FULL, organisation.id: FULL})
            assert list(tx.user_groups.held_permissions(owner)) == _named(("ACME-inc", FULL), ("Octo", FULL))
            assert tx.user_groups.grants(_octo("OCTO")) == Grants(False, {user.id: FULL})

    @pytest.mark.parametrize("source", ["Hub", "hub ", "other", "", None])
    def test_an_account_at_another_provider_source_owns_nothing(
        self, unit_of_work: UnitOfWork, source: str | None
    ) -> None:
        with unit_of_work.write() as tx:
            _generated(tx, "octo")
            given_namespace(tx, "plain")
            assert tx.user_groups.grants(_octo("octo", "plain", source=source)) == Grants()

    def test_a_namespace_that_was_made_by_hand_is_nobodys(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "octo")
            tx.namespaces.add(NamespaceName("acme"), None, NamespaceKind.NONE, "hub")
            tx.namespaces.add(NamespaceName("corp"), None, USER)
            for source in ("hub", None):
                assert tx.user_groups.grants(_octo("octo", "acme", "corp", source=source)) == Grants()

    def test_a_namespace_that_was_handed_to_an_account_is_its_own(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx, "octo")
            tx.namespaces.set_origin(namespace.id, USER, "hub")
            assert tx.user_groups.grants(_octo("octo")) == Grants(False, {namespace.id: FULL})

    def test_a_generated_namespace_belongs_to_the_account_that_is_called_as_it_is_now(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            namespace = _generated(tx, "octo")
            tx.namespaces.add_redirect(NamespaceName("octo"), namespace.id)
            tx.namespaces.rename(namespace.id, NamespaceName("Acme"))
        with unit_of_work.read() as tx:
            assert tx.user_groups.grants(_octo("octo")) == Grants()
            assert tx.user_groups.grants(_octo("acme")) == Grants(False, {namespace.id: FULL})

    def test_what_one_owns_and_what_groups_give_add_up(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            own = _generated(tx, "octo")
            _group(tx, "octo", {"octo": MODIFY, "aa": MODIFY})
            owner = _octo("octo", groups=("octo",))
            grants = Grants(False, {own.id: FULL, given_namespace(tx, "aa").id: MODIFY})
            assert tx.user_groups.grants(owner) == grants
            assert list(tx.user_groups.held_permissions(owner)) == _named(("aa", MODIFY), ("octo", FULL))

    @pytest.mark.parametrize("login", ["oct_", "octo\0", "octo ", "\u212aa", "%"])
    def test_a_login_that_is_no_such_name_owns_nothing(self, unit_of_work: UnitOfWork, login: str) -> None:
        with unit_of_work.write() as tx:
            _generated(tx, "octo")
            _generated(tx, "ka")
            assert tx.user_groups.grants(_octo(login)) == Grants()
