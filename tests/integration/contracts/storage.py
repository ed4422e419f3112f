"""Building blocks of the storage contracts: values to store, and short ways to store them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.analytics.downloads import AnalyticsPolicy, Client, DownloadEvent
from terrareg_core.analytics.tokens import AnalyticsToken
from terrareg_core.identifiers import ModuleName, NamespaceName, ProviderName, RequestedModuleProvider
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.git_settings import GitProviderDefinition, RepositoryTemplates
from terrareg_core.modules.model import (
    GitOrigin,
    IndexedContent,
    ModuleMetadata,
    ModuleProvider,
    ModuleVersion,
    NewModuleVersion,
    StoredArchives,
)
from terrareg_core.modules.parts import ModulePart, PartKind, SafeTexts
from terrareg_core.modules.ports import StoredObject
from terrareg_core.modules.specification import (
    Input,
    ModuleCall,
    ModuleSpecification,
    Output,
    ProviderUse,
    Requirement,
    Resource,
)
from terrareg_core.namespaces.model import Namespace
from terrareg_core.transactions import Transaction
from terrareg_core.versions import Version

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ARCHIVES = StoredArchives(
    StoredObject("archives/1/source.zip", 10, "a" * 64), StoredObject("archives/1/source.tar.gz", 2**40, "b" * 64)
)
ORIGIN = GitOrigin("c" * 40, "v1.0.0")


def part(kind: PartKind = PartKind.ROOT, path: str = "", default: JsonValue = None) -> ModulePart:
    """A part in which every list of the specification has a row."""
    specification = ModuleSpecification(
        header="# Ünicode",
        footer="",
        inputs=(
            Input("size", "map(number)", None, default, required=False),
            Input("b", "any", "B", None, required=True),
        ),
        modules=(ModuleCall("inner", "./inner", "", None),),
        outputs=(Output("id", "The id"), Output("arn", None)),
        providers=(ProviderUse("aws", None, ">= 4.0"), ProviderUse("aws", "west", None)),
        requirements=(Requirement("terraform", ">= 1.3"), Requirement("aws", ">= 4.0")),
        resources=(Resource("aws_vpc", "this", "aws", "hashicorp/aws", "managed", "latest", None),),
    )
    safe = SafeTexts("safe", (None, "B"), ("The id", None))
    return ModulePart(kind, path, "the readme", specification, safe)


def content(
    *,
    description: str | None = "Makes a network",
    owner: str | None = "Team Éclair",
    internal: bool = False,
    parts: tuple[ModulePart, ...] | None = None,
) -> IndexedContent:
    """What a version contains."""
    metadata = ModuleMetadata(
        description=description,
        owner=owner,
        internal=internal,
        repo_clone_url="https://clone.test/{module}",
        repo_base_url="https://base.test/{module}",
        repo_browse_url="https://browse.test/{module}",
        variable_template=({"name": "size", "order": 1},),
    )
    return IndexedContent(
        metadata,
        description,
        (part(),) if parts is None else parts,
        example_files={"examples/one/main.tf": "# one"},
        tab_files={"CHANGELOG.md": "changes"},
    )


def new_version(
    module_provider: ModuleProvider | int,
    version: str = "1.0.0",
    *,
    published: bool = True,
    indexed: IndexedContent | None = None,
    archives: StoredArchives = ARCHIVES,
    origin: GitOrigin | None = ORIGIN,
    moment: datetime = NOW,
) -> NewModuleVersion:
    """A version about to be stored in a module provider, or in the one of an id."""
    return NewModuleVersion(
        module_provider if isinstance(module_provider, int) else module_provider.id,
        Version.parse(version),
        published,
        indexed_at=moment,
        published_at=moment,
        content=content() if indexed is None else indexed,
        archives=archives,
        uploader="Built-in admin",
        origin=origin,
    )


def given_namespace(tx: Transaction, name: str = "acme") -> Namespace:
    """The namespace of this name, created if it is missing."""
    return tx.namespaces.find(name) or tx.namespaces.add(NamespaceName.parse(name))


def given_module_provider(tx: Transaction, address: str = "acme/vpc/aws", *, verified: bool = False) -> ModuleProvider:
    """A new module provider, its namespace included."""
    namespace, module, provider = address.split("/")
    namespace_id = given_namespace(tx, namespace).id
    return tx.module_providers.add(
        namespace_id, ModuleName.parse(module), ProviderName.parse(provider), verified=verified
    )


def given_version(
    tx: Transaction, module_provider: ModuleProvider, version: str = "1.0.0", *, indexed: IndexedContent | None = None
) -> ModuleVersion:
    """A new published version that is the latest."""
    stored = tx.module_versions.add(new_version(module_provider, version, indexed=indexed))
    tx.module_providers.set_latest(module_provider.id, stored.id)
    return stored


def person(
    subject: str = "https://idp.test 17",
    *,
    method: SignInMethod = SignInMethod.OPENID,
    source: str | None = None,
    name: str = "Zoë",
    groups: Iterable[str] = (),
    logins: Iterable[str] = (),
) -> Person:
    """Somebody who signed in."""
    return Person(
        method=method, name=name, subject=subject, source=source, groups=frozenset(groups), logins=frozenset(logins)
    )


def digest(number: int) -> str:
    """A digest that differs from those of other numbers."""
    return f"{number:064x}"


def git_provider_definition(name: str = "Hub") -> GitProviderDefinition:
    """A git provider as an operator would configure it."""
    page = f"https://{name.lower()}.test/{{namespace}}/{{module}}"
    return GitProviderDefinition(name, RepositoryTemplates(page, f"{page}.git", f"{page}/tree/{{tag}}/{{path}}"))


def download_of(
    version: ModuleVersion | int,
    *,
    token: str | None = "my-app",
    moment: datetime = NOW,
    environment: str | None = "prod",
    requested: str = "Old/Vpc/aws",
) -> DownloadEvent:
    """A download of a version, or of the one of an id."""
    return DownloadEvent.of(
        version if isinstance(version, int) else version.id,
        moment,
        RequestedModuleProvider.parse(requested),
        AnalyticsToken(token) if token else None,
        Client("Terraform/1.11.4", "1.11.4"),
        Identity(IdentityKind.ANALYTICS_KEY, "key", environment=environment),
        AnalyticsPolicy(environments_configured=True),
    )
