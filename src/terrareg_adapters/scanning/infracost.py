"""Costs of examples from Infracost (chapter 03, 16)."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from terrareg_adapters.scanning.process import Bounds, ProgramFailed, allowed_environment, run
from terrareg_adapters.scanning.reports import read_document
from terrareg_adapters.scanning.workplace import Workplace, workplace
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.source_tree import SourceTree

_log = logging.getLogger(__name__)

_DOCUMENT_BYTES = (16 << 20) - 1


@attrs.frozen
class InfracostEstimator:
    """Runs `infracost breakdown` for each example, on a copy of the sources (implements `CostEstimator`).

    The program may follow the module sources that it reads about to the network, beside the prices that it fetches.
    """

    _environment: Mapping[str, str] = attrs.field(repr=False)
    """All that the program sees; holds its API key."""
    _workspace: Path
    """Where the copies are made."""
    _program: str = "infracost"
    _bounds: Bounds = attrs.field(factory=Bounds)
    """Of one example."""
    _seconds: float = 300
    """For all examples of a module together; those whose turn doesn't come have no estimate."""

    def estimate(self, tree: SourceTree, directories: Sequence[str], root: str = "") -> Mapping[str, JsonObject]:
        """See `CostEstimator.estimate`."""
        documents: dict[str, JsonObject] = {}
        if not directories:
            return documents
        deadline = time.monotonic() + self._seconds
        try:
            # The program keeps what it downloads beside the sources.
            with workplace(tree, self._workspace, writable=True) as place:
                for directory in directories:
                    try:
                        documents[directory] = self._document(place, root, directory, deadline - time.monotonic())
                    except ProgramFailed as error:
                        _log.warning("The costs of the example %r are unknown: %s", directory, error)
        except OSError as error:
            _log.warning("The costs of examples are unknown: %s", error)
        return documents

    def _document(self, place: Workplace, root: str, directory: str, seconds: float) -> JsonObject:
        if seconds <= 0:
            raise ProgramFailed(f"the {self._seconds:g} seconds for all examples are over")
        report = place.scratch / "costs.json"
        report.unlink(missing_ok=True)
        arguments = [self._program, "breakdown", "--path", directory, "--format", "json", "--out-file", str(report)]
        run(
            arguments,
            self._environment,
            attrs.evolve(self._bounds, seconds=min(seconds, self._bounds.seconds)),
            scratch=place.scratch,
            directory=place.tree / root,
        ).require_success()
        try:
            with report.open("rb") as file:
                content = file.read(_DOCUMENT_BYTES + 1)
        except FileNotFoundError as error:
            raise ProgramFailed("it wrote no report") from error
        if len(content) > _DOCUMENT_BYTES:
            raise ProgramFailed(f"its report has more than {_DOCUMENT_BYTES} bytes")
        return read_document(content)


def infracost_estimator(
    workspace: Path,
    environment: Mapping[str, str],
    api_key: str,
    *,
    registry: tuple[str, str] | None = None,
    program: str = "infracost",
    bounds: Bounds | None = None,
) -> InfracostEstimator:
    """The estimator that runs Infracost with `api_key`.

    `registry` is the public host of this registry and the token that opens its modules without being counted. Of
    `environment` the program sees the general part and what begins with `INFRACOST_`.
    """
    passed_on = {
        "INFRACOST_SKIP_UPDATE_CHECK": "true",
        **allowed_environment(environment, "INFRACOST_"),
        "INFRACOST_API_KEY": api_key,
    }
    if registry is not None:
        passed_on["INFRACOST_TERRAFORM_CLOUD_HOST"], passed_on["INFRACOST_TERRAFORM_CLOUD_TOKEN"] = registry
    return InfracostEstimator(passed_on, workspace, program, bounds or Bounds())
