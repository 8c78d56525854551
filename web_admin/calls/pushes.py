"""Show a call on the phones of those who are called, and there again how it ended.

As every message to a resident it names no person, gate or home: others read the screen of a locked phone.
"""

import base64
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gate_controller.contract.languages import html_tag
from web_admin.action.base import new_id
from web_admin.calls.models import UNHEARD, CallNumber, HomeCall
from web_admin.calls.reach import called_persons
from web_admin.calls.rules import ways_of_plan
from web_admin.compound.models import Person
from web_admin.messages.models import OutboxMessage
from web_admin.messages.outbox import put_message
from web_admin.messages.push_delivery import CALL, CALL_OVER
from web_admin.messages.push_models import PushPhone
from web_admin.messages.subscriptions import N_, catalogue_of, push_text

RINGS_TEXT = N_("Someone is calling you from a gate. Tap to answer.")
MISSED_TEXT = N_("You missed a call from a gate. Tap to see which one.")
TEST_TEXT = N_("This is a test: your phone rings like this when someone calls from a gate.")
PROOF_TEXT = N_("Tap this link on the phone on which you are signed in, and calls ring here.")
CALLS_PAGE = "/r/calls"
LOST_TEXT = N_("Someone called you from a gate, which then lost its connection. Tap to see which one.")
ANSWERED_TEXT = N_("Someone in your home answered the call from the gate.")
YOU_ANSWERED_TEXT = N_("You answered the call from the gate.")
OVER_TEXT = N_("The call from the gate is over.")


def page_of(call_id: str) -> str:
    """Return the address of a call's page."""
    return f"/r/call/{call_id}"


def show_call(session: Session, call: HomeCall, person_ids: Collection[str], now: datetime) -> None:
    """Put a message down for each phone of these people on which calls are shown."""
    for phone in _phones(session, person_ids):
        push_text(session, phone, RINGS_TEXT, now, kind=CALL, page=page_of(call.call_id), about=call.call_id)
    for way in _ways(session, ways_of_plan(call.plan)):
        ring_way(session, way, RINGS_TEXT, page_of(call.call_id), call.call_id, now)


def show_end(
    session: Session, call: HomeCall, now: datetime, answered_at_sha256: bytes | None = None
) -> None:
    """Put in its place that a call was answered or missed.

    `answered_at_sha256` is the session of the browser that answered: its page puts the message away.
    """
    for phone in _phones(session, called_persons(session, call.home_id)):
        text = _end_text(call, phone)
        was_waiting = _was_waiting(session, "push", phone.phone_id, call)
        answers = answered_at_sha256 is not None and phone.session_sha256 == answered_at_sha256
        if text in (MISSED_TEXT, LOST_TEXT) or not (was_waiting or answers):
            page, about = page_of(call.call_id), call.call_id
            push_text(session, phone, text, now, kind=CALL_OVER, page=page, about=about)
    text = _end_text(call, None)
    for way in _ways(session, ways_of_plan(call.plan)):
        if not _was_waiting(session, "adapter", way.number_id, call):
            ring_way(session, way, text, page_of(call.call_id), call.call_id, now, kind=CALL_OVER)


def _end_text(call: HomeCall, phone: PushPhone | None) -> str:
    """Return what a phone, or None: an adapter, reads.

    A telephone is answered by its owner, or by who else was at home.
    """
    if call.stage == "over" and call.shown_end == UNHEARD:
        return LOST_TEXT
    if call.answered_by is None:
        return MISSED_TEXT
    if phone is None or phone.person_id != call.answered_by:
        return ANSWERED_TEXT
    return OVER_TEXT if call.stage == "over" else YOU_ANSWERED_TEXT


def show_test(session: Session, person_id: str, ways: Collection[CallNumber], now: datetime) -> int:
    """Put a test down for a person's phones on which calls are shown, and other ways; return for how many."""
    phones = _phones(session, [person_id])
    for phone in phones:
        push_text(session, phone, TEST_TEXT, now, kind=CALL, page=CALLS_PAGE, about="test")
    for way in ways:
        ring_way(session, way, TEST_TEXT, CALLS_PAGE, new_id(), now)
    return len(phones) + len(ways)


def ring_way(
    session: Session,
    way: CallNumber,
    text: str,
    page: str,
    call_id: str,
    now: datetime,
    *,
    kind: str = CALL,
) -> None:
    """Put down that an adapter rings an address, or ends that; its sealed address goes with the message."""
    person = session.get_one(Person, way.person_id)
    put_message(
        session,
        person.site_id,
        channel="adapter",
        target=way.number_id,
        kind=kind,
        body={
            "to": base64.b64encode(way.number_sealed).decode(),
            "text": catalogue_of(person.language).ugettext(text),
            "lang": html_tag(person.language),
            "page": page,
            "about": call_id,
        },
        now=now,
    )


def _ways(session: Session, number_ids: Collection[str]) -> Sequence[CallNumber]:
    """Return those of these addresses that were not removed meanwhile."""
    if not number_ids:
        return ()
    found = select(CallNumber).where(CallNumber.number_id.in_(number_ids)).order_by(CallNumber.number_id)
    return session.scalars(found).all()


def _phones(session: Session, person_ids: Collection[str]) -> Sequence[PushPhone]:
    of_them = select(PushPhone).where(PushPhone.person_id.in_(person_ids)).order_by(PushPhone.phone_id)
    return [phone for phone in session.scalars(of_them) if CALL in phone.kinds]


def _was_waiting(session: Session, channel: str, target: str, call: HomeCall) -> bool:
    """Delete the message that a call rings where it was not sent yet; return whether there was one."""
    waiting = select(OutboxMessage).where(
        OutboxMessage.channel == channel,
        OutboxMessage.target == target,
        OutboxMessage.kind == CALL,
        OutboxMessage.state == "waiting",
    )
    found = [one.message_id for one in session.scalars(waiting) if one.body.get("about") == call.call_id]
    if found:
        session.execute(delete(OutboxMessage).where(OutboxMessage.message_id.in_(found)))
    return bool(found)
