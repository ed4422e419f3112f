"""Reads HTML text the way a browser's tokeniser does: text, start tags and end tags."""

import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final

import attrs

_UNTERMINATED_MAX: Final = 8
"""Each tag that never ends costs a scan to the end of the text; beyond this many, every further `<` is text."""

# The grammar of tags as the HTML standard's tokeniser reads them (13.2.5.6 to 13.2.5.40). A name may hold quotes and
# `<`, and start with `=`; a quote matters only after a `=`. Possessive throughout: no text makes it look back.
_SKIPPED: Final = r"[\t\n\f /]*+"
_NAME: Final = r"[^\t\n\f />][^\t\n\f />=]*+"
_EQUALS: Final = r"[\t\n\f ]*+=[\t\n\f ]*+"
_VALUE: Final = r"""(?:"[^"]*+"|'[^']*+'|(?!["'])[^\t\n\f >]*+)"""
_ATTRIBUTE: Final = re.compile(rf"{_SKIPPED}({_NAME})(?:{_EQUALS}({_VALUE}))?+")
_TAG: Final = re.compile(
    rf"<(/?)([A-Za-z][^\t\n\f />]*+)((?:{_SKIPPED}{_NAME}(?:{_EQUALS}{_VALUE}|(?!{_EQUALS})))*+){_SKIPPED}>"
)
_TAG_START: Final = re.compile(r"</?[A-Za-z]")
_EMPTY_COMMENT: Final = re.compile(r"<!---?>")
_COMMENT_END: Final = re.compile(r"--!?>")
_REFERENCE: Final = re.compile(r"&(?:#([0-9]{1,7});?|#[xX]([0-9a-fA-F]{1,6});?|([A-Za-z][A-Za-z0-9]{0,31};?)(=?))")


@attrs.frozen
class Text:
    """Character data, as written; a `<` or `&` in it starts nothing that this module knows."""

    source: str


@attrs.frozen
class StartTag:
    """A start tag; a trailing `/` means nothing, as in HTML."""

    source: str
    name: str
    """Lower case."""
    attributes: tuple[tuple[str, str], ...]
    """Lower-case names and decoded values in the order written; of repeated names only the first."""


@attrs.frozen
class EndTag:
    """An end tag; what it carries beside its name means nothing."""

    source: str
    name: str
    """Lower case."""


Token = Text | StartTag | EndTag


def tokenise(html: str) -> Iterator[Token]:
    """The tokens of `html` by the rules of the HTML standard's data state (section 13.2.5), without comments.

    Other than in a browser, nothing disappears: a tag or a comment that never ends, a declaration, a processing
    instruction and `</` before a non-letter are text. No element switches to raw text, so a caller that lets
    `<script>`, `<textarea>` and the like through must not trust the tokens after them. Takes time linear in the
    length, whatever the text.
    """
    position = text_from = 0
    unterminated = 0
    comments_end = True
    while (start := html.find("<", position)) >= 0:
        position = start + 1
        token: StartTag | EndTag | None = None
        if html.startswith("<!--", start):
            if not comments_end:
                continue
            closing = _EMPTY_COMMENT.match(html, start) or _COMMENT_END.search(html, start + 4)
            if closing is None:
                comments_end = False
                continue
            end = closing.end()
        else:
            if unterminated == _UNTERMINATED_MAX or _TAG_START.match(html, start) is None:
                continue
            tag = _TAG.match(html, start)
            if tag is None:
                unterminated += 1
                continue
            slash, name, attributes = tag.groups()
            name = _lower(name)
            token = EndTag(tag[0], name) if slash else StartTag(tag[0], name, _attributes(attributes))
            end = tag.end()
        if start > text_from:
            yield Text(html[text_from:start])
        if token is not None:
            yield token
        position = text_from = end
    if text_from < len(html):
        yield Text(html[text_from:])


def _lower(name: str) -> str:
    """`name` in lower case by the rule of HTML, which knows only ASCII letters: others never make an allowed name."""
    return name.lower() if name.isascii() else name


def _attributes(source: str) -> tuple[tuple[str, str], ...]:
    attributes: dict[str, str] = {}
    for name, written in _ATTRIBUTE.findall(source):
        value = written[1:-1] if written.startswith(('"', "'")) else written
        attributes.setdefault(_lower(name), _decode(value) if "&" in value else value)
    return tuple(attributes.items())


def _decode(value: str) -> str:
    """`value` with its character references replaced, by the rules for attributes: `&copy=1` in a query stays."""
    return _REFERENCE.sub(_character, value)


def _character(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name, equals = reference.groups()
    if name is not None:
        if name not in html5 or (equals and not name.endswith(";")):
            return reference[0]
        return html5[name] + equals
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    return chr(code)
