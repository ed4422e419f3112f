"""Indexing: everything that is read from a module's sources when it is published (chapter 03, 5 to 12 and 20)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, TypeGuard

import attrs

from terrareg_core.errors import InvalidModule, InvalidSource, InvalidUrlTemplate
from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.json_values import JsonObject, JsonValue, storable, storable_text
from terrareg_core.modules.analysis import LOCK_FILE, locked_versions, module_file_names, specify
from terrareg_core.modules.descriptions import describe
from terrareg_core.modules.model import IndexedContent, ModuleMetadata, ModulePart, PartKind, SafeTexts
from terrareg_core.modules.ports import MarkdownRenderer, SpecificationReader
from terrareg_core.modules.source_tree import SourceTree
from terrareg_core.modules.sources import UrlSlot, UrlTemplate
from terrareg_core.modules.specification import ModuleSpecification
from terrareg_core.modules.syntax import ParsedFile, SourceBounds

_METADATA_FILES = ("terrareg.json", ".terrareg.json")
_README = "README.md"
_METADATA_MAX_BYTES = 1 << 20
_TEXT_MAX_BYTES = (16 << 20) - 1
_DESCRIPTION_MAX_LENGTH = 1024
_OWNER_MAX_LENGTH = 128
_URL_MAX_LENGTH = 1024


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
    files: Mapping[str, int]
    """Sizes in bytes."""

    def path_of(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name


@attrs.frozen
class ModuleIndexer:
    """Reads a source tree into what is stored of it; holds no state, so one serves every thread."""

    _reader: SpecificationReader
    _renderer: MarkdownRenderer
    _policy: IndexingPolicy

    def index(self, tree: SourceTree, address: ModuleProviderId) -> IndexedContent:
        """Everything there is to store of the module `address` whose root is the tree's root.

        Raises InvalidSource for sources or metadata that can't be read, InvalidModule for what is incomplete.
        """
        metadata = self._metadata(tree, address)
        directories = _directories(tree)
        self._require_bounds(directories)
        warnings: list[str] = []
        parts = [self._part(tree, kind, directories[path], warnings) for kind, path in self._documented(directories)]
        root = parts[0]
        return IndexedContent(
            metadata,
            metadata.description or self._generated_description(root.readme),
            parts,
            example_files=self._example_files(tree, [directories[p.path] for p in parts if p.kind is PartKind.EXAMPLE]),
            tab_files=_tab_files(tree, self._policy.tab_files),
            warnings=tuple(warnings),
        )

    def _documented(self, directories: Mapping[str, _Directory]) -> Iterator[tuple[PartKind, str]]:
        yield PartKind.ROOT, ""
        bases = {
            PartKind.SUBMODULE: self._policy.modules_directory.strip("/"),
            PartKind.EXAMPLE: self._policy.examples_directory.strip("/"),
        }
        for kind, base in bases.items():
            # With an empty base the module root itself is searched, without the root and the other base (11).
            excluded = [other for other in bases.values() if other and other != base] if not base else []
            for path, directory in sorted(directories.items()):
                below = _is_at_or_below(path, base) if base else bool(path)
                if below and not any(_is_at_or_below(path, other) for other in excluded) and _has_sources(directory):
                    yield kind, path

    def _require_bounds(self, directories: Mapping[str, _Directory]) -> None:
        bounds = self._policy.bounds
        sources = [
            (directory.path_of(name), directory.files[name])
            for directory in directories.values()
            for name in module_file_names(directory.files)
        ]
        if len(sources) > bounds.files:
            raise InvalidModule(f"The module has more than {bounds.files} Terraform files")
        total = 0
        for path, size in sources:
            total += size
            if total > bounds.source_bytes:
                raise InvalidSource(path, None, f"the module has more than {bounds.source_bytes} bytes of Terraform")

    def _part(self, tree: SourceTree, kind: PartKind, directory: _Directory, warnings: list[str]) -> ModulePart:
        readme = _text(tree, directory.path_of(_README)) if _README in directory.files else ""
        specification = self._specification(tree, directory, warnings)
        safe = SafeTexts(
            self._renderer.sanitise_text(readme),
            tuple(self._safe_description(item.description) for item in specification.inputs),
            tuple(self._safe_description(item.description) for item in specification.outputs),
        )
        return ModulePart(kind, directory.path, readme, specification, safe)

    def _safe_description(self, description: str | None) -> str | None:
        return self._renderer.sanitise_markdown(description) if description else description

    def _specification(self, tree: SourceTree, directory: _Directory, warnings: list[str]) -> ModuleSpecification:
        files = [
            (name, self._read(tree, directory.path_of(name), directory.files[name], warnings))
            for name in module_file_names(directory.files)
        ]
        lock = directory.path_of(LOCK_FILE)
        locked = (
            locked_versions(self._read(tree, lock, directory.files[LOCK_FILE], warnings))
            if LOCK_FILE in directory.files
            else {}
        )
        return specify(files, locked)

    def _read(self, tree: SourceTree, path: str, size: int, warnings: list[str]) -> ParsedFile:
        if size > self._policy.bounds.file_bytes:
            raise InvalidSource(path, None, f"the file has more than {self._policy.bounds.file_bytes} bytes")
        parsed = self._reader.read(path, tree.read(path))
        warnings.extend(parsed.warnings)
        return parsed

    def _generated_description(self, readme: str) -> str | None:
        if not self._policy.generate_description or not readme:
            return None
        return describe(self._renderer.plain_text(readme))

    def _example_files(self, tree: SourceTree, examples: Sequence[_Directory]) -> dict[str, str]:
        endings = tuple(f".{extension}" for extension in self._policy.example_file_extensions)
        return {
            directory.path_of(name): _text(tree, directory.path_of(name))
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


# --- walking the tree ----------------------------------------------------------------------------------------------


def _directories(tree: SourceTree) -> Mapping[str, _Directory]:
    """Every directory that may be documented (no hidden one, and nothing below one), with its visible files."""
    found: dict[str, dict[str, int]] = {"": {}}
    for path in tree.directories():
        if not _is_hidden(path):
            found[path] = {}
    for file in tree.files():
        directory, _, name = file.path.rpartition("/")
        if directory in found:
            found[directory][name] = file.size
    return {path: _Directory(path, files) for path, files in found.items()}


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _is_at_or_below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base}/")


def _has_sources(directory: _Directory) -> bool:
    return bool(module_file_names(directory.files))


def _tab_files(tree: SourceTree, wanted: Sequence[str]) -> dict[str, str]:
    present = {file.path for file in tree.files()}
    return {path: _text(tree, path) for path in dict.fromkeys(wanted) if path in present}


def _text(tree: SourceTree, path: str) -> str:
    """A text file with `\\n` line ends; bytes that are no UTF-8 become replacement characters."""
    content = tree.read(path)
    if len(content) > _TEXT_MAX_BYTES:
        raise InvalidSource(path, None, f"the file has more than {_TEXT_MAX_BYTES} bytes, too many to be shown")
    return storable_text(content.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n"))
