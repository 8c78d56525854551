"""The page of an incident: its clocks, what is missing, the notice, and for whom it is."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, local, send
from web_admin.privacy.incidents import (
    PARTS,
)
from web_admin.privacy.models import Incident

WHOLE = dict.fromkeys(PARTS, "said plainly")


@pytest.fixture
def compound_begins(now):
    return now


@pytest.mark.wide
def test_the_page_shows_the_clocks_what_is_missing_and_then_the_notice(compound, now):
    officer = compound.signed_in("privacy_officer")
    known = now - timedelta(hours=5)
    started = send(officer, "/manage/incidents/new", known_at=local(known), large="y")
    path = started.headers["Location"]
    page = officer.get(path).text
    for shown in (
        "Authority in China, large incident: 4 hours",
        "Authority under GDPR: 72 hours",
        "Late",
        "No notice yet. Missing:",
    ):
        assert shown in page
    refused = send(officer, path, f"{path}/told")
    assert (refused.status_code, "Fill it in first" in refused.text) == (422, True)
    send(officer, path, **WHOLE)
    assert "Notice to the people concerned" in officer.get(path).text
    assert send(officer, path, f"{path}/told").status_code == 303
    assert send(officer, path, f"{path}/reported").status_code == 303
    assert send(officer, path, f"{path}/close", untold_reason="").status_code == 303
    row = Rows(compound)(lambda s: s.scalars(select(Incident)).one())
    assert row.closed_at is not None


def test_the_protocol_is_published_beside_the_retention_policy(compound):
    page = compound.app.test_client().get("/policy/biometrics", headers={"Accept-Language": "en"}).text
    assert "What we do after an incident" in page
    assert "within 72 hours" in page
