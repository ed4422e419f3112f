"""Arbitrary paths, queries and headers: always an answer of a documented shape, never a 500 (chapter 01, 9.14)."""

import json
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.http.serving import Served, scope_of

_WORDS = [
    *("v1", "v2", "modules", "providers", "terrareg", "search", "versions", "download", "source.zip", "namespaces"),
    *("acme", "vpc", "aws", "1.0.0", "latest", "tok__acme", "..", ".", "", "docs", "create", "delete", "publish"),
]
_NAMES = ["q", "limit", "offset", "provider", "verified", "presign", "terraform-get", "type", "only_published", "x"]

any_bytes = st.binary(max_size=12)
segments = st.one_of(
    st.sampled_from(_WORDS).map(str.encode),
    any_bytes.map(lambda raw: quote_from_bytes(raw).encode()),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"%00", b"%2F", b"%", b"%f0%28", b"a" * 300]),
)
values = st.one_of(
    st.integers().map(lambda number: str(number).encode()),
    st.sampled_from([b"true", b"1", b"", b"%00", b"%ff", b"9" * 400]),
    any_bytes.map(lambda raw: quote_from_bytes(raw).encode()),
    any_bytes,
)
queries = st.lists(st.tuples(st.sampled_from(_NAMES).map(str.encode), values), max_size=4).map(
    lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
)
headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"x-terrareg-apikey", b"authorization", b"range", b"if-none-match", b"if-range", b"content-type",
             b"content-length", b"x-terraform-version", b"user-agent", b"host"]
        ),
        st.one_of(any_bytes, st.sampled_from([b"admin-key", b"Bearer x", b"bytes=0-", b"*", b"application/json"])),
    ),
    max_size=3,
)  # fmt: skip

prefixes = st.sampled_from(
    [b"", b"/v1/modules", b"/v1/terrareg/modules", b"/modules", b"/v1/terrareg/modules/acme/vpc/aws", b"/v1/terrareg"]
)


def is_documented(document: Any) -> bool:
    """Whether an error body has one of the shapes of chapter 01, 1.2."""
    if not isinstance(document, dict):
        return False
    if set(document) == {"errors"}:
        return bool(document["errors"] == ["Not Found"])
    if set(document) == {"status", "message"}:
        return document["status"] == "Error" and isinstance(document["message"], str)
    message = document.get("message")
    if isinstance(message, dict):
        return len(message) == 1 and set(document) == {"message"}
    return isinstance(message, str) and set(document) == {"message"}


@given(
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "DELETE", "PUT"]),
    prefix=prefixes,
    path=st.lists(segments, max_size=7),
    query=queries,
    extra=headers,
    body=st.one_of(st.just(b"{}"), any_bytes),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_is_answered_out_of_shape(
    shared: Served,
    method: str,
    prefix: bytes,
    path: list[bytes],
    query: bytes,
    extra: list[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    raw_path = prefix + b"".join(b"/" + segment for segment in path)
    # The registry is shared with other tests: without the admin's key nothing can be changed.
    allowed = [item for item in extra if method in {"GET", "HEAD"} or item[1] != b"admin-key"]
    message = {"type": "http.request", "body": body, "more_body": False}
    sent = shared.asgi(scope_of(method, raw_path, allowed, query), [message])

    start = sent[0]
    content = b"".join(item.get("body", b"") for item in sent[1:])
    answered = dict(start["headers"])
    assert start["status"] < 500, content
    if method == "HEAD" or (method == "OPTIONS" and start["status"] == 200):
        assert content == b""
    elif answered.get(b"content-type") == b"application/json":
        assert content.endswith(b"\n")
        document = json.loads(content)
        assert start["status"] == 200 or is_documented(document)
    elif start["status"] >= 400:
        assert answered[b"content-type"].startswith(b"text/") or start["status"] == 416
