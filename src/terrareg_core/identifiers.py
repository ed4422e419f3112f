"""Names and addresses: parsed once, valid for ever after.

The rules are those of chapter 02, section 2. A `Requested…` value holds what a client wrote, unparsed: which part of it
is wrong may only be told in a fixed order (namespace looked up, then module name, then provider name), and recorded
downloads keep the names as requested. Everything else carries parsed names in their canonical spelling.
"""

import re
from typing import ClassVar, Self

import attrs

from terrareg_core.errors import InvalidIdentifier

MAX_NAME_LENGTH = 128
"""In characters; a longer name is refused when it is written, and never found when it is looked up."""


@attrs.frozen
class _Name:
    """A validated name; two names are equal when they are spelled alike."""

    value: str

    _pattern: ClassVar[re.Pattern[str]]
    _kind: ClassVar[str]
    _rule: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that `text` spells.

        Raises InvalidIdentifier when the text breaks the rule of this kind of name or is longer than 128 characters.
        """
        if not cls.is_valid(text):
            raise InvalidIdentifier(f"{cls._kind} name is not valid: {cls._rule}")
        return cls(text)

    @classmethod
    def is_valid(cls, text: str) -> bool:
        """Whether `parse` takes the text."""
        return len(text) <= MAX_NAME_LENGTH and cls._pattern.fullmatch(text) is not None

    @property
    def folded(self) -> str:
        """The form in which names are compared ignoring case; names are ASCII, so lower case is enough."""
        return self.value.lower()

    def __str__(self) -> str:
        return self.value


@attrs.frozen
class NamespaceName(_Name):
    """The first part of a module's or provider's address."""

    # `__` separates an analytics token from the namespace (chapter 06, 2.2), so no namespace may hold it.
    _pattern = re.compile(r"(?!.*__)[0-9A-Za-z][0-9A-Za-z_-]*[0-9A-Za-z]")
    _kind = "The namespace"
    _rule = (
        "it takes 2 to 128 letters, digits, dashes and single underscores, with a letter or digit at both ends, "
        "and no two underscores in a row"
    )


@attrs.frozen
class DisplayName(_Name):
    """The optional name of a namespace that people read."""

    _pattern = re.compile(r"[0-9A-Za-z][0-9A-Za-z _-]*[0-9A-Za-z]")
    _kind = "The display"
    _rule = "it takes 2 to 128 letters, digits, spaces, dashes and underscores, with a letter or digit at both ends"


@attrs.frozen
class ModuleName(_Name):
    """The second part of a module's address."""

    _pattern = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*[0-9A-Za-z]")
    _kind = "The module"
    _rule = "it takes 2 to 128 letters, digits, dashes and underscores, with a letter or digit at both ends"


@attrs.frozen
class ProviderName(_Name):
    """The third part of a module's address: the provider that the module is mainly made for."""

    _pattern = re.compile(r"[0-9a-z]+")
    _kind = "The provider"
    _rule = "it takes 1 to 128 lower-case letters and digits"


@attrs.frozen
class ModuleProviderId:
    """The address of a module provider, in canonical spelling; its text is `namespace/module/provider`."""

    namespace: NamespaceName
    module: ModuleName
    provider: ProviderName

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that `namespace/module/provider` spells. Raises InvalidIdentifier."""
        parts = text.split("/")
        if len(parts) != 3:
            raise InvalidIdentifier("A module provider's address has the form namespace/module/provider")
        return cls(NamespaceName.parse(parts[0]), ModuleName.parse(parts[1]), ProviderName.parse(parts[2]))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.module}/{self.provider}"


@attrs.frozen
class RequestedModuleProvider:
    """A module provider's address as a client wrote it: nothing is validated yet, and it may be a former address."""

    namespace: str
    module: str
    provider: str

    @classmethod
    def of(cls, address: ModuleProviderId) -> Self:
        """The same address as a request."""
        return cls(address.namespace.value, address.module.value, address.provider.value)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split `namespace/module/provider`. Raises InvalidIdentifier when there are not three parts."""
        parts = text.split("/")
        if len(parts) != 3:
            raise InvalidIdentifier("A module provider's address has the form namespace/module/provider")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.module}/{self.provider}"
