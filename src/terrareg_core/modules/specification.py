"""The analysis document of one module directory: what it takes, gives, needs and contains (chapter 03, 8)."""

from collections.abc import Sequence

import attrs

from terrareg_core.json_values import JsonValue


@attrs.frozen
class Input:
    """A variable (8.2)."""

    name: str
    type: str
    description: str | None
    default: JsonValue
    required: bool


@attrs.frozen
class Output:
    """An output (8.3)."""

    name: str
    description: str | None


@attrs.frozen
class ModuleCall:
    """A `module` block (8.5); `version` is `""` where none is given."""

    name: str
    source: str
    version: str
    description: str | None


@attrs.frozen
class ProviderUse:
    """A provider, under one alias, that a resource or data source uses (8.4)."""

    name: str
    alias: str | None
    version: str | None


@attrs.frozen
class Requirement:
    """One constraint on terraform (`name` is `terraform`) or on a provider (8.4)."""

    name: str
    version: str


@attrs.frozen
class Resource:
    """A resource (`mode` is `managed`) or data source (`data`) (8.5)."""

    type: str
    name: str
    provider: str
    source: str
    mode: str
    version: str
    description: str | None
    prefixed: bool = True
    """Whether the type as it is written begins with `<provider>_`, which `type` leaves out."""

    @property
    def full_type(self) -> str:
        """The type as it is written."""
        return f"{self.provider}_{self.type}" if self.prefixed else self.type


@attrs.frozen
class ModuleSpecification:
    """The document; every list is sorted as chapter 03, section 8 says."""

    header: str = ""
    footer: str = ""
    inputs: Sequence[Input] = ()
    modules: Sequence[ModuleCall] = ()
    outputs: Sequence[Output] = ()
    providers: Sequence[ProviderUse] = ()
    requirements: Sequence[Requirement] = ()
    resources: Sequence[Resource] = ()

    @property
    def terraform_version_constraint(self) -> str | None:
        """The first constraint on terraform's own version, or None (chapter 01, 6.4)."""
        return next((requirement.version for requirement in self.requirements if requirement.name == "terraform"), None)
