"""Access tokens over HTTP (decision 30): making, listing and deleting them, and what they are good for."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from terrareg_core.access.authentication import ConfiguredSecrets, SignInPolicy
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, Secret, SessionKeys, is_token
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import AccessPolicy
from tests.integration.http.conftest import Open
from tests.integration.http.people import (
    HISTORY,
    SIGN_IN,
    TOKENS,
    InSession,
    admin_session,
    bearing,
    begun_session,
    given_group,
    keyed,
    made_token,
    person,
)
from tests.integration.http.serving import ADMIN, MANAGED, MODULES, NAMESPACES, Client, Served, ServedWorld
from tests.integration.statements import counted
from tests.unit.registries import EVERY_WAY, make_world

ALICE, BOB = person("alice", "staff"), person("bob")
WANTED: dict[str, object] = {"name": "ci", "scopes": ["read"]}
KEYS = ["created_at", "expires_at", "id", "last_used_at", "name", "namespaces", "owner", "scopes"]


@pytest.fixture
def served(open_empty: Open) -> Served:
    """A registry with access controls whose staff has FULL on `ns1`."""
    served = open_empty(access=AccessPolicy(access_controls=True), sign_in=SIGN_IN)
    for name in ("ns1", "ns2"):
        assert served.post(NAMESPACES, {"name": name}).status_code == 200
    given_group(served, "staff", rights={"ns1": "FULL"})
    given_group(served, "chiefs", site_admin=True)
    return served


def opened(**options: Any) -> ServedWorld:
    """A registry whose clock stands still, with `ns1`."""
    served = ServedWorld(make_world(secrets=ConfiguredSecrets(admin=Secret.of("admin-key")), **options))
    assert served.post(NAMESPACES, {"name": "ns1"}).status_code == 200
    return served


def make(client: Client, headers: Mapping[str, str], **document: object) -> Any:
    """The answer that makes a token."""
    answer = client.post(TOKENS, {**WANTED, **document}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client: Client, headers: Mapping[str, str] = ADMIN) -> Any:
    answer = client.get(TOKENS, headers=headers)
    assert (answer.status_code, list(answer.json())) == (200, ["tokens"])
    return answer.json()["tokens"]


def named_wrong(answer: httpx.Response) -> str:
    """The argument that an answer in the argument shape names."""
    assert answer.status_code == 400, answer.text
    document = answer.json()
    assert list(document) == ["message"]
    ((argument, reason),) = document["message"].items()
    assert isinstance(reason, str)
    return str(argument)


# --- making ---


def test_a_token_is_made_and_shown_once(served: Served) -> None:
    session = begun_session(served, ALICE)
    before = datetime.now(UTC).replace(tzinfo=None)
    expires = {"expires_at": "2999-01-31T12:00:00+02:00"}
    answer = served.post(
        TOKENS, {**WANTED, "scopes": ["upload", "read"], "namespaces": ["NS1"], **expires}, headers=session.proved
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert sorted(made) == sorted([*KEYS, "token"])
    assert is_token(made["token"], ACCESS_TOKEN_PREFIX)
    assert re.fullmatch(r"trg_[0-9A-Za-z]{49}", made["token"])
    created = datetime.fromisoformat(made["created_at"])
    assert before <= created <= datetime.now(UTC).replace(tzinfo=None)
    assert {key: made[key] for key in KEYS if key not in {"id", "created_at"}} == {
        "name": "ci",
        "scopes": ["read", "upload"],
        "namespaces": ["ns1"],
        "owner": "alice",
        "expires_at": "2999-01-31T10:00:00",
        "last_used_at": None,
    }
    (shown,) = listed(served, session.headers)
    assert shown == {key: value for key, value in made.items() if key != "token"}
    (event,) = (row for row in served.get(HISTORY, headers=ADMIN).json()["data"] if "TOKEN" in row["action"])
    assert (event["username"], event["action"], event["object_id"]) == ("alice", "ACCESS_TOKEN_CREATE", "ci")
    assert event["old_value"] is event["new_value"] is None


def test_two_tokens_differ(served: Served) -> None:
    first, second = make(served, ADMIN), make(served, ADMIN)
    assert first["token"] != second["token"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize("name", ["x", "x" * 128, "ci & co. <b>", "\u4e16\u754c", "\U0001f600"])
def test_any_printable_name_will_do(served: Served, name: str) -> None:
    assert make(served, ADMIN, name=name)["name"] == name
    assert listed(served)[0]["name"] == name


NO_NAMES: list[object] = ["", "x" * 129, "a\nb", "\t", "a\0", "\u202e", 5, None, ["ci"], {}, True]
NO_SCOPES: list[object] = [
    *(None, [], "read", 5, {}, {"read": 1}, ["read", "read"], ["READ"], ["read", "admin"], [""]),
    *([None], [["read"]], [1], [True], ["read "], [{}]),
]
NO_NAMESPACES: list[object] = [
    *("ns1", 5, {}, True, ["ns1", "nope"], [None], [5], [["ns1"]], ["ns1\n"], [""], ["n\0"], ["ns1"] * 1001),
]
NO_MOMENTS: list[object] = [
    *("2000-01-01T00:00:00Z", "tomorrow", "", 5, True, [], {}, "2999-13-01", "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00+23:59", "2999-01-01T00:00:00\0", "2999-01-01T25:00:00", " 2999-01-01"),
    *("2999-01-01\u4e1600:00", "\u0662999-01-01", "x" * 100_000),
]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *(("name", value) for value in NO_NAMES),
        *(("scopes", value) for value in NO_SCOPES),
        *(("namespaces", value) for value in NO_NAMESPACES),
        *(("expires_at", value) for value in NO_MOMENTS),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_wrong_argument_is_named(served: Served, argument: str, value: object) -> None:
    assert named_wrong(served.post(TOKENS, {**WANTED, argument: value})) == argument
    assert listed(served) == []
    assert served.get(f"{HISTORY}?search[value]=TOKEN", headers=ADMIN).json()["recordsFiltered"] == 0


@pytest.mark.parametrize("document", [{}, [], [WANTED], "ci", 5, {"NAME": "ci"}, {"scopes": ["read"]}])
def test_what_names_no_token_is_refused(served: Served, document: object) -> None:
    assert named_wrong(served.post(TOKENS, document)) == "name"


def test_a_body_must_be_json_and_of_a_sensible_size(served: Served) -> None:
    as_form = served.request("POST", TOKENS, headers=ADMIN, data={"name": "ci"})
    json_headers = ADMIN | {"Content-Type": "application/json"}
    broken = served.request("POST", TOKENS, headers=json_headers, content=b"{")
    huge = served.request("POST", TOKENS, headers=json_headers, content=b" " * (2 << 20))
    assert [answer.status_code for answer in (as_form, broken, huge)] == [415, 400, 413]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2999-01-31T12:00:00Z", "2999-01-31T12:00:00"),
        ("2999-01-31T12:00:00", "2999-01-31T12:00:00"),
        ("2999-01-31T12:00:00.123456-01:30", "2999-01-31T13:30:00.123456"),
        ("2999-01-31", "2999-01-31T00:00:00"),
        ("9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999"),
        (None, None),
    ],
)
def test_an_end_is_given_in_utc_unless_it_names_a_zone(served: Served, given: str | None, stored: str | None) -> None:
    made = make(served, ADMIN, expires_at=given)
    assert made["expires_at"] == stored
    assert served.get(MODULES, headers=keyed(made["token"])).status_code == 200


def test_a_namespace_named_twice_or_by_a_former_name_counts_once(served: Served) -> None:
    served.post(f"{NAMESPACES}/ns2", {"name": "ns3"})
    assert make(served, ADMIN, namespaces=["ns2", "NS3", "ns3"])["namespaces"] == ["ns3"]
    assert make(served, ADMIN, namespaces=[])["namespaces"] == []


def test_only_people_and_the_admin_make_and_see_tokens(served: Served) -> None:
    token = made_token(served, Person.built_in_admin())
    for headers, expected in (
        ({}, 401),
        (keyed("upload-key"), 403),
        (keyed("publish-key"), 403),
        (bearing("ignore-key"), 403),
        (keyed(token), 403),
        (bearing(token), 403),
        (begun_session(served, BOB).proved, 201),
        (admin_session(served).proved, 201),
        (ADMIN, 201),
    ):
        assert served.post(TOKENS, WANTED, headers=headers).status_code == expected
        assert served.get(TOKENS, headers=headers).status_code == (200 if expected == 201 else expected)
        unknown = served.request("DELETE", f"{TOKENS}/{'0' * 32}", headers=headers)
        assert unknown.status_code == (404 if expected == 201 else expected)


# --- listing and deleting ---


def test_people_see_their_own_tokens_and_site_admins_all_newest_first() -> None:
    with opened(access=AccessPolicy(access_controls=True)) as served:
        given_group(served, "chiefs", site_admin=True)
        alice, bob, chief = (begun_session(served, it) for it in (ALICE, BOB, person("chief", "chiefs")))
        for number, headers in enumerate((alice.proved, bob.proved, alice.proved, ADMIN)):
            served.world.clock.advance(timedelta(seconds=1))
            make(served, headers, name=f"t{number}")

        def names(headers: Mapping[str, str]) -> list[str]:
            return [token["name"] for token in listed(served, headers)]

        assert names(alice.headers) == ["t2", "t0"]
        assert names(bob.headers) == ["t1"]
        assert names(chief.headers) == names(ADMIN) == ["t3", "t2", "t1", "t0"]
        # Somebody of the same name elsewhere is somebody else.
        namesake = Person(method=SignInMethod.SAML, name="alice", subject=ALICE.subject)
        assert names(begun_session(served, namesake).headers) == []


def test_the_admins_tokens_are_one_set_by_key_and_by_session(served: Served) -> None:
    session = admin_session(served)
    make(served, ADMIN, name="by-key")
    made = make(served, session.proved, name="by-session")
    assert made["owner"] == "Built-in admin"
    assert {token["name"] for token in listed(served, session.headers)} == {"by-key", "by-session"}


def test_a_deleted_token_is_worth_nothing(served: Served) -> None:
    session = begun_session(served, ALICE)
    made = make(served, session.proved, scopes=["upload"])
    address = f"{MANAGED}/ns1/vpc/aws/import"
    # The module provider does not exist: what comes after the permission.
    assert served.post(address, {"version": "1.0.0"}, headers=keyed(made["token"])).status_code == 400
    answer = served.request("DELETE", f"{TOKENS}/{made['id']}", headers=session.proved)
    assert (answer.status_code, answer.json()) == (200, {})
    assert served.post(address, {"version": "1.0.0"}, headers=keyed(made["token"])).status_code == 401
    assert listed(served) == []
    again = served.request("DELETE", f"{TOKENS}/{made['id']}", headers=session.proved)
    assert (again.status_code, again.json()) == (404, {"errors": ["Not Found"]})
    (event, *_) = served.get(HISTORY, headers=ADMIN).json()["data"]
    assert (event["username"], event["action"], event["object_id"]) == ("alice", "ACCESS_TOKEN_DELETE", "ci")


def test_other_peoples_tokens_are_not_there_but_for_site_admins(served: Served) -> None:
    made = make(served, begun_session(served, ALICE).proved)
    path = f"{TOKENS}/{made['id']}"
    assert served.request("DELETE", path, headers=begun_session(served, BOB).proved).status_code == 404
    assert len(listed(served)) == 1
    chief = begun_session(served, person("chief", "chiefs"))
    assert served.request("DELETE", path, headers=chief.headers).status_code == 403
    assert served.request("DELETE", path, headers=chief.proved).status_code == 200


@pytest.mark.parametrize("token_id", ["x", "0" * 32, "x" * 4000, "%25", "a%2Fb", "%F0%9F%98%80", "-1", "null", "%00"])
def test_an_unknown_id_is_not_found(served: Served, token_id: str) -> None:
    answer = served.request("DELETE", f"{TOKENS}/{token_id}", headers=ADMIN)
    assert (answer.status_code, answer.json()) == (404, {"errors": ["Not Found"]})


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("PUT", TOKENS, "GET, HEAD, POST, OPTIONS"), ("GET", f"{TOKENS}/x", "DELETE, OPTIONS")],
)
def test_other_methods_are_not_allowed(served: Served, method: str, path: str, allow: str) -> None:
    answer = served.request(method, path, headers=ADMIN)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


# --- using ---


def test_audit_events_name_the_owner_and_the_token(open_empty: Open) -> None:
    served = open_empty(sign_in=SIGN_IN)
    token = made_token(served, ALICE)
    assert served.upload("acme/vpc/aws/1.0.0", headers=bearing(token)).status_code == 200
    names = {event["username"] for event in served.get(f"{HISTORY}?length=3", headers=ADMIN).json()["data"]}
    assert names == {"alice (token ci)"}


def test_a_token_has_at_any_time_what_its_owner_has(served: Served) -> None:
    token = keyed(made_token(served, BOB))
    path = f"{MANAGED}/ns1/vpc/aws/1.0.0/publish"
    assert served.request("POST", path, headers=token).status_code == 403
    # Bob joins the staff, and signs in again.
    session = begun_session(served, person("bob", "staff"))
    assert served.request("POST", path, headers=session.headers).status_code == 400
    assert served.request("POST", path, headers=token).status_code == 403
    with served.opened_store() as unit_of_work, unit_of_work.write() as tx:
        tx.access_tokens.update_owner(person("bob", "staff"))
    assert served.request("POST", path, headers=token).status_code == 400
    served.delete("/v1/terrareg/user-groups/staff/permissions/ns1")
    assert served.request("POST", path, headers=token).status_code == 403


def test_a_token_outlives_the_session_that_it_was_made_in(served: Served) -> None:
    session = begun_session(served, ALICE)
    token = make(served, session.proved, scopes=["publish"])["token"]
    served.get("/logout", headers=session.headers)
    path = f"{MANAGED}/ns1/vpc/aws/1.0.0/publish"
    assert served.request("POST", path, headers=bearing(token)).status_code == 400


@pytest.mark.parametrize("method", [SignInMethod.PASSWORD, SignInMethod.OPENID, SignInMethod.GITHUB])
def test_a_token_ends_while_its_owners_way_to_sign_in_is_shut(method: SignInMethod) -> None:
    secrets = ConfiguredSecrets(admin=Secret.of("admin-key"))
    owner = Person.built_in_admin()
    if method is not SignInMethod.PASSWORD:
        source = "hub" if method is SignInMethod.GITHUB else None
        owner = Person(method=method, name="alice", subject="alice", source=source)
    for shut in (False, True):
        offered = frozenset(way for way in EVERY_WAY if not shut or way[0] is not method)
        policy = SignInPolicy(offered=offered, keys=SessionKeys.of("key", secrets.admin))
        with opened(sign_in=policy, access=AccessPolicy(anonymous_access=False)) as served:
            answer = served.get(MODULES, headers=keyed(made_token(served, owner, ["read"])))
            assert answer.status_code == (401 if shut else 200)


def test_a_token_ends_when_it_says() -> None:
    with opened(access=AccessPolicy(anonymous_access=False)) as served:
        clock = served.world.clock
        ends = (clock.now() + timedelta(hours=1)).isoformat()
        made = make(served, ADMIN, expires_at=ends)
        assert named_wrong(served.post(TOKENS, {**WANTED, "expires_at": clock.now().isoformat()})) == "expires_at"
        clock.advance(timedelta(minutes=59, seconds=59))
        assert served.get(MODULES, headers=keyed(made["token"])).status_code == 200
        clock.advance(timedelta(seconds=1))
        assert served.get(MODULES, headers=keyed(made["token"])).status_code == 401
        # It is still there to be seen and deleted.
        assert [token["id"] for token in listed(served)] == [made["id"]]
        assert served.delete(f"{TOKENS}/{made['id']}").status_code == 200


def test_the_last_use_is_known_to_the_minute() -> None:
    with opened() as served:
        clock, token = served.world.clock, made_token(served, ALICE)

        def last_use() -> Any:
            return listed(served)[0]["last_used_at"]

        assert last_use() is None
        first = clock.now().replace(tzinfo=None).isoformat()
        for headers in (keyed(token), bearing(token)):
            served.get(MODULES, headers=headers)
            assert last_use() == first
            clock.advance(timedelta(seconds=29.9))
        served.get("/v1/terrareg/health", headers=keyed(token))
        assert last_use() == first
        second = clock.advance(timedelta(seconds=0.2)).replace(tzinfo=None).isoformat()
        served.head(MODULES, headers=keyed(token))
        assert last_use() == second


def test_a_token_that_is_used_often_is_written_once_a_minute(served: Served) -> None:
    token = keyed(made_token(served, ALICE))
    served.get(MODULES, headers=token)
    with counted() as statements:
        for _ in range(5):
            served.get(MODULES, headers=token)
    assert [statement for statement in statements if not statement.lstrip().startswith(("SELECT", "WITH"))] == []


@pytest.mark.parametrize("change", ["upper", "cut", "longer", "other character", "other prefix", "space"])
def test_a_token_is_taken_letter_for_letter(served: Served, change: str) -> None:
    token = made_token(served, ALICE, ["publish"])
    wrong = {
        "upper": token.swapcase(),
        "cut": token[:-1],
        "longer": token + "0",
        "other character": token[:10] + ("x" if token[10] != "x" else "y") + token[11:],
        "other prefix": "trl_" + token[4:],
        "space": token + " x",
    }[change]
    path = f"{MANAGED}/ns1/vpc/aws/1.0.0/publish"
    for headers in (keyed(wrong), bearing(wrong)):
        assert served.request("POST", path, headers=headers).status_code == 401
    assert served.request("POST", path, headers=keyed(token)).status_code == 400


def test_a_token_downloads_the_archive_that_it_may_read(open_fixture: Open) -> None:
    served = open_fixture(access=AccessPolicy(anonymous_access=False), sign_in=SIGN_IN)
    path = f"{MANAGED}/acme/vpc/aws/1.10.0/source.zip"
    for scopes, expected in ((["read"], 200), (["terraform", "upload", "publish"], 403)):
        for headers in (keyed(made_token(served, ALICE, scopes)), bearing(made_token(served, ALICE, scopes))):
            assert served.get(path, headers=headers).status_code == expected
    assert served.get(path, headers=keyed(made_token(served, ALICE, ["read"], ["acme"]))).status_code == 200
    assert served.get(path, headers=keyed(made_token(served, ALICE, ["read"], []))).status_code == 403


def test_a_session_needs_its_token_to_make_one(served: Served) -> None:
    session: InSession = begun_session(served, ALICE)
    assert served.post(TOKENS, WANTED, headers=session.headers).status_code == 403
    assert served.post(TOKENS, {**WANTED, "csrf_token": session.csrf_token}, headers=session.headers).status_code == 201
    made = listed(served, session.headers)[0]
    path = f"{TOKENS}/{made['id']}"
    assert served.request("DELETE", path, headers=session.headers).status_code == 403
    document = {"csrf_token": session.csrf_token}
    assert served.request("DELETE", path, headers=session.headers, json=document).status_code == 200
