"""Signing in with OpenID Connect: the authorisation code flow with PKCE (chapter 04, 8.5)."""

import base64
import logging
import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import attrs

from terrareg_adapters.identity.id_tokens import Expected, UnknownSigningKey, verified_claims
from terrareg_adapters.identity.kept import Kept
from terrareg_adapters.identity.openid_discovery import JSON_WANTED, KeyStore, ProviderDocument, fetch_document
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_adapters.identity.outbound import Answer, Outbound, json_object
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import SignInRequest
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.access.terraform_login import challenge_of
from terrareg_core.clock import Clock
from terrareg_core.errors import SignInRefused, SignInUnavailable

_log = logging.getLogger(__name__)

_DOCUMENT_LIFETIME = timedelta(hours=1)
_RANDOM_BYTES = 32
_LONGEST_SECONDS = 366 * 24 * 3600
"""Of what a provider stands by; sessions are far shorter, and times far away can't be reckoned with."""

_VISIBLE = re.compile(r"[\x21-\x7e]+")
"""What codes and access tokens are made of (RFC 6749, appendix A); a space would be one too many in a header."""

_ERROR_CODE = re.compile(r"[a-z_]{1,64}")
_OUR_MISTAKES = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})
"""Errors of a token endpoint (RFC 6749, section 5.2) that no other sign-in would mend."""


class OpenIdConnect:
    """One OpenID Connect provider; safe to use from many threads. The port is `IdentityProvider`."""

    method = SignInMethod.OPENID
    source = None
    posts_answers = False

    def __init__(self, options: OpenIdOptions, clock: Clock, outbound: Outbound) -> None:
        """Ask nothing yet; `outbound` belongs to this object from now on."""
        self._options = options
        self._clock = clock
        self._outbound = outbound
        self._document = Kept(
            lambda: fetch_document(outbound, options.issuer),
            clock,
            _DOCUMENT_LIFETIME,
            "the discovery document of OpenID Connect",
        )
        self._keys = KeyStore(outbound, clock)

    def close(self) -> None:
        """End what is under way; nobody can sign in any more."""
        self._outbound.close()
        self._document.close()

    def start(self, state: str) -> SignInRequest:
        """The authorisation request (OpenID Connect Core 1.0, 3.1.2.1); see the port."""
        document = self._document.get()
        nonce, verifier = secrets.token_urlsafe(_RANDOM_BYTES), secrets.token_urlsafe(_RANDOM_BYTES)
        request = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": self._options.redirect_uri,
            "scope": " ".join(self._options.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        endpoint = urlsplit(document.authorization_endpoint)
        query = "&".join(filter(None, [endpoint.query, urlencode(request, quote_via=quote)]))
        return SignInRequest(url=endpoint._replace(query=query, fragment="").geturl(), nonce=nonce, verifier=verifier)

    def finish(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> ExternalIdentity:
        """Who signed in, by the query of the authorisation response; see the port."""
        document = self._document.get()
        code = _code_in(answer, document)
        tokens = self._redeem(document, code, attempt.verifier)
        claims = self._verified(document, tokens, attempt.nonce)
        seconds = self._valid_seconds(tokens, claims)
        subject = _text(claims["sub"])
        if subject is None:
            raise SignInRefused("The identity provider names its user by what is no readable text")
        asserted = self._with_userinfo(document, tokens, claims)
        name = _user_name(asserted) or subject
        groups = _groups(asserted.get(self._options.groups_claim))
        if self._options.debug:
            # A warning, for that is what is shown without further settings, and somebody asked for it.
            _log.warning("OpenID Connect asserts the user %r (subject %r) with the groups %r", name, subject, groups)
        return ExternalIdentity(subject=f"{document.issuer} {subject}", name=name, groups=groups, valid_seconds=seconds)

    def _redeem(self, document: ProviderDocument, code: str, verifier: str) -> "_Tokens":
        options = self._options
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": options.redirect_uri,
            "client_id": options.client_id,
            "code_verifier": verifier,
        }
        headers = dict(JSON_WANTED)
        if document.secret_in_form:
            form["client_secret"] = options.client_secret
        else:
            pair = f"{quote_plus(options.client_id)}:{quote_plus(options.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"
        return _Tokens.of(self._outbound.post_form(document.token_endpoint, form, headers=headers))

    def _verified(self, document: ProviderDocument, tokens: "_Tokens", nonce: str) -> Mapping[str, object]:
        expected = Expected(
            issuer=document.issuer,
            client_id=self._options.client_id,
            nonce=nonce,
            algorithms=document.algorithms,
            access_token=tokens.access_token,
            now=self._clock.now(),
        )
        try:
            return verified_claims(tokens.id_token, self._keys.keys(document.jwks_uri), expected)
        except UnknownSigningKey:
            return verified_claims(tokens.id_token, self._keys.keys(document.jwks_uri, newer=True), expected)

    def _valid_seconds(self, tokens: "_Tokens", claims: Mapping[str, object]) -> int:
        expires_at = claims["exp"]
        assert isinstance(expires_at, int | float)
        now = self._clock.now().timestamp()
        left = min(expires_at, now + _LONGEST_SECONDS) - now
        seconds = int(left if tokens.expires_in is None else min(left, tokens.expires_in))
        if seconds < 1:
            raise SignInRefused(
                "What the identity provider asserts has expired already; sign in again, or compare the clocks of both"
            )
        return seconds

    def _with_userinfo(
        self, document: ProviderDocument, tokens: "_Tokens", claims: Mapping[str, object]
    ) -> Mapping[str, object]:
        """The claims, with those of the userinfo endpoint where there is one and they don't say everything already."""
        complete = self._options.groups_claim in claims and _user_name(claims) is not None
        if document.userinfo_endpoint is None or complete:
            return claims
        headers = {**JSON_WANTED, "Authorization": f"Bearer {tokens.access_token}"}
        answer = self._outbound.get(document.userinfo_endpoint, headers=headers)
        if answer.status != 200:
            raise SignInUnavailable(
                f"The identity provider answered with status {answer.status} in place of who its user is; try again "
                "later"
            )
        userinfo = json_object(answer)
        if userinfo.get("sub") != claims["sub"]:
            raise SignInRefused("The identity provider's answers are about different users; sign in again")
        return {**claims, **{name: value for name, value in userinfo.items() if value is not None}}


@attrs.frozen(kw_only=True)
class _Tokens:
    """What a code was good for (OpenID Connect Core 1.0, 3.1.3.3)."""

    id_token: str = attrs.field(repr=False)
    access_token: str = attrs.field(repr=False)
    expires_in: float | None
    """Seconds; None when it wasn't said."""

    @classmethod
    def of(cls, answer: Answer) -> "_Tokens":
        document = json_object(answer)
        if answer.status != 200:
            raise _token_error(answer.status, document.get("error"))
        id_token, access_token = document.get("id_token"), document.get("access_token")
        if not isinstance(id_token, str):
            raise SignInUnavailable(
                "The identity provider gave no ID token; see that the scopes in the settings include openid"
            )
        if not isinstance(access_token, str) or not _VISIBLE.fullmatch(access_token):
            raise SignInUnavailable("The identity provider gave no access token that can be used; check the provider")
        return cls(id_token=id_token, access_token=access_token, expires_in=_seconds(document.get("expires_in")))


def _token_error(status: int, error: object) -> SignInUnavailable | SignInRefused:
    said = _known_shape(error)
    if status == 400 and not (isinstance(error, str) and error in _OUR_MISTAKES):
        return SignInRefused(f"The identity provider doesn't accept the code that it gave{said}; sign in again")
    if status >= 500:
        return SignInUnavailable(
            f"The identity provider answered with status {status} in place of tokens{said}; try again later"
        )
    return SignInUnavailable(
        f"The identity provider gives no tokens to this registry (status {status}{said}); check the client ID and the "
        "client secret in the settings"
    )


def _known_shape(error: object) -> str:
    return f": {error}" if isinstance(error, str) and _ERROR_CODE.fullmatch(error) else ""


def _code_in(answer: Mapping[str, str], document: ProviderDocument) -> str:
    """The code of an authorisation response; raises SignInRefused when there is none or another provider sent it."""
    sender = answer.get("iss")
    if sender != document.issuer and (sender is not None or document.names_itself):
        raise SignInRefused(
            "The answer comes from another identity provider than the one that was asked; sign in again"
        )
    if "error" in answer:
        raise SignInRefused(
            f"The identity provider did not let you in{_known_shape(answer['error'])}; ask there for access, or sign "
            "in again"
        )
    code = answer.get("code", "")
    if not _VISIBLE.fullmatch(code):
        raise SignInRefused("The identity provider's answer holds no code; sign in again")
    return code


def _seconds(value: object) -> float | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        # Some providers write the number as a text.
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _user_name(claims: Mapping[str, object]) -> str | None:
    return _text(claims.get("preferred_username")) or _text(claims.get("email"))


def _groups(value: object) -> tuple[str, ...]:
    """The names in a claim that holds one, or a list of them and other things."""
    named = map(_text, value if isinstance(value, list) else [value])
    return tuple(name for name in named if name is not None)


def _text(value: object) -> str | None:
    """`value` if it is a text that can be stored and shown, or else None: not empty, no control characters."""
    if not isinstance(value, str) or any(unicodedata.category(each) in {"Cc", "Cs"} for each in value):
        return None
    return value or None
