"""Steps with the power: pulled in mid-pulse, pulled right after a grant, the relay board unplugged."""

import time

from demo.judge import Outcome, StepFailed, opens, pulse_after, require
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import wait_until
from demo.stage import Stage
from gate_controller.contract.journal_chain import ChainBroken, verify_chain
from hardware.relays.usb import switch_frame

QUIET_SECONDS = 0.6


def power_cycle_no_pulse(stage: Stage) -> Outcome:
    """However the power goes and comes back, the relay hears only OFF until the next card."""
    ends, resident = stage.gates["south"], stage.member("resident")
    reader = ends.metal.readers["south-in"]
    pulse_after(ends, "south-in", lambda: reader.tap(resident.card))
    ends.process.kill()
    _power_back(stage, ends, unplug=False)
    before_seq = ends.journal_seq()
    reader.tap(resident.card)
    wait_until(lambda: ends.journal_seq() > before_seq, 3.0, "the entry of a yes")
    ends.process.kill()
    # What the gate said before its power went may still be on the wire; it is not the restart's doing.
    time.sleep(0.05)
    _power_back(stage, ends, unplug=True)
    since_ns = time.monotonic_ns()
    ends.metal.usb_relay.unplug()
    ends.metal.usb_relay.replug()
    time.sleep(QUIET_SECONDS)
    require(
        not [c for c in ends.metal.relays.changes if c.on and c.at_ns >= since_ns],
        "the relay got an ON byte when its board came back",
    )
    try:
        verify_chain(ends.journal())
    except ChainBroken as err:
        raise StepFailed(f"the journal after two power cuts: {err}") from err
    ms = opens(stage, "south", "south-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, "killed in mid-pulse and after a yes, board pulled: only OFF bytes; journal intact")


def _power_back(stage: Stage, ends: GateEnds, *, unplug: bool) -> None:
    """Give the power back and require that the relay hears OFF and nothing else."""
    relay = ends.metal.usb_relay
    if unplug:
        relay.power_cycle()
    heard = len(relay.heard)
    stage.start_gate(ends)
    time.sleep(QUIET_SECONDS)
    said = relay.heard[heard:]
    off = switch_frame(1, False)
    require(len(said) > 0, "the relay heard nothing after the restart, not even OFF")
    require(
        said == off * (len(said) // len(off)), f"the relay heard {said.hex()} after the restart, not only OFF"
    )
