"""Where a module's source is: URL templates of repositories, directories in them, git tags, and download addresses."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import pairwise
from typing import Self
from urllib.parse import quote, urlsplit

import attrs

from terrareg_core.errors import InvalidGitPath, InvalidRequest, InvalidTagFormat, InvalidUrlTemplate, InvalidVersion
from terrareg_core.identifiers import ModuleProviderId, RequestedModuleProvider
from terrareg_core.versions import Version

MAX_LENGTH = 1024
"""Of every text of this module that is stored, in characters of its stored form."""

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_URL_SAFE = "\\{}/:@%?=&"
_REF_SAFE = "/@:=,!$'()*"


def _percent_encoded(text: str, safe: str) -> str:
    """`text` with everything but letters, digits, `-._~` and the characters in `safe` percent-encoded as UTF-8."""
    return quote(text.encode("utf-8", "surrogatepass"), safe=safe)


# --- placeholders ------------------------------------------------------------------------------------------------


@attrs.frozen
class _Template:
    """A text cut at its `{word}` placeholders; there is one literal more than there are words, around them."""

    literals: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def cut(cls, text: str) -> Self:
        pieces = re.split(r"\{([a-z_]+)\}", text)
        return cls(tuple(pieces[::2]), tuple(pieces[1::2]))

    def knows_only(self, words: Iterable[str]) -> bool:
        """Whether every placeholder is one of `words` and no brace is left over."""
        return set(self.words) <= set(words) and not any("{" in text or "}" in text for text in self.literals)

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with every placeholder replaced in a single pass; one without a value stays as it is written."""
        replaced = [values.get(word, f"{{{word}}}") for word in self.words]
        return "".join(literal + value for literal, value in zip(self.literals, [*replaced, ""], strict=True))


def _name_values(names: ModuleProviderId) -> dict[str, str]:
    return {
        "namespace": names.namespace.value,
        "module": names.module.value,
        "provider": names.provider.value,
    }


_NAMES = frozenset({"namespace", "module", "provider"})


# --- repository URLs ---------------------------------------------------------------------------------------------


class UrlSlot(Enum):
    """What a URL of a repository is for (chapter 02, 8.1)."""

    BASE = "base"
    """The repository's page."""
    CLONE = "clone"
    """Where git fetches from."""
    BROWSE = "browse"
    """The page that shows a directory at a tag."""

    @property
    def placeholders(self) -> frozenset[str]:
        """What a template of this slot may hold in braces."""
        return _NAMES | {"tag", "tag_uri_encoded", "path"} if self is UrlSlot.BROWSE else _NAMES

    @property
    def schemes(self) -> frozenset[str]:
        """What a custom template of this slot may begin with, in lower case."""
        return frozenset({"http", "https", "ssh"} if self is UrlSlot.CLONE else {"http", "https"})


@attrs.frozen
class UrlTemplate:
    """A template for a URL of a repository, in stored form."""

    slot: UrlSlot
    text: str

    @classmethod
    def parse(cls, slot: UrlSlot, text: str, names: ModuleProviderId) -> Self:
        """The custom template that `text` spells, for the module provider now called `names` (chapter 02, 8.2).

        Raises InvalidUrlTemplate, with a message that begins with which URL it is, when the text holds anything in
        braces but the slot's placeholders, lacks a placeholder the slot needs, or doesn't give a URL of an allowed
        scheme with host and path once it is filled in; also when the URL carries a password, since whoever may read the
        module may read its templates.
        """
        stored = cls._stored_form(slot, text)
        template = _Template.cut(stored)
        if not template.knows_only(slot.placeholders):
            allowed = ", ".join(f"{{{word}}}" for word in sorted(slot.placeholders))
            raise cls._refusal(slot, f"use no braces but in these placeholders: {allowed}")
        if slot is UrlSlot.BROWSE:
            cls._require_place_of_source(slot, template)
        filled = template.filled({**dict.fromkeys(slot.placeholders, ""), **_name_values(names)})
        cls._check_url(slot, filled)
        return cls(slot, stored)

    @classmethod
    def configured(cls, slot: UrlSlot, text: str, git_path: str) -> Self:
        """The template of a git provider that the operator configures; what it needs may be in `git_path` as well
        (chapter 02, 8.7).

        Raises InvalidUrlTemplate when the two together hold anything in braces but the slot's placeholders, or lack one
        that the slot needs. Any scheme will do, and the `user@host:path` form.
        """
        template = _Template.cut(text + git_path)
        if not template.knows_only(slot.placeholders) or not _Template.cut(text).knows_only(slot.placeholders):
            allowed = ", ".join(f"{{{word}}}" for word in sorted(slot.placeholders))
            raise cls._refusal(slot, f"use no braces but in these placeholders: {allowed}")
        if not {"namespace", "module"} <= set(template.words):
            raise cls._refusal(slot, "put {namespace} and {module} where the names go, here or in the git path")
        if slot is UrlSlot.BROWSE:
            cls._require_place_of_source(slot, template)
        if len(text) > MAX_LENGTH:
            raise cls._refusal(slot, f"use at most {MAX_LENGTH} characters")
        return cls(slot, text)

    @classmethod
    def stored(cls, slot: UrlSlot, text: str | None) -> Self | None:
        """The template as it was stored, or None where there is none or it can't be filled in.

        For templates of stored rows and of the operator's git providers, which need not be what `parse` takes: any
        scheme and the `user@host:path` form pass.
        """
        if not text or not _Template.cut(text).knows_only(slot.placeholders):
            return None
        return cls(slot, text)

    @classmethod
    def effective(cls, slot: UrlSlot, levels: Iterable[str | None]) -> Self | None:
        """The first template that is there and can be filled in, of the stored texts in order of precedence.

        Which levels are consulted for what is laid down in chapter 02, 8.1.
        """
        return next((template for text in levels if (template := cls.stored(slot, text)) is not None), None)

    def render(self, names: ModuleProviderId, *, tag: str = "", path: str | None = None) -> str:
        """The URL for the module provider now called `names`; `tag` and `path` (a relative directory or None for the
        root, percent-encoded where need be) matter to browse templates only.
        """
        values = {
            **_name_values(names),
            "tag": tag,
            "tag_uri_encoded": _percent_encoded(tag, safe=""),
            "path": _percent_encoded(path or "", safe="/"),
        }
        return _Template.cut(self.text).filled(values)

    @classmethod
    def _require_place_of_source(cls, slot: UrlSlot, template: _Template) -> None:
        if not {"tag", "tag_uri_encoded"} & set(template.words):
            raise cls._refusal(slot, "put {tag} or {tag_uri_encoded} where the tag goes")
        if "path" not in template.words:
            raise cls._refusal(slot, "put {path} where the directory goes")

    @classmethod
    def _stored_form(cls, slot: UrlSlot, text: str) -> str:
        try:
            stored = quote(text, safe=_URL_SAFE)
        except UnicodeEncodeError as error:
            raise cls._refusal(slot, "use characters of Unicode only") from error
        if len(stored) > MAX_LENGTH:
            raise cls._refusal(slot, f"use at most {MAX_LENGTH} characters")
        return stored

    @classmethod
    def _check_url(cls, slot: UrlSlot, url: str) -> None:
        parts = urlsplit(url)
        if not parts.scheme:
            raise cls._refusal(slot, "begin with a scheme, as in https://")
        if parts.scheme not in slot.schemes:
            raise cls._refusal(slot, f"use one of these schemes: {', '.join(sorted(slot.schemes))}")
        # Browsers take a backslash for a slash, git doesn't: they would go to different hosts.
        if not parts.hostname or "\\" in parts.netloc:
            raise cls._refusal(slot, "name a host after the scheme")
        if not parts.path:
            raise cls._refusal(slot, "name a path after the host")
        try:
            _ = parts.port
        except ValueError as error:
            raise cls._refusal(slot, "use a number from 0 to 65535 as port") from error
        if parts.password is not None:
            raise cls._refusal(slot, "leave out the password; it would be shown to every reader")

    @staticmethod
    def _refusal(slot: UrlSlot, advice: str) -> InvalidUrlTemplate:
        return InvalidUrlTemplate(f"Repository {slot.value} URL: {advice}")


# --- directories in a repository ---------------------------------------------------------------------------------


def joined_path(*parts: str | None) -> str | None:
    """The directory that `parts` name one below the other, seen from the root; None for the root itself.

    Repeated and outer slashes and `.` are dropped, `..` is resolved. Raises InvalidGitPath for a path that climbs above
    the root.
    """
    segments: list[str] = []
    for segment in "/".join(filter(None, parts)).split("/"):
        if segment == "..":
            if not segments:
                raise InvalidGitPath("The git path is not valid: it leads out of the repository")
            segments.pop()
        elif segment not in {"", "."}:
            segments.append(segment)
    return "/".join(segments) or None


@attrs.frozen
class GitPath:
    """A template for the directory of a module in its repository or uploaded archive, as it was written."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The path that `text` spells (chapter 02, 8.3); `""` and `/` mean the root.

        Raises InvalidGitPath for anything in braces but the names' placeholders, for a path that climbs above the root,
        for control characters, and for more than 1024 characters.
        """
        if len(text) > MAX_LENGTH:
            raise InvalidGitPath(f"The git path is not valid: use at most {MAX_LENGTH} characters")
        if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text):
            raise InvalidGitPath("The git path is not valid: leave out control characters")
        if not _Template.cut(text).knows_only(_NAMES):
            raise InvalidGitPath(
                "The git path is not valid: use no braces but in the placeholders {namespace}, {module} and {provider}"
            )
        # No name is empty, a dot, or holds a slash, so the placeholders may stand for themselves here.
        joined_path(text)
        return cls(text)

    @classmethod
    def stored(cls, text: str | None) -> Self | None:
        """The path as it was stored, or None where there is none or it is not valid: the root then."""
        try:
            return cls.parse(text) if text else None
        except InvalidGitPath:
            return None

    def effective(self, names: ModuleProviderId) -> str | None:
        """The relative directory for the module provider now called `names`; None for the root."""
        return joined_path(_Template.cut(self.text).filled(_name_values(names)))


# --- tags --------------------------------------------------------------------------------------------------------

_PARTS = ("major", "minor", "patch")
_NUMBERS = frozenset({"version", *_PARTS})
_TAG_WORDS = {
    "version": r"[0-9]+\.[0-9]+\.[0-9]+",
    "major": "[0-9]+",
    "minor": "[0-9]+",
    "patch": "[0-9]+",
    "build": "(?:-[a-z0-9]+)?",
}
_FORBIDDEN_IN_TAGS = re.compile(
    r"""[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff] | \.\. | // | @\{ | ^[/-] | /$ | (?:^|/)\. | \.$ | \.lock(?:/|$)""",
    re.VERBOSE,
)


@attrs.frozen
class TagFormat:
    """A two-way template between versions and git tags."""

    text: str = "{version}"

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """The format that `text` spells (chapter 02, 8.4); None and `""` mean the default, `{version}`.

        Placeholders are `{version}`, `{major}`, `{minor}`, `{patch}`, and beside the numbers `{build}`, which stands
        for a version's suffix with its dash, or for nothing.

        Raises InvalidTagFormat when there is no placeholder but `{build}` or one of them twice, when there is anything
        else in braces, when two numbers would run into each other, for tags that git refuses (git-check-ref-format),
        and for more than 1024 characters.
        """
        if not text:
            return cls()
        template = _Template.cut(text)
        if len(text) > MAX_LENGTH:
            raise cls._refusal(f"use at most {MAX_LENGTH} characters")
        if not template.knows_only(_TAG_WORDS) or not _NUMBERS & set(template.words):
            raise cls._refusal(
                "use at least one of the placeholders {version}, {major}, {minor} and {patch}, beside them {build} if "
                "need be, and no other braces"
            )
        if not _reads_back(template):
            raise cls._refusal(
                "use every placeholder once, put some text that is no number between two of them, and use {build} "
                "only without {version} and not before a letter or digit"
            )
        for build in ("", "-x"):
            if _FORBIDDEN_IN_TAGS.search(template.filled({**dict.fromkeys(_TAG_WORDS, "0"), "build": build})):
                raise cls._refusal("git does not allow such a tag")
        return cls(text)

    @classmethod
    def stored(cls, text: str | None) -> Self:
        """The format as it was stored; one that `parse` would refuse still makes tags as far as it can."""
        return cls(text) if text else cls()

    @property
    def indexes_by_version(self) -> bool:
        """Whether a version alone says which tag it is built from: the format holds the full version."""
        return "version" in _Template.cut(self.text).words

    def tag_for(self, version: Version) -> str:
        """The tag of `version` (chapter 02, 8.5)."""
        values = {
            "version": version.text,
            "major": str(version.major),
            "minor": str(version.minor),
            "patch": str(version.patch),
            "build": "" if version.suffix is None else f"-{version.suffix}",
        }
        return _Template.cut(self.text).filled(values)

    def version_of(self, tag: str) -> Version | None:
        """The version that `tag` stands for, or None when it doesn't fit the format (chapter 02, 8.6).

        Parts that the format lacks are 0, and the numbers of a tag are read as numbers; `{version}` gives its very
        text, which may have leading zeros. None for every tag under a stored format that `parse` would refuse because
        its tags don't read back.
        """
        template = _Template.cut(self.text)
        if len(tag) > MAX_LENGTH or not template.knows_only(_TAG_WORDS) or not _reads_back(template):
            return None
        pattern = _Template(tuple(map(re.escape, template.literals)), template.words)
        match = re.fullmatch(pattern.filled({word: f"(?P<{word}>{rule})" for word, rule in _TAG_WORDS.items()}), tag)
        if match is None:
            return None
        found = match.groupdict()
        numbers = ".".join(str(int(found.get(part, "0"))) for part in _PARTS)
        try:
            version = Version.parse(found.get("version", numbers + found.get("build", "")))
        except InvalidVersion:
            return None
        agrees = all(int(found[part]) == getattr(version, part) for part in _PARTS if part in found)
        return version if agrees else None

    def version_of_ref(self, ref: str) -> Version | None:
        """The version that the full ref name `refs/tags/<tag>` stands for, or None."""
        prefix = "refs/tags/"
        return self.version_of(ref.removeprefix(prefix)) if ref.startswith(prefix) else None

    @staticmethod
    def _refusal(advice: str) -> InvalidTagFormat:
        return InvalidTagFormat(f"The git tag format is not valid: {advice}")


def _reads_back(template: _Template) -> bool:
    """Whether every tag that the format makes can be read in one way only, without trying many."""
    words = template.words
    if len(set(words)) < len(words) or {"version", "build"} <= set(words) or not _NUMBERS & set(words):
        return False
    for (word, following), literal in zip(pairwise((*words, None)), template.literals[1:], strict=True):
        if word == "build":
            # What follows the suffix must not be able to belong to it.
            separated = following is None if not literal else re.match("[a-z0-9]", literal) is None
        else:
            # A suffix begins with a dash, which separates it from a number by itself.
            separated = following in {None, "build"} or re.search("[^0-9]", literal) is not None
        if not separated:
            return False
    return True


# --- download addresses ------------------------------------------------------------------------------------------


def git_download_url(clone_url: str, path: str | None, ref: str) -> str:
    """The address at which terraform fetches a module from git (chapter 01, 2.10, *git form*).

    `clone_url` is a rendered clone URL, with or without `git::` before it and with or without a query; `path` a
    relative directory or None; `ref` a tag or commit. Raises InvalidGitPath for a path that climbs above the root.
    """
    while clone_url.startswith("git::"):
        clone_url = clone_url.removeprefix("git::")
    address, _, query = clone_url.partition("?")
    arguments = f"{query}&ref=" if query else "ref="
    url = _with_directory(address.rstrip("/") if joined_path(path) else address, path) + f"?{arguments}"
    # What remains unprintable can only stem from the operator's own templates; a header could not carry it.
    return "git::" + _percent_encoded(url, safe=_PRINTABLE) + _percent_encoded(ref, safe=_REF_SAFE)


def archive_path(address: ModuleProviderId | RequestedModuleProvider, version: Version | str) -> str:
    """The URL path below which a version's archive is served, and for which keys are made (chapter 01, 2.13)."""
    return f"/v1/terrareg/modules/{address}/{version}"


def hosted_download_path(
    address: ModuleProviderId, version: Version, *, key: str | None = None, path: str | None = None
) -> str:
    """The address of a version's archive on this host (chapter 01, 2.10, *hosted form*); `PublicAddress.absolute` makes
    it absolute.

    `key` is an archive key, for a closed registry; `path` the module's directory in the archive, or None. Raises
    InvalidGitPath for a path that climbs above the root.
    """
    segments = [archive_path(address, version), *([] if key is None else [key]), "source.zip"]
    return _with_directory("/".join(segments), path)


def _with_directory(address: str, path: str | None) -> str:
    directory = joined_path(path)
    if directory is None:
        return address
    # terraform takes the text between `//` and the query for the directory's name and decodes nothing in it, so only
    # what can't be sent otherwise is encoded.
    return f"{address}//{_percent_encoded(directory, safe=_PRINTABLE.replace('?', ''))}"


@attrs.frozen
class PublicAddress:
    """Where clients reach the registry."""

    scheme: str
    """In lower case."""
    host: str
    """In lower case; an IPv6 address without its brackets."""
    port: int

    @classmethod
    def from_public_url(cls, url: str | None) -> Self | None:
        """The address in the setting `PUBLIC_URL`, or None when it is unset or ignored: without a host in ASCII, or
        with a port that is none. Path, user and everything else in it do not matter.
        """
        try:
            parts = urlsplit(url or "")
            port = parts.port
        except ValueError:
            return None
        if not parts.hostname or not _HOST.fullmatch(parts.hostname):
            return None
        scheme = parts.scheme or "https"
        return cls(scheme, parts.hostname, _default_port(scheme) if port is None else port)

    @classmethod
    def from_host(cls, host: str | None) -> Self | None:
        """The https address of a bare host or of the text of a `Host` header, whose port is ignored; None when it is
        empty or no host.
        """
        address = cls.from_public_url(f"//{host}") if host and re.search(r"[/?#@\s\\]", host) is None else None
        return address and attrs.evolve(address, port=443)

    @classmethod
    def resolve(cls, public_url: str | None, domain_name: str | None, request_host: str) -> Self:
        """The public address by the settings `PUBLIC_URL` and `DOMAIN_NAME`, else by the request's `Host` header
        (chapter 01, 2.6).

        Raises InvalidRequest when neither setting names a host and the header doesn't either.
        """
        address = cls.from_public_url(public_url) or cls.from_host(domain_name) or cls.from_host(request_host)
        if address is None:
            raise InvalidRequest("The Host header of the request names no host")
        return address

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL, the port left out where the scheme implies it."""
        return (
            self._bracketed_host if self.port == _default_port(self.scheme) else f"{self._bracketed_host}:{self.port}"
        )

    @property
    def origin(self) -> str:
        """The origin as browsers write it (RFC 6454, 6.1)."""
        return f"{self.scheme}://{self.authority}"

    def absolute(self, path: str) -> str:
        """The absolute URL of `path`, which begins with a slash; the port is always written."""
        return f"{self.scheme}://{self._bracketed_host}:{self.port}{path}"

    @property
    def _bracketed_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


_HOST = re.compile(r"[0-9a-z._-]+|[0-9a-f:.]+")


def _default_port(scheme: str) -> int:
    return 80 if scheme == "http" else 443
