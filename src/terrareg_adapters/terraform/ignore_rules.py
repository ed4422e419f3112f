"""The rules of a `.tfignore` file: gitignore's language, matched in time that no pattern can blow up.

A regular expression made of a whole pattern backtracks for ever on `*a*a*a*a*b`, and patterns come from strangers.
Here each part of a pattern is matched against one part of a path; a star takes the shortest text that lets the next
piece match, and is never tried again, which for globs loses nothing.
"""

import re
from collections.abc import Sequence

import attrs

RULES_BYTES = 64 << 10
_PART_CHARACTERS = 1024

_POSIX_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
_BOM = b"\xef\xbb\xbf"


class _UnusablePatternError(Exception):
    """A pattern that git accepts and that matches nothing."""


@attrs.frozen
class _Rule:
    negated: bool
    directories_only: bool
    anchored: bool
    parts: Sequence[re.Pattern[str] | None]
    """One for each part of the path; None stands for `**`, any number of parts."""

    def matches(self, names: Sequence[str], directory: bool) -> bool:
        if self.directories_only and not directory:
            return False
        if not self.anchored:
            only = self.parts[0]
            return only is not None and only.fullmatch(names[-1]) is not None
        return self._matches_path(names)

    def _matches_path(self, names: Sequence[str]) -> bool:
        # Which numbers of leading names the parts so far can match; the last `**` needs one name at least.
        reached = {0}
        for position, part in enumerate(self.parts):
            if part is None:
                least = min(reached) + (position == len(self.parts) - 1)
                reached = set(range(least, len(names) + 1))
            else:
                reached = {done + 1 for done in reached if done < len(names) and part.fullmatch(names[done])}
            if not reached:
                return False
        return len(names) in reached


@attrs.frozen
class IgnoreRules:
    """What a `.tfignore` leaves out (chapter 03, 14); the rules are those of `man gitignore`."""

    _rules: Sequence[_Rule] = ()

    @classmethod
    def parse(cls, content: bytes) -> "IgnoreRules":
        """The rules of a file's content, of which the first 64 KiB count; what git can't read matches nothing."""
        text = content[:RULES_BYTES].removeprefix(_BOM).decode(errors="replace")
        rules = []
        for line in text.split("\n"):
            try:
                rule = _parse_line(line.removesuffix("\r"))
            except _UnusablePatternError:
                continue
            if rule is not None:
                rules.append(rule)
        return cls(tuple(rules))

    def ignores(self, path: str, *, directory: bool) -> bool:
        """Whether the last rule that matches `path` (below the root, joined by `/`) leaves it out.

        Only for paths whose parents are not ignored: what lies in an ignored directory is out, whatever the rules.
        """
        names = path.split("/")
        for rule in reversed(self._rules):
            if rule.matches(names, directory):
                return not rule.negated
        return False


def _parse_line(line: str) -> _Rule | None:
    if line.startswith("#"):
        return None
    pattern = _without_trailing_spaces(line)
    negated = pattern.startswith("!")
    pattern = pattern[negated:]
    directories_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    if not pattern:
        return None
    anchored = "/" in pattern
    parts: list[re.Pattern[str] | None] = []
    for text in pattern.removeprefix("/").split("/"):
        if len(text) > _PART_CHARACTERS:
            raise _UnusablePatternError
        if text == "**" and anchored:
            if parts and parts[-1] is None:
                continue
            parts.append(None)
        else:
            parts.append(re.compile(_translate(text), re.DOTALL))
    return _Rule(negated, directories_only, anchored, tuple(parts))


def _without_trailing_spaces(line: str) -> str:
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    # A space after a backslash is meant.
    return f"{stripped} " if len(stripped) < len(line) and backslashes % 2 else stripped


def _translate(glob: str) -> str:
    """The regular expression for one part of a pattern."""
    pieces = [""]
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += "."
        elif char == "[":
            expression, at = _translate_bracket(glob, at)
            pieces[-1] += expression
        elif char == "\\":
            if at == len(glob):
                raise _UnusablePatternError
            pieces[-1] += re.escape(glob[at])
            at += 1
        else:
            pieces[-1] += re.escape(char)
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _translate_bracket(glob: str, at: int) -> tuple[str, int]:
    """The expression for the bracket that opens before `glob[at]`, and where the pattern goes on."""
    negated = glob[at : at + 1] in {"!", "^"}
    at += negated
    items: list[str] = []
    first = True
    while first or glob[at : at + 1] != "]":
        first = False
        if glob.startswith("[:", at):
            end = glob.find(":]", at)
            name = glob[at + 2 : end] if end >= 0 else ""
            if name not in _POSIX_CLASSES:
                raise _UnusablePatternError
            items.append(_POSIX_CLASSES[name])
            at = end + 2
            continue
        low, at = _bracket_char(glob, at)
        high = low
        if glob[at : at + 1] == "-" and glob[at + 1 : at + 2] not in {"]", ""}:
            high, at = _bracket_char(glob, at + 1)
        if low <= high:
            items.append(f"{re.escape(low)}-{re.escape(high)}")
    if not items:
        return ("." if negated else "(?!)"), at + 1
    return f"[{'^' if negated else ''}{''.join(items)}]", at + 1


def _bracket_char(glob: str, at: int) -> tuple[str, int]:
    if glob[at : at + 1] == "\\":
        at += 1
    if at >= len(glob):
        raise _UnusablePatternError
    return glob[at], at + 1
