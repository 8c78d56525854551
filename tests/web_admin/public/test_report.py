"""The file of an issue is signed, and a missing issue is not there."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.signing import SignatureRefused
from tests.web_admin.manage.forms import Rows, send
from tests.web_admin.privacy.open_since_spring import CONTACT, REPORT
from web_admin.compound.models import Site
from web_admin.privacy.report import check_file


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


def test_the_file_of_an_issue_is_signed_and_a_missing_issue_is_not_there(officer, everyone, rows):
    send(officer, "/manage/privacy/contact", **CONTACT)
    send(officer, "/manage/report", **REPORT)
    root = rows(lambda s: s.scalars(select(Site.root_public_key)).one())
    body = everyone.get("/report/1.json").data
    assert check_file(body, root)["number"] == 1
    with pytest.raises(SignatureRefused):
        check_file(body.replace(b"2026-06-30", b"2026-05-30"), root)
    assert everyone.get("/report/1").status_code == 200
    assert [everyone.get(f"/report/{wrong}").status_code for wrong in ("2", "2.json", "x")] == [404, 404, 404]
