"""How the fields of reports become findings, and that no report, however odd, does any harm."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.scanning.process import ProgramFailed
from terrareg_adapters.scanning.reports import ScannedFiles, read_document, read_json
from terrareg_adapters.scanning.sarif import read_sarif
from terrareg_adapters.scanning.trivy import read_trivy
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.scanning import FindingLocation, FindingStatus, SecurityFinding, Severity

FILES = ScannedFiles(
    "/work/tree", ("/work/tree/net", "/work/scratch", "/work/tree"), frozenset({"net/main.tf", "a b.tf"})
)


def of_trivy(**fields: object) -> SecurityFinding:
    """The one finding of a Trivy report whose misconfiguration has `fields`."""
    report = {"SchemaVersion": 2, "Results": [{"Target": "main.tf", "Misconfigurations": [fields]}]}
    (found,) = read_trivy(read_json(json.dumps(report).encode()), FILES)
    return found


def of_sarif(result: Mapping[str, object], rule: Mapping[str, object] | None = None, **run: object) -> SecurityFinding:
    """The one finding of a SARIF log with one rule and one result."""
    driver = {"name": "tool", "rules": [{"id": "other"}, {"id": "R1", **(rule or {})}]}
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": [{"ruleId": "R1", **result}], **run}]}
    (found,) = read_sarif(read_json(json.dumps(log).encode()), FILES)
    return found


def at(uri: str, **more: object) -> Mapping[str, Any]:
    """A SARIF result at the file `uri`."""
    return {"locations": [{"physicalLocation": {"artifactLocation": {"uri": uri, **more}, "region": {"startLine": 2}}}]}


# --- Trivy -----------------------------------------------------------------------------------------------------------


def test_every_field_of_a_trivy_misconfiguration_finds_its_place() -> None:
    assert of_trivy(
        Type="Terraform Security Check",
        ID="AVD-AWS-0088",
        AVDID="AVD-AWS-0088",
        Title="Unencrypted S3 bucket (SSE).",
        Description="Buckets should be encrypted.",
        Message="Bucket does not have encryption enabled",
        Resolution="Configure bucket encryption",
        Severity="HIGH",
        PrimaryURL="https://rules.example.com/88",
        References=["https://docs.example.com/s3", "https://rules.example.com/88"],
        Status="FAIL",
        CauseMetadata={"Resource": "aws_s3_bucket.b", "Provider": "AWS", "Service": "S3", "StartLine": 3, "EndLine": 8},
    ) == SecurityFinding(
        rule_id="AVD-AWS-0088",
        long_id="aws-s3-unencrypted-s3-bucket-sse",
        rule_description="Unencrypted S3 bucket (SSE).",
        rule_provider="aws",
        rule_service="s3",
        impact="Buckets should be encrypted.",
        resolution="Configure bucket encryption",
        links=("https://rules.example.com/88", "https://docs.example.com/s3"),
        description="Bucket does not have encryption enabled",
        severity=Severity.HIGH,
        warning=False,
        status=FindingStatus.FAILED,
        resource="aws_s3_bucket.b",
        location=FindingLocation("net/main.tf", 3, 8),
    )


@pytest.mark.parametrize(
    ("word", "severity"),
    [("CRITICAL", Severity.CRITICAL), ("MEDIUM", Severity.MEDIUM), ("LOW", Severity.LOW), ("UNKNOWN", Severity.LOW)],
)
def test_a_severity_that_trivy_does_not_know_is_low(word: str, severity: Severity) -> None:
    assert of_trivy(Severity=word).severity is severity


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("FAIL", FindingStatus.FAILED),
        ("PASS", FindingStatus.PASSED),
        ("EXCEPTION", FindingStatus.IGNORED),
        (None, FindingStatus.FAILED),
    ],
)
def test_a_misconfiguration_without_status_has_failed(word: str | None, status: FindingStatus) -> None:
    assert of_trivy(Status=word).status is status


def test_absent_fields_are_empty_and_the_plain_id_stands_in_for_the_other() -> None:
    found = of_trivy(ID="AWS-0088", CauseMetadata={"StartLine": 4})
    assert (found.rule_id, found.long_id, found.resource, found.links) == ("AWS-0088", "", "", ())
    assert found.location == FindingLocation("net/main.tf", 4, 4)


def test_links_that_a_browser_might_run_are_dropped() -> None:
    found = of_trivy(
        PrimaryURL="javascript:alert(1)", References=["HTTPS://x.example.com", "data:text/html,x", 1, "ftp://x"]
    )
    assert found.links == ("HTTPS://x.example.com",)


def test_texts_are_cut_and_made_storable() -> None:
    found = of_trivy(Message="x" * 10_000, Title="a\0b\ud800")
    assert len(found.description) == 4096
    assert found.rule_description == "a\ufffdb\ufffd"


# --- SARIF -----------------------------------------------------------------------------------------------------------


def test_every_field_of_a_sarif_result_finds_its_place() -> None:
    assert of_sarif(
        {
            "level": "error",
            "message": {"text": "The bucket is public."},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "main.tf"},
                        "region": {"startLine": 3, "endLine": 8},
                    }
                }
            ],
        },
        {
            "name": "PublicBucket",
            "shortDescription": {"text": "Public buckets"},
            "fullDescription": {"text": "Anybody reads them."},
            "help": {"text": "Close it."},
            "helpUri": "https://rules.example.com/R1",
        },
    ) == SecurityFinding(
        rule_id="R1",
        long_id="PublicBucket",
        rule_description="Public buckets",
        rule_provider="",
        rule_service="",
        impact="Anybody reads them.",
        resolution="Close it.",
        links=("https://rules.example.com/R1",),
        description="The bucket is public.",
        severity=Severity.HIGH,
        warning=False,
        status=FindingStatus.FAILED,
        resource="",
        location=FindingLocation("net/main.tf", 3, 8),
    )


@pytest.mark.parametrize(
    ("score", "level", "severity"),
    [
        ("9.0", "note", Severity.CRITICAL),
        ("8.9", "note", Severity.HIGH),
        ("7", "note", Severity.HIGH),
        (6.9, "error", Severity.MEDIUM),
        (4, "error", Severity.MEDIUM),
        ("3.9", "error", Severity.LOW),
        ("0.0", "error", Severity.LOW),
        (None, "error", Severity.HIGH),
        (None, "warning", Severity.MEDIUM),
        (None, "note", Severity.LOW),
        (None, "none", Severity.LOW),
        (None, None, Severity.MEDIUM),
        ("high", "error", Severity.HIGH),
        ("nan", "error", Severity.HIGH),
        (True, "error", Severity.HIGH),
    ],
)
def test_the_severity_is_that_of_the_score_and_else_of_the_level(
    score: object, level: str | None, severity: Severity
) -> None:
    result = {"level": level} if level is not None else {}
    assert of_sarif(result, {"properties": {"security-severity": score}}).severity is severity
    by_default = {"defaultConfiguration": {"level": level}} if level is not None else {}
    assert of_sarif({"properties": {"security-severity": score}}, by_default).severity is severity


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({}, FindingStatus.FAILED),
        ({"kind": "fail"}, FindingStatus.FAILED),
        ({"kind": "review"}, FindingStatus.FAILED),
        ({"kind": "pass"}, FindingStatus.PASSED),
        ({"suppressions": []}, FindingStatus.FAILED),
        ({"suppressions": [{"kind": "inSource"}]}, FindingStatus.IGNORED),
        ({"suppressions": [{"kind": "external", "status": "accepted"}]}, FindingStatus.IGNORED),
        ({"suppressions": [{"kind": "external", "status": "underReview"}]}, FindingStatus.FAILED),
        ({"suppressions": [{"kind": "external", "status": "rejected"}]}, FindingStatus.FAILED),
    ],
)
def test_the_status_comes_from_kind_and_suppressions(result: Mapping[str, object], status: FindingStatus) -> None:
    assert of_sarif(result).status is status


def test_a_rule_without_a_name_is_called_by_its_id_and_one_that_is_not_described_has_no_texts() -> None:
    assert of_sarif({}).long_id == "R1"
    unknown = of_sarif({"ruleId": "R9"}, {"shortDescription": {"text": "of R1"}})
    assert (unknown.rule_id, unknown.long_id, unknown.rule_description) == ("R9", "R9", "")


def test_positions_that_no_rule_has_are_passed_over() -> None:
    for index in (-1, 7, "1"):
        assert of_sarif({"ruleIndex": index}, {"name": "One"}).long_id == "One"
    assert of_sarif({"rule": {"index": 0, "toolComponent": {"index": 9}}}, {"name": "One"}).long_id == "One"


@pytest.mark.parametrize("reference", [{"ruleIndex": 1}, {"rule": {"index": 1}}, {"rule": {"id": "R1"}}])
def test_a_rule_may_be_named_by_its_position(reference: Mapping[str, object]) -> None:
    found = of_sarif({"ruleId": None, **reference}, {"name": "One"})
    assert (found.rule_id, found.long_id) == ("R1", "One")


def test_rules_of_extensions_are_found_by_id_and_by_position() -> None:
    tool = {"driver": {"rules": []}, "extensions": [{"rules": [{"id": "E1", "name": "Extended"}]}]}
    assert of_sarif({"ruleId": "E1"}, tool=tool).long_id == "Extended"
    assert of_sarif({"ruleId": None, "rule": {"index": 0, "toolComponent": {"index": 0}}}, tool=tool).rule_id == "E1"


@pytest.mark.parametrize(
    "uri",
    ["main.tf", "../a%20b.tf", "a%20b.tf", "a b.tf", "file:///work/tree/net/main.tf", "file:///work/tree/a%20b.tf"],
)
def test_files_are_found_by_their_uris(uri: str) -> None:
    filename = "net/main.tf" if "main" in uri else "a b.tf"
    assert of_sarif(at(uri)).location == FindingLocation(filename, 2, 2)


def test_files_are_found_by_uris_with_a_base_and_by_their_place_in_the_list_of_artifacts() -> None:
    bases = {"ROOT": {"uri": "file:///work/"}, "SRC": {"uri": "tree", "uriBaseId": "ROOT"}}
    assert of_sarif(at("a%20b.tf", uriBaseId="SRC"), originalUriBaseIds=bases).location.filename == "a b.tf"
    assert of_sarif(at("main.tf", uriBaseId="UNKNOWN")).location.filename == "net/main.tf"
    loop = {"A": {"uri": "x/", "uriBaseId": "A"}}
    assert of_sarif(at("main.tf", uriBaseId="A"), originalUriBaseIds=loop).location.filename == "net/main.tf"
    listed = {"locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]}
    assert of_sarif(listed, artifacts=[{"location": {"uri": "main.tf"}}]).location.filename == "net/main.tf"


@pytest.mark.parametrize("uri", ["file://[", "http://main.tf", "git::https://x.example.com/y//main.tf", "//main.tf"])
def test_results_at_addresses_that_are_no_files_are_left_out(uri: str) -> None:
    log = {
        "runs": [{"results": [at(uri), at("net/main.tf", uriBaseId="B")], "originalUriBaseIds": {"B": {"uri": uri}}}]
    }
    found = read_sarif(read_json(json.dumps(log).encode()), FILES)
    assert [item.location.filename for item in found] == ["net/main.tf"]


def test_results_without_a_place_are_about_the_whole_directory() -> None:
    assert of_sarif({}).location == FindingLocation("", 0, 0)
    assert of_sarif({"locations": []}).location == FindingLocation("", 0, 0)


def test_a_log_that_says_that_the_run_failed_is_no_result() -> None:
    with pytest.raises(ProgramFailed, match="not successful"):
        read_sarif({"runs": [{"invocations": [{"executionSuccessful": False}], "results": []}]}, FILES)


def test_the_results_of_all_runs_count() -> None:
    run: JsonObject = {"tool": {"driver": {"name": "t"}}, "results": [{"ruleId": "R"}]}
    assert len(read_sarif({"runs": [run, run]}, FILES)) == 2


# --- any report ------------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
NAMES = st.sampled_from(
    [
        "Results",
        "Target",
        "Misconfigurations",
        "CauseMetadata",
        "StartLine",
        "EndLine",
        "References",
        "Status",
        "Severity",
        "Title",
        "SchemaVersion",
        "runs",
        "tool",
        "driver",
        "extensions",
        "rules",
        "id",
        "index",
        "rule",
        "ruleId",
        "ruleIndex",
        "toolComponent",
        "results",
        "locations",
        "physicalLocation",
        "artifactLocation",
        "uri",
        "uriBaseId",
        "originalUriBaseIds",
        "artifacts",
        "region",
        "startLine",
        "suppressions",
        "status",
        "properties",
        "security-severity",
        "message",
        "text",
        "invocations",
        "level",
        "defaultConfiguration",
    ]
)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["main.tf", "file://[", "//[x", "%00", "http://x/[", "."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


def shaped(name: str, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have `name`, mostly with a list of objects behind it."""
    return st.builds(
        lambda value, more: {**more, name: value},
        st.lists(inner | VALUES, max_size=3) | VALUES,
        st.dictionaries(NAMES, VALUES, max_size=3),
    )


@given(shaped("Results", shaped("Misconfigurations", VALUES)))
def test_any_trivy_report_gives_findings_or_a_failure(report: dict[str, Any]) -> None:
    for found in read_trivy(report, FILES):
        assert found.location.filename in {"", "net/main.tf", "a b.tf"}
        json.dumps(found.document(), allow_nan=False)


@given(shaped("runs", shaped("results", shaped("locations", VALUES))))
def test_any_sarif_log_gives_findings_or_a_failure(log: dict[str, Any]) -> None:
    try:
        results = read_sarif(log, FILES)
    except ProgramFailed:
        return
    for found in results:
        assert found.location.filename in {"", "net/main.tf", "a b.tf"}
        json.dumps(found.document(), allow_nan=False)


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0e9- NaN\\u', max_size=60).map(str.encode))
def test_any_bytes_are_a_document_or_a_failure(content: bytes) -> None:
    try:
        document = read_document(content)
    except ProgramFailed:
        return
    assert json.loads(json.dumps(document, allow_nan=False)) == document
