"""What web-hooks say: signatures, and payloads of any kind (chapter 02, 11)."""

import hashlib
import hmac
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidPayload
from terrareg_core.modules.hook_events import (
    TAGS_MAX,
    GitHost,
    HookEvent,
    NothingToDo,
    SigningKeys,
    TagPushed,
    TagRemoved,
    read_event,
    read_pushes,
)
from terrareg_core.modules.sources import TagFormat
from terrareg_core.versions import Version

TAGS = TagFormat.parse("v{version}")
ONE = Version.parse("1.0.0")
HOSTS = [GitHost.GITHUB, GitHost.GITLAB, GitHost.GITEA]
SIGNING = [GitHost.BITBUCKET, GitHost.GITHUB, GitHost.GITEA]

_WORDS = st.sampled_from(
    ["ADD", "UPDATE", "TAG", "tag", "tag_push", "push", "create", "delete", "v1.0.0", "refs/tags/v1.0.0", "0" * 40]
)
_KEYS = st.sampled_from(
    [
        *("changes", "push", "new", "ref", "ref_type", "type", "id", "name", "release", "tag_name", "action", "draft"),
        *("object_kind", "checkout_sha", "after", "test"),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS | st.text(), inner),
    max_leaves=20,
)
_KEY = st.binary(min_size=1, max_size=40)


def _signature(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode()


# --- signatures --------------------------------------------------------------------------------------------------


@given(host=st.sampled_from(SIGNING), keys=st.lists(_KEY, min_size=1, unique=True), body=st.binary(), data=st.data())
def test_the_signature_of_any_key_is_good_with_and_without_its_prefix(
    host: GitHost, keys: list[bytes], body: bytes, data: st.DataObject
) -> None:
    made = _signature(data.draw(st.sampled_from(keys)), body)
    for value in (made, b"sha256=" + made):
        assert SigningKeys(tuple(keys)).verify(host, {host.signature_headers[0]: value}, body)


@given(host=st.sampled_from(SIGNING), body=st.binary(), change=st.binary(min_size=1))
def test_a_body_that_was_changed_is_not_signed(host: GitHost, body: bytes, change: bytes) -> None:
    headers = {host.signature_headers[0]: _signature(b"k", body)}
    assert not SigningKeys((b"k",)).verify(host, headers, body + change)


@given(host=st.sampled_from(GitHost), value=st.binary(), body=st.binary())
def test_no_header_is_good_by_chance_and_none_raises(host: GitHost, value: bytes, body: bytes) -> None:
    keys = SigningKeys((b"the-key-of-the-registry",))
    assert not keys.verify(host, dict.fromkeys(host.signature_headers, value), body)
    assert not keys.verify(host, {}, body)
    assert not SigningKeys().verify(host, dict.fromkeys(host.signature_headers, value), body)


def test_each_host_has_its_own_header() -> None:
    body = b"{}"
    made = _signature(b"k", body)
    everything = {"x-hub-signature", "x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature"}
    for host in SIGNING:
        good = {name for name in everything if SigningKeys((b"k",)).verify(host, {name: made}, body)}
        assert good == set(host.signature_headers)


def test_gitlab_shows_the_key_itself() -> None:
    keys = SigningKeys((b"k1", b"k2"))
    assert keys.verify(GitHost.GITLAB, {"x-gitlab-token": b"k2"}, b"anything")
    assert not keys.verify(GitHost.GITLAB, {"x-gitlab-token": b"k"}, b"anything")
    assert not keys.verify(GitHost.GITLAB, {"x-gitlab-token": _signature(b"k1", b"x")}, b"x")


def test_the_keys_are_not_in_the_text_form() -> None:
    assert "hunter2" not in repr(SigningKeys((b"hunter2",)))


# --- payloads ----------------------------------------------------------------------------------------------------


@given(host=st.sampled_from(HOSTS), event=_WORDS | st.text(), payload=_JSON)
def test_any_json_is_an_event_or_is_refused(host: GitHost, event: str, payload: object) -> None:
    with suppress(InvalidPayload):
        read = read_event(host, event, payload, TAGS)
        assert isinstance(read, NothingToDo) or read.version == TAGS.version_of(read.tag)


@given(event=st.text(), payload=_JSON)
def test_any_json_is_a_push_or_is_refused(event: str, payload: object) -> None:
    with suppress(InvalidPayload):
        pushes = read_pushes(event, payload, TAGS)
        assert all(pushed.version == TAGS.version_of(pushed.tag) for pushed in pushes)


def _release(action: str = "published", tag: str = "v1.0.0", **release: object) -> dict[str, object]:
    return {"action": action, "release": {"tag_name": tag, **release}}


@pytest.mark.parametrize(
    ("host", "event", "payload", "expected"),
    [
        (GitHost.GITHUB, "release", _release(), TagPushed("v1.0.0", ONE)),
        (GitHost.GITHUB, "release", _release("whatever", prerelease=True), TagPushed("v1.0.0", ONE)),
        (GitHost.GITHUB, "release", _release("deleted"), TagRemoved("v1.0.0", ONE)),
        (GitHost.GITHUB, "release", _release("unpublished", draft=True), TagRemoved("v1.0.0", ONE)),
        (GitHost.GITHUB, "release", _release("created", "untagged-1", draft=True), None),
        (GitHost.GITHUB, "release", _release("deleted", draft=True), None),
        (GitHost.GITHUB, "ping", {"zen": "."}, None),
        (GitHost.GITLAB, "", {"object_kind": "tag_push", "ref": "refs/tags/v1.0.0"}, TagPushed("v1.0.0", ONE)),
        (
            GitHost.GITLAB,
            "",
            {"object_kind": "tag_push", "ref": "refs/tags/v1.0.0", "checkout_sha": None},
            TagRemoved("v1.0.0", ONE),
        ),
        (GitHost.GITLAB, "", {"object_kind": "push", "ref": "refs/tags/v1.0.0"}, None),
        (GitHost.GITLAB, "", {"object_kind": "tag_push", "ref": "refs/heads/v1.0.0"}, None),
        (GitHost.GITLAB, "", [], None),
        (GitHost.GITEA, "create", {"ref": "v1.0.0", "ref_type": "tag"}, TagPushed("v1.0.0", ONE)),
        (GitHost.GITEA, "delete", {"ref": "v1.0.0", "ref_type": "tag"}, TagRemoved("v1.0.0", ONE)),
        (GitHost.GITEA, "create", {"ref": "v1.0.0", "ref_type": "branch"}, None),
        (GitHost.GITEA, "push", {"ref": "refs/tags/v1.0.0", "after": "1" * 40}, TagPushed("v1.0.0", ONE)),
        (GitHost.GITEA, "push", {"ref": "refs/tags/v1.0.0", "after": "0" * 40}, None),
        (GitHost.GITEA, "push", {"ref": "refs/heads/main"}, None),
        (GitHost.GITEA, "release", {"ref": "refs/tags/v1.0.0"}, None),
    ],
)
def test_what_an_event_means(host: GitHost, event: str, payload: object, expected: HookEvent | None) -> None:
    read = read_event(host, event, payload, TAGS)
    assert isinstance(read, NothingToDo) if expected is None else read == expected


def _pushed(*tags: object) -> dict[str, object]:
    return {"changes": [{"type": "ADD", "ref": {"type": "TAG", "id": tag}} for tag in tags]}


def test_a_push_brings_each_version_once_in_order() -> None:
    payload = _pushed("refs/tags/v2.0.0", "refs/tags/v1.0.0", "refs/tags/v2.0.0", "v3.0.0", "refs/tags/v1.0.0-beta")
    assert [pushed.tag for pushed in read_pushes("", payload, TAGS)] == ["v2.0.0", "v1.0.0"]


@pytest.mark.parametrize("payload", [{"test": True}, {"test": True, "changes": 1}])
def test_a_connection_test_brings_nothing(payload: object) -> None:
    assert read_pushes("", payload, TAGS) == ()
    assert read_pushes("diagnostics:ping", {}, TAGS) == ()


def test_a_push_cannot_bring_repositories_without_end() -> None:
    tags = [f"refs/tags/v1.0.{number}" for number in range(TAGS_MAX + 1)]
    assert len(read_pushes("", _pushed(*tags[1:]), TAGS)) == TAGS_MAX
    with pytest.raises(InvalidPayload, match="more than"):
        read_pushes("", _pushed(*tags), TAGS)
