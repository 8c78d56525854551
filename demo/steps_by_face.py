"""Steps in front of the camera: only after the person asked, and only within the home they named."""

import time

import cv2
import numpy as np

from demo.judge import Outcome, event_after, opens, refused, require
from demo.processes import wait_until
from demo.stage import Stage
from gate_controller.terminal.view import Screen
from hardware.interfaces import Frame
from web_admin.models import ReceiptRow

ENROL_SECONDS = 15.0
LOOK_SECONDS = 12.0
DELAY_SECONDS = 45.0


def face_opens(stage: Stage) -> Outcome:
    """Two people of one home say yes on their phones, enrol at the gate; one opens by face."""
    ends = stage.gates["north"]
    _give_face(stage, "face_a", "person_a_1")
    _give_face(stage, "face_b", "person_b_1")
    person = stage.member("face_a")
    ms = opens(
        stage,
        "north",
        "north-in",
        lambda: _look(stage, "person_a_2"),
        person_id=person.person_id,
        timeout_seconds=LOOK_SECONDS,
    )
    ends.metal.clear_view()
    return Outcome(ms, "enrolled after card and consent; recognised on another picture of the same person")


def _give_face(stage: Stage, role: str, portrait: str) -> None:
    ends, member = stage.gates["north"], stage.member(role)
    stage.phone_of(role).say_yes_to_face()
    stage.wait_synced("north")
    screen = ends.screen
    if screen is None:
        return
    before_seq = ends.journal_seq()
    screen.press("cancel")
    screen.wait_for(Screen.IDLE)
    screen.press("own_face")
    screen.wait_for(Screen.TYPING_HOME)
    ends.metal.readers["north-in"].tap(member.card)
    screen.wait_for(Screen.FACE_ASK)
    screen.press("confirm")
    screen.wait_for(Screen.FACE_CONFIRM)
    ends.show_person(portrait_of(stage, portrait), seed=100)
    # The press alone is no yes: the card once more is.
    ends.metal.readers["north-in"].tap(member.card)
    event = event_after(stage, "north", before_seq, "face_enrolled", timeout_seconds=ENROL_SECONDS)
    require(event.person_id == member.person_id, "another person was enrolled")
    ends.metal.clear_view()
    # Let in by the card that was shown, as after a no.
    screen.wait_for(Screen.GRANTED)
    screen.press("cancel")
    screen.wait_for(Screen.IDLE)


def _ask_for_face(stage: Stage) -> None:
    screen = stage.gates["north"].screen
    if screen is not None:
        screen.press("cancel")
        screen.wait_for(Screen.IDLE)
        screen.press("method", method="face")
        screen.wait_for(Screen.TYPING_HOME)


def ask_for_look(stage: Stage) -> None:
    """Ask for face, type the home, wait until the camera looks."""
    screen = stage.gates["north"].screen
    _ask_for_face(stage)
    if screen is not None:
        screen.type(f"{stage.member('face_a').typed_home}#")
        screen.wait_for(Screen.FACE_LOOKING)
        time.sleep(0.3)


def _look(stage: Stage, portrait: str) -> int:
    """Ask for a look and step in front of the camera."""
    ask_for_look(stage)
    return stage.gates["north"].show_person(portrait_of(stage, portrait), seed=500)


def wait_out_the_delay(stage: Stage) -> None:
    """Ask until the gate looks again: three refused faces in half an hour make it wait."""
    screen = stage.gates["north"].screen
    give_up = time.monotonic() + DELAY_SECONDS
    while screen is not None:
        _ask_for_face(stage)
        screen.type(f"{stage.member('face_a').typed_home}#")
        view = screen.wait_for(Screen.FACE_LOOKING, Screen.DELAYED)
        screen.press("cancel")
        screen.wait_for(Screen.IDLE)
        if view.screen is Screen.FACE_LOOKING:
            return
        require(time.monotonic() < give_up, "the gate still waits with faces")
        time.sleep(2)


def stranger_face_refused(stage: Stage) -> Outcome:
    """Somebody who is not of the home."""
    refused_look(stage, "impostor_1", "face_no_match")
    return Outcome(None, "a stranger before the camera: face_no_match")


def refused_look(stage: Stage, portrait: str, reason: str) -> None:
    """Look and be refused; the judge waits for the server's event, so first for the session's end."""
    ends = stage.gates["north"]

    def look_to_the_end() -> None:
        _look(stage, portrait)
        if ends.screen is not None:
            ends.screen.wait_for(Screen.REFUSED, Screen.DELAYED, Screen.GRANTED, timeout_seconds=LOOK_SECONDS)

    try:
        refused(stage, "north", "north-in", look_to_the_end, reason)
    finally:
        ends.metal.clear_view()


def face_withdrawn_refused(stage: Stage) -> Outcome:
    """Face switched off on the phone: the gate forgets, signs a receipt, and knows the face no more."""
    member, ends = stage.member("face_a"), stage.gates["north"]
    before_seq = ends.journal_seq()
    stage.phone_of("face_a").withdraw_face()
    event = event_after(stage, "north", before_seq, "face_forgotten")
    require(event.person_id == member.person_id, "another person was forgotten")

    def receipt_came() -> bool:
        with stage.office.read() as session:
            return session.query(ReceiptRow).filter(ReceiptRow.gate_id == "north").count() > 0

    wait_until(receipt_came, 4.0, "the signed receipt")
    wait_out_the_delay(stage)
    refused_look(stage, "person_a_2", "face_no_match")
    reader = ends.metal.readers["north-in"]
    opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
    return Outcome(
        None, "forgotten with a signed receipt; the face is nobody's: face_no_match; the card opens"
    )


def portrait_of(stage: Stage, name: str) -> Frame:
    """Return one of the test portraits, height × width × 3."""
    picture = cv2.imread(str(stage.portrait_path(name)))
    if picture is None:
        raise FileNotFoundError(f"{stage.portrait_path(name)} is damaged: delete it and run 'make setup'")
    return np.asarray(picture, dtype=np.uint8)
