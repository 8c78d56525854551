"""The wrapping key of face shares: changed after a forgetting, the old one gone, nothing lost on the way."""

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household, manager, offer_face
from tests.web_admin.custody.rotated_keys import files, shares, stop_after
from web_admin.action.base import one_publication
from web_admin.compound.keys import create_site
from web_admin.core.config import write_secret
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.cards import issue_card
from web_admin.custody.key_rotation import (
    ask_for_rotation,
    rotate_wrap_key,
    rotation_due_since,
)
from web_admin.custody.models import FaceShare, ForgettingRow, WrapKeyRow
from web_admin.face.actions import give_face_consent, withdraw_face

pytestmark = pytest.mark.both_databases


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "secrets"
    path.mkdir()
    write_secret(path, "face")
    return path


@pytest.fixture
def sealer(folder):
    return Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, folder))


@pytest.fixture
def consented(database, sealer, now):
    """Two people with a face; return the site and their ids."""
    with database.session() as session:
        site, _pem = create_site(session, sealer, "Court", "Asia/Shanghai", "en", "phrase", now)
        people = []
        with one_publication(manager(session, sealer, site.site_id, now)) as act:
            add_lane(act)
            offer_face(act)
            for number in (1, 2):
                _, person = household(act, f"3-{number}", f"Lin {number}")
                issue_card(act, person.person_id, number)
                give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
                people.append(person.person_id)
        return site.site_id, people


def states(database):
    with database.session() as session:
        return [row.state for row in session.scalars(select(WrapKeyRow).order_by(WrapKeyRow.made_at))]


def test_a_rotation_keeps_every_live_share_and_destroys_the_old_key(database, sealer, consented, folder, now):
    before, old_file = shares(database, sealer, now), (folder / "face.key").read_bytes()
    old_id = sealer.wrap_keys.current_id
    with database.session() as session:
        old_rows = list(session.scalars(select(FaceShare.share_sealed)))
    done = rotate_wrap_key(database, sealer, now + timedelta(minutes=1))
    assert (done.shares, done.destroyed_ids) == (2, (old_id,))
    assert shares(database, sealer, now) == before
    assert files(folder) == ["face.key"]
    assert (folder / "face.key").read_bytes() != old_file
    assert states(database) == ["destroyed", "live"]
    for old_row in old_rows:
        with pytest.raises(SealBroken):
            sealer.open(old_row, purpose="face-share")


@pytest.mark.wide
def test_a_withdrawal_beside_a_rotation_names_the_key_that_the_share_was_under(
    database, sealer, consented, now, monkeypatch
):
    """The withdrawal begins while a rotation seals shares again, and waits for it."""
    if database.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite one transaction writes at a time")
    site_id, (lin, _other) = consented
    old_id, begun, goes_on = sealer.wrap_keys.current_id, threading.Event(), threading.Event()
    seal = sealer.seal_share

    def seal_and_wait(share, key_id):
        sealed = seal(share, key_id)
        begun.set()
        assert goes_on.wait(30)
        return sealed

    monkeypatch.setattr(sealer, "seal_share", seal_and_wait)
    done = []
    rotating = threading.Thread(target=lambda: done.append(rotate_wrap_key(database, sealer, now)))
    rotating.start()
    assert begun.wait(30)

    def withdraw():
        with database.session() as session:
            done.append(withdraw_face(by_phone(manager(session, sealer, site_id, now), lin), lin))

    withdrawing = threading.Thread(target=withdraw)
    withdrawing.start()
    withdrawing.join(timeout=0.5)
    assert withdrawing.is_alive(), "it waits for the rotation"
    goes_on.set()
    for thread in (rotating, withdrawing):
        thread.join(30)
    assert len(done) == 2
    with database.session() as session:
        [ending] = session.scalars(select(ForgettingRow))
        live = session.scalars(select(WrapKeyRow).where(WrapKeyRow.state == "live")).one()
        assert (ending.key_id, live.due_since) == (live.key_id, now)
        assert ending.key_id != old_id
    assert rotate_wrap_key(database, sealer, now).destroyed_ids == (live.key_id,)


@pytest.mark.wide
@pytest.mark.parametrize("step", [0, 1, 2, 3, 4])
def test_wherever_a_rotation_stops_shares_open_and_the_next_one_finishes(
    database, sealer, consented, folder, now, step
):
    before = shares(database, sealer, now)
    stop_after(step, database, sealer, now + timedelta(minutes=1))
    fresh = Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, folder))
    assert shares(database, fresh, now) == before
    assert len((folder / "face.key").read_bytes().strip()) == 44, "the server could start at this moment"
    rotate_wrap_key(database, fresh, now + timedelta(minutes=2))
    assert shares(database, fresh, now) == before
    assert files(folder) == ["face.key"]
    assert [state for state in states(database) if state != "destroyed"] == ["live"]
    with database.session() as session:
        assert rotation_due_since(session) is None


def test_a_key_is_never_destroyed_while_a_share_needs_it(database, sealer, consented, folder, now):
    with database.session() as session:
        share = session.scalars(select(FaceShare)).first()
        share.share_sealed = bytes(8) + share.share_sealed[8:]
    before = (folder / "face.key").read_bytes()
    with pytest.raises(SealBroken):
        rotate_wrap_key(database, sealer, now)
    assert (folder / "face.key").read_bytes() == before


@pytest.mark.wide
def test_rotations_at_the_same_time_go_one_after_another(database, sealer, consented, folder, now):
    before, trouble = shares(database, sealer, now), []

    def rotate(number):
        try:
            mine = Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, folder))
            rotate_wrap_key(database, mine, now + timedelta(minutes=number))
        except Exception as err:  # noqa: BLE001 - whatever it is, the test shows it
            trouble.append(err)

    threads = [threading.Thread(target=rotate, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert trouble == []
    assert shares(database, sealer, now) == before
    assert sorted(states(database)) == ["destroyed"] * 4 + ["live"]


@pytest.mark.wide
def test_a_process_killed_in_a_rotation_leaves_the_lock_free(database, sealer, consented, folder, now):
    held = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert held.returncode == -9, held.stderr
    assert rotate_wrap_key(database, sealer, now).shares == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from web_admin.core.wrapping_keys import WrapKeys
keys = WrapKeys(None, Path(sys.argv[1]))
with keys.lock():
    keys.make_next()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.wide
def test_a_withdrawal_makes_a_rotation_due_and_the_rotation_settles_it(database, sealer, consented, now):
    site_id, (person_id, _other) = consented
    with database.session() as session:
        assert rotation_due_since(session) is None
        withdraw_face(by_phone(manager(session, sealer, site_id, now), person_id), person_id)
        assert rotation_due_since(session) == now
        ask_for_rotation(session, now + timedelta(hours=1))
        assert rotation_due_since(session) == now, "counted from the first forgetting that waits"
    rotate_wrap_key(database, sealer, now + timedelta(hours=2))
    with database.session() as session:
        assert rotation_due_since(session) is None
