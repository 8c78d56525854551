"""One entry of a gate's journal never holds up the ones after it, however odd it is."""

import secrets
from datetime import timedelta, timezone

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from gate_controller.contract.journal_chain import GENESIS, HEAD_DOMAIN, Head, SignedHead, chain_entry
from gate_controller.contract.messages import EVENTS_PATH, EventsReply
from gate_controller.contract.signing import sign
from tests.support.compounds.with_gates import journal
from tests.support.examples import examples
from tests.web_admin.sync.answers import alarms
from web_admin.action.base import Action
from web_admin.alarms.actions import acknowledge_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate
from web_admin.events import intake, quarantine
from web_admin.journal.models import GateEvent, QuarantinedEntry
from web_admin.operations.audit_check import check_server_records
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases

ODD = 3
"""Which entry of the batch is the odd one."""
LENGTH = 5


def bodies_of(entries):
    return [msgspec.json.encode(entry) for entry in entries]


def send_bodies(gate, bodies, last):
    """Send entries as they are on the wire, under a head over the last of them."""
    head = msgspec.json.encode(Head(gate.site_id, gate.gate_id, last.seq, last.digest))
    signed = msgspec.json.encode(SignedHead(head, sign(gate.key, HEAD_DOMAIN, head)))
    response = gate.post(EVENTS_PATH, b'{"entries":[' + b",".join(bodies) + b'],"head":' + signed + b"}")
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.data, type=EventsReply).acknowledged_seq


def stored(database):
    with database.session() as session:
        taken = list(session.scalars(select(GateEvent.seq).order_by(GateEvent.seq)))
        aside = session.execute(select(QuarantinedEntry.seq, QuarantinedEntry.why)).all()
    return taken, [tuple(row) for row in aside]


def chain_with(clock, kind="access", facts=None, personal=None, at=None):
    """Return a chain whose third entry says this, and whose last is an alarm."""
    entries, previous = [], GENESIS
    for seq in range(1, LENGTH + 1):
        said = ("granted", {"lane_id": "north-in"}, {}, clock.now)
        if seq == ODD:
            said = (kind, facts or {}, personal or {}, at or clock.now)
        elif seq == LENGTH:
            said = ("alarm_duress", {"lane_id": "north-in"}, {}, clock.now)
        entry = chain_entry(previous, seq, said[3], said[0], said[1], said[2])
        entries.append(entry)
        previous = entry.digest
    return entries


ODD_ENTRIES = {
    "a NUL": ({"facts": {"detail": "a\0b"}}, "text"),
    "a NUL about a person": ({"personal": {"why": "parcel \0"}}, "text"),
    "a NUL in a name": ({"facts": {"a\0": 1}}, "text"),
    "a number beyond 64 bits": ({"facts": {"count": 2**63}}, "value"),
    "opens that is no yes or no": ({"facts": {"opens": "maybe"}}, "value"),
    "a lane that is a number": ({"facts": {"opens": True, "method": "pin", "lane_id": 7}}, "value"),
    "a person that is a number": ({"personal": {"person_id": 7}}, "value"),
    "a time before all clocks": ({"at": "year 1"}, "time"),
    "a time that is not UTC": ({"at": "Shanghai"}, "time"),
    "a text too long": ({"facts": {"detail": "x" * 201}}, "unreadable"),
    "a kind that is none": ({"kind": "no kind at all!"}, "unreadable"),
}


@pytest.mark.parametrize("odd", ODD_ENTRIES)
def test_an_odd_entry_is_set_aside_and_the_alarm_behind_it_arrives(database, site, north, clock, odd):
    said, why = ODD_ENTRIES[odd]
    times = {
        "year 1": clock.now.replace(year=1),
        "Shanghai": clock.now.astimezone(timezone(timedelta(hours=8))),
    }
    said = {**said, "at": times.get(said.get("at"), clock.now)}
    entries = chain_with(clock, **said)
    assert send_bodies(north, bodies_of(entries), entries[-1]) == LENGTH
    assert stored(database) == ([1, 2, 4, 5], [(ODD, why)])
    assert alarms(database) == ["alarm_duress", "alarm_entries_set_aside"]
    with database.session() as session:
        found = check_server_records(session, site)
    assert (found.gate_entries, found.quarantined) == (4, 1)


def test_a_body_of_quotes_without_end_is_refused_in_one_reading(north):
    """A text without its end is read once, not again from each of its quotes: that took days for 2 MB."""
    body = b'{"entries":["' + b'\\"' * 900_000
    response = north.post(EVENTS_PATH, body)
    assert (response.status_code, response.json["error"]) == (400, "body_unreadable")


def test_a_template_in_place_of_an_entry_leaves_nothing_but_a_digest(database, site, north, clock):
    """Promise 4: what a gate hands over in fields of its own is not stored."""
    template = "A" * 683
    entries = chain_with(clock)
    bodies = bodies_of(entries)
    bodies[ODD - 1] = bodies[ODD - 1][:-1] + f',"of_a_face":"{template}"}}'.encode()
    assert send_bodies(north, bodies, entries[-1]) == LENGTH
    with database.session() as session:
        rows = session.scalars(select(QuarantinedEntry)).all()
        assert [(row.seq, row.body) for row in rows] == [(ODD, None)]
        details = session.scalars(select(Alarm.detail)).all()
    assert not [detail for detail in details if detail and "AAAA" in detail]


ODD_BODIES = {
    "half a character": b'{"seq":3,"kind":"\\ud800"}',
    "no JSON": b"?",
    "brackets without end": b"[" * 5000 + b"]" * 5000,
    "nothing of an entry": b"null",
    "a number that is none": b'{"seq":1e999}',
}


@pytest.mark.parametrize("odd", ODD_BODIES)
def test_an_entry_that_cannot_be_read_is_set_aside_too(database, site, north, clock, odd):
    entries = chain_with(clock)
    bodies = bodies_of(entries)
    bodies[ODD - 1] = ODD_BODIES[odd]
    assert send_bodies(north, bodies, entries[-1]) == LENGTH
    assert stored(database) == ([1, 2, 4, 5], [(ODD, "unreadable")])
    with database.session() as session:
        assert check_server_records(session, site).quarantined == 1


BAD_BYTES = st.one_of(
    st.sampled_from([b"null", b"[]", b"{}", b'""', b"0", b"true", b"[[[[]]]]", b'{"seq":3}']),
    st.text(max_size=20).map(msgspec.json.encode),
)
FIELDS = ("seq", "at", "kind", "facts", "personal_digest", "previous", "digest", "personal", "salt", "odd")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70).map(lambda n: msgspec.Raw(str(n).encode())),
    st.text(max_size=60),
    st.binary(max_size=40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dictionaries(st.text(max_size=10), st.one_of(st.text(max_size=300), st.booleans()), max_size=3),
)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(place=st.integers(0, 5), field=st.sampled_from(FIELDS), value=VALUES, whole=st.none() | BAD_BYTES)
def test_whatever_one_entry_is_changed_into_the_ones_after_it_are_taken(
    database, site, north, clock, place, field, value, whole
):
    with database.session() as session:
        for table in (GateEvent, QuarantinedEntry, Alarm):
            session.execute(delete(table))
        gate = session.get_one(Gate, "north")
        gate.acknowledged_seq, gate.head_digest = 0, None
    entries = journal(8, clock.now)
    bodies = bodies_of(entries)
    changed = {**msgspec.to_builtins(entries[place], builtin_types=()), field: value}
    bodies[place] = whole if whole is not None else msgspec.json.encode(changed)
    same = msgspec.json.decode(bodies[place]) == msgspec.json.decode(bodies_of(entries)[place])
    assert send_bodies(north, bodies[:6], entries[5]) == 6
    assert send_bodies(north, bodies[6:], entries[7]) == 8
    taken, aside = stored(database)
    assert sorted([*taken, *(seq for seq, _why in aside)]) == list(range(1, 9))
    assert same or [seq for seq, _why in aside] in ([], [place + 1])


def test_a_last_entry_whose_digest_was_changed_holds_up_nothing(database, site, north, clock):
    entries = journal(6, clock.now)
    wrong = msgspec.structs.replace(entries[2], digest=b"\1" * 32)
    assert send_bodies(north, bodies_of([*entries[:2], wrong]), wrong) == 3
    assert send_bodies(north, bodies_of(entries[3:]), entries[-1]) == 6
    assert stored(database) == ([1, 2, 4, 5, 6], [(3, "changed")])
    assert alarms(database) == ["alarm_journal_broken"]


@pytest.mark.parametrize("change", [{"facts": {"lane_id": "south-in"}}, {"personal": {"person_id": "x"}}])
def test_an_entry_that_was_changed_is_set_aside_with_the_alarm_of_a_broken_journal(
    database, site, north, clock, change
):
    entries = journal(5, clock.now)
    changed = [entries[0], msgspec.structs.replace(entries[1], **change), *entries[2:]]
    for _ in range(2):
        assert send_bodies(north, bodies_of(changed), entries[-1]) == 5
    assert stored(database) == ([1, 3, 4, 5], [(2, "changed")])
    assert alarms(database) == ["alarm_journal_broken"]


def test_an_entry_rewritten_with_a_digest_of_its_own_is_set_aside(database, north, clock):
    entries = journal(5, clock.now)
    rewritten = chain_entry(entries[0].digest, 2, clock.now, "granted", {"lane_id": "south-in"}, {})
    assert send_bodies(north, bodies_of([entries[0], rewritten, *entries[2:]]), entries[-1]) == 5
    assert stored(database) == ([1, 3, 4, 5], [(2, "changed")])


def test_an_entry_that_breaks_what_follows_from_it_is_set_aside_alone(database, north, clock, monkeypatch):
    take = intake.note_uses

    def fail_at_the_third(session, gate, entries):
        take(session, gate, entries)
        if any(entry.seq == ODD for entry in entries):
            raise KeyError("odd")

    monkeypatch.setattr(intake, "note_uses", fail_at_the_third)
    entries = chain_with(clock)
    assert send_bodies(north, bodies_of(entries), entries[-1]) == LENGTH
    assert stored(database) == ([1, 2, 4, 5], [(ODD, "not_stored")])


def test_one_alarm_counts_what_is_set_aside_until_staff_have_seen_it(database, sealer, site, north, clock):
    previous, entries = GENESIS, []
    for seq in range(1, 7):
        entries.append(chain_entry(previous, seq, clock.now, "granted", {"detail": "\0"}, {}))
        previous = entries[-1].digest
    send_bodies(north, bodies_of(entries[:2]), entries[1])
    send_bodies(north, bodies_of(entries[2:3]), entries[2])
    with database.session() as session:
        (alarm,) = session.scalars(select(Alarm)).all()
        assert alarm.detail == "entries set aside: 3; the last is 3 (text)"
        clock.now += timedelta(seconds=1)
        acknowledge_alarm(
            Action(session, sealer, site, "staff-1", "manager", clock.now, effects=PolicyEffects(sealer)),
            alarm,
            "",
        )
    send_bodies(north, bodies_of(entries[3:]), entries[5])
    with database.session() as session:
        newest = session.scalars(select(Alarm).order_by(Alarm.raised_at.desc())).first()
        assert newest.detail == "entries set aside: 3; the last is 6 (text)"


def test_an_alarm_rings_even_when_its_own_entry_is_odd_or_its_journal_is_refused(database, north, clock):
    entries = chain_with(clock, kind="alarm_door_forced", facts={"lane_id": "north-in", "detail": "\0"})
    send_bodies(north, bodies_of(entries), entries[-1])
    assert alarms(database) == ["alarm_door_forced", "alarm_duress", "alarm_entries_set_aside"]
    apart = chain_entry(secrets.token_bytes(32), 9, clock.now, "alarm_help", {"lane_id": "north-in"}, {})
    for _ in range(2):
        response = north.post(EVENTS_PATH, north.batch([apart]))
        assert response.status_code == 409
    assert alarms(database) == [
        "alarm_door_forced",
        "alarm_duress",
        "alarm_entries_set_aside",
        "alarm_help",
        "alarm_journal_broken",
    ]


def test_an_open_alarm_silences_no_later_one_until_many_ring(database, north, clock, monkeypatch):
    """A copied key may have raised the first: it must not swallow the honest ones behind it."""
    monkeypatch.setattr(quarantine, "MAX_RINGING", 3)
    previous, entries = GENESIS, []
    for seq in range(1, 6):
        said = {"lane_id": "north-in", "detail": "\0"}
        entries.append(
            chain_entry(previous, seq, clock.now + timedelta(seconds=seq), "alarm_door_forced", said, {})
        )
        previous = entries[-1].digest
    send_bodies(north, bodies_of(entries), entries[-1])
    assert alarms(database) == [*["alarm_door_forced"] * 3, "alarm_entries_set_aside"]
