"""Whether an assessment still holds: superseded, of another notice, ended, or for stopping."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.contract.records import Method
from tests.support.acting import NOTICE, add_lane, by_phone, gate_view, household, offer_face, show_card
from tests.support.compounds.assessments import assess, whole_text
from web_admin.action.base import Action, publish
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import enable_face, give_face_consent
from web_admin.face.assessment_status import assessment_status
from web_admin.face.assessments import (
    approve_assessment,
    draft_assessment,
    retained_until,
    submit_assessment,
)
from web_admin.face.notices import publish_notice


def author(act: Action, name: str = "author-1") -> Action:
    return replace(act, actor_id=name)


def test_a_newer_assessment_supersedes_and_the_older_is_kept_for_three_years(act: Action) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    first, second = assess(act), assess(act)
    assert (first.state, second.state, second.number) == ("superseded", "approved", 2)
    kept = retained_until(first)
    assert kept is not None
    assert kept >= (act.now + timedelta(days=3 * 365)).date()


def changed_method(act: Action) -> Action:
    texts = {language: {**NOTICE[language], "method": "another way of matching"} for language in NOTICE}
    publish_notice(act, FACE_PURPOSE, texts)
    return act


def review_overdue(act: Action) -> Action:
    later = replace(act, now=act.now + timedelta(days=301))
    publish(later)
    return later


def engine_changed(act: Action) -> Action:
    status = assessment_status(act.session, act.site_id, act.now)
    assert status.row is not None
    status.row.engine = "an-older-engine"
    publish(act)
    return act


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("ending", [changed_method, review_overdue, engine_changed])
def test_when_the_assessment_ends_its_lanes_drop_face_and_nothing_else(act: Action, ending) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    assert Method.FACE in gate_view(act).policy.lanes["north-in"].methods
    before = show_card(act, 77)
    later = ending(act)
    assert gate_view(later).policy.lanes["north-in"].methods == (Method.CARD, Method.PIN, Method.QR)
    assert gate_view(later).face_offers == {}
    assert show_card(later, 77) == before
    with pytest.raises(ActionRefused, match="reassessed"):
        give_face_consent(by_phone(later, person.person_id), person.person_id, 2, "zh")
    assess(later)
    assert Method.FACE in gate_view(later).policy.lanes["north-in"].methods


def test_a_notice_that_says_the_same_purpose_and_method_needs_no_new_assessment(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    publish_notice(act, FACE_PURPOSE, {k: {**NOTICE[k], "retention": "shorter"} for k in NOTICE})
    assert assessment_status(act.session, act.site_id, act.now).holds


def test_an_assessment_that_concludes_to_stop_offers_nothing(act: Action) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    text = replace(whole_text(act, ("north-in",)), conclusion="stop", residual_risk="high")
    row = draft_assessment(author(act), None, text)
    submit_assessment(author(act), row.assessment_id)
    approve_assessment(author(act, "approver-1"), row.assessment_id)
    with pytest.raises(ActionRefused, match="not to be used"):
        enable_face(act)
