"""The audit history: rows 29 to 34 of chapter 04, section 21."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_core.audit.events import AuditAction, AuditEvent
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MANAGED, NAMESPACES, Served, opened_store

HISTORY = "/v1/terrareg/audit-history"
MOMENT = datetime(2025, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
BUILT_IN = "Built-in admin"


def history(served: Served, query: str = "") -> dict[str, Any]:
    """The history as the admin sees it."""
    answer = served.get(f"{HISTORY}?{query}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def rows(served: Served, query: str = "") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = history(served, query)["data"]
    return listed


def filled(served: Served, events: Sequence[AuditEvent]) -> Served:
    with opened_store(served.options) as unit_of_work, unit_of_work.write() as tx:
        for event in events:
            tx.audit.append(event)
    return served


def logins(*names: str | None) -> list[AuditEvent]:
    """A sign-in each, a second apart."""
    return [
        AuditEvent(MOMENT + timedelta(seconds=number), name, AuditAction.USER_LOGIN, None)
        for number, name in enumerate(names)
    ]


def test_only_site_admins_read_it(empty: Served) -> None:
    assert empty.get(HISTORY).status_code == 401
    refused = empty.get(HISTORY, headers={"X-Terrareg-ApiKey": "upload-key"})
    assert (refused.status_code, list(refused.json())) == (403, ["message"])
    assert history(empty) == {"data": [], "draw": 1, "recordsTotal": 0, "recordsFiltered": 0}


def test_permission_comes_before_arguments(empty: Served) -> None:
    assert empty.get(f"{HISTORY}?length=abc").status_code == 401


def test_the_newest_ten_events_are_shown(empty: Served) -> None:
    names = [f"ns{number}" for number in range(12)]
    for name in names:
        assert empty.post(NAMESPACES, {"name": name}).status_code == 200
    shown = history(empty)
    assert [row["object_id"] for row in shown["data"]] == names[::-1][:10]
    assert {key: shown[key] for key in ("draw", "recordsTotal", "recordsFiltered")} == {
        "draw": 1,
        "recordsTotal": 12,
        "recordsFiltered": 12,
    }


def test_an_event_is_shown_with_what_is_known_of_it(empty: Served) -> None:
    named = AuditEvent(
        MOMENT, "alice", AuditAction.NAMESPACE_MODIFY_DISPLAY_NAME, "platform", None, "Platform Team " + "x" * 5000
    )
    nobody = AuditEvent(datetime(2025, 3, 4, tzinfo=UTC), None, AuditAction.USER_LOGIN, None)
    shown = rows(filled(empty, [named, nobody]))
    assert shown == [
        {
            "timestamp": "2025-03-04T05:06:07.123456",
            "username": "alice",
            "action": "NAMESPACE_MODIFY_DISPLAY_NAME",
            "object_id": "platform",
            "old_value": None,
            "new_value": "Platform Team " + "x" * 5000,
        },
        {
            "timestamp": "2025-03-04T00:00:00",
            "username": None,
            "action": "USER_LOGIN",
            "object_id": None,
            "old_value": None,
            "new_value": None,
        },
    ]


def test_a_page_is_cut_out_and_the_draw_is_counted_up(empty: Served) -> None:
    shown = history(filled(empty, logins("a", "b", "c", "d")), "length=2&start=1&draw=7")
    assert [row["username"] for row in shown["data"]] == ["c", "b"]
    assert (shown["draw"], shown["recordsTotal"], shown["recordsFiltered"]) == (8, 4, 4)


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("length=0", ""),
        ("start=-3&length=1", "c"),
        ("length=-1", "cba"),
        ("length=1001", "cba"),
        ("start=3", ""),
        ("start=99999999999999999999", ""),
        ("length=99999999999999999999", "cba"),
        ("order[0][column]=99", "cba"),
        ("order[0][column]=-7", "cba"),
        ("order[0][column]=-99999999999999999999", "cba"),
        ("order[0][column]=0&order[0][dir]=asc", "abc"),
        ("order[0][dir]=DESC", "abc"),
        ("order[0][dir]=", "abc"),
        ("order%5B0%5D%5Bdir%5D=asc", "abc"),
        ("order[1][column]=1&columns[0][data]=x&search[regex]=true&_=1700000000000", "cba"),
        ("length=%202%20", "cb"),
        ("length=1&length=3", "c"),
    ],
)
def test_arguments_mean_what_the_protocol_says(empty: Served, query: str, listed: str) -> None:
    shown = rows(filled(empty, logins("a", "b", "c")), query)
    assert "".join(row["username"] for row in shown) == listed


def test_a_negative_length_is_the_longest_page(empty: Served) -> None:
    filled(empty, logins(*map(str, range(1001))))
    assert len(rows(empty, "length=-1")) == len(rows(empty, "length=2000")) == len(rows(empty, "length=1000")) == 1000


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("length=abc", "length"),
        ("start=", "start"),
        ("draw=x", "draw"),
        ("draw=1.0", "draw"),
        ("start=1e3", "start"),
        ("order[0][column]=username", "order[0][column]"),
        ("order%5B0%5D%5Bcolumn%5D=", "order[0][column]"),
        ("search[value]=%00", "search[value]"),
        ("length=x&start=x", "start"),
        ("length=1&length=x", "length"),
    ],
)
def test_the_wrong_argument_is_named(empty: Served, query: str, argument: str) -> None:
    answer = empty.get(f"{HISTORY}?{query}", headers=ADMIN)
    assert answer.status_code == 400
    assert list(answer.json()["message"]) == [argument]


@pytest.mark.parametrize("draw", ["9223372036854775807", "99999999999999999999", "-1", "-99999999999999999999"])
def test_a_huge_draw_is_answered(empty: Served, draw: str) -> None:
    assert isinstance(history(empty, f"draw={draw}")["draw"], int)


ARGUMENTS = ["draw", "start", "length", "search[value]", "order[0][column]", "order[0][dir]", "order[1][dir]"]


@given(
    st.lists(
        st.tuples(st.sampled_from(ARGUMENTS), st.integers().map(str) | st.text(max_size=5) | st.just("desc")),
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_arguments_are_answered_with_a_page_or_the_name_of_a_wrong_one(
    shared: Served, arguments: list[tuple[str, str]]
) -> None:
    query = "&".join(f"{quote(name)}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in arguments)
    answer = shared.get(f"{HISTORY}?{query}", headers=ADMIN)
    if answer.status_code == 400:
        assert set(answer.json()["message"]) < set(ARGUMENTS)
        return
    assert answer.status_code == 200
    shown = answer.json()
    assert len(shown["data"]) <= shown["recordsFiltered"] <= shown["recordsTotal"]


def test_a_filter_finds_users_and_actions_ignoring_case(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    empty.post(f"{NAMESPACES}/acme", {"display_name": "Acme"})
    filled(empty, logins("alice"))
    by_user = history(empty, "search[value]=BUILT")
    assert {row["username"] for row in by_user["data"]} == {BUILT_IN}
    assert (by_user["recordsTotal"], by_user["recordsFiltered"]) == (3, 2)
    by_action = rows(empty, "search%5Bvalue%5D=namespace_create")
    assert [(row["action"], row["object_id"]) for row in by_action] == [("NAMESPACE_CREATE", "acme")]


@pytest.mark.parametrize("search", ["%", "%%", "\\", "' OR 1=1 --", "Namespace\n", "\ufffd", "é", "x" * 3000])
def test_a_filter_is_taken_literally(empty: Served, search: str) -> None:
    filled(empty, logins("alice"))
    found = history(empty, f"search[value]={quote(search)}")
    assert (found["data"], found["recordsTotal"], found["recordsFiltered"]) == ([], 1, 0)


def test_bytes_that_are_no_text_are_no_failure(empty: Served) -> None:
    assert history(filled(empty, logins("alice")), "search[value]=%ff%f0%28")["recordsFiltered"] == 0


@pytest.mark.parametrize(("direction", "listed"), [("asc", ["aa", "bb", "Cc"]), ("desc", ["Cc", "bb", "aa"])])
def test_objects_are_ordered_ignoring_case(empty: Served, direction: str, listed: list[str]) -> None:
    for name in ("bb", "aa", "Cc"):
        assert empty.post(NAMESPACES, {"name": name}).status_code == 200
    shown = rows(empty, f"order[0][column]=3&order[0][dir]={direction}")
    assert [row["object_id"] for row in shown] == listed


def test_a_rename_with_a_new_display_name_makes_two_events(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "old", "display_name": "Old"})
    assert empty.post(f"{NAMESPACES}/old", {"name": "new", "display_name": "New"}).status_code == 200
    assert [
        (row["username"], row["action"], row["object_id"], row["old_value"], row["new_value"])
        for row in rows(empty, "length=2")
    ] == [
        (BUILT_IN, "NAMESPACE_MODIFY_DISPLAY_NAME", "new", "Old", "New"),
        (BUILT_IN, "NAMESPACE_MODIFY_NAME", "old", "old", "new"),
    ]


def test_settings_are_shown_with_flags_as_digits_and_urls_without_credentials(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    empty.post(f"{MANAGED}/acme/vpc/aws/create", {})
    changes = {"repo_clone_url_template": "https://secret@git.test/{module}", "verified": True}
    assert empty.post(f"{MANAGED}/acme/vpc/aws/settings", changes).status_code == 200
    shown = [(row["action"], row["old_value"], row["new_value"]) for row in rows(empty, "length=2")]
    assert shown == [
        ("MODULE_PROVIDER_UPDATE_VERIFIED", "0", "1"),
        ("MODULE_PROVIDER_UPDATE_GIT_CUSTOM_CLONE_URL", None, "https://***@git.test/{module}"),
    ]
    assert history(empty, "search[value]=secret")["recordsFiltered"] == 0


def test_a_call_that_failed_left_no_event(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    assert empty.post(f"{NAMESPACES}/acme", {"name": "new", "display_name": "-"}).status_code == 400
    assert history(empty)["recordsTotal"] == 1


def test_the_history_outlives_the_process(open_empty: Open) -> None:
    first = open_empty()
    first.post(NAMESPACES, {"name": "acme"})
    with Served(first.options) as second:
        assert [row["object_id"] for row in rows(second)] == ["acme"]


def test_headers_alone_can_be_asked_for(empty: Served) -> None:
    answer = empty.head(HISTORY, headers=ADMIN)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/json")
