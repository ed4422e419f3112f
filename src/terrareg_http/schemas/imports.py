"""Shapes of imports from git and of web-hooks (chapter 02, 10.2 and 11)."""

from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from terrareg_core.modules.importing import ImportableTag, ImportableTags
from terrareg_core.modules.webhooks import HookOutcome, HookResult, PushOutcome
from terrareg_http.schemas.fields import argument, optional_key

# --- requests ----------------------------------------------------------------------------------------------------


@attrs.frozen
class ImportArguments:
    """Which version is imported: one of the two, and not both (10.2)."""

    version: str | None = argument("The version, such as 1.2.3, whose tag the tag format tells", default=None)
    git_tag: str | None = argument("The git tag, whose version the tag format tells", default=None)
    csrf_token: str | None = argument("The session's token; callers with an API key need none", default=None)


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen
class TagItem:
    """A tag that a version can be imported from."""

    tag: str
    version: str
    commit: str
    """The full SHA of what the tag stands for now."""
    indexed: bool
    """Whether the version is stored."""
    published: bool

    @classmethod
    def of(cls, found: ImportableTag) -> Self:
        return cls(found.tag, found.version.text, found.commit, found.indexed, found.published)


@attrs.frozen
class TagList:
    """The tags of a repository: one for each version, the lowest version first."""

    tags: Sequence[TagItem]
    others: int
    """How many tags can't be imported, or stand for a version of another tag."""

    @classmethod
    def of(cls, listed: ImportableTags) -> Self:
        return cls([TagItem.of(each) for each in listed.tags], listed.others)


@attrs.frozen
class VersionImport:
    """What became of one version of a push."""

    status: str
    message: str | None = optional_key("Why it failed")

    @classmethod
    def of(cls, outcome: HookOutcome) -> "VersionImport":
        if outcome.result is HookResult.FAILED:
            return cls("Failed", outcome.message)
        return cls("Success")


@attrs.frozen
class PushAnswer:
    """What became of the versions whose tags were pushed (11.2)."""

    status: str
    message: str
    tags: Mapping[str, VersionImport]
    """By version."""

    @classmethod
    def of(cls, outcome: PushOutcome) -> Self:
        status, message = (
            ("Error", "At least one version could not be imported; the others are")
            if outcome.has_failed
            else ("Success", "Every version whose tag was pushed is imported")
        )
        return cls(
            status, message, {version.text: VersionImport.of(each) for version, each in outcome.versions.items()}
        )


@attrs.frozen
class HookAnswer:
    """What a web-hook led to (11.3)."""

    status: str
    message: str | None = optional_key("One sentence; absent when a version was deleted")
    tag: str | None = optional_key("The tag that it was about, if a version was to be imported")

    @classmethod
    def of(cls, outcome: HookOutcome) -> Self:
        match outcome.result:
            case HookResult.DELETED:
                return cls("Success")
            case HookResult.IMPORTED | HookResult.IGNORED:
                return cls("Success", outcome.message, outcome.tag)
            case HookResult.REFUSED | HookResult.FAILED:
                return cls("Error", outcome.message, outcome.tag)
