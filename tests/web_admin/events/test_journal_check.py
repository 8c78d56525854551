"""The stored part of a journal still verifies as a chain, also where a personal part was erased."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gate_controller.contract.journal_chain import (
    GENESIS,
    JournalEntry,
    verify_chain,
)
from tests.support.compounds.with_gates import journal
from tests.support.erased_entries import without_personal
from tests.web_admin.events.sent_events import send
from web_admin.journal.models import GateEvent

pytestmark = pytest.mark.both_databases


def test_what_is_stored_still_verifies_as_a_chain(database, north, clock):
    send(north, journal(40, clock.now + timedelta(microseconds=123)))
    with database.session() as session:
        rows = session.scalars(select(GateEvent).order_by(GateEvent.seq)).all()
    entries = [
        JournalEntry(
            r.seq, r.at, r.kind, r.facts, r.personal_digest, r.previous, r.digest, r.personal, r.salt
        )
        for r in rows
    ]
    assert verify_chain(entries, GENESIS)[0] == 40


def test_an_erased_personal_part_is_taken_and_stays_erased(database, north, clock):
    send(north, [without_personal(journal(1, clock.now)[0])])
    with database.session() as session:
        erased = select(func.count()).select_from(GateEvent).where(GateEvent.personal.is_(None))
        assert session.scalar(erased) == 1
