"""From what an identity provider asserts to the person that signed in (chapter 04, 8.5 and 10.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.people import MAX_GROUP_LENGTH, MAX_GROUPS, ExternalIdentity, Person, SignInMethod
from terrareg_core.namespaces.model import NamespaceKind

USER, ORGANISATION = NamespaceKind.GITHUB_USER, NamespaceKind.GITHUB_ORGANISATION


def _person(asserted: ExternalIdentity) -> Person:
    return asserted.person(SignInMethod.OPENID, None)


@pytest.mark.parametrize(
    ("name", "shown"), [("alice", "alice"), (None, "subject"), ("", "subject"), ("ä" * 200, "ä" * 128)]
)
def test_a_person_is_called_by_their_name_or_else_their_subject_cut_to_a_length(name: str | None, shown: str) -> None:
    person = _person(ExternalIdentity(subject="subject", name=name))
    assert (person.name, person.subject) == (shown, "subject")


@pytest.mark.parametrize("name", ["Built-in admin", " built-in ADMIN", "Upload API Key", "Unauthenticated User"])
@pytest.mark.parametrize("method", [SignInMethod.OPENID, SignInMethod.SAML])
def test_nobody_who_signs_in_passes_for_one_of_the_registrys_own(name: str, method: SignInMethod) -> None:
    by_name = ExternalIdentity(subject="https://id.test 7", name=name).person(method, None)
    by_subject = ExternalIdentity(subject=name, name=None).person(method, None)
    assert by_name.name == by_subject.name == f"{method.value}: {name}"


@given(st.lists(st.text(max_size=5) | st.integers(250, 260).map(lambda length: "g" * length), max_size=10))
def test_groups_are_kept_as_they_are_spelled_but_for_empty_and_long_ones(groups: list[str]) -> None:
    person = _person(ExternalIdentity(subject="s", name=None, groups=tuple(groups)))
    assert person.groups == {group for group in groups if group and len(group) <= MAX_GROUP_LENGTH}


def test_the_first_thousand_groups_count_and_ones_that_are_too_long_take_no_place() -> None:
    groups = ("x" * (MAX_GROUP_LENGTH + 1), *(f"g{number}" for number in range(MAX_GROUPS + 1)))
    person = _person(ExternalIdentity(subject="s", name=None, groups=groups))
    assert person.groups == set(groups[1:-1])


def test_a_github_user_is_a_member_of_the_groups_called_like_their_accounts_exactly() -> None:
    asserted = ExternalIdentity(subject="Octo", name="Octo", accounts={"Acme": ORGANISATION, "Octo": USER})
    person = asserted.person(SignInMethod.GITHUB, "hub")
    assert person.groups == {"Acme", "Octo"}
    assert person.key == (SignInMethod.GITHUB, "hub", "Octo")


@pytest.mark.parametrize("generates", [True, False])
def test_accounts_own_namespaces_only_where_namespaces_are_made_for_them(generates: bool) -> None:
    accounts = {"Acme": ORGANISATION, "x": USER, "a__b": USER, "\u212aelvin": USER, "-a": USER, "a" * 129: USER}
    asserted = ExternalIdentity(subject="s", name=None, accounts=accounts, generates_namespaces=generates)
    # What is no name of a namespace would be one once it is folded: the Kelvin sign is a k then.
    assert asserted.person(SignInMethod.GITHUB, "hub").logins == ({"acme"} if generates else set())


def test_whoever_signs_in_again_is_the_same_person_whatever_they_are_called_now() -> None:
    one = Person(method=SignInMethod.OPENID, name="alice", subject="s", groups=frozenset({"a"}))
    renamed = Person(method=SignInMethod.OPENID, name="alice.smith", subject="s", groups=frozenset({"b"}))
    others = [
        Person(method=SignInMethod.SAML, name="alice", subject="s"),
        Person(method=SignInMethod.GITHUB, name="alice", subject="s", source="hub"),
        Person(method=SignInMethod.GITHUB, name="alice", subject="s", source="lab"),
        Person(method=SignInMethod.OPENID, name="alice", subject="S"),
        Person.built_in_admin(),
    ]
    assert one.key == renamed.key
    assert len({one.key, *(other.key for other in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        (SignInMethod.PASSWORD, IdentityKind.ADMIN_SESSION),
        (SignInMethod.OPENID, IdentityKind.OPENID_SESSION),
        (SignInMethod.SAML, IdentityKind.SAML_SESSION),
        (SignInMethod.GITHUB, IdentityKind.GITHUB_SESSION),
    ],
)
def test_a_person_in_a_session_is_known_by_how_they_signed_in(method: SignInMethod, kind: IdentityKind) -> None:
    identity = Identity.signed_in(Person(method=method, name="Built-in admin", subject="s"))
    assert identity.kind is kind
    assert identity.owner is identity
    # Whoever is only called like the admin is not.
    assert identity.is_built_in_admin == (method is SignInMethod.PASSWORD)


@pytest.mark.parametrize("kind", IdentityKind)
def test_downloads_of_those_who_only_look_are_not_recorded(kind: IdentityKind) -> None:
    unrecorded = {IdentityKind.IGNORE_ANALYTICS_KEY, IdentityKind.INTERNAL_EXTRACTION}
    assert Identity(kind, "somebody").downloads_are_recorded == (kind not in unrecorded)
