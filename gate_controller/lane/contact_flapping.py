"""Filter a flapping door contact: report it once, count, and report when it is steady. Pure; times are
arguments.

    STEADY ── the 20th change within a minute: alarm_contact_flapping ──> FLAPPING
    FLAPPING ── a minute without a change: contact_flapping_clear, with the count ──> STEADY

A loose magnet in the wind would otherwise push everything else out of the journal. While FLAPPING the
first forced opening is still reported, and so is the end of each reported alarm; the door's state is not
touched here.
"""

from dataclasses import dataclass, replace

from gate_controller.contract.event_kinds import EventKind
from gate_controller.lane.door import Kinds

BEGAN, ENDED = EventKind.ALARM_CONTACT_FLAPPING, EventKind.CONTACT_FLAPPING_CLEAR
CHANGES = 20
WITHIN_SECONDS = 60.0
QUIET_SECONDS = 60.0
ALWAYS_REPORTED = EventKind.DOOR_HELD_CLEAR
"""Ends an alarm that was reported; at most one in the time that a door may stand open."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How one lane's contact has changed lately; `counted` are the changes that were not written down."""

    changed_at: tuple[float, ...] = ()
    is_flapping: bool = False
    counted: int = 0
    forced_reported: bool = False


def still_flapping(now: float) -> Contact:
    """Return a contact that was flapping when the gate stopped; its count restarts."""
    return Contact(changed_at=(now,), is_flapping=True)


def changed(contact: Contact, kinds: Kinds, now: float, *, fewest: int = CHANGES) -> tuple[Contact, Kinds]:
    """Take the kinds that one word of the contact led to; return those to record, in order.

    It flutters from the `fewest` changes within a minute on.
    """
    if not kinds:
        return contact, ()
    if contact.is_flapping:
        contact = replace(contact, changed_at=(now,))
        if kinds == (EventKind.ALARM_DOOR_FORCED,) and not contact.forced_reported:
            return replace(contact, forced_reported=True), kinds
        kept = tuple(kind for kind in kinds if kind == ALWAYS_REPORTED)
        return replace(contact, counted=contact.counted + len(kinds) - len(kept)), kept
    lately = (*(at for at in contact.changed_at if now - at <= WITHIN_SECONDS), now)
    if len(lately) < fewest:
        return Contact(lately), kinds
    return Contact((now,), is_flapping=True), (*kinds, BEGAN)


def quiet(contact: Contact, now: float) -> Contact | None:
    """Return the contact steady again once it has not changed for a minute, else None."""
    if contact.is_flapping and now - contact.changed_at[-1] >= QUIET_SECONDS:
        return Contact()
    return None
