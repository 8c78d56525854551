"""Steps with the second face engine: by its own measured errors it may open beside a card and not alone."""

import json

from demo.judge import Outcome, event_after, opens, require
from demo.rig.processes import Child, menjin, wait_until
from demo.stage import Stage
from demo.steps.faces import at_rest, enrol, opens_by_card_and_face, screen_of, two_ways
from demo.world.people import Manner
from demo.world.site_files import SiteFile
from gate_controller.contract.records import Method
from gate_controller.face.engines.engines import DEFAULT_ENGINE
from gate_controller.face.engines.face_recognition_engine import FACE_RECOGNITION_CARD
from gate_controller.terminal.view import Screen

GATE, LANE = "north", "north-in"
WEAK, WEAK_NAME = "face_recognition", "face-recognition-1"
CHECK_SECONDS = 90.0
FORGET_SECONDS = 5.0
LOAD_SECONDS = 60.0
PORTRAIT, TRIES = "person_a_1", 3
IN_SIGHT = Manner(turn_degrees=26.0, degrees_a_second=20.0, frame_size=(480, 360))
"""dlib loses heads that turn much further, and searches such a frame in half the time of 640 × 480."""
WHY = ("may not open", "is accepted once in", "in a home of")


def weak_engine_may_not_open(stage: Stage) -> Outcome:
    """The installer names face_recognition in the site file: check and log say why not; the card opens.

    The card of the engine decides before anything is loaded, so this holds where it is not installed too.

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


def face_recognition_beside_card_opens(stage: Stage) -> Outcome:
    """The installer lets face_recognition open beside a card: a person enrols with it and opens by both.

    Frames go through the gate's own camera path into the package's functions. Its detector loses some
    turned heads, so this is the person whose head it follows, on the picture they enrolled with. They turn
    slowly: at two frames a second the gate must still see the head on its way.

    Broken by: an engine that is not installed, one that looks for a face before any card, a card that opens
    alone for who asked for two ways, a face that is sealed as another engine's.
    """
    ends, member = stage.gates[GATE], stage.member("face_a")
    ends.process.stop()
    try:
        _write(stage, WEAK, only_beside=True)
        stage.start_gate(ends)
        _wait_for_engine(stage)
        stage.phone_of("face_a").say_yes_to_face()
        stage.wait_synced(GATE)
        enrol(stage, member, PORTRAIT, tries=TRIES, manner=IN_SIGHT)
        kinds = {row.engine for row in ends.face_rows() if row.person_id == member.person_id}
        require(kinds == {FACE_RECOGNITION_CARD.template_kind}, f"the face was sealed by {kinds}")
        _require_card_first(stage)
        with two_ways(stage, "face_a"):
            ms = opens_by_card_and_face(stage, member, PORTRAIT, tries=TRIES, manner=IN_SIGHT)
        _forget(stage)
    finally:
        ends.process.stop()
        _write(stage, DEFAULT_ENGINE)
        stage.start_gate(ends)
    return Outcome(ms, f"{WEAK}: the card waits for the face, the face beside it opens, no home is searched")


def _wait_for_engine(stage: Stage) -> None:
    """Wait until the screen offers face: the engine loads while the gate is at work."""
    screen = at_rest(stage)
    wait_until(
        lambda: screen.view is not None and Method.FACE in screen.view.methods_offered,
        LOAD_SECONDS,
        f"{WEAK} is loaded",
    )


def _require_card_first(stage: Stage) -> None:
    """Ask for face with nothing shown before: the screen asks for the card and the camera stays shut."""
    screen = at_rest(stage)
    screen.forget()
    screen.press("method", method="face")
    screen.wait_for(Screen.SHOW_CARD)
    looked = [view.screen.value for view in screen.shown() if view.camera == "looking"]
    require(not looked, f"the camera looked before any card: {looked}")


def _forget(stage: Stage) -> None:
    """Take the face back on the phone, so that the gate keeps what it kept before."""
    ends, member, phone = stage.gates[GATE], stage.member("face_a"), stage.phone_of("face_a")
    phone.get("/r/face/off")
    phone.post("/r/face/off", {})
    wait_until(
        lambda: all(row.person_id != member.person_id for row in ends.face_rows()),
        FORGET_SECONDS,
        "the face is deleted",
    )


def _write(stage: Stage, engine: str, *, only_beside: bool = False) -> None:
    ends = stage.gates[GATE]
    SiteFile(
        ends.plan,
        ends.folder,
        ends.cable.address,
        ends.screen_port,
        True,
        ends.metal.camera_folder,
        engine,
        only_beside,
        ends.metal.telephone_port,
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
