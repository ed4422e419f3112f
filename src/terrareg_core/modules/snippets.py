"""How to call a module: its registry source, the version to ask for, and the lines that say so (chapter 03, 13)."""

import string
from collections.abc import Sequence
from typing import Final

import attrs

from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.slots import SourceSlot, string_content
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.versions import Version

_NUMBERS: Final = ("major", "minor", "patch")
_PLACEHOLDERS: Final = tuple(f"{number}{suffix}" for number in _NUMBERS for suffix in ("", "_plus_one", "_minus_one"))


@attrs.frozen
class VersionTemplate:
    """A version constraint with placeholders for a version's numbers, such as `>= {major}.{minor}, < {major_plus_one}`.

    Raises ValueError, with a sentence, for anything in braces but `{major}`, `{minor}` and `{patch}`, each perhaps with
    `_plus_one` or `_minus_one`, and for characters that can't stand in a quoted string.
    """

    text: str = attrs.field()

    @text.validator
    def _check(self, _: object, text: str) -> None:
        if not _holds_only_placeholders(text):
            known = ", ".join(f"{{{placeholder}}}" for placeholder in _PLACEHOLDERS)
            raise ValueError(f"The version template {text!r} may hold no braces but in these placeholders: {known}")
        if not text.isprintable() or set(text) & set('"\\'):
            raise ValueError(f"The version template {text!r} holds characters that can't stand in a quoted string")

    def for_version(self, version: Version) -> str:
        """The constraint for `version`; no number is below 0."""
        numbers = {"major": version.major, "minor": version.minor, "patch": version.patch}
        less = {f"{name}_minus_one": max(0, number - 1) for name, number in numbers.items()}
        more = {f"{name}_plus_one": number + 1 for name, number in numbers.items()}
        return self.text.format(**numbers, **less, **more)


def _holds_only_placeholders(text: str) -> bool:
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return False
    return all(
        name is None or (name in _PLACEHOLDERS and not specification and not conversion)
        for _, name, specification, conversion in fields
    )


_EXACTLY: Final = VersionTemplate("{major}.{minor}.{patch}")


@attrs.frozen
class SnippetPolicy:
    """What the operator laid down about snippets (chapter 03, 2; chapter 06, 8.6)."""

    example_token: str = "my-tf-application"  # noqa: S105 - it stands for a token and is never accepted as one
    """Stands where a consumer puts its analytics token; `""` for none."""
    analytics_enabled: bool = True
    version_template: VersionTemplate = _EXACTLY
    pre_major_template: VersionTemplate | None = None
    """For versions below 1.0.0; None for the other one."""

    @property
    def token(self) -> str:
        """The token that snippets show; `""` for none."""
        return self.example_token if self.analytics_enabled else ""

    def example_version(self, version: Version, *, is_latest: bool) -> str:
        """The constraint by which snippets ask for `version` (chapter 01, 6.5, `terraform_example_version_string`).

        `is_latest` tells whether it is the latest of its module provider; a beta or an unpublished version never is.
        """
        if not is_latest or version.is_beta:
            return version.text
        before_major = self.pre_major_template if version.major == 0 else None
        return (before_major or self.version_template).for_version(version)


def version_comments(version: Version, *, published: bool, is_latest: bool) -> Sequence[str]:
    """What a snippet has to say of its version: two lines, or none (chapter 01, 6.5)."""
    if not published:
        return ["This version of the module is not published.", "Terraform cannot use it until it is."]
    if version.is_beta:
        return ["This version of the module is a beta version.", "Terraform uses it only when it is pinned, as here."]
    if not is_latest:
        return ["This version of the module is not the latest one.", "To use it, it must be pinned, as here."]
    return []


def registry_source(
    public_address: PublicAddress, address: ModuleProviderId, version: Version, path: str, token: str
) -> str:
    """The source by which the registry at `public_address` names a directory of a module version (13.1).

    `path` is below the module root, `""` for the root; `token` an analytics token or `""`. Over http the source holds
    the version; over https it doesn't.
    """
    module = f"{token}__{address}" if token else f"{address}"
    directory = path.lstrip("/")
    suffix = f"//{directory}" if directory else ""
    if _needs_version_line(public_address):
        return f"{public_address.authority}/{module}{suffix}"
    return f"http://{public_address.authority}/modules/{module}/{version}{suffix}"


def render_source(
    source: str,
    constraint: str | None,
    comments: Sequence[str] = (),
    *,
    indent: str = "",
    spacing: str = "",
    comment: str = "",
) -> str:
    """The lines that name a source and, unless it is None, a version constraint, their equals signs aligned (13.2).

    `spacing` is what stood between `source` and its equals sign, kept where it is long enough; `comment` what stood
    behind the string. There is no final line break.
    """
    if constraint is None:
        return f'{indent}source{spacing or " "}= "{source}"{comment}'
    spacing = spacing if len(spacing) >= 2 else "  "
    return "\n".join(
        [
            f'{indent}source{spacing}= "{source}"{comment}',
            *(f"{indent}# {line}" for line in comments),
            f'{indent}version{spacing[1:]}= "{constraint}"',
        ]
    )


@attrs.frozen
class VersionSnippets:
    """Writes snippets for a version of a module, as clients that reach the registry at one address need them."""

    policy: SnippetPolicy
    public_address: PublicAddress
    address: ModuleProviderId
    version: Version
    published: bool
    is_latest: bool
    """Whether it is the latest of its module provider."""

    @property
    def constraint(self) -> str:
        """`terraform_example_version_string`."""
        return self.policy.example_version(self.version, is_latest=self.is_latest)

    @property
    def comments(self) -> Sequence[str]:
        """`terraform_example_version_comment`."""
        return version_comments(self.version, published=self.published, is_latest=self.is_latest)

    def for_slot(self, slot: SourceSlot) -> str:
        """The lines that belong into `slot` (13.3)."""
        return self._source_lines(slot.path, slot.indent, slot.spacing, slot.comment)

    def usage_example(self, path: str) -> str:
        """The block that calls the directory at `path` below the module root, `""` for the root (13.4)."""
        lines = self._source_lines(string_content(path), "  ", "", "")
        return f'module "{self.address.module}" {{\n{lines}\n\n  # Provide variables here\n}}'

    def _source_lines(self, path: str, indent: str, spacing: str, comment: str) -> str:
        source = registry_source(self.public_address, self.address, self.version, path, self.policy.token)
        if _needs_version_line(self.public_address):
            return render_source(
                source, self.constraint, self.comments, indent=indent, spacing=spacing, comment=comment
            )
        return render_source(source, None, indent=indent, spacing=spacing, comment=comment)


def _needs_version_line(public_address: PublicAddress) -> bool:
    return public_address.scheme != "http"
