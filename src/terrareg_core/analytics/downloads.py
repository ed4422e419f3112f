"""Recorded downloads: what is kept of each, and the ports that keep it durably."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

import attrs

from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.analytics.tokens import AnalyticsToken
from terrareg_core.identifiers import RequestedModuleProvider

DEFAULT_ENVIRONMENT = "Default"
"""The environment of every download where none are configured (chapter 06, 2.5)."""

_MAX_HEADER_LENGTH = 128
_RECORDED_CLIENTS = ("Terraform/", "OpenTofu/")


@attrs.frozen
class Client:
    """The program that asks for a download, by its own word."""

    user_agent: str = ""
    terraform_version: str = ""
    """Of the header `X-Terraform-Version`."""

    @property
    def recorded_version(self) -> str | None:
        """The terraform version worth recording: only of terraform and OpenTofu themselves (chapter 06, 2.4)."""
        version = self.terraform_version
        if not self.user_agent.startswith(_RECORDED_CLIENTS) or not 0 < len(version) <= _MAX_HEADER_LENGTH:
            return None
        return version


@attrs.frozen
class AnalyticsPolicy:
    """What is asked of consumers and what is recorded (chapter 06, 2)."""

    enabled: bool = True
    unidentified_downloads: bool = False
    environments_configured: bool = False
    """Whether any analytics auth key is set; without, every download belongs to the default environment."""
    example_token: str = "my-tf-application"  # noqa: S105 - public text that snippets show
    token_phrase: str = "analytics token"  # noqa: S105

    @property
    def token_required(self) -> bool:
        return self.enabled and not self.unidentified_downloads

    def environment_of(self, identity: Identity) -> str | None:
        """The environment that a download of `identity` belongs to, or None when it proved none."""
        return identity.environment if self.environments_configured else DEFAULT_ENVIRONMENT


@attrs.frozen
class DownloadEvent:
    """A download that was granted."""

    module_version_id: int
    timestamp: datetime
    requested: RequestedModuleProvider
    """The names as the client wrote them, without the token: they tell whether a redirect is still in use."""
    token: AnalyticsToken | None
    terraform_version: str | None
    environment: str | None
    authenticated: bool
    """Whether the caller held an analytics auth key; the key itself is never stored (chapter 06, 2.4)."""

    @classmethod
    def of(
        cls,
        module_version_id: int,
        now: datetime,
        requested: RequestedModuleProvider,
        token: AnalyticsToken | None,
        client: Client,
        identity: Identity,
        policy: AnalyticsPolicy,
    ) -> "DownloadEvent":
        """The event of a download granted `now` to `identity`, who asked with `client`."""
        return cls(
            module_version_id,
            now,
            requested,
            token,
            client.recorded_version,
            policy.environment_of(identity),
            identity.kind is IdentityKind.ANALYTICS_KEY,
        )


@attrs.frozen
class DownloadCounts:
    """How often something was downloaded, up to a moment (chapter 06, 5.1)."""

    week: int
    """In the last 7 days."""
    month: int
    """In the last 31 days."""
    year: int
    """In the last 365 days."""
    total: int

    WINDOWS: ClassVar[Sequence[timedelta]] = (timedelta(days=7), timedelta(days=31), timedelta(days=365))
    """How far `week`, `month` and `year` reach back."""


class DownloadLog(Protocol):
    """The recorded downloads, inside a transaction."""

    def append(self, events: Sequence[DownloadEvent]) -> None:
        """Record `events`, in order, and count each on its version.

        An event whose version was deleted meanwhile is left out, the others are recorded.
        """
        ...

    def latest_by_token(self, module_provider_id: int) -> Sequence[DownloadEvent]:
        """For each analytics token the download of a module provider, any version, that was recorded last; downloads
        without a token count as one of their own. In the order in which they were recorded.
        """
        ...

    def counts(self, module_provider_id: int, now: datetime) -> DownloadCounts:
        """How often a module provider, any version, was downloaded up to `now`; all 0 where none has this id."""
        ...

    def of_version(self, module_version_id: int) -> Sequence[DownloadEvent]:
        """Every recorded download of a version, oldest first."""
        ...


class RecordingTicket(Protocol):
    """A recording under way."""

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the recording ended, at most `timeout` seconds; True if it is durable, False if it was lost.

        Raises TimeoutError.
        """
        ...

    def when_done(self, callback: Callable[[bool], None]) -> None:
        """Call `callback` once, with what `wait` would return, from any thread; at once when it ended already."""
        ...


class DownloadRecorder(Protocol):
    """Records downloads durably without a transaction each (decision 26)."""

    def record(self, event: DownloadEvent) -> RecordingTicket:
        """Take `event` and return at once; events of concurrent callers are committed together, in order.

        Never raises: an event that could not be stored is logged, counted as lost, and its ticket says so.
        """
        ...
