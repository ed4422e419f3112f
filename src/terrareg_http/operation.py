"""What the route table says of an operation."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs
from starlette.responses import Response

from terrareg_core.access.csrf import CsrfRule
from terrareg_core.access.permissions import Capability
from terrareg_http.arguments import ArgumentReader
from terrareg_http.calls import Call
from terrareg_http.errors import ErrorFamily

ShapeT = TypeVar("ShapeT")

JSON = "application/json"


@attrs.frozen
class Answer:
    """A successful answer of an operation."""

    shape: Any = None
    """What the body holds: a type that `schemas` describes; None together with JSON means `null`."""
    status: int = 200
    media_type: str | None = JSON
    """None for an empty body."""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    """Headers that are part of the answer, with what they say."""
    description: str = "Success"


@attrs.frozen(kw_only=True)
class Operation(Generic[ShapeT]):
    """One method on one path: what it takes, who may, what it answers, and the handler that does it."""

    id: str
    method: str
    """GET (which answers HEAD as well, if it is safe), POST or DELETE."""
    path: str
    aliases: Sequence[str] = ()
    """Other paths that are answered identically, with the same parameters."""
    handler: Callable[[Call, ShapeT], Awaitable[Response]]
    """Its docstring's first line is the operation's summary."""
    takes: ArgumentReader[ShapeT]
    needs: Capability | None
    """What the caller must be permitted; None for public operations, and for those with a check of their own."""
    own_check: str | None = None
    """What an operation without `needs` asks of its caller all the same, in a sentence."""
    is_safe: bool = True
    """Whether a GET changes nothing (RFC 9110, 9.2.1)."""
    csrf: CsrfRule = CsrfRule.NONE
    """What it asks of browsers that act by a session."""
    admission: Callable[[Call], Awaitable[None]] | None = None
    """A check of the use case that comes before the rest of the request is read."""
    answers: Sequence[Answer]
    raises: Sequence[type[Exception]] = ()
    """The errors of the use case, besides refused permission."""
    family: ErrorFamily = ErrorFamily.MANAGEMENT
    tag: str
    is_extension: bool = False
    """Whether the operation goes beyond the documented API (decision 24)."""

    @property
    def paths(self) -> Sequence[str]:
        return (self.path, *self.aliases)

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def details(self) -> str:
        """What the docstring says beyond the summary."""
        lines = (self.handler.__doc__ or "").strip().partition("\n")[2].splitlines()
        return "\n".join(line.strip() for line in lines).strip()
