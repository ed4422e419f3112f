"""Downloads and direct sources: rows 17 to 26 of chapter 01, section 10."""

import pytest

from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.analytics.downloads import AnalyticsPolicy
from terrareg_core.modules.model import HostingMode, ModulePolicy
from terrareg_http.settings import Settings
from tests.integration.http.conftest import DEPLOYMENT, Open
from tests.integration.http.serving import HOST, MODULES, NOT_FOUND, Served

ARCHIVE = "/v1/terrareg/modules/acme/vpc/aws/1.10.0/source.zip"
LATEST = f"{MODULES}/tok__acme/vpc/aws/download"
BARE = f"{MODULES}/acme/vpc/aws/1.0.0/download"


@pytest.mark.parametrize("namespace", ["acme", "my-tf-application__acme", "__acme"])
def test_a_download_without_a_real_token_is_refused_in_words(full: Served, namespace: str) -> None:
    answer = full.get(f"{MODULES}/{namespace}/vpc/aws/1.0.0/download")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("\n")
    assert "analytics token" in answer.text
    assert f'source = "{HOST}/my-tf-application__acme/vpc/aws"' in answer.text
    assert full.downloads("acme/vpc/aws", "1.0.0") == []


def test_the_latest_version_is_granted_and_recorded(full: Served) -> None:
    answer = full.get(LATEST)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-terraform-get"] == ARCHIVE
    (event,) = full.downloads("acme/vpc/aws", "1.10.0")
    assert str(event.token) == "tok"
    assert (event.environment, event.terraform_version, event.authenticated) == ("Default", None, False)
    assert full.get(f"{MODULES}/acme/vpc/aws").json()["downloads"] == 1


def test_the_slashed_download_is_the_same(full: Served) -> None:
    assert full.get(f"{LATEST}/").headers["x-terraform-get"] == ARCHIVE


@pytest.mark.parametrize(
    ("agent", "version"),
    [("Terraform/1.11.4", "1.11.4"), ("OpenTofu/1.9.0", "1.11.4"), ("curl/8", None)],
)
def test_the_version_of_terraform_is_recorded_of_terraform_only(full: Served, agent: str, version: str | None) -> None:
    full.get(LATEST, headers={"User-Agent": agent, "X-Terraform-Version": "1.11.4"})
    assert [event.terraform_version for event in full.downloads("acme/vpc/aws", "1.10.0")] == [version]


def test_looking_is_no_download(full: Served) -> None:
    answer = full.head(LATEST)
    assert (answer.status_code, answer.headers["x-terraform-get"]) == (204, ARCHIVE)
    assert full.downloads("acme/vpc/aws", "1.10.0") == []


def test_unidentified_downloads_are_recorded_without_a_token(open_fixture: Open) -> None:
    served = open_fixture(analytics=AnalyticsPolicy(unidentified_downloads=True))
    assert served.get(BARE).status_code == 204
    assert [event.token for event in served.downloads("acme/vpc/aws", "1.0.0")] == [None]


def test_with_analytics_off_nothing_is_asked_and_nothing_recorded(open_fixture: Open) -> None:
    served = open_fixture(analytics=AnalyticsPolicy(enabled=False))
    assert served.get(BARE).status_code == 204
    assert served.get(LATEST).status_code == 204
    assert served.downloads("acme/vpc/aws", "1.0.0") == served.downloads("acme/vpc/aws", "1.10.0") == []


def test_an_ignored_key_needs_no_token_and_is_not_recorded(full: Served) -> None:
    assert full.get(BARE, headers={"Authorization": "Bearer ignore-key"}).status_code == 204
    assert full.get(BARE, headers={"Authorization": "bearer ignore-key"}).status_code == 401
    assert full.downloads("acme/vpc/aws", "1.0.0") == []


def test_the_environment_is_that_of_the_callers_key(open_fixture: Open) -> None:
    served = open_fixture(secrets=DEPLOYMENT, analytics=AnalyticsPolicy(environments_configured=True))
    for key in ("k1", "zzz"):
        assert served.get(LATEST, headers={"Authorization": f"Bearer {key}"}).status_code == 204
    events = served.downloads("acme/vpc/aws", "1.10.0")
    assert [(event.environment, event.authenticated) for event in events] == [("dev", True), (None, False)]


def test_a_download_that_cannot_be_recorded_any_more_is_granted_all_the_same(full: Served) -> None:
    full.registry.close()
    assert full.get(LATEST).headers["x-terraform-get"] == ARCHIVE
    assert full.downloads("acme/vpc/aws", "1.10.0") == []


def test_an_unknown_module_is_not_found_before_a_token_is_asked_for(full: Served) -> None:
    answer = full.get(f"{MODULES}/acme/nope/aws/download")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_without_any_download_method_the_registry_is_at_fault(open_fixture: Open) -> None:
    served = open_fixture(modules=ModulePolicy(hosting=HostingMode.DISALLOW))
    answer = served.get(LATEST)
    assert answer.status_code == 500
    assert answer.json()["status"] == "Error"
    assert set(answer.json()) == {"status", "message"}
    assert served.downloads("acme/vpc/aws", "1.10.0") == []


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("http://reg.example.com:8080", "http://reg.example.com:8080"),
        ("https://reg.example.com", "https://reg.example.com:443"),
        (None, f"https://{HOST}:443"),
    ],
)
@pytest.mark.parametrize("path", ["vpc/aws/latest", "vpc/aws/1.10.0/", "vpc/aws", "vpc/aws/"])
def test_a_direct_source_gets_an_absolute_address(
    open_fixture: Open, public_url: str | None, expected: str, path: str
) -> None:
    served = open_fixture(Settings(public_url=public_url))
    answer = served.get(f"/modules/tok__acme/{path}?terraform-get=1")
    assert answer.status_code == 204
    assert answer.headers["x-terraform-get"] == f"{expected}{ARCHIVE}"


def test_the_protocol_download_can_be_direct_too(full: Served) -> None:
    answer = full.get(f"{LATEST}?terraform-get=1")
    assert answer.headers["x-terraform-get"] == f"https://{HOST}:443{ARCHIVE}"


@pytest.mark.parametrize("query", ["", "?terraform-get=", "?terraform-get=2", "?terraform-get=true"])
def test_the_web_route_without_the_argument_is_no_page_yet(full: Served, query: str) -> None:
    answer = full.get(f"/modules/tok__acme/vpc/aws{query}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_an_unknown_module_of_a_direct_source_is_not_found(full: Served) -> None:
    answer = full.get("/modules/tok__acme/nope/aws?terraform-get=1")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_a_host_that_is_none_is_refused(full: Served) -> None:
    answer = full.get(f"{LATEST}?terraform-get=1", headers={"Host": "a b"})
    assert answer.status_code == 400
    assert answer.json()["status"] == "Error"


def test_a_closed_registry_asks_for_credentials_on_every_path(open_fixture: Open) -> None:
    served = open_fixture(access=AccessPolicy(anonymous_access=False))
    for path in (
        MODULES,
        f"{MODULES}?limit=abc",
        f"{MODULES}/search",
        f"{MODULES}/acme",
        f"{MODULES}/acme/vpc",
        f"{MODULES}/acme/vpc/aws",
        f"{MODULES}/acme/vpc/aws/versions",
        f"{MODULES}/acme/vpc/aws/1.0.0",
        LATEST,
        "/modules/tok__acme/vpc/aws?terraform-get=1",
        "/v1/terrareg/namespaces",
        "/v1/terrareg/namespaces/acme",
    ):
        answer = served.get(path)
        assert answer.status_code == 401, path
        assert list(answer.json()) == ["message"]
        assert "www-authenticate" not in answer.headers
    assert served.get("/.well-known/terraform.json").status_code == 200


def test_a_key_that_may_do_less_is_forbidden_on_a_closed_registry(open_fixture: Open) -> None:
    served = open_fixture(access=AccessPolicy(anonymous_access=False))
    answer = served.get(MODULES, headers={"X-Terrareg-ApiKey": "upload-key"})
    assert answer.status_code == 403
    assert list(answer.json()) == ["message"]
    assert served.get(MODULES, headers={"Authorization": "Bearer ignore-key"}).status_code == 403
    versions = served.get(f"{MODULES}/acme/vpc/aws/versions", headers={"Authorization": "Bearer ignore-key"})
    assert versions.status_code == 200
