"""Web-hooks: git hosts tell of tags, and versions are imported or deleted for it (chapter 02, 11)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum

import attrs

from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.permissions import Authoriser
from terrareg_core.audit.events import AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import AuthenticationRequired, RegistryError
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.hook_events import (
    GitHost,
    NothingToDo,
    SigningKeys,
    TagPushed,
    TagRemoved,
    read_event,
    read_pushes,
)
from terrareg_core.modules.importing import GitImporter, GitSource
from terrareg_core.modules.making import VersionOrder, remove_version
from terrareg_core.modules.resolution import look_up
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version

PUSH_TIME = timedelta(minutes=15)
"""How long one payload may keep the registry busy; an import that has begun ends by the bounds of its own."""

_NO_TIME = "The push brings more tags than one request has time for; send it again, or import them"


@attrs.frozen(kw_only=True)
class WebhookPolicy:
    """Which web-hooks are believed."""

    keys: SigningKeys = attrs.field(factory=SigningKeys)
    """The upload keys."""
    unauthenticated: bool = False
    """Whether, without keys, anybody's are on a registry that is open (decision 8)."""


class HookResult(Enum):
    """What a web-hook led to."""

    IMPORTED = "imported"
    DELETED = "deleted"
    IGNORED = "ignored"
    REFUSED = "refused"
    FAILED = "failed"


@attrs.frozen
class HookOutcome:
    """What became of one tag, or of an event that concerns none."""

    result: HookResult
    message: str
    """One sentence."""
    tag: str | None = None


@attrs.frozen
class PushOutcome:
    """What became of the tags of a push."""

    versions: Mapping[Version, HookOutcome]

    @property
    def has_failed(self) -> bool:
        """Whether a version could not be imported; the others are."""
        return any(outcome.result is HookResult.FAILED for outcome in self.versions.values())


@attrs.frozen
class AdmittedHook:
    """A web-hook whose sender is believed and whose module provider has a repository; its payload is not read yet."""

    _webhooks: "Webhooks"
    _host: GitHost
    _event: str
    _identity: Identity
    _requested: RequestedModuleProvider
    _source: GitSource

    def receive(self, payload: object) -> HookOutcome:
        """Do what a payload of GitHub, GitLab or Gitea asks for; `payload` is any JSON value.

        Raises InvalidPayload; whatever fails after that is part of the outcome.
        """
        match read_event(self._host, self._event, payload, self._source.tags):
            case NothingToDo(message):
                return HookOutcome(HookResult.IGNORED, message)
            case TagRemoved(tag, version):
                return self._webhooks.delete(self._identity, self._requested, tag, version)
            case pushed:
                return self._import(pushed)

    def receive_push(self, payload: object) -> PushOutcome:
        """Import every tag of a payload of Bitbucket, each in a transaction of its own; `payload` is any JSON value.

        Once `PUSH_TIME` is over, no further import begins; sent again, the payload goes on where it ended.

        Raises InvalidPayload; whatever fails after that is part of the outcome.
        """
        pushes = read_pushes(self._event, payload, self._source.tags)
        return PushOutcome(self._webhooks.import_tags(self._identity, self._requested, self._source, pushes))

    def _import(self, pushed: TagPushed) -> HookOutcome:
        return self._webhooks.import_tag(self._identity, self._requested, self._source, pushed)


@attrs.frozen
class Webhooks:
    """The use case of git hosts."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _importer: GitImporter
    _shelf: ArchiveShelf
    _policy: WebhookPolicy

    def admit(
        self, host: GitHost, requested: RequestedModuleProvider, headers: Mapping[str, bytes], body: bytes
    ) -> AdmittedHook:
        """Check everything that can be checked before the payload is read; `headers` are by lower-case name, and `body`
        is as it was received.

        Raises, in this order, AuthenticationRequired and what `GitImporter.source` raises.
        """
        identity = self._sender(host, headers, body)
        event = next((headers[name] for name in host.event_headers if headers.get(name)), b"")
        with self._unit_of_work.read() as tx:
            source = self._importer.source(look_up(tx, requested))
        return AdmittedHook(self, host, event.decode("latin-1"), identity, requested, source)

    def import_tag(
        self, identity: Identity, requested: RequestedModuleProvider, source: GitSource, pushed: TagPushed
    ) -> HookOutcome:
        """Import the version of a tag, unless it is there from the same commit; `AdmittedHook` calls this."""
        try:
            order = VersionOrder(
                identity=identity,
                requested=requested,
                version=Version.parse_new(pushed.version.text),
                permit=_permit_signed,
                keeps_equal=True,
            )
            made = self._importer.fetch_and_make(order, source, pushed.tag)
        except RegistryError as error:
            return HookOutcome(HookResult.FAILED, error.message, pushed.tag)
        return HookOutcome(HookResult.IMPORTED, f"Version {made.version} is imported", pushed.tag)

    def import_tags(
        self, identity: Identity, requested: RequestedModuleProvider, source: GitSource, pushes: Sequence[TagPushed]
    ) -> Mapping[Version, HookOutcome]:
        """`import_tag` for as many tags as there is time for; `AdmittedHook` calls this."""
        end = self._clock.now() + PUSH_TIME
        outcomes = {}
        for pushed in pushes:
            if self._clock.now() < end:
                outcomes[pushed.version] = self.import_tag(identity, requested, source, pushed)
            else:
                outcomes[pushed.version] = HookOutcome(HookResult.FAILED, _NO_TIME, pushed.tag)
        return outcomes

    def delete(self, identity: Identity, requested: RequestedModuleProvider, tag: str, version: Version) -> HookOutcome:
        """Delete the version of a tag that is gone, if there is one; `AdmittedHook` calls this."""
        if not self._policy.keys:
            return HookOutcome(HookResult.REFUSED, "Versions are deleted only where UPLOAD_API_KEYS are set", tag)
        try:
            with self._unit_of_work.write() as tx:
                module_provider = self._importer.source(look_up(tx, requested)).module_provider
                tx.module_providers.hold(module_provider.id)
                found = tx.module_versions.find(module_provider.id, version)
                if found is not None:
                    remove_version(tx, AuditPen(tx.audit, self._clock.now(), identity), module_provider, found)
        except RegistryError as error:
            return HookOutcome(HookResult.FAILED, error.message, tag)
        if found is not None:
            self._shelf.discard(found)
        return HookOutcome(HookResult.DELETED, f"Version {version} is deleted", tag)

    def _sender(self, host: GitHost, headers: Mapping[str, bytes], body: bytes) -> Identity:
        policy = self._policy
        if policy.keys:
            if policy.keys.verify(host, headers, body):
                return Identity(IdentityKind.WEBHOOK, host.user_name)
            raise AuthenticationRequired("The web-hook must be signed with one of the registry's upload keys")
        if policy.unauthenticated and self._authoriser.policy.anonymous_access:
            return Identity.anonymous()
        raise AuthenticationRequired("Web-hooks need a secret, which the operator sets as one of UPLOAD_API_KEYS")


def _permit_signed(_: Transaction, __: int | None) -> None:
    """The signature has spoken for the sender: a key is good for every namespace (chapter 02, 1.3)."""
