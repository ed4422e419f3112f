"""Which of a version's URL templates count, and the addresses they give."""

from collections.abc import Sequence

import attrs

from terrareg_core.modules.fetching import RepositoryLocation
from terrareg_core.modules.model import ModuleProvider, ModuleVersion
from terrareg_core.modules.read_models import ModuleSummary
from terrareg_core.modules.sources import TagFormat, UrlSlot, UrlTemplate, git_download_url, joined_path


@attrs.frozen
class SourceUrls:
    """Makes addresses of repositories from the templates that the operator allows (chapter 02, 8.1).

    The first template wins that is there and can be filled in, of the version's, the module provider's and the git
    provider's, in this order.
    """

    custom_version_urls: bool = True
    """Whether the templates of a version's own metadata file count."""
    custom_module_provider_urls: bool = True
    """Whether the templates that a module provider's maintainers set count."""
    use_git_commit: bool = False
    """Whether terraform is sent to the commit that a version was built from, instead of its tag."""

    def source_of(self, summary: ModuleSummary) -> str | None:
        """Where people find the repository of a version, or None when no repository is known."""
        levels = (summary.module_provider_base_url, summary.git_provider_base_url)
        template = self._effective(UrlSlot.BASE, levels, summary.repo_base_url)
        return template.render(summary.address) if template is not None else None

    def browse_url(
        self, module_provider: ModuleProvider, version: ModuleVersion, path: str | None = None
    ) -> str | None:
        """Where people read the source of a version, or of the directory `path` below its module root; None when no
        repository is known. Without a page for directories, the repository's own page.
        """
        address = module_provider.address
        browse = self._of(UrlSlot.BROWSE, module_provider, version)
        if browse is not None:
            directory = joined_path(version.git_path, path)
            return browse.render(address, tag=_tag(module_provider, version), path=directory)
        base = self._of(UrlSlot.BASE, module_provider, version)
        return base.render(address) if base is not None else None

    def download_url(self, module_provider: ModuleProvider, version: ModuleVersion) -> str | None:
        """Where terraform clones the version from, or None when no repository is known."""
        template = self._of(UrlSlot.CLONE, module_provider, version)
        if template is None:
            return None
        commit = version.origin.commit if version.origin is not None and self.use_git_commit else None
        return git_download_url(
            template.render(module_provider.address), version.git_path, commit or _tag(module_provider, version)
        )

    def repository_of(self, module_provider: ModuleProvider) -> RepositoryLocation | None:
        """Where the registry itself fetches a module provider's sources from, or None: never where a version says."""
        own, configured = module_provider.git.levels(UrlSlot.CLONE)
        for text, trusted in ((own if self.custom_module_provider_urls else None, False), (configured, True)):
            template = UrlTemplate.stored(UrlSlot.CLONE, text)
            if template is not None:
                return RepositoryLocation(template.render(module_provider.address), trusted)
        return None

    def _of(self, slot: UrlSlot, module_provider: ModuleProvider, version: ModuleVersion) -> UrlTemplate | None:
        return self._effective(slot, module_provider.git.levels(slot), version.templates.of(slot))

    def _effective(self, slot: UrlSlot, levels: Sequence[str | None], version: str | None) -> UrlTemplate | None:
        module_provider, git_provider = levels
        allowed = [
            version if self.custom_version_urls else None,
            module_provider if self.custom_module_provider_urls else None,
            git_provider,
        ]
        return UrlTemplate.effective(slot, allowed)


def _tag(module_provider: ModuleProvider, version: ModuleVersion) -> str:
    """The tag that a version was built from, or where none is remembered the one by today's format."""
    remembered = version.origin.tag if version.origin is not None else None
    return remembered or TagFormat.stored(module_provider.git.tag_format).tag_for(version.version)
