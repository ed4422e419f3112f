"""What an OpenID Connect provider publishes of itself: its discovery document and its keys."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

import attrs

from terrareg_adapters.identity.id_tokens import ALGORITHMS, SigningKeys
from terrareg_adapters.identity.outbound import Outbound, json_object, require_permitted
from terrareg_core.clock import Clock
from terrareg_core.errors import SignInUnavailable

_KEYS_LIFETIME = timedelta(hours=1)
_PAUSE_BETWEEN_FETCHES = timedelta(minutes=1)
JSON_WANTED = {"Accept": "application/json"}


@attrs.frozen(kw_only=True)
class ProviderDocument:
    """How to speak to a provider (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    """As the provider spells it, which is how ID tokens must."""
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    """Of `ALGORITHMS`, those that it signs ID tokens with."""
    secret_in_form: bool
    """Whether the client secret goes into the token request's form, or else into its header."""
    names_itself: bool
    """Whether its answers through the browser always hold its issuer (RFC 9207, section 3)."""

    @classmethod
    def of(cls, document: Mapping[str, object], issuer: str) -> Self:
        """What `document` says, found at the configured `issuer`.

        Raises SignInUnavailable when it describes another issuer, leaves out what is needed, or knows no algorithm that
        is accepted.
        """
        found = _required(document, "issuer")
        if found.removesuffix("/") != issuer.removesuffix("/"):
            raise SignInUnavailable(
                "The identity provider calls itself by another name than the configured issuer; correct the setting"
            )
        algorithms = _texts(document, "id_token_signing_alg_values_supported")
        accepted = ALGORITHMS if algorithms is None else ALGORITHMS & algorithms
        if not accepted:
            raise SignInUnavailable(
                "The identity provider signs with no algorithm that is accepted; let it use RS256 or ES256"
            )
        methods = _texts(document, "token_endpoint_auth_methods_supported")
        userinfo = document.get("userinfo_endpoint")
        return cls(
            issuer=found,
            authorization_endpoint=str(require_permitted(_required(document, "authorization_endpoint"))),
            token_endpoint=_required(document, "token_endpoint"),
            jwks_uri=_required(document, "jwks_uri"),
            userinfo_endpoint=userinfo if isinstance(userinfo, str) else None,
            algorithms=accepted,
            secret_in_form=methods is None or "client_secret_post" in methods,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )


def fetch_document(outbound: Outbound, issuer: str) -> ProviderDocument:
    """The discovery document of `issuer`; raises SignInUnavailable."""
    answer = outbound.get(f"{issuer.removesuffix('/')}/.well-known/openid-configuration", headers=JSON_WANTED)
    if answer.status != 200:
        raise SignInUnavailable(
            f"The identity provider answered with status {answer.status} in place of its discovery document; check the "
            "issuer in the settings"
        )
    return ProviderDocument.of(json_object(answer), issuer)


@attrs.frozen
class _Held:
    keys: SigningKeys
    uri: str
    fetched_at: datetime


class KeyStore:
    """The keys of a provider, kept for an hour so that a withdrawn one is not trusted for longer."""

    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        """Fetch through `outbound`."""
        self._outbound = outbound
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._tried_at: datetime | None = None

    def keys(self, uri: str, *, newer: bool = False) -> SigningKeys:
        """The keys at `uri`; if `newer`, they are fetched again unless that was tried less than a minute ago.

        Raises SignInUnavailable when they are to be fetched and can't be.
        """
        # Whoever waits here meanwhile wants what is being fetched.
        with self._lock:
            now = self._clock.now()
            held = self._held
            if held is not None and held.uri == uri and now < held.fetched_at + _KEYS_LIFETIME:
                rests = self._tried_at is not None and now < self._tried_at + _PAUSE_BETWEEN_FETCHES
                if rests or not newer:
                    return held.keys
            self._tried_at = now
            fetched = self._fetch(uri)
            self._held = _Held(fetched, uri, now)
            return fetched

    def _fetch(self, uri: str) -> SigningKeys:
        answer = self._outbound.get(uri, headers={"Accept": "application/jwk-set+json, application/json"})
        if answer.status != 200:
            raise SignInUnavailable(
                f"The identity provider answered with status {answer.status} in place of its keys; try again later"
            )
        return SigningKeys.of(json_object(answer))


def _required(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise SignInUnavailable(f"The identity provider's discovery document lacks the {name}; check the issuer")
    return value


def _texts(document: Mapping[str, object], name: str) -> frozenset[str] | None:
    value = document.get(name)
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else None
