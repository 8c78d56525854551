"""Steps about consent to face: only from the person, at the gate, with their own card, and from no child."""

from sqlalchemy import select

from demo.actors.phone import PageRefused
from demo.judge import Outcome, StepFailed, event_after, opens, require
from demo.stage import Stage
from demo.steps.faces import at_rest, enrol, portrait_of, say_yes_at_gate, screen_of
from gate_controller.terminal.view import Screen
from web_admin.compound.models import Person
from web_admin.custody.models import Consent, FaceShare

NOT_FOUND = " answered 404"


def face_enrol_at_gate(stage: Stage) -> Outcome:
    """Yes on the phone, own card at the gate, yes there and the card again; then the camera looks.

    Broken by: a camera that looks before the yes, a face taken without consent or kept elsewhere than in
    this gate, a template in clear.
    """
    member, ends, screen = stage.member("face_a"), stage.gates["north"], screen_of(stage)
    require(ends.face_rows() == [], "the gate keeps a face before any enrolment")
    stage.phone_of("face_a").say_yes_to_face()
    stage.wait_synced("north")
    screen.forget()
    say_yes_at_gate(stage, member)
    looked = [view.screen.value for view in screen.shown() if view.camera == "looking"]
    require(not looked, f"the camera looked before the person had confirmed: {looked}")
    enrol(stage, member, "person_a_1")
    rows = ends.face_rows()
    require([row.person_id for row in rows] == [member.person_id], "the gate's file holds another face")
    require(rows[0].consent_id == _consent_id(stage, member.person_id), "the face is of no live consent")
    others = [gate_id for gate_id, one in stage.gates.items() if one is not ends and one.face_rows()]
    require(not others, f"the face went to other gates too: {others}")
    return Outcome(
        None, "phone, card, yes, card again, then the camera; one sealed template, in this gate alone"
    )


def enrol_with_another_persons_card_refused(stage: Stage) -> Outcome:
    """A person agrees and another card of the home is read: no face is enrolled.

    Broken by: an enrolment of the person before the camera, or that any card of the home confirms.
    """
    member, other, ends = stage.member("face_b"), stage.member("face_a"), stage.gates["north"]
    reader = ends.metal.readers["north-in"]
    stage.phone_of("face_b").say_yes_to_face()
    stage.wait_synced("north")
    before, before_seq = ends.face_rows(), ends.journal_seq()
    screen = say_yes_at_gate(stage, member)
    screen.forget()
    ends.show_person(portrait_of(stage, "person_b_1"), seed=300)
    try:
        # The other's card is a good one: it opens for its own person, and that is all it does.
        opens(stage, "north", "north-in", lambda: reader.tap(other.card), person_id=other.person_id)
        at_rest(stage)
    finally:
        ends.metal.clear_view()
    looked = [view.screen.value for view in screen.shown() if view.camera == "looking"]
    require(not looked, f"the camera looked at a person after another person's card: {looked}")
    kinds = [entry.kind for entry in ends.journal() if entry.seq > before_seq]
    require("face_enrolled" not in kinds, "a face was taken with another person's card")
    require(ends.face_rows() == before, "the gate's file of faces changed")
    enrol(stage, member, "person_b_1")
    held = {row.person_id for row in ends.face_rows()}
    require(held == {member.person_id, other.person_id}, "the own card did not enrol its person")
    return Outcome(None, "it opens for its own person and takes no face; with the own card the face is taken")


def under_14_blocked(stage: Stage) -> Outcome:
    """A child asks for face on the phone, past the page, and at the gate; the card opens as usual.

    Broken by: an age that only hides a button, a gate that asks children.
    """
    child, ends = stage.member("child"), stage.gates["north"]
    phone, reader, screen = stage.phone_of("child"), ends.metal.readers["north-in"], at_rest(stage)
    try:
        phone.get("/r/face")
        raise StepFailed("the notice about face is offered to a child")
    except PageRefused as err:
        require(NOT_FOUND in str(err), f"the child's page about face: {err}")
    try:
        phone.get("/r/")
        phone.post("/r/face/yes", {"notice_version": "1", "language": "zh"})
    except PageRefused:
        pass  # what counts is what the server kept
    with stage.office.read() as session:
        consents = session.scalars(select(Consent).where(Consent.person_id == child.person_id)).all()
        shares = session.scalars(select(FaceShare).where(FaceShare.person_id == child.person_id)).all()
        methods = session.get_one(Person, child.person_id).methods
    require(not consents and not shares and "face" not in methods, "the server took a child's yes to face")
    screen.press("own_face")
    screen.wait_for(Screen.TYPING_HOME)
    screen.forget()
    before_seq = ends.journal_seq()
    opens(stage, "north", "north-in", lambda: reader.tap(child.card), person_id=child.person_id)
    shown = {view.screen for view in screen.shown()}
    asked = shown & {Screen.FACE_NOTICE, Screen.FACE_ASK, Screen.FACE_CONFIRM, Screen.FACE_ENROL}
    require(not asked, f"the gate asks a child about face: {sorted(asked)}")
    event_after(stage, "north", before_seq, "access", lane_id="north-in")
    return Outcome(None, "no page, no consent past the page, no question at the gate; the child's card opens")


def _consent_id(stage: Stage, person_id: str) -> str | None:
    with stage.office.read() as session:
        return session.scalar(
            select(Consent.consent_id).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None))
        )
