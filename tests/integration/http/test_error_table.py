"""The error table: no error of the domain is without an answer, and refusals come before bodies are read."""

from collections.abc import Iterator

import pytest

from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core import errors
from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import (
    AccessPolicy,
    Authoriser,
    Capability,
    Decision,
    decide,
    decide_somewhere,
)
from terrareg_core.identifiers import NamespaceName
from terrareg_http.errors import ErrorFamily, Shape, refusal_of


def every(base: type[errors.RegistryError]) -> Iterator[type[errors.RegistryError]]:
    yield base
    for kind in base.__subclasses__():
        yield from every(kind)


@pytest.mark.parametrize("family", ErrorFamily)
def test_what_the_caller_can_mend_is_never_a_failure_of_the_registry(family: ErrorFamily) -> None:
    mendable: tuple[type[errors.RegistryError], ...] = (
        errors.InvalidRequest,
        errors.NotFound,
        errors.AccessDenied,
        errors.InvalidArgument,
    )
    for base in mendable:
        for kind in every(base):
            if kind is not errors.AccessDenied:
                assert 400 <= refusal_of(kind, family).status < 500, kind


@pytest.mark.parametrize("family", ErrorFamily)
def test_what_fails_on_our_side_is_a_500(family: ErrorFamily) -> None:
    for kind in every(errors.RegistryFailure):
        assert refusal_of(kind, family).status == 500


def test_the_protocol_tells_no_names_from_missing_ones() -> None:
    kinds: list[type[errors.RegistryError]] = [errors.InvalidIdentifier, errors.ProviderNotAllowed]
    kinds += [errors.InvalidVersion, *every(errors.NotFound)]
    for kind in kinds:
        refusal = refusal_of(kind, ErrorFamily.PROTOCOL)
        assert (refusal.status, refusal.shape) == (404, Shape.NOT_FOUND)


ANONYMOUS = Identity.anonymous()
SIGNED_IN = Identity.signed_in(Person(method=SignInMethod.OPENID, name="ann", groups=frozenset({"team"})))
CLOSED = AccessPolicy(access_controls=True)


def test_a_right_on_one_namespace_admits_to_reading_the_request() -> None:
    grants = Grants(namespaces={7: NamespacePermission.MODIFY})
    assert decide_somewhere(SIGNED_IN, CLOSED, grants, Capability.UPLOAD) is Decision.ALLOW
    assert decide_somewhere(SIGNED_IN, CLOSED, grants, Capability.FULL) is Decision.FORBIDDEN
    assert decide_somewhere(SIGNED_IN, CLOSED, Grants(), Capability.UPLOAD) is Decision.FORBIDDEN
    assert decide_somewhere(ANONYMOUS, CLOSED, Grants(), Capability.FULL) is Decision.NEEDS_LOGIN


@pytest.mark.parametrize("capability", Capability)
@pytest.mark.parametrize("level", NamespacePermission)
@pytest.mark.parametrize("kind", IdentityKind)
def test_whoever_is_permitted_on_a_namespace_is_admitted(
    capability: Capability, level: NamespacePermission, kind: IdentityKind
) -> None:
    grants = Grants(namespaces={7: level})
    identity = Identity(kind, "someone")
    if decide(identity, CLOSED, grants, capability, 7) is Decision.ALLOW:
        assert decide_somewhere(identity, CLOSED, grants, capability) is Decision.ALLOW


def test_the_authoriser_refuses_in_the_domains_words() -> None:
    unit_of_work = MemoryUnitOfWork()
    with unit_of_work.write() as tx:
        namespace = tx.namespaces.add(NamespaceName("acme"))
        group = tx.user_groups.add("team", site_admin=False)
        tx.user_groups.add_permission(group.id, namespace.id, NamespacePermission.FULL)
    authoriser = Authoriser(CLOSED, unit_of_work)
    authoriser.permit_somewhere(SIGNED_IN, Capability.FULL)
    with pytest.raises(errors.AuthenticationRequired):
        authoriser.permit_somewhere(ANONYMOUS, Capability.FULL)
    with pytest.raises(errors.PermissionDenied):
        authoriser.permit_somewhere(SIGNED_IN, Capability.SITE_ADMIN)
