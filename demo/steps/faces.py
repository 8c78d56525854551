"""Steps before the camera: only after the person asked, and only within the home they named."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from demo.actors.gate_screen import GateScreen
from demo.attacks.stolen_data import marks_of_frame
from demo.judge import Doing, Outcome, StepFailed, event_after, opens, refused, require
from demo.stage import Stage
from demo.world.compound import Member
from demo.world.people import USUAL, Manner
from gate_controller.terminal.view import Screen
from hardware.interfaces import Frame

ENROL_SECONDS = 15.0
LOOK_SECONDS = 12.0
DELAY_SECONDS = 45.0
MAX_MARKS = 200
TRIES = 2
"""A person who was not recognised tries again once, as the screen proposes."""


def screen_of(stage: Stage) -> GateScreen:
    """Return the screen of the gate with the camera; raise StepFailed when no actor is signed in to it."""
    screen = stage.gates["north"].screen
    if screen is None:
        raise StepFailed("the north gate's screen is not there")
    return screen


def portrait_of(stage: Stage, name: str) -> Frame:
    """Return one of the test portraits, height × width × 3."""
    picture = cv2.imread(str(stage.portrait_path(name)))
    if picture is None:
        raise FileNotFoundError(f"{stage.portrait_path(name)} is damaged: delete it and run 'make setup'")
    return np.asarray(picture, dtype=np.uint8)


# -- what a person does ----------------------------------------------------------------------------


def at_rest(stage: Stage) -> GateScreen:
    """Return the screen once it is at its beginning."""
    screen = screen_of(stage)
    screen.press("cancel")
    screen.wait_for(Screen.IDLE)
    return screen


def say_yes_at_gate(stage: Stage, member: Member) -> GateScreen:
    """Ask for the own face with the own card and say yes; the gate now waits for the card once more."""
    screen = at_rest(stage)
    screen.press("own_face")
    screen.wait_for(Screen.TYPING_HOME)
    stage.gates["north"].metal.readers["north-in"].tap(member.card)
    screen.wait_for(Screen.FACE_ASK)
    screen.press("confirm")
    screen.wait_for(Screen.FACE_CONFIRM)
    return screen


def enrol(stage: Stage, member: Member, portrait: str, *, tries: int = TRIES, manner: Manner = USUAL) -> None:
    """Stand before the camera and confirm with the own card; raise StepFailed unless the gate took it."""
    ends = stage.gates["north"]
    for attempt in range(1, tries + 1):
        before_seq = ends.journal_seq()
        screen = say_yes_at_gate(stage, member)
        ends.show_person(portrait_of(stage, portrait), seed=100 * attempt, manner=manner)
        # The press alone is no yes: the card once more is.
        ends.metal.readers["north-in"].tap(member.card)
        _remember_frames(stage, screen)
        screen.wait_for(Screen.GRANTED)  # by the card, with any result of the enrolment
        ends.metal.clear_view()
        if any(entry.kind == "face_enrolled" for entry in ends.journal() if entry.seq > before_seq):
            break
    event = event_after(stage, "north", before_seq, "face_enrolled")
    require(event.person_id == member.person_id, "another person was enrolled")
    at_rest(stage)


def _remember_frames(stage: Stage, screen: GateScreen) -> None:
    """Keep parts of what the camera sees until the look is over, to search disks for them later."""
    folder, began, last = stage.gates["north"].metal.camera_folder, time.monotonic(), ""
    while time.monotonic() - began < ENROL_SECONDS and not _is_granted(screen):
        time.sleep(0.2)
        for path in sorted(folder.glob("person-*.jpg"))[-1:]:
            try:
                coded = path.read_bytes()
            except FileNotFoundError:
                continue  # the next frame has come
            frame = cv2.imdecode(np.frombuffer(coded, dtype=np.uint8), cv2.IMREAD_COLOR)
            if frame is not None and path.name != last and len(stage.frame_marks) < MAX_MARKS:
                last = path.name
                stage.frame_marks += marks_of_frame("a frame", coded, np.asarray(frame, dtype=np.uint8))


def _is_granted(screen: GateScreen) -> bool:
    return screen.view is not None and screen.view.screen is Screen.GRANTED


def type_home(stage: Stage) -> Screen:
    """Ask for face and type the home of the two who gave theirs; return what the screen comes to show."""
    screen = at_rest(stage)
    screen.press("method", method="face")
    screen.wait_for(Screen.TYPING_HOME)
    screen.type(f"{stage.member('face_a').typed_home}#")
    return screen.wait_for(Screen.FACE_LOOKING, Screen.TYPING_PIN, Screen.DELAYED).screen


def ask_for_look(stage: Stage) -> None:
    """Ask for face, type the home, wait until the camera looks.

    Three refused faces in half an hour make the gate wait before it looks again.
    """
    give_up = time.monotonic() + DELAY_SECONDS
    while (shown := type_home(stage)) is Screen.DELAYED and time.monotonic() < give_up:
        time.sleep(2)
    require(shown is Screen.FACE_LOOKING, f"the screen shows {shown.value} and the camera does not look")
    time.sleep(0.3)


def look(stage: Stage, portrait: str, *, seed: int) -> int:
    """Ask for a look and step in front of the camera; return monotonic ns when in view."""
    ask_for_look(stage)
    return stage.gates["north"].show_person(portrait_of(stage, portrait), seed=seed)


def opens_by_face(stage: Stage, role: str, portrait: str, *, seed: int) -> tuple[float, int]:
    """Return the milliseconds until the relay's ON byte, and which try it was; raise StepFailed."""
    person_id, ends = stage.member(role).person_id, stage.gates["north"]
    for attempt in range(1, TRIES + 1):
        doing: Doing = lambda attempt=attempt: look(stage, portrait, seed=seed + attempt)  # type: ignore[misc]  # noqa: E731 - mypy types no defaults of lambdas
        try:
            ms = opens(stage, "north", "north-in", doing, person_id=person_id, timeout_seconds=LOOK_SECONDS)
        except StepFailed:
            if attempt == TRIES:
                raise
        else:
            return ms, attempt
        finally:
            ends.metal.clear_view()
    raise StepFailed("no one tried")


def refused_look(stage: Stage, portrait: str, reason: str) -> None:
    """Look and be refused; the judge waits for the server's event, so first for the session's end."""

    def look_to_the_end() -> None:
        look(stage, portrait, seed=500)
        wait_for_the_end(stage)

    try:
        refused(stage, "north", "north-in", look_to_the_end, reason)
    finally:
        stage.gates["north"].metal.clear_view()


def wait_for_the_end(stage: Stage) -> None:
    """Wait until the look under way has ended."""
    screen_of(stage).wait_for(Screen.REFUSED, Screen.DELAYED, Screen.GRANTED, timeout_seconds=LOOK_SECONDS)


# -- steps -----------------------------------------------------------------------------------------


def face_opens(stage: Stage) -> Outcome:
    """One of two enrolled people of a home opens by face, on another picture than they enrolled with.

    Broken by: an engine that does not find the person, a grant that does not count for face.
    """
    ms, attempt = opens_by_face(stage, "face_a", "person_a_2", seed=500)
    return Outcome(ms, f"home number, then face, on another picture of the person; try {attempt}")


def face_beside_a_card(stage: Stage) -> Outcome:
    """A person asks on the phone for two ways: the card waits for the face; later the card alone opens again.

    Broken by: a card that opens alone all the same, a face that is not compared after it, a request that
    goes on after its end.
    """
    member, reader = stage.member("face_a"), stage.gates["north"].metal.readers["north-in"]
    with two_ways(stage, "face_a"):
        ms = opens_by_card_and_face(stage, member, "person_a_2")
    at_rest(stage)
    opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
    return Outcome(ms, "asked for on the phone: the card waits, the face beside it opens; then as before")


@contextmanager
def two_ways(stage: Stage, role: str) -> Iterator[None]:
    """Ask on the person's phone that the gate opens after two ways only, until the block ends."""
    try:
        _ask_for_two_ways(stage, role, "always")
        yield
    finally:
        _ask_for_two_ways(stage, role, "off")


def _ask_for_two_ways(stage: Stage, role: str, when: str) -> None:
    phone = stage.phone_of(role)
    phone.get("/r/")
    phone.post("/r/two-ways", {"wish": when})
    stage.wait_synced("north")


def opens_by_card_and_face(
    stage: Stage, member: Member, portrait: str, *, tries: int = TRIES, manner: Manner = USUAL
) -> float:
    """Return the milliseconds from the person in view until the relay's ON byte; raise StepFailed."""
    ends = stage.gates["north"]
    for attempt in range(1, tries + 1):
        screen = at_rest(stage)
        refused(
            stage,
            "north",
            "north-in",
            lambda: ends.metal.readers["north-in"].tap(member.card),
            "second_method",
        )

        def look_beside(attempt: int = attempt, screen: GateScreen = screen) -> int:
            screen.press("method", method="face")
            screen.wait_for(Screen.FACE_LOOKING)
            time.sleep(0.3)
            return ends.show_person(portrait_of(stage, portrait), seed=900 + attempt, manner=manner)

        try:
            return opens(
                stage,
                "north",
                "north-in",
                look_beside,
                person_id=member.person_id,
                timeout_seconds=LOOK_SECONDS,
            )
        except StepFailed:
            if attempt == tries:
                raise
        finally:
            ends.metal.clear_view()
    raise StepFailed("no one tried")


def stranger_face_refused(stage: Stage) -> Outcome:
    """A person of another home.

    Broken by: a threshold that is too low, rules that open without a match.
    """
    refused_look(stage, "impostor_1", "face_no_match")
    return Outcome(None, "a stranger before the camera: face_no_match")


def face_withdrawn_refused(stage: Stage) -> Outcome:
    """The person whose face was switched off looks at the camera once more; the card opens.

    Broken by: a gate that keeps the template, one that takes the card away together with the face.
    """
    member, reader = stage.member("face_a"), stage.gates["north"].metal.readers["north-in"]
    refused_look(stage, "person_a_2", "face_no_match")
    opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
    return Outcome(None, "switched off on the phone: the face matches no one, face_no_match; the card opens")
