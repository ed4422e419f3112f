"""Access tokens: who makes them, with what, and who sees and deletes them (decision 30)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.access.authentication import Credentials
from terrareg_core.access.grants import TokenGrant, TokenScope
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, is_token
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.stored import digest_of
from terrareg_core.access.tokens import MadeAccessToken, TokenRequest
from terrareg_core.errors import AccessTokenNotFound, AuthenticationRequired, InvalidArgument, PermissionDenied
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.use_cases import NamespaceChanges
from tests.unit.registries import ADMIN, START, WatchedUnitOfWork, World, make_world, signed_in

ANN, BOB = signed_in("ann", "team"), signed_in("bob")


def _world(*namespaces: str) -> World:
    world = make_world(access=AccessPolicy(access_controls=True))
    with world.unit_of_work.write() as tx:
        for name in namespaces:
            tx.namespaces.add(NamespaceName(name))
    return world


def _make(world: World, identity: Identity = ANN, **request: Any) -> MadeAccessToken:
    return world.registry.access_tokens.create(identity, TokenRequest(**{"name": "CI", "scopes": ["read"], **request}))


def _names(world: World, identity: Identity) -> list[str]:
    return [row.token.name for row in world.registry.access_tokens.listed(identity)]


def _grant(world: World, made: MadeAccessToken) -> TokenGrant | None:
    """What whoever presents the token is limited to; None for somebody whose token is worth nothing."""
    credentials = Credentials(bearer=made.secret.encode())
    return world.registry.admission.admit(credentials, "192.0.2.1", None).identity.token


def test_a_token_is_shown_once_and_only_its_digest_is_stored() -> None:
    world = _world("Acme", "other")
    made = _make(
        world,
        scopes=["upload", "read"],
        namespaces=["other", "ACME", "acme"],
        expires_at="2026-01-02T00:00:00+02:00",
    )
    token = made.listed.token
    assert is_token(made.secret, ACCESS_TOKEN_PREFIX)
    assert made.secret not in repr(made)
    assert token.scopes == {TokenScope.UPLOAD, TokenScope.READ}
    assert [str(name) for name in made.listed.namespace_names or ()] == ["Acme", "other"]
    assert (token.created_at, token.expires_at) == (START, datetime(2026, 1, 1, 22, tzinfo=UTC))
    assert (token.owner, token.last_used_at) == (ANN.person, None)
    assert world.registry.access_tokens.listed(ANN) == [made.listed]
    with world.unit_of_work.read() as tx:
        assert tx.access_tokens.find(digest_of(made.secret), START) == token
    (event,) = world.events()
    assert (event.action.value, event.object_id, event.username) == ("ACCESS_TOKEN_CREATE", "CI", "ann")


@pytest.mark.parametrize(
    ("identity", "owner"),
    [
        (ADMIN, Person.built_in_admin()),
        (Identity.signed_in(Person.built_in_admin()), Person.built_in_admin()),
        (ANN, ANN.person),
    ],
)
def test_a_token_belongs_to_the_person_in_the_session_and_keys_are_the_built_in_admins(
    identity: Identity, owner: Person
) -> None:
    assert _make(_world(), identity).listed.token.owner == owner


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (kind, AuthenticationRequired if kind is IdentityKind.ANONYMOUS else PermissionDenied)
        for kind in IdentityKind
        if not (Identity(kind, "").is_built_in_admin or Identity(kind, "").is_single_sign_on)
    ],
)
def test_keys_tokens_and_strangers_have_no_tokens(kind: IdentityKind, error: type[Exception]) -> None:
    world = _world()
    made = _make(world)
    token = TokenGrant(frozenset(TokenScope), None) if kind is IdentityKind.ACCESS_TOKEN else None
    person = ANN.person if token is not None else None
    identity = Identity(kind, "ann (token CI)", person=person, token=token)
    tokens = world.registry.access_tokens
    # Permission is asked for before anything that is wrong is told.
    wrong = TokenRequest(name=None, scopes=None)
    attempts: list[Any] = [
        lambda: tokens.create(identity, wrong),
        lambda: tokens.listed(identity),
        lambda: tokens.delete(identity, made.listed.token.id),
        lambda: tokens.delete(identity, "unknown"),
    ]
    for attempt in attempts:
        with pytest.raises(error):
            attempt()
    assert _names(world, ANN) == ["CI"]


@pytest.mark.parametrize(
    ("request_", "argument"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": "a\0"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": None}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"scopes": {"read": True}}, "scopes"),
        ({"scopes": ["read", "read"]}, "scopes"),
        ({"scopes": ["read", "admin"]}, "scopes"),
        ({"scopes": ["READ"]}, "scopes"),
        ({"scopes": ["read", None]}, "scopes"),
        ({"scopes": [["read"]]}, "scopes"),
        ({"namespaces": "acme"}, "namespaces"),
        ({"namespaces": ["acme", 5]}, "namespaces"),
        ({"namespaces": ["acme", "unknown"]}, "namespaces"),
        ({"namespaces": ["acme\0"]}, "namespaces"),
        ({"namespaces": ["\ud800"]}, "namespaces"),
        ({"namespaces": ["acme"] * 1001}, "namespaces"),
        ({"namespaces": {"acme": 1}}, "namespaces"),
        ({"namespaces": False}, "namespaces"),
        ({"expires_at": ""}, "expires_at"),
        ({"expires_at": 5}, "expires_at"),
        ({"expires_at": False}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2026-01-01T12:00:00"}, "expires_at"),
        ({"expires_at": "2026-01-01T14:00:00+02:00"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00+99:00"}, "expires_at"),
        ({"expires_at": "२०३०-01-01"}, "expires_at"),
        ({"expires_at": "2030-01-01\0"}, "expires_at"),
        ({"expires_at": "\ud800" * 19}, "expires_at"),
        # The first wrong one is told.
        ({"expires_at": "", "namespaces": 5, "scopes": 5, "name": 5}, "name"),
        ({"expires_at": "", "namespaces": 5, "scopes": 5}, "scopes"),
        ({"expires_at": "", "namespaces": 5}, "namespaces"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_made(request_: dict[str, Any], argument: str) -> None:
    world = _world("acme")
    with pytest.raises(InvalidArgument) as refusal:
        _make(world, **request_)
    assert refusal.value.argument == argument
    assert (_names(world, ANN), world.events()) == ([], [])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T12:00:00.000001", START + timedelta(microseconds=1)),
        ("2026-01-01T12:00:01Z", START + timedelta(seconds=1)),
        ("2026-01-01 13:00:01+01:00", START + timedelta(seconds=1)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999", datetime.max.replace(tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_moment_is_in_utc_unless_it_names_a_zone(text: str | None, moment: datetime | None) -> None:
    assert _make(_world(), expires_at=text).listed.token.expires_at == moment


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(_json, _json, _json, _json)
def test_whatever_is_sent_makes_a_token_or_names_an_argument(
    name: object, scopes: object, namespaces: object, expires_at: object
) -> None:
    world = _world("acme")
    request = TokenRequest(name=name, scopes=scopes, namespaces=namespaces, expires_at=expires_at)
    with pytest.raises(InvalidArgument) as refusal:
        world.registry.access_tokens.create(ANN, attrs.evolve(request, scopes=["none"]))
    assert refusal.value.argument in {"name", "scopes"}
    try:
        made = world.registry.access_tokens.create(ANN, attrs.evolve(request, scopes=["read"]))
    except InvalidArgument as error:
        assert error.argument in {"name", "namespaces", "expires_at"}  # noqa: PT017 - either outcome is right
    else:
        assert made.listed.token.name == name
        assert namespaces in (None, [])


def test_a_namespace_that_is_deleted_meanwhile_is_unknown() -> None:
    world = _world("acme")
    store = WatchedUnitOfWork(world.unit_of_work, overtaken={1})
    tokens = attrs.evolve(world.registry.access_tokens, unit_of_work=store)
    with pytest.raises(InvalidArgument) as refusal:
        tokens.create(ANN, TokenRequest(name="CI", scopes=["read"], namespaces=["acme"]))
    assert refusal.value.argument == "namespaces"
    assert (_names(world, ANN), world.events()) == ([], [])


def test_a_token_follows_its_namespaces_through_renames_and_loses_deleted_ones_until_it_is_for_none() -> None:
    world = _world("acme", "other")
    made = _make(world, namespaces=["acme", "other"])
    unlimited = _make(world, name="all")
    world.registry.namespaces.change(ADMIN, "acme", NamespaceChanges(name="renamed"))
    grant = _grant(world, made)
    assert grant is not None
    assert len(grant.namespaces or ()) == 2
    names = {row.token.name: row.namespace_names for row in world.registry.access_tokens.listed(ANN)}
    assert names == {"all": None, "CI": [NamespaceName("other"), NamespaceName("renamed")]}
    # A former name will do, and a new namespace of that name is another one.
    assert _make(world, namespaces=["acme"]).listed.namespace_names == [NamespaceName("renamed")]
    for name in ("renamed", "other"):
        world.registry.namespaces.delete(ADMIN, name)
        world.registry.namespaces.create(ADMIN, name)
    grant = _grant(world, made)
    assert grant is not None
    assert grant.namespaces == frozenset()
    assert _grant(world, unlimited) == TokenGrant(frozenset({TokenScope.READ}), None)


def test_people_see_and_delete_their_own_tokens_and_site_admins_all_newest_first() -> None:
    world = _world()
    world.given_group("admins", site_admin=True)
    admin = signed_in("root", "admins")
    for identity, name in ((ANN, "one"), (BOB, "two"), (ANN, "three"), (ADMIN, "four")):
        _make(world, identity, name=name)
        world.clock.advance(timedelta(seconds=1))
    assert _names(world, ANN) == ["three", "one"]
    assert _names(world, BOB) == ["two"]
    assert _names(world, ADMIN) == _names(world, admin) == ["four", "three", "two", "one"]
    ids = {row.token.name: row.token.id for row in world.registry.access_tokens.listed(ADMIN)}
    for token_id in (ids["two"], ids["four"], "unknown", "", "\0", "\ud800"):
        with pytest.raises(AccessTokenNotFound):
            world.registry.access_tokens.delete(ANN, token_id)
    before = len(world.events())
    world.registry.access_tokens.delete(ANN, ids["one"])
    world.registry.access_tokens.delete(admin, ids["two"])
    assert [(event.action.value, event.object_id, event.username) for event in world.events()[before:]] == [
        ("ACCESS_TOKEN_DELETE", "one", "ann"),
        ("ACCESS_TOKEN_DELETE", "two", "root"),
    ]
    assert _names(world, ADMIN) == ["four", "three"]
    with pytest.raises(AccessTokenNotFound):
        world.registry.access_tokens.delete(ANN, ids["one"])


def test_a_deleted_token_is_worth_nothing_at_once() -> None:
    world = _world()
    made = _make(world)
    assert _grant(world, made) is not None
    world.registry.access_tokens.delete(ANN, made.listed.token.id)
    assert _grant(world, made) is None


def test_namesakes_who_signed_in_elsewhere_do_not_share_tokens() -> None:
    world = _world()
    people = [
        Person(method=SignInMethod.OPENID, name="ann", subject="ann"),
        Person(method=SignInMethod.SAML, name="ann", subject="ann"),
        Person(method=SignInMethod.GITHUB, name="ann", subject="ann", source="hub"),
        Person(method=SignInMethod.GITHUB, name="ann", subject="ann", source="lab"),
    ]
    for person in people:
        made = _make(world, Identity.signed_in(person))
        for other in people:
            identity = Identity.signed_in(other)
            if other is not person:
                with pytest.raises(AccessTokenNotFound):
                    world.registry.access_tokens.delete(identity, made.listed.token.id)
        assert _names(world, Identity.signed_in(person)) == ["CI"]
