"""Promises 3 to 6 over a server and three gates: consent, withdrawal, reboot, partition, clocks and theft.

After every step a face can be recognised at a gate exactly while its consent was live at the gate's last
question, the lease of that question is younger than 72 hours of the gate's boot clock, and neither
reboot nor tampering came between; no file of server or gates holds a frame, a template or a share; at every
gate a card opens exactly for who lived there at the gate's last question, whatever they answered about face.

Does not cover: a gate that is taken over while it runs (its memory is not searched), or a server and a
gate in one hand.
"""

import dataclasses
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from gate_controller.contract.messages import (
    ASK_PATH,
    MAX_LEASE_SECONDS,
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    Accepted,
    AskReply,
    AskRequest,
    ForgetReceipt,
    ReceiptBatch,
    SignedReceipt,
    sign_struct,
)
from gate_controller.contract.records import CardCredential, FaceRecord, Method
from gate_controller.contract.signing import sign
from gate_controller.face_control.reasons import FaceReason
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory
from gate_controller.sync.link import ServerLink, SyncRefused
from tests.support.acting import NOTICE, by_phone
from tests.support.faces.marked import FRAME_MARK, marks_of_face
from tests.support.gates.three_gates import GATES, PEOPLE, Town, TownGate, bytes_under, forms_of
from web_admin.action.base import Action
from web_admin.compound.models import Gate
from web_admin.custody.gate_reports import clear_tampering
from web_admin.custody.models import GateFaceRow, Notice, ReceiptRow
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.looks import drop_look
from web_admin.face.notices import publish_notice
from web_admin.gates.orders import mark_gate
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import move_out

pytestmark = [pytest.mark.usefixtures("codes_hashed_quickly")]

START = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SOME_GATE = st.sampled_from(GATES)
SOMEONE = st.integers(0, len(PEOPLE) - 1)
MAY_BE_STOLEN = "east"
LONG_SECONDS = 240.0
MARKS = {
    f"{form} of face {number}": mark
    for number in range(len(PEOPLE))
    for form, mark in marks_of_face(number).items()
}


def newest_notice(act: Action) -> int:
    rows = select(Notice.version).where(Notice.purpose == FACE_PURPOSE).order_by(Notice.version.desc())
    return act.session.scalars(rows).first() or 0


def give(town: Town, someone: int) -> bool:
    person_id = town.person_ids[someone]
    return town.do(
        lambda act: give_face_consent(by_phone(act, person_id), person_id, newest_notice(act), "zh")
    )


def withdraw(town: Town, someone: int) -> bool:
    person_id = town.person_ids[someone]
    return town.do(lambda act: withdraw_face(by_phone(act, person_id), person_id))


def cards_that_open(gate: TownGate, now: datetime) -> set[str]:
    """Return whose cards open a gate by what lies on its disk now, with its clock unsure as after a cut."""
    snapshot = gate.store.load()
    assert snapshot is not None
    cards = [one for one in snapshot.policy.credentials.values() if isinstance(one, CardCredential)]
    claims = [Claim(Method.CARD, card.person_id, card) for card in cards]
    memory, lane_id = GateMemory(clock_sure=False), f"{gate.gate_id}-in"
    decided = [decide(claim, lane_id, snapshot.policy, memory, now) for claim in claims]
    return {decision.person_id for decision in decided if decision.opens and decision.person_id is not None}


@dataclasses.dataclass
class Lent:
    """What the last question brought: consent by person, and when on the gate's boot clock."""

    consents: dict[str, str] = dataclasses.field(default_factory=dict)
    at_boot_seconds: float = 0.0


class FacesOfATown(RuleBasedStateMachine):
    """Everything that may happen to consents, gates, clocks and disks, in any order."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="menjin-town-")
        self.town = Town(Path(self.folder.name), START)
        self.gates = {
            gate_id: TownGate(self.town, gate_id, Path(self.folder.name) / gate_id) for gate_id in GATES
        }
        self.lent = {gate_id: Lent() for gate_id in GATES}
        self.apart: set[str] = set()
        self.marked: set[str] = set()
        self.stolen: set[str] = set()
        self.taken_back: dict[str, set[str]] = {gate_id: set() for gate_id in GATES}
        self.living_here = set(self.town.person_ids)
        self.known_to_live: dict[str, set[str]] = {}
        # Two of three begin with a face everywhere, so that every act has a face to act on.
        for someone in (0, 1):
            assert give(self.town, someone)
        for gate_id in GATES:
            self.talk(gate_id)
            for someone in (0, 1):
                self.enrol(someone, gate_id)

    def teardown(self) -> None:
        if hasattr(self, "gates"):
            for gate in self.gates.values():
                gate.close()
            self.town.close()
            self.folder.cleanup()

    # -- people ----------------------------------------------------------------------------------

    @rule(someone=SOMEONE)
    def consent(self, someone: int) -> None:
        give(self.town, someone)

    @rule(someone=SOMEONE, gate_id=SOME_GATE)
    def consent_and_enrol(self, someone: int, gate_id: str) -> None:
        give(self.town, someone)
        self.talk(gate_id)
        self.enrol(someone, gate_id)

    @rule(someone=SOMEONE)
    def withdraw(self, someone: int) -> None:
        withdraw(self.town, someone)

    @rule()
    def change_the_notice(self) -> None:
        self.town.do(lambda act: publish_notice(act, FACE_PURPOSE, NOTICE))

    @rule()
    def move_out(self) -> None:
        if self.town.do(lambda act: move_out(act, self.town.person_ids[-1])):
            self.living_here.discard(self.town.person_ids[-1])

    @rule(someone=SOMEONE, gate_id=SOME_GATE)
    def enrol(self, someone: int, gate_id: str) -> None:
        before = self.expected(gate_id)
        person_id = self.town.person_ids[someone]
        result = self.gates[gate_id].enrol(someone)
        lent = self.lent[gate_id].consents.get(person_id)
        may = lent is not None and self.is_fresh(gate_id) and self.consent_known(gate_id, person_id) == lent
        assert result.ok is may, (result.reason, before)

    @rule(someone=SOMEONE, gate_id=SOME_GATE, which=st.integers(0, 4))
    def drop_a_look(self, someone: int, gate_id: str, which: int) -> None:
        """Drop one of a person's looks on their phone."""
        person_id = self.town.person_ids[someone]
        consent_id = self.town.live().get(person_id)
        looks = self.town.looks(gate_id, dropped=False)
        own = sorted(look_id for look_id, consent in looks.items() if consent == consent_id)
        if own:
            look_id = own[which % len(own)]
            assert self.town.do(lambda act: drop_look(by_phone(act, person_id), person_id, gate_id, look_id))
            assert look_id in self.town.looks(gate_id, dropped=True)

    @rule(someone=SOMEONE, gate_id=SOME_GATE)
    def take_back_at_a_gate(self, someone: int, gate_id: str) -> None:
        """Take a face back at the screen, where the gate knows of its consent; the office learns it later."""
        gate, person_id = self.gates[gate_id], self.town.person_ids[someone]
        if person_id in gate.roster:
            self.taken_back[gate_id].add(gate.roster[person_id].consent_id)
            self.lent[gate_id].consents.pop(person_id, None)
            gate.take_back(someone)

    # -- gates -----------------------------------------------------------------------------------

    @rule(gate_id=SOME_GATE)
    def talk(self, gate_id: str) -> None:
        """Ask the server, if it is in reach."""
        gate = self.gates[gate_id]
        if gate_id in self.apart:
            gate.keeper.drop_ended_leases()
            return
        live = {} if gate_id in self.marked else self.town.live()
        live = {p: consent for p, consent in live.items() if consent not in self.taken_back[gate_id]}
        gate.talk()
        self.lent[gate_id] = Lent(live, gate.boot_seconds)
        if gate_id in self.stolen:
            # A thief opens nothing with it any more, and reads of no person.
            self.known_to_live[gate_id] = set()
        elif gate_id not in self.is_stolen_or_cloned():
            self.known_to_live[gate_id] = set(self.living_here)
        ended = [p for p in gate.blobs.person_ids() if p not in self.town.live()]
        assert ended == [], "a gate that received an end keeps no template of it"
        dropped = set(self.town.looks(gate_id, dropped=True))
        assert not dropped & gate.look_ids(), "nor a look that was dropped"

    @rule(gate_id=SOME_GATE)
    def part_or_join(self, gate_id: str) -> None:
        self.apart ^= {gate_id}

    @rule(gate_id=SOME_GATE)
    def power_cut(self, gate_id: str) -> None:
        self.gates[gate_id].power_cut()
        self.lent[gate_id] = Lent()

    @rule(gate_id=SOME_GATE, hours=st.sampled_from([-9000, -1, 1, 100, 90_000]))
    def set_the_wall_clock(self, gate_id: str, hours: int) -> None:
        self.gates[gate_id].wall_ahead = timedelta(hours=hours)

    @rule(hours=st.sampled_from([1, 30, 71, 72]))
    def time_passes(self, hours: int) -> None:
        """Every boot clock goes on, also through sleep."""
        self.town.now += timedelta(hours=hours)
        for gate in self.gates.values():
            gate.boot_seconds += hours * 3600

    # -- hands on gates and server ---------------------------------------------------------------

    @rule(gate_id=SOME_GATE)
    def tamper(self, gate_id: str) -> None:
        keeper = self.gates[gate_id].keeper
        keeper.tampered(["wires:7"])
        keeper.tampered([])
        self.marked.add(gate_id)
        self.lent[gate_id] = Lent()

    @rule(gate_id=SOME_GATE)
    def the_manager_clears(self, gate_id: str) -> None:
        if gate_id in self.apart or gate_id in self.is_stolen_or_cloned():
            return
        self.talk(gate_id)
        tamper_id = self.gates[gate_id].keeper.tamper_id
        if tamper_id is not None:
            assert self.town.do(lambda act: clear_tampering(act, gate_id, tamper_id))
            self.marked.discard(gate_id)

    def is_stolen_or_cloned(self) -> set[str]:
        with self.town.database.session() as session:
            rows = session.scalars(select(Gate))
            return {gate.gate_id for gate in rows if gate.state != "paired" or gate.forked_at is not None}

    @precondition(lambda self: MAY_BE_STOLEN not in self.marked)
    @rule()
    def report_stolen(self) -> None:
        if self.town.do(lambda act: mark_gate(act, MAY_BE_STOLEN, "stolen")):
            self.marked.add(MAY_BE_STOLEN)
            self.stolen.add(MAY_BE_STOLEN)

    @rule()
    def back_up(self) -> None:
        self.town.back_up()

    # -- what must hold ----------------------------------------------------------------------------

    def is_fresh(self, gate_id: str) -> bool:
        age = self.gates[gate_id].boot_seconds - self.lent[gate_id].at_boot_seconds
        return bool(self.lent[gate_id].consents) and age < MAX_LEASE_SECONDS

    def consent_known(self, gate_id: str, person_id: str) -> str:
        record = self.gates[gate_id].roster.get(person_id)
        return record.consent_id if record is not None else ""

    def expected(self, gate_id: str) -> set[str]:
        """Return who may be recognised there now, and is."""
        if not self.is_fresh(gate_id):
            return set()
        lent, blobs = self.lent[gate_id].consents, self.gates[gate_id].blobs
        sealed = {person_id: blobs.of_person(person_id) for person_id in blobs.person_ids()}
        return {p for p, looks in sealed.items() if lent.get(p) in {look.consent_id for look in looks}}

    @invariant()
    def a_face_is_usable_exactly_within_its_lease(self) -> None:
        for gate_id, gate in self.gates.items():
            usable = {p for p in self.town.person_ids if gate.service.can_recognise(p)}
            assert usable == self.expected(gate_id), gate_id

    @invariant()
    def what_was_taken_back_at_a_gate_counts_there_no_more(self) -> None:
        """Not after a power cut either, and not while the office still takes it for live."""
        for gate_id, gate in self.gates.items():
            known = {record.consent_id for record in gate.roster.values()}
            assert not known & self.taken_back[gate_id], gate_id
            assert not set(gate.service.consents_kept().values()) & self.taken_back[gate_id], gate_id

    @invariant()
    def a_card_opens_for_each_resident_whatever_they_answered(self) -> None:
        """Consent is no part of this model, so nothing of it may change an answer."""
        opens = {gate_id: cards_that_open(gate, self.town.now) for gate_id, gate in self.gates.items()}
        assert opens == self.known_to_live

    @invariant()
    def no_file_holds_a_frame_a_template_or_a_share_and_no_sealed_template_left_its_gate(self) -> None:
        disks = {gate_id: bytes_under(gate.files) for gate_id, gate in self.gates.items()}
        disks["server"] = bytes_under(self.town.files)
        found = [(where, mark) for where, disk in disks.items() for mark in MARKS if MARKS[mark] in disk]
        assert found == []
        shares = [form for share in self.town.shares for form in forms_of(share)]
        assert [where for where, disk in disks.items() if any(form in disk for form in shares)] == []
        for gate_id, gate in self.gates.items():
            looks = [look for one in gate.blobs.person_ids() for look in gate.blobs.of_person(one)]
            sealed = [look.ciphertext[:24] for look in looks]
            elsewhere = [where for where, disk in disks.items() if any(part in disk for part in sealed)]
            assert set(elsewhere) <= {gate_id}


@pytest.mark.wide
def test_no_history_leaves_a_usable_face_beyond_its_lease_or_a_trace_on_a_disk() -> None:
    run_state_machine_as_test(
        FacesOfATown,
        settings=settings(
            max_examples=6,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.slow
def test_no_longer_history_does_either() -> None:
    """60 histories of up to 40 steps, in tens; no ten begins after four minutes."""
    give_up = time.monotonic() + LONG_SECONDS
    for tens in range(6):
        if tens and time.monotonic() > give_up:
            break
        run_state_machine_as_test(
            FacesOfATown,
            settings=settings(
                max_examples=10,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )


# -- one by one --------------------------------------------------------------------------------------


@pytest.fixture
def town(tmp_path: Path):
    made = Town(tmp_path, START)
    yield made
    made.close()


@pytest.fixture
def north(town: Town, tmp_path: Path):
    gate = TownGate(town, "north", tmp_path / "north")
    gate.talk()
    yield gate
    gate.close()


@pytest.fixture
def enrolled(town: Town, north: TownGate) -> TownGate:
    """The north gate with the first person's face, who may be recognised there."""
    assert give(town, 0)
    north.talk()
    assert north.enrol(0).ok
    assert north.opens_for(0)
    return north


def test_a_disk_with_a_frame_a_template_or_a_share_on_it_is_found(enrolled: TownGate, town: Town) -> None:
    """The search itself: what is put there is found."""
    (enrolled.files / "leak").write_bytes(b"".join([*MARKS.values(), *forms_of(next(iter(town.shares)))]))
    disk = bytes_under(enrolled.files)
    assert [mark for mark in MARKS if MARKS[mark] not in disk] == []
    assert all(form in disk for form in forms_of(next(iter(town.shares))))


def test_tampering_is_reported_and_the_server_stops_leasing_until_it_is_cleared(
    enrolled: TownGate, town: Town
) -> None:
    enrolled.keeper.tampered(["wires:7"])
    assert not enrolled.opens_for(0)
    enrolled.talk()
    with town.database.session() as session:
        assert session.get_one(GateFaceRow, "north").tampered_at == town.now
    enrolled.power_cut()
    enrolled.talk()
    assert not enrolled.opens_for(0)
    tamper_id = enrolled.keeper.tamper_id
    assert tamper_id is not None
    assert town.do(lambda act: clear_tampering(act, "north", tamper_id))
    enrolled.talk()
    assert enrolled.opens_for(0)


def test_a_cloned_gate_gets_no_lease_and_neither_does_the_one_it_was_copied_from(
    enrolled: TownGate, town: Town
) -> None:
    key = town.gate_keys["north"]
    copied = ServerLink(town.url, None, "north", key, lambda: 1)
    question = AskRequest(
        have_epoch=0,
        have_version=0,
        gate_time=town.now,
        clock_sure=True,
        journal_seq=0,
        sealing_public_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
    )
    for _ in range(20):
        enrolled.talk()
    with pytest.raises(SyncRefused, match="counter_forked"):
        copied.post(ASK_PATH, question, AskReply)
    ahead = ServerLink(town.url, None, "north", key, lambda: 10_000)
    assert ahead.post(ASK_PATH, question, AskReply).sealed_leases is msgspec.UNSET
    copied.close()
    ahead.close()
    # No number says any more which of the two is the gate: both are answered, and neither is lent anything.
    enrolled.talk()
    enrolled.boot_seconds += MAX_LEASE_SECONDS
    enrolled.talk()
    assert not enrolled.opens_for(0)


def test_a_stolen_gate_opens_no_face_after_its_lease_and_its_disk_and_secret_open_nothing(
    enrolled: TownGate, town: Town
) -> None:
    assert town.do(lambda act: mark_gate(act, "north", "stolen"))
    enrolled.power_cut()
    enrolled.talk()
    assert not enrolled.opens_for(0)
    stolen = bytes_under(enrolled.files) + enrolled.secret
    assert not any(form in stolen for share in town.shares for form in forms_of(share))


def receipt_of(town: Town, gate_id: str, person: int, consent_id: str) -> ForgetReceipt:
    return ForgetReceipt(
        site_id=town.site_id,
        gate_id=gate_id,
        person_id=town.person_ids[person],
        consent_id=consent_id,
        forgotten_at=town.now,
        blob_found=True,
        journal_seq=1,
    )


def test_a_receipt_signed_by_the_wrong_gate_or_about_another_one_counts_for_nothing(
    enrolled: TownGate, town: Town
) -> None:
    consent_id = town.live()[town.person_ids[0]]
    withdraw(town, 0)
    body, signature = sign_struct(
        town.gate_keys["south"], RECEIPT_DOMAIN, receipt_of(town, "north", 0, consent_id)
    )
    north = ServerLink(town.url, None, "north", town.gate_keys["north"], lambda: 1000)
    forged = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    north.post(RECEIPTS_PATH, forged, Accepted)
    south = ServerLink(town.url, None, "south", town.gate_keys["south"], lambda: 1)
    about_another = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    assert south.post(RECEIPTS_PATH, about_another, Accepted).count == 1, "set aside, not sent again"
    as_order = sign(town.gate_keys["north"], "menjin/order/1", body)
    another_domain = SignedReceipt(receipt=body, signature=as_order)
    again = ServerLink(town.url, None, "north", town.gate_keys["north"], lambda: 1001)
    again.post(RECEIPTS_PATH, ReceiptBatch(receipts=(another_domain,)), Accepted)
    for link in (north, south, again):
        link.close()
    with town.database.session() as session:
        assert session.scalars(select(ReceiptRow)).all() == []
        aside = select(AuditEntry).where(AuditEntry.kind == "face_receipt_set_aside")
        assert len(session.scalars(aside).all()) == 3


def test_an_enrolment_after_its_consent_ended_or_was_given_again_is_refused(
    enrolled: TownGate, town: Town
) -> None:
    withdraw(town, 0)
    give(town, 0)
    enrolled.keeper.take_leases((), enrolled.boot_seconds)
    assert enrolled.enrol(0).reason is FaceReason.NO_LEASE
    enrolled.talk()
    assert not enrolled.opens_for(0), "the older template is gone with the older consent"
    assert enrolled.enrol(0).ok
    withdraw(town, 0)
    enrolled.talk()
    assert enrolled.enrol(0).reason is FaceReason.NO_LEASE


def test_a_face_taken_back_at_a_gate_apart_stays_so_when_the_gate_starts_again(
    enrolled: TownGate, town: Town
) -> None:
    """The gate asks the office before it reports: it is lent the share of that face again."""
    consented = town.live()
    enrolled.take_back(0)
    enrolled.power_cut()
    assert town.person_ids[0] not in enrolled.roster, "the policy on the disk has that consent"
    enrolled.sync.ask()
    assert town.live() == consented, "the office does not know of it yet, and lends the share again"
    enrolled.roster[town.person_ids[0]] = FaceRecord(town.person_ids[0], consented[town.person_ids[0]], "any")
    assert enrolled.enrol(0).reason is FaceReason.NO_LEASE
    assert not enrolled.opens_for(0)
    enrolled.power_cut()
    enrolled.talk()
    assert town.live() == {}
    with town.database.session() as session:
        assert [row.gate_id for row in session.scalars(select(ReceiptRow))] == ["north"]


def test_one_request_is_one_enrolment(enrolled: TownGate, town: Town) -> None:
    give(town, 1)
    enrolled.talk()
    used = enrolled.capability()
    consent_id = enrolled.roster[town.person_ids[1]].consent_id
    enrolled.camera.show(1)
    assert enrolled.service.enrol(town.person_ids[1], consent_id, used).ok
    enrolled.camera.show(2)
    again = enrolled.service.enrol(town.person_ids[1], consent_id, used)
    assert again.reason is FaceReason.CAPABILITY_ENDED


def test_the_mark_in_a_frame_is_seen_by_the_search() -> None:
    assert all(FRAME_MARK % number in MARKS.values() for number in range(len(PEOPLE)))
