"""How many people have a face: counted once, and the threshold of notification warns early."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows
from web_admin.compound.models import Site
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.authority_threshold import threshold_status


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def older_compound(compound, now):
    compound.clock.now = datetime(2026, 7, 15, 4, tzinfo=UTC)
    opened = now - timedelta(days=100)
    Rows(compound)(lambda s: setattr(s.scalars(select(Site)).one(), "created_at", opened))
    return compound


@pytest.fixture
def rows(older_compound):
    return Rows(older_compound)


@pytest.fixture
def officer(older_compound):
    return older_compound.signed_in("privacy_officer")


@pytest.mark.parametrize(
    ("people", "status"),
    [
        (79_999, "far"),
        (80_000, "near"),
        (94_999, "near"),
        (95_000, "close"),
        (99_999, "close"),
        (100_000, "reached"),
    ],
)
def test_the_notification_threshold_warns_early(people, status):
    assert threshold_status(people) == status


@pytest.mark.wide
def test_the_privacy_page_counts_people_with_a_face_once(older_compound, officer, rows):
    def consents(session):
        for number in range(2):
            session.add(
                Consent(
                    consent_id=f"c{number}",
                    person_id=older_compound.persons["王芳"],
                    purpose=FACE_PURPOSE,
                    notice_version=1,
                    notice_sha256=bytes(32),
                    language="zh",
                    channel="phone",
                    given_at=older_compound.clock(),
                )
            )

    rows(consents)
    assert "1 of 100000" in officer.get("/manage/privacy").text
