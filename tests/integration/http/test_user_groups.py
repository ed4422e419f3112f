"""User groups over HTTP: rows 21 to 28 of chapter 04, section 21."""

from typing import Any
from urllib.parse import quote

import pytest

from terrareg_core.access.permissions import AccessPolicy
from tests.integration.http.conftest import Open
from tests.integration.http.people import GROUPS, HISTORY, SIGN_IN, begun_session, given_group, keyed, person
from tests.integration.http.serving import ADMIN, MANAGED, NAMESPACES, Served
from tests.integration.http.test_namespaces import is_domain_error

GROUP = {"name": "platform", "site_admin": False}


@pytest.fixture
def served(open_empty: Open) -> Served:
    """A registry with access controls that holds `ns1` and `ns2`."""
    served = open_empty(access=AccessPolicy(access_controls=True), sign_in=SIGN_IN)
    for name in ("ns1", "ns2"):
        assert served.post(NAMESPACES, {"name": name}).status_code == 200
    return served


def permissions(group: str, namespace: str = "ns1") -> str:
    return f"{GROUPS}/{quote(group, safe='')}/permissions/{namespace}"


def events(served: Served, count: int) -> list[tuple[str, str | None, str | None, str | None]]:
    """Action, object, old and new value of the latest events, oldest first."""
    rows = served.get(f"{HISTORY}?length={count}", headers=ADMIN).json()["data"]
    return [(row["action"], row["object_id"], row["old_value"], row["new_value"]) for row in rows[::-1]]


def is_message(document: Any) -> bool:
    return isinstance(document, dict) and list(document) == ["message"] and isinstance(document["message"], str)


# --- creating ---


@pytest.mark.parametrize("name", ["a b-c_1", " ", "-_ x", "x" * 128, "1", "UPPER"])
@pytest.mark.parametrize("site_admin", [True, False])
def test_a_group_is_created_as_it_is_named(served: Served, name: str, site_admin: bool) -> None:
    answer = served.post(GROUPS, {"name": name, "site_admin": site_admin})
    assert (answer.status_code, answer.json()) == (201, {"name": name, "site_admin": site_admin})
    assert events(served, 1) == [("USER_GROUP_CREATE", name, None, None)]
    assert served.get(GROUPS, headers=ADMIN).json() == [
        {"name": name, "site_admin": site_admin, "namespace_permissions": []}
    ]


@pytest.mark.parametrize(
    "document",
    [
        GROUP,
        {"name": "x"},
        {"name": "x", "site_admin": "true"},
        {"name": "x", "site_admin": 1},
        {"name": "x", "site_admin": 0},
        {"name": "x", "site_admin": None},
        {"name": "x", "site_admin": []},
        {"name": "a@b", "site_admin": False},
        {"name": "", "site_admin": False},
        {"name": 'a"b', "site_admin": False},
        {"name": "a\n", "site_admin": False},
        {"name": "\ta", "site_admin": False},
        {"name": "a\u00a0b", "site_admin": False},
        {"name": "\u0661", "site_admin": False},
        {"name": "a\0", "site_admin": False},
        {"name": "\U0001f600", "site_admin": False},
        {"name": "x" * 129, "site_admin": False},
        {"name": "x" * 500_000, "site_admin": False},
        {"site_admin": False},
        {"name": None, "site_admin": False},
        {"name": 5, "site_admin": False},
        {"name": ["a"], "site_admin": False},
        {"name": {"a": 1}, "site_admin": False},
        {"name": True, "site_admin": False},
        {},
        [],
        [GROUP],
        "platform",
        5,
    ],
)
def test_what_is_no_new_group_is_refused(served: Served, document: object) -> None:
    served.post(GROUPS, GROUP)
    answer = served.request("POST", GROUPS, headers=ADMIN, json=document)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())
    assert len(served.get(GROUPS, headers=ADMIN).json()) == 1
    assert events(served, 1) == [("USER_GROUP_CREATE", "platform", None, None)]


def test_names_that_differ_in_case_are_two_groups(served: Served) -> None:
    for name in ("g", "G", "g "):
        assert served.post(GROUPS, {"name": name, "site_admin": False}).status_code == 201
    given_rights = served.post(permissions("g"), {"permission_type": "MODIFY"})
    assert given_rights.status_code == 201
    settings = f"{MANAGED}/ns1/vpc/aws/settings"
    served.post(f"{MANAGED}/ns1/vpc/aws/create", {})
    for group, expected in (("g", 200), ("G", 403), ("g ", 403)):
        session = begun_session(served, person("alice", group))
        assert served.post(settings, {}, headers=session.proved).status_code == expected


@pytest.mark.parametrize("path", [GROUPS, permissions("platform")])
def test_bodies_are_json(served: Served, path: str) -> None:
    served.post(GROUPS, GROUP)
    as_text = served.request("POST", path, headers=ADMIN, content=b"{}")
    broken = served.request("POST", path, headers=ADMIN | {"Content-Type": "application/json"}, content=b"{bad")
    huge = served.request("POST", path, headers=ADMIN | {"Content-Type": "application/json"}, content=b" " * (2 << 20))
    assert [answer.status_code for answer in (as_text, broken, huge)] == [415, 400, 413]
    assert all(is_message(answer.json()) for answer in (as_text, broken, huge))


# --- permissions ---


def test_a_permission_is_given_once(served: Served) -> None:
    served.post(GROUPS, GROUP)
    answer = served.post(permissions("platform"), {"permission_type": "FULL"})
    assert (answer.status_code, answer.json()) == (
        201,
        {"user_group": "platform", "namespace": "ns1", "permission_type": "FULL"},
    )
    assert events(served, 1) == [("USER_GROUP_NAMESPACE_PERMISSION_ADD", "platform/ns1", None, "FULL")]
    for again in ("MODIFY", "FULL"):
        refused = served.post(permissions("platform"), {"permission_type": again})
        assert (refused.status_code, is_message(refused.json())) == (400, True)
    assert served.get(GROUPS, headers=ADMIN).json() == [
        {**GROUP, "namespace_permissions": [{"namespace": "ns1", "permission_type": "FULL"}]}
    ]


NO_PERMISSIONS: list[object] = ["full", "Full", "", " FULL", "FULL\n", "NONE", 5, None, ["FULL"], {}, True]


@pytest.mark.parametrize(
    "document",
    [
        *({"permission_type": kind} for kind in NO_PERMISSIONS),
        {},
        [],
        "FULL",
        {"type": "FULL"},
    ],
)
def test_what_is_no_permission_is_refused(served: Served, document: object) -> None:
    served.post(GROUPS, GROUP)
    answer = served.post(permissions("platform"), document)
    assert (answer.status_code, is_message(answer.json())) == (400, True)
    assert served.get(GROUPS, headers=ADMIN).json()[0]["namespace_permissions"] == []


HOSTILE = ["nope", "%20", "x" * 4000, "%F0%9F%98%80", "a%2Fb", "%27%3B--", "..%2F..", "%25", "_", "%0a"]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_unknown_is_told_in_a_message(served: Served, name: str) -> None:
    served.post(GROUPS, GROUP)
    answers = [
        served.post(f"{GROUPS}/{name}/permissions/ns1", {"permission_type": "FULL"}),
        served.post(f"{GROUPS}/platform/permissions/{name}", {"permission_type": "FULL"}),
        served.delete(f"{GROUPS}/{name}/permissions/ns1"),
        served.delete(f"{GROUPS}/platform/permissions/{name}"),
        served.delete(f"{GROUPS}/{name}"),
    ]
    assert [(answer.status_code, is_message(answer.json())) for answer in answers] == [(400, True)] * 5
    assert len(served.get(GROUPS, headers=ADMIN).json()) == 1


@pytest.mark.parametrize("name", ["%00", "%ff", "a%00b"])
def test_what_is_no_text_is_not_found(served: Served, name: str) -> None:
    for path in (f"{GROUPS}/{name}", f"{GROUPS}/platform/permissions/{name}"):
        assert served.delete(path).status_code == 404


def test_a_permission_is_taken_away_once(served: Served) -> None:
    served.post(GROUPS, {"name": "a b", "site_admin": False})
    served.post(permissions("a b"), {"permission_type": "MODIFY"})
    first, second = served.delete(permissions("a b")), served.delete(permissions("a b"))
    assert (first.status_code, first.json()) == (200, {})
    assert events(served, 1) == [("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "a b/ns1", "MODIFY", None)]
    assert (second.status_code, is_message(second.json())) == (400, True)


def test_former_names_of_a_namespace_lead_to_it(served: Served) -> None:
    served.post(GROUPS, GROUP)
    served.post(f"{NAMESPACES}/ns1", {"name": "ns3"})
    given = served.post(permissions("platform", "NS1"), {"permission_type": "FULL"})
    assert given.json() == {"user_group": "platform", "namespace": "ns3", "permission_type": "FULL"}
    assert served.post(permissions("platform", "ns3"), {"permission_type": "FULL"}).status_code == 400
    assert served.delete(permissions("platform", "ns1")).status_code == 200
    assert events(served, 1)[0][1] == "platform/ns3"


# --- deleting and listing ---


def test_a_deleted_group_takes_its_permissions_along_with_an_event_each(served: Served) -> None:
    served.post(GROUPS, GROUP)
    served.post(permissions("platform", "ns2"), {"permission_type": "FULL"})
    served.post(permissions("platform", "ns1"), {"permission_type": "MODIFY"})
    answer = served.delete(f"{GROUPS}/platform")
    assert (answer.status_code, answer.json()) == (200, {})
    assert events(served, 3) == [
        ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "platform/ns1", "MODIFY", None),
        ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "platform/ns2", "FULL", None),
        ("USER_GROUP_DELETE", "platform", None, None),
    ]
    assert served.get(GROUPS, headers=ADMIN).json() == []
    # A new group of the same name begins without them.
    served.post(GROUPS, GROUP)
    assert served.get(GROUPS, headers=ADMIN).json()[0]["namespace_permissions"] == []


def test_a_deleted_namespace_takes_its_permissions_along_with_an_event_each(served: Served) -> None:
    for name in ("first", "second"):
        served.post(GROUPS, {"name": name, "site_admin": False})
        served.post(permissions(name), {"permission_type": "FULL"})
    assert served.delete(f"{NAMESPACES}/ns1", {}).status_code == 200
    assert events(served, 3) == [
        ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "first/ns1", "FULL", None),
        ("USER_GROUP_NAMESPACE_PERMISSION_DELETE", "second/ns1", "FULL", None),
        ("NAMESPACE_DELETE", "ns1", None, None),
    ]


@pytest.mark.parametrize("body", [b"", b"{bad", b'{"csrf_token": 5}', b"[]", b"\xff"])
def test_the_body_of_a_deletion_is_ignored(served: Served, body: bytes) -> None:
    served.post(GROUPS, GROUP)
    assert served.request("DELETE", f"{GROUPS}/platform", headers=ADMIN, content=body).status_code == 200


def test_groups_are_listed_in_order_of_creation_and_permissions_by_name(served: Served) -> None:
    served.post(NAMESPACES, {"name": "Alpha"})
    for name in ("zz", "aa"):
        served.post(GROUPS, {"name": name, "site_admin": name == "aa"})
    for namespace in ("ns2", "Alpha", "ns1"):
        served.post(permissions("zz", namespace), {"permission_type": "MODIFY"})
    listed = served.get(GROUPS, headers=ADMIN).json()
    assert [group["name"] for group in listed] == ["zz", "aa"]
    assert [set(group) for group in listed] == [{"name", "site_admin", "namespace_permissions"}] * 2
    assert listed[0]["namespace_permissions"] == [
        {"namespace": name, "permission_type": "MODIFY"} for name in ("Alpha", "ns1", "ns2")
    ]


def test_only_site_admins_manage_groups(served: Served) -> None:
    given_group(served, "owners", rights={"ns1": "FULL"})
    given_group(served, "chiefs", site_admin=True)
    owner, chief = begun_session(served, person("o", "owners")), begun_session(served, person("c", "chiefs"))
    for headers, expected in (
        ({}, 401),
        (keyed("upload-key"), 403),
        (owner.proved, 403),
        (chief.proved, 201),
    ):
        assert served.post(GROUPS, GROUP, headers=headers).status_code == expected
    assert served.get(GROUPS, headers=owner.headers).status_code == 403
    assert served.get(GROUPS, headers=chief.headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", GROUPS, "GET, HEAD, POST, OPTIONS"),
        ("GET", f"{GROUPS}/platform", "DELETE, OPTIONS"),
        ("PUT", f"{GROUPS}/platform", "DELETE, OPTIONS"),
        ("GET", permissions("platform"), "POST, DELETE, OPTIONS"),
        ("PATCH", permissions("platform"), "POST, DELETE, OPTIONS"),
    ],
)
def test_other_methods_are_not_allowed(served: Served, method: str, path: str, allow: str) -> None:
    answer = served.request(method, path, headers=ADMIN)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert is_message(answer.json())


def test_a_trailing_slash_is_no_alias(served: Served) -> None:
    assert served.get(f"{GROUPS}/", headers=ADMIN).status_code == 404
