"""The security scanner that is an external program: runs it over a tree, and has its report read."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from terrareg_adapters.scanning.process import DIRECTORY, Bounds, Finished, ProgramFailed, run
from terrareg_adapters.scanning.reports import ScannedFiles, read_json
from terrareg_adapters.scanning.workplace import workplace
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.scanning import FindingStatus, SecurityFinding
from terrareg_core.modules.source_tree import SourceTree

_log = logging.getLogger(__name__)

ReportReader: TypeAlias = Callable[[JsonObject, ScannedFiles], Sequence[SecurityFinding]]
"""Turns a report into findings, whatever the report holds; raises ProgramFailed when it is no report of its kind."""


@attrs.frozen
class ProgramScanner:
    """Runs a program over the directory that it is told of, once a tree (implements `SecurityScanner`).

    The program starts in an empty directory, so that no configuration in the sources is taken for the operator's. It
    may follow the module sources that it reads about to the network; a command that must not do so has to say it, for
    instance by running the program in a network namespace of its own.
    """

    _arguments: Sequence[str]
    """With `{directory}` where the directory belongs."""
    _read: ReportReader
    _environment: Mapping[str, str] = attrs.field(repr=False)
    """All that the program sees."""
    _workspace: Path
    """Where trees are written that lie on no disk."""
    _bounds: Bounds = attrs.field(factory=Bounds)

    def scan(self, tree: SourceTree, root: str = "") -> Sequence[SecurityFinding] | None:
        """See `SecurityScanner.scan`."""
        try:
            return self._scan(tree, root)
        except (ProgramFailed, OSError) as error:
            _log.warning("The security scanner %s gave no result: %s", self._arguments[0], error)
            return None

    def _scan(self, tree: SourceTree, root: str) -> Sequence[SecurityFinding]:
        with workplace(tree, self._workspace) as place:
            directory = str(place.tree / root)
            finished = run(
                [argument.replace(DIRECTORY, directory) for argument in self._arguments],
                self._environment,
                self._bounds,
                scratch=place.scratch,
                directory=place.scratch,
            )
            files = ScannedFiles(
                str(place.tree),
                (directory, str(place.scratch), str(place.tree)),
                frozenset(file.path for file in tree.files()),
            )
            return self._findings(finished, files)

    def _findings(self, finished: Finished, files: ScannedFiles) -> Sequence[SecurityFinding]:
        if finished.status < 0 or not finished.output.strip():
            finished.require_success()
        findings = self._read(read_json(finished.output), files)
        # Many scanners end with a status other than 0 when they found something; without a failure it is their own.
        if not any(finding.status is FindingStatus.FAILED for finding in findings):
            finished.require_success()
        return findings
