"""Settings: parsing rules of chapter 06, 8.1, and what each refusal says."""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.modules.model import HostingMode, ReindexMode
from terrareg_http.settings import MASK, ClientSettings, Settings, SettingsError, obsolete_variables, variables

NAMES = [variable.name for variable in variables(Settings)]


def read(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def refusal(**environ: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(**environ)
    return caught.value


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read() == Settings()


def test_unknown_variables_are_ignored() -> None:
    assert read(PATH="/bin", TERRAREG_COLOUR="red") == Settings()


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("LISTEN_PORT", "listen_port", 5000),
        ("TERRAFORM_PRESIGNED_URL_EXPIRY_SECONDS", "terraform_presigned_url_expiry_seconds", 10),
        ("UPLOAD_MAX_BYTES", "upload_max_bytes", 268_435_456),
        ("UNPACKED_MAX_BYTES", "unpacked_max_bytes", 1_073_741_824),
        ("MEMBER_MAX_BYTES", "member_max_bytes", 268_435_456),
        ("MEMBERS_MAX", "members_max", 10_000),
        ("COMPRESSION_RATIO_MAX", "compression_ratio_max", 200),
        ("ALLOW_UNAUTHENTICATED_ACCESS", "allow_unauthenticated_access", True),
        ("ALLOW_UNAUTHENTICATED_PUBLISHING", "allow_unauthenticated_publishing", False),
        ("MODULE_VERSION_REINDEX_MODE", "module_version_reindex_mode", ReindexMode.LEGACY),
        ("ALLOW_MODULE_HOSTING", "allow_module_hosting", HostingMode.ALLOW),
        ("ANALYTICS_TOKEN_PHRASE", "analytics_token_phrase", "analytics token"),
        ("DATABASE_URL", "database_url", None),
    ],
)
def test_an_unset_and_an_empty_variable_have_the_documented_default(name: str, field: str, expected: object) -> None:
    assert getattr(read(), field) == expected
    assert getattr(read(**{name: ""}), field) == expected


@pytest.mark.parametrize("text", ["true", "TRUE", "yes", "Yes", "1"])
def test_these_words_are_true(text: str) -> None:
    assert read(DISABLE_ANALYTICS=text).disable_analytics is True


@pytest.mark.parametrize("text", ["false", "False", "no", "NO", "0"])
def test_these_words_are_false(text: str) -> None:
    assert read(AUTO_CREATE_NAMESPACE=text).auto_create_namespace is False


@pytest.mark.parametrize("text", ["on", "off", " true", "2", "wahr", "ja"])
def test_any_other_word_is_no_boolean(text: str) -> None:
    error = refusal(DISABLE_ANALYTICS=text)
    assert error.variable == "DISABLE_ANALYTICS"
    assert error.message.startswith("DISABLE_ANALYTICS must be true or false")


@pytest.mark.parametrize("text", ["x", "5000 ", "0x10", "1_000", "-1", "65536", "٣", "9" * 5000, "5000\n"])
def test_a_port_is_a_whole_number_that_ports_can_have(text: str) -> None:
    assert refusal(LISTEN_PORT=text).message == "LISTEN_PORT must be a whole number from 0 to 65535"


def test_lists_are_split_at_commas_trimmed_and_rid_of_empty_elements() -> None:
    assert read(UPLOAD_API_KEYS=" a, b,,c d ,").upload_api_keys == ("a", "b", "c d")
    assert read(UPLOAD_API_KEYS="").upload_api_keys == ()


def test_an_empty_list_of_example_files_switches_them_off() -> None:
    assert read(EXAMPLE_FILE_EXTENSIONS="").example_file_extensions == ()
    assert read(EXAMPLE_FILE_EXTENSIONS=".tf, md").example_file_extensions == ("tf", "md")


@pytest.mark.parametrize("text", ["auto-publish", "AUTO-PUBLISH", "Auto-Publish"])
def test_words_of_a_choice_are_taken_in_any_case(text: str) -> None:
    assert read(MODULE_VERSION_REINDEX_MODE=text).module_version_reindex_mode is ReindexMode.AUTO_PUBLISH


def test_hosting_is_a_choice_of_three_words_and_no_boolean() -> None:
    assert read(ALLOW_MODULE_HOSTING="Enforce").allow_module_hosting is HostingMode.ENFORCE
    assert refusal(ALLOW_MODULE_HOSTING="yes").message == "ALLOW_MODULE_HOSTING must be one of true, false, enforce"


def test_settings_without_effect_are_still_checked() -> None:
    assert read(SERVER="waitress", THREADED="no").server == "waitress"
    assert refusal(SERVER="gunicorn").variable == "SERVER"


# --- access ---

OPENID_CONNECT = ("OPENID_CONNECT_CLIENT_ID", "OPENID_CONNECT_CLIENT_SECRET", "OPENID_CONNECT_ISSUER")
SAML = ("SAML2_ENTITY_ID", "SAML2_IDP_METADATA_URL", "SAML2_PUBLIC_KEY", "SAML2_PRIVATE_KEY")


@pytest.mark.parametrize("names", [OPENID_CONNECT, SAML])
def test_half_of_a_way_to_sign_in_is_refused_and_the_missing_half_named(names: tuple[str, ...]) -> None:
    for missing in names:
        given = {name: "x" for name in names if name != missing}
        assert refusal(**given).variable == missing
    whole = read(PUBLIC_URL="https://reg.example.com", **dict.fromkeys(names, "x"))
    assert (whole.has_openid, whole.has_saml) == (names is OPENID_CONNECT, names is SAML)
    assert not read(**dict.fromkeys(names, "x")).has_single_sign_on, "where the registry is, nobody knows"


def test_variables_that_lost_their_meaning_are_told() -> None:
    given = {"GITHUB_URL": "https://github.example.com", "GITHUB_LOGIN_TEXT": "", "GITHUB_TOKEN": "x"}
    assert obsolete_variables(given) == ["GITHUB_URL"]


def test_proxies_are_addresses_and_networks() -> None:
    networks = read(TRUSTED_PROXIES="10.0.0.1, 192.168.0.0/16,fd00::/8").trusted_proxies
    assert [str(network) for network in networks] == ["10.0.0.1/32", "192.168.0.0/16", "fd00::/8"]
    assert refusal(TRUSTED_PROXIES="10.0.0.1,proxy").variable == "TRUSTED_PROXIES"


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({}, None),
        ({"PUBLIC_URL": "https://Reg.example.com:443/path"}, "https://reg.example.com"),
        ({"PUBLIC_URL": "http://127.0.0.1:5000"}, "http://127.0.0.1:5000"),
        ({"DOMAIN_NAME": "reg.example.com"}, "https://reg.example.com"),
    ],
)
def test_the_public_origin_is_written_as_browsers_do(settings: dict[str, str], origin: str | None) -> None:
    assert read(**settings).public_origin == origin


def test_an_unset_admin_token_differs_from_an_empty_one() -> None:
    assert read().admin_authentication_token is None
    assert read(ADMIN_AUTHENTICATION_TOKEN="").admin_authentication_token == ""


def test_an_empty_secret_for_presigned_urls_counts_as_unset() -> None:
    assert read(TERRAFORM_PRESIGNED_URL_SECRET="").terraform_presigned_url_secret is None


def test_the_misspelt_name_of_the_internal_token_is_read_where_the_right_one_is_unset() -> None:
    assert read(INTERNAL_EXTRACTION_ANALYITCS_TOKEN="a").internal_extraction_analytics_token == "a"
    both = read(INTERNAL_EXTRACTION_ANALYITCS_TOKEN="a", INTERNAL_EXTRACTION_ANALYTICS_TOKEN="")
    assert both.internal_extraction_analytics_token == ""


def test_the_internal_token_that_everybody_knows_is_refused_on_a_closed_registry() -> None:
    known = {"INTERNAL_EXTRACTION_ANALYTICS_TOKEN": "internal-terrareg-analytics-token"}
    assert refusal(ALLOW_UNAUTHENTICATED_ACCESS="false", **known).variable == "INTERNAL_EXTRACTION_ANALYTICS_TOKEN"
    assert read(**known).internal_extraction_analytics_token == "internal-terrareg-analytics-token"


@pytest.mark.parametrize("one", ["SSL_CERT_PRIVATE_KEY", "SSL_CERT_PUBLIC_KEY"])
def test_half_a_certificate_is_refused_with_the_name_of_the_other_half(one: str) -> None:
    other = {"SSL_CERT_PRIVATE_KEY", "SSL_CERT_PUBLIC_KEY"} - {one}
    assert {refusal(**{one: "/x.pem"}).variable} == other


# --- analytics ---


def test_analytics_keys_keep_their_environments_in_order() -> None:
    keys = read(ANALYTICS_AUTH_KEYS="a:dev, b:prod:ignored").analytics_auth_keys
    assert [key.environment for key in keys] == ["dev", "prod"]
    assert keys[1].secret.matches(b"b")
    assert not keys[1].secret.matches(b"a")


def test_a_single_analytics_key_may_go_unnamed() -> None:
    (key,) = read(ANALYTICS_AUTH_KEYS="only").analytics_auth_keys
    assert key.environment == "Default"
    assert key.secret.matches(b"only")


@pytest.mark.parametrize("text", ["a,b:prod", "a:dev,b", "a:", "a: ,b:prod", ":dev", "a:dev,a:prod", "a:" + "x" * 129])
def test_ambiguous_analytics_keys_are_refused(text: str) -> None:
    assert refusal(ANALYTICS_AUTH_KEYS=text).variable == "ANALYTICS_AUTH_KEYS"


@pytest.mark.parametrize("text", ["EMPTY", ""])
def test_the_example_token_can_be_emptied(text: str) -> None:
    assert read(EXAMPLE_ANALYTICS_TOKEN=text).example_analytics_token == ""


def test_the_word_for_emptiness_means_nothing_elsewhere() -> None:
    assert read(ANALYTICS_TOKEN_PHRASE="EMPTY").analytics_token_phrase == "EMPTY"


# --- storage and modules ---


def test_a_component_is_always_appended_to_the_data_directory() -> None:
    assert read().data_directory == Path("data")
    assert read(DATA_DIRECTORY="/srv").data_directory == Path("/srv/data")
    assert read(DATA_DIRECTORY="/srv/data").data_directory == Path("/srv/data/data")


def test_uploads_lie_in_the_data_directory_unless_said_otherwise() -> None:
    assert read(DATA_DIRECTORY="/srv").upload_directory == Path("/srv/data/UPLOAD")
    assert read(DATA_DIRECTORY="/srv", UPLOAD_DIRECTORY="/fast").upload_directory == Path("/fast")


@pytest.mark.parametrize("name", ["DATA_DIRECTORY", "UPLOAD_DIRECTORY"])
def test_object_stores_are_refused_with_a_sentence(name: str) -> None:
    assert refusal(**{name: "s3://bucket"}).message.startswith(f"{name} must be a local directory")


@pytest.mark.parametrize(("text", "expected"), [("", ""), ("./a//b/", "a/b"), ("/modules", "modules")])
def test_module_directories_are_normalised(text: str, expected: str) -> None:
    assert read(MODULES_DIRECTORY=text).modules_directory == expected


@pytest.mark.parametrize("text", ["..", "a/../b", "a\\b"])
def test_module_directories_stay_inside_the_module(text: str) -> None:
    assert refusal(EXAMPLES_DIRECTORY=text).variable == "EXAMPLES_DIRECTORY"


def test_tabs_keep_their_text_and_name_each_file_once() -> None:
    text = '[["A", ["x.md", "y.md"]], ["B", ["y.md"]]]'
    tabs = read(ADDITIONAL_MODULE_TABS=text).additional_module_tabs
    assert tabs.text == text
    assert [(tab.title, tab.files) for tab in tabs.tabs] == [("A", ("x.md", "y.md")), ("B", ("y.md",))]
    assert tabs.file_names == ("x.md", "y.md")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[",
        "null",
        '["A"]',
        '[["A"]]',
        '[["A", "x"]]',
        '[["A", [1]]]',
        '[[1, ["x"]]]',
        '[["A", [""]]]',
        '[["A", ["../x"]]]',
        '[["A", ["/etc/passwd"]]]',
        '[["A", ["x\\u0000"]]]',
        '[["\\ud800", ["x"]]]',
        "[" * 60_000,
        "1" * 90_000,
    ],
)
def test_tabs_of_another_shape_are_refused(text: str) -> None:
    assert refusal(ADDITIONAL_MODULE_TABS=text).message.startswith("ADDITIONAL_MODULE_TABS must be a JSON array")


# --- all of them ---

PLAUSIBLE = st.sampled_from(
    ["", "true", "no", "0", "5000", "99999999999", "a:b,c:d", "a,,b", "s3://x", "[]", '[["A", ["b"]]]', "..", "EMPTY"]
)


@given(st.dictionaries(st.sampled_from(NAMES), PLAUSIBLE | st.text() | st.text(st.characters(categories=["Cs"]))))
def test_any_environment_gives_settings_or_names_the_variable_to_change(environ: dict[str, str]) -> None:
    outcome = _settings_or_error(environ)
    if isinstance(outcome, Settings):
        assert all(text.encode() is not None for text in _shown(outcome).values())
    else:
        assert outcome.variable in NAMES
        assert outcome.message.startswith(f"{outcome.variable} must ")
        assert "\n" not in outcome.message


def _settings_or_error(environ: dict[str, str]) -> Settings | SettingsError:
    try:
        return Settings.from_environment(environ)
    except SettingsError as error:
        return error


@given(st.dictionaries(st.sampled_from(NAMES), PLAUSIBLE))
def test_values_that_are_shown_are_read_back_alike(environ: dict[str, str]) -> None:
    settings = _settings_or_error(environ)
    if isinstance(settings, SettingsError):
        return
    # An unset path or text is shown as an empty one; the appended component and secrets can't be read back.
    shown = {
        variable.name: settings.shown(variable)
        for variable in variables(Settings)
        if not variable.secret and variable.name not in {"DATA_DIRECTORY", "ADDITIONAL_MODULE_TABS"}
    }
    again = Settings.from_environment(shown)
    assert {name: again_shown for name, again_shown in _shown(again).items() if name in shown} == shown


def _shown(settings: Settings) -> dict[str, str]:
    return {variable.name: settings.shown(variable) for variable in variables(Settings)}


def test_secrets_are_masked_and_left_out_of_the_text_form() -> None:
    secret_names = [variable.name for variable in variables(Settings) if variable.secret]
    others = [name for name in (*OPENID_CONNECT, *SAML) if name not in secret_names]
    settings = Settings.from_environment({**dict.fromkeys(secret_names, "hunter2"), **dict.fromkeys(others, "x")})
    shown = _shown(settings)
    assert {shown[name] for name in secret_names} == {MASK}
    assert "hunter2" not in repr(settings)
    assert set(secret_names) == {
        "ADMIN_AUTHENTICATION_TOKEN",
        "UPLOAD_API_KEYS",
        "PUBLISH_API_KEYS",
        "SECRET_KEY",
        "OPENID_CONNECT_CLIENT_SECRET",
        "SAML2_PRIVATE_KEY",
        "TERRAFORM_OIDC_IDP_SUBJECT_ID_HASH_SALT",
        "TERRAFORM_PRESIGNED_URL_SECRET",
        "INFRACOST_API_KEY",
        "ANALYTICS_AUTH_KEYS",
        "IGNORE_ANALYTICS_TOKEN_AUTH_KEYS",
        "INTERNAL_EXTRACTION_ANALYTICS_TOKEN",
        "UPSTREAM_GIT_CREDENTIALS_USERNAME",
        "UPSTREAM_GIT_CREDENTIALS_PASSWORD",
    }


def test_git_credentials_go_to_the_hosts_of_the_git_providers_only() -> None:
    url = "https://{host}/{{namespace}}/{{module}}"
    entries = [
        {"name": host, **{f"{slot}_url": url.format(host=host) for slot in ("base", "clone")}, "browse_url": browse}
        for host in ("One.test:8443", "two.test", "{namespace}.test")
        for browse in ["https://h.test/{namespace}/{module}/{tag}/{path}"]
    ]
    settings = Settings.from_environment({"GIT_PROVIDER_CONFIG": json.dumps(entries)})
    assert settings.git_provider_config.clone_hosts == ("one.test", "two.test")


@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_a_fetch_always_has_an_end(value: str) -> None:
    with pytest.raises(SettingsError, match="GIT_CLONE_TIMEOUT"):
        Settings.from_environment({"GIT_CLONE_TIMEOUT": value})
    assert Settings.from_environment({"GIT_CLONE_TIMEOUT": ""}).git_clone_timeout == 300


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:pw@host/db", f"postgresql://u:{MASK}@host/db"),
        ("postgresql://u:p@w/x@host/db", f"postgresql://u:{MASK}@host/db"),
        ("postgresql://host/db?user=u&password=pw&x=1", f"postgresql://host/db?user=u&password={MASK}&x=1"),
        ("sqlite:////srv/data/terrareg.db", "sqlite:////srv/data/terrareg.db"),
    ],
)
def test_the_password_of_a_url_is_masked(url: str, expected: str) -> None:
    settings = read(DATABASE_URL=url)
    assert _shown(settings)["DATABASE_URL"] == expected
    assert "pw" not in repr(settings)


def test_every_variable_is_a_field_and_documented_in_one_sentence() -> None:
    fields: list[attrs.Attribute[Any]] = [*attrs.fields(Settings), *attrs.fields(ClientSettings)]
    documented = [*variables(Settings), *variables(ClientSettings)]
    assert [variable.name for variable in documented] == [field.name.upper() for field in fields]
    assert all(variable.documentation.endswith(".") and variable.kind for variable in documented)


def test_the_documented_default_is_the_default() -> None:
    for variable in variables(Settings):
        shown = Settings().shown(variable)
        assert shown in {variable.default, "", "data", "data/UPLOAD"}, variable.name


# --- git ---

HUB = {
    "name": "Hub",
    "base_url": "https://hub.test/{namespace}/{module}",
    "clone_url": "https://me:hunter2@hub.test/{namespace}/{module}.git",
    "browse_url": "https://hub.test/{namespace}/{module}/tree/{tag}/{path}",
}


@pytest.mark.parametrize("text", ["", "[]", " [ ] "])
def test_no_git_provider_is_configured_unless_said_otherwise(text: str) -> None:
    assert read(GIT_PROVIDER_CONFIG=text).git_provider_config.definitions == ()
    assert read().git_provider_config.definitions == ()


def test_git_providers_are_shown_as_configured_but_for_passwords() -> None:
    settings = read(GIT_PROVIDER_CONFIG=json.dumps([HUB]))
    (hub,) = settings.git_provider_config.definitions
    assert hub.templates.clone == HUB["clone_url"]
    shown = _shown(settings)["GIT_PROVIDER_CONFIG"]
    assert json.loads(shown)[0]["clone_url"] == f"https://me:{MASK}@hub.test/{{namespace}}/{{module}}.git"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "text",
    ["{}", "[", "null", "[{}]", "[" * 60_000, json.dumps([HUB | {"base_url": "https://x"}]), json.dumps([HUB, HUB])],
)
def test_git_providers_that_can_not_be_used_are_refused_without_repeating_them(text: str) -> None:
    message = refusal(GIT_PROVIDER_CONFIG=text).message
    assert message.startswith("GIT_PROVIDER_CONFIG must ")
    assert "hunter2" not in message


def test_git_hosts_are_names_in_one_spelling() -> None:
    assert read(GIT_ALLOWED_HOSTS="Git.Example.com., 127.1").git_allowed_hosts == ("127.0.0.1", "git.example.com")
    for text in ("https://git.example.com", "a b", "git.example.com:22"):
        assert refusal(GIT_ALLOWED_HOSTS=text).variable == "GIT_ALLOWED_HOSTS"


def test_the_lookback_may_be_negative() -> None:
    assert read(REDIRECT_DELETION_LOOKBACK_DAYS="-5").redirect_deletion_lookback_days == -5
    assert refusal(REDIRECT_DELETION_LOOKBACK_DAYS="9" * 9).variable == "REDIRECT_DELETION_LOOKBACK_DAYS"


# --- providers ---

GITHUB = {
    "name": "GitHub",
    "type": "github",
    "base_url": "https://github.test",
    "api_url": "https://api.github.test",
    "client_id": "Iv1.1",
    "client_secret": "hunter2",
    "app_id": 7,
    "private_key_path": "/run/key.pem",
    "login_button_text": "Sign in with GitHub",
    "auto_generate_github_organisation_namespaces": True,
    "default_access_token": "hunter3",
}


@pytest.mark.parametrize("text", ["", "[]", " [ ] "])
def test_no_provider_source_is_configured_unless_said_otherwise(text: str) -> None:
    assert read(PROVIDER_SOURCES=text).provider_sources.definitions == ()
    assert read().provider_sources.definitions == ()


def test_provider_sources_are_shown_as_configured_but_for_secrets() -> None:
    settings = read(PROVIDER_SOURCES=json.dumps([GITHUB]))
    (github,) = settings.provider_sources.definitions
    assert (github.client_secret, github.default_access_token) == ("hunter2", "hunter3")
    shown = _shown(settings)["PROVIDER_SOURCES"]
    assert json.loads(shown) == [
        {
            "name": "GitHub",
            "type": "github",
            "base_url": "https://github.test",
            "api_url": "https://api.github.test",
            "client_id": "Iv1.1",
            "client_secret": MASK,
            "app_id": "7",
            "private_key_path": "/run/key.pem",
            "login_button_text": "Sign in with GitHub",
            "auto_generate_namespaces": True,
            "default_access_token": MASK,
            "default_installation_id": "",
        }
    ]
    assert "hunter" not in repr(settings)
    assert _shown(read(PROVIDER_SOURCES=shown))["PROVIDER_SOURCES"] == shown


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[",
        "null",
        "[{}]",
        "[" * 60_000,
        json.dumps([GITHUB | {"base_url": "http://x"}]),
        json.dumps([GITHUB] * 2),
    ],
)
def test_provider_sources_that_can_not_be_used_are_refused_without_repeating_them(text: str) -> None:
    message = refusal(PROVIDER_SOURCES=text).message
    assert message.startswith("PROVIDER_SOURCES must ")
    assert "hunter" not in message
