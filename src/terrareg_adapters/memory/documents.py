"""In-memory twins around documents: a renderer that escapes everything, and the reader of what is stored."""

import html
from collections.abc import Mapping, Sequence

import attrs

from terrareg_core.json_values import JsonObject
from terrareg_core.modules.documents import DocumentedPart, HtmlTexts, PartDocuments, PartTexts, RenderedTexts
from terrareg_core.modules.model import IndexedContent, ModuleMetadata
from terrareg_core.modules.parts import PartKind, SafeTexts
from terrareg_core.modules.slots import SlottedText, cut_sources


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def _paragraph(text: str | None) -> str | None:
    return text and f"<p>{_escape(text)}</p>"


@attrs.frozen
class EscapingRenderer:
    """Escapes everything (implements `DocumentRenderer`)."""

    def part(self, texts: PartTexts) -> RenderedTexts:
        """See `DocumentRenderer.part`."""
        safe = SafeTexts(
            _escape(texts.readme),
            [text and _escape(text) for text in texts.inputs],
            [text and _escape(text) for text in texts.outputs],
            [_escape(name) for name in texts.providers],
        )
        shown = HtmlTexts(
            cut_sources(_escape(texts.readme), texts.path) if texts.readme else None,
            [_paragraph(text) for text in texts.inputs],
            [_paragraph(text) for text in texts.outputs],
        )
        return RenderedTexts(safe, shown)

    def file(self, name: str, content: str) -> str:
        """See `DocumentRenderer.file`."""
        return _paragraph(content) or "" if name.lower().endswith(".md") else f"<pre>{_escape(content)}</pre>"

    def source(self, content: str, directory: str) -> SlottedText:
        """See `DocumentRenderer.source`."""
        return cut_sources(_escape(content), directory)

    def plain_text(self, markdown: str) -> Sequence[str]:
        """See `DocumentRenderer.plain_text`."""
        return markdown.splitlines()

    def help_text(self, text: str) -> str:
        """See `DocumentRenderer.help_text`."""
        return _escape(text)


_NOTHING = IndexedContent(ModuleMetadata(), None, ())


@attrs.frozen
class MemoryDocuments:
    """The documents of stored versions (implements `DocumentReader`)."""

    _contents: Mapping[int, IndexedContent]
    """By module version id."""

    def _of(self, module_version_id: int) -> IndexedContent:
        return self._contents.get(module_version_id, _NOTHING)

    def part(self, module_version_id: int, kind: PartKind, path: str) -> DocumentedPart | None:
        content = self._of(module_version_id)
        part = next((part for part in content.parts if (part.kind, part.path) == (kind, path)), None)
        if part is None:
            return None
        documents = content.documents.parts.get((kind, path), PartDocuments())
        return DocumentedPart(part, attrs.evolve(documents, html=attrs.evolve(documents.html, readme=None)))

    def paths(self, module_version_id: int, kind: PartKind) -> Sequence[str]:
        return [part.path for part in self._of(module_version_id).parts if part.kind is kind]

    def readme(self, module_version_id: int, kind: PartKind, path: str) -> SlottedText | None:
        documents = self._of(module_version_id).documents.parts.get((kind, path))
        return documents.html.readme if documents is not None else None

    def example_files(self, module_version_id: int, example: str) -> Sequence[str]:
        paths = self._of(module_version_id).example_files
        return sorted(path for path in paths if path.rpartition("/")[0] == example)

    def example_file(self, module_version_id: int, path: str) -> SlottedText | None:
        return self._of(module_version_id).documents.example_files.get(path)

    def file(self, module_version_id: int, path: str) -> str | None:
        return self._of(module_version_id).documents.files.get(path)

    def files(self, module_version_id: int) -> Sequence[str]:
        return sorted(self._of(module_version_id).tab_files)

    def usage_template(self, module_version_id: int) -> Sequence[JsonObject]:
        return self._of(module_version_id).documents.usage_template
