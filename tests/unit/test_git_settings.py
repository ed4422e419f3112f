"""Git settings and git providers: what is accepted, and what becomes of stored ones (chapter 02, 8)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.errors import AlreadyStored, InvalidRequest, StoreUnavailable
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.git_providers import configure_git_providers
from terrareg_core.modules.git_settings import (
    GitArguments,
    GitProvider,
    GitProviderDefinition,
    GitSettings,
    RepositoryTemplates,
)
from tests.unit.test_publishing import _Faulty

NAMES = ModuleProviderId.parse("acme/net/aws")


def entry(suffix: str = "{namespace}/{module}", git_path: object = None, **changes: object) -> dict[str, object]:
    """A git provider in the operator's words."""
    given: dict[str, object] = {
        "name": "Hub",
        "base_url": f"https://hub.test/{suffix}",
        "clone_url": f"ssh://git@hub.test/{suffix}.git",
        "browse_url": f"https://hub.test/{suffix}/tree/{{tag}}/{{path}}",
        "git_path": git_path,
    }
    return {key: value for key, value in (given | changes).items() if value is not ...}


# --- the operator's configuration (8.7) ---


def test_a_git_provider_is_read_with_everything_it_has() -> None:
    (parsed,) = GitProviderDefinition.parse_all([entry(git_path="{provider}", colour="ignored")])
    assert parsed == GitProviderDefinition(
        "Hub",
        RepositoryTemplates(
            "https://hub.test/{namespace}/{module}",
            "ssh://git@hub.test/{namespace}/{module}.git",
            "https://hub.test/{namespace}/{module}/tree/{tag}/{path}",
        ),
        "{provider}",
    )


@pytest.mark.parametrize("git_path", ["", None, ...])
def test_an_empty_git_path_is_none(git_path: object) -> None:
    assert GitProviderDefinition.parse_all([entry(git_path=git_path)])[0].git_path is None


@pytest.mark.parametrize(
    ("suffix", "git_path"),
    [
        ("{namespace}/{module}", None),
        ("{namespace}/{module}", "{provider}"),
        ("{namespace}", "{module}"),
        ("{module}", "{namespace}"),
        ("blah", "{namespace}-{module}"),
    ],
)
def test_names_may_be_in_the_url_or_in_the_git_path(suffix: str, git_path: str | None) -> None:
    assert GitProviderDefinition.parse_all([entry(suffix, git_path)])


@pytest.mark.parametrize("clone_url", ["git@hub.test:{namespace}/{module}.git", "file:///srv/{namespace}/{module}"])
def test_the_operator_may_name_any_scheme(clone_url: str) -> None:
    assert GitProviderDefinition.parse_all([entry(clone_url=clone_url)])[0].templates.clone == clone_url


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
        [entry(name=...)],
        [entry(name="")],
        [entry(name=5)],
        [entry(name="x" * 129)],
        [entry(name="a\0b")],
        [entry(name="\ud800")],
        [entry(base_url=...)],
        [entry(clone_url=["x"])],
        [entry(browse_url="")],
        [entry("{namespace}")],
        [entry("{module}")],
        [entry("blah")],
        [entry("{{namespace}}/{module}")],
        [entry("{namespace}/{module}/{version}")],
        [entry("{namespace}/{module}/{")],
        [entry("{namespace}/{module.x}")],
        [entry(git_path="{somethingelse}")],
        [entry(git_path="{path}")],
        [entry(git_path="../x")],
        [entry(git_path=["x"])],
        [entry(git_path=False)],
        [entry("{name", "space}/{module}{namespace}")],
        [entry(base_url="https://hub.test/{namespace}/{module}/{tag}")],
        [entry(clone_url="https://hub.test/{namespace}/{module}/{path}")],
        [entry(browse_url="https://hub.test/{namespace}/{module}/{tag}")],
        [entry(browse_url="https://hub.test/{namespace}/{module}/{path}")],
        [entry(), entry()],
        [entry(), entry(base_url="x", name="Other")],
        [entry(name=f"Hub {number}") for number in range(1001)],
    ],
)
def test_a_wrong_configuration_is_refused_whole(document: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^must "):
        GitProviderDefinition.parse_all(document)


def test_a_refusal_names_the_entry_and_repeats_no_value() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        GitProviderDefinition.parse_all([entry(), entry(name="Other", clone_url="https://me:hunter2@hub.test/x")])
    assert "entry 2" in refusal.value.message
    assert "hunter2" not in refusal.value.message


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_PIECES = st.lists(
    st.sampled_from(["{namespace}", "{module}", "{provider}", "{path}", "{tag}", "{", "}", "x", "/"]), max_size=5
).map("".join)
_ENTRIES = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", ""])},
    optional=dict.fromkeys(("base_url", "clone_url", "browse_url", "git_path"), _PIECES | _JSON),
)


@given(st.lists(_ENTRIES | _JSON, max_size=4) | _JSON)
def test_any_json_is_read_or_refused_in_a_sentence(document: Any) -> None:
    parsed = _parsed_or_refusal(document)
    if isinstance(parsed, InvalidRequest):
        assert parsed.message.startswith("must ")
        return
    assert len(parsed) == len(document)
    for definition, given_entry in zip(parsed, document, strict=True):
        assert definition.name == given_entry["name"]
        for template in (definition.templates.base, definition.templates.clone, definition.templates.browse):
            assert template is not None
            joined = template + (definition.git_path or "")
            assert "{namespace}" in joined
            assert "{module}" in joined


def _parsed_or_refusal(document: Any) -> tuple[GitProviderDefinition, ...] | InvalidRequest:
    try:
        return GitProviderDefinition.parse_all(document)
    except InvalidRequest as error:
        return error


# --- keeping it ---


def _stored(unit_of_work: MemoryUnitOfWork) -> list[GitProvider]:
    with unit_of_work.read() as tx:
        return list(tx.git_providers.all())


_DEFINITIONS = st.lists(
    st.builds(
        lambda name, git_path: GitProviderDefinition(name, RepositoryTemplates("b", "c", "d"), git_path),
        st.sampled_from("abc"),
        st.none() | st.sampled_from("xy"),
    ),
    unique_by=lambda definition: definition.name,
    max_size=3,
)


@given(st.lists(_DEFINITIONS, max_size=4))
def test_whatever_was_configured_before_the_last_configuration_counts(configurations: list[Any]) -> None:
    unit_of_work = MemoryUnitOfWork()
    ids: dict[str, int] = {}
    for definitions in configurations:
        configure_git_providers(unit_of_work, definitions)
        stored = _stored(unit_of_work)
        assert {row.name: row.definition for row in stored if row.enabled} == {it.name: it for it in definitions}
        for row in stored:
            assert ids.setdefault(row.name, row.id) == row.id
        assert {row.name for row in stored} == set(ids)
        configure_git_providers(unit_of_work, definitions)
        assert _stored(unit_of_work) == stored


def test_an_unchanged_configuration_is_not_written() -> None:
    unit_of_work = MemoryUnitOfWork()
    definitions = GitProviderDefinition.parse_all([entry()])
    configure_git_providers(unit_of_work, definitions)
    configure_git_providers(_Faulty(unit_of_work, StoreUnavailable("The database is read-only")), definitions)


def test_a_configuration_that_others_keep_changing_ends_in_an_error() -> None:
    unit_of_work = MemoryUnitOfWork()
    with pytest.raises(StoreUnavailable):
        configure_git_providers(
            _Faulty(unit_of_work, AlreadyStored("again")), GitProviderDefinition.parse_all([entry()])
        )


# --- settings of module providers (5.1) ---


def test_what_is_not_given_stays_and_what_is_empty_goes() -> None:
    hub = GitProvider(1, GitProviderDefinition.parse_all([entry()])[0])
    current = GitSettings(
        git_provider=hub,
        templates=RepositoryTemplates("https://a.test/x", "https://a.test/y", "https://a.test/{tag}/{path}"),
        tag_format="v{version}",
        git_path="sub",
        archive_git_path=True,
        provider_source_inheritance_disabled=True,
    )
    assert GitArguments().applied_to(current, NAMES, hub) == current
    emptied = GitArguments(
        repo_base_url_template="",
        repo_clone_url_template="",
        repo_browse_url_template="",
        git_tag_format="",
        git_path="",
        archive_git_path=False,
        provider_source_inheritance_disabled=False,
    )
    assert emptied.applied_to(current, NAMES, None) == GitSettings(git_path="")


def test_the_default_tag_format_in_full_is_no_change() -> None:
    assert GitArguments(git_tag_format="{version}").applied_to(GitSettings(), NAMES, None).tag_format is None
    stored = GitSettings(tag_format="{version}")
    assert GitArguments(git_tag_format="").applied_to(stored, NAMES, None) == stored
    assert (
        GitArguments(git_tag_format="").applied_to(GitSettings(tag_format="v{version}"), NAMES, None) == GitSettings()
    )
