"""Identity providers for the tests."""

from collections.abc import Iterator

import pytest

from tests.integration.identity.oidc_provider import USERS
from tests.integration.identity.running import OpenIdProvider, running_openid_provider


@pytest.fixture(scope="session")
def _running_openid_provider() -> Iterator[OpenIdProvider]:
    with running_openid_provider() as provider:
        yield provider


@pytest.fixture
def openid_provider(_running_openid_provider: OpenIdProvider) -> OpenIdProvider:
    """An OpenID Connect provider that behaves well; every test finds the same process, with its first users."""
    _running_openid_provider.behave()
    for user, claims in USERS.items():
        _running_openid_provider.change_user(user, claims)
    return _running_openid_provider
