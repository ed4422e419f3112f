"""Twins of the optional programs: a scanner and a cost estimator that know their results beforehand."""

from collections.abc import Mapping, Sequence

import attrs

from terrareg_core.json_values import JsonObject
from terrareg_core.modules.scanning import SecurityFinding
from terrareg_core.modules.source_tree import SourceTree


@attrs.frozen
class MemorySecurityScanner:
    """Finds `findings` in every tree that has their files; None for a scanner that always fails."""

    _findings: Sequence[SecurityFinding] | None = ()

    def scan(self, tree: SourceTree, root: str = "") -> Sequence[SecurityFinding] | None:  # noqa: ARG002
        """As `SecurityScanner.scan`; findings outside `root` count as called from there."""
        if self._findings is None:
            return None
        names = {"", *(file.path for file in tree.files())}
        return [finding for finding in self._findings if finding.location.filename in names]


@attrs.frozen
class MemoryCostEstimator:
    """Knows the cost documents of some directories, by their paths below the module root."""

    _documents: Mapping[str, JsonObject] = attrs.field(factory=dict)

    def estimate(self, tree: SourceTree, directories: Sequence[str], root: str = "") -> Mapping[str, JsonObject]:
        """See `CostEstimator.estimate`; directories that the tree doesn't have cost nothing to anybody."""
        prefix = f"{root}/" if root else ""
        known = {path for path in tree.directories() if path.startswith(prefix)}
        return {
            path: self._documents[path] for path in directories if path in self._documents and prefix + path in known
        }
