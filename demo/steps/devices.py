"""Steps with devices: a relay that is stuck, and the fire panel's contact."""

import time

from demo.judge import Outcome, event_after, opens, require
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.steps.faces import screen_of
from demo.world.site_files import MODBUS_ADDRESS
from gate_controller.terminal.view import Screen
from hardware.interfaces import InputKind

NOT_OPENED = "alarm_granted_not_opened"
BOARD_ENDS_SECONDS = 1.5
LATE_PULSE_SECONDS = 0.6
THROUGH_SECONDS = 0.3


def stuck_relay_alarm(stage: Stage) -> Outcome:
    """The garage's board times the pulse; then its relay is stuck, and the board's answer shows it.

    Broken by: a gate that trusts the answer to its order instead of the relay, a second try, an alarm that
    does not reach the server.
    """
    ends, resident = stage.gates["garage"], stage.member("resident")
    reader, relays = ends.metal.readers["garage-out"], ends.metal.relays
    channel, board = ends.plan.lane("garage-out").channel, ends.metal.modbus.board(MODBUS_ADDRESS)
    ms = opens(stage, "garage", "garage-out", lambda: reader.tap(resident.card), person_id=resident.person_id)
    wait_until(lambda: not relays.is_on(channel), BOARD_ENDS_SECONDS, "the board ends its pulse")
    before_seq, before_ns = ends.journal_seq(), time.monotonic_ns()
    board.is_stuck = True
    try:
        reader.tap(resident.card)
        event_after(stage, "garage", before_seq, NOT_OPENED, lane_id="garage-out")
        # As long as the order could still be heard by a relay that comes loose.
        time.sleep(LATE_PULSE_SECONDS)
    finally:
        board.is_stuck = False
    tries = [change for change in relays.changes if change.on and change.at_ns >= before_ns]
    require(len(tries) == 1, f"the stuck relay was ordered on {len(tries)} times")
    require(not relays.is_on(channel), "the relay came loose and opened late")
    opens(stage, "garage", "garage-out", lambda: reader.tap(resident.card))
    return Outcome(ms, f"timed by the board; relay stuck: {NOT_OPENED}, tried once; loose, it opens again")


def fire_observed_never_locks(stage: Stage) -> Outcome:
    """The fire panel releases the door in hardware; the gate says so and sends the relay nothing.

    Broken by: a byte to the relay when fire begins or ends, a forced alarm while people leave, a way
    out that does not open by card meanwhile.
    """
    ends, resident, lane_id = stage.gates["north"], stage.member("resident"), "north-out"
    inputs, relay, reader = ends.metal.inputs, ends.metal.usb_relay, ends.metal.readers[lane_id]
    before_seq, heard = ends.journal_seq(), len(relay.heard)
    inputs.set(lane_id, InputKind.FIRE, True)
    try:
        event_after(stage, "north", before_seq, "alarm_fire", lane_id=lane_id)
        screen_of(stage).wait_for(Screen.FIRE)  # beside the lane in, which has no contact of its own
        inputs.set(lane_id, InputKind.DOOR_OPEN, True)
        time.sleep(THROUGH_SECONDS)
        inputs.set(lane_id, InputKind.DOOR_OPEN, False)
        event_after(stage, "north", before_seq, "door_closed", lane_id=lane_id)
        require(relay.heard[heard:] == b"", "the relay was sent bytes because of the fire")
        opens(stage, "north", lane_id, lambda: reader.tap(resident.card), person_id=resident.person_id)
        time.sleep(0.1)  # an order right after it belongs to the card's pulse
    finally:
        inputs.set(lane_id, InputKind.FIRE, False)
    event_after(stage, "north", before_seq, "fire_clear", lane_id=lane_id)
    kinds = {entry.kind for entry in ends.journal() if entry.seq > before_seq}
    require("alarm_door_forced" not in kinds, "who fled counts as having forced")
    return Outcome(None, "alarm_fire and fire_clear; nothing sent to the relay; the card opens meanwhile")
