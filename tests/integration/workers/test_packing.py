"""Archives packed in worker processes equal those packed in this one, and nothing of them is left behind."""

from pathlib import Path

import pytest

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_adapters.terraform.packing import DeterministicPacker
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_adapters.workers.messages import Job
from terrareg_adapters.workers.packing import PACK, PooledPacker
from terrareg_adapters.workers.pool import WorkerPool
from terrareg_core.errors import InvalidArchive, RegistryFailure, StoreUnavailable
from terrareg_core.modules.source_tree import SourceTree, Subtree
from tests.integration.servers import NETWORK_MODULE
from tests.integration.workers.jobs import hang, job

TREES: list[SourceTree] = [
    DirectoryTree(NETWORK_MODULE),
    Subtree.of(DirectoryTree(NETWORK_MODULE), "modules/subnets"),
    MemoryTree({"main.tf": b"", "secret": b"s", ".tfignore": b"secret\n", "run.sh": b"#!"}, ["run.sh"], ["empty"]),
]


@pytest.mark.parametrize("tree", TREES, ids=["directory", "subtree", "memory"])
def test_archives_are_those_of_this_process(real_pool: WorkerPool, tmp_path: Path, tree: SourceTree) -> None:
    pooled, own = PooledPacker(real_pool, tmp_path), DeterministicPacker(tmp_path)
    with pooled.pack(tree) as theirs, own.pack(tree) as ours:
        assert theirs.zip.read() == ours.zip.read()
        assert theirs.tar_gz.read() == ours.tar_gz.read()
        assert theirs.complete == ours.complete
    with pooled.pack_whole(tree) as theirs_whole, own.pack_whole(tree) as ours_whole:
        assert theirs_whole.read() == ours_whole.read()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_can_not_be_packed_is_refused_and_leaves_nothing(real_pool: WorkerPool, tmp_path: Path) -> None:
    tree = MemoryTree({"\udcff.tf": b""})
    with pytest.raises(InvalidArchive), PooledPacker(real_pool, tmp_path).pack(tree):
        raise AssertionError("unreachable")
    assert list(tmp_path.iterdir()) == []


def test_packing_beyond_its_own_time_ends(tmp_path: Path) -> None:
    slow = Job(job(hang).function, seconds=0.3)
    with WorkerPool({PACK: slow}, workers=1, timeout=60) as pool:
        packer = PooledPacker(pool, tmp_path)
        with pytest.raises(RegistryFailure, match=r"0\.3 seconds"), packer.pack(TREES[0]):
            raise AssertionError("unreachable")
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_that_can_not_be_made_is_a_failure_of_the_store(real_pool: WorkerPool, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    packer = PooledPacker(real_pool, tmp_path / "file")
    with pytest.raises(StoreUnavailable), packer.pack(TREES[0]):
        raise AssertionError("unreachable")
