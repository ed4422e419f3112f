"""Imports and web-hooks over HTTP, from a real repository: rows 47 to 49 and 54 to 61 of chapter 02, section 19."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.git_settings import GitProviderDefinition
from terrareg_core.modules.hook_events import SigningKeys
from terrareg_core.modules.model import HostingMode, ModulePolicy, ModuleVersion, ReindexMode
from terrareg_core.modules.resolution import look_up
from terrareg_core.modules.webhooks import WebhookPolicy
from terrareg_core.versions import Version
from terrareg_http.openapi import openapi_document
from tests.integration.git.repositories import Repository
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MAIN, MANAGED, MODULES, NAMESPACES, Served, opened_store
from tests.integration.http.test_namespaces import is_domain_error
from tests.integration.http.test_openapi import mismatch

ADDRESS = f"{MANAGED}/acme/net/aws"
SIGNED = WebhookPolicy(keys=SigningKeys((b"k1", b"k2")))
OPEN = WebhookPolicy(unauthenticated=True)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """What `acme/net/aws` is imported from: tags v1.0.0, v1.2.3-beta and v2, and a branch called v7.0.0."""
    repository = Repository.make(tmp_path / "git" / "acme" / "net")
    for tag in ("v1.0.0", "v1.2.3-beta", "v2"):
        repository.tag_files(tag, {"main.tf": MAIN, "README.md": f"# {tag}"})
    repository.git("update-ref", "refs/heads/v7.0.0", "refs/tags/v1.0.0")
    return repository


@pytest.fixture
def open_git(open_empty: Open, repository: Repository) -> Open:
    """Opens registries with a git provider that has the repository, and `acme/net/aws` without versions."""
    root = repository.path.parents[1]
    url = f"file://{root}/{{namespace}}/{{module}}"
    entry = {"name": "Local", "base_url": url, "clone_url": url, "browse_url": f"{url}/{{tag}}/{{path}}"}
    git_providers = GitProviderDefinition.parse_all([entry])

    def open_with_git(*, tag_format: str = "v{version}", **options: Any) -> Served:
        served = open_empty(git_providers=git_providers, **options)
        assert served.post(NAMESPACES, {"name": "acme"}).status_code == 200
        arguments = {"git_provider_id": 1, "git_tag_format": tag_format}
        assert served.post(f"{ADDRESS}/create", arguments).json() == {"id": "acme/net/aws"}
        return served

    return open_with_git


@pytest.fixture
def served(open_git: Open) -> Served:
    return open_git()


def version(served: Served, text: str) -> ModuleVersion | None:
    with opened_store(served.options) as unit_of_work, unit_of_work.read() as tx:
        found = look_up(tx, RequestedModuleProvider.parse("acme/net/aws")).module_provider
        assert found is not None
        return tx.module_versions.find(found.id, Version.parse(text))


def versions(served: Served) -> list[str]:
    listed = served.get(f"{MODULES}/acme/net/aws/versions").json()["modules"][0]["versions"]
    return [entry["version"] for entry in listed]


def events(served: Served) -> list[tuple[str, str | None, str | None]]:
    """Action, object and user name of every event about versions."""
    with opened_store(served.options) as unit_of_work, unit_of_work.read() as tx:
        return [
            (event.action.value, event.object_id, event.username)
            for event in tx.audit.history()
            if event.action.value.startswith("MODULE_VERSION")
        ]


def signature(body: bytes, key: str = "k2") -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def hook(
    served: Served,
    host: str,
    payload: object,
    headers: Mapping[str, str] | None = None,
    *,
    key: str | None = "k2",
) -> httpx.Response:
    """Send a web-hook as the host does; without a key it is not signed."""
    body = json.dumps(payload).encode()
    header = {"bitbucket": "X-Hub-Signature", "github": "X-Hub-Signature-256", "gitea": "X-Gitea-Signature"}
    sent = {"Content-Type": "application/json", **(headers or {})}
    if key is not None:
        sent |= {"X-Gitlab-Token": key} if host == "gitlab" else {header[host]: f"sha256={signature(body, key)}"}
    return served.request("POST", f"{ADDRESS}/hooks/{host}", content=body, headers=sent)


def released(tag: object = "v1.0.0", action: str = "published", **release: object) -> dict[str, object]:
    return {"action": action, "release": {"tag_name": tag, **release}}


def is_message(document: Any) -> bool:
    return isinstance(document, dict) and list(document) == ["message"] and isinstance(document["message"], str)


# --- imports (rows 47 to 49) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"version": "", "git_tag": ""},
        {"version": "1.0.0", "git_tag": "v1.0.0"},
        {"git_tag": "1.0.0"},
        {"version": "abc"},
        {"version": "01.0.0"},
        {"git_tag": "v1.2.3-beta"},
    ],
)
def test_an_import_that_names_no_version_is_refused(served: Served, arguments: dict[str, str]) -> None:
    answer = served.post(f"{ADDRESS}/import", arguments)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())
    assert versions(served) == []


def test_an_import_without_a_clone_url_is_refused_in_the_shape_of_its_form(open_empty: Open) -> None:
    served = open_empty()
    served.post(NAMESPACES, {"name": "acme"})
    served.post(f"{ADDRESS}/create", {})
    answer = served.post(f"{ADDRESS}/import", {"version": "1.0.0"})
    assert (answer.status_code, is_domain_error(answer.json())) == (400, True)
    answer = served.request("POST", f"{ADDRESS}/1.0.0/import", headers=ADMIN)
    assert (answer.status_code, is_message(answer.json())) == (400, True)


def test_an_import_creates_no_parents(served: Served) -> None:
    answer = served.post(f"{MANAGED}/nope/net/aws/import", {"version": "1.0.0"})
    assert (answer.status_code, answer.json()) == (400, {"message": "Namespace does not exist"})
    answer = served.post(f"{MANAGED}/acme/nope/aws/1.0.0/import")
    assert (answer.status_code, answer.json()) == (400, {"message": "Module provider does not exist"})


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/json"}, b"{", 400),
    ],
)
def test_the_arguments_of_an_import_are_json(served: Served, headers: dict[str, str], body: bytes, status: int) -> None:
    answer = served.request("POST", f"{ADDRESS}/import", headers=ADMIN | headers, content=body)
    assert (answer.status_code, is_message(answer.json())) == (status, True)


def test_a_version_is_imported_with_the_commit_and_the_tag_it_came_from(served: Served, repository: Repository) -> None:
    answer = served.post(f"{ADDRESS}/import", {"version": "1.0.0"})
    assert (answer.status_code, answer.json()) == (200, {"status": "Success"})
    found = version(served, "1.0.0")
    assert found is not None
    assert found.origin is not None
    assert (found.origin.tag, found.origin.commit) == ("v1.0.0", repository.git("rev-parse", "v1.0.0"))
    assert found.archives is not None
    assert events(served) == [
        ("MODULE_VERSION_INDEX", "acme/net/aws/1.0.0", "Built-in admin"),
        ("MODULE_VERSION_PUBLISH", "acme/net/aws/1.0.0", "Built-in admin"),
    ]


def test_the_older_form_imports_the_version_of_its_path(served: Served) -> None:
    answer = served.request("POST", f"{ADDRESS}/1.0.0/import", headers=ADMIN)
    assert (answer.status_code, answer.json()) == (200, {"status": "Success"})
    assert versions(served) == ["1.0.0"]


def test_a_format_without_the_version_imports_by_tag_only(open_git: Open) -> None:
    served = open_git(tag_format="v{major}")
    answer = served.post(f"{ADDRESS}/import", {"version": "2.0.0"})
    assert (answer.status_code, is_domain_error(answer.json())) == (400, True)
    assert served.post(f"{ADDRESS}/import", {"git_tag": "v2"}).json() == {"status": "Success"}
    assert versions(served) == ["2.0.0"]


def test_a_beta_is_imported_by_version(served: Served) -> None:
    assert served.post(f"{ADDRESS}/import", {"version": "1.2.3-beta"}).json() == {"status": "Success"}
    found = version(served, "1.2.3-beta")
    assert found is not None
    assert found.version.is_beta


@pytest.mark.parametrize("missing", ["9.9.9", "7.0.0"])
def test_a_tag_that_the_repository_lacks_fails_and_leaves_no_trace(served: Served, missing: str) -> None:
    answer = served.post(f"{ADDRESS}/import", {"version": missing})
    assert (answer.status_code, is_domain_error(answer.json())) == (500, True)
    assert version(served, missing) is None
    assert events(served) == []


def test_a_version_is_not_imported_again_where_that_is_prohibited(open_git: Open) -> None:
    served = open_git(modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    assert served.post(f"{ADDRESS}/import", {"version": "1.0.0"}).status_code == 200
    answer = served.post(f"{ADDRESS}/import", {"version": "1.0.0"})
    assert (answer.status_code, is_domain_error(answer.json())) == (400, True)


@pytest.mark.parametrize(("key", "status"), [("upload-key", 200), ("publish-key", 403), ("wrong", 401)])
def test_importing_needs_the_right_to_upload(served: Served, key: str, status: int) -> None:
    headers = {"X-Terrareg-ApiKey": key}
    assert served.post(f"{ADDRESS}/import", {"version": "1.0.0"}, headers=headers).status_code == status


def test_a_repository_that_cannot_be_indexed_is_the_senders_to_mend(served: Served, repository: Repository) -> None:
    repository.tag_files("v3.0.0", {"main.tf": "variable {"})
    answer = served.post(f"{ADDRESS}/import", {"version": "3.0.0"})
    assert (answer.status_code, is_domain_error(answer.json())) == (400, True)


def test_no_archives_are_kept_of_a_module_that_has_a_repository_if_so_wanted(open_git: Open) -> None:
    served = open_git(modules=ModulePolicy(delete_external_archives=True))
    served.post(f"{ADDRESS}/import", {"version": "1.0.0"})
    assert served.get(f"{ADDRESS}/1.0.0/source.zip").status_code == 404
    served = open_git(modules=ModulePolicy(delete_external_archives=True, hosting=HostingMode.ENFORCE))
    served.post(f"{ADDRESS}/import", {"version": "1.0.0"})
    assert served.get(f"{ADDRESS}/1.0.0/source.zip").status_code == 200


# --- tags that can be imported -----------------------------------------------------------------------------------


def test_tags_are_listed_with_what_is_stored_of_their_versions(served: Served, repository: Repository) -> None:
    repository.git("tag", "-a", "v1.10.0", "-m", "annotated", "v1.0.0")
    repository.tag_files("v1.9.0", {"main.tf": MAIN})
    served.post(f"{ADDRESS}/import", {"version": "1.9.0"})
    answer = served.get(f"{ADDRESS}/tags", headers=ADMIN)
    commits = {tag: repository.git("rev-parse", f"{tag}^{{commit}}") for tag in ("v1.0.0", "v1.9.0")}
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "tags": [
                {
                    "tag": f"v{version}",
                    "version": version,
                    "commit": commit,
                    "indexed": version == "1.9.0",
                    "published": version == "1.9.0",
                }
                for version, commit in (
                    ("1.0.0", commits["v1.0.0"]),
                    ("1.9.0", commits["v1.9.0"]),
                    ("1.10.0", commits["v1.0.0"]),
                )
            ],
            "others": 2,
        },
    )
    schema = openapi_document()["paths"][f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}/tags"]["get"]["responses"]
    assert mismatch(answer.json(), schema["200"]["content"]["application/json"]["schema"]) is None


@pytest.mark.parametrize(("key", "status"), [("upload-key", 200), ("publish-key", 403), ("wrong", 401)])
def test_listing_tags_needs_the_right_to_upload(served: Served, key: str, status: int) -> None:
    assert served.get(f"{ADDRESS}/tags", headers={"X-Terrareg-ApiKey": key}).status_code == status


def test_tags_that_cannot_be_listed_are_told_as_failures_of_imports_are(open_empty: Open, served: Served) -> None:
    answer = served.get(f"{MANAGED}/nope/net/aws/tags", headers=ADMIN)
    assert (answer.status_code, answer.json()) == (400, {"message": "Namespace does not exist"})
    served.post(f"{MANAGED}/acme/other/aws/create", {"git_provider_id": 1})
    answer = served.get(f"{MANAGED}/acme/other/aws/tags", headers=ADMIN)
    assert (answer.status_code, is_domain_error(answer.json())) == (500, True)
    bare = open_empty()
    bare.post(NAMESPACES, {"name": "acme"})
    bare.post(f"{ADDRESS}/create", {})
    answer = bare.get(f"{ADDRESS}/tags", headers=ADMIN)
    assert (answer.status_code, is_domain_error(answer.json())) == (400, True)


# --- web-hooks: who is believed (rows 54 and 61) -----------------------------------------------------------------

PUSHED = {"changes": [{"type": "ADD", "ref": {"type": "TAG", "id": "refs/tags/v1.0.0"}}]}


def test_a_hook_is_believed_by_its_signature_in_the_hosts_own_header(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    body = json.dumps(PUSHED).encode()
    made = signature(body)

    def status(**headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return served.request(
            "POST", f"{ADDRESS}/hooks/bitbucket", content=body, headers={"Content-Type": "application/json", **sent}
        ).status_code

    assert status(X_Hub_Signature=made) == 200
    assert status(X_Hub_Signature=f"sha256={made}") == 200
    assert status(X_Hub_Signature_256=made) == 401
    assert status(X_Hub_Signature=signature(body, "k3")) == 401
    assert status(X_Hub_Signature="") == 401
    assert status() == 401
    assert status(X_Terrareg_ApiKey="admin-key") == 401
    assert events(served)[0][2] == "Bitbucket webhook"


def test_the_signature_is_checked_before_anything_is_looked_up(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    answer = served.request("POST", f"{MANAGED}/nope/net/aws/hooks/github", content=b"{}")
    assert (answer.status_code, is_message(answer.json())) == (401, True)


def test_unsigned_hooks_need_an_open_registry_that_says_so(open_git: Open) -> None:
    assert hook(open_git(), "bitbucket", PUSHED, key=None).status_code == 401
    assert hook(open_git(webhooks=OPEN), "bitbucket", PUSHED, key=None).status_code == 200
    closed = open_git(webhooks=OPEN, access=AccessPolicy(anonymous_access=False))
    assert hook(closed, "bitbucket", PUSHED, key=None).status_code == 401


def test_a_body_beyond_all_sense_is_refused_before_it_is_read(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    answer = served.request("POST", f"{ADDRESS}/hooks/github", content=b" " * (1 << 21))
    assert answer.status_code == 413


@pytest.mark.parametrize("host", ["github", "bitbucket", "gitlab", "gitea"])
def test_a_signed_body_that_is_no_json_is_refused(open_git: Open, host: str) -> None:
    served = open_git(webhooks=SIGNED)
    header = {"github": "X-Hub-Signature-256", "bitbucket": "X-Hub-Signature", "gitea": "X-Forgejo-Signature"}
    for content_type, body, status in (("application/json", b"{", 400), ("text/plain", b"{}", 415)):
        proof = {"X-Gitlab-Token": "k1"} if host == "gitlab" else {header[host]: signature(body)}
        answer = served.request(
            "POST", f"{ADDRESS}/hooks/{host}", content=body, headers={"Content-Type": content_type, **proof}
        )
        assert (answer.status_code, is_message(answer.json())) == (status, True)


# --- Bitbucket (rows 55 and 56) ----------------------------------------------------------------------------------


def _change(tag: object, kind: str = "ADD", ref_type: str = "TAG") -> dict[str, object]:
    return {"type": kind, "ref": {"type": ref_type, "id": tag}}


def test_the_good_versions_of_a_push_stay_when_another_fails(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    changes = [
        _change("refs/tags/v1.0.0"),
        _change("refs/tags/v9.9.9"),
        _change("refs/heads/v2", ref_type="BRANCH"),
        _change("refs/tags/v2.0.0", "DELETE"),
    ]
    answer = hook(served, "bitbucket", {"changes": changes})
    document = answer.json()
    assert (answer.status_code, document["status"], list(document)) == (500, "Error", ["status", "message", "tags"])
    reason = document["tags"]["9.9.9"].pop("message")
    assert document["tags"] == {"1.0.0": {"status": "Success"}, "9.9.9": {"status": "Failed"}}
    assert "v9.9.9" in reason
    assert versions(served) == ["1.0.0"]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"changes": []}, 200),
        ({"changes": [_change(5)]}, 200),
        ({"changes": [None, 3, {}, {"type": "ADD", "ref": None}]}, 200),
        ({"test": True}, 200),
        ({}, 400),
        ({"changes": {}}, 400),
        ([], 400),
    ],
)
def test_a_push_without_tags_imports_nothing(open_git: Open, payload: object, status: int) -> None:
    answer = hook(open_git(webhooks=SIGNED), "bitbucket", payload)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["tags"] == {}
        assert answer.json()["status"] == "Success"
    else:
        assert is_message(answer.json())


def test_the_push_of_bitbucket_cloud_is_understood(open_git: Open) -> None:
    payload = {"push": {"changes": [{"new": {"type": "tag", "name": "v1.0.0"}}, {"new": None}]}}
    answer = hook(open_git(webhooks=SIGNED), "bitbucket", payload)
    assert (answer.status_code, answer.json()["tags"]) == (200, {"1.0.0": {"status": "Success"}})


# --- GitHub (rows 57 to 60) --------------------------------------------------------------------------------------


def test_a_release_is_imported(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    answer = hook(served, "github", released())
    document = answer.json()
    assert (answer.status_code, set(document)) == (200, {"status", "message", "tag"})
    assert (document["status"], document["tag"]) == ("Success", "v1.0.0")
    assert events(served)[0] == ("MODULE_VERSION_INDEX", "acme/net/aws/1.0.0", "Github webhook")


def test_a_further_event_of_the_same_release_imports_nothing_again(open_git: Open, repository: Repository) -> None:
    served = open_git(webhooks=SIGNED, modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    assert hook(served, "github", released()).status_code == 200
    before = events(served)
    assert hook(served, "github", released(action="released")).status_code == 200
    assert events(served) == before
    repository.tag_files("v1.0.0", {"main.tf": MAIN, "README.md": "# moved"})
    answer = hook(served, "github", released(action="edited"))
    assert (answer.status_code, answer.json()["tag"]) == (500, "v1.0.0")


def test_a_tag_that_moved_is_imported_again(open_git: Open, repository: Repository) -> None:
    served = open_git(webhooks=SIGNED)
    hook(served, "github", released())
    commit = repository.tag_files("v1.0.0", {"main.tf": MAIN, "README.md": "# moved"})
    assert hook(served, "github", released()).status_code == 200
    found = version(served, "1.0.0")
    assert found is not None
    assert found.origin is not None
    assert found.origin.commit == commit


@pytest.mark.parametrize(
    "payload",
    [
        {"action": "published"},
        {"action": "published", "release": []},
        {"action": "published", "release": {}},
        released(tag=""),
        released(tag=5),
        released(tag="other"),
        released(tag="v1.2.3-beta"),
        {"release": {"tag_name": "v1.0.0"}},
        released(action=""),
        {"zen": "a ping without its header"},
        "text",
    ],
)
def test_a_payload_without_what_a_release_has_is_refused(open_git: Open, payload: object) -> None:
    answer = hook(open_git(webhooks=SIGNED), "github", payload)
    assert (answer.status_code, is_domain_error(answer.json())) == (400, True)


def test_a_deleted_release_deletes_its_version_once_and_again(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    hook(served, "github", released())
    for _ in range(2):
        answer = hook(served, "github", released(action="deleted"))
        assert (answer.status_code, answer.json()) == (200, {"status": "Success"})
    assert versions(served) == []
    assert events(served)[-1] == ("MODULE_VERSION_DELETE", "acme/net/aws/1.0.0", "Github webhook")


def test_without_keys_nothing_is_deleted(open_git: Open) -> None:
    served = open_git(webhooks=OPEN)
    hook(served, "github", released(), key=None)
    answer = hook(served, "github", released(action="unpublished", draft=True), key=None)
    assert (answer.status_code, set(answer.json())) == (400, {"status", "message", "tag"})
    assert versions(served) == ["1.0.0"]


def test_a_release_whose_tag_is_missing_fails_and_leaves_no_trace(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    answer = hook(served, "github", released("v9.9.9"))
    document = answer.json()
    assert (answer.status_code, document["status"], document["tag"]) == (500, "Error", "v9.9.9")
    assert set(document) == {"status", "message", "tag"}
    assert versions(served) == []
    assert events(served) == []


def test_pings_and_drafts_are_answered_kindly(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    for payload, headers in (({"zen": "…"}, {"X-GitHub-Event": "ping"}), (released(draft=True), {})):
        answer = hook(served, "github", payload, headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "Success")
    assert versions(served) == []


def test_a_form_carries_the_payload_as_well(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    body = urlencode({"payload": json.dumps(released())}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Hub-Signature-256": signature(body)}
    answer = served.request("POST", f"{ADDRESS}/hooks/github", content=body, headers=headers)
    assert (answer.status_code, answer.json()["tag"]) == (200, "v1.0.0")
    body = b"other=1"
    headers["X-Hub-Signature-256"] = signature(body)
    answer = served.request("POST", f"{ADDRESS}/hooks/github", content=body, headers=headers)
    assert (answer.status_code, is_message(answer.json())) == (400, True)


# --- GitLab and Gitea --------------------------------------------------------------------------------------------


def test_gitlab_imports_and_deletes_by_tag(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED)
    event = {"object_kind": "tag_push", "ref": "refs/tags/v1.0.0", "checkout_sha": "a" * 40}
    answer = hook(served, "gitlab", event)
    assert (answer.status_code, answer.json()["tag"]) == (200, "v1.0.0")
    assert hook(served, "gitlab", event, key="wrong").status_code == 401
    assert hook(served, "gitlab", event | {"object_kind": "push"}).json()["status"] == "Success"
    assert versions(served) == ["1.0.0"]
    assert hook(served, "gitlab", event | {"checkout_sha": None}).json() == {"status": "Success"}
    assert versions(served) == []


def test_gitea_imports_a_tag_once_and_deletes_it(open_git: Open) -> None:
    served = open_git(webhooks=SIGNED, modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    event = {"ref": "v1.0.0", "ref_type": "tag"}
    assert hook(served, "gitea", event, {"X-Gitea-Event": "create"}).json()["tag"] == "v1.0.0"
    assert hook(served, "gitea", {"ref": "refs/tags/v1.0.0"}, {"X-Forgejo-Event": "push"}).status_code == 200
    assert [action for action, _, _ in events(served)] == ["MODULE_VERSION_INDEX", "MODULE_VERSION_PUBLISH"]
    assert hook(served, "gitea", event, {"X-Gitea-Event": "delete"}).json() == {"status": "Success"}
    assert versions(served) == []
