"""Why a gate stayed shut is answered with the gate's own reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    household,
)
from web_admin.action.base import Action
from web_admin.credentials.cards import issue_card
from web_admin.events.why_refused import NothingPublished, why_refused
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.people.actions import set_grants

SPEC = LaneSpec("north-in", "In", "in", ("card", "pin", "qr"))


@pytest.mark.publishing
def test_why_refused_gives_the_gates_own_reason(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    card = issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(days=1))

    def why(method: Method, days: int = 0) -> Reason:
        at = act.now + timedelta(days=days)
        return why_refused(act.session, person.person_id, "north-in", method, at)

    assert (why(Method.CARD), why(Method.CARD, 2)) == (Reason.GRANTED, Reason.EXPIRED)
    assert (why(Method.PIN), why(Method.FACE)) == (Reason.CREDENTIAL_UNKNOWN, Reason.METHOD_NOT_OFFERED)
    set_grants(replace(act, because="asked"), person.person_id, [])
    assert not [reason for reason in [why(Method.CARD)] if reason is Reason.GRANTED]
    assert card.state == "active"
    add_gate(act, "east", "East")
    save_lane(act, "east", replace(SPEC, lane_id="east-in"))
    with pytest.raises(NothingPublished):
        why_refused(act.session, person.person_id, "east-in", Method.CARD, act.now)
