"""The tokens of native syntax, and the runs of them that need no look of ours."""

import re
from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """What a token is to the grammar of expressions."""

    NAME = auto()
    NUMBER = auto()
    OPEN = auto()
    """`(`, `[`, `{`, or the start of an interpolation or directive."""
    CLOSE = auto()
    QUOTE = auto()
    """The start or the end of a quoted string."""
    HEREDOC = auto()
    """A whole heredoc."""
    NEWLINE = auto()
    """A line end that separates; those inside parentheses and the like are no tokens."""
    SYMBOL = auto()
    RUN = auto()
    """Tokens in a row that only count when somebody asks for them, line ends that separate among them."""


class Token(NamedTuple):
    """A piece of source that is neither blank nor comment nor literal text of a string."""

    kind: Kind
    start: int
    end: int


_SPECIAL = r"""
    (?P<name>[^\W\d][\w-]*)
  | (?P<newline>\r?\n)
  | (?P<string>"[^"\\$%\r\n\ud800-\udfff]*+")
  | (?P<quote>")
  | (?P<comment>(?:\#|//)[^\n]*)
  | (?P<block_comment>/\*)
  | (?P<heredoc><<(?P<flush>-?)(?P<marker>[^\W\d][\w-]*)\r?\n)
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
  | (?P<open>[(\[{])
  | (?P<close>[)\]}])
  | (?P<symbol>::|=>|==|!=|<=|>=|&&|\|\||\.\.\.|[=!<>?:+\-*/%.,~])
  | (?P<nothing>\Z)
"""
"""A token, comment or line end, as a group of its name."""

_PLAIN = r"""
    [A-Za-z_][A-Za-z0-9_-]*+(?![^\x00-\x7f])
  | "[^"\\$%\r\n\ud800-\udfff]*+"
  | [0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+
  | [=>?+*%.,]
  | :(?!:)
  | /(?![/*])
  | <(?!<-?[^\W\d][\w-]*+\r?\n)
  | !=
  | &&
  | \|\|
"""
"""A token that the parser reads as Terraform does, whatever stands around it."""


_ROW = rf"(?:[ \t]*+(?:{_PLAIN}))*+[ \t]*+"
_PIECE = rf"""[ \t]*+(?:
    {_PLAIN}
  | \({_ROW}\)
  | \[{_ROW}\]
  | \{{{_ROW}\}}
  | "(?:[^"\\$%\r\n\ud800-\udfff]++|\\[nrt"\\]|\$(?!\$?\{{)|%(?!%?\{{)|\$\{{{_ROW}\}})*+"
)"""
"""A plain token, or on one line: a row of them in brackets, or a string with such rows in its templates."""
_LINE_END = r"(?:[ \t]*+\n)?+"


def _behind(run: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<run>{run})(?:[ \t]*+(?:{_SPECIAL}))?+", re.VERBOSE)


ONE = _behind("")
"""The next token, comment or line end behind blanks; where none is, the last group is `run`."""
INLINE = _behind(rf"(?:{_PIECE})*+")
"""A run and what `ONE` finds behind it, for where line ends don't matter."""
LINES = _behind(rf"(?:{_PIECE}{_LINE_END})*+")
"""As `INLINE`, for where line ends separate: the run holds those behind its tokens."""
REST_OF_LINE = _behind(rf"{_LINE_END}(?:{_PIECE}{_LINE_END})*+")
"""As `LINES`, behind a token: the run may begin with the end of its line."""
