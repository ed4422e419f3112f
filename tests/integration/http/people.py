"""Callers of the HTTP face: people in sessions and tokens of theirs, stored as signing in would store them."""

from collections.abc import Mapping, Sequence

import attrs
import httpx

from terrareg_adapters.assembly import SignInOptions
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_core.access.grants import NamespacePermission
from terrareg_core.access.identities import Identity
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.tokens import TokenRequest
from terrareg_core.providers.sources import ProviderSourceDefinition
from tests.integration.http.serving import ADMIN, Client

LOGIN = "/v1/terrareg/auth/admin/login"
STATUS = "/v1/terrareg/auth/admin/is_authenticated"
GROUPS = "/v1/terrareg/user-groups"
TOKENS = "/v1/terrareg/tokens"
HISTORY = "/v1/terrareg/audit-history"

EVERY_SCOPE = ("read", "terraform", "upload", "publish")

HUB = ProviderSourceDefinition(
    name="hub",
    base_url="https://hub.test",
    api_url="https://api.hub.test",
    client_id="client",
    client_secret="client-secret",
    app_id="1",
    private_key_path="/nowhere",
    login_button_text="Sign in at the hub",
    auto_generate_namespaces=True,
)
SIGN_IN = SignInOptions(
    secret_key="secret-key-of-the-tests",
    # Nobody listens there; the sessions of these tests begin without a provider.
    openid=OpenIdOptions(
        issuer="http://127.0.0.1:9",
        client_id="client",
        client_secret="client-secret",
        redirect_uri="https://reg.example.com/openid/callback",
    ),
    github=(HUB,),
)
"""Ways to sign in; with them, sessions of the built-in admin, OpenID Connect and GitHub are good."""


@attrs.frozen
class InSession:
    """A browser's session."""

    value: str
    """Of its cookie."""
    csrf_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What the browser sends by itself."""
        return {"Cookie": f"session={self.value}"}

    @property
    def proved(self) -> dict[str, str]:
        """What the registry's own pages send."""
        return {**self.headers, "X-CSRF-Token": self.csrf_token}


def person(name: str, *groups: str) -> Person:
    """Somebody whom an OpenID Connect provider puts into these groups."""
    return Person(method=SignInMethod.OPENID, name=name, subject=f"http://127.0.0.1:9 {name}", groups=frozenset(groups))


def github_user(login: str, *organisations: str) -> Person:
    """Somebody who owns these accounts at the hub, and the namespaces that were generated for them."""
    accounts = frozenset({login, *organisations})
    return Person(method=SignInMethod.GITHUB, name=login, subject=login, source="hub", groups=accounts, logins=accounts)


def begun_session(client: Client, somebody: Person) -> InSession:
    """A session as it is once somebody has signed in."""
    with client.opened_store() as unit_of_work, unit_of_work.write() as tx:
        opened = client.registry.sessions.begin(tx, somebody, None)
    return InSession(opened.value, opened.csrf_token)


def admin_session(client: Client) -> InSession:
    """A session of the built-in admin, begun with their token."""
    return session_in(client.request("POST", LOGIN, headers=ADMIN))


def session_in(answer: httpx.Response) -> InSession:
    """The session that an answer to a login begins."""
    assert answer.status_code == 200, answer.text
    return InSession(answer.cookies["session"], answer.headers["X-CSRF-Token"])


def given_group(
    client: Client, name: str, *, site_admin: bool = False, rights: Mapping[str, str] | None = None
) -> None:
    """Make a user group with rights on namespaces that exist, without a trace in the audit history."""
    with client.opened_store() as unit_of_work, unit_of_work.write() as tx:
        group = tx.user_groups.add(name, site_admin=site_admin)
        for namespace, right in (rights or {}).items():
            found = tx.namespaces.find(namespace)
            assert found is not None
            tx.user_groups.add_permission(group.id, found.id, NamespacePermission(right))


def made_token(
    client: Client, somebody: Person, scopes: Sequence[str] = EVERY_SCOPE, namespaces: Sequence[str] | None = None
) -> str:
    """The secret of an access token of somebody's."""
    wanted = None if namespaces is None else list(namespaces)
    request = TokenRequest(name="ci", scopes=list(scopes), namespaces=wanted)
    return client.registry.access_tokens.create(Identity.signed_in(somebody), request).secret


def keyed(key: str) -> dict[str, str]:
    """The header of an API key."""
    return {"X-Terrareg-ApiKey": key}


def bearing(token: str) -> dict[str, str]:
    """The header of a bearer token."""
    return {"Authorization": f"Bearer {token}"}
