"""Text as Terraform holds it: composed, however the file writes it."""

import unicodedata

_MARKS_IN_A_ROW = 30
"""Unicode's own bound for streams (UAX 15, 13); sorting longer rows of marks takes quadratic time."""


def composed(text: str) -> str:
    """`text` in Unicode's normal form C, the form of every string and object key in Terraform's language.

    Text with more than thirty combining marks in a row is returned as it is.
    """
    if text.isascii() or _has_long_row_of_marks(text):
        return text
    return unicodedata.normalize("NFC", text)


def _has_long_row_of_marks(text: str) -> bool:
    row = 0
    for character in text:
        row = row + 1 if unicodedata.combining(character) else 0
        if row > _MARKS_IN_A_ROW:
            return True
    return False
