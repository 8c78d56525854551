"""The pages around assessments, what the desk may write down, and the public policy on faces."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.assessments import WHOLE_TEXTS
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH, csrf_of
from web_admin.action.base import new_action
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face import timers
from web_admin.face.actions import disable_face, give_face_consent
from web_admin.face.ages import set_age_band
from web_admin.face.models import AssessmentRow
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry

LIST = "/manage/privacy/assessments"


def once_of(html):
    return html.partition('name="once"')[2].partition('value="')[2].partition('"')[0]


def press(client, path, seen_on, **fields):
    page = client.get(seen_on).text
    return client.post(path, data={"csrf_token": csrf_of(page), "once": once_of(page), **fields})


def act_on(compound, doing, channel="system", actor_id="tests"):
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, compound.site_id, actor_id, channel, now=compound.clock())
            return doing(act)


def test_one_account_writes_and_another_approves(compound):
    author = compound.signed_in("privacy_officer")
    fields = {
        **WHOLE_TEXTS,
        "lanes": "north-in",
        "residual_risk": "low",
        "conclusion": "go",
        "review_due": (compound.clock() + timedelta(days=90)).date().isoformat(),
    }
    kept = press(author, f"{LIST}/new", f"{LIST}/new", **fields)
    assert kept.status_code == 303
    own = kept.location
    assert press(author, f"{own}/submit", own).status_code == 303
    refused = press(author, f"{own}/decide", own, answer="approve")
    assert refused.status_code == 422
    assert "did not write it" in refused.text
    manager = compound.signed_in("manager")
    assert press(manager, f"{own}/decide", own, answer="approve").status_code == 303
    assert "Approved" in manager.get(own).text
    assert "Superseded" in manager.get(LIST).text
    first = select(AssessmentRow.assessment_id).where(AssessmentRow.number == 1)
    older = act_on(compound, lambda act: act.session.scalars(first).one())
    assert "<del>" in manager.get(f"{own}/compare/{older}").text


def test_a_draft_with_a_gap_is_kept_and_not_handed_in(compound):
    author = compound.signed_in("manager")
    kept = press(author, f"{LIST}/new", f"{LIST}/new", lawful="yes", residual_risk="low", conclusion="go")
    assert kept.status_code == 303
    refused = press(author, f"{kept.location}/submit", kept.location)
    assert refused.status_code == 422
    assert "not one. Please write it." in refused.text


@pytest.mark.parametrize("role", ["guard", "installer"])
def test_guards_and_installers_write_and_approve_nothing(compound, role):
    assert compound.signed_in(role).get(f"{LIST}/new").status_code == 403


def test_the_desk_writes_down_a_no_and_gives_a_card_next(compound):
    person_id = compound.persons["保洁员"]
    manager = compound.signed_in("manager")
    path = f"/manage/people/{person_id}/face"
    answer = press(manager, f"{path}/no", path, answer="no")
    assert answer.status_code == 303
    assert "card" in answer.location
    about = select(AuditEntry.kind).where(AuditEntry.person_id == person_id).order_by(AuditEntry.seq)
    kinds = act_on(compound, lambda act: list(act.session.scalars(about)))
    assert kinds[-1] == "face_refused"
    assert act_on(compound, lambda act: list(act.session.scalars(select(Consent.consent_id)))) == []


def test_the_desk_writes_ages_and_guardians(compound):
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    manager = compound.signed_in("manager")
    path = f"/manage/people/{child}/face"
    until = (compound.clock() + timedelta(days=500)).date()
    press(manager, f"{path}/age", path, age_band="14_17", age_band_until=until.isoformat())
    press(manager, f"{path}/guardian", path, guardian_id=mother)
    assert "Not any more" in manager.get(path).text
    band = act_on(compound, lambda act: act.session.get_one(Person, child).age_band_until)
    assert band == until
    press(manager, f"{path}/guardian", path, gone=mother)
    assert "Not any more" not in manager.get(path).text


def test_the_office_asks_for_a_signature_and_both_guardians_and_the_policy_says_so(compound):
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    manager = compound.signed_in("manager")
    desk, policy = f"/manage/people/{child}/face", "/policy/biometrics"
    until = (compound.clock() + timedelta(days=500)).date()
    press(manager, f"{desk}/age", desk, age_band="14_17", age_band_until=until.isoformat())
    assert "is_only" not in manager.get(desk).text
    assert "A yes is signed" not in stranger(compound).get(policy).text
    press(manager, "/manage/privacy/consent", "/manage/privacy", written_release="y", both_guardians="y")
    page = manager.get("/manage/privacy").text
    assert page.count(" checked ") + page.count(" checked>") == 2
    shown = stranger(compound).get(policy).text
    assert "A yes is signed" in shown and "both guardians agree as well" in shown
    press(manager, f"{desk}/guardian", desk, guardian_id=mother, is_only="y")
    assert "The only guardian" in manager.get(desk).text
    press(manager, "/manage/privacy/consent", "/manage/privacy")
    assert "A yes is signed" not in stranger(compound).get(policy).text


def offer(compound):
    spec = LaneSpec("north-in", "北门进", "in", ("card", "pin", "qr", "face"))
    act_on(compound, lambda act: save_lane(act, "north", spec))


def stranger(compound, language="en"):
    client = compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = language
    return client


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
        "3.0 % of owners",
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


def test_time_alone_settles_ages_and_an_overdue_review(compound):
    offer(compound)
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    tomorrow = (compound.clock() + timedelta(days=1)).date()
    act_on(compound, lambda act: set_age_band(act, child, "14_17", tomorrow + timedelta(days=1)))
    consent = act_on(
        compound,
        lambda act: give_face_consent(act, child, 1, "zh", guardian_id=mother).consent_id,
        channel="gate",
        actor_id=child,
    )
    menjin = compound.app.extensions["menjin"]
    assert timers.settle_by_time(menjin, compound.clock()) == 0
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=3)) == 1
    assert act_on(compound, lambda act: act.session.get_one(Consent, consent).withdrawn_why) == "came_of_age"
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=4)) == 0
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=301)) == 1
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=301)) == 0


def test_a_changed_method_in_the_notice_shows_the_assessment_as_outdated(compound):
    texts = {"en": {**NOTICE_EN, "method": "Another method."}, "zh": NOTICE_ZH}
    act_on(compound, lambda act: publish_notice(act, FACE_PURPOSE, texts))
    page = compound.signed_in("manager").get(LIST).text
    assert "Outdated" in page
    assert "is not the one that was assessed" in page
    assert "Being reassessed" in stranger(compound).get("/policy/biometrics").text
