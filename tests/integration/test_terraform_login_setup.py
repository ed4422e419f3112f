"""Which settings switch `terraform login` on, and what an operator is told where they don't (chapter 04, 13.1)."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from terrareg_http.bootstrap import open_deployed, prepare, warn_of_risks
from terrareg_http.settings import Settings, SettingsError


def _pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with which it is on."""
    key = tmp_path / "signing.pem"
    key.write_bytes(_pem(rsa.generate_private_key(65_537, 2048)))
    return Settings(
        data_directory=tmp_path / "data",
        allow_unauthenticated_access=False,
        public_url="https://reg.example.com",
        terraform_oidc_idp_subject_id_hash_salt="salt",
        terraform_oidc_idp_signing_key_path=key,
    )


def _is_offered(settings: Settings) -> bool:
    warn_of_risks(settings)
    with open_deployed(prepare(settings)) as registry:
        return registry.terraform_login.is_offered


def test_where_all_four_conditions_are_met_it_is_on_without_a_word(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert _is_offered(settings)
    assert "terraform" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"allow_unauthenticated_access": True}, "ALLOW_UNAUTHENTICATED_ACCESS"),
        ({"public_url": None}, "PUBLIC_URL"),
        ({"terraform_oidc_idp_subject_id_hash_salt": None}, "TERRAFORM_OIDC_IDP_SUBJECT_ID_HASH_SALT"),
        ({"terraform_oidc_idp_signing_key_path": Path("/nowhere/key.pem")}, "TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH"),
    ],
)
def test_where_one_condition_is_not_met_it_is_off_and_the_log_says_which(
    settings: Settings, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], told: str
) -> None:
    assert not _is_offered(attrs.evolve(settings, **changes))
    [message] = [record.getMessage() for record in caplog.records if "terraform login" in record.getMessage()]
    assert told in message


def test_an_open_registry_without_any_of_it_says_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    assert not _is_offered(Settings(data_directory=settings.data_directory))
    assert "terraform" not in caplog.text


def test_over_plain_http_it_is_on_with_a_warning(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    assert _is_offered(attrs.evolve(settings, public_url="http://reg.example.com"))
    assert "PUBLIC_URL is not https" in caplog.text


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (_pem(rsa.generate_private_key(65_537, 1024)), "is shorter than 2048 bits"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "is not an RSA private key"),
        (b"no key", "is not an RSA private key"),
    ],
)
def test_a_key_that_cannot_be_used_stops_the_start_with_its_name(settings: Settings, pem: bytes, reason: str) -> None:
    settings.terraform_oidc_idp_signing_key_path.write_bytes(pem)
    with pytest.raises(SettingsError) as caught:
        open_deployed(prepare(settings))
    assert caught.value.message.startswith(f"TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH {reason}")


def test_a_key_that_is_a_directory_stops_the_start_with_its_name(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        open_deployed(prepare(attrs.evolve(settings, terraform_oidc_idp_signing_key_path=tmp_path)))
    assert caught.value.message.startswith("TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH must name a file that can be read")
