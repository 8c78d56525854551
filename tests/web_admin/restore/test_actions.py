"""Backup and restore: all comes back but faces, and nothing that was revoked since comes back to life."""

import argparse
import os
import shutil
import stat
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select, text

from gate_controller.contract.messages import TOMBSTONES_PATH, Tombstone, TombstoneBatch, open_manifest
from gate_controller.contract.records import CardCredential, CredentialState, EndedPassRecord, decode_record
from tests.support.compounds.with_gates import PlayedGate, add_card, add_home, add_person, add_pin, sync_app
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.answers import error_of
from web_admin.action.base import Action
from web_admin.compound.models import CalendarDay, CredentialRow, Gate, Person, Site
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.custody.certificates import certificate_statement
from web_admin.custody.models import Consent, FaceShare
from web_admin.face.actions import face_state, withdraw_face
from web_admin.gates.actions import fit_shares
from web_admin.journal.ledger import append_audit, verify_audit
from web_admin.journal.models import AuditEntry
from web_admin.operations import schema
from web_admin.operations.backup import BackupRefused, read_preface, write_backup
from web_admin.operations.backup_rows import restore_rows
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy, records_for_gate
from web_admin.restore.actions import begin_restoring, leave_out_gate
from web_admin.tables import METADATA
from web_admin.visitors.models import VisitorPassRow

PASSPHRASE = "correct horse battery"


@pytest.fixture
def migrated(database):
    """Give the tables the revision they would have on a real server."""
    from alembic import command

    with database.engine.begin() as connection:
        config = schema._alembic()
        config.attributes["connection"] = connection
        command.stamp(config, "head")
    return database


@pytest.fixture
def filled(migrated, sealer, site, north, south, clock):
    """Two people, one with a face, at two gates that are up to date."""
    with migrated.session() as session:
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in", "south-in"], clock.now, ("card", "pin"))
        first, second = (add_card(session, sealer, person, n, clock.now) for n in (11, 22))
        add_pin(session, sealer, person, home, "482915", clock.now)
        give_face(session, sealer, site, person, clock.now)
        session.add(CalendarDay(site_id=site, day=clock.now.date(), kind="holiday", name="春节"))
        for pass_id in ("a" * 16, "b" * 16):
            session.add(
                VisitorPassRow(
                    pass_id=pass_id,
                    site_id=site,
                    label="",
                    gate_numbers=[1],
                    valid_from=clock.now,
                    valid_until=clock.now + timedelta(days=2),
                    uses=0,
                    text="",
                    created_at=clock.now,
                )
            )
        append_audit(session, site, "card_issued", {"actor_id": "m"}, {"name": "someone"}, clock.now)
        publish_policy(session, sealer, site, clock.now)
    north.have = south.have = (1, 1)
    return argparse.Namespace(first=first.credential_id, second=second.credential_id, person=person.person_id)


@pytest.fixture
def restored(filled, migrated, web_config, tmp_path, clock, sealer, site):
    """Return a function that restores what was backed up before it is called, into a new database."""
    path = tmp_path / "backup"
    config = replace(web_config, seal_key=os.urandom(32))
    write_backup(migrated, config, PASSPHRASE, path, clock.now)
    made = []

    def restore(*, begins=True):
        database = Database(make_engine(f"sqlite:///{tmp_path / 'restored.sqlite3'}"))
        made.append(database)
        restore_rows(database, PASSPHRASE, path)
        if begins:
            with database.session() as session:
                begin_restoring(session, sealer, site, clock.now)
        return database

    yield restore
    for database in made:
        database.engine.dispose()


def at(gate, database, web_config, sealer, clock):
    """Return the same gate, calling the restored server."""
    app = sync_app(Menjin(web_config, database, sealer, clock, PolicyEffects(sealer)))
    return PlayedGate(app.test_client(), gate.site_id, gate.gate_id, gate.key, gate.counter, gate.have)


def stones(*keys, version, now, have=(1, 9)):
    return TombstoneBatch(
        have_epoch=have[0],
        have_version=have[1],
        tombstones=tuple(Tombstone(record_key=key, ended_at=now, epoch=1, version=version) for key in keys),
    )


@pytest.mark.wide
def test_everything_comes_back_but_shares_of_faces(filled, restored, migrated, site):
    back = restored(begins=False)
    for table in METADATA.sorted_tables:
        with migrated.engine.connect() as before, back.engine.connect() as after:
            order = list(table.primary_key.columns)
            want = [tuple(row) for row in before.execute(select(table).order_by(*order))]
            have = [tuple(row) for row in after.execute(select(table).order_by(*order))]
        assert have == ([] if table.name == "face_share" else want), table.name
    with back.session() as session:
        assert verify_audit(session, site)[0] == 1


# -- faces -------------------------------------------------------------------------------------------


def records_at(session, sealer, gate_id, now):
    return records_for_gate(session, sealer, session.get_one(Gate, gate_id), now)


def faces_in(records):
    return [key for key in records if key.startswith("face:")]


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("withdrawn_since", [True, False])
@pytest.mark.parametrize("last_gate", ["reached", "left_out"])
def test_no_face_comes_back_with_a_restore_whether_or_not_a_gate_knows_of_its_end(
    filled, restored, migrated, web_config, sealer, site, north, south, clock, withdrawn_since, last_gate
):
    with migrated.session() as session:
        effects = PolicyEffects(sealer)
        act = Action(session, sealer, site, filled.person, "phone", clock.now, effects=effects)
        assert faces_in(records_at(session, sealer, "north", clock.now))
        if withdrawn_since:
            withdraw_face(act, filled.person)
    back = restored()
    north, south = (at(gate, back, web_config, sealer, clock) for gate in (north, south))
    with back.session() as session:
        assert session.get_one(Site, site).restoring
        consent = session.scalars(select(Consent)).one()
        assert (consent.withdrawn_at, consent.withdrawn_why) == (clock.now, "restored")
        assert face_state(session, filled.person).paused_reason == "restored"
    assert (north.ask(clock.now).leases, north.ask(clock.now).policy) == ((), None)
    north.post(TOMBSTONES_PATH, stones(version=2, now=clock.now))
    if last_gate == "reached":
        south.post(TOMBSTONES_PATH, stones(version=2, now=clock.now))
    with back.session() as session:
        if last_gate == "left_out":
            leave_out_gate(session, sealer, "south", clock.now)
        act = Action(session, sealer, site, "m", "manager", clock.now, effects=PolicyEffects(sealer))
        fit_shares(act, session.get_one(Gate, "north"))
        assert faces_in(records_at(session, sealer, "north", clock.now)) == []
        assert session.scalars(select(FaceShare)).all() == []
    assert north.ask(clock.now).leases == ()


@pytest.mark.wide
def test_who_says_yes_again_after_a_restore_gets_a_lease_and_the_old_face_a_certificate(
    filled, restored, web_config, sealer, site, north, clock
):
    back = restored()
    with back.session() as session:
        old = session.scalars(select(Consent.consent_id)).one()
        statement = certificate_statement(session, old, clock.now)
        assert [(gate.gate_id, gate.why) for gate in statement.gates] == [
            ("north", "restored"),
            ("south", "restored"),
        ]
        assert statement.open[:2] == ("gate:north", "gate:south")
        person, later = session.get_one(Person, filled.person), clock.now + timedelta(minutes=1)
        newest = give_face(session, sealer, site, person, later).consent_id
        leave_out_gate(session, sealer, "south", later)
    north = at(north, back, web_config, sealer, clock)
    assert north.ask(clock.now).leases == ()
    north.post(TOMBSTONES_PATH, stones(version=2, now=clock.now, have=(1, 1)))
    reply = north.ask(clock.now)
    assert [lease.consent_id for lease in reply.leases] == [newest]
    face = decode_record(f"face:{filled.person}", bytes(reply.change.puts[f"face:{filled.person}"]))
    assert face.consent_id == newest != old


@pytest.mark.wide
def test_a_revoked_card_stays_revoked_after_a_restore(
    filled, restored, web_config, sealer, site, north, south, clock
):
    back = restored()
    north, south = (at(gate, back, web_config, sealer, clock) for gate in (north, south))
    reply = north.ask(clock.now)
    assert (reply.wants_tombstones, reply.policy, reply.change) == (True, None, None)
    sent = stones(
        f"credential:{filled.first}",
        f"ended_pass:{'a' * 16}",
        f"ended_pass:{'c' * 16}",
        version=2,
        now=clock.now,
        have=(1, 1),
    )
    assert north.post(TOMBSTONES_PATH, sent).status_code == 200
    reply = north.ask(clock.now)
    assert (reply.wants_tombstones, reply.policy) == (False, None)
    assert south.post(TOMBSTONES_PATH, stones(version=2, now=clock.now, have=(1, 1))).status_code == 200
    with back.session() as session:
        root = session.get_one(Site, site).root_public_key
        assert session.get_one(CredentialRow, filled.first).state == "ended"
        assert session.get_one(CredentialRow, filled.second).state == "active"
        records = records_for_gate(session, sealer, session.get_one(Gate, "north"), clock.now)
    reply = north.ask(clock.now)
    manifest = open_manifest(reply.policy, root, site_id=site, gate_id="north")
    assert manifest.epoch == 2
    assert (reply.change.base_epoch, reply.change.base_version) == (0, 0)
    sent_now = {key: bytes(value) for key, value in reply.change.puts.items()}
    ended_card = decode_record("credential:", sent_now.pop(f"credential:{filled.first}"))
    assert isinstance(ended_card, CardCredential)
    assert ended_card.state is CredentialState.ENDED
    assert sent_now == records
    assert f"credential:{filled.second}" in records
    ended = [decode_record(key, value) for key, value in records.items() if key.startswith("ended_pass")]
    assert sorted(r.pass_id for r in ended if isinstance(r, EndedPassRecord)) == ["a" * 16, "c" * 16]
    assert [key for key in records if key.startswith("face:")] == []


@pytest.mark.wide
def test_what_ended_before_the_backup_ends_nothing_now(filled, restored, web_config, sealer, north, clock):
    back = restored()
    sent = stones(f"credential:{filled.first}", version=1, now=clock.now)
    assert at(north, back, web_config, sealer, clock).post(TOMBSTONES_PATH, sent).status_code == 200
    with back.session() as session:
        assert session.get_one(CredentialRow, filled.first).state == "active"


def test_tombstones_are_taken_only_while_restoring(database, filled, north, clock):
    response = north.post(TOMBSTONES_PATH, stones(f"credential:{filled.first}", version=9, now=clock.now))
    assert (response.status_code, error_of(response)) == (409, "not_restoring")
    with database.session() as session:
        assert session.get_one(CredentialRow, filled.first).state == "active"


@pytest.mark.wide
def test_a_lost_gate_can_be_left_out(filled, restored, web_config, sealer, site, north, clock):
    back = restored()
    at(north, back, web_config, sealer, clock).post(TOMBSTONES_PATH, stones(version=2, now=clock.now))
    with back.session() as session:
        assert leave_out_gate(session, sealer, "south", clock.now)
        assert (session.get_one(Site, site).restoring, session.get_one(Site, site).epoch) == (False, 2)


@pytest.mark.wide
def test_no_lease_is_given_after_a_restore(filled, restored, web_config, sealer, north, clock):
    back = restored()
    north = at(north, back, web_config, sealer, clock)
    north.post(TOMBSTONES_PATH, stones(version=2, now=clock.now))
    with back.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
    assert north.ask(clock.now).leases == ()


# -- the file ----------------------------------------------------------------------------------------


@pytest.fixture
def backup_file(filled, migrated, web_config, tmp_path, clock):
    path = tmp_path / "file"
    write_backup(migrated, web_config, PASSPHRASE, path, clock.now)
    return path


OWASP_SCRYPT_COST = 2**16
"""With blocks of 8: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html"""


def test_a_guess_at_the_passphrase_costs_what_owasp_asks_for(real_scrypt_cost):
    assert real_scrypt_cost >= OWASP_SCRYPT_COST


@pytest.mark.wide
def test_the_file_is_private_and_reveals_nothing_without_the_passphrase(backup_file, filled, web_config):
    content = backup_file.read_bytes()
    assert stat.S_IMODE(backup_file.stat().st_mode) == 0o600
    assert [s for s in (filled.person.encode(), b"someone", web_config.seal_key) if s in content] == []
    with pytest.raises(BackupRefused, match="passphrase"):
        read_preface("another", backup_file)


@pytest.mark.wide
def test_secrets_come_back_without_the_key_of_faces(backup_file, web_config):
    secrets = read_preface(PASSPHRASE, backup_file).secrets
    assert secrets["seal"] == web_config.seal_key
    assert set(secrets) == {"seal", "lookup", "session", "totp", "password_salt"}


DAMAGES = {
    "cut": lambda b: b[:-1],
    "changed": lambda b: b[:-40] + bytes([b[-40] ^ 1]) + b[-39:],
    "begun": lambda b: b[:200],
    "shifted": lambda b: b"x" + b,
    "empty": lambda _b: b"",
}


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_and_nothing_is_stored(backup_file, tmp_path, damage):
    backup_file.write_bytes(damage(backup_file.read_bytes()))
    database = Database(make_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}"))
    with pytest.raises(BackupRefused):
        restore_rows(database, PASSPHRASE, backup_file)
    assert inspect(database.engine).get_table_names() == []
    database.engine.dispose()


@pytest.mark.wide
def test_a_file_cut_between_two_parts_is_refused(backup_file, tmp_path):
    content = backup_file.read_bytes()
    first = 32 + 4 + int.from_bytes(content[32:36], "big")
    backup_file.write_bytes(content[:first])
    with pytest.raises(BackupRefused):
        read_preface(PASSPHRASE, backup_file)


@pytest.mark.wide
def test_a_backup_replaces_no_file(backup_file, migrated, web_config, clock):
    with pytest.raises(FileExistsError):
        write_backup(migrated, web_config, PASSPHRASE, backup_file, clock.now)


@pytest.mark.wide
def test_a_restore_into_a_used_database_is_refused(backup_file, migrated):
    with pytest.raises(BackupRefused, match="not empty"):
        restore_rows(migrated, PASSPHRASE, backup_file)
    with migrated.session() as session:
        assert len(session.scalars(select(Person)).all()) == 1
        assert len(session.scalars(select(AuditEntry)).all()) == 1


LATER_MIGRATION = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None


def upgrade():
    op.create_table("later", sa.Column("person_id", sa.String(200), primary_key=True))
    op.execute("INSERT INTO later SELECT person_id FROM person")
"""


@pytest.mark.wide
def test_a_backup_with_an_older_schema_is_restored_and_brought_up_to_date(
    backup_file, tmp_path, monkeypatch, filled
):
    before = schema.newest_revision()
    shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    later = tmp_path / "migrations" / "versions" / "9999_later.py"
    later.write_text(LATER_MIGRATION.format(before=before), encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
    database = Database(make_engine(f"sqlite:///{tmp_path / 'restored.sqlite3'}"))
    assert read_preface(PASSPHRASE, backup_file).revision == before
    restore_rows(database, PASSPHRASE, backup_file)
    assert schema.current_revision(database.engine) == schema.newest_revision() == "9999"
    with database.session() as session:
        assert session.scalars(text("SELECT person_id FROM later")).all() == [filled.person]
    database.engine.dispose()


# -- emergency codes ---------------------------------------------------------------------------------


@pytest.fixture
def codes(filled, migrated, sealer, site, clock):
    """Two emergency codes, made before the backup."""
    with migrated.session() as session:
        act = Action(session, sealer, site, "m", "manager", clock.now, effects=PolicyEffects(sealer))
        for label in ("Ambulance 120", "Fire brigade"):
            make_emergency_code(act, label=label, lanes=["north-in"], hold_minutes=30)
        return list(session.scalars(select(EmergencyCode.credential_id).order_by(EmergencyCode.label)))


@pytest.mark.wide
def test_an_emergency_code_ended_after_the_backup_stays_ended_and_the_other_comes_back(
    codes, restored, web_config, sealer, site, north, clock
):
    back = restored()
    sent = stones(f"credential:{codes[0]}", version=9, now=clock.now)
    assert at(north, back, web_config, sealer, clock).post(TOMBSTONES_PATH, sent).status_code == 200
    with back.session() as session:
        assert leave_out_gate(session, sealer, "south", clock.now)
        records = records_for_gate(session, sealer, session.get_one(Gate, "north"), clock.now)
        ended = session.get_one(EmergencyCode, codes[0])
        assert (ended.state, ended.ended_reason) == ("ended", "restored")
    states = [decode_record("credential:", records[f"credential:{code}"]).state for code in codes]
    assert states == [CredentialState.ENDED, CredentialState.ACTIVE]
    assert records["home:emergency"] is not None
