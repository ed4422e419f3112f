"""Lists and pages of the registry's own: the acceptance checks of chapter 01, section 10, and of chapter 03, 25."""

from datetime import datetime
from typing import Any

import pytest

from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.modules.documentation import DocumentationPolicy
from terrareg_core.modules.indexing import IndexingPolicy
from terrareg_core.modules.links import ModuleLink, ModuleTab
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_http.settings import Settings
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MANAGED, MODULES, NAMESPACES, NOT_FOUND, Served, module_zip

PROVIDER_OUTLINE = {
    *("id", "namespace", "name", "provider", "verified", "trusted", "provider_source"),
    *("provider_source_inheritance_disabled", "namespace_default_provider_source"),
}
VERSION_OUTLINE = {
    *PROVIDER_OUTLINE,
    *("owner", "description", "version", "source", "published_at", "downloads", "internal"),
}
PROVIDER_DETAILS = {
    *PROVIDER_OUTLINE,
    *("versions", "module_provider_id", "git_provider_id", "git_tag_format", "git_path", "archive_git_path"),
    *("repo_base_url_template", "repo_clone_url_template", "repo_browse_url_template", "git_path_template"),
}
SPECS = {
    *("path", "readme", "empty", "inputs", "outputs", "dependencies", "provider_dependencies", "resources"),
}
VERSION_PAGE = {
    *PROVIDER_DETAILS,
    *VERSION_OUTLINE,
    *("root", "submodules", "providers", "published_at_display", "display_source_url"),
    *("terraform_example_version_string", "terraform_example_version_comment", "beta", "published"),
    *("security_failures", "security_results", "additional_tab_files", "custom_links", "graph_url"),
    *("terraform_version_constraint", "module_extraction_up_to_date", "usage_example"),
}
VPC = f"{MANAGED}/acme/vpc/aws"


def ok(served: Served, path: str) -> Any:
    answer = served.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(served: Served, path: str) -> Any:
    """The body of a 400."""
    answer = served.get(path)
    assert answer.status_code == 400, answer.text
    return answer.json()


# --- lists ---------------------------------------------------------------------------------------------------------


def test_all_module_providers_of_a_namespace_are_listed(shared: Served) -> None:
    listed = ok(shared, f"{MANAGED}/acme")
    assert listed["meta"] == {"limit": 10, "current_offset": 0}
    assert [row["id"] for row in listed["modules"]] == ["acme/dns/aws", "acme/int/aws/1.0.0", "acme/vpc/aws/1.10.0"]
    assert [set(row) for row in listed["modules"]] == [PROVIDER_OUTLINE, VERSION_OUTLINE, VERSION_OUTLINE]
    assert listed["modules"][2] == ok(shared, MODULES)["modules"][0]


def test_the_providers_of_one_module_are_listed_in_any_casing(shared: Served) -> None:
    assert [row["id"] for row in ok(shared, f"{MANAGED}/acme/VPC")["modules"]] == ["acme/vpc/aws/1.10.0"]
    assert ok(shared, f"{MANAGED}/acme/nope") == {"meta": {"limit": 10, "current_offset": 0}, "modules": []}


@pytest.mark.parametrize("path", ["nope", "nope/vpc", "nope/in@valid", "tok__acme", "acme/", "acme/vpc/"])
def test_what_has_no_list_is_not_found(shared: Served, path: str) -> None:
    answer = shared.get(f"{MANAGED}/{path}")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_a_name_that_no_module_can_have_is_refused(shared: Served) -> None:
    assert set(refused(shared, f"{MANAGED}/acme/in@valid")) == {"status", "message"}


@pytest.mark.parametrize(
    ("query", "meta"),
    [
        ("limit=1", {"limit": 1, "current_offset": 0, "next_offset": 1}),
        ("limit=1000000", {"limit": 1000, "current_offset": 0}),
        ("limit=-5&offset=-1", {"limit": 1, "current_offset": 0, "next_offset": 1}),
        ("limit=0&offset=1", {"limit": 1, "current_offset": 1, "prev_offset": 0, "next_offset": 2}),
        ("offset=7", {"limit": 10, "current_offset": 7, "prev_offset": 0}),
    ],
)
def test_pages_may_be_long(shared: Served, query: str, meta: dict[str, int]) -> None:
    listed = ok(shared, f"{MANAGED}/acme?{query}")
    assert listed["meta"] == meta
    assert len(listed["modules"]) == max(0, min(meta["limit"], 3 - meta["current_offset"]))


def test_providers_that_are_not_allowed_are_left_out(open_fixture: Open) -> None:
    served = open_fixture(modules=ModulePolicy(allowed_providers=frozenset({"gcp"})))
    assert ok(served, f"{MANAGED}/acme")["modules"] == []
    assert set(refused(served, VPC)) == {"status", "message"}
    assert set(refused(served, f"{VPC}/1.0.0")) == {"status", "message"}
    assert ok(served, f"{MANAGED}/search/filters?q=")["providers"] == {}
    summary = served.get(f"{MODULES}/acme/vpc/aws/downloads/summary")
    assert (summary.status_code, summary.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("query", "versions"),
    [
        ("", ["1.10.0", "1.9.9", "1.2.0", "1.0.0"]),
        ("include-beta=true", ["1.10.0", "1.9.9", "1.3.0-beta", "1.2.0", "1.0.0"]),
        ("include-unpublished=1", ["2.0.0", "1.10.0", "1.9.9", "1.2.0", "1.0.0"]),
        ("include-beta=TRUE&include-unpublished=true", ["2.0.0", "1.10.0", "1.9.9", "1.3.0-beta", "1.2.0", "1.0.0"]),
        ("include_beta=true&include-beta=false", ["1.10.0", "1.9.9", "1.2.0", "1.0.0"]),
    ],
)
def test_betas_and_unpublished_versions_are_listed_on_demand(shared: Served, query: str, versions: list[str]) -> None:
    assert ok(shared, f"{VPC}/versions?{query}") == [
        {"version": version, "published": version != "2.0.0", "beta": version.endswith("-beta")} for version in versions
    ]


def test_an_unpublished_beta_needs_both_arguments(open_empty: Open) -> None:
    served = open_empty(modules=ModulePolicy(auto_publish=False))
    served.upload("acme/net/aws/1.0.0-rc1")
    path = f"{MANAGED}/acme/net/aws/versions"
    assert [ok(served, f"{path}?{query}") for query in ("", "include-beta=1", "include-unpublished=1")] == [[], [], []]
    both = ok(served, f"{path}?include-beta=1&include-unpublished=1")
    assert both == [{"version": "1.0.0-rc1", "published": False, "beta": True}]


# --- pages ---------------------------------------------------------------------------------------------------------


def test_the_page_of_a_module_provider_is_that_of_its_latest_version(shared: Served) -> None:
    page = ok(shared, VPC)
    assert set(page) == VERSION_PAGE
    assert page["id"] == "acme/vpc/aws/1.10.0"
    assert page["versions"] == ["1.10.0", "1.9.9", "1.2.0", "1.0.0"]
    assert page["module_provider_id"] == "acme/vpc/aws"
    assert page["terraform_example_version_string"] == "1.10.0"
    assert page["terraform_example_version_comment"] == []
    assert page["graph_url"] == "/modules/acme/vpc/aws/1.10.0/graph"
    assert page["providers"] == ["aws"]
    assert (page["beta"], page["published"], page["internal"]) == (False, True, False)
    assert (page["security_failures"], page["security_results"]) == (0, None)
    assert page["git_tag_format"] == "{version}"
    assert page == ok(shared, f"{VPC}/1.10.0")


def test_the_page_agrees_with_the_module_protocol(shared: Served) -> None:
    page, protocol = ok(shared, f"{VPC}/1.2.0"), ok(shared, f"{MODULES}/acme/vpc/aws/1.2.0")
    calls = page["root"].pop("modules")
    assert calls == []
    assert set(page["root"]) == SPECS
    assert set(protocol) - {"versions"} <= set(page)
    assert {key: page[key] for key in protocol if key != "versions"} == {
        key: value for key, value in protocol.items() if key != "versions"
    }


def test_a_version_that_is_not_the_latest_is_shown_with_a_remark(shared: Served) -> None:
    page = ok(shared, f"{VPC}/1.0.0")
    comments = page["terraform_example_version_comment"]
    assert len(comments) == 2
    assert page["terraform_example_version_string"] == "1.0.0"
    assert page["usage_example"] == (
        'module "vpc" {\n  source  = "reg.example.com/my-tf-application__acme/vpc/aws"\n'
        f'  # {comments[0]}\n  # {comments[1]}\n  version = "1.0.0"\n\n  # Provide variables here\n}}'
    )


@pytest.mark.parametrize(
    ("version", "beta", "published", "word"),
    [("2.0.0", False, False, "published"), ("1.3.0-beta", True, True, "beta"), ("1.9.9", False, True, "latest")],
)
def test_the_remark_tells_why(shared: Served, version: str, beta: bool, published: bool, word: str) -> None:
    page = ok(shared, f"{VPC}/{version}")
    assert (page["beta"], page["published"]) == (beta, published)
    assert word in page["terraform_example_version_comment"][0]


def test_a_module_provider_without_a_latest_version_has_a_page_without_one(shared: Served) -> None:
    page = ok(shared, f"{MANAGED}/acme/dns/aws?target_terraform_version=1.5.0")
    assert set(page) == PROVIDER_DETAILS
    assert page["id"] == page["module_provider_id"] == "acme/dns/aws"
    assert (page["versions"], page["git_tag_format"], page["git_path"]) == ([], "{version}", None)


def test_the_page_shows_the_git_settings_of_the_module_provider(open_fixture: Open) -> None:
    served = open_fixture()
    settings = {
        "repo_base_url_template": "https://git.test/{namespace}/{module}",
        "repo_browse_url_template": "https://git.test/{namespace}/{module}/{tag}/{path}",
        "git_tag_format": "v{version}",
        "git_path": "/sub//{module}/",
        "archive_git_path": True,
        "provider_source_inheritance_disabled": True,
    }
    assert served.post(f"{VPC}/settings", settings).status_code == 200
    page = ok(served, VPC)
    shown = {
        "repo_base_url_template": "https://git.test/{namespace}/{module}",
        "repo_clone_url_template": None,
        "repo_browse_url_template": "https://git.test/{namespace}/{module}/{tag}/{path}",
        "git_tag_format": "v{version}",
        "git_path": "sub/vpc",
        "git_path_template": "/sub//{module}/",
        "archive_git_path": True,
        "git_provider_id": None,
        "provider_source_inheritance_disabled": True,
        "source": "https://git.test/acme/vpc",
        "display_source_url": "https://git.test/acme/vpc/v1.10.0/",
    }
    assert {key: page[key] for key in shown} == shown
    assert ok(served, f"{MODULES}/acme/vpc/aws")["provider_source_inheritance_disabled"] is True


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("nope/vpc/aws", {"message"}),
        ("acme/nope/aws", {"message"}),
        ("acme/vpc/nope", {"message"}),
        ("tok__acme/vpc/aws", {"message"}),
        ("acme/in@valid/aws", {"status", "message"}),
        ("acme/vpc/with-dash", {"status", "message"}),
    ],
)
def test_what_is_unknown_or_no_name_is_told_apart(shared: Served, path: str, keys: set[str]) -> None:
    for suffix in ("", "/versions", "/1.0.0"):
        body = refused(shared, f"{MANAGED}/{path}{suffix}")
        assert set(body) == keys
        assert isinstance(body["message"], str)


def test_the_three_levels_are_told_apart(shared: Served) -> None:
    assert refused(shared, f"{MANAGED}/nope/vpc/aws/1.0.0") == {"message": "Namespace does not exist"}
    assert refused(shared, f"{MANAGED}/acme/nope/aws/1.0.0") == {"message": "Module provider does not exist"}
    unknown = shared.get(f"{VPC}/9.9.9")
    assert (unknown.status_code, unknown.json()) == (404, NOT_FOUND)
    for no_version in ("latest", "1.0"):
        assert set(refused(shared, f"{VPC}/{no_version}")) == {"status", "message"}


def test_a_page_tells_the_compatibility_with_a_terraform_version(open_empty: Open) -> None:
    served = open_empty()
    terraform = 'terraform {\n  required_version = ">= 1.3, < 2.0"\n}\n'
    served.upload("acme/net/aws/1.0.0", module_zip({"main.tf": terraform}))
    path = f"{MANAGED}/acme/net/aws"
    page = ok(served, path)
    assert page["terraform_version_constraint"] == ">= 1.3, < 2.0"
    assert "version_compatibility" not in page
    for target, label in (("1.5.0", "compatible"), ("1.2.0", "incompatible"), ("", "error")):
        for version in ("", "/1.0.0"):
            page = ok(served, f"{path}{version}?target_terraform_version={target}")
            assert page["version_compatibility"] == label


CHECK_1 = 'variable "size" {\n  type        = number\n  default     = 3\n  description = "Nodes"\n}\n'


def test_what_was_uploaded_is_shown(open_empty: Open) -> None:
    served = open_empty()
    assert served.upload("acme/net/aws/1.2.0", module_zip({"main.tf": CHECK_1})).json() == {"status": "Success"}
    page = ok(served, f"{MANAGED}/acme/net/aws/1.2.0")
    assert page["root"]["inputs"] == [
        {"name": "size", "type": "number", "description": "Nodes", "default": 3, "required": False}
    ]
    assert page["root"]["readme"] == ""
    assert page["module_extraction_up_to_date"] is True


def test_descriptions_of_the_root_are_html_on_demand(open_empty: Open) -> None:
    served = open_empty()
    sources = {
        "main.tf": (
            'variable "a" {\n  description = "Override the *default* <script>"\n}\nvariable "b" {}\n'
            'output "c" {\n  value = 1\n  description = "**x**"\n}\n'
        ),
        "modules/inner/main.tf": 'variable "a" {\n  description = "still *Markdown*"\n}\n',
    }
    served.upload("acme/net/aws/1.0.0", module_zip(sources))
    path = f"{MANAGED}/acme/net/aws"

    def descriptions(page: Any) -> list[Any]:
        root, (inner,) = page["root"], page["submodules"]
        return [item["description"] for item in (*root["inputs"], *root["outputs"], *inner["inputs"])]

    markdown = ["Override the *default* &lt;script&gt;", None, "**x**", "still *Markdown*"]
    assert descriptions(ok(served, path)) == descriptions(ok(served, f"{path}?output=HTML")) == markdown
    html = [
        "<p>Override the <em>default</em> &lt;script&gt;</p>",
        None,
        "<p><strong>x</strong></p>",
        "still *Markdown*",
    ]
    for version in ("", "/1.0.0"):
        assert descriptions(ok(served, f"{path}{version}?output=html")) == html


def test_the_calls_of_the_root_are_followed(open_empty: Open) -> None:
    served = open_empty()
    sources = {
        "main.tf": (
            'module "a" {\n  source = "./modules/a"\n}\nmodule "z" {\n  source = "t/z/aws"\n  version = "1.0"\n}\n'
        ),
        "modules/a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
        "modules/b/main.tf": 'module "c" {\n  source = "registry.terraform.io/h/n/aws"\n  version = "2.0"\n}\n',
    }
    served.upload("acme/net/aws/1.0.0", module_zip(sources))
    calls = ok(served, f"{MANAGED}/acme/net/aws")["root"]["modules"]
    assert [(call["name"], call["source"], call["version"]) for call in calls] == [
        ("a", "./modules/a", ""),
        ("z", "t/z/aws", "1.0"),
        ("a.b", "./modules/b", ""),
        ("a.b.c", "h/n/aws", "2.0"),
    ]
    assert set(calls[0]) == {"name", "source", "version", "description"}


def test_over_http_the_usage_example_names_the_version_in_its_source(open_empty: Open) -> None:
    served = open_empty(Settings.from_environment({"PUBLIC_URL": "http://reg.example.com:5000"}))
    served.upload("acme/net/aws/1.2.0")
    usage = ok(served, f"{MANAGED}/acme/net/aws")["usage_example"]
    assert 'source = "http://reg.example.com:5000/modules/my-tf-application__acme/net/aws/1.2.0"' in usage
    assert "version =" not in usage


def test_links_and_tabs_are_those_of_the_settings(open_empty: Open) -> None:
    policy = DocumentationPolicy(
        links=ModuleLink.parse_all(
            [
                {"text": "Issues of {module}", "url": "https://x.test/{namespace}/{provider}/{version}"},
                {"text": "elsewhere", "namespaces": ["other"]},
                {"namespaces": ["acme"]},
            ]
        ),
        tabs=(ModuleTab("Changes", ("RELEASE_NOTES.md", "CHANGELOG.md")), ModuleTab("License", ("LICENSE",))),
    )
    stored = IndexingPolicy(tab_files=("RELEASE_NOTES.md", "CHANGELOG.md", "LICENSE"))
    served = open_empty(documentation=policy, indexing=stored)
    files = {"main.tf": "", "CHANGELOG.md": "b", "RELEASE_NOTES.md": "a"}
    served.upload("acme/net/aws/1.0.0", module_zip(files))
    page = ok(served, f"{MANAGED}/acme/net/aws")
    assert page["additional_tab_files"] == {"Changes": "RELEASE_NOTES.md"}
    assert page["custom_links"] == [
        {"text": "Issues of net", "url": "https://x.test/acme/aws/1.0.0"},
        {"text": "", "url": "#"},
    ]


def test_a_day_is_written_in_english(shared: Served) -> None:
    page = ok(shared, VPC)
    shown = datetime.strptime(page["published_at_display"], "%B %d, %Y").date()  # noqa: DTZ007 - a day has no zone
    assert shown == datetime.fromisoformat(page["published_at"]).date()
    assert len(page["published_at_display"].split()[1]) == len("03,")


def test_a_version_without_submodules_has_none_to_show(shared: Served) -> None:
    assert ok(shared, f"{VPC}/1.0.0/submodules") == []
    assert list(refused(shared, f"{VPC}/9.0.0/examples")) == ["message"]
    unknown = shared.get(f"{VPC}/1.0.0/submodules/details/x")
    assert (unknown.status_code, unknown.json()) == (404, NOT_FOUND)


# --- counts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/terrareg/search_filters", f"{MANAGED}/search/filters"])
def test_filters_count_what_a_search_finds(open_fixture: Open, path: str) -> None:
    expected = {
        "verified": 1,
        "trusted_namespaces": 0,
        "contributed": 1,
        "providers": {"aws": 1},
        "namespaces": {"acme": 1},
    }
    assert ok(open_fixture(), f"{path}?q=vpc") == expected
    trusting = open_fixture(namespaces=NamespacePolicy.of(trusted=["acme"]))
    assert ok(trusting, f"{path}?q=vpc") == {**expected, "trusted_namespaces": 1, "contributed": 0}
    nothing = {"verified": 0, "trusted_namespaces": 0, "contributed": 0, "providers": {}, "namespaces": {}}
    assert ok(trusting, f"{path}?q=nothing") == nothing


@pytest.mark.parametrize(
    "path", ["/v1/terrareg/search_filters", f"{MANAGED}/search/filters", "/v1/terrareg/providers/search/filters"]
)
def test_filters_need_a_query_that_may_be_empty(shared: Served, path: str) -> None:
    assert list(refused(shared, path)["message"]) == ["q"]
    assert shared.get(f"{path}?q=").status_code == 200
    assert list(refused(shared, f"{path}?q={'+'.join(f't{n}' for n in range(21))}")["message"]) == ["q"]


def test_there_are_no_providers_to_filter(shared: Served) -> None:
    assert ok(shared, "/v1/terrareg/providers/search/filters?q=zzz") == {
        "trusted_namespaces": 0,
        "contributed": 0,
        "provider_categories": {},
        "namespaces": {},
    }


def test_the_downloads_of_all_versions_are_summed_up(open_fixture: Open) -> None:
    served = open_fixture()
    for version in ("1.0.0", "1.3.0-beta", "2.0.0"):
        assert served.get(f"{MODULES}/tok__acme/vpc/aws/{version}/download").status_code == 204
    assert ok(served, f"{MODULES}/acme/VPC/aws/downloads/summary") == {
        "data": {
            "type": "module-downloads-summary",
            "id": "acme/vpc/aws",
            "attributes": {"week": 3, "month": 3, "year": 3, "total": 3},
        }
    }
    assert ok(served, f"{VPC}/2.0.0")["downloads"] == 1


@pytest.mark.parametrize("path", ["nope/vpc/aws", "acme/nope/aws", "tok__acme/vpc/aws"])
def test_an_unknown_module_provider_has_no_summary(shared: Served, path: str) -> None:
    assert list(refused(shared, f"{MODULES}/{path}/downloads/summary")) == ["message"]


def test_a_summary_of_what_is_no_name_is_not_found(shared: Served) -> None:
    answer = shared.get(f"{MODULES}/acme/vpc/with-dash/downloads/summary")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


# --- former names --------------------------------------------------------------------------------------------------


def test_former_names_lead_to_lists_and_pages(open_fixture: Open) -> None:
    served = open_fixture()
    assert served.post(NAMESPACES, {"name": "beta"}).status_code == 200
    moved = served.post(f"{VPC}/settings", {"namespace": "beta", "module": "net", "provider": "gcp"})
    assert moved.status_code == 200, moved.text
    renamed = served.post(f"{NAMESPACES}/beta", {"name": "gamma"})
    assert renamed.status_code == 200, renamed.text
    for path in ("beta", "beta/net", "gamma"):
        assert [row["id"] for row in ok(served, f"{MANAGED}/{path}")["modules"]] == ["gamma/net/gcp/1.10.0"]
    assert ok(served, f"{MANAGED}/acme/vpc")["modules"] == []
    for path in ("acme/vpc/aws", "beta/net/gcp", "gamma/net/gcp"):
        assert ok(served, f"{MANAGED}/{path}")["id"] == "gamma/net/gcp/1.10.0"
        page = ok(served, f"{MANAGED}/{path}/1.0.0")
        assert (page["id"], page["module_provider_id"]) == ("gamma/net/gcp/1.0.0", "gamma/net/gcp")
        assert "__gamma/net/gcp" in page["usage_example"]
        assert len(ok(served, f"{MANAGED}/{path}/versions")) == 4
        assert ok(served, f"{MODULES}/{path}/downloads/summary")["data"]["id"] == "gamma/net/gcp"
        (module,) = ok(served, f"{MODULES}/{path}/versions")["modules"]
        assert module["source"] == "gamma/net/gcp"


def test_a_download_under_a_former_name_is_recorded_under_it(open_fixture: Open) -> None:
    served = open_fixture()
    assert served.post(NAMESPACES, {"name": "beta"}).status_code == 200
    served.post(f"{VPC}/settings", {"namespace": "beta", "module": "net", "provider": "gcp"})
    served.post(f"{NAMESPACES}/beta", {"name": "gamma"})
    granted = served.get(f"{MODULES}/tok__acme/vpc/aws/1.0.0/download")
    assert granted.status_code == 204
    assert granted.headers["X-Terraform-Get"] == f"{MANAGED}/gamma/net/gcp/1.0.0/source.zip"
    (event,) = served.downloads("gamma/net/gcp", "1.0.0")
    assert str(event.requested) == "acme/vpc/aws"
    for path in ("beta", "beta/net"):
        assert [row["id"] for row in ok(served, f"{MODULES}/{path}")["modules"]] == ["gamma/net/gcp/1.10.0"]
    assert served.get(f"{MODULES}/acme/vpc").status_code == 404


# --- access --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *(f"{MANAGED}/{path}" for path in ("acme", "acme/vpc", "acme/vpc/aws", "acme/vpc/aws/versions")),
        *(f"{MANAGED}/{path}" for path in ("acme/vpc/aws/1.0.0", "search/filters")),
        *("/v1/terrareg/search_filters", "/v1/terrareg/providers/search/filters"),
        f"{MODULES}/acme/vpc/aws/downloads/summary",
    ],
)
def test_a_closed_registry_shows_none_of_it(open_fixture: Open, path: str) -> None:
    served = open_fixture(access=AccessPolicy(anonymous_access=False))
    assert served.get(path).status_code == 401
    assert served.get(path, headers={"X-Terrareg-ApiKey": "upload-key"}).status_code == 403
    assert served.get(f"{path}?q=", headers=ADMIN).status_code == 200
