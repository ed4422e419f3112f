"""Identity and redirects: whatever is created, moved, renamed and deleted, addresses lead where they should.

Chapter 02, section 18, items 7 and 8.
"""

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from terrareg_adapters.memory.sources import memory_archive
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import PermissionDenied, RegistryError
from terrareg_core.identifiers import NamespaceName, RequestedModuleProvider
from terrareg_core.modules.module_providers import ModuleProviderChanges
from terrareg_core.modules.resolution import look_up
from terrareg_core.namespaces.use_cases import NamespaceChanges
from tests.unit.registries import ADMIN, World, address, make_world, signed_in

NAMES = st.sampled_from(["aa", "AA", "bb", "cc"])
MODULES = st.sampled_from(["net", "NET", "lan"])
PROVIDERS = st.sampled_from(["aws", "gcp"])
ADDRESSES = st.builds(RequestedModuleProvider, NAMES, MODULES, PROVIDERS)
EVERY_ADDRESS = [
    RequestedModuleProvider(namespace, module, provider)
    for namespace in ("aa", "AA", "bb", "cc")
    for module in ("net", "NET", "lan")
    for provider in ("aws", "gcp")
]
_HALF_ADMIN = signed_in("ann", "odd")
_Place = tuple[int, str, str]


@attrs.define
class _Model:
    """What the registry should answer, in the plainest form: names lead to ids, places to module providers."""

    live_names: dict[str, int] = attrs.field(factory=dict)
    former_names: dict[str, int] = attrs.field(factory=dict)
    live_places: dict[_Place, int] = attrs.field(factory=dict)
    former_places: dict[_Place, int] = attrs.field(factory=dict)

    def namespace(self, name: str) -> int | None:
        return self.live_names.get(name.lower()) or self.former_names.get(name.lower())

    def place(self, requested: RequestedModuleProvider) -> _Place | None:
        namespace = self.namespace(requested.namespace)
        return None if namespace is None else (namespace, requested.module.lower(), requested.provider)

    def resolve(self, requested: RequestedModuleProvider) -> int | None:
        place = self.place(requested)
        return None if place is None else self.live_places.get(place) or self.former_places.get(place)

    def place_of(self, module_provider: int) -> _Place:
        return next(place for place, owner in self.live_places.items() if owner == module_provider)


class IdentityMachine(RuleBasedStateMachine):
    """Every rule asks the registry and, when it agreed, does the same to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.open_world()
        self.world.given_group("odd")
        self.model = _Model()
        self.keys: dict[int, list[str]] = {}

    def open_world(self) -> World:
        return make_world(access=AccessPolicy(access_controls=True))

    # --- namespaces ---

    @rule(name=NAMES)
    def create_namespace(self, name: str) -> None:
        if name.lower() in self.model.live_names:
            self._refused(lambda: self.world.registry.namespaces.create(ADMIN, name))
            return
        created = self.world.registry.namespaces.create(ADMIN, name)
        assert created.replaced_redirect == (name.lower() in self.model.former_names)
        self.model.former_names.pop(name.lower(), None)
        self.model.live_names[name.lower()] = created.namespace.id
        # Whoever is not the admin has rights on the namespaces with odd ids.
        if created.namespace.id % 2:
            self.world.registry.user_groups.grant(ADMIN, "odd", name, "FULL")

    @rule(old=NAMES, new=NAMES)
    def rename_namespace(self, old: str, new: str) -> None:
        model, renamed = self.model, self.model.namespace(old)
        if renamed is None or model.live_names.get(new.lower(), renamed) != renamed:
            self._refused(lambda: self.world.registry.namespaces.change(ADMIN, old, NamespaceChanges(name=new)))
            return
        changed = self.world.registry.namespaces.change(ADMIN, old, NamespaceChanges(name=new))
        assert changed.replaced_redirect == (model.former_names.get(new.lower(), renamed) != renamed)
        model.former_names.pop(new.lower(), None)
        current = next(name for name, owner in model.live_names.items() if owner == renamed)
        if current != new.lower():
            model.former_names[current] = model.live_names.pop(current)
            model.live_names[new.lower()] = renamed

    @rule(name=NAMES)
    def delete_namespace(self, name: str) -> None:
        model, deleted = self.model, self.model.namespace(name)
        if deleted is None or any(place[0] == deleted for place in model.live_places):
            self._refused(lambda: self.world.registry.namespaces.delete(ADMIN, name))
            return
        self.world.registry.namespaces.delete(ADMIN, name)
        model.live_names = {key: owner for key, owner in model.live_names.items() if owner != deleted}
        model.former_names = {key: owner for key, owner in model.former_names.items() if owner != deleted}
        model.former_places = {place: it for place, it in model.former_places.items() if place[0] != deleted}

    # --- module providers ---

    @rule(requested=ADDRESSES)
    def create_module_provider(self, requested: RequestedModuleProvider) -> None:
        place = self.model.place(requested)
        if place is None or self.model.resolve(requested) is not None:
            self._refused(lambda: self.world.registry.module_providers.create(ADMIN, requested))
            return
        self.world.registry.module_providers.create(ADMIN, requested)
        self.world.registry.publishing.upload(ADMIN, requested, "1.0.0", memory_archive({"main.tf": ""}))
        created = self._found(requested)
        assert created is not None
        self.model.live_places[place] = created
        self.keys[created] = self._keys(created)

    @rule(requested=ADDRESSES, namespace=st.none() | NAMES, module=st.none() | MODULES, provider=st.none() | PROVIDERS)
    def move(
        self, requested: RequestedModuleProvider, namespace: str | None, module: str | None, provider: str | None
    ) -> None:
        model, moved = self.model, self.model.resolve(requested)
        changes = ModuleProviderChanges(namespace=namespace, module=module, provider=provider)
        before = None if moved is None else model.place_of(moved)
        after = None
        if before is not None:
            target = before[0] if namespace is None else model.live_names.get(namespace.lower())
            after = None if target is None else (target, (module or before[1]).lower(), provider or before[2])
        if (
            before is None
            or after is None
            or {model.live_places.get(after), model.former_places.get(after)} - {None, moved}
        ):
            self._refused(lambda: self.world.registry.module_providers.change(ADMIN, requested, changes))
            return
        self.world.registry.module_providers.change(ADMIN, requested, changes)
        if before != after:
            assert moved is not None
            del model.live_places[before]
            model.former_places.pop(after, None)
            model.live_places[after] = moved
            model.former_places[before] = moved

    @rule(requested=ADDRESSES)
    def delete_module_provider(self, requested: RequestedModuleProvider) -> None:
        model, deleted = self.model, self.model.resolve(requested)
        if deleted is None:
            self._refused(lambda: self.world.registry.module_providers.delete(ADMIN, requested))
            return
        self.world.registry.module_providers.delete(ADMIN, requested)
        model.live_places = {place: it for place, it in model.live_places.items() if it != deleted}
        model.former_places = {place: it for place, it in model.former_places.items() if it != deleted}
        del self.keys[deleted]

    @rule(requested=ADDRESSES, which=st.integers(0, 3))
    def delete_redirect(self, requested: RequestedModuleProvider, which: int) -> None:
        if self.model.resolve(requested) is None:
            self._refused(lambda: self.world.registry.module_providers.redirects(ADMIN, requested))
            return
        redirects = self.world.registry.module_providers.redirects(ADMIN, requested)
        if which < len(redirects):
            redirect = redirects[which]
            self.world.registry.module_providers.delete_redirect(ADMIN, requested, str(redirect.id))
            del self.model.former_places[redirect.namespace.id, redirect.module.folded, redirect.provider.value]

    # --- what always holds ---

    @invariant()
    def every_address_leads_where_it_should(self) -> None:
        for requested in EVERY_ADDRESS:
            assert self._found(requested) == self.model.resolve(requested), str(requested)

    @invariant()
    def redirects_are_no_chain_do_not_dangle_and_are_no_live_address(self) -> None:
        listed: dict[_Place, int] = {}
        with self.world.unit_of_work.read() as tx:
            for module_provider in self.model.live_places.values():
                for row in tx.module_providers.redirects_to(module_provider):
                    listed[row.namespace.id, row.module.folded, row.provider.value] = row.target_id
                    assert self._found(RequestedModuleProvider.of(row.target)) == row.target_id
        assert listed == self.model.former_places
        assert not set(listed) & set(self.model.live_places)
        assert not set(self.model.former_names) & set(self.model.live_names)

    @invariant()
    def archives_stay_where_they_are(self) -> None:
        for module_provider, keys in self.keys.items():
            assert self._keys(module_provider) == keys

    @invariant()
    def the_right_that_is_asked_for_is_that_on_the_namespace_that_an_address_leads_to(self) -> None:
        refusals = set()
        for requested in EVERY_ADDRESS:
            found = self.model.resolve(requested)
            namespace = self.model.namespace(requested.namespace) if found is None else self.model.place_of(found)[0]
            try:
                self.world.registry.module_providers.change(_HALF_ADMIN, requested, ModuleProviderChanges())
            except PermissionDenied as error:
                assert namespace is None or namespace % 2 == 0
                refusals.add(error.message)
            except RegistryError:
                assert found is None
                assert namespace is not None
                assert namespace % 2 == 1
            else:
                assert namespace is not None
                assert namespace % 2 == 1
        assert len(refusals) <= 1

    # --- the pieces ---

    def _refused(self, attempt: object) -> None:
        events = len(self.world.events())
        assert callable(attempt)
        try:
            attempt()
        except RegistryError:
            assert len(self.world.events()) == events
            return
        raise AssertionError("this should have been refused")

    def _found(self, requested: RequestedModuleProvider) -> int | None:
        with self.world.unit_of_work.read() as tx:
            found = look_up(tx, requested).module_provider
        return found.id if found is not None else None

    def _keys(self, module_provider: int) -> list[str]:
        with self.world.unit_of_work.read() as tx:
            versions = tx.module_versions.of_module_provider(module_provider)
        return [version.archives.zip.key for version in versions if version.archives is not None]


IdentityMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestIdentity = IdentityMachine.TestCase


def test_a_move_followed_by_the_inverse_move_restores_the_live_address() -> None:
    world = make_world()
    for name in ("acme", "other"):
        world.registry.namespaces.create(ADMIN, name)
    start = address("acme/net/aws")
    world.registry.module_providers.create(ADMIN, start)
    for _ in range(2):
        world.registry.module_providers.change(
            ADMIN, start, ModuleProviderChanges(namespace="other", module="lan", provider="gcp")
        )
        world.registry.module_providers.change(
            ADMIN, start, ModuleProviderChanges(namespace="acme", module="net", provider="aws")
        )
        with world.unit_of_work.read() as tx:
            found = look_up(tx, address("other/lan/gcp")).module_provider
            assert found is not None
            assert str(found.address) == "acme/net/aws"
            assert [str(row.address) for row in tx.module_providers.redirects_to(found.id)] == ["other/lan/gcp"]
            assert tx.namespaces.find("acme") is not None
            assert tx.namespaces.redirects_named(NamespaceName("acme")) == []
