"""Whether tokens form an expression of Terraform's language, for text that the parser does not know (8.10.1)."""

from collections.abc import Sequence

import attrs

from terrareg_adapters.terraform.hcl.tokens import Kind, Token

_BINARY = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"})
_OPERANDS = frozenset({Kind.NAME, Kind.NUMBER, Kind.HEREDOC})


@attrs.define
class _Group:
    """Something opened: what it is, and what it still needs."""

    kind: str
    """`(`, `call`, `[`, `index`, `{`, `"`, `${` or `%{`; `""` is the whole expression."""
    may_close: bool = False
    """Whether it may be closed where an operand could stand: empty, or behind a comma."""
    questions: int = 0
    """Conditions whose `:` is still to come."""
    valued: bool = True
    """Of an object: whether the current element has got past its key."""


def is_expression(source: str, tokens: Sequence[Token]) -> bool:
    """Whether `tokens`, of one expression in `source`, stand in an order that Terraform could accept.

    Linear, and without recursion. Directives and `for` expressions are not recognised; the parser knows those.
    """
    return _Recogniser(source).accepts(tokens)


class _Recogniser:
    """Walks over the tokens, always knowing whether an operand or an operator is due."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._groups = [_Group("")]
        self._operand_due = True
        self._name_due = False
        self._callable = False
        """Whether the last token is a name, so that `(` makes a call."""
        self._close_due = False
        """Whether the last token is the `...` that ends the arguments of a call."""

    def accepts(self, tokens: Sequence[Token]) -> bool:
        for token in tokens:
            text = self._source[token.start : token.end]
            if not self._step(token.kind, text):
                return False
            self._callable = token.kind is Kind.NAME
        whole = self._groups[-1]
        return len(self._groups) == 1 and not (self._operand_due or self._name_due or whole.questions)

    def _step(self, kind: Kind, text: str) -> bool:
        group = self._groups[-1]
        if group.kind == '"':
            return self._in_string(kind, text)
        if self._close_due:
            self._close_due = False
            return kind is Kind.CLOSE and self._close()
        if self._name_due:
            self._name_due = False
            return kind in (Kind.NAME, Kind.NUMBER) or text == "*"
        return self._operand(kind, text, group) if self._operand_due else self._operator(kind, text, group)

    def _in_string(self, kind: Kind, text: str) -> bool:
        if kind is Kind.QUOTE:
            self._groups.pop()
            self._operand_due = False
            return True
        return text == "${" and self._open(text)

    def _open(self, kind: str, *, may_close: bool = False, valued: bool = True) -> bool:
        self._groups.append(_Group(kind, may_close=may_close, valued=valued))
        self._operand_due = kind != '"'
        return True

    def _operand(self, kind: Kind, text: str, group: _Group) -> bool:
        if kind is Kind.CLOSE:
            return group.may_close and self._close()
        if kind is Kind.NEWLINE:
            return group.kind == "{" and group.may_close
        group.may_close = False
        if kind is Kind.SYMBOL:
            if text == "*" and group.kind == "index":
                self._operand_due = False
                return True
            return text in ("!", "-")
        if kind is Kind.QUOTE:
            return self._open('"')
        if kind is Kind.OPEN:
            return self._open(text, may_close=text in "[{", valued=text != "{")
        self._operand_due = False
        return kind in _OPERANDS

    def _operator(self, kind: Kind, text: str, group: _Group) -> bool:
        if kind is Kind.CLOSE:
            return group.valued and not group.questions and self._close()
        if kind is Kind.OPEN:
            return (text == "[" and self._open("index")) or (
                text == "(" and self._callable and self._open("call", may_close=True)
            )
        if kind is Kind.NEWLINE:
            return group.kind == "{" and group.valued and self._next_element(group)
        if kind is not Kind.SYMBOL:
            return False
        if text in (".", "::"):
            self._name_due = True
            return True
        if text == ",":
            return group.kind in ("call", "[", "{") and group.valued and self._next_element(group)
        if text == "...":
            self._close_due = True
            return group.kind == "call" and not group.questions
        self._operand_due = True
        return text in _BINARY or self._punctuation(text, group)

    def _punctuation(self, text: str, group: _Group) -> bool:
        if text == "?":
            group.questions += 1
            return True
        if text == ":" and group.questions:
            group.questions -= 1
            return True
        if text in (":", "=") and group.kind == "{" and not group.valued:
            group.valued = True
            return True
        return False

    def _next_element(self, group: _Group) -> bool:
        group.may_close = self._operand_due = True
        group.valued = group.kind != "{"
        return not group.questions

    def _close(self) -> bool:
        if len(self._groups) == 1:
            return False
        self._groups.pop()
        self._operand_due = False
        return True
