"""Provider sources: what the operator may configure, and what they are called in addresses (chapter 05, 3.1)."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidRequest
from terrareg_core.providers.sources import RESERVED_API_NAMES, ProviderSourceDefinition, api_name_of
from terrareg_http.routes import ROUTES

SECRET = "hunter2"
AUTO_GENERATE = "auto_generate_github_organisation_namespaces"


def entry(**changes: object) -> dict[str, object]:
    """A provider source in the operator's words; `...` leaves a key out."""
    given: dict[str, object] = {
        "name": "Our GitHub",
        "type": "github",
        "base_url": "https://github.test",
        "api_url": "https://api.github.test",
        "client_id": "Iv1.1",
        "client_secret": SECRET,
        "app_id": "7",
        "private_key_path": "/run/key.pem",
        "login_button_text": "Sign in with GitHub",
        AUTO_GENERATE: True,
    }
    return {key: value for key, value in (given | changes).items() if value is not ...}


def parsed(**changes: object) -> ProviderSourceDefinition:
    (definition,) = ProviderSourceDefinition.parse_all([entry(**changes)])
    return definition


# --- names in addresses ---


@pytest.mark.parametrize(
    ("name", "api_name"),
    [
        ("TestName", "testname"),
        ("test name", "test-name"),
        ("test@name", "testname"),
        (" -This 15 a Sp3c!@L Test CASE+=  ", "this-15-a-sp3cl-test-case"),
        ("a  b", "a--b"),
        ("a\tb", "ab"),
        ("Größe", "gre"),
        ("-", ""),
        ("é", ""),
        ("", ""),
    ],
)
def test_the_name_in_addresses_follows_from_the_name(name: str, api_name: str) -> None:
    assert api_name_of(name) == api_name


NAMES = st.text(st.characters() | st.sampled_from(" -aZ9@"), max_size=20)


@given(NAMES)
def test_a_name_in_addresses_is_one_plain_segment_and_stays_what_it_is(name: str) -> None:
    api_name = api_name_of(name)
    assert set(api_name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not api_name.startswith("-")
    assert not api_name.endswith("-")
    assert api_name_of(api_name) == api_name


@given(NAMES)
def test_case_does_not_matter_to_names_in_addresses(name: str) -> None:
    assert api_name_of(name.lower()) == api_name_of(name)


@given(NAMES)
def test_a_name_in_addresses_is_empty_only_for_names_without_letters_and_digits(name: str) -> None:
    assert (api_name_of(name) == "") == (
        not any(character in "abcdefghijklmnopqrstuvwxyz0123456789" for character in name.lower())
    )


def test_every_first_segment_of_the_registry_is_reserved_unless_no_name_becomes_it() -> None:
    paths = [path for operation in ROUTES for path in (operation.path, *operation.aliases)]
    literal = {path.split("/")[1] for path in paths if not path.split("/")[1].startswith("{")}
    assert {segment for segment in literal if api_name_of(segment) == segment} <= RESERVED_API_NAMES


def test_every_reserved_name_is_one_that_a_name_could_become() -> None:
    assert {api_name_of(name) for name in RESERVED_API_NAMES} == RESERVED_API_NAMES


# --- what is accepted ---


def test_a_provider_source_is_read_with_everything_it_has() -> None:
    definition = parsed(default_access_token="pat", default_installation_id="12", colour="ignored")
    assert definition == ProviderSourceDefinition(
        name="Our GitHub",
        base_url="https://github.test",
        api_url="https://api.github.test",
        client_id="Iv1.1",
        client_secret=SECRET,
        app_id="7",
        private_key_path="/run/key.pem",
        login_button_text="Sign in with GitHub",
        auto_generate_namespaces=True,
        default_access_token="pat",
        default_installation_id="12",
    )
    assert definition.api_name == "our-github"


def test_what_is_optional_may_be_missing_null_or_empty() -> None:
    optional = (AUTO_GENERATE, "default_access_token", "default_installation_id")
    bare = parsed(**dict.fromkeys(optional, ...))
    assert (bare.auto_generate_namespaces, bare.default_access_token, bare.default_installation_id) == (
        False,
        None,
        None,
    )
    assert parsed(**dict.fromkeys(optional)) == parsed(**dict.fromkeys(optional, "")) == bare


@pytest.mark.parametrize("value", [True, False])
def test_generating_namespaces_has_a_second_name(value: bool) -> None:
    assert parsed(**{AUTO_GENERATE: ..., "auto_generate_namespaces": value}).auto_generate_namespaces is value
    both = parsed(**{AUTO_GENERATE: value, "auto_generate_namespaces": not value})
    assert both.auto_generate_namespaces is value


def test_the_default_access_token_has_further_names() -> None:
    assert parsed(default_access_key="c").default_access_token == "c"
    assert parsed(default_access_key="c", access_token="b").default_access_token == "b"
    assert parsed(default_access_key="c", access_token="b", default_access_token="a").default_access_token == "a"


def test_ids_may_be_numbers() -> None:
    definition = parsed(app_id=123456, default_installation_id=78)
    assert (definition.app_id, definition.default_installation_id) == ("123456", "78")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://github.example.com/", "https://github.example.com"),
        ("HTTPS://GitHub.example.com:8443/api/v3", "HTTPS://GitHub.example.com:8443/api/v3"),
        ("https://[2001:db8::1]/api", "https://[2001:db8::1]/api"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://127.0.0.1:5000/api/", "http://127.0.0.1:5000/api"),
        ("http://[::1]", "http://[::1]"),
    ],
)
def test_addresses_are_of_https_or_of_this_host(url: str, kept: str) -> None:
    definition = parsed(base_url=url, api_url=url)
    assert (definition.base_url, definition.api_url) == (kept, kept)


def test_secrets_are_left_out_of_the_text_form() -> None:
    text = repr(parsed(default_access_token="hunter3"))
    assert "Our GitHub" in text
    assert "hunter" not in text


# --- what is refused ---

BAD_ADDRESSES = [
    "github.com",
    "ftp://github.com",
    "http://github.com",
    "http://localhost.github.com",
    "http://127.0.0.1.github.com",
    "http://0.0.0.0",
    "http://2130706433",
    "https://",
    "https:///api",
    f"https://me:{SECRET}@github.com",
    "https://github.com?x=1",
    "https://github.com#x",
    "https://github.com//api",
    "https://github.com/a b",
    "https://github.com/é",
    "https://git hub.com",
    "https://git\u212a.com",
    "http\u017f://github.com",
    "https://github.com:0",
    "https://github.com:99999",
    "https://github.com:443x",
    "https://[::g]",
    "https://1.2.3.4.5",
    "https://github.com\\@evil.test",
]


@pytest.mark.parametrize("key", ["base_url", "api_url"])
@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_an_address_that_secrets_must_not_go_to_is_refused(key: str, url: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^must give {key} as an address .* in entry 1$") as refusal:
        ProviderSourceDefinition.parse_all([entry(**{key: url})])
    assert SECRET not in refusal.value.message
    changes: dict[str, Any] = {key: url}
    with pytest.raises(InvalidRequest, match=key):
        attrs.evolve(parsed(), **changes)


REQUIRED = [
    "name",
    "type",
    "base_url",
    "api_url",
    "client_id",
    "client_secret",
    "app_id",
    "private_key_path",
    "login_button_text",
]


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("value", [..., None, "", [SECRET], True, 0.5, f"{SECRET}\n", "\ud800"])
def test_what_is_required_is_a_text(key: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=rf"^must give {key} as .* in entry 2$") as refusal:
        ProviderSourceDefinition.parse_all([entry(name="Other"), entry(**{key: value})])
    assert SECRET not in refusal.value.message


@pytest.mark.parametrize("name", sorted(RESERVED_API_NAMES))
def test_a_name_that_would_shadow_the_registry_s_own_addresses_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^must give a name that no other address .* begins with in entry 1$"):
        ProviderSourceDefinition.parse_all([entry(name=f" {name.upper()}! ")])


@pytest.mark.parametrize("other", ["Our GitHub", "OUR GITHUB", "our-github", "(Our) GitHub!"])
def test_two_sources_have_different_names_in_addresses(other: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^must not have two provider sources .* entry 2 "):
        ProviderSourceDefinition.parse_all([entry(), entry(name=other)])


@pytest.mark.parametrize(
    "document",
    [
        {},
        None,
        "[]",
        5,
        [[]],
        [None],
        [{}],
        [entry(name="x" * 129)],
        [entry(name="@")],
        [entry(type="gitlab")],
        [entry(type="GitHub")],
        [entry(app_id=0)],
        [entry(app_id=-1)],
        [entry(app_id=10**5000)],
        [entry(**{AUTO_GENERATE: "true"})],
        [entry(**{AUTO_GENERATE: 1})],
        [entry(**{AUTO_GENERATE: ..., "auto_generate_namespaces": "no"})],
        [entry(default_access_token=5)],
        [entry(default_access_token=["x"])],
        [entry(access_token="x\n")],
        [entry(default_installation_id=False)],
        [entry(), entry(name="Other", client_id=5)],
        [entry(name=f"Source {number}") for number in range(101)],
    ],
)
def test_a_wrong_configuration_is_refused_whole(document: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^must ") as refusal:
        ProviderSourceDefinition.parse_all(document)
    assert SECRET not in refusal.value.message


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_ENTRIES = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "A", "b", "-", "v1"])},
    optional={
        **dict.fromkeys(("client_id", "app_id", "default_access_token", AUTO_GENERATE), _JSON),
        "base_url": st.sampled_from(BAD_ADDRESSES) | _JSON,
    },
).map(lambda changes: entry(**changes))


@given(st.lists(_ENTRIES | _JSON, max_size=4) | _JSON)
def test_any_json_is_read_or_refused_in_a_sentence(document: Any) -> None:
    outcome = _parsed_or_refusal(document)
    if isinstance(outcome, InvalidRequest):
        assert outcome.message.startswith("must ")
        assert SECRET not in outcome.message
        return
    assert len(outcome) == len(document)
    names = [definition.api_name for definition in outcome]
    assert len(set(names)) == len(names)
    assert not RESERVED_API_NAMES & set(names)


def _parsed_or_refusal(document: Any) -> tuple[ProviderSourceDefinition, ...] | InvalidRequest:
    try:
        return ProviderSourceDefinition.parse_all(document)
    except InvalidRequest as error:
        return error
