"""What the operator adds to the pages of modules: links to elsewhere, and tabs that show files (chapter 06, 8.10)."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Self

import attrs

from terrareg_core.errors import InvalidRequest
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.versions import Version

_MAX_LINKS = 1000
_PLACEHOLDER = re.compile(r"\{(namespace|module|provider|version)\}")
_BRACES = re.compile(r"[{}]")
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@attrs.frozen
class ShownLink:
    """A link as the page of one version shows it."""

    text: str
    url: str


@attrs.frozen
class ModuleLink:
    """A link on pages of module versions; its texts may hold `{namespace}`, `{module}`, `{provider}`, `{version}`."""

    text: str
    url: str
    namespaces: frozenset[str] | None = None
    """Exact names of the namespaces whose modules have it; None for all."""

    @classmethod
    def parse_all(cls, document: object) -> tuple[Self, ...]:
        """The links in a JSON value: an array of objects with the texts `text` (default empty) and `url` (default `#`)
        and, if wanted, the list of names `namespaces`.

        Raises InvalidRequest with a message that goes on from the setting's name and tells which entry is wrong,
        counted from 1; braces that are no placeholder are wrong, too.
        """
        if not isinstance(document, Sequence) or isinstance(document, str) or len(document) > _MAX_LINKS:
            raise InvalidRequest(f"must be a JSON array of at most {_MAX_LINKS} links")
        return tuple(cls._parse(entry, number) for number, entry in enumerate(document, start=1))

    @classmethod
    def _parse(cls, entry: object, number: int) -> Self:
        if not isinstance(entry, Mapping):
            raise InvalidRequest(f"must be a JSON array of objects, which entry {number} is not")
        namespaces = entry.get("namespaces")
        if namespaces is not None and not _is_list_of_texts(namespaces):
            raise InvalidRequest(f"must give namespaces as a list of names in entry {number}")
        return cls(
            _template(entry, "text", "", number),
            _template(entry, "url", "#", number),
            None if namespaces is None else frozenset(namespaces),
        )

    def shown_for(self, address: ModuleProviderId, version: Version) -> ShownLink | None:
        """The link on the page of a version, or None when the module's namespace doesn't have it."""
        if self.namespaces is not None and address.namespace.value not in self.namespaces:
            return None
        values = {
            "namespace": address.namespace.value,
            "module": address.module.value,
            "provider": address.provider.value,
            "version": version.text,
        }
        text, url = (_PLACEHOLDER.sub(lambda found: values[found[1]], template) for template in (self.text, self.url))
        return ShownLink(text, url)


@attrs.frozen
class ModuleTab:
    """A tab of a module's page that shows a file of the module's repository."""

    title: str
    files: tuple[str, ...]
    """Candidates below the repository's root; the first that a version has is shown (chapter 06, 8.10)."""

    def shown_of(self, stored: Collection[str]) -> str | None:
        """The file that is shown, of those that a version has; None when it has none of the tab's."""
        return next((name for name in self.files if name in stored), None)


def shown_tabs(tabs: Sequence[ModuleTab], stored: Collection[str]) -> Mapping[str, str]:
    """The file of each tab that has one, by title; of tabs with the same title the first that has one counts."""
    shown: dict[str, str] = {}
    for tab in tabs:
        name = tab.shown_of(stored)
        if name is not None:
            shown.setdefault(tab.title, name)
    return shown


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, str) for item in value)


def _template(entry: Mapping[str, object], key: str, default: str, number: int) -> str:
    text = default if entry.get(key) is None else entry[key]
    if not isinstance(text, str) or _UNSHOWABLE.search(text):
        raise InvalidRequest(f"must give {key} as text without control characters in entry {number}")
    if _BRACES.search(_PLACEHOLDER.sub("", text)):
        raise InvalidRequest(
            f"must use no braces but in {{namespace}}, {{module}}, {{provider}} and {{version}} in entry {number}"
        )
    return text
