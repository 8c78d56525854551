"""Parts of the guide that fit each page of staff, and other words by which they are found; no routes."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from web_admin.web.guide import GUIDE, LANE_SHEET, Guide, guide

PAGE_OF: Mapping[str, str] = {GUIDE: "help.show", LANE_SHEET: "help.lane_sheet"}


@dataclass(frozen=True, slots=True)
class Place:
    """A section by its anchor: other words for it, and the endpoints or whole blueprints that it is about."""

    anchor: str
    words: LazyString
    pages: tuple[str, ...] = ()


PLACES: tuple[Place, ...] = (
    Place(
        "the-first-hour",
        _l("begin, set up, start, first gate, pairing"),
        ("gates.new_gate", "gates_like", "moving.family"),
    ),
    Place(
        "every-day",
        _l("what is where, tasks, lockdown, open a gate"),
        ("now", "live", "guard_calls", "search", "suspensions"),
    ),
    Place("what-an-act-takes-from-people", _l("preview, locked out, kept out, consequences")),
    Place("begin-later-and-undo", _l("undo, take back, schedule, planned"), ("later",)),
    Place(
        "who-passed-and-why-not",
        _l("passages, refused, does not open, denied"),
        ("events", "try_it", "access"),
    ),
    Place(
        "people-homes-and-cards",
        _l("export, save as a sheet, CSV, rename, change a name, move out, replace a card, several people"),
        (
            "people",
            "person",
            "moving",
            "cards",
            "card_batch",
            "lost_card",
            "bulk",
            "people_import",
            "print_runs",
        ),
    ),
    Place("visitors", _l("guest, pass, QR code, courier"), ("visitors", "weekly_visitors")),
    Place("the-desk", _l("counter, without a phone, help a resident"), ("desk",)),
    Place(
        "gates-hours-and-lanes",
        _l("opening hours, calendar, emergency code, hold open, update, building, rename a gate"),
        (
            "gates",
            "gate_places",
            "gate_names",
            "gate_sign",
            "gates_out_of_use",
            "hours",
            "schedules",
            "emergency",
            "updates",
            "now.hold_open",
            "now.show_lane",
        ),
    ),
    Place("the-map", _l("map, plan, floor plan, drawing, where is a gate"), ("gate_map",)),
    Place("the-access-review", _l("recertification, who still has access, ISO 27001"), ("access_review",)),
    Place(
        "alarms-about-the-server-and-the-gates",
        _l("alarm, offline, disk, backup, what to do"),
        ("alarms", "health", "restored"),
    ),
    Place(
        "face",
        _l("face recognition, consent, notice, assessment"),
        ("privacy", "assessments", "consent_desk"),
    ),
    Place(
        "accounts-passwords-and-roles",
        _l("password, forgot, authenticator, new phone, role, colleague, sign in"),
        ("staff", "own"),
    ),
    Place(
        "settings-and-other-systems",
        _l("mail, webhook, API, interface, logo, colour, time zone"),
        ("settings", "call_settings", "webhooks", "api_keys"),
    ),
    Place(
        "when-personal-data-leaked", _l("leak, breach, incident, police, court"), ("incidents", "disclosures")
    ),
    Place("keys-on-the-keyboard", _l("keyboard, shortcuts, keys")),
    Place(
        "what-residents-may-ask",
        _l("requests, complaints, deadline, report to the public"),
        ("requests", "report", "audits", "contact"),
    ),
)
OF_THE_LANE_SHEET = ("sheets", "sheet_parts")
"""Blueprints whose pages the text about the lane sheet explains, and not the guide."""
OF_THE_GUIDE = ("help",)
_ANCHORS = {page: place.anchor for place in PLACES for page in place.pages}


def place_of(endpoint: str) -> tuple[str, str] | None:
    """Return the page of the guide, and its anchor, that fits an endpoint; None where none was chosen."""
    blueprint = endpoint.partition(".")[0]
    if blueprint in OF_THE_LANE_SHEET:
        return PAGE_OF[LANE_SHEET], ""
    if blueprint in OF_THE_GUIDE:
        return PAGE_OF[GUIDE], ""
    anchor = _ANCHORS.get(endpoint) or _ANCHORS.get(blueprint)
    return (PAGE_OF[GUIDE], anchor) if anchor else None


def help_address() -> str:
    """Return the address of the guide's section for the page of this request, of its beginning for others."""
    page, anchor = place_of(request.endpoint or "") or (PAGE_OF[GUIDE], "")
    return url_for(page, _anchor=anchor or None)


def text_in(text: str, language: str) -> Guide:
    return guide(text, language, gettext("For the operator"), _address)


def _address(text: str) -> str:
    return url_for(PAGE_OF[text])
