"""From the parsed files of one directory to its analysis document (chapter 03, 8.1 to 8.7)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

import attrs

from terrareg_core.errors import InvalidSource
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.specification import (
    Input,
    ModuleCall,
    ModuleSpecification,
    Output,
    ProviderUse,
    Requirement,
    Resource,
)
from terrareg_core.modules.syntax import Attribute, Block, Constant, NotConstant, ParsedFile

LOCK_FILE = ".terraform.lock.hcl"
"""The name of the file in a module directory that pins provider versions; `locked_versions` reads its blocks."""

IGNORE_MARKER = "terraform-docs-ignore"
"""A leading comment that holds this text leaves its block out of the document (8.7)."""

_EXTENSIONS = {".tofu.json": ".tf.json", ".tf.json": None, ".tofu": ".tf", ".tf": None}
"""Extensions of module files, longest first, each with the one that it replaces when both files stand side by side."""

_MODES = MappingProxyType({"resource": "managed", "data": "data"})
_LABELS = MappingProxyType(
    {"terraform": 0, "variable": 1, "output": 1, "provider": 1, "module": 1, "resource": 2, "data": 2}
)

# A provider reference: a local name, perhaps an alias, perhaps the instance of it that newer clients choose by key.
_PROVIDER_REFERENCE = re.compile(r"([^\W\d][\w-]*)(?:\.([^\W\d][\w-]*))?(?:\[.*\])?", re.DOTALL)


def module_file_names(names: Iterable[str]) -> list[str]:
    """Which of the files directly in a directory belong to its module, in the order in which they are merged.

    `names` are file names without a directory. Hidden files and editors' backups are left out, `x.tofu` replaces
    `x.tf` (as does `x.tofu.json` for `x.tf.json`), and override files come last (chapter 03, 8.1 and 8.10.7).
    """
    present = set(names)
    chosen = {name for name in present if _extension(name) is not None}
    for name in list(chosen):
        extension = _extension(name)
        replaced = _EXTENSIONS[extension] if extension else None
        if extension and replaced:
            chosen.discard(name.removesuffix(extension) + replaced)
    return sorted(chosen, key=lambda name: (_is_override(name), name))


def locked_versions(lock: ParsedFile) -> dict[str, str]:
    """The version that a lock file pins for each provider, by the last component of the provider's address (8.4)."""
    return {
        block.labels[0].rsplit("/", 1)[-1]: version.value.value
        for block in lock.blocks
        if block.type == "provider" and len(block.labels) == 1
        for version in [block.attributes.get("version")]
        if version is not None and isinstance(version.value, Constant) and isinstance(version.value.value, str)
    }


def specify(
    files: Sequence[tuple[str, ParsedFile]], pinned: Mapping[str, str] = MappingProxyType({})
) -> ModuleSpecification:
    """The analysis document of the directory that holds `files`: pairs of path below the module root and content.

    The files come in the order of `module_file_names`; a later block of the same identity replaces an earlier one.
    `pinned` is what `locked_versions` says. Raises InvalidSource for what chapter 03, 8.1 and 8.4 call an error: a
    default that is no constant, a list or an object where a string belongs, labels missing, two sources for a provider.
    """
    merged = _Merged()
    for path, file in files:
        for block in file.blocks:
            merged.add(path, block)
    providers = merged.providers()
    resources = [_resource(found, providers) for found in merged.shown_resources()]
    return ModuleSpecification(
        header=next((file.header for path, file in files if path.rsplit("/", 1)[-1] == "main.tf"), ""),
        inputs=sorted((_input(found) for found in _shown(merged.variables)), key=lambda item: item.name),
        modules=sorted((_module_call(found) for found in _shown(merged.calls)), key=lambda item: item.name),
        outputs=sorted((_output(found) for found in _shown(merged.outputs)), key=lambda item: item.name),
        providers=_provider_uses(merged.shown_resources(), providers, pinned),
        requirements=[
            *(Requirement("terraform", version) for version in merged.terraform_versions),
            *(Requirement(name, version) for name in sorted(providers) for version in providers[name].constraints),
        ],
        resources=sorted(resources, key=_resource_order),
    )


# --- merging -----------------------------------------------------------------------------------------------------


@attrs.frozen
class _Found:
    """A block, and the file that holds it (for errors)."""

    path: str
    block: Block

    def refusal(self, attribute: Attribute, reason: str) -> InvalidSource:
        return InvalidSource(self.path, attribute.line, reason)

    @property
    def name(self) -> str:
        return self.block.labels[-1]

    @property
    def description(self) -> str | None:
        return self.block.comment or None


@attrs.define
class _Provider:
    """What the module says of one provider: its address and its constraints in order of appearance."""

    source: str | None = None
    constraints: list[str] = attrs.field(factory=list)


@attrs.define
class _Merged:
    """The blocks that count, one per identity, and the requirements, all in file order."""

    variables: dict[str, _Found] = attrs.field(factory=dict)
    outputs: dict[str, _Found] = attrs.field(factory=dict)
    calls: dict[str, _Found] = attrs.field(factory=dict)
    resources: dict[tuple[str, ...], _Found] = attrs.field(factory=dict)
    required: list[tuple[_Found, Attribute]] = attrs.field(factory=list)
    terraform_versions: list[str] = attrs.field(factory=list)

    def add(self, path: str, block: Block) -> None:
        labels = _LABELS.get(block.type)
        if labels is None:
            return
        if len(block.labels) != labels:
            raise InvalidSource(
                path, block.line, f"a {block.type} block needs {labels} labels and has {len(block.labels)}"
            )
        found = _Found(path, block)
        match block.type:
            case "variable":
                self.variables[found.name] = found
            case "output":
                self.outputs[found.name] = found
            case "module":
                self.calls[found.name] = self._with_inherited_source(found)
            case "provider":
                self._require(found, block.attributes.get("version"))
            case "terraform":
                self._add_settings(found)
            case _:
                self.resources[(block.type, *block.labels)] = found

    def _with_inherited_source(self, found: _Found) -> _Found:
        earlier = self.calls.get(found.name)
        source = earlier.block.attributes.get("source") if earlier else None
        if source is None or "source" in found.block.attributes:
            return found
        return attrs.evolve(
            found, block=attrs.evolve(found.block, attributes={**found.block.attributes, "source": source})
        )

    def _add_settings(self, found: _Found) -> None:
        version = found.block.attributes.get("required_version")
        if version is not None:
            self.terraform_versions.append(_string(found, version) or "")
        for nested in found.block.blocks:
            if nested.type == "required_providers":
                for attribute in nested.attributes.values():
                    self._require(attrs.evolve(found, block=nested), attribute)

    def _require(self, found: _Found, attribute: Attribute | None) -> None:
        if attribute is not None:
            self.required.append((found, attribute))

    def shown_resources(self) -> list[_Found]:
        return list(_shown(self.resources))

    def providers(self) -> dict[str, _Provider]:
        """The provider requirement table: what `required_providers` and `provider` blocks say, by local name (8.4)."""
        table: dict[str, _Provider] = {}
        for found, attribute in self.required:
            if found.block.type == "provider":
                _add_constraint(table.setdefault(found.name, _Provider()), _string(found, attribute))
            else:
                _add_requirement(table.setdefault(attribute.name, _Provider()), found, attribute)
        return table


def _shown(found: Mapping[str, _Found] | Mapping[tuple[str, ...], _Found]) -> Iterator[_Found]:
    return (each for each in found.values() if IGNORE_MARKER not in each.block.comment)


def _add_constraint(provider: _Provider, version: str | None) -> None:
    if version is not None:
        provider.constraints.append(version)


def _add_requirement(provider: _Provider, found: _Found, attribute: Attribute) -> None:
    if attribute.entries is None:
        version = _string(found, attribute)
        if version is None:
            raise found.refusal(attribute, f"the requirement of provider {attribute.name} is null")
        provider.constraints.append(version)
        return
    for key, value in attribute.entries.items():
        if key not in ("source", "version"):
            continue
        if not isinstance(value, Constant) or not isinstance(value.value, str):
            raise found.refusal(attribute, f"the {key} of provider {attribute.name} must be a string")
        if key == "version":
            provider.constraints.append(value.value)
        elif provider.source in (None, value.value) or _is_override(found.path.rsplit("/", 1)[-1]):
            provider.source = value.value
        else:
            raise found.refusal(
                attribute, f"provider {attribute.name} has two sources: {provider.source} and {value.value}"
            )


# --- the document's parts ----------------------------------------------------------------------------------------


def _input(found: _Found) -> Input:
    attributes = found.block.attributes
    default = attributes.get("default")
    value: JsonValue = None
    if default is not None:
        if isinstance(default.value, NotConstant):
            raise found.refusal(
                default, f"the default of variable {found.name} has to be a constant, but it {default.value.reason}"
            )
        value = default.value.value if isinstance(default.value, Constant) else None
    declared = attributes.get("type")
    return Input(
        name=found.name,
        type=_inferred_type(value) if declared is None else _verbatim(declared),
        description=_description(found),
        default=value,
        required=default is None,
    )


def _output(found: _Found) -> Output:
    return Output(name=found.name, description=_description(found))


def _description(found: _Found) -> str | None:
    attribute = found.block.attributes.get("description")
    described = _string(found, attribute) if attribute is not None else None
    return (described or "").replace("\r\n", "\n") or found.description


def _module_call(found: _Found) -> ModuleCall:
    attributes = found.block.attributes
    source, version = ((_address(found, attributes[key]) if key in attributes else "") for key in ("source", "version"))
    if not version:
        source, version = _split_reference(source)
    return ModuleCall(name=found.name, source=source, version=version, description=found.description)


def _split_reference(source: str) -> tuple[str, str]:
    """A source and the git reference that it names: cut at the last `?ref=`, if something follows (8.5)."""
    address, separator, reference = source.rpartition("?ref=")
    return (address, reference) if separator and reference else (source, "")


def _resource(found: _Found, providers: Mapping[str, _Provider]) -> Resource:
    provider, _ = _provider_of(found)
    known = providers.get(provider) or _Provider()
    full_type = found.block.labels[0]
    return Resource(
        type=full_type.removeprefix(f"{provider}_"),
        name=found.name,
        provider=provider,
        source=known.source or f"hashicorp/{provider}",
        mode=_MODES[found.block.type],
        version=_resource_version(known.constraints),
        description=found.description,
        prefixed=full_type.startswith(f"{provider}_"),
    )


def _resource_order(resource: Resource) -> tuple[bool, str]:
    return resource.mode == "data", f"{resource.provider}_{resource.type}.{resource.name}"


def _resource_version(constraints: Sequence[str]) -> str:
    """The one version that the last constraint names, or `latest` (8.5)."""
    match constraints[-1].split(" ") if constraints else []:
        case [exact] if exact[:1] in tuple("0123456789"):
            return exact
        case [exact] if exact.startswith("="):
            return exact[1:]
        case ["=", exact]:
            return exact
    return "latest"


def _provider_of(found: _Found) -> tuple[str, str | None]:
    """The local name and the alias of the provider of a resource or data source (8.4)."""
    attribute = found.block.attributes.get("provider")
    if attribute is None:
        return found.block.labels[0].partition("_")[0], None
    literal = attribute.is_string or isinstance(attribute.value, Constant)
    reference = _PROVIDER_REFERENCE.fullmatch((_string(found, attribute) or "") if literal else attribute.text)
    if reference is None:
        raise found.refusal(attribute, f"{attribute.text[:60]} is no reference to a provider")
    return reference[1], reference[2]


def _provider_uses(
    resources: Iterable[_Found], providers: Mapping[str, _Provider], pinned: Mapping[str, str]
) -> list[ProviderUse]:
    used = sorted(
        {_provider_of(found) for found in resources}, key=lambda use: (use[0], use[1] is not None, use[1] or "")
    )
    return [ProviderUse(name, alias, _provider_version(name, providers, pinned)) for name, alias in used]


def _provider_version(name: str, providers: Mapping[str, _Provider], pinned: Mapping[str, str]) -> str | None:
    if name in pinned:
        return pinned[name]
    known = providers.get(name)
    return " ".join(known.constraints) if known and known.constraints else None


# --- values of attributes ----------------------------------------------------------------------------------------


def _string(found: _Found, attribute: Attribute) -> str | None:
    """The text of an attribute that has to be a string; None for `null` (8.10.2).

    Interpolations in a string stay as they are written. Raises InvalidSource for lists, objects and other expressions.
    """
    if isinstance(attribute.value, Constant):
        value = attribute.value.value
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return _literal_text(value)
    elif attribute.string_text is not None:
        return attribute.string_text
    elif not isinstance(attribute.value, NotConstant):
        return attribute.text
    raise found.refusal(attribute, f"{attribute.name} has to be a string")


def _address(found: _Found, attribute: Attribute) -> str:
    """A module call's `source` or `version`: newer clients allow any expression here, which is kept as its text."""
    if isinstance(attribute.value, NotConstant) and attribute.string_text is None and attribute.entries is None:
        return attribute.text
    return _string(found, attribute) or ""


def _literal_text(value: bool | int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else format(Decimal(repr(value)), "f")


def _verbatim(attribute: Attribute) -> str:
    """A type as it is written; the content, where it is written as a string (8.2)."""
    return attribute.text if attribute.string_text is None else attribute.string_text.replace("\r\n", "\n")


def _inferred_type(default: JsonValue) -> str:
    match default:
        case None:
            return "any"
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case Mapping():
            return "map"
    return "list"


# --- names of files ----------------------------------------------------------------------------------------------


def _extension(name: str) -> str | None:
    if name.startswith((".", "#")) and (name.startswith(".") or name.endswith("#")):
        return None
    return next((extension for extension in _EXTENSIONS if name.endswith(extension)), None)


def _is_override(name: str) -> bool:
    stem = name.removesuffix(_extension(name) or "")
    return stem == "override" or stem.endswith("_override")
