"""Page of the one search: people, homes, cards, gates, kinds of events and pages, as the role may."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from web_admin.accounts.permissions import allowed, current_may
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.look_ups import HANDED_IN, LOOK_REASONS
from web_admin.events.queries import KINDS
from web_admin.people.queries import Wanted, find
from web_admin.web.context import current_site
from web_admin.web.desk_reader import read_tap
from web_admin.web.forms import OnceForm
from web_admin.web.navigation import PAGES, Entry
from web_admin.web.places import site_gates

bp = Blueprint("search", __name__, url_prefix="/manage/search")

MAX_TEXT_CHARS = 40
SHOWN_OF_EACH = 8
FEWEST_CARD_DIGITS = 6
TASKS: Sequence[Entry] = (
    Entry("moving.family", "edit_people", "plus", _l("A family moves in")),
    Entry("people_import.check", "edit_people", "events", _l("Add from a sheet")),
    Entry("moving.staff", "edit_people", "clock", _l("Add staff")),
    Entry("print_runs.show_list", "edit_people", "print", _l("Print for buildings")),
    Entry("visitors.new", "issue_passes", "visitor", _l("New pass")),
    Entry("now.lockdown", "set_posture", "lock", _l("Lockdown")),
    Entry("gates.new_gate", "edit_gates", "gate", _l("Add a gate")),
    Entry("own.show", "own_account", "person", _l("My account")),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: its picture and name, what it is, and its page."""

    picture: str
    name: str
    what: LazyString | str
    address: str


@bp.get("/")
@allowed("own_account")
def show() -> str | Response:
    """Show what has this text in its name; go to it where it is the only one."""
    text = " ".join(request.args.get("q", "").split())[:MAX_TEXT_CHARS]
    hits = [*_people(text), *_gates(text), *_events(text), *_pages(text)] if text else []
    card = _card(text)
    if len(hits) == 1 and card is None:
        return redirect(hits[0].address)
    return render_template(
        "office/search.html", text=text, hits=hits, card=card, form=OnceForm(formdata=None),
        reasons=LOOK_REASONS, usual=HANDED_IN,
    )


def _has(text: str, names: Iterable[object]) -> bool:
    return any(text.casefold() in str(name).casefold() for name in names)


def _people(text: str) -> Iterable[Hit]:
    """Give homes and people whose number or name has the text."""
    if not current_may("see_people"):
        return
    found = find(request_session(), current_site().site_id, Wanted(text))
    bare = text.replace("-", "")
    for home in found.homes[:SHOWN_OF_EACH]:
        if bare in home.number.replace("-", ""):
            yield Hit("home", home.number, _l("Home"), url_for("people.show_home", home_id=home.home_id))
    named = [(home.number, person) for home in found.homes for person in found.people.get(home.home_id, [])]
    for number, person in [*named, *(("", person) for person in found.others)][:SHOWN_OF_EACH]:
        what = _("Home %(number)s", number=number) if number else _("No home")
        yield Hit("people", person.display_name or _("Name erased"), what,
                  url_for("person.show", person_id=person.person_id))


def _gates(text: str) -> Iterable[Hit]:
    """Give gates and lanes whose name has the text."""
    sees_gates, sees_now = current_may("see_gates"), current_may("see_now")
    for gate in site_gates() if sees_gates or sees_now else ():
        if sees_gates and _has(text, (gate.name, gate.gate_id)):
            yield Hit("gate", gate.name, _l("Gate"), url_for("gates.show", gate_id=gate.gate_id))
        for lane in gate.lanes if sees_now else ():
            if _has(text, (lane.name, lane.lane_id)):
                address = url_for("now.show_lane", lane_id=lane.lane_id)
                yield Hit(lane.direction, lane.name, _l("Lane"), address)


def _events(text: str) -> Iterable[Hit]:
    for key, (label, _kinds) in KINDS.items() if current_may("see_events") else ():
        if _has(text, (label,)):
            yield Hit("events", str(label), _l("Events"), url_for("events.show_list", kind=key))


def _pages(text: str) -> Iterable[Hit]:
    for page in (*PAGES, *TASKS):
        if current_may(page.action) and _has(text, (page.label,)):
            yield Hit(page.picture, str(page.label), _l("Page"), url_for(page.endpoint))


def _card(text: str) -> str | None:
    """Return the text where it may be a card's number; whose it is needs a reason, which the page asks."""
    if not current_may("see_card_holder") or sum(sign.isdigit() for sign in text) < FEWEST_CARD_DIGITS:
        return None
    try:
        read_tap(text)
    except ActionRefused:
        return None
    return text
