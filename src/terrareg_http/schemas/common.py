"""Shapes that many operations share: pages, successes and errors (chapter 01, 1.2 and 2.7; chapter 02, 1.6)."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import attrs

from terrareg_core.paging import Page
from terrareg_http.schemas.fields import argument, optional_key

# --- requests ----------------------------------------------------------------------------------------------------


@attrs.frozen
class NoArguments:
    """A request that says everything by its path."""


@attrs.frozen
class Confirmation:
    """A body that only proves that a browser's own page sent it."""

    csrf_token: str | None = argument("The session's token; callers with an API key need none", default=None)


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen
class PageMeta:
    """Where a page lies in its list."""

    limit: int
    current_offset: int
    prev_offset: int | None = optional_key("Where the page before this one begins; absent on the first")
    next_offset: int | None = optional_key("Where the next page begins; absent on the last")

    @classmethod
    def of(cls, page: Page[Any]) -> Self:
        return cls(page.request.limit, page.request.offset, page.previous_offset, page.next_offset)


@attrs.frozen
class Success:
    """The work is done."""

    status: str = "Success"


@attrs.frozen
class EmptyObject:
    """The work is done."""


@attrs.frozen
class NotFoundError:
    """What was addressed does not exist."""

    errors: Sequence[str] = ("Not Found",)


@attrs.frozen
class MessageError:
    """A refusal in a sentence."""

    message: str


@attrs.frozen
class ArgumentError:
    """One argument is missing or does not convert: its name, and what it takes."""

    message: Mapping[str, str]


@attrs.frozen
class OAuthError:
    """A refusal of the token endpoint (RFC 6749, 5.2)."""

    error: str
    error_description: str


@attrs.frozen
class SamlError:
    """A SAML response that nobody asked for."""

    error: str = argument("What is wrong", name="Error")


@attrs.frozen
class DomainError:
    """The registry's rules forbid the request, or the registry failed."""

    message: str
    status: str = "Error"
