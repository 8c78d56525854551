"""State machine of a lane's door, from its contact. Pure: times are arguments, in monotonic seconds.

    CLOSED ── granted ──> EXPECTED ── opens: door_opened ──> OPEN ── shuts: door_closed ──> CLOSED
      │ │                   │ time over: no_entry           ^  │ too long: alarm_door_held
      │ │      CLOSED <─────┘         hold or fire begins:  │  v
      │ │                             door_held_clear       └─ HELD ── shuts: door_held_clear ──> CLOSED
      │ └─ opens, excused: door_opened ──> OPEN
      └─── opens, not excused: alarm_door_forced ──> FORCED ── shuts: door_closed ──> CLOSED

    not seen (no contact, its device lost, or the gate just started): nothing is reported; the first word
    of the contact then meets the state that is remembered:
        remembered      found open                      found shut
        CLOSED          OPEN: door_found_open           CLOSED, silent
        OPEN            OPEN, silent, time restarts     CLOSED: door_closed
        HELD, FORCED    the same, silent                CLOSED: door_held_clear, door_closed

What excuses an opening: a grant (its release and a moment longer, half a minute for a drive), an exit
button, guard's button or intercom (while pressed and 10 s longer), a hold, and fire. A hold or fire also
excuses an open door. A grant at an OPEN door restarts its time, for the next person is
passing; at a HELD or FORCED one it excuses the next opening only: that alarm lasts until the door is shut.

Invariants: an excused opening is never forced, and each other one is, once; each alarm has one clear; a
repeated word of the contact changes nothing; the door gives no order, it only reports.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from gate_controller.contract.event_kinds import EventKind

Kinds = tuple[EventKind, ...]
"""The kinds of events to record, in order."""


class DoorState(StrEnum):
    """Where the door is."""

    CLOSED = "closed"
    EXPECTED = "expected"
    OPEN = "open"
    HELD = "held"
    FORCED = "forced"


STANDING_OPEN = frozenset({DoorState.OPEN, DoorState.HELD, DoorState.FORCED})
EXIT_EXCUSES_SECONDS = 10.0
MOMENT_SECONDS = 2.0
"""How long a person may still be pulling the door after the lock has locked again."""
DRIVE_OPENS_WITHIN_SECONDS = 30.0
"""How long after its pulse a motor, barrier or turnstile may take until its contact says open."""


@dataclass(frozen=True, slots=True)
class Door:
    """One door. `is_seen`: its contact has spoken and is not lost since.

    `granted_until`, `asked_until` and `hold_until` are when a grant, a button and a hold stop excusing;
    `released_until` is when its lock catches again, as far as the gate released it.
    """

    state: DoorState = DoorState.CLOSED
    is_seen: bool = False
    granted_until: float = 0.0
    asked_until: float = 0.0
    hold_until: float = 0.0
    released_until: float = 0.0
    opened_at: float = 0.0
    is_asked: bool = False
    """A button that lets out or in is pressed now."""
    fire: bool = False
    held_after_seconds: float = 30.0
    opens_within_seconds: float = MOMENT_SECONDS
    """How long after a release has ended the door may open because of it."""

    @property
    def is_open(self) -> bool:
        """Return whether the door is open, by its contact."""
        return self.state in STANDING_OPEN

    def excuses_opening(self, now: float) -> bool:
        """Return whether an opening now is excused."""
        last = max(self.granted_until, self.asked_until, self.hold_until)
        return self.fire or self.is_asked or now <= last

    def may_stand_open(self, now: float) -> bool:
        """Return whether the door may stay open without a limit."""
        return self.fire or now <= self.hold_until


def granted(door: Door, now: float, pulse_seconds: float) -> Door:
    """Expect an opening for as long as the lock is released, and a moment longer."""
    until = max(door.granted_until, now + pulse_seconds + door.opens_within_seconds)
    released_until = max(door.released_until, now + pulse_seconds)
    door = replace(door, granted_until=until, released_until=released_until)
    if door.state is DoorState.CLOSED and door.is_seen:
        return replace(door, state=DoorState.EXPECTED)
    if door.state is DoorState.OPEN:
        return replace(door, opened_at=max(door.opened_at, now))
    return door


def held_open(door: Door, now: float, seconds: float) -> Door:
    """Allow the door to be open or shut for so long without an alarm."""
    return replace(
        door,
        hold_until=max(door.hold_until, now + seconds + MOMENT_SECONDS),
        released_until=max(door.released_until, now + seconds),
    )


def hold_ended(door: Door, now: float) -> Door:
    """End a hold before its time, with the lock at rest; what grants and buttons excuse stays."""
    return replace(
        door,
        hold_until=min(door.hold_until, now + MOMENT_SECONDS),
        released_until=min(door.released_until, now),
    )


def opening_asked(door: Door, now: float, *, still: bool) -> Door:
    """Take a press or a release of a button that lets out or in; `still`: one is pressed now."""
    return replace(door, is_asked=still, asked_until=max(door.asked_until, now + EXIT_EXCUSES_SECONDS))


def fire_changed(door: Door, now: float, *, active: bool) -> Door:
    """Take the state of the fire panel's contact; after a fire the door's time restarts."""
    if active is door.fire:
        return door
    door = opening_asked(door, now, still=door.is_asked)
    return replace(door, fire=active, opened_at=max(door.opened_at, now))


def contact_lost(door: Door) -> Door:
    """Report nothing until the contact reports again."""
    state = DoorState.CLOSED if door.state is DoorState.EXPECTED else door.state
    return replace(door, is_seen=False, state=state)


def contact_changed(door: Door, is_open: bool, now: float) -> tuple[Door, Kinds]:
    """Return the door after its contact said where it is, and the kinds of events to record."""
    first, door = not door.is_seen, replace(door, is_seen=True)
    if is_open and not door.is_open:
        opened = replace(door, state=DoorState.OPEN, opened_at=now)
        if door.excuses_opening(now):
            return opened, (EventKind.DOOR_OPENED,)
        if first:
            # It was not watched: the power was away, or the contact's cable.
            return opened, (EventKind.DOOR_FOUND_OPEN,)
        return replace(opened, state=DoorState.FORCED), (EventKind.ALARM_DOOR_FORCED,)
    if not is_open and door.is_open:
        kind = EventKind.DOOR_HELD_CLEAR if door.state is DoorState.HELD else EventKind.DOOR_CLOSED
        # The excuse stays: the lock may still be released for the next person.
        return replace(door, state=DoorState.CLOSED), (kind,)
    return (replace(door, opened_at=now) if first else door), ()


def time_passed(door: Door, now: float) -> tuple[Door, Kinds]:
    """Return the door after time alone has passed, and the kinds of events to record."""
    if not door.is_seen:
        return door, ()
    if door.state is DoorState.EXPECTED and now > door.granted_until:
        return replace(door, state=DoorState.CLOSED), (EventKind.NO_ENTRY,)
    if door.state is DoorState.HELD and door.may_stand_open(now):
        return replace(door, state=DoorState.OPEN, opened_at=now), (EventKind.DOOR_HELD_CLEAR,)
    stands_since = max(door.opened_at, door.hold_until)
    is_late = now - stands_since > door.held_after_seconds
    if door.state is DoorState.OPEN and is_late and not door.may_stand_open(now):
        return replace(door, state=DoorState.HELD), (EventKind.ALARM_DOOR_HELD,)
    return door, ()
