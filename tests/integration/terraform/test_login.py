"""`terraform login` and `terraform init` on a closed registry, with every credential that there is for terraform."""

import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from terrareg_core.access.terraform_login import challenge_of
from tests.integration.conftest import needs
from tests.integration.servers import ADMIN_TOKEN, NETWORK_MODULE, RunningRegistry, clean_environment, running_registry
from tests.integration.terminal import Terminal
from tests.integration.terraform.client import Terraform, terraform_in

ANALYTICS_KEY = "team-key"
REDIRECT = "http://localhost:10000/login"
_SECONDS = 30


@attrs.frozen
class Closed:
    """A closed registry behind TLS that offers `terraform login`; its certificate is that of a local authority."""

    registry: RunningRegistry
    authority: Path

    def trusting(self) -> dict[str, str]:
        """The environment of a client that trusts the authority."""
        return {"SSL_CERT_FILE": str(self.authority)}

    def browser(self) -> httpx.Client:
        """It keeps cookies, and does not follow redirects."""
        trust = ssl.create_default_context(cafile=str(self.authority))
        return httpx.Client(base_url=self.registry.url, verify=trust, trust_env=False, timeout=_SECONDS)

    def signed_in(self, page: str) -> str:
        """Where a browser that opens `page`, and in which the admin then signs in, is sent in the end."""
        with self.browser() as browser:
            asked = browser.get(page)
            assert asked.status_code == 302, asked.text
            [redirect] = parse_qs(urlsplit(asked.headers["Location"]).query)["redirect"]
            login = browser.post("/login", data={"token": ADMIN_TOKEN, "redirect": redirect})
            assert login.status_code == 303, login.text
            back = browser.get(login.headers["Location"])
            assert back.status_code == 303, back.text
            return str(back.headers["Location"])

    def login_token(self, *, times: int = 1) -> str:
        """A token of `terraform login`, whose code was exchanged a number of times."""
        query = {
            "client_id": "terraform-cli",
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "code_challenge": challenge_of("verifier"),
            "code_challenge_method": "S256",
        }
        address = self.signed_in(str(httpx.URL("/terraform/oauth/authorization", params=query)))
        [code] = parse_qs(urlsplit(address).query)["code"]
        form = {
            "client_id": "terraform-cli",
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": "verifier",
        }
        with self.browser() as browser:
            answers = [browser.post("/terraform/oauth/token", data=form) for _ in range(times)]
        return str(answers[0].json()["access_token"])

    def access_token(self, **wanted: object) -> dict[str, str]:
        """A new access token with its secret, for terraform unless `wanted` says otherwise."""
        with self.browser() as browser:
            answer = browser.post(
                "/v1/terrareg/tokens",
                json={"name": "ci", "scopes": ["terraform"], **wanted},
                headers={"X-Terrareg-ApiKey": ADMIN_TOKEN},
            )
        assert answer.status_code == 201, answer.text
        made: dict[str, str] = answer.json()
        return made

    def terraform(self, directory: Path, token: str | None = None) -> Terraform:
        """A client with `token` as its credential for this registry."""
        terraform = terraform_in(directory, **self.trusting())
        if token is not None:
            terraform.configure_cli(f'credentials "{self.registry.host}" {{\n  token = "{token}"\n}}\n')
        return terraform

    def call(self, namespace: str = "inside") -> str:
        """A configuration that calls the module in a namespace."""
        source = f"{self.registry.host}/ci__{namespace}/network/null"
        return f'module "it" {{\n  source  = "{source}"\n  version = "~> 1.0"\n  name    = "demo"\n}}\n'

    def wait_until_refused(self, token: str) -> None:
        """Return once a token is worth nothing any more."""
        deadline = time.monotonic() + _SECONDS
        path = "/v1/modules/inside/network/null/versions"
        with self.browser() as browser:
            while browser.get(path, headers={"Authorization": f"Bearer {token}"}).status_code != 401:
                assert time.monotonic() < deadline
                time.sleep(0.1)


@contextmanager
def _closed(directory: Path, settings: Mapping[str, str]) -> Iterator[Closed]:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    certificate.private_key_pem.write_to_path(directory / "key.pem")
    (directory / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    signing_key = generate_private_key(65_537, 2048)
    (directory / "signing.pem").write_bytes(
        signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    given = {
        "SSL_CERT_PRIVATE_KEY": str(directory / "key.pem"),
        "SSL_CERT_PUBLIC_KEY": str(directory / "cert.pem"),
        "ALLOW_UNAUTHENTICATED_ACCESS": "false",
        "ANALYTICS_AUTH_KEYS": f"{ANALYTICS_KEY}:prod",
        "TERRAFORM_OIDC_IDP_SUBJECT_ID_HASH_SALT": "salt",
        "TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH": str(directory / "signing.pem"),
        **settings,
    }
    authority_file = directory / "ca.pem"
    with running_registry(directory, given, scheme="https", verify=str(authority_file)) as registry:
        yield Closed(registry, authority_file)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    """One that holds a module in two namespaces."""
    with _closed(tmp_path_factory.mktemp("closed"), {}) as closed:
        for namespace in ("inside", "outside"):
            address = f"{namespace}/network/null"
            published = closed.registry.publish(NETWORK_MODULE, address, "1.0.0", environment=closed.trusting())
            assert published.returncode == 0, published.stderr
        yield closed


def _refusal(terraform: Terraform) -> str:
    """What `terraform init`, which must fail, says on standard error, as one line."""
    result = terraform.run("init", "-backend=false", "-no-color")
    assert result.returncode == 1, result.stdout
    return " ".join(result.stderr.replace("│", "").split())


def _login(closed: Closed, directory: Path) -> tuple[Terminal, dict[str, str]]:
    """`terraform login` at a terminal, and the environment with a home in which it keeps its token."""
    home = directory / "home"
    (home / ".terraform.d").mkdir(parents=True)
    # Without a PATH it finds no browser to open.
    environment = clean_environment(
        HOME=str(home), PATH="", CHECKPOINT_DISABLE="1", TERM="dumb", NO_COLOR="1", **closed.trusting()
    )
    return Terminal([needs("terraform"), "login", closed.registry.host], environment, directory), environment


# --- terraform login -------------------------------------------------------------------------------------------------


def test_a_person_logs_in_and_terraform_installs_with_the_token_that_it_keeps(closed: Closed, tmp_path: Path) -> None:
    terminal, environment = _login(closed, tmp_path)
    with terminal:
        terminal.read_until("Enter a value:")
        terminal.type("yes")
        page = terminal.read_until(r"https://\S+/terraform/oauth/authorization\?[^\s\x1b]+")[0]
        told = httpx.get(closed.signed_in(page), trust_env=False, timeout=_SECONDS)
        assert told.status_code == 200
        assert terminal.wait() == 0, terminal.output
    assert "Terraform has obtained and saved an API token" in terminal.output
    kept = json.loads((Path(environment["HOME"]) / ".terraform.d" / "credentials.tfrc.json").read_text())
    token = kept["credentials"][closed.registry.host]["token"]
    assert re.fullmatch("trl_[0-9A-Za-z]+", token)
    # Terraform looks into its home only where no other configuration is named.
    terraform = terraform_in(tmp_path, **closed.trusting(), HOME=environment["HOME"], TF_CLI_CONFIG_FILE="")
    terraform.write(closed.call())
    terraform.init()
    terraform.validate()


def test_terraform_is_told_why_it_gets_no_token(closed: Closed, tmp_path: Path) -> None:
    terminal, _ = _login(closed, tmp_path)
    with terminal:
        terminal.read_until("Enter a value:")
        terminal.type("yes")
        page = terminal.read_until(r"https://\S+/terraform/oauth/authorization\?[^\s\x1b]+")[0]
        # Somebody else's code, which was made for another verifier.
        query = parse_qs(urlsplit(page).query)
        own = closed.signed_in(page.replace(query["code_challenge"][0], challenge_of("another")))
        # Terraform may be gone before its page of thanks is sent.
        with suppress(httpx.RemoteProtocolError, httpx.ReadError):
            httpx.get(own, trust_env=False, timeout=_SECONDS)
        assert terminal.wait() == 1
    assert "The code is wrong, used or too old; run terraform login again" in " ".join(terminal.output.split())


# --- terraform init --------------------------------------------------------------------------------------------------


def test_an_access_token_for_terraform_installs(closed: Closed, tmp_path: Path) -> None:
    terraform = closed.terraform(tmp_path, closed.access_token()["token"])
    terraform.write(closed.call())
    terraform.init()
    terraform.validate()


def test_an_analytics_key_installs(closed: Closed, tmp_path: Path) -> None:
    terraform = closed.terraform(tmp_path, ANALYTICS_KEY)
    terraform.write(closed.call())
    terraform.init()
    terraform.validate()


def test_a_token_that_is_limited_to_namespaces_installs_from_them_only(closed: Closed, tmp_path: Path) -> None:
    token = closed.access_token(namespaces=["inside"])["token"]
    terraform = closed.terraform(tmp_path, token)
    terraform.write(closed.call("inside"))
    terraform.init()
    terraform.write(closed.call("outside"))
    assert "403 Forbidden" in _refusal(terraform)


def test_without_a_credential_terraform_says_that_it_is_not_authorised(closed: Closed, tmp_path: Path) -> None:
    terraform = closed.terraform(tmp_path)
    terraform.write(closed.call())
    assert "401 Unauthorized" in _refusal(terraform)


def test_a_revoked_access_token_is_refused(closed: Closed, tmp_path: Path) -> None:
    made = closed.access_token()
    with closed.browser() as browser:
        path = f"/v1/terrareg/tokens/{made['id']}"
        assert browser.delete(path, headers={"X-Terrareg-ApiKey": ADMIN_TOKEN}).status_code == 200
    terraform = closed.terraform(tmp_path, made["token"])
    terraform.write(closed.call())
    assert "401 Unauthorized" in _refusal(terraform)


def test_an_expired_access_token_is_refused(closed: Closed, tmp_path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    token = closed.access_token(expires_at=soon.isoformat())["token"]
    closed.wait_until_refused(token)
    terraform = closed.terraform(tmp_path, token)
    terraform.write(closed.call())
    assert "401 Unauthorized" in _refusal(terraform)


def test_an_access_token_for_something_else_is_refused(closed: Closed, tmp_path: Path) -> None:
    terraform = closed.terraform(tmp_path, closed.access_token(scopes=["upload", "publish"])["token"])
    terraform.write(closed.call())
    assert "403 Forbidden" in _refusal(terraform)


def test_a_login_token_whose_code_came_twice_is_refused(closed: Closed, tmp_path: Path) -> None:
    terraform = closed.terraform(tmp_path, closed.login_token(times=2))
    terraform.write(closed.call())
    assert "401 Unauthorized" in _refusal(terraform)


def test_a_login_token_is_refused_once_it_has_expired(tmp_path: Path) -> None:
    with _closed(tmp_path, {"TERRAFORM_OIDC_IDP_SESSION_EXPIRY": "1"}) as closed:
        token = closed.login_token()
        closed.wait_until_refused(token)
        terraform = closed.terraform(tmp_path, token)
        terraform.write(closed.call())
        assert "401 Unauthorized" in _refusal(terraform)
