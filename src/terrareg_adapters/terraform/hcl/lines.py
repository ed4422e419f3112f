"""The lines of a source text: their numbers, and the comments that the parse tree doesn't keep."""

import re
from bisect import bisect_right

_COMMENT = ("#", "//")
_SURROGATE = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """The text with halves of surrogate pairs (bytes that are no UTF-8 among them) made the replacement character."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


class Lines:
    """The lines of a source text: their numbers, and the comments among them."""

    def __init__(self, source: str) -> None:
        self._texts = source.split("\n")
        self._starts = [0]
        for text in self._texts:
            self._starts.append(self._starts[-1] + len(text) + 1)

    def number(self, position: int) -> int:
        """The number, from 1, of the line that holds the character at `position`."""
        return bisect_right(self._starts, position, hi=len(self._texts))

    def comment_above(self, line: int) -> str:
        """The leading comment of a block on `line`: the comment lines, not indented, directly above it (8.7)."""
        first = line
        while first > 1 and self._texts[first - 2].startswith(_COMMENT):
            first -= 1
        return " ".join(_comment_text(text) for text in self._texts[first - 1 : line - 1])

    def header(self) -> str:
        """The block comment that starts on the first line, without its stars (8.7); `""` without one."""
        if not self._texts[0].lstrip().startswith("/*"):
            return ""
        header = []
        for text in self._texts[1:]:
            trimmed = text.strip()
            if not trimmed.startswith("*") or trimmed.startswith("*/"):
                break
            header.append("" if trimmed == "*" else text.lstrip(" ").rstrip("\r").removeprefix("* "))
        return replace_surrogates("\n".join(header))


def _comment_text(line: str) -> str:
    return replace_surrogates(line.strip().removeprefix("#").removeprefix("//").strip())
