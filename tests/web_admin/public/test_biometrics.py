"""Pages for everyone: face, the report, and whether the server is well."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from gate_controller.contract.signing import SignatureRefused
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from tests.web_admin.manage.assessment_pages import act_on, offer, press, stranger
from tests.web_admin.manage.forms import Rows, send
from tests.web_admin.privacy.open_since_spring import CONTACT, REPORT
from web_admin.compound.models import Site
from web_admin.core.database import current_menjin
from web_admin.face.actions import disable_face
from web_admin.privacy.report import check_file


@pytest.mark.wide
def test_the_office_asks_for_a_signature_and_both_guardians_and_the_policy_says_so(compound):
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    manager = compound.signed_in("manager")
    desk, policy = f"/manage/people/{child}/face", "/policy/biometrics"
    until = (compound.clock() + timedelta(days=500)).date()
    press(manager, f"{desk}/age", desk, age_band="14_17", age_band_until=until.isoformat())
    assert "is_only" not in manager.get(desk).text
    assert "A yes needs a signature" not in stranger(compound).get(policy).text
    press(manager, "/manage/privacy/consent", "/manage/privacy", written_release="y", both_guardians="y")
    page = manager.get("/manage/privacy").text
    assert page.count(" checked ") + page.count(" checked>") == 2
    shown = stranger(compound).get(policy).text
    assert "A yes needs a signature" in shown and "both guardians agree as well" in shown
    press(manager, f"{desk}/guardian", desk, guardian_id=mother, is_only="y")
    assert "The only guardian" in manager.get(desk).text
    press(manager, "/manage/privacy/consent", "/manage/privacy")
    assert "A yes needs a signature" not in stranger(compound).get(policy).text


def test_the_policy_on_faces_is_made_from_the_settings_in_force(compound):
    client = stranger(compound)
    assert "At no gate at the moment" in client.get("/policy/biometrics").text
    offer(compound)
    page = client.get("/policy/biometrics").text
    assert [text for text in NOTICE_EN.values() if text.replace("'", "&#39;") not in page] == []
    for phrase in (
        "at most 72 hours",
        "180 days",
        "30 days",
        "yunet-sface-int8bq-2",
        "1 stranger in 10,000",
        "2.1 % of owners",
        "fewer than 10",
        "None so far",
    ):
        assert phrase in page
    assert [
        text
        for text in NOTICE_ZH.values()
        if text not in stranger(compound, "zh").get("/policy/biometrics").text
    ] == []
    assert "/policy/biometrics" in client.get("/privacy").text


def test_the_policy_is_honest_when_face_is_off(compound):
    act_on(compound, disable_face)
    page = stranger(compound).get("/policy/biometrics").text
    assert "This compound does not use face" in page
    assert "yunet" not in page


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


def test_a_monitor_reads_one_word_and_a_stranger_no_more(compound):
    stranger = compound.app.test_client()
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert stranger.get("/manage/health").status_code == 302


def test_a_database_that_is_away_is_reported_without_details(compound, caplog):
    with compound.app.app_context():
        engine = current_menjin().database.engine

    def broken(_connection, _cursor, statement, _parameters, _context, _many):
        raise OperationalError(statement, {}, OSError("secret-host refused"))

    event.listen(engine, "before_cursor_execute", broken)
    answer = compound.app.test_client().get("/healthz")
    event.remove(engine, "before_cursor_execute", broken)
    assert (answer.status_code, answer.text) == (503, "not ok: database\n")
    assert "secret-host" not in answer.text + caplog.text
