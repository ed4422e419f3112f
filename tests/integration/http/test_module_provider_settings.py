"""Settings, moves, redirects and their reading helpers: rows 16 to 37 of chapter 02, section 19."""

from datetime import timedelta
from typing import Any

import pytest

from terrareg_core.audit.events import AuditEvent
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.git_settings import GitProviderDefinition
from terrareg_core.modules.model import HostingMode, ModulePolicy, ModuleProvider
from terrareg_core.modules.redirects import RedirectPolicy
from terrareg_core.modules.resolution import look_up
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MANAGED, MODULES, NAMESPACES, Served, opened_store
from tests.integration.http.test_namespaces import is_domain_error

ADDRESS = f"{MANAGED}/acme/net/aws"
MOVED = f"{MANAGED}/other/lan/aws"
SETTINGS = f"{ADDRESS}/settings"
GIT_PROVIDERS = GitProviderDefinition.parse_all(
    [
        {
            "name": name,
            "base_url": f"https://{name.lower()}.test/{{namespace}}/{{module}}",
            "clone_url": f"ssh://git@{name.lower()}.test/{{namespace}}/{{module}}.git",
            "browse_url": f"https://{name.lower()}.test/{{namespace}}/{{module}}/tree/{{tag}}/{{path}}",
            "git_path": git_path,
        }
        for name, git_path in (("Hub", None), ("Lab", "{provider}"))
    ]
)


@pytest.fixture
def served(open_empty: Open) -> Served:
    """A registry with two git providers, the namespaces `acme` and `other`, and `acme/net/aws` without versions."""
    return prepared(open_empty(git_providers=GIT_PROVIDERS))


def prepared(served: Served) -> Served:
    for name in ("acme", "other"):
        assert served.post(NAMESPACES, {"name": name}).status_code == 200
    assert served.post(f"{ADDRESS}/create", {}).json() == {"id": "acme/net/aws"}
    return served


def stored(served: Served, text: str = "acme/net/aws") -> ModuleProvider | None:
    with opened_store(served.options) as unit_of_work, unit_of_work.read() as tx:
        return look_up(tx, RequestedModuleProvider.parse(text)).module_provider


def events(served: Served) -> list[AuditEvent]:
    with opened_store(served.options) as unit_of_work, unit_of_work.read() as tx:
        return list(tx.audit.history())


def is_message(document: Any) -> bool:
    return isinstance(document, dict) and list(document) == ["message"] and isinstance(document["message"], str)


# --- creating ---


@pytest.mark.parametrize(
    ("arguments", "is_expected"),
    [
        ({"git_provider_id": 99}, is_message),
        ({"git_provider_id": "abc"}, is_message),
        ({"repo_clone_url_template": "git@h:a/b.git"}, is_message),
        ({"repo_clone_url_template": "https://127.0.0.1/x"}, is_message),
        ({"git_tag_format": "nope"}, is_domain_error),
        ({"git_path": "../x"}, is_domain_error),
    ],
)
def test_a_module_provider_with_wrong_settings_is_not_created(
    served: Served, arguments: dict[str, Any], is_expected: Any
) -> None:
    answer = served.post(f"{MANAGED}/acme/new/aws/create", arguments)
    assert answer.status_code == 400
    assert is_expected(answer.json())
    assert stored(served, "acme/new/aws") is None


@pytest.mark.parametrize(
    ("argument", "value"),
    [("archive_git_path", "maybe"), ("archive_git_path", 1), ("git_path", ["a"]), ("git_tag_format", True)],
)
def test_an_argument_that_does_not_convert_is_named(served: Served, argument: str, value: object) -> None:
    for path in (f"{MANAGED}/acme/new/aws/create", SETTINGS):
        answer = served.post(path, {argument: value})
        assert answer.status_code == 400
        assert list(answer.json()["message"]) == [argument]


def test_a_module_provider_is_created_with_what_its_git_provider_has(served: Served) -> None:
    arguments = {"git_provider_id": 2, "archive_git_path": None, "csrf_token": None}
    assert served.post(f"{MANAGED}/acme/new/aws/create", arguments).status_code == 200
    created = stored(served, "acme/new/aws")
    assert created is not None
    assert created.git.git_provider is not None
    assert (created.git.git_provider.name, created.git.git_path, created.git.archive_git_path) == (
        "Lab",
        "{provider}",
        False,
    )


# --- settings ---


def test_settings_that_are_not_given_stay(served: Served) -> None:
    before = events(served)
    answer = served.post(SETTINGS, {"git_path": None, "unknown": 5})
    assert (answer.status_code, answer.json()) == (200, {})
    assert events(served) == before


def test_the_verified_flag_is_set_once(served: Served) -> None:
    before = len(events(served))
    for _ in range(2):
        assert served.post(SETTINGS, {"verified": "TRUE"}).json() == {}
    (event,) = events(served)[before:]
    assert (event.action.value, event.old_value, event.new_value, event.username) == (
        "MODULE_PROVIDER_UPDATE_VERIFIED",
        "0",
        "1",
        "Built-in admin",
    )


def test_settings_are_changed_all_or_none(served: Served) -> None:
    refused = served.post(SETTINGS, {"git_provider_id": "1", "repo_clone_url_template": "ftp://x/y"})
    assert refused.status_code == 400
    assert is_message(refused.json())
    before = stored(served)
    assert before is not None
    assert before.git.git_provider is None
    assert served.post(SETTINGS, {"git_provider_id": "1"}).status_code == 200
    after = stored(served)
    assert after is not None
    assert after.git.git_provider is not None


def test_url_templates_are_stored_encoded(served: Served) -> None:
    given = {
        "repo_base_url_template": "https://u@h.test:8080/a b/{module}",
        "repo_browse_url_template": "https://h.test/{tag_uri_encoded}/{path}",
    }
    assert served.post(SETTINGS, given).status_code == 200
    found = stored(served)
    assert found is not None
    assert found.git.templates.base == "https://u@h.test:8080/a%20b/{module}"
    assert served.post(SETTINGS, {"repo_browse_url_template": "https://h.test/{tag}"}).status_code == 400


@pytest.mark.parametrize("template", ["https://h.test/{nope}", "https://h.test/{", "https://h.test/{0}", "{module.x}"])
@pytest.mark.parametrize("slot", ["base", "clone", "browse"])
def test_braces_that_are_no_placeholders_are_refused(served: Served, slot: str, template: str) -> None:
    answer = served.post(SETTINGS, {f"repo_{slot}_url_template": template})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"Repository {slot} URL: ")


@pytest.mark.parametrize(
    "arguments",
    [
        {"git_path": "{nope}"},
        {"git_path": "a/../.."},
        {"git_tag_format": "{{version}}"},
        {"git_tag_format": "{build}x"},
        {"module": "n"},
        {"provider": "AWS"},
    ],
)
def test_other_texts_that_can_not_be_used_are_refused(served: Served, arguments: dict[str, str]) -> None:
    answer = served.post(SETTINGS, arguments)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())


def test_an_unknown_provider_source_is_refused(served: Served) -> None:
    refused = served.post(SETTINGS, {"provider_source": "nope", "verified": True})
    assert refused.status_code == 400
    assert is_message(refused.json())
    assert served.post(SETTINGS, {"provider_source": "", "provider_source_inheritance_disabled": "1"}).json() == {}


def test_settings_of_what_does_not_exist_are_told_so(served: Served) -> None:
    for path, text in (
        ("nope/net/aws", "Namespace does not exist"),
        ("acme/nope/aws", "Module provider does not exist"),
    ):
        answer = served.post(f"{MANAGED}/{path}/settings", {})
        assert (answer.status_code, answer.json()) == (400, {"message": text})
    assert is_domain_error(served.post(f"{MANAGED}/acme/net/AWS/settings", {}).json())
    assert served.post(SETTINGS).status_code == 415


def test_git_settings_decide_where_terraform_is_sent_at_once(served: Served) -> None:
    assert served.upload("acme/net/aws/1.2.3").status_code == 200
    download = f"{MODULES}/tok__acme/net/aws/1.2.3/download"
    assert served.get(download).headers["x-terraform-get"].endswith("/source.zip")
    served.post(SETTINGS, {"git_provider_id": "1", "git_tag_format": "v{version}"})
    assert served.get(download).headers["x-terraform-get"] == "git::ssh://git@hub.test/acme/net.git?ref=v1.2.3"
    assert served.get(f"{MODULES}/acme/net/aws").json()["source"] == "https://hub.test/acme/net"
    served.post(SETTINGS, {"repo_clone_url_template": "https://own.test/{module}", "repo_base_url_template": ""})
    assert served.get(download).headers["x-terraform-get"] == "git::https://own.test/net?ref=v1.2.3"
    served.post(SETTINGS, {"git_provider_id": "", "repo_clone_url_template": "", "module": "lan"})
    assert served.get(download).headers["x-terraform-get"] == f"{MANAGED}/acme/lan/aws/1.2.3/source.zip"


# --- moving ---


def test_a_module_provider_is_moved_and_moved_back(served: Served) -> None:
    served.upload("acme/net/aws/1.0.0")
    before = len(events(served))
    assert served.post(SETTINGS, {"namespace": "other", "module": "lan"}).json() == {}
    assert [event.action.value for event in events(served)[before:]] == [
        "MODULE_PROVIDER_UPDATE_NAMESPACE",
        "MODULE_PROVIDER_UPDATE_MODULE_NAME",
    ]
    assert served.get(f"{MODULES}/acme/net/aws").json()["id"] == "other/lan/aws/1.0.0"
    expected = [{"id": 1, "namespace": "acme", "module": "net", "provider": "aws"}]
    for path in (ADDRESS, MOVED):
        assert served.get(f"{path}/redirects").json() == expected
        assert served.get(f"{path}/1.0.0/source.zip").status_code == 200
    assert is_message(served.post(f"{ADDRESS}/create", {}).json())
    assert served.post(f"{MOVED}/settings", {"namespace": "acme", "module": "net"}).status_code == 200
    assert served.get(f"{MODULES}/other/lan/aws").json()["id"] == "acme/net/aws/1.0.0"
    assert served.get(f"{ADDRESS}/redirects").json() == [
        {"id": 2, "namespace": "other", "module": "lan", "provider": "aws"}
    ]


@pytest.mark.parametrize("namespace", ["nope", ""])
def test_a_module_provider_is_not_moved_nowhere(served: Served, namespace: str) -> None:
    refused = served.post(SETTINGS, {"namespace": namespace, "verified": True})
    assert refused.status_code == 400
    assert is_message(refused.json())
    found = stored(served)
    assert found is not None
    assert not found.verified


def test_another_casing_leaves_no_redirect(served: Served) -> None:
    assert served.post(SETTINGS, {"module": "NET"}).json() == {}
    assert served.get(f"{ADDRESS}/redirects").json() == []
    assert events(served)[-1].action.value == "MODULE_PROVIDER_UPDATE_MODULE_NAME"
    found = stored(served)
    assert found is not None
    assert str(found.address) == "acme/NET/aws"


# --- redirects ---


def _used(served: Served) -> Served:
    """`acme/net/aws` moved to `other/lan/aws`, and downloaded under its former address."""
    prepared(served)
    served.upload("acme/net/aws/1.0.0")
    served.post(SETTINGS, {"namespace": "other", "module": "lan"})
    assert served.get(f"{MODULES}/tok__acme/net/aws/1.0.0/download").status_code == 204
    return served


def test_a_redirect_in_use_is_kept_unless_force_is_allowed(open_empty: Open) -> None:
    served = _used(open_empty())
    for document in ({}, {"force": False}, {"force": "0"}):
        refused = served.delete(f"{MOVED}/redirects/1", document)
        assert refused.status_code == 400
        assert is_domain_error(refused.json())
        assert "force" in refused.json()["message"]
    forced = served.delete(f"{MOVED}/redirects/1", {"force": True})
    assert forced.status_code == 400
    assert is_domain_error(forced.json())
    assert len(served.get(f"{MOVED}/redirects").json()) == 1
    assert served.get(f"{MODULES}/tok__other/lan/aws/1.0.0/download").status_code == 204
    deleted = served.delete(f"{MOVED}/redirects/1", {})
    assert (deleted.status_code, deleted.text) == (200, "null\n")


def test_force_deletes_a_redirect_in_use_where_it_is_allowed(open_empty: Open) -> None:
    served = _used(open_empty(redirects=RedirectPolicy(forceful_deletion=True)))
    # `"false"` means false.
    assert is_domain_error(served.delete(f"{MOVED}/redirects/1", {"force": "false"}).json())
    wrong = served.delete(f"{MOVED}/redirects/1", {"force": 1})
    assert (wrong.status_code, list(wrong.json()["message"])) == (400, ["force"])
    deleted = served.delete(f"{MOVED}/redirects/1", {"force": "TRUE"})
    assert (deleted.status_code, deleted.text) == (200, "null\n")
    event = events(served)[-1]
    assert (event.action.value, event.object_id, event.old_value) == (
        "MODULE_PROVIDER_REDIRECT_DELETE",
        "acme/net/aws",
        "other/lan/aws",
    )
    assert served.get(f"{MODULES}/acme/net/aws").status_code == 404


def test_a_namespace_is_kept_while_modules_are_downloaded_under_its_name(open_empty: Open) -> None:
    served = _used(open_empty())
    refused = served.delete(f"{NAMESPACES}/acme", {})
    assert refused.status_code == 400
    assert is_domain_error(refused.json())
    without = _used(open_empty(redirects=RedirectPolicy(lookback=timedelta(0))))
    assert without.delete(f"{NAMESPACES}/acme", {}).status_code == 200
    assert without.get(f"{MOVED}/redirects").json() == []


@pytest.mark.parametrize("redirect_id", ["99", "abc", "1.0", "9" * 40, "2"])
def test_a_redirect_of_another_module_provider_or_none_is_not_deleted(served: Served, redirect_id: str) -> None:
    served.post(SETTINGS, {"module": "lan"})
    served.post(f"{MANAGED}/acme/vpc/aws/create", {})
    served.post(f"{MANAGED}/acme/vpc/aws/settings", {"module": "dns"})
    answer = served.delete(f"{MANAGED}/acme/lan/aws/redirects/{redirect_id}", {})
    assert answer.status_code == 400
    assert is_domain_error(answer.json())
    assert [row["id"] for row in served.get(f"{MANAGED}/acme/dns/aws/redirects").json()] == [2]
    assert [row["id"] for row in served.get(f"{MANAGED}/acme/lan/aws/redirects").json()] == [1]


# --- reading helpers ---


def test_integrations_are_listed_in_order(served: Served) -> None:
    listed = served.get(f"{ADDRESS}/integrations").json()
    assert [(entry["method"], entry["url"]) for entry in listed] == [
        ("POST", f"{ADDRESS}/${{version}}/upload"),
        ("POST", f"{ADDRESS}/${{version}}/import"),
        (None, f"{ADDRESS}/hooks/bitbucket"),
        (None, f"{ADDRESS}/hooks/github"),
        (None, f"{ADDRESS}/hooks/gitlab"),
        ("POST", f"{ADDRESS}/${{version}}/publish"),
    ]
    keys = {"method", "url", "description", "notes"}
    assert [set(entry) - keys for entry in listed] == [set(), set(), set(), set(), {"coming_soon"}, set()]
    assert listed[4]["coming_soon"] is False
    assert "release events" in listed[3]["notes"]
    unknown = served.get(f"{MANAGED}/acme/nope/aws/integrations")
    assert (unknown.status_code, unknown.json()) == (400, {"message": "Module provider does not exist"})


def test_without_hosting_there_is_no_upload(open_empty: Open) -> None:
    served = prepared(open_empty(modules=ModulePolicy(hosting=HostingMode.DISALLOW)))
    assert [entry["url"].rpartition("/")[2] for entry in served.get(f"{ADDRESS}/integrations").json()] == [
        "import",
        "bitbucket",
        "github",
        "gitlab",
        "publish",
    ]
    progress = served.get("/v1/terrareg/initial_setup").json()
    assert progress["module_upload_endpoint"] is None
    assert progress["module_publish_endpoint"] == f"{ADDRESS}/${{version}}/publish"


def test_git_providers_are_listed_by_id(served: Served, empty: Served) -> None:
    assert served.get("/v1/terrareg/git_providers").json() == [
        {"id": 1, "name": "Hub", "git_path_template": None},
        {"id": 2, "name": "Lab", "git_path_template": "{provider}"},
    ]
    assert empty.get("/v1/terrareg/git_providers").json() == []


def test_git_providers_that_are_configured_no_more_are_not_listed(served: Served, open_empty: Open) -> None:
    directory = served.options.data_directory
    served.post(SETTINGS, {"git_provider_id": 1})
    again = open_empty(data_directory=directory, git_providers=GIT_PROVIDERS[1:])
    assert [row["id"] for row in again.get("/v1/terrareg/git_providers").json()] == [2]
    found = stored(again)
    assert found is not None
    assert found.git.git_provider is not None
    assert again.post(f"{MANAGED}/acme/new/aws/create", {"git_provider_id": 1}).status_code == 400


def test_the_first_steps_of_an_empty_registry_are_all_ahead(empty: Served) -> None:
    assert empty.get("/v1/terrareg/initial_setup").json() == {
        "namespace_created": False,
        "module_created": False,
        "version_indexed": False,
        "version_published": False,
        "module_configured_with_git": False,
        "module_view_url": None,
        "module_upload_endpoint": None,
        "module_publish_endpoint": None,
    }


def test_the_first_steps_of_a_full_registry_are_done(shared: Served) -> None:
    assert shared.get("/v1/terrareg/initial_setup").json() == {
        "namespace_created": True,
        "module_created": True,
        "version_indexed": True,
        "version_published": True,
        "module_configured_with_git": False,
        "module_view_url": "/modules/acme/int/aws",
        "module_upload_endpoint": f"{MANAGED}/acme/int/aws/${{version}}/upload",
        "module_publish_endpoint": f"{MANAGED}/acme/int/aws/${{version}}/publish",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", SETTINGS), ("DELETE", f"{ADDRESS}/redirects/1"), ("POST", f"{NAMESPACES}/acme")],
)
def test_nobody_changes_anything_without_the_right(served: Served, method: str, path: str) -> None:
    before = events(served)
    assert served.request(method, path, content=b"{").status_code == 401
    for key in ("upload-key", "publish-key"):
        answer = served.request(method, path, headers={"X-Terrareg-ApiKey": key}, json={"verified": True})
        assert answer.status_code == 403
        assert is_message(answer.json())
    assert served.request(method, path, headers=ADMIN).status_code == 415
    assert events(served) == before
