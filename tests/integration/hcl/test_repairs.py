"""What Terraform reads and the parser alone would refuse or misread (chapter 03, 8.10.1), and the grammar behind it."""

import pytest

from terrareg_adapters.terraform.hcl.grammar import is_expression
from terrareg_adapters.terraform.hcl.repairs import SourceFlaw, scan
from terrareg_adapters.terraform.hcl.salvage import parse_around
from terrareg_core.errors import InvalidSource
from terrareg_core.modules.syntax import Constant, NotConstant, Unreadable
from tests.integration.hcl.sources import document, only_attribute, read


@pytest.mark.parametrize(
    ("line", "name", "text", "value"),
    [
        ("größe = 1", "größe", "1", Constant(1)),
        ("o\N{COMBINING DIAERESIS}x = 1", "o\N{COMBINING DIAERESIS}x", "1", Constant(1)),
        ("x = !!true", "x", "!!true", Constant(True)),
        ("x = - -1", "x", "- -1", Constant(1)),
        ("x = 1 - - 2", "x", "1 - - 2", Constant(3)),
        ("x = { a = 4 -2.5 }", "x", "{ a = 4 -2.5 }", Constant({"a": 1.5})),
        ("x = ! /* c */ !true", "x", "! /* c */ !true", Constant(True)),
        ("x = /* c */ 1", "x", "1", Constant(1)),
        ("x /* c */ = 1", "x", "1", Constant(1)),
        ("x = <<_EOT\na\n_EOT", "x", "<<_EOT\na\n_EOT", Constant("a\n")),
        ("x = <<EOT\na\nEOT  ", "x", "<<EOT\na\nEOT", Constant("a\n")),
        ('x = "${~ 1 ~}"', "x", '"${~ 1 ~}"', Constant(1)),
        ('x = "$${x"', "x", '"$${x"', Constant("${x")),
        ('x = "%%{x"', "x", '"%%{x"', Constant("%{x")),
        ('x = "%{ if true }a%{ else }b%{ endif }"', "x", '"%{ if true }a%{ else }b%{ endif }"', Unreadable()),
        ("x = core::max(1)", "x", "core::max(1)", NotConstant("calls a function")),
        ("x = (1\n  - 2)", "x", "(1\n  - 2)", Constant(-1)),
        ("x = (local\n  .a)", "x", "(local\n  .a)", NotConstant("refers to local .a")),
        ("x = (true # c\n  ? 1 // d\n  : 2)", "x", "(true # c\n  ? 1 // d\n  : 2)", Constant(1)),
        ("x = {\n for\n k in y\n : k => k\n}", "x", "{\n for\n k in y\n : k => k\n}", NotConstant("refers to y")),
        ('x = "${\n  1\n}"', "x", '"${\n  1\n}"', Constant(1)),
        (
            "x = { for k,\n v in y :\n k => v\n if v }",
            "x",
            "{ for k,\n v in y :\n k => v\n if v }",
            NotConstant("refers to y"),
        ),
    ],
)
def test_what_terraform_reads_is_read(line: str, name: str, text: str, value: object) -> None:
    attribute = only_attribute(line)
    assert (attribute.name, attribute.text, attribute.value) == (name, text, value)


def test_an_escaped_interpolation_does_not_swallow_what_follows() -> None:
    [found] = document('variable "a" {\n  default = "$${x"\n  description = "y}"\n}\n').inputs
    assert (found.default, found.description) == ("${x", "y}")


def test_a_marker_line_inside_an_interpolation_does_not_end_the_heredoc() -> None:
    assert only_attribute("x = <<E\n${[\nE\n]} a\nE\n").string_text == "${[\nE\n]} a\n"


@pytest.mark.parametrize("body", ["a = 1 b = 2", "a = 1 /* c\n*/ b = 2"])
def test_several_attributes_on_one_line_are_tolerated(body: str) -> None:
    [block] = read(f"x {{ {body} }}").blocks
    assert list(block.attributes) == ["a", "b"]


def test_an_opening_brace_on_the_next_line_is_tolerated() -> None:
    assert document('variable "a"\n{\n  default = 1\n}\n').inputs[0].default == 1


def test_unknown_attributes_and_blocks_never_matter() -> None:
    text = 'variable "a" {\n  const = true\n  ephemeral = true\n}\nlist "x" "y" {}\naction "x" "y" {}\nlanguage = 1\n'
    assert [found.name for found in document(text).inputs] == ["a"]


# --- expressions that the parser doesn't know --------------------------------------------------------------------

# The parser knows no digit behind a splat's dot when it looks like a fraction after another; Terraform's grammar does.
UNKNOWN = "f(a)::b"


def _recognised(text: str) -> bool:
    scanned = scan(f"{text}\n")
    return is_expression(text, [token for token in scanned.tokens if token.end <= len(text)])


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "a.b[0].*.c[*].d",
        "f(a, [b,], { c = 1\n d : 2, e = x ? y : z })",
        "f(a...)",
        "!-a ? (b) : c && d || e == 1",
        '"a ${f("b")} c"',
        "provider::a::b()",
        "<<E\nx\nE",
        "[]",
        "{}",
        "{\n}",
    ],
)
def test_expressions_are_recognised(text: str) -> None:
    assert _recognised(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 +",
        "* 1",
        "a b",
        "f(a..., b)",
        "f(a... b)",
        "a ? b",
        "a : b",
        "()",
        "[,]",
        "[a b]",
        "{ a }",
        "{ = 1 }",
        "{ a = }",
        "a.",
        "a.(b)",
        "(a)(b)",
        '"a" "b"',
        '"${}"',
        "a = b",
        "a,",
        "[a ? b]",
        "",
    ],
)
def test_other_token_rows_are_not(text: str) -> None:
    assert not _recognised(text)


@pytest.mark.parametrize("text", ["::string", "string::", "list(::string)", "a::::b()", "var::.x", "a.::b"])
def test_a_separator_of_namespaces_stands_between_names_alone(text: str) -> None:
    with pytest.raises(InvalidSource, match=r"^main\.tf:2: "):
        read(f"a {{\n  x = {text}\n}}\n")


@pytest.mark.parametrize(
    ("source", "tokens"),
    [
        ("a = b + 1.5e-3\n\n# c\nd=!e", [*"a=b+", "1.5e-3", *"\nd=!e"]),
        ("x {\n  c = [d, f(g)]\n}\n", [*"x{\nc=[d,f(g)]\n}\n"]),
        ('a = "b ${f("c")} d"\n', [*'a="', "${", *'f("")}"\n']),
        ("a = (\n  b -\n  c\n)\n", [*"a=(b-c)\n"]),
        ("a = { for\n/* b */ c\nin d : c => d\n}\n", [*"a={", "for", *"\nc", "in", *"d:c", "=>", *"d}\n"]),
        ("a = { for = b\n}\n", [*"a={", "for", *"=b\n}\n"]),
        ("a = <<E\n${b\n}\nE\nc = é::d", [*"a=", "<<E\n${b\n}\nE", *"\nc=é", "::", "d"]),
    ],
)
def test_the_tokens_of_a_source_can_be_told_apart(source: str, tokens: list[str]) -> None:
    assert [source[token.start : token.end] for token in scan(source).tokens] == tokens


def test_an_expression_that_the_parser_does_not_know_is_named_and_the_rest_is_read() -> None:
    file = read(
        'variable "a" {\n  default = [1][* ]\n  type = string\n}\n'
        'resource "x_y" "z" {\n  nested {\n    value = f(\n      a[* ].b\n    )\n    other = 1\n  }\n}\n'
    )
    assert file.warnings == [
        "main.tf: the default of variable a on line 2 can't be worked out here and is shown as null",
        "main.tf: the expression of value on line 7 could not be read",
    ]
    assert list(file.blocks[0].attributes) == ["default", "type"]
    assert file.blocks[0].attributes["default"].text == "[1][* ]"
    nested = file.blocks[1].blocks[0]
    assert nested.attributes["value"].text == "f(\n      a[* ].b\n    )"
    assert nested.attributes["other"].value == Constant(1)


def test_text_that_is_no_expression_by_any_grammar_is_refused_at_its_place() -> None:
    source = "x {\n  a = 1\n  b = f(a..., c)\n}\n"
    with pytest.raises(SourceFlaw) as raised:
        parse_around(source, scan(source))
    assert source[raised.value.position :].startswith(", c)")
