"""The pages around assessments, what the desk may write down, and the public policy on faces."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.assessments import WHOLE_TEXTS
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from tests.web_admin.manage.assessment_pages import act_on, press, stranger
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.models import AssessmentRow
from web_admin.face.notices import publish_notice

LIST = "/manage/privacy/assessments"


@pytest.mark.wide
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
    assert "than its author" in refused.text
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


def test_a_changed_method_in_the_notice_shows_the_assessment_as_outdated(compound):
    texts = {"en": {**NOTICE_EN, "method": "Another method."}, "zh": NOTICE_ZH}
    act_on(compound, lambda act: publish_notice(act, FACE_PURPOSE, texts))
    page = compound.signed_in("manager").get(LIST).text
    assert "Outdated" in page
    assert "is not the one that was assessed" in page
    assert "Being reassessed" in stranger(compound).get("/policy/biometrics").text
