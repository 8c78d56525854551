"""Steps with a card, a PIN and a code: the phone's own and a visitor's."""

import time

from demo.judge import Outcome, opens, refused
from demo.stage import Stage
from demo.steps.faces import screen_of
from demo.world.compound import UNKNOWN_CARD
from gate_controller.lane.camera_state import SAME_CODE_SECONDS
from gate_controller.terminal.view import Screen


def card_opens(stage: Stage) -> Outcome:
    """A resident's card at the north gate."""
    resident, reader = stage.member("resident"), stage.gates["north"].metal.readers["north-in"]
    ms = opens(stage, "north", "north-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, "a resident's card at the north gate")


def unknown_card_refused(stage: Stage) -> Outcome:
    """A card without an owner."""
    reader = stage.gates["north"].metal.readers["north-in"]
    refused(stage, "north", "north-in", lambda: reader.tap(UNKNOWN_CARD), "credential_unknown")
    return Outcome(None, "credential_unknown, no ON byte")


def pin_opens(stage: Stage) -> Outcome:
    """Home number and PIN at the keypad."""
    resident, keypad = stage.member("resident"), stage.gates["north"].metal.keypads["north-in"]
    typed = f"{resident.typed_home}#{resident.pin}#"
    ms = opens(stage, "north", "north-in", lambda: keypad.type(typed), person_id=resident.person_id)
    return Outcome(ms, "home number, #, PIN, # at the keypad")


def qr_opens(stage: Stage) -> Outcome:
    """The phone's own code, made offline: to the scanner as text, to the camera as a picture; each once.

    Broken by: a gate that forgets which code it has taken.
    """
    resident, ends = stage.member("resident"), stage.gates["north"]
    phone = stage.phone_of("resident")
    phone.switch("qr", True)
    phone.register_key()
    stage.wait_synced("north", "south")
    scanner, text = ends.metal.scanners["north-in"], phone.code()
    ms = opens(stage, "north", "north-in", lambda: scanner.scan(text), person_id=resident.person_id)
    time.sleep(SAME_CODE_SECONDS + 0.2)  # until then a code still held to the scanner counts as one showing
    refused(stage, "north", "north-in", lambda: scanner.scan(text), "code_replayed")
    seen_ms = opens(
        stage, "north", "north-in", lambda: _hold_to_camera(stage, phone.code()), person_id=resident.person_id
    )
    ends.metal.clear_view()
    return Outcome(ms, f"scanner, the second time code_replayed; before the camera {seen_ms:.1f} ms")


def _hold_to_camera(stage: Stage, text: str) -> int:
    screen = screen_of(stage)
    screen.press("method", method="qr")
    screen.wait_for(Screen.SHOW_CODE)
    # The camera opens only now; it needs a frame or two without a person before the phone is held up.
    time.sleep(0.3)
    return stage.gates["north"].metal.show_code(text)


def visitor_pass_opens(stage: Stage) -> Outcome:
    """A pass made on the phone, sent to a visitor, shown at a gate that never received it."""
    scanner = stage.gates["south"].metal.scanners["south-in"]
    text = stage.phone_of("resident").visitor_pass("Aunt Li", 2)
    ms = opens(stage, "south", "south-in", lambda: scanner.scan(text))
    return Outcome(ms, "a visitor's signed pass at the south gate")
