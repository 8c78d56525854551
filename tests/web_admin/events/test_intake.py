"""Events: none lost, none twice, whatever the network does; no piece of the chain is refused whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from gate_controller.contract.journal_chain import (
    COUNTERSIGN_DOMAIN,
    GENESIS,
    Head,
    chain_entry,
)
from gate_controller.contract.messages import EVENTS_PATH
from gate_controller.contract.signing import certified_key, verify
from tests.support.compounds.with_gates import PlayedGate, journal
from tests.support.examples import examples
from tests.web_admin.events.sent_events import send
from tests.web_admin.sync.answers import alarms, error_of, introduced
from web_admin.action.base import Action
from web_admin.alarms.models import Alarm
from web_admin.compound.keys import certificate
from web_admin.compound.models import Gate, Site
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.gates import pairing
from web_admin.journal.models import GateEvent
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases


def stored_seqs(database):
    with database.session() as session:
        return list(session.scalars(select(GateEvent.seq).order_by(GateEvent.seq)))


def test_events_are_stored_acknowledged_and_countersigned(database, site, north, clock):
    entries = journal(3, clock.now)
    reply = send(north, entries)
    assert reply.acknowledged_seq == 3
    with database.session() as session:
        anchor = certified_key(
            session.get_one(Site, site).root_public_key, certificate(session, site, "anchor"), site, "anchor"
        )
        row = session.scalars(select(GateEvent).where(GateEvent.seq == 2)).one()
        assert (row.kind, row.lane_id, row.person_id) == ("granted", "north-in", "p2")
    verify(anchor, COUNTERSIGN_DOMAIN, reply.countersigned.head, reply.countersigned.signature)
    head = msgspec.json.decode(reply.countersigned.head, type=Head)
    assert head == Head(site, "north", 3, entries[-1].digest)


@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sends=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), max_size=12))
def test_no_event_is_lost_and_none_stored_twice_however_batches_overlap(database, north, clock, sends):
    with database.session() as session:
        session.execute(delete(GateEvent))
        gate = session.get_one(Gate, "north")
        gate.acknowledged_seq, gate.head_digest = 0, None
    entries = journal(60, clock.now)
    acknowledged = 0
    for back, length in sends:
        start = min(59, max(0, acknowledged - back))
        acknowledged = send(north, entries[start : start + length]).acknowledged_seq
        assert stored_seqs(database) == list(range(1, acknowledged + 1))
    assert send(north, entries[acknowledged:] or entries[-1:]).acknowledged_seq == 60
    assert stored_seqs(database) == list(range(1, 61))


BREAKS = {
    "an entry left out": lambda entries: [*entries[:2], *entries[3:]],
    "entries turned round": lambda entries: [entries[1], entries[0], *entries[2:]],
    "the beginning left out": lambda entries: entries[2:],
}


@pytest.mark.parametrize("broken", BREAKS)
def test_entries_that_do_not_chain_are_refused_with_an_alarm_and_nothing_is_stored(
    database, north, clock, broken
):
    for _ in range(2):
        response = north.post(EVENTS_PATH, north.batch(BREAKS[broken](journal(5, clock.now))))
        assert (response.status_code, error_of(response)) == (409, "journal_broken")
    assert stored_seqs(database) == []
    assert alarms(database) == ["alarm_journal_broken"]


def test_a_gate_that_lost_its_newest_and_had_dropped_its_oldest_entries_is_accepted_again(
    database, north, clock
):
    whole = journal(40, clock.now)
    send(north, whole)
    left = whole[20:30]
    north.ask(clock.now, journal_seq=30)
    fresh = chain_entry(left[-1].digest, 31, clock.now, "started", {}, {})
    assert send(north, [*left, fresh]).acknowledged_seq == 31
    assert stored_seqs(database) == sorted([*range(1, 41), 31])
    assert alarms(database) == ["alarm_journal_restarted"]


@pytest.fixture
def paired_again(database, sealer, gates_app, north, clock):
    """Return a call that gives the north gate a key of its own again, as a manager does after an alarm."""

    def pair():
        with database.session() as session:
            code = pairing.make_code(session, sealer, session.get_one(Gate, "north"), clock.now)
        pair_id, key = introduced(gates_app.test_client(), code)
        with database.session() as session:
            pairing.approve(session, sealer, pair_id, clock.now)
        return PlayedGate(gates_app.test_client(), north.site_id, "north", key)

    return pair


def test_a_controller_that_is_paired_again_sends_its_kept_journal_and_nothing_is_stored_twice(
    database, north, clock, paired_again
):
    entries = journal(7, clock.now)
    send(north, entries[:5])
    assert send(paired_again(), entries).acknowledged_seq == 7
    assert stored_seqs(database) == [1, 2, 3, 4, 5, 6, 7]


def test_a_controller_that_is_paired_again_may_have_dropped_its_oldest_entries(
    database, north, clock, paired_again
):
    entries = journal(7, clock.now)
    send(north, entries[:5])
    assert send(paired_again(), entries[3:]).acknowledged_seq == 7
    assert stored_seqs(database) == [1, 2, 3, 4, 5, 6, 7]


def test_a_journal_begun_again_still_may_not_leave_a_beginning_out(database, north, clock):
    send(north, journal(40, clock.now))
    north.ask(clock.now, journal_seq=30)
    other = journal(30, clock.now + timedelta(seconds=1))
    assert error_of(north.post(EVENTS_PATH, north.batch(other[20:]))) == "journal_broken"


def test_a_rewritten_journal_is_noticed_even_when_it_only_repeats_numbers(database, north, clock):
    send(north, journal(5, clock.now))
    rewritten = journal(5, clock.now + timedelta(seconds=1))
    assert error_of(north.post(EVENTS_PATH, north.batch(rewritten[:3]))) == "journal_broken"
    assert error_of(north.post(EVENTS_PATH, north.batch([*rewritten]))) == "journal_broken"
    longer = journal(7, clock.now + timedelta(seconds=1))
    assert error_of(north.post(EVENTS_PATH, north.batch(longer))) == "journal_broken"
    assert stored_seqs(database) == [1, 2, 3, 4, 5]


def test_a_head_signed_by_another_key_is_refused(north, south, clock):
    batch = south.batch(journal(2, clock.now))
    assert error_of(north.post(EVENTS_PATH, batch)) == "journal_broken"


def test_a_head_of_another_entry_is_refused(north, clock):
    entries = journal(3, clock.now)
    batch = msgspec.structs.replace(north.batch(entries), entries=tuple(entries[:2]))
    assert error_of(north.post(EVENTS_PATH, batch)) == "journal_broken"


def test_alarms_of_a_gate_become_alarms_of_the_guard_once(database, north, clock):
    entries = journal(4, clock.now, kinds=("granted", "alarm_door_forced"))
    send(north, entries)
    send(north, entries)
    with database.session() as session:
        raised = session.scalars(select(Alarm)).all()
    assert [(a.kind, a.gate_id, a.lane_id) for a in raised] == [
        ("alarm_door_forced", "north", "north-in")
    ] * 2


def test_an_alarm_of_an_hour_ago_says_so_and_its_message_is_of_now(database, site, north, clock):
    with database.session() as session:
        session.add(
            Webhook(
                webhook_id="hook",
                site_id=site,
                name="hook",
                url="https://example.org/",
                kinds=["alarm_raised"],
                signing_key_sealed=b"x",
                created_at=clock.now,
            )
        )
    hour_ago = clock.now - timedelta(hours=1)
    send(north, journal(1, hour_ago, kinds=("alarm_door_forced",)))
    with database.session() as session:
        (alarm,) = session.scalars(select(Alarm))
        (message,) = session.scalars(select(OutboxMessage))
    assert message.body["raised_at"] == alarm.raised_at.isoformat()
    assert alarm.raised_at < clock.now - timedelta(minutes=50)
    assert (message.created_at, message.next_at) == (clock.now, clock.now)


def test_a_gate_with_a_new_disk_begins_a_new_journal_with_an_alarm(database, north, clock):
    send(north, journal(5, clock.now))
    fresh = journal(3, clock.now + timedelta(hours=1))
    assert north.ask(clock.now, journal_seq=3).acknowledged_seq == 0
    assert send(north, fresh).acknowledged_seq == 3
    assert stored_seqs(database) == [1, 1, 2, 2, 3, 3, 4, 5]
    assert alarms(database) == ["alarm_journal_restarted"]


def test_entries_salvaged_from_a_damaged_disk_are_not_stored_twice(database, north, clock):
    entries = journal(5, clock.now)
    send(north, entries)
    assert north.ask(clock.now, journal_seq=3).acknowledged_seq == 0
    after = chain_entry(entries[2].digest, 4, clock.now, "journal_salvaged", {}, {})
    assert send(north, [*entries[:3], after]).acknowledged_seq == 4
    assert stored_seqs(database) == [1, 2, 3, 4, 4, 5]


def test_the_same_batch_sent_twice_at_the_same_time_is_stored_once(database, gates_app, north, clock):
    batch = north.batch(journal(50, clock.now))

    def send_with(counter):
        gate = PlayedGate(gates_app.test_client(), north.site_id, "north", north.key)
        return gate.post(EVENTS_PATH, batch, counter=counter).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send_with, range(1, 9)))
    assert set(answers) <= {200, 409}
    assert 200 in answers
    assert stored_seqs(database) == list(range(1, 51))
    assert alarms(database) == []


# -- emergency codes ---------------------------------------------------------------------------------


@pytest.fixture
def code_id(database, sealer, site, north, clock):
    with database.session() as session:
        act = Action(session, sealer, site, "m", "manager", clock.now, effects=PolicyEffects(sealer))
        make_emergency_code(act, label="Ambulance 120", lanes=["north-in"], hold_minutes=0)
        return session.scalars(select(EmergencyCode.credential_id)).one()


def typed(code_id, now, *outcomes):
    """Return a journal in which a credential opened or did not, for the given reasons."""
    entries, previous = [], GENESIS
    for seq, (opens, reason) in enumerate(outcomes, start=1):
        facts = {"lane_id": "north-in", "method": "pin", "opens": opens, "reason": reason}
        personal = {"person_id": None, "credential_id": code_id}
        entry = chain_entry(previous, seq, now + timedelta(minutes=seq), "access", facts, personal)
        entries.append(entry)
        previous = entry.digest
    return entries


def test_the_last_use_of_an_emergency_code_is_kept(database, north, code_id, clock):
    send(north, typed(code_id, clock.now, (True, "override"), (True, "override"), (False, "used_up")))
    with database.session() as session:
        code = session.get_one(EmergencyCode, code_id)
        assert (code.last_used_at, code.last_used_lane_id) == (clock.now + timedelta(minutes=2), "north-in")


@pytest.mark.wide
@pytest.mark.parametrize(
    ("whose", "opens", "reason"),
    [("other", True, "override"), ("", False, "override"), ("", True, "granted")],
)
def test_a_staff_card_and_a_refusal_are_no_use_of_an_emergency_code(
    database, north, code_id, clock, whose, opens, reason
):
    send(north, typed(whose or code_id, clock.now, (opens, reason)))
    with database.session() as session:
        assert session.get_one(EmergencyCode, code_id).last_used_at is None
