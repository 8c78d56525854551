"""Steps with the second face engine, whose own measured errors keep it from opening a gate."""

import json

from demo.judge import Outcome, event_after, opens, require
from demo.rig.processes import Child, menjin
from demo.stage import Stage
from demo.steps.faces import at_rest, screen_of
from demo.world.site_files import SiteFile
from gate_controller.contract.records import Method
from gate_controller.face.engines.engines import DEFAULT_ENGINE
from gate_controller.terminal.view import Screen

GATE, LANE = "north", "north-in"
WEAK, WEAK_NAME = "face_recognition", "face-recognition-1"
CHECK_SECONDS = 90.0
WHY = ("may not open", "is accepted once in", "in a home of")


def weak_engine_may_not_open(stage: Stage) -> Outcome:
    """The installer names face_recognition in the site file: check and log say why not; the card opens.

    The card of the engine decides before anything is loaded, so this holds with and without `make face-dlib`.

    Broken by: an engine that opens against its curve, a gate that falls back to another engine unasked
    or does not start.
    """
    ends, member = stage.gates[GATE], stage.member("face_b")
    reader = ends.metal.readers[LANE]
    ends.process.stop()
    try:
        _write(stage, WEAK)
        checked = _face_line(stage)
        require(checked["verdict"] == "wrong", f"gate check finds {WEAK} {checked['verdict']}")
        _require_figures("gate check", checked["text"])
        before_seq, log_size = ends.journal_seq(), ends.process.log_size()
        stage.start_gate(ends)
        event = event_after(stage, GATE, before_seq, "alarm_face_unavailable")
        _require_figures("the event", str(event.facts["detail"]))
        _require_figures("the gate's log", ends.process.log_after(log_size))
        opens(stage, GATE, LANE, lambda: reader.tap(member.card), person_id=member.person_id)
        at_rest(stage)
        offered = screen_of(stage).wait_for(Screen.IDLE).methods_offered
        require(Method.FACE not in offered and Method.CARD in offered, f"the screen offers {offered}")
    finally:
        ends.process.stop()
        _write(stage, DEFAULT_ENGINE)
        stage.start_gate(ends)
    accepted = str(checked["text"]).partition(" is accepted ")[2].partition(",")[0]
    return Outcome(
        None, f"{WEAK}: a stranger of the worst group is accepted {accepted}; face off, the card opens"
    )


def _write(stage: Stage, engine: str) -> None:
    ends = stage.gates[GATE]
    SiteFile(
        ends.plan, ends.folder, ends.cable.address, ends.screen_port, True, ends.metal.camera_folder, engine
    ).write()


def _face_line(stage: Stage) -> dict[str, str]:
    """Return the line about the engine of the real `menjin gate check`, which ends with 1 for it."""
    log = stage.logs / "check-weak.log"
    child = Child("menjin gate check", log)
    child.spawn(
        menjin("gate", "check", str(stage.gates[GATE].process.site_file), "--seconds", "0.1", "--json")
    )
    try:
        status = child.wait(CHECK_SECONDS)
    finally:
        child.kill()
    require(status == 1, f"gate check ended with {status}:\n{child.tail()}")
    lines = [
        json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")
    ]
    found: list[dict[str, str]] = [line for line in lines if line["part"] == "face" and line["name"] == WEAK]
    require(len(found) == 1, f"gate check has {len(found)} lines about {WEAK}:\n{child.tail()}")
    return found[0]


def _require_figures(where: str, text: str) -> None:
    missing = [words for words in (WEAK_NAME, *WHY) if words not in text]
    require(not missing, f"{where} does not say {missing}: {text[-300:]}")
