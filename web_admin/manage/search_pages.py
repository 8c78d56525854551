"""The pages that the one search finds by name or by another word for them, in every language; no routes.

Each page that a person opens without an id has its line here: `tests/web_admin/manage/test_search_pages.py`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flask_babel import LazyString, force_locale
from flask_babel import lazy_gettext as _l

from gate_controller.contract.languages import LANGUAGES


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its endpoint, picture and name, and other words that people look for."""

    endpoint: str
    picture: str
    label: LazyString
    words: LazyString

    def rank(self, text: str) -> int | None:
        """Return how well a text fits, 0 by the name, 1 by another word; None where it does not."""
        return rank_of(text, in_all_languages(self.label), in_all_languages(self.words))


def rank_of(text: str, names: Iterable[str], words: Iterable[str]) -> int | None:
    """Return how well a text fits, 0 by a name, 1 by another word; None where it does not."""
    begins = _begins(text)
    return next(
        (rank for rank, said in enumerate((names, words)) if any(begins.search(one) for one in said)), None
    )


def _begins(text: str) -> re.Pattern[str]:
    """Return what finds a text at the beginning of a word, or anywhere where words have no spaces."""
    return re.compile(rf"\b{re.escape(text)}" if text.isascii() else re.escape(text), re.IGNORECASE)


def in_all_languages(said: LazyString) -> Iterator[str]:
    """Yield a text in each language, so that a word of any of them is found."""
    for language in LANGUAGES:
        with force_locale(language):
            yield str(said)


FOUND_PAGES: Sequence[Page] = (
    Page("now.show", "now", _l("Now"), _l("overview, dashboard, doors, gates today")),
    Page("now.lockdown", "lock", _l("Lockdown"), _l("lock all, threat, attack, drill")),
    Page("alarms.show_list", "bell", _l("Alarms"), _l("alerts, warnings, hand-over, shift")),
    Page("events.show_list", "events", _l("Events"), _l("log, journal, passages, history, who passed")),
    Page("events.explain", "question", _l("Why refused"), _l("denied, does not open, card does not work")),
    Page("try_it.ask", "check", _l("Try it out"), _l("test a card, would it open, what if, check access")),
    Page(
        "people.show_list",
        "people",
        _l("People and homes"),
        _l("residents, tenants, owners, flats, apartments"),
    ),
    Page("people.new_home", "home", _l("Add a home"), _l("new flat, new apartment")),
    Page("people.new_person", "plus", _l("Add a person"), _l("new resident, new tenant")),
    Page("moving.family", "plus", _l("A family moves in"), _l("new family, moving in, move-in")),
    Page("moving.staff", "clock", _l("Add staff"), _l("cleaner, gardener, employee, contractor")),
    Page(
        "people_import.check",
        "events",
        _l("Add people from a sheet"),
        _l("import, CSV, Excel, upload, list of residents"),
    ),
    Page(
        "print_runs.show_list",
        "print",
        _l("Print for buildings"),
        _l("paper, letters, invitations, codes on paper"),
    ),
    Page("cards.find", "card", _l("Cards"), _l("whose card, fob, tag, key, card number")),
    Page("card_batch.batch", "card", _l("Give many cards"), _l("hand out cards, batch, register cards")),
    Page(
        "access_review.show",
        "check",
        _l("Access review"),
        _l("recertification, audit of rights, who still has access, ISO 27001"),
    ),
    Page(
        "suspensions.show_list",
        "lock",
        _l("Suspended people"),
        _l("block, ban, second account, confirm, court order"),
    ),
    Page("lost_card.find", "pause", _l("Lost card"), _l("stolen card, block, suspend, found card")),
    Page("visitors.show_list", "visitor", _l("Visitors"), _l("guests, passes, QR codes, deliveries")),
    Page("visitors.new", "visitor", _l("New pass"), _l("new guest, invite a visitor, courier, craftsman")),
    Page(
        "weekly_visitors.new",
        "visitor",
        _l("New weekly pass"),
        _l("every week, regular visitor, cleaner, teacher"),
    ),
    Page("desk.show", "home", _l("Desk"), _l("reception, counter, help a resident, without a phone")),
    Page(
        "gates.show_list",
        "gate",
        _l("Gates and hours"),
        _l("doors, lanes, controllers, opening hours, calendar, rename a gate"),
    ),
    Page(
        "gates_out_of_use.show_list",
        "gate",
        _l("Gates out of use"),
        _l("removed gate, deleted gate, old gate, closed door, archive"),
    ),
    Page("gate_map.show", "gate", _l("Map"), _l("map, plan, floor plan, drawing, where is a gate")),
    Page(
        "gate_places.show",
        "home",
        _l("Buildings and ways"),
        _l("places, units, stairwells, towers, which gate leads where, sort gates"),
    ),
    Page("gate_places.new", "plus", _l("Add a place"), _l("new building, new unit, garage, shared room")),
    Page("gates.new_gate", "gate", _l("Add a gate"), _l("new door, new controller, pairing")),
    Page(
        "hours.new", "clock", _l("Add weekly hours"), _l("timetable, schedule, opening hours, working hours")
    ),
    Page("hours.new_day", "clock", _l("Add a special date"), _l("holiday, festival, day off, calendar")),
    Page(
        "later.show_list",
        "clock",
        _l("Scheduled changes and undo"),
        _l("begin later, schedule, take back, planned changes"),
    ),
    Page(
        "emergency.show_list",
        "key",
        _l("Emergency access"),
        _l("fire brigade, ambulance, police, emergency codes"),
    ),
    Page("emergency.new", "key", _l("New emergency code"), _l("fire brigade, ambulance, gas, utility")),
    Page("health.show", "health", _l("Health"), _l("offline, disk, clock, backup, certificate, diagnosis")),
    Page(
        "updates.show", "gate", _l("Program versions"), _l("update, upgrade, software, firmware of the gates")
    ),
    Page(
        "requests.show_list",
        "request",
        _l("Requests"),
        _l("complaints, copy of data, delete data, correction"),
    ),
    Page(
        "disclosures.show_list",
        "privacy",
        _l("Police and courts"),
        _l("authorities, disclosure, warrant, prosecutor"),
    ),
    Page("disclosures.new", "privacy", _l("Record a request"), _l("police, court, authority, disclosure")),
    Page(
        "incidents.show_list",
        "warning",
        _l("Incidents"),
        _l("breach, leak, data loss, report within 72 hours"),
    ),
    Page("incidents.new", "warning", _l("Record an incident"), _l("breach, leak, data loss, theft")),
    Page("audits.show_list", "privacy", _l("Audits"), _l("compliance, inspection, check of personal data")),
    Page("audits.new", "privacy", _l("Begin an audit"), _l("compliance, inspection")),
    Page(
        "privacy.settings",
        "privacy",
        _l("Privacy"),
        _l("face, consent, personal data, equality, keeping times"),
    ),
    Page("privacy.edit_notice", "privacy", _l("New version of the notice"), _l("consent text, face notice")),
    Page("assessments.show_list", "privacy", _l("Assessments of face"), _l("impact assessment, DPIA, PIPIA")),
    Page(
        "contact.edit",
        "privacy",
        _l("Who answers for personal data"),
        _l("privacy officer, data protection, contact"),
    ),
    Page("report.publish", "privacy", _l("Report to the public"), _l("transparency, figures, annual report")),
    Page(
        "staff.show_list", "staff", _l("Staff and roles"), _l("accounts, colleagues, guards, users, review")
    ),
    Page("staff.new", "staff", _l("Invite a colleague"), _l("new account, new guard, new user")),
    Page("staff.roles", "staff", _l("Who may do what"), _l("rights, permissions, roles")),
    Page("settings.show", "settings", _l("Settings"), _l("configuration, options, retention")),
    Page("settings.edit_site", "settings", _l("The compound"), _l("name, address, time zone, language")),
    Page("settings.edit_look", "settings", _l("Colour and logo"), _l("brand, theme, appearance")),
    Page("settings.edit_mail", "settings", _l("Mail server"), _l("e-mail, SMTP, reminders")),
    Page("call_settings.edit", "settings", _l("Calls to homes"), _l("telephone, intercom, SIP, doorbell")),
    Page("webhooks.new", "settings", _l("Add a webhook"), _l("notification, integration, other systems")),
    Page("api_keys.show_list", "key", _l("Keys of other systems"), _l("API, interface, integration, token")),
    Page("api_keys.new", "key", _l("New key for another system"), _l("API, interface, token")),
    Page("help.show", "question", _l("Help"), _l("guide, manual, documentation, how to")),
    Page(
        "help.lane_sheet",
        "question",
        _l("Help with the lane sheet"),
        _l("guide, measure, tape measure, how to measure"),
    ),
    Page(
        "own.show", "person", _l("My account"), _l("password, authenticator, sign-in, two-factor, language")
    ),
)
