"""Tell whether a gate may end for a moment: no person is passing, no lane is held open, no fire."""

from collections.abc import Callable

from gate_controller.control.parts import GateParts
from gate_controller.lane.door import Door, DoorState
from gate_controller.lane.keypad_entry import FORGOTTEN_AFTER_SECONDS
from gate_controller.lane.state import Intent, LaneDesk
from gate_controller.terminal.view import HelpCall, Screen

CALLS = frozenset({HelpCall.CALLING, HelpCall.TALKING})
QUIET_SECONDS = 3.0
"""How long nothing has to happen at any lane before a gate may end for another version."""


class QuietTime:
    """The time for which nothing has happened at a gate; used from the controller's thread only."""

    def __init__(self, parts: GateParts, is_held: Callable[[str], bool]) -> None:
        """Remember the parts; `is_held` says whether a lane is held open."""
        self._parts = parts
        self._is_held = is_held
        self._busy_at = parts.clock.monotonic_seconds()

    def is_quiet(self, now_seconds: float) -> bool:
        """Return whether nothing has happened for a while, and nothing waits to be handled."""
        if any(self._is_busy(desk, now_seconds) for desk in self._parts.desks.values()):
            self._busy_at = now_seconds
        return now_seconds - self._busy_at >= QUIET_SECONDS

    def _is_busy(self, desk: LaneDesk, now_seconds: float) -> bool:
        return (
            self._parts.relays[desk.lane_id].is_on
            or self._is_held(desk.lane_id)
            or _is_passed(desk.door, now_seconds)
            or _is_used(desk, now_seconds)
        )


def _is_passed(door: Door, now_seconds: float) -> bool:
    """Return whether a person may be in the door, or it was released for one a moment ago.

    One that is forced or open for too long is an alarm already, and may be so for days.
    """
    released = max(door.granted_until, door.asked_until, door.hold_until, door.released_until)
    passing = door.state in (DoorState.OPEN, DoorState.EXPECTED)
    return door.fire or door.is_asked or passing or now_seconds < released


def _is_used(desk: LaneDesk, now_seconds: float) -> bool:
    """Return whether a person is busy at the screen or the keypad."""
    entry = desk.keypad.entry
    return (
        desk.screen.shows is not Screen.IDLE
        or bool(desk.screen.message)
        or (not entry.is_empty and now_seconds - entry.last_key_seconds < FORGOTTEN_AFTER_SECONDS)
        or desk.camera.mode != "closed"
        or desk.calls.call is not None
        or desk.dialog.intent is not Intent.NOTHING
        or desk.dialog.asking is not None
        or (desk.screen.help_call in CALLS and now_seconds < desk.screen.help_until_seconds)
    )
