"""Show a call on the phones of those who are called, and there again how it ended.

As every message to a resident it names no person, gate or home: others read the screen of a locked phone.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web_admin.calls.models import UNHEARD, HomeCall
from web_admin.calls.reach import called_persons
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_delivery import CALL, CALL_OVER
from web_admin.messages.push_models import PushPhone
from web_admin.messages.subscriptions import N_, push_text

RINGS_TEXT = N_("Someone is calling you from a gate. Tap to answer.")
MISSED_TEXT = N_("You missed a call from a gate. Tap to see which one.")
TEST_TEXT = N_("This is a test: your phone rings like this when someone calls from a gate.")
CALLS_PAGE = "/r/calls"
LOST_TEXT = N_("Someone called you from a gate, which then lost its connection. Tap to see which one.")
ANSWERED_TEXT = N_("Someone in your home answered the call from the gate.")
YOU_ANSWERED_TEXT = N_("You answered the call from the gate.")
OVER_TEXT = N_("The call from the gate is over.")


def page_of(call_id: str) -> str:
    return f"/r/call/{call_id}"


def show_call(session: Session, call: HomeCall, person_ids: Collection[str], now: datetime) -> None:
    """Put a message down for each phone of these people on which calls are shown."""
    for phone in _phones(session, person_ids):
        push_text(session, phone, RINGS_TEXT, now, kind=CALL, page=page_of(call.call_id), about=call.call_id)


def show_end(
    session: Session, call: HomeCall, now: datetime, answered_at_sha256: bytes | None = None
) -> None:
    """Put in its place that a call was answered or missed.

    `answered_at_sha256` is the session of the browser that answered: its page puts the message away.
    """
    for phone in _phones(session, called_persons(session, call.home_id)):
        text = _end_text(call, phone)
        was_waiting = _was_waiting(session, phone.phone_id, call)
        answers = answered_at_sha256 is not None and phone.session_sha256 == answered_at_sha256
        if text in (MISSED_TEXT, LOST_TEXT) or not (was_waiting or answers):
            page, about = page_of(call.call_id), call.call_id
            push_text(session, phone, text, now, kind=CALL_OVER, page=page, about=about)


def _end_text(call: HomeCall, phone: PushPhone) -> str:
    """Return the text that a phone shows.

    A telephone is answered by its owner, or by who else was at home.
    """
    if call.stage == "over" and call.shown_end == UNHEARD:
        return LOST_TEXT
    if call.answered_by is None:
        return MISSED_TEXT
    if phone.person_id != call.answered_by:
        return ANSWERED_TEXT
    return OVER_TEXT if call.stage == "over" else YOU_ANSWERED_TEXT


def show_test(session: Session, person_id: str, now: datetime) -> int:
    """Put a test down for a person's phones on which calls are shown; return for how many."""
    phones = _phones(session, [person_id])
    for phone in phones:
        push_text(session, phone, TEST_TEXT, now, kind=CALL, page=CALLS_PAGE, about="test")
    return len(phones)


def _phones(session: Session, person_ids: Collection[str]) -> Sequence[PushPhone]:
    of_them = select(PushPhone).where(PushPhone.person_id.in_(person_ids)).order_by(PushPhone.phone_id)
    return [phone for phone in session.scalars(of_them) if CALL in phone.kinds]


def _was_waiting(session: Session, phone_id: str, call: HomeCall) -> bool:
    """Delete the message that a call rings where it was not sent yet; return whether there was one."""
    waiting = select(OutboxMessage).where(
        OutboxMessage.channel == "push",
        OutboxMessage.target == phone_id,
        OutboxMessage.kind == CALL,
        OutboxMessage.state == "waiting",
    )
    found = [one.message_id for one in session.scalars(waiting) if one.body.get("about") == call.call_id]
    if found:
        session.execute(delete(OutboxMessage).where(OutboxMessage.message_id.in_(found)))
    return bool(found)
