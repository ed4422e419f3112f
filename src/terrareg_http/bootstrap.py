"""From settings to a running registry: the one place of the HTTP face that knows the adapters."""

import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Engine
from starlette.applications import Starlette

from terrareg_adapters.assembly import (
    CostEstimatorOptions,
    RegistryOptions,
    ScannerOptions,
    SignInOptions,
    TerraformLoginOptions,
    UnusableOption,
    WorkerOptions,
    embedded_database_url,
    open_registry,
)
from terrareg_adapters.database import schema
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import SchemaStatus
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_adapters.scanning.process import command_line
from terrareg_adapters.secret_file import SecretFile
from terrareg_adapters.terraform.packing import pack_directory
from terrareg_core.access.authentication import ConfiguredSecrets
from terrareg_core.access.keys import Secret
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.terraform_login import TerraformLoginPolicy
from terrareg_core.access.throttling import FailureLimits
from terrareg_core.analytics.downloads import AnalyticsPolicy
from terrareg_core.errors import RegistryFailure, StoreUnavailable
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.documentation import DocumentationPolicy
from terrareg_core.modules.fetching import GitCredentials, GitPolicy
from terrareg_core.modules.hook_events import SigningKeys
from terrareg_core.modules.indexing import IndexingPolicy
from terrareg_core.modules.model import HostingMode, ModulePolicy
from terrareg_core.modules.ports import ArchiveBounds
from terrareg_core.modules.redirects import RedirectPolicy
from terrareg_core.modules.snippets import SnippetPolicy
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.modules.syntax import SourceBounds
from terrareg_core.modules.webhooks import WebhookPolicy
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.registry import Registry
from terrareg_http.background import BackgroundPurge, BackgroundReindexing, BackgroundWork
from terrareg_http.settings import Settings, SettingsError, obsolete_variables, process_environment

__all__ = [
    "Deployment",
    "SchemaStatus",
    "application",
    "build_application",
    "database_status",
    "open_deployed",
    "pack_directory",
    "prepare",
    "upgrade_database",
    "warn_of_risks",
]

_log = logging.getLogger("terrareg")

_GENERATED = (
    "admin_authentication_token",
    "terraform_presigned_url_secret",
    "internal_extraction_analytics_token",
    "secret_key",
)
"""Settings that are generated where they are unset and the database is embedded (decision 6)."""


@attrs.frozen
class Deployment:
    """Settings with every secret they need, and whose database is ready."""

    settings: Settings
    secret_file: Path | None
    """Where generated secrets are kept; None with a server database."""
    generated_admin_token: str | None
    """The built-in admin's token, if it was not configured but generated."""


def prepare(settings: Settings) -> Deployment:
    """Make everything ready that a registry with these settings needs before it opens.

    With an embedded database (SQLite), the schema is brought up to date and missing secrets are generated and kept
    beside it. Raises SettingsError for settings that can't work with the database, RegistryFailure for a schema that
    doesn't fit or a secret file that can't be used, and StoreUnavailable for a database that can't be reached.
    """
    _check_certificate(settings)
    with closing(_OpenedDatabase.of(settings)) as database:
        if database.file is None:
            _require_current_schema(schema.status(database.engine))
            return Deployment(_with_server_secrets(settings), None, None)
        _require_current_schema(schema.upgrade(database.engine))
        secret_file = database.file.with_suffix(".secrets.json")
    complete = _with_generated_secrets(settings, SecretFile(secret_file))
    generated = None if settings.admin_authentication_token is not None else complete.admin_authentication_token
    return Deployment(complete, secret_file, generated)


def build_application(deployment: Deployment) -> Starlette:
    """The ASGI application over a newly opened registry, which its lifespan closes.

    While it lives, what an older program indexed is indexed again in the background.

    Raises RegistryFailure when the database or the data directory can't be used.
    """
    from terrareg_http.app import create_app  # noqa: PLC0415 - what only packs or migrates does without the handlers

    registry = open_deployed(deployment)
    app = create_app(registry, deployment.settings)
    _add_lifespan(app, registry)
    return app


def open_deployed(deployment: Deployment) -> Registry:
    """The registry of a deployment; whoever opens it closes it.

    Raises RegistryFailure as `build_application` does, and SettingsError for keys that can't be used.
    """
    try:
        return open_registry(_registry_options(deployment.settings))
    except UnusableOption as error:
        raise SettingsError(_SIGN_IN_SETTINGS[error.option], f"is {error.reason}") from None


_SIGN_IN_SETTINGS = {
    "acs_url": "PUBLIC_URL",
    "entity_id": "SAML2_ENTITY_ID",
    "public_key": "SAML2_PUBLIC_KEY",
    "private_key": "SAML2_PRIVATE_KEY",
    "signing_key": "TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH",
}
"""The settings behind options that can turn out to be unusable."""


def application() -> Starlette:
    """The ASGI application that the process's environment describes: the factory that servers call in each worker.

    Raises SettingsError, RegistryFailure and StoreUnavailable, as `prepare` does.
    """
    return build_application(prepare(Settings.of_this_process()))


def warn_of_risks(settings: Settings) -> None:
    """Log a warning for each setting that is dangerous or has no effect."""
    if settings.allow_unauthenticated_publishing:
        _log.warning(
            "ALLOW_UNAUTHENTICATED_PUBLISHING is true: where no API keys are set, anybody who reaches this registry "
            "can publish modules"
        )
    if settings.allow_unauthenticated_webhooks and settings.allow_unauthenticated_access:
        if settings.upload_api_keys:
            _log.warning("ALLOW_UNAUTHENTICATED_WEBHOOKS has no effect, because UPLOAD_API_KEYS are set")
        else:
            _log.warning(
                "ALLOW_UNAUTHENTICATED_WEBHOOKS is true: anybody who reaches this registry can make it import versions"
            )
    if settings.delete_externally_hosted_artifacts and settings.allow_module_hosting is HostingMode.ENFORCE:
        _log.warning(
            "DELETE_EXTERNALLY_HOSTED_ARTIFACTS has no effect, because ALLOW_MODULE_HOSTING is enforce: "
            "archives are all that is served"
        )
    for name in obsolete_variables(process_environment()):
        _log.warning("%s is ignored; configure GitHub in PROVIDER_SOURCES", name)
    if settings.has_single_sign_on:
        _warn_of_sign_in_risks(settings)
    _warn_of_terraform_login(settings)
    if settings.public_url and PublicAddress.from_public_url(settings.public_url) is None:
        _log.warning(
            "PUBLIC_URL is ignored, because it names no host; write it with its scheme, "
            "such as https://registry.example.com"
        )
    if settings.public_address is None and (settings.openid_connect_issuer or settings.saml2_entity_id):
        _log.warning(
            "Nobody can sign in with OpenID Connect or SAML, because PUBLIC_URL names no address to come back to"
        )


def _warn_of_sign_in_risks(settings: Settings) -> None:
    if not settings.enable_access_controls:
        _log.warning("ENABLE_ACCESS_CONTROLS is false: everybody who signs in is a site admin")
        for source in settings.provider_sources.definitions:
            if source.base_url == _PUBLIC_GITHUB:
                _log.warning("Everybody with an account at %s is a site admin by that", _PUBLIC_GITHUB)
    if not (settings.public_origin or "").startswith("https:"):
        _log.warning(
            "PUBLIC_URL is not https: cookies and codes of those who sign in can be read on their way%s",
            ", and browsers may not send back the one that SAML needs" if settings.has_saml else "",
        )


_PUBLIC_GITHUB = "https://github.com"


def _warn_of_terraform_login(settings: Settings) -> None:
    """Say why `terraform login` is off or won't work; what is wrong with its key is found when it is read."""
    if settings.terraform_oidc_idp_subject_id_hash_salt is None:
        if not settings.allow_unauthenticated_access:
            _log.warning(
                "ALLOW_UNAUTHENTICATED_ACCESS is false and TERRAFORM_OIDC_IDP_SUBJECT_ID_HASH_SALT is unset, so "
                "`terraform login` is off: terraform needs an access token or an analytics key"
            )
    elif settings.allow_unauthenticated_access:
        _log.warning("`terraform login` is off, because ALLOW_UNAUTHENTICATED_ACCESS is true")
    elif not settings.public_url:
        _log.warning("`terraform login` is off, because PUBLIC_URL is unset")
    elif not settings.public_url.lower().startswith("https:"):
        _log.warning("PUBLIC_URL is not https, and terraform logs in through https only")


def upgrade_database(settings: Settings) -> SchemaStatus:
    """Bring the configured database to the newest schema. Raises SettingsError, StoreUnavailable."""
    with closing(_OpenedDatabase.of(settings)) as database:
        return schema.upgrade(database.engine)


def database_status(settings: Settings) -> SchemaStatus:
    """Where the schema of the configured database stands. Raises SettingsError, StoreUnavailable."""
    with closing(_OpenedDatabase.of(settings)) as database:
        return schema.status(database.engine)


# --- the pieces --------------------------------------------------------------------------------------------------


@attrs.frozen
class _OpenedDatabase:
    """The configured database, outside any registry."""

    engine: Engine
    file: Path | None
    """Of an embedded database; None for a server's."""

    @classmethod
    def of(cls, settings: Settings) -> "_OpenedDatabase":
        url = settings.database_url or embedded_database_url(settings.data_directory)
        try:
            engine = open_engine(url)
        except ValueError as error:
            raise SettingsError("DATABASE_URL", f"can't be used: {error}") from None
        except ImportError:
            raise SettingsError(
                "DATABASE_URL", "needs a driver that is not installed; install terrareg[postgresql]"
            ) from None
        if engine.dialect.name != "sqlite":
            return cls(engine, None)
        file = Path(engine.url.database or "")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            engine.dispose()
            raise StoreUnavailable(
                f"The directory of the database can't be made ({error.strerror}); "
                "set DATA_DIRECTORY to one that the registry may write"
            ) from error
        return cls(engine, file)

    def close(self) -> None:
        self.engine.dispose()


def _check_certificate(settings: Settings) -> None:
    key, certificate = settings.ssl_cert_private_key, settings.ssl_cert_public_key
    if key is None or certificate is None:
        return
    for variable, path in (("SSL_CERT_PRIVATE_KEY", key), ("SSL_CERT_PUBLIC_KEY", certificate)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise SettingsError(variable, f"must name a file that can be read ({error.strerror})") from None
    try:
        # A pass phrase would be asked for on the terminal, which a server may not have.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):
        raise SettingsError(
            "SSL_CERT_PRIVATE_KEY", "must be the unencrypted PEM key of the certificate in SSL_CERT_PUBLIC_KEY"
        ) from None


def _require_current_schema(status: SchemaStatus) -> None:
    if status.is_up_to_date:
        return
    if status.current is not None and status.current > status.head:
        raise RegistryFailure(
            "The database was made by a newer version of terrareg; install that version, or restore a backup"
        )
    raise RegistryFailure("The database's schema is not up to date; run `terrareg db upgrade` and start again")


def _with_generated_secrets(settings: Settings, kept: SecretFile) -> Settings:
    missing = [name for name in _GENERATED if getattr(settings, name) is None]
    made: Mapping[str, Any] = {name: kept.secret(name, lambda: secrets.token_urlsafe(32)) for name in missing}
    return attrs.evolve(settings, **made)


def _with_server_secrets(settings: Settings) -> Settings:
    if settings.secret_key is None:
        raise SettingsError(
            "SECRET_KEY", "must be set where the database is a server's: all processes of the registry need the same"
        )
    if settings.terraform_presigned_url_secret is not None:
        return settings
    if not settings.allow_unauthenticated_access:
        raise SettingsError(
            "TERRAFORM_PRESIGNED_URL_SECRET",
            "must be set where ALLOW_UNAUTHENTICATED_ACCESS is false and the database is a server's: "
            "all processes of the registry need the same",
        )
    # On an open registry nothing is signed.
    return attrs.evolve(settings, terraform_presigned_url_secret=secrets.token_urlsafe(32))


def _registry_options(settings: Settings) -> RegistryOptions:
    presigned_url_secret = settings.terraform_presigned_url_secret
    assert presigned_url_secret is not None
    public = settings.public_address
    return RegistryOptions(
        data_directory=settings.data_directory,
        database_url=settings.database_url,
        workspace=settings.upload_directory,
        secrets=ConfiguredSecrets(
            admin=_optional_secret(settings.admin_authentication_token),
            upload=_secrets(settings.upload_api_keys),
            publish=_secrets(settings.publish_api_keys),
            analytics=settings.analytics_auth_keys,
            ignore_analytics=_secrets(settings.ignore_analytics_token_auth_keys),
            internal_extraction=_optional_secret(settings.internal_extraction_analytics_token),
        ),
        access=AccessPolicy(
            access_controls=settings.enable_access_controls,
            anonymous_access=settings.allow_unauthenticated_access,
            anonymous_publishing=settings.allow_unauthenticated_publishing,
            upload_keys_set=bool(settings.upload_api_keys),
            publish_keys_set=bool(settings.publish_api_keys),
        ),
        sign_in=SignInOptions(
            secret_key=settings.secret_key,
            session_lifetime=timedelta(minutes=settings.admin_session_expiry_mins),
            openid=_openid_options(settings, public),
            saml=_saml_options(settings, public),
            github=settings.provider_sources.definitions,
            github_address=public,
            terraform=_terraform_login_options(settings),
        ),
        failure_limits=FailureLimits(
            credentials=settings.auth_failures_per_minute, admin_logins=settings.admin_login_failures_per_minute
        ),
        namespaces=NamespacePolicy.of(
            trusted=settings.trusted_namespaces, verified=settings.verified_module_namespaces
        ),
        modules=ModulePolicy(
            allowed_providers=frozenset(settings.allowed_providers),
            auto_create_namespace=settings.auto_create_namespace,
            auto_create_module_provider=settings.auto_create_module_provider,
            auto_publish=settings.auto_publish_module_versions,
            reindex_mode=settings.module_version_reindex_mode,
            hosting=settings.allow_module_hosting,
            delete_external_archives=settings.delete_externally_hosted_artifacts,
        ),
        indexing=_indexing_policy(settings),
        documentation=DocumentationPolicy(
            SnippetPolicy(
                settings.example_analytics_token,
                not settings.disable_analytics,
                settings.terraform_example_version_template,
                settings.terraform_example_version_template_pre_major,
            ),
            security_results=settings.enable_security_scanning,
            generate_usage_variables=settings.autogenerate_usage_builder_variables,
            links=settings.module_links.links,
            tabs=settings.additional_module_tabs.tabs,
        ),
        analytics=AnalyticsPolicy(
            enabled=not settings.disable_analytics,
            unidentified_downloads=settings.allow_unidentified_downloads,
            environments_configured=bool(settings.analytics_auth_keys),
            example_token=settings.example_analytics_token,
            token_phrase=settings.analytics_token_phrase,
        ),
        workers=WorkerOptions(
            processes=settings.parse_workers,
            seconds=settings.parse_timeout,
            memory_bytes=settings.parse_max_bytes,
        ),
        security_scanner=_scanner_options(settings),
        cost_estimator=_cost_estimator_options(settings),
        archive_bounds=ArchiveBounds(
            unpacked_bytes=settings.unpacked_max_bytes,
            member_bytes=settings.member_max_bytes,
            members=settings.members_max,
            compression_ratio=settings.compression_ratio_max,
        ),
        urls=SourceUrls(
            custom_version_urls=settings.allow_custom_git_url_module_version,
            custom_module_provider_urls=settings.allow_custom_git_url_module_provider,
            use_git_commit=settings.module_version_use_git_commit,
        ),
        redirects=_redirect_policy(settings),
        git=_git_policy(settings),
        git_environment=process_environment(),
        webhooks=WebhookPolicy(
            keys=SigningKeys(tuple(key.encode() for key in settings.upload_api_keys)),
            unauthenticated=settings.allow_unauthenticated_webhooks,
        ),
        git_providers=settings.git_provider_config.definitions,
        archive_key_secret=presigned_url_secret,
        archive_key_lifetime=timedelta(seconds=settings.terraform_presigned_url_expiry_seconds),
    )


def _openid_options(settings: Settings, public: PublicAddress | None) -> OpenIdOptions | None:
    if not settings.has_openid or public is None:
        return None
    return OpenIdOptions(
        issuer=settings.openid_connect_issuer or "",
        client_id=settings.openid_connect_client_id or "",
        client_secret=settings.openid_connect_client_secret or "",
        scopes=settings.openid_connect_scopes,
        redirect_uri=f"{public.origin}/openid/callback",
        groups_claim=settings.openid_connect_groups_claim,
        debug=settings.openid_connect_debug,
    )


def _saml_options(settings: Settings, public: PublicAddress | None) -> SamlOptions | None:
    if not settings.has_saml or public is None:
        return None
    return SamlOptions(
        entity_id=settings.saml2_entity_id or "",
        acs_url=f"{public.origin}/saml/login?acs",
        public_key=settings.saml2_public_key or "",
        private_key=settings.saml2_private_key or "",
        idp_metadata_url=settings.saml2_idp_metadata_url or "",
        idp_entity_id=settings.saml2_issuer_entity_id or "",
        group_attribute=settings.saml2_group_attribute,
        authn_context=tuple(
            word if ":" in word else f"{_SAML_CONTEXT_CLASSES}{word}" for word in settings.saml2_authn_context
        ),
        debug=settings.saml2_debug,
    )


_SAML_CONTEXT_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"


def _terraform_login_options(settings: Settings) -> TerraformLoginOptions | None:
    """Raises SettingsError for a signing key that can't be used."""
    salt, public_url = settings.terraform_oidc_idp_subject_id_hash_salt, settings.public_url
    if settings.allow_unauthenticated_access or not salt or not public_url:
        return None
    try:
        key = settings.terraform_oidc_idp_signing_key_path.read_bytes()
    except FileNotFoundError:
        _log.warning("`terraform login` is off, because there is no file at TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH")
        return None
    except OSError as error:
        raise SettingsError(
            "TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH", f"must name a file that can be read ({error.strerror})"
        ) from None
    return TerraformLoginOptions(
        policy=TerraformLoginPolicy(
            issuer=public_url, lifetime=timedelta(seconds=settings.terraform_oidc_idp_session_expiry), salt=salt
        ),
        signing_key=key,
    )


def _scanner_options(settings: Settings) -> ScannerOptions | None:
    kind = settings.security_scanner
    if kind is None:
        return None
    if kind == "sarif" and not settings.security_scanner_command:
        raise SettingsError("SECURITY_SCANNER_COMMAND", "must be set, for no usual command writes SARIF")
    if settings.security_scanner_command:
        try:
            command_line(settings.security_scanner_command)
        except ValueError as error:
            raise SettingsError("SECURITY_SCANNER_COMMAND", str(error)) from None
    return ScannerOptions(
        kind="trivy" if kind == "trivy" else "sarif",
        command=settings.security_scanner_command,
        seconds=settings.security_scanner_timeout,
        environment=process_environment(),
    )


def _cost_estimator_options(settings: Settings) -> CostEstimatorOptions | None:
    if not settings.infracost_api_key:
        return None
    public = PublicAddress.from_public_url(settings.public_url) or PublicAddress.from_host(settings.domain_name)
    token = settings.internal_extraction_analytics_token
    return CostEstimatorOptions(
        api_key=settings.infracost_api_key,
        registry=(public.authority, token) if public is not None and token else None,
        environment=process_environment(),
    )


def _indexing_policy(settings: Settings) -> IndexingPolicy:
    return IndexingPolicy(
        modules_directory=settings.modules_directory,
        examples_directory=settings.examples_directory,
        example_file_extensions=settings.example_file_extensions,
        required_metadata=settings.required_module_metadata_attributes,
        tab_files=settings.additional_module_tabs.file_names,
        generate_description=settings.autogenerate_module_provider_description,
        bounds=SourceBounds(
            file_bytes=settings.source_file_max_bytes,
            source_bytes=settings.source_max_bytes,
            files=settings.source_files_max,
            default_depth=settings.default_depth_max,
        ),
    )


def _git_policy(settings: Settings) -> GitPolicy:
    hosts = settings.upstream_git_credentials_hosts
    username, password = settings.upstream_git_credentials_username, settings.upstream_git_credentials_password
    return GitPolicy(
        allowed_hosts=settings.git_allowed_hosts,
        credentials=GitCredentials(username or "", password or "") if username or password else None,
        credential_hosts=settings.git_provider_config.clone_hosts if hosts is None else hosts,
        timeout_seconds=settings.git_clone_timeout,
        max_bytes=settings.git_clone_max_bytes,
    )


def _redirect_policy(settings: Settings) -> RedirectPolicy:
    days = settings.redirect_deletion_lookback_days
    return RedirectPolicy(
        forceful_deletion=settings.allow_forceful_module_provider_redirect_deletion,
        lookback=timedelta(days=days) if days >= 0 else None,
    )


def _secrets(texts: Sequence[str]) -> tuple[Secret, ...]:
    return tuple(map(Secret.of, texts))


def _optional_secret(text: str | None) -> Secret | None:
    return Secret.of(text) if text else None


def _add_lifespan(app: Starlette, registry: Registry) -> None:
    inner = app.router.lifespan_context
    background: list[BackgroundWork] = [
        BackgroundReindexing(registry.reindexing),
        BackgroundPurge(registry.sessions.purge),
    ]

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with inner(running) as state:
            for work in background:
                work.start()
            try:
                yield state or {}
            finally:
                for work in background:
                    work.stop()
                registry.close()
                # What was under way failed with the close, if it had not ended before.
                for work in background:
                    work.stop()

    app.router.lifespan_context = lifespan
