"""Links and tabs that the operator adds to pages (chapter 06, 8.10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidRequest
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.links import ModuleLink, ModuleTab, ShownLink, shown_tabs
from terrareg_core.versions import Version

ADDRESS = ModuleProviderId.parse("acme/vpc/aws")
VERSION = Version.parse("1.2.3-beta")


def shown(document: object) -> list[ShownLink | None]:
    return [link.shown_for(ADDRESS, VERSION) for link in ModuleLink.parse_all(document)]


def test_placeholders_are_replaced_in_text_and_address() -> None:
    link = {"text": "{module} for {provider}", "url": "https://x.test/{namespace}/{module}?v={version}&p={provider}"}
    assert shown([link]) == [ShownLink("vpc for aws", "https://x.test/acme/vpc?v=1.2.3-beta&p=aws")]


@pytest.mark.parametrize("link", [{}, {"text": None, "url": None, "namespaces": None}])
def test_a_link_that_says_nothing_is_empty_and_leads_nowhere(link: object) -> None:
    assert shown([link]) == [ShownLink("", "#")]


def test_a_link_may_be_restricted_to_namespaces_by_their_exact_names() -> None:
    links = [{"text": "a", "namespaces": ["other", "acme"]}, {"text": "b", "namespaces": ["Acme"]}]
    assert shown([*links, {"text": "c", "namespaces": []}]) == [ShownLink("a", "#"), None, None]


@pytest.mark.parametrize(
    "document",
    [
        None,
        "[]",
        {},
        [1],
        ["x"],
        [{"text": 1}],
        [{"url": ["x"]}],
        [{"url": "a\nb"}],
        [{"text": "\ud800"}],
        [{"url": "{unknown}"}],
        [{"text": "{"}],
        [{"text": "}"}],
        [{"text": "{module!r}"}],
        [{"text": "{{module}}"}],
        [{"namespaces": "acme"}],
        [{"namespaces": [1]}],
        [{}] * 1001,
    ],
)
def test_what_is_no_list_of_links_is_refused(document: object) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ModuleLink.parse_all(document)
    assert refusal.value.message.startswith("must ")


def test_the_refusal_names_the_entry() -> None:
    with pytest.raises(InvalidRequest, match="entry 2"):
        ModuleLink.parse_all([{"text": "fine"}, {"text": "{wrong}"}])


@given(st.text(st.characters(exclude_characters="{}", exclude_categories=["C"])))
def test_a_text_without_placeholders_is_shown_as_it_is(text: str) -> None:
    assert shown([{"text": text, "url": text}]) == [ShownLink(text, text)]


TABS = (
    ModuleTab("Changes", ("RELEASE_NOTES.md", "CHANGELOG.md")),
    ModuleTab("License", ("LICENSE",)),
    ModuleTab("Changes", ("HISTORY",)),
)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ((), {}),
        (("CHANGELOG.md", "RELEASE_NOTES.md"), {"Changes": "RELEASE_NOTES.md"}),
        (("LICENSE", "CHANGELOG.md", "HISTORY"), {"Changes": "CHANGELOG.md", "License": "LICENSE"}),
        (("HISTORY",), {"Changes": "HISTORY"}),
        (("license",), {}),
    ],
)
def test_the_first_file_of_a_tab_that_there_is_wins(stored: tuple[str, ...], expected: dict[str, str]) -> None:
    assert shown_tabs(TABS, stored) == expected
