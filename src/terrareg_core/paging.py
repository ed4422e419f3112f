"""Pages of lists: which rows a client asked for, and where the neighbouring pages begin (chapter 01, 2.7)."""

from collections.abc import Sequence
from typing import Generic, Self, TypeVar

import attrs

MAX_OFFSET = 2**31 - 1
"""What every database takes; a larger offset is as good as this one."""

RowT = TypeVar("RowT")


@attrs.frozen
class PageRequest:
    """The rows asked for: `limit` of them (at least 1), after skipping `offset` (at least 0)."""

    offset: int
    limit: int

    @classmethod
    def clamped(cls, offset: int, limit: int, *, most: int = 50) -> Self:
        """The request nearest to what a client wrote: limit within 1…`most`, offset within 0…2³¹-1."""
        return cls(min(max(offset, 0), MAX_OFFSET), min(max(limit, 1), most))


@attrs.frozen
class Page(Generic[RowT]):
    """Some rows of a longer list, and how long that list is."""

    request: PageRequest
    rows: Sequence[RowT]
    total: int
    """Where nobody counted: the rows up to this page's end, and one more if there are more."""

    @classmethod
    def uncounted(cls, request: PageRequest, rows: Sequence[RowT]) -> Self:
        """The page of a list that nobody counted; `rows` begin at the page's offset, and are one more than its limit
        where there are more."""
        return cls(request, rows[: request.limit], request.offset + len(rows) if rows else 0)

    @property
    def previous_offset(self) -> int | None:
        """Where the page before this one begins, or None on the first."""
        return max(self.request.offset - self.request.limit, 0) if self.request.offset > 0 else None

    @property
    def next_offset(self) -> int | None:
        """Where the page behind this one begins, or None when nothing is left."""
        following = self.request.offset + self.request.limit
        return following if self.total > following else None
