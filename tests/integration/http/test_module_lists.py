"""Listing, searching and showing modules: the acceptance checks of chapter 01, section 10."""

import pytest

from terrareg_core.namespaces.model import NamespacePolicy
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MODULES, NAMESPACES, NOT_FOUND, Served, module_zip

OUTLINE_KEYS = {
    *("id", "namespace", "name", "provider", "verified", "trusted", "provider_source"),
    *("provider_source_inheritance_disabled", "namespace_default_provider_source", "owner", "version"),
    *("description", "source", "published_at", "downloads", "internal"),
}


def ids(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [module["id"] for module in answer["modules"]]


def test_both_spellings_of_the_list_give_the_latest_versions_that_are_not_internal(shared: Served) -> None:
    answer = shared.get(MODULES)
    assert answer.status_code == 200
    assert answer.json() == shared.get(f"{MODULES}/").json()
    assert answer.json()["meta"] == {"limit": 10, "current_offset": 0}
    assert ids(answer.json()) == ["acme/vpc/aws/1.10.0"]


def test_an_outline_has_exactly_its_keys(shared: Served) -> None:
    (outline,) = shared.get(MODULES).json()["modules"]
    assert set(outline) == OUTLINE_KEYS
    assert outline["verified"] is True
    assert outline["trusted"] is False
    assert outline["description"] == "A VPC"
    assert outline["owner"] == "Net team"
    assert outline["provider_source"] is None
    assert outline["provider_source_inheritance_disabled"] is False
    assert outline["downloads"] == 0


def test_times_have_no_zone(shared: Served) -> None:
    from datetime import UTC, datetime

    (outline,) = shared.get(MODULES).json()["modules"]
    published = datetime.fromisoformat(outline["published_at"])
    assert published.tzinfo is None
    assert abs((datetime.now(UTC).replace(tzinfo=None) - published).total_seconds()) < 3600


@pytest.mark.parametrize(
    ("query", "meta"),
    [
        ("limit=500&offset=-3", {"limit": 50, "current_offset": 0}),
        ("limit=%205%20", {"limit": 5, "current_offset": 0}),
        ("limit=0&offset=5", {"limit": 1, "current_offset": 5, "prev_offset": 4}),
        ("limit=2&limit=7", {"limit": 2, "current_offset": 0}),
        ("unknown=1&Limit=x", {"limit": 10, "current_offset": 0}),
        (f"offset={10**30}", {"limit": 10, "current_offset": 2**31 - 1, "prev_offset": 2**31 - 11}),
        (f"offset={'9' * 5000}", {"limit": 10, "current_offset": 2**31 - 1, "prev_offset": 2**31 - 11}),
        ("limit=%2B3", {"limit": 3, "current_offset": 0}),
    ],
)
def test_pages_are_clamped(shared: Served, query: str, meta: dict[str, int]) -> None:
    assert shared.get(f"{MODULES}?{query}").json()["meta"] == meta


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("limit=abc", "limit"),
        ("limit=", "limit"),
        ("limit=1.0", "limit"),
        ("limit=2&limit=x", "limit"),
        ("limit=%D9%A3", "limit"),
        ("verified=maybe", "verified"),
        ("verified=", "verified"),
        ("verified=maybe&offset=x", "offset"),
        ("provider=a%00b", "provider"),
    ],
)
def test_the_first_wrong_argument_is_named(shared: Served, query: str, argument: str) -> None:
    answer = shared.get(f"{MODULES}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["message"]
    assert list(answer.json()["message"]) == [argument]


def test_search_requires_a_query_that_may_be_empty(shared: Served) -> None:
    refused = shared.get(f"{MODULES}/search")
    assert refused.status_code == 400
    assert list(refused.json()["message"]) == ["q"]
    assert shared.get(f"{MODULES}/search/?q=").status_code == 200


def test_the_count_is_told_only_on_demand(shared: Served) -> None:
    assert shared.get(f"{MODULES}/search?q=VPC&include_count=1").json()["count"] == 1
    assert "count" not in shared.get(f"{MODULES}/search?q=VPC").json()


def test_search_terms_match_literally(shared: Served) -> None:
    assert ids(shared.get(f"{MODULES}/search?q=%25").json()) == []
    assert ids(shared.get(f"{MODULES}/search?q=v_c").json()) == []
    assert ids(shared.get(f"{MODULES}/search?q=net+TEAM").json()) == ["acme/vpc/aws/1.10.0"]


def test_filters_take_repeated_values(shared: Served) -> None:
    found = shared.get(f"{MODULES}/search?q=&provider=gcp&provider=aws&namespace=acme&verified=TRUE")
    assert ids(found.json()) == ["acme/vpc/aws/1.10.0"]
    assert ids(shared.get(f"{MODULES}/search?q=&provider=").json()) == []


def test_trust_filters_select_by_namespace(open_fixture: Open) -> None:
    served = open_fixture(namespaces=NamespacePolicy.of(trusted=["acme"]))
    assert ids(served.get(f"{MODULES}/search?q=&trusted_namespaces=true").json()) == ["acme/vpc/aws/1.10.0"]
    assert ids(served.get(f"{MODULES}/search?q=&contributed=true").json()) == []
    assert served.get(MODULES).json()["modules"][0]["trusted"] is True


def test_compatibility_is_told_for_the_target_version(shared: Served) -> None:
    def label(target: str) -> str:
        answer = shared.get(f"{MODULES}/search?q=vpc&target_terraform_version={target}")
        return str(answer.json()["modules"][0]["version_compatibility"])

    assert label("abc") == "error"
    assert label("") == "error"
    assert label("1.11.4") == "no_constraint"


def test_a_namespace_lists_internal_modules_too(shared: Served) -> None:
    answer = shared.get(f"{MODULES}/acme")
    assert ids(answer.json()) == ["acme/int/aws/1.0.0", "acme/vpc/aws/1.10.0"]
    assert answer.json()["modules"][0]["internal"] is True


@pytest.mark.parametrize("path", ["acme?offset=100", "nope", "tok__acme", "acme/int", "acme/int/", "acme/nope"])
def test_an_empty_page_is_not_found(shared: Served, path: str) -> None:
    answer = shared.get(f"{MODULES}/{path}")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_the_providers_of_a_module_are_listed_under_a_token_too(shared: Served) -> None:
    assert ids(shared.get(f"{MODULES}/tok__acme/vpc").json()) == ["acme/vpc/aws/1.10.0"]


def test_an_internal_version_is_shown_by_its_address(shared: Served) -> None:
    assert shared.get(f"{MODULES}/acme/int/aws").json()["internal"] is True


def test_details_show_the_latest_version(shared: Served) -> None:
    details = shared.get(f"{MODULES}/acme/vpc/aws").json()
    assert details["version"] == "1.10.0"
    assert details["versions"] == ["1.10.0", "1.9.9", "1.3.0-beta", "1.2.0", "1.0.0"]
    assert details["providers"] == ["aws"]
    assert details["submodules"] == []
    assert set(details) == OUTLINE_KEYS | {"versions", "root", "submodules", "providers"}


def test_the_root_has_its_inputs(empty: Served) -> None:
    assert empty.upload("acme/net/aws/1.2.0").json() == {"status": "Success"}
    root = empty.get(f"{MODULES}/acme/net/aws/1.2.0").json()["root"]
    assert root["inputs"] == [
        {"name": "size", "type": "number", "description": "Nodes", "default": 3, "required": False}
    ]
    assert root["path"] == ""
    assert root["readme"] == ""
    assert root["empty"] is False


def test_what_a_module_needs_is_listed_in_wire_form(empty: Served) -> None:
    main = (
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "~> 5.0" }\n  }\n}\n'
        '# c1\nresource "aws_s3_bucket" "b" {}\n'
        'module "x" {\n  source = "acme/y/aws"\n}\n'
        'module "z" {\n  source = "./z"\n}\n'
    )
    assert empty.upload("acme/net/aws/1.0.0", module_zip({"main.tf": main})).status_code == 200
    root = empty.get(f"{MODULES}/acme/net/aws").json()["root"]
    assert root["dependencies"] == [{"name": "x", "source": "acme/y/aws", "version": ""}]
    assert root["provider_dependencies"] == [
        {"name": "aws", "namespace": "hashicorp", "source": "", "version": "~> 5.0"}
    ]
    assert root["resources"] == [
        {
            "type": "s3_bucket",
            "name": "b",
            "provider": "aws",
            "source": "hashicorp/aws",
            "mode": "managed",
            "version": "latest",
            "description": "c1",
        }
    ]


def test_a_default_beyond_64_bits_is_written_as_it_is(empty: Served) -> None:
    huge = 10**20
    main = f'variable "big" {{\n  default = {huge}\n}}\n'
    assert empty.upload("acme/net/aws/1.0.0", module_zip({"main.tf": main})).status_code == 200
    answer = empty.get(f"{MODULES}/acme/net/aws")
    assert answer.status_code == 200
    assert f'"default":{huge}' in answer.text


def test_an_unpublished_version_is_shown_by_its_address(shared: Served) -> None:
    answer = shared.get(f"{MODULES}/acme/vpc/aws/2.0.0")
    assert answer.status_code == 200
    assert "2.0.0" not in answer.json()["versions"]


def test_terraform_gets_every_published_version(shared: Served) -> None:
    answer = shared.get(f"{MODULES}/tok__acme/vpc/aws/versions")
    (module,) = answer.json()["modules"]
    assert module["source"] == "acme/vpc/aws"
    assert [item["version"] for item in module["versions"]] == ["1.10.0", "1.9.9", "1.3.0-beta", "1.2.0", "1.0.0"]
    assert all(item["root"] == {"providers": [], "dependencies": []} for item in module["versions"])
    assert all(item["submodules"] == [] for item in module["versions"])
    assert shared.get(f"{MODULES}/tok__acme/vpc/aws/versions/").json() == answer.json()


def test_a_module_provider_without_versions_has_an_empty_list_and_no_details(shared: Served) -> None:
    assert shared.get(f"{MODULES}/acme/dns/aws/versions").json() == {
        "modules": [{"source": "acme/dns/aws", "versions": []}]
    }
    answer = shared.get(f"{MODULES}/acme/dns/aws")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    "address",
    [
        "acme/v_c/aws",
        "nope/vpc/aws",
        "a__b__acme/vpc/aws",
        "acme/vpc/AWS",
        "acme/-/aws",
        "acme/v%20c/aws",
        "acme/x%0A/aws",
    ],
)
def test_an_address_that_leads_nowhere_is_not_found(shared: Served, address: str) -> None:
    for path in (address, f"{address}/versions", f"{address}/1.0.0", f"{address}/download"):
        answer = shared.get(f"{MODULES}/{path}")
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("version", ["9.9.9", "latest", "1.0", "01.0.0", "1.0.0%0A", "1" * 200])
def test_a_version_that_is_not_there_is_not_found(shared: Served, version: str) -> None:
    for path in (version, f"{version}/", f"{version}/download"):
        answer = shared.get(f"{MODULES}/tok__acme/vpc/aws/{path}")
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_a_module_in_another_casing_is_shown_in_its_own(shared: Served) -> None:
    answer = shared.get(f"{MODULES}/ACME/VPC/aws")
    assert (answer.status_code, answer.json()["id"]) == (200, "acme/vpc/aws/1.10.0")


def test_a_namespace_called_search_is_listed_nowhere_and_harmless(empty: Served) -> None:
    assert empty.post(NAMESPACES, {"name": "search"}).status_code == 200
    assert empty.get(f"{MODULES}/search", headers=ADMIN).status_code == 400
