"""A small OpenID Connect provider, run as a process of its own: it behaves well, or badly when it is told to.

`python -m tests.integration.identity.oidc_provider` listens on a free loopback port and prints one line of JSON: its
issuer, a client id and a client secret. It is told what to do through `/admin/…`, as `running.py` does; `Behaviour`
says what can be told. Browsers meet a form at `/authorize` that asks for a user name, or none while somebody is signed
in there.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import attrs
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

CLIENT_ID = "registry of the tests"
CLIENT_SECRET = "a secret: with % and + in it"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CODE_SECONDS = 60

Key = RSAKey | ECKey | OKPKey

USERS: dict[str, dict[str, Any]] = {
    "alice": {"preferred_username": "alice", "email": "alice@example.com", "groups": ["g"]},
    "bob": {"email": "bob@example.com", "groups": "g"},
    "carol": {},
}
"""Claims by user name; everybody else has only a `preferred_username`. The subject of NAME is `sub-of-NAME`."""


@attrs.frozen(kw_only=True)
class Behaviour:
    """How the provider behaves; without arguments, as it should."""

    signed_in: str | None = None
    """Who is signed in at the provider, and therefore not asked at `/authorize`."""
    algorithm: str = "RS256"
    """RS256, PS256, ES256 or EdDSA."""
    lifetime: int = 3600
    """Seconds that ID tokens and access tokens are valid."""
    clock_offset: int = 0
    """Seconds by which the provider's clock is ahead."""
    profile_in_id_token: bool = False
    """Whether the ID token holds a user's claims; the userinfo endpoint always does."""
    faults: frozenset[str] = attrs.field(factory=frozenset, converter=frozenset)
    """Out of:

    - in the ID token: `wrong nonce`, `no nonce`, `wrong audience`, `second audience`, `second audience with azp`,
      `wrong azp`, `wrong issuer`, `expired`, `from the future`, `wrong at_hash`, `no subject`;
    - in its signature: `alg none`, `HS256 with the public key`, `HS256 with the client secret`, `unknown kid`,
      `no kid`, `other key` (under the right kid);
    - at the token endpoint: `refused code`, `unknown client`, `no id_token`, `no expires_in`, `expires_in as text`,
      `short expires_in` (half of the lifetime);
    - at the userinfo endpoint: `other subject`;
    - in the discovery document: `other issuer`, `issuer with slash`, `no userinfo`, `only basic`, `only HS256`,
      `only ES256`, `no token endpoint`, `names itself`;
    - in the key set: `symmetric key`, `keys without kid`, `no key set`;
    - in the browser's way back: `wrong iss`, `access denied`, `no code`.
    """
    broken: Mapping[str, str] = attrs.field(factory=dict)
    """From an endpoint (`discovery`, `keys`, `token`, `userinfo`) to what it does instead of answering: `silent`,
    `trickle`, `endless`, `error` (status 500), `html` or `redirect`.
    """


@attrs.frozen(kw_only=True)
class _Grant:
    """What a code is good for."""

    user: str
    redirect_uri: str
    nonce: str | None
    challenge: str
    issued_at: float


@attrs.define
class _State:
    issuer: str = ""
    behaviour: Behaviour = attrs.field(factory=Behaviour)
    users: dict[str, dict[str, Any]] = attrs.field(factory=lambda: dict(USERS))
    keys: dict[str, Key] = attrs.field(factory=dict)
    """By kind: RSA, EC, OKP."""
    former_keys: list[Key] = attrs.field(factory=list)
    codes: dict[str, _Grant] = attrs.field(factory=dict)
    access_tokens: dict[str, str] = attrs.field(factory=dict)
    """From the token to the user."""
    requests: Counter[str] = attrs.field(factory=Counter)
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def has(self, fault: str) -> bool:
        return fault in self.behaviour.faults

    def rotate(self, keep: bool) -> None:
        """Sign with new keys from now on; `keep` says whether the former ones stay published."""
        self.former_keys = [*self.former_keys, *self.keys.values()] if keep else []
        self.keys = {}
        for kind, made in (
            ("RSA", RSAKey.generate_key(2048)),
            ("EC", ECKey.generate_key("P-256")),
            ("OKP", OKPKey.generate_key("Ed25519")),
        ):
            made.ensure_kid()
            self.keys[kind] = made

    def now(self) -> int:
        return int(time.time()) + self.behaviour.clock_offset


class _Handler(BaseHTTPRequestHandler):
    state: _State
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _route(self, method: str) -> None:
        parts = urlsplit(self.path)
        self.query = dict(parse_qsl(parts.query))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, answer = {
            ("GET", "/.well-known/openid-configuration"): ("discovery", self._discovery),
            ("GET", "/keys"): ("keys", self._key_set),
            ("GET", "/authorize"): ("authorize", self._ask_for_user),
            ("POST", "/authorize"): ("authorize", self._log_in),
            ("POST", "/token"): ("token", self._token),
            ("GET", "/userinfo"): ("userinfo", self._userinfo),
            ("POST", "/admin/behaviour"): ("admin", self._behave),
            ("POST", "/admin/user"): ("admin", self._change_user),
            ("POST", "/admin/rotate"): ("admin", self._rotate),
            ("GET", "/admin/requests"): ("admin", self._requests),
        }.get((method, parts.path), ("unknown", lambda: self._send(404, {"error": "not found"})))
        self.state.requests[name] += 1
        with suppress(OSError):
            trouble = self.state.behaviour.broken.get(name)
            if trouble is None:
                answer()
            else:
                self._misbehave(trouble)

    # --- what the standard describes ------------------------------------------------------------------------------

    def _discovery(self) -> None:
        state = self.state
        issuer = f"{state.issuer}/" if state.has("issuer with slash") else state.issuer
        document: dict[str, Any] = {
            "issuer": "https://other.example" if state.has("other issuer") else issuer,
            "authorization_endpoint": f"{state.issuer}/authorize?tenant=tests",
            "token_endpoint": f"{state.issuer}/token",
            "jwks_uri": f"{state.issuer}/keys",
            "userinfo_endpoint": f"{state.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }
        if state.has("only basic"):
            document["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
        for algorithm in ("HS256", "ES256"):
            if state.has(f"only {algorithm}"):
                document["id_token_signing_alg_values_supported"] = [algorithm]
        if state.has("no userinfo"):
            del document["userinfo_endpoint"]
        if state.has("no token endpoint"):
            del document["token_endpoint"]
        if state.has("names itself"):
            document["authorization_response_iss_parameter_supported"] = True
        self._send(200, document)

    def _key_set(self) -> None:
        state = self.state
        document: Any = KeySet([*state.former_keys, *state.keys.values()]).as_dict()
        if state.has("symmetric key"):
            document["keys"].append(OctKey.import_key(CLIENT_SECRET, {"kid": "symmetric"}).as_dict(private=True))
        if state.has("keys without kid"):
            for key in document["keys"]:
                del key["kid"]
        self._send(200, {"error": "none"} if state.has("no key set") else document)

    def _ask_for_user(self) -> None:
        request, state = self.query, self.state
        complaint = self._complaint(request)
        if complaint is not None:
            self._send(400, {"error": complaint})
        elif state.behaviour.signed_in is not None:
            self._send_back(request, state.behaviour.signed_in)
        else:
            hidden = "".join(
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                for name, value in request.items()
            )
            self._send_html(
                f'<form method="post" action="/authorize">{hidden}<label>User <input name="user"></label>'
                "<button>Sign in</button></form>"
            )

    def _log_in(self) -> None:
        request = self._form()
        complaint = self._complaint(request)
        if complaint is not None or not request.get("user"):
            self._send(400, {"error": complaint or "who are you?"})
        else:
            self._send_back(request, request["user"])

    def _complaint(self, request: Mapping[str, str]) -> str | None:
        """What is wrong with an authorisation request."""
        if request.get("client_id") != CLIENT_ID:
            return "unknown client"
        if urlsplit(request.get("redirect_uri", "")).hostname not in _LOOPBACK:
            return "a redirect URI on a loopback host is needed"
        if request.get("response_type") != "code" or "openid" not in request.get("scope", "").split():
            return "only the code flow of OpenID Connect is known"
        if request.get("code_challenge_method") != "S256" or len(request.get("code_challenge", "")) != 43:
            return "PKCE with S256 is needed"
        return "the query of the authorisation endpoint got lost" if request.get("tenant") != "tests" else None

    def _send_back(self, request: Mapping[str, str], user: str) -> None:
        state = self.state
        answer = {"state": request.get("state", "")}
        if state.has("names itself") or state.has("wrong iss"):
            answer["iss"] = "https://other.example" if state.has("wrong iss") else state.issuer
        if state.has("access denied"):
            answer |= {"error": "access_denied", "error_description": "not today"}
        elif not state.has("no code"):
            code = secrets.token_urlsafe(32)
            grant = _Grant(
                user=user,
                redirect_uri=request["redirect_uri"],
                nonce=request.get("nonce"),
                challenge=request["code_challenge"],
                issued_at=time.time(),
            )
            with state.lock:
                state.codes[code] = grant
            answer["code"] = code
        target = urlsplit(request["redirect_uri"])
        query = "&".join(filter(None, [target.query, urlencode(answer)]))
        self.send_response(302)
        self.send_header("Location", target._replace(query=query).geturl())
        self.send_header("Set-Cookie", "provider_session=1; Path=/; HttpOnly")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _token(self) -> None:
        state, form = self.state, self._form()
        if not self._knows_client(form) or state.has("unknown client"):
            self._send(401, {"error": "invalid_client"}, {"WWW-Authenticate": 'Basic realm="provider"'})
            return
        with state.lock:
            grant = state.codes.pop(form.get("code", ""), None)
        if (
            grant is None
            or state.has("refused code")
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != grant.redirect_uri
            or time.time() > grant.issued_at + _CODE_SECONDS
            or _url64(hashlib.sha256(form.get("code_verifier", "").encode()).digest()) != grant.challenge
        ):
            self._send(400, {"error": "invalid_grant", "error_description": f"code {form.get('code')} is not good"})
            return
        access_token = secrets.token_urlsafe(32)
        state.access_tokens[access_token] = grant.user
        document = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": state.behaviour.lifetime,
            "id_token": self._id_token(grant, access_token),
        }
        if state.has("short expires_in"):
            document["expires_in"] = state.behaviour.lifetime // 2
        if state.has("expires_in as text"):
            document["expires_in"] = str(document["expires_in"])
        for name in ("expires_in", "id_token"):
            if state.has(f"no {name}"):
                del document[name]
        self._send(200, document, {"Cache-Control": "no-store"})

    def _knows_client(self, form: Mapping[str, str]) -> bool:
        kind, _, sent = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            client, _, secret = base64.b64decode(sent).decode().partition(":")
            return (unquote_plus(client), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
        pair = form.get("client_id"), form.get("client_secret")
        return pair == (CLIENT_ID, CLIENT_SECRET) and not self.state.has("only basic")

    def _userinfo(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        user = self.state.access_tokens.get(token)
        if user is None:
            self._send(401, {"error": "invalid_token"}, {"WWW-Authenticate": "Bearer"})
            return
        subject = "somebody else" if self.state.has("other subject") else _subject(user)
        self._send(200, {"sub": subject, **self._claims_of(user)})

    def _claims_of(self, user: str) -> dict[str, Any]:
        return self.state.users.get(user, {"preferred_username": user})

    # --- ID tokens ------------------------------------------------------------------------------------------------

    def _id_token(self, grant: _Grant, access_token: str) -> str:
        state, behaviour = self.state, self.state.behaviour
        now = state.now()
        issuer = f"{state.issuer}/" if state.has("issuer with slash") else state.issuer
        half = hashlib.new("sha512" if behaviour.algorithm == "EdDSA" else "sha256", access_token.encode()).digest()
        claims: dict[str, Any] = {
            "iss": issuer,
            "sub": _subject(grant.user),
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + behaviour.lifetime,
            "nonce": grant.nonce,
            "at_hash": _url64(half[: len(half) // 2]),
        }
        if behaviour.profile_in_id_token:
            claims = {**self._claims_of(grant.user), **claims}
        wrong: dict[str, dict[str, Any]] = {
            "wrong nonce": {"nonce": "another"},
            "wrong audience": {"aud": "another client"},
            "second audience": {"aud": [CLIENT_ID, "another client"]},
            "second audience with azp": {"aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID},
            "wrong azp": {"azp": "another client"},
            "wrong issuer": {"iss": "https://other.example"},
            "expired": {"iat": now - 7200, "exp": now - 3600},
            "from the future": {"iat": now + 3600, "exp": now + 7200},
            "wrong at_hash": {"at_hash": _url64(bytes(16))},
        }
        for fault, replaced in wrong.items():
            if state.has(fault):
                claims |= replaced
        for name, fault in (("nonce", "no nonce"), ("sub", "no subject")):
            if state.has(fault):
                del claims[name]
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        state, algorithm = self.state, self.state.behaviour.algorithm
        key = state.keys[{"E": "EC", "R": "RSA", "P": "RSA"}[algorithm[0]] if algorithm != "EdDSA" else "OKP"]
        header = {"alg": algorithm, "kid": str(key.kid)}
        if state.has("alg none"):
            return _by_hand({**header, "alg": "none"}, claims, None)
        if state.has("HS256 with the public key"):
            return _by_hand({**header, "alg": "HS256"}, claims, key.as_pem(private=False))
        if state.has("HS256 with the client secret"):
            return _by_hand({"alg": "HS256", "kid": "symmetric"}, claims, CLIENT_SECRET.encode())
        if state.has("unknown kid"):
            header["kid"] = "unheard of"
        if state.has("no kid"):
            del header["kid"]
        if state.has("other key"):
            key = RSAKey.generate_key(2048)
        return jwt.encode(header, claims, key, algorithms=[algorithm])

    # --- misbehaviour and administration --------------------------------------------------------------------------

    def _misbehave(self, trouble: str) -> None:
        if trouble == "error":
            self._send(500, {"error": "server_error"})
        elif trouble == "html":
            self._send_html("<h1>Welcome</h1>")
        elif trouble == "redirect":
            self.send_response(302)
            self.send_header("Location", f"{self.state.issuer}/elsewhere")
            self.end_headers()
        elif trouble == "silent":
            # Until the client hangs up.
            self.rfile.read(1)
        else:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            while True:
                self.wfile.write(b" " * (1 if trouble == "trickle" else 65536))
                if trouble == "trickle":
                    time.sleep(0.05)

    def _behave(self) -> None:
        self.state.behaviour = Behaviour(**json.loads(self.body))
        self._send(200, {})

    def _change_user(self) -> None:
        changed = json.loads(self.body)
        self.state.users[changed["user"]] = changed["claims"]
        self._send(200, {})

    def _rotate(self) -> None:
        self.state.rotate(json.loads(self.body)["keep"])
        self._send(200, {})

    def _requests(self) -> None:
        self._send(200, dict(self.state.requests))

    # --- HTTP -----------------------------------------------------------------------------------------------------

    def _form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    def _send(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._send_content(status, "application/json", json.dumps(document), headers or {})

    def _send_html(self, body: str) -> None:
        self._send_content(200, "text/html; charset=utf-8", f"<!doctype html><title>Provider</title>{body}", {})

    def _send_content(self, status: int, media_type: str, text: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(text.encode())), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


def _subject(user: str) -> str:
    return f"sub-of-{user}"


def _url64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _by_hand(header: dict[str, str], claims: dict[str, Any], secret: bytes | None) -> str:
    """A token that no library would make: signed with `secret` as for HS256, or not at all."""
    head = f"{_url64(json.dumps(header).encode())}.{_url64(json.dumps(claims).encode())}"
    signature = b"" if secret is None else hmac.digest(secret, head.encode(), "sha256")
    return f"{head}.{_url64(signature)}"


def main() -> None:
    """Serve until the process is ended."""
    state = _State()
    state.rotate(keep=False)
    handler = type("Handler", (_Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.issuer = f"http://127.0.0.1:{server.server_port}"
        ready = {"issuer": state.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        print(json.dumps(ready), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
