"""Steps about looks: one of another day is added with the own card, and one is dropped alone."""

import re
import time

from sqlalchemy import select

from demo.judge import Outcome, StepFailed, event_after, require
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.steps.faces import TRIES, at_rest, opens_by_face, portrait_of
from demo.world.compound import Member
from gate_controller.terminal.view import Screen
from web_admin.custody.models import Consent, FaceLook, FaceShare

GATE, LANE = "north", "north-in"
ADD_LOOK = "2"
DELETE_SECONDS = 5.0


def second_look_added(stage: Stage) -> Outcome:
    """A person with a face asks for another look by card, and shows it again before the camera opens.

    One consent and one share are for both looks; the first one's sealed bytes stay as they were.

    Broken by: a camera that looks before the card was shown again, a look that replaces the one before
    or has a consent or a share of its own, an engine that two looks of a person confuse.
    """
    member, ends = stage.member("face_a"), stage.gates[GATE]
    first = _sealed(stage, member)
    require(len(first) == 1, f"the gate keeps {len(first)} looks instead of one")
    for attempt in range(1, TRIES + 1):
        before_seq = ends.journal_seq()
        _ask_and_add(stage, member, attempt)
        if any(entry.kind == "face_enrolled" for entry in ends.journal() if entry.seq > before_seq):
            break
    event_after(stage, GATE, before_seq, "face_enrolled")
    both = _sealed(stage, member)
    require(len(both) == 2 and both[0] == first[0], "the second look took the place of the first")
    with stage.office.read() as session:
        consents = session.scalars(
            select(Consent.consent_id).where(
                Consent.person_id == member.person_id, Consent.withdrawn_at.is_(None)
            )
        ).all()
        shares = session.scalars(
            select(FaceShare).where(FaceShare.person_id == member.person_id, FaceShare.gate_id == GATE)
        ).all()
    require(len(consents) == len(shares) == 1, "a look has a consent or a share of its own")
    wait_until(lambda: len(_known(stage, member)) == 2, DELETE_SECONDS, "the server knows both looks")
    at_rest(stage)
    ms, attempt = opens_by_face(stage, "face_a", "person_a_2", seed=700)
    return Outcome(ms, f"own card, 2, own card again, then the camera; opened with two looks, try {attempt}")


def _ask_and_add(stage: Stage, member: Member, attempt: int) -> None:
    """Ask for another look and give it; by the card the gate opens with any result."""
    screen, ends = at_rest(stage), stage.gates[GATE]
    reader = ends.metal.readers[LANE]
    screen.forget()
    screen.press("own_face")
    screen.wait_for(Screen.TYPING_HOME)
    reader.tap(member.card)
    screen.wait_for(Screen.FACE_KEPT)
    screen.type(ADD_LOOK)
    screen.wait_for(Screen.FACE_CONFIRM)
    looked = [view.screen.value for view in screen.shown() if view.camera == "looking"]
    require(not looked, f"the camera looked before the card was shown again: {looked}")
    ends.show_person(portrait_of(stage, "person_a_2"), seed=40 * attempt)
    reader.tap(member.card)
    screen.wait_for(Screen.GRANTED, timeout_seconds=20.0)
    ends.metal.clear_view()
    at_rest(stage)


def look_dropped(stage: Stage) -> Outcome:
    """The person deletes the first look on the phone: its bytes leave the gate's file, the other one opens.

    Broken by: a deletion that takes all looks or none, one that is not overwritten, a withdrawn consent.
    """
    member, ends, phone = stage.member("face_a"), stage.gates[GATE], stage.phone_of("face_a")
    gone, stays = _sealed(stage, member)
    before_seq = ends.journal_seq()
    page = phone.get("/r/face")
    forms = re.findall(r'action="(/r/face/looks/[^"]+/drop)"', page)
    if len(forms) != 2:
        raise StepFailed(f"the phone lists {len(forms)} looks instead of two")
    tapped_at = time.monotonic()
    phone.post(forms[0], {})
    wait_until(lambda: gone not in ends.face_bytes(), DELETE_SECONDS, "the look's bytes are gone")
    ms = (time.monotonic() - tapped_at) * 1000
    require(_sealed(stage, member) == [stays], "another look went with it")
    event = event_after(stage, GATE, before_seq, "face_look_dropped")
    require(event.person_id == member.person_id, "another person's look was deleted")
    wait_until(lambda: len(_known(stage, member)) == 1, DELETE_SECONDS, "the server forgets the look")
    opens_by_face(stage, "face_a", "person_a_1", seed=800)
    return Outcome(ms, "deleted on the phone, overwritten in the gate's file; the other look opens")


def _sealed(stage: Stage, member: Member) -> list[bytes]:
    """Return a person's sealed looks in the gate, oldest first."""
    rows = stage.gates[GATE].face_rows()
    return [row.ciphertext for row in rows if row.person_id == member.person_id]


def _known(stage: Stage, member: Member) -> list[str]:
    """Return the looks that the server knows of at the gate."""
    with stage.office.read() as session:
        looks = select(FaceLook.look_id).join(Consent, Consent.consent_id == FaceLook.consent_id)
        return list(session.scalars(looks.where(Consent.person_id == member.person_id)))
