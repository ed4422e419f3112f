"""Finds the sentence or two in a README that describe its module (chapter 03, 7)."""

import re
from collections.abc import Sequence
from typing import Final

_LETTER: Final = re.compile(r"[A-Za-z]")
_WORD: Final = re.compile(r"(?<![A-Za-z])[A-Za-z]++(?=[\s.]|\Z)")
_LETTERS_MIN: Final = 20
_WORDS_MIN: Final = 6
_NEVER_IN_PROSE: Final = ("http://", "https://", "@")
_FIRST_SENTENCE_BELOW: Final = 130
_TOTAL_BELOW: Final = 80


def describe(lines: Sequence[str]) -> str | None:
    """The description that `lines`, the text of a rendered README without its code blocks, offer; None if none does.

    The first line of prose decides: one with at least 20 ASCII letters and 6 words and neither an address nor an `@`.
    Its first sentence is taken if it is below 130 characters, and further ones as long as the whole stays below 80; a
    line whose first sentence is longer is passed over (chapter 03, 7 with its improvement). Sentences end at `". "`.
    """
    return next((text for text in map(_beginning, filter(_is_prose, lines)) if text is not None), None)


def _is_prose(line: str) -> bool:
    return (
        not any(mark in line for mark in _NEVER_IN_PROSE)
        and len(_LETTER.findall(line)) >= _LETTERS_MIN
        and len(_WORD.findall(line)) >= _WORDS_MIN
    )


def _beginning(line: str) -> str | None:
    """The leading sentences of `line` that fit, or None if not even the first does."""
    sentences = [sentence.strip() for sentence in line.strip().split(". ")]
    description = sentences[0]
    if not description or len(description) >= _FIRST_SENTENCE_BELOW:
        return None
    for sentence in sentences[1:]:
        longer = f"{description}. {sentence}"
        if len(longer) >= _TOTAL_BELOW:
            break
        description = longer
    return description
