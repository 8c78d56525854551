"""The last run is noted once for each kind, and the note of a certificate says from when to when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from web_admin.core.health_models import ServerMark
from web_admin.operations.marks import BACKUP, REFUSED, certificate_since, certificate_until, mark


def test_a_newer_mark_takes_the_place_of_the_one_before(database, now):
    with database.session() as session:
        mark(session, BACKUP, now, "first")
        mark(session, BACKUP, now + timedelta(hours=1))
    with database.session() as session:
        (row,) = session.scalars(select(ServerMark))
        assert (row.name, row.at, row.note) == (BACKUP, now + timedelta(hours=1), "")


def test_a_note_says_since_when_and_until_when_a_certificate_holds():
    note = "until 2026-06-01T00:00:00+00:00 from 2026-03-01T00:00:00+00:00"
    assert certificate_until(note) == datetime(2026, 6, 1, tzinfo=UTC)
    assert certificate_since(note) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("note", ["", REFUSED, "until 2026-06-01T00:00:00+00:00"])
def test_a_note_that_does_not_say_since_when_says_none(note):
    assert certificate_since(note) is None


@pytest.mark.parametrize("note", ["", REFUSED])
def test_a_note_of_no_certificate_says_none(note):
    assert certificate_until(note) is None
