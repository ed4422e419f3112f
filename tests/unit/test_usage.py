"""The variables of the usage builder (chapter 03, 18)."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.json_values import JsonObject, JsonValue
from terrareg_core.modules.specification import Input
from terrareg_core.modules.usage import usage_variables

SIZE = Input("size", "number", "Number of nodes", 3, required=False)


def escaped(text: str) -> str:
    return text.replace("<", "&lt;")


def variables(
    template: JsonValue = (), inputs: Sequence[Input] = (), *, autogenerate: bool = True
) -> Sequence[JsonObject]:
    descriptions = [item.description for item in inputs]
    return usage_variables(template, inputs, descriptions, autogenerate=autogenerate, sanitise=escaped)


def test_an_input_is_asked_for_by_its_type_and_default() -> None:
    assert variables(inputs=[SIZE]) == [
        {
            "name": "size",
            "type": "number",
            "additional_help": "Number of nodes",
            "quote_value": False,
            "required": False,
            "default_value": 3,
        }
    ]


def test_nothing_is_made_up_when_that_is_switched_off() -> None:
    assert variables(inputs=[SIZE], autogenerate=False) == []


def test_an_entry_of_the_metadata_gets_the_defaults_and_replaces_the_input() -> None:
    assert variables([{"name": "size"}], [SIZE]) == [
        {
            "name": "size",
            "type": "text",
            "required": True,
            "quote_value": True,
            "default_value": None,
            "additional_help": "",
        }
    ]


def test_an_entry_of_the_metadata_keeps_all_its_keys() -> None:
    entry: JsonObject = {
        "name": "region",
        "type": "select",
        "choices": ["eu", {"name": "us", "value": "us-east-1"}],
        "allow_custom": True,
        "value": "x",
        "required": False,
        "quote_value": False,
        "default_value": {"a": [1]},
        "additional_help": "Where",
        "note": None,
    }
    assert variables([entry]) == [entry]


def test_entries_of_the_metadata_come_first_in_their_order() -> None:
    found = variables([{"name": "z"}, {"name": "a"}], [Input("b", "string", None, None, required=True), SIZE])
    assert [entry["name"] for entry in found] == ["z", "a", "b", "size"]


@pytest.mark.parametrize(
    ("declared", "kind", "quoted"),
    [
        ("bool", "boolean", False),
        ("number", "number", False),
        ("list(string)", "list", True),
        ("list(number)", "list", False),
        ("list(bool)", "list", True),
        ("list(\n  number\n)", "list", True),
        ("list(list(number))", "list", True),
        ("map(string)", "text", False),
        ("map(number)", "text", False),
        ("string", "text", True),
        ("any", "text", True),
        ("list", "text", True),
        ("map", "text", True),
        ("set(string)", "text", True),
        ("object({ a = bool })", "text", True),
        ("tuple([string])", "text", True),
        ("", "text", True),
    ],
)
def test_the_type_decides_how_an_input_is_asked_for(declared: str, kind: str, quoted: bool) -> None:
    [found] = variables(inputs=[Input("x", declared, None, None, required=True)])
    assert (found["type"], found["quote_value"]) == (kind, quoted)
    assert (found["required"], found["default_value"], found["additional_help"]) == (True, None, None)


def test_help_of_an_input_is_the_prepared_description() -> None:
    [found] = usage_variables([], [SIZE], ["<p>Number</p>"], autogenerate=True, sanitise=escaped)
    assert found["additional_help"] == "<p>Number</p>"


@pytest.mark.parametrize(
    ("written", "shown"), [("<b", "&lt;b"), ("", ""), (None, None), (["<b"], ""), ({"a": "<b"}, ""), (3, "")]
)
def test_help_of_the_metadata_is_sanitised_text(written: JsonValue, shown: JsonValue) -> None:
    assert variables([{"name": "x", "additional_help": written}])[0]["additional_help"] == shown


@pytest.mark.parametrize(
    "template",
    [None, {}, {"name": "x"}, "name", 7, True, [None, "x", 1, ["name"], {}, {"type": "text"}, {"name": 3}]],
)
def test_a_template_of_another_shape_counts_as_empty(template: JsonValue) -> None:
    assert variables(template) == []


# --- properties --------------------------------------------------------------------------------------------------

_names = st.sampled_from(["a", "b", "c", "d"])
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
_entries = st.lists(
    st.tuples(_names, st.dictionaries(st.text(max_size=8), _json, max_size=3)).map(
        lambda parts: {**parts[1], "name": parts[0]}
    ),
    max_size=4,
    unique_by=lambda entry: entry["name"],
)
_inputs = st.lists(
    st.builds(Input, _names, st.sampled_from(["string", "number", "list(number)"]), st.none(), _json, st.booleans()),
    max_size=4,
    unique_by=lambda item: item.name,
)


@given(_entries, _inputs)
def test_names_are_unique_and_all_keys_are_kept(entries: list[JsonObject], inputs: list[Input]) -> None:
    found = variables(entries, inputs)
    names = [entry["name"] for entry in found]
    assert len(names) == len(set(map(str, names)))
    assert {item.name for item in inputs} <= set(names)
    for written, shown in zip(entries, found, strict=False):
        assert {key: value for key, value in shown.items() if key in written} == written
    assert all(len(entry) == 6 for entry in found[len(entries) :])


@given(_json, _inputs)
def test_switching_made_up_variables_off_leaves_a_prefix(template: JsonValue, inputs: list[Input]) -> None:
    without = variables(template, inputs, autogenerate=False)
    assert list(variables(template, inputs))[: len(without)] == list(without)
