"""Steps on the garage's ramp, which is one lane wide: interlock and anti-passback."""

import time

from demo.judge import (
    Outcome,
    event_after,
    kinds_since,
    opens,
    pass_through,
    refused,
    require,
    wait_until_locked,
)
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import wait_until
from demo.stage import Stage
from hardware.interfaces import InputKind

OFFLINE_SECONDS = 6.0


def interlock(stage: Stage) -> Outcome:
    """A car comes out: the way in refuses meanwhile; a car comes in: the way out opens all the same.

    Broken by: a way in that does not wait, one that waits for ever, a way out that waits.
    """
    ends, leaver, comer = stage.gates["garage"], stage.member("resident"), stage.member("neighbour")
    way_in, way_out = ends.metal.readers["garage-in"], ends.metal.readers["garage-out"]
    contacts = ends.metal.inputs
    opens(stage, "garage", "garage-out", lambda: way_out.tap(leaver.card), person_id=leaver.person_id)
    contacts.set("garage-out", InputKind.DOOR_OPEN, True)
    try:
        _wait_door(ends, "garage-out", "door_opened")
        refused(stage, "garage", "garage-in", lambda: way_in.tap(comer.card), "interlocked")
    finally:
        contacts.set("garage-out", InputKind.DOOR_OPEN, False)
    _wait_door(ends, "garage-out", "door_closed")
    wait_until_locked(ends, "garage-out")
    ms = opens(stage, "garage", "garage-in", lambda: way_in.tap(comer.card), person_id=comer.person_id)
    contacts.set("garage-in", InputKind.DOOR_OPEN, True)
    try:
        _wait_door(ends, "garage-in", "door_opened")
        opens(stage, "garage", "garage-out", lambda: way_out.tap(comer.card), person_id=comer.person_id)
    finally:
        contacts.set("garage-in", InputKind.DOOR_OPEN, False)
    pass_through(ends, "garage-out")
    return Outcome(ms, "interlocked while a car comes out, granted after; the way out never waits")


def antipassback(stage: Stage) -> Outcome:
    """A person who came in and did not leave is refused at the same gate by any method, unless offline.

    Broken by: a second way in without a way out, a gate without its server that locks people out by what
    it cannot know, a way out that does not count.
    """
    ends, resident = stage.gates["garage"], stage.member("resident")
    way_in, way_out = ends.metal.readers["garage-in"], ends.metal.readers["garage-out"]
    keypad, typed = ends.metal.keypads["garage-in"], f"{resident.typed_home}#{resident.pin}#"
    opens(stage, "garage", "garage-in", lambda: way_in.tap(resident.card), person_id=resident.person_id)
    pass_through(ends, "garage-in")
    refused(stage, "garage", "garage-in", lambda: keypad.type(typed), "antipassback")
    cut_seq, written = ends.journal_seq(), ends.process.log_size()
    ends.cable.cut()
    try:
        wait_until(
            lambda: "out of reach" in ends.process.log_after(written), OFFLINE_SECONDS, "the gate is alone"
        )
        keypad.type(typed)
        wait_until(
            lambda: "antipassback_violated" in kinds_since(ends, cut_seq), OFFLINE_SECONDS, "a violation"
        )
    finally:
        ends.cable.mend()
    event_after(stage, "garage", cut_seq, "antipassback_violated", lane_id="garage-in", timeout_seconds=8.0)
    opened = [e.facts for e in ends.journal() if e.seq > cut_seq and e.kind == "access"]
    require(len(opened) == 1 and opened[0]["opens"] is True, f"alone, the gate decided {opened or 'nothing'}")
    pass_through(ends, "garage-in")
    opens(stage, "garage", "garage-out", lambda: way_out.tap(resident.card), person_id=resident.person_id)
    pass_through(ends, "garage-out")
    ms = opens(stage, "garage", "garage-in", lambda: way_in.tap(resident.card), person_id=resident.person_id)
    pass_through(ends, "garage-in")
    return Outcome(ms, "refused by PIN after the card; alone admitted and reported; out, and in again")


def _wait_door(ends: GateEnds, lane_id: str, kind: str) -> None:
    """Wait until the gate has taken the last movement of a lane's door."""

    def said() -> bool:
        kinds = [k for k in kinds_since(ends, 0, lane_id=lane_id) if k.startswith("door_")]
        return bool(kinds) and kinds[-1] == kind

    wait_until(said, 2.0, f"{lane_id}: {kind}")
    time.sleep(0.02)
