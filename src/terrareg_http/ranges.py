"""Conditional and partial requests for stored content: which status, which bytes (RFC 9110, 13 and 14)."""

import re

import attrs
from starlette.datastructures import Headers

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_RANGE = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


@attrs.frozen
class Selection:
    """What is sent of a representation: the bytes from `start` up to `end`, none of them for 304 and 416."""

    status: int
    start: int
    end: int


def select(headers: Headers, method: str, etag: str, size: int) -> Selection:
    """What a request with these headers gets of content that has `size` bytes and the strong tag `etag`, quoted."""
    if _is_known(headers, etag):
        return Selection(304, 0, 0)
    whole = Selection(200, 0, size)
    # A range is defined for GET alone (14.2), and holds for the version only that the client has the rest of (13.1.5).
    if method != "GET" or headers.get("if-range", etag) != etag:
        return whole
    asked = _asked(headers)
    if asked is None:
        return whole
    first, last = asked
    if first is None:
        start, end = max(size - (last or 0), 0), size
    else:
        start, end = first, size if last is None else min(last + 1, size)
    return Selection(206, start, end) if start < end else Selection(416, 0, 0)


def _is_known(headers: Headers, etag: str) -> bool:
    """Whether `If-None-Match` names the tag, compared weakly (13.1.2)."""
    given = ",".join(headers.getlist("if-none-match")).strip()
    return given == "*" or etag in {tag.removeprefix("W/") for tag in _ETAG.findall(given)}


def _asked(headers: Headers) -> tuple[int | None, int | None] | None:
    """First and last byte of the one range that is asked for, the first None for a suffix; None for no such range.

    Several ranges may be answered with the whole (14.2), and malformed ones are ignored.
    """
    unit, _, ranges = headers.get("range", "").partition("=")
    match = _RANGE.fullmatch(ranges.strip()) if unit.strip().lower() == "bytes" else None
    if match is None:
        return None
    first, last = (int(text) if text else None for text in match.groups())
    if first is None and last is None:
        return None
    if first is not None and last is not None and last < first:
        return None
    return first, last
