"""Makes documents in worker processes; what they can't do in time is shown as it is written."""

import html
import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

from terrareg_adapters.workers.pool import WorkerPool
from terrareg_core.errors import RegistryError, StoreUnavailable
from terrareg_core.modules.documents import HtmlTexts, PartTexts, RenderedTexts
from terrareg_core.modules.parts import SafeTexts
from terrareg_core.modules.slots import SlottedText

_log = logging.getLogger(__name__)

RENDER_PART: Final = "render part"
"""A job's name: PartTexts to RenderedTexts."""
RENDER_FILE: Final = "render file"
"""A job's name: (name, content) to HTML."""
RENDER_SOURCE: Final = "render source"
"""A job's name: (content, directory) to a SlottedText."""
PLAIN_TEXT: Final = "plain text"
"""A job's name: Markdown to a sequence of lines."""
HELP_TEXT: Final = "help text"
"""A job's name: a text to a text."""

ResultT = TypeVar("ResultT")


class PooledDocuments:
    """The port `DocumentRenderer` over a pool that knows the five jobs above; may be used from several threads.

    A text that takes too much time or memory comes back escaped as a whole, and `plain_text` finds nothing in it. When
    nobody is free or the pool is closed, every method raises StoreUnavailable.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def part(self, texts: PartTexts) -> RenderedTexts:
        """See `DocumentRenderer.part`."""
        return self._run(RENDER_PART, texts, lambda: _escaped_part(texts))

    def file(self, name: str, content: str) -> str:
        """See `DocumentRenderer.file`."""
        return self._run(RENDER_FILE, (name, content), lambda: f"<pre>{_escaped(content)}</pre>")

    def source(self, content: str, directory: str) -> SlottedText:
        """See `DocumentRenderer.source`."""
        return self._run(RENDER_SOURCE, (content, directory), lambda: (_escaped(content),))

    def plain_text(self, markdown: str) -> Sequence[str]:
        """See `DocumentRenderer.plain_text`."""
        return self._run(PLAIN_TEXT, markdown, tuple)

    def help_text(self, text: str) -> str:
        """See `DocumentRenderer.help_text`."""
        return self._run(HELP_TEXT, text, lambda: _escaped(text))

    def _run(self, job: str, argument: object, otherwise: Callable[[], ResultT]) -> ResultT:
        try:
            return cast("ResultT", self._pool.run(job, argument))
        except StoreUnavailable:
            raise
        except RegistryError as error:
            _log.warning("A text is shown as it is written, because the job %s gave no answer: %s", job, error.message)
            return otherwise()


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _escaped_part(texts: PartTexts) -> RenderedTexts:
    inputs = [text and _escaped(text) for text in texts.inputs]
    outputs = [text and _escaped(text) for text in texts.outputs]
    safe = SafeTexts(_escaped(texts.readme), inputs, outputs, [_escaped(name) for name in texts.providers])
    readme = (f"<pre>{_escaped(texts.readme)}</pre>",) if texts.readme else None
    return RenderedTexts(safe, HtmlTexts(readme, inputs, outputs))
