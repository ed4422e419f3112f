"""No read takes more statements because more is stored: every reading operation of the route table is counted."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from terrareg_adapters.assembly import RegistryOptions
from terrareg_core.access.permissions import Capability
from terrareg_core.audit.events import AuditAction, AuditEvent
from terrareg_core.identifiers import ModuleName, ProviderName
from terrareg_core.modules.documents import PartDocuments, VersionDocuments
from terrareg_core.modules.model import IndexedContent, ModuleMetadata, ModuleProvider, ModuleVersion
from terrareg_core.modules.parts import ModulePart, PartKind, SafeTexts
from terrareg_core.modules.specification import ModuleSpecification
from terrareg_core.transactions import Transaction
from terrareg_http.operation import Operation
from terrareg_http.routes import ROUTES
from tests.integration.contracts.storage import (
    NOW,
    download_of,
    git_provider_definition,
    given_module_provider,
    given_namespace,
    new_version,
)
from tests.integration.http.conftest import SECRETS
from tests.integration.http.serving import ADMIN, Served, opened_store
from tests.integration.statements import counted

MANY = 200
MOST = 9
"""Statements of any read."""
PARAMETERS = {
    "namespace": "acme",
    "name": "vpc",
    "provider": "aws",
    "version": "1.0.0",
    "path": "CHANGELOG.md",
    "submodule": "modules/a0",
    "submodule_path": "modules/a0",
    "example": "examples/a0",
    "example_path": "examples/a0",
    "example_file": "examples/a0/main.tf",
}
READS = [
    operation
    for operation in ROUTES
    if operation.method == "GET" and operation.needs in {Capability.READ, Capability.TERRAFORM, Capability.SITE_ADMIN}
]


def _part(kind: PartKind, path: str) -> ModulePart:
    return ModulePart(kind, path, "", ModuleSpecification(), SafeTexts())


def _content(parts: int) -> IndexedContent:
    """What a version contains that has so many submodules, examples and files."""
    directories = [_part(PartKind.ROOT, "")]
    for number in range(parts):
        directories += [_part(PartKind.SUBMODULE, f"modules/a{number}"), _part(PartKind.EXAMPLE, f"examples/a{number}")]
    files = {f"examples/a{number}/main.tf": ("text",) for number in range(parts)}
    documents = VersionDocuments(
        {(it.kind, it.path): PartDocuments() for it in directories},
        files,
        {f"{number}.md": "text" for number in range(parts)} | {"CHANGELOG.md": "changes"},
    )
    return IndexedContent(
        ModuleMetadata(),
        "A description",
        tuple(directories),
        example_files=dict.fromkeys(files, "text"),
        tab_files=dict.fromkeys(documents.files, "text"),
        documents=documents,
    )


def _given_version(tx: Transaction, module_provider: ModuleProvider, content: IndexedContent) -> ModuleVersion:
    stored = tx.module_versions.add(new_version(module_provider, indexed=content))
    tx.module_providers.set_latest(module_provider.id, stored.id)
    return stored


def _fill(tx: Transaction, many: int) -> None:
    """Store `many` of everything: namespaces, module providers, versions, parts, files, redirects, downloads."""
    addresses: list[str] = []
    for number in range(1, many):
        addresses += [f"acme/m{number}/aws", f"acme/vpc/p{number}", f"ns{number}/vpc/aws"]
    for address in addresses:
        _given_version(tx, given_module_provider(tx, address), _content(0))
    module_provider = given_module_provider(tx, "acme/vpc/aws")
    stored = _given_version(tx, module_provider, _content(many))
    for number in range(1, many):
        tx.module_versions.add(new_version(module_provider, f"0.1.{number}", indexed=_content(0)))
        former = ModuleName(f"former{number}"), ProviderName("aws")
        tx.module_providers.add_redirect(module_provider.namespace.id, *former, module_provider.id)
    tx.downloads.append([download_of(stored, token=f"token{number}") for number in range(many)])
    for number in range(many):
        tx.git_providers.add(git_provider_definition(f"Hub {number}"))
        given_namespace(tx, f"empty{number}")
        tx.audit.append(AuditEvent(NOW, "somebody", AuditAction.NAMESPACE_CREATE, f"empty{number}"))


@pytest.fixture(scope="module")
def few_and_many(empty_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """A registry that holds one of everything, and one that holds many."""
    with ExitStack() as stack:
        served = []
        for many in (1, MANY):
            directory = tmp_path_factory.mktemp("counts") / f"{many}"
            shutil.copytree(empty_data, directory)
            options = RegistryOptions(data_directory=directory, secrets=SECRETS)
            with opened_store(options) as unit_of_work, unit_of_work.write() as tx:
                _fill(tx, many)
            served.append(stack.enter_context(Served(options)))
        yield served[0], served[1]


def _path(operation: Operation[Any]) -> str:
    path = re.sub(r"\{(\w+)(?::path)?\}", lambda found: PARAMETERS[found[1]], operation.path)
    return path.replace("/acme/", "/tok__acme/") if operation.id.startswith("download") else path


def _statements(served: Served, path: str, rows: int, search: str = "") -> list[str]:
    query = {"limit": rows, "offset": 0, "q": "", "include_count": "1", "terraform-get": "1"}
    query |= {"length": rows, "search[value]": search}
    # The first request may connect and prepare.
    for _ in range(2):
        with counted() as statements:
            answer = served.get(path, params=query, headers=ADMIN)
        assert answer.status_code in {200, 204}, answer.text
    return statements


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.id)
def test_a_read_takes_the_same_statements_with_little_and_with_much(
    few_and_many: tuple[Served, Served], operation: Operation[Any]
) -> None:
    few, many = few_and_many
    path = _path(operation)
    # Full pages, because a page that is not full tells the total by itself and saves a statement.
    expected = _statements(few, path, 1)
    assert len(expected) <= MOST
    assert _statements(many, path, 50) == expected


def test_only_a_search_whose_matches_are_counted_takes_a_second_statement(
    few_and_many: tuple[Served, Served],
) -> None:
    assert len(_statements(few_and_many[1], "/v1/modules", 50)) == 1
    assert len(_statements(few_and_many[1], "/v1/modules/search", 50)) == 2


def test_the_audit_history_takes_three_statements_at_most(few_and_many: tuple[Served, Served]) -> None:
    path, many = "/v1/terrareg/audit-history", few_and_many[1]
    assert len(_statements(many, path, 50)) == 2
    assert len(_statements(many, path, 50, search="empty")) == 3
    # A page that is not full tells how many there are.
    assert len(_statements(many, path, 50, search="empty11")) == 2
