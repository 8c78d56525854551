"""What expires: names of passages, ended secrets, unused faces, old backups; chains stay whole."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household, manager, offer_face
from tests.support.compounds.with_gates import journal
from web_admin.action.base import one_publication
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Invitation, Person
from web_admin.core import backup_files
from web_admin.core.backup_files import MAGIC
from web_admin.core.database import Menjin
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent, FaceShare, WrapKeyRow
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.inactive import end_of_unused
from web_admin.face.queries import newest_notice
from web_admin.journal.models import AuditEntry, GateEvent
from web_admin.operations import housekeeping
from web_admin.operations.audit_check import check_server_records
from web_admin.people.actions import move_out
from web_admin.people.invitations import invite
from web_admin.policy.effects import PolicyEffects
from web_admin.privacy import retention
from web_admin.visitors.actions import issue_pass

pytestmark = pytest.mark.both_databases


@pytest.fixture
def menjin(web_config, database, now, tmp_path):
    sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(b"f" * 32, tmp_path / "secrets"))
    return Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))


@pytest.fixture
def people(menjin, database, now):
    """A site with a lane that offers face and two people with cards; return site and person ids."""
    with database.session() as session:
        site, _pem = create_site(session, menjin.sealer, "Court", "Asia/Shanghai", "en", "phrase", now)
        ids = []
        with one_publication(manager(session, menjin.sealer, site.site_id, now)) as act:
            add_lane(act)
            offer_face(act)
            for number in (1, 2):
                _, person = household(act, f"3-{number}", f"Lin {number}")
                issue_card(act, person.person_id, number)
                ids.append(person.person_id)
        return site.site_id, ids


def consent(menjin, site_id, person_id, now):
    with menjin.database.session() as session:
        act = by_phone(manager(session, menjin.sealer, site_id, now), person_id)
        version = newest_notice(session, FACE_PURPOSE, "en").version
        return give_face_consent(act, person_id, version, "en").consent_id


def pass_by_face(menjin, person_id, at, seq=1):
    """Store a passage as a gate reported it."""
    entry = journal(1, at)[0]
    with menjin.database.session() as session:
        session.add(
            GateEvent(
                gate_id="north",
                journal_id="north.1",
                seq=seq,
                at=at,
                kind="access",
                person_id=person_id,
                facts={"method": "face", "opens": True},
                personal={"person_id": person_id},
                salt=b"s" * 16,
                personal_digest=entry.personal_digest,
                previous=entry.previous,
                digest=entry.digest,
                received_at=at,
            )
        )


def run(menjin, now):
    done = housekeeping.run(menjin, now)
    assert -1 not in done.values(), done
    return done


def live(menjin, person_id):
    with menjin.database.session() as session:
        wanted = select(Consent).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None))
        return session.scalars(wanted).first() is not None


def test_passages_lose_their_names_after_thirty_days_and_the_chain_still_verifies(
    menjin, people, database, now
):
    site_id, _ids = people
    with database.session() as session:
        for entry in journal(3, now):
            session.add(
                GateEvent(
                    gate_id="north",
                    journal_id="north.1",
                    seq=entry.seq,
                    at=entry.at,
                    kind=entry.kind,
                    person_id="p",
                    facts=entry.facts,
                    personal=entry.personal,
                    salt=entry.salt,
                    personal_digest=entry.personal_digest,
                    previous=entry.previous,
                    digest=entry.digest,
                    received_at=now,
                )
            )
    assert run(menjin, now + timedelta(days=30))["passages_unnamed"] == 0
    after = now + timedelta(days=30, seconds=1)
    assert retention.counts(menjin, after)["passages_unnamed"] == 3
    assert run(menjin, after)["passages_unnamed"] == 3
    with database.session() as session:
        rows = session.scalars(select(GateEvent)).all()
        assert {(row.person_id, row.personal, row.salt) for row in rows} == {(None, None, None)}
        assert check_server_records(session, site_id).gate_entries == 3
    assert run(menjin, after)["passages_unnamed"] == 0


def test_the_ledger_loses_personal_parts_after_half_a_year_and_still_verifies(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    assert run(menjin, now + timedelta(days=180))["ledger_entries_unnamed"] == 0
    assert run(menjin, now + timedelta(days=181))["ledger_entries_unnamed"] > 5
    with menjin.database.session() as session:
        found = check_server_records(session, site_id)
        assert found.erased > 5
        assert found.consents == 1
    run(menjin, now + timedelta(days=1097))
    with menjin.database.session() as session:
        old = select(AuditEntry).where(AuditEntry.at <= now, AuditEntry.person_id.is_not(None))
        assert session.scalars(old).first() is None
        check_server_records(session, site_id)


def test_what_ended_loses_its_secrets_and_labels(menjin, people, database, now):
    site_id, (person_id, other_id) = people
    with database.session() as session:
        act = manager(session, menjin.sealer, site_id, now)
        card = session.scalars(select(CredentialRow).where(CredentialRow.person_id == person_id)).one()
        end_credential(act, card.credential_id, "lost")
        issue_pass(act, issuer_person_id=other_id, label="Aunt May", gate_numbers=[1])
        invite(act, person_id, valid_hours=1)
        move_out(act, person_id)
    run(menjin, now + timedelta(days=29))
    with database.session() as session:
        assert session.get_one(Person, person_id).display_name == "Lin 1"
        assert session.scalars(select(Invitation)).all() == []
    run(menjin, now + timedelta(days=32))
    with database.session() as session:
        assert session.get_one(Person, person_id).display_name == ""
        assert session.get_one(Person, other_id).display_name == "Lin 2"
        ended = session.scalars(select(CredentialRow).where(CredentialRow.person_id == person_id)).one()
        assert ended.secret_sealed is not None, "it is published to gates for 60 days"
    done = run(menjin, now + timedelta(days=61))
    assert done["ended_secrets_erased"] == 1
    with database.session() as session:
        rows = {row.person_id: row for row in session.scalars(select(CredentialRow))}
        assert (rows[person_id].secret_sealed, rows[person_id].lookup) == (None, None)
        assert rows[other_id].secret_sealed is not None


def test_a_dry_run_changes_nothing(menjin, people, database, now):
    late = now + timedelta(days=400)
    before = retention.counts(menjin, late)
    assert before["ledger_entries_unnamed"] > 0
    assert retention.counts(menjin, late) == before
    with database.session() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.personal.is_(None))).first() is None


def test_only_old_backups_go_and_nothing_else_in_their_folder(menjin, tmp_path, now):
    folder = tmp_path / "backups"
    folder.mkdir()
    for name, content, age_days in (
        ("old.bak", MAGIC + b"x", 31),
        ("new.bak", MAGIC + b"x", 29),
        ("old.txt", b"notes", 300),
    ):
        (folder / name).write_bytes(content)
        moment = (now - timedelta(days=age_days)).timestamp()
        os.utime(folder / name, (moment, moment))
    keeping = replace(menjin, config=replace(menjin.config, backup_dir=folder))
    assert backup_files.delete_old_backups(keeping, now) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["new.bak", "old.txt"]
    assert backup_files.delete_old_backups(menjin, now) == 0, "without a folder nothing is touched"


def test_an_unused_face_is_asked_about_once_and_ends_at_half_a_year(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    assert run(menjin, now + timedelta(days=89))["faces_reminded"] == 0
    assert run(menjin, now + timedelta(days=90))["faces_reminded"] == 1
    assert run(menjin, now + timedelta(days=91))["faces_reminded"] == 0
    with menjin.database.session() as session:
        assert end_of_unused(session, person_id, 180) == now + timedelta(days=180)
        assert end_of_unused(session, _other, 180) is None
    assert run(menjin, now + timedelta(days=179))["faces_ended"] == 0
    assert live(menjin, person_id)
    done = run(menjin, now + timedelta(days=180))
    assert (done["faces_ended"], done["wrapping_keys_destroyed"]) == (1, 1)
    assert not live(menjin, person_id)
    with menjin.database.session() as session:
        assert session.scalars(select(FaceShare)).all() == []
        ending = session.scalars(select(AuditEntry).where(AuditEntry.kind == "face_withdrawn")).one()
        assert ending.facts["channel"] == "system"


def test_a_face_in_use_stays_though_its_passages_lose_their_names(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    pass_by_face(menjin, person_id, now + timedelta(days=80))
    run(menjin, now + timedelta(days=81))
    run(menjin, now + timedelta(days=120))
    with menjin.database.session() as session:
        assert session.scalars(select(GateEvent.person_id)).one() is None
    assert run(menjin, now + timedelta(days=169))["faces_reminded"] == 0
    assert run(menjin, now + timedelta(days=170))["faces_reminded"] == 1
    assert run(menjin, now + timedelta(days=259))["faces_ended"] == 0
    assert run(menjin, now + timedelta(days=260))["faces_ended"] == 1


def test_a_server_that_was_off_for_a_year_still_asks_before_it_ends(menjin, people, now):
    site_id, (person_id, _other) = people
    consent(menjin, site_id, person_id, now)
    late = now + timedelta(days=400)
    assert run(menjin, late)["faces_ended"] == 0
    assert run(menjin, late + timedelta(days=29))["faces_ended"] == 0
    pass_by_face(menjin, person_id, late + timedelta(days=29))
    assert run(menjin, late + timedelta(days=30))["faces_ended"] == 0, "it was used after the question"


def test_the_key_is_changed_by_the_next_run_after_a_forgetting(menjin, people, now):
    site_id, (person_id, other_id) = people
    for someone in (person_id, other_id):
        consent(menjin, site_id, someone, now)
    assert run(menjin, now)["wrapping_keys_destroyed"] == 0
    with menjin.database.session() as session:
        withdraw_face(by_phone(manager(session, menjin.sealer, site_id, now), person_id), person_id)
    assert run(menjin, now + timedelta(minutes=10))["wrapping_keys_destroyed"] == 1
    assert run(menjin, now + timedelta(minutes=20))["wrapping_keys_destroyed"] == 0
    with menjin.database.session() as session:
        destroyed = session.scalars(select(WrapKeyRow).where(WrapKeyRow.state == "destroyed")).one()
        assert destroyed.destroyed_at - now <= timedelta(hours=24)


def test_one_step_that_fails_stops_no_other_and_is_tried_again(menjin, people, now):
    site_id, (person_id, other_id) = people
    for someone in (person_id, other_id):
        consent(menjin, site_id, someone, now)
    with menjin.database.session() as session:
        withdraw_face(by_phone(manager(session, menjin.sealer, site_id, now), person_id), person_id)
        share = session.scalars(select(FaceShare)).one()
        whole, share.share_sealed = share.share_sealed, bytes(len(share.share_sealed))
    done = housekeeping.run(menjin, now + timedelta(days=181))
    assert done["wrapping_keys_destroyed"] == -1
    assert done["ledger_entries_unnamed"] > 0
    with menjin.database.session() as session:
        session.scalars(select(FaceShare)).one().share_sealed = whole
    assert run(menjin, now + timedelta(days=181))["wrapping_keys_destroyed"] == 1
