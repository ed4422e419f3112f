"""Namespaces: rows 1 to 10 and 14 of chapter 02, section 19."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.http.serving import ADMIN, MANAGED, NAMESPACES, NOT_FOUND, Served


def is_domain_error(document: object) -> bool:
    return isinstance(document, dict) and set(document) == {"status", "message"} and document["status"] == "Error"


def test_an_empty_registry_lists_nothing_in_both_forms(empty: Served) -> None:
    assert empty.get(NAMESPACES).json() == []
    assert empty.get(f"{NAMESPACES}?limit=10").json() == {"meta": {"limit": 10, "current_offset": 0}, "namespaces": []}


def test_a_namespace_is_created(empty: Served) -> None:
    answer = empty.post(NAMESPACES, {"name": "acme"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"name": "acme", "view_href": "/modules/acme", "display_name": None},
    )
    named = empty.post(NAMESPACES, {"name": "beta", "display_name": "Beta Inc", "csrf_token": None})
    assert named.json()["display_name"] == "Beta Inc"


@pytest.mark.parametrize(
    "document",
    [
        {"name": "acme"},
        {"name": "ACME"},
        {},
        {"name": None},
        {"name": "a"},
        {"name": "a__b"},
        {"name": "nl\n"},
        {"name": "x" * 129},
        {"name": 55},
        {"name": True},
        {"name": ["acme2"]},
        {"name": "a\0b"},
        {"name": "b2", "display_name": "-x"},
        {"name": "b2", "display_name": "the ACME"},
        {"name": "b2", "display_name": {}},
        {"name": "b2", "csrf_token": 5},
        [],
        "acme2",
        5,
    ],
)
def test_what_is_no_new_namespace_is_refused(empty: Served, document: object) -> None:
    empty.post(NAMESPACES, {"name": "acme", "display_name": "The Acme"})
    answer = empty.post(NAMESPACES, document)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())
    assert len(empty.get(NAMESPACES).json()) == 1


def test_an_underscore_matches_only_itself(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    assert empty.post(NAMESPACES, {"name": "ac_e"}).status_code == 200


def test_a_body_is_read_only_for_those_who_may_and_must_be_json(empty: Served) -> None:
    anonymous = empty.request("POST", NAMESPACES, content=b"{")
    known = empty.request("POST", NAMESPACES, content=b"{", headers={"X-Terrareg-ApiKey": "upload-key"})
    no_body = empty.request("POST", NAMESPACES, headers=ADMIN)
    as_form = empty.request("POST", NAMESPACES, headers=ADMIN, data={"name": "acme"})
    broken = empty.request("POST", NAMESPACES, headers=ADMIN | {"Content-Type": "application/json"}, content=b"{")
    answers = [anonymous, known, no_body, as_form, broken]
    assert [answer.status_code for answer in answers] == [401, 403, 415, 415, 400]
    assert all(list(answer.json()) == ["message"] for answer in answers)
    assert all(isinstance(answer.json()["message"], str) for answer in answers)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\xff", b'{"name": "\\ud800x"}', b"", b'{"name": NaN}', b'{"name": "x"} y']
)
def test_hostile_json_is_refused(empty: Served, content: bytes) -> None:
    answer = empty.request("POST", NAMESPACES, headers=ADMIN | {"Content-Type": "application/json"}, content=content)
    assert answer.status_code == 400


def test_other_json_types_are_read_too(empty: Served) -> None:
    headers = ADMIN | {"Content-Type": "Application/Vnd.API+JSON; charset=utf-8"}
    assert empty.request("POST", NAMESPACES, headers=headers, content=b'{"name": "acme"}').status_code == 200


@pytest.mark.parametrize("declared", [True, False])
def test_a_huge_document_is_refused(empty: Served, declared: bool) -> None:
    content = b'{"name": "' + b"x" * (2 << 20) + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    headers = ADMIN | {"Content-Type": "application/json"}
    answer = empty.request("POST", NAMESPACES, headers=headers, content=content if declared else chunks())
    assert answer.status_code == 413
    assert list(answer.json()) == ["message"]


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("type=foo", "type"),
        ("type=", "type"),
        ("limit=abc", "limit"),
        ("limit=", "limit"),
        ("only_published=maybe", "only_published"),
        ("offset=x", "offset"),
    ],
)
def test_the_wrong_argument_is_named(empty: Served, query: str, argument: str) -> None:
    answer = empty.get(f"{NAMESPACES}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["message"]) == [argument]


def test_the_type_decides_what_the_items_lead_to(shared: Served) -> None:
    (item,) = shared.get(f"{NAMESPACES}?type=provider").json()
    assert item["view_href"] == "/providers/acme"


def test_pages_tell_their_neighbours(empty: Served) -> None:
    for name in ("acme", "Zed", "beta"):
        empty.post(NAMESPACES, {"name": name})
    answer = empty.get(f"{NAMESPACES}?limit=1&offset=1").json()
    assert answer["meta"] == {"limit": 1, "current_offset": 1, "prev_offset": 0, "next_offset": 2}
    assert [item["name"] for item in answer["namespaces"]] == ["beta"]
    assert empty.get(f"{NAMESPACES}?limit=-1").json()["meta"] == {"limit": 1, "current_offset": 0, "next_offset": 1}
    assert empty.get(f"{NAMESPACES}?limit={10**25}").json()["meta"] == {"limit": 1000, "current_offset": 0}


def test_only_namespaces_with_something_to_see_are_listed_on_demand(shared: Served, empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "void"})
    assert empty.get(f"{NAMESPACES}?only_published=true").json() == []
    assert [item["name"] for item in shared.get(f"{NAMESPACES}?only_published=1").json()] == ["acme"]


def test_a_namespace_is_shown(shared: Served) -> None:
    assert shared.get(f"{NAMESPACES}/acme").json() == {
        "name": "acme",
        "is_auto_verified": False,
        "trusted": False,
        "display_name": None,
        "default_provider_source": None,
    }


def test_an_unknown_namespace_is_not_found(shared: Served) -> None:
    answer = shared.get(f"{NAMESPACES}/nope")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_a_namespace_is_deleted_once_it_is_empty(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    empty.post(f"{MANAGED}/acme/net/aws/create", {})
    refused = empty.delete(f"{NAMESPACES}/acme", {})
    assert refused.status_code == 400
    assert is_domain_error(refused.json())
    assert empty.delete(f"{MANAGED}/acme/net/aws/delete", {}).status_code == 200
    deleted = empty.delete(f"{NAMESPACES}/acme", {})
    assert (deleted.status_code, deleted.json()) == (200, {})
    assert empty.get(f"{NAMESPACES}/acme").status_code == 404
    assert empty.delete(f"{NAMESPACES}/acme", {}).json() == NOT_FOUND


def test_only_those_who_may_delete_a_namespace(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    assert empty.request("DELETE", f"{NAMESPACES}/acme").status_code == 401
    known = empty.request("DELETE", f"{NAMESPACES}/acme", headers={"X-Terrareg-ApiKey": "publish-key"})
    assert known.status_code == 403
    assert empty.delete(f"{NAMESPACES}/acme").status_code == 415
    assert empty.get(f"{NAMESPACES}/acme").status_code == 200


# --- changing: rows 11 to 13 ---


def test_a_renamed_namespace_is_served_under_both_names(full: Served) -> None:
    archive = full.get(f"{MANAGED}/acme/vpc/aws/1.0.0/source.zip")
    assert archive.status_code == 200
    answer = full.post(f"{NAMESPACES}/acme", {"name": "acmeco", "display_name": "Acme Co"})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "name": "acmeco",
            "view_href": "/modules/acmeco",
            "display_name": "Acme Co",
            "default_provider_source": None,
        },
    )
    for name in ("acme", "acmeco"):
        assert full.get(f"{NAMESPACES}/{name}").json()["name"] == "acmeco"
        assert full.get(f"{MANAGED}/{name}/vpc/aws/1.0.0/source.zip").content == archive.content


@pytest.mark.parametrize(
    "document",
    [{"name": "x y"}, {"name": "n2", "display_name": "!!"}, {"name": 5}, {"display_name": []}, [], {"name": ""}],
)
def test_a_namespace_is_not_changed_in_part(empty: Served, document: object) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    answer = empty.post(f"{NAMESPACES}/acme", document)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())
    assert empty.get(f"{NAMESPACES}/acme").json()["name"] == "acme"


def test_an_unknown_provider_source_is_told_in_a_message(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    answer = empty.post(f"{NAMESPACES}/acme", {"default_provider_source": "nope", "name": "other"})
    assert (answer.status_code, list(answer.json())) == (400, ["message"])
    assert empty.get(f"{NAMESPACES}/other").status_code == 404
    assert empty.post(f"{NAMESPACES}/acme", {"default_provider_source": ""}).status_code == 200
    assert empty.post(f"{NAMESPACES}/nope", {"name": "other"}).json() == NOT_FOUND


def test_a_name_that_led_elsewhere_is_told_to_be_replaced(empty: Served) -> None:
    for name in ("acme", "beta"):
        empty.post(NAMESPACES, {"name": name})
    empty.post(f"{NAMESPACES}/acme", {"name": "second"})
    answer = empty.post(f"{NAMESPACES}/beta", {"name": "acme", "display_name": None})
    assert answer.json() == {
        "name": "acme",
        "view_href": "/modules/acme",
        "display_name": None,
        "default_provider_source": None,
        "replaced_redirect": True,
    }


def test_an_unknown_namespace_is_reported_before_a_body_is_read(empty: Served) -> None:
    for method in ("POST", "DELETE"):
        answer = empty.request(method, f"{NAMESPACES}/unknown", headers=ADMIN)
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
