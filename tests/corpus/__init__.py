"""Realistic modules below `modules/`, and what chapter 03 says each is to be read as below `expected/`."""

from collections.abc import Mapping
from pathlib import Path

from terrareg_adapters.markdown.documents import MistuneDocuments
from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_adapters.terraform.hcl import TerraformReader
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.indexing import IndexingPolicy, ModuleIndexer
from terrareg_core.modules.model import IndexedContent
from terrareg_core.modules.source_tree import SourceTree

_ROOT = Path(__file__).parent
EXPECTED = _ROOT / "expected"
MODULES = _ROOT / "modules"

MODULE_NAMES = tuple(sorted(path.stem for path in EXPECTED.glob("*.json")))


def module_files(name: str) -> Mapping[str, bytes]:
    """The files of a module of the corpus, by path below its root."""
    root = MODULES / name
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def module_tree(name: str) -> MemoryTree:
    """A module of the corpus as the source tree that indexing takes."""
    return MemoryTree(module_files(name))


def index(tree: SourceTree) -> IndexedContent:
    """What the real reader and renderer make of a source tree, under the policy that applies by default."""
    return _INDEXER.index(tree, _ADDRESS)


_INDEXER = ModuleIndexer(TerraformReader(), MistuneDocuments(), IndexingPolicy())
_ADDRESS = ModuleProviderId.parse("acme/corpus/aws")
