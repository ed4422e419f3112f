"""Renders Markdown with mistune, and makes every text of strangers safe to show."""

from collections.abc import Sequence
from typing import Final

import mistune
from mistune.plugins.formatting import strikethrough
from mistune.plugins.table import table, table_in_list, table_in_quote
from mistune.plugins.url import url

from terrareg_adapters.markdown.anchors import DocumentAnchors, HeadingIds
from terrareg_adapters.markdown.sanitiser import MARKDOWN, PLAIN, escape, sanitise, scrub, text_content, try_sanitise

RENDERED_MAX: Final = 200 * 1024
"""Longest Markdown, in characters, that is rendered; what follows is shown as it is written."""

_HTML_MAX: Final = 2 << 20
"""Longest HTML, in characters, that one document may become."""

_ADDRESSES_MAX: Final = 1 << 20
"""Characters of link addresses and titles in one document: a reference may repeat a long one any number of times."""


class MistuneRenderer:
    """Markdown to safe HTML; holds no state, and may be used from several threads."""

    def plain_text(self, markdown: str) -> Sequence[str]:
        """The text content of the rendered document, line by line, without code blocks (chapter 03, 7).

        Of a document longer than `RENDERED_MAX` only the beginning is looked at.
        """
        return text_content(_html(_split(scrub(markdown))[0])).split("\n")

    def render(self, markdown: str, file_name: str) -> str:
        """`markdown` as sanitised HTML, without newlines around it (chapter 03, 19.1 and the Markdown list of 19.2).

        `file_name` is the document's name as its own links write it, empty for a text that is no file. Of a document
        longer than `RENDERED_MAX` the beginning is rendered, up to a line's end, and the rest follows in a `<pre>` as
        it is written; so is all of a document that would become more than 2 Mi characters of HTML. Never raises.
        """
        markdown = scrub(markdown)
        beginning, rest = _split(markdown)
        rendered = try_sanitise(
            _html(beginning),
            MARKDOWN,
            longest=_HTML_MAX,
            rewrite=DocumentAnchors(file_name).rewrite_attribute,
        )
        if rendered is None:
            return _as_written(markdown)
        return rendered.strip("\n") + (f"\n{_as_written(rest)}" if rest else "")

    def sanitise_text(self, text: str) -> str:
        """`text` under the *plain* allow-list of chapter 03, 19.2; it stays Markdown."""
        return sanitise(text, PLAIN)

    def sanitise_markdown(self, text: str) -> str:
        """`text` under the *Markdown* allow-list of chapter 03, 19.2; it stays Markdown."""
        return sanitise(text, MARKDOWN)


def _as_written(markdown: str) -> str:
    return f"<pre>{escape(markdown)}</pre>"


def _split(markdown: str) -> tuple[str, str]:
    """What is rendered of `markdown`, and what is not."""
    if len(markdown) <= RENDERED_MAX:
        return markdown, ""
    cut = markdown.rfind("\n", 0, RENDERED_MAX) + 1 or RENDERED_MAX
    return markdown[:cut], markdown[cut:]


def _html(markdown: str) -> str:
    """`markdown` as HTML that must still be sanitised."""
    plugins = [table, table_in_list, table_in_quote, strikethrough, url]
    parser = mistune.Markdown(renderer=_DocumentRenderer(), plugins=plugins)
    parser.before_render_hooks.append(_unescape_pipes)
    html = parser(markdown)
    assert isinstance(html, str)
    return html


def _unescape_pipes(_parser: mistune.Markdown, state: mistune.BlockState) -> None:
    r"""In table cells `\|` is `|` even within code (GitHub Flavored Markdown, 4.10)."""
    tokens = list(state.tokens)
    while tokens:
        token = tokens.pop()
        if token["type"] == "table_cell":
            token["text"] = token["text"].replace(r"\|", "|")
        tokens.extend(token.get("children", ()))


class _DocumentRenderer(mistune.HTMLRenderer):
    """Writes the HTML of one document; judging addresses and naming anchors is left to what follows."""

    def __init__(self) -> None:
        super().__init__(escape=False)
        self._heading_ids = HeadingIds()
        self._addresses_left = _ADDRESSES_MAX

    def heading(self, text: str, level: int, **_attrs: object) -> str:
        identifier = self._heading_ids.take(text_content(text).strip())
        return f'<h{level} id="{identifier}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not self._afford(url, title):
            return text
        return f'<a href="{escape(url)}"{_title(title)}>{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        alternative = escape(text_content(text))
        if not self._afford(url, title):
            return alternative
        return f'<img src="{escape(url)}" alt="{alternative}"{_title(title)}>'

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        tag = "th" if head else "td"
        return f'<{tag} align="{align}">{text}</{tag}>\n' if align else f"<{tag}>{text}</{tag}>\n"

    def _afford(self, url: str, title: str | None) -> bool:
        self._addresses_left -= len(url) + len(title or "")
        return self._addresses_left >= 0


def _title(title: str | None) -> str:
    return f' title="{escape(title)}"' if title else ""
