"""Indexing: everything that is read from a module's sources when it is published (chapter 03, 5 to 12 and 20)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn, TypeGuard

import attrs

from terrareg_core.errors import InvalidModule, InvalidSource, InvalidUrlTemplate
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.json_values import JsonObject, JsonValue, storable, storable_text
from terrareg_core.modules.analysis import LOCK_FILE, locked_versions, module_file_names, specify
from terrareg_core.modules.descriptions import describe
from terrareg_core.modules.documents import (
    DocumentRenderer,
    HtmlTexts,
    PartDocuments,
    PartKey,
    PartTexts,
    VersionDocuments,
)
from terrareg_core.modules.graph import build_graph
from terrareg_core.modules.model import IndexedContent, ModuleMetadata
from terrareg_core.modules.module_tree import Budget, build_tree
from terrareg_core.modules.parts import ModulePart, PartKind
from terrareg_core.modules.ports import SpecificationReader
from terrareg_core.modules.scanning import CostEstimator, SecurityScanner, security_results
from terrareg_core.modules.source_tree import SourceTree, Subtree
from terrareg_core.modules.sources import UrlSlot, UrlTemplate
from terrareg_core.modules.specification import ModuleSpecification
from terrareg_core.modules.syntax import ParsedFile, SourceBounds
from terrareg_core.modules.usage import usage_variables

_METADATA_FILES = ("terrareg.json", ".terrareg.json")
_README = "README.md"
_METADATA_MAX_BYTES = 1 << 20
_TEXT_MAX_BYTES = (16 << 20) - 1
_DESCRIPTION_MAX_LENGTH = 1024
_OWNER_MAX_LENGTH = 128
_URL_MAX_LENGTH = 1024
_TREE_ENTRIES = 200_000
_TREE_CHARACTERS = 64 << 20
"""Of the call trees and graphs of all documented directories of a version together."""


@attrs.frozen
class IndexingPolicy:
    """What the operator laid down about a module's layout (chapter 03, 2)."""

    modules_directory: str = "modules"
    examples_directory: str = "examples"
    example_file_extensions: tuple[str, ...] = ("tf", "tfvars", "sh", "json")
    required_metadata: tuple[str, ...] = ()
    tab_files: tuple[str, ...] = ("RELEASE_NOTES.md", "CHANGELOG.md", "LICENSE")
    """Names, below the root of what was uploaded, of documents that are kept beside the README."""
    generate_description: bool = True
    bounds: SourceBounds = attrs.field(factory=SourceBounds)


@attrs.frozen
class _Directory:
    """The files directly in one directory of the tree, by name."""

    path: str
    """Below the root of the tree."""
    files: Mapping[str, int]
    """Sizes in bytes."""

    def path_of(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    @property
    def source_names(self) -> Sequence[str]:
        """The names of its Terraform files, in the order in which they are read."""
        return module_file_names(self.files)


@attrs.frozen
class ModuleIndexer:
    """Reads a source tree into what is stored of it; holds no state, so one serves every thread."""

    _reader: SpecificationReader
    _renderer: DocumentRenderer
    _policy: IndexingPolicy
    _scanner: SecurityScanner | None = None
    _estimator: CostEstimator | None = None

    def index(self, tree: SourceTree, address: ModuleProviderId, root: str = "") -> IndexedContent:
        """Everything there is to store of the module `address`, whose root is the directory `root` of the tree.

        Calls of modules are followed up to the root of the tree. Raises InvalidSource for sources or metadata that
        can't be read, InvalidModule for what is incomplete or too large, RegistryFailure when reading is not possible
        at the moment.
        """
        module = Subtree.of(tree, root)
        metadata = self._metadata(module, address)
        below_root = _directories(module)
        documented = list(self._documented(below_root))
        sources = _Sources(tree, _directories(tree), self._reader, self._policy.bounds)
        sources.read([_joined(root, path) for _, path in documented])
        parts, html = self._parts(module, below_root, documented, sources, root)
        examples = [path for kind, path in documented if kind is PartKind.EXAMPLE]
        example_files = self._example_files(module, [below_root[path] for path in examples])
        tab_files = _texts(tree, self._policy.tab_files)
        return IndexedContent(
            metadata,
            metadata.description or self._generated_description(parts[0].readme),
            parts,
            example_files=example_files,
            tab_files=tab_files,
            documents=VersionDocuments(
                self._part_documents(tree, root, documented, sources, html),
                {path: self._renderer.source(text, path.rpartition("/")[0]) for path, text in example_files.items()},
                {path: self._renderer.file(path.rpartition("/")[2], text) for path, text in tab_files.items()},
                usage_variables(
                    metadata.variable_template, (), (), autogenerate=False, sanitise=self._renderer.help_text
                ),
            ),
            warnings=tuple(sources.warnings),
        )

    def _documented(self, directories: Mapping[str, _Directory]) -> Iterator[PartKey]:
        """The root, then submodules, then examples, each by path (chapter 03, 11)."""
        yield PartKind.ROOT, ""
        bases = {
            PartKind.SUBMODULE: self._policy.modules_directory.strip("/"),
            PartKind.EXAMPLE: self._policy.examples_directory.strip("/"),
        }
        for kind, base in bases.items():
            # With an empty base the module root itself is searched, without the root and the other base.
            excluded = [other for other in bases.values() if other and other != base] if not base else []
            for path, directory in sorted(directories.items()):
                below = _is_at_or_below(path, base) if base else bool(path)
                if (
                    below
                    and not _is_hidden(path)
                    and not any(_is_at_or_below(path, other) for other in excluded)
                    and directory.source_names
                ):
                    yield kind, path

    def _parts(
        self,
        module: SourceTree,
        directories: Mapping[str, _Directory],
        documented: Sequence[PartKey],
        sources: "_Sources",
        root: str,
    ) -> tuple[Sequence[ModulePart], Mapping[PartKey, HtmlTexts]]:
        parts, html = [], {}
        for kind, path in documented:
            directory = directories[path]
            readme = _text(module, directory.path_of(_README)) if _README in directory.files else ""
            specification = sources.specification(_joined(root, path)) or ModuleSpecification()
            rendered = self._renderer.part(
                PartTexts(
                    path,
                    readme,
                    [item.description for item in specification.inputs],
                    [item.description for item in specification.outputs],
                    [use.name for use in specification.providers],
                )
            )
            parts.append(ModulePart(kind, path, readme, specification, rendered.safe))
            html[kind, path] = rendered.html
        return parts, html

    def _part_documents(
        self,
        tree: SourceTree,
        root: str,
        documented: Sequence[PartKey],
        sources: "_Sources",
        html: Mapping[PartKey, HtmlTexts],
    ) -> Mapping[PartKey, PartDocuments]:
        findings = security_results(self._scanner, tree, [path for _, path in documented], root)
        examples = [path for kind, path in documented if kind is PartKind.EXAMPLE]
        costs = self._estimator.estimate(tree, examples, root) if self._estimator is not None and examples else {}
        budget = Budget(_TREE_ENTRIES, _TREE_CHARACTERS)
        found = {}
        for kind, path in documented:
            calls = build_tree(_joined(root, path), sources.specification, budget)
            results = findings[path]
            found[kind, path] = PartDocuments(
                html[kind, path],
                calls,
                build_graph(calls, sources.specification, budget),
                None if results is None else [finding.document() for finding in results],
                costs.get(path) if kind is PartKind.EXAMPLE else None,
            )
        return found

    def _generated_description(self, readme: str) -> str | None:
        if not self._policy.generate_description or not readme:
            return None
        return describe(self._renderer.plain_text(readme))

    def _example_files(self, module: SourceTree, examples: Sequence[_Directory]) -> dict[str, str]:
        endings = tuple(f".{extension}" for extension in self._policy.example_file_extensions)
        return {
            directory.path_of(name): _text(module, directory.path_of(name))
            for directory in examples
            for name in sorted(directory.files)
            if name.endswith(endings) and not name.startswith(".")
        }

    # --- the metadata file (6) -----------------------------------------------------------------------------------

    def _metadata(self, tree: SourceTree, address: ModuleProviderId) -> ModuleMetadata:
        sizes = {file.path: file.size for file in tree.files()}
        path = next((name for name in _METADATA_FILES if name in sizes), None)
        document: JsonObject = {}
        if path is not None:
            if sizes[path] > _METADATA_MAX_BYTES:
                raise InvalidSource(path, None, f"the metadata file has more than {_METADATA_MAX_BYTES} bytes")
            document = _json_object(path, tree.read(path))
        for name in self._policy.required_metadata:
            if not document.get(name):
                raise InvalidModule(f"The module's terrareg.json must set {name}; add it and publish again")
        return _metadata_of(path or _METADATA_FILES[0], document, address)


def _json_object(path: str, content: bytes) -> JsonObject:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON value")

    try:
        document = storable(json.loads(content.decode("utf-8-sig"), parse_constant=refuse))
    except json.JSONDecodeError as error:
        raise InvalidSource(path, error.lineno, f"the file is not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidSource(path, None, "the file is not valid JSON in UTF-8") from error
    if not isinstance(document, Mapping):
        raise InvalidSource(path, None, "the metadata file must hold a JSON object")
    return document


def _metadata_of(path: str, document: JsonObject, address: ModuleProviderId) -> ModuleMetadata:
    """The known keys of the file, checked; unknown ones are ignored."""

    def text(key: str, most: int) -> str | None:
        value = document.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidSource(path, None, f"{key} must be a text")
        if len(value) > most:
            raise InvalidSource(path, None, f"{key} must not be longer than {most} characters")
        return value or None

    def url(slot: UrlSlot) -> str | None:
        value = text(f"repo_{slot.value}_url", _URL_MAX_LENGTH)
        try:
            return UrlTemplate.parse(slot, value, address).text if value else None
        except InvalidUrlTemplate as error:
            raise InvalidSource(path, None, error.message) from error

    internal = document.get("internal")
    if internal is not None and not isinstance(internal, bool):
        raise InvalidSource(path, None, "internal must be true or false")
    template = document.get("variable_template") or ()
    if not _is_variable_template(template):
        raise InvalidSource(path, None, "variable_template must be a list of objects, each with a name")
    description = text("description", _TEXT_MAX_BYTES)
    return ModuleMetadata(
        description[:_DESCRIPTION_MAX_LENGTH] if description else None,
        text("owner", _OWNER_MAX_LENGTH),
        bool(internal),
        url(UrlSlot.CLONE),
        url(UrlSlot.BASE),
        url(UrlSlot.BROWSE),
        tuple(template),
    )


def _is_variable_template(value: JsonValue) -> TypeGuard[Sequence[JsonObject]]:
    return isinstance(value, Sequence) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("name"), str) for entry in value
    )


# --- reading the sources -------------------------------------------------------------------------------------------


@attrs.define
class _Sources:
    """The specifications of directories, each read once and only when it is asked for."""

    _tree: SourceTree
    _directories: Mapping[str, _Directory]
    _reader: SpecificationReader
    _bounds: SourceBounds
    warnings: list[str] = attrs.field(factory=list)
    _specifications: dict[str, ModuleSpecification | None] = attrs.field(factory=dict)
    _files: int = 0
    _bytes: int = 0

    def specification(self, path: str) -> ModuleSpecification | None:
        """What the directory at `path` below the tree's root specifies; None where there is no module."""
        if path not in self._specifications:
            self.read([path])
        return self._specifications[path]

    def read(self, paths: Iterable[str]) -> None:
        """Read the directories at `paths`, several files at once."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._specifications]
        names = {path: self._names_in(path) for path in wanted}
        files = [(path, name) for path in wanted for name in names[path]]
        parsed = self._reader.read_all([self._admitted(self._directories[path], name) for path, name in files])
        by_directory: dict[str, dict[str, ParsedFile]] = {path: {} for path in wanted}
        for (path, name), file in zip(files, parsed, strict=True):
            by_directory[path][name] = file
            self.warnings.extend(file.warnings)
        for path, found in by_directory.items():
            lock = found.pop(LOCK_FILE, None)
            self._specifications[path] = (
                specify(list(found.items()), locked_versions(lock) if lock is not None else {}) if names[path] else None
            )

    def _names_in(self, path: str) -> Sequence[str]:
        directory = self._directories.get(path)
        if directory is None or not directory.source_names:
            return []
        return [*directory.source_names, *([LOCK_FILE] if LOCK_FILE in directory.files else [])]

    def _admitted(self, directory: _Directory, name: str) -> tuple[str, bytes]:
        """Path and content of a file. Raises InvalidSource and InvalidModule beyond the bounds of 8.10.10."""
        path, size, bounds = directory.path_of(name), directory.files[name], self._bounds
        self._files += 1
        self._bytes += size
        if size > bounds.file_bytes:
            raise InvalidSource(path, None, f"the file has more than {bounds.file_bytes} bytes")
        if self._bytes > bounds.source_bytes:
            raise InvalidSource(path, None, f"the module has more than {bounds.source_bytes} bytes of Terraform")
        if self._files > bounds.files:
            raise InvalidModule(f"The module has more than {bounds.files} Terraform files")
        return path, self._tree.read(path)


# --- walking the tree ----------------------------------------------------------------------------------------------


def _directories(tree: SourceTree) -> Mapping[str, _Directory]:
    found: dict[str, dict[str, int]] = {"": {}, **{path: {} for path in tree.directories()}}
    for file in tree.files():
        directory, _, name = file.path.rpartition("/")
        found[directory][name] = file.size
    return {path: _Directory(path, files) for path, files in found.items()}


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _is_at_or_below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base}/")


def _joined(root: str, path: str) -> str:
    return "/".join(filter(None, (root, path)))


def _texts(tree: SourceTree, wanted: Sequence[str]) -> dict[str, str]:
    """The texts of those files among `wanted` that the tree has."""
    present = {file.path for file in tree.files()}
    return {path: _text(tree, path) for path in dict.fromkeys(wanted) if path in present}


def _text(tree: SourceTree, path: str) -> str:
    """A text file with `\\n` line ends; bytes that are no UTF-8 become replacement characters."""
    content = tree.read(path)
    if len(content) > _TEXT_MAX_BYTES:
        raise InvalidSource(path, None, f"the file has more than {_TEXT_MAX_BYTES} bytes, too many to be shown")
    return storable_text(content.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n"))
