"""Downloads: which address terraform gets for a version, what is recorded of it, and the hosted archives themselves.

Chapter 01, sections 2.10 to 2.13, 4.8 and 5.8; chapter 06, section 2.3.
"""

from datetime import timedelta

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.analytics.downloads import AnalyticsPolicy, Client, DownloadEvent, DownloadRecorder, RecordingTicket
from terrareg_core.analytics.tokens import AnalyticsToken, split_analytics_token
from terrareg_core.clock import Clock
from terrareg_core.errors import (
    AccessDenied,
    AnalyticsTokenRequired,
    ArchiveNotFound,
    HostingDisabled,
    InvalidPresignedKey,
    ModuleVersionNotFound,
    NoDownloadMethod,
)
from terrareg_core.identifiers import ModuleProviderId, RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.model import HostingMode, ModulePolicy, ModuleProvider, ModuleVersion, StoredArchives
from terrareg_core.modules.ports import ArchiveKeySigner, StoredContent
from terrareg_core.modules.resolution import find_permitted, look_up, require
from terrareg_core.modules.sources import PublicAddress, archive_path, hosted_download_path
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version

_TOKEN_PLACEHOLDER = "your-token"  # noqa: S105 - stands in the refusal where snippets show no example token
_REPLACEMENTS = 3
"""How often a version may be replaced in the moment between finding and opening its archive."""


@attrs.frozen
class DownloadRequest:
    """A download as a client asks for it."""

    requested: RequestedModuleProvider
    """The namespace may carry an analytics token."""
    version: str | None
    """None for the latest."""
    client: Client
    public_address: PublicAddress
    """The address under which the client reached the registry."""
    direct: bool = False
    """Whether the client fetches over plain HTTP and needs an absolute address (chapter 01, 2.12)."""
    recorded: bool = True
    """False when the client only looks (HEAD), which is no download (decision 20)."""


@attrs.frozen
class DownloadAnswer:
    """Where a version is fetched from."""

    location: str
    """The value of `X-Terraform-Get`."""
    ticket: RecordingTicket | None
    """The recording under way, None when this download is not recorded; the answer is given once it is done."""


@attrs.frozen
class OpenedArchive:
    """A hosted archive, open for reading; whoever got it closes `content`."""

    content: StoredContent
    digest: str
    """SHA-256 of the whole archive, lower-case hex."""


@attrs.frozen
class Downloads:
    """The use cases of fetching modules."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _recorder: DownloadRecorder
    _shelf: ArchiveShelf
    _signer: ArchiveKeySigner
    _key_lifetime: timedelta
    _policy: ModulePolicy
    _analytics: AnalyticsPolicy
    _urls: SourceUrls

    def download(self, identity: Identity, request: DownloadRequest) -> DownloadAnswer:
        """Grant a download, begin to record it, and tell where the version is fetched from.

        Unpublished versions can be downloaded by whoever names them. Raises AccessDenied, NotFound, InvalidIdentifier,
        InvalidVersion, AnalyticsTokenRequired, NoDownloadMethod; nothing is recorded then.
        """
        namespace, token = split_analytics_token(request.requested.namespace, self._analytics.example_token)
        requested = attrs.evolve(request.requested, namespace=namespace)
        with self._unit_of_work.read() as tx:
            module_provider = find_permitted(
                tx, self._authoriser, identity, Capability.TERRAFORM, requested, self._policy
            )
            version = self._version(tx, module_provider, request.version)
        if identity.downloads_are_recorded and token is None and self._analytics.token_required:
            raise AnalyticsTokenRequired(self._token_hint(module_provider.address, request.public_address))
        location = self._location(module_provider, version, request)
        return DownloadAnswer(location, self._record(identity, request, requested, token, version))

    def open_archive(
        self, identity: Identity, requested: RequestedModuleProvider, version: str, key: str | None
    ) -> OpenedArchive:
        """The hosted zip of a version. Fetching it is not recorded: the download was.

        On a closed registry either the caller may read, or `key` is one that `download` put into the address. Raises
        HostingDisabled, InvalidPresignedKey, NotFound, InvalidIdentifier, InvalidVersion, in this order.
        """
        if self._policy.hosting is HostingMode.DISALLOW:
            raise HostingDisabled
        self._admit_to_archive(identity, requested, version, key)
        archives = self._archives_of(requested, version)
        for _ in range(_REPLACEMENTS):
            try:
                return OpenedArchive(self._shelf.open_zip(archives), archives.zip.digest)
            except ArchiveNotFound:
                # Once a version is replaced, the archives that it had are gone, and its row names others.
                missing, archives = archives, self._archives_of(requested, version)
                if archives == missing:
                    raise
        return OpenedArchive(self._shelf.open_zip(archives), archives.zip.digest)

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _archives_of(self, requested: RequestedModuleProvider, version: str) -> StoredArchives:
        with self._unit_of_work.read() as tx:
            module_provider = require(look_up(tx, requested), self._policy)
            found = tx.module_versions.find(module_provider.id, Version.parse(version))
        if found is None:
            raise ModuleVersionNotFound
        if found.archives is None:
            raise ArchiveNotFound
        return found.archives

    def _version(self, tx: Transaction, module_provider: ModuleProvider, version: str | None) -> ModuleVersion:
        found = (
            tx.module_versions.latest_of(module_provider.id)
            if version is None
            else tx.module_versions.find(module_provider.id, Version.parse(version))
        )
        if found is None:
            raise ModuleVersionNotFound
        return found

    def _location(self, module_provider: ModuleProvider, version: ModuleVersion, request: DownloadRequest) -> str:
        if self._policy.hosting is not HostingMode.ENFORCE:
            repository = self._urls.download_url(module_provider, version)
            if repository is not None:
                return repository
        if self._policy.hosting is HostingMode.DISALLOW or version.archives is None:
            raise NoDownloadMethod
        key = None if self._authoriser.policy.anonymous_access else self._key_for(module_provider, version)
        # Archives that hold the module's directory alone have it at their root.
        path = None if version.archive_git_path else version.git_path
        location = hosted_download_path(module_provider.address, version.version, key=key, path=path)
        return request.public_address.absolute(location) if request.direct else location

    def _key_for(self, module_provider: ModuleProvider, version: ModuleVersion) -> str:
        path = archive_path(module_provider.address, version.version)
        return self._signer.sign(path, self._clock.now() + self._key_lifetime)

    def _admit_to_archive(
        self, identity: Identity, requested: RequestedModuleProvider, version: str, key: str | None
    ) -> None:
        try:
            with self._unit_of_work.read() as tx:
                self._authoriser.permit(tx, identity, Capability.READ, look_up(tx, requested).owner_id)
        except AccessDenied:
            if key is None:
                raise InvalidPresignedKey("The archive's pre-signed key is missing; run terraform init again") from None
            self._signer.verify(key, archive_path(requested, version), self._clock.now())

    def _record(
        self,
        identity: Identity,
        request: DownloadRequest,
        requested: RequestedModuleProvider,
        token: AnalyticsToken | None,
        version: ModuleVersion,
    ) -> RecordingTicket | None:
        if not (request.recorded and self._analytics.enabled and identity.downloads_are_recorded):
            return None
        return self._recorder.record(
            DownloadEvent.of(version.id, self._clock.now(), requested, token, request.client, identity, self._analytics)
        )

    def _token_hint(self, address: ModuleProviderId, public_address: PublicAddress) -> str:
        phrase = self._analytics.token_phrase
        token = self._analytics.example_token or _TOKEN_PLACEHOLDER
        return (
            f"\nAn {phrase} must be provided.\n"
            f"Please update the module source to begin with your {phrase}, followed by two underscores.\n"
            f'For example:\n  source = "{public_address.authority}/{token}__{address}"'
        )
