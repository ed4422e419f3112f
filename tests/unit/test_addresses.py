"""Which templates count for the addresses of a version's source (chapter 02, 8.1; chapter 01, 2.10)."""

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.fetching import RepositoryLocation
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition, GitSettings, RepositoryTemplates
from terrareg_core.modules.model import GitOrigin, ModuleProvider, ModuleVersion
from terrareg_core.modules.read_models import ModuleSummary
from terrareg_core.namespaces.model import Namespace
from terrareg_core.versions import Version

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def templates(host: str) -> RepositoryTemplates:
    """Templates of every slot that tell which level they stem from."""
    page = f"https://{host}.test/{{module}}"
    return RepositoryTemplates(page, f"{page}.git", f"{page}/tree/{{tag_uri_encoded}}/{{path}}")


HUB = GitProvider(1, GitProviderDefinition("Hub", templates("hub")))
LEVELS = GitSettings(git_provider=HUB, templates=templates("own"))


def module_provider(git: GitSettings = LEVELS) -> ModuleProvider:
    return ModuleProvider(1, Namespace(1, NamespaceName("acme")), ModuleName("net"), ProviderName("aws"), git=git)


def version(text: str = "1.4.0", **changes: Any) -> ModuleVersion:
    own = templates("version")
    bare = ModuleVersion(
        1,
        1,
        Version.parse(text),
        published=True,
        internal=False,
        indexed_at=NOW,
        published_at=NOW,
        archives=None,
        repo_clone_url=own.clone,
        repo_base_url=own.base,
        repo_browse_url=own.browse,
    )
    return attrs.evolve(bare, **changes)


def summary(git: GitSettings, base: str | None) -> ModuleSummary:
    own, hub = git.templates.base, git.git_provider.definition.templates.base if git.git_provider else None
    address = ModuleProviderId.parse("acme/net/aws")
    rest = (Version.parse("1.4.0"), True, False, None, None, NOW, 0, None)
    return ModuleSummary(address, False, *rest, base, own, hub)


UNNAMED: dict[str, Any] = {"repo_clone_url": None, "repo_base_url": None, "repo_browse_url": None}


@pytest.mark.parametrize(
    ("urls", "git", "changes", "host"),
    [
        (SourceUrls(), LEVELS, {}, "version"),
        (SourceUrls(custom_version_urls=False), LEVELS, {}, "own"),
        (SourceUrls(), LEVELS, UNNAMED, "own"),
        (SourceUrls(custom_module_provider_urls=False), LEVELS, UNNAMED, "hub"),
        (SourceUrls(False, False), LEVELS, {}, "hub"),
        (SourceUrls(), GitSettings(git_provider=HUB), UNNAMED, "hub"),
        (SourceUrls(), GitSettings(), UNNAMED, None),
        (SourceUrls(False, False), GitSettings(templates=templates("own")), {}, None),
    ],
)
def test_the_first_level_that_counts_and_has_a_template_wins(
    urls: SourceUrls, git: GitSettings, changes: dict[str, Any], host: str | None
) -> None:
    owner, it = module_provider(git), version(**changes)
    expected = {
        "base": None if host is None else f"https://{host}.test/net",
        "clone": None if host is None else f"git::https://{host}.test/net.git?ref=1.4.0",
        "browse": None if host is None else f"https://{host}.test/net/tree/1.4.0/",
    }
    found = {
        "base": urls.source_of(summary(git, it.repo_base_url)),
        "clone": urls.download_url(owner, it),
        "browse": urls.browse_url(owner, it),
    }
    assert found == expected


def test_each_slot_is_looked_for_by_itself() -> None:
    git = GitSettings(git_provider=HUB, templates=RepositoryTemplates(clone="https://own.test/{module}.git"))
    it = version(**(UNNAMED | {"repo_base_url": "https://version.test/{module}"}))
    urls = SourceUrls()
    assert urls.source_of(summary(git, it.repo_base_url)) == "https://version.test/net"
    assert urls.download_url(module_provider(git), it) == "git::https://own.test/net.git?ref=1.4.0"
    assert urls.browse_url(module_provider(git), it) == "https://hub.test/net/tree/1.4.0/"


def test_a_stored_template_that_can_not_be_filled_in_counts_as_none() -> None:
    git = GitSettings(git_provider=HUB, templates=RepositoryTemplates(clone="https://own.test/{nope}"))
    assert SourceUrls().download_url(module_provider(git), version(repo_clone_url="{")) == (
        "git::https://hub.test/net.git?ref=1.4.0"
    )


def test_without_a_page_for_directories_the_repository_s_own_page_is_shown() -> None:
    git = GitSettings(templates=RepositoryTemplates(base="https://own.test/{module}"))
    assert SourceUrls().browse_url(module_provider(git), version(**UNNAMED), "modules/x") == "https://own.test/net"


@pytest.mark.parametrize(
    ("git_path", "path", "directory"),
    [
        (None, None, ""),
        ("sub", None, "sub"),
        (None, "modules/x", "modules/x"),
        ("sub/dir", "modules/x", "sub/dir/modules/x"),
    ],
)
def test_the_shown_directory_lies_below_the_version_s_git_path(
    git_path: str | None, path: str | None, directory: str
) -> None:
    shown = SourceUrls().browse_url(module_provider(), version(git_path=git_path), path)
    assert shown == f"https://version.test/net/tree/1.4.0/{directory}"


ORIGIN = GitOrigin("c" * 40, "rel/v1.4.0")


@pytest.mark.parametrize(
    ("use_git_commit", "origin", "ref"),
    [(False, None, "v1"), (True, None, "v1"), (False, ORIGIN, "rel/v1.4.0"), (True, ORIGIN, "c" * 40)],
)
def test_the_remembered_tag_or_commit_is_preferred_to_today_s_format(
    use_git_commit: bool, origin: GitOrigin | None, ref: str
) -> None:
    owner = module_provider(attrs.evolve(LEVELS, tag_format="v{major}"))
    url = SourceUrls(use_git_commit=use_git_commit).download_url(owner, version(origin=origin, git_path="sub/dir"))
    assert url == f"git::https://version.test/net.git//sub/dir?ref={ref}"


@pytest.mark.parametrize(
    ("urls", "git", "location"),
    [
        (SourceUrls(), LEVELS, RepositoryLocation("https://own.test/net.git")),
        (SourceUrls(custom_module_provider_urls=False), LEVELS, RepositoryLocation("https://hub.test/net.git", True)),
        (SourceUrls(), GitSettings(git_provider=HUB), RepositoryLocation("https://hub.test/net.git", True)),
        (SourceUrls(custom_module_provider_urls=False), GitSettings(templates=templates("own")), None),
        (SourceUrls(), GitSettings(), None),
    ],
)
def test_the_registry_fetches_where_the_module_provider_or_the_operator_says(
    urls: SourceUrls, git: GitSettings, location: RepositoryLocation | None
) -> None:
    assert urls.repository_of(module_provider(git)) == location
