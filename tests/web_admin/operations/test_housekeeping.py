"""What expires: names of passages, ended secrets, unused faces, old backups; chains stay whole."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household, manager, offer_face
from tests.support.compounds.with_gates import journal
from tests.web_admin.operations.kept_house import consent, run
from web_admin.action.base import one_publication
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Invitation, Person
from web_admin.core.database import Menjin
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import FaceShare, WrapKeyRow
from web_admin.face.actions import withdraw_face
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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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
