"""Random histories of a compound: real actions on a real database, refusals allowed, nothing else.

Each step is one action in one transaction, as a page would do it. What the actions refuse is rolled back;
any other exception fails the test, so a publication that one person could block would be seen.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import Span
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import Method, QrCredential
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from tests.promises.looks_histories import GATES, SOME_GATE, SOMEONE, LooksHistory
from tests.support.acting import ALL_METHODS, NOTICE, add_lane, manager, offer_face
from tests.support.compounds.assessments import assess
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action, publish
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Gate, GuardianRow, Hours, Person
from web_admin.core.database import Database, make_engine
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.custody.models import Consent, Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.why_refused import published_snapshot
from web_admin.face.actions import disable_face, enable_face, give_face_consent, record_refusal, withdraw_face
from web_admin.face.ages import set_age_band, settle_ages
from web_admin.face.consent_rules import set_consent_rules
from web_admin.face.guardian_requests import answer_guardian, ask_guardians
from web_admin.face.guardians import name_guardian, remove_guardian
from web_admin.face.models import ConsentRules, GuardianConsent, GuardianRequest, WrittenRelease
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import LaneSpec
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.people.homes import add_home
from web_admin.people.invitations import accept_invitation, confirm_identity, invite
from web_admin.people.suspensions import resume_person
from web_admin.tables import METADATA

START = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SOME_METHODS = st.sets(st.sampled_from(ALL_METHODS))
AGE_BANDS = ("adult", "14_17", "under_14")
SOME_SPANS = st.lists(
    st.builds(
        Span,
        days=st.sampled_from([("mon", "tue", "wed", "thu", "fri"), ("sat", "sun"), ("holiday",)]),
        from_minute=st.sampled_from([0, 420, 1320]),
        until_minute=st.sampled_from([360, 1200, 1440]),
    ),
    min_size=1,
    max_size=2,
)

Verdicts = dict[tuple[str, str, str, int], tuple[bool, Reason]]


class Compound:
    """A database with two gates that offer every method, ready to be copied for each history."""

    def __init__(self) -> None:
        """Make the folder and the compound in it."""
        self.folder = Path(tempfile.mkdtemp(prefix="menjin-histories-"))
        self.sealer = Sealer(b"s" * 32, b"l" * 32, b"f" * 32)
        database = self.open("first.sqlite3")
        METADATA.create_all(database.engine)
        with database.session() as session:
            site, _root = create_site(session, self.sealer, "Court", "Asia/Shanghai", "en", "phrase", START)
            self.site_id = site.site_id
            act = manager(session, self.sealer, self.site_id, START)
            for gate_id in GATES:
                add_lane(act, gate_id)
                offer_face(act, gate_id)
            home = add_home(act, "3-1203")
            for number, name in enumerate(("Chen", "Lin", "Ma", "Wu"), start=1):
                person = add_person(act, display_name=name, home_id=home.home_id)
                issue_card(act, person.person_id, number)
        database.engine.dispose()
        self._count = 0

    def open(self, name: str) -> Database:
        """Open a database file of the folder."""
        return Database(make_engine(f"sqlite:///{self.folder / name}"))

    def copy(self) -> Database:
        """Return a fresh copy of the compound."""
        self._count += 1
        name = f"copy-{self._count}.sqlite3"
        shutil.copy(self.folder / "first.sqlite3", self.folder / name)
        return self.open(name)


class History(LooksHistory):
    """Everything that residents and staff can do, in any order."""

    compound: Compound

    @initialize()
    def begin(self) -> None:
        self.database = self.compound.copy()
        self.now = START
        self.card_number = 1000
        self.looks_taken = 0

    def teardown(self) -> None:
        self.database.engine.dispose()

    # -- doing and looking ---------------------------------------------------------------------

    def act_on(self, session: Session) -> Action:
        return manager(session, self.compound.sealer, self.compound.site_id, self.now)

    def do(self, someone: int, doing: Callable[[Action, str], object], *, by_phone: bool = False) -> None:
        try:
            with self.database.session() as session:
                act = self.act_on(session)
                everyone = session.scalars(select(Person.person_id).order_by(Person.display_name)).all()
                person_id = everyone[someone]
                phone = {"channel": "phone", "actor_id": person_id} if by_phone else {}
                doing(replace(act, **phone), person_id)  # type: ignore[arg-type]  # words of a Literal
        except ActionRefused:
            pass

    def snapshots(self, session: Session) -> dict[str, PolicySnapshot]:
        return {
            gate.gate_id: published_snapshot(session, gate, self.now)
            for gate in session.scalars(select(Gate))
        }

    def verdicts(self) -> Verdicts:
        """Return what every gate says to every credential at every lane, over a day and a week."""
        with self.database.session() as session:
            return {
                (lane_id, credential_id, claim.method, hours): (decision.opens, decision.reason)
                for snapshot in self.snapshots(session).values()
                for lane_id in snapshot.policy.lanes
                for credential_id, credential in snapshot.policy.credentials.items()
                for hours in (0, 7, 15, 90)
                for claim in [claim_of(credential, self.now + timedelta(hours=hours))]
                for decision in [
                    decide(claim, lane_id, snapshot.policy, GateMemory(), self.now + timedelta(hours=hours))
                ]
            }

    def consent_event(self, someone: int, doing: Callable[[Action, str], object], *, by_phone: bool) -> None:
        """Do something about consent; subclasses compare before and after."""
        self.do(someone, doing, by_phone=by_phone)

    # -- consent -------------------------------------------------------------------------------

    @rule(someone=SOMEONE)
    def give(self, someone: int) -> None:
        self.consent_event(someone, give_consent_to_newest, by_phone=True)

    @rule(someone=SOMEONE)
    def give_without_a_name(self, someone: int) -> None:
        self.consent_event(
            someone, lambda act, person: give_face_consent(act, person, _newest(act), "zh"), by_phone=True
        )

    @rule(someone=SOMEONE)
    def give_and_lose_one(self, someone: int) -> None:
        self.give(someone)
        self.lose_or_find(someone, 0, "end")

    @rule(someone=SOMEONE, by_phone=st.booleans())
    def withdraw(self, someone: int, by_phone: bool) -> None:
        self.consent_event(someone, withdraw_face, by_phone=by_phone)

    @rule(someone=SOMEONE, withdraws=st.booleans(), by_phone=st.booleans())
    def give_two_looks_and_drop_one(self, someone: int, withdraws: bool, by_phone: bool) -> None:
        """Do in one step what chance seldom does in this order."""
        self.give(someone)
        for gate in GATES:
            self.take_a_look(someone, gate)
            self.take_a_look(someone, gate)
            self.drop_a_look(someone, gate, 0, by_phone)
        if withdraws:
            self.withdraw(someone, by_phone)

    @rule(someone=SOMEONE, by_phone=st.booleans())
    def say_no(self, someone: int, by_phone: bool) -> None:
        self.consent_event(
            someone, lambda act, person: record_refusal(act, person, 1, "zh"), by_phone=by_phone
        )

    @rule(minor=SOMEONE, guardians=st.sets(SOMEONE, min_size=1, max_size=2))
    def ask_guardians(self, minor: int, guardians: set[int]) -> None:
        def ask(act: Action, person_id: str) -> None:
            everyone = act.session.scalars(select(Person.person_id).order_by(Person.display_name)).all()
            asked = [everyone[guardian] for guardian in sorted(guardians)]
            ask_guardians(act, person_id, asked, _newest(act), "zh")

        self.now += timedelta(seconds=1)
        self.consent_event(minor, ask, by_phone=True)

    @rule(guardian=SOMEONE, agrees=st.booleans(), name=st.sampled_from(["", "Chen"]))
    def answer_as_guardian(self, guardian: int, agrees: bool, name: str) -> None:
        def answer(act: Action, person_id: str) -> None:
            asked = select(GuardianRequest.request_id).where(GuardianRequest.guardian_id == person_id)
            request_id = act.session.scalars(asked.order_by(GuardianRequest.asked_at.desc())).first()
            answer_guardian(act, request_id or "", agrees=agrees, language="en", signed_name=name)

        self.now += timedelta(seconds=1)
        self.consent_event(guardian, answer, by_phone=True)

    @rule(
        minors=st.sets(SOMEONE, min_size=1, max_size=2),
        answers=st.lists(st.tuples(SOMEONE, st.booleans()), max_size=4),
        between=st.sampled_from(["nothing", "ask for more", "invite", "check"]),
    )
    def ask_a_whole_home(self, minors: set[int], answers: list[tuple[int, bool]], between: str) -> None:
        """Play what random rules seldom reach: minors who ask two, and a change between the answers."""
        others = {0, 1, 2, 3} - minors
        for minor in minors:
            self.correct_an_age(minor, "14_17", 300)
            self.ask_guardians(minor, set(sorted(others)[:2]))
        for number, (guardian, agrees) in enumerate(answers):
            self.answer_as_guardian(guardian, agrees, "Chen")
            if number == 0 and between == "ask for more":
                self.ask_for_more(True, True)
            elif number == 0 and between == "invite":
                self.invite_and_accept(guardian)
            elif number == 0 and between == "check":
                self.check_a_guardian(min(minors), max(others), False)

    @rule(minor=SOMEONE, guardian=SOMEONE, is_only=st.booleans())
    def check_a_guardian(self, minor: int, guardian: int, is_only: bool) -> None:
        def check(act: Action, person_id: str) -> None:
            everyone = act.session.scalars(select(Person.person_id).order_by(Person.display_name)).all()
            name_guardian(act, person_id, everyone[guardian], is_only=is_only)

        self.consent_event(minor, check, by_phone=False)

    @rule(minor=SOMEONE, guardian=SOMEONE)
    def end_a_guardian(self, minor: int, guardian: int) -> None:
        def end(act: Action, person_id: str) -> None:
            everyone = act.session.scalars(select(Person.person_id).order_by(Person.display_name)).all()
            remove_guardian(act, person_id, everyone[guardian])

        self.consent_event(minor, end, by_phone=False)

    @rule(written=st.booleans(), both=st.booleans())
    def ask_for_more(self, written: bool, both: bool) -> None:
        self.consent_event(
            0,
            lambda act, _: set_consent_rules(act, written_release=written, both_guardians=both),
            by_phone=False,
        )

    @invariant()
    def every_consent_has_what_is_asked_for(self) -> None:
        """Read the tables themselves, not what the program makes of them."""
        with self.database.session() as session:
            rules = session.get(ConsentRules, self.compound.site_id)
            for consent in session.scalars(select(Consent).where(Consent.withdrawn_at.is_(None))):
                person = session.get_one(Person, consent.person_id)
                parts = set(
                    session.scalars(
                        select(GuardianConsent.guardian_id).where(
                            GuardianConsent.consent_id == consent.consent_id
                        )
                    )
                )
                signers = set(
                    session.scalars(
                        select(WrittenRelease.signer_id).where(
                            WrittenRelease.consent_id == consent.consent_id
                        )
                    )
                )
                agreed = _who_may_agree(session, person) & parts
                if person.age_band == "14_17":
                    assert len(agreed) >= _how_many(session, person, rules)
                if rules is not None and rules.written_release:
                    assert (agreed if person.age_band == "14_17" else {person.person_id}) <= signers

    @rule(someone=SOMEONE, band=st.sampled_from(AGE_BANDS), days=st.sampled_from([1, 300]))
    def correct_an_age(self, someone: int, band: str, days: int) -> None:
        until = None if band == "adult" else (self.now + timedelta(days=days)).date()
        self.consent_event(
            someone, lambda act, person: set_age_band(act, person, band, until), by_phone=False
        )

    @rule()
    def change_what_was_assessed(self) -> None:
        texts = {language: {**NOTICE[language], "method": "otherwise"} for language in NOTICE}
        self.consent_event(0, lambda act, _: publish_notice(act, FACE_PURPOSE, texts), by_phone=False)

    @rule()
    def assess_again(self) -> None:
        self.consent_event(0, lambda act, _: assess(act), by_phone=False)

    @rule()
    def change_the_notice(self) -> None:
        self.consent_event(0, lambda act, _: publish_notice(act, FACE_PURPOSE, NOTICE), by_phone=False)

    # -- credentials and methods ---------------------------------------------------------------

    @rule(someone=SOMEONE, hours=st.sampled_from([None, 1, 48]))
    def card(self, someone: int, hours: int | None) -> None:
        self.card_number += 1
        until = [self.now + timedelta(hours=hours)] if hours else [None]
        self.do(someone, lambda act, person: issue_card(act, person, self.card_number, valid_until=until[0]))

    @rule(someone=SOMEONE)
    def pin(self, someone: int) -> None:
        self.do(someone, issue_pin)

    @rule(someone=SOMEONE, which=st.integers(0, 5), how=st.sampled_from(["end", "suspend", "resume"]))
    def lose_or_find(self, someone: int, which: int, how: str) -> None:
        doing = {
            "end": lambda act, credential: end_credential(act, credential, "lost"),
            "suspend": suspend_credential,
            "resume": resume_credential,
        }[how]
        self.do(someone, lambda act, person: [doing(act, one) for one in _credentials(act, person, which)])

    @rule(someone=SOMEONE)
    def lose_the_whole_bag(self, someone: int) -> None:
        for _ in range(4):
            self.lose_or_find(someone, 0, "end")

    @rule(someone=SOMEONE, methods=SOME_METHODS, by_phone=st.booleans())
    def choose(self, someone: int, methods: set[str], by_phone: bool) -> None:
        self.do(someone, lambda act, person: choose_methods(act, person, methods), by_phone=by_phone)

    # -- people --------------------------------------------------------------------------------

    @rule(someone=SOMEONE, account=st.integers(1, 9))
    def suspend_or_resume(self, someone: int, account: int) -> None:
        self.do(
            someone,
            lambda act, person: [
                lambda: suspend_for_days(replace(act, actor_id=f"staff-{account}"), person),
                lambda: resume_person(act, person),
            ][act.session.get_one(Person, person).suspended](),
        )

    @rule(someone=SOMEONE, gates=st.sets(SOME_GATE))
    def grant(self, someone: int, gates: set[str]) -> None:
        specs = [GrantSpec((f"{gate_id}-in",)) for gate_id in sorted(gates)]
        self.do(someone, lambda act, person: set_grants(replace(act, because="asked"), person, specs))

    @rule(someone=SOMEONE)
    def invite_and_accept(self, someone: int) -> None:
        self.do(
            someone,
            lambda act, person: accept_invitation(act.session, act.sealer, invite(act, person), act.now),
        )

    @rule(someone=SOMEONE)
    def prove_identity(self, someone: int) -> None:
        self.do(someone, confirm_identity)

    @rule()
    def leave(self) -> None:
        self.do(3, move_out)

    # -- lanes, hours, the site ----------------------------------------------------------------

    @rule(gate=SOME_GATE, methods=SOME_METHODS, narrowed=SOME_METHODS)
    def edit_lane(self, gate: str, methods: set[str], narrowed: set[str]) -> None:
        def edit(act: Action, _: str) -> None:
            hours = act.session.scalars(select(Hours.hours_id)).first()
            method_hours = {method: hours for method in narrowed & methods if hours is not None}
            spec = LaneSpec(f"{gate}-in", "In", "in", tuple(methods), method_hours)
            save_lane(replace(act, because="works"), gate, spec)

        self.do(0, edit)

    @rule(spans=SOME_SPANS)
    def edit_hours(self, spans: list[Span]) -> None:
        def edit(act: Action, _: str) -> None:
            hours_id = act.session.scalars(select(Hours.hours_id)).first()
            save_hours(replace(act, because="works"), hours_id, "day", spans)

        self.do(0, edit)

    @rule()
    def switch_face_off_and_on(self) -> None:
        self.consent_event(0, lambda act, _: disable_face(act), by_phone=False)
        self.do(0, lambda act, _: enable_face(act))

    @rule(hours=st.sampled_from([1, 20, 60]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.do(0, lambda act, _: [settle_ages(act), publish(act)])


def _who_may_agree(session: Session, minor: Person) -> set[str]:
    checked = session.scalars(select(GuardianRow).where(GuardianRow.minor_id == minor.person_id)).all()
    living = {row.guardian_id for row in checked if row.ended_at is None}
    adults = set(
        session.scalars(
            select(Person.person_id).where(
                Person.home_id == minor.home_id, Person.age_band == "adult", Person.ended_at.is_(None)
            )
        )
    )
    return adults & living if checked else adults


def _how_many(session: Session, minor: Person, rules: ConsentRules | None) -> int:
    rows = session.scalars(select(GuardianRow).where(GuardianRow.minor_id == minor.person_id))
    only = [row for row in rows if row.is_only]
    return 2 if rules is not None and rules.both_guardians and not only else 1


def _newest(act: Action) -> int:
    newest = select(Notice.version).where(Notice.purpose == FACE_PURPOSE).order_by(Notice.version.desc())
    return act.session.scalars(newest).first() or 0


def give_consent_to_newest(act: Action, person_id: str) -> None:
    """Say yes to face under the notice that a person reads now."""
    give_face_consent(act, person_id, _newest(act), "zh", signed_name="Chen Yu")


def _credentials(act: Action, person_id: str, which: int) -> list[str]:
    """Return one credential of the person that has not ended, or none."""
    rows = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == person_id, CredentialRow.state != "ended"
    )
    found = act.session.scalars(rows.order_by(CredentialRow.created_at)).all()
    return [found[which % len(found)]] if found else []


def claim_of(credential: object, at: datetime) -> Claim:
    kinds = {"CardCredential": Method.CARD, "QrCredential": Method.QR}
    method = kinds.get(type(credential).__name__, Method.PIN)
    second = int(at.timestamp()) if isinstance(credential, QrCredential) else None
    return Claim(method, credential.person_id, credential, second=second)  # type: ignore[attr-defined, arg-type]
