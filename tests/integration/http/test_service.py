"""Discovery, version and health (chapter 01, 3; chapter 06, 7)."""

from importlib.metadata import version

from tests.integration.http.conftest import Open
from tests.integration.http.serving import Served


def test_discovery_names_exactly_the_two_protocols(shared: Served) -> None:
    answer = shared.get("/.well-known/terraform.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"modules.v1": "/v1/modules/", "providers.v1": "/v1/providers/"}


def test_posting_to_discovery_is_not_allowed(shared: Served) -> None:
    answer = shared.request("POST", "/.well-known/terraform.json")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert list(answer.json()) == ["message"]


def test_the_version_is_that_of_the_installed_distribution(shared: Served) -> None:
    assert shared.get("/v1/terrareg/version").json() == {"version": version("terrareg")}


def test_health_is_told_even_on_a_closed_registry(open_empty: Open) -> None:
    from terrareg_core.access.permissions import AccessPolicy

    served = open_empty(access=AccessPolicy(anonymous_access=False))
    answer = served.get("/v1/terrareg/health")
    assert (answer.status_code, answer.json()) == (200, {"message": "Ok"})
    assert answer.text.endswith("\n")
