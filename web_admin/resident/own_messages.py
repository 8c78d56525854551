"""Page of the messages to a person, and the mark that says how many are unread.

What is read is one moment in the signed session of this browser: reading a page writes nothing into the
database, and no table knows what a person has read. Another phone, or a new sign-in, counts what came in
the last `NEW_FOR`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g, render_template, request, session, url_for
from flask_login import current_user

from web_admin.accounts.sessions import mark_of_this_session
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.privacy.own_message_texts import TEXTS
from web_admin.privacy.own_messages import OwnMessage, own_messages
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.own_ways import losses_of
from web_admin.web.desk_session import current_visit
from web_admin.web.resident_session import resident_required

READ_UNTIL = "messages_read"
"""The session's word for whose messages are read, and up to which moment."""
NEW_FOR = timedelta(days=30)
"""Older messages count as read."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    at: datetime
    kind: str
    text: str
    address: str
    is_new: bool


@bp.get("/records/messages")
@resident_required
def own_messages_page() -> str:
    """Show the messages to the person, newest first; what was shown counts as read from now on."""
    person, act = signed_in()
    losses, here = losses_of(person, act.now), mark_of_this_session()
    rows = own_messages(act.session, person, losses, now=act.now, this_session=here)
    read_until = _read_until(person, act.now)
    shown = [_shown(row, read_until) for row in rows]
    if rows and not _is_ahead_of_the_reader():
        session[READ_UNTIL] = [person.person_id, rows[0].at.isoformat()]
        session.permanent = True
    return render_template(
        "resident/own_messages.html",
        person=person,
        site=site_of(person),
        messages=shown,
        tab="records",
    )


def _is_ahead_of_the_reader() -> bool:
    """Return whether a browser loads the page before it is opened, or staff read it with the person."""
    loads_ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    return loads_ahead or current_visit() is not None


def _read_until(person: Person, now: datetime) -> datetime:
    whose, until = session.get(READ_UNTIL, ("", ""))
    oldest = now - NEW_FOR
    return max(datetime.fromisoformat(until), oldest) if whose == person.person_id else oldest


def _shown(row: OwnMessage, read_until: datetime) -> ShownMessage:
    text, page = TEXTS[row.kind]
    said = str(text) % dict(row.filled)
    return ShownMessage(row.at, row.kind, said, _address(row, page), row.at > read_until)


def _address(row: OwnMessage, page: str) -> str:
    if page == "request":
        return url_for("resident.one_request", request_id=row.leads_to)
    if page == "consent":
        return url_for("resident.consent_text", consent_id=row.leads_to)
    return url_for(f"resident.{page}")


def unread_messages() -> int:
    """Return how many messages this browser's person has not read; 0 for others, and at the desk."""
    if getattr(current_user, "person_id", None) is None or current_visit() is not None:
        return 0
    if "unread_messages" not in g:  # the page and its tab both ask
        person, act = signed_in()
        g.unread_messages = 0 if person.phone_unproven is not None else _unread(person, act)
    return int(g.unread_messages)


def _unread(person: Person, act: Action) -> int:
    since, here = _read_until(person, act.now), mark_of_this_session()
    return len(
        own_messages(act.session, person, losses_of(person, act.now), since, now=act.now, this_session=here)
    )


@bp.app_context_processor
def _mark() -> dict[str, object]:
    return {"unread_messages": unread_messages}
