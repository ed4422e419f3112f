"""A browser, and registries with ways to sign in, each in a process of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.integration.browser.tabs import OpenTab, Tab
from tests.integration.conftest import needs
from tests.integration.identity.github_server import GitHubServer, running_github
from tests.integration.identity.running import OpenIdProvider
from tests.integration.identity.saml_idp import SamlIdentityProvider, running_identity_provider
from tests.integration.identity.saml_responses import key_pair
from tests.integration.servers import RunningRegistry, running_registry


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = needs("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[OpenTab]:
    """Opens tabs, each in a profile of its own; options are those of Playwright's contexts."""
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> Tab:
        context = chromium.new_context(**options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return Tab(context.new_page())

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    return open_tab()


@pytest.fixture(scope="module")
def github() -> Iterator[GitHubServer]:
    with running_github() as server:
        yield server


def _openid_connect(provider: OpenIdProvider) -> dict[str, str]:
    return {
        "OPENID_CONNECT_ISSUER": provider.issuer,
        "OPENID_CONNECT_CLIENT_ID": provider.client_id,
        "OPENID_CONNECT_CLIENT_SECRET": provider.client_secret,
        "OPENID_CONNECT_LOGIN_TEXT": "Sign in at work",
    }


@pytest.fixture(scope="module")
def registry(
    tmp_path_factory: pytest.TempPathFactory, openid_process: OpenIdProvider, github: GitHubServer
) -> Iterator[RunningRegistry]:
    """An open registry with the admin token, OpenID Connect and GitHub; nothing is published by itself."""
    settings = {
        **_openid_connect(openid_process),
        "PROVIDER_SOURCES": json.dumps([github.configured()]),
        "ENABLE_ACCESS_CONTROLS": "true",
        "AUTO_PUBLISH_MODULE_VERSIONS": "false",
    }
    with running_registry(tmp_path_factory.mktemp("registry"), settings) as running:
        github.callback = f"{running.url}/test-github/callback"
        yield running


@pytest.fixture(scope="module")
def idp() -> Iterator[SamlIdentityProvider]:
    with running_identity_provider() as provider:
        yield provider


def _with_login_of_terraform(directory: Path) -> dict[str, str]:
    """Settings of a closed registry at which `terraform login` works."""
    key = rsa.generate_private_key(65537, 2048)
    path = directory / "signing_key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {
        "ALLOW_UNAUTHENTICATED_ACCESS": "false",
        "TERRAFORM_OIDC_IDP_SUBJECT_ID_HASH_SALT": "salt",
        "TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH": str(path),
    }


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, openid_process: OpenIdProvider) -> Iterator[RunningRegistry]:
    """A closed registry with the admin token and OpenID Connect, at which `terraform login` works."""
    directory = tmp_path_factory.mktemp("closed")
    settings = {**_with_login_of_terraform(directory), **_openid_connect(openid_process)}
    with running_registry(directory, settings) as running:
        yield running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, idp: SamlIdentityProvider) -> Iterator[RunningRegistry]:
    """A closed registry behind TLS with SAML, at which `terraform login` works; SAML's cookie needs TLS."""
    directory = tmp_path_factory.mktemp("secure")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(directory / "server.pem")
    keys = key_pair("registry")
    settings = {
        **_with_login_of_terraform(directory),
        "SSL_CERT_PRIVATE_KEY": str(directory / "server.pem"),
        "SSL_CERT_PUBLIC_KEY": str(directory / "server.pem"),
        "SAML2_ENTITY_ID": "https://registry.example.com",
        "SAML2_IDP_METADATA_URL": idp.metadata_url,
        "SAML2_PUBLIC_KEY": keys.certificate,
        "SAML2_PRIVATE_KEY": keys.key,
        "SAML2_LOGIN_TEXT": "Sign in with SAML",
        "SAML2_DEBUG": "true",
    }
    with running_registry(directory, settings, scheme="https", verify=str(directory / "ca.pem")) as running:
        yield running
