"""The permission matrix of chapter 04: rows as examples, its laws as properties."""

import itertools

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.permissions import (
    RULES,
    AccessPolicy,
    Authoriser,
    Capability,
    Decision,
    decide,
)
from terrareg_core.errors import AuthenticationRequired, PermissionDenied
from terrareg_core.identifiers import NamespaceName
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
_identities = st.builds(Identity, st.sampled_from(IdentityKind), st.just("somebody"))
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
