"""Steps with a face: consent and enrolment, a look within the home that was named, and forgetting."""

import time

from sqlalchemy import select

from demo.actors.gate_screen import GateScreen
from demo.judge import Outcome, StepFailed, event_after, opens, require
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.compound import Member
from gate_controller.contract.messages import ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.terminal.view import Screen
from web_admin.compound.models import Gate
from web_admin.custody.models import Consent, ReceiptRow

LOOK_SECONDS = 12.0
FORGET_SECONDS = 5.0
TRIES = 3
"""A person who was not recognised tries again, as the screen proposes; after so many the gate waits."""


def screen_of(stage: Stage) -> GateScreen:
    """Return the screen of the north gate; raise StepFailed when no actor is signed in to it."""
    screen = stage.gates["north"].screen
    if screen is None:
        raise StepFailed("the north gate's screen is not there")
    return screen


# -- what a person does ----------------------------------------------------------------------------


def enrol(stage: Stage, member: Member, portrait: str) -> None:
    """Stand before the camera and confirm with the own card; raise StepFailed unless the gate took it."""
    ends = stage.gates["north"]
    for attempt in range(1, TRIES + 1):
        before_seq = ends.journal_seq()
        screen = _say_yes_at_gate(stage, member)
        ends.show_person(stage.portrait(portrait), seed=100 * attempt)
        # The press alone is no yes: the card once more is.
        ends.metal.readers["north-in"].tap(member.card)
        screen.wait_for(Screen.GRANTED)  # by the card, with any result of the enrolment
        ends.metal.clear_view()
        if any(entry.kind == "face_enrolled" for entry in ends.journal() if entry.seq > before_seq):
            break
    event = event_after(stage, "north", before_seq, "face_enrolled")
    require(event.person_id == member.person_id, "another person was enrolled")
    _rest(stage)


def _rest(stage: Stage) -> GateScreen:
    """Return the screen once it is at its beginning."""
    screen = screen_of(stage)
    screen.press("cancel")
    screen.wait_for(Screen.IDLE)
    return screen


def _say_yes_at_gate(stage: Stage, member: Member) -> GateScreen:
    """Ask for the own face with the own card and say yes; the gate now waits for the card once more."""
    screen = _rest(stage)
    screen.press("own_face")
    screen.wait_for(Screen.TYPING_HOME)
    stage.gates["north"].metal.readers["north-in"].tap(member.card)
    screen.wait_for(Screen.FACE_ASK)
    screen.press("confirm")
    screen.wait_for(Screen.FACE_CONFIRM)
    return screen


def _look(stage: Stage, member: Member, portrait: str, seed: int) -> int:
    """Ask for face, type the home and step before the camera; return monotonic ns when in view."""
    screen = _rest(stage)
    screen.press("method", method="face")
    screen.wait_for(Screen.TYPING_HOME)
    screen.type(f"{member.typed_home}#")
    screen.wait_for(Screen.FACE_LOOKING)
    time.sleep(0.3)
    return stage.gates["north"].show_person(stage.portrait(portrait), seed=seed)


# -- steps -----------------------------------------------------------------------------------------


def face_enrol_at_gate(stage: Stage) -> Outcome:
    """Yes on the phone, own card at the gate, yes there and the card again; then the camera looks.

    Broken by: a camera that looks before the yes, a face taken without consent or kept elsewhere than in
    this gate.
    """
    member, ends, screen = stage.member("face_a"), stage.gates["north"], screen_of(stage)
    require(ends.face_rows() == [], "the gate keeps a face before any enrolment")
    stage.phone_of("face_a").say_yes_to_face()
    stage.wait_synced("north")
    screen.forget()
    _say_yes_at_gate(stage, member)
    looked = [view.screen.value for view in screen.shown() if view.camera == "looking"]
    require(not looked, f"the camera looked before the person had confirmed: {looked}")
    enrol(stage, member, "person_a_1")
    rows = ends.face_rows()
    require([row.person_id for row in rows] == [member.person_id], "the gate's file holds another face")
    others = [gate_id for gate_id, gate in stage.gates.items() if gate is not ends and gate.face_rows()]
    require(not others, f"the face went to other gates too: {others}")
    return Outcome(
        None, "phone, card, yes, card again, then the camera; one sealed template, in this gate alone"
    )


def face_opens(stage: Stage) -> Outcome:
    """The enrolled person opens by face, on another picture than they enrolled with.

    Broken by: an engine that does not find the person, a grant that does not count for face.
    """
    member, ends = stage.member("face_a"), stage.gates["north"]
    for attempt in range(1, TRIES + 1):
        try:
            ms = opens(
                stage,
                "north",
                "north-in",
                lambda seed=500 + attempt: _look(stage, member, "person_a_2", seed),  # type: ignore[misc]  # mypy types no defaults of lambdas
                person_id=member.person_id,
                timeout_seconds=LOOK_SECONDS,
            )
        except StepFailed:
            if attempt == TRIES:
                raise
        else:
            break
        finally:
            ends.metal.clear_view()
    return Outcome(ms, f"home number, then face, on another picture of the person; try {attempt}")


def withdraw_to_forgotten(stage: Stage) -> Outcome:
    """From the tap on the phone until no byte of the sealed face is in the gate's file; then its receipt.

    Broken by: a share that outlives the withdrawal, a gate that deletes and does not overwrite, a receipt
    that another key signed or that comes before the deed.
    """
    ends, member, phone = stage.gates["north"], stage.member("face_a"), stage.phone_of("face_a")
    rows = {row.person_id: row for row in ends.face_rows()}
    require(member.person_id in rows, "the person's face is not in the gate")
    sealed = rows[member.person_id].ciphertext
    require(sealed in ends.face_bytes(), "the search does not find the face while it is there")
    before_seq = ends.journal_seq()
    phone.get("/r/face/off")
    tapped_at = time.monotonic()
    phone.post("/r/face/off", {})
    require(not stage.office.has_share(member.person_id, "north"), "the page answered and the share is there")
    wait_until(lambda: sealed not in ends.face_bytes(), FORGET_SECONDS, "the face's bytes are gone")
    ms = (time.monotonic() - tapped_at) * 1000
    event = event_after(stage, "north", before_seq, "face_forgotten")
    require(event.person_id == member.person_id, "another person was forgotten")
    wait_until(lambda: _receipt(stage, member.person_id) is not None, FORGET_SECONDS, "the signed receipt")
    receipt = _receipt(stage, member.person_id)
    require(receipt is not None and receipt.blob_found, "the gate signed that it had found no face")
    return Outcome(
        ms, "share destroyed, sealed face overwritten in the gate's file, receipt signed by the gate"
    )


def _receipt(stage: Stage, person_id: str) -> ForgetReceipt | None:
    """Return what the gate signed about this person's newest consent; raise when another key signed it."""
    with stage.office.read() as session:
        row = session.scalars(
            select(ReceiptRow)
            .join(Consent, Consent.consent_id == ReceiptRow.consent_id)
            .where(ReceiptRow.gate_id == "north", Consent.person_id == person_id)
            .order_by(Consent.given_at.desc())
        ).first()
        if row is None:
            return None
        signed = SignedReceipt(receipt=row.receipt, signature=row.signature)
        return open_receipt(signed, session.get_one(Gate, "north").public_key or b"")
