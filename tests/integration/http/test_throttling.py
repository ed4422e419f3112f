"""Throttling of wrong credentials by client address (decision 31; row 60 of chapter 04, section 21)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import attrs
import pytest

from terrareg_adapters.assembly import RegistryOptions
from terrareg_core.access.authentication import AnalyticsKey, ConfiguredSecrets
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, TERRAFORM_TOKEN_PREFIX, Secret, new_token
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.ports import FailureKind
from terrareg_core.access.throttling import FailureLimits
from terrareg_core.modules.hook_events import SigningKeys
from terrareg_core.modules.webhooks import WebhookPolicy
from terrareg_http.settings import Settings
from tests.integration.http.people import LOGIN, SIGN_IN, bearing, begun_session, keyed, made_token, person
from tests.integration.http.serving import MANAGED, MODULES, Client, Served, ServedWorld, scope_of
from tests.unit.registries import make_world

SECRETS = ConfiguredSecrets(
    admin=Secret.of("admin-key"),
    upload=(Secret.of("upload-key"),),
    analytics=(AnalyticsKey(Secret.of("analytics-key"), "dev"),),
)
WRONG = keyed("wrong")
RIGHT = keyed("admin-key")
PEER = "203.0.113.7"


@attrs.frozen
class Answer:
    """What a request got."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


def ask(
    client: Client,
    path: str = MODULES,
    headers: Mapping[str, str] | None = None,
    *,
    peer: str = PEER,
    method: str = "GET",
    content: bytes = b"",
) -> Answer:
    """The answer to a request that comes from `peer`."""
    sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    path, _, query = path.partition("?")
    scope = scope_of(method, path.encode(), sent, query.encode()) | {"client": (peer, 1234)}
    start, *bodies = client.asgi(scope, [{"type": "http.request", "body": content}])
    return Answer(start["status"], dict(start["headers"]), b"".join(body.get("body", b"") for body in bodies))


def statuses(client: Client, times: int, **options: Any) -> Sequence[int]:
    return [ask(client, **{"headers": WRONG, **options}).status for _ in range(times)]


def opened(
    limits: FailureLimits | None = None, *proxies: str, policy: AccessPolicy | None = None, **options: Any
) -> ServedWorld:
    """A registry whose clock stands still, behind these proxies."""
    world = make_world(secrets=SECRETS, failure_limits=limits or FailureLimits(), access=policy, **options)
    return ServedWorld(world, Settings(trusted_proxies=tuple(map(ip_network, proxies))))


@pytest.fixture
def served() -> Iterator[ServedWorld]:
    with opened() as client:
        yield client


SMALL = FailureLimits(credentials=3, admin_logins=2)


# --- windows and limits ---


def test_thirty_wrong_credentials_in_a_minute_are_borne_and_no_more(served: ServedWorld) -> None:
    assert statuses(served, 30) == [200] * 30
    refused = ask(served, headers=WRONG)
    assert refused.status == 429
    assert refused.headers[b"retry-after"] == b"60"
    assert list(json.loads(refused.body)) == ["message"]


def test_it_begins_anew_when_the_first_failure_is_a_minute_old(served: ServedWorld) -> None:
    clock = served.world.clock
    statuses(served, 20)
    clock.advance(timedelta(seconds=30))
    assert statuses(served, 11) == [200] * 10 + [429]
    clock.advance(timedelta(seconds=29.5))
    refused = ask(served, headers=WRONG)
    assert (refused.status, refused.headers[b"retry-after"]) == (429, b"1")
    clock.advance(timedelta(seconds=0.5))
    # The ten of the last half minute still count, and the one that was too many.
    assert statuses(served, 20) == [200] * 19 + [429]
    clock.advance(timedelta(minutes=1))
    assert statuses(served, 1) == [200]


def test_whoever_is_refused_does_not_prolong_it(served: ServedWorld) -> None:
    statuses(served, 31)
    for _ in range(10):
        served.world.clock.advance(timedelta(seconds=5.9))
        assert statuses(served, 3) == [429] * 3
    served.world.clock.advance(timedelta(seconds=1))
    assert statuses(served, 1) == [200]


def test_twelve_wrong_admin_logins_end_in_a_refusal_that_spares_others(served: ServedWorld) -> None:
    assert statuses(served, 12, path=LOGIN, method="POST") == [401] * 10 + [429] * 2
    assert ask(served, LOGIN, RIGHT, method="POST", peer="198.51.100.1").status == 200
    # Nor is a right key of the same address refused, nor other wrong ones before they are too many themselves.
    assert ask(served, LOGIN, RIGHT, method="POST").status == 200
    assert statuses(served, 1) == [200]


def test_admin_logins_count_among_the_wrong_credentials() -> None:
    with opened(FailureLimits(credentials=3, admin_logins=10)) as served:
        assert statuses(served, 4, path=LOGIN, method="POST") == [401] * 3 + [429]
        assert statuses(served, 1) == [429]


def test_the_login_form_counts_as_the_login_does() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with opened(SMALL) as served:

        def log_in(token: bytes) -> Answer:
            return ask(served, "/login", form, method="POST", content=b"token=" + token)

        assert [log_in(b"wrong").status for _ in range(2)] == [403, 403]
        refused = log_in(b"wrong")
        assert (refused.status, refused.headers[b"content-type"]) == (429, b"text/html; charset=utf-8")
        assert refused.headers[b"retry-after"] == b"60"
        assert statuses(served, 1, path=LOGIN, method="POST") == [429]
        right = log_in(b"admin-key")
        assert (right.status, right.headers[b"location"]) == (303, b"/")
        # An empty form guesses nothing.
        assert log_in(b"").status == 403


@pytest.mark.parametrize("path", ["/v1/terrareg/health", "/v1/terrareg/namespaces", "/v1/terrareg/tokens"])
def test_wrong_credentials_are_refused_wherever_they_are_sent(path: str) -> None:
    with opened(SMALL) as served:
        assert statuses(served, 4, path=path)[-1] == 429
        assert ask(served, path, RIGHT).status == 200
        assert ask(served, path).status != 429


@pytest.mark.parametrize(
    "headers",
    [
        keyed("wrong"),
        keyed("analytics-key"),
        keyed("\xff\xfe"),
        keyed("x" * 10_000),
        keyed(new_token(ACCESS_TOKEN_PREFIX, bytes(32))),
        bearing("wrong"),
        bearing("admin-key"),
        bearing(new_token(ACCESS_TOKEN_PREFIX, bytes(32))),
        bearing(new_token(TERRAFORM_TOKEN_PREFIX, bytes(32))),
    ],
)
def test_every_kind_of_wrong_credential_counts(headers: dict[str, str]) -> None:
    with opened(SMALL) as served:
        assert statuses(served, 4, headers=headers) == [200] * 3 + [429]


@pytest.mark.parametrize("headers", [{}, keyed(""), {"Authorization": "Basic YTpi"}, {"Authorization": "bearer x"}])
def test_what_is_no_credential_is_none_that_is_wrong(headers: dict[str, str]) -> None:
    with opened(SMALL) as served:
        assert set(statuses(served, 10, headers=headers)) == {200}


def test_zero_bears_any_number() -> None:
    with opened(FailureLimits(credentials=0, admin_logins=0)) as served:
        assert set(statuses(served, 100)) == {200}
        assert set(statuses(served, 50, path=LOGIN, method="POST")) == {401}
    with opened(FailureLimits(credentials=0, admin_logins=2)) as served:
        assert set(statuses(served, 50)) == {200}
        assert statuses(served, 3, path=LOGIN, method="POST") == [401, 401, 429]
    with opened(FailureLimits(credentials=2, admin_logins=0)) as served:
        assert statuses(served, 3, path=LOGIN, method="POST") == [401, 401, 429]


# --- what does not count ---


def test_a_request_counts_only_when_nothing_that_it_carries_is_right() -> None:
    with opened(SMALL) as served:
        somebody = person("alice")
        session, token = begun_session(served, somebody), made_token(served, somebody)
        right = [
            bearing("analytics-key") | WRONG,
            RIGHT | bearing("wrong"),
            keyed("upload-key") | bearing("wrong"),
            session.headers | WRONG,
            session.headers | bearing("wrong"),
            keyed(token) | bearing("wrong"),
            bearing(token) | WRONG,
        ]
        for headers in right:
            assert set(statuses(served, 5, headers=headers)) == {200}
        assert statuses(served, 4) == [200] * 3 + [429]


def test_session_cookies_do_not_count() -> None:
    with opened(SMALL) as served:
        for cookie in ("session=wrong", "session=" + "x" * 43, "login_flow=wrong", "session="):
            assert set(statuses(served, 10, headers={"Cookie": cookie})) == {200}


def test_keys_of_archives_and_signatures_of_hooks_do_not_count() -> None:
    hooks = WebhookPolicy(keys=SigningKeys((b"upload-key",)))
    with opened(SMALL, policy=AccessPolicy(anonymous_access=False), webhooks=hooks) as served:
        address = f"{MANAGED}/ns1/vpc/aws"
        assert set(statuses(served, 10, path=f"{address}/1.0.0/source.zip?presign=wrong", headers={})) == {403}
        assert set(statuses(served, 10, path=f"{address}/1.0.0/wrong/source.zip", headers={})) == {403}
        for name in ("X-Hub-Signature-256", "X-Gitlab-Token"):
            host = "gitlab" if "Gitlab" in name else "github"
            sent = {"path": f"{address}/hooks/{host}", "method": "POST", "headers": {name: "sha256=00"}}
            assert set(statuses(served, 10, **sent)) == {401}


# --- who is counted ---


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
    ],
)
def test_addresses_that_one_subscriber_chooses_from_are_one_client(first: str, second: str, is_one: bool) -> None:
    with opened(SMALL) as served:
        statuses(served, 3, peer=first)
        assert statuses(served, 1, peer=second) == [429 if is_one else 200]


def test_nobody_chooses_what_they_are_counted_for() -> None:
    with opened(SMALL) as served:
        spoofed = [statuses(served, 1, headers={**WRONG, "X-Forwarded-For": f"198.51.100.{n}"})[0] for n in range(4)]
        assert spoofed == [200] * 3 + [429]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("192.0.2.66,198.51.100.1,10.1.2.3", "198.51.100.1"),
        ("  198.51.100.1  ", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::2"),
        # What a proxy puts there that is no address hides what clients put before it.
        ("192.0.2.66, unknown", "10.0.0.1"),
        ("192.0.2.66, 198.51.100.1:4711", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("10.9.9.9", "10.9.9.9"),
    ],
)
def test_a_trusted_proxy_tells_who_the_client_is(forwarded: str, client: str) -> None:
    with opened(SMALL, "10.0.0.0/8") as served:
        assert statuses(served, 3, peer="10.0.0.1", headers={**WRONG, "X-Forwarded-For": forwarded}) == [200] * 3
        # Straight from that address, it is the same client.
        assert statuses(served, 1, peer=client) == [429]
        assert statuses(served, 1, peer="192.0.2.66") == [200]


# --- many processes ---


def test_registries_over_one_database_count_together(tmp_path: Path) -> None:
    options = RegistryOptions(data_directory=tmp_path, secrets=SECRETS, failure_limits=FailureLimits(credentials=6))
    with ExitStack() as stack:
        first, second = (stack.enter_context(Served(options)) for _ in range(2))
        assert [ask(served, headers=WRONG).status for served in (first, second) * 3] == [200] * 6
        assert [ask(served, headers=WRONG).status for served in (second, first)] == [429, 429]
        assert ask(second, headers=RIGHT).status == 200


def test_failures_outlive_the_process(tmp_path: Path) -> None:
    options = RegistryOptions(data_directory=tmp_path, secrets=SECRETS, failure_limits=SMALL)
    with Served(options) as served:
        statuses(served, 3)
    with Served(options) as served:
        assert statuses(served, 1) == [429]


def test_a_client_costs_no_more_writes_than_its_limit(tmp_path: Path) -> None:
    options = RegistryOptions(data_directory=tmp_path, secrets=SECRETS, failure_limits=SMALL, sign_in=SIGN_IN)
    with Served(options) as served:
        statuses(served, 50)
        with served.opened_store() as unit_of_work, unit_of_work.read() as tx:
            since = datetime.now(UTC) - timedelta(minutes=5)
            assert tx.failures.count(PEER, FailureKind.CREDENTIAL, since) == 4


def test_the_log_tells_of_failures_by_address_and_not_of_what_was_sent(
    served: ServedWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    statuses(served, 40, headers=keyed("secret-guess") | bearing("other-guess"))
    ask(served, LOGIN, keyed("secret-guess"), method="POST")
    lines = [record.getMessage() for record in caplog.records if record.name == "terrareg.access"]
    assert len(lines) == 1
    assert PEER in lines[0]
    assert "guess" not in caplog.text
