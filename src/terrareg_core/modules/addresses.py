"""Which of a version's URL templates count, and the addresses they give."""

import attrs

from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.model import ModuleVersion
from terrareg_core.modules.sources import TagFormat, UrlSlot, UrlTemplate, git_download_url


@attrs.frozen
class SourceUrls:
    """Makes addresses of repositories from the templates that the operator allows (chapter 02, 8.1)."""

    custom_version_urls: bool = True
    """Whether the templates of a version's own metadata file count."""

    def source_of(self, address: ModuleProviderId, version_template: str | None) -> str | None:
        """Where people find the repository, or None; `version_template` is the base URL of the version's metadata."""
        template = self._effective(UrlSlot.BASE, version_template)
        return template.render(address) if template is not None else None

    def download_url(self, address: ModuleProviderId, version: ModuleVersion) -> str | None:
        """Where terraform clones the version from, or None when no repository is known."""
        template = self._effective(UrlSlot.CLONE, version.repo_clone_url)
        if template is None:
            return None
        tag = version.origin.tag if version.origin is not None else TagFormat().tag_for(version.version)
        return git_download_url(template.render(address), None, tag)

    def _effective(self, slot: UrlSlot, version_template: str | None) -> UrlTemplate | None:
        return UrlTemplate.effective(slot, [version_template] if self.custom_version_urls else [])
