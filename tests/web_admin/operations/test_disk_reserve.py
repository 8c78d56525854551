"""Room for a full disk is kept in the SQLite file, and the last of it is for staff."""

from collections import namedtuple

import pytest
from sqlalchemy import text

from web_admin.core.database import Menjin
from web_admin.operations import disk_reserve
from web_admin.operations.disk_reserve import RESERVE_BYTES, ROOMY_BYTES, is_for_staff_only, keep_reserve
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.one_database
Usage = namedtuple("Usage", "free")


@pytest.fixture
def menjin(web_config, database, sealer, clock):
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def free(monkeypatch):
    """Return what sets how many bytes the disk has left."""

    def leave(count: int) -> None:
        monkeypatch.setattr(disk_reserve.shutil, "disk_usage", lambda _folder: Usage(count))

    leave(ROOMY_BYTES)
    return leave


def free_bytes(database) -> int:
    with database.session() as session:
        pages = session.scalar(text("PRAGMA freelist_count"))
        return pages * session.scalar(text("PRAGMA page_size"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_room_is_kept_once_where_the_disk_has_it(menjin, database, free):
    free(ROOMY_BYTES - 1)
    assert not keep_reserve(menjin), "the disk has no room"
    free(ROOMY_BYTES)
    assert keep_reserve(menjin)
    assert free_bytes(database) >= RESERVE_BYTES
    assert not keep_reserve(menjin), "it is kept already"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_a_full_disk_the_last_of_it_is_for_staff(menjin, database, free, web_config):
    with database.session() as session:
        assert not is_for_staff_only(session, web_config), "the disk has room"
    free(0)
    with database.session() as session:
        assert is_for_staff_only(session, web_config)
    free(ROOMY_BYTES)
    keep_reserve(menjin)
    free(0)
    with database.session() as session:
        assert not is_for_staff_only(session, web_config)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_with_postgresql_nothing_is_kept(menjin, database, free, web_config):
    assert not keep_reserve(menjin)
    free(0)
    with database.session() as session:
        assert not is_for_staff_only(session, web_config)
