"""What the tests of signing in share: browsers that keep cookies, the three ways, and what is left of a sign-in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs
import httpx
import pytest
from lxml import html
from sqlalchemy import func, select

from terrareg_adapters.assembly import SignInOptions, embedded_database_url
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.tables import metadata
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.providers.sources import ProviderSourceDefinition
from tests.integration.http.serving import ADMIN, HOST, Served
from tests.integration.identity.github_server import GitHubServer, Membership
from tests.integration.identity.running import OpenIdProvider
from tests.integration.identity.saml_idp import SamlIdentityProvider
from tests.integration.identity.saml_responses import key_pair

STATUS = "/v1/terrareg/auth/admin/is_authenticated"
TOKENS = "/v1/terrareg/tokens"
USER_GROUPS = "/v1/terrareg/user-groups"
SECRET_KEY = "secret-key-of-the-tests"
ORIGIN = f"https://{HOST}"
ENTITY_ID = f"{ORIGIN}/saml/metadata"

# Codes, tokens, cookies and assertions are longer than any word that belongs into a log.
_OPAQUE = re.compile(r"[A-Za-z0-9+/_-]{32,}")


@attrs.frozen
class Answer:
    """What an identity provider makes a browser bring back."""

    path: str
    """With its query."""
    form: Mapping[str, str] | None = None
    """Posted, if there is one."""


class Browser:
    """Somebody's browser at a registry: it keeps cookies, and does not follow redirects."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.served.run(self.ask(method, path, **options))

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As `request`, for tests that ask several things at once."""
        transport = httpx.ASGITransport(self.served.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=self.cookies) as client:
            response = await client.request(method, path, **options)
            self.cookies = client.cookies
        return response

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, document: object, **options: Any) -> httpx.Response:
        """POST `document` as JSON, as a page of the registry does: with the session's CSRF token."""
        return self.request("POST", path, json=document, headers={"X-CSRF-Token": self.csrf_token()}, **options)

    def csrf_token(self) -> str:
        return self.get(STATUS).headers["X-CSRF-Token"]

    def bring(self, answer: Answer) -> httpx.Response:
        """Come back from an identity provider."""
        return self.served.run(self.bringing(answer))

    async def bringing(self, answer: Answer) -> httpx.Response:
        """As `bring`, for tests that bring several answers at once."""
        if answer.form is None:
            return await self.ask("GET", answer.path)
        return await self.ask("POST", answer.path, data=dict(answer.form))

    def status(self) -> dict[str, Any]:
        """What the registry says of this browser's user."""
        document: dict[str, Any] = self.get(STATUS).json()
        return document

    @property
    def is_signed_in(self) -> bool:
        return bool(self.status()["authenticated"])


class Way(Protocol):
    """A way to sign in, from a browser's point of view."""

    @property
    def start_path(self) -> str:
        """The link on the login page; a query argument can be added to it."""
        ...

    def options(self) -> SignInOptions:
        """How a registry offers this way, and no other."""
        ...

    def answer(self, url: str, user: str, groups: Sequence[str] = ()) -> Answer:
        """Sign `user`, a member of `groups`, in at `url`, where the registry sent the browser."""
        ...


def start(browser: Browser, way: Way, **arguments: str) -> str:
    """Follow the link of the login page; the address at the identity provider."""
    separator = "&" if "?" in way.start_path else "?"
    path = f"{way.start_path}{separator}{urlencode(arguments)}" if arguments else way.start_path
    response = browser.get(path)
    assert response.status_code == 302, response.text
    return response.headers["Location"]


def sign_in(browser: Browser, way: Way, user: str, groups: Sequence[str] = ()) -> None:
    """The whole way, which must lead to a session."""
    response = browser.bring(way.answer(start(browser, way), user, groups))
    assert (response.status_code, response.headers.get("Location")) == (302, "/"), response.text
    assert browser.is_signed_in


@attrs.frozen
class OpenIdWay:
    """OpenID Connect."""

    provider: OpenIdProvider

    start_path = "/openid/login"

    def options(self) -> SignInOptions:
        provider = self.provider
        openid = OpenIdOptions(
            issuer=provider.issuer,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            # The provider sends browsers to this computer only.
            redirect_uri="https://localhost:8443/openid/callback",
        )
        return SignInOptions(secret_key=SECRET_KEY, openid=openid)

    def answer(self, url: str, user: str, groups: Sequence[str] = ()) -> Answer:
        self.provider.change_user(user, {"preferred_username": user, "groups": list(groups)})
        return self.as_is(url, user)

    def as_is(self, url: str, user: str) -> Answer:
        """The answer for `user` with the claims that they have."""
        return Answer(f"/openid/callback?{urlencode(self.provider.sign_in(url, user))}")


@attrs.frozen
class SamlWay:
    """SAML."""

    provider: SamlIdentityProvider

    start_path = "/saml/login?sso"

    def options(self) -> SignInOptions:
        keys = key_pair("registry")
        saml = SamlOptions(
            entity_id=ENTITY_ID,
            acs_url=f"{ORIGIN}/saml/login?acs",
            public_key=keys.certificate,
            private_key=keys.key,
            idp_metadata_url=self.provider.metadata_url,
        )
        return SignInOptions(secret_key=SECRET_KEY, saml=saml)

    def answer(self, url: str, user: str, groups: Sequence[str] = ()) -> Answer:
        self.provider.name_id = user
        self.provider.attributes = {"groups": groups or ("nobody",)}
        form = html.fromstring(httpx.get(url, trust_env=False).text).forms[0]
        return Answer(form.action.removeprefix(ORIGIN), dict(form.fields))


@attrs.frozen
class GitHubWay:
    """GitHub; the groups of a user are the organisations that they own."""

    provider: GitHubServer
    changes: Mapping[str, object] = attrs.field(factory=dict)
    """Of the provider source's configuration."""

    @property
    def definitions(self) -> Sequence[ProviderSourceDefinition]:
        return ProviderSourceDefinition.parse_all([self.provider.configured(**self.changes)])

    @property
    def start_path(self) -> str:
        return f"/{self.definitions[0].api_name}/login"

    def options(self) -> SignInOptions:
        address = PublicAddress("https", HOST, 443)
        return SignInOptions(secret_key=SECRET_KEY, github=self.definitions, github_address=address)

    def answer(self, url: str, user: str, groups: Sequence[str] = ()) -> Answer:
        self.provider.login = user
        self.provider.memberships = [Membership(group) for group in groups]
        return self.come_back(url)

    def come_back(self, url: str) -> Answer:
        """The answer for whoever is signed in there."""
        back = urlsplit(httpx.get(url, trust_env=False).headers["Location"])
        assert f"{back.scheme}://{back.netloc}" == ORIGIN
        return Answer(f"{back.path}?{back.query}")


def fields_of(url: str) -> dict[str, str]:
    """The query of a URL."""
    return dict(parse_qsl(urlsplit(url).query))


# --- what is left of a sign-in -----------------------------------------------------------------------------------


def kept(served: Served) -> dict[str, int]:
    """How many rows each table holds, but for attempts to sign in."""
    engine = open_engine(embedded_database_url(served.options.data_directory))
    try:
        with engine.connect() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
                if name != "sign_in_attempt"
            }
    finally:
        engine.dispose()


def events(served: Served) -> list[tuple[str | None, str, str | None]]:
    """The audit history, oldest first: user name, action and object."""
    query = "order[0][column]=0&order[0][dir]=asc&length=1000"
    rows = served.get(f"/v1/terrareg/audit-history?{query}", headers=ADMIN).json()["data"]
    return [(row["username"], row["action"], row["object_id"]) for row in rows]


def is_sign_in_page(response: httpx.Response) -> bool:
    """Whether it is the page that says why somebody is not signed in (chapter 04, 1): of status 200, and not kept."""
    return (
        (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        and "<h1>Sign-in failed</h1>" in response.text
        and response.headers["Cache-Control"] == "no-store"
        and "Set-Cookie" not in response.headers
    )


@contextmanager
def refused(browser: Browser, caplog: pytest.LogCaptureFixture, *secrets: str) -> Iterator[None]:
    """What happens within signs nobody in, leaves no trace in the database, and is logged without any secret.

    `secrets` are shorter ones than can be told from words.
    """
    before = kept(browser.served)
    caplog.clear()
    with caplog.at_level("INFO"):
        yield
    assert kept(browser.served) == before
    assert not browser.is_signed_in
    warnings = [record for record in caplog.records if record.name == "terrareg_http.dispatcher"]
    assert [record.levelname for record in warnings] == ["WARNING"]
    # The browsers of these tests tell which addresses they asked for.
    logged = [it.getMessage() for it in caplog.records if it.name != "httpx" or ORIGIN not in it.getMessage()]
    assert not any(_OPAQUE.search(text) or any(secret in text for secret in secrets) for text in logged), logged


def given_group(served: Served, name: str, namespace: str, permission: str = "FULL") -> None:
    """Make a namespace, and a user group that has a permission on it."""
    assert served.post("/v1/terrareg/namespaces", {"name": namespace}).status_code == 200
    assert served.post(USER_GROUPS, {"name": name, "site_admin": False}).status_code == 201
    granted = served.post(f"{USER_GROUPS}/{name}/permissions/{namespace}", {"permission_type": permission})
    assert granted.status_code == 201
