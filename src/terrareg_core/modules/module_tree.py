"""The tree of module calls below a documented directory, and the calls that details list of it (chapter 03, 10)."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import attrs

from terrareg_core.modules.specification import ModuleCall, ModuleSpecification

SpecificationLookup: TypeAlias = Callable[[str], ModuleSpecification | None]
"""The specification of the directory at a path below the extract root (parts joined by `/`, `""` for the root itself);
None where there is no module. Paths come from sources, so they may hold any text, but never lead out of the root; the
same path is asked for again and again."""

_DEPTH_MAX = 32
_DEFAULT_REGISTRY = "registry.terraform.io/"


@attrs.define
class Budget:
    """How much may still be built of trees and graphs; one budget can serve all directories of a module version.

    A module that calls two others, each of which calls two others, and so on, is small and has a huge tree.
    """

    entries: int = 10_000
    characters: int = 4 << 20
    """Of all texts of the entries."""

    def take(self, characters: int) -> bool:
        """Set an entry with so many characters aside; False when it is beyond the budget."""
        if self.entries < 1 or self.characters < characters:
            return False
        self.entries -= 1
        self.characters -= characters
        return True


@attrs.frozen
class CalledModule:
    """A module of the tree."""

    key: str
    """The names of the calls that lead to it, joined by `.`; `""` for the directory that the tree was built for."""
    source: str
    """As the call gives it."""
    version: str
    """As the call gives it; `""` without one."""
    directory: str | None
    """Where its sources are, below the extract root; None for a leaf: a module from elsewhere, a directory that holds
    no module or lies outside the root, or one that the module is called from (a cycle)."""

    @property
    def is_nested(self) -> bool:
        """Whether another called module calls it."""
        return "." in self.key


@attrs.frozen
class ExpandedCall:
    """A call as `root.modules` lists it (chapter 01, 6.5)."""

    name: str
    """The names of the calls that lead to it, joined by `.`."""
    source: str
    version: str | None
    """None where the calling module is unknown."""
    description: str | None


def build_tree(directory: str, lookup: SpecificationLookup, budget: Budget | None = None) -> Sequence[CalledModule]:
    """Every module that is reached from `directory` by calls, in byte order of the keys: the directory itself first.

    Calls with local sources are followed inside the extract root, to a depth of 32 calls and as far as the budget goes;
    where it ends, the modules nearest to the directory are there. Calls whose name could not stand in a key (which
    terraform refuses) are left out. What `lookup` raises is passed on.
    """
    budget = Budget() if budget is None else budget
    found = [CalledModule("", "", "", directory)]
    waiting = deque([_Place("", directory, None, 0)])
    while waiting:
        place = waiting.popleft()
        specification = lookup(place.directory)
        for call in specification.modules if specification and place.depth < _DEPTH_MAX else ():
            if not budget.take(len(place.key) + len(call.name) + len(call.source) + len(call.version)):
                waiting.clear()
                break
            if not call.name or "." in call.name:
                continue
            inner = place.entered(call, lookup)
            found.append(
                CalledModule(place.key_of(call), call.source, call.version, None if inner is None else inner.directory)
            )
            if inner is not None:
                waiting.append(inner)
    return sorted(found, key=lambda module: module.key)


def expanded_calls(specification: ModuleSpecification, tree: Sequence[CalledModule]) -> Sequence[ExpandedCall]:
    """The calls of a module, in the specification's order, and those nested in them, in byte order of their keys.

    A nested call with a local source has the version and the description of the call it is nested in, and is addressed
    relative to it; one with any other source keeps its own source and version (chapter 03, 10 with its improvement).
    """
    listed = {
        call.name: ExpandedCall(call.name, call.source, call.version, call.description)
        for call in specification.modules
    }
    for module in sorted(tree, key=lambda module: module.key):
        if module.is_nested and module.key not in listed:
            listed[module.key] = _nested(module, listed.get(module.key.rpartition(".")[0]))
    return list(listed.values())


def is_local_source(source: str) -> bool:
    """Whether a call's source is a directory relative to the one that holds the call."""
    return source.startswith(("./", "../"))


# --- walking -----------------------------------------------------------------------------------------------------


@attrs.frozen
class _Place:
    """Where the walk stands: a directory, and the way to it."""

    key: str
    directory: str
    caller: "_Place | None"
    depth: int

    def key_of(self, call: ModuleCall) -> str:
        return f"{self.key}.{call.name}" if self.key else call.name

    def entered(self, call: ModuleCall, lookup: SpecificationLookup) -> "_Place | None":
        """The place that `call` leads to, or None when the walk does not go on there."""
        directory = _resolved(self.directory, call.source) if is_local_source(call.source) else None
        if directory is None or directory in self._way() or lookup(directory) is None:
            return None
        return _Place(self.key_of(call), directory, self, self.depth + 1)

    def _way(self) -> Iterator[str]:
        place: _Place | None = self
        while place is not None:
            yield place.directory
            place = place.caller


def _resolved(directory: str, source: str) -> str | None:
    """The directory that a local source in `directory` means, or None when it lies outside the root."""
    parts = _joined(directory, source)
    return None if parts[:1] == [".."] else "/".join(parts)


def _joined(*paths: str) -> list[str]:
    """The parts of the joined paths without empty ones, `.` and `name/..`; what leads above the start stays."""
    parts: list[str] = []
    for part in (part for path in paths for part in path.split("/")):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


# --- addresses of nested calls -----------------------------------------------------------------------------------


def _nested(module: CalledModule, caller: ExpandedCall | None) -> ExpandedCall:
    description = caller.description if caller else None
    if not is_local_source(module.source):
        return ExpandedCall(module.key, module.source.removeprefix(_DEFAULT_REGISTRY), module.version, description)
    if caller is None:
        return ExpandedCall(module.key, module.source, None, None)
    return ExpandedCall(module.key, _source_below(caller.source, module.source), caller.version, description)


def _source_below(source: str, local: str) -> str:
    """The source of what is found at `local`, seen from the module at `source`."""
    if is_local_source(source):
        return "./" + "/".join(_joined(source, local))
    address, mark, query = source.partition("?")
    base, directory = _split_directory(address)
    joined = "/".join(_joined(directory, local))
    return (f"{base}//{joined}" if joined else base) + mark + query


def _split_directory(address: str) -> tuple[str, str]:
    """The package and the directory in it that an address names: cut at the first `//` that is not part of `://`."""
    scheme = address.find("://")
    cut = address.find("//", scheme + 3 if scheme >= 0 else 0)
    return (address, "") if cut < 0 else (address[:cut], address[cut + 2 :])
