"""Name lane modes, doors, directions and states of gates for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.compound.place_models import Place

POSTURES: Mapping[str, LazyString] = {
    "normal": _l("Normal"),
    "lockdown": _l("Lockdown"),
    "held_open": _l("Held open"),
    "disabled": _l("Out of use"),
    "unheard": _l("No contact yet"),
}
DOORS: Mapping[str, LazyString] = {
    "closed": _l("Closed"),
    "expected": _l("Open for one person"),
    "open": _l("Open"),
    "held": _l("Open too long"),
    "forced": _l("Forced open"),
}
DIRECTIONS: Mapping[str, LazyString] = {"in": _l("In"), "out": _l("Out")}
ANTIPASSBACKS: Mapping[str, LazyString] = {
    "off": _l("Off: no one is counted here"),
    "soft": _l("Report: it opens, and an event records it"),
    "hard": _l("Refuse: it stays shut until that person has left"),
}
PLACE_KINDS: Mapping[str, LazyString] = {
    "outer": _l("Outer gates"),
    "building": _l("Building"),
    "unit": _l("Unit"),
    "garage": _l("Garage"),
    "shared": _l("Shared rooms"),
}
UNSORTED = _l("Not sorted yet")
GATE_STATES: Mapping[str, LazyString] = {
    "new": _l("Not paired yet"),
    "paired": _l("Paired"),
    "retired": _l("Out of use"),
    "stolen": _l("Reported stolen"),
}
GATE_STATUS: Mapping[str, LazyString] = {
    **GATE_STATES,
    "in_contact": _l("In contact"),
    "silent": _l("No contact, works on its own"),
    "unheard": _l("Paired, no contact yet"),
    "forked": _l("Two controllers use its key"),
}
HEALTHS: Mapping[str, LazyString] = {
    "ok": _l("Works"),
    "lost": _l("Does not answer"),
    "degraded": _l("Works poorly"),
}


def place_name(place: Place | None) -> str:
    """Return what a place is called; the outer gates have no name of their own."""
    if place is None:
        return str(UNSORTED)
    return place.name or str(PLACE_KINDS[place.kind])
