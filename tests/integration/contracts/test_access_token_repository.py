"""The contract of the access tokens."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import attrs
import pytest

from terrareg_core.access.grants import TokenScope
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.stored import AccessToken, ListedAccessToken
from terrareg_core.errors import AlreadyStored
from terrareg_core.identifiers import NamespaceName
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import LATER, NOW, digest, given_namespace, person
from tests.integration.statements import counted

MOMENT = timedelta(microseconds=1)
ZOE = person("zoë", groups=["Ünï "])


def _token(
    token_id: str = "a1",
    *,
    owner: Person = ZOE,
    namespaces: Iterable[int] | None = None,
    created_at: datetime = NOW,
    expires_at: datetime | None = LATER,
) -> AccessToken:
    return AccessToken(
        id=token_id,
        name="CI of Zoë",
        owner=owner,
        scopes=frozenset({TokenScope.READ}),
        namespaces=None if namespaces is None else frozenset(namespaces),
        created_at=created_at,
        expires_at=expires_at,
    )


def _ids(listed: Iterable[ListedAccessToken]) -> list[str]:
    return [row.token.id for row in listed]


class TestAccessTokenRepository:
    @pytest.mark.parametrize("scopes", [set(TokenScope), {TokenScope.PUBLISH}])
    @pytest.mark.parametrize("places", [None, (), ("aa",), ("aa", "bb")])
    def test_a_token_is_found_with_everything_it_has(
        self, unit_of_work: UnitOfWork, scopes: set[TokenScope], places: tuple[str, ...] | None
    ) -> None:
        owner = person("nul\0 Octo", method=SignInMethod.GITHUB, source="hub", groups=["a ", "Ä"], logins=["octo"])
        with unit_of_work.write() as tx:
            given_namespace(tx, "other")
            ids = None if places is None else [given_namespace(tx, name).id for name in places]
            token = attrs.evolve(
                _token(owner=owner, namespaces=ids), scopes=frozenset(scopes), last_used_at=NOW + MOMENT
            )
            tx.access_tokens.add(token, digest(1))
            tx.access_tokens.add(_token("b2"), digest(2))
        with unit_of_work.read() as tx:
            assert tx.access_tokens.find(digest(1), NOW) == token
            assert tx.access_tokens.get("a1") == token
            names = None if places is None else [NamespaceName(name) for name in places]
            assert list(tx.access_tokens.listed(owner)) == [ListedAccessToken(token, names)]
            assert tx.access_tokens.find(digest(3), NOW) is None

    @pytest.mark.parametrize("token_id", ["A1", "a1 ", "a1\0", "", "\ud800", "a_", "x" * 100_000])
    def test_text_that_is_no_such_id_gets_nothing(self, unit_of_work: UnitOfWork, token_id: str) -> None:
        with unit_of_work.write() as tx:
            tx.access_tokens.add(_token(), digest(1))
            assert tx.access_tokens.get(token_id) is None
            tx.access_tokens.remove(token_id)
            assert tx.access_tokens.get("a1") == _token()

    def test_a_token_is_found_until_the_moment_at_which_it_expires_and_got_for_ever(
        self, unit_of_work: UnitOfWork
    ) -> None:
        token, lasting = _token(), _token("b2", expires_at=None)
        with unit_of_work.write() as tx:
            tx.access_tokens.add(token, digest(1))
            tx.access_tokens.add(lasting, digest(2))
        with unit_of_work.read() as tx:
            assert tx.access_tokens.find(digest(1), LATER - MOMENT) == token
            assert tx.access_tokens.find(digest(1), LATER) is None
            assert tx.access_tokens.get("a1") == token
            assert tx.access_tokens.find(digest(2), LATER + timedelta(days=10_000)) == lasting

    def test_ids_and_digests_are_taken_once_and_namespaces_must_be_there(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.access_tokens.add(_token(), digest(1))
            namespace = given_namespace(tx, "aa")
        attempts: list[Callable[[Transaction], None]] = [
            lambda tx: tx.access_tokens.add(_token("a1"), digest(2)),
            lambda tx: tx.access_tokens.add(_token("b2"), digest(1)),
            lambda tx: tx.access_tokens.add(_token("b2", namespaces=[namespace.id, 17]), digest(2)),
        ]
        for refused in attempts:
            with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
                refused(tx)
        with unit_of_work.read() as tx:
            assert _ids(tx.access_tokens.listed(None)) == ["a1"]

    def test_a_removed_namespace_drops_out_and_an_emptied_limit_stays_one(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            aa, bb = given_namespace(tx, "aa"), given_namespace(tx, "bb")
            tx.access_tokens.add(_token("a1", namespaces=[aa.id]), digest(1))
            tx.access_tokens.add(_token("b2", namespaces=[aa.id, bb.id]), digest(2))
            tx.access_tokens.add(_token("c3"), digest(3))
            tx.namespaces.remove(aa.id)
        with unit_of_work.write() as tx:
            given_namespace(tx, "aa")
            found = [tx.access_tokens.find(digest(number), NOW) for number in (1, 2, 3)]
            assert found == [_token("a1", namespaces=[]), _token("b2", namespaces=[bb.id]), _token("c3")]
            assert [tx.access_tokens.get(token_id) for token_id in ("a1", "b2", "c3")] == found
            names = [row.namespace_names for row in tx.access_tokens.listed(None)]
            assert names == [[], [NamespaceName("bb")], None]

    def test_a_renamed_namespace_is_listed_as_it_is_called_now_in_order(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            ids = [given_namespace(tx, name).id for name in ("bb", "Aa", "a-b", "C0", "zz")]
            token = _token(namespaces=ids)
            tx.access_tokens.add(token, digest(1))
            tx.namespaces.rename(ids[0], NamespaceName("New"))
        with unit_of_work.read() as tx:
            names = [NamespaceName(name) for name in ("a-b", "Aa", "C0", "New", "zz")]
            for owner in (ZOE, None):
                assert list(tx.access_tokens.listed(owner)) == [ListedAccessToken(token, names)]

    def test_tokens_are_listed_newest_first_and_then_by_id_expired_ones_included(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            for number, (token_id, seconds) in enumerate({"c3": 1, "a1": 2, "d4": 3, "b2": 2}.items()):
                created_at = NOW + timedelta(seconds=seconds)
                token = _token(token_id, created_at=created_at, expires_at=created_at)
                tx.access_tokens.add(token, digest(number))
        with unit_of_work.read() as tx:
            assert _ids(tx.access_tokens.listed(None)) == _ids(tx.access_tokens.listed(ZOE)) == ["d4", "a1", "b2", "c3"]

    def test_everybody_has_tokens_of_their_own_however_they_are_called(self, unit_of_work: UnitOfWork) -> None:
        people = [
            ZOE,
            person("zoë "),
            person("Zoë"),
            person("zo"),
            person("zoë", method=SignInMethod.SAML),
            person("zoë", method=SignInMethod.GITHUB, source="hub"),
            person("zoë", method=SignInMethod.GITHUB, source="Hub"),
            person("x" * 5000),
            person("x" * 5000 + "y"),
            Person.built_in_admin(),
        ]
        with unit_of_work.write() as tx:
            for number, somebody in enumerate(people):
                tx.access_tokens.add(_token(f"a{number}", owner=somebody), digest(number))
        with unit_of_work.read() as tx:
            for number, somebody in enumerate(people):
                now = attrs.evolve(somebody, name="another", groups=frozenset({"g"}), logins=frozenset({"l"}))
                assert _ids(tx.access_tokens.listed(now)) == [f"a{number}"]
            assert len(tx.access_tokens.listed(None)) == len(people)
            assert list(tx.access_tokens.listed(person("nobody"))) == []

    def test_tokens_are_listed_in_two_statements_however_many_there_are(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(20):
                namespaces = [given_namespace(tx, f"ns{other}").id for other in range(number)]
                tx.access_tokens.add(_token(f"a{number}", namespaces=namespaces), digest(number))
        with unit_of_work.read() as tx:
            for owner in (ZOE, None):
                with counted() as statements:
                    assert len(tx.access_tokens.listed(owner)) == 20
                assert len(statements) <= 2

    def test_a_token_remembers_when_it_was_used(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.access_tokens.add(_token("a1"), digest(1))
            tx.access_tokens.add(_token("b2"), digest(2))
            for moment in (NOW, NOW + MOMENT):
                tx.access_tokens.touch("a1", moment)
            tx.access_tokens.touch("gone", NOW)
        with unit_of_work.read() as tx:
            assert tx.access_tokens.get("a1") == attrs.evolve(_token("a1"), last_used_at=NOW + MOMENT)
            assert tx.access_tokens.get("b2") == _token("b2")

    def test_a_later_sign_in_changes_the_owner_of_all_tokens_of_the_same_person(self, unit_of_work: UnitOfWork) -> None:
        octo = person("octo", method=SignInMethod.GITHUB, source="hub", groups=["old"], logins=["old"])
        namesake = attrs.evolve(octo, source="lab")
        later = attrs.evolve(octo, name="Octo Now", groups=frozenset({"new", "Ü"}), logins=frozenset())
        with unit_of_work.write() as tx:
            for number, owner in enumerate((octo, octo, namesake, ZOE)):
                tx.access_tokens.add(_token(f"a{number}", owner=owner), digest(number))
            tx.access_tokens.update_owner(later)
            tx.access_tokens.update_owner(person("nobody"))
        with unit_of_work.read() as tx:
            owners = [row.token.owner for row in tx.access_tokens.listed(None)]
            assert owners == [later, later, namesake, ZOE]
            assert _ids(tx.access_tokens.listed(octo)) == ["a0", "a1"]

    def test_a_removed_token_is_gone_and_the_others_stay(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            namespace = given_namespace(tx, "aa")
            for number in (1, 2):
                tx.access_tokens.add(_token(f"a{number}", namespaces=[namespace.id]), digest(number))
            for _ in range(2):
                tx.access_tokens.remove("a1")
        with unit_of_work.write() as tx:
            assert tx.access_tokens.find(digest(1), NOW) is None
            assert tx.access_tokens.get("a1") is None
            assert _ids(tx.access_tokens.listed(None)) == ["a2"]
            tx.access_tokens.add(_token("a1", namespaces=[]), digest(1))
            assert tx.access_tokens.get("a1") == _token("a1", namespaces=[])
