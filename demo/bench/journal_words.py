"""Say in words what a gate wrote into its journal; needs a Flask context with Babel for the language."""

from collections.abc import Mapping

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry
from web_admin.credentials.texts import METHODS
from web_admin.events.reason_texts import for_staff
from web_admin.events.texts import EVENTS

Line = dict[str, str]
"""Time, what happened, where, why, and `tone`: opened, refused, alarm or nothing."""


def line_of(entry: JournalEntry, lanes: Mapping[str, str], devices: Mapping[str, str]) -> Line:
    """Return an entry as a line of the bench page; `lanes` and `devices` name ids for people."""
    facts = entry.facts
    what, why = EVENTS.get(entry.kind), ""
    if entry.kind == EventKind.ACCESS:
        what = METHODS.get(str(facts.get("method") or ""), what)
        why = str(for_staff(str(facts.get("reason"))))
    device = str(facts.get("device") or "")
    lane = lanes.get(str(facts.get("lane_id") or ""), "")
    return {
        "at": entry.at.astimezone().strftime("%H:%M:%S"),
        "what": str(what or entry.kind),
        "where": devices.get(device, lane or device),
        "why": why,
        "tone": _tone(entry),
    }


def _tone(entry: JournalEntry) -> str:
    if entry.kind == EventKind.ACCESS:
        return "opened" if entry.facts.get("opens") is True else "refused"
    return "alarm" if entry.kind.startswith("alarm_") else ""
