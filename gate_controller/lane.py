"""The door of a lane, as its contact tells it.

    CLOSED ── granted ──────────> EXPECTED ── opens ──> OPEN ── closes ──> CLOSED
      │                              │ time over: no_entry    │ open too long: alarm_door_held
      │ opens, nobody granted        v                        v
      └──> FORCED (alarm) ────────> CLOSED <── closes ────── HELD (then door_held_clear)

Invariants: an exit request or a fire excuses an opening, so neither ever raises a forced alarm; the
door never gives an order, it only reports. A lane without a contact stays CLOSED and reports nothing.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class DoorState(StrEnum):
    """Where the door is."""

    CLOSED = "closed"
    EXPECTED = "expected"
    OPEN = "open"
    HELD = "held"
    FORCED = "forced"


EXIT_EXCUSES_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Door:
    """One door; times are monotonic seconds. `excused_until` is when a grant or exit stops counting."""

    state: DoorState = DoorState.CLOSED
    excused_until: float = 0.0
    opened_at: float = 0.0
    held_after_seconds: float = 30.0
    has_contact: bool = True


def granted(door: Door, now: float, pulse_seconds: float) -> Door:
    """Expect an opening for as long as the lock is released, and a moment longer."""
    excused = max(door.excused_until, now + pulse_seconds + 2.0)
    if door.state is DoorState.CLOSED and door.has_contact:
        return replace(door, state=DoorState.EXPECTED, excused_until=excused)
    return replace(door, excused_until=excused)


def held_open(door: Door, now: float, seconds: float) -> Door:
    """Let the door stand open, or shut, for so long without an alarm."""
    excused = max(door.excused_until, now + seconds + 2.0)
    return replace(door, excused_until=excused, opened_at=max(door.opened_at, now))


def exit_requested(door: Door, now: float) -> Door:
    """Excuse an opening from inside."""
    return replace(door, excused_until=max(door.excused_until, now + EXIT_EXCUSES_SECONDS))


def contact_changed(door: Door, is_open: bool, now: float) -> tuple[Door, tuple[str, ...]]:
    """Return the door after its contact moved, and the kinds of events to record."""
    if is_open and door.state in (DoorState.CLOSED, DoorState.EXPECTED):
        if now <= door.excused_until:
            return replace(door, state=DoorState.OPEN, opened_at=now), ("door_opened",)
        return replace(door, state=DoorState.FORCED, opened_at=now), ("alarm_door_forced",)
    if not is_open and door.state in (DoorState.OPEN, DoorState.FORCED, DoorState.HELD):
        kinds = ("door_held_clear",) if door.state is DoorState.HELD else ("door_closed",)
        # The excuse stays: the lock may still be released for the next person.
        return replace(door, state=DoorState.CLOSED), kinds
    return door, ()


def time_passed(door: Door, now: float) -> tuple[Door, tuple[str, ...]]:
    """Return the door after time alone has passed, and the kinds of events to record."""
    if door.state is DoorState.EXPECTED and now > door.excused_until:
        return replace(door, state=DoorState.CLOSED), ("no_entry",)
    if door.state is DoorState.OPEN and now - door.opened_at > door.held_after_seconds:
        return replace(door, state=DoorState.HELD), ("alarm_door_held",)
    return door, ()
