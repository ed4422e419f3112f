"""Heading ids and the links to them: the `terrareg-anchor-…` names of a rendered document (chapter 03, 19.1)."""

import re
from typing import Final
from urllib.parse import unquote

import attrs

_NOT_IN_SLUGS: Final = re.compile(r"[^A-Za-z0-9_\s-]++")
_SEPARATORS: Final = re.compile(r"[\s-]++")
_EXTERNAL_IMAGE: Final = re.compile(r"https?://", re.IGNORECASE)


def slug(text: str) -> str:
    """`text` reduced to `[A-Za-z0-9_-]*`, runs of blanks and hyphens as one hyphen; idempotent.

    What is deleted is deleted first, so that `a & b` and the `a--b` that other renderers make of it agree.
    """
    return _SEPARATORS.sub("-", _NOT_IN_SLUGS.sub("", text))


@attrs.define(eq=False)
class HeadingIds:
    """Gives each heading of one document an id of its own: repeated ones end in `-1`, `-2` and so on."""

    _next: dict[str, int] = attrs.field(init=False, factory=dict)

    def take(self, text: str) -> str:
        """The id for the next heading, whose plain text is `text`."""
        base = name = slug(text.lower())
        while name in self._next:
            name = slug(f"{base}-{self._next[base]}")
            self._next[base] += 1
        self._next[name] = 1
        return name


@attrs.frozen
class DocumentAnchors:
    """The naming of anchors within one document."""

    file_name: str
    """As links in the document write it; empty for a text that is no file."""

    def anchor(self, identifier: str) -> str:
        """The id in the page for `identifier` in the document."""
        return f"terrareg-anchor-{slug(self.file_name)}-{slug(identifier)}"

    def rewrite_attribute(self, tag: str, attribute: str, value: str) -> str | None:
        """`value` as the page needs it; None for an attribute to drop.

        Names and ids become anchors, links to a place in the same document lead to them, and an image that isn't
        fetched by http(s) loses its address: the registry serves no files next to a document.
        """
        if attribute in ("id", "name"):
            return self.anchor(value)
        if attribute == "href":
            return self._link(value)
        if tag == "img" and attribute == "src" and not _EXTERNAL_IMAGE.match(value):
            return None
        return value

    def _link(self, url: str) -> str:
        target, hash_sign, fragment = url.partition("#")
        if not hash_sign or not fragment:
            return url
        path = unquote(target)
        if path and path not in (self.file_name, f"./{self.file_name}"):
            return url
        return "#" + self.anchor(unquote(fragment))
