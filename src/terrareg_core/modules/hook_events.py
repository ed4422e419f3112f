"""What the web-hooks of git hosts say: their signatures, and from their JSON to what happened to tags (chapter 02, 11).

Everything in a payload is a stranger's: no value of any type or size leads to anything but an event or a refusal.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

import attrs

from terrareg_core.errors import InvalidPayload
from terrareg_core.modules.sources import TagFormat
from terrareg_core.versions import Version

TAGS_MAX = 100
"""How many tags one payload may bring; each is a repository to fetch."""

_REF_PREFIX = "refs/tags/"


class GitHost(Enum):
    """Whose web-hooks are understood; the value is the path segment that they are sent to."""

    BITBUCKET = "bitbucket"
    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"

    @property
    def user_name(self) -> str:
        """Who audit events say it was, once the signature verified."""
        return f"{self.value.capitalize()} webhook"

    @property
    def signature_headers(self) -> Sequence[str]:
        """The names of the headers, in lower case, of which one must prove that the sender has a key."""
        return _SIGNATURE_HEADERS[self]

    @property
    def event_headers(self) -> Sequence[str]:
        """The names of the headers, in lower case, of which the first that is there names the event."""
        return _EVENT_HEADERS[self]


_SIGNATURE_HEADERS = {
    GitHost.BITBUCKET: ("x-hub-signature",),
    GitHost.GITHUB: ("x-hub-signature-256",),
    GitHost.GITLAB: ("x-gitlab-token",),
    GitHost.GITEA: ("x-gitea-signature", "x-forgejo-signature"),
}
_EVENT_HEADERS = {
    GitHost.BITBUCKET: ("x-event-key",),
    GitHost.GITHUB: ("x-github-event",),
    GitHost.GITLAB: ("x-gitlab-event",),
    GitHost.GITEA: ("x-gitea-event", "x-forgejo-event"),
}


# --- signatures (11.1) -------------------------------------------------------------------------------------------


@attrs.frozen
class SigningKeys:
    """The keys that senders of web-hooks sign with."""

    _keys: tuple[bytes, ...] = attrs.field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def verify(self, host: GitHost, headers: Mapping[str, bytes], body: bytes) -> bool:
        """Whether one of the keys made the signature in `headers` (by lower-case name) over the raw `body`.

        It is the lower-case hex HMAC-SHA256, with or without `sha256=` before it; for GitLab, the key itself. Takes the
        same time for every wrong signature.
        """
        presented = [headers[name] for name in host.signature_headers if headers.get(name)]
        if host is GitHost.GITLAB:
            # Digests are compared, for a comparison of different lengths would tell the length.
            expected = [_digest(key, b"") for key in self._keys]
            presented = [_digest(value, b"") for value in presented]
        else:
            expected = [_digest(key, body) for key in self._keys]
            presented = [value.removeprefix(b"sha256=") for value in presented]
        return sum(hmac.compare_digest(ours, theirs) for ours in expected for theirs in presented) > 0


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, "sha256").hexdigest().encode()


# --- events ------------------------------------------------------------------------------------------------------


@attrs.frozen
class TagPushed:
    """A tag is there, and its version is to be imported."""

    tag: str
    version: Version


@attrs.frozen
class TagRemoved:
    """A tag or its release is gone, and its version is to be deleted."""

    tag: str
    version: Version


@attrs.frozen
class NothingToDo:
    """An event that concerns no version."""

    message: str
    """One sentence for whoever looks at the answer."""


HookEvent = TagPushed | TagRemoved | NothingToDo


def read_event(host: GitHost, event: str, payload: object, tags: TagFormat) -> HookEvent:
    """What a payload of GitHub (11.3), GitLab or Gitea (11.5) says; `event` is the text of the event's header.

    `payload` is any JSON value. Raises InvalidPayload.
    """
    document = payload if isinstance(payload, Mapping) else {}
    match host:
        case GitHost.GITLAB:
            return _gitlab(document, tags)
        case GitHost.GITEA:
            return _gitea(event, document, tags)
        case _:
            return _github(event, document, tags)


def read_pushes(event: str, payload: object, tags: TagFormat) -> Sequence[TagPushed]:
    """The tags that a payload of Bitbucket brings, each version once and at its last tag (11.2).

    Raises InvalidPayload.
    """
    document = payload if isinstance(payload, Mapping) else {}
    if event == "diagnostics:ping" or document.get("test") is True:
        return ()
    changes, push = document.get("changes"), document.get("push")
    if isinstance(changes, list):
        names = [name for change in changes for name in _data_center_tag(change)]
    elif isinstance(push, Mapping) and isinstance(push.get("changes"), list):
        names = [name for change in push["changes"] for name in _cloud_tag(change)]
    else:
        raise InvalidPayload("The payload has no list of changes, as repository pushes have")
    pushes: dict[str, TagPushed] = {}
    for tag in names:
        version = tags.version_of(tag)
        if version is not None:
            pushes[version.text] = TagPushed(tag, version)
    if len(pushes) > TAGS_MAX:
        raise InvalidPayload(f"The payload brings more than {TAGS_MAX} tags; push fewer at once, or import them")
    return tuple(pushes.values())


def _data_center_tag(change: object) -> Iterator[str]:
    if not isinstance(change, Mapping) or change.get("type") not in ("ADD", "UPDATE"):
        return
    ref = change.get("ref")
    if isinstance(ref, Mapping) and ref.get("type") == "TAG":
        yield from _tag_of_ref(ref.get("id"))


def _cloud_tag(change: object) -> Iterator[str]:
    new = change.get("new") if isinstance(change, Mapping) else None
    if isinstance(new, Mapping) and new.get("type") == "tag" and isinstance(new.get("name"), str):
        yield new["name"]


def _tag_of_ref(ref: object) -> Iterator[str]:
    """The tag that a full ref name names, if it does."""
    if isinstance(ref, str) and ref.startswith(_REF_PREFIX):
        yield ref.removeprefix(_REF_PREFIX)


def _github(event: str, document: Mapping[str, object], tags: TagFormat) -> HookEvent:
    if event == "ping":
        return NothingToDo("The web-hook is set up")
    release, action = document.get("release"), document.get("action")
    if not isinstance(release, Mapping):
        raise InvalidPayload("The payload has no release; choose release events only")
    # A release that is unpublished becomes a draft by that.
    if release.get("draft") is True and action != "unpublished":
        return NothingToDo("Drafts are not imported")
    tag, version = _required_tag(release.get("tag_name"), tags)
    if not isinstance(action, str) or not action:
        raise InvalidPayload("The payload has no action")
    return TagRemoved(tag, version) if action in ("deleted", "unpublished") else TagPushed(tag, version)


def _gitlab(document: Mapping[str, object], tags: TagFormat) -> HookEvent:
    names = list(_tag_of_ref(document.get("ref"))) if document.get("object_kind") == "tag_push" else []
    if not names:
        return NothingToDo("Only tags are imported")
    tag, version = _required_tag(names[0], tags)
    removed = "checkout_sha" in document and document["checkout_sha"] is None
    return TagRemoved(tag, version) if removed else TagPushed(tag, version)


def _gitea(event: str, document: Mapping[str, object], tags: TagFormat) -> HookEvent:
    ref = document.get("ref")
    if event in ("create", "delete") and document.get("ref_type") == "tag":
        tag, version = _required_tag(ref.removeprefix(_REF_PREFIX) if isinstance(ref, str) else ref, tags)
        return TagRemoved(tag, version) if event == "delete" else TagPushed(tag, version)
    names = list(_tag_of_ref(ref)) if event == "push" else []
    # The removal of a tag is pushed as well, to a commit of zeros; its own event follows.
    after = document.get("after")
    if not names or (isinstance(after, str) and set(after) == {"0"}):
        return NothingToDo("Only tags are imported")
    return TagPushed(*_required_tag(names[0], tags))


def _required_tag(tag: object, tags: TagFormat) -> tuple[str, Version]:
    if not isinstance(tag, str) or not tag:
        raise InvalidPayload("The payload names no tag")
    version = tags.version_of(tag)
    if version is None:
        raise InvalidPayload(f"The tag doesn't have the form {tags.text} of this module provider's tags")
    return tag, version
