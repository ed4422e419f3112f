"""Which bytes a request gets: what holds for every header (RFC 9110, 13 and 14)."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from terrareg_http.ranges import Selection, select

ETAG = '"abc"'
sizes = st.integers(0, 1000)
positions = st.integers(0, 1100)


def selected(size: int, **headers: str) -> Selection:
    return select(Headers({name.replace("_", "-"): value for name, value in headers.items()}), "GET", ETAG, size)


@given(size=sizes, first=positions, last=positions)
def test_a_range_gives_the_bytes_that_it_names(size: int, first: int, last: int) -> None:
    selection = selected(size, range=f"bytes={first}-{last}")
    named = range(size)[first : last + 1]
    if last < first:
        assert selection == Selection(200, 0, size)
    elif named:
        assert selection == Selection(206, named[0], named[-1] + 1)
    else:
        assert selection.status == 416


@given(size=sizes, length=positions)
def test_a_suffix_gives_the_last_bytes(size: int, length: int) -> None:
    selection = selected(size, range=f"bytes=-{length}")
    if min(size, length) == 0:
        assert selection.status == 416
    else:
        assert selection == Selection(206, max(size - length, 0), size)


@given(
    size=sizes,
    ask=st.one_of(st.text(alphabet="bytes=-0123456789,; x"), st.text(alphabet=st.characters(max_codepoint=255))),
    known=st.text(alphabet='"W/*,abc '),
)
def test_no_header_gives_bytes_that_are_not_there(size: int, ask: str, known: str) -> None:
    selection = selected(size, range=ask, if_none_match=known)
    assert selection.status in {200, 206, 304, 416}
    assert 0 <= selection.start <= selection.end <= size
    if selection.status in {304, 416}:
        assert selection.start == selection.end


def test_a_range_of_a_head_request_is_ignored() -> None:
    assert select(Headers({"range": "bytes=0-1"}), "HEAD", ETAG, 10) == Selection(200, 0, 10)
