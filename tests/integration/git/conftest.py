"""Fetchers for the tests, and what they must not leave behind."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from terrareg_adapters.git.fetcher import DulwichFetcher
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_core.modules.fetching import GitPolicy
from terrareg_core.modules.ports import ArchiveBounds
from tests.integration.conftest import needs

MakeFetcher = Callable[..., DulwichFetcher]


@pytest.fixture(scope="session", autouse=True)
def _git() -> None:
    needs("git")


@pytest.fixture
def make_fetcher(tmp_path: Path) -> Iterator[MakeFetcher]:
    """Makes fetchers; after the test, nothing may be left in their workspace."""
    workspace = tmp_path / "workspace"

    def make(
        bounds: ArchiveBounds | None = None,
        ssh_command: tuple[str, ...] = ("ssh",),
        environment: Mapping[str, str] | None = None,
        **policy: object,
    ) -> DulwichFetcher:
        return DulwichFetcher(
            workspace=workspace,
            policy=GitPolicy(**{"timeout_seconds": 60, **policy}),  # type: ignore[arg-type]
            open_tree=DirectoryTree,
            environment={**os.environ, "TERRAREG_TEST_SECRET": "of-the-registry", **(environment or {})},
            bounds=bounds or ArchiveBounds(),
            ssh_command=ssh_command,
        )

    yield make
    assert not workspace.exists() or os.listdir(workspace) == []
