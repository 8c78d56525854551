"""Several machines over one database: keys reach each of them, and are gone only when each has said so."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household, manager, offer_face
from web_admin.action.base import one_publication
from web_admin.compound.keys import create_site
from web_admin.compound.models import Gate
from web_admin.core.config import write_secret
from web_admin.core.database import Menjin
from web_admin.core.effects import NoEffects
from web_admin.core.machine_identity import read_identity
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.cards import issue_card
from web_admin.custody import machine_keys
from web_admin.custody.certificates import certificate_statement
from web_admin.custody.key_rotation import rotate_wrap_key, settle_wrap_keys
from web_admin.custody.leases import leases_for
from web_admin.custody.machine_keys import MachineRefused, take_copies
from web_admin.custody.models import Consent, FaceShare, WrapKeyCopy, WrapKeyRow
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.operations import machines
from web_admin.operations.machines import beat, enter, forget, join, machine_trouble

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


@pytest.fixture
def make(database, web_config, tmp_path, now):
    """Return a maker of machines over the database."""

    def made(name, *, first=False):
        folder = tmp_path / name
        folder.mkdir()
        if first:
            write_secret(folder, "face")
        sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, folder))
        config = replace(web_config, data_dir=folder, secrets_dir=folder)
        return Menjin(config, database, sealer, lambda: now, NoEffects())

    return made


@pytest.fixture
def north(make, now):
    """The first machine, with a compound and two people with a face."""
    menjin = make("north", first=True)
    with menjin.database.session() as session:
        site, _pem = create_site(session, menjin.sealer, "Court", "Asia/Shanghai", "en", "phrase", now)
        with one_publication(manager(session, menjin.sealer, site.site_id, now)) as act:
            add_lane(act)
            offer_face(act)
            for number in (1, 2):
                _, person = household(act, f"3-{number}", f"Lin {number}")
                issue_card(act, person.person_id, number)
                give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    enter(menjin, now)
    return menjin


@pytest.fixture
def south(make, north, now):
    """A second machine that joined."""
    menjin = make("south")
    joins(menjin, north, now)
    enter(menjin, now)
    return menjin


def joins(menjin, running, now, name="south"):
    """Join while another machine runs: it beats whenever the one that joins looks at the clock."""

    def clock():
        beat(running, now)
        return now

    join(menjin.database, menjin.sealer, name, clock)


def shares(menjin, now):
    with menjin.database.session() as session:
        return {
            one.person_id: one.share
            for one in leases_for(session, menjin.sealer, session.get_one(Gate, "north"))
        }


def withdraws(menjin, now):
    """Let the first person take the consent back; return the consent's id."""
    with menjin.database.session() as session:
        consent = session.scalars(select(Consent).order_by(Consent.consent_id)).first()
        act = manager(session, menjin.sealer, session.get_one(Gate, "north").site_id, now)
        withdraw_face(by_phone(act, consent.person_id), consent.person_id)
        return consent.consent_id


def open_keys(menjin, consent_id, now):
    """Return which keys the certificate says are not destroyed."""
    with menjin.database.session() as session:
        said = certificate_statement(session, consent_id, now)
        return [key.key_id for key in said.wrapping_keys if key.destroyed_at is None]


def files(menjin):
    return sorted(path.name for path in menjin.config.secrets_dir.glob("face*.key"))


def test_a_machine_that_joins_gets_the_key_and_opens_every_share(north, south, now):
    assert south.sealer.wrap_keys.current_id == north.sealer.wrap_keys.current_id
    assert shares(south, now) == shares(north, now) != {}
    assert files(south) == ["face.key"]


def test_a_key_is_destroyed_when_every_machine_has_said_so(north, south, now):
    old_id = north.sealer.wrap_keys.current_id
    consent_id = withdraws(north, now)
    begun = rotate_wrap_key(north.database, north.sealer, now)
    assert begun.waits_for == ("south",), "nothing is sealed under a key that a running machine lacks"
    beat(south, now)
    done = rotate_wrap_key(north.database, north.sealer, now)
    assert (done.shares, done.destroyed_ids) == (1, ())
    assert shares(south, now) == shares(north, now) != {}, "both open it before the other put it in place"
    assert north.sealer.wrap_keys.key(old_id) is None
    assert south.sealer.wrap_keys.key(old_id) is not None
    assert open_keys(north, consent_id, now) == [old_id], "the certificate waits for the other machine"
    beat(south, now)
    assert south.sealer.wrap_keys.key(old_id) is None
    assert open_keys(north, consent_id, now) == []
    assert files(north) == files(south) == ["face.key"]
    assert shares(south, now) == shares(north, now) != {}


def test_the_machine_that_did_not_begin_can_finish(north, south, now):
    withdraws(north, now)
    rotate_wrap_key(north.database, north.sealer, now)
    assert rotate_wrap_key(south.database, south.sealer, now).waits_for == ("south",)
    beat(south, now)
    assert rotate_wrap_key(south.database, south.sealer, now).shares == 1
    beat(north, now)
    assert files(north) == files(south) == ["face.key"]
    assert shares(south, now) == shares(north, now) != {}


def test_a_copy_of_the_database_and_what_a_machine_has_later_open_no_key(north, south, now):
    withdraws(north, now)
    rotate_wrap_key(north.database, north.sealer, now)
    with north.database.session() as session:
        copied = session.scalars(select(WrapKeyCopy).where(WrapKeyCopy.state == "sent")).one()
        session.expunge(copied)
    beat(south, now)
    assert south.sealer.wrap_keys.transport_private(copied.sealed_to_key) is None
    sealed = south.sealer.open(copied.sealed, purpose=machine_keys.PURPOSE)
    for public in (south.sealer.wrap_keys.transport_public(), south.sealer.wrap_keys.next_transport_public()):
        with pytest.raises(InvalidTag):
            machine_keys._SUITE.decrypt(
                sealed,
                south.sealer.wrap_keys.transport_private(public),
                b"menjin/wrap-key-copy/1\0" + copied.machine_id.encode(),
            )


def test_a_machine_that_does_not_run_holds_up_the_end_of_a_key_and_not_its_change(north, south, now):
    old_id, later = north.sealer.wrap_keys.current_id, now + timedelta(minutes=2)
    consent_id = withdraws(north, now)
    beat(north, later)
    assert rotate_wrap_key(north.database, north.sealer, later).shares == 1
    with north.database.session() as session:
        assert machine_trouble(session, south) == "keys", "it gets no request before it has the key"
    assert open_keys(north, consent_id, later) == [old_id]
    beat(south, later)
    assert shares(south, later) == shares(north, later) != {}
    assert open_keys(north, consent_id, later) == []


def test_two_rotations_meanwhile_end_both_keys_at_a_machine_that_comes_back(north, south, now):
    for number in (2, 4):
        later = now + timedelta(minutes=number)
        beat(north, later)
        rotate_wrap_key(north.database, north.sealer, later)
    for _ in range(2):
        beat(south, later)
        beat(north, later)
    assert shares(south, later) == shares(north, later) != {}
    with north.database.session() as session:
        states = list(session.scalars(select(WrapKeyRow.state).order_by(WrapKeyRow.made_at)))
        copies = set(session.scalars(select(WrapKeyCopy.state)))
    assert states == ["destroyed", "destroyed", "live"]
    assert copies == {"destroyed", "held"}


def test_of_a_machine_that_is_taken_out_no_key_is_called_destroyed(north, south, now):
    old_id = north.sealer.wrap_keys.current_id
    consent_id = withdraws(north, now)
    assert forget(north.database, north.sealer, "south", now)
    assert rotate_wrap_key(north.database, north.sealer, now).shares == 1
    assert open_keys(north, consent_id, now) == [old_id]
    with north.database.session() as session:
        assert session.get_one(WrapKeyRow, old_id).state == "lost"
        assert machine_trouble(session, south) == "machine"
    with pytest.raises(MachineRefused, match="was taken out"):
        beat(south, now)


def test_a_machine_that_takes_itself_out_leaves_no_key_and_no_doubt(north, south, now):
    old_id = north.sealer.wrap_keys.current_id
    consent_id = withdraws(north, now)
    assert forget(south.database, south.sealer, "south", now)
    assert files(south) == []
    assert rotate_wrap_key(north.database, north.sealer, now).destroyed_ids == (old_id,)
    assert open_keys(north, consent_id, now) == []


@pytest.mark.parametrize("step", ["kept", "committed"])
def test_wherever_a_machine_stops_while_it_takes_a_key_it_goes_on(north, south, now, monkeypatch, step):
    withdraws(north, now)
    rotate_wrap_key(north.database, north.sealer, now)
    keys = south.sealer.wrap_keys
    name = "next_transport_public" if step == "kept" else "renew_transport"

    def cut_off(*_arguments):
        raise OSError("power is cut")

    with monkeypatch.context() as cut, pytest.raises(OSError, match="power is cut"):
        cut.setattr(keys, name, cut_off)
        take_copies(south.database, south.sealer, now)
    beat(south, now)
    assert rotate_wrap_key(north.database, north.sealer, now).shares == 1
    beat(south, now)
    assert shares(south, now) == shares(north, now) != {}
    assert not (south.config.secrets_dir / "transport-next.key").exists()


def test_only_a_machine_with_the_secrets_can_send_a_key(north, south, now, make):
    with north.database.session() as session:
        me = machine_keys.this_machine(session, south.sealer)
        thief = Sealer(b"x" * 32, b"l" * 32)
        key = bytes(32)
        session.add(WrapKeyRow(key_id=machine_keys.wrap_key_id(key), state="next", made_at=now))
        session.add(
            WrapKeyCopy(
                key_id=machine_keys.wrap_key_id(key),
                machine_id=me.machine_id,
                state="sent",
                changed_at=now,
                sealed_to_key=me.transport_key,
                sealed=machine_keys._sealed(thief, key, me),
            )
        )
    beat(south, now)
    assert south.sealer.wrap_keys.key(machine_keys.wrap_key_id(key)) is None


def test_a_copy_of_the_secrets_is_refused(north, make, now):
    copy = make("copy")
    shutil.copytree(north.config.secrets_dir, copy.config.secrets_dir, dirs_exist_ok=True)
    enter(north, now)
    with pytest.raises(MachineRefused, match="are a copy of those of"):
        enter(copy, now)
    with north.database.session() as session:
        assert machine_trouble(session, copy) == "machine"
        assert machine_trouble(session, north) is None


def test_an_original_notices_that_its_copy_was_started(north, make, now):
    copy = make("copy")
    shutil.copytree(north.config.secrets_dir, copy.config.secrets_dir, dirs_exist_ok=True)
    enter(copy, now)
    with pytest.raises(MachineRefused, match="a copy of the secrets"):
        beat(north, now)


def test_a_machine_that_is_not_on_the_list_is_refused(north, make, now):
    with pytest.raises(MachineRefused, match="this machine is not one of them"):
        enter(make("other", first=True), now)


def test_a_restart_is_the_same_machine(north, now):
    before = read_identity(north.config.secrets_dir)
    enter(north, now)
    after = read_identity(north.config.secrets_dir)
    assert (after.machine_id, after.run == before.run) == (before.machine_id, True)
    enter(north, now)
    beat(north, now)


def test_where_no_machine_answers_nothing_is_left_of_a_join(north, make, now):
    menjin = make("south")
    with pytest.raises(MachineRefused, match="no running machine"):
        join(menjin.database, menjin.sealer, "south", lambda: now, within_seconds=0.1)
    with north.database.session() as session:
        assert [one.run for one in machine_keys.machines(session)] == [
            read_identity(north.config.secrets_dir).run
        ]


def test_a_share_of_a_lost_key_opens_nowhere(north, south, now):
    with north.database.session() as session:
        old_rows = list(session.scalars(select(FaceShare.share_sealed)))
    for _ in range(2):
        rotate_wrap_key(north.database, north.sealer, now)
        beat(south, now)
    settle_wrap_keys(north.database, north.sealer, now)
    for menjin in (north, south):
        for row in old_rows:
            with pytest.raises(SealBroken):
                menjin.sealer.open(row, purpose="face-share")


@pytest.mark.parametrize("is_entered", [False, True])
def test_two_processes_of_one_machine_that_enter_at_once_are_one_machine(make, now, monkeypatch, is_entered):
    """Two workers open a compound at the same moment: the second waits for the first, and knows it then."""
    menjin = make("north", first=True)
    if is_entered:
        enter(menjin, now)
    real, others = machines.one_at_a_time, [lambda: enter(menjin, now)]

    def after_the_other(database, name):
        while others:
            others.pop()()
        return real(database, name)

    monkeypatch.setattr(machines, "one_at_a_time", after_the_other)
    assert enter(menjin, now) == enter(menjin, now)
