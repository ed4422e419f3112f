"""Security findings from SARIF logs, which many scanners write (chapter 03, 15; SARIF 2.1.0)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import attrs

from terrareg_adapters.scanning.process import Bounds, ProgramFailed, allowed_environment, command_line
from terrareg_adapters.scanning.reports import ScannedFiles, items, links, mapping, mappings, text
from terrareg_adapters.scanning.scanner import ProgramScanner
from terrareg_core.json_values import JsonObject, JsonValue
from terrareg_core.modules.scanning import FindingLocation, FindingStatus, SecurityFinding, Severity

_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM}
_BASE_LEVELS = 5
"""How often the base of a URI may itself be relative to another base."""


def sarif_scanner(
    workspace: Path, environment: Mapping[str, str], command: str, bounds: Bounds | None = None
) -> ProgramScanner:
    """The scanner that runs a command which writes a SARIF log to its standard output.

    It sees the general part of `environment` only; a command that needs more sets it itself (`env NAME=… program …`).
    Raises ValueError for a command that can't be one (see `command_line`).
    """
    return ProgramScanner(
        command_line(command), read_sarif, allowed_environment(environment), workspace, bounds or Bounds()
    )


def read_sarif(log: JsonObject, files: ScannedFiles) -> Sequence[SecurityFinding]:
    """The results of all runs of a log.

    Raises ProgramFailed for other documents, and for a log that says that a run was not successful (3.20.14).
    """
    runs = log.get("runs")
    if not isinstance(runs, list):
        raise ProgramFailed("its output is no SARIF log")
    findings: list[SecurityFinding] = []
    for run in mappings(runs):
        if any(item.get("executionSuccessful") is False for item in mappings(run.get("invocations"))):
            raise ProgramFailed("its SARIF log says that the run was not successful")
        rules = _Rules.of(mapping(run.get("tool")))
        for result in mappings(run.get("results")):
            findings.extend(_finding(result, rules.of_result(result), run, files))
    return findings


@attrs.frozen
class _Rules:
    """The rules that a tool describes: in its driver, and in its extensions."""

    _components: Sequence[Sequence[JsonObject]]
    """The driver's rules first, then those of each extension; positions are those of the log."""
    _by_id: Mapping[str, JsonObject]

    @classmethod
    def of(cls, tool: JsonObject) -> "_Rules":
        components = [
            [mapping(rule) for rule in items(mapping(component).get("rules"))]
            for component in (tool.get("driver"), *items(tool.get("extensions")))
        ]
        by_id: dict[str, JsonObject] = {}
        for rule in (rule for rules in components for rule in rules):
            by_id.setdefault(text(rule.get("id")), rule)
        return cls(components, by_id)

    def of_result(self, result: JsonObject) -> JsonObject:
        """The rule that a result names by position (3.27.6, 3.52.5) or id; an empty object when it is not described."""
        reference = mapping(result.get("rule"))
        extension = mapping(reference.get("toolComponent")).get("index")
        component = extension + 1 if isinstance(extension, int) and extension >= 0 else 0
        index = result.get("ruleIndex", reference.get("index"))
        if isinstance(index, int) and component < len(self._components):
            rules = self._components[component]
            if 0 <= index < len(rules):
                return rules[index]
        return self._by_id.get(_rule_id(result), {})


def _finding(result: JsonObject, rule: JsonObject, run: JsonObject, files: ScannedFiles) -> Iterator[SecurityFinding]:
    location = _location(result, run, files)
    if location is None:
        return
    rule_id = _rule_id(result) or text(rule.get("id"))
    yield SecurityFinding(
        rule_id=rule_id,
        long_id=text(rule.get("name")) or rule_id,
        rule_description=_message(rule.get("shortDescription")),
        rule_provider="",
        rule_service="",
        impact=_message(rule.get("fullDescription")),
        resolution=_message(rule.get("help")),
        links=links(rule.get("helpUri")),
        description=_message(result.get("message")),
        severity=_severity(result, rule),
        status=_status(result),
        resource="",
        location=location,
    )


def _rule_id(result: JsonObject) -> str:
    return text(result.get("ruleId")) or text(mapping(result.get("rule")).get("id"))


def _message(value: JsonValue) -> str:
    return text(mapping(value).get("text"))


def _severity(result: JsonObject, rule: JsonObject) -> Severity:
    score = _score(result.get("properties"))
    if score is None:
        score = _score(rule.get("properties"))
    if score is not None:
        bands = ((9, Severity.CRITICAL), (7, Severity.HIGH), (4, Severity.MEDIUM))
        return next((severity for least, severity in bands if score >= least), Severity.LOW)
    # What an absent level means is laid down in 3.27.10.
    level = text(result.get("level")) or text(mapping(rule.get("defaultConfiguration")).get("level")) or "warning"
    return _LEVELS.get(level, Severity.LOW)


def _score(properties: JsonValue) -> float | None:
    value = mapping(properties).get("security-severity")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        score = float(value)
    except ValueError:
        return None
    return score if math.isfinite(score) else None


def _status(result: JsonObject) -> FindingStatus:
    suppressions = list(mappings(result.get("suppressions")))
    # A suppression that is not (yet) accepted suppresses nothing (3.27.23).
    if suppressions and all(item.get("status") not in {"underReview", "rejected"} for item in suppressions):
        return FindingStatus.IGNORED
    return FindingStatus.PASSED if result.get("kind") == "pass" else FindingStatus.FAILED


def _location(result: JsonObject, run: JsonObject, files: ScannedFiles) -> FindingLocation | None:
    """The first place that a result names."""
    place = mapping(next(mappings(result.get("locations")), {}).get("physicalLocation"))
    artifact = mapping(place.get("artifactLocation"))
    index = artifact.get("index")
    artifacts = items(run.get("artifacts"))
    if "uri" not in artifact and isinstance(index, int) and 0 <= index < len(artifacts):
        artifact = mapping(mapping(artifacts[index]).get("location"))
    region = mapping(place.get("region"))
    for path in _paths(artifact, mapping(run.get("originalUriBaseIds"))):
        found = files.location(path, region.get("startLine"), region.get("endLine"))
        if found is not None:
            return found
    return None


def _paths(artifact: JsonObject, bases: JsonObject) -> Iterator[str]:
    """The paths that an artifact's URI may mean: with its base, without, and taken literally."""
    uri = text(artifact.get("uri"))
    if not uri:
        yield ""
        return
    resolved, location = uri, artifact
    for _ in range(_BASE_LEVELS):
        location = mapping(bases.get(text(location.get("uriBaseId"))))
        base = text(location.get("uri"))
        if not base:
            break
        resolved = _joined(base, resolved)
    for candidate in dict.fromkeys((resolved, uri)):
        path = _path(candidate)
        if path:
            yield path
    yield uri


def _joined(base: str, uri: str) -> str:
    try:
        return urljoin(base if base.endswith("/") else f"{base}/", uri)
    except ValueError:
        return uri


def _path(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    return unquote(parts.path) if parts.scheme in {"", "file"} else None
