"""A GitHub on a loopback address: its sign-in, its users and their organisations; it misbehaves on demand."""

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs

AUTHORIZE = "/login/oauth/authorize"
ACCESS_TOKEN = "/login/oauth/access_token"
USER = "/api/v3/user"
MEMBERSHIPS = "/api/v3/user/memberships/orgs"

_FORM = "application/x-www-form-urlencoded"


@attrs.frozen
class Membership:
    """Of the user who signs in."""

    organisation: str
    role: str = "admin"
    """`admin` for owners, else `member`."""
    state: str = "active"
    """`pending` for those who were invited only."""


@attrs.frozen
class Asked:
    """A request that came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    form: Mapping[str, str]


@attrs.frozen
class Reply:
    """What a path answers in place of what it should."""

    status: int = 200
    body: bytes = b"{}"
    media_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    endless: bool = False
    """The body is sent again and again, until the server is closed."""
    slow: bool = False
    """A byte is sent every tenth of a second."""

    def pieces(self) -> Iterable[bytes]:
        """The body as it is sent."""
        if self.slow:
            return map(bytes, zip(self.body, strict=True))
        return repeat(self.body) if self.endless else [self.body]

    @classmethod
    def json(cls, document: object, status: int = 200) -> "Reply":
        return cls(status, json.dumps(document).encode())

    @classmethod
    def form(cls, *fields: tuple[str, str]) -> "Reply":
        return cls(body=urlencode(fields).encode(), media_type=f"{_FORM}; charset=utf-8")


_UNAUTHORIZED = Reply.json({"message": "Bad credentials"}, 401)


@attrs.define
class GitHubServer:
    """What the server does, and what it was asked."""

    callback: str
    """The callback URL in the settings of the App."""
    port: int = 0
    client_id: str = "Iv1.a 1&b"
    """Of characters that have to be encoded in URLs."""
    client_secret: str = "client-secret-of-the-tests"
    login: str = "octocat"
    """Who signs in next."""
    memberships: Sequence[Membership] = ()
    """Of whoever signs in."""
    denies: bool = False
    """Whether the user doesn't want to sign in."""
    replies: dict[str, Reply | Callable[[Asked], Reply]] = attrs.field(factory=dict)
    """By path: what is answered in place of what should be."""
    asked: list[Asked] = attrs.field(factory=list)
    tokens: dict[str, str] = attrs.field(factory=dict)
    """The logins of all access tokens that were handed out."""
    _codes: dict[str, str] = attrs.field(factory=dict)
    over: threading.Event = attrs.field(factory=threading.Event)
    """The server is to be closed."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/v3"

    def configured(self, **changes: object) -> dict[str, Any]:
        """This GitHub as an entry of `PROVIDER_SOURCES`."""
        return {
            "name": "Test GitHub",
            "type": "github",
            "base_url": self.base_url,
            "api_url": self.api_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "app_id": "1",
            "private_key_path": "/nonexistent/key.pem",
            "login_button_text": "Sign in with the test's GitHub",
            "auto_generate_github_organisation_namespaces": True,
            **changes,
        }

    def answer_to(self, asked: Asked) -> Reply:
        """What is answered to a request."""
        self.asked.append(asked)
        reply = self.replies.get(asked.path)
        if reply is not None:
            return reply if isinstance(reply, Reply) else reply(asked)
        answers = {
            ("GET", AUTHORIZE): self._authorize,
            ("POST", ACCESS_TOKEN): self._exchange,
            ("GET", USER): self._user,
            ("GET", MEMBERSHIPS): self._page_of_memberships,
        }
        return answers.get((asked.method, asked.path), self._nothing)(asked)

    def _nothing(self, _asked: Asked) -> Reply:
        return Reply.json({"message": "Not Found"}, 404)

    def _authorize(self, asked: Asked) -> Reply:
        query = asked.query
        if query.get("client_id") != self.client_id:
            return Reply(404, b"<html>Not Found</html>", "text/html")
        wanted = query.get("redirect_uri", self.callback)
        answer: dict[str, str]
        if wanted != self.callback and not wanted.startswith(f"{self.callback}/"):
            wanted, answer = self.callback, {"error": "redirect_uri_mismatch", "error_description": "It must match."}
        elif self.denies:
            answer = {"error": "access_denied", "error_description": "The user has denied it."}
        else:
            code = secrets.token_hex(10)
            self._codes[code] = self.login
            answer = {"code": code}
        if "state" in query:
            answer["state"] = query["state"]
        return Reply(302, b"", "text/html", {"Location": f"{wanted}?{urlencode(answer)}"})

    def _exchange(self, asked: Asked) -> Reply:
        form = asked.form
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            fields = {"error": "incorrect_client_credentials", "error_description": "They are incorrect."}
        elif (login := self._codes.pop(form.get("code", ""), None)) is None:
            fields = {"error": "bad_verification_code", "error_description": "It is incorrect or expired."}
        else:
            token = f"ghu_{secrets.token_hex(18)}"
            self.tokens[token] = login
            fields = {"access_token": token, "scope": "", "token_type": "bearer"}
        wants_json = asked.headers.get("accept") == "application/json"
        return Reply.json(fields) if wants_json else Reply.form(*fields.items())

    def _user(self, asked: Asked) -> Reply:
        login = self._bearer(asked)
        return _UNAUTHORIZED if login is None else Reply.json({"login": login, "id": 1, "type": "User"})

    def _bearer(self, asked: Asked) -> str | None:
        """The login that the request's token stands for."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        return self.tokens.get(token) if scheme == "Bearer" else None

    def _page_of_memberships(self, asked: Asked) -> Reply:
        if self._bearer(asked) is None:
            return _UNAUTHORIZED
        size, page = min(int(asked.query.get("per_page", "30")), 100), int(asked.query.get("page", "1"))
        shown = self.memberships[(page - 1) * size : page * size]
        reply = Reply.json(
            [{"state": it.state, "role": it.role, "organization": {"login": it.organisation}} for it in shown]
        )
        if page * size >= len(self.memberships):
            return reply
        following = f"{self.base_url}{MEMBERSHIPS}?{urlencode({**asked.query, 'page': page + 1})}"
        return attrs.evolve(reply, headers={"Link": f'<{following}>; rel="next"'})


class _Handler(BaseHTTPRequestHandler):
    github: GitHubServer
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        form = _fields(body.decode()) if headers.get("content-type", "").startswith(_FORM) else {}
        reply = self.github.answer_to(Asked(self.command, parts.path, _fields(parts.query), headers, form))
        with suppress(OSError):
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        for piece in reply.pieces():
            if self.github.over.wait(0.1 if reply.slow else 0):
                return
            self.wfile.write(piece)


def _fields(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


@contextmanager
def running_github(
    callback: str = "http://127.0.0.1:5000/test-github/callback", **traits: object
) -> Iterator[GitHubServer]:
    """A GitHub at which the App's users come back to `callback`; `traits` are as in `GitHubServer`."""
    github = GitHubServer(callback, **traits)  # type: ignore[arg-type]
    handler = type("Handler", (_Handler,), {"github": github})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        github.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield github
        finally:
            github.over.set()
            server.shutdown()
            thread.join()
