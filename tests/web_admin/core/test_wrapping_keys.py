"""The files of the wrapping keys: an old one is overwritten before it is removed, others follow."""

from datetime import timedelta

import pytest

from tests.support.acting import add_lane, by_phone, household, manager, offer_face
from tests.web_admin.custody.rotated_keys import files, shares, stop_after
from web_admin.action.base import one_publication
from web_admin.compound.keys import create_site
from web_admin.core.config import write_secret
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.cards import issue_card
from web_admin.custody.key_rotation import (
    rotate_wrap_key,
)
from web_admin.face.actions import give_face_consent

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


@pytest.mark.wide
def test_the_old_file_is_overwritten_before_it_is_removed(database, sealer, consented, folder, now):
    held = (folder / "face.key").open("rb")
    old = held.read()
    rotate_wrap_key(database, sealer, now + timedelta(minutes=1))
    held.seek(0)
    overwritten = held.read()
    held.close()
    assert len(overwritten) == len(old)
    assert overwritten != old


def test_a_half_overwritten_old_key_does_not_stop_the_next_rotation(database, sealer, consented, folder, now):
    before = shares(database, sealer, now)
    stop_after(3, database, sealer, now + timedelta(minutes=1))
    (folder / "face-old.key").write_bytes(b"\xff half of it")
    rotate_wrap_key(database, sealer, now + timedelta(minutes=2))
    assert shares(database, sealer, now) == before
    assert files(folder) == ["face.key"]


@pytest.mark.wide
def test_another_process_follows_a_rotation_without_a_restart(database, sealer, consented, folder, now):
    other = Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, folder))
    before = shares(database, other, now)
    old_id = other.wrap_keys.current_id
    rotate_wrap_key(database, sealer, now)
    assert shares(database, other, now) == before
    assert other.wrap_keys.key(old_id) is None, "a destroyed key is let go of"
