"""The page of disclosures: a request of the police is recorded before a file can be taken."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Site
from web_admin.privacy.models import Disclosure


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


@pytest.mark.wide
def test_a_request_of_the_police_is_recorded_before_a_file_can_be_taken(older_compound, officer, rows):
    shown = {
        "authority": "派出所",
        "document": "2026-017",
        "scope": "三月三日的通行记录",
        "outcome": "given",
        "reason": "刑事诉讼法第五十四条",
        "home": "3-1203",
        "name": "王芳",
        "first_day": "2026-03-03",
        "last_day": "2026-03-04",
    }
    path = "/manage/disclosures/new"
    for wrong in ({"name": "王"}, {"reason": ""}, {"outcome": "later"}, {"first_day": ""}):
        assert send(officer, path, **{**shown, **wrong}).status_code == 422
    assert rows(lambda s: s.scalars(select(Disclosure)).all()) == []
    assert send(officer, path, **shown).status_code == 303
    row = rows(lambda s: s.scalars(select(Disclosure)).one())
    assert row.person_id == older_compound.persons["王芳"]
    file = send(officer, "/manage/disclosures/", f"/manage/disclosures/{row.disclosure_id}/passages.csv")
    assert (file.mimetype, file.data[:3]) == ("text/csv", b"\xef\xbb\xbf")
    assert file.text.count("\n") > 1
