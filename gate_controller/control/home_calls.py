"""Carry out calls to homes: report them, dial the home's telephones, decide who opens, and show all that.

    a key of a telephone ─┐
    an order, checked ────┴─> home_call.py ──> identify ──> Presentations (decide, record, release)

The number of a home's telephone is here until it is dialled, and nowhere afterwards.
"""

import contextlib
import secrets
import sqlite3

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.calls import (
    CallFor,
    CallLeg,
    CallReport,
    CallState,
    CallStep,
    SignedCallOrder,
    open_call_order,
    open_legs,
)
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import typed_number
from gate_controller.contract.sealed_keys import KeyNotOpened
from gate_controller.control.guard_calls import GuardCalls
from gate_controller.control.parts import GateParts, GateState
from gate_controller.control.presentations import Presentations
from gate_controller.control.remote_orders import check_order
from gate_controller.control.telephone_line import TelephoneLine
from gate_controller.lane.call_desk import SHOWN_SECONDS
from gate_controller.lane.home_call import (
    Answer,
    CheckedOrder,
    HomeCall,
    Note,
    Said,
    Step,
    begun,
    cancelled,
    decided,
    dialled,
    failed,
    guard_telephone,
    not_dialled,
    server_said,
    telephone_said,
    time_passed,
)
from gate_controller.lane.pending_events import PendingEvents
from gate_controller.lane.state import LaneDesk
from gate_controller.rules.decision import CALL_WAY, Reason
from gate_controller.rules.identify import identify_answer
from hardware.interfaces import CallChange

MAX_ORDERS = 8
"""How many orders are looked at in one call: a server that sends more has gone wrong."""


class HomeCalls:
    """At most one call of a home at each lane; used from the controller's thread only."""

    def __init__(
        self,
        parts: GateParts,
        state: GateState,
        presentations: Presentations,
        guard_calls: GuardCalls,
        line: TelephoneLine,
    ) -> None:
        """Begin with no call."""
        self._parts = parts
        self._state = state
        self._presentations = presentations
        self._guard_calls = guard_calls
        self._line = line
        self._keys: dict[str, X25519PrivateKey] = {}
        """By lane: what the numbers of its call are sealed to."""
        self._orders: dict[str, set[bytes]] = {}
        """By lane: the signatures of the orders that came in its call."""
        self._speaks: dict[int, float] = {}
        """By call of the telephone: until when it hears what the gate says, and not the visitor."""
        self._pending = PendingEvents()

    # -- what comes --------------------------------------------------------------------------------

    def begin(self, desk: LaneDesk, home: str, shown: str, now_seconds: float) -> None:
        """Call a home; where a call goes on at this lane already, or no digit was typed, nothing is done."""
        typed = typed_number(home)
        if desk.calls.is_live or not typed:
            return
        call_id, lane_id = secrets.token_hex(16), desk.lane_id
        call = begun(call_id, lane_id, typed, shown, desk.calls.purpose, now_seconds)
        if not self._state.online:
            desk.calls.call = failed(call).call
            desk.calls.ended(now_seconds, desk.screen.patient(SHOWN_SECONDS))
            return
        self._keys[lane_id], self._orders[lane_id] = X25519PrivateKey.generate(), set()
        desk.calls.call = call
        facts: Facts = {"lane_id": lane_id, "purpose": call.purpose.value}
        self._pending.add(EventKind.CALL_BEGAN, facts, now_seconds)
        self._say(call, Note(CallStep.CALLING))
        self._pending.write(self._parts.recorder.record, now_seconds)

    def cancel(self, desk: LaneDesk, now_seconds: float, *, for_help: bool = False) -> None:
        """End the call that the visitor leaves, and put away how the last one ended."""
        call = desk.calls.call
        if call is not None:
            self._follow(desk, call, cancelled(call, for_help=for_help), now_seconds)
        desk.calls.put_away()

    def said(self, state: CallState, now_seconds: float) -> None:
        """Take an answer of the server; an order of a call that is over is written down and not obeyed."""
        for desk in self._parts.desks.values():
            call = desk.calls.call
            if call is not None and not call.is_over and call.call_id == state.call_id:
                self._said(desk, call, state, now_seconds)
                return
        if state.opens is not None:
            order, reason = self._check(state.opens)
            if reason is not Reason.ORDER_REPEATED:
                # The one that has opened comes again with the answers that were on their way.
                lane_id = order.lane_id if order is not None else ""
                self._refuse(
                    lane_id, reason or Reason.CALL_OVER, order.person_id if order is not None else ""
                )

    def guard_ordered(self, lane_id: str, order_id: str, refused: str | None, now_seconds: float) -> None:
        """End the call that the guard has, once their order has opened its lane or was refused."""
        desk = self._parts.desks.get(lane_id)
        call = desk.calls.call if desk is not None else None
        if desk is not None and call is not None and call.at_guard:
            self._follow(desk, call, decided(call, Answer("", order_id=order_id), refused), now_seconds)

    def call_changed(self, change: CallChange, now_seconds: float) -> None:
        """Take a report of the telephone."""
        for desk in self._parts.desks.values():
            call = desk.calls.call
            if call is not None:
                step = telephone_said(call, change, now_seconds)
                self._follow(desk, call, step, now_seconds)
                self._follow_guard(desk, step.call, now_seconds)

    def _follow_guard(self, desk: LaneDesk, call: HomeCall, now_seconds: float) -> None:
        talks = self._guard_calls.talks(desk.lane_id)
        self._follow(desk, call, guard_telephone(call, talks=talks), now_seconds)

    def time_passed(self, now_seconds: float) -> None:
        """End what lasts too long, put away what was shown long enough, write what could not be written."""
        for desk in self._parts.desks.values():
            call = desk.calls.call
            if call is not None:
                is_held_up = self._parts.call_reports.is_held_up
                step = time_passed(call, now_seconds, is_held_up=is_held_up)
                self._follow(desk, call, step, now_seconds)
                self._follow_guard(desk, step.call, now_seconds)
                desk.calls.time_passed(now_seconds)
        for number in [one for one, until in self._speaks.items() if now_seconds >= until]:
            del self._speaks[number]
            self._line.say(number, "")
        if self._pending:
            # What waits was an error when it was new; the gate goes on meanwhile.
            with contextlib.suppress(sqlite3.Error):
                self._pending.write(self._parts.recorder.record, now_seconds)

    def stopped(self, now_seconds: float) -> None:
        """End all calls: the gate ends."""
        for desk in self._parts.desks.values():
            call = desk.calls.call
            if call is not None:
                self._follow(desk, call, failed(call), now_seconds)

    # -- an answer of the server -------------------------------------------------------------------

    def _said(self, desk: LaneDesk, call: HomeCall, state: CallState, now_seconds: float) -> None:
        order = None
        if state.opens is not None and self._is_new(desk.lane_id, state.opens):
            checked, reason = self._check(state.opens)
            is_ours = checked is not None and (checked.call_id, checked.lane_id) == (
                call.call_id,
                desk.lane_id,
            )
            if checked is not None and is_ours and reason is None:
                order = CheckedOrder(checked.order_id, call.call_id, desk.lane_id, checked.person_id)
            else:
                why = reason or Reason.CALL_OVER
                self._refuse(desk.lane_id, why, checked.person_id if checked is not None else "")
                if checked is not None and is_ours:
                    answer = Answer(checked.person_id, order_id=checked.order_id)
                    self._follow(desk, call, decided(call, answer, why.value), now_seconds)
                    return
        said = Said(
            state.call_id,
            state.stage,
            state.end,
            to_guard=state.to_guard,
            offers_guard=state.offers_guard,
            reply=state.reply,
            rings_telephones=state.legs is not None,
            legs=self._legs(desk.lane_id, call, state),
            leg=state.leg,
            order=order,
        )
        step = server_said(call, said, now_seconds)
        if order is not None and step.answer is None:
            self._refuse(desk.lane_id, Reason.CALL_OVER, order.person_id)
        self._follow(desk, call, step, now_seconds)

    def _is_new(self, lane_id: str, signed: SignedCallOrder) -> bool:
        """Return whether this order is looked at: each comes again with every answer until the end."""
        seen = self._orders[lane_id]
        if signed.signature in seen or len(seen) >= MAX_ORDERS:
            return False
        seen.add(signed.signature)
        return True

    def _legs(self, lane_id: str, call: HomeCall, state: CallState) -> tuple[CallLeg, ...]:
        if state.legs is None or call.leg is not None or len(state.legs.legs) <= call.next_leg:
            return ()
        identity = self._parts.store.identity
        try:
            return open_legs(
                self._keys[lane_id], state.legs, call.call_id, identity.site_id, identity.gate_id
            )
        except KeyNotOpened:
            # Numbers of another call, or changed on the way: the pages of the home ring all the same.
            return ()

    # -- what is done ------------------------------------------------------------------------------

    def _follow(self, desk: LaneDesk, before: HomeCall, step: Step, now_seconds: float) -> None:
        if step == Step(before):
            return
        call = desk.calls.call = step.call
        if step.hangs_up is not None:
            self._line.hang_up(step.hangs_up)
        if call.leg is None:
            self._line.leave(desk.lane_id)
        if step.calls_guard:
            self._guard_calls.visitor_comes(desk, now_seconds)
        elif step.leaves_guard:
            self._guard_calls.leave(desk)
        for note in step.notes:
            self._say(call, note)
            if note.step is CallStep.LEG_ANSWERED and call.leg is not None:
                self._speak(call.leg.call_number, now_seconds)
        if step.answer is not None:
            refused = self._decide(call, step.answer)
            self._follow(desk, call, decided(call, step.answer, refused), now_seconds)
        elif step.dials is not None:
            self._dial(desk, call, step.dials, now_seconds)
        elif call.is_over and not before.is_over:
            self._ended(desk, call, now_seconds)

    def _decide(self, call: HomeCall, answer: Answer) -> str | None:
        """Decide by the person's own right, record that, and open; return why the lane did not open."""
        if self._state.snapshot is None:
            return self._refuse(call.lane_id, Reason.UNKNOWN_LANE, answer.person_id)
        policy = self._state.snapshot.policy
        home_id = policy.home_ids_by_number.get(call.home, "")
        claim = identify_answer(answer.person_id, home_id, policy, under_duress=answer.under_duress)
        return self._presentations.answer_call(call.lane_id, claim)

    def _dial(self, desk: LaneDesk, call: HomeCall, leg: CallLeg, now_seconds: float) -> None:
        number = self._line.dial(desk.lane_id, leg.number)
        if number is None:
            self._follow(desk, call, not_dialled(call), now_seconds)
        else:
            desk.calls.call = dialled(call, leg, number, now_seconds)

    def _speak(self, call_number: int, now_seconds: float) -> None:
        """Say what the keys do to who has answered, and then let the visitor be heard."""
        telephone = self._parts.telephone
        if telephone is not None and telephone.home_prompt:
            self._line.say(call_number, telephone.home_prompt)
            self._speaks[call_number] = now_seconds + telephone.home_prompt_seconds

    def _ended(self, desk: LaneDesk, call: HomeCall, now_seconds: float) -> None:
        self._keys.pop(desk.lane_id, None)
        self._orders.pop(desk.lane_id, None)
        desk.calls.ended(now_seconds, desk.screen.patient(SHOWN_SECONDS))
        end = call.end.value if call.end is not None else ""
        self._pending.add(EventKind.CALL_OVER, {"lane_id": desk.lane_id, "end": end}, now_seconds)
        if call.to_guard:
            self._guard_calls.help_pressed(desk, now_seconds)
        self._pending.write(self._parts.recorder.record, now_seconds)

    def _say(self, call: HomeCall, note: Note) -> None:
        by, is_over = call.ended_by, note.step is CallStep.OVER
        self._parts.call_reports.say(
            CallReport(
                call_id=call.call_id,
                lane_id=call.lane_id,
                home=call.home,
                purpose=CallFor(call.purpose),
                step=note.step,
                sealing_public_key=self._keys[call.lane_id].public_key().public_bytes_raw(),
                has_telephone=self._line.is_free_for(call.lane_id),
                leg=note.leg,
                end=call.end if is_over else None,
                order_id=by.order_id if is_over and by is not None else None,
                reason=call.reason if is_over else None,
            )
        )

    def _check(self, signed: SignedCallOrder) -> tuple[CheckedOrder | None, Reason | None]:
        clock = self._parts.clock
        order, reason = check_order(
            open_call_order,
            signed,
            self._parts.store,
            self._parts.journal,
            clock.now(),
            clock_sure=clock.is_sure,
        )
        if order is None:
            return None, reason
        return CheckedOrder(order.order_id, order.call_id, order.lane_id, order.person_id), reason

    def _refuse(self, lane_id: str, reason: Reason, person_id: str) -> str:
        """Record an answer that is not decided; return the reason's word."""
        facts: Facts = {"lane_id": lane_id, "method": CALL_WAY, "opens": False, "reason": reason.value}
        self._parts.recorder.record(EventKind.ACCESS, facts, {"person_id": person_id} if person_id else {})
        return reason.value
