"""A report is looked at first, then published for everyone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, send
from tests.web_admin.privacy.open_since_spring import CONTACT, REPORT
from web_admin.compound.models import Site
from web_admin.privacy.models import PublicReport


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


@pytest.fixture
def everyone(older_compound):
    client = older_compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


def test_a_report_is_looked_at_first_then_published_for_everyone(officer, everyone, rows):
    assert "No report yet" in everyone.get("/report").text
    held = send(officer, "/manage/report", **REPORT)
    assert (held.status_code, "First name who is responsible" in held.text) == (422, True)
    assert "北门早上太慢。" in held.text
    send(officer, "/manage/privacy/contact", **CONTACT)
    seen = send(officer, "/manage/report", "/manage/report/preview", **REPORT)
    assert "Preview of the published page" in seen.text
    assert rows(lambda s: s.scalars(select(PublicReport)).all()) == []
    assert send(officer, "/manage/report", **REPORT).status_code == 303
    page = everyone.get("/report").text
    for shown in ("Issue 1", "北门早上太慢。", "业委会", "秦女士", "at least 10", "2026-01-01 – 2026-06-30"):
        assert shown in page
    assert "Nothing to report yet" not in officer.get("/manage/report").text  # the half-year before is open
