"""Analytics tokens and what is recorded of a download (chapter 06, 2)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.analytics.downloads import AnalyticsPolicy, Client, DownloadEvent
from terrareg_core.analytics.tokens import AnalyticsToken, split_analytics_token
from terrareg_core.identifiers import RequestedModuleProvider
from tests.unit import strategies

_EXAMPLE = "my-tf-application"


@pytest.mark.parametrize(
    ("segment", "namespace", "token"),
    [
        ("acme", "acme", None),
        ("my-app__acme", "acme", "my-app"),
        ("my-tf-application__acme", "acme", None),
        ("__acme", "acme", None),
        ("a__b__acme", "a__b__acme", None),
        ("a____acme", "a____acme", None),
        ("tok___ns", "_ns", "tok"),
        ("tok__", "", "tok"),
        ("x" * 129 + "__ns", "ns", None),
        ("a\nb__ns", "ns", None),
        ("a\x7fb__ns", "ns", None),
    ],
)
def test_a_segment_splits_into_namespace_and_token_as_documented(
    segment: str, namespace: str, token: str | None
) -> None:
    expected = None if token is None else AnalyticsToken(token)
    assert split_analytics_token(segment, _EXAMPLE) == (namespace, expected)


@given(strategies.namespace_names, strategies.tokens.filter(lambda token: token != _EXAMPLE))
def test_a_token_and_a_namespace_survive_being_joined(namespace: str, token: str) -> None:
    found, split = split_analytics_token(f"{token}__{namespace}", _EXAMPLE)
    assert (found, str(split)) == (namespace, token)
    assert split_analytics_token(namespace, _EXAMPLE) == (namespace, None)


@given(st.text(max_size=300))
def test_no_segment_makes_the_split_raise(segment: str) -> None:
    namespace, token = split_analytics_token(segment, _EXAMPLE)
    assert token is not None or namespace in segment


@pytest.mark.parametrize(
    ("agent", "version", "recorded"),
    [
        ("Terraform/1.11.4", "1.11.4", "1.11.4"),
        ("OpenTofu/1.9.0 (+url)", "1.9.0", "1.9.0"),
        ("curl/8", "1.11.4", None),
        ("Terraform/1.11.4", "", None),
        ("Terraform/1.11.4", "1" * 129, None),
        ("", "", None),
    ],
)
def test_only_terraform_and_opentofu_are_believed_about_their_version(
    agent: str, version: str, recorded: str | None
) -> None:
    assert Client(agent, version).recorded_version == recorded


def _event(identity: Identity, policy: AnalyticsPolicy) -> DownloadEvent:
    requested = RequestedModuleProvider("old", "name", "aws")
    return DownloadEvent.of(7, datetime(2026, 1, 1, tzinfo=UTC), requested, None, Client(), identity, policy)


def test_without_configured_environments_every_download_belongs_to_the_default() -> None:
    event = _event(Identity.anonymous(), AnalyticsPolicy())
    assert (event.environment, event.authenticated) == ("Default", False)


def test_with_configured_environments_only_a_key_proves_one() -> None:
    policy = AnalyticsPolicy(environments_configured=True)
    key = Identity(IdentityKind.ANALYTICS_KEY, "ci", environment="prod")
    assert (_event(key, policy).environment, _event(key, policy).authenticated) == ("prod", True)
    assert _event(Identity.anonymous(), policy).environment is None


@pytest.mark.parametrize(
    ("policy", "required"),
    [
        (AnalyticsPolicy(), True),
        (AnalyticsPolicy(unidentified_downloads=True), False),
        (AnalyticsPolicy(enabled=False), False),
    ],
)
def test_a_token_is_required_unless_a_setting_lifts_it(policy: AnalyticsPolicy, required: bool) -> None:
    assert policy.token_required is required
