"""The namespaces of GitHub accounts: who gets one by signing in, and who doesn't (chapter 04, 10.4)."""

from collections.abc import Callable, Mapping

import pytest

from terrareg_adapters.memory.identity_provider import MemoryIdentityProvider
from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.authentication import Credentials, SignInPolicy
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import SessionKeys
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import NamespaceNotFound, PermissionDenied
from terrareg_core.modules.module_providers import ModuleProviderChanges
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.namespaces.use_cases import NamespaceChanges
from tests.unit.registries import ADMIN, World, address, make_world

USER, ORGANISATION, NONE = NamespaceKind.GITHUB_USER, NamespaceKind.GITHUB_ORGANISATION, NamespaceKind.NONE
OCTO = {"Acme": ORGANISATION, "Octo": USER}


class _GitHubs:
    """A registry with access controls, and two GitHubs where people sign in."""

    def __init__(self) -> None:
        self.places = {name: MemoryIdentityProvider(SignInMethod.GITHUB, name) for name in ("hub", "lab")}
        offered = frozenset((SignInMethod.GITHUB, name) for name in self.places)
        self.world = make_world(
            access=AccessPolicy(access_controls=True),
            identity_providers=list(self.places.values()),
            sign_in=SignInPolicy(offered=offered, keys=SessionKeys.of("key", None)),
        )

    def sign_in(
        self, accounts: Mapping[str, NamespaceKind], source: str = "hub", *, generates: bool = True, login: str = "Octo"
    ) -> Identity:
        """Somebody with these accounts signs in; the last one is their own."""
        sign_in, place = self.world.registry.sign_in, self.places[source]
        started = sign_in.start(SignInMethod.GITHUB, source, None)
        somebody = ExternalIdentity(subject=login, name=login, accounts=accounts, generates_namespaces=generates)
        answer = place.sign_in(started.url, somebody)
        nobody = self.world.registry.admission.admit(Credentials(), "192.0.2.1", None)
        signed_in = sign_in.finish(
            SignInMethod.GITHUB, source, answer, state=answer["state"], browser=started.browser, caller=nobody
        )
        assert signed_in.session is not None
        session = Credentials(session=signed_in.session.value)
        return self.world.registry.admission.admit(session, "192.0.2.1", None).identity

    def namespaces(self) -> dict[str, tuple[NamespaceKind, str | None]]:
        rows = self.world.registry.namespaces.page(ADMIN, None).rows
        return {row.name.value: (row.kind, row.source) for row in rows}

    def owns(self, identity: Identity, name: str) -> bool:
        try:
            self.world.registry.namespaces.change(identity, name, NamespaceChanges())
        except PermissionDenied:
            return False
        return True


def _show(world: World, name: str) -> Namespace:
    return world.registry.namespaces.show(ADMIN, name).namespace


def test_missing_namespaces_are_made_and_belong_to_whoever_owns_the_accounts() -> None:
    githubs = _GitHubs()
    octo = githubs.sign_in(OCTO)
    assert githubs.namespaces() == {"Acme": (ORGANISATION, "hub"), "Octo": (USER, "hub")}
    events = [(event.action.value, event.object_id, event.username) for event in githubs.world.events()]
    assert events == [
        ("NAMESPACE_CREATE", "Acme", "Octo"),
        ("NAMESPACE_CREATE", "Octo", "Octo"),
        ("USER_LOGIN", None, "Octo"),
    ]
    assert githubs.owns(octo, "acme")
    assert githubs.owns(octo, "octo")
    colleague = githubs.sign_in({"ACME": ORGANISATION, "Ann": USER}, login="Ann")
    assert githubs.owns(colleague, "acme")
    assert not githubs.owns(colleague, "octo")
    assert _show(githubs.world, "acme").name.value == "Acme"


def test_signing_in_again_makes_nothing_again() -> None:
    githubs = _GitHubs()
    githubs.sign_in(OCTO)
    before = githubs.namespaces()
    githubs.sign_in(OCTO)
    assert githubs.namespaces() == before
    assert [event.action.value for event in githubs.world.events()].count("NAMESPACE_CREATE") == 2


def test_a_source_that_generates_no_namespaces_makes_and_gives_none() -> None:
    githubs = _GitHubs()
    githubs.sign_in(OCTO)
    before = githubs.namespaces()
    octo = githubs.sign_in({**OCTO, "new": ORGANISATION}, generates=False)
    assert githubs.namespaces() == before
    assert not githubs.owns(octo, "acme")


def test_an_account_of_another_source_is_another_account() -> None:
    githubs = _GitHubs()
    githubs.sign_in(OCTO)
    before = githubs.namespaces()
    namesake = githubs.sign_in(OCTO, "lab")
    assert githubs.namespaces() == before
    assert not githubs.owns(namesake, "acme")
    assert not githubs.owns(namesake, "octo")


@pytest.mark.parametrize("login", ["x", "a__b", "-a", "a_", "\u212aelvin", "a" * 129, "a b", "", "\0"])
def test_an_account_whose_name_is_none_for_a_namespace_has_none_and_signs_in_all_the_same(login: str) -> None:
    githubs = _GitHubs()
    githubs.world.registry.namespaces.create(ADMIN, "kelvin")
    octo = githubs.sign_in({login: USER})
    assert githubs.namespaces() == {"kelvin": (NONE, None)}
    assert not githubs.owns(octo, "kelvin")


def test_two_accounts_whose_names_differ_by_casing_share_a_namespace() -> None:
    githubs = _GitHubs()
    octo = githubs.sign_in({"Acme": ORGANISATION, "acme": USER})
    assert githubs.namespaces() == {"Acme": (ORGANISATION, "hub")}
    assert githubs.owns(octo, "acme")


# --- namespaces that are there already ---


def test_an_empty_namespace_of_nobodys_is_handed_over_as_it_is_spelled() -> None:
    githubs = _GitHubs()
    githubs.world.registry.namespaces.create(ADMIN, "ACME", "The Acme")
    octo = githubs.sign_in(OCTO)
    assert githubs.namespaces()["ACME"] == (ORGANISATION, "hub")
    assert githubs.owns(octo, "acme")
    event = githubs.world.events()[1]
    assert (event.action.value, event.object_id, event.username) == ("NAMESPACE_MODIFY_TYPE", "ACME", "Octo")
    assert (event.old_value, event.new_value) == ("NONE", "GITHUB_ORGANISATION")


def _given_module(world: World) -> None:
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.module_providers.create(ADMIN, address("acme/net/aws"))


def _given_module_that_moved_out(world: World) -> None:
    _given_module(world)
    world.registry.namespaces.create(ADMIN, "other")
    world.registry.module_providers.change(ADMIN, address("acme/net/aws"), ModuleProviderChanges(namespace="other"))


def _given_group(world: World) -> None:
    world.registry.namespaces.create(ADMIN, "acme")
    world.given_group("team", rights={"acme": "MODIFY"})


def _given_renamed(world: World) -> None:
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.namespaces.change(ADMIN, "acme", NamespaceChanges(name="renamed"))


@pytest.mark.parametrize("given", [_given_module, _given_module_that_moved_out, _given_group, _given_renamed])
def test_a_namespace_that_is_in_use_is_not_an_accounts_because_it_has_its_name(given: Callable[[World], None]) -> None:
    githubs = _GitHubs()
    given(githubs.world)
    before = githubs.namespaces()
    octo = githubs.sign_in({"Acme": ORGANISATION})
    assert githubs.namespaces() == before
    assert not githubs.owns(octo, "acme")
    assert githubs.world.events()[-1].action.value == "USER_LOGIN"


def test_nobody_publishes_under_the_former_address_of_a_module_by_registering_an_account() -> None:
    githubs = _GitHubs()
    _given_module_that_moved_out(githubs.world)
    registry, former = githubs.world.registry, address("acme/net/aws")
    for _ in range(2):
        octo = githubs.sign_in({"acme": USER})
        with pytest.raises(PermissionDenied):
            registry.namespaces.delete(octo, "acme")
        with pytest.raises(PermissionDenied):
            registry.publishing.upload(octo, former, "6.6.6", memory_archive({"main.tf": ""}))
    assert str(registry.module_providers.redirects(ADMIN, former)[0].target) == "other/net/aws"


def test_an_owner_who_deletes_a_namespace_gets_it_back_empty_by_signing_in_again() -> None:
    githubs = _GitHubs()
    octo = githubs.sign_in({"Octo": USER})
    before = _show(githubs.world, "octo")
    githubs.world.registry.namespaces.delete(octo, "octo")
    with pytest.raises(NamespaceNotFound):
        _show(githubs.world, "octo")
    assert not githubs.owns(octo, "octo")
    assert githubs.owns(githubs.sign_in({"Octo": USER}), "octo")
    assert _show(githubs.world, "octo").id != before.id


def test_after_a_rename_the_former_name_is_no_accounts_either() -> None:
    githubs = _GitHubs()
    githubs.sign_in({"Octo": USER})
    githubs.world.registry.namespaces.change(ADMIN, "octo", NamespaceChanges(name="widgets"))
    githubs.world.registry.module_providers.create(ADMIN, address("octo/net/aws"))
    for login in ("Octo", "widgets"):
        somebody = githubs.sign_in({login: USER}, login=login)
        assert not githubs.owns(somebody, "octo")
        assert not githubs.owns(somebody, "widgets")
    assert githubs.namespaces() == {"widgets": (NONE, None)}
