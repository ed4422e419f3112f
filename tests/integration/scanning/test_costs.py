"""What the cost estimator promises, with a stand-in for Infracost."""

import json
import logging
from pathlib import Path

import pytest

from terrareg_adapters.scanning.infracost import InfracostEstimator, infracost_estimator
from terrareg_adapters.scanning.process import Bounds
from terrareg_adapters.terraform.source_tree import DirectoryTree
from tests.integration.scanning.programs import PATH, TREE, program

WRITE = """
out = sys.argv[sys.argv.index("--out-file") + 1]
def report(content):
    open(out, "w").write(content if isinstance(content, str) else json.dumps(content))
"""


def tool(folder: Path, body: str) -> str:
    """A stand-in for Infracost that has `report` to write its document with."""
    return str(program(folder, f"{WRITE}\n{body}", "infracost"))


def estimator(folder: Path, body: str, bounds: Bounds | None = None) -> InfracostEstimator:
    return infracost_estimator(
        folder / "work",
        {"PATH": PATH, "SECRET_KEY": "s", "INFRACOST_PRICING_API_ENDPOINT": "https://prices.example.com"},
        "the-key",
        registry=("registry.example.com", "the-token"),
        program=tool(folder, body),
        bounds=bounds,
    )


def test_each_example_has_the_document_of_the_tool_unchanged(tmp_path: Path) -> None:
    document = {"version": "0.2", "totalMonthlyCost": "61.536", "projects": [{"x": [1, 1.5, None, True, "é"]}]}
    body = f"report({{**{document!r}, 'path': sys.argv[3]}})"
    found = estimator(tmp_path, body).estimate(TREE, ["examples/e", "modules/a"])
    assert found == {path: {**document, "path": path} for path in ["examples/e", "modules/a"]}


def test_the_tool_is_called_in_the_module_root_with_its_key_and_the_way_into_this_registry(tmp_path: Path) -> None:
    body = """report({
        "arguments": sys.argv[1:6], "cwd": os.getcwd(), "files": sorted(os.listdir()), "env": dict(os.environ)
    })"""
    document = estimator(tmp_path, body).estimate(TREE, ["modules/a"], "net")["modules/a"]
    assert document["arguments"] == ["breakdown", "--path", "modules/a", "--format", "json"]
    assert str(document["cwd"]).endswith("/tree/net")
    assert document["files"] == ["main.tf", "modules"]
    environment = document["env"]
    assert isinstance(environment, dict)
    assert {name: value for name, value in environment.items() if name.startswith("INFRACOST_")} == {
        "INFRACOST_API_KEY": "the-key",
        "INFRACOST_PRICING_API_ENDPOINT": "https://prices.example.com",
        "INFRACOST_TERRAFORM_CLOUD_HOST": "registry.example.com",
        "INFRACOST_TERRAFORM_CLOUD_TOKEN": "the-token",
        "INFRACOST_SKIP_UPDATE_CHECK": "true",
    }
    assert "SECRET_KEY" not in environment


def test_without_a_public_host_the_tool_gets_no_token(tmp_path: Path) -> None:
    program_path = tool(tmp_path, "report({'names': sorted(os.environ)})")
    found = infracost_estimator(tmp_path / "work", {}, "the-key", program=program_path).estimate(TREE, ["examples/e"])
    assert "INFRACOST_TERRAFORM_CLOUD_TOKEN" not in json.dumps(found)
    assert "INFRACOST_API_KEY" in json.dumps(found)


def test_secrets_do_not_appear_when_an_estimator_is_printed(tmp_path: Path) -> None:
    assert "the-" not in repr(estimator(tmp_path, ""))


def test_what_the_tool_writes_beside_the_sources_is_not_in_the_tree(tmp_path: Path) -> None:
    root = tmp_path / "sources"
    (root / "examples/e").mkdir(parents=True)
    (root / "examples/e/main.tf").write_text("original")
    body = "open('junk', 'w'); open('examples/e/main.tf', 'w').write('changed'); report({'ok': True})"
    assert estimator(tmp_path, body).estimate(DirectoryTree(root), ["examples/e"]) == {"examples/e": {"ok": True}}
    assert {path.name for path in root.rglob("*")} == {"examples", "e", "main.tf"}
    assert (root / "examples/e/main.tf").read_text() == "original"
    assert list((tmp_path / "work").iterdir()) == []


def test_an_example_that_fails_takes_no_other_with_it_and_no_foreign_document(tmp_path: Path) -> None:
    body = "if sys.argv[3] != 'modules/a': report({'path': sys.argv[3]})"
    found = estimator(tmp_path, body).estimate(TREE, ["examples/e", "modules/a", "net"])
    assert found == {"examples/e": {"path": "examples/e"}, "net": {"path": "net"}}


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "sys.exit(1)",
        "report({'totalMonthlyCost': '1'}); sys.exit(1)",
        "report('')",
        "report('[]')",
        "report('{\"totalMonthlyCost\": NaN}')",
        "report('{\"totalMonthlyCost\": 1e400}')",
        "report('{\"x\": 18446744073709551616}')",
        "report('{\"x\": ' + '[' * 200 + ']' * 200 + '}')",
        "report('{\"x\": \"' + 'x' * (16 << 20) + '\"}')",
        "os.mkdir(out)",
        "time.sleep(600)",
    ],
)
def test_a_tool_that_fails_is_logged_and_gives_no_estimate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    with caplog.at_level(logging.WARNING):
        assert estimator(tmp_path, body, Bounds(seconds=2)).estimate(TREE, ["examples/e"]) == {}
    assert len(caplog.records) == 1
    assert "the-key" not in caplog.text


def test_a_tool_that_is_not_installed_gives_no_estimate(tmp_path: Path) -> None:
    absent = infracost_estimator(tmp_path / "work", {"PATH": PATH}, "k", program="/nowhere/infracost")
    assert absent.estimate(TREE, ["examples/e"]) == {}


def test_the_time_for_all_examples_together_is_bounded(tmp_path: Path) -> None:
    slow = InfracostEstimator({"PATH": PATH}, tmp_path / "work", tool(tmp_path, "time.sleep(600)"), Bounds(60), 1)
    assert slow.estimate(TREE, ["examples/e", "modules/a", "net"]) == {}


def test_without_examples_nothing_is_copied_or_run(tmp_path: Path) -> None:
    assert estimator(tmp_path, "report({})").estimate(TREE, []) == {}
    assert not (tmp_path / "work").exists()


def test_texts_that_no_database_takes_are_mended(tmp_path: Path) -> None:
    body = 'report(\'{"a": "x\\\\u0000y\\\\ud800"}\')'
    assert estimator(tmp_path, body).estimate(TREE, ["examples/e"]) == {"examples/e": {"a": "x\ufffdy\ufffd"}}
