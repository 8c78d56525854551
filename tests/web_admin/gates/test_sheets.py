"""A lane is published only with a sheet that keeps every rule; a draft may be as it is."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.lane_sheet import SHEET_RULES, Finding, LaneSheet
from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    add_live_lane,
    audit_kinds,
    gate_view,
    household,
    offer_face,
    pair,
    show_card,
)
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action, publish
from web_admin.compound.models import Lane
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.face.actions import enable_face, give_face_consent
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.orders import order_open
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import lane_status
from web_admin.gates.sheet_texts import SENTENCES, finding_text
from web_admin.gates.sheets import SheetRefused, findings_about, save_draft, save_sheet, sheets_of, site_today

pytestmark = pytest.mark.publishing

OUT = LaneSpec("north-out", "Out", "out", ("card",))
TRAP = msgspec.structs.replace(WHOLE_SHEET, free_exit="none", fire_release="none")
NO_CAMERA = msgspec.structs.replace(
    WHOLE_SHEET, camera_location=None, camera_view="", camera_sign_photo="", camera_sign_date=None
)


def new_lane(act: Action) -> str:
    add_gate(act, "north", "North")
    save_lane(act, "north", LaneSpec("north-in", "In", "in", ("card", "pin", "qr")))
    pair(act, "north")
    return "north-in"


def row_of(act: Action, lane_id: str = "north-in") -> LaneSheetRow:
    return act.session.get_one(LaneSheetRow, lane_id)


def test_a_new_lane_opens_to_no_person_before_its_sheet_is_live(act: Action) -> None:
    new_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    assert gate_view(act).policy.lanes == {}
    assert show_card(act, 77).reason is Reason.UNKNOWN_LANE
    save_sheet(act, "north-in", WHOLE_SHEET)
    assert show_card(act, 77).opens
    assert audit_kinds(act)[-1] == "lane_sheet_live"
    assert (row_of(act).live_author_id, row_of(act).live_at) == ("manager-1", act.now)


def test_an_escape_route_without_free_exit_does_not_go_live_and_every_rule_is_named(act: Action) -> None:
    new_lane(act)
    with pytest.raises(SheetRefused) as refused:
        save_sheet(act, "north-in", TRAP)
    assert [(finding.key, finding.rule) for finding in refused.value.findings] == [
        ("free_exit", "P2"),
        ("fire_release", "P1"),
        ("fails", "P5"),
    ]
    assert refused.value.field == "free_exit"
    assert str(refused.value) == SHEET_RULES["escape_no_free_exit"].sentence
    assert gate_view(act).policy.lanes == {}


def test_a_draft_may_break_every_rule_and_changes_nothing(act: Action) -> None:
    new_lane(act)
    save_draft(act, "north-in", LaneSheet())
    assert sheets_of(row_of(act)) == (None, LaneSheet())
    assert gate_view(act).policy.lanes == {}
    save_sheet(act, "north-in", WHOLE_SHEET)
    save_draft(act, "north-in", TRAP)
    assert sheets_of(row_of(act)) == (WHOLE_SHEET, TRAP)
    assert lane_status(row_of(act)).is_live
    save_sheet(act, "north-in", NO_CAMERA)
    assert sheets_of(row_of(act)) == (NO_CAMERA, None)


def test_a_live_sheet_cannot_be_changed_into_one_that_breaks_a_rule(act: Action) -> None:
    add_lane(act)
    with pytest.raises(SheetRefused):
        save_sheet(act, "north-in", TRAP)
    assert sheets_of(row_of(act)) == (WHOLE_SHEET, None)
    assert "north-in" in gate_view(act).policy.lanes


def test_time_alone_warns_and_takes_no_lane_down(act: Action) -> None:
    add_lane(act)
    lane = act.session.get_one(Lane, "north-in")
    assert findings_about(act.session, lane, WHOLE_SHEET, site_today(act)) == ()
    years_later = replace(act, now=act.now + timedelta(days=900))
    add_gate(years_later, "south", "South")
    findings = findings_about(act.session, lane, WHOLE_SHEET, site_today(years_later))
    assert [(finding.code, finding.must) for finding in findings] == [("drill_old", False)]
    assert lane_status(row_of(act)).is_live
    assert "north-in" in gate_view(years_later).policy.lanes


def test_face_is_offered_only_where_a_live_sheet_describes_the_camera(act: Action) -> None:
    add_lane(act)
    save_sheet(act, "north-in", NO_CAMERA)
    with pytest.raises(ActionRefused, match="Face needs a camera"):
        offer_face(act)
    save_sheet(act, "north-in", WHOLE_SHEET)
    enable_face(act)
    save_lane(act, "north", LaneSpec("north-in", "In", "in", ("card", "pin", "qr", "face")))
    assert Method.FACE in gate_view(act).policy.lanes["north-in"].methods
    with pytest.raises(SheetRefused) as refused:
        save_sheet(act, "north-in", NO_CAMERA)
    assert {finding.rule for finding in refused.value.findings} == {"B9"}


def inherit(act: Action) -> None:
    """Mark a lane as one that is older than lane sheets."""
    row = row_of(act)
    row.live, row.live_at, row.inherited = None, None, True
    act.session.flush()


def test_a_lane_from_before_stays_live_without_face_until_a_sheet_passes(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(replace(act, actor_id=person.person_id, channel="phone"), person.person_id, 1, "zh")
    assert person.person_id in gate_view(act).face_roster
    inherit(act)
    add_gate(act, "south", "South")
    issue_card(act, person.person_id, 78)
    publish(act)
    view = gate_view(act)
    assert view.policy.lanes["north-in"].methods == (Method.CARD, Method.PIN, Method.QR)
    assert person.person_id not in view.face_roster
    assert show_card(act, 77).opens
    save_sheet(act, "north-in", WHOLE_SHEET)
    assert Method.FACE in gate_view(act).policy.lanes["north-in"].methods
    assert person.person_id in gate_view(act).face_roster
    assert not row_of(act).inherited


def test_a_sheet_that_a_newer_rule_refuses_is_not_published(act: Action) -> None:
    add_lane(act)
    row_of(act).live = msgspec.to_builtins(TRAP)
    act.session.flush()
    status = lane_status(row_of(act))
    assert (status.word, [f.rule for f in status.broken]) == ("broken", ["P2", "P1", "P5"])
    add_gate(act, "south", "South")
    publish(act)
    assert gate_view(act).policy.lanes == {}


def test_no_lane_waits_for_one_that_is_not_live_nor_counts_on_it(act: Action) -> None:
    add_lane(act)
    save_lane(act, "north", replace(OUT, antipassback="soft"))
    waiting = LaneSpec("north-in", "In", "in", ("card",), interlock_with=("north-out",), antipassback="hard")
    save_lane(act, "north", waiting)
    published = gate_view(act).policy.lanes["north-in"]
    assert (published.interlock_with, published.antipassback) == ((), "soft")
    save_sheet(act, "north-out", WHOLE_SHEET)
    published = gate_view(act).policy.lanes["north-in"]
    assert (published.interlock_with, published.antipassback) == (("north-out",), "hard")


def test_a_gate_without_a_wide_lane_is_reported(act: Action) -> None:
    add_lane(act)
    narrow = msgspec.structs.replace(WHOLE_SHEET, is_accessible_lane=False)
    lane = act.session.get_one(Lane, "north-in")
    codes = [f.code for f in findings_about(act.session, lane, narrow, site_today(act))]
    assert codes == ["no_accessible_lane"]
    add_live_lane(act, "north", LaneSpec("north-side", "Side", "in", ("card", "pin")))
    assert findings_about(act.session, lane, narrow, site_today(act)) == ()
    side = act.session.scalars(select(Lane).where(Lane.lane_id == "north-side")).one()
    [lacks] = findings_about(act.session, side, WHOLE_SHEET, site_today(act))
    assert str(finding_text(lacks)).endswith("Missing: QR code.")


def test_a_lane_that_is_not_live_is_not_ordered_open(act: Action) -> None:
    new_lane(act)
    with pytest.raises(ActionRefused, match="not live"):
        order_open(act, "north-in", "a visitor")
    save_sheet(act, "north-in", WHOLE_SHEET)
    assert order_open(act, "north-in", "a visitor").lane_id == "north-in"


def test_every_sentence_is_the_gates_own_word_for_word() -> None:
    assert {code: str(sentence) for code, sentence in SENTENCES.items()} == {
        code: rule.sentence for code, rule in SHEET_RULES.items()
    }
    numbers = {"height": 1, "limit": 2, "width": 3, "days": 4, "said": "a", "known": "b", "methods": "qr"}
    for code in SHEET_RULES:
        finding = Finding(code, False, numbers)
        sentence = finding.text.removesuffix(f" (rule {finding.rule})")
        assert str(finding_text(finding)) == sentence.replace("Missing: qr.", "Missing: QR code.")


def test_a_lane_of_another_site_has_no_sheet_here(act: Action) -> None:
    with pytest.raises(ActionRefused, match="not known here"):
        save_sheet(act, "nowhere", WHOLE_SHEET)
