"""Native syntax: types, defaults, strings, heredocs, comments and headers as the document shows them."""

import json
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.json_values import JsonValue
from terrareg_core.modules.specification import Input, ModuleCall, ProviderUse, Requirement, Resource
from terrareg_core.modules.syntax import Constant, NotConstant, Unreadable
from tests.integration.hcl.sources import as_doubles, document, only_attribute, only_input, read

MODULE = """\
# The settings
terraform {
  required_version = ">= 1.3" # why not
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 5.0"
      configuration_aliases = [aws.west]
    }
    random = "3.1.0"
  }
}

# A licence,
// of sorts
variable "size" {
  type        = number
  default     = 3
  description = "Nodes"

  validation {
    condition     = var.size > 0
    error_message = "Got ${var.size}."
  }
}

# c1
resource "aws_s3_bucket" "b" {
  provider = aws.west
  tags     = merge(var.tags, { Name = "x-${each.key}" })
  dynamic "rule" {
    for_each = { for key, value in var.rules : key => value if value != null }
    content {
      name = rule.key
    }
  }
}

data "random_id" "r" {}

  # indented
module "net" {
  source = "git::https://h/x.git//sub?ref=v1"
}
output "id" {
  # inner
  value = aws_s3_bucket.b[*].id
}
"""


def test_a_module_reads_as_a_whole() -> None:
    found = document(MODULE)
    assert found.inputs == [Input("size", "number", "Nodes", 3, required=False)]
    assert found.requirements == [
        Requirement("terraform", ">= 1.3"),
        Requirement("aws", "~> 5.0"),
        Requirement("random", "3.1.0"),
    ]
    assert found.providers == [ProviderUse("aws", "west", "~> 5.0"), ProviderUse("random", None, "3.1.0")]
    assert found.resources == [
        Resource("s3_bucket", "b", "aws", "hashicorp/aws", "managed", "latest", "c1"),
        Resource("id", "r", "random", "hashicorp/random", "data", "3.1.0", None),
    ]
    assert found.modules == [ModuleCall("net", "git::https://h/x.git//sub", "v1", None)]
    assert [output.description for output in found.outputs] == [None]


def test_windows_line_ends_make_no_difference() -> None:
    assert document(MODULE.replace("\n", "\r\n")) == document(MODULE)


def test_a_byte_order_mark_makes_no_difference() -> None:
    assert document(b"\xef\xbb\xbf" + MODULE.encode()) == document(MODULE)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "/* nothing\n */", "// nothing\n"])
def test_a_file_without_blocks_is_an_empty_document(text: str) -> None:
    assert list(read(text).blocks) == []


def test_lines_count_from_one_and_through_heredocs() -> None:
    [block] = read('\n\nx "y" {\n  a = <<E\n1\n2\nE\n\n  b = 1\n}').blocks
    assert (block.line, [attribute.line for attribute in block.attributes.values()]) == (3, [4, 9])


# --- types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "string",
        "map( string )",
        "(list(string))",
        "list(object({\n    a = string # c\n    b = optional(map(any), {}) // d\n  }))",
        "object({ /* inner */ a = string, })",
        "set(\n  string\n)",
    ],
)
@pytest.mark.parametrize("behind", ["", " # comment", "   // comment", " /* comment */", "\n\n  # next\n"])
def test_a_type_is_verbatim_and_ends_where_the_expression_ends(text: str, behind: str) -> None:
    assert only_input(f"  type = {text}{behind}\n  sensitive = true").type == text
    assert only_input(f"  type = {text}{behind}".replace("\n", "\r\n")).type == text


def test_a_quoted_type_is_its_content() -> None:
    assert only_input('type = "list"').type == "list"


# --- constants ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('""', ""),
        ("3.50", 3.5),
        ("1e3", 1000),
        ("-5", -5),
        ("-12.5e-1", -1.25),
        ("12345678901234567890", 12345678901234567000),
        ("1e-400", 0),
        ("true", True),
        ("null", None),
        ('["a", 1, true, null]', ["a", 1, True, None]),
        ('{ z = 1, a = "x", 1 = 2 }', {"1": 2, "a": "x", "z": 1}),
        ("{ a : 1\n b : 2 }", {"a": 1, "b": 2}),
        ('{ (1 + 1) = 1, "b" = 2, for = 3, true = 4 }', {"2": 1, "b": 2, "for": 3, "true": 4}),
        ("[\n 1, # one\n 2 // two\n /* three */,\n]", [1, 2]),
        (r'"\n\r\t\"\\\u00e9\U0001F600"', '\n\r\t"\\é😀'),
        ('"$${a} %%{b} $ % $$ $$${c"', "${a} %{b} $ % $$ $${c"),
        ("(((1)))", 1),
        ("!true", False),
        ("- -1", 1),
        ("!!true", True),
        ('-"5"', -5),
        ("0.1 + 0.2", 0.3),
        ("2 * 3 - 4 / 2 % 3", 4),
        ("1 < 2 && !(3 >= 4) || false", True),
        ('1 == "1"', False),
        ('true ? "a" : 1', "a"),
        ('false ? "a" : 1', "1"),
        ('"1" ? 1 : 2', 1),
        ('true ? 1 : null + "x"', 1),
        ("false ? var.x : 2", 2),
        ("true ? [1] : [2]", [1]),
        ("true ? null : [2]", None),
        ('"a${1 + 1}${true}"', "a2true"),
        ('"${1}"', 1),
        ('"a ${~ "b" ~} c"', "abc"),
        ("[1, 2][1]", 2),
        ('{ a = { b = 3 } }.a["b"]', 3),
        ("<<EOT\nx\nEOT", "x\n"),
        ("<<EOT\n  x \\n\n\n EOT ", "  x \\n\n\n"),
        ("<<-EOT\n    x\n\n      y\n   \n  EOT", "x\n\n  y\n   \n"),
        ("<<_E\n$${a} %%{b}\n_E", "${a} %{b}\n"),
        ('<<E\n${"$"}{x} ${1 + 1}\nE', "${x} 2\n"),
        ("<<E\nE", ""),
        ("[<<E\na\nE\n, 1]", ["a\n", 1]),
    ],
)
def test_a_constant_has_its_value(text: str, value: object) -> None:
    found = only_input(f"default = {text}").default
    assert (found, type(found)) == (value, type(value))


def test_the_keys_of_an_object_are_in_byte_order() -> None:
    assert json.dumps(only_input('default = { b = 1, a = { z = 1, "-" = 2 }, B = 2 }').default) == json.dumps(
        {"B": 2, "a": {"-": 2, "z": 1}, "b": 1}
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("var.b", "refers to var.b"),
        ("[1, local.x[0]]", "refers to local.x[0]"),
        ("f(1)", "calls a function"),
        ('"a ${var.b}"', "refers to var.b"),
        ("<<E\n${var.b}\nE", "refers to var.b"),
        ("<<E\n%{ if var.b }x%{ endif }\nE", "refers to var.b"),
        ("[for x in var.b : x]", "refers to var"),
        ("[for x in [1] : upper(x)]", "calls a function"),
        ("{ for x in [1] : x => y }", "refers to y"),
        ('"%{ for x in y }${x}%{ endfor }"', "refers to y"),
        ("1 / 0", "is a calculation without result"),
        ("1e999999", "holds a number that no IEEE double holds"),
        ("1" * 5_000, "holds a number that no IEEE double holds"),
        ("1e308 * 10", "holds a number that no IEEE double holds"),
        ("1 + true", "has a bool where a number belongs"),
        ("[1][1]", "has an index that does not exist"),
    ],
)
def test_an_expression_without_value_says_why(text: str, reason: str) -> None:
    assert only_attribute(f"x = {text}").value == NotConstant(reason)


@pytest.mark.parametrize(
    "text",
    [
        "[for x in [1, 2] : x]",
        '"%{ if true }a%{ endif }"',
        "{ for k, v in { a = 1 } : k => v }",
        'true ? [1] : ["a", "b"]',
        'false ? { a = 1 } : { a = ["b"] }',
    ],
)
def test_a_constant_that_is_not_worked_out_is_null_with_a_warning(text: str) -> None:
    file = read(f'variable "v" {{\n  default = {text}\n}}\n')
    assert file.blocks[0].attributes["default"].value == Unreadable()
    assert file.warnings == [
        "main.tf: the default of variable v on line 2 can't be worked out here and is shown as null"
    ]
    assert document(f'variable "v" {{\n  default = {text}\n}}\n').inputs == [
        Input("v", "any", None, None, required=False)
    ]


def test_the_entries_of_an_object_are_known_one_by_one() -> None:
    attribute = only_attribute('x = { a = "1", (var.b) = 2, c = [aws.x] }')
    assert attribute.entries == {"a": Constant("1"), "c": NotConstant("refers to aws.x")}


# --- descriptions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ('"x ${var.b} \\"q\\""', 'x ${var.b} "q"'),
        ("<<EOT\n  a ${var.b}\nEOT", "  a ${var.b}\n"),
        ("<<-EOT\r\n  a\r\n    b\r\n  EOT", "a\n  b\n"),
        ("3.50", "3.5"),
        ("true", "true"),
    ],
)
def test_descriptions_are_text(text: str, description: str | None) -> None:
    assert only_input(f"description = {text}").description == description


# --- comments and headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "description"),
    [
        ("# a\n", "a"),
        ("//  a \n#b\n", "a b"),
        ("##a\n", "#a"),
        ("# a\r\n", "a"),
        ("# a\n\n", None),
        (" # a\n", None),
        ("/* a */\n", None),
        ("# far\n\n# near\n", "near"),
        ("x = 1 # behind\n", None),
    ],
)
def test_a_leading_comment_is_directly_above_and_not_indented(above: str, description: str | None) -> None:
    assert document(f'{above}variable "a" {{}}\n').inputs[0].description == description


def test_comments_may_be_in_any_encoding() -> None:
    assert document(b'# f\xfcr\nvariable "a" {}\n').inputs[0].description == "f\N{REPLACEMENT CHARACTER}r"


def test_the_header_is_the_block_comment_on_the_first_line() -> None:
    assert read("/*\n * Title\n *\n * text\n */\n").header == "Title\n\ntext"
    assert read("\n/*\n * Title\n */\n").header == ""
    assert read("# Title\n").header == ""


# --- round trip (chapter 03, 24.4) -------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    escaped = "".join(
        character if character in string.printable[:95] and character not in '"\\' else f"\\U{ord(character):08x}"
        for character in text
    )
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _written(value: object) -> str:
    match value:
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case dict():
            return "{" + "\n".join(f"{_quoted(key)} = {_written(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"e\u0301"', "\u00e9"),
        (r'"e\u0301"', "\u00e9"),
        ("<<EOT\ne\u0301\nEOT", "\u00e9\n"),
        ('{ "e\u0301" = 1, o\u0308 = 2 }', {"\u00e9": 1, "\u00f6": 2}),
    ],
)
def test_strings_and_keys_are_composed_as_terraform_holds_them(text: str, value: JsonValue) -> None:
    assert only_attribute(f"x = {text}").value == Constant(value)


def test_a_type_is_never_composed() -> None:
    assert only_input("type = object({ e\u0301 = string })").type == "object({ e\u0301 = string })"


def test_a_long_row_of_combining_marks_costs_nothing_and_stays() -> None:
    marks = "a" + "\u0301\u0323" * 100_000
    assert only_attribute(f'x = "{marks}"').value == Constant(marks)


# A `$` before an escaped `${` can't be told from the escape's own.
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text.replace("$", "S"))
)
_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,8}", fullmatch=True)
_numbers = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=32))
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=8,
)
_types = st.sampled_from(["string", "list( any )", "object({\n a = string # c\n})", "map(\n  any)", None])


@given(name=_names, kind=_types, default=st.one_of(st.just(...), _values), description=_texts)
def test_what_is_written_as_a_variable_is_read_back(
    name: str, kind: str | None, default: object, description: str
) -> None:
    lines = [f"type = {kind}"] if kind else []
    lines += [f"default = {_written(default)}"] if default is not ... else []
    text = f'variable "{name}" {{\n' + "\n".join([*lines, f"description = {_quoted(description)}"]) + "\n}\n"
    [found] = document(text).inputs
    assert (found.name, found.required) == (name, default is ...)
    assert found.description == (description.replace("\r\n", "\n") or None)
    assert as_doubles(found.default) == as_doubles(None if default is ... else default)
    if kind:
        assert found.type == kind


@given(st.text(alphabet='ab $}%"\\~\n', max_size=20))
def test_the_text_of_a_heredoc_without_templates_is_kept(text: str) -> None:
    assert only_attribute(f"x = <<EOT\n{text}\nEOT\n").value == Constant(f"{text}\n")
