"""Which line of a README describes its module (chapter 03, 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.modules.descriptions import describe

GOOD = "This is a good description for a module."


def sentence(length: int) -> str:
    """Six words and no full stop, `length` characters in all."""
    return "a sentence of many words " + "x" * (length - 25)


def test_the_first_line_of_prose_is_taken() -> None:
    assert describe(["Too short", GOOD, "Another good description for a module."]) == GOOD


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "a b c d e f g h i j k l",
        "Onlyfive words of twenty letters",
        "words, with, commas, after, them, do, not, count",
        "numbers 1 2 3 4 5 6 7 8 9 among some twenty letters",
        "See http://example.com for all of the further details",
        "See https://example.com for all of the further details",
        "Written by somebody@example.com for all of the others",
    ],
)
def test_a_line_that_is_no_prose_is_passed_over(line: str) -> None:
    assert describe([line]) is None
    assert describe([line, GOOD]) == GOOD


def test_a_word_may_end_in_a_full_stop_or_with_the_line() -> None:
    assert describe(["Uses e.g. many words here finally"]) == "Uses e.g. many words here finally"


def test_sentences_are_taken_while_the_whole_stays_below_80_characters() -> None:
    line = f"This is short. This is a bit longer. This is w{'ay' * 40} too long."

    assert describe([line]) == "This is short. This is a bit longer"


def test_the_whole_may_reach_79_characters_and_not_80() -> None:
    assert describe([f"{sentence(40)}. {'y' * 37}"]) == f"{sentence(40)}. {'y' * 37}"
    assert describe([f"{sentence(40)}. {'y' * 38}"]) == sentence(40)


def test_the_final_full_stop_stays_when_the_line_ends_with_it() -> None:
    assert describe([f"Two sentences here. {GOOD}"]) == f"Two sentences here. {GOOD}"


def test_the_first_sentence_may_be_longer_than_the_whole() -> None:
    assert describe([f"{sentence(129)}. More."]) == sentence(129)


def test_a_line_whose_first_sentence_is_too_long_gives_way_to_the_next() -> None:
    assert describe([sentence(130), GOOD]) == GOOD
    assert describe([sentence(130)]) is None


def test_nothing_describes_an_empty_readme() -> None:
    assert describe([]) is None


def test_a_line_that_starts_with_a_full_stop_is_passed_over() -> None:
    assert describe([f". {GOOD}"]) is None


def test_a_huge_line_is_judged_in_no_time() -> None:
    assert describe(["a" * 1_000_000 + ",", GOOD]) == GOOD


PIECES = st.sampled_from(
    ["one", "two", "three", "fourteen", "letters", "abundantly", ".", ". ", " ", "  ", ",", "@", "https://", "é", "\t"]
)
LINES = st.lists(st.lists(PIECES, max_size=60).map("".join), max_size=4)


@given(LINES)
def test_a_description_is_short_prose_found_in_one_line(lines: list[str]) -> None:
    description = describe(lines)

    if description is not None:
        assert 0 < len(description) < 130
        assert "@" not in description
        assert "://" not in description
        assert any("".join(description.split()) in "".join(line.split()) for line in lines)
