"""Steps with staff in a lockdown and with a person under threat."""

import json
import time
from dataclasses import dataclass

import msgspec

from demo.actors.gate_screen import GateScreen
from demo.judge import (
    EVENT_SECONDS,
    Outcome,
    StepFailed,
    event_after,
    kinds_since,
    opens,
    pulse_after,
    require,
    require_shut,
)
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.compound import PULSE_SECONDS
from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.lane.screen_state import RESULT_SCREENS
from gate_controller.terminal.view import Screen, TerminalView
from hardware.interfaces import InputKind
from web_admin.credentials.pins import issue_duress_pin

ANOTHER_TAP_SECONDS = 1.2
HELD_AFTER_PULSE_SECONDS = 2.0
UNDER_THREAT = "alarm_duress"
PULSE_TOLERANCE_SECONDS = 0.3
PHONE_PAGES = ("/r/", "/r/records", "/r/visitors", "/r/code", "/r/help", "/r/records/export.json")


def staff_card_opens_offline(stage: Stage) -> Outcome:
    """Lockdown, then the cable is cut: a resident's card is refused, a guard's opens and holds the lane.

    Broken by: a card that lockdown stops, a hold without author or end, a hold that is none, entries that
    do not reach the server.
    """
    ends, resident, guard = stage.gates["south"], stage.member("resident"), stage.member("guard")
    reader, before_seq = ends.metal.readers["south-in"], ends.journal_seq()
    stage.desk.lock_down("demo")
    try:
        stage.wait_synced()
        ends.cable.cut()
        before_ns = time.monotonic_ns()
        reader.tap(resident.card)
        shut = _decision(ends, before_seq)
        require_shut(ends, "south-in", before_ns)
        require(shut.facts["reason"] == "lane_lockdown", f"the resident's reason was {shut.facts['reason']}")
        tapped_seq = ends.journal_seq()
        ms = pulse_after(ends, "south-in", lambda: reader.tap(guard.card))
        opened = _decision(ends, tapped_seq)
        require(opened.facts["reason"] == "override", f"the gate wrote {opened.facts['reason']}")
        time.sleep(ANOTHER_TAP_SECONDS)
        reader.tap(guard.card)
        held = _entry(ends, tapped_seq, "held_open")
        until = str(held.facts.get("until", ""))
        require((held.personal or {}).get("person_id") == guard.person_id, "the event has no holder")
        require(bool(until), "the event has no end")
        ends.metal.inputs.set("south-in", InputKind.DOOR_OPEN, True)
        time.sleep(HELD_AFTER_PULSE_SECONDS)
        require(ends.metal.relays.is_on(1), "the lane is not held after the usual pulse")
        ends.metal.inputs.set("south-in", InputKind.DOOR_OPEN, False)
        for _time in range(2):
            reader.tap(guard.card)
            time.sleep(ANOTHER_TAP_SECONDS)
        _entry(ends, tapped_seq, "hold_ended")
        kinds = kinds_since(ends, tapped_seq, lane_id="south-in")
        require("alarm_door_held" not in kinds, "a lane held by staff counts as left open")
    finally:
        ends.metal.inputs.set("south-in", InputKind.DOOR_OPEN, False)
        ends.cable.mend()
        stage.desk.end_lockdown()
    stage.wait_synced()
    seen = event_after(stage, "south", tapped_seq, "held_open", lane_id="south-in")
    require(seen.person_id == guard.person_id, "the server does not know who held the lane")
    require(seen.facts.get("until") == until, "the server does not know until when")
    for kind in ("alarm_override", "hold_ended"):
        event_after(stage, "south", tapped_seq, kind, lane_id="south-in")
    opens(stage, "south", "south-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, f"override; shown twice: held until {until}, ended by hand; the server has it")


def _decision(ends: GateEnds, seq: int) -> JournalEntry:
    return _entry(ends, seq, "access")


def _entry(ends: GateEnds, seq: int, kind: str) -> JournalEntry:
    """Return the first entry of a kind after a number, from the gate's own journal."""
    wait_until(lambda: kind in kinds_since(ends, seq), EVENT_SECONDS, f"the gate writes {kind}")
    return next(entry for entry in ends.journal() if entry.seq > seq and entry.kind == kind)


def duress_pin_silent_alarm(stage: Stage) -> Outcome:
    """A person under threat types the other PIN: it opens as usual, and only the guard is notified.

    Broken by: a PIN that does not open, a screen, pulse or phone page that differs from any other day, a
    guard who is not notified.
    """
    ends, person = stage.gates["north"], stage.member("resident")
    phone, screen = stage.phone_of("resident"), ends.screen
    if screen is None:
        raise StepFailed("the north gate has no screen")
    usual = _opening(stage, screen, f"{person.typed_home}#{person.pin}#", person.person_id)
    credentials = json.loads(phone.get("/r/records/export.json"))["credentials"]
    with stage.office.act() as act:
        duress_pin = issue_duress_pin(act, person.person_id)
    stage.wait_synced("north")
    before_seq = ends.journal_seq()
    threatened = _opening(stage, screen, f"{person.typed_home}#{duress_pin}#", person.person_id)
    event_after(stage, "north", before_seq, UNDER_THREAT, lane_id="north-in")
    require(threatened.views == usual.views, f"the screen showed {threatened.views}, not {usual.views}")
    apart = abs(threatened.pulse_seconds - usual.pulse_seconds)
    require(apart < PULSE_TOLERANCE_SECONDS, f"the pulses differ by {apart:.1f} s")
    word = stage.office.word_of_event(UNDER_THREAT)
    require(word in stage.guard_page("/manage/"), "the guard's page does not show the alarm")
    for path in PHONE_PAGES:
        page = phone.get(path).lower()
        require(word.lower() not in page and "duress" not in page, f"the phone's page {path} shows it")
    export = json.loads(phone.get("/r/records/export.json"))
    require(export["credentials"] == credentials, "the export lists the other PIN")
    newest = [{**passage, "at": ""} for passage in export["passages"][:2]]
    require(newest[0] == newest[1], "the export shows the two openings differently")
    return Outcome(threatened.ms, "opens as any PIN; screen, phone and export alike; the guard's page has it")


@dataclass(frozen=True, slots=True)
class _Opening:
    """An opening as a bystander at the gate could see it."""

    ms: float
    pulse_seconds: float
    views: list[TerminalView]


def _opening(stage: Stage, screen: GateScreen, typed: str, person_id: str) -> _Opening:
    """Type at the north gate's keypad, and wait until the lane is locked again."""
    metal, began_ns = stage.gates["north"].metal, time.monotonic_ns()
    screen.wait_for(Screen.IDLE)
    screen.forget()
    keypad = metal.keypads["north-in"]
    ms = opens(stage, "north", "north-in", lambda: keypad.type(typed), person_id=person_id)
    screen.wait_for(Screen.GRANTED)
    wait_until(lambda: not metal.relays.is_on(1), PULSE_SECONDS + 1.0, "the lock catches")
    moved = [change for change in metal.relays.changes if change.channel == 1 and change.at_ns > began_ns]
    on_ns = next(change.at_ns for change in moved if change.on)
    off_ns = next(change.at_ns for change in moved if not change.on and change.at_ns > on_ns)
    views = [
        msgspec.structs.replace(view, seconds_left=None)
        for view in screen.shown()
        if view.screen in RESULT_SCREENS
    ]
    return _Opening(ms, (off_ns - on_ns) / 1e9, list(dict.fromkeys(views)))
