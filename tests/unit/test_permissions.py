"""The permission matrix of chapter 04: rows as examples, its laws as properties."""

import itertools
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.grants import Grants, NamespacePermission, TokenGrant, TokenScope
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import (
    RULES,
    SCOPES,
    AccessPolicy,
    Authoriser,
    Capability,
    Decision,
    decide,
    decide_somewhere,
    grants_of,
)
from terrareg_core.errors import AccessDenied, AuthenticationRequired, PermissionDenied
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_core.transactions import Transaction
from tests.unit.registries import signed_in

NAMESPACE = 5

ANON = Identity.anonymous()
ADMIN = Identity.administrator()
UPLOAD = Identity(IdentityKind.UPLOAD_KEY, "Upload API Key")
PUBLISH = Identity(IdentityKind.PUBLISH_KEY, "Publish API Key")
TERRAFORM = Identity(IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token")
SSO = signed_in("alice", "team")

NOTHING = Grants()
MODIFY = Grants(namespaces={NAMESPACE: NamespacePermission.MODIFY})
FULL = Grants(namespaces={NAMESPACE: NamespacePermission.FULL})
SITE = Grants(site_admin=True)

CALLERS = {
    "anon": (ANON, NOTHING),
    "UK": (UPLOAD, NOTHING),
    "PK": (PUBLISH, NOTHING),
    "TF": (TERRAFORM, NOTHING),
    "ADM": (ADMIN, NOTHING),
    "S0": (SSO, NOTHING),
    "SM": (SSO, MODIFY),
    "SF": (SSO, FULL),
    "SA": (SSO, SITE),
}

OPEN = AccessPolicy()
CLOSED = AccessPolicy(anonymous_access=False)
PUBLISHING = AccessPolicy(anonymous_publishing=True)
KEYS = AccessPolicy(upload_keys_set=True, publish_keys_set=True)
CONTROLS = AccessPolicy(access_controls=True)
CONTROLS_AND_KEYS = AccessPolicy(access_controls=True, upload_keys_set=True, publish_keys_set=True)

EVERYBODY = set(CALLERS)
# Chapter 04, 4.2 (the † cells are allowed by the union rule): capability, policy, who is allowed.
MATRIX = [
    (Capability.READ, OPEN, EVERYBODY),
    (Capability.READ, CLOSED, {"ADM", "S0", "SM", "SF", "SA"}),
    (Capability.TERRAFORM, OPEN, EVERYBODY),
    (Capability.TERRAFORM, CLOSED, {"TF", "ADM", "S0", "SM", "SF", "SA"}),
    (Capability.UPLOAD, PUBLISHING, EVERYBODY),
    (Capability.UPLOAD, OPEN, {"UK", "ADM", "S0", "SM", "SF", "SA"}),
    (Capability.UPLOAD, CLOSED, {"UK", "ADM", "S0", "SM", "SF", "SA"}),
    (Capability.UPLOAD, KEYS, {"UK", "ADM", "S0", "SM", "SF", "SA"}),
    (Capability.UPLOAD, CONTROLS, {"UK", "ADM", "SM", "SF", "SA"}),
    (Capability.UPLOAD, CONTROLS_AND_KEYS, {"UK", "ADM", "SM", "SF", "SA"}),
    (Capability.PUBLISH, PUBLISHING, EVERYBODY),
    (Capability.PUBLISH, OPEN, {"PK", "ADM", "S0", "SM", "SF", "SA"}),
    (Capability.PUBLISH, KEYS, {"PK", "ADM", "S0", "SM", "SF", "SA"}),
    (Capability.PUBLISH, CONTROLS, {"PK", "ADM", "SM", "SF", "SA"}),
    (Capability.MODIFY, OPEN, {"ADM", "S0", "SM", "SF", "SA"}),
    (Capability.MODIFY, CONTROLS, {"ADM", "SM", "SF", "SA"}),
    (Capability.FULL, OPEN, {"ADM", "S0", "SM", "SF", "SA"}),
    (Capability.FULL, CONTROLS, {"ADM", "SF", "SA"}),
    (Capability.SITE_ADMIN, OPEN, {"ADM", "S0", "SM", "SF", "SA"}),
    (Capability.SITE_ADMIN, CONTROLS, {"ADM", "SA"}),
    (Capability.BUILT_IN_ADMIN, OPEN, {"ADM"}),
    (Capability.BUILT_IN_ADMIN, CONTROLS, {"ADM"}),
]


@pytest.mark.parametrize(("capability", "policy", "allowed"), MATRIX)
def test_each_row_of_the_matrix_holds_for_every_caller(
    capability: Capability, policy: AccessPolicy, allowed: set[str]
) -> None:
    outcome = {
        name
        for name, (identity, grants) in CALLERS.items()
        if decide(identity, policy, grants, capability, NAMESPACE) is Decision.ALLOW
    }
    assert outcome == allowed


def test_every_capability_has_a_rule() -> None:
    assert set(RULES) == set(Capability)


_policies = st.builds(AccessPolicy, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
_methods = st.sampled_from(SignInMethod)
_people = st.builds(lambda method: Person(method=method, name="somebody", subject="s"), _methods)
_limits = st.none() | st.frozensets(st.integers(1, 3))
_scopes = st.frozensets(st.sampled_from(TokenScope))


def _token(owner: Person, scopes: frozenset[TokenScope], namespaces: frozenset[int] | None) -> Identity:
    return Identity(IdentityKind.ACCESS_TOKEN, "CI", person=owner, token=TokenGrant(scopes, namespaces))


_tokens = st.builds(_token, _people, _scopes, _limits)
_keys = st.sampled_from(sorted(set(IdentityKind) - {IdentityKind.ACCESS_TOKEN}, key=lambda kind: kind.value))
_identities = _tokens | st.builds(Identity.signed_in, _people) | st.builds(Identity, _keys, st.just("somebody"))
_grants = st.builds(
    Grants, st.booleans(), st.dictionaries(st.integers(1, 3), st.sampled_from(NamespacePermission), max_size=3)
)
_namespaces = st.none() | st.integers(1, 3)
_capabilities = st.sampled_from(Capability)


@given(_identities, _policies, _grants, _capabilities, _namespaces)
def test_a_refusal_asks_for_a_login_exactly_when_the_caller_is_anonymous(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability, namespace: int | None
) -> None:
    decision = decide(identity, policy, grants, capability, namespace)
    if decision is not Decision.ALLOW:
        assert (decision is Decision.NEEDS_LOGIN) == identity.is_anonymous


@given(_identities, _policies, _grants, _namespaces)
def test_whatever_anonymous_may_do_everybody_may(
    identity: Identity, policy: AccessPolicy, grants: Grants, namespace: int | None
) -> None:
    for capability in (Capability.READ, Capability.TERRAFORM, Capability.UPLOAD, Capability.PUBLISH):
        if decide(ANON, policy, NOTHING, capability, namespace) is Decision.ALLOW:
            assert decide(identity, policy, grants, capability, namespace) is Decision.ALLOW


@given(_identities, _policies, _grants, _capabilities, st.integers(1, 3))
def test_more_grants_never_take_a_right_away(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability, namespace: int
) -> None:
    if decide(identity, policy, grants, capability, namespace) is Decision.ALLOW:
        raised = {**grants.namespaces, namespace: NamespacePermission.FULL}
        for more in (attrs.evolve(grants, namespaces=raised), attrs.evolve(grants, site_admin=True)):
            assert decide(identity, policy, more, capability, namespace) is Decision.ALLOW


@given(_identities, _policies, _grants, st.integers(1, 3))
def test_full_includes_modify_which_includes_upload_and_publish(
    identity: Identity, policy: AccessPolicy, grants: Grants, namespace: int
) -> None:
    order = [Capability.SITE_ADMIN, Capability.FULL, Capability.MODIFY, Capability.UPLOAD]
    for higher, lower in itertools.pairwise([*order[:3], order[3]]):
        if decide(identity, policy, grants, higher, namespace) is Decision.ALLOW:
            assert decide(identity, policy, grants, lower, namespace) is Decision.ALLOW
    if decide(identity, policy, grants, Capability.MODIFY, namespace) is Decision.ALLOW:
        assert decide(identity, policy, grants, Capability.PUBLISH, namespace) is Decision.ALLOW


@given(_identities, _policies, _grants, _capabilities, _namespaces)
def test_closing_the_registry_never_adds_a_right(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability, namespace: int | None
) -> None:
    stricter = [
        attrs.evolve(policy, access_controls=True),
        attrs.evolve(policy, anonymous_access=False),
        attrs.evolve(policy, anonymous_publishing=False),
        attrs.evolve(policy, upload_keys_set=True),
        attrs.evolve(policy, publish_keys_set=True),
    ]
    if decide(identity, policy, grants, capability, namespace) is not Decision.ALLOW:
        assert all(decide(identity, closed, grants, capability, namespace) is not Decision.ALLOW for closed in stricter)


# --- who is what (properties 4 and 5) ---


@given(_identities, _policies, _grants, _namespaces)
def test_only_the_admin_token_makes_a_built_in_admin(
    identity: Identity, policy: AccessPolicy, grants: Grants, namespace: int | None
) -> None:
    is_admin = identity.kind in {IdentityKind.ADMIN_KEY, IdentityKind.ADMIN_SESSION}
    allowed = decide(identity, policy, grants, Capability.BUILT_IN_ADMIN, namespace) is Decision.ALLOW
    assert allowed == is_admin
    if is_admin:
        assert all(decide(identity, policy, NOTHING, it, namespace) is Decision.ALLOW for it in Capability)


@given(_people.filter(lambda person: person.method is not SignInMethod.PASSWORD), _policies, _grants, _namespaces)
def test_people_are_site_admins_without_access_controls_and_start_with_reading_with_them(
    person: Person, policy: AccessPolicy, grants: Grants, namespace: int | None
) -> None:
    identity = Identity.signed_in(person)
    off, on = attrs.evolve(policy, access_controls=False), attrs.evolve(policy, access_controls=True)
    everything = set(Capability) - {Capability.BUILT_IN_ADMIN}
    assert _allowed(identity, off, grants, namespace) == everything
    start = {Capability.READ, Capability.TERRAFORM, Capability.SIGNED_IN}
    assert _allowed(identity, on, NOTHING, namespace) == start
    assert _allowed(identity, on, SITE, namespace) == everything


def _allowed(
    identity: Identity, policy: AccessPolicy, grants: Grants, namespace: int | None = NAMESPACE
) -> set[Capability]:
    return {it for it in Capability if decide(identity, policy, grants, it, namespace) is Decision.ALLOW}


# --- access tokens (decision 30) ---


@pytest.mark.parametrize(
    ("owner", "grants", "policy", "namespaces", "allowed"),
    [
        (SSO, FULL, CONTROLS, None, set(SCOPES)),
        (SSO, MODIFY, CONTROLS, {NAMESPACE}, set(SCOPES)),
        (SSO, NOTHING, CONTROLS, None, {Capability.READ, Capability.TERRAFORM}),
        (SSO, NOTHING, OPEN, None, set(SCOPES)),
        (ADMIN, NOTHING, CONTROLS_AND_KEYS, {NAMESPACE}, set(SCOPES)),
        (SSO, FULL, CLOSED, {NAMESPACE + 1}, set()),
        (SSO, FULL, CLOSED, set(), set()),
        # What is open to everybody is open to a token that is for nothing here.
        (SSO, FULL, OPEN, set(), {Capability.READ, Capability.TERRAFORM}),
        (SSO, FULL, PUBLISHING, set(), set(SCOPES)),
    ],
)
def test_a_token_with_every_scope_does_what_scopes_are_for_where_its_owner_may_and_it_is_for(
    owner: Identity, grants: Grants, policy: AccessPolicy, namespaces: set[int] | None, allowed: set[Capability]
) -> None:
    person = owner.person or Person.built_in_admin()
    token = _token(person, frozenset(TokenScope), None if namespaces is None else frozenset(namespaces))
    assert _allowed(token, policy, grants) == allowed


@given(_people, _scopes, _limits, _policies, _grants, _namespaces)
def test_a_token_may_what_everybody_may_and_what_its_scope_its_limit_and_its_owner_all_allow(
    owner: Person,
    scopes: frozenset[TokenScope],
    limit: frozenset[int] | None,
    policy: AccessPolicy,
    grants: Grants,
    namespace: int | None,
) -> None:
    by_anybody = _allowed(ANON, policy, NOTHING, namespace)
    by_owner = _allowed(Identity.signed_in(owner), policy, grants, namespace)
    in_scope = {capability for capability, scope in SCOPES.items() if scope in scopes}
    reached = in_scope if limit is None or namespace in limit else set()
    allowed = _allowed(_token(owner, scopes, limit), policy, grants, namespace)
    assert allowed == by_anybody | (by_owner & reached)
    assert allowed <= by_owner


@given(_tokens, _policies, _grants, _namespaces)
def test_no_token_manages_anything(
    token: Identity, policy: AccessPolicy, grants: Grants, namespace: int | None
) -> None:
    assert _allowed(token, policy, grants, namespace) <= set(SCOPES)


# --- what can be told before the namespace is known ---


@given(_identities, _policies, _grants, _capabilities)
def test_what_is_refused_everywhere_is_refused_at_once_and_nothing_else(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability
) -> None:
    # Of the namespaces, 4 is in no grant and in no token.
    decisions = {decide(identity, policy, grants, capability, place) for place in (None, 1, 2, 3, 4)}
    expected = Decision.ALLOW if Decision.ALLOW in decisions else decisions.pop()
    assert decide_somewhere(identity, policy, grants, capability) is expected


# --- what groups give (properties 7 and 8) ---

_SPELLINGS = [
    "team",
    "Team",
    "TEAM",
    "team ",
    " team",
    "te am",
    "te\u0301am",
    "t\xe9am",
    "te\u0301am".upper(),
    "team\0",
]
_group_names = st.sampled_from(_SPELLINGS) | st.text(max_size=4)


@given(_group_names, st.frozensets(_group_names, max_size=3), st.booleans())
def test_a_group_gives_its_members_something_and_nobody_else(
    group: str, groups: frozenset[str], site_admin: bool
) -> None:
    unit_of_work = MemoryUnitOfWork()
    with unit_of_work.write() as tx:
        namespace = tx.namespaces.add(NamespaceName("acme")).id
        given_group = tx.user_groups.add(group, site_admin=site_admin)
        tx.user_groups.add_permission(given_group.id, namespace, NamespacePermission.FULL)
        grants = grants_of(tx, signed_in("alice", *groups))
    assert grants == (Grants(site_admin, {namespace: NamespacePermission.FULL}) if group in groups else Grants())


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(NamespacePermission)), max_size=6), st.randoms())
def test_of_several_permissions_the_highest_counts_in_whatever_order_they_were_given(
    permissions: list[tuple[int, NamespacePermission]], random: Random
) -> None:
    unit_of_work = MemoryUnitOfWork()
    groups = [f"g{number}" for number in range(len(permissions))]
    random.shuffle(groups)
    with unit_of_work.write() as tx:
        ids = [tx.namespaces.add(NamespaceName(name)).id for name in ("aa", "bb", "cc")]
        for name, (place, permission) in zip(groups, permissions, strict=True):
            tx.user_groups.add_permission(tx.user_groups.add(name, site_admin=False).id, ids[place], permission)
        grants = grants_of(tx, signed_in("alice", *groups))
    held = {ids[place]: {it for other, it in permissions if other == place} for place, _ in permissions}
    highest = {
        key: NamespacePermission.FULL if NamespacePermission.FULL in them else NamespacePermission.MODIFY
        for key, them in held.items()
    }
    assert grants == Grants(False, highest)


@pytest.mark.parametrize("kind", [it for it in IdentityKind if not Identity(it, "").is_single_sign_on])
def test_groups_give_nothing_to_keys_and_the_built_in_admin(kind: IdentityKind) -> None:
    unit_of_work = MemoryUnitOfWork()
    authoriser = Authoriser(CONTROLS, unit_of_work)
    identity = Identity(kind, "alice", person=attrs.evolve(Person.built_in_admin(), groups=frozenset({"team"})))
    with unit_of_work.write() as tx:
        tx.user_groups.add("team", site_admin=True)
        assert grants_of(tx, identity) == Grants()
    assert not authoriser.asks_store(identity)


@pytest.mark.parametrize("policy", [OPEN, CLOSED, CONTROLS, CONTROLS_AND_KEYS, PUBLISHING])
def test_whoever_is_permitted_in_a_namespace_is_permitted_somewhere(policy: AccessPolicy) -> None:
    unit_of_work = MemoryUnitOfWork()
    authoriser = Authoriser(policy, unit_of_work)
    github = Person(method=SignInMethod.GITHUB, name="octo", subject="octo", source="hub", logins=frozenset({"octo"}))
    with unit_of_work.write() as tx:
        tx.namespaces.add(NamespaceName("Octo"), kind=NamespaceKind.GITHUB_USER, source="hub")
        tx.user_groups.add_permission(
            tx.user_groups.add("team", site_admin=False).id,
            tx.namespaces.add(NamespaceName("acme")).id,
            NamespacePermission.MODIFY,
        )
        places = [None, *(row.id for row in tx.namespaces.page(None, only_published=False).rows)]
    people = [github, SSO.person or github, Person.built_in_admin()]
    limits = [None, frozenset[int](), frozenset({1})]
    tokens = [_token(person, frozenset(TokenScope), limit) for person in people for limit in limits]
    callers = [ANON, ADMIN, UPLOAD, PUBLISH, TERRAFORM, *map(Identity.signed_in, people), *tokens]
    for identity, capability in itertools.product(callers, Capability):
        with unit_of_work.read() as tx:
            permitted = [_is_permitted(authoriser, tx, identity, capability, place) for place in places]
        try:
            authoriser.permit_somewhere(identity, capability)
        except AccessDenied:
            assert not any(permitted)
        else:
            assert any(permitted)


def _is_permitted(
    authoriser: Authoriser, tx: Transaction, identity: Identity, capability: Capability, place: int | None
) -> bool:
    try:
        authoriser.permit(tx, identity, capability, place)
    except AccessDenied:
        return False
    return True


def test_an_authoriser_reads_the_grants_of_those_who_signed_in() -> None:
    unit_of_work = MemoryUnitOfWork()
    authoriser = Authoriser(CONTROLS, unit_of_work)
    with unit_of_work.write() as tx:
        namespace, other = (tx.namespaces.add(NamespaceName(name)).id for name in ("acme", "other"))
        tx.user_groups.add_permission(
            tx.user_groups.add("team", site_admin=False).id, namespace, NamespacePermission.FULL
        )
        # Granted in the same transaction, and good in it already.
        authoriser.permit(tx, SSO, Capability.FULL, namespace)
    with unit_of_work.read() as tx:
        authoriser.permit(tx, SSO, Capability.FULL, namespace)
        with pytest.raises(PermissionDenied):
            authoriser.permit(tx, SSO, Capability.FULL, other)
        with pytest.raises(PermissionDenied):
            authoriser.permit(tx, UPLOAD, Capability.SITE_ADMIN)
        with pytest.raises(AuthenticationRequired):
            authoriser.permit(tx, ANON, Capability.FULL, namespace)
