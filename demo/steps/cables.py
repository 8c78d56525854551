"""Steps with relays and cables: read back, welded, unplugged and back under another name, crashed."""

import time
from datetime import UTC, datetime

from demo.judge import (
    Outcome,
    StepFailed,
    event_after,
    kinds_since,
    opens,
    pass_through,
    pulse_after,
    require,
)
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.site_files import MODBUS_ADDRESS
from gate_controller.contract.journal_chain import ChainBroken, verify_chain
from hardware.simulated.modbus_board import sealed

NOT_OPENED = "alarm_granted_not_opened"
BACK_SECONDS = 2.0
"""A second to be found again, and one for a busy machine."""
REST_SECONDS = 30.0
"""Three seconds on a machine of its own; the step says how long it was."""
LATE_PULSE_SECONDS = 0.6
BOARD_ENDS_SECONDS = 1.5


def modbus_relay_confirms(stage: Stage) -> Outcome:
    """The garage's board times the pulse and is asked whether its relay moved; then its relay is stuck.

    Broken by: no question after an order, a gate that trusts the answer instead of the relay, a second
    try, an alarm that does not reach the server.
    """
    ends, resident = stage.gates["garage"], stage.member("resident")
    bus, reader = ends.metal.modbus, ends.metal.readers["garage-out"]
    coil, asked = ends.plan.lane("garage-out").channel - 1, len(bus.requests)
    ms = opens(stage, "garage", "garage-out", lambda: reader.tap(resident.card), person_id=resident.person_id)
    order = sealed(bytes((MODBUS_ADDRESS, 5, 2, coil, 0, 10)))
    question = sealed(bytes((MODBUS_ADDRESS, 1, 0, coil, 0, 1)))
    said = bus.requests[asked:]
    require(said.count(order) == 1, "the board did not get one order to switch on for ten tenths of a second")
    require(question in said[said.index(order) :], "the gate did not ask the board whether its relay moved")
    board = bus.board(MODBUS_ADDRESS)
    relays = ends.metal.relays
    wait_until(lambda: not relays.is_on(coil + 1), BOARD_ENDS_SECONDS, "the board ends its pulse")
    before_seq, before_ns = ends.journal_seq(), time.monotonic_ns()
    board.is_stuck = True
    try:
        reader.tap(resident.card)
        event_after(stage, "garage", before_seq, NOT_OPENED, lane_id="garage-out")
        # As long as the order could still be heard by a relay that comes loose.
        time.sleep(LATE_PULSE_SECONDS)
    finally:
        board.is_stuck = False
    tries = [c for c in relays.changes if c.on and c.at_ns >= before_ns]
    require(len(tries) == 1, f"the stuck relay was ordered on {len(tries)} times")
    require(not relays.is_on(coil + 1), "the relay came loose and opened late")
    opens(stage, "garage", "garage-out", lambda: reader.tap(resident.card))
    pass_through(ends, "garage-out")
    return Outcome(ms, f"timed by the board and read back; relay stuck: {NOT_OPENED}, tried once")


def relay_unplugged_and_back(stage: Stage) -> Outcome:
    """The relay board's cable is pulled; it comes back as another device of the system.

    Broken by: no alarm, an unreported grant without a pulse, a board that is looked for under its
    old name, a pulse that was kept for later.
    """
    ends, resident = stage.gates["south"], stage.member("resident")
    relay, reader = ends.metal.usb_relay, ends.metal.readers["south-in"]
    before_seq, name = ends.journal_seq(), relay.wire.device
    relay.unplug()
    try:
        event_after(stage, "south", before_seq, "alarm_device_lost", device="board")
        reader.tap(resident.card)
        event_after(stage, "south", before_seq, NOT_OPENED, lane_id="south-in")
    finally:
        heard, back_ns = len(relay.heard), time.monotonic_ns()
        relay.replug(renamed=True)
    require(relay.wire.device != name, "the board came back under its old name")
    wait_until(lambda: len(relay.heard) > heard, BACK_SECONDS, "the first byte to the board that is back")
    seconds = (time.monotonic_ns() - back_ns) / 1e9
    event_after(stage, "south", before_seq, "device_back", device="board")
    time.sleep(LATE_PULSE_SECONDS)
    late = [c for c in relay.changes if c.on and c.at_ns >= back_ns]
    require(not late, "the relay got an ON byte for a card from before")
    _require_reported_once(ends, before_seq)
    ms = opens(stage, "south", "south-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, f"{NOT_OPENED} meanwhile; back as another device after {seconds:.2f} s, at rest")


def reader_unplugged_and_back(stage: Stage) -> Outcome:
    """The card reader's cable is pulled; the PIN beside it works; the reader comes back under another name.

    Broken by: no alarm or more than one, a lane that stops meanwhile, a reader that is looked for
    under its old name.
    """
    ends, resident = stage.gates["north"], stage.member("resident")
    reader, keypad = ends.metal.readers["north-in"], ends.metal.keypads["north-in"]
    wire = ends.metal.wire("north-in-card")
    before_seq, name = ends.journal_seq(), wire.device
    wire.unplug()
    try:
        event_after(stage, "north", before_seq, "alarm_device_lost", device=wire.name)
        reader.tap(resident.card)
        typed = f"{resident.typed_home}#{resident.pin}#"
        opens(stage, "north", "north-in", lambda: keypad.type(typed), person_id=resident.person_id)
    finally:
        back_seq, back_ns = ends.journal_seq(), time.monotonic_ns()
        wire.replug(renamed=True)
    require(wire.device != name, "the reader came back under its old name")
    wait_until(lambda: "device_back" in kinds_since(ends, back_seq), BACK_SECONDS, "the reader is back")
    seconds = (time.monotonic_ns() - back_ns) / 1e9
    require("access" not in kinds_since(ends, back_seq), "a card at an unplugged reader was accepted")
    _require_reported_once(ends, before_seq)
    ms = opens(stage, "north", "north-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, f"the PIN opens meanwhile; back as another device after {seconds:.2f} s")


def _require_reported_once(ends: GateEnds, seq: int) -> None:
    lost = kinds_since(ends, seq).count("alarm_device_lost")
    require(lost == 1, f"the loss of one cable was reported {lost} times")


def crash_mid_pulse_ends_at_rest(stage: Stage) -> Outcome:
    """Two gates are killed in mid-pulse: one board ends the pulse itself, the other at the restart.

    Broken by: an ON byte that no card ordered, an output that stays on, a journal that does not add up.
    """
    resident = stage.member("resident")
    south, garage = stage.gates["south"], stage.gates["garage"]
    relay, board = south.metal.usb_relay, garage.metal.relays
    pulse_after(south, "south-in", lambda: south.metal.readers["south-in"].tap(resident.card))
    south.process.kill()
    pulse_after(garage, "garage-out", lambda: garage.metal.readers["garage-out"].tap(resident.card))
    garage.process.kill()
    killed_ns = time.monotonic_ns()
    try:
        require(relay.is_on(1), "the USB relay is off already: the gate was not killed in mid-pulse")
        channel = garage.plan.lane("garage-out").channel
        wait_until(lambda: not board.is_on(channel), BOARD_ENDS_SECONDS, "the Modbus board ends its pulse")
    finally:
        since, started = datetime.now(UTC), time.monotonic()
        for ends in (south, garage):
            ends.process.start()
    wait_until(lambda: not relay.is_on(1), REST_SECONDS, "the USB relay is put to rest")
    seconds = time.monotonic() - started
    for ends in (south, garage):
        stage.wait_ready(ends, since)
        require(
            not [c for c in ends.metal.relays.changes if c.on and c.at_ns > killed_ns],
            f"{ends.gate_id}: an ON byte that no card ordered",
        )
        try:
            verify_chain(ends.journal())
        except ChainBroken as err:
            raise StepFailed(f"{ends.gate_id}: the journal after the crash: {err}") from err
    reader = south.metal.readers["south-in"]
    ms = opens(stage, "south", "south-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, f"one board ended its pulse alone, the other rested {seconds:.1f} s after the restart")
