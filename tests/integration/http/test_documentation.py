"""What people read of a version: READMEs, documents, examples, submodules, graphs (chapter 03, 17 to 21 and 25)."""

from typing import Any

import pytest

from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.modules.documentation import DocumentationPolicy
from terrareg_core.modules.snippets import SnippetPolicy, VersionTemplate
from terrareg_http.settings import Settings
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MANAGED, NOT_FOUND, Served, module_zip

ADDRESS = "acme/net/aws"
V = f"{MANAGED}/{ADDRESS}/1.2.0"
README = "# Hello World\n\nSee [x](#hello-world) and [y](./README.md#a-b)\n"
CALL = 'module "n" {\n  source = "../../"\n\n  a = 1\n}\n'
FILES = {
    "main.tf": (
        'variable "size" {\n  type = number\n  default = 3\n  description = "Nodes **x**"\n}\n'
        'variable "tag" {}\n'
        'resource "aws_s3_bucket" "b" {}\ndata "aws_region" "here" {}\n'
        'module "inner" {\n  source = "./modules/inner"\n}\n'
        'module "far" {\n  source = "acme/y/aws"\n}\n'
    ),
    "README.md": README,
    "LICENSE": "A <b> & C",
    "CHANGELOG.md": "<script>a()</script>\n\n![i](rel.png)\n",
    "modules/inner/main.tf": 'resource "aws_vpc" "v" {}\n',
    "modules/a/b/x.tf": "",
    "examples/basic/main.tf": CALL,
    "examples/basic/variables.tf": "",
    "examples/basic/data.tf": "",
    "examples/basic/outputs.tf": "",
    "examples/basic/README.md": f"# Basic\n\n```hcl\n{CALL}```\n",
    "terrareg.json": '{"variable_template": [{"name": "region", "additional_help": "<b>h</b><p>", "choices": ["eu"]}]}',
}
TEMPLATE = SnippetPolicy(version_template=VersionTemplate(">= {major}.{minor}.{patch}, < {major_plus_one}.0.0"))


def _with_version(served: Served, version: str = "1.2.0", files: dict[str, str] | None = None) -> Served:
    answer = served.upload(f"{ADDRESS}/{version}", module_zip(files or FILES))
    assert answer.json() == {"status": "Success"}
    return served


@pytest.fixture
def served(open_empty: Open) -> Served:
    return _with_version(open_empty(documentation=DocumentationPolicy(TEMPLATE)))


def _json(served: Served, path: str) -> Any:
    answer = served.get(f"{V}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_example_names_its_module_as_this_registry_does(served: Served) -> None:
    assert _json(served, "examples/file/examples/basic/main.tf") == (
        'module "n" {\n  source  = "reg.example.com/my-tf-application__acme/net/aws"\n'
        '  version = ">= 1.2.0, < 2.0.0"\n\n  a = 1\n}\n'
    )


def test_over_http_the_version_is_in_the_source(open_empty: Open) -> None:
    settings = Settings.from_environment({"PUBLIC_URL": "http://reg.example.com:5000"})
    served = _with_version(open_empty(settings))
    assert _json(served, "examples/file/examples/basic/main.tf").splitlines()[1] == (
        '  source = "http://reg.example.com:5000/modules/my-tf-application__acme/net/aws/1.2.0"'
    )
    usage = _json(served, "submodules/details/modules/inner")["usage_example"]
    assert (
        'source = "http://reg.example.com:5000/modules/my-tf-application__acme/net/aws/1.2.0//modules/inner"' in usage
    )
    assert "version" not in usage


def test_a_version_that_is_not_the_latest_is_pinned_with_a_remark(served: Served) -> None:
    _with_version(served, "2.0.0")
    lines = _json(served, "examples/file/examples/basic/main.tf").splitlines()
    assert [line.strip()[:1] for line in lines[2:4]] == ["#", "#"]
    assert lines[4] == '  version = "1.2.0"'


def test_an_examples_files_begin_with_main(served: Served) -> None:
    listed = _json(served, "examples/filelist/examples/basic")
    assert [entry["filename"] for entry in listed] == ["main.tf", "data.tf", "outputs.tf", "variables.tf"]
    assert served.get(listed[1]["content_href"]).json() == ""


def test_a_readme_is_html_whose_links_meet_its_anchors(served: Served) -> None:
    assert _json(served, "readme_html") == (
        '<h1 id="terrareg-anchor-READMEmd-hello-world">Hello World</h1>\n'
        '<p>See <a href="#terrareg-anchor-READMEmd-hello-world">x</a> and '
        '<a href="#terrareg-anchor-READMEmd-a-b">y</a></p>'
    )


def test_sources_in_a_readme_are_rewritten_and_escaped(served: Served) -> None:
    shown = _json(served, "examples/readme_html/examples/basic")
    assert "source  = &quot;reg.example.com/my-tf-application__acme/net/aws&quot;" in shown
    assert "version = &quot;&gt;= 1.2.0, &lt; 2.0.0&quot;" in shown


def test_without_a_readme_there_is_null(served: Served) -> None:
    assert _json(served, "submodules/readme_html/modules/inner") is None
    assert _with_version(served, "1.3.0", {"main.tf": ""}).get(f"{MANAGED}/{ADDRESS}/1.3.0/readme_html").json() is None


def test_documents_beside_the_readme_are_safe(served: Served) -> None:
    assert _json(served, "files/LICENSE") == "<pre>A &lt;b&gt; &amp; C</pre>"
    assert _json(served, "files/CHANGELOG.md") == '&lt;script&gt;a()&lt;/script&gt;\n\n<p><img alt="i"></p>'
    missing = served.get(f"{V}/files/NOPE")
    assert (missing.status_code, list(missing.json())) == (400, ["message"])


def test_submodules_and_examples_are_listed_by_path(served: Served) -> None:
    assert _json(served, "submodules") == [
        {"path": path, "href": f"/modules/acme/net/aws/1.2.0/submodule/{path}"}
        for path in ("modules/a/b", "modules/inner")
    ]
    assert [entry["path"] for entry in _json(served, "examples")] == ["examples/basic"]


def test_a_usage_builder_asks_for_the_templates_variables_and_then_for_inputs(served: Served) -> None:
    region, size, tag = _json(served, "variable_template")
    assert region == {
        "name": "region",
        "type": "text",
        "required": True,
        "quote_value": True,
        "default_value": None,
        "additional_help": "<b>h</b>&lt;p&gt;",
        "choices": ["eu"],
    }
    assert size == {
        "name": "size",
        "type": "number",
        "required": False,
        "quote_value": False,
        "default_value": 3,
        "additional_help": "Nodes **x**",
    }
    assert (tag["name"], tag["additional_help"]) == ("tag", None)
    html = _json(served, "variable_template?output=html")
    assert html[1]["additional_help"] == "<p>Nodes <strong>x</strong></p>"


def test_a_usage_builder_asks_for_the_templates_variables_only_where_the_operator_wants_it(open_empty: Open) -> None:
    policy = DocumentationPolicy(generate_usage_variables=False)
    assert len(_json(_with_version(open_empty(documentation=policy)), "variable_template")) == 1


def test_details_of_a_submodule_show_what_it_holds(served: Served) -> None:
    details = _json(served, "submodules/details/modules/inner")
    assert details["resources"][0]["type"] == "vpc"
    assert details["graph_url"] == "/modules/acme/net/aws/1.2.0/graph/submodule/modules/inner"
    assert (details["security_failures"], details["security_results"]) == (0, None)
    assert details["display_source_url"] is None
    assert not {"cost_analysis", "terraform_version_constraint"} & set(details)


def test_details_of_an_example_show_its_direct_calls_and_its_cost(served: Served) -> None:
    details = _json(served, "examples/details/examples/basic")
    assert details["modules"] == [{"name": "n", "source": "../../", "version": "", "description": None}]
    assert details["cost_analysis"] == {"yearly_cost": None}
    assert details["usage_example"].startswith('module "net" {\n  source  = "reg.example.com/')


def test_the_graph_shows_resources_and_called_modules(served: Served) -> None:
    graph = _json(served, "graph/data")
    nodes = {node["data"]["id"]: node["data"] for node in graph["nodes"]}
    assert nodes["aws_s3_bucket.b"]["parent"] == "root"
    assert nodes["data.aws_region.here"]["label"] == "(data) aws_region.here"
    assert nodes["module.inner.aws_vpc.v"] == {
        "id": "module.inner.aws_vpc.v",
        "label": "aws_vpc.v",
        "child_count": 0,
        "parent": "module.inner",
    }
    assert nodes["module.inner"] == {"id": "module.inner", "label": "inner", "child_count": 1}
    assert nodes["root"] == {"id": "root", "label": "Root Module", "child_count": 2}
    assert [edge["data"]["id"] for edge in graph["edges"]] == ["root.module.far", "root.module.inner"]
    named = _json(served, "graph/data?full_resource_names=TRUE")
    resources = [node["data"] for node in named["nodes"] if "parent" in node["data"]]
    assert all(node["label"] == node["id"] for node in resources)


def test_the_graph_of_an_example_leads_through_the_root(served: Served) -> None:
    graph = _json(served, "graph/data/example/examples/basic?full_module_names=1")
    assert "module.n.module.inner.aws_vpc.v" in {node["data"]["id"] for node in graph["nodes"]}
    assert _json(served, "graph/data/submodule/modules/inner")["edges"] == []


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("acme/net/aws/9.9.9/graph/data", 404, NOT_FOUND),
        ("nope/net/aws/1.2.0/graph/data", 400, {"message": "Namespace does not exist"}),
        ("acme/net/aws/9.9.9/readme_html", 400, {"message": "Module version does not exist"}),
        ("acme/nope/aws/1.2.0/submodules", 400, {"message": "Module provider does not exist"}),
        ("acme/net/aws/1.2.0/submodules/details/examples/basic", 404, NOT_FOUND),
        ("acme/net/aws/1.2.0/examples/details/modules/inner", 404, NOT_FOUND),
        ("acme/net/aws/1.2.0/submodules/readme_html/modules/a", 404, NOT_FOUND),
        ("acme/net/aws/1.2.0/examples/filelist/examples", 404, NOT_FOUND),
        ("acme/net/aws/1.2.0/graph/data/submodule/nope", 404, NOT_FOUND),
        ("tok__acme/net/aws/1.2.0/readme_html", 400, {"message": "Namespace does not exist"}),
    ],
)
def test_what_does_not_exist_is_reported_as_documented(
    served: Served, path: str, status: int, body: dict[str, object]
) -> None:
    answer = served.get(f"{MANAGED}/{path}")
    assert (answer.status_code, answer.json()) == (status, body)


def test_an_unknown_example_file_has_a_message_of_its_own(served: Served) -> None:
    answer = served.get(f"{V}/examples/file/examples/basic/nope.tf")
    assert (answer.status_code, list(answer.json())) == (404, ["message"])


@pytest.mark.parametrize("value", ["maybe", ""])
def test_an_argument_of_the_graph_that_does_not_convert_is_named(served: Served, value: str) -> None:
    answer = served.get(f"{V}/graph/data?full_resource_names={value}")
    assert (answer.status_code, list(answer.json()["message"])) == (400, ["full_resource_names"])


@pytest.mark.parametrize("version", ["1.2", "latest", "1.2.3-A"])
def test_a_version_that_is_none_is_refused(served: Served, version: str) -> None:
    answer = served.get(f"{MANAGED}/{ADDRESS}/{version}/readme_html")
    assert (answer.status_code, answer.json()["status"]) == (400, "Error")


def test_a_closed_registry_shows_documents_to_those_who_may_read(open_empty: Open) -> None:
    served = _with_version(open_empty(access=AccessPolicy(anonymous_access=False)))
    for path in ("readme_html", "files/LICENSE", "submodules", "graph/data", "examples/file/examples/basic/main.tf"):
        assert served.get(f"{V}/{path}").status_code == 401
        assert served.get(f"{V}/{path}", headers=ADMIN).status_code == 200


def test_another_method_is_not_allowed(served: Served) -> None:
    answer = served.request("POST", f"{V}/readme_html")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
