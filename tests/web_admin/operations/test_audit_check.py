"""The check of the server's records: each edit, gap and consent past the ledger is named, anywhere."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import delete, func, select, update

from gate_controller.audit.main import run
from gate_controller.contract.journal_chain import ChainBroken, Head
from tests.support.compounds.forgetting import Forgotten
from web_admin.custody.models import Consent
from web_admin.face.actions import withdraw_face
from web_admin.journal.models import AuditEntry, LedgerEnd
from web_admin.operations.audit_check import check_server_records, export_ledger, signed_ledger_head


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
def test_a_whole_ledger_holds(forgotten):
    found = check(forgotten)
    assert found.ledger_entries > 10
    assert (found.consents, found.erased) == (2, 0)


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize(
    "values",
    [
        {"kind": "something_else"},
        {"facts": {"consent_id": "another"}},
        {"personal": {"why": "another"}},
        {"digest": bytes(32)},
        {"personal_digest": bytes(32)},
        {"previous": bytes(32)},
    ],
)
def test_the_first_changed_entry_is_named(forgotten, values):
    changed = entry(forgotten, "face_withdrawn")
    change(forgotten, update(AuditEntry).where(AuditEntry.seq == changed.seq).values(values))
    with pytest.raises(ChainBroken, match=f"entry {changed.seq}"):
        check(forgotten)


def test_a_removed_entry_is_named(forgotten):
    gone = entry(forgotten, "face_consent_given")
    change(forgotten, delete(AuditEntry).where(AuditEntry.seq == gone.seq))
    with pytest.raises(ChainBroken, match=f"entry {gone.seq + 1}"):
        check(forgotten)


def test_a_consent_put_into_the_table_past_the_ledger_is_named(forgotten):
    with forgotten.database.session() as session:
        real = session.scalars(select(Consent)).first()
        session.add(
            Consent(
                consent_id="forged",
                person_id=real.person_id,
                purpose=real.purpose,
                notice_version=1,
                notice_sha256=bytes(32),
                language="en",
                channel="phone",
                given_at=forgotten.now,
            )
        )
    with pytest.raises(ChainBroken, match="consent forged: the ledger has no entry that it was given"):
        check(forgotten)


def test_a_withdrawal_that_was_undone_in_the_table_is_named(forgotten):
    withdrawn = entry(forgotten, "face_withdrawn").facts["consent_id"]
    change(forgotten, update(Consent).where(Consent.consent_id == withdrawn).values(withdrawn_at=None))
    with pytest.raises(ChainBroken, match=f"consent {withdrawn} ended, and the table has it live"):
        check(forgotten)


def test_a_consent_with_another_date_is_named(forgotten):
    backdated = forgotten.consent_of(1)
    change(
        forgotten,
        update(Consent)
        .where(Consent.consent_id == backdated)
        .values(given_at=forgotten.now - timedelta(days=9)),
    )
    with pytest.raises(ChainBroken, match=f"consent {backdated}: entry"):
        check(forgotten)


def test_an_older_anchor_shows_that_the_end_was_cut_off_or_rewritten(forgotten):
    with forgotten.database.session() as session:
        signed = signed_ledger_head(session, forgotten.sealer, forgotten.site_id)
    anchor = msgspec.json.decode(signed.head, type=Head)
    assert check(forgotten, anchor).ledger_entries == anchor.seq
    with pytest.raises(ChainBroken, match="it was rewritten"):
        check(forgotten, msgspec.structs.replace(anchor, digest=bytes(32)))
    with pytest.raises(ChainBroken, match="is of site another"):
        check(forgotten, msgspec.structs.replace(anchor, site_id="another"))
    change(forgotten, delete(AuditEntry).where(AuditEntry.seq == anchor.seq))
    with pytest.raises(ChainBroken, match=f"entries {anchor.seq} to {anchor.seq} of the ledger are missing"):
        check(forgotten)
    change(forgotten, delete(LedgerEnd))
    change(forgotten, update(Consent).values(withdrawn_at=None))
    with pytest.raises(ChainBroken, match=f"the anchor names entry {anchor.seq}, and the ledger ends"):
        check(forgotten, anchor)


def test_a_ledger_that_was_deleted_as_a_whole_is_missed(forgotten):
    with forgotten.database.session() as session:
        last = session.scalar(select(func.max(AuditEntry.seq)))
    change(forgotten, delete(AuditEntry))
    with pytest.raises(ChainBroken, match=f"entries 1 to {last} of the ledger are missing at its end"):
        check(forgotten)


@pytest.fixture
def exported(forgotten, tmp_path):
    path = tmp_path / "ledger.jsonl"
    with forgotten.database.session() as session:
        export_ledger(session, forgotten.sealer, forgotten.site_id, path, with_personal=False)
    return path


def test_an_exported_ledger_verifies_elsewhere_and_has_no_names(forgotten, exported, capsys):
    whole = exported.with_name("whole.jsonl")
    with forgotten.database.session() as session:
        export_ledger(session, forgotten.sealer, forgotten.site_id, whole, with_personal=True)
    # With the blank, which no base64 has.
    assert b"Lin " in whole.read_bytes()
    assert b"Lin " not in exported.read_bytes()
    assert run(["verify", "--ledger", str(exported), "--root-key", forgotten.root_public_key.hex()]) == 0
    assert "follow from each other up to the end that the site signed" in capsys.readouterr().out
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join([*lines[:5], lines[5].replace(b'"kind":"', b'"kind":"x'), *lines[6:]]))
    assert run(["verify", "--ledger", str(exported)]) == 1
    assert "BROKEN: entry 5 was changed" in capsys.readouterr().out
    exported.write_bytes(b"".join(lines[:-1]))
    assert run(["verify", "--ledger", str(exported)]) == 1
    assert "as the last" in capsys.readouterr().out
    exported.write_bytes(b"".join(lines[:3] + lines[4:]))
    assert run(["verify", "--ledger", str(exported)]) == 1
    assert "entries are missing" in capsys.readouterr().out
    exported.write_bytes(b"{}\n")
    assert run(["verify", "--ledger", str(exported)]) == 2


def test_a_certificate_that_a_resident_kept_is_an_anchor_of_the_ledger(forgotten, exported, tmp_path, capsys):
    kept = tmp_path / "forgotten.json"
    kept.write_bytes(msgspec.json.encode(forgotten.certificate(0)))
    assert run(["verify", "--ledger", str(exported), "--anchor", str(kept)]) == 0
    assert "the anchor at entry" in capsys.readouterr().out
    kept.write_bytes(kept.read_bytes().replace(b'"seq":', b'"seq":1'))
    assert run(["verify", "--ledger", str(exported), "--anchor", str(kept)]) == 1
    assert "ledger.seq: was changed" in capsys.readouterr().out
