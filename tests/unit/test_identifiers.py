"""Names and addresses parse exactly when they follow the rules of chapter 02, section 2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidIdentifier
from terrareg_core.identifiers import (
    DisplayName,
    ModuleName,
    ModuleProviderId,
    NamespaceName,
    ProviderName,
    RequestedModuleProvider,
)
from tests.unit import strategies


@pytest.mark.parametrize("text", ["tl", "11", "a-z", "a_z", "withAcapital", "a" * 128])
def test_a_valid_namespace_name_is_kept_as_it_is_spelled(text: str) -> None:
    assert str(NamespaceName.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "-a",
        "a-",
        "_a",
        "a_",
        "__",
        "-",
        "a__b",
        "in@valid",
        "a:b",
        "a?b",
        "nl\n",
        "é1",
        "a b",
        "a" * 129,
        "a\0",
    ],
)
def test_an_invalid_namespace_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="namespace"):
        NamespaceName.parse(text)


def test_a_module_name_may_hold_two_underscores_in_a_row() -> None:
    assert ModuleName.parse("a__b").value == "a__b"


@pytest.mark.parametrize("text", ["aws", "2x4", "a"])
def test_a_valid_provider_name_parses(text: str) -> None:
    assert ProviderName.parse(text).value == text


@pytest.mark.parametrize("text", ["with-dash", "with_underscore", "Aws", "", "aws\n", "٣"])
def test_an_invalid_provider_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="provider"):
        ProviderName.parse(text)


@pytest.mark.parametrize("text", ["-x", "!!", "a\tb", "x\n"])
def test_an_invalid_display_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        DisplayName.parse(text)


def test_a_display_name_may_hold_spaces() -> None:
    assert DisplayName.parse("Acme Inc").folded == "acme inc"


@given(strategies.namespace_names)
def test_every_namespace_name_is_a_module_name(text: str) -> None:
    assert ModuleName.parse(NamespaceName.parse(text).value).value == text


@given(strategies.namespace_names, st.characters().filter(lambda c: not (c.isascii() and (c.isalnum() or c in "-_"))))
def test_any_other_character_makes_a_namespace_name_invalid(name: str, other: str) -> None:
    for spoiled in (other + name, name + other, name[0] + other + name[1:]):
        assert not NamespaceName.is_valid(spoiled)


@given(st.text(max_size=12))
def test_parsing_any_text_gives_the_name_or_the_domains_refusal(text: str) -> None:
    for kind in (NamespaceName, ModuleName, ProviderName, DisplayName):
        if kind.is_valid(text):
            assert kind.parse(text).value == text
        else:
            with pytest.raises(InvalidIdentifier):
                kind.parse(text)


@given(strategies.namespace_names, strategies.module_names, strategies.provider_names)
def test_an_address_survives_the_round_trip_through_its_text(namespace: str, module: str, provider: str) -> None:
    text = f"{namespace}/{module}/{provider}"
    address = ModuleProviderId.parse(text)
    assert str(address) == text
    assert RequestedModuleProvider.of(address) == RequestedModuleProvider.parse(text)


@pytest.mark.parametrize("text", ["", "a/b", "aa/bb/cc/dd", "aa//cc"])
def test_an_address_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        ModuleProviderId.parse(text)


def test_a_requested_address_needs_three_parts_and_is_not_validated() -> None:
    assert RequestedModuleProvider.parse("?/!/A").module == "!"
    with pytest.raises(InvalidIdentifier):
        RequestedModuleProvider.parse("a/b")
