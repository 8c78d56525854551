"""Orders to gates: postures for a while, one opening, a new controller."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.records import Posture
from web_admin.action.base import NO_GATE, Action, begin, checked_text, finish, new_id, publish, record_many
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import gate_of, lane_of
from web_admin.action.suspension_reasons import OF_SHARED, SuspensionReason
from web_admin.compound.models import Gate, Lane
from web_admin.compound.policy_models import OrderRow
from web_admin.core.refusal import ActionRefused
from web_admin.core.wake_ups import wake_after_commit
from web_admin.face.endings import forget_gate
from web_admin.gates import pairing
from web_admin.gates.actions import fit_shares
from web_admin.gates.models import PairAttempt
from web_admin.gates.names import free_name
from web_admin.gates.schedules import check_may_be_held
from web_admin.gates.sheet_status import lane_status, sheet_row
from web_admin.journal.ledger import NewEntry

MAX_OVERRIDE_DAYS = 30
MAX_HELD_OPEN_HOURS = 24
EMERGENCY_LASTS = timedelta(days=3)
"""An order for longer is no emergency: where it keeps residents out, it needs a reason of the list."""
ORDER_VALID_SECONDS = 10
GATE_MARKED = "gate_marked"
STAFF_CHANNELS = ("manager", "desk", "system")


# -- postures --------------------------------------------------------------------------------------


def set_override(act: Action, lane_id: str, posture: str, reason: str, until: datetime) -> None:
    """Put a lane into another posture until an end, for a reason that everyone can read later."""
    begin(act)
    _staff_only(act)
    lane = lane_of(act, lane_id)
    with _kept_in(act, "posture_set", until):
        _override(act, lane, posture, checked_text("reason", reason), until)
        finish(
            act,
            "posture_set",
            {"lane_id": lane_id, "posture": posture, "until": until.isoformat()},
            personal={"reason": reason.strip()},
            touches=(),
            gates=(lane.gate_id,),
        )


def _kept_in(act: Action, kind: str, until: datetime) -> AbstractContextManager[None]:
    """Return what asks an order for many days whom it keeps out; a short one waits for nothing."""
    is_short = until <= act.now + EMERGENCY_LASTS
    return kept_in(act, kind, () if is_short else None, OF_SHARED)


def clear_override(act: Action, lane_id: str) -> None:
    """Give a lane back its usual posture before the override ends."""
    begin(act)
    _staff_only(act)
    lane = lane_of(act, lane_id)
    _end_override(lane)
    finish(act, "posture_cleared", {"lane_id": lane_id}, touches=(), gates=(lane.gate_id,))


def lockdown_site(act: Action, reason: str, until: datetime) -> list[str]:
    """Lock down every lane that leads in and return their ids; lanes out stay as they are."""
    begin(act)
    _staff_only(act)
    text = checked_text("reason", reason)
    lanes = act.session.scalars(
        select(Lane)
        .join(Gate)
        .where(Gate.site_id == act.site_id, Gate.state != "retired", Lane.direction == "in")
        .order_by(Lane.lane_id)
    ).all()
    with _kept_in(act, "site_locked_down", until):
        for lane in lanes:
            _override(act, lane, Posture.LOCKDOWN, text, until)
        finish(
            act,
            "site_locked_down",
            {"lanes": len(lanes), "until": until.isoformat()},
            personal={"reason": text},
            touches=(),
        )
    return [lane.lane_id for lane in lanes]


def unlock_site(act: Action) -> None:
    """Give every lane that is locked down its usual posture back; all are published together."""
    begin(act)
    _staff_only(act)
    locked = act.session.scalars(
        select(Lane)
        .join(Gate)
        .where(Gate.site_id == act.site_id, Lane.override_posture == "lockdown")
        .order_by(Lane.lane_id)
    ).all()
    if not locked:
        return
    for lane in locked:
        _end_override(lane)
    record_many(act, [NewEntry("posture_cleared", {"lane_id": lane.lane_id}) for lane in locked])
    if act.publishes:
        publish(act, (), sorted({lane.gate_id for lane in locked}))


def _end_override(lane: Lane) -> None:
    lane.override_posture = lane.override_author_id = lane.override_reason = lane.override_until = None


def _override(act: Action, lane: Lane, posture: str, reason: str, until: datetime) -> None:
    if posture not in set(Posture):
        raise ActionRefused("posture", _("Choose normal, locked down, held open or out of use."))
    if until <= act.now:
        raise ActionRefused("until", _("This end is in the past. Choose a later one."))
    if until > act.now + timedelta(days=MAX_OVERRIDE_DAYS):
        raise ActionRefused("until", _("Choose an end within the next 30 days; for longer, change the lane."))
    if posture == Posture.HELD_OPEN and until > act.now + timedelta(hours=MAX_HELD_OPEN_HOURS):
        raise ActionRefused("until", _("A lane is held open for 24 hours at most."))
    check_may_be_held(act, lane.lane_id, (posture,))
    lane.override_posture, lane.override_reason, lane.override_until = str(posture), reason, until
    lane.override_author_id = act.actor_id


def order_open(act: Action, lane_id: str, reason: str) -> OrderRow:
    """Order a lane to open once within the next ten seconds; the gate's own rules still decide."""
    begin(act)
    _staff_only(act)
    lane = lane_of(act, lane_id)
    text = checked_text("reason", reason)
    if lane.gate.state != "paired":
        raise ActionRefused("lane", _("This gate has no controller yet: pair one first."))
    if not lane_status(sheet_row(act.session, lane_id)).is_live:
        raise ActionRefused(
            "lane",
            _("This lane is not live, so its gate refuses everyone there. Its lane sheet comes first."),
        )
    order = OrderRow(
        order_id=new_id(),
        gate_id=lane.gate_id,
        lane_id=lane_id,
        issued_at=act.now,
        valid_seconds=ORDER_VALID_SECONDS,
        author_id=act.actor_id,
        reason=text,
    )
    act.session.add(order)
    wake_after_commit(act.session, act.site_id, (lane.gate_id,))
    finish(
        act,
        "open_ordered",
        {"order_id": order.order_id, "lane_id": lane_id},
        personal={"reason": text},
        gates=NO_GATE,
    )
    return order


# -- pairing ---------------------------------------------------------------------------------------


def make_pair_code(act: Action, gate_id: str, *, lifetime: timedelta = pairing.CODE_LIFETIME) -> str:
    """Return a one-time code that an installer types at the controller within 15 minutes.

    One that is written on a card for a first start may live for days: it is good for one controller, and
    for that only after a person has compared the characters.
    """
    begin(act)
    _staff_only(act)
    gate = gate_of(act, gate_id)
    if gate.state == "stolen":
        raise ActionRefused("gate", _("This gate was reported stolen. Add a new gate for a new controller."))
    free_name(act, "gate", gate.name, gate_id)  # of one out of use it may be another's by now
    code = pairing.make_code(act.session, act.sealer, gate, act.now, lifetime)
    finish(act, "pair_code_made", {"gate_id": gate_id}, gates=NO_GATE)
    return code


def approve_pairing(act: Action, pair_id: str) -> Gate:
    """Accept the controller whose screen shows the same characters; it gets keys of its own."""
    begin(act)
    _staff_only(act)
    attempt = _attempt(act, pair_id)
    gate = gate_of(act, attempt.gate_id)
    free_name(act, "gate", gate.name, gate.gate_id)
    # A face stays in the controller that took it: what an earlier one kept is worth nothing from now.
    forget_gate(act, gate, "gate_replaced")
    try:
        gate = pairing.approve(act.session, act.sealer, pair_id, act.now)
    except pairing.PairingRefused as err:
        raise ActionRefused(
            "pairing", _("No controller is waiting with this code any more. Make a new code and start again.")
        ) from err
    fit_shares(act, gate)
    finish(act, "gate_paired", {"gate_id": gate.gate_id, "pair_id": pair_id}, gates=(gate.gate_id,))
    return gate


def refuse_pairing(act: Action, pair_id: str) -> None:
    """Reject a controller whose characters differ, or that is unexpected."""
    begin(act)
    _staff_only(act)
    attempt = _attempt(act, pair_id)
    try:
        pairing.refuse(act.session, pair_id)
    except pairing.PairingRefused as err:
        raise ActionRefused("pairing", _("No controller is waiting with this code any more.")) from err
    finish(act, "pairing_refused", {"gate_id": attempt.gate_id, "pair_id": pair_id}, gates=NO_GATE)


def mark_gate(act: Action, gate_id: str, state: str) -> None:
    """Mark a gate as retired or stolen: no lease any more, no pairing, its face shares are destroyed.

    A stolen one cannot wait for what that takes from residents: `operations/stolen_gates.py` counts it after.
    """
    begin(act)
    _staff_only(act)
    gate = gate_of(act, gate_id)
    if state not in ("retired", "stolen"):
        raise ActionRefused("state", _("A gate is marked as retired or as stolen."))
    # That it keeps people out is noted, and asked of no one first.
    concerned = () if state == "stolen" else None
    with kept_in(act, GATE_MARKED, concerned, OF_SHARED, why=SuspensionReason.WORKS):
        gate.state = state
        pairing.end_attempts(act.session, gate)
        forget_gate(act, gate, f"gate_{state}")
        finish(act, GATE_MARKED, {"gate_id": gate_id, "state": state}, gates=(gate_id,))


def _attempt(act: Action, pair_id: str) -> PairAttempt:
    attempt = act.session.get(PairAttempt, pair_id)
    if attempt is None:
        raise ActionRefused("pairing", _("No controller is waiting with this code any more."))
    gate_of(act, attempt.gate_id)
    return attempt


def _staff_only(act: Action) -> None:
    if act.channel not in STAFF_CHANNELS:
        raise ActionRefused(None, _("This is for the property office and the guards."))
