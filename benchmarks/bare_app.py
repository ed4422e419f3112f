"""What the hot path is compared with: a Starlette application whose routes return prepared bytes and do nothing else.

Reads the answers from the JSON file that the environment variable BARE_ANSWERS names: a list of objects with `path`,
`status`, `headers` and `body` (Latin-1 text).
"""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def _endpoint(status: int, headers: dict[str, str], body: bytes) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(body, status, headers)

    return answer


def application() -> Starlette:
    """The application; uvicorn calls this as a factory."""
    answers = json.loads(Path(os.environ["BARE_ANSWERS"]).read_text())
    return Starlette(
        routes=[
            Route(answer["path"], _endpoint(answer["status"], answer["headers"], answer["body"].encode("latin-1")))
            for answer in answers
        ]
    )
