"""Permission is asked for the namespace that an address leads to (decision 7): renamed, moved, or out of reach."""

from collections.abc import Mapping

import pytest

from terrareg_core.access.authentication import ConfiguredSecrets
from terrareg_core.access.keys import Secret
from terrareg_core.access.permissions import AccessPolicy, Capability
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_http.routes import ROUTES
from tests.integration.http.people import begun_session, github_user, given_group, keyed, made_token, person
from tests.integration.http.serving import ADMIN, MANAGED, MODULES, NAMESPACES, ServedWorld
from tests.integration.http.test_permission_matrix import Route, answered, ask
from tests.unit.registries import make_world

ON_NAMESPACES = {Capability.UPLOAD, Capability.PUBLISH, Capability.MODIFY, Capability.FULL}
WRITES = [route for route in ROUTES if route.needs in ON_NAMESPACES]
MODULE_WRITES = [route for route in WRITES if "{name}" in route.path and route.id != "createModuleProvider"]
FIRST, SECOND = person("first", "firsts"), person("second", "seconds")


def opened(*, closed: bool = False) -> ServedWorld:
    """A registry with access controls that holds `ns1/vpc/aws` and `ns2`; each namespace has people with FULL on it."""
    policy = AccessPolicy(access_controls=True, anonymous_access=not closed)
    world = make_world(access=policy, secrets=ConfiguredSecrets(admin=Secret.of("admin-key")))
    served = ServedWorld(world)
    for name in ("ns1", "ns2"):
        assert served.post(NAMESPACES, {"name": name}).status_code == 200
    assert served.post(f"{MANAGED}/ns1/vpc/aws/create", {}).status_code == 200
    given_group(served, "firsts", rights={"ns1": "FULL"})
    given_group(served, "seconds", rights={"ns2": "FULL"})
    return served


def answer(served: ServedWorld, route: Route, headers: Mapping[str, str], **parameters: str) -> str:
    """`ok`, `401` or `403`."""
    return answered(served.run(ask(served, route, headers, **parameters)))


def test_the_writes_on_namespaces_are_those_that_are_known() -> None:
    assert len(WRITES) >= 11
    assert all("{namespace}" in route.path for route in WRITES)


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_a_renamed_namespace_is_its_peoples_under_both_names(route: Route) -> None:
    with opened() as served:
        assert served.post(f"{NAMESPACES}/ns1", {"name": "ns3"}).status_code == 200
        theirs, others = begun_session(served, FIRST).proved, begun_session(served, SECOND).proved
        for name in ("ns1", "ns3", "NS1"):
            assert answer(served, route, theirs, namespace=name) == "ok"
            assert answer(served, route, others, namespace=name) == "403"


@pytest.mark.parametrize("route", MODULE_WRITES, ids=lambda route: route.id)
def test_a_moved_module_provider_is_the_new_owners_under_both_addresses(route: Route) -> None:
    moved = {"namespace": "ns1", "name": "vpc"}, {"namespace": "ns2", "name": "net"}
    for address in moved:
        with opened() as served:
            served.post(f"{MANAGED}/ns1/vpc/aws/settings", {"namespace": "ns2", "module": "net"})
            former, present = begun_session(served, FIRST).proved, begun_session(served, SECOND).proved
            assert answer(served, route, former, **address) == "403"
            assert answer(served, route, present, **address) == "ok"


def test_a_module_provider_is_created_where_the_address_says() -> None:
    (create,) = (route for route in WRITES if route.id == "createModuleProvider")
    with opened() as served:
        served.post(f"{MANAGED}/ns1/vpc/aws/settings", {"namespace": "ns2"})
        assert answer(served, create, begun_session(served, FIRST).proved) == "ok"
        assert answer(served, create, begun_session(served, SECOND).proved) == "403"


def test_a_move_takes_rights_at_both_ends() -> None:
    with opened() as served:
        session = begun_session(served, FIRST).proved
        path, wanted = f"{MANAGED}/ns1/vpc/aws/settings", {"namespace": "ns2"}
        refused = served.post(path, wanted, headers=session)
        unknown = served.post(path, {"namespace": "nope"}, headers=session)
        assert (refused.status_code, list(refused.json())) == (400, ["message"])
        assert refused.json() == unknown.json()
        given_group(served, "both", rights={"ns1": "MODIFY", "ns2": "MODIFY"})
        assert served.post(path, wanted, headers=begun_session(served, person("b", "both")).proved).status_code == 400
        given_group(served, "movers", rights={"ns1": "MODIFY", "ns2": "FULL"})
        assert served.post(path, wanted, headers=begun_session(served, person("m", "movers")).proved).status_code == 200


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_an_account_named_like_a_former_name_owns_nothing(route: Route) -> None:
    with opened() as served:
        with served.world.unit_of_work.write() as tx:
            tx.namespaces.add(NamespaceName.parse("octo"), kind=NamespaceKind.GITHUB_USER, source="hub")
            tx.namespaces.add(NamespaceName.parse("plain"))
        assert served.post(f"{MANAGED}/octo/vpc/aws/create", {}).status_code == 200
        owner = begun_session(served, github_user("octo", "plain")).proved
        assert answer(served, route, owner, namespace="octo") == "ok"
        assert answer(served, route, owner, namespace="plain") == "403"
        assert answer(served, route, owner, namespace="unknown") == "403"
        assert served.post(f"{NAMESPACES}/octo", {"name": "later"}).status_code == 200
        assert answer(served, route, owner, namespace="octo") == "403"
        assert answer(served, route, owner, namespace="later") == "403"


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_a_refusal_does_not_tell_what_exists(route: Route) -> None:
    with opened() as served:
        session = begun_session(served, SECOND).proved
        there = served.run(ask(served, route, session, version="1.0.0"))
        nowhere = served.run(ask(served, route, session, namespace="nope", name="nope"))
        no_name = served.run(ask(served, route, session, namespace="!", name="!", provider="!", version="!"))
        assert [it.status_code for it in (there, nowhere, no_name)] == [403, 403, 403]
        assert there.json() == nowhere.json() == no_name.json()


# --- tokens that are limited to namespaces ---


def test_a_limited_token_reads_what_was_moved_into_its_namespaces() -> None:
    with opened(closed=True) as served:
        inside = keyed(made_token(served, FIRST, ["read"], ["ns2"]))
        outside = keyed(made_token(served, FIRST, ["read"], ["ns1"]))
        served.post(f"{MANAGED}/ns1/vpc/aws/settings", {"namespace": "ns2"})
        for path in (f"{MANAGED}/ns1/vpc/aws", f"{MANAGED}/ns2/vpc/aws", f"{MANAGED}/ns2"):
            assert served.get(path, headers=inside).status_code == 200
            assert served.get(path, headers=outside).status_code == 403


def test_a_limited_token_follows_its_namespace_and_ends_with_it() -> None:
    with opened(closed=True) as served:
        token = keyed(made_token(served, FIRST, ["read"], ["ns1", "ns2"]))
        served.post(f"{NAMESPACES}/ns2", {"name": "ns3"})
        for name in ("ns2", "ns3"):
            assert served.get(f"{NAMESPACES}/{name}", headers=token).json()["name"] == "ns3"
        assert served.delete(f"{NAMESPACES}/ns3", {}).status_code == 200
        served.post(NAMESPACES, {"name": "ns3"})
        assert served.get(f"{NAMESPACES}/ns3", headers=token).status_code == 403
        assert served.get(f"{NAMESPACES}/ns1", headers=token).status_code == 200


def test_a_token_whose_namespaces_are_all_gone_is_good_for_nothing() -> None:
    with opened(closed=True) as served:
        token = keyed(made_token(served, FIRST, namespaces=["ns2"]))
        served.delete(f"{NAMESPACES}/ns2", {})
        for path in (f"{NAMESPACES}/ns2", f"{NAMESPACES}/ns1", MODULES, NAMESPACES):
            assert served.get(path, headers=token).status_code == 403
        (listed,) = served.get("/v1/terrareg/tokens", headers=ADMIN).json()["tokens"]
        assert listed["namespaces"] == []


@pytest.mark.parametrize("path", [MODULES, NAMESPACES, f"{MODULES}/search?q=x", "/v1/terrareg/initial_setup"])
def test_a_limited_token_reads_lists_as_anybody_does(path: str) -> None:
    for closed, expected in ((False, 200), (True, 403)):
        with opened(closed=closed) as served:
            assert served.get(path, headers=keyed(made_token(served, FIRST, ["read"], ["ns1"]))).status_code == expected
            assert served.get(path, headers=keyed(made_token(served, FIRST, ["read"]))).status_code == 200


def test_the_list_of_a_namespace_is_read_by_its_token_on_a_closed_registry() -> None:
    with opened(closed=True) as served:
        token = keyed(made_token(served, FIRST, ["read"], ["ns1"]))
        assert served.get(f"{MANAGED}/ns1", headers=token).status_code == 200
        # Nothing in it has a version.
        assert served.get(f"{MODULES}/ns1", headers=token).status_code == 404
        assert served.get(f"{MANAGED}/ns2", headers=token).status_code == 403
        assert served.get(f"{MODULES}/ns2", headers=token).status_code == 403
        assert served.get(f"{MODULES}/nope", headers=token).status_code == 403


def test_an_address_with_an_analytics_token_is_in_its_namespace() -> None:
    with opened(closed=True) as served:
        token = keyed(made_token(served, FIRST, ["terraform"], ["ns1"]))
        answers = [
            served.get(f"{MODULES}/{name}/vpc/aws/versions", headers=token) for name in ("ns1", "ci__ns1", "ci__ns2")
        ]
        assert [it.status_code for it in answers] == [200, 200, 403]
