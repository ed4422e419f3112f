"""What becomes of security findings and costs: which directory they belong to, what counts, what is stored."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.memory.scanning import MemoryCostEstimator, MemorySecurityScanner
from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.scanning import (
    FindingLocation,
    FindingStatus,
    SecurityFinding,
    Severity,
    by_directory,
    failures,
    security_results,
    within_bounds,
)


def finding(filename: str, status: FindingStatus = FindingStatus.FAILED, description: str = "") -> SecurityFinding:
    return SecurityFinding(
        rule_id="AVD-AWS-0088",
        long_id="aws-s3-encryption",
        rule_description="Unencrypted bucket",
        rule_provider="aws",
        rule_service="s3",
        impact="Anybody with the disk reads it.",
        resolution="Encrypt it.",
        links=("https://rules.example.com/88",),
        description=description,
        severity=Severity.HIGH,
        status=status,
        resource="aws_s3_bucket.b",
        location=FindingLocation(filename, 1, 3),
    )


def test_a_finding_is_stored_with_exactly_the_documented_keys() -> None:
    assert finding("main.tf", description="The bucket b is not encrypted.").document() == {
        "rule_id": "AVD-AWS-0088",
        "long_id": "aws-s3-encryption",
        "rule_description": "Unencrypted bucket",
        "rule_provider": "aws",
        "rule_service": "s3",
        "impact": "Anybody with the disk reads it.",
        "resolution": "Encrypt it.",
        "links": ["https://rules.example.com/88"],
        "description": "The bucket b is not encrypted.",
        "severity": "HIGH",
        "warning": False,
        "status": 0,
        "resource": "aws_s3_bucket.b",
        "location": {"filename": "main.tf", "start_line": 1, "end_line": 3},
    }


@pytest.mark.parametrize("filename", ["/etc/passwd", "../x.tf", "a/../x.tf", "./x.tf", "a//x.tf", "a/"])
def test_a_location_outside_the_tree_or_not_in_normal_form_can_not_be_made(filename: str) -> None:
    with pytest.raises(ValueError, match="no path below the root"):
        FindingLocation(filename, 1, 1)


# --- which directory a finding belongs to ---------------------------------------------------------------------------


def test_findings_belong_to_the_innermost_documented_directory_and_to_the_root_otherwise() -> None:
    files = [
        "main.tf",
        "modules/a/main.tf",
        "modules/a/b/main.tf",
        "modules/a/c/undocumented.tf",
        "modules/ab/x.tf",
        "examples/one/main.tf",
        "lib/x.tf",
        "",
    ]
    found = by_directory(
        [finding(file) for file in files], ["modules/a", "modules/a/b", "examples/one", "examples/two"]
    )
    assert {directory: [item.location.filename for item in items] for directory, items in found.items()} == {
        "": ["main.tf", "modules/ab/x.tf", "lib/x.tf", ""],
        "modules/a": ["modules/a/main.tf", "modules/a/c/undocumented.tf"],
        "modules/a/b": ["modules/a/b/main.tf"],
        "examples/one": ["examples/one/main.tf"],
        "examples/two": [],
    }


def test_documented_directories_lie_below_the_module_root_and_locations_do_not() -> None:
    files = ["sub/net/main.tf", "sub/net/modules/a/main.tf", "modules/a/main.tf", "sub/shared.tf", "sub/network/x.tf"]
    found = by_directory([finding(file) for file in files], ["modules/a"], "sub/net")
    assert [item.location.filename for item in found["modules/a"]] == ["sub/net/modules/a/main.tf"]
    assert [item.location.filename for item in found[""]] == [
        "sub/net/main.tf",
        "modules/a/main.tf",
        "sub/shared.tf",
        "sub/network/x.tf",
    ]


PARTS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join)


@given(files=st.lists(PARTS, max_size=12), directories=st.sets(PARTS, max_size=6), root=st.just("") | PARTS)
def test_every_finding_belongs_to_exactly_one_directory_and_order_is_kept(
    files: list[str], directories: set[str], root: str
) -> None:
    findings = [finding(file, description=str(index)) for index, file in enumerate(files)]
    found = by_directory(findings, directories, root)
    assert found.keys() == {"", *directories}
    assert sorted((item for items in found.values() for item in items), key=lambda f: int(f.description)) == findings
    prefix = f"{root}/" if root else ""
    for directory, items in found.items():
        assert [int(item.description) for item in items] == sorted(int(item.description) for item in items)
        if directory:
            assert all(item.location.filename.startswith(f"{prefix}{directory}/") for item in items)


# --- what counts -----------------------------------------------------------------------------------------------------


def test_only_results_that_failed_are_failures_and_they_come_unchanged() -> None:
    results = [{**finding("main.tf", status).document(), "extra": status.name} for status in FindingStatus]
    assert failures(results) == [results[0]]


@pytest.mark.parametrize("status", [None, 1, 2, 3, -1, "0", False, [], {}])
def test_a_stored_status_that_is_missing_or_unknown_is_no_failure(status: JsonValue) -> None:
    assert failures([{"rule_id": "x", "status": status}, {"rule_id": "y"}]) == []


def test_no_scan_is_told_from_a_scan_that_found_nothing() -> None:
    assert failures(None) is None
    assert failures([]) == []


# --- one scan for a module -----------------------------------------------------------------------------------------


TREE = MemoryTree({"main.tf": b"", "modules/a/main.tf": b"", "examples/e/main.tf": b""})


def test_one_scan_serves_the_root_and_every_documented_directory() -> None:
    found = [finding("modules/a/main.tf"), finding("main.tf", FindingStatus.PASSED), finding("gone.tf")]
    scanner = MemorySecurityScanner(found)
    assert security_results(scanner, TREE, ["modules/a", "examples/e"]) == {
        "": [found[1]],
        "modules/a": [found[0]],
        "examples/e": [],
    }


@pytest.mark.parametrize("scanner", [None, MemorySecurityScanner(None)], ids=["absent", "failing"])
def test_without_a_result_no_directory_has_one(scanner: MemorySecurityScanner | None) -> None:
    assert security_results(scanner, TREE, ["modules/a"]) == {"": None, "modules/a": None}


def test_what_is_stored_of_one_directory_is_bounded_and_failures_are_the_last_to_go() -> None:
    findings = [finding("main.tf", FindingStatus.PASSED, str(n)) for n in range(5000)]
    findings += [finding("main.tf", FindingStatus.FAILED, str(n)) for n in range(5000, 5010)]
    kept = within_bounds(findings)
    assert len(kept) == 5000
    assert kept[-10:] == findings[-10:]
    assert kept[:-10] == findings[:4990]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from(FindingStatus), st.integers(0, 1_200_000), st.sampled_from(["x", "é", "\U0001f600"])),
        max_size=6,
    )
)
def test_what_is_stored_of_one_directory_keeps_order_and_stays_below_16_mib(
    drawn: Sequence[tuple[FindingStatus, int, str]],
) -> None:
    findings = [finding("main.tf", status, letter * size) for status, size, letter in drawn]
    kept = within_bounds(findings)
    assert len(json.dumps({"results": [item.document() for item in kept]})) < (16 << 20) - 1
    rest = iter(findings)
    assert all(any(item is other for other in rest) for item in kept)
    if sum(size for _, size, _ in drawn) < 1_200_000:
        assert list(kept) == findings


# --- costs -----------------------------------------------------------------------------------------------------------


def test_the_estimator_in_memory_knows_only_directories_of_the_tree() -> None:
    estimator = MemoryCostEstimator({"examples/e": {"totalMonthlyCost": "1"}, "examples/gone": {}})
    assert estimator.estimate(TREE, ["examples/e", "examples/gone"]) == {"examples/e": {"totalMonthlyCost": "1"}}
    nested = MemoryTree({"net/examples/e/main.tf": b""})
    assert estimator.estimate(nested, ["examples/e"]) == {}
    assert estimator.estimate(nested, ["examples/e"], "net") == {"examples/e": {"totalMonthlyCost": "1"}}
