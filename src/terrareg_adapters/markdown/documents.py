"""Makes the documents of a module version: everything that strangers wrote, safe to show (chapter 03, 19 to 21)."""

import re
import secrets
from collections.abc import Sequence
from html import escape as escape_quotes_too
from typing import Final

from terrareg_adapters.markdown.renderer import MistuneRenderer
from terrareg_adapters.markdown.sanitiser import PLAIN, sanitise, scrub
from terrareg_core.modules.documents import HtmlTexts, PartTexts, RenderedTexts
from terrareg_core.modules.parts import SafeTexts
from terrareg_core.modules.slots import SlottedText, SourceSlot, cut_sources

README: Final = "README.md"
"""The name by which links within a README call it."""


class MistuneDocuments:
    """The port `DocumentRenderer`; holds no state, and may be used from several threads."""

    def part(self, texts: PartTexts) -> RenderedTexts:
        """See `DocumentRenderer.part`."""
        safe = SafeTexts(
            _RENDERER.sanitise_text(texts.readme),
            [text and _RENDERER.sanitise_markdown(text) for text in texts.inputs],
            [text and _RENDERER.sanitise_markdown(text) for text in texts.outputs],
            [_RENDERER.sanitise_text(name) for name in texts.providers],
        )
        html = HtmlTexts(
            _readme(texts.readme, texts.path) if texts.readme else None,
            [text and _RENDERER.render(text, "") for text in texts.inputs],
            [text and _RENDERER.render(text, "") for text in texts.outputs],
        )
        return RenderedTexts(safe, html)

    def file(self, name: str, content: str) -> str:
        """See `DocumentRenderer.file`."""
        if name.lower().endswith(".md"):
            return _RENDERER.render(content, name) if content else ""
        return f"<pre>{_shown(content)}</pre>"

    def source(self, content: str, directory: str) -> SlottedText:
        """See `DocumentRenderer.source`."""
        return cut_sources(_shown(content), directory)

    def plain_text(self, markdown: str) -> Sequence[str]:
        """See `DocumentRenderer.plain_text`."""
        return _RENDERER.plain_text(markdown)

    def help_text(self, text: str) -> str:
        """See `DocumentRenderer.help_text`."""
        return sanitise(text, PLAIN)


# The jobs of a worker process: one argument, one result.


def render_part(texts: PartTexts) -> RenderedTexts:
    """See `MistuneDocuments.part`."""
    return MistuneDocuments().part(texts)


def render_file(request: tuple[str, str]) -> str:
    """Name and content to HTML, see `MistuneDocuments.file`."""
    return MistuneDocuments().file(*request)


def render_source(request: tuple[str, str]) -> SlottedText:
    """Content and directory to a slotted text, see `MistuneDocuments.source`."""
    return MistuneDocuments().source(*request)


def plain_text_of(markdown: str) -> Sequence[str]:
    """See `MistuneDocuments.plain_text`."""
    return MistuneDocuments().plain_text(markdown)


def help_text_of(text: str) -> str:
    """See `MistuneDocuments.help_text`."""
    return MistuneDocuments().help_text(text)


_RENDERER: Final = MistuneRenderer()


def _shown(text: str) -> str:
    """`text` as HTML that shows it in an element, where quotes need no escaping."""
    return escape_quotes_too(scrub(text), quote=False)


def _readme(markdown: str, directory: str) -> SlottedText:
    """The README as HTML, cut at the lines that name a directory of the module as a source."""
    # Marks stand for the slots while the text is rendered. Nobody can write one, since nobody knows the number.
    mark = f"slot{secrets.token_hex(16)}x"
    slots: list[SourceSlot] = []
    marked: list[str] = []
    for piece in cut_sources(markdown, directory):
        if isinstance(piece, str):
            marked.append(piece)
        else:
            marked.append(f"{mark}{len(slots)}x")
            slots.append(piece)
    html = _RENDERER.render("".join(marked), README)
    pieces = re.split(f"{mark}([0-9]+)x", html)
    cut = [slots[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces)]
    return tuple(piece for piece in cut if piece != "")
