"""Hold a face or a code before a gate's camera; where it is closed, press on the gate's screen first."""

from demo.actors.gate_screen import GateScreen
from demo.bench.outcome import Answer
from demo.bench.texts import TEXTS
from demo.rig.gate_ends import GateEnds
from demo.stage import Stage
from demo.steps.faces import enrol
from gate_controller.contract.records import Method
from gate_controller.terminal.view import Screen

PORTRAITS = {"person": "person_b_1", "other": "person_b_2", "stranger": "impostor_1"}
CODES = ("code", "forged")
WHOSE_FACE = "face_b"
"""Of the cast: whose face the page registers, and whose home a stranger names."""
SCREEN_SECONDS = 8.0


class BeforeTheCamera:
    """The acts of the page before the cameras of its gates."""

    def __init__(self, stage: Stage) -> None:
        """Begin with pictures of which none was shown yet."""
        self._stage = stage
        self._seed = 1000

    def closed_for(self, ends: GateEnds, act: dict[str, str], language: str) -> Answer | None:
        """Return what to press before the camera sees this, None where it sees."""
        what, text, lane = act.get("what", ""), TEXTS[language], ends.plan.lane(act.get("lane", ""))
        if what not in PORTRAITS and what not in CODES:
            return None
        if what in PORTRAITS and Method.FACE not in lane.methods:
            return Answer(text["no_face_here"])
        view = ends.screen.view if ends.screen is not None else None
        wanted = "looking" if what in PORTRAITS else "codes_only"
        if view is None or view.camera == wanted:
            return None
        kind = "face" if what in PORTRAITS else "code"
        return Answer(text[f"closed_{kind}"], label=text[f"press_{kind}"], offer={**act, "pressed": "1"})

    def press(self, ends: GateEnds, act: dict[str, str], language: str) -> Answer | None:
        """Press Face or QR code on the gate's screen; return why its camera stays closed, None where not."""
        if ends.screen is None:
            return None
        screen = ends.screen
        ends.metal.clear_view()  # or the camera would see the last one first
        screen.press("cancel")
        screen.wait_for(Screen.IDLE, timeout_seconds=SCREEN_SECONDS)
        if act.get("what") in CODES:
            screen.press("method", method=Method.QR)
            screen.wait_for(Screen.SHOW_CODE, timeout_seconds=SCREEN_SECONDS)
            return None
        shown, text = self._ask_for_face(screen), TEXTS[language]
        if shown is Screen.FACE_LOOKING:
            return None
        if shown is Screen.TYPING_PIN:
            offer = {"act": "register", "gate": ends.gate_id, "lane": act.get("lane", "")}
            return Answer(text["no_face_kept"], label=text["register"], offer=offer)
        return Answer(text["face_waits"])

    def _ask_for_face(self, screen: GateScreen) -> Screen:
        """Press Face and type the home whose faces to look for; return what the screen comes to show."""
        screen.press("method", method=Method.FACE)
        screen.wait_for(Screen.TYPING_HOME, timeout_seconds=SCREEN_SECONDS)
        screen.type(f"{self._stage.member(WHOSE_FACE).typed_home}#")
        shown = screen.wait_for(
            Screen.FACE_LOOKING,
            Screen.TYPING_PIN,
            Screen.DELAYED,
            Screen.REFUSED,
            timeout_seconds=SCREEN_SECONDS,
        )
        return shown.screen

    def show_face(self, ends: GateEnds, what: str) -> None:
        """Put a person before the camera; raise KeyError on an unknown one."""
        self._seed += 50
        ends.show_person(self._stage.portrait(PORTRAITS[what]), seed=self._seed)

    def register(self, ends: GateEnds, act: dict[str, str], language: str) -> Answer:
        """Say yes on the person's phone and at the gate, with the own card, and look at the camera."""
        text = TEXTS[language]
        show = {
            "act": "hold",
            "gate": ends.gate_id,
            "lane": act.get("lane", ""),
            "what": "other",
            "pressed": "1",
        }
        register_face(self._stage, ends)
        return Answer(text["registered"], label=text["press_face"], offer={**show, "walks": "1"})


def register_face(stage: Stage, ends: GateEnds) -> None:
    """Let a gate keep the face of the page's person, who agrees; raise StepFailed, or what a page raises."""
    member = stage.member(WHOSE_FACE)
    if member.person_id not in {row.person_id for row in ends.face_rows()}:
        stage.phone_of(WHOSE_FACE).say_yes_to_face()
        stage.wait_synced(ends.gate_id)
        enrol(stage, member, PORTRAITS["person"])
