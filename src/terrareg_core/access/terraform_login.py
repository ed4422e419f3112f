"""`terraform login`: codes for people in a session, tokens for their terraform (chapter 04, 13).

The protocol is OAuth 2.0's authorization code grant (RFC 6749, 4.1) for a public client, with PKCE (RFC 7636).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol
from urllib.parse import urlencode

import attrs

from terrareg_core.access.authentication import Caller, SignInPolicy
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import TERRAFORM_TOKEN_PREFIX, new_token, url_safe
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.access.stored import TerraformCode, TerraformToken, digest_of
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock, RandomSource
from terrareg_core.errors import AccessDenied, InvalidOAuthRequest, NotOffered
from terrareg_core.transactions import UnitOfWork

CLIENT_ID = "terraform-cli"
PORTS = range(10_000, 10_011)
"""On which terraform waits for the browser."""

_CODE_LIFETIME = timedelta(seconds=60)
_PURGED_AT_ONCE = 100
_TEXT_MAX = 512
_REDIRECT_URI = re.compile(r"http://(?:localhost|127\.0\.0\.1):(1[0-9]{4})/login")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class TokenIssuer(Protocol):
    """Signs ID tokens (OpenID Connect Core 1.0, 2) and publishes the key that proves them."""

    def id_token(self, claims: Mapping[str, object]) -> str:
        """The claims as a signed token (JWS compact serialisation, RS256)."""
        ...

    def key_set(self) -> Mapping[str, object]:
        """The public key as a JSON Web Key Set (RFC 7517), with its thumbprint (RFC 7638) as key id."""
        ...


@attrs.frozen(kw_only=True)
class TerraformLoginPolicy:
    """How `terraform login` is set up."""

    issuer: str
    """The registry's public URL, as configured."""
    lifetime: timedelta = timedelta(hours=1)
    """Of tokens."""
    salt: str = attrs.field(default="", repr=False)
    """What the subjects of people without a name are derived with."""


@attrs.frozen(kw_only=True)
class AuthorisationRequest:
    """What terraform asks through the browser; the fields of RFC 6749, 4.1.1 and RFC 7636, 4.3, None where absent."""

    client_id: str | None = None
    redirect_uri: str | None = None
    response_type: str | None = None
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None


@attrs.frozen(kw_only=True)
class CodeExchange:
    """What terraform sends for a token (RFC 6749, 4.1.3 and RFC 7636, 4.5); None where absent."""

    client_id: str | None = None
    grant_type: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    has_secret: bool = False
    """Whether a secret, or credentials in a header, came along: terraform has none."""


@attrs.frozen
class IssuedToken:
    """What terraform gets."""

    access_token: str = attrs.field(repr=False)
    id_token: str = attrs.field(repr=False)
    seconds: int


class Step(Enum):
    """What a browser must do before its terraform gets a code."""

    SIGN_IN = "sign in"
    """Only people in a session, who may read, can let terraform in."""
    CONFIRM = "confirm"
    """Say that it was they who ran `terraform login`, and not the site that sent them here."""


@attrs.frozen
class TerraformLogin:
    """The use cases of `terraform login`; each raises NotOffered where it is not set up."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _random: RandomSource
    _sign_in: SignInPolicy
    _policy: TerraformLoginPolicy | None
    _issuer: TokenIssuer | None

    @property
    def is_offered(self) -> bool:
        """Whether `terraform login` works here."""
        return self._policy is not None and self._issuer is not None

    def authorise(self, caller: Caller, request: AuthorisationRequest, *, confirmed: bool) -> str | Step:
        """The address that the browser is sent to: terraform's own, with a code or with what is wrong.

        Or what must come first; `confirmed` tells whether it can be nobody else's doing. Raises InvalidOAuthRequest for
        a request that can't be trusted to come from terraform.
        """
        self._require()
        redirect_uri = _checked_redirect(request)
        problem = _problem(request)
        if problem is not None:
            return _with_query(redirect_uri, {**problem, "state": request.state})
        identity, session = caller.identity, caller.session
        if not identity.is_session or session is None:
            return Step.SIGN_IN
        now = self._clock.now()
        secret = url_safe(self._random.secret())
        with self._unit_of_work.write() as tx:
            try:
                self._authoriser.permit(tx, identity, Capability.READ)
            except AccessDenied:
                return Step.SIGN_IN
            if not confirmed:
                return Step.CONFIRM
            tx.terraform_logins.purge(now, _PURGED_AT_ONCE)
            tx.terraform_logins.add_code(
                TerraformCode(
                    digest=digest_of(secret),
                    person=session.person,
                    redirect_uri=redirect_uri,
                    challenge=request.code_challenge or "",
                    nonce=request.nonce,
                    created_at=now,
                    expires_at=now + _CODE_LIFETIME,
                )
            )
        return _with_query(redirect_uri, {"code": secret, "state": request.state})

    def exchange(self, request: CodeExchange) -> IssuedToken:
        """Give a token for a code, once. Raises InvalidOAuthRequest.

        A code that comes a second time was stolen: the token that it gave is revoked.
        """
        policy, issuer = self._require()
        code_text, verifier = _checked_exchange(request)
        now = self._clock.now()
        secret = new_token(TERRAFORM_TOKEN_PREFIX, self._random.secret())
        with self._unit_of_work.write() as tx:
            code = tx.terraform_logins.redeem(digest_of(code_text), digest_of(secret), now)
            if code is not None and code.token_digest is not None:
                tx.terraform_logins.remove_token(code.token_digest)
            elif code is not None and _fits(code, request, verifier) and self._sign_in.offers(code.person):
                tx.terraform_logins.add_token(
                    TerraformToken(
                        digest=digest_of(secret),
                        person=code.person,
                        created_at=now,
                        expires_at=now + policy.lifetime,
                    )
                )
                AuditPen(tx.audit, now, Identity.signed_in(code.person)).write(AuditAction.TERRAFORM_LOGIN)
            else:
                code = None
        if code is None or code.token_digest is not None:
            raise InvalidOAuthRequest("invalid_grant", "The code is wrong, used or too old; run terraform login again")
        id_token = issuer.id_token(_claims(code, secret, now, policy))
        return IssuedToken(secret, id_token, int(policy.lifetime.total_seconds()))

    def key_set(self) -> Mapping[str, object]:
        """What ID tokens are verified with."""
        return self._require()[1].key_set()

    def _require(self) -> tuple[TerraformLoginPolicy, TokenIssuer]:
        if self._policy is None or self._issuer is None:
            raise NotOffered
        return self._policy, self._issuer


def _checked_redirect(request: AuthorisationRequest) -> str:
    """Where the browser may be sent back to. Raises InvalidOAuthRequest: then it is sent nowhere."""
    if request.client_id != CLIENT_ID:
        raise InvalidOAuthRequest("unauthorized_client", f"The only client here is {CLIENT_ID}; run terraform login")
    found = _REDIRECT_URI.fullmatch(request.redirect_uri or "")
    if found is None or int(found[1]) not in PORTS:
        raise InvalidOAuthRequest(
            "invalid_request", "The redirect_uri is not one of terraform's own; run terraform login"
        )
    return found[0]


def _problem(request: AuthorisationRequest) -> Mapping[str, str] | None:
    """What terraform is told of a request that is wrong otherwise."""
    if request.response_type != "code":
        return _oauth_error("unsupported_response_type", "response_type must be code")
    if request.code_challenge_method != "S256" or not _CHALLENGE.fullmatch(request.code_challenge or ""):
        return _oauth_error("invalid_request", "A code_challenge with the method S256 is needed")
    if any(len(text) > _TEXT_MAX for text in (request.state or "", request.nonce or "")):
        return _oauth_error("invalid_request", "state and nonce must be shorter")
    return None


def _oauth_error(code: str, description: str) -> Mapping[str, str]:
    return {"error": code, "error_description": description}


def _with_query(uri: str, fields: Mapping[str, str | None]) -> str:
    return f"{uri}?{urlencode({name: value for name, value in fields.items() if value is not None})}"


def _checked_exchange(request: CodeExchange) -> tuple[str, str]:
    """The code and the verifier. Raises InvalidOAuthRequest."""
    if request.client_id != CLIENT_ID or request.has_secret:
        raise InvalidOAuthRequest("invalid_client", f"The only client here is {CLIENT_ID}, which has no secret")
    if not request.grant_type:
        raise InvalidOAuthRequest("invalid_request", "grant_type is missing")
    if request.grant_type == "refresh_token":
        raise InvalidOAuthRequest("invalid_grant", "Tokens are not refreshed here; run terraform login again")
    if request.grant_type != "authorization_code":
        raise InvalidOAuthRequest("unsupported_grant_type", "grant_type must be authorization_code")
    if not request.code or not request.redirect_uri:
        raise InvalidOAuthRequest("invalid_request", "code and redirect_uri are needed")
    if not _VERIFIER.fullmatch(request.code_verifier or ""):
        raise InvalidOAuthRequest("invalid_request", "code_verifier is missing or malformed")
    return request.code, request.code_verifier or ""


def _fits(code: TerraformCode, request: CodeExchange, verifier: str) -> bool:
    return request.redirect_uri == code.redirect_uri and hmac.compare_digest(challenge_of(verifier), code.challenge)


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier in ASCII (RFC 7636, 4.2)."""
    return url_safe(hashlib.sha256(verifier.encode("ascii")).digest())


def _claims(code: TerraformCode, token: str, now: datetime, policy: TerraformLoginPolicy) -> Mapping[str, object]:
    issued = int(now.timestamp())
    half = hashlib.sha256(token.encode("ascii")).digest()[:16]
    claims: dict[str, object] = {
        "iss": policy.issuer,
        "sub": _subject(code.person, policy),
        "aud": [CLIENT_ID],
        "iat": issued,
        "exp": issued + int(policy.lifetime.total_seconds()),
        "at_hash": url_safe(half),
    }
    return claims if code.nonce is None else {**claims, "nonce": code.nonce}


def _subject(person: Person, policy: TerraformLoginPolicy) -> str:
    if person.name:
        return person.name
    return hmac.new(policy.salt.encode(), person.subject.encode(), hashlib.sha256).hexdigest()
