"""Page of the one search: people, homes, cards, gates, pages and kinds of events, as the role may."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from gate_controller.contract.languages import LANGUAGES
from web_admin.accounts.permissions import access_of, allowed, current_may
from web_admin.compound.gate_names import full_name
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.look_ups import HANDED_IN, LOOK_REASONS
from web_admin.events.queries import KINDS
from web_admin.manage.search_pages import FOUND_PAGES, in_all_languages, rank_of
from web_admin.people.queries import PeopleSearch, find
from web_admin.web.desk_reader import read_tap
from web_admin.web.forms import OnceForm
from web_admin.web.guide import GUIDE
from web_admin.web.guide_places import PAGE_OF, PLACES, place_of, text_in
from web_admin.web.language import page_language
from web_admin.web.looked_for import SEALED, looked_for, sealed_text
from web_admin.web.page import to
from web_admin.web.places import site_gates
from web_admin.web.site import current_site

bp = Blueprint("search", __name__, url_prefix="/manage/search")

MAX_TEXT_CHARS = 40
MAX_SEALED_CHARS = 60
"""The most that any list looks for: a longer text would make an address that a proxy refuses."""
SHOWN_OF_EACH = 8
FEWEST_CARD_DIGITS = 6
SEARCHED = {
    "people": "people.show_list",
    "visitors": "visitors.show_list",
    "try": "try_it.ask",
    "now": "now.show",
    "map": "gate_map.show",
    "gates": "gates.show_list",
    "events": "events.show_list",
    "why": "events.explain",
}
"""The lists with a search of their own, and what their forms say beside the text."""
CHOICES = (
    *("building", "kind", "state", "whose", "lane", "gate"),
    *("day", "after", "until", "result", "method", "reason", "around"),
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
    text = looked_for(MAX_TEXT_CHARS)
    hits = [*_people(text), *_gates(text), *_pages(text), *_events(text), *_help(text)] if text else []
    card = _card(text)
    if len(hits) == 1 and card is None:
        return redirect(hits[0].address)
    return render_template(
        "manage/search.html",
        text=text,
        hits=hits,
        card=card,
        form=OnceForm(formdata=None),
        reasons=LOOK_REASONS,
        usual=HANDED_IN,
    )


@bp.post("/")
@allowed("own_account")
def look_for() -> Response:
    """Lead to what is looked for, here or in one of the lists, by an address that says it to no one else."""
    where = SEARCHED.get(request.form.get("where", ""), "search.show")
    asked: dict[str, Any] = {name: request.form[name] for name in CHOICES if request.form.get(name)}
    asked[SEALED] = sealed_text(" ".join(request.form.get("q", "").split())[:MAX_SEALED_CHARS])
    return to(where, **asked)


def _has(text: str, names: Iterable[object]) -> bool:
    return any(text.casefold() in str(name).casefold() for name in names)


def _people(text: str) -> Iterable[Hit]:
    """Give homes and people whose number or name has the text."""
    if not current_may("see_people"):
        return
    found = find(request_session(), current_site().site_id, PeopleSearch(text))
    bare = text.replace("-", "")
    for home in found.homes[:SHOWN_OF_EACH]:
        if bare in home.number.replace("-", ""):
            yield Hit("home", home.number, _l("Home"), url_for("people.show_home", home_id=home.home_id))
    named = [(home.number, person) for home in found.homes for person in found.people.get(home.home_id, [])]
    for number, person in [*named, *(("", person) for person in found.others)][:SHOWN_OF_EACH]:
        what = _("Home %(number)s", number=number) if number else _("No home")
        yield Hit(
            "people",
            person.display_name or _("Name erased"),
            what,
            url_for("person.show", person_id=person.person_id),
        )


def _gates(text: str) -> Iterable[Hit]:
    """Give gates and lanes whose name has the text."""
    sees_gates, sees_now = current_may("see_gates"), current_may("see_now")
    for gate in site_gates() if sees_gates or sees_now else ():
        if sees_gates and _has(text, (gate.name, gate.gate_id)):
            yield Hit("gate", gate.name, _l("Gate"), url_for("gates.show", gate_id=gate.gate_id))
        for lane in gate.lanes if sees_now else ():
            if _has(text, (lane.name, full_name(lane), lane.lane_id)):
                address = url_for("now.show_lane", lane_id=lane.lane_id)
                yield Hit(lane.direction, full_name(lane), _l("Lane"), address)


def _events(text: str) -> Iterable[Hit]:
    for key, (label, _kinds) in KINDS.items() if current_may("see_events") else ():
        if _has(text, (label,)):
            yield Hit("events", str(label), _l("Events"), url_for("events.show_list", kind=key))


def _pages(text: str) -> Iterable[Hit]:
    """Give pages by their name, then by another word for them, that the role may open."""
    ranked = ((page.rank(text), page) for page in FOUND_PAGES if _may_open(page.endpoint))
    for _rank, page in sorted(((r, p) for r, p in ranked if r is not None), key=lambda found: found[0]):
        yield Hit(page.picture, str(page.label), _l("Page"), url_for(page.endpoint))


def _help(text: str) -> Iterable[Hit]:
    """Give the guide's sections on pages that the role may open, by heading, then by another word."""
    in_languages = [text_in(GUIDE, language).sections for language in LANGUAGES]
    own = LANGUAGES.index(page_language())
    found = []
    for place, *parts in zip(PLACES, *in_languages, strict=True):
        rank = rank_of(text, [part.title for part in parts], in_all_languages(place.words))
        if rank is not None and _is_about_own_pages(place.anchor):
            found.append((rank, parts[own]))
    for _rank, part in sorted(found, key=lambda one: one[0]):
        address = url_for(PAGE_OF[GUIDE], _anchor=part.anchor)
        yield Hit("question", part.title, _l("Help"), address)


def _is_about_own_pages(anchor: str) -> bool:
    """Return whether the role may open one of the pages that a section is about, or it is about none."""
    about = [page.endpoint for page in FOUND_PAGES if place_of(page.endpoint) == (PAGE_OF[GUIDE], anchor)]
    return not about or any(_may_open(endpoint) for endpoint in about)


def _may_open(endpoint: str) -> bool:
    declared = access_of(current_app, endpoint)
    return declared is not None and current_may(declared[1])


def _card(text: str) -> str | None:
    """Return the text where it may be a card's number; whose it is needs a reason, which the page asks."""
    if not current_may("see_card_holder") or sum(sign.isdigit() for sign in text) < FEWEST_CARD_DIGITS:
        return None
    try:
        read_tap(text)
    except ActionRefused:
        return None
    return text
