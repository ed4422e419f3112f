"""The documents of a module version that people read: what is made of its texts at publishing, and the port to read it.

Whatever a stranger wrote is rendered and made safe once, when it is published; a read only fills the slots that depend
on who asks (chapter 03, 21.1).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from terrareg_core.json_values import JsonObject
from terrareg_core.modules.graph import ModuleGraph
from terrareg_core.modules.module_tree import CalledModule
from terrareg_core.modules.parts import ModulePart, PartKind, SafeTexts
from terrareg_core.modules.slots import SlottedText


@attrs.frozen
class PartTexts:
    """The texts of one documented directory as their authors wrote them."""

    path: str
    """Below the module root; sources in the README are relative to it."""
    readme: str
    inputs: Sequence[str | None]
    """Descriptions, in the order of the specification."""
    outputs: Sequence[str | None]
    """Descriptions, in the order of the specification."""
    providers: Sequence[str]
    """Names, in the order of the specification."""


@attrs.frozen
class HtmlTexts:
    """Texts of one documented directory as sanitised HTML."""

    readme: SlottedText | None = None
    """None without a README. What fills a slot has to be escaped."""
    input_descriptions: Sequence[str | None] = ()
    """In the order of the specification's inputs."""
    output_descriptions: Sequence[str | None] = ()
    """In the order of the specification's outputs."""


@attrs.frozen
class RenderedTexts:
    """What is made of the texts of one documented directory."""

    safe: SafeTexts
    html: HtmlTexts


class DocumentRenderer(Protocol):
    """Turns texts of strangers into what may be shown.

    Whatever the text, every method has a result; RegistryFailure means that rendering is not possible at the moment.
    """

    def part(self, texts: PartTexts) -> RenderedTexts:
        """The texts of a directory, as Markdown in which everything harmful is escaped and as sanitised HTML.

        Chapter 03, 9 and 19: READMEs and names under the *plain* allow-list, descriptions under the *Markdown* one.
        """
        ...

    def file(self, name: str, content: str) -> str:
        """A document beside the README as sanitised HTML: rendered if its name ends in `.md`, else in a `pre` element
        (chapter 03, 21.2)."""
        ...

    def source(self, content: str, directory: str) -> SlottedText:
        """A source file of the module's `directory`, escaped and cut at its sources (chapter 03, 21.5).

        What fills a slot is shown as it is.
        """
        ...

    def plain_text(self, markdown: str) -> Sequence[str]:
        """The text content of the rendered document, line by line, without code blocks (chapter 03, 7)."""
        ...

    def help_text(self, text: str) -> str:
        """A help text of the metadata file, with everything but the *plain* allow-list escaped (chapter 03, 18)."""
        ...


@attrs.frozen
class PartDocuments:
    """Everything beside the specification that is kept of a documented directory."""

    html: HtmlTexts = attrs.field(factory=HtmlTexts)
    calls: Sequence[CalledModule] = ()
    """The modules that it calls, and those that they call."""
    graph: ModuleGraph = attrs.field(factory=lambda: ModuleGraph(()))
    security: Sequence[JsonObject] | None = None
    """Results of a scanner, as clients see them; None where none ran (chapter 03, 15)."""
    cost: JsonObject | None = None
    """A cost tool's document about an example; None where none ran (chapter 03, 16)."""


PartKey = tuple[PartKind, str]
"""Kind and path of a documented directory."""


@attrs.frozen
class VersionDocuments:
    """What is kept of a version's texts."""

    parts: Mapping[PartKey, PartDocuments] = attrs.field(factory=dict)
    example_files: Mapping[str, SlottedText] = attrs.field(factory=dict)
    """By path below the module root."""
    files: Mapping[str, str] = attrs.field(factory=dict)
    """Sanitised HTML of the documents beside the README, by path."""
    usage_template: Sequence[JsonObject] = ()
    """The metadata's variables with their help texts made safe."""


@attrs.frozen
class DocumentedPart:
    """A documented directory with all that is kept of it."""

    part: ModulePart
    documents: PartDocuments


class DocumentReader(Protocol):
    """The documents of stored versions, inside a transaction; one or two statements each."""

    def part(self, module_version_id: int, kind: PartKind, path: str) -> DocumentedPart | None:
        """The directory that is documented as this kind under exactly this path."""
        ...

    def paths(self, module_version_id: int, kind: PartKind) -> Sequence[str]:
        """The paths of all directories that are documented as this kind, in the order in which they were indexed."""
        ...

    def readme(self, module_version_id: int, kind: PartKind, path: str) -> SlottedText | None:
        """The README of a directory; None without one, or without such a directory."""
        ...

    def example_files(self, module_version_id: int, example: str) -> Sequence[str]:
        """The paths of the files that lie directly in an example's directory, in byte order."""
        ...

    def example_file(self, module_version_id: int, path: str) -> SlottedText | None:
        """The file of an example at this path below the module root."""
        ...

    def file(self, module_version_id: int, path: str) -> str | None:
        """A document beside the README."""
        ...

    def files(self, module_version_id: int) -> Sequence[str]:
        """The paths of all documents beside the README, in byte order."""
        ...

    def usage_template(self, module_version_id: int) -> Sequence[JsonObject]:
        """The metadata's variables with their help texts made safe."""
        ...
