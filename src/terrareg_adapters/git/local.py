"""Repositories of this host, and reading the objects of whatever lies here."""

from dulwich.errors import NotGitRepository
from dulwich.object_store import BaseObjectStore
from dulwich.objects import ObjectID
from dulwich.repo import Repo

from terrareg_adapters.git.meter import Meter
from terrareg_adapters.git.tree import ReadObject
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import RepositoryUrl


def open_local(url: RepositoryUrl) -> Repo:
    """The repository at the path of `url`, to be closed. Raises SourceUnavailable when there is none."""
    try:
        return Repo(url.path)
    except (NotGitRepository, OSError, ValueError):
        raise SourceUnavailable(
            "There is no git repository at the path of the clone URL, or it can't be read"
        ) from None


def reading(store: BaseObjectStore, meter: Meter | None = None) -> ReadObject:
    """Reads the objects of `store`, counted by `meter`."""

    def read(name: ObjectID) -> tuple[int, bytes]:
        kind, content = store.get_raw(name)
        if meter is not None:
            meter.add(len(content))
        return kind, content

    return read
