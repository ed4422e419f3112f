"""The in-memory twin of a place to sign in: people sign in there by being told to."""

import itertools
import threading
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import SignInRequest
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import SignInRefused, SignInUnavailable


class MemoryIdentityProvider:
    """A place to sign in of any kind, without a network (implements `IdentityProvider`).

    An answer proves who it is about once; except for GitHub, whose codes tell nothing of what they answer, only for the
    attempt whose browser signed in.
    """

    def __init__(self, method: SignInMethod, source: str | None = None) -> None:
        """`source` is the API name of the provider source that this place is, for GitHub."""
        self.method = method
        self.source = source
        self.posts_answers = method is SignInMethod.SAML
        self.is_down = False
        """While it is, it can't be reached."""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._proofs: dict[str, tuple[str, ExternalIdentity]] = {}

    def start(self, state: str) -> SignInRequest:
        """See `IdentityProvider.start`."""
        self._require_reachable()
        request = self._new("request")
        return SignInRequest(
            url=f"https://id.test/{self.method.value}?request={request}&state={state}",
            nonce=f"nonce-of-{request}",
            verifier=f"verifier-of-{request}",
            request_id=request,
        )

    def sign_in(self, url: str, somebody: ExternalIdentity) -> Mapping[str, str]:
        """Let somebody sign in whose browser was sent to `url`; the fields that it brings back: `code` and `state`."""
        query = parse_qs(urlsplit(url).query)
        code = self._new("code")
        with self._lock:
            self._proofs[code] = query["request"][0], somebody
        return {"code": code, "state": query["state"][0]}

    def finish(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> ExternalIdentity:
        """See `IdentityProvider.finish`."""
        self._require_reachable()
        with self._lock:
            request, somebody = self._proofs.pop(answer.get("code", ""), (None, None))
        answers_another = self.method is not SignInMethod.GITHUB and request != attempt.request_id
        if somebody is None or answers_another:
            raise SignInRefused("The answer proves nobody; sign in again")
        return somebody

    def _new(self, what: str) -> str:
        """A text that no other place gives out."""
        return f"{self.method.value}-{self.source}-{what}-{next(self._numbers)}"

    def _require_reachable(self) -> None:
        if self.is_down:
            raise SignInUnavailable("The identity provider can't be reached; try again later")
