"""Which identity the credentials of a request prove (chapter 04, 2.1)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.clock import FixedClock
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.authentication import (
    AnalyticsKey,
    Authenticator,
    ConfiguredSecrets,
    Credentials,
    SignInPolicy,
)
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import Secret

SECRETS = ConfiguredSecrets(
    admin=Secret.of("adm"),
    upload=(Secret.of("up1"), Secret.of("schlüssel")),
    publish=(Secret.of("pub"),),
    analytics=(AnalyticsKey(Secret.of("k1"), "dev"), AnalyticsKey(Secret.of("k2"), "prod")),
    ignore_analytics=(Secret.of("ign"), Secret.of("k2")),
    internal_extraction=Secret.of("int"),
)


def _authenticator(secrets: ConfiguredSecrets) -> Authenticator:
    return Authenticator(secrets, SignInPolicy(), MemoryUnitOfWork(), FixedClock())


AUTHENTICATOR = _authenticator(SECRETS)


def _identity(**credentials: Any) -> Identity:
    return AUTHENTICATOR.identify(Credentials(**credentials)).identity


def _kind(**credentials: Any) -> IdentityKind:
    return _identity(**credentials).kind


@pytest.mark.parametrize(
    ("credentials", "kind", "name"),
    [
        ({"api_key": b"adm"}, IdentityKind.ADMIN_KEY, "Built-in admin"),
        ({"api_key": b"up1"}, IdentityKind.UPLOAD_KEY, "Upload API Key"),
        ({"api_key": "schlüssel".encode()}, IdentityKind.UPLOAD_KEY, "Upload API Key"),
        ({"api_key": b"pub"}, IdentityKind.PUBLISH_KEY, "Publish API Key"),
        ({"bearer": b"k1"}, IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token"),
        ({"bearer": b"k2"}, IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token"),
        ({"bearer": b"ign"}, IdentityKind.IGNORE_ANALYTICS_KEY, "Terraform ignore analytics token"),
        ({"bearer": b"int"}, IdentityKind.INTERNAL_EXTRACTION, "Terraform internal extraction"),
        ({}, IdentityKind.ANONYMOUS, "Unauthenticated User"),
        ({"api_key": b"adm", "bearer": b"k1"}, IdentityKind.ADMIN_KEY, "Built-in admin"),
        ({"api_key": b"wrong", "bearer": b"k1"}, IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token"),
        # A key in the other header is nobody's.
        ({"bearer": b"adm"}, IdentityKind.ANONYMOUS, "Unauthenticated User"),
        ({"api_key": b"k1"}, IdentityKind.ANONYMOUS, "Unauthenticated User"),
    ],
)
def test_the_first_valid_credential_decides(credentials: dict[str, bytes], kind: IdentityKind, name: str) -> None:
    identity = _identity(**credentials)
    assert (identity.kind, identity.name) == (kind, name)


def test_an_analytics_key_carries_its_environment() -> None:
    assert _identity(bearer=b"k2").environment == "prod"


@pytest.mark.parametrize("key", [b" adm", b"adm ", b"ad", b"admm", b"ADM", b"", b"\xff\xfe", b"a" * 100_000])
def test_anything_but_the_exact_key_is_nobodys(key: bytes) -> None:
    assert _kind(api_key=key) is IdentityKind.ANONYMOUS


def test_an_empty_configured_secret_never_matches() -> None:
    authenticator = _authenticator(ConfiguredSecrets(admin=Secret.of("")))
    assert authenticator.identify(Credentials(api_key=b"")).identity.is_anonymous


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_adding_an_invalid_credential_changes_nothing(api_key: bytes, bearer: bytes) -> None:
    nobody = _authenticator(ConfiguredSecrets())
    assert nobody.identify(Credentials(api_key, bearer)).identity.is_anonymous


def test_a_secret_does_not_show_itself() -> None:
    assert "schl" not in repr(SECRETS)
