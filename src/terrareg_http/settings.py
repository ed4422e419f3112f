"""Settings: every environment variable of the registry, declared once with its type, default and documentation."""

# The defaults of attrs classes are built by functions here on purpose; each is called once and its value is immutable.
# ruff: noqa: RUF009

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Self, TypeVar

import attrs

from terrareg_core.access.authentication import AnalyticsKey
from terrareg_core.access.keys import Secret
from terrareg_core.analytics.downloads import DEFAULT_ENVIRONMENT
from terrareg_core.errors import ForbiddenRepository, InvalidRequest
from terrareg_core.modules.fetching import GitPolicy, RepositoryLocation, RepositoryUrl
from terrareg_core.modules.git_settings import GitProviderDefinition
from terrareg_core.modules.links import ModuleLink, ModuleTab
from terrareg_core.modules.model import HostingMode, ReindexMode
from terrareg_core.modules.snippets import SnippetPolicy, VersionTemplate
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.providers.sources import ProviderSourceDefinition

PUBLIC_INTERNAL_TOKEN = "internal-terrareg-analytics-token"  # noqa: S105 - refused because it is public
"""A value of `INTERNAL_EXTRACTION_ANALYTICS_TOKEN` that is common knowledge (chapter 06, 8.4)."""

MASK = "********"
"""Stands for a secret that is set wherever settings are shown."""

_MAX_NAME_LENGTH = 128
_MAX_JSON_LENGTH = 100_000
_MAX_BYTES = 1 << 40
_MAX_COUNT = 10_000_000
_MAX_SECONDS = 366 * 24 * 60 * 60
_MAX_DAYS = 100_000

Network = IPv4Network | IPv6Network

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class SettingsError(Exception):
    """A variable, or several together, can't be used; `message` is one sentence that says what to do about it.

    `variable` is the name of the variable to change. The message never repeats a value, which may be secret.
    """

    def __init__(self, variable: str, advice: str) -> None:
        """`advice` goes on from the variable's name: `must be true or false`."""
        super().__init__(f"{variable} {advice}")
        self.variable = variable
        self.message = f"{variable} {advice}"


# --- kinds of values (chapter 06, 8.1) ---------------------------------------------------------------------------
#
# A parser gets the text of a variable that is set and raises ValueError with what goes on from the variable's name.

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError("must be true or false (yes, no, 1 and 0 are taken as well)") from None


def _text(text: str) -> str:
    return text


def _example_token(text: str) -> str:
    # Some environments can't carry an empty value, so there is a word for it.
    return "" if text == "EMPTY" else text


def _list(text: str) -> tuple[str, ...]:
    return tuple(element for part in text.split(",") if (element := part.strip()))


def _extensions(text: str) -> tuple[str, ...]:
    return tuple(extension for element in _list(text) if (extension := element.lstrip(".")))


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
        if number is None or not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return number

    return parse


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return parse


def _template(text: str) -> VersionTemplate:
    try:
        return VersionTemplate(text)
    except ValueError:
        raise ValueError(
            "must hold nothing in braces but major, minor and patch, each perhaps with _plus_one or _minus_one"
        ) from None


def _member(kind: type[E]) -> Callable[[str], E]:
    word = _choice(*(member.value for member in kind))

    def parse(text: str) -> E:
        return kind(word(text))

    return parse


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("must be a path")
    return Path(text)


def _local_path(text: str) -> Path:
    if text.lower().startswith("s3://"):
        raise ValueError("must be a local directory, for object stores can't be used yet")
    return _path(text)


def _data_directory(text: str) -> Path:
    return _local_path(text) / _DATA


_DATA = "data"
"""Always appended to the data directory, so that an existing volume keeps working (chapter 06, 8.2)."""


def _relative_directory(text: str) -> str:
    segments = [segment for segment in text.split("/") if segment not in {"", "."}]
    if ".." in segments or "\\" in text or "\0" in text:
        raise ValueError("must name a directory inside the module, such as modules")
    return "/".join(segments)


def _analytics_keys(text: str) -> tuple[AnalyticsKey, ...]:
    """The keys of chapter 06, 2.5, in order of rising priority of their environments."""
    entries = _list(text)
    keys: list[AnalyticsKey] = []
    seen: set[str] = set()
    for entry in entries:
        secret, named, rest = entry.partition(":")
        environment = rest.partition(":")[0].strip() if named else DEFAULT_ENVIRONMENT
        if not named and len(entries) > 1:
            raise ValueError("must name an environment for each of several keys: key:environment,key:environment")
        if not secret.strip():
            raise ValueError("must have a key before each colon: key:environment,key:environment")
        if not environment or len(environment) > _MAX_NAME_LENGTH:
            raise ValueError(f"must have an environment of 1 to {_MAX_NAME_LENGTH} characters behind each colon")
        if secret.strip() in seen:
            raise ValueError("must not hold the same key twice, for it could not tell which environment is meant")
        seen.add(secret.strip())
        keys.append(AnalyticsKey(Secret.of(secret.strip()), environment))
    return tuple(keys)


@attrs.frozen
class ModuleTabs:
    """The value of `ADDITIONAL_MODULE_TABS`."""

    text: str
    """As it was configured: clients get it as it is (chapter 06, 7.1)."""
    tabs: tuple[ModuleTab, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The tabs that the JSON text spells: an array of `[title, [file, …]]`. Raises ValueError."""
        document = _json(text)
        if not isinstance(document, list) or not all(_is_tab(item) for item in document):
            raise ValueError('must be a JSON array of tabs such as [["License", ["LICENSE"]]]')
        return cls(text, tuple(ModuleTab(title, tuple(files)) for title, files in document))

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every file that some tab may show, each once, in order."""
        return tuple(dict.fromkeys(name for tab in self.tabs for name in tab.files))


@attrs.frozen
class ModuleLinks:
    """The value of `MODULE_LINKS`."""

    text: str
    """As it was configured."""
    links: tuple[ModuleLink, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The links that the JSON text spells (chapter 06, 8.10). Raises ValueError."""
        try:
            return cls(text, ModuleLink.parse_all(_json(text)))
        except InvalidRequest as error:
            raise ValueError(error.message) from None


def _json(text: str) -> object:
    """The JSON value that the text spells, or None when it spells none, or is unreasonably long."""
    try:
        return json.loads(text) if len(text) <= _MAX_JSON_LENGTH else None
    except (ValueError, RecursionError):
        return None


@attrs.frozen
class ConfiguredGitProviders:
    """The value of `GIT_PROVIDER_CONFIG`."""

    definitions: tuple[GitProviderDefinition, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The git providers that the JSON text spells (chapter 02, 8.7). Raises ValueError."""
        try:
            return cls(GitProviderDefinition.parse_all(_json(text)))
        except InvalidRequest as error:
            raise ValueError(error.message) from None

    @property
    def clone_hosts(self) -> tuple[str, ...]:
        """The hosts of the clone URLs; those that depend on a module's name are none."""
        return tuple(sorted(filter(None, {_host_of(it.templates.clone or "") for it in self.definitions})))

    @property
    def text(self) -> str:
        """The JSON text, passwords in URLs masked."""
        return json.dumps(
            [
                {
                    "name": it.name,
                    "base_url": _without_password(it.templates.base or ""),
                    "clone_url": _without_password(it.templates.clone or ""),
                    "browse_url": _without_password(it.templates.browse or ""),
                    "git_path": it.git_path or "",
                }
                for it in self.definitions
            ],
            ensure_ascii=False,
        )


@attrs.frozen
class ConfiguredProviderSources:
    """The value of `PROVIDER_SOURCES`."""

    definitions: tuple[ProviderSourceDefinition, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The provider sources that the JSON text spells (chapter 05, 3.1). Raises ValueError."""
        try:
            return cls(ProviderSourceDefinition.parse_all(_json(text)))
        except InvalidRequest as error:
            raise ValueError(error.message) from None

    @property
    def text(self) -> str:
        """The JSON text, secrets masked."""
        return json.dumps(
            [
                {
                    "name": it.name,
                    "type": "github",
                    "base_url": it.base_url,
                    "api_url": it.api_url,
                    "client_id": it.client_id,
                    "client_secret": MASK,
                    "app_id": it.app_id,
                    "private_key_path": it.private_key_path,
                    "login_button_text": it.login_button_text,
                    "auto_generate_namespaces": it.auto_generate_namespaces,
                    "default_access_token": MASK if it.default_access_token else "",
                    "default_installation_id": it.default_installation_id or "",
                }
                for it in self.definitions
            ],
            ensure_ascii=False,
        )


def _host_of(clone_template: str) -> str:
    try:
        return RepositoryUrl.parse(RepositoryLocation(clone_template, trusted=True)).host
    except ForbiddenRepository:
        return ""


def _hosts(text: str) -> tuple[str, ...]:
    try:
        return tuple(sorted(GitPolicy(allowed_hosts=_list(text)).allowed_hosts))
    except ForbiddenRepository:
        raise ValueError("must be a list of host names or addresses, without schemes and ports") from None


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(element) for element in _list(text))
    except ValueError:
        raise ValueError("must be a list of addresses and networks, such as 10.0.0.1,192.168.0.0/16") from None


def _is_tab(item: object) -> bool:
    match item:
        case [str() as title, [*files]]:
            return _is_plain(title) and all(isinstance(name, str) and _is_inner_path(name) for name in files)
        case _:
            return False


def _is_inner_path(name: str) -> bool:
    return bool(name) and _is_plain(name) and not name.startswith("/") and ".." not in name.split("/")


def _is_plain(text: str) -> bool:
    return "\0" not in text and _is_utf8(text)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- declaring ---------------------------------------------------------------------------------------------------


@attrs.frozen
class Variable:
    """What is declared of one variable."""

    name: str
    kind: str
    """A word or two: boolean, number, list, text, path, JSON, or the words that it may be."""
    default: str
    """As a person would write it; empty for none."""
    documentation: str
    secret: bool


@attrs.frozen
class _Declaration:
    """What a field's metadata holds."""

    kind: str
    parse: Callable[[str], Any]
    documentation: str
    default: str
    secret: bool
    empty_is_unset: bool
    alias: str | None


_DECLARATION = "terrareg"


def _declare(
    kind: str,
    parse: Callable[[str], T],
    default: T,
    documentation: str,
    *,
    shown_default: str = "",
    secret: bool = False,
    empty_is_unset: bool = True,
    alias: str | None = None,
) -> T:
    """A field for the variable of its name in capitals."""
    metadata = {_DECLARATION: _Declaration(kind, parse, documentation, shown_default, secret, empty_is_unset, alias)}
    return attrs.field(default=default, repr=False if secret else _represented, metadata=metadata)


def _represented(value: object) -> str:
    return repr(_shown(value))


def _flag(default: bool, documentation: str) -> bool:
    return _declare("boolean", _boolean, default, documentation, shown_default=str(default).lower())


def _count(default: int, documentation: str, *, least: int = 1, most: int = _MAX_COUNT) -> int:
    return _declare("number", _number(least, most), default, documentation, shown_default=str(default))


def _words(documentation: str, *, secret: bool = False) -> tuple[str, ...]:
    return _declare("list", _list, (), documentation, secret=secret, empty_is_unset=False)


_OPENID = ("openid_connect_client_id", "openid_connect_client_secret", "openid_connect_issuer")
_SAML = ("saml2_entity_id", "saml2_idp_metadata_url", "saml2_public_key", "saml2_private_key")
_DEFAULT_TABS = ModuleTabs.parse('[["Release Notes", ["RELEASE_NOTES.md", "CHANGELOG.md"]], ["License", ["LICENSE"]]]')


@attrs.frozen(kw_only=True)
class Settings:
    """The configuration of a registry; each field is the variable of its name in capitals (chapter 06, 8)."""

    # --- server ---
    listen_port: int = _count(5000, "TCP port that the server listens on; 0 takes a free one.", least=0, most=65_535)
    server: str = _declare(
        "builtin or waitress",
        _choice("builtin", "waitress"),
        "builtin",
        "Accepted so that existing configurations keep working; has no effect.",
        shown_default="builtin",
    )
    threaded: bool = _flag(True, "Accepted so that existing configurations keep working; has no effect.")
    public_url: str | None = _declare(
        "URL", _text, None, "URL at which users reach the registry, such as https://registry.example.com."
    )
    domain_name: str | None = _declare(
        "text",
        _text,
        None,
        "Deprecated, use PUBLIC_URL: host name at which users reach the registry through https.",
    )
    ssl_cert_private_key: Path | None = _declare(
        "path", _path, None, "PEM file with the private key for TLS; needs SSL_CERT_PUBLIC_KEY as well."
    )
    ssl_cert_public_key: Path | None = _declare(
        "path",
        _path,
        None,
        "PEM file with the certificate (and its chain) for TLS; needs SSL_CERT_PRIVATE_KEY as well.",
    )

    # --- storage ---
    database_url: str | None = _declare(
        "URL",
        _text,
        None,
        "Database, as sqlite:///relative.db, sqlite:////absolute.db or postgresql://user:password@host/name.",
        shown_default="an SQLite file in the data directory",
    )
    data_directory: Path = _declare(
        "path",
        _data_directory,
        Path(_DATA),
        "Directory of everything that is stored; the path component data is always appended to it.",
        shown_default="the working directory",
    )
    upload_directory: Path = _declare(
        "path",
        _local_path,
        attrs.Factory(lambda self: self.data_directory / "UPLOAD", takes_self=True),
        "Local directory in which uploads are unpacked while they are read.",
        shown_default="UPLOAD in the data directory",
    )

    # --- access ---
    admin_authentication_token: str | None = _declare(
        "text",
        _text,
        None,
        "Password and API key of the built-in admin; set but empty, there is no built-in admin.",
        shown_default="generated and kept with the embedded database, none with a server database",
        secret=True,
        empty_is_unset=False,
    )
    upload_api_keys: tuple[str, ...] = _words("API keys that may upload and import modules.", secret=True)
    publish_api_keys: tuple[str, ...] = _words("API keys that may publish module versions.", secret=True)
    allow_unauthenticated_access: bool = _flag(True, "Whether anybody may read and download without a credential.")
    allow_unauthenticated_publishing: bool = _flag(
        False, "Whether anybody may upload and publish without a credential, where no API keys are set."
    )
    allow_unauthenticated_webhooks: bool = _flag(
        False, "Whether web-hooks of git hosts need no signature, where no UPLOAD_API_KEYS are set."
    )
    auth_failures_per_minute: int = _count(
        30, "Wrong credentials that one client address may send in a minute; 0 for any number.", least=0
    )
    admin_login_failures_per_minute: int = _count(10, "The same for signing in with the admin token.", least=0)
    trusted_proxies: tuple[Network, ...] = _declare(
        "list of addresses and networks",
        _networks,
        (),
        "Proxies whose word is taken for the address of the client (X-Forwarded-For).",
        empty_is_unset=False,
    )
    secret_key: str | None = _declare(
        "text",
        _text,
        None,
        "What sessions hang on: without it nobody can sign in, and another one ends every session.",
        shown_default="generated and kept with the embedded database, none with a server database",
        secret=True,
    )
    admin_session_expiry_mins: int = _count(60, "How long people stay signed in, in minutes.", most=_MAX_SECONDS // 60)
    openid_connect_client_id: str | None = _declare(
        "text", _text, None, "Client ID of the registry at the OpenID Connect provider."
    )
    openid_connect_client_secret: str | None = _declare(
        "text", _text, None, "Client secret of the registry at the OpenID Connect provider.", secret=True
    )
    openid_connect_issuer: str | None = _declare(
        "URL", _text, None, "Issuer of the OpenID Connect provider, below which its discovery document lies."
    )
    openid_connect_scopes: tuple[str, ...] = _declare(
        "list",
        _list,
        ("openid", "profile"),
        "Scopes that are asked for.",
        shown_default="openid,profile",
    )
    openid_connect_groups_claim: str = _declare(
        "text", _text, "groups", "Claim that holds the names of a user's groups.", shown_default="groups"
    )
    openid_connect_login_text: str = _declare(
        "text",
        _text,
        "Login using OpenID Connect",
        "Text of the link that leads there.",
        shown_default="Login using OpenID Connect",
    )
    openid_connect_debug: bool = _flag(False, "Whether the users and groups that the provider tells are logged.")
    saml2_entity_id: str | None = _declare("text", _text, None, "Entity ID of the registry at the SAML provider.")
    saml2_idp_metadata_url: str | None = _declare("URL", _text, None, "URL of the SAML identity provider's metadata.")
    saml2_issuer_entity_id: str | None = _declare(
        "text", _text, None, "Entity ID of the identity provider, where its metadata holds several."
    )
    saml2_public_key: str | None = _declare("PEM", _text, None, "Certificate that the registry signs SAML with.")
    saml2_private_key: str | None = _declare("PEM", _text, None, "Private key of that certificate.", secret=True)
    saml2_group_attribute: str = _declare(
        "text", _text, "groups", "Attribute that holds the names of a user's groups.", shown_default="groups"
    )
    saml2_authn_context: tuple[str, ...] = _declare(
        "list",
        _list,
        ("PasswordProtectedTransport",),
        "Ways of proof that are asked of the identity provider, URNs or SAML's own words; set but empty, none is.",
        shown_default="PasswordProtectedTransport",
        empty_is_unset=False,
    )
    saml2_login_text: str = _declare(
        "text", _text, "Login using SAML", "Text of the link that leads there.", shown_default="Login using SAML"
    )
    saml2_debug: bool = _flag(False, "Whether the names of SAML attributes and the reasons of refusals are logged.")
    terraform_oidc_idp_subject_id_hash_salt: str | None = _declare(
        "text",
        _text,
        None,
        "Salt of `terraform login`; it works where this and its key are set, and unauthenticated access is off.",
        secret=True,
    )
    terraform_oidc_idp_signing_key_path: Path = _declare(
        "path",
        _path,
        Path("signing_key.pem"),
        "PEM file, below the working directory, with the RSA key that signs the ID tokens of `terraform login`.",
        shown_default="signing_key.pem",
    )
    terraform_oidc_idp_session_expiry: int = _count(
        3600, "How long a token of `terraform login` can be used, in seconds.", most=_MAX_SECONDS
    )
    enable_access_controls: bool = _flag(
        False, "Whether signed-in users may do only what their groups grant; otherwise each is a site admin."
    )
    terraform_presigned_url_secret: str | None = _declare(
        "text",
        _text,
        None,
        "Signs the short-lived addresses of archives where unauthenticated access is off.",
        shown_default="generated and kept with the embedded database",
        secret=True,
    )
    terraform_presigned_url_expiry_seconds: int = _count(
        10, "How long such an address can be used, in seconds.", most=_MAX_SECONDS
    )

    # --- analytics ---
    analytics_auth_keys: tuple[AnalyticsKey, ...] = _declare(
        "list of key or key:environment",
        _analytics_keys,
        (),
        "Terraform credentials that tell deployment environments apart, the most important environment last.",
        secret=True,
        empty_is_unset=False,
    )
    allow_unidentified_downloads: bool = _flag(False, "Whether modules can be downloaded without an analytics token.")
    disable_analytics: bool = _flag(False, "Whether analytics tokens are not asked for and downloads not recorded.")
    analytics_token_phrase: str = _declare(
        "text",
        _text,
        "analytics token",
        "What users call the analytics token, in messages to them.",
        shown_default="analytics token",
    )
    example_analytics_token: str = _declare(
        "text",
        _example_token,
        "my-tf-application",
        "Stands for the analytics token in snippets and is refused as a real one; EMPTY for none.",
        shown_default="my-tf-application",
        empty_is_unset=False,
    )
    ignore_analytics_token_auth_keys: tuple[str, ...] = _words(
        "Terraform credentials whose downloads are not recorded.", secret=True
    )
    internal_extraction_analytics_token: str | None = _declare(
        "text",
        _text,
        None,
        "Credential with which the registry's own tools fetch modules; set but empty, there is none.",
        shown_default="generated and kept with the embedded database, none with a server database",
        secret=True,
        empty_is_unset=False,
        alias="INTERNAL_EXTRACTION_ANALYITCS_TOKEN",
    )

    # --- modules ---
    trusted_namespaces: tuple[str, ...] = _words("Namespaces that are shown as trusted.")
    verified_module_namespaces: tuple[str, ...] = _words("Namespaces whose new modules are verified from the start.")
    allowed_providers: tuple[str, ...] = _words("The only provider names that modules may be made for; empty for all.")
    auto_create_namespace: bool = _flag(True, "Whether an upload makes a namespace that is missing.")
    auto_create_module_provider: bool = _flag(True, "Whether an upload makes a module provider that is missing.")
    auto_publish_module_versions: bool = _flag(True, "Whether a version is published as soon as it is indexed.")
    module_version_reindex_mode: ReindexMode = _declare(
        "legacy, auto-publish or prohibit",
        _member(ReindexMode),
        ReindexMode.LEGACY,
        "What an upload of an existing version does: replaces it unpublished, keeps it published if it was, or fails.",
        shown_default="legacy",
    )
    required_module_metadata_attributes: tuple[str, ...] = _words(
        "Keys that the metadata file of every module must set."
    )
    autogenerate_module_provider_description: bool = _flag(
        True, "Whether a description is taken from the README where the metadata file has none."
    )
    modules_directory: str = _declare(
        "text",
        _relative_directory,
        "modules",
        "Directory of a module that holds its submodules; empty for the module's root.",
        shown_default="modules",
        empty_is_unset=False,
    )
    examples_directory: str = _declare(
        "text",
        _relative_directory,
        "examples",
        "Directory of a module that holds its examples; empty for the module's root.",
        shown_default="examples",
        empty_is_unset=False,
    )
    example_file_extensions: tuple[str, ...] = _declare(
        "list",
        _extensions,
        ("tf", "tfvars", "sh", "json"),
        "Endings of the files of examples that are stored and shown.",
        shown_default="tf,tfvars,sh,json",
        empty_is_unset=False,
    )
    additional_module_tabs: ModuleTabs = _declare(
        "JSON",
        ModuleTabs.parse,
        _DEFAULT_TABS,
        "Further tabs of a module's page, an array of [title, [file, …]]; the first file that exists is shown.",
        shown_default=_DEFAULT_TABS.text,
    )
    module_links: ModuleLinks = _declare(
        "JSON",
        ModuleLinks.parse,
        ModuleLinks("[]", ()),
        "Links on module pages, an array of objects with text, url and, to restrict it, namespaces; {namespace}, "
        "{module}, {provider} and {version} are replaced.",
        shown_default="[]",
    )
    terraform_example_version_template: VersionTemplate = _declare(
        "text",
        _template,
        SnippetPolicy().version_template,
        "Version constraint in snippets, with {major}, {minor} and {patch}, each also with _plus_one and _minus_one.",
        shown_default=SnippetPolicy().version_template.text,
    )
    terraform_example_version_template_pre_major: VersionTemplate | None = _declare(
        "text",
        _template,
        None,
        "The same for versions below 1.0.0.",
        shown_default="TERRAFORM_EXAMPLE_VERSION_TEMPLATE",
    )
    autogenerate_usage_builder_variables: bool = _flag(
        True, "Whether the usage builder asks for inputs that the metadata file does not name."
    )
    allow_module_hosting: HostingMode = _declare(
        "true, false or enforce",
        _member(HostingMode),
        HostingMode.ALLOW,
        "Whether archives are served: where no clone URL is known, never, or always.",
        shown_default="true",
    )
    delete_externally_hosted_artifacts: bool = _flag(
        False, "Whether no archives are kept of modules that have a clone URL; no effect where hosting is enforced."
    )
    allow_forceful_module_provider_redirect_deletion: bool = _flag(
        False, "Whether redirects of module providers can be deleted by force while they are used."
    )
    redirect_deletion_lookback_days: int = _count(
        -1,
        "How many days a download under a former address counts as its use; negative for any time, 0 for never.",
        least=-_MAX_DAYS,
        most=_MAX_DAYS,
    )

    # --- git ---
    git_provider_config: ConfiguredGitProviders = _declare(
        "JSON",
        ConfiguredGitProviders.parse,
        ConfiguredGitProviders(()),
        "Git hosts to choose from, an array of objects with name, base_url, clone_url, browse_url and git_path.",
        shown_default="[]",
    )
    git_allowed_hosts: tuple[str, ...] = _declare(
        "list",
        _hosts,
        (),
        "The only hosts that clone URLs set by users may name, internal ones included; empty for all that are not.",
        empty_is_unset=False,
    )
    git_clone_timeout: int = _count(300, "How long fetching a git tag may take, in seconds.", most=_MAX_SECONDS)
    git_clone_max_bytes: int = _count(
        512 << 20, "Most that a git host may send for one tag, in bytes.", most=_MAX_BYTES
    )
    upstream_git_credentials_username: str | None = _declare(
        "text", _text, None, "User name for fetching from git hosts over http and https.", secret=True
    )
    upstream_git_credentials_password: str | None = _declare(
        "text", _text, None, "Password or token for fetching from git hosts over http and https.", secret=True
    )
    upstream_git_credentials_hosts: tuple[str, ...] | None = _declare(
        "list",
        _hosts,
        None,
        "The only hosts that get this user name and password.",
        shown_default="the hosts of the clone URLs in GIT_PROVIDER_CONFIG",
    )
    allow_custom_git_url_module_provider: bool = _flag(
        True, "Whether the repository URLs that module providers set are used."
    )
    allow_custom_git_url_module_version: bool = _flag(
        True, "Whether the repository URLs in a version's metadata file are used."
    )
    module_version_use_git_commit: bool = _flag(
        False, "Whether Terraform is sent to the commit that a version was built from, instead of its tag."
    )

    # --- providers ---
    provider_sources: ConfiguredProviderSources = _declare(
        "JSON",
        ConfiguredProviderSources.parse,
        ConfiguredProviderSources(()),
        "GitHubs to sign in with, an array of objects with name, type (github), base_url, api_url, client_id, "
        "client_secret, app_id, private_key_path, login_button_text, auto_generate_namespaces, default_access_token "
        "and default_installation_id.",
        shown_default="[]",
    )

    # --- scanners ---
    enable_security_scanning: bool = _flag(True, "Whether results of security scans are shown; they are kept anyway.")
    security_scanner: str | None = _declare(
        "trivy or sarif",
        _choice("trivy", "sarif"),
        None,
        "Kind of the program that looks for security problems when a module is published; unset for none.",
    )
    security_scanner_command: str | None = _declare(
        "text",
        _text,
        None,
        "Command line of that program; {directory} is replaced, and its report is read from standard output.",
        shown_default="trivy's own for trivy",
    )
    security_scanner_timeout: int = _count(60, "How long that program may take, in seconds.", most=_MAX_SECONDS)
    infracost_api_key: str | None = _declare(
        "text", _text, None, "Key of Infracost, which estimates what examples cost; unset for none.", secret=True
    )

    # --- bounds ---
    upload_max_bytes: int = _count(256 << 20, "Largest request that uploads an archive, in bytes.", most=_MAX_BYTES)
    unpacked_max_bytes: int = _count(1 << 30, "Most that an archive may unpack to, in bytes.", most=_MAX_BYTES)
    member_max_bytes: int = _count(256 << 20, "Largest file in an archive, in bytes.", most=_MAX_BYTES)
    members_max: int = _count(10_000, "Most files and directories in an archive.")
    compression_ratio_max: int = _count(200, "Highest ratio of unpacked to packed size, for files above 1 MiB.")
    source_file_max_bytes: int = _count(2 << 20, "Largest Terraform file that is read, in bytes.", most=_MAX_BYTES)
    source_max_bytes: int = _count(16 << 20, "Most Terraform text of one module version, in bytes.", most=_MAX_BYTES)
    source_files_max: int = _count(5_000, "Most Terraform files of one module version.")
    default_depth_max: int = _count(200, "Deepest nesting of a constant value or of blocks.", most=1_000)
    parse_workers: int = _count(2, "Processes that read sources and render texts.", most=64)
    parse_timeout: int = _count(20, "How long one of them may take for one file, in seconds.", most=_MAX_SECONDS)
    parse_max_bytes: int = _count(
        512 << 20, "Memory that one of them may take for one file, in bytes.", most=_MAX_BYTES
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings that the variables in `environ` make; what is unset has its default, unknown names are ignored.

        Raises SettingsError for the first variable that can't be used.
        """
        settings = cls(**_read(attrs.fields(cls), environ))
        settings._check_together()
        return settings

    @classmethod
    def of_this_process(cls) -> Self:
        """The settings in the process's own environment. Raises SettingsError."""
        return cls.from_environment(os.environ)

    def _check_together(self) -> None:
        """Raises SettingsError for values that are fine alone and not together."""
        for what, names in (("OpenID Connect", _OPENID), ("SAML", _SAML)):
            missing = [name for name in names if not getattr(self, name)]
            if missing and len(missing) < len(names):
                raise SettingsError(missing[0].upper(), f"must be set as well, for {what} needs all of its settings")
        if self.ssl_cert_private_key is not None and self.ssl_cert_public_key is None:
            raise SettingsError("SSL_CERT_PUBLIC_KEY", "must be set as well where SSL_CERT_PRIVATE_KEY is")
        if self.ssl_cert_public_key is not None and self.ssl_cert_private_key is None:
            raise SettingsError("SSL_CERT_PRIVATE_KEY", "must be set as well where SSL_CERT_PUBLIC_KEY is")
        if self.internal_extraction_analytics_token == PUBLIC_INTERNAL_TOKEN and not self.allow_unauthenticated_access:
            raise SettingsError(
                "INTERNAL_EXTRACTION_ANALYTICS_TOKEN",
                "must not be the value that everybody knows while ALLOW_UNAUTHENTICATED_ACCESS is false",
            )

    @property
    def has_openid(self) -> bool:
        """Whether people can sign in with OpenID Connect (chapter 04, 8.1)."""
        return self.public_address is not None and all(getattr(self, name) for name in _OPENID)

    @property
    def has_saml(self) -> bool:
        """Whether people can sign in with SAML (chapter 04, 9.1)."""
        return self.public_address is not None and all(getattr(self, name) for name in _SAML)

    @property
    def has_single_sign_on(self) -> bool:
        """Whether people can sign in somewhere else."""
        return self.has_openid or self.has_saml or bool(self.provider_sources.definitions)

    @property
    def public_address(self) -> PublicAddress | None:
        """Where users reach the registry, as far as it is configured."""
        return PublicAddress.from_public_url(self.public_url) or PublicAddress.from_host(self.domain_name)

    @property
    def public_origin(self) -> str | None:
        """The same as browsers write it (RFC 6454)."""
        address = self.public_address
        return address.origin if address is not None else None

    def shown(self, variable: Variable) -> str:
        """The value of `variable` as a person would write it, without any secret; empty when it has none."""
        value = getattr(self, variable.name.lower())
        if variable.secret:
            return MASK if value else ""
        return _shown(value)


@attrs.frozen(kw_only=True)
class ClientSettings:
    """What commands that talk to a running registry read from the environment."""

    terrareg_url: str = _declare(
        "URL",
        _text,
        "http://127.0.0.1:5000",
        "Registry that `terrareg publish` and `terrareg import` talk to.",
        shown_default="http://127.0.0.1:5000",
    )
    terrareg_token: str | None = _declare(
        "text",
        _text,
        None,
        "Access token, upload key or admin token that `terrareg publish` and `terrareg import` send.",
        secret=True,
    )

    @classmethod
    def of_this_process(cls) -> Self:
        """The settings in the process's own environment. Raises SettingsError."""
        return cls(**_read(attrs.fields(cls), os.environ))


def process_environment() -> Mapping[str, str]:
    """The process's own environment, for what is no setting: variables of external programs and of people's files."""
    return dict(os.environ)


_OBSOLETE = (
    "GITHUB_URL",
    "GITHUB_API_URL",
    "GITHUB_APP_CLIENT_ID",
    "GITHUB_APP_CLIENT_SECRET",
    "GITHUB_LOGIN_TEXT",
    "AUTO_GENERATE_GITHUB_ORGANISATION_NAMESPACES",
)


def obsolete_variables(environ: Mapping[str, str]) -> Sequence[str]:
    """The variables in `environ` that had a meaning once and have none now (chapter 04, 17)."""
    return [name for name in _OBSOLETE if environ.get(name)]


# --- reading and showing -----------------------------------------------------------------------------------------


def variables(settings_class: "type[Settings | ClientSettings]") -> Sequence[Variable]:
    """Every variable of a settings class, in the order in which they are declared."""
    return [
        Variable(
            field.name.upper(), declaration.kind, declaration.default, declaration.documentation, declaration.secret
        )
        for field in attrs.fields(settings_class)
        for declaration in [_declaration_of(field)]
    ]


def _read(fields: "Iterable[attrs.Attribute[Any]]", environ: Mapping[str, str]) -> dict[str, Any]:
    """The values that `environ` gives to some of the fields, by field name. Raises SettingsError."""
    given: dict[str, Any] = {}
    for field in fields:
        declaration = _declaration_of(field)
        names = [field.name.upper(), *([declaration.alias] if declaration.alias else [])]
        name = next((name for name in names if name in environ), None)
        if name is None or (declaration.empty_is_unset and not environ[name]):
            continue
        if not _is_utf8(environ[name]):
            raise SettingsError(name, "must be text in UTF-8")
        try:
            given[field.name] = declaration.parse(environ[name])
        except ValueError as error:
            raise SettingsError(name, str(error)) from None
    return given


def _declaration_of(field: "attrs.Attribute[Any]") -> _Declaration:
    declaration = field.metadata[_DECLARATION]
    assert isinstance(declaration, _Declaration)
    return declaration


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case Enum():
            return str(value.value)
        case ModuleTabs() | ModuleLinks() | ConfiguredGitProviders() | ConfiguredProviderSources() | VersionTemplate():
            return value.text
        case _:
            return _without_password(str(value))


def _without_password(text: str) -> str:
    """`text` with the passwords of a URL masked."""
    masked = re.sub(r"(://[^:/?#]*:).*@", rf"\g<1>{MASK}@", text, flags=re.DOTALL)
    return re.sub(r"([?&][a-z_]*password=)[^&]*", rf"\g<1>{MASK}", masked, flags=re.IGNORECASE)
