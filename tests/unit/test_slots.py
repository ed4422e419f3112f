"""Cutting texts at the lines that name a module by a relative path (chapter 03, 13.3)."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.modules.slots import SlottedText, SourceSlot, cut_sources, fill, string_content


def slots_of(text: str, directory: str = "") -> list[SourceSlot]:
    return [piece for piece in cut_sources(text, directory) if isinstance(piece, SourceSlot)]


def rewritten(slot: SourceSlot) -> str:
    """Two lines that stand for what a snippet makes of a slot."""
    return f'{slot.indent}source{slot.spacing}= "reg.example.com//{slot.path}"{slot.comment}\n{slot.indent}version'


def test_the_line_is_cut_out_and_its_line_break_stays() -> None:
    assert cut_sources('module "n" {\n  source = "../../"\n\n  a = 1\n}\n', "examples/basic") == (
        'module "n" {\n',
        SourceSlot("", "  ", " "),
        "\n\n  a = 1\n}\n",
    )


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("./", "examples/basic"),
        (".", "examples/basic"),
        ("../../", ""),
        ("../..", ""),
        ("../../modules/x", "modules/x"),
        ("././.././../modules/x", "modules/x"),
        ("../other", "examples/other"),
        ("../../../../../x", "x"),
        (".//a//b/", "examples/basic/a/b"),
        ("../../modules/${var.kind}", "modules/${var.kind}"),
    ],
)
def test_the_path_is_resolved_inside_the_module(source: str, path: str) -> None:
    assert [slot.path for slot in slots_of(f'\n  source = "{source}"\n', "examples/basic")] == [path]


@pytest.mark.parametrize(
    "line",
    [
        'source = "acme/x/aws"',
        'source = "/x"',
        'source = ""',
        'source="./x"',
        'source ="./x"',
        'source= "./x"',
        'resource = "./x"',
        '# source = "./x"',
        "source = './x'",
        'source = "./x',
        'source = "./x" }',
        'source = "./x" /* y',
        'source = "./x" /* y */ z',
        'source = "./x" / y',
        "source = ./x",
        'sources = "./x"',
    ],
)
def test_other_lines_stay(line: str) -> None:
    text = f"a\n{line}\nb\n"
    assert cut_sources(text, "examples/basic") == (text,)


def test_indentation_and_spacing_are_kept() -> None:
    assert slots_of('\n\t source \t  =\t"./"  \t\n') == [SourceSlot("", "\t ", " \t  ")]


@pytest.mark.parametrize("comment", [" # the module", "#x", " // see above", " /* a * b */", "/***/ ", " # ä \t"])
def test_a_comment_behind_the_string_is_kept(comment: str) -> None:
    text = f'  source = "./x"{comment}\n'
    assert cut_sources(text, "") == (SourceSlot("x", "  ", " ", comment), "\n")


def test_the_first_line_counts() -> None:
    assert cut_sources('source = "./x"\n', "") == (SourceSlot("x", "", " "), "\n")


def test_a_last_line_without_a_line_break_stays() -> None:
    assert cut_sources('a\nsource = "./x"', "") == ('a\nsource = "./x"',)


def test_lines_that_follow_each_other_are_all_cut_out() -> None:
    assert cut_sources('source = "./x"\n' * 2, "") == (SourceSlot("x", "", " "), "\n") * 2


def test_an_empty_text_has_no_pieces() -> None:
    assert cut_sources("", "modules/x") == ()
    assert fill((), rewritten) == ""


def test_the_directorys_name_is_written_as_a_string_holds_it() -> None:
    assert slots_of('\nsource = "./x"\n', 'a"b${c}') == [SourceSlot('a\\"b$${c}/x', "", " ")]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("modules/vpc", "modules/vpc"),
        ('a"b', 'a\\"b'),
        ("a\\b", "a\\\\b"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("${a}%{b}$c", "$${a}%%{b}$c"),
    ],
)
def test_nothing_in_a_string_ends_it(text: str, written: str) -> None:
    assert string_content(text) == written


@pytest.mark.parametrize(
    "unit",
    [
        "source = ",
        " ",
        "\t",
        'source = ".',
        'source = "./x" ',
        'source = "./x" /*',
        'source = "./x" /**',
        "source ",
        "\n ",
    ],
)
def test_long_texts_are_read_in_one_pass(unit: str) -> None:
    text = unit * 200_000
    assert cut_sources(text, "") == (text,)


# --- properties --------------------------------------------------------------------------------------------------

_sources = st.lists(st.sampled_from(["..", ".", "", "a", "modules"]), max_size=8).map(
    lambda parts: "/".join([".", *parts])
)
_matching = st.builds(
    'source{0}= "{1}"{2}'.format,
    st.text(" \t", min_size=1, max_size=4),
    _sources,
    st.sampled_from(["", " ", " # x", "// y", " /* z */"]),
)
_other = st.text("ab #{}=\"'./", max_size=30).map("x{}".format)
_directories = st.lists(st.sampled_from(["a", "modules", "examples"]), max_size=3).map("/".join)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(st.lists(_other).map(_text), _directories)
def test_text_without_such_lines_is_unchanged(text: str, directory: str) -> None:
    assert fill(cut_sources(text, directory), rewritten) == text


@given(st.lists(st.one_of(_matching, _other), max_size=30), _directories)
def test_every_such_line_is_cut_out_and_nothing_else(lines: list[str], directory: str) -> None:
    matching = sum(line.startswith("source") for line in lines)
    slotted = cut_sources(_text(lines), directory)
    assert sum(isinstance(piece, SourceSlot) for piece in slotted) == matching
    assert fill(slotted, rewritten).count("\n") == len(lines) + matching


@given(st.lists(st.one_of(_matching, _other), max_size=10), _directories)
def test_filling_twice_equals_filling_once(lines: list[str], directory: str) -> None:
    once = fill(cut_sources(_text(lines), directory), rewritten)
    assert fill(cut_sources(once, directory), rewritten) == once


@given(_matching, _directories)
def test_every_path_is_normalised_and_inside_the_module(line: str, directory: str) -> None:
    [slot] = slots_of(f"{line}\n", directory)
    assert posixpath.normpath(f"/{slot.path}") == f"/{slot.path}"


@given(st.text('source ="./#*\n\t ', max_size=200))
def test_a_text_and_its_pieces_hold_the_same(text: str) -> None:
    pieces: SlottedText = cut_sources(text, "m")
    assert all(piece for piece in pieces)
    assert "".join(piece for piece in pieces if isinstance(piece, str)).count("\n") == text.count("\n")
