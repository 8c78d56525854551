"""Steps with doors, buttons and the fire panel's contact: events and alarms, and no lane locks."""

import time

from demo.judge import (
    Outcome,
    event_after,
    kinds_since,
    opens,
    require,
    require_shut,
    wait_unexcused,
)
from demo.rig.gate_ends import GateEnds
from demo.stage import Stage
from gate_controller.lane.door import MOMENT_SECONDS
from hardware.interfaces import InputKind

NO_ENTRY_SECONDS = MOMENT_SECONDS + 3.0
FORCED = "alarm_door_forced"


def door_forced_alarm(stage: Stage) -> Outcome:
    """The north gate's door opens without a grant in or out.

    Broken by: a gate that takes any opening for a passage, or keeps the alarm from the server.
    """
    ends = stage.gates["north"]
    wait_unexcused(ends, "north-in")
    before_seq = ends.journal_seq()
    _swing(ends, "north-in", InputKind.DOOR_OPEN)
    event_after(stage, "north", before_seq, FORCED, lane_id="north-in")
    event_after(stage, "north", before_seq, "door_closed", lane_id="north-in")
    kinds = kinds_since(ends, before_seq, lane_id="north-in")
    require(kinds == [FORCED, "door_closed"], f"the gate wrote {kinds}")
    return Outcome(None, "one alarm, and that the door is shut again")


def door_held_alarm(stage: Stage) -> Outcome:
    """A person admitted by card leaves the south gate's door open longer than its site file allows.

    Broken by: no alarm, one before its time, one that never clears.
    """
    ends, resident = stage.gates["south"], stage.member("resident")
    reader, inputs = ends.metal.readers["south-in"], ends.metal.inputs
    before_seq = ends.journal_seq()
    opens(stage, "south", "south-in", lambda: reader.tap(resident.card))
    opened_at = time.monotonic()
    inputs.set("south-in", InputKind.DOOR_OPEN, True)
    try:
        event_after(stage, "south", before_seq, "alarm_door_held", lane_id="south-in")
        after_seconds = time.monotonic() - opened_at
    finally:
        inputs.set("south-in", InputKind.DOOR_OPEN, False)
    event_after(stage, "south", before_seq, "door_held_clear", lane_id="south-in")
    allowed = ends.plan.lane("south-in").held_after_seconds
    require(after_seconds > allowed, f"the alarm came after {after_seconds:.1f} s; {allowed:g} s are allowed")
    kinds = kinds_since(ends, before_seq, lane_id="south-in")
    require(FORCED not in kinds, "a door opened by card counts as forced")
    return Outcome(None, f"alarm after {after_seconds:.1f} s of {allowed:g} allowed; cleared when shut")


def granted_nobody_came(stage: Stage) -> Outcome:
    """A card opens, and the door is not used: an event, and no alarm.

    Broken by: a gate that forgets to look, or counts the person as through.
    """
    ends, resident = stage.gates["north"], stage.member("resident")
    reader, before_seq = ends.metal.readers["north-in"], ends.journal_seq()
    opens(stage, "north", "north-in", lambda: reader.tap(resident.card))
    event_after(stage, "north", before_seq, "no_entry", lane_id="north-in", timeout_seconds=NO_ENTRY_SECONDS)
    kinds = kinds_since(ends, before_seq, lane_id="north-in")
    require(kinds == ["access", "no_entry"], f"the gate wrote {kinds}")
    return Outcome(None, "granted, then no_entry, no alarm")


def exit_button_no_alarm(stage: Stage) -> Outcome:
    """A person leaves by the exit button, which is wired to the lock: the gate only takes note.

    Broken by: a forced alarm, and by a gate that moves the relay itself.
    """
    ends = stage.gates["north"]
    kinds = _leave_by(stage, ends, "north-in", InputKind.EXIT_BUTTON)
    require(kinds == ["exit_request", "door_opened", "door_closed"], f"the gate wrote {kinds}")
    return Outcome(None, "exit_request, door_opened, door_closed: no alarm, no byte to the relay")


def guard_button_recorded(stage: Stage) -> Outcome:
    """The guard opens with the button in the booth, wired past the gate as well: recorded, no alarm.

    Broken by: a forced alarm, or no record of who opened.
    """
    ends = stage.gates["south"]
    kinds = _leave_by(stage, ends, "south-in", InputKind.GUARD_BUTTON)
    require(kinds == ["guard_button", "door_opened", "door_closed"], f"the gate wrote {kinds}")
    event_after(stage, "south", 0, "guard_button", lane_id="south-in")
    return Outcome(None, "guard_button at the server, door_opened, door_closed: no alarm")


def fire_observed_never_locks(stage: Stage) -> Outcome:
    """The fire panel releases the door in hardware; the gate says so and sends the relay nothing.

    Broken by: a byte to the relay when fire begins or ends, a forced alarm while people leave, a way
    out that does not open by card meanwhile.
    """
    ends, resident = stage.gates["north"], stage.member("resident")
    metal, lane_id = ends.metal, "north-out"
    wait_unexcused(ends, lane_id)
    before_seq, heard = ends.journal_seq(), len(metal.usb_relay.heard)
    metal.inputs.set(lane_id, InputKind.FIRE, True)
    try:
        event_after(stage, "north", before_seq, "alarm_fire", lane_id=lane_id)
        _swing(ends, lane_id, InputKind.DOOR_OPEN)
        event_after(stage, "north", before_seq, "door_closed", lane_id=lane_id)
        require(metal.usb_relay.heard[heard:] == b"", "the relay was sent bytes because of the fire")
        reader = metal.readers[lane_id]
        opens(stage, "north", lane_id, lambda: reader.tap(resident.card), person_id=resident.person_id)
        time.sleep(0.1)  # an order right after it belongs to the card's pulse
    finally:
        metal.inputs.set(lane_id, InputKind.FIRE, False)
    event_after(stage, "north", before_seq, "fire_clear", lane_id=lane_id)
    require(FORCED not in kinds_since(ends, before_seq, lane_id=lane_id), "who fled counts as having forced")
    return Outcome(None, "alarm_fire and fire_clear; nothing sent to the relay; the card opens meanwhile")


def _leave_by(stage: Stage, ends: GateEnds, lane_id: str, button: InputKind) -> list[str]:
    """Press a button and go through the door; return the kinds the gate wrote, once nothing moved."""
    wait_unexcused(ends, lane_id)
    before_seq, before_ns = ends.journal_seq(), time.monotonic_ns()
    ends.metal.inputs.set(lane_id, button, True)
    time.sleep(0.1)
    ends.metal.inputs.set(lane_id, button, False)
    _swing(ends, lane_id, InputKind.DOOR_OPEN)
    event_after(stage, ends.gate_id, before_seq, "door_closed", lane_id=lane_id)
    require_shut(ends, lane_id, before_ns)
    return kinds_since(ends, before_seq, lane_id=lane_id)


def _swing(ends: GateEnds, lane_id: str, contact: InputKind) -> None:
    """Open the door and shut it again, as fast as a person goes through."""
    ends.metal.inputs.set(lane_id, contact, True)
    time.sleep(0.3)
    ends.metal.inputs.set(lane_id, contact, False)
