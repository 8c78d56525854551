"""The assessment of face: whole, approved by another account, and holding only for what it was about."""

from dataclasses import astuple, replace

import pytest

from gate_controller.face.engines.engines import OWN_ENGINES
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, LARGEST_HOME, fitness
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from tests.support.acting import NOTICE, add_lane
from tests.support.compounds.assessments import whole_text
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face import engine
from web_admin.face.actions import enable_face
from web_admin.face.assessments import (
    REQUIRED_TEXTS,
    approve_assessment,
    draft_assessment,
    return_assessment,
    submit_assessment,
)
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec

FACE_LANE = LaneSpec("north-in", "In", "in", ("card", "pin", "qr", "face"))


def author(act: Action, name: str = "author-1") -> Action:
    return replace(act, actor_id=name)


def submitted(act: Action) -> str:
    row = draft_assessment(author(act), None, whole_text(act, ("north-in",)))
    return submit_assessment(author(act), row.assessment_id).assessment_id


@pytest.mark.wide
@pytest.mark.parametrize("head", REQUIRED_TEXTS)
def test_an_assessment_without_one_of_its_heads_is_not_submitted(act: Action, head: str) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    text = whole_text(act, ("north-in",))
    row = draft_assessment(author(act), None, replace(text, texts={**text.texts, head: "  "}))
    with pytest.raises(ActionRefused) as refused:
        submit_assessment(author(act), row.assessment_id)
    assert refused.value.field == head


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lanes": ()}, "lanes"),
        ({"review_due": None}, "review_due"),
        ({"residual_risk": "high"}, "conclusion"),
        ({"conclusion": "go_with_conditions"}, "conditions"),
    ],
)
def test_an_assessment_that_contradicts_itself_is_not_submitted(
    act: Action, change: dict[str, object], field: str
) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    row = draft_assessment(author(act), None, replace(whole_text(act, ("north-in",)), **change))  # type: ignore[arg-type]
    with pytest.raises(ActionRefused) as refused:
        submit_assessment(author(act), row.assessment_id)
    assert refused.value.field == field


def test_a_lane_with_the_card_alone_beside_face_cannot_be_assessed_as_fit(act: Action) -> None:
    add_lane(act, methods=("card",))
    publish_notice(act, FACE_PURPOSE, NOTICE)
    row = draft_assessment(author(act), None, whole_text(act, ("north-in",)))
    with pytest.raises(ActionRefused, match="one more way"):
        submit_assessment(author(act), row.assessment_id)


def test_no_author_approves_their_own_assessment(act: Action) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    draft = draft_assessment(author(act), None, whole_text(act, ("north-in",)))
    draft_assessment(author(act, "author-2"), draft.assessment_id, whole_text(act, ("north-in",)))
    submit_assessment(author(act), draft.assessment_id)
    for name in ("author-1", "author-2"):
        with pytest.raises(ActionRefused, match="than its author"):
            approve_assessment(author(act, name), draft.assessment_id)
    assert approve_assessment(author(act, "approver-1"), draft.assessment_id).state == "approved"


def test_face_is_neither_enabled_nor_offered_without_an_approved_assessment(act: Action) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    with pytest.raises(ActionRefused, match="assessment"):
        enable_face(act)
    waiting = submitted(act)
    with pytest.raises(ActionRefused, match="assessment"):
        enable_face(act)
    approve_assessment(author(act, "approver-1"), waiting)
    enable_face(act)
    add_lane(act, "south")
    with pytest.raises(ActionRefused, match="does not name this lane"):
        save_lane(act, "south", replace(FACE_LANE, lane_id="south-in"))
    save_lane(act, "north", FACE_LANE)


def test_an_approved_or_submitted_assessment_is_never_changed(act: Action) -> None:
    add_lane(act)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    waiting = submitted(act)
    with pytest.raises(ActionRefused, match="draft"):
        draft_assessment(author(act), waiting, whole_text(act, ("north-in",)))
    return_assessment(author(act, "approver-1"), waiting)
    draft_assessment(author(act), waiting, whole_text(act, ("north-in",)))


def test_the_figures_that_the_server_publishes_are_those_of_the_engine() -> None:
    card = YUNET_SFACE_CARD
    assert card.name == engine.FACE_ENGINE
    assert card.measured_on == engine.MEASURED_ON
    assert card.worst_group_factor == engine.WORST_GROUP_FACTOR
    assert OWN_ENGINES[engine.NAME_IN_SITE_FILES].card is card
    for searched, (rate, published) in zip(
        (BESIDE_ANOTHER_WAY, LARGEST_HOME), engine.MEASURED.items(), strict=True
    ):
        points = {looks: fitness(card, searched, looks).point for looks in (1, *card.curves_of_looks)}
        assert {point.false_match_rate for point in points.values()} == {rate}
        assert [
            (looks, point.min_face_similarity, point.missed_by_person) for looks, point in points.items()
        ] == [astuple(one) for one in published]
    assert fitness(card).templates_alone == engine.ALONE_AT_MOST
