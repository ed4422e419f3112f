"""Provider sources: the GitHubs that people sign in with and that providers come from (chapter 05, 3.1)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import attrs

from terrareg_core.errors import ForbiddenRepository, InvalidRequest
from terrareg_core.identifiers import MAX_NAME_LENGTH
from terrareg_core.modules.fetching import parse_host

RESERVED_API_NAMES = frozenset(
    {
        *("v1", "v2", "docs", "metrics", "static"),
        *("login", "logout", "openid", "saml", "terraform"),
        *("modules", "providers", "namespaces", "search", "analytics", "audit-history", "user-groups"),
        *("initial-setup", "create-namespace", "create-module", "create-provider", "edit-namespace"),
    }
)
"""First segments of other paths, of the API and of pages (chapter 06, 11), which such a name would shadow."""

_MAX_SOURCES = 100
_MAX_NUMBER = 1 << 63
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_WEB_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/]*\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?:/[a-z0-9._~%-]+)*",
    re.ASCII | re.IGNORECASE,
)


def api_name_of(name: str) -> str:
    """What the provider source `name` is called in addresses: letters a to z in lower case, digits, dashes inside.

    Empty for a name without a letter a to z and without a digit.
    """
    return re.sub(r"[^a-z0-9-]", "", name.lower().replace(" ", "-")).strip("-")


def _require_name(_definition: object, _attribute: object, name: str) -> None:
    api_name = api_name_of(name)
    if len(name) > MAX_NAME_LENGTH or not api_name:
        raise InvalidRequest(
            f"must give a name of at most {MAX_NAME_LENGTH} characters with at least one letter a to z or digit"
        )
    if api_name in RESERVED_API_NAMES:
        raise InvalidRequest("must give a name that no other address of the registry begins with")


def _require_web_address(_definition: object, attribute: "attrs.Attribute[str]", url: str) -> None:
    if not _is_web_address(url):
        raise InvalidRequest(
            f"must give {attribute.name} as an address such as https://github.com, with https unless its host is "
            "localhost, 127.0.0.1 or [::1], and without user name, query and fragment,"
        )


def _is_web_address(text: str) -> bool:
    match = _WEB_ADDRESS.fullmatch(text)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        return False
    try:
        parse_host(match["host"])
    except ForbiddenRepository:
        return False
    return match["scheme"].lower() == "https" or match["host"].lower() in _LOOPBACK_HOSTS


@attrs.frozen(kw_only=True)
class ProviderSourceDefinition:
    """A provider source as the operator configures it: a GitHub, and the GitHub App that this registry is there.

    Raises InvalidRequest for a name and for addresses that can't be used, in the words of `parse_all`.
    """

    name: str = attrs.field(validator=_require_name)
    base_url: str = attrs.field(validator=_require_web_address)
    """Of the pages for people, without a slash at the end. Browsers and secrets are sent there, and to `api_url`."""
    api_url: str = attrs.field(validator=_require_web_address)
    client_id: str
    client_secret: str = attrs.field(repr=False)
    app_id: str
    private_key_path: str
    """File with the App's private key, in PEM form."""
    login_button_text: str
    auto_generate_namespaces: bool = False
    """Whether those who sign in get namespaces of their own, named like the accounts that they own."""
    default_access_token: str | None = attrs.field(default=None, repr=False)
    """For requests on nobody's behalf …"""
    default_installation_id: str | None = None
    """… for which an installation of the App is used in the token's place, if there is one."""

    @property
    def api_name(self) -> str:
        """What the source is called in addresses; no two have the same."""
        return api_name_of(self.name)

    @classmethod
    def parse_all(cls, document: object) -> tuple[Self, ...]:
        """The provider sources in a JSON value: an array of objects (chapter 05, 3.1).

        Each has `type`, which is `github`, and the texts `name`, `base_url`, `api_url`, `client_id`, `client_secret`,
        `app_id`, `private_key_path` and `login_button_text`; if wanted, the boolean
        `auto_generate_github_organisation_namespaces` (or `auto_generate_namespaces`) and the texts
        `default_access_token` (or `access_token`, `default_access_key`) and `default_installation_id`. Of several names
        for the same the first counts, null and empty texts count as none, and ids may be numbers.

        Raises InvalidRequest with a message that goes on from the setting's name, tells which entry is wrong, counted
        from 1, and repeats none of its values: some are secret.
        """
        if not isinstance(document, Sequence) or isinstance(document, str) or len(document) > _MAX_SOURCES:
            raise InvalidRequest(f"must be a JSON array of at most {_MAX_SOURCES} provider sources")
        parsed: dict[str, Self] = {}
        for number, entry in enumerate(document, start=1):
            if not isinstance(entry, Mapping):
                raise InvalidRequest(f"must be a JSON array of objects, which entry {number} is not")
            try:
                definition = cls._parse(_Entry(entry))
            except InvalidRequest as error:
                raise InvalidRequest(f"{error.message} in entry {number}") from None
            # Names that differ only in case are the same in addresses, too.
            if definition.api_name in parsed:
                raise InvalidRequest(
                    "must not have two provider sources whose names are alike in their lower-case letters, digits and "
                    f"dashes, as entry {number} has with another"
                )
            parsed[definition.api_name] = definition
        return tuple(parsed.values())

    @classmethod
    def _parse(cls, entry: "_Entry") -> Self:
        if entry.text("type") != "github":
            raise InvalidRequest("must give type as github, the only kind of provider source,")
        return cls(
            name=entry.text("name"),
            base_url=entry.text("base_url").rstrip("/"),
            api_url=entry.text("api_url").rstrip("/"),
            client_id=entry.text("client_id"),
            client_secret=entry.text("client_secret"),
            app_id=entry.id_text("app_id"),
            private_key_path=entry.text("private_key_path"),
            login_button_text=entry.text("login_button_text"),
            auto_generate_namespaces=entry.flag(
                "auto_generate_github_organisation_namespaces", "auto_generate_namespaces"
            ),
            default_access_token=entry.optional(
                entry.text, "default_access_token", "access_token", "default_access_key"
            ),
            default_installation_id=entry.optional(entry.id_text, "default_installation_id"),
        )


@attrs.frozen
class _Entry:
    """One object of the configuration; its methods raise InvalidRequest for values of another kind."""

    _values: Mapping[str, object]

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str) or not value or _UNUSABLE.search(value):
            raise InvalidRequest(f"must give {key} as text without control characters")
        return value

    def id_text(self, key: str) -> str:
        """A text, or a number as text."""
        value = self._values.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            return self.text(key)
        if not 0 < value < _MAX_NUMBER:
            raise InvalidRequest(f"must give {key} as text or a positive number")
        return str(value)

    def flag(self, *keys: str) -> bool:
        """A boolean under the first of the keys that is given; false when none is."""
        key = self._given(keys)
        value = key is not None and self._values[key]
        if not isinstance(value, bool):
            raise InvalidRequest(f"must give {key} as true or false")
        return value

    def optional(self, read: Callable[[str], str], *keys: str) -> str | None:
        """What `read` reads under the first of the keys that is given; None when none is."""
        key = self._given(keys)
        return None if key is None else read(key)

    def _given(self, keys: Sequence[str]) -> str | None:
        return next((key for key in keys if self._values.get(key) not in (None, "")), None)
