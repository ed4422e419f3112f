"""Downloads: addresses, recording, and hosted archives, over the in-memory twins (chapter 01, 2.10 to 2.13)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import attrs
import pytest

from terrareg_adapters.memory.recorder import DirectRecorder
from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.analytics.downloads import AnalyticsPolicy, Client, DownloadEvent
from terrareg_core.errors import (
    AnalyticsTokenRequired,
    ArchiveNotFound,
    AuthenticationRequired,
    HostingDisabled,
    InvalidPresignedKey,
    InvalidVersion,
    ModuleProviderNotFound,
    ModuleVersionNotFound,
    NamespaceNotFound,
    NoDownloadMethod,
    PermissionDenied,
    StoreUnavailable,
)
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.downloads import DownloadRequest, Downloads
from terrareg_core.modules.model import HostingMode, ModulePolicy
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, make_world
from tests.unit.test_publishing import _Faulty

VPC = address("acme/vpc/aws")
TERRAFORM = Client("Terraform/1.11.4", "1.11.4")
ANALYTICS_KEY = Identity(IdentityKind.ANALYTICS_KEY, "key", environment="prod")
IGNORED = Identity(IdentityKind.IGNORE_ANALYTICS_KEY, "ignored")
CLOSED = AccessPolicy(anonymous_access=False)


def _published(world: World, *versions: str, files: dict[str, str] | None = None) -> World:
    for version in versions or ("1.0.0", "1.2.0"):
        world.registry.publishing.upload(ADMIN, VPC, version, memory_archive(files or {"main.tf": ""}))
    return world


def _request(
    target: str = "tok__acme/vpc/aws", version: str | None = None, *, direct: bool = False, recorded: bool = True
) -> DownloadRequest:
    public = PublicAddress("https", "reg.example.com", 443)
    return DownloadRequest(address(target), version, TERRAFORM, public, direct=direct, recorded=recorded)


def _get(world: World, request: DownloadRequest | None = None, identity: Identity = ANONYMOUS) -> str:
    answer = world.registry.downloads.download(identity, request or _request())
    assert answer.ticket is None or answer.ticket.wait(1)
    return answer.location


def _recorded(world: World) -> list[DownloadEvent]:
    with world.unit_of_work.read() as tx:
        return [event for number in (1, 2) for event in tx.downloads.of_version(number)]


def test_the_latest_version_is_downloaded_from_this_host_and_recorded() -> None:
    world = _published(make_world())
    assert _get(world) == "/v1/terrareg/modules/acme/vpc/aws/1.2.0/source.zip"
    event = _recorded(world)[0]
    assert str(event.token) == "tok"
    assert (event.module_version_id, event.terraform_version, event.environment) == (2, "1.11.4", "Default")
    assert event.requested == VPC
    assert world.registry.catalogue.version_details(ADMIN, VPC).outline.summary.downloads == 1


def test_an_exact_version_is_downloaded_even_before_it_is_published() -> None:
    world = _published(make_world(modules=ModulePolicy(auto_publish=False)))
    assert _get(world, _request(version="1.0.0")).endswith("/1.0.0/source.zip")
    with pytest.raises(ModuleVersionNotFound):
        _get(world)


def test_a_direct_download_gets_an_absolute_address_with_its_port() -> None:
    world = _published(make_world())
    assert _get(world, _request(direct=True)) == (
        "https://reg.example.com:443/v1/terrareg/modules/acme/vpc/aws/1.2.0/source.zip"
    )


@pytest.mark.parametrize("segment", ["acme", "my-tf-application__acme", "__acme"])
def test_without_a_token_the_refusal_shows_how_to_send_one(segment: str) -> None:
    world = _published(make_world())
    with pytest.raises(AnalyticsTokenRequired) as refusal:
        _get(world, _request(f"{segment}/VPC/aws"))
    assert refusal.value.message.startswith("\n")
    assert "analytics token" in refusal.value.message
    assert refusal.value.message.endswith('source = "reg.example.com/my-tf-application__acme/vpc/aws"')
    assert _recorded(world) == []


def test_the_refusal_has_a_neutral_placeholder_where_snippets_show_no_token() -> None:
    world = _published(make_world(analytics=AnalyticsPolicy(example_token="", token_phrase="team name")))
    with pytest.raises(AnalyticsTokenRequired, match="team name") as refusal:
        _get(world, _request("acme/vpc/aws"))
    assert "/your-token__acme/vpc/aws" in refusal.value.message


@pytest.mark.parametrize(
    ("policy", "identity", "recorded"),
    [
        (AnalyticsPolicy(unidentified_downloads=True), ANONYMOUS, 1),
        (AnalyticsPolicy(enabled=False), ANONYMOUS, 0),
        (AnalyticsPolicy(), IGNORED, 0),
    ],
)
def test_some_need_no_token(policy: AnalyticsPolicy, identity: Identity, recorded: int) -> None:
    world = _published(make_world(analytics=policy))
    _get(world, _request("acme/vpc/aws"), identity)
    assert len(_recorded(world)) == recorded


def test_looking_is_not_downloading() -> None:
    world = _published(make_world())
    _get(world, _request(recorded=False))
    assert _recorded(world) == []


def test_the_environment_of_an_analytics_key_is_recorded_but_not_the_key() -> None:
    world = _published(make_world(analytics=AnalyticsPolicy(environments_configured=True)))
    _get(world, identity=ANALYTICS_KEY)
    assert (_recorded(world)[0].environment, _recorded(world)[0].authenticated) == ("prod", True)


def test_a_download_that_can_not_be_recorded_is_still_answered() -> None:
    world = _published(make_world())
    broken = DirectRecorder(_Faulty(world.unit_of_work, StoreUnavailable("The database is gone")))
    downloads = attrs.evolve(world.registry.downloads, recorder=broken)
    answer = downloads.download(ANONYMOUS, _request())
    outcome: list[bool] = []
    assert answer.ticket is not None
    answer.ticket.when_done(outcome.append)
    assert outcome == [False]
    assert answer.location.endswith("source.zip")


@pytest.mark.parametrize(
    ("target", "version", "error"),
    [
        ("tok__nope/vpc/aws", None, NamespaceNotFound),
        ("tok__acme/nope/aws", None, ModuleProviderNotFound),
        ("tok__acme/vpc/aws", "9.9.9", ModuleVersionNotFound),
        ("tok__acme/vpc/aws", "latest", InvalidVersion),
        ("a__b__acme/vpc/aws", None, NamespaceNotFound),
    ],
)
def test_what_does_not_exist_is_not_recorded(target: str, version: str | None, error: type[Exception]) -> None:
    world = _published(make_world())
    with pytest.raises(error):
        _get(world, _request(target, version))
    assert _recorded(world) == []


CLONED = {"main.tf": "", "terrareg.json": '{"repo_clone_url": "ssh://git@g.example/{namespace}/{module}.git"}'}


@pytest.mark.parametrize(
    ("hosting", "custom_urls", "location"),
    [
        (HostingMode.ALLOW, True, "git::ssh://git@g.example/acme/vpc.git?ref=1.0.0"),
        (HostingMode.ENFORCE, True, "/v1/terrareg/modules/acme/vpc/aws/1.0.0/source.zip"),
        (HostingMode.ALLOW, False, "/v1/terrareg/modules/acme/vpc/aws/1.0.0/source.zip"),
    ],
)
def test_a_repository_named_by_the_version_is_preferred_unless_hosting_is_enforced(
    hosting: HostingMode, custom_urls: bool, location: str
) -> None:
    world = make_world(modules=ModulePolicy(hosting=hosting), urls=SourceUrls(custom_urls))
    assert _get(_published(world, "1.0.0", files=CLONED)) == location


def test_without_hosting_and_repository_there_is_no_download_method() -> None:
    world = _published(make_world(), "1.0.0")
    downloads = attrs.evolve(world.registry.downloads, policy=ModulePolicy(hosting=HostingMode.DISALLOW))
    with pytest.raises(NoDownloadMethod):
        downloads.download(ANONYMOUS, _request())
    with pytest.raises(HostingDisabled):
        downloads.open_archive(ANONYMOUS, VPC, "1.0.0", None)
    assert _recorded(world) == []


def test_a_closed_registry_hands_out_keys_that_open_one_archive_for_a_while() -> None:
    world = _published(make_world(access=CLOSED))
    with pytest.raises(AuthenticationRequired):
        _get(world)
    location = _get(world, identity=ANALYTICS_KEY)
    key = location.removeprefix("/v1/terrareg/modules/acme/vpc/aws/1.2.0/").removesuffix("/source.zip")
    downloads = world.registry.downloads
    for _ in range(2):
        downloads.open_archive(ANONYMOUS, VPC, "1.2.0", key).content.close()
    for version, presented in (("1.2.0", None), ("1.2.0", "x" + key), ("1.0.0", key), ("1.2.0", "")):
        with pytest.raises(InvalidPresignedKey):
            downloads.open_archive(ANONYMOUS, VPC, version, presented)
    world.clock.advance(timedelta(seconds=11))
    with pytest.raises(InvalidPresignedKey):
        downloads.open_archive(ANONYMOUS, VPC, "1.2.0", key)


def test_whoever_may_read_a_closed_registry_needs_no_key() -> None:
    world = _published(make_world(access=CLOSED))
    assert world.registry.downloads.open_archive(ADMIN, VPC, "1.2.0", None).digest
    with pytest.raises(InvalidPresignedKey):
        world.registry.downloads.open_archive(ANALYTICS_KEY, VPC, "1.2.0", None)


def test_an_upload_key_downloads_nothing_from_a_closed_registry() -> None:
    world = _published(make_world(access=CLOSED))
    with pytest.raises(PermissionDenied):
        _get(world, identity=Identity(IdentityKind.UPLOAD_KEY, "Upload API Key"))


def test_the_archive_of_an_unknown_version_does_not_exist() -> None:
    world = _published(make_world())
    with pytest.raises(ModuleVersionNotFound):
        world.registry.downloads.open_archive(ANONYMOUS, VPC, "9.0.0", None)


@attrs.define
class _Overtaken:
    """A unit of work after whose reads somebody else is faster, so many times."""

    _inner: UnitOfWork
    _somebody: Callable[[], object]
    _times: int = 1

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._inner.read() as tx:
            yield tx
        if self._times:
            self._times -= 1
            self._somebody()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._inner.write() as tx:
            yield tx


def _overtaken(world: World, somebody: Callable[[], object], times: int = 1) -> Downloads:
    return attrs.evolve(world.registry.downloads, unit_of_work=_Overtaken(world.unit_of_work, somebody, times))


def test_the_archive_of_a_version_that_is_replaced_at_this_moment_is_the_new_one() -> None:
    world = _published(make_world())
    before = world.registry.downloads.open_archive(ANONYMOUS, VPC, "1.0.0", None).digest

    def replace() -> None:
        _published(world, "1.0.0", files={"main.tf": "# new\n"})

    opened = _overtaken(world, replace).open_archive(ANONYMOUS, VPC, "1.0.0", None)
    assert opened.digest != before
    assert opened.digest == world.registry.downloads.open_archive(ANONYMOUS, VPC, "1.0.0", None).digest


def test_the_archive_of_a_version_that_is_deleted_at_this_moment_does_not_exist() -> None:
    world = _published(make_world())
    overtaken = _overtaken(world, lambda: world.registry.publishing.delete(ADMIN, VPC, "1.0.0"))
    with pytest.raises(ModuleVersionNotFound):
        overtaken.open_archive(ANONYMOUS, VPC, "1.0.0", None)


def test_an_archive_that_is_gone_or_replaced_all_the_time_is_reported_as_such() -> None:
    world = _published(make_world())
    replaced_always = _overtaken(world, lambda: _published(world, "1.0.0"), 1000)
    with pytest.raises(ArchiveNotFound):
        replaced_always.open_archive(ANONYMOUS, VPC, "1.0.0", None)
    stored = world.store.keys()
    for key in stored:
        world.store.delete(key)
    with pytest.raises(ArchiveNotFound):
        world.registry.downloads.open_archive(ANONYMOUS, VPC, "1.0.0", None)
