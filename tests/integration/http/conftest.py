"""Registries to ask: an empty one, and one that holds fixture F of chapter 01, section 10."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest

from terrareg_adapters.assembly import RegistryOptions
from terrareg_core.access.authentication import AnalyticsKey, ConfiguredSecrets
from terrareg_core.access.keys import Secret
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_http.settings import Settings
from tests.integration.http.serving import Served, fill_with_fixture

SECRETS = ConfiguredSecrets(
    admin=Secret.of("admin-key"),
    upload=(Secret.of("upload-key"),),
    publish=(Secret.of("publish-key"),),
    ignore_analytics=(Secret.of("ignore-key"),),
)
DEPLOYMENT = attrs.evolve(SECRETS, analytics=(AnalyticsKey(Secret.of("k1"), "dev"),))

Open = Callable[..., Served]


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a registry that holds nothing, to be copied."""
    directory = tmp_path_factory.mktemp("http") / "empty"
    with Served(RegistryOptions(data_directory=directory)):
        pass
    return directory


@pytest.fixture(scope="session")
def fixture_data(tmp_path_factory: pytest.TempPathFactory, empty_data: Path) -> Path:
    """The data directory of a registry that holds fixture F, to be copied."""
    directory = tmp_path_factory.mktemp("http") / "fixture"
    shutil.copytree(empty_data, directory)
    options = RegistryOptions(
        data_directory=directory,
        secrets=SECRETS,
        modules=ModulePolicy(auto_publish=False),
        namespaces=NamespacePolicy.of(verified=["acme"]),
    )
    with Served(options) as served:
        fill_with_fixture(served)
    return directory


def _opener(template: Path, target: Path, stack: ExitStack) -> Open:
    def open_copy(settings: Settings | None = None, **options: Any) -> Served:
        directory = target / f"data-{len(list(target.iterdir()))}"
        shutil.copytree(template, directory)
        given = RegistryOptions(**{"data_directory": directory, "secrets": SECRETS, **options})
        return stack.enter_context(Served(given, settings))

    return open_copy


@pytest.fixture
def open_empty(empty_data: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens registries that hold nothing, with any options of `RegistryOptions`."""
    with ExitStack() as stack:
        yield _opener(empty_data, tmp_path, stack)


@pytest.fixture
def open_fixture(fixture_data: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens registries that hold fixture F, with any options of `RegistryOptions`."""
    with ExitStack() as stack:
        yield _opener(fixture_data, tmp_path, stack)


@pytest.fixture
def empty(open_empty: Open) -> Served:
    """A registry with default settings that holds nothing."""
    return open_empty()


@pytest.fixture
def full(open_fixture: Open) -> Served:
    """A registry with default settings that holds fixture F."""
    return open_fixture()


@pytest.fixture(scope="session")
def shared(fixture_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A registry that holds fixture F, for tests that only read."""
    directory = tmp_path_factory.mktemp("http") / "shared"
    shutil.copytree(fixture_data, directory)
    with Served(RegistryOptions(data_directory=directory, secrets=SECRETS)) as served:
        yield served
