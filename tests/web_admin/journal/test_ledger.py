"""The server's ledger: it goes on behind its last entry, and misses what was cut off."""

import pytest
from sqlalchemy import delete, func, select, update

from gate_controller.audit.main import run
from gate_controller.contract.journal_chain import ChainBroken
from tests.support.compounds.forgetting import Forgotten
from web_admin.face.actions import withdraw_face
from web_admin.journal.ledger import NewEntry, append_audit, append_audits
from web_admin.journal.models import AuditEntry, LedgerEnd
from web_admin.operations.audit_check import check_server_records, export_ledger


@pytest.fixture
def forgotten(database, tmp_path, now):
    made = Forgotten(database, tmp_path / "secrets", now)
    made.later(minutes=1)
    with made.phone() as (act, person_id):
        withdraw_face(act, person_id)
    return made


def check(forgotten, anchor=None):
    with forgotten.database.session() as session:
        return check_server_records(session, forgotten.site_id, anchor)


def change(forgotten, statement):
    with forgotten.database.session() as session:
        session.execute(statement)


def entry(forgotten, kind):
    with forgotten.database.session() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.kind == kind)).first()


@pytest.mark.wide
def test_an_erased_personal_part_still_verifies(forgotten):
    change(forgotten, update(AuditEntry).values(personal=None, salt=None))
    assert check(forgotten).erased == check(forgotten).ledger_entries


def test_entries_cut_off_at_the_end_are_missed_also_after_the_next_act(forgotten):
    with forgotten.database.session() as session:
        last = session.scalar(select(func.max(AuditEntry.seq)))
    change(forgotten, delete(AuditEntry).where(AuditEntry.seq > last - 2))
    with forgotten.database.session() as session:
        append_audit(session, forgotten.site_id, "look_up", {}, {}, forgotten.now)
        append_audits(session, forgotten.site_id, [NewEntry("look_up", {})], forgotten.now)
    with pytest.raises(ChainBroken, match=f"entry {last + 1} "):
        check(forgotten)


def test_a_ledger_whose_end_was_never_kept_goes_on_behind_its_last_entry(forgotten):
    change(forgotten, delete(LedgerEnd))
    with forgotten.database.session() as session:
        append_audit(session, forgotten.site_id, "look_up", {}, {}, forgotten.now)
    with forgotten.database.session() as session:
        last = session.scalar(select(func.max(AuditEntry.seq)))
        assert session.scalar(select(LedgerEnd.seq)) == last
    assert check(forgotten).ledger_entries == last


def test_texts_that_no_reader_would_take_are_cut_and_cleaned_before_they_are_chained(
    forgotten, tmp_path, now
):
    odd = {"reason": "门" * 300, "name": "a\0b\ud800c"}
    with forgotten.database.session() as session:
        append_audit(session, forgotten.site_id, "look_up", odd, odd, now)
        append_audits(session, forgotten.site_id, [NewEntry("look_up", odd, personal=odd)], now)
    check(forgotten)
    path = tmp_path / "odd.jsonl"
    with forgotten.database.session() as session:
        export_ledger(session, forgotten.sealer, forgotten.site_id, path, with_personal=True)
    assert run(["verify", "--ledger", str(path), "--root-key", forgotten.root_public_key.hex()]) == 0
    assert entry(forgotten, "look_up").personal == {"reason": "门" * 200, "name": "a?b?c"}
