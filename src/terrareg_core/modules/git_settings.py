"""Git settings: where a module provider's source is, by its maintainers' word and by the operator's git providers."""

import re
from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from terrareg_core.errors import InvalidGitPath, InvalidRequest, InvalidUrlTemplate
from terrareg_core.identifiers import MAX_NAME_LENGTH, ModuleProviderId
from terrareg_core.modules.sources import GitPath, TagFormat, UrlSlot, UrlTemplate

_MAX_GIT_PROVIDERS = 1000


@attrs.frozen
class RepositoryTemplates:
    """The templates for a repository's URLs that one level has, as stored; None where it has none (chapter 02, 8.1)."""

    base: str | None = None
    clone: str | None = None
    browse: str | None = None

    def of(self, slot: UrlSlot) -> str | None:
        """The template of one slot."""
        match slot:
            case UrlSlot.BASE:
                return self.base
            case UrlSlot.CLONE:
                return self.clone
            case UrlSlot.BROWSE:
                return self.browse


# --- git providers -------------------------------------------------------------------------------------------------


@attrs.frozen
class GitProviderDefinition:
    """A git provider as the operator configures it; its name is its identity (chapter 02, 8.7)."""

    name: str
    templates: RepositoryTemplates
    git_path: str | None = None
    """A template for the directory of modules; None for the repository's root."""

    @classmethod
    def parse_all(cls, document: object) -> tuple[Self, ...]:
        """The git providers in a JSON value: an array of objects with the texts `name`, `base_url`, `clone_url`,
        `browse_url` and, if wanted, `git_path`.

        Raises InvalidRequest with a message that goes on from the setting's name, tells which entry is wrong, counted
        from 1, and repeats none of its values: URLs may hold credentials.
        """
        if not isinstance(document, Sequence) or isinstance(document, str) or len(document) > _MAX_GIT_PROVIDERS:
            raise InvalidRequest(f"must be a JSON array of at most {_MAX_GIT_PROVIDERS} git providers")
        parsed: dict[str, Self] = {}
        for number, entry in enumerate(document, start=1):
            definition = cls._parse(entry, number)
            if definition.name in parsed:
                raise InvalidRequest(f"must not have two git providers of the same name, as entry {number} is")
            parsed[definition.name] = definition
        return tuple(parsed.values())

    @classmethod
    def _parse(cls, entry: object, number: int) -> Self:
        if not isinstance(entry, Mapping):
            raise InvalidRequest(f"must be a JSON array of objects, which entry {number} is not")

        def text(key: str) -> str:
            value = entry.get(key)
            if not isinstance(value, str) or not value or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value):
                raise InvalidRequest(f"must give {key} as text without control characters in entry {number}")
            return value

        name = text("name")
        if len(name) > MAX_NAME_LENGTH:
            raise InvalidRequest(f"must give a name of at most {MAX_NAME_LENGTH} characters in entry {number}")
        git_path = "" if entry.get("git_path") in (None, "") else text("git_path")
        try:
            if git_path:
                GitPath.parse(git_path)
            base, clone, browse = (
                UrlTemplate.configured(slot, text(f"{slot.value}_url"), git_path)
                for slot in (UrlSlot.BASE, UrlSlot.CLONE, UrlSlot.BROWSE)
            )
        except (InvalidUrlTemplate, InvalidGitPath) as error:
            raise InvalidRequest(
                f"must hold valid git providers, which entry {number} is not: {error.message}"
            ) from None
        return cls(name, RepositoryTemplates(base.text, clone.text, browse.text), git_path or None)


@attrs.frozen
class GitProvider:
    """A git provider that module providers can be associated with; its id stays the same through changes."""

    id: int
    definition: GitProviderDefinition
    enabled: bool = True
    """Whether it is configured now. One that no longer is works on for those who use it, and can't be chosen anew."""

    @property
    def name(self) -> str:
        return self.definition.name


# --- settings of module providers ----------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class GitSettings:
    """What is laid down for one module provider (chapter 02, 8)."""

    git_provider: GitProvider | None = None
    templates: RepositoryTemplates = attrs.field(factory=RepositoryTemplates)
    tag_format: str | None = None
    """As written; None for the default."""
    git_path: str | None = None
    """As written, placeholders and all; None and `""` for the root."""
    archive_git_path: bool = False
    """Whether generated archives hold the git path only, not the whole repository."""
    provider_source_inheritance_disabled: bool = False
    """Whether the namespace's default provider source is not used to authenticate."""

    def levels(self, slot: UrlSlot) -> Sequence[str | None]:
        """The stored templates of a slot: the module provider's own first, then the git provider's."""
        inherited = self.git_provider.definition.templates if self.git_provider is not None else RepositoryTemplates()
        return (self.templates.of(slot), inherited.of(slot))


@attrs.frozen(kw_only=True)
class GitArguments:
    """What somebody wants of a module provider's git settings, as they wrote it.

    None leaves a setting as it is; an empty text removes it.
    """

    git_provider_id: str | None = None
    repo_base_url_template: str | None = None
    repo_clone_url_template: str | None = None
    repo_browse_url_template: str | None = None
    git_tag_format: str | None = None
    git_path: str | None = None
    archive_git_path: bool | None = None
    provider_source_inheritance_disabled: bool | None = None

    def applied_to(
        self, current: GitSettings, names: ModuleProviderId, git_provider: GitProvider | None
    ) -> GitSettings:
        """The settings that `current` becomes, for the module provider now called `names`; `git_provider` is the one
        that it has from now on.

        Raises, in this order, InvalidUrlTemplate (base, clone, browse), InvalidTagFormat and InvalidGitPath.
        """
        own = current.templates
        templates = RepositoryTemplates(
            _template(UrlSlot.BASE, self.repo_base_url_template, own.base, names),
            _template(UrlSlot.CLONE, self.repo_clone_url_template, own.clone, names),
            _template(UrlSlot.BROWSE, self.repo_browse_url_template, own.browse, names),
        )
        return GitSettings(
            git_provider=git_provider,
            templates=templates,
            tag_format=_tag_format(self.git_tag_format, current.tag_format),
            git_path=current.git_path if self.git_path is None else GitPath.parse(self.git_path).text,
            archive_git_path=_given(self.archive_git_path, current.archive_git_path),
            provider_source_inheritance_disabled=_given(
                self.provider_source_inheritance_disabled, current.provider_source_inheritance_disabled
            ),
        )


def _given(wanted: bool | None, current: bool) -> bool:
    return current if wanted is None else wanted


def _template(slot: UrlSlot, wanted: str | None, current: str | None, names: ModuleProviderId) -> str | None:
    if wanted is None:
        return current
    return UrlTemplate.parse(slot, wanted, names).text if wanted else None


def _tag_format(wanted: str | None, current: str | None) -> str | None:
    if wanted is None or TagFormat.parse(wanted) == TagFormat.stored(current):
        return current
    return wanted or None
