"""Optional looks at a module by programs of the operator's choice: security findings and costs (chapter 03, 15, 16)."""

import json
from collections.abc import Collection, Mapping, Sequence
from enum import Enum, IntEnum
from typing import Protocol

import attrs

from terrareg_core.json_values import JsonObject, JsonValue
from terrareg_core.modules.source_tree import SourceTree

_MAX_FINDINGS = 5000
_MAX_BYTES = 15 << 20
"""Of one directory's findings as ASCII JSON; what is stored must be below 16 MiB with all that surrounds them."""


class Severity(Enum):
    """How bad a failed check is; the values are stored."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class FindingStatus(IntEnum):
    """What became of a check; the values are stored."""

    FAILED = 0
    PASSED = 1
    IGNORED = 2


@attrs.frozen
class FindingLocation:
    """The lines that a finding is about."""

    filename: str = attrs.field()
    """Relative to the root of what was uploaded or checked out, without a leading `/`; `""` where no file is named."""
    start_line: int
    """From 1; 0 where no line is named."""
    end_line: int
    """Inclusive."""

    @filename.validator
    def _is_relative(self, _attribute: object, value: str) -> None:
        if value and any(part in {"", ".", ".."} for part in value.split("/")):
            raise ValueError(f"{value!r} is no path below the root of a source tree")


@attrs.frozen(kw_only=True)
class SecurityFinding:
    """One check of a security scanner on one place of the sources, passed or not (chapter 03, 15)."""

    rule_id: str
    long_id: str
    rule_description: str
    rule_provider: str
    rule_service: str
    impact: str
    resolution: str
    links: Sequence[str]
    """http and https addresses; the first one explains the rule."""
    description: str
    """What is wrong here, as opposed to `rule_description`."""
    severity: Severity
    warning: bool = False
    status: FindingStatus
    resource: str
    """The address of the resource, `""` when there is none."""
    location: FindingLocation

    def document(self) -> JsonObject:
        """The finding as it is stored and sent to clients; `failures` reads it."""
        return {
            "rule_id": self.rule_id,
            "long_id": self.long_id,
            "rule_description": self.rule_description,
            "rule_provider": self.rule_provider,
            "rule_service": self.rule_service,
            "impact": self.impact,
            "resolution": self.resolution,
            "links": list(self.links),
            "description": self.description,
            "severity": self.severity.value,
            "warning": self.warning,
            "status": self.status.value,
            "resource": self.resource,
            "location": {
                "filename": self.location.filename,
                "start_line": self.location.start_line,
                "end_line": self.location.end_line,
            },
        }


class SecurityScanner(Protocol):
    """Looks for security problems in a module's sources."""

    def scan(self, tree: SourceTree, root: str = "") -> Sequence[SecurityFinding] | None:
        """What was found in the directory `root` of `tree` (a path as in `SourceTree.directories`; `""` for all of it)
        and in what it calls elsewhere in the tree, in the scanner's order, passed and ignored checks included.

        Locations name files of `tree` by their path there; findings in files from elsewhere are left out. None when
        there is no result, for whatever reason: a scanner logs its failures and never raises. The tree is not changed.
        """
        ...


class CostEstimator(Protocol):
    """Tells what running an example would cost."""

    def estimate(self, tree: SourceTree, directories: Sequence[str], root: str = "") -> Mapping[str, JsonObject]:
        """The cost documents of `directories`, paths below the module root `root` of `tree`, by these paths.

        A directory without an estimate, for whatever reason, is missing from the result: an estimator logs its failures
        and never raises. The documents are those of the cost tool (chapter 03, 16), with finite numbers and storable
        texts. The tree is not changed.
        """
        ...


def security_results(
    scanner: SecurityScanner | None, tree: SourceTree, directories: Collection[str], root: str = ""
) -> Mapping[str, Sequence[SecurityFinding] | None]:
    """The findings of the module root (key `""`) and of every documented directory (paths below the module root).

    All of them come from one scan of the module root `root` of `tree`; all are None without a scanner, or when it had
    no result.
    """
    findings = scanner.scan(tree, root) if scanner is not None else None
    if findings is None:
        return dict.fromkeys(["", *directories])
    return {path: within_bounds(found) for path, found in by_directory(findings, directories, root).items()}


def by_directory(
    findings: Sequence[SecurityFinding], directories: Collection[str], root: str = ""
) -> Mapping[str, Sequence[SecurityFinding]]:
    """`findings` given to the module root (key `""`) and the `directories` documented below it; order is kept.

    Each finding belongs to exactly one of them, so that counts can be added up: the innermost one that its file lies in
    or below. What lies in none, outside the module root `root` too, is the root's.
    """
    found: dict[str, list[SecurityFinding]] = {path: [] for path in ["", *directories]}
    prefix = f"{root}/" if root else ""
    for finding in findings:
        filename = finding.location.filename
        directory = filename.removeprefix(prefix).rpartition("/")[0] if filename.startswith(prefix) else ""
        while directory not in found:
            directory = directory.rpartition("/")[0]
        found[directory].append(finding)
    return found


def within_bounds(findings: Sequence[SecurityFinding]) -> Sequence[SecurityFinding]:
    """`findings` as they are, or as many as may be stored for one directory: those that failed go first."""
    kept: set[int] = set()
    room = _MAX_BYTES
    for index in sorted(range(len(findings)), key=lambda index: findings[index].status is not FindingStatus.FAILED):
        room -= len(json.dumps(findings[index].document())) + len(", ")
        if room < 0 or len(kept) == _MAX_FINDINGS:
            break
        kept.add(index)
    return [finding for index, finding in enumerate(findings) if index in kept]


def failures(results: Sequence[JsonObject] | None) -> Sequence[JsonObject] | None:
    """The stored `results` that failed, unchanged and in their order; None when there was no scan (chapter 03, 15).

    Results may have been stored by others: a missing or unknown status is not a failure.
    """
    if results is None:
        return None
    return [result for result in results if _is_failed(result.get("status"))]


def _is_failed(status: JsonValue) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and status == FindingStatus.FAILED
