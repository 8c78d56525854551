"""Pass the two sides of a call's sound and picture on: the gate's offer, and the answer of a page.

They are kept on the row of the live call and forgotten with it. Only who answered on a page reads the
offer, so that no one else of the home learns how to reach the gate's page.
"""

from datetime import UTC, datetime

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.call_media import MediaSide
from web_admin.action.base import Action
from web_admin.calls.live import answered_call, state_for
from web_admin.calls.models import HomeCall
from web_admin.calls.relays import relays_of
from web_admin.core.config import WebConfig
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import CALL_SIDES
from web_admin.core.refusal import ActionRefused

MAX_SIDE_CHARS = 4096


def may_give_side(call_id: str, account: str, now: datetime) -> bool:
    """Count one side of a page before it is taken; return whether the gate may begin once more for it."""
    return not current_counts().take(CountedTries(CALL_SIDES, (call_id, account)), now)


def offered(call: HomeCall, offer: MediaSide) -> None:
    """Keep the gate's side; another one than before has no answer yet."""
    if offer != _side(call.media_offer):
        call.media_offer, call.media_answer = msgspec.to_builtins(offer), None


def answer_of(call: HomeCall) -> MediaSide | None:
    """Return the side of the page that answered."""
    return _side(call.media_answer)


def gate_media(
    config: WebConfig, session: Session, call_id: str, person_id: str, now: datetime
) -> dict[str, object] | None:
    """Return what the page of who answered is given; None for everyone else, and when the call is over."""
    shown = state_for(session, call_id, person_id, now)
    if shown is None or shown.stage != "answered" or not shown.is_mine:
        return None
    return media_for_page(config, session.get_one(HomeCall, call_id))


def media_for_page(config: WebConfig, call: HomeCall) -> dict[str, object]:
    """Return the gate's side of a call and its relays, as the page's script reads them."""
    offer = _side(call.media_offer)
    relays = relays_of(config, call) if offer is not None else None
    return {"offer": msgspec.to_builtins(offer), "relays": msgspec.to_builtins(relays)}


def answer_media(act: Action, call_id: str, side: MediaSide, turn: str) -> HomeCall:
    """Give the gate the side of the page that answered."""
    call, _person = answered_call(act, call_id)
    keep_answer(call, side, turn)
    return call


def keep_answer(call: HomeCall, side: MediaSide, turn: str) -> None:
    """Keep the side of the page that answered last; raise ActionRefused on that of a page before it."""
    if turn != turn_of(call.answered_at):
        raise ActionRefused(None, _("The sound of this call is on another page."))
    call.media_answer = msgspec.to_builtins(side)


def turn_of(answered_at: datetime | None) -> str:
    """Return the mark of an answer, by which the page that gave it knows that the sound is its own."""
    return "" if answered_at is None else answered_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")


def read_side(sent: str) -> MediaSide:
    """Return the side that a page sent; raise ValueError on what is none."""
    if len(sent) > MAX_SIDE_CHARS:
        raise ValueError("the side of a page is never so long")
    return msgspec.json.decode(sent, type=MediaSide)


def _side(stored: dict[str, object] | None) -> MediaSide | None:
    return msgspec.convert(stored, MediaSide) if stored is not None else None
