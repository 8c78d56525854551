"""Show a call on the phones of those who are called, and there again how it ended.

As every message to a resident it names no person, gate or home: others read the screen of a locked phone.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web_admin.calls.models import HomeCall
from web_admin.calls.reach import called_persons
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_delivery import CALL, CALL_OVER
from web_admin.messages.push_models import PushPhone
from web_admin.messages.subscriptions import N_, push_text

RINGS_TEXT = N_("Someone is calling you from a gate. Tap to answer.")
MISSED_TEXT = N_("You missed a call from a gate. Tap to see which one.")
TEST_TEXT = N_("This is a test: your phone rings like this when someone calls from a gate.")
CALLS_PAGE = "/r/calls"
ANSWERED_TEXT = N_("Someone in your home answered the call from the gate.")


def page_of(call_id: str) -> str:
    """Return the address of a call's page."""
    return f"/r/call/{call_id}"


def show_call(session: Session, call: HomeCall, person_ids: Collection[str], now: datetime) -> None:
    """Put a message down for each phone of these people on which calls are shown."""
    for phone in _phones(session, person_ids):
        push_text(session, phone, RINGS_TEXT, now, kind=CALL, page=page_of(call.call_id), about=call.call_id)


def show_end(session: Session, call: HomeCall, now: datetime) -> None:
    """Put in its place that a call was answered or missed; not on the phones of who answered it."""
    others = [one for one in called_persons(session, call.home_id) if one != call.answered_by]
    text = MISSED_TEXT if call.answered_by is None else ANSWERED_TEXT
    for phone in _phones(session, others):
        if not _was_waiting(session, phone, call) or text == MISSED_TEXT:
            page, about = page_of(call.call_id), call.call_id
            push_text(session, phone, text, now, kind=CALL_OVER, page=page, about=about)


def show_test(session: Session, person_id: str, now: datetime) -> int:
    """Put a test down for each phone of a person on which calls are shown; return for how many."""
    phones = _phones(session, [person_id])
    for phone in phones:
        push_text(session, phone, TEST_TEXT, now, kind=CALL, page=CALLS_PAGE, about="test")
    return len(phones)


def _phones(session: Session, person_ids: Collection[str]) -> Sequence[PushPhone]:
    of_them = select(PushPhone).where(PushPhone.person_id.in_(person_ids)).order_by(PushPhone.phone_id)
    return [phone for phone in session.scalars(of_them) if CALL in phone.kinds]


def _was_waiting(session: Session, phone: PushPhone, call: HomeCall) -> bool:
    """Delete the message that a call rings where it was not sent yet; return whether there was one."""
    waiting = select(OutboxMessage).where(
        OutboxMessage.channel == "push",
        OutboxMessage.target == phone.phone_id,
        OutboxMessage.kind == CALL,
        OutboxMessage.state == "waiting",
    )
    found = [one.message_id for one in session.scalars(waiting) if one.body.get("about") == call.call_id]
    if found:
        session.execute(delete(OutboxMessage).where(OutboxMessage.message_id.in_(found)))
    return bool(found)
