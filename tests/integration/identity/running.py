"""Identity providers that run beside the tests, and what tests do with them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx

from tests.integration.servers import REPOSITORY, clean_environment

_SECONDS = 60


@attrs.frozen
class OpenIdProvider:
    """A running `oidc_provider`; all it is told here holds until it is told otherwise, or `reset`."""

    issuer: str
    client_id: str
    client_secret: str
    _client: httpx.Client

    def behave(self, *faults: str, **behaviour: object) -> None:
        """Behave as `oidc_provider.Behaviour` describes, with `faults`; what isn't mentioned is as it should be."""
        self._tell("behaviour", {"faults": faults, **behaviour})

    def change_user(self, user: str, claims: Mapping[str, object]) -> None:
        """Give `user` these claims, instead of those it has."""
        self._tell("user", {"user": user, "claims": claims})

    def rotate_keys(self, *, keep: bool = False) -> None:
        """Sign with new keys; if `keep`, the former ones stay published."""
        self._tell("rotate", {"keep": keep})

    def requests(self, endpoint: str) -> int:
        """How often `discovery`, `keys`, `authorize`, `token` or `userinfo` was asked, since the provider started."""
        counts: dict[str, int] = self._client.get("/admin/requests").raise_for_status().json()
        return counts.get(endpoint, 0)

    def sign_in(self, url: str, user: str) -> dict[str, str]:
        """Sign `user` in with the form at `url`, an authorisation request; the query with which a browser returns."""
        self._client.get(url).raise_for_status()
        form = {**dict(parse_qsl(urlsplit(url).query)), "user": user}
        answer = self._client.post("/authorize", data=form)
        assert answer.status_code == httpx.codes.FOUND, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def _tell(self, what: str, document: Mapping[str, Any]) -> None:
        self._client.post(f"/admin/{what}", content=json.dumps(document)).raise_for_status()


@contextmanager
def running_openid_provider() -> Iterator[OpenIdProvider]:
    """An OpenID Connect provider on a loopback port, ended when the context is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.identity.oidc_provider"],
        cwd=REPOSITORY,
        env=clean_environment(),
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stdout is not None
            started = json.loads(process.stdout.readline())
            with httpx.Client(base_url=started["issuer"], timeout=_SECONDS, trust_env=False) as client:
                yield OpenIdProvider(client=client, **started)
        finally:
            process.kill()
