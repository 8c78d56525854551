"""Steps in which a face stays shut because no other way of its person works: in hours, and after an end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import select

from demo.judge import Outcome, refused, require, require_shut
from demo.stage import Stage
from demo.steps.faces import (
    TRIES,
    at_rest,
    look,
    opens_by_face,
    portrait_of,
    type_home,
    wait_for_the_end,
)
from demo.world.compound import Member
from gate_controller.contract.records import FaceRecord
from gate_controller.terminal.view import Screen
from web_admin.action.base import publish
from web_admin.compound.models import CredentialRow, Lane
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import spec_of

GATE, LANE = "north", "north-in"
PORTRAIT = "person_a_2"
CARD_LASTS = timedelta(seconds=25)
IN_VIEW_SECONDS = 2.0


def face_pauses_when_pin_hours_end(stage: Stage) -> Outcome:
    """The office gives the PIN of a lane hours that are not now: who has PIN and face opens by neither.

    Broken by: a gate that asks which ways a lane takes and not when, one that deletes a face for hours.
    """
    member, keypad = stage.member("face_a"), stage.gates[GATE].metal.keypads[LANE]
    phone = stage.phone_of("face_a")
    phone.switch("card", False)
    try:
        _pin_hours(stage, None)
        opens_by_face(stage, "face_a", PORTRAIT, seed=1000)
        _pin_hours(stage, stage.compound.hours_id)
        at_rest(stage)
        typed = f"{member.typed_home}#{member.pin}#"
        refused(stage, GATE, LANE, lambda: keypad.type(typed), "method_not_offered")
        _face_stays_shut(stage, member, "face_alone")
        _pin_hours(stage, None)
        ms, _ = opens_by_face(stage, "face_a", PORTRAIT, seed=1100)
    finally:
        _pin_hours(stage, None)
        phone.switch("card", True)
        stage.wait_synced(GATE)
    return Outcome(ms, "outside the PIN's hours: method_not_offered, and face_alone; in them both open again")


def face_ends_with_the_last_other_way(stage: Stage) -> Outcome:
    """A card ends, and the lane takes no QR code: its person's face ends with it there, not a second later.

    Broken by: a server that publishes a face without end since a code works elsewhere, a gate that asks
    whether someone has another way and not whether it works here and now.
    """
    member, reader = stage.member("face_a"), stage.gates[GATE].metal.readers[LANE]
    phone = stage.phone_of("face_a")
    phone.switch("qr", True)
    phone.switch("pin", False)
    stage.desk.offer_only(LANE, ("card", "pin", "face"))
    ends = datetime.now(UTC) + CARD_LASTS
    try:
        with _card_until(stage, member, ends):
            require(_face_until(stage, member) == ends, "the face is not published until the card's end")
            opens_by_face(stage, "face_a", PORTRAIT, seed=1200)
            time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 0.1)
            at_rest(stage)
            refused(stage, GATE, LANE, lambda: reader.tap(member.card), "expired")
            _ended_face_stays_shut(stage, member)
    finally:
        stage.desk.offer_only(LANE, ("card", "pin", "qr", "face"))
        phone.switch("pin", True)
        stage.wait_synced(GATE)
    ms, _ = opens_by_face(stage, "face_a", PORTRAIT, seed=1300)
    return Outcome(ms, "the card ends: expired, and the face stays shut; with the card again it opens")


def _pin_hours(stage: Stage, hours_id: str | None) -> None:
    with stage.office.act() as act:
        spec = spec_of(act.session.get_one(Lane, LANE))
        others = {method: one for method, one in spec.method_hours.items() if method != "pin"}
        hours = others if hours_id is None else {**others, "pin": hours_id}
        save_lane(act, GATE, replace(spec, method_hours=hours))
    stage.wait_synced(GATE)


@contextmanager
def _card_until(stage: Stage, member: Member, ends: datetime) -> Iterator[None]:
    """Let the person's card end: a day's worth of waiting, brought near."""
    _set_end(stage, member, ends)
    try:
        yield
    finally:
        _set_end(stage, member, None)


def _set_end(stage: Stage, member: Member, ends: datetime | None) -> None:
    with stage.office.act() as act:
        mine = select(CredentialRow).where(
            CredentialRow.person_id == member.person_id,
            CredentialRow.kind == "card",
            CredentialRow.state == "active",
        )
        for card in act.session.scalars(mine):
            card.valid_until = ends
        publish(act, (member.person_id,))
    stage.wait_synced(GATE)


def _face_until(stage: Stage, member: Member) -> datetime | None:
    """Return until when the face is published to the gate; now where it is not."""
    with stage.office.read() as session:
        row = session.get(PolicyRecordRow, (GATE, f"face:{member.person_id}"))
        if row is None or row.value is None:
            return datetime.now(UTC)
        return msgspec.json.decode(row.value, type=FaceRecord).valid_until


def _ended_face_stays_shut(stage: Stage, member: Member) -> None:
    """Ask for a look: another one of the home may be looked for, an ended face is not, and nothing opens."""
    ends, before_ns = stage.gates[GATE], time.monotonic_ns()
    shown = type_home(stage)
    require(shown is not Screen.DELAYED, "face waits after looks that failed")
    if shown is Screen.FACE_LOOKING:
        at_rest(stage)
        _face_stays_shut(stage, member, "face_no_match")
        return
    try:
        ends.show_person(portrait_of(stage, PORTRAIT), seed=1500)
        time.sleep(IN_VIEW_SECONDS)
    finally:
        ends.metal.clear_view()
    require_shut(ends, LANE, before_ns)
    require(member.person_id in {row.person_id for row in ends.face_rows()}, "the sealed face was deleted")
    at_rest(stage)


def _face_stays_shut(stage: Stage, member: Member, *reasons: str) -> None:
    """Look until the face was judged: a look may miss. Its sealed face stays in the gate."""
    for attempt in range(1, TRIES + 1):

        def to_the_end(attempt: int = attempt) -> None:
            look(stage, PORTRAIT, seed=1400 + attempt)
            wait_for_the_end(stage)

        try:
            seen = refused(stage, GATE, LANE, to_the_end, *reasons, *["face_no_match"] * (attempt < TRIES))
        finally:
            stage.gates[GATE].metal.clear_view()
        if seen.reason in reasons:
            break
    kept = {row.person_id for row in stage.gates[GATE].face_rows()}
    require(member.person_id in kept, "the sealed face was deleted")
