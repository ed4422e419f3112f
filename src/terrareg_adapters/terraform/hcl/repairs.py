"""One linear pass over native syntax before it is parsed: what is not balanced is refused, and what the parser can't
read, although Terraform can, is rewritten to the same length, so that positions in the parse tree are positions in the
source (chapter 03, 8.10)."""

import re
from collections.abc import Sequence

import attrs

from terrareg_adapters.terraform.hcl.tokens import INLINE, LINES, ONE, REST_OF_LINE, Kind, Token


class SourceFlaw(Exception):
    """Text that can't be read; `position` is an index into the source, `reason` is a clause for people."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


@attrs.frozen
class Heredoc:
    """Where the parts of a heredoc are."""

    body: int
    """Index of its first character behind the line of the opening marker."""
    closing: int
    """Index of the first character of the line with the closing marker."""
    end: int
    """Index behind the closing marker."""
    flush: bool
    """Whether it was opened with `<<-`: common indentation is removed."""
    templates: Sequence[tuple[int, int]]
    """Start and end of each interpolation and directive directly in its body."""


@attrs.frozen
class Scanned:
    """What the pass found."""

    parseable: str
    """The source, rewritten; of the same length."""
    heredocs: dict[int, Heredoc]
    """By the index of their `<<`. In `parseable` each is one quoted string."""
    _source: str
    _tokens: Sequence[Token]
    """With runs."""

    @property
    def tokens(self) -> Sequence[Token]:
        """The tokens of the source, told apart anew each time: they are needed when the source can't be parsed."""
        return [token for run in self._tokens for token in _told_apart(self._source, run)]


_SURROGATE = "[dD][89a-fA-F]"
_QUOTED = re.compile(
    r"""
    (?P<literal>[^"\\$%\r\n\ud800-\udfff]+)
  | (?P<escaped>\$\$\{|%%\{)
  | (?P<template>[$%]\{)
  | (?P<dollar>[$%])
  | (?P<escape>\\(?:[nrt"\\]|u(?!{surrogate})[0-9a-fA-F]{4}|U(?!0000{surrogate})(?:000[0-9a-fA-F]|0010)[0-9a-fA-F]{4}))
  | (?P<end>")
    """.replace("{surrogate}", _SURROGATE),
    re.VERBOSE,
)
_HEREDOC_STOP = re.compile(r"\$\$\{|%%\{|(?P<template>[$%]\{)|(?P<newline>\n)|(?P<broken>[\ud800-\udfff])")
_GAP = r"(?:[ \t]|\r?\n|(?:\#|//)[^\n]*|/\*(?s:.*?)\*/)*+"
_FOR_OBJECT = re.compile(rf"{_GAP}for(?![\w-]){_GAP}(?=[^\W\d])")
"""What stands behind the brace and before the first variable of `{ for … }`."""
_NAME_REST = re.compile(r"[\w-]*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_ENDS = {"endif": "if", "endfor": "for"}
_REPAIRED = frozenset({"!", "-", "::"})
"""Operators that `_repair_operators` may have to change."""
_NAME, _SYMBOL, _NEWLINE, _RUN = Kind.NAME, Kind.SYMBOL, Kind.NEWLINE, Kind.RUN
"""For where each token comes by: looking up a member takes a while."""
_KINDS = {
    "name": Kind.NAME,
    "symbol": Kind.SYMBOL,
    "string": Kind.QUOTE,
    "quote": Kind.QUOTE,
    "number": Kind.NUMBER,
    "open": Kind.OPEN,
    "close": Kind.CLOSE,
    "heredoc": Kind.HEREDOC,
}
"""By the group of `ONE`."""
_TEXTS = frozenset({'"', "<<"})
_SILENT = frozenset({"newline", "comment", "block_comment", "nothing"})
_OPERAND_ENDS = frozenset({Kind.NAME, Kind.NUMBER, Kind.CLOSE, Kind.QUOTE, Kind.HEREDOC})


@attrs.define
class _Open:
    """Something opened and not yet closed."""

    opener: str
    """`(`, `[`, `{`, `${`, `%{`, `"` or `<<`."""
    position: int
    lines_matter: bool
    """Whether a line end directly inside separates (bodies and objects) or is blank (everything else)."""
    first_token: int = 0
    """Of a template: the index of the first token inside."""
    directives: list[tuple[str, int]] = attrs.field(factory=list)
    """Of a string or heredoc: each `if` and `for` still to be ended, and where it stands."""
    # Of a heredoc only.
    marker: str = ""
    flush: bool = False
    body: int = 0
    templates: list[tuple[int, int]] = attrs.field(factory=list)
    edits_before: int = 0


def scan(source: str) -> Scanned:
    """Check that everything opened is closed, and rewrite what the parser would refuse or misread.

    Bytes that are no UTF-8 come as lone surrogates; they are fine in comments, as Terraform sees it. Raises SourceFlaw.
    """
    return _Scanner(source).scan()


def _told_apart(source: str, token: Token) -> Sequence[Token]:
    """The tokens of a run; any other token alone."""
    if token.kind is not Kind.RUN:
        return [token]
    found = _Scanner(source[token.start : token.end], tells_apart=True).tokens()
    return [Token(kind, token.start + start, token.start + end) for kind, start, end in found]


def _first(source: str, token: Token) -> Token:
    """The first token of a run, read on its line alone; any other token as it is."""
    if token.kind is not Kind.RUN:
        return token
    end = source.find("\n", token.start, token.end) + 1 or token.end
    return _told_apart(source, token._replace(end=end))[0]


def _last(source: str, token: Token) -> Token:
    """The last token of a run, read on its line alone; any other token as it is."""
    if token.kind is not Kind.RUN:
        return token
    start = source.rfind("\n", token.start, token.end - 1) + 1 or token.start
    return _told_apart(source, token._replace(start=start))[-1]


class _Scanner:
    """The state of one pass; one that `tells_apart` makes no runs, and is for the text of a run."""

    def __init__(self, source: str, *, tells_apart: bool = False) -> None:
        self._source = source
        self._position = 0
        self._stack: list[_Open] = []
        self._tokens: list[Token] = []
        self._heredocs: dict[int, Heredoc] = {}
        self._edits: list[tuple[int, int, str]] = []
        self._operators: list[int] = []
        """Indices of the tokens in `_REPAIRED`."""
        self._line_open = tells_apart
        """Whether something but blanks stands between the last line end that counted and here."""
        self._told_apart_to = len(source) if tells_apart else -1
        """Up to which index no runs are made, the token there included."""
        self._first_variable = -1
        """The index of the name that makes braces a for expression."""

    def scan(self) -> Scanned:
        """See the function."""
        tokens = self.tokens()
        self._repair_operators()
        return Scanned(self._rewritten(), self._heredocs, self._source, tokens)

    def tokens(self) -> Sequence[Token]:
        """Everything in the source, balanced."""
        end = len(self._source)
        while self._position < end:
            opener = self._stack[-1].opener if self._stack else ""
            # Simple strings are tokens of code; here are those with templates or escapes.
            if opener == '"':
                self._scan_quoted(self._stack[-1])
            elif opener == "<<":
                self._scan_heredoc(self._stack[-1])
            else:
                self._scan_code()
        if self._stack:
            self._refuse_unclosed(self._stack[-1])
        return self._tokens

    def _refuse_unclosed(self, left_open: _Open) -> None:
        what = {"<<": f"the heredoc <<{left_open.marker[:60]}", '"': "the string"}.get(
            left_open.opener, f"the {left_open.opener}"
        )
        raise SourceFlaw(left_open.position, f"{what} opened here is never closed")

    # --- code ------------------------------------------------------------------------------------------------------

    def _scan_code(self) -> None:
        """Walk on until a string or heredoc begins or goes on, or the source ends."""
        source, end, stack = self._source, len(self._source), self._stack
        add, new = self._tokens.append, tuple.__new__  # half the time of Token()
        position = self._position
        while position < end:
            found = self._next(position)
            run_end = found.end("run")
            if run_end > position:
                add(new(Token, (_RUN, position, run_end)))
                self._line_open = source[run_end - 1] != "\n"
            group = found.lastgroup or "run"
            if group == "run":
                start = _behind_blanks(source, run_end)
                raise SourceFlaw(start, _unexpected_character(source[start]))
            start, position = found.span(group)
            if group in _SILENT:
                position = self._pass_over(group, start, position)
                continue
            self._line_open = True
            kind = _KINDS[group]
            if kind is _NAME:
                position = self._name(start, position)
            elif kind is _SYMBOL:
                self._symbol(start, position)
            elif group == "string":
                add(new(Token, (kind, start, start + 1)))
                add(new(Token, (kind, position - 1, position)))
            elif group == "close":
                self._close(start, source[start])
                if stack and stack[-1].opener in _TEXTS:
                    break
            else:
                add(new(Token, (kind, start, position)))
                if group != "number" and self._open(group, found):
                    break
        self._position = position

    def _next(self, position: int) -> re.Match[str]:
        """A run, which may be empty, and the token behind it."""
        if position <= self._told_apart_to:
            pattern = ONE
        elif self._stack and not self._stack[-1].lines_matter:
            pattern = INLINE
        else:
            pattern = REST_OF_LINE if self._line_open else LINES
        found = pattern.match(self._source, position)
        assert found is not None  # no run and no token are a match too
        return found

    def _pass_over(self, group: str, start: int, end: int) -> int:
        """Deal with what is no token, and say where it ends."""
        if group == "newline":
            self._line_end(start, end)
        elif group == "comment":
            self._edits.append((start, end, " "))
        elif group == "block_comment":
            return self._block_comment(start)
        return end

    def _add(self, kind: Kind, start: int, end: int) -> None:
        self._tokens.append(Token(kind, start, end))

    def _line_end(self, start: int, end: int) -> None:
        if self._stack and not self._stack[-1].lines_matter:
            self._edits.append((start, end, " "))
        elif self._line_open:
            self._line_open = False
            self._tokens.append(Token(_NEWLINE, start, end))
            if end - start == 2:
                self._edits.append((start, start + 1, " "))
        else:
            # An empty line says nothing; without it the parser has one token less.
            self._edits.append((start, end, " "))

    def _block_comment(self, start: int) -> int:
        end = self._source.find("*/", start + 2)
        if end < 0:
            raise SourceFlaw(start, "the comment opened here is never closed")
        self._edits.append((start, end + 2, " "))
        return end + 2

    def _name(self, start: int, end: int) -> int:
        """Take a name that no run holds, and say where it ends."""
        if start == self._first_variable:
            # Line ends are blank inside a for expression, but not in an object that has a key called for.
            self._stack[-1].lines_matter = False
        end = self._cover_letters(start, end)
        self._add(_NAME, start, end)
        return end

    def _cover_letters(self, start: int, end: int) -> int:
        """Rewrite the letters of a name that the parser doesn't know, and say where the name ends."""
        while self._source[end : end + 1] > "\x7f" and f"a{self._source[end]}".isidentifier():
            # Combining marks are letters of identifiers, but not of regular expressions.
            end = _end_of_name(self._source, end + 1)
        for odd in _NOT_ASCII.finditer(self._source, start, end):
            self._edits.append((odd.start(), odd.end(), "a"))
        return end

    def _symbol(self, start: int, end: int) -> None:
        text = self._source[start:end]
        if text == "~":
            self._strip_marker(start)
            return
        if text in _REPAIRED:
            self._operators.append(len(self._tokens))
        self._tokens.append(Token(_SYMBOL, start, end))

    def _strip_marker(self, position: int) -> None:
        """`~` directly behind `${` or before its `}` only trims; the parser knows it in directives alone."""
        inside = self._stack[-1] if self._stack else None
        opens = inside is not None and inside.position + 2 == position
        closes = self._source.startswith("}", position + 1)
        if inside is None or inside.opener not in ("${", "%{") or not (opens or closes):
            raise SourceFlaw(position, _unexpected_character("~"))
        self._edits.append((position, position + 1, " "))

    def _close(self, position: int, closer: str) -> None:
        if not self._stack:
            raise SourceFlaw(position, f"the {closer} closes nothing")
        opened = self._stack.pop()
        if closer != _CLOSERS.get(opened.opener, "}"):
            raise SourceFlaw(position, f"the {closer} does not close the {opened.opener} that was opened last")
        self._add(Kind.CLOSE, position, position + 1)
        if opened.opener == "%{":
            self._note_directive(opened, self._stack[-1])
        if opened.opener in ("${", "%{") and self._stack[-1].opener == "<<":
            self._stack[-1].templates.append((opened.position, position + 1))

    def _note_directive(self, directive: _Open, text: _Open) -> None:
        keyword = self._text(_first(self._source, self._tokens[directive.first_token]))
        innermost = text.directives[-1][0] if text.directives else ""
        if keyword in _ENDS.values():
            text.directives.append((keyword, directive.position))
        elif innermost != _ENDS.get(keyword, "if" if keyword == "else" else None):
            raise SourceFlaw(directive.position, f"a directive can't be {_shown(keyword[:1])}{keyword[1:30]} here")
        elif keyword != "else":
            text.directives.pop()

    def _close_text(self, text: _Open) -> None:
        self._stack.pop()
        if text.directives:
            keyword, position = text.directives[-1]
            raise SourceFlaw(position, f"the %{{ {keyword} }} opened here is never ended")

    def _open(self, group: str, match: re.Match[str]) -> bool:
        """Note that a bracket, string or heredoc begins, and say whether what follows is text rather than code."""
        start, end = match.span(group)
        if group != "heredoc":
            opener = self._source[start]
            self._stack.append(_Open(opener, start, lines_matter=opener == "{"))
            if opener == "{" and (intro := _FOR_OBJECT.match(self._source, end)):
                self._first_variable = intro.end()
                self._told_apart_to = max(self._told_apart_to, self._first_variable)
            return group == "quote"
        self._stack.append(
            _Open(
                "<<",
                start,
                lines_matter=False,
                marker=match["marker"],
                flush=bool(match["flush"]),
                body=end,
                edits_before=len(self._edits),
            )
        )
        return True

    # --- strings ---------------------------------------------------------------------------------------------------

    def _scan_quoted(self, string: _Open) -> None:
        start = self._position
        match = _QUOTED.match(self._source, start)
        if match is None:
            raise SourceFlaw(*self._broken_string(string, start))
        self._position = match.end()
        if match.lastgroup == "escaped":
            self._edits.append((start, start + 3, "x"))
        elif match.lastgroup == "template":
            self._open_template(start)
        elif match.lastgroup == "end":
            self._close_text(string)
            self._add(Kind.QUOTE, start, start + 1)

    def _broken_string(self, string: _Open, position: int) -> tuple[int, str]:
        if self._source.startswith("\\", position) and self._source[position + 1 : position + 2] not in ("\n", ""):
            return position, f"\\{_shown(self._source[position + 1])} is no escape that a string knows"
        if "\ud800" <= self._source[position] <= "\udfff":
            return position, "a byte here is no UTF-8"
        return string.position, "the string opened here does not end on its line"

    def _open_template(self, start: int) -> None:
        self._add(Kind.OPEN, start, start + 2)
        opener = self._source[start : start + 2]
        self._stack.append(_Open(opener, start, lines_matter=False, first_token=len(self._tokens)))

    # --- heredocs --------------------------------------------------------------------------------------------------

    def _scan_heredoc(self, heredoc: _Open) -> None:
        if self._source[self._position - 1] == "\n" and self._closes(heredoc):
            return
        match = _HEREDOC_STOP.search(self._source, self._position)
        if match is None:
            self._refuse_unclosed(heredoc)
            return
        self._position = match.end()
        if match.lastgroup == "broken":
            raise SourceFlaw(match.start(), "a byte here is no UTF-8")
        if match.lastgroup == "template":
            self._open_template(match.start())

    def _closes(self, heredoc: _Open) -> bool:
        start = self._position
        line_end = self._source.find("\n", start)
        line = self._source[start : line_end if line_end >= 0 else len(self._source)]
        if line.strip() != heredoc.marker:
            return False
        self._close_text(heredoc)
        end = self._position = start + len(line.rstrip())
        self._heredocs[heredoc.position] = Heredoc(heredoc.body, start, end, heredoc.flush, tuple(heredoc.templates))
        # To the parser the whole is one quoted string, which has no markers it could dislike, and no slow regexes.
        del self._edits[heredoc.edits_before :]
        self._edits += [
            (heredoc.position, heredoc.position + 1, '"'),
            (heredoc.position + 1, end - 1, "x"),
            (end - 1, end, '"'),
        ]
        while self._tokens[-1].start > heredoc.position:
            self._tokens.pop()
        self._tokens[-1] = Token(Kind.HEREDOC, heredoc.position, end)
        while self._operators and self._operators[-1] >= len(self._tokens):
            self._operators.pop()
        return True

    # --- rewriting -------------------------------------------------------------------------------------------------

    def _text(self, token: Token) -> str:
        return self._source[token.start : token.end]

    def _repair_operators(self) -> None:
        """Rewrite what the parser's grammar of operators lacks.

        Of several prefix operators in a row the first stays, a minus that would be taken for the sign of the number
        behind it becomes a plus (whoever evaluates reads operators from the source), and a namespaced function becomes
        one long name.
        """
        tokens = self._tokens
        last_prefix = -2
        for index in self._operators:
            token = tokens[index]
            previous = _last(self._source, tokens[index - 1]) if index else None
            text = self._text(token)
            if text == "::":
                following = _first(self._source, tokens[index + 1]) if index + 1 < len(tokens) else None
                if previous is not None and following is not None and previous.kind is following.kind is Kind.NAME:
                    self._edits.append((previous.end, following.start, "_"))
            elif not _ends_operand(previous, self._source):
                if last_prefix == index - 1:
                    self._edits.append((token.start, token.end, " "))
                last_prefix = index
            elif text == "-" and self._source[token.end : token.end + 1].isdigit():
                self._edits.append((token.start, token.end, "+"))

    def _rewritten(self) -> str:
        source = self._source
        pieces = []
        position = 0
        for start, end, filler in sorted(self._edits):
            if start < position:
                continue
            pieces += [source[position:start], filler * (end - start)]
            position = end
        pieces.append(source[position:])
        return "".join(pieces)


def _ends_operand(token: Token | None, source: str) -> bool:
    if token is None or token.kind not in _OPERAND_ENDS:
        return False
    return token.kind is not Kind.NAME or source[token.start : token.end] not in ("in", "if")


def _behind_blanks(source: str, position: int) -> int:
    while source[position] in " \t":
        position += 1
    return position


def _unexpected_character(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "a byte here is no UTF-8"
    return f"unexpected {_shown(character)}"


def _shown(character: str) -> str:
    return character if character.isprintable() else f"character U+{ord(character):04X}"


def _end_of_name(source: str, start: int) -> int:
    match = _NAME_REST.match(source, start)
    return match.end() if match else start
