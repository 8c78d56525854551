"""Decide for which of several people an act is done, and why not for the others; without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from web_admin.compound.models import UNASSIGNED, GrantRow, Person
from web_admin.people.actions import GrantSpec

BulkKind = Literal["invite", "print_invitations", "print_pins", "hours", "suspend"]
MOST = 500
"""People of one act: what an office can check by name, published at once."""

Why = Literal[
    "moved_out",
    "suspended",
    "cards",
    "joined",
    "invited",
    "no_home",
    "has_pin",
    "child_waits",
    "waits",
    "helper",
    "passes",
    "has_way",
    "again",
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chosen person, with what decides whether an act is for them."""

    person: Person
    has_page: bool = False
    is_invited: bool = False
    has_pin: bool = False
    child_waits: bool = False
    """A child whose guardian has not agreed to a method yet."""
    has_way: bool = False
    """Has a card, PIN or code that has not ended; a list takes no person's last way in."""
    was_suspended: bool = False
    """One account alone suspended this person within the last month: a list does not go on with it."""
    waits: bool = False
    """Added by their home; the office has not decided yet."""


@dataclass(frozen=True, slots=True)
class Plan:
    """For whom an act is done, and who is left out, why."""

    chosen: Sequence[Candidate]
    left_out: Sequence[tuple[Candidate, Why]]


def plan_of(
    kind: BulkKind, candidates: Sequence[Candidate], now: datetime, spec: GrantSpec | None = None
) -> Plan:
    """Return for whom of these people an act is done; `spec` says which hours are granted."""
    chosen, left_out = [], []
    for each in candidates:
        why = why_left_out(kind, each, now, spec)
        if why is None:
            chosen.append(each)
        else:
            left_out.append((each, why))
    return Plan(chosen, left_out)


def why_left_out(kind: BulkKind, about: Candidate, now: datetime, spec: GrantSpec | None) -> Why | None:
    """Return why an act is not for this person, None where it is."""
    person = about.person
    if person.ended_at is not None:
        return "moved_out"
    if person.suspended:
        return "suspended"
    if kind == "suspend":
        return "has_way" if about.has_way else "again" if about.was_suspended else None
    if person.kind == UNASSIGNED:
        return "cards"
    if kind == "hours":
        return _why_no_hours(about, now, spec)
    if kind != "invite" and person.home_id is None:
        return "no_home"
    if kind == "print_pins":
        return why_no_pin(about)
    if about.has_page:
        return "joined"
    return "invited" if about.is_invited else None


def why_no_pin(about: Candidate, *, everyone: bool = False) -> Why | None:
    """Return why no PIN is printed for this person; with `everyone` one that they have is replaced."""
    if about.has_pin and not everyone:
        return "has_pin"
    return "child_waits" if about.child_waits else None


def _why_no_hours(about: Candidate, now: datetime, spec: GrantSpec | None) -> Why | None:
    if about.waits:
        return "waits"
    if about.person.kind == "helper":
        return "helper"
    if spec is not None and any(_covers(grant, spec, now) for grant in about.person.grants):
        return "passes"
    return None


def _covers(grant: GrantRow, spec: GrantSpec, now: datetime) -> bool:
    begins, ends = spec.valid_from or now, spec.valid_until
    return (
        set(spec.lanes) <= set(grant.lanes)
        and grant.hours_id in (None, spec.hours_id)
        and (grant.valid_from is None or grant.valid_from <= begins)
        and (grant.valid_until is None or (ends is not None and ends <= grant.valid_until))
    )


UNDOABLE: Mapping[BulkKind, bool] = {
    "invite": True,
    "hours": True,
    "suspend": True,
    "print_invitations": False,
    "print_pins": False,
}
"""A print run has a page of its own, which cancels it; what was printed is in other hands."""
