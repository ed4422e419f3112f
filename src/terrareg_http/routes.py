"""The route table: every operation that the registry offers over HTTP."""

from collections.abc import Sequence
from typing import Any

from terrareg_core.access.csrf import CsrfRule
from terrareg_core.access.permissions import Capability
from terrareg_core.errors import (
    AccessTokenNotFound,
    AnalyticsTokenRequired,
    ArchiveNotFound,
    AuthenticationRequired,
    DocumentNotFound,
    EmptyPage,
    ExampleFileNotFound,
    ForcedDeletionDisabled,
    GitProviderNotFound,
    HostingDisabled,
    InvalidArgument,
    InvalidGitPath,
    InvalidIdentifier,
    InvalidOAuthRequest,
    InvalidPayload,
    InvalidPermission,
    InvalidPresignedKey,
    InvalidRequest,
    InvalidTagFormat,
    InvalidUrlTemplate,
    InvalidVersion,
    ModuleProviderExists,
    ModuleProviderNotFound,
    ModuleVersionNotFound,
    NamespaceNotFound,
    NameTaken,
    NoDownloadMethod,
    NoRepository,
    NotEmpty,
    NotOffered,
    PartNotFound,
    PermissionDenied,
    PermissionExists,
    PermissionNotFound,
    ProviderSourceNotFound,
    RedirectInUse,
    RedirectNotFound,
    RegistryFailure,
    SignInNotStarted,
    SignInRefused,
    SignInUnavailable,
    TargetNamespaceNotFound,
    UploadDisabled,
    UserGroupNotFound,
)
from terrareg_http.access import (
    create_access_token,
    create_user_group,
    delete_access_token,
    delete_user_group,
    grant_permission,
    list_access_tokens,
    list_user_groups,
    log_in_as_admin,
    revoke_permission,
    show_authentication,
)
from terrareg_http.archives import source_archive
from terrareg_http.arguments import (
    Form,
    JsonBody,
    JsonValues,
    Multipart,
    OptionalJson,
    PathOnly,
    Query,
    QueryAndForm,
    SignedPayload,
    TextsInJsonBody,
)
from terrareg_http.audit import show_audit_history
from terrareg_http.documentation import (
    list_example_files,
    list_examples,
    list_submodules,
    show_example,
    show_example_file,
    show_example_graph,
    show_example_readme,
    show_file,
    show_graph,
    show_readme,
    show_submodule,
    show_submodule_graph,
    show_submodule_readme,
    show_variable_template,
)
from terrareg_http.downloads import download, download_directly
from terrareg_http.errors import ErrorFamily
from terrareg_http.imports import (
    import_named_version,
    import_version,
    list_tags,
    receive_bitbucket_hook,
    receive_gitea_hook,
    receive_github_hook,
    receive_gitlab_hook,
)
from terrareg_http.login_pages import log_in, log_out, log_out_by_form, show_login, show_page_style
from terrareg_http.module_providers import (
    change_module_provider,
    create_module_provider,
    delete_module_provider,
    delete_redirect,
    list_git_providers,
    list_integrations,
    list_redirects,
    show_initial_setup,
)
from terrareg_http.modules import (
    list_modules,
    list_modules_of_namespace,
    list_providers_of_module,
    list_versions,
    search_modules,
    show_version,
)
from terrareg_http.namespaces import (
    admit_change,
    change_namespace,
    create_namespace,
    delete_namespace,
    list_namespaces,
    show_namespace,
)
from terrareg_http.operation import Answer, Operation
from terrareg_http.overview import (
    count_provider_search_filters,
    count_search_filters,
    list_all_versions,
    list_module_providers,
    show_download_summary,
    show_module_provider,
    show_version_page,
)
from terrareg_http.publishing import delete_version, publish_version, upload_version
from terrareg_http.reference_page import Reference
from terrareg_http.schemas import (
    access,
    audit,
    common,
    documentation,
    imports,
    module_providers,
    modules,
    namespaces,
    overview,
    service,
)
from terrareg_http.service import (
    AUTHORISATION_PATH,
    TOKEN_PATH,
    discover_services,
    show_health,
    show_registry_version,
)
from terrareg_http.sign_in import (
    finish_github,
    finish_openid,
    finish_saml,
    show_github_status,
    show_saml_metadata,
    start_github,
    start_openid,
    start_saml,
)
from terrareg_http.terraform_login import authorise_terraform, confirm_terraform, exchange_code, show_key_set

PROTOCOL, NAMESPACE, BARE = ErrorFamily.PROTOCOL, ErrorFamily.NAMESPACE, ErrorFamily.BARE
PUBLIC = None
TOKEN, SAME_ORIGIN = CsrfRule.TOKEN, CsrfRule.SAME_ORIGIN

_MODULE_PROVIDER = (NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound)
_VERSION = (*_MODULE_PROVIDER, InvalidVersion, ModuleVersionNotFound)

_GRANTED = Answer(
    status=204,
    media_type=None,
    headers={"X-Terraform-Get": "The address that the module is fetched from"},
    description="The download is granted",
)
_ARCHIVE_HEADERS = {"ETag": "The SHA-256 digest of the archive", "Accept-Ranges": "bytes"}
_ARCHIVE = (
    Answer(bytes, media_type="application/zip", headers=_ARCHIVE_HEADERS, description="The archive"),
    Answer(
        bytes,
        206,
        "application/zip",
        {**_ARCHIVE_HEADERS, "Content-Range": "Which bytes"},
        "The part of the archive that `Range` asks for",
    ),
    Answer(status=304, media_type=None, description="`If-None-Match` names this archive"),
    Answer(
        status=416, media_type=None, headers={"Content-Range": "The size"}, description="The range is beyond the end"
    ),
)

_reference = Reference(lambda: ROUTES)

_MODULES = "/v1/modules"
_PROTOCOL_PROVIDER = f"{_MODULES}/{{namespace}}/{{name}}/{{provider}}"
_MANAGED_PROVIDER = "/v1/terrareg/modules/{namespace}/{name}/{provider}"
_MANAGED_VERSION = f"{_MANAGED_PROVIDER}/{{version}}"
_NAMESPACES = "/v1/terrareg/namespaces"
_HOOKS = f"{_MANAGED_PROVIDER}/hooks"
_HOOK = (AuthenticationRequired, *_MODULE_PROVIDER, NoRepository, InvalidPayload)
_HOOK_ANSWERS = (
    Answer(imports.HookAnswer),
    Answer(imports.HookAnswer, 500, description="The version could not be imported"),
)

_CSRF_HEADERS = {"X-CSRF-Token": "What proves that a request of the session comes from its own page"}
_SESSION_HEADERS = {**_CSRF_HEADERS, "Set-Cookie": "The session"}
_DIRECTLY = (AuthenticationRequired, PermissionDenied, AnalyticsTokenRequired, NoDownloadMethod)
_DIRECT = "With terraform-get=1, the right to use terraform; without, the right to read"
_KEY = "The right to read, or a pre-signed key in the address"
_SIGNED = "A signature or token made with an upload key"

_GROUPS = "/v1/terrareg/user-groups"
_GROUP = f"{_GROUPS}/{{user_group}}"
_PERMISSION = f"{_GROUP}/permissions/{{namespace}}"
_TOKENS = "/v1/terrareg/tokens"
_SOURCE = "/{provider_source}"
_PAGE = Answer(str, media_type="text/html", description="A page")
_AWAY = Answer(
    status=302,
    media_type=None,
    headers={"Location": "Where the browser goes"},
    description="The browser goes on",
)
_BACK = (SignInUnavailable, SignInRefused, SignInNotStarted)

# fmt: off
ROUTES: Sequence[Operation[Any]] = (
    # --- service ---
    Operation(
        id="discoverServices", method="GET", path="/.well-known/terraform.json", tag="Service",
        handler=discover_services,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(service.ServiceDiscovery)],
    ),
    Operation(
        id="showRegistryVersion", method="GET", path="/v1/terrareg/version", tag="Service",
        handler=show_registry_version,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(service.VersionAnswer)],
    ),
    Operation(
        id="showHealth", method="GET", path="/v1/terrareg/health", tag="Service", handler=show_health,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(service.Health)],
    ),
    # --- finding modules ---
    Operation(
        id="listModules", method="GET", path=_MODULES, aliases=[f"{_MODULES}/"], tag="Modules", handler=list_modules,
        takes=Query(modules.ListArguments), needs=Capability.READ, family=PROTOCOL,
        answers=[Answer(modules.ModuleList)],
    ),
    Operation(
        id="searchModules", method="GET", path=f"{_MODULES}/search", aliases=[f"{_MODULES}/search/"], tag="Modules",
        handler=search_modules, takes=Query(modules.SearchArguments), needs=Capability.READ, family=PROTOCOL,
        answers=[Answer(modules.ModuleList)],
    ),
    Operation(
        id="listModulesOfNamespace", method="GET", path=f"{_MODULES}/{{namespace}}",
        aliases=[f"{_MODULES}/{{namespace}}/"],
        tag="Modules", handler=list_modules_of_namespace, takes=Query(modules.PageArguments), needs=Capability.READ,
        family=PROTOCOL, answers=[Answer(modules.ModuleList)], raises=[EmptyPage],
    ),
    Operation(
        id="listProvidersOfModule", method="GET", path=f"{_MODULES}/{{namespace}}/{{name}}",
        aliases=[f"{_MODULES}/{{namespace}}/{{name}}/"], tag="Modules", handler=list_providers_of_module,
        takes=Query(modules.PageArguments), needs=Capability.READ, family=PROTOCOL,
        answers=[Answer(modules.ModuleList)], raises=[EmptyPage],
    ),
    Operation(
        id="showLatestVersion", method="GET", path=_PROTOCOL_PROVIDER,
        aliases=[f"{_PROTOCOL_PROVIDER}/"], tag="Modules",
        handler=show_version, takes=PathOnly(), needs=Capability.READ, family=PROTOCOL,
        answers=[Answer(modules.ModuleVersionDetails)], raises=_VERSION,
    ),
    Operation(
        id="listVersions", method="GET", path=f"{_PROTOCOL_PROVIDER}/versions",
        aliases=[f"{_PROTOCOL_PROVIDER}/versions/"],
        tag="Modules", handler=list_versions, takes=PathOnly(), needs=Capability.TERRAFORM, family=PROTOCOL,
        answers=[Answer(modules.AvailableVersions)], raises=_MODULE_PROVIDER,
    ),
    Operation(
        id="showVersion", method="GET", path=f"{_PROTOCOL_PROVIDER}/{{version}}",
        aliases=[f"{_PROTOCOL_PROVIDER}/{{version}}/"], tag="Modules", handler=show_version,
        takes=PathOnly(), needs=Capability.READ, family=PROTOCOL,
        answers=[Answer(modules.ModuleVersionDetails)], raises=_VERSION,
    ),
    # --- fetching modules ---
    Operation(
        id="downloadLatestVersion", method="GET", path=f"{_PROTOCOL_PROVIDER}/download",
        aliases=[f"{_PROTOCOL_PROVIDER}/download/"], tag="Downloads", handler=download,
        takes=Query(modules.DownloadArguments), needs=Capability.TERRAFORM, family=PROTOCOL,
        answers=[_GRANTED], raises=[*_VERSION, AnalyticsTokenRequired, NoDownloadMethod],
    ),
    Operation(
        id="downloadVersion", method="GET", path=f"{_PROTOCOL_PROVIDER}/{{version}}/download", tag="Downloads",
        handler=download, takes=Query(modules.DownloadArguments), needs=Capability.TERRAFORM, family=PROTOCOL,
        answers=[_GRANTED], raises=[*_VERSION, AnalyticsTokenRequired, NoDownloadMethod],
    ),
    Operation(
        id="downloadLatestVersionDirectly", method="GET", path="/modules/{namespace}/{name}/{provider}",
        aliases=["/modules/{namespace}/{name}/{provider}/"], tag="Downloads", handler=download_directly,
        takes=Query(modules.DownloadArguments), needs=PUBLIC, own_check=_DIRECT, family=PROTOCOL,
        answers=[_GRANTED], raises=[*_DIRECTLY, *_VERSION],
        is_extension=True,
    ),
    Operation(
        id="downloadVersionDirectly", method="GET", path="/modules/{namespace}/{name}/{provider}/{version}",
        aliases=["/modules/{namespace}/{name}/{provider}/{version}/"], tag="Downloads", handler=download_directly,
        takes=Query(modules.DownloadArguments), needs=PUBLIC, own_check=_DIRECT, family=PROTOCOL,
        answers=[_GRANTED], raises=[*_DIRECTLY, *_VERSION],
        is_extension=True,
    ),
    Operation(
        id="fetchArchive", method="GET", path=f"{_MANAGED_VERSION}/source.zip", tag="Downloads", handler=source_archive,
        takes=Query(modules.ArchiveArguments), needs=PUBLIC, own_check=_KEY, answers=_ARCHIVE,
        raises=[*_VERSION, HostingDisabled, InvalidPresignedKey, ArchiveNotFound],
    ),
    Operation(
        id="fetchArchiveByKey", method="GET", path=f"{_MANAGED_VERSION}/{{presign}}/source.zip", tag="Downloads",
        handler=source_archive, takes=Query(modules.ArchiveArguments), needs=PUBLIC, own_check=_KEY, answers=_ARCHIVE,
        raises=[*_VERSION, HostingDisabled, InvalidPresignedKey, ArchiveNotFound],
    ),
    # --- pages of modules ---
    Operation(
        id="countSearchFilters", method="GET", path="/v1/terrareg/modules/search/filters", tag="Modules",
        handler=count_search_filters, takes=Query(overview.FilterArguments), needs=Capability.READ,
        answers=[Answer(overview.SearchFilters)],
    ),
    Operation(
        id="countSearchFiltersByFormerPath", method="GET", path="/v1/terrareg/search_filters", tag="Modules",
        handler=count_search_filters, takes=Query(overview.FilterArguments), needs=Capability.READ,
        answers=[Answer(overview.SearchFilters)],
    ),
    Operation(
        id="countProviderSearchFilters", method="GET", path="/v1/terrareg/providers/search/filters", tag="Providers",
        handler=count_provider_search_filters, takes=Query(overview.FilterArguments), needs=Capability.READ,
        answers=[Answer(overview.ProviderSearchFilters)],
    ),
    Operation(
        id="listModuleProvidersOfNamespace", method="GET", path="/v1/terrareg/modules/{namespace}", tag="Modules",
        handler=list_module_providers, takes=Query(overview.LongPageArguments), needs=Capability.READ,
        family=NAMESPACE, answers=[Answer(overview.ModuleProviderList)], raises=[NamespaceNotFound],
    ),
    Operation(
        id="listModuleProvidersOfModule", method="GET", path="/v1/terrareg/modules/{namespace}/{name}", tag="Modules",
        handler=list_module_providers, takes=Query(overview.LongPageArguments), needs=Capability.READ,
        family=NAMESPACE, answers=[Answer(overview.ModuleProviderList)],
        raises=[NamespaceNotFound, InvalidIdentifier],
    ),
    Operation(
        id="showModuleProvider", method="GET", path=_MANAGED_PROVIDER, tag="Modules", handler=show_module_provider,
        takes=Query(overview.DetailsArguments), needs=Capability.READ,
        answers=[Answer(overview.VersionPageDetails | overview.ModuleProviderDetails)],
        raises=[*_MODULE_PROVIDER, InvalidRequest],
    ),
    Operation(
        id="listAllVersions", method="GET", path=f"{_MANAGED_PROVIDER}/versions", tag="Modules",
        handler=list_all_versions, takes=Query(overview.VersionListArguments), needs=Capability.READ,
        answers=[Answer(Sequence[overview.VersionItem])], raises=_MODULE_PROVIDER,
    ),
    Operation(
        id="showVersionPage", method="GET", path=_MANAGED_VERSION, tag="Modules", handler=show_version_page,
        takes=Query(overview.DetailsArguments), needs=Capability.READ, family=ErrorFamily.VERSION,
        answers=[Answer(overview.VersionPageDetails)], raises=[*_VERSION, InvalidRequest],
    ),
    Operation(
        id="showDownloadSummary", method="GET", path=f"{_PROTOCOL_PROVIDER}/downloads/summary", tag="Downloads",
        handler=show_download_summary, takes=PathOnly(), needs=Capability.READ, family=ErrorFamily.STATISTICS,
        answers=[Answer(overview.ModuleDownloadSummary)], raises=_MODULE_PROVIDER,
    ),
    # --- namespaces ---
    Operation(
        id="listNamespaces", method="GET", path=_NAMESPACES, tag="Namespaces", handler=list_namespaces,
        takes=Query(namespaces.NamespaceListArguments), needs=Capability.READ,
        answers=[Answer(Sequence[namespaces.NamespaceItem] | namespaces.NamespacePage)],
    ),
    Operation(
        id="createNamespace", method="POST", path=_NAMESPACES, tag="Namespaces", handler=create_namespace,
        takes=TextsInJsonBody(namespaces.NamespaceCreation), needs=Capability.SITE_ADMIN, csrf=TOKEN,
        answers=[Answer(namespaces.CreatedNamespaceAnswer)], raises=[InvalidIdentifier, NameTaken],
    ),
    Operation(
        id="showNamespace", method="GET", path=f"{_NAMESPACES}/{{namespace}}", tag="Namespaces", handler=show_namespace,
        takes=PathOnly(), needs=Capability.READ, family=NAMESPACE,
        answers=[Answer(namespaces.NamespaceAnswer)], raises=[NamespaceNotFound],
    ),
    Operation(
        id="changeNamespace", method="POST", path=f"{_NAMESPACES}/{{namespace}}", tag="Namespaces",
        handler=change_namespace, takes=TextsInJsonBody(namespaces.NamespaceEdit), needs=Capability.FULL, csrf=TOKEN,
        admission=admit_change, family=NAMESPACE, answers=[Answer(namespaces.ChangedNamespaceAnswer)],
        raises=[NamespaceNotFound, InvalidIdentifier, NameTaken, ProviderSourceNotFound],
    ),
    Operation(
        id="deleteNamespace", method="DELETE", path=f"{_NAMESPACES}/{{namespace}}", tag="Namespaces",
        handler=delete_namespace, takes=JsonBody(common.Confirmation), needs=Capability.FULL, csrf=TOKEN,
        admission=admit_change, family=NAMESPACE,
        answers=[Answer(common.EmptyObject)], raises=[NamespaceNotFound, NotEmpty, RedirectInUse],
    ),
    # --- module providers ---
    Operation(
        id="createModuleProvider", method="POST", path=f"{_MANAGED_PROVIDER}/create", tag="Module providers",
        handler=create_module_provider, takes=JsonBody(module_providers.ModuleProviderCreation),
        needs=Capability.FULL, csrf=TOKEN, answers=[Answer(modules.CreatedModuleProvider)],
        raises=[
            NamespaceNotFound, InvalidIdentifier, ModuleProviderExists, GitProviderNotFound, InvalidUrlTemplate,
            InvalidTagFormat, InvalidGitPath,
        ],
    ),
    Operation(
        id="changeModuleProvider", method="POST", path=f"{_MANAGED_PROVIDER}/settings", tag="Module providers",
        handler=change_module_provider, takes=JsonBody(module_providers.ModuleProviderSettings),
        needs=Capability.MODIFY, csrf=TOKEN, answers=[Answer(common.EmptyObject)],
        raises=[
            *_MODULE_PROVIDER, GitProviderNotFound, InvalidUrlTemplate, InvalidTagFormat, InvalidGitPath,
            ProviderSourceNotFound, TargetNamespaceNotFound, NameTaken,
        ],
    ),
    Operation(
        id="deleteModuleProvider", method="DELETE", path=f"{_MANAGED_PROVIDER}/delete", tag="Module providers",
        handler=delete_module_provider, takes=JsonBody(common.Confirmation), needs=Capability.FULL, csrf=TOKEN,
        answers=[Answer()], raises=_MODULE_PROVIDER,
    ),
    Operation(
        id="listRedirects", method="GET", path=f"{_MANAGED_PROVIDER}/redirects", tag="Module providers",
        handler=list_redirects, takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(Sequence[module_providers.RedirectItem])], raises=_MODULE_PROVIDER,
    ),
    Operation(
        id="deleteRedirect", method="DELETE",
        path=f"{_MANAGED_PROVIDER}/redirects/{{module_provider_redirect_id}}", tag="Module providers",
        handler=delete_redirect, takes=JsonBody(module_providers.RedirectDeletion), needs=Capability.FULL, csrf=TOKEN,
        answers=[Answer()], raises=[*_MODULE_PROVIDER, RedirectNotFound, ForcedDeletionDisabled, RedirectInUse],
    ),
    Operation(
        id="listIntegrations", method="GET", path=f"{_MANAGED_PROVIDER}/integrations", tag="Module providers",
        handler=list_integrations, takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(Sequence[module_providers.IntegrationItem])], raises=_MODULE_PROVIDER,
    ),
    Operation(
        id="listGitProviders", method="GET", path="/v1/terrareg/git_providers", tag="Module providers",
        handler=list_git_providers, takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(Sequence[module_providers.GitProviderItem])],
    ),
    Operation(
        id="showInitialSetup", method="GET", path="/v1/terrareg/initial_setup", tag="Service",
        handler=show_initial_setup, takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(module_providers.InitialSetupAnswer)],
    ),
    # --- module versions ---
    Operation(
        id="uploadVersion", method="POST", path=f"{_MANAGED_VERSION}/upload", tag="Publishing", handler=upload_version,
        takes=Multipart(), needs=Capability.UPLOAD, csrf=SAME_ORIGIN, answers=[Answer(modules.UploadAnswer)],
        raises=[*_VERSION, UploadDisabled, InvalidRequest, RegistryFailure],
    ),
    Operation(
        id="publishVersion", method="POST", path=f"{_MANAGED_VERSION}/publish", tag="Publishing",
        handler=publish_version,
        takes=OptionalJson(access.OptionalConfirmation), needs=Capability.PUBLISH, csrf=SAME_ORIGIN,
        answers=[Answer(common.Success)], raises=_VERSION,
    ),
    Operation(
        id="deleteVersion", method="DELETE", path=f"{_MANAGED_VERSION}/delete", tag="Publishing",
        handler=delete_version,
        takes=JsonBody(common.Confirmation), needs=Capability.FULL, csrf=TOKEN,
        answers=[Answer(common.Success)], raises=_VERSION,
    ),
    Operation(
        id="importVersion", method="POST", path=f"{_MANAGED_PROVIDER}/import", tag="Publishing",
        handler=import_version, takes=JsonBody(imports.ImportArguments), needs=Capability.UPLOAD, csrf=SAME_ORIGIN,
        answers=[Answer(modules.UploadAnswer)],
        raises=[*_MODULE_PROVIDER, NoRepository, InvalidRequest, RegistryFailure],
    ),
    Operation(
        id="importNamedVersion", method="POST", path=f"{_MANAGED_VERSION}/import", tag="Publishing",
        handler=import_named_version, takes=OptionalJson(access.OptionalConfirmation), needs=Capability.UPLOAD,
        csrf=SAME_ORIGIN, family=BARE,
        answers=[Answer(modules.UploadAnswer)],
        raises=[*_MODULE_PROVIDER, NoRepository, InvalidRequest, RegistryFailure],
    ),
    Operation(
        id="listTags", method="GET", path=f"{_MANAGED_PROVIDER}/tags", tag="Publishing",
        handler=list_tags, takes=PathOnly(), needs=Capability.UPLOAD, answers=[Answer(imports.TagList)],
        raises=[*_MODULE_PROVIDER, NoRepository, InvalidRequest, RegistryFailure], is_extension=True,
    ),
    # --- web-hooks ---
    Operation(
        id="receiveBitbucketHook", method="POST", path=f"{_HOOKS}/bitbucket", tag="Web-hooks",
        handler=receive_bitbucket_hook, takes=SignedPayload(), needs=PUBLIC, own_check=_SIGNED, family=BARE,
        answers=[Answer(imports.PushAnswer), Answer(imports.PushAnswer, 500, description="A version failed")],
        raises=[AuthenticationRequired, *_MODULE_PROVIDER, NoRepository, InvalidPayload],
    ),
    Operation(
        id="receiveGithubHook", method="POST", path=f"{_HOOKS}/github", tag="Web-hooks",
        handler=receive_github_hook, takes=SignedPayload(), needs=PUBLIC, own_check=_SIGNED,
        answers=_HOOK_ANSWERS, raises=_HOOK,
    ),
    Operation(
        id="receiveGitlabHook", method="POST", path=f"{_HOOKS}/gitlab", tag="Web-hooks",
        handler=receive_gitlab_hook, takes=SignedPayload(), needs=PUBLIC, own_check=_SIGNED,
        answers=_HOOK_ANSWERS, raises=_HOOK,
        is_extension=True,
    ),
    Operation(
        id="receiveGiteaHook", method="POST", path=f"{_HOOKS}/gitea", tag="Web-hooks",
        handler=receive_gitea_hook, takes=SignedPayload(), needs=PUBLIC, own_check=_SIGNED,
        answers=_HOOK_ANSWERS, raises=_HOOK,
        is_extension=True,
    ),
    # --- reading a version ---
    Operation(
        id="showReadme", method="GET",
        path=f"{_MANAGED_VERSION}/readme_html",
        tag="Documentation", handler=show_readme,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(str | None)], raises=_VERSION,
    ),
    Operation(
        id="showSubmoduleReadme", method="GET",
        path=f"{_MANAGED_VERSION}/submodules/readme_html/{{submodule:path}}",
        tag="Documentation", handler=show_submodule_readme,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(str | None)], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="showExampleReadme", method="GET",
        path=f"{_MANAGED_VERSION}/examples/readme_html/{{example:path}}",
        tag="Documentation", handler=show_example_readme,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(str | None)], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="showFile", method="GET",
        path=f"{_MANAGED_VERSION}/files/{{path:path}}",
        tag="Documentation", handler=show_file,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(str)], raises=[*_VERSION, DocumentNotFound],
    ),
    Operation(
        id="showVariableTemplate", method="GET",
        path=f"{_MANAGED_VERSION}/variable_template",
        tag="Documentation", handler=show_variable_template,
        takes=Query(documentation.OutputArguments), needs=Capability.READ,
        answers=[Answer(Sequence[Any])], raises=_VERSION,
    ),
    Operation(
        id="listSubmodules", method="GET",
        path=f"{_MANAGED_VERSION}/submodules",
        tag="Documentation", handler=list_submodules,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(Sequence[documentation.PartLink])], raises=_VERSION,
    ),
    Operation(
        id="showSubmodule", method="GET",
        path=f"{_MANAGED_VERSION}/submodules/details/{{submodule:path}}",
        tag="Documentation", handler=show_submodule,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(documentation.SubmoduleDetails)], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="listExamples", method="GET",
        path=f"{_MANAGED_VERSION}/examples",
        tag="Documentation", handler=list_examples,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(Sequence[documentation.PartLink])], raises=_VERSION,
    ),
    Operation(
        id="showExample", method="GET",
        path=f"{_MANAGED_VERSION}/examples/details/{{example:path}}",
        tag="Documentation", handler=show_example,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(documentation.ExampleDetails)], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="listExampleFiles", method="GET",
        path=f"{_MANAGED_VERSION}/examples/filelist/{{example:path}}",
        tag="Documentation", handler=list_example_files,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(Sequence[documentation.ExampleFileLink])], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="showExampleFile", method="GET",
        path=f"{_MANAGED_VERSION}/examples/file/{{example_file:path}}",
        tag="Documentation", handler=show_example_file,
        takes=PathOnly(), needs=Capability.READ,
        answers=[Answer(str)], raises=[*_VERSION, ExampleFileNotFound],
    ),
    Operation(
        id="showGraph", method="GET",
        path=f"{_MANAGED_VERSION}/graph/data",
        tag="Documentation", handler=show_graph,
        takes=Query(documentation.GraphArguments), needs=Capability.READ,
        answers=[Answer(documentation.GraphData)], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="showSubmoduleGraph", method="GET",
        path=f"{_MANAGED_VERSION}/graph/data/submodule/{{submodule_path:path}}",
        tag="Documentation", handler=show_submodule_graph,
        takes=Query(documentation.GraphArguments), needs=Capability.READ,
        answers=[Answer(documentation.GraphData)], raises=[*_VERSION, PartNotFound],
    ),
    Operation(
        id="showExampleGraph", method="GET",
        path=f"{_MANAGED_VERSION}/graph/data/example/{{example_path:path}}",
        tag="Documentation", handler=show_example_graph,
        takes=Query(documentation.GraphArguments), needs=Capability.READ,
        answers=[Answer(documentation.GraphData)], raises=[*_VERSION, PartNotFound],
    ),
    # --- who may what ---
    Operation(
        id="logInAsAdmin", method="POST", path="/v1/terrareg/auth/admin/login", tag="Access", handler=log_in_as_admin,
        takes=OptionalJson(access.OptionalConfirmation), needs=Capability.BUILT_IN_ADMIN, csrf=SAME_ORIGIN,
        answers=[Answer(access.AuthenticatedAnswer, headers=_SESSION_HEADERS)],
    ),
    Operation(
        id="showAuthentication", method="GET", path="/v1/terrareg/auth/admin/is_authenticated", tag="Access",
        handler=show_authentication, takes=PathOnly(), needs=PUBLIC,
        answers=[Answer(access.AuthenticationStatus, headers=_CSRF_HEADERS)],
    ),
    Operation(
        id="listUserGroups", method="GET", path=_GROUPS, tag="Access", handler=list_user_groups,
        takes=PathOnly(), needs=Capability.SITE_ADMIN, answers=[Answer(Sequence[access.UserGroupItem])],
    ),
    Operation(
        id="createUserGroup", method="POST", path=_GROUPS, tag="Access", handler=create_user_group,
        takes=JsonValues(access.UserGroupCreation), needs=Capability.SITE_ADMIN, csrf=SAME_ORIGIN,
        answers=[Answer(access.CreatedUserGroup, 201)], raises=[InvalidRequest, NameTaken, InvalidIdentifier],
    ),
    Operation(
        id="deleteUserGroup", method="DELETE", path=_GROUP, tag="Access", handler=delete_user_group,
        takes=OptionalJson(access.OptionalConfirmation), needs=Capability.SITE_ADMIN, csrf=SAME_ORIGIN,
        answers=[Answer(common.EmptyObject)], raises=[UserGroupNotFound],
    ),
    Operation(
        id="grantPermission", method="POST", path=_PERMISSION, tag="Access", handler=grant_permission,
        takes=JsonValues(access.PermissionCreation), needs=Capability.SITE_ADMIN, csrf=SAME_ORIGIN,
        answers=[Answer(access.PermissionAnswer, 201)],
        raises=[InvalidPermission, NamespaceNotFound, UserGroupNotFound, PermissionExists],
    ),
    Operation(
        id="revokePermission", method="DELETE", path=_PERMISSION, tag="Access", handler=revoke_permission,
        takes=OptionalJson(access.OptionalConfirmation), needs=Capability.SITE_ADMIN, csrf=SAME_ORIGIN,
        answers=[Answer(common.EmptyObject)], raises=[NamespaceNotFound, UserGroupNotFound, PermissionNotFound],
    ),
    Operation(
        id="listAccessTokens", method="GET", path=_TOKENS, tag="Access", handler=list_access_tokens,
        takes=PathOnly(), needs=Capability.SIGNED_IN, answers=[Answer(access.AccessTokenList)], is_extension=True,
    ),
    Operation(
        id="createAccessToken", method="POST", path=_TOKENS, tag="Access", handler=create_access_token,
        takes=JsonValues(access.AccessTokenCreation), needs=Capability.SIGNED_IN, csrf=TOKEN,
        answers=[Answer(access.CreatedAccessToken, 201)], raises=[InvalidArgument], is_extension=True,
    ),
    Operation(
        id="deleteAccessToken", method="DELETE", path=f"{_TOKENS}/{{token_id}}", tag="Access",
        handler=delete_access_token, takes=OptionalJson(access.OptionalConfirmation), needs=Capability.SIGNED_IN,
        csrf=TOKEN, answers=[Answer(common.EmptyObject)], raises=[AccessTokenNotFound], is_extension=True,
    ),
    # --- signing in ---
    Operation(
        id="startOpenIdLogin", method="GET", is_safe=False, path="/openid/login", tag="Signing in",
        handler=start_openid,
        takes=Query(access.ReturnPath), needs=PUBLIC, family=ErrorFamily.PAGE, answers=[_AWAY],
        raises=[SignInUnavailable],
    ),
    Operation(
        id="finishOpenIdLogin", method="GET", is_safe=False, path="/openid/callback", tag="Signing in",
        handler=finish_openid,
        takes=Query(access.SignInAnswer), needs=PUBLIC, family=ErrorFamily.OPENID, answers=[_AWAY], raises=_BACK,
    ),
    Operation(
        id="startSamlLogin", method="GET", is_safe=False, path="/saml/login", tag="Signing in", handler=start_saml,
        takes=Query(access.SamlStep), needs=PUBLIC, family=ErrorFamily.SAML, answers=[_AWAY],
        raises=[SignInUnavailable],
    ),
    Operation(
        id="finishSamlLogin", method="POST", path="/saml/login", tag="Signing in", handler=finish_saml,
        takes=Query(access.SamlStep), needs=PUBLIC, own_check="A signed assertion", family=ErrorFamily.SAML,
        answers=[_AWAY], raises=_BACK,
    ),
    Operation(
        id="showSamlMetadata", method="GET", path="/saml/metadata", tag="Signing in", handler=show_saml_metadata,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(str, media_type="text/xml")], raises=[NotOffered],
    ),
    Operation(
        id="startGithubLogin", method="GET", is_safe=False, path=f"{_SOURCE}/login", tag="Signing in",
        handler=start_github,
        takes=Query(access.ReturnPath), needs=PUBLIC, family=ErrorFamily.PAGE, answers=[_AWAY],
        raises=[SignInUnavailable],
    ),
    Operation(
        id="finishGithubLogin", method="GET", is_safe=False, path=f"{_SOURCE}/callback", tag="Signing in",
        handler=finish_github,
        takes=Query(access.SignInAnswer), needs=PUBLIC, family=ErrorFamily.PAGE, answers=[_AWAY],
        raises=[ProviderSourceNotFound, *_BACK],
    ),
    Operation(
        id="showGithubStatus", method="GET", path=f"{_SOURCE}/auth/status", tag="Signing in",
        handler=show_github_status, takes=PathOnly(), needs=PUBLIC, family=ErrorFamily.PAGE,
        answers=[Answer(access.GithubStatus)], raises=[ProviderSourceNotFound],
    ),
    Operation(
        id="showLogin", method="GET", path="/login", tag="Signing in", handler=show_login,
        takes=Query(access.ReturnPath), needs=PUBLIC, answers=[_PAGE], is_extension=True,
    ),
    Operation(
        id="logIn", method="POST", path="/login", tag="Signing in", handler=log_in, takes=Form(access.LoginForm),
        needs=PUBLIC, own_check="The admin token in the form", csrf=SAME_ORIGIN, answers=[_AWAY], is_extension=True,
    ),
    Operation(
        id="logOut", method="GET", is_safe=False, path="/logout", tag="Signing in", handler=log_out,
        takes=PathOnly(), needs=PUBLIC, answers=[_AWAY], is_extension=True,
    ),
    Operation(
        id="logOutByForm", method="POST", path="/logout", tag="Signing in", handler=log_out_by_form,
        takes=Form(common.Confirmation), needs=PUBLIC, csrf=TOKEN, answers=[_AWAY], is_extension=True,
    ),
    Operation(
        id="showPageStyle", method="GET", path="/static/pages.css", tag="Signing in", handler=show_page_style,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(str, media_type="text/css")], is_extension=True,
    ),
    # --- terraform login ---
    Operation(
        id="authoriseTerraform", method="GET", is_safe=False, path=AUTHORISATION_PATH, tag="Terraform login",
        handler=authorise_terraform, takes=Query(access.AuthorisationArguments), needs=PUBLIC,
        own_check="A session of a person who may read", family=ErrorFamily.PAGE, answers=[_AWAY, _PAGE],
        raises=[NotOffered, InvalidOAuthRequest], is_extension=True,
    ),
    Operation(
        id="confirmTerraform", method="POST", path=AUTHORISATION_PATH, tag="Terraform login",
        handler=confirm_terraform, takes=QueryAndForm(access.AuthorisationArguments), needs=PUBLIC,
        own_check="A session of a person who may read", csrf=TOKEN, family=ErrorFamily.PAGE, answers=[_AWAY],
        raises=[NotOffered, InvalidOAuthRequest], is_extension=True,
    ),
    Operation(
        id="exchangeCode", method="POST", path=TOKEN_PATH, tag="Terraform login", handler=exchange_code,
        takes=Form(access.TokenForm), needs=PUBLIC, own_check="A code and its verifier", family=ErrorFamily.OAUTH,
        answers=[Answer(access.IssuedTokenAnswer)], raises=[NotOffered, InvalidOAuthRequest], is_extension=True,
    ),
    Operation(
        id="showKeySet", method="GET", path="/terraform/oauth/jwks", tag="Terraform login", handler=show_key_set,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(dict)], raises=[NotOffered], is_extension=True,
    ),
    # --- what was done ---
    Operation(
        id="showAuditHistory", method="GET", path="/v1/terrareg/audit-history", tag="Access",
        handler=show_audit_history,
        takes=Query(audit.AuditArguments), needs=Capability.SITE_ADMIN, answers=[Answer(audit.AuditHistoryPage)],
    ),
    # --- reference ---
    Operation(
        id="showOpenApi", method="GET", path="/openapi.json", tag="Service", handler=_reference.document,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(dict)], is_extension=True,
    ),
    Operation(
        id="showReference", method="GET", path="/docs", tag="Service", handler=_reference.page,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(str, media_type="text/html")], is_extension=True,
    ),
    Operation(
        id="showReferenceStyle", method="GET", path="/docs/reference.css", tag="Service", handler=_reference.style,
        takes=PathOnly(), needs=PUBLIC, answers=[Answer(str, media_type="text/css")], is_extension=True,
    ),
)
# fmt: on
"""Literals win over parameters whatever the order; a trailing slash is answered only where an alias has one."""
