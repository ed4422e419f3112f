"""Analytics tokens: the name of a consumer, sent as a prefix of the namespace in a module's source."""

import unicodedata

import attrs

MAX_TOKEN_LENGTH = 128
"""In characters; a longer token counts as absent (chapter 06, 2.2)."""


@attrs.frozen
class AnalyticsToken:
    """The public name of a consumer of a module: an application, a team."""

    value: str

    def __str__(self) -> str:
        return self.value


def split_analytics_token(segment: str, example: str = "") -> tuple[str, AnalyticsToken | None]:
    """The namespace and the token that a namespace segment of a module source holds (chapter 06, 2.2).

    `token__namespace` has both; with no `__`, or more than one, the whole segment is the namespace. The token is absent
    when it is empty, equals `example` (what snippets show in its place), is too long, or holds a control character.
    """
    parts = segment.split("__")
    if len(parts) != 2:
        return segment, None
    text, namespace = parts
    return namespace, _sanitise(text, example)


def _sanitise(text: str, example: str) -> AnalyticsToken | None:
    if not text or text == example or len(text) > MAX_TOKEN_LENGTH:
        return None
    if any(unicodedata.category(character) == "Cc" for character in text):
        return None
    return AnalyticsToken(text)
