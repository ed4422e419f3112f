"""docs/sign-in.md: what it names is there."""

import json
import re

import pytest

from terrareg_adapters.assembly import SignInOptions
from terrareg_core.providers.sources import ProviderSourceDefinition
from terrareg_http.settings import Settings, variables
from tests.integration.http.conftest import Open
from tests.integration.http.signing_in import SECRET_KEY, Browser, OpenIdWay, SamlWay
from tests.integration.identity.running import OpenIdProvider
from tests.integration.identity.saml_idp import running_identity_provider
from tests.integration.servers import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "sign-in.md").read_text()
ADDRESSES = sorted(set(re.findall(r"https://registry\.example\.com(/[^`\s]+)", GUIDE)))


def test_every_setting_that_it_names_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9_]{3,})[=`]", GUIDE)) - {"MODIFY", "FULL"}
    assert len(named) > 20
    assert named <= {variable.name for variable in variables(Settings)}


def test_its_provider_source_can_be_used_and_has_the_callback_that_it_names() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    (definition,) = ProviderSourceDefinition.parse_all(json.loads(block))
    assert f"/{definition.api_name}/callback" in ADDRESSES


@pytest.mark.parametrize("address", [it for it in ADDRESSES if not it.startswith("/v1/")])
def test_every_address_that_it_names_leads_somewhere(
    open_empty: Open, openid_provider: OpenIdProvider, address: str
) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    with running_identity_provider() as idp:
        options = SignInOptions(
            secret_key=SECRET_KEY,
            openid=OpenIdWay(openid_provider).options().openid,
            saml=SamlWay(idp).options().saml,
            github=ProviderSourceDefinition.parse_all(json.loads(block)),
        )
        answer = Browser(open_empty(sign_in=options)).get(address)
    assert answer.status_code in {200, 302, 400}
    assert "not set up here" not in answer.text
