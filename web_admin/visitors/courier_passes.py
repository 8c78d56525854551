"""Give a courier who scanned a gate's sign a pass for one opening there, where the home said so before.

The pass opens at the gate's own scanner, so that no one opens from afar. It is the pass of the adult who
chose so, and may do no more than they. What is not given looks the same for every home and every number.
"""

from datetime import timedelta

from flask_babel import force_locale, gettext
from sqlalchemy import select

from gate_controller.contract.calls import CallEnd, CallFor
from gate_controller.contract.records import Method
from web_admin.action.base import Action, begin, new_id
from web_admin.calls.couriers import lets_in
from web_admin.calls.live import OVER
from web_admin.calls.models import HomeCall
from web_admin.calls.reach import as_rules, wishes_of
from web_admin.calls.reports import home_called
from web_admin.calls.rules import is_wanted
from web_admin.compound.models import Gate, Lane, Person
from web_admin.core.refusal import ActionRefused
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow

LASTS = timedelta(minutes=30)


def pass_for_courier(act: Action, gate: Gate, typed: str) -> VisitorPassRow | None:
    """Return a pass for one opening at a gate within half an hour; None where the home has to be asked."""
    site = begin(act)
    home_id = None if site.restoring else home_called(act.session, site.site_id, typed)
    wishes = wishes_of(act.session, home_id) if home_id is not None else None
    if wishes is None or not is_wanted(as_rules(wishes), gate.gate_id, act.now):
        return None
    lanes = _lanes_with_scanner(act, gate)
    hosts = ((lane, lets_in(act.session, site, wishes, gate.gate_id, lane, act.now)) for lane in lanes)
    lane_id, host_id = next(((lane, host) for lane, host in hosts if host is not None), ("", None))
    if host_id is None:
        return None
    try:
        row = issue_pass(
            act,
            issuer_person_id=host_id,
            label=_label(act, host_id),
            gate_numbers=(gate.number,),
            valid_from=act.now,
            valid_until=act.now + LASTS,
            uses=1,
        )
    except ActionRefused:  # their rights do not reach so far: the home is asked, as any other
        return None
    act.session.add(_noted(act, gate, lane_id, wishes.home_id, host_id))
    return row


def _lanes_with_scanner(act: Action, gate: Gate) -> list[str]:
    lanes = act.session.scalars(
        select(Lane).where(Lane.gate_id == gate.gate_id, Lane.direction == "in").order_by(Lane.lane_id)
    )
    return [lane.lane_id for lane in lanes if Method.QR in lane.methods]


def _label(act: Action, host_id: str) -> str:
    host = act.session.get(Person, host_id)
    with force_locale(host.language if host is not None and host.language else "en"):
        return str(gettext("Courier"))


def _noted(act: Action, gate: Gate, lane_id: str, home_id: str, host_id: str) -> HomeCall:
    """Return the row by which the home sees it, and the next courier within half an hour has to ask."""
    return HomeCall(
        call_id=new_id(),
        site_id=act.site_id,
        gate_id=gate.gate_id,
        lane_id=lane_id,
        home_id=home_id,
        purpose=CallFor.COURIER,
        stage=OVER,
        end=CallEnd.PASS_GIVEN,
        to_guard=False,
        plan=[],
        started_at=act.now,
        answered_at=act.now,
        answered_by=host_id,
        ends_at=act.now,
        ended_at=act.now,
        has_telephone=False,
        sealing_public_key=b"",
        order_person_id=host_id,
        order_at=act.now,
    )
