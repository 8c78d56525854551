"""A lane is by its sheet live, without face, reported or not published."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from gate_controller.contract.records import Method
from tests.support.acting import (
    add_lane,
    gate_view,
    household,
    offer_face,
    show_card,
)
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.web_admin.gates.sheet_rows import NO_CAMERA, TRAP, row_of
from web_admin.action.base import Action, publish
from web_admin.compound.models import Lane
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.face.actions import enable_face, give_face_consent
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheet_status import lane_status
from web_admin.gates.sheets import SheetRefused, findings_about, save_sheet

pytestmark = pytest.mark.publishing

OUT = LaneSpec("north-out", "Out", "out", ("card",))


def test_time_alone_warns_and_takes_no_lane_down(act: Action) -> None:
    add_lane(act)
    lane = act.session.get_one(Lane, "north-in")
    assert findings_about(act.session, lane, WHOLE_SHEET, act.now.date()) == ()
    years_later = replace(act, now=act.now + timedelta(days=900))
    add_gate(years_later, "south", "South")
    findings = findings_about(act.session, lane, WHOLE_SHEET, years_later.now.date())
    assert [(finding.code, finding.must) for finding in findings] == [("drill_old", False)]
    assert lane_status(row_of(act)).is_live
    assert "north-in" in gate_view(years_later).policy.lanes


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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
