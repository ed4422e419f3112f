"""Every module of the corpus is read as its expected document says, cell by cell, and Terraform reads it too."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import pytest

from terrareg_core.modules.analysis import module_file_names
from terrareg_core.modules.model import IndexedContent
from terrareg_core.modules.specification import ModuleSpecification
from tests.corpus import EXPECTED, MODULE_NAMES, MODULES, index, module_files, module_tree
from tests.integration.conftest import needs

_ONLY_TOLERATED = {("queue", "main.tf")}
"""Files that the rules tolerate (several attributes on a line, 8.10.3) and Terraform's own parser doesn't."""

_IDENTITY = {
    "inputs": ("name",),
    "outputs": ("name",),
    "modules": ("name",),
    "providers": ("name", "alias"),
    "requirements": ("name", "version"),
    "resources": ("mode", "provider", "type", "name"),
}
"""The cells by which an element of each list is known."""


@pytest.fixture(scope="module", params=MODULE_NAMES)
def module(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def expected(module: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads((EXPECTED / f"{module}.json").read_bytes())
    return document


@pytest.fixture(scope="module")
def indexed(module: str) -> IndexedContent:
    return index(module_tree(module))


def test_every_cell_is_as_expected(module: str, expected: Mapping[str, Any], indexed: IndexedContent) -> None:
    wanted = {directory["path"]: directory["document"] for directory in expected["directories"]}
    found = {part.path: _document(part.specification) for part in indexed.parts}
    differences = [
        f"{module}: {path or 'root'}: {difference}"
        for path in wanted.keys() & found.keys()
        for difference in _differences(wanted[path], found[path])
    ]
    assert not differences, "\n".join(sorted(differences))


def test_the_directories_that_are_documented_are_as_expected(
    expected: Mapping[str, Any], indexed: IndexedContent
) -> None:
    wanted = [(directory["kind"], directory["path"]) for directory in expected["directories"]]
    assert [(part.kind.value, part.path) for part in indexed.parts] == wanted


def test_what_is_read_beside_the_documents_is_as_expected(expected: Mapping[str, Any], indexed: IndexedContent) -> None:
    assert indexed.description == expected["description"]
    assert indexed.metadata.owner == expected["owner"]
    assert indexed.metadata.internal is expected["internal"]
    assert sorted(indexed.example_files) == expected["example_files"]
    assert sorted(indexed.tab_files) == expected["tab_files"]
    assert [warning.partition(":")[0] for warning in indexed.warnings] == expected["warnings"]


def test_stored_texts_have_plain_line_ends(indexed: IndexedContent) -> None:
    texts = [*indexed.example_files.values(), *indexed.tab_files.values(), *(part.readme for part in indexed.parts)]
    specifications = [part.specification for part in indexed.parts]
    descriptions = [item.description or "" for specification in specifications for item in specification.inputs]
    descriptions += [item.description or "" for specification in specifications for item in specification.outputs]
    types = [item.type for specification in specifications for item in specification.inputs]
    assert not [text for text in (*texts, *descriptions, *types) if "\r" in text]


def test_terraform_reads_the_syntax_of_every_native_file(module: str, indexed: IndexedContent) -> None:
    terraform = str(needs("terraform"))
    files = [
        path
        for path in _native_files(module, {part.path for part in indexed.parts})
        if (module, path) not in _ONLY_TOLERATED
    ]
    arguments = [terraform, "fmt", "-write=false", "-list=false", "-no-color", *files]
    assert files
    finished = subprocess.run(arguments, cwd=MODULES / module, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr


def _native_files(module: str, directories: Iterable[str]) -> Iterator[str]:
    files = module_files(module)
    for directory in directories:
        names = [path.rpartition("/")[2] for path in files if path.rpartition("/")[0] == directory]
        for name in module_file_names(names):
            # The formatter takes no other endings, and reads `.tofu` under no name.
            if name.endswith(".tf"):
                yield f"{directory}/{name}" if directory else name


def _document(specification: ModuleSpecification) -> Mapping[str, Any]:
    """The document as clients get it."""
    document = attrs.asdict(specification)
    for resource in document["resources"]:
        del resource["prefixed"]
    plain: Mapping[str, Any] = json.loads(json.dumps(document))
    return plain


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    assert set(wanted) == set(found)
    for part in ("header", "footer"):
        if wanted[part] != found[part]:
            yield f"{part}: {found[part]!r} instead of {wanted[part]!r}"
    for part, cells in _IDENTITY.items():
        yield from _element_differences(part, _by_identity(wanted[part], cells), _by_identity(found[part], cells))


def _by_identity(elements: Sequence[Mapping[str, Any]], cells: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The elements of a list by what they are known by, numbered where they repeat, in their order."""
    seen: Counter[str] = Counter()
    named: dict[str, Mapping[str, Any]] = {}
    for element in elements:
        name = ".".join(str(element[cell]) for cell in cells)
        seen[name] += 1
        named[name if seen[name] == 1 else f"{name} ({seen[name]})"] = element
    return named


def _element_differences(
    part: str, wanted: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    yield from (f"{part}: {name} is missing" for name in wanted if name not in found)
    yield from (f"{part}: {name} is there and should not be" for name in found if name not in wanted)
    for name in wanted.keys() & found.keys():
        for cell in sorted(wanted[name].keys() | found[name].keys()):
            had, has = (_text(element, cell) for element in (wanted[name], found[name]))
            if had != has:
                yield f"{part}: {name}: {cell}: {has} instead of {had}"
    if list(wanted) != list(found) and wanted.keys() == found.keys():
        yield f"{part}: the order is {', '.join(found)} instead of {', '.join(wanted)}"


def _text(element: Mapping[str, Any], cell: str) -> str:
    """A cell as JSON text: so 1 is not true, and the order of an object's keys counts."""
    return json.dumps(element[cell], ensure_ascii=False) if cell in element else "nothing"
