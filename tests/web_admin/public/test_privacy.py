"""The public rules: who is responsible, where to complain, and no resident counted out."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, send
from tests.web_admin.privacy.open_since_spring import CONTACT
from web_admin.compound.models import Site
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE


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


def test_the_rules_name_the_responsible_person_and_where_to_complain_in_both_languages(officer, everyone):
    send(officer, "/manage/privacy/contact", **CONTACT)
    assert "The regulator, 12315" in everyone.get("/privacy").text
    with everyone.session_transaction() as session:
        session["language"] = "zh"
    page = everyone.get("/privacy").text
    for shown in ("秦女士", "021-5555 0101", "监管局 12315"):
        assert shown in page


def test_the_rules_count_out_no_resident_who_uses_face(older_compound, everyone, rows):
    def consents(session):
        for name in ("王芳", "林薇"):
            session.add(
                Consent(
                    consent_id=name,
                    person_id=older_compound.persons[name],
                    purpose=FACE_PURPOSE,
                    notice_version=1,
                    notice_sha256=bytes(32),
                    language="zh",
                    channel="phone",
                    given_at=older_compound.clock(),
                )
            )

    rows(consents)
    page = everyone.get("/privacy").text
    assert "<dd>fewer than 10</dd>" in page
    assert "<dd>2</dd>" not in page
