"""Sheets of lanes, signed and in words."""

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.lane_sheet import SHEET_RULES, Finding, LaneSheet
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    add_live_lane,
    audit_kinds,
    gate_view,
    household,
    pair,
    show_card,
)
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.web_admin.gates.sheet_rows import NO_CAMERA, TRAP, row_of
from web_admin.action.base import Action
from web_admin.compound.models import Lane
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.orders import order_open
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheet_status import lane_status
from web_admin.gates.sheet_texts import SENTENCES, finding_text
from web_admin.gates.sheets import SheetRefused, findings_about, save_draft, save_sheet, sheets_of

pytestmark = pytest.mark.publishing


def new_lane(act: Action) -> str:
    add_gate(act, "north", "North")
    save_lane(act, "north", LaneSpec("north-in", "In", "in", ("card", "pin", "qr")))
    pair(act, "north")
    return "north-in"


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


def test_a_gate_without_a_wide_lane_is_reported(act: Action) -> None:
    add_lane(act)
    narrow = msgspec.structs.replace(WHOLE_SHEET, is_accessible_lane=False)
    lane = act.session.get_one(Lane, "north-in")
    codes = [f.code for f in findings_about(act.session, lane, narrow, act.now.date())]
    assert codes == ["no_accessible_lane"]
    add_live_lane(act, "north", LaneSpec("north-side", "Side", "in", ("card", "pin")))
    assert findings_about(act.session, lane, narrow, act.now.date()) == ()
    side = act.session.scalars(select(Lane).where(Lane.lane_id == "north-side")).one()
    [lacks] = findings_about(act.session, side, WHOLE_SHEET, act.now.date())
    assert str(finding_text(lacks)).endswith("Missing: QR code.")


def test_a_lane_that_is_not_live_is_not_ordered_open(act: Action) -> None:
    new_lane(act)
    with pytest.raises(ActionRefused, match="not live"):
        order_open(act, "north-in", "a visitor")
    save_sheet(act, "north-in", WHOLE_SHEET)
    assert order_open(act, "north-in", "a visitor").lane_id == "north-in"


def test_a_lane_of_another_site_has_no_sheet_here(act: Action) -> None:
    with pytest.raises(ActionRefused, match="no such"):
        save_sheet(act, "nowhere", WHOLE_SHEET)


def test_every_sentence_is_the_gates_own_word_for_word() -> None:
    assert {code: str(sentence) for code, sentence in SENTENCES.items()} == {
        code: rule.sentence for code, rule in SHEET_RULES.items()
    }
    numbers = {"height": 1, "limit": 2, "width": 3, "days": 4, "said": "a", "known": "b", "methods": "qr"}
    for code in SHEET_RULES:
        finding = Finding(code, False, numbers)
        sentence = finding.text.removesuffix(f" (rule {finding.rule})")
        assert str(finding_text(finding)) == sentence.replace("Missing: qr.", "Missing: QR code.")
