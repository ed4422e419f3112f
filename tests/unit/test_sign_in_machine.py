"""Whatever browsers do in whatever order: who has a session has proved who they are, once for each attempt.

Chapter 04, section 20, items 13 and 14.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from terrareg_adapters.memory.identity_provider import MemoryIdentityProvider
from terrareg_core.access.authentication import Caller, ConfiguredSecrets, Credentials, SignInPolicy
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import Secret, SessionKeys
from terrareg_core.access.people import ExternalIdentity, Person, SignInMethod
from terrareg_core.access.sign_in import ATTEMPT_LIFETIME, StartedSignIn
from terrareg_core.errors import SignInNotStarted, SignInRefused
from tests.unit.registries import make_world

_WAYS = [
    (SignInMethod.OPENID, None),
    (SignInMethod.SAML, None),
    (SignInMethod.GITHUB, "hub"),
    (SignInMethod.GITHUB, "lab"),
]
_WAY = st.sampled_from(_WAYS)
_BROWSERS = st.sampled_from(["mine", "yours"])
_SUBJECTS = st.sampled_from(["ann", "bob"])
_WHICH = st.integers(0, 50)
"""Of a list whose length isn't known yet, from its end."""
_ItemT = TypeVar("_ItemT")
_SESSION_LIFETIME = timedelta(hours=1)


@attrs.define
class _Attempt:
    """An attempt to sign in, as the registry should remember it."""

    way: tuple[SignInMethod, str | None]
    started: StartedSignIn
    ends_at: datetime
    is_open: bool = True
    sessions: int = 0


@attrs.define
class _Proof:
    """What an identity provider gave along, and what it proves."""

    attempt: _Attempt
    answer: Mapping[str, str]
    subject: str
    is_fresh: bool = True


@attrs.define
class _Begun:
    """A session, as the registry should remember it."""

    person: Person
    ends_at: datetime
    is_open: bool = True


class SignInMachine(RuleBasedStateMachine):
    """Two browsers, four places to sign in, and everything that can be mixed up between them."""

    def __init__(self) -> None:
        super().__init__()
        secrets = ConfiguredSecrets(admin=Secret.of("adm"))
        offered = frozenset({*_WAYS, (SignInMethod.PASSWORD, None)})
        self.places = {way: MemoryIdentityProvider(*way) for way in _WAYS}
        self.world = make_world(
            secrets=secrets,
            identity_providers=list(self.places.values()),
            sign_in=SignInPolicy(offered=offered, keys=SessionKeys.of("key", secrets.admin)),
        )
        self.cookies = {"mine": "", "yours": ""}
        self.attempts: list[_Attempt] = []
        self.proofs: list[_Proof] = []
        self.sessions: dict[str, _Begun] = {}

    # --- what browsers do ---

    @initialize(one=_WAY, two=_WAY)
    def start_twice(self, one: tuple[SignInMethod, str | None], two: tuple[SignInMethod, str | None]) -> None:
        for way in (one, two):
            self.start(way)
            self.sign_in_there(0, "ann")

    @rule(way=_WAY)
    def start(self, way: tuple[SignInMethod, str | None]) -> None:
        started = self.world.registry.sign_in.start(*way, "/wanted")
        self.attempts.append(_Attempt(way, started, self._now() + ATTEMPT_LIFETIME))

    @rule(which=_WHICH, subject=_SUBJECTS)
    def sign_in_there(self, which: int, subject: str) -> None:
        attempt = _latest(self.attempts, which)
        answer = self.places[attempt.way].sign_in(attempt.started.url, _asserted(subject))
        self.proofs.append(_Proof(attempt, answer, subject))

    @rule(which=_WHICH, browser=_BROWSERS)
    def come_back(self, which: int, browser: str) -> None:
        """The right way; for the second time if that happened before."""
        proof = _latest(self.proofs, which)
        self._finish(browser, proof, proof.attempt, proof.attempt, proof.attempt.way)

    @rule(
        browser=_BROWSERS,
        proof=_WHICH,
        state=st.sampled_from(["right", "other", "none"]),
        cookie=st.sampled_from(["right", "other", "none"]),
        other=_WHICH,
        way=st.none() | _WAY,
    )
    def come_back_somehow(
        self,
        browser: str,
        proof: int,
        state: str,
        cookie: str,
        other: int,
        way: tuple[SignInMethod, str | None] | None,
    ) -> None:
        """With the proof of one attempt, and the state of another, or another's cookie than the state's, anywhere."""
        chosen, another = _latest(self.proofs, proof), _latest(self.attempts, other)
        stated = {"right": chosen.attempt, "other": another, "none": None}[state]
        kept = {"right": stated, "other": another, "none": None}[cookie]
        self._finish(browser, chosen, stated, kept, way or chosen.attempt.way)

    @rule(browser=_BROWSERS)
    def use_the_admin_token(self, browser: str) -> None:
        session = self.cookies[browser]
        caller = self._caller(session, b"adm")
        opened = self.world.registry.sessions.sign_in_as_admin(caller)
        self._begin(browser, opened.value, Person.built_in_admin(), _SESSION_LIFETIME)

    @rule(browser=_BROWSERS)
    def sign_out(self, browser: str) -> None:
        session = self.cookies[browser]
        self.world.registry.sessions.sign_out(self._caller(session))
        self._end(session)

    @precondition(lambda self: self.sessions)
    @rule(browser=_BROWSERS, which=_WHICH)
    def bring_an_old_cookie(self, browser: str, which: int) -> None:
        self.cookies[browser] = _latest(list(self.sessions), which)

    @rule(minutes=st.sampled_from([1, 9, 10, 31]))
    def wait(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))

    @rule()
    def clean_up(self) -> None:
        self.world.registry.sessions.purge()

    # --- what always holds ---

    @invariant()
    def cookies_are_worth_what_the_model_says(self) -> None:
        for value, begun in self.sessions.items():
            is_good = begun.is_open and self._now() < begun.ends_at
            expected = Identity.signed_in(begun.person) if is_good else Identity.anonymous()
            caller = self._caller(value)
            assert caller.identity == expected
            assert (caller.session is not None) == is_good

    @invariant()
    def there_are_no_other_sessions(self) -> None:
        logins = [event for event in self.world.events() if event.action.value == "USER_LOGIN"]
        assert len(logins) == len(self.sessions)
        assert all(attempt.sessions <= 1 for attempt in self.attempts)
        # In a copy of the state that is forgotten.
        with self.world.unit_of_work.read() as tx:
            tx.sessions.purge(self._now(), 1000)
            stored = tx.sessions.purge(self._now() + _SESSION_LIFETIME, 1000)
        assert stored == sum(begun.is_open and self._now() < begun.ends_at for begun in self.sessions.values())

    # --- the pieces ---

    def _finish(
        self,
        browser: str,
        proof: _Proof,
        stated: _Attempt | None,
        kept: _Attempt | None,
        way: tuple[SignInMethod, str | None],
    ) -> None:
        session = self.cookies[browser]
        state = self._state(stated) if stated is not None else "unknown"
        is_signed_in = not self._caller(session).identity.is_anonymous
        expected = self._expected(proof, stated, kept, way, is_signed_in)
        try:
            signed_in = self.world.registry.sign_in.finish(
                *way,
                proof.answer,
                state=state,
                browser=kept.started.browser if kept is not None else "",
                caller=self._caller(session),
            )
        except (SignInRefused, SignInNotStarted) as error:
            assert type(error) is expected  # noqa: PT017 - which one it is depends on the model
            return
        assert expected is None
        if kept is None:
            assert signed_in.session is None
            return
        assert signed_in.session is not None
        assert signed_in.return_path == "/wanted"
        assert stated is not None
        stated.sessions += 1
        person = _asserted(proof.subject).person(*way)
        self._begin(browser, signed_in.session.value, person, timedelta(minutes=30))

    def _expected(
        self,
        proof: _Proof,
        stated: _Attempt | None,
        kept: _Attempt | None,
        way: tuple[SignInMethod, str | None],
        is_signed_in: bool,
    ) -> type[Exception] | None:
        """The refusal that is due; the model forgets what is used up by it."""
        if kept is None:
            return None if is_signed_in and way[0] is not SignInMethod.SAML else SignInNotStarted
        if stated is None or not stated.is_open or self._now() >= stated.ends_at:
            return SignInRefused
        stated.is_open = False
        if kept is not stated or way != stated.way:
            return SignInRefused
        # The proof is presented now, if this is its place.
        is_fresh, proof.is_fresh = proof.is_fresh, proof.is_fresh and proof.attempt.way != way
        # GitHub's codes are good for whatever attempt of that GitHub; state and cookie are what ties them to one.
        fits = proof.attempt.way == way if way[0] is SignInMethod.GITHUB else proof.attempt is stated
        return None if is_fresh and fits else SignInRefused

    def _begin(self, browser: str, value: str, person: Person, lifetime: timedelta) -> None:
        self._end(self.cookies[browser])
        assert value not in self.sessions
        self.sessions[value] = _Begun(person, self._now() + lifetime)
        self.cookies[browser] = value

    def _end(self, session: str) -> None:
        if session in self.sessions:
            self.sessions[session].is_open = False

    def _caller(self, session: str, api_key: bytes = b"") -> Caller:
        return self.world.registry.admission.admit(Credentials(api_key=api_key, session=session), "192.0.2.1", None)

    def _state(self, attempt: _Attempt) -> str:
        # A place tells the state back to whoever signs in there.
        return self.places[attempt.way].sign_in(attempt.started.url, _asserted("nobody"))["state"]

    def _now(self) -> datetime:
        return self.world.clock.now()


def _latest(them: Sequence[_ItemT], which: int) -> _ItemT:
    return them[-1 - which % len(them)]


def _asserted(subject: str) -> ExternalIdentity:
    return ExternalIdentity(subject=subject, name=subject, valid_seconds=1800)


SignInMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestSignIn = SignInMachine.TestCase
