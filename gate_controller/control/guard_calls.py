"""Carry out calls to the guard's telephones; a call that reaches no one becomes an alarm.

Without a telephone, while it is away and while it is used for another lane, help is an alarm at once.
"""

import contextlib
import sqlite3

from gate_controller.contract.event_kinds import EventKind
from gate_controller.control.parts import GateParts
from gate_controller.control.telephone_line import GUARD, TelephoneLine
from gate_controller.lane.guard_call import GuardCall, Step, changed, dialled, time_passed
from gate_controller.lane.pending_events import PendingEvents
from gate_controller.lane.state import HELP_SHOWN_SECONDS, LaneDesk
from gate_controller.terminal.view import HelpCall
from hardware.interfaces import CallChange

PAGE_SECONDS = 20.0
"""Time of the guard's page to answer a visitor's call where no telephone of theirs can be called."""


class GuardCalls:
    """At most one call at a time, as one gate has one telephone."""

    def __init__(self, parts: GateParts, line: TelephoneLine) -> None:
        """Begin with no call."""
        self._parts = parts
        self._line = line
        self._call: GuardCall | None = None
        self._pages: dict[str, float] = {}
        """By lane: until when the guard's page may answer before there is an alarm."""
        self._pending = PendingEvents()

    def visitor_comes(self, desk: LaneDesk, now_seconds: float) -> None:
        """Call the guard for a visitor who has come to the guard's page as well."""
        if self._call is None and self._dial(desk.lane_id, 0, now_seconds):
            self._add(EventKind.HELP_CALLED, desk.lane_id, now_seconds)
        elif not self.talks(desk.lane_id):
            self._pages[desk.lane_id] = now_seconds + PAGE_SECONDS
        self._pending.write(self._parts.recorder.record, now_seconds)

    def talks(self, lane_id: str) -> bool:
        """Return whether the guard speaks on their telephone with someone at a lane."""
        return self._call is not None and self._call.lane_id == lane_id and self._call.is_reached

    def leave(self, desk: LaneDesk) -> None:
        """Stop what calls the guard for a lane, without an alarm: their page has the call, or it is over."""
        self._pages.pop(desk.lane_id, None)
        # Also where the telephones were through: the alarm stays, its words are no longer true.
        desk.screen.help_call, desk.screen.help_until_seconds = HelpCall.NONE, 0.0
        call = self._call
        if call is not None and call.lane_id == desk.lane_id:
            self._call = None
            self._line.hang_up(call.call_number)
            self._line.leave(GUARD)

    def help_pressed(self, desk: LaneDesk, now_seconds: float) -> None:
        """Call the guard for a lane; a second press while its call goes on changes nothing."""
        self._pages.pop(desk.lane_id, None)
        if self._call is not None and self._call.lane_id == desk.lane_id:
            return
        if self._call is not None or not self._dial(desk.lane_id, 0, now_seconds):
            self._alarm(desk, now_seconds)
        else:
            self._add(EventKind.HELP_CALLED, desk.lane_id, now_seconds)
        self._pending.write(self._parts.recorder.record, now_seconds)

    def call_changed(self, change: CallChange, now_seconds: float) -> None:
        """Take a report of the telephone."""
        calls = self._parts.telephone
        if self._call is not None and calls is not None:
            self._follow(self._call, changed(self._call, change, now_seconds, calls.wishes), now_seconds)

    def time_passed(self, now_seconds: float) -> None:
        """Go on to the next telephone, end what lasts too long, and write what could not be written."""
        calls = self._parts.telephone
        if self._call is not None and calls is not None:
            self._follow(self._call, time_passed(self._call, now_seconds, calls.wishes), now_seconds)
        for lane_id in [one for one, until in self._pages.items() if now_seconds >= until]:
            del self._pages[lane_id]
            self._alarm(self._parts.desks[lane_id], now_seconds)
        if self._pending:
            # What waits was an error when it was new; the gate goes on meanwhile.
            with contextlib.suppress(sqlite3.Error):
                self._pending.write(self._parts.recorder.record, now_seconds)

    def stopped(self, now_seconds: float) -> None:
        """Raise the alarm of a call that has reached no one yet: the gate ends, and its calls with it."""
        call, self._call = self._call, None
        waiting = [*self._pages, *([call.lane_id] if call is not None and not call.is_reached else ())]
        self._pages.clear()
        for lane_id in waiting:
            self._alarm(self._parts.desks[lane_id], now_seconds)
        self._pending.write(self._parts.recorder.record, now_seconds)

    def _follow(self, before: GuardCall, step: Step, now_seconds: float) -> None:
        if step == Step(before):
            return
        desk = self._parts.desks[before.lane_id]
        self._call = step.call
        if step.hangs_up is not None:
            self._line.hang_up(step.hangs_up)
        if step.call is None:
            self._line.leave(GUARD)
        if step.was_answered:
            self._add(EventKind.HELP_ANSWERED, before.lane_id, now_seconds, place=before.place + 1)
        dials = step.calls_next is not None and self._dial(before.lane_id, step.calls_next, now_seconds)
        if step.no_one_answered or (step.calls_next is not None and not dials):
            self._alarm(desk, now_seconds)
        elif self._call is not None:
            self._show(desk, self._call)
        else:
            desk.screen.help_call, desk.screen.help_until_seconds = HelpCall.NONE, 0.0
        self._pending.write(self._parts.recorder.record, now_seconds)

    def _dial(self, lane_id: str, place: int, now_seconds: float) -> bool:
        calls = self._parts.telephone
        if calls is None or place >= len(calls.wishes.numbers):
            return False
        call_number = self._line.dial(GUARD, calls.wishes.numbers[place])
        if call_number is None:
            return False
        self._call = dialled(lane_id, place, call_number, now_seconds, calls.wishes)
        self._show(self._parts.desks[lane_id], self._call)
        return True

    def _show(self, desk: LaneDesk, call: GuardCall) -> None:
        desk.screen.help_call, desk.screen.help_until_seconds = call.state, call.until_seconds

    def _alarm(self, desk: LaneDesk, now_seconds: float) -> None:
        """Raise the alarm; the screen says that a guard was sent for, and whether telephones were tried."""
        calls = self._parts.telephone
        has_numbers = calls is not None and bool(calls.wishes.numbers)
        desk.screen.help_call = HelpCall.NO_ONE if has_numbers else HelpCall.NONE
        desk.screen.help_until_seconds = now_seconds + HELP_SHOWN_SECONDS
        self._add(EventKind.ALARM_HELP, desk.lane_id, now_seconds)

    def _add(self, kind: EventKind, lane_id: str, now_seconds: float, **facts: int) -> None:
        self._pending.add(kind, {"lane_id": lane_id, **facts}, now_seconds)
