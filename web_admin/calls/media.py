"""Pass the two sides of a call's sound and picture on: the gate's offer, and the answer of a page.

They are kept on the row of the live call and forgotten with it. Only who answered on a page reads the
offer, so that no one else of the home learns how to reach the gate's page.
"""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from gate_controller.contract.call_media import MediaSide
from web_admin.action.base import Action
from web_admin.calls.live import answered_call, state_for
from web_admin.calls.models import HomeCall
from web_admin.calls.relays import relays_of
from web_admin.core.config import WebConfig

MAX_SIDE_CHARS = 4096


def offered(call: HomeCall, offer: MediaSide) -> None:
    """Keep the gate's side; another one than before has no answer yet."""
    if offer != _side(call.media_offer):
        call.media_offer, call.media_answer = msgspec.to_builtins(offer), None


def answer_of(call: HomeCall) -> MediaSide | None:
    """Return the side of the page that answered."""
    return _side(call.media_answer)


def offer_for(session: Session, call_id: str, person_id: str, now: datetime) -> MediaSide | None:
    """Return the gate's side for who answered a live call on a page; None for everyone else."""
    shown = state_for(session, call_id, person_id, now)
    if shown is None or shown.stage != "answered" or not shown.is_mine:
        return None
    return _side(session.get_one(HomeCall, call_id).media_offer)


def gate_media(
    config: WebConfig, session: Session, call_id: str, person_id: str, now: datetime
) -> dict[str, object]:
    """Return what the page of who answered is given; nothing for everyone else."""
    is_theirs = offer_for(session, call_id, person_id, now) is not None
    return media_for_page(config, session.get_one(HomeCall, call_id) if is_theirs else None)


def media_for_page(config: WebConfig, call: HomeCall | None) -> dict[str, object]:
    """Return the gate's side of a call and its relays, as the page's script reads them; nothing of None."""
    offer = _side(call.media_offer) if call is not None else None
    relays = relays_of(config, call) if call is not None and offer is not None else None
    return {"offer": msgspec.to_builtins(offer), "relays": msgspec.to_builtins(relays)}


def answer_media(act: Action, call_id: str, side: MediaSide) -> HomeCall:
    """Give the gate the side of the page that answered."""
    call, _person = answered_call(act, call_id)
    answered_with(call, side)
    return call


def answered_with(call: HomeCall, side: MediaSide) -> None:
    """Keep the side of the page that answered."""
    call.media_answer = msgspec.to_builtins(side)


def read_side(sent: str) -> MediaSide:
    """Return the side that a page sent; raise ValueError on what is none."""
    if len(sent) > MAX_SIDE_CHARS:
        raise ValueError("the side of a page is never so long")
    return msgspec.json.decode(sent, type=MediaSide)


def _side(stored: dict[str, object] | None) -> MediaSide | None:
    return msgspec.convert(stored, MediaSide) if stored is not None else None
