"""Creating and deleting module providers and versions: rows 16, 17 and 50 to 53 of chapter 02, section 19."""

import pytest

from tests.integration.http.serving import ADMIN, MANAGED, MODULES, NAMESPACES, Served
from tests.integration.http.test_namespaces import is_domain_error

ADDRESS = f"{MANAGED}/acme/net/aws"


def test_a_module_provider_is_created_once_in_any_casing(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    answer = empty.post(f"{ADDRESS}/create", {})
    assert (answer.status_code, answer.json()) == (200, {"id": "acme/net/aws"})
    for address in ("acme/net/aws", "acme/NET/aws"):
        refused = empty.post(f"{MANAGED}/{address}/create", {})
        assert refused.status_code == 400
        assert list(refused.json()) == ["message"]


def test_a_body_that_is_no_object_counts_as_empty(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    assert empty.post(f"{ADDRESS}/create", []).status_code == 200


def test_a_wrong_argument_is_named(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    answer = empty.post(f"{ADDRESS}/create", {"csrf_token": ["x"]})
    assert answer.status_code == 400
    assert list(answer.json()["message"]) == ["csrf_token"]


def test_nothing_is_created_where_it_cannot_be(empty: Served) -> None:
    empty.post(NAMESPACES, {"name": "acme"})
    unknown = empty.post(f"{MANAGED}/nope/net/aws/create", {})
    assert (unknown.status_code, unknown.json()) == (400, {"message": "Namespace does not exist"})
    for address in ("acme/n/aws", "acme/net/AWS"):
        refused = empty.post(f"{MANAGED}/{address}/create", {})
        assert refused.status_code == 400
        assert is_domain_error(refused.json())


def test_publishing_what_is_not_there_is_told(full: Served) -> None:
    unknown = full.post(f"{MANAGED}/acme/vpc/aws/9.9.9/publish")
    assert (unknown.status_code, unknown.json()) == (400, {"message": "Module version does not exist"})
    invalid = full.post(f"{MANAGED}/acme/vpc/aws/abc/publish")
    assert invalid.status_code == 400
    assert is_domain_error(invalid.json())
    nowhere = full.post(f"{MANAGED}/acme/nope/aws/1.0.0/publish")
    assert nowhere.json() == {"message": "Module provider does not exist"}


def test_publishing_makes_the_latest_version(full: Served) -> None:
    assert full.post(f"{MANAGED}/acme/vpc/aws/2.0.0/publish").json() == {"status": "Success"}
    assert full.get(f"{MODULES}/acme/vpc/aws").json()["version"] == "2.0.0"
    assert full.post(f"{MANAGED}/acme/vpc/aws/2.0.0/publish").status_code == 200


def test_a_version_is_deleted_with_its_archive(full: Served) -> None:
    address = f"{MANAGED}/acme/vpc/aws/1.10.0"
    assert full.delete(f"{address}/delete").status_code == 415
    deleted = full.delete(f"{address}/delete", {})
    assert (deleted.status_code, deleted.json()) == (200, {"status": "Success"})
    again = full.delete(f"{address}/delete", {})
    assert (again.status_code, again.json()) == (400, {"message": "Module version does not exist"})
    assert full.get(f"{address}/source.zip").status_code == 400
    assert full.get(f"{MODULES}/acme/vpc/aws").json()["version"] == "1.9.9"


def test_deleting_a_module_provider_answers_null(full: Served) -> None:
    answer = full.delete(f"{MANAGED}/acme/vpc/aws/delete", {})
    assert (answer.status_code, answer.text) == (200, "null\n")
    assert full.get(f"{MODULES}/acme/vpc/aws").status_code == 404
    again = full.delete(f"{MANAGED}/acme/vpc/aws/delete", {})
    assert (again.status_code, again.json()) == (400, {"message": "Module provider does not exist"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{ADDRESS}/create"),
        ("DELETE", f"{ADDRESS}/delete"),
        ("POST", f"{ADDRESS}/1.0.0/publish"),
        ("POST", f"{ADDRESS}/1.0.0/upload"),
        ("DELETE", f"{ADDRESS}/1.0.0/delete"),
    ],
)
def test_nobody_changes_anything_without_a_credential(empty: Served, method: str, path: str) -> None:
    for headers in (
        {},
        {"X-Terrareg-ApiKey": "wrong"},
        {"X-Terrareg-ApiKey": ""},
        {"Authorization": "Bearer admin-key"},
    ):
        answer = empty.request(method, path, headers=headers, content=b"{")
        assert answer.status_code == 401
        assert list(answer.json()) == ["message"]


def test_keys_open_what_they_are_for_and_nothing_else(full: Served) -> None:
    upload_key, publish_key = {"X-Terrareg-ApiKey": "upload-key"}, {"X-Terrareg-ApiKey": "publish-key"}
    publish = f"{MANAGED}/acme/vpc/aws/2.0.0/publish"
    assert full.post(publish, headers=upload_key).status_code == 403
    assert full.post(publish, headers=publish_key).status_code == 200
    assert full.upload("acme/vpc/aws/3.0.0", headers=publish_key).status_code == 403
    assert full.upload("acme/vpc/aws/3.0.0", headers=upload_key).status_code == 200
    assert full.get(MODULES, headers=upload_key).status_code == 200
    for headers in (upload_key, publish_key):
        assert full.delete(f"{MANAGED}/acme/vpc/aws/delete", {}, headers=headers).status_code == 403
    assert full.get(MODULES, headers=ADMIN).status_code == 200
