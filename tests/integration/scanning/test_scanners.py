"""What every security scanner promises, by Trivy's reports, by SARIF logs and in memory; and how programs fail."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from terrareg_adapters.memory.scanning import MemorySecurityScanner
from terrareg_adapters.scanning.process import Bounds
from terrareg_adapters.scanning.sarif import sarif_scanner
from terrareg_adapters.scanning.scanner import ProgramScanner
from terrareg_adapters.scanning.trivy import trivy_scanner
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_core.modules.scanning import FindingLocation, FindingStatus, SecurityFinding, SecurityScanner, Severity
from terrareg_core.modules.source_tree import Subtree
from tests.integration.scanning.programs import PATH, TREE, printing, program

ENVIRONMENT = {"PATH": PATH, "SECRET_KEY": "secret"}
KINDS = ["trivy", "sarif"]
STATUSES = {"FAIL": FindingStatus.FAILED, "PASS": FindingStatus.PASSED, "EXCEPTION": FindingStatus.IGNORED}


def trivy_report(*found: tuple[str, int, str]) -> Mapping[str, object]:
    """A Trivy report of (file, line, status)."""
    return {
        "SchemaVersion": 2,
        "Results": [
            {
                "Target": target,
                "Misconfigurations": [
                    {
                        "AVDID": "X-1",
                        "Status": status,
                        "Severity": "MEDIUM",
                        "CauseMetadata": {"StartLine": line, "EndLine": line},
                    }
                ],
            }
            for target, line, status in found
        ],
    }


def sarif_log(*found: tuple[str, int, str]) -> Mapping[str, object]:
    """A SARIF log of (file, line, status in Trivy's words)."""
    more: Mapping[str, Mapping[str, object]] = {
        "FAIL": {},
        "PASS": {"kind": "pass", "level": "warning"},
        "EXCEPTION": {"suppressions": [{"kind": "inSource"}]},
    }
    results = [
        {
            "ruleId": "X-1",
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": target.replace(" ", "%20")},
                        "region": {"startLine": line},
                    }
                }
            ],
            **more[status],
        }
        for target, line, status in found
    ]
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]}


REPORTS: Mapping[str, Callable[..., Mapping[str, object]]] = {"trivy": trivy_report, "sarif": sarif_log}


def scanner_of(kind: str, command: str, workspace: Path, bounds: Bounds | None = None) -> ProgramScanner:
    return {"trivy": trivy_scanner, "sarif": sarif_scanner}[kind](workspace, ENVIRONMENT, command, bounds)


def memory_finding(target: str, line: int, status: str) -> SecurityFinding:
    return SecurityFinding(
        rule_id="X-1",
        long_id="",
        rule_description="",
        rule_provider="",
        rule_service="",
        impact="",
        resolution="",
        links=(),
        description="",
        severity=Severity.MEDIUM,
        status=STATUSES[status],
        resource="",
        location=FindingLocation(target, line, line),
    )


@pytest.fixture(params=[*KINDS, "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., SecurityScanner]:
    """Makes a scanner that finds (file, line, status), the files named from the root of the tree."""

    def build(*found: tuple[str, int, str]) -> SecurityScanner:
        if request.param == "memory":
            return MemorySecurityScanner([memory_finding(*item) for item in found])
        tool = printing(tmp_path, REPORTS[request.param](*found))
        return scanner_of(request.param, f"{tool} {{directory}}", tmp_path / "work")

    return build


# --- what every scanner promises -------------------------------------------------------------------------------------


def test_findings_come_in_order_with_place_and_status(make: Callable[..., SecurityScanner]) -> None:
    found = make(
        ("modules/a/with space.tf", 2, "PASS"),
        ("main.tf", 1, "FAIL"),
        ("main.tf", 7, "EXCEPTION"),
        ("main.tf", 1, "FAIL"),
    ).scan(TREE)
    assert found is not None
    assert [(item.location, item.status, item.severity) for item in found] == [
        (FindingLocation("modules/a/with space.tf", 2, 2), FindingStatus.PASSED, Severity.MEDIUM),
        (FindingLocation("main.tf", 1, 1), FindingStatus.FAILED, Severity.MEDIUM),
        (FindingLocation("main.tf", 7, 7), FindingStatus.IGNORED, Severity.MEDIUM),
        (FindingLocation("main.tf", 1, 1), FindingStatus.FAILED, Severity.MEDIUM),
    ]


def test_findings_in_files_from_elsewhere_are_left_out(make: Callable[..., SecurityScanner]) -> None:
    found = make(("main.tf", 1, "FAIL"), ("gone.tf", 1, "FAIL"), ("modules/a", 1, "FAIL")).scan(TREE)
    assert found is not None
    assert [item.location.filename for item in found] == ["main.tf"]


def test_a_clean_tree_has_no_findings_which_is_not_the_same_as_no_result(make: Callable[..., SecurityScanner]) -> None:
    found = make().scan(TREE)
    assert found is not None
    assert len(found) == 0


# --- what scanners that are programs are told ------------------------------------------------------------------------


def test_the_program_is_given_the_files_of_a_tree_that_lies_nowhere(tmp_path: Path) -> None:
    tool = program(
        tmp_path,
        """
        found = sorted(
            os.path.relpath(os.path.join(parent, name), sys.argv[1])
            for parent, _, names in os.walk(sys.argv[1]) for name in names
        )
        results = [{"Target": name, "Misconfigurations": [{"Message": open(os.path.join(sys.argv[1], name)).read()}]}
                   for name in found]
        print(json.dumps({"SchemaVersion": 2, "Results": results}))
        """,
    )
    found = scanner_of("trivy", f"{tool} {{directory}}", tmp_path / "work").scan(TREE)
    assert found is not None
    assert {item.location.filename: item.description.encode() for item in found} == {
        file.path: TREE.read(file.path) for file in TREE.files()
    }
    assert list((tmp_path / "work").iterdir()) == []


def test_a_tree_on_disk_is_scanned_where_it_is(tmp_path: Path) -> None:
    tool = program(
        tmp_path,
        "print(json.dumps({'SchemaVersion': 2, 'Results': [{'Target': 'main.tf', "
        "'Misconfigurations': [{'Message': sys.argv[1]}]}]}))",
    )
    root = tmp_path / "sources"
    root.mkdir()
    (root / "main.tf").write_text("")
    found = scanner_of("trivy", f"{tool} {{directory}}", tmp_path / "work").scan(DirectoryTree(root))
    assert found is not None
    assert found[0].description == str(root)


def test_links_beside_the_files_of_a_tree_on_disk_lead_the_program_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.tf").write_text("secret")
    root = tmp_path / "sources"
    root.mkdir()
    (root / "main.tf").write_text("")
    (root / "link.tf").symlink_to(tmp_path / "secret.tf")
    tool = program(
        tmp_path,
        "print(json.dumps({'SchemaVersion': 2, 'Results': [{'Target': 'main.tf', "
        "'Misconfigurations': [{'Message': ' '.join(os.listdir(sys.argv[1]))}]}]}))",
    )
    found = scanner_of("trivy", f"{tool} {{directory}}", tmp_path / "work").scan(DirectoryTree(root))
    assert found is not None
    assert found[0].description == "main.tf"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["{name}", "./{name}", "{directory}/{name}", "../net/{name}", "x/../{name}"])
def test_files_are_found_however_the_program_calls_them(tmp_path: Path, kind: str, form: str) -> None:
    report = json.dumps(REPORTS[kind]((form.replace("{name}", "modules/a/main.tf"), 3, "FAIL")))
    tool = program(tmp_path, f"print({report!r}.replace('{{directory}}', sys.argv[1]))")
    found = scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE, "net")
    assert found is not None
    assert [item.location for item in found] == [FindingLocation("net/modules/a/main.tf", 3, 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_files_named_from_the_working_directory_are_found_and_it_is_not_the_sources(tmp_path: Path, kind: str) -> None:
    report = json.dumps(REPORTS[kind](("{path}", 3, "FAIL")))
    tool = program(
        tmp_path,
        f"assert os.listdir('.') == []\n"
        f"print({report!r}.replace('{{path}}', os.path.relpath(sys.argv[1] + '/main.tf')))",
    )
    found = scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE)
    assert found is not None
    assert [item.location.filename for item in found] == ["main.tf"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../../../../etc/passwd", "../secret.tf", "//main.tf", "net", "main.tf/", "main.tf\0", "\ud800"],
)
def test_files_outside_the_tree_are_never_named(tmp_path: Path, kind: str, name: str) -> None:
    tool = printing(tmp_path, REPORTS[kind]((name, 1, "FAIL")))
    found = scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE)
    assert found is not None
    assert {item.location.filename for item in found} <= {file.path for file in TREE.files()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", ".", "{directory}"])
def test_a_finding_about_the_whole_directory_names_no_file(tmp_path: Path, kind: str, name: str) -> None:
    report = json.dumps(REPORTS[kind]((name, 0, "FAIL")))
    tool = program(tmp_path, f"print({report!r}.replace('{{directory}}', sys.argv[1]))")
    found = scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE)
    assert found is not None
    assert [item.location for item in found] == [FindingLocation("", 0, 0)]


def test_a_part_of_a_tree_is_a_tree(tmp_path: Path) -> None:
    tool = printing(tmp_path, trivy_report(("modules/a/main.tf", 1, "FAIL")))
    found = scanner_of("trivy", f"{tool} {{directory}}", tmp_path / "work").scan(Subtree.of(TREE, "net"))
    assert found is not None
    assert [item.location.filename for item in found] == ["modules/a/main.tf"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_of_the_registry_reaches_the_program(tmp_path: Path, kind: str) -> None:
    tool = program(
        tmp_path,
        f"assert 'SECRET_KEY' not in os.environ and os.environ['HOME'] == os.getcwd()\n"
        f"print({json.dumps(REPORTS[kind]())!r})",
    )
    assert scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE) == []


# --- how programs fail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "print('no JSON')",
        "print('{}')",
        "print('[]')",
        "print('null')",
        'print(\'{"Results": [], "runs": [], "x": NaN}\')',
        "print('{\"Results\": [], \"runs\": [], \"x\": ' + '9' * 5000 + '}')",
        'print(\'{"Results": [], "runs": [], "x": \' + \'[\' * 100000)',
        'sys.stdout.buffer.write(b\'{"Results": [], "runs": [], "x": "\\xff"}\')',
        'print(\'{"Results": [], "runs": []}\'); sys.exit(1)',
        'print(\'{"Results": [], "runs": []}\', flush=True); os.kill(os.getpid(), 9)',
        "sys.exit(1)",
        "time.sleep(600)",
        "while True: print('x' * 65536)",
    ],
)
def test_a_program_that_fails_is_logged_and_gives_no_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, body: str
) -> None:
    tool = program(tmp_path, body)
    bounds = Bounds(seconds=1.5, output_bytes=1 << 20)
    with caplog.at_level(logging.WARNING):
        assert scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work", bounds).scan(TREE) is None
    assert len(caplog.records) == 1
    assert "\n" not in caplog.records[0].getMessage()
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_that_is_not_installed_gives_no_result(tmp_path: Path, kind: str) -> None:
    assert scanner_of(kind, "/nowhere/scan {directory}", tmp_path / "work").scan(TREE) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_status_other_than_0_is_taken_for_findings_only_where_there_are_failures(tmp_path: Path, kind: str) -> None:
    tool = printing(tmp_path, REPORTS[kind](("main.tf", 1, "FAIL")), then="sys.exit(1)")
    assert len(scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE) or []) == 1
    tool = printing(tmp_path, REPORTS[kind](("main.tf", 1, "PASS")), then="sys.exit(1)")
    assert scanner_of(kind, f"{tool} {{directory}}", tmp_path / "work").scan(TREE) is None


def test_a_workspace_that_can_not_be_written_gives_no_result(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    tool = printing(tmp_path, trivy_report())
    assert scanner_of("trivy", f"{tool} {{directory}}", tmp_path / "work").scan(TREE) is None


def test_a_configured_command_that_can_not_be_meant_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be a command"):
        trivy_scanner(tmp_path, {}, "trivy config")
    with pytest.raises(ValueError, match="must be a command"):
        sarif_scanner(tmp_path, {}, "")


def test_trivy_is_looked_up_on_the_path_and_told_what_to_scan_when_no_command_is_configured(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    program(
        tools,
        """
        assert sys.argv[1] == "config" and "--include-non-failures" in sys.argv and os.environ["TRIVY_X"] == "1"
        print(json.dumps({"SchemaVersion": 2, "Results": [
            {"Target": "main.tf", "Misconfigurations": [{"Message": os.path.basename(sys.argv[-1])}]}]}))
        """,
        "trivy",
    )
    found = trivy_scanner(tmp_path / "work", {"PATH": f"{tools}{os.pathsep}{PATH}", "TRIVY_X": "1"}).scan(TREE)
    assert found is not None
    assert [item.description for item in found] == ["tree"]
