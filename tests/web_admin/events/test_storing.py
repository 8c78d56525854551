"""What taking a journal costs: as many statements for a batch of 200 entries as for one of 5."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from gate_controller.contract.messages import EVENTS_PATH
from tests.support.compounds.with_gates import add_card, add_home, add_person
from tests.support.erased_entries import without_personal
from web_admin.journal.models import GateEvent

pytestmark = pytest.mark.both_databases

KINDS = ("access", "access", "face_missed", "face_enrolled", "held_open")
METHODS = ("card", "pin", "qr", "face")


@pytest.fixture
def people(database, sealer, site, north, now):
    with database.session() as session:
        home, made = add_home(session, site, "1-1"), []
        for number in range(7):
            person = add_person(session, site, home, ["north-in"], now)
            card = add_card(session, sealer, person, number, now)
            card.in_hand = True  # the first use of each takes statements of its own
            made.append((person.person_id, card.credential_id))
        return made


def entries_of(people, now, first, count, previous):
    made = []
    for seq in range(first, first + count):
        person_id, credential_id = people[seq % len(people)]
        facts = {"lane_id": "north-in", "method": METHODS[seq % 4], "opens": True, "reason": "granted"}
        personal = {"person_id": person_id, "credential_id": credential_id}
        at = now + timedelta(milliseconds=seq)
        made.append(chain_entry(previous, seq, at, KINDS[seq % 5], facts, personal))
        previous = made[-1].digest
    return made


def statements_of(database, north, entries):
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    assert north.post(EVENTS_PATH, north.batch(entries)).status_code == 200
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.wide
def test_a_batch_takes_as_many_statements_with_200_entries_as_with_5(database, north, clock, people):
    first = entries_of(people, clock.now, 1, 1, GENESIS)
    few = entries_of(people, clock.now, 2, 5, first[-1].digest)
    many = entries_of(people, clock.now, 7, 200, few[-1].digest)
    statements_of(database, north, first)  # which reads the gate's key
    assert statements_of(database, north, few) == statements_of(database, north, many) <= 14
    with database.session() as session:
        assert len(session.scalars(select(GateEvent.seq)).all()) == 206


def test_every_fact_is_stored_as_it_came_and_columns_repeat_those_of_passages_alone(database, north, clock):
    odd = {"detail": '门 "x" \\ \n\u2028', "big": 2**62, "part": 0.1, "whole": 1e22, "yes": True}
    odd |= {"lane_id": "north-in", "no": None}
    passage = {"method": "card", "opens": False, "reason": "no_grant", **odd}
    names = {"person_id": "p", "home_number": "3-1203"}
    first = chain_entry(GENESIS, 1, clock.now + timedelta(microseconds=7), "access", passage, names)
    second = chain_entry(first.digest, 2, clock.now, "order", {"method": "card", "reason": "x"}, {})
    third = without_personal(chain_entry(second.digest, 3, clock.now, "access", {"method": None}, names))
    entries = [first, second, third]
    assert north.post(EVENTS_PATH, north.batch(entries)).status_code == 200
    with database.session() as session:
        rows = session.scalars(select(GateEvent).order_by(GateEvent.seq)).all()
    for row, entry in zip(rows, entries, strict=True):
        for name in entry.__struct_fields__:
            assert getattr(row, name) == getattr(entry, name), name
        assert (row.gate_id, row.journal_id, row.received_at) == ("north", "north.1", clock.now)
    assert [(row.lane_id, row.person_id, row.method, row.reason) for row in rows] == [
        ("north-in", "p", "card", "no_grant"),
        (None, None, None, None),
        (None, None, None, None),
    ]
