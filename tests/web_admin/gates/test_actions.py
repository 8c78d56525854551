"""Gates, lanes, hours, postures and orders as the forms give them."""

from dataclasses import replace

import pytest

from gate_controller.contract.records import Method
from tests.support.acting import (
    add_lane,
    by_phone,
    gate_view,
    household,
    offer_face,
    pair,
    show_card,
)
from tests.support.compounds.assessments import assess
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.face.actions import disable_face, face_state, give_face_consent
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.orders import (
    mark_gate,
)
from web_admin.gates.rules import LaneSpec

SPEC = LaneSpec("north-in", "In", "in", ("card", "pin", "qr"))


def test_gate_numbers_grow_and_short_names_are_unique_slugs(act: Action) -> None:
    assert [add_gate(act, name, name).number for name in ("north", "south-2")] == [1, 2]
    for taken_or_wrong in ("north", "North", "north gate", "", "n" * 41):
        with pytest.raises(ActionRefused) as refused:
            add_gate(act, taken_or_wrong, "x")
        assert refused.value.field == "gate_id"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"direction": "up"}, "direction"),
        ({"pulse_seconds": 0.1}, "pulse_seconds"),
        ({"pulse_seconds": float("nan")}, "pulse_seconds"),
        ({"slow_pulse_seconds": 121.0}, "slow_pulse_seconds"),
        ({"slow_pulse_seconds": 1.0}, "slow_pulse_seconds"),
        ({"methods": ("card", "iris")}, "methods"),
        ({"method_hours": {"face": "x"}}, "methods"),
        ({"method_hours": {"pin": "missing"}}, "hours"),
        ({"posture": "ajar"}, "posture"),
        ({"methods": ("card", "pin", "face")}, "methods"),
        ({"name": " "}, "name"),
    ],
)
def test_a_lane_that_breaks_a_rule_is_refused_beside_its_field(
    act: Action, change: dict[str, object], field: str
) -> None:
    add_gate(act, "north", "North")
    with pytest.raises(ActionRefused) as refused:
        save_lane(act, "north", replace(SPEC, **change))  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.wide
@pytest.mark.publishing
def test_a_face_lane_a_new_controller_and_a_stolen_gate_change_the_shares(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    add_lane(act, "south")
    assert face_state(act.session, person.person_id).gate_ids == ("north",)
    assess(act)
    save_lane(act, "south", LaneSpec("south-in", "In", "in", ("card", "pin", "qr", "face")))
    assert face_state(act.session, person.person_id).gate_ids == ("north", "south")
    save_lane(act, "south", LaneSpec("south-in", "In", "in", ("card", "pin", "qr")))
    assert face_state(act.session, person.person_id).gate_ids == ("north",)
    pair(act, "north")
    assert face_state(act.session, person.person_id).gate_ids == ("north",)
    mark_gate(act, "north", "stolen")
    assert face_state(act.session, person.person_id).gate_ids == ()
    assert not gate_view(act).policy.persons


@pytest.mark.wide
@pytest.mark.publishing
def test_switching_face_off_takes_it_from_every_lane_and_person(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    disable_face(act)
    assert Method.FACE not in gate_view(act).policy.lanes["north-in"].methods
    assert (person.methods, face_state(act.session, person.person_id).state) == (["card"], "not_offered")
    assert show_card(act, 77).opens
