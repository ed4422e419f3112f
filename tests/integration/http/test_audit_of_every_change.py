"""Every operation that changes something tells the audit history, in the transaction of the change (chapter 04, 12).

One registry goes through all of them. Each is tried first while nothing can be committed: then neither the change nor
an event may be seen.
"""

import base64
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from sqlalchemy import Connection, Engine, event

from terrareg_adapters.assembly import TerraformLoginOptions
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.terraform_login import TerraformLoginPolicy
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.git_settings import GitProviderDefinition
from terrareg_core.modules.hook_events import SigningKeys
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.webhooks import WebhookPolicy
from terrareg_http.routes import ROUTES
from tests.integration.git.repositories import Repository
from tests.integration.http.conftest import Open
from tests.integration.http.people import (
    GROUPS,
    LOGIN,
    SIGN_IN,
    TOKENS,
    begun_session,
    keyed,
    made_token,
    person,
    session_in,
)
from tests.integration.http.serving import ADMIN, MAIN, MANAGED, NAMESPACES, Served, module_zip
from tests.integration.http.test_imports import signature
from tests.integration.http.test_permission_matrix import rsa_key

BUILT_IN = "Built-in admin"
Event = tuple[str | None, str, str | None, str | None, str | None]
UPDATE = "MODULE_PROVIDER_UPDATE"

WITHOUT_EVENTS = {"finishSamlLogin", "confirmTerraform"}
"""The writes that are tested where there is an identity provider, and where somebody is asked."""


@attrs.frozen
class History:
    """A registry, what its audit history held so far, and which operations were tried."""

    served: Served
    seen: list[Event] = attrs.field(factory=list)
    tried: set[str] = attrs.field(factory=set)

    def new(self) -> list[Event]:
        """The events since the last call: user, action, object, old and new value."""
        with self.served.opened_store() as unit_of_work, unit_of_work.read() as tx:
            events: list[Event] = [
                (it.username, it.action.value, it.object_id, it.old_value, it.new_value) for it in tx.audit.history()
            ]
        latest = events[len(self.seen) :]
        self.seen.extend(latest)
        return latest

    def state(self) -> tuple[Sequence[str], set[Path]]:
        """Every row of every table, and every archive."""
        directory = self.served.options.data_directory
        with closing(sqlite3.connect(directory / "terrareg.db")) as connection:
            rows = list(connection.iterdump())
        return rows, {path for path in (directory / "archives").rglob("*") if path.is_file()}

    def step(
        self, operation: str, path: str, events: Sequence[Event], headers: Mapping[str, str] = ADMIN, **options: Any
    ) -> httpx.Response:
        """Do something once nothing has come of it while nothing could be committed."""
        (route,) = (it for it in ROUTES if it.id == operation)
        before = self.state()
        with nothing_is_committed():
            failed = self.served.request(route.method, path, headers=headers, **options)
        assert failed.status_code == 500, (operation, failed.text)
        assert self.state() == before, operation
        assert "Set-Cookie" not in failed.headers
        answer = self.served.request(route.method, path, headers=headers, **options)
        assert answer.status_code < 400, (operation, answer.text)
        assert self.new() == list(events), operation
        self.tried.add(operation)
        return answer


@contextmanager
def nothing_is_committed() -> Iterator[None]:
    """Every commit of this process fails, as it does when the disk is full."""

    def fail(_: Connection) -> None:
        raise StoreUnavailable("The disk is full")

    event.listen(Engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(Engine, "commit", fail)


@pytest.fixture
def history(open_empty: Open, tmp_path: Path) -> History:
    """A registry that publishes nothing by itself, with a git provider and the keys that hooks sign with."""
    repository = Repository.make(tmp_path / "git" / "acmeco" / "net")
    for tag in ("v1.0.0", "v2.0.0", "v3.0.0", "v4.0.0", "v5.0.0", "v6.0.0"):
        repository.tag_files(tag, {"main.tf": MAIN, "README.md": f"# {tag}"})
    url = f"file://{tmp_path / 'git'}/{{namespace}}/{{module}}"
    entry = {"name": "Local", "base_url": url, "clone_url": url, "browse_url": f"{url}/{{tag}}/{{path}}"}
    terraform = TerraformLoginOptions(
        policy=TerraformLoginPolicy(issuer="https://reg.example.com", salt="salt"), signing_key=rsa_key()
    )
    served = open_empty(
        git_providers=GitProviderDefinition.parse_all([entry]),
        sign_in=attrs.evolve(SIGN_IN, terraform=terraform),
        modules=ModulePolicy(auto_publish=False),
        webhooks=WebhookPolicy(keys=SigningKeys((b"upload-key",))),
        access=AccessPolicy(upload_keys_set=True, publish_keys_set=True),
    )
    return History(served)


def hook_headers(host: str, body: bytes, name: str) -> dict[str, str]:
    """What a git host sends along with `body`, signed with the upload key; `name` is the event's."""
    signed = f"sha256={signature(body, 'upload-key')}"
    own = {
        "github": {"X-Hub-Signature-256": signed, "X-GitHub-Event": name},
        "bitbucket": {"X-Hub-Signature": signed, "X-Event-Key": name},
        "gitea": {"X-Gitea-Signature": signed, "X-Gitea-Event": name},
        "gitlab": {"X-Gitlab-Token": "upload-key", "X-Gitlab-Event": name},
    }
    return {"Content-Type": "application/json", **own[host]}


def test_every_change_is_in_the_history_with_who_did_what_or_did_not_happen(history: History) -> None:
    _sign_in_and_out(history)
    _change_namespaces(history)
    _change_module_providers(history)
    _make_versions(history)
    _receive_hooks(history)
    _move(history)
    _manage_access(history)
    _delete(history)
    writes = {route.id for route in ROUTES if route.method != "GET"}
    assert writes - WITHOUT_EVENTS == history.tried - {"logOut"}


def _sign_in_and_out(history: History) -> None:
    login: Event = (BUILT_IN, "USER_LOGIN", None, None, None)
    logout: Event = (BUILT_IN, "USER_LOGOUT", None, None, None)
    first = session_in(history.step("logInAsAdmin", LOGIN, [login]))
    history.step("logOut", "/logout", [logout], first.headers)
    by_form = history.step("logIn", "/login", [login], {}, data={"token": "admin-key"})
    cookie = {"Cookie": f"session={by_form.cookies['session']}"}
    token = history.served.get("/v1/terrareg/auth/admin/is_authenticated", headers=cookie).headers["X-CSRF-Token"]
    history.step("logOutByForm", "/logout", [logout], cookie, data={"csrf_token": token})

    alice = begun_session(history.served, person("alice"))
    assert history.new() == [("alice", "USER_LOGIN", None, None, None)]
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    wanted = {"client_id": "terraform-cli", "redirect_uri": "http://localhost:10000/login"}
    asked = {"response_type": "code", "code_challenge": challenge, "code_challenge_method": "S256"}
    sent = history.served.get("/terraform/oauth/authorization", headers=alice.headers, params={**wanted, **asked})
    code = httpx.URL(sent.headers["location"]).params["code"]
    exchange = {**wanted, "grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    done: Event = ("alice", "TERRAFORM_LOGIN", None, None, None)
    history.step("exchangeCode", "/terraform/oauth/token", [done], {}, data=exchange)


def _change_namespaces(history: History) -> None:
    created: Event = (BUILT_IN, "NAMESPACE_CREATE", "acme", None, None)
    history.step("createNamespace", NAMESPACES, [created], json={"name": "acme", "display_name": "Acme"})
    history.step(
        "createNamespace", NAMESPACES, [(BUILT_IN, "NAMESPACE_CREATE", "beta", None, None)], json={"name": "beta"}
    )
    history.step(
        "changeNamespace",
        f"{NAMESPACES}/acme",
        [
            (BUILT_IN, "NAMESPACE_MODIFY_NAME", "acme", "acme", "acmeco"),
            (BUILT_IN, "NAMESPACE_MODIFY_DISPLAY_NAME", "acmeco", "Acme", "Acme Co"),
        ],
        json={"name": "acmeco", "display_name": "Acme Co"},
    )


def _change_module_providers(history: History) -> None:
    address = "acmeco/net/aws"
    history.step(
        "createModuleProvider",
        f"{MANAGED}/{address}/create",
        [
            (BUILT_IN, "MODULE_PROVIDER_CREATE", address, None, None),
            (BUILT_IN, f"{UPDATE}_GIT_PROVIDER", address, None, "Local"),
        ],
        json={"git_provider_id": 1},
    )
    settings: Sequence[tuple[dict[str, object], str, str | None, str | None]] = (
        ({"git_provider_id": ""}, "GIT_PROVIDER", "Local", None),
        ({"git_provider_id": 1}, "GIT_PROVIDER", None, "Local"),
        ({"git_tag_format": "v{version}"}, "GIT_TAG_FORMAT", "{version}", "v{version}"),
        ({"git_path": "sub"}, "GIT_PATH", None, "sub"),
        ({"git_path": ""}, "GIT_PATH", "sub", ""),
        ({"archive_git_path": True}, "ARCHIVE_GIT_PATH", "0", "1"),
        ({"archive_git_path": False}, "ARCHIVE_GIT_PATH", "1", "0"),
        ({"verified": True}, "VERIFIED", "0", "1"),
        (
            {"repo_base_url_template": "https://secret@git.test/{module}"},
            "GIT_CUSTOM_BASE_URL",
            None,
            "https://***@git.test/{module}",
        ),
        ({"repo_base_url_template": ""}, "GIT_CUSTOM_BASE_URL", "https://***@git.test/{module}", None),
        (
            {"repo_clone_url_template": "ssh://git@git.test/{module}"},
            "GIT_CUSTOM_CLONE_URL",
            None,
            "ssh://git@git.test/{module}",
        ),
        ({"repo_clone_url_template": ""}, "GIT_CUSTOM_CLONE_URL", "ssh://git@git.test/{module}", None),
        (
            {"repo_browse_url_template": "https://git.test/{tag}/{path}"},
            "GIT_CUSTOM_BROWSE_URL",
            None,
            "https://git.test/{tag}/{path}",
        ),
        ({"repo_browse_url_template": ""}, "GIT_CUSTOM_BROWSE_URL", "https://git.test/{tag}/{path}", None),
    )
    for document, setting, old, new in settings:
        changed: Event = (BUILT_IN, f"{UPDATE}_{setting}", address, old, new)
        history.step("changeModuleProvider", f"{MANAGED}/{address}/settings", [changed], json=document)


def _make_versions(history: History) -> None:
    upload_key, publish_key = keyed("upload-key"), keyed("publish-key")
    archive = {"files": {"file": ("module.zip", module_zip())}}
    vpc = "acmeco/vpc/aws"
    history.step(
        "uploadVersion",
        f"{MANAGED}/{vpc}/1.0.0/upload",
        [
            ("Upload API Key", "MODULE_PROVIDER_CREATE", vpc, None, None),
            ("Upload API Key", "MODULE_VERSION_INDEX", f"{vpc}/1.0.0", None, None),
        ],
        upload_key,
        **archive,
    )
    history.step(
        "publishVersion",
        f"{MANAGED}/{vpc}/1.0.0/publish",
        [("Publish API Key", "MODULE_VERSION_PUBLISH", f"{vpc}/1.0.0", None, None)],
        publish_key,
    )
    # Again: what was there goes, and whether it is published with it.
    history.step(
        "uploadVersion",
        f"{MANAGED}/{vpc}/1.0.0/upload",
        [
            ("Upload API Key", "MODULE_VERSION_DELETE", f"{vpc}/1.0.0", None, None),
            ("Upload API Key", "MODULE_VERSION_INDEX", f"{vpc}/1.0.0", None, None),
        ],
        upload_key,
        **archive,
    )
    token = keyed(made_token(history.served, person("alice")))
    assert history.new() == [("alice", "ACCESS_TOKEN_CREATE", "ci", None, None)]
    named: Event = ("alice (token ci)", "MODULE_VERSION_INDEX", "acmeco/net/aws/1.0.0", None, None)
    history.step("importVersion", f"{MANAGED}/acmeco/net/aws/import", [named], token, json={"version": "1.0.0"})
    by_path: Event = (BUILT_IN, "MODULE_VERSION_INDEX", "acmeco/net/aws/2.0.0", None, None)
    history.step("importNamedVersion", f"{MANAGED}/acmeco/net/aws/2.0.0/import", [by_path])


def _receive_hooks(history: History) -> None:
    bitbucket = {"changes": [{"type": "ADD", "ref": {"type": "TAG", "id": "refs/tags/v6.0.0"}}]}
    gitea: dict[str, object] = {"ref": "v5.0.0", "ref_type": "tag"}
    gitlab: dict[str, object] = {
        "object_kind": "tag_push",
        "ref": "refs/tags/v4.0.0",
        "before": "0" * 40,
        "checkout_sha": "1" * 40,
    }
    github: dict[str, object] = {"action": "published", "release": {"tag_name": "v3.0.0"}}
    sent: Sequence[tuple[str, str, str, object, str]] = (
        ("github", "release", "MODULE_VERSION_INDEX", github, "3.0.0"),
        ("github", "release", "MODULE_VERSION_DELETE", {**github, "action": "deleted"}, "3.0.0"),
        ("gitlab", "Tag Push Hook", "MODULE_VERSION_INDEX", gitlab, "4.0.0"),
        ("gitlab", "Tag Push Hook", "MODULE_VERSION_DELETE", {**gitlab, "checkout_sha": None}, "4.0.0"),
        ("gitea", "create", "MODULE_VERSION_INDEX", gitea, "5.0.0"),
        ("gitea", "delete", "MODULE_VERSION_DELETE", gitea, "5.0.0"),
        ("bitbucket", "repo:refs_changed", "MODULE_VERSION_INDEX", bitbucket, "6.0.0"),
    )
    for host, name, action, payload, version in sent:
        body = json.dumps(payload).encode()
        done: Event = (f"{host.capitalize()} webhook", action, f"acmeco/net/aws/{version}", None, None)
        history.step(
            f"receive{host.capitalize()}Hook",
            f"{MANAGED}/acmeco/net/aws/hooks/{host}",
            [done],
            hook_headers(host, body, name),
            content=body,
        )


def _move(history: History) -> None:
    former = "acmeco/vpc/aws"
    history.step(
        "changeModuleProvider",
        f"{MANAGED}/{former}/settings",
        [
            (BUILT_IN, f"{UPDATE}_NAMESPACE", former, "acmeco", "beta"),
            (BUILT_IN, f"{UPDATE}_MODULE_NAME", former, "vpc", "vnet"),
            (BUILT_IN, f"{UPDATE}_PROVIDER_NAME", former, "aws", "azurerm"),
        ],
        json={"namespace": "beta", "module": "vnet", "provider": "azurerm"},
    )
    (redirect,) = history.served.get(f"{MANAGED}/beta/vnet/azurerm/redirects", headers=ADMIN).json()
    history.step(
        "deleteRedirect",
        f"{MANAGED}/beta/vnet/azurerm/redirects/{redirect['id']}",
        [(BUILT_IN, "MODULE_PROVIDER_REDIRECT_DELETE", former, "beta/vnet/azurerm", None)],
        json={},
    )


def _manage_access(history: History) -> None:
    path = f"{GROUPS}/platform team/permissions/beta"
    lost: Event = (BUILT_IN, "USER_GROUP_NAMESPACE_PERMISSION_DELETE", "platform team/beta", "MODIFY", None)
    given: Event = (BUILT_IN, "USER_GROUP_NAMESPACE_PERMISSION_ADD", "platform team/beta", None, "MODIFY")
    history.step(
        "createUserGroup",
        GROUPS,
        [(BUILT_IN, "USER_GROUP_CREATE", "platform team", None, None)],
        json={"name": "platform team", "site_admin": False},
    )
    history.step("grantPermission", path, [given], json={"permission_type": "MODIFY"})
    history.step("revokePermission", path, [lost])
    history.step("grantPermission", path, [given], json={"permission_type": "MODIFY"})
    deleted: Event = (BUILT_IN, "USER_GROUP_DELETE", "platform team", None, None)
    history.step("deleteUserGroup", f"{GROUPS}/platform team", [lost, deleted])

    alice = begun_session(history.served, person("alice"))
    assert history.new() == [("alice", "USER_LOGIN", None, None, None)]
    made = history.step(
        "createAccessToken",
        TOKENS,
        [("alice", "ACCESS_TOKEN_CREATE", "deploy", None, None)],
        alice.proved,
        json={"name": "deploy", "scopes": ["upload"]},
    )
    history.step(
        "deleteAccessToken", f"{TOKENS}/{made.json()['id']}", [(BUILT_IN, "ACCESS_TOKEN_DELETE", "deploy", None, None)]
    )


def _delete(history: History) -> None:
    net, vnet = "acmeco/net/aws", "beta/vnet/azurerm"
    gone: Event = (BUILT_IN, "MODULE_VERSION_DELETE", f"{net}/1.0.0", None, None)
    history.step("deleteVersion", f"{MANAGED}/{net}/1.0.0/delete", [gone], json={})
    history.step(
        "deleteModuleProvider",
        f"{MANAGED}/{vnet}/delete",
        [
            (BUILT_IN, "MODULE_VERSION_DELETE", f"{vnet}/1.0.0", None, None),
            (BUILT_IN, "MODULE_PROVIDER_DELETE", vnet, None, None),
        ],
        json={},
    )
    history.step("deleteNamespace", f"{NAMESPACES}/beta", [(BUILT_IN, "NAMESPACE_DELETE", "beta", None, None)], json={})
