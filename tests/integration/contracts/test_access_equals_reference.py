"""Whatever is done to groups, permissions, tokens and logins, the database holds and refuses what the twin does."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.grants import NamespacePermission, TokenScope
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.ports import FailureKind
from terrareg_core.access.stored import AccessToken, Session, SignInAttempt, TerraformCode, TerraformToken
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.comparison import Operation, outcome, start_anew
from tests.integration.contracts.storage import NOW, digest, person

_IDS = range(1, 5)
_ID = st.sampled_from(_IDS)
_NAME = st.sampled_from(["aa", "AA", "bb", "b-b"]).map(NamespaceName)
_KIND = st.sampled_from(NamespaceKind)
_SOURCES = ["hub", "lab"]
_SOURCE = st.sampled_from(_SOURCES)
_GROUPS = ["team", "Team", "team "]
_GROUP = st.sampled_from(_GROUPS)
_PERMISSION = st.sampled_from(NamespacePermission)
_TOKEN_ID = _ID.map(str)
_PERSON = st.builds(
    lambda subject, source, groups, logins: person(
        subject, method=SignInMethod.GITHUB, source=source, groups=groups, logins=logins
    ),
    st.sampled_from(["one", "One"]),
    st.none() | _SOURCE,
    st.sets(_GROUP),
    st.sets(st.sampled_from(["aa", "b-b", "\0"])),
)
_MOMENT = st.integers(0, 4).map(lambda seconds: NOW + timedelta(seconds=seconds))
_MANY = 100
"""More than there is: of rows that expired at once, the ones that are purged first are any."""
_CLIENTS = ["192.0.2.1", "192.0.2.2"]


def _operations() -> st.SearchStrategy[Operation]:
    """One write, as a function of a transaction; ids that don't exist are among its arguments."""
    return st.one_of(
        st.builds(
            lambda name, kind, source: lambda tx: tx.namespaces.add(name, None, kind, source),
            *(_NAME, _KIND, st.none() | _SOURCE),
        ),
        st.builds(lambda key, name: lambda tx: tx.namespaces.rename(key, name), _ID, _NAME),
        st.builds(
            lambda key, kind, source: lambda tx: tx.namespaces.set_origin(key, kind, source),
            *(_ID, _KIND, st.none() | _SOURCE),
        ),
        st.builds(lambda key: lambda tx: tx.namespaces.remove(key), _ID),
        st.builds(lambda name, flag: lambda tx: tx.user_groups.add(name, site_admin=flag), _GROUP, st.booleans()),
        st.builds(lambda key: lambda tx: tx.user_groups.remove(key), _ID),
        st.builds(
            lambda group, key, permission: lambda tx: tx.user_groups.add_permission(group, key, permission),
            *(_ID, _ID, _PERMISSION),
        ),
        st.builds(lambda group, key: lambda tx: tx.user_groups.remove_permission(group, key), _ID, _ID),
        st.builds(
            lambda token, key: lambda tx: tx.access_tokens.add(token, digest(key)),
            st.builds(_access_token, _TOKEN_ID, _PERSON, st.none() | st.frozensets(_ID, max_size=2), _MOMENT),
            _ID,
        ),
        st.builds(lambda key, now: lambda tx: tx.access_tokens.touch(key, now), _TOKEN_ID, _MOMENT),
        st.builds(lambda somebody: lambda tx: tx.access_tokens.update_owner(somebody), _PERSON),
        st.builds(lambda key: lambda tx: tx.access_tokens.remove(key), _TOKEN_ID),
        _transient_operations(),
    )


def _transient_operations() -> st.SearchStrategy[Operation]:
    """One write to what expires."""
    return st.one_of(
        st.builds(lambda row: lambda tx: tx.sessions.add(row), st.builds(_session, _ID, _PERSON, _MOMENT)),
        st.builds(lambda key: lambda tx: tx.sessions.remove(digest(key)), _ID),
        st.builds(lambda now: lambda tx: tx.sessions.purge(now, _MANY), _MOMENT),
        st.builds(
            lambda row, capacity: lambda tx: tx.sign_in_attempts.add(row, capacity),
            st.builds(_attempt, _ID, _MOMENT),
            st.integers(1, 3),
        ),
        st.builds(lambda key, now: lambda tx: tx.sign_in_attempts.take(digest(key), now), _ID, _MOMENT),
        st.builds(lambda now: lambda tx: tx.sign_in_attempts.purge(now, _MANY), _MOMENT),
        st.builds(lambda key, moment: lambda tx: tx.used_assertions.add(key, moment), _TOKEN_ID, _MOMENT),
        st.builds(lambda now: lambda tx: tx.used_assertions.purge(now, _MANY), _MOMENT),
        st.builds(lambda row: lambda tx: tx.terraform_logins.add_code(row), st.builds(_code, _ID, _MOMENT)),
        st.builds(
            lambda key, token, now: lambda tx: tx.terraform_logins.redeem(digest(key), digest(token), now),
            *(_ID, _ID, _MOMENT),
        ),
        st.builds(lambda row: lambda tx: tx.terraform_logins.add_token(row), st.builds(_token, _ID, _MOMENT)),
        st.builds(lambda key: lambda tx: tx.terraform_logins.remove_token(digest(key)), _ID),
        st.builds(lambda now: lambda tx: tx.terraform_logins.purge(now, _MANY), _MOMENT),
        st.builds(
            lambda client, kind, now: lambda tx: tx.failures.add(client, kind, now),
            *(st.sampled_from(_CLIENTS), st.sampled_from(FailureKind), _MOMENT),
        ),
        st.builds(lambda until: lambda tx: tx.failures.purge(until, _MANY), _MOMENT),
    )


def _access_token(token_id: str, owner: Person, namespaces: frozenset[int] | None, created_at: datetime) -> AccessToken:
    return AccessToken(
        id=token_id,
        name="CI",
        owner=owner,
        scopes=frozenset({TokenScope.READ}),
        namespaces=namespaces,
        created_at=created_at,
        expires_at=NOW + timedelta(seconds=3),
    )


def _session(number: int, somebody: Person, expires_at: datetime) -> Session:
    return Session(
        digest=digest(number),
        person=somebody,
        csrf_secret="c",
        fingerprint="f",
        created_at=NOW,
        expires_at=expires_at,
    )


def _attempt(number: int, expires_at: datetime) -> SignInAttempt:
    return SignInAttempt(
        state_digest=digest(number),
        browser_digest=digest(9),
        method=SignInMethod.SAML,
        created_at=NOW,
        expires_at=expires_at,
    )


def _code(number: int, expires_at: datetime) -> TerraformCode:
    return TerraformCode(
        digest=digest(number),
        person=person(),
        redirect_uri="http://localhost:10000/login",
        challenge="c",
        nonce=None,
        created_at=NOW,
        expires_at=expires_at,
    )


def _token(number: int, expires_at: datetime) -> TerraformToken:
    return TerraformToken(digest=digest(number), person=person(), created_at=NOW, expires_at=expires_at)


_PEOPLE = [
    person(subject, method=SignInMethod.GITHUB, source=source, groups=groups, logins=["aa", "b-b"])
    for subject in ("one", "One")
    for source in (*_SOURCES, None)
    for groups in ([], *([name] for name in _GROUPS), _GROUPS)
]

# So much is always there, for chance alone seldom builds anything worth tearing down.
_BEGINNING: list[Operation] = [
    lambda tx: tx.namespaces.add(NamespaceName("aa"), None, NamespaceKind.GITHUB_USER, "hub"),
    lambda tx: tx.namespaces.add(NamespaceName("b-b")),
    lambda tx: tx.user_groups.add("team", site_admin=True),
    lambda tx: tx.user_groups.add("Team", site_admin=False),
    lambda tx: tx.user_groups.add_permission(1, 1, NamespacePermission.MODIFY),
    lambda tx: tx.user_groups.add_permission(1, 2, NamespacePermission.MODIFY),
    lambda tx: tx.user_groups.add_permission(2, 2, NamespacePermission.FULL),
    lambda tx: tx.access_tokens.add(_access_token("1", _PEOPLE[0], frozenset({1, 2}), NOW), digest(1)),
    lambda tx: tx.access_tokens.add(_access_token("2", _PEOPLE[-1], None, NOW), digest(2)),
    lambda tx: tx.terraform_logins.add_code(_code(1, NOW + timedelta(seconds=3))),
    lambda tx: tx.sign_in_attempts.add(_attempt(1, NOW + timedelta(seconds=3)), 3),
]


def _everything(unit_of_work: UnitOfWork) -> list[object]:
    """What can be read at all; what can only be taken is."""
    digests, moments = [digest(number) for number in _IDS], [NOW, NOW + timedelta(seconds=2)]
    log = [(client, kind, since) for client in _CLIENTS for kind in FailureKind for since in moments]
    with unit_of_work.write() as tx:
        return [
            tx.namespaces.page(None, only_published=False),
            list(tx.user_groups.listed()),
            [tx.user_groups.find(name) for name in _GROUPS],
            [tx.user_groups.permission(group, key) for group in _IDS for key in _IDS],
            [list(tx.user_groups.permissions_on(key)) for key in _IDS],
            [tx.user_groups.grants(somebody) for somebody in _PEOPLE],
            [list(tx.user_groups.held_permissions(somebody)) for somebody in _PEOPLE],
            [list(tx.access_tokens.listed(somebody)) for somebody in (*_PEOPLE, None)],
            [tx.access_tokens.get(str(number)) for number in _IDS],
            [tx.access_tokens.find(key, now) for key in digests for now in moments],
            [tx.sessions.find(key, now) for key in digests for now in moments],
            [tx.terraform_logins.find_token(key, now) for key in digests for now in moments],
            [tx.failures.count(*arguments) for arguments in log],
            [tx.failures.oldest(*arguments) for arguments in log],
            [tx.sign_in_attempts.take(key, NOW) for key in digests],
            [tx.terraform_logins.redeem(key, digest(9), NOW) for key in digests],
        ]


@given(operations=st.lists(_operations(), min_size=10, max_size=40))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_writes_leave_the_same_state_and_are_refused_alike(sqlite: Engine, operations: list[Operation]) -> None:
    start_anew(sqlite)
    reference, database = MemoryUnitOfWork(), DatabaseUnitOfWork(sqlite)
    for operation in [*_BEGINNING, *operations]:
        assert outcome(database, operation) == outcome(reference, operation)
    assert _everything(database) == _everything(reference)
