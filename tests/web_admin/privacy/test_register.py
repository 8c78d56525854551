"""The register of processing: each purpose with its terms, and every table with a person in it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, send
from tests.web_admin.privacy.open_since_spring import CONTACT
from web_admin.compound.models import Site
from web_admin.privacy.register import PURPOSES, retention_of
from web_admin.tables import METADATA


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
def officer(older_compound):
    return older_compound.signed_in("privacy_officer")


@pytest.fixture
def everyone(older_compound):
    client = older_compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


def test_the_register_names_purposes_categories_terms_recipients_and_security(officer, everyone, web_config):
    send(officer, "/manage/privacy/contact", **CONTACT)
    whole = everyone.get("/privacy/register.json").json
    assert [row["purpose"] for row in whole["activities"]] == [purpose for purpose, *_rest in PURPOSES]
    by_purpose = {row["purpose"]: row for row in whole["activities"]}
    assert "30 days with the name" in by_purpose["passages"]["retention"]
    assert by_purpose["face"]["legal_basis"] == "consent"
    assert by_purpose["passages"]["recipients"] == ["police or courts, on a recorded request"]
    assert "display_name" in by_purpose["entry"]["categories"]["person"]
    assert whole["responsible"]["name"] == "秦女士"
    assert len(whole["security"]) >= 4
    assert set(retention_of(web_config)) == set(by_purpose)


def test_every_table_with_a_person_in_it_is_in_the_register():
    tables = METADATA.tables.values()
    about_people = {table.name for table in tables if "person_id" in table.columns}
    named = {name for _purpose, _meaning, tables in PURPOSES for name in tables}
    assert about_people - named - {"face_question"} == set()  # a question to one who is asked again
