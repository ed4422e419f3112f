"""Signing in with GitHub: who they are there, and which organisations they own (chapter 04, 10; chapter 05, 11)."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlencode

import attrs

from terrareg_adapters.identity.outbound import Answer, Outbound, json_object
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import SignInRequest
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import SignInRefused, SignInUnavailable
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_core.providers.sources import ProviderSourceDefinition

_PAGE_SIZE = 100
_MAX_PAGES = 10
_FORM = "application/x-www-form-urlencoded"
# What GitHub lets accounts be called; managed users have an underscore.
_LOGIN = re.compile(r"[0-9A-Za-z_-]{1,128}")
# Codes and tokens, which go into headers and forms as they are.
_OPAQUE = re.compile(r"[!-~]{1,4096}")
# Mistakes in the settings, here or there, that nobody who signs in can mend.
_OPERATORS_ERRORS = frozenset({"application_suspended", "incorrect_client_credentials", "redirect_uri_mismatch"})

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True, eq=False)
class GitHub:
    """One GitHub, and the App that this registry is there (implements `IdentityProvider`)."""

    definition: ProviderSourceDefinition
    redirect_uri: str | None = None
    """Where the App's users come back to, if this registry knows its own address; else the App's settings decide."""
    timeout: float = 10.0
    """Of each request, in seconds; signing in takes three of them, and one more for each further page of organisations.
    """
    _outbound: Outbound = attrs.field(init=False)

    @_outbound.default
    def _open(self) -> Outbound:
        return Outbound(timeout=self.timeout)

    @property
    def method(self) -> SignInMethod:
        return SignInMethod.GITHUB

    @property
    def source(self) -> str:
        return self.definition.api_name

    @property
    def posts_answers(self) -> bool:
        return False

    def start(self, state: str) -> SignInRequest:
        """See `IdentityProvider.start`; nothing is asked of GitHub yet, so it doesn't fail."""
        query = {"client_id": self.definition.client_id, "state": state}
        if self.redirect_uri is not None:
            query["redirect_uri"] = self.redirect_uri
        return SignInRequest(url=f"{self.definition.base_url}/login/oauth/authorize?{urlencode(query)}")

    def finish(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> ExternalIdentity:  # noqa: ARG002 - GitHub needs nothing of it
        """See `IdentityProvider.finish`.

        The organisations are those that they own. When these can't be read, they own none: the App may lack the right.
        The access token is forgotten in the end, for nothing needs it later.
        """
        error = answer.get("error")
        if error:
            raise self._refusal(error)
        code = answer.get("code", "")
        if not _OPAQUE.fullmatch(code):
            raise SignInRefused(f"{self._name} sent no code along; sign in again from the beginning")
        token = self._token(code)
        login = self._login(token)
        accounts = dict.fromkeys(self._organisations(token), NamespaceKind.GITHUB_ORGANISATION)
        return ExternalIdentity(
            subject=login,
            name=login,
            accounts={**accounts, login: NamespaceKind.GITHUB_USER},
            generates_namespaces=self.definition.auto_generate_namespaces,
        )

    def close(self) -> None:
        """End the connections; may be repeated."""
        self._outbound.close()

    @property
    def _name(self) -> str:
        return f"The provider source {self.definition.name}"

    # --- the three questions (chapter 05, 11, a to c) ---

    def _token(self, code: str) -> str:
        """The access token that the code is exchanged for."""
        answer = self._outbound.post_form(
            f"{self.definition.base_url}/login/oauth/access_token",
            {"client_id": self.definition.client_id, "client_secret": self.definition.client_secret, "code": code},
            headers={"Accept": "application/json"},
        )
        self._require_success(answer)
        fields = _form(answer) if answer.media_type == _FORM else json_object(answer)
        if fields.get("error"):
            raise self._refusal(fields["error"])
        token = fields.get("access_token")
        if not isinstance(token, str) or not _OPAQUE.fullmatch(token):
            raise SignInUnavailable(f"{self._name} answered with no access token where one belongs; check its base_url")
        return token

    def _login(self, token: str) -> str:
        """The name of the account that the token was made for."""
        answer = self._ask("/user", token)
        self._require_success(answer)
        login = json_object(answer).get("login")
        if not isinstance(login, str) or not _LOGIN.fullmatch(login):
            raise SignInUnavailable(f"{self._name} did not say who signed in; check its api_url")
        return login

    def _organisations(self, token: str) -> list[str]:
        """The names of the organisations that the account owns; none when not all of them can be read."""
        try:
            return list(self._owned(token))
        except SignInUnavailable as error:
            _log.warning(
                "No organisations could be read of somebody who signed in with the provider source %s (%s); check that "
                "its App may read the members of organisations",
                self.source,
                error.message,
            )
            return []

    def _owned(self, token: str) -> Iterator[str]:
        for page in range(1, _MAX_PAGES + 1):
            answer = self._ask(f"/user/memberships/orgs?per_page={_PAGE_SIZE}&page={page}", token)
            self._require_success(answer)
            memberships = self._list(answer)
            yield from filter(None, map(_owned_organisation, memberships))
            if len(memberships) < _PAGE_SIZE:
                return

    def _ask(self, path: str, token: str) -> Answer:
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Authorization": f"Bearer {token}",
        }
        return self._outbound.get(f"{self.definition.api_url}{path}", headers=headers)

    # --- reading answers ---

    def _require_success(self, answer: Answer) -> None:
        if answer.status != 200:
            raise SignInUnavailable(
                f"{self._name} answered with status {answer.status}; check its settings, or try again later"
            )

    def _refusal(self, error: object) -> SignInRefused | SignInUnavailable:
        """What an error of OAuth means; its text, which browsers bring along, is not repeated."""
        if isinstance(error, str) and error in _OPERATORS_ERRORS:
            return SignInUnavailable(
                f"{self._name} does not accept this registry's App; check client_id, client_secret and the App's "
                "callback URL"
            )
        return SignInRefused(f"{self._name} did not confirm who you are; sign in again from the beginning")

    def _list(self, answer: Answer) -> list[object]:
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, list):
            raise SignInUnavailable(f"{self._name} answered with no list where one belongs; check its api_url")
        return document


def _form(answer: Answer) -> Mapping[str, object]:
    """The fields of a form that have one value each."""
    try:
        fields = parse_qs(answer.body.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _owned_organisation(membership: object) -> str | None:
    """The name of the organisation, if the membership makes its holder an owner."""
    match membership:
        case {"state": "active", "role": "admin", "organization": {"login": str() as login}} if _LOGIN.fullmatch(login):
            return login
        case _:
            return None
