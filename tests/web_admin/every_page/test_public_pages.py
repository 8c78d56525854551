"""What everyone can read: rules, report, register; and the pages with which the office publishes them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.signing import SignatureRefused
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Site
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.authority_threshold import threshold_status
from web_admin.privacy.models import Disclosure, PublicReport
from web_admin.privacy.register import PURPOSES, retention_of
from web_admin.privacy.report import check_file
from web_admin.tables import METADATA

CONTACT = {
    "responsible_name": "秦女士",
    "responsible_contact": "021-5555 0101",
    "channels_zh": "监管局 12315",
    "channels_en": "The regulator, 12315",
}
REPORT = {"period": "2026-01-01", "approved_by": "业委会", "voice": "北门早上太慢。", "plan": ""}


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
    assert (held.status_code, "First say who answers" in held.text) == (422, True)
    assert "北门早上太慢。" in held.text
    send(officer, "/manage/privacy/contact", **CONTACT)
    seen = send(officer, "/manage/report", "/manage/report/preview", **REPORT)
    assert "This is how it would go out" in seen.text
    assert rows(lambda s: s.scalars(select(PublicReport)).all()) == []
    assert send(officer, "/manage/report", **REPORT).status_code == 303
    page = everyone.get("/report").text
    for shown in ("Issue 1", "北门早上太慢。", "业委会", "秦女士", "at least 10", "2026-01-01 – 2026-06-30"):
        assert shown in page
    assert "Nothing to report yet" not in officer.get("/manage/report").text  # the half-year before is open


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


@pytest.mark.parametrize("role", ["guard", "installer"])
def test_guards_and_installers_answer_no_authority_and_publish_nothing(older_compound, role):
    client = older_compound.signed_in(role)
    for path in ("/manage/disclosures/", "/manage/disclosures/new", "/manage/report"):
        assert client.get(path).status_code == 403


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
