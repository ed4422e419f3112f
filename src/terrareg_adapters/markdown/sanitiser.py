"""The one place that escapes HTML: full escaping, and the two allow-lists under which markup of strangers survives.

Sanitising has two halves. The first walks the tokens of the text and writes them anew: allowed tags in canonical form
and well nested, everything else as text. The second hands that to nh3, a real HTML parser, and only what comes back
*unchanged* is returned; where parser and first half disagree, the parser's reading goes round again, and a text on
which they never agree is escaped whole. So nothing rests on the first half alone.
"""

import re
from collections.abc import Callable, Mapping
from html import unescape
from html.entities import html5
from typing import Final

import attrs
import nh3

from terrareg_adapters.markdown.markup import EndTag, StartTag, Text, tokenise

SANITISED_MAX: Final = 200 * 1024
"""Longest text, in characters, whose markup survives; a longer one, or one that grows beyond it, is escaped whole."""

DEPTH_MAX: Final = 100
"""Start tags nested deeper than this are shown as text: HTML parsers take time quadratic in the depth."""

_ROUNDS: Final = 4
"""How often parser and rewriting may disagree before the text is escaped whole."""

AttributeRewrite = Callable[[str, str, str], str | None]
"""(tag, attribute, value) to the value to write instead; None drops the attribute."""


_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_EXTERNAL_REL: Final = "noopener nofollow"


def _cleaner(allowed: "AllowList") -> nh3.Cleaner:
    attributes: dict[str, set[str]] = {tag: set(names) for tag, names in allowed.attributes.items()}
    attributes["*"] = set()  # without this entry, lang and title would be allowed everywhere
    return nh3.Cleaner(
        tags=allowed.tags,
        attributes=attributes,
        tag_attribute_values={"a": {"rel": {_EXTERNAL_REL}}},
        link_rel=None,
        url_schemes=set(_SCHEMES),
    )


@attrs.frozen(eq=False)
class AllowList:
    """Which tags and attributes survive."""

    tags: frozenset[str]
    attributes: Mapping[str, frozenset[str]]
    """By tag; a tag without an entry keeps none."""
    cleaner: nh3.Cleaner = attrs.field(init=False, default=attrs.Factory(_cleaner, takes_self=True), repr=False)
    """Enforces the same."""


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


_HEADINGS: Final = _names("h1 h2 h3 h4 h5 h6")

PLAIN: Final = AllowList(
    tags=_names("a abbr acronym b blockquote code em i li ol strong ul"),
    attributes={"a": _names("href title"), "abbr": _names("title"), "acronym": _names("title")},
)
"""The *plain* list of chapter 03, 19.2: for text that stays Markdown."""

MARKDOWN: Final = AllowList(
    tags=PLAIN.tags
    | _HEADINGS
    | _names("p table thead tbody th tr td pre img br")
    | _names("hr del s sup sub kbd details summary div span"),
    attributes={
        **PLAIN.attributes,
        **dict.fromkeys(_HEADINGS, _names("id")),
        "a": _names("href title name id"),
        "img": _names("src alt title width height"),
        "code": _names("class"),
        "th": _names("align"),
        "td": _names("align"),
    },
)
"""The *Markdown* list of chapter 03, 19.2 with its improvements: for rendered documents and for descriptions."""


def escape(text: str) -> str:
    """`text` as HTML that shows it character by character; existing entities are shown as written, too."""
    return scrub(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def sanitise(html: str, allowed: AllowList) -> str:
    """`html` with the markup that `allowed` names, and everything else as text (chapter 03, 19.2).

    Tags that are not allowed are escaped, attributes that are not allowed dropped, comments removed, open elements
    closed, end tags of nothing dropped. Existing character references stay as they are; other `&`, `<` and `>` become
    some. URLs are relative or of http, https or mailto, and links that leave the host say `rel="noopener nofollow"`.
    Sanitising the result again changes nothing. Text longer than `SANITISED_MAX` is escaped whole. Never raises.
    """
    sanitised = try_sanitise(html, allowed, longest=SANITISED_MAX) if len(html) <= SANITISED_MAX else None
    return _finish(_written(scrub(html))) if sanitised is None else sanitised


def try_sanitise(html: str, allowed: AllowList, *, longest: int, rewrite: AttributeRewrite | None = None) -> str | None:
    """As `sanitise`, or None where that would escape everything: beyond `longest` characters, or when parsers differ.

    `rewrite` sees each attribute that is allowed, once, before its URL is judged.
    """
    written = _rewritten(scrub(html), allowed, rewrite)
    for _ in range(_ROUNDS):
        if len(written) > longest:
            return None
        if "<" not in written:
            return _finish(written)
        # Parsers drop the first newline of <pre>.
        parsed = allowed.cleaner.clean(written.replace("<pre>\n", "<pre>\n\n"))
        if parsed == written:
            return _finish(written)
        if len(parsed) > longest:
            return None
        written = _rewritten(parsed, allowed, None)
    return None


# --- characters --------------------------------------------------------------------------------------------------

# Two characters that no text may hold stand for what must pass the parser untouched: the `&` of an existing character
# reference (the parser would decode it), and a no-break space (it would be written as a reference).
_REFERENCE_MARK: Final = "\ufdd0"
_NO_BREAK_MARK: Final = "\ufdd1"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_BYTE_ORDER_MARK: Final = "\ufeff"
_UNFIT: Final = re.compile("[\x00\ufdd0\ufdd1\ud800-\udfff]")
_SPECIAL: Final = re.compile(
    r"&(?:(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};)|([A-Za-z][A-Za-z0-9]{1,31};))?|[<>\u00a0]",
)
_WRITTEN: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\u00a0": _NO_BREAK_MARK}
_ATTRIBUTE_TEXT: Final = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\u00a0": "&nbsp;",
        "\r": "\n",
        "\x00": _REPLACEMENT,
        _REFERENCE_MARK: _REPLACEMENT,
        _NO_BREAK_MARK: _REPLACEMENT,
    }
)


def scrub(text: str) -> str:
    """`text` with `\\n` line ends, without byte order marks, and with U+FFFD for what no parser or encoder takes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNFIT.sub(_REPLACEMENT, text.replace(_BYTE_ORDER_MARK, ""))


def _written(text: str) -> str:
    return _SPECIAL.sub(_written_special, text)


def _written_special(special: re.Match[str]) -> str:
    numeric, named = special.groups()
    if numeric or named in html5:
        return _REFERENCE_MARK + special[0][1:]
    return _WRITTEN[special[0][0]] + special[0][1:]


def _finish(written: str) -> str:
    return written.replace(_REFERENCE_MARK, "&").replace(_NO_BREAK_MARK, "\u00a0")


# --- URLs --------------------------------------------------------------------------------------------------------

_URL_ATTRIBUTES: Final = frozenset({"href", "src"})
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):")
_URL_IGNORED: Final = str.maketrans("", "", "\t\n\r")
_URL_STRIPPED: Final = "".join(map(chr, range(0x21)))


def _effective_url(url: str) -> str:
    """`url` as the URL standard's parser reads it: without tabs and newlines, nor blanks and controls around it."""
    return url.translate(_URL_IGNORED).strip(_URL_STRIPPED)


def _is_allowed_url(url: str) -> bool:
    scheme = _SCHEME.match(_effective_url(url))
    return scheme is None or scheme[1].lower() in _SCHEMES


def _leaves_host(url: str) -> bool:
    effective = _effective_url(url)
    return _SCHEME.match(effective) is not None or effective[:2].replace("\\", "/") == "//"


# --- elements ----------------------------------------------------------------------------------------------------

_VOID: Final = frozenset({"br", "hr", "img"})
_TABLE: Final = frozenset({"table"})
_TABLE_FRAME: Final = _names("table thead tbody tr")
_TABLE_PARENTS: Final = {
    "thead": _TABLE,
    "tbody": _TABLE,
    "tr": _names("table thead tbody"),
    "td": _TABLE_FRAME,
    "th": _TABLE_FRAME,
}
_SCOPE: Final = _names("table td th")
"""Elements that end tags and implied ends don't reach out of."""
_BLOCKS: Final = _HEADINGS | _names("blockquote details div hr li ol p pre summary table ul")
"""Elements that end an open paragraph."""
_ITEM_SCOPE: Final = _HEADINGS | _SCOPE | _TABLE_FRAME | _names("blockquote details ol pre summary ul")


def _rewritten(html: str, allowed: AllowList, rewrite: AttributeRewrite | None) -> str:
    """`html` in the one form that an HTML parser reads and writes back unchanged, marks in place of references."""
    writer = _Writer(allowed, rewrite)
    for token in tokenise(html):
        if isinstance(token, Text):
            writer.text(token.source)
        elif isinstance(token, StartTag):
            writer.start(token)
        else:
            writer.end(token)
    return writer.finish()


@attrs.define(eq=False)
class _Writer:
    """Writes tokens as well-nested HTML, ending elements where the HTML standard's tree construction ends them.

    Without this a parser would re-open formatting elements in every later block, which multiplies the text.
    """

    _allowed: AllowList
    _rewrite: AttributeRewrite | None
    _parts: list[str] = attrs.field(init=False, factory=list)
    _open: list[str] = attrs.field(init=False, factory=list)

    def text(self, source: str) -> None:
        self._parts.append(_written(source))

    def start(self, tag: StartTag) -> None:
        name = tag.name
        if name not in self._allowed.tags or (name in _TABLE_PARENTS and "table" not in self._open):
            self.text(tag.source)
            return
        self._end_implied(name)
        if name not in _VOID and len(self._open) >= DEPTH_MAX:
            self.text(tag.source)
            return
        self._parts.append(self._start_tag(tag))
        if name not in _VOID:
            self._open.append(name)

    def end(self, tag: EndTag) -> None:
        name = tag.name
        if name not in self._allowed.tags:
            self.text(tag.source)
        elif name == "br":  # a line break, as in browsers
            self._parts.append("<br>")
        else:
            self._close(name, _TABLE if name == "table" or name in _TABLE_PARENTS else _SCOPE)

    def finish(self) -> str:
        self._close_down_to(0)
        return "".join(self._parts)

    def _end_implied(self, name: str) -> None:
        """End what the start of `name` ends."""
        if name in _TABLE_PARENTS:
            depth = len(self._open)
            while self._open[depth - 1] not in _TABLE_PARENTS[name]:
                depth -= 1
            self._close_down_to(depth)
            return
        if name == "table" and self._open and self._open[-1] in _TABLE_FRAME:
            self._close("table", frozenset())
        if name == "li":
            self._close("li", _ITEM_SCOPE)
        if name in _BLOCKS:
            self._close("p", _SCOPE)
        if name in _HEADINGS and self._open and self._open[-1] in _HEADINGS:
            self._close_down_to(len(self._open) - 1)
        if name == "a":
            self._close("a", frozenset({"td", "th"}))

    def _close(self, name: str, scope: frozenset[str]) -> None:
        """Close the innermost `name` that isn't outside an element of `scope`, if there is one."""
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth] == name:
                self._close_down_to(depth)
                return
            if self._open[depth] in scope:
                return

    def _close_down_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._parts.append(f"</{self._open.pop()}>")

    def _start_tag(self, tag: StartTag) -> str:
        allowed = self._allowed.attributes.get(tag.name, frozenset())
        written = [f"<{tag.name}"]
        external = False
        for name, original in tag.attributes:
            if name not in allowed:
                continue
            value = original if self._rewrite is None else self._rewrite(tag.name, name, original)
            if value is None or (name in _URL_ATTRIBUTES and not _is_allowed_url(value)):
                continue
            external = external or (name == "href" and _leaves_host(value))
            written.append(f' {name}="{value.translate(_ATTRIBUTE_TEXT)}"')
        if external:
            written.append(f' rel="{_EXTERNAL_REL}"')
        written.append(">")
        return "".join(written)


# --- plain text --------------------------------------------------------------------------------------------------

_WITHOUT_TEXT: Final = frozenset({"pre", "script", "style"})


def text_content(html: str) -> str:
    """The text that `html` shows, without tags and without the content of `pre`, `script` and `style`.

    This is text, not HTML: character references are decoded. A `<br>` counts as a newline.
    """
    parts: list[str] = []
    skipped_until: str | None = None
    for token in tokenise(html):
        if skipped_until is not None:
            if isinstance(token, EndTag) and token.name == skipped_until:
                skipped_until = None
        elif isinstance(token, Text):
            parts.append(unescape(token.source))
        elif isinstance(token, StartTag):
            if token.name in _WITHOUT_TEXT:
                skipped_until = token.name
            elif token.name == "br":
                parts.append("\n")
    return "".join(parts)
