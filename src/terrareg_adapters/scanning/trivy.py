"""Security findings from Trivy's JSON reports (chapter 03, 15)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from terrareg_adapters.scanning.process import Bounds, ProgramFailed, allowed_environment, command_line
from terrareg_adapters.scanning.reports import ScannedFiles, items, links, mapping, mappings, text
from terrareg_adapters.scanning.scanner import ProgramScanner
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.scanning import FindingStatus, SecurityFinding, Severity

DEFAULT_COMMAND = (
    "trivy config --quiet --format json --include-non-failures --misconfig-scanners terraform"
    " --tf-exclude-downloaded-modules {directory}"
)
_STATUSES = {"FAIL": FindingStatus.FAILED, "PASS": FindingStatus.PASSED, "EXCEPTION": FindingStatus.IGNORED}
_SEVERITIES = {severity.value: severity for severity in Severity}


def trivy_scanner(
    workspace: Path, environment: Mapping[str, str], command: str | None = None, bounds: Bounds | None = None
) -> ProgramScanner:
    """The scanner that runs Trivy; of `environment` it sees the general part and what begins with `TRIVY_`.

    Raises ValueError for a command that can't be one (see `command_line`).
    """
    return ProgramScanner(
        command_line(command or DEFAULT_COMMAND),
        read_trivy,
        allowed_environment(environment, "TRIVY_"),
        workspace,
        bounds or Bounds(),
    )


def read_trivy(report: JsonObject, files: ScannedFiles) -> Sequence[SecurityFinding]:
    """The findings of a report; without results there is nothing to find. Raises ProgramFailed for other documents."""
    if "SchemaVersion" not in report and "Results" not in report:
        raise ProgramFailed("its output is no Trivy report")
    return [
        finding
        for result in mappings(report.get("Results"))
        for misconfiguration in mappings(result.get("Misconfigurations"))
        for finding in _finding(text(result.get("Target")), misconfiguration, files)
    ]


def _finding(target: str, found: JsonObject, files: ScannedFiles) -> Iterator[SecurityFinding]:
    cause = mapping(found.get("CauseMetadata"))
    location = files.location(target, cause.get("StartLine"), cause.get("EndLine"))
    if location is None:
        return
    title = text(found.get("Title"))
    provider, service = (text(cause.get(key)).lower() for key in ("Provider", "Service"))
    yield SecurityFinding(
        # Newer reports have the plain id only.
        rule_id=text(found.get("AVDID")) or text(found.get("ID")),
        long_id="-".join(part for part in (provider, service, _slug(title)) if part),
        rule_description=title,
        rule_provider=provider,
        rule_service=service,
        impact=text(found.get("Description")),
        resolution=text(found.get("Resolution")),
        links=links(found.get("PrimaryURL"), *items(found.get("References"))),
        description=text(found.get("Message")),
        severity=_SEVERITIES.get(text(found.get("Severity")).upper(), Severity.LOW),
        status=_STATUSES.get(text(found.get("Status")).upper(), FindingStatus.FAILED),
        resource=text(cause.get("Resource")),
        location=location,
    )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
