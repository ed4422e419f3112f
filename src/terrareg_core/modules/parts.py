"""The parts of a module version that are documented each by itself: the root, submodules and examples."""

from collections.abc import Sequence
from enum import Enum

import attrs

from terrareg_core.modules.specification import ModuleSpecification


class PartKind(Enum):
    """What a directory of a module is; the values are stored."""

    ROOT = "root"
    SUBMODULE = "submodule"
    EXAMPLE = "example"


@attrs.frozen
class SafeTexts:
    """Texts of a module directory with everything escaped that could do harm in a page; still Markdown."""

    readme: str = ""
    input_descriptions: Sequence[str | None] = ()
    """In the order of the specification's inputs."""
    output_descriptions: Sequence[str | None] = ()
    """In the order of the specification's outputs."""
    provider_names: Sequence[str] = ()
    """In the order of the specification's providers."""


@attrs.frozen
class ModulePart:
    """One directory of a module version that is documented: the root, a submodule, or an example."""

    kind: PartKind
    path: str
    """Below the module root; `""` for the root itself."""
    readme: str
    """The README's source; `""` without one."""
    specification: ModuleSpecification
    safe: SafeTexts
