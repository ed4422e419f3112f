"""JSON syntax: the mapping to blocks, positions, and strictness."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidSource
from terrareg_core.modules.specification import Input, ModuleCall, ProviderUse, Requirement, Resource
from tests.integration.hcl.sources import as_doubles, document, read

PATH = "main.tf.json"

MODULE = """{
  "//": "a comment",
  "terraform": {"required_version": ">= 1", "required_providers": {"aws": {"source": "x/aws", "version": "= 5.0"}}},
  "variable": {"a": {"type": "list(string)", "default": {"z": 1, "b": [1.0, 1e3, null]}, "//": "x"}, "b": {}},
  "output": {"o": {"value": "${var.a}", "description": "d\\u00e9"}},
  "resource": {"aws_vpc": {"v": {"provider": "aws.west"}}},
  "data": [{"aws_vpc": [{"w": [{}]}]}],
  "module": {"m": {"source": "./x"}},
  "locals": {"x": "${f()}"}
}"""


def test_a_module_in_json_reads_as_a_whole() -> None:
    found = document(MODULE, PATH)
    assert found.inputs == [
        Input("a", "list(string)", None, {"b": [1, 1000, None], "z": 1}, required=False),
        Input("b", "any", None, None, required=True),
    ]
    assert found.outputs[0].description == "dé"
    assert found.requirements == [Requirement("terraform", ">= 1"), Requirement("aws", "= 5.0")]
    assert found.providers == [ProviderUse("aws", None, "= 5.0"), ProviderUse("aws", "west", "= 5.0")]
    assert found.resources == [
        Resource("vpc", "v", "aws", "x/aws", "managed", "5.0", None),
        Resource("vpc", "w", "aws", "x/aws", "data", "5.0", None),
    ]
    assert found.modules == [ModuleCall("m", "./x", "", None)]


def test_the_top_may_be_an_array() -> None:
    assert document(f"[{MODULE}, {{}}]", PATH) == document(MODULE, PATH)


@pytest.mark.parametrize("text", ["", " \n", "{}", "[]"])
def test_nothing_in_a_file_is_an_empty_document(text: str) -> None:
    assert list(read(text, PATH).blocks) == []


def test_a_byte_order_mark_is_tolerated() -> None:
    assert document(b"\xef\xbb\xbf" + MODULE.encode(), PATH) == document(MODULE, PATH)


def test_a_block_type_may_occur_twice() -> None:
    text = '{"variable": {"a": {}}, "variable": {"b": {}}}'
    assert [found.name for found in document(text, PATH).inputs] == ["a", "b"]


def test_a_null_body_is_no_block() -> None:
    assert document('{"variable": {"a": null}}', PATH).inputs == []


def test_strings_in_defaults_are_literal() -> None:
    assert document('{"variable": {"a": {"default": "${x}"}}}', PATH).inputs[0].default == "${x}"


def test_positions_are_those_of_the_keys() -> None:
    [block] = read('{\n"variable":\n{\n"a": {\n\n"default": 1}}}', PATH).blocks
    assert (block.line, block.attributes["default"].line) == (4, 6)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n"variable": NaN}', 2),
        ('{\n"variable": {"a": {"default": Infinity}}}', 2),
        ('{"variable": {"a": {"default":\n-Infinity}}}', 2),
        ('{"a": 01}', 1),
        ('{"a": 1.}', 1),
        ('{"a": "\\q"}', 1),
        ('{"a": "\n"}', 1),
        ('{"a": 1,}', 1),
        ('{"a" 1}', 1),
        ('{"a": 1 "b": 2}', 1),
        ("{a: 1}", 1),
        ("[1, 2", 1),
        ("[1}", 1),
        ("{} {}", 1),
        ('"x"', 1),
        ("1", 1),
        ('{"variable": {"a": "x"}}', 1),
        ('{"variable": ["x"]}', 1),
        ('{"variable": {"a": {"default": 1,\n"default": 2}}}', 2),
        ('{"variable": {"a": {"default": {"x": 1,\n"x": 2}}}}', 2),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), 1),
    ],
)
def test_what_is_no_json_or_no_module_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidSource) as raised:
        document(text, PATH)
    assert (raised.value.path, raised.value.line) == (PATH, line)


def test_numbers_beyond_the_doubles_are_refused_in_defaults() -> None:
    for number in ("1e999", "1" * 5_000):
        with pytest.raises(InvalidSource, match=r"main\.tf\.json:1: .*no IEEE double"):
            document(f'{{"variable": {{"a": {{"default": {number}}}}}}}', PATH)


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    text = '{"variable": {"a": {"default": "\\ud83d\\ude00 \\ud800"}}}'
    assert document(text, PATH).inputs[0].default == "😀 \N{REPLACEMENT CHARACTER}"


def test_strings_and_keys_are_composed_as_terraform_holds_them() -> None:
    text = '{"variable": {"a": {"default": {"e\\u0301": ["o\u0308"]}, "description": "u\u0308"}}}'
    [found] = document(text, PATH).inputs
    assert (found.default, found.description) == ({"\u00e9": ["\u00f6"]}, "\u00fc")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
    | st.text(st.characters(exclude_categories=["Cs"])).map(_composed),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4).map(_composed), inner, max_size=3),
    max_leaves=8,
)


@given(value=_json, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_every_json_default_is_read_back(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps({"variable": {"a": {"default": value}}}, ensure_ascii=ascii_only, indent=indent)
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    expected = json.loads(text)["variable"]["a"]["default"]
    assert as_doubles(document(text, PATH).inputs[0].default) == as_doubles(expected)
