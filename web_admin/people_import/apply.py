"""Apply a checked sheet: everyone or no one, in few statements, recorded like single ones, published once."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import insert, select

from gate_controller.contract.credential_kinds import has_ended_by_time
from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action, begin, finish, new_id
from web_admin.action.lock_outs import kept_in
from web_admin.compound.models import UNASSIGNED, CredentialRow, GrantRow, Home, Person, Site
from web_admin.compound.queries import HomeNumber, home_numbers
from web_admin.core.database import IN_LIST
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup, seal_card_number
from web_admin.credentials.lifecycle import end_one
from web_admin.face.ways_in import settle_face
from web_admin.journal.ledger import NewEntry, append_audits
from web_admin.people.actions import move_out
from web_admin.people.unassigned_cards import UNASSIGNED_NAMES
from web_admin.people.usual_lanes import UsualLanes
from web_admin.people_import.check import ImportPlan, ImportRow

_Rows = list[dict[str, Any]]
"""Rows for a bulk insert, by column."""


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """The number of people added, changed and moved out, and of cards bound to homes."""

    added: int
    changed: int
    ended: int
    home_cards: int


@dataclass(slots=True)
class _Work:
    """The rows to write, gathered before the first is written."""

    act: Action
    site: Site
    language: str
    lanes: UsualLanes
    homes: dict[str, HomeNumber]
    unassigned: dict[str, str]
    new_homes: _Rows = field(default_factory=list)
    people: _Rows = field(default_factory=list)
    grants: _Rows = field(default_factory=list)
    cards: _Rows = field(default_factory=list)
    entries: list[NewEntry] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


def apply_people(act: Action, plan: ImportPlan) -> ImportCounts:
    """Apply a plan without problems; raise ActionRefused, with nothing done, when it has some."""
    if plan.problems:
        raise ActionRefused("file", _("Correct the rows that are marked, then read the file again."))
    site = begin(act)
    work = _Work(
        act,
        site,
        site.language if site.language in LANGUAGES else LANGUAGES[0],
        UsualLanes(act),
        _homes(act),
        _unassigned(act),
    )
    known = [row.person_id for row in plan.of("change") if row.person_id is not None]
    with kept_in(act, "people_imported", known):
        for number in plan.new_homes:
            _add_home(work, number)
        _end_freed_cards(work, plan)
        _change(work, plan.of("change"))
        for row in plan.of("add", "home_card"):
            _add(work, row)
        _write(work)
    for person in plan.ended:
        if act.session.get_one(Person, person.person_id).ended_at is None:  # not ended with their home
            move_out(replace(act, publishes=False), person.person_id)
        work.touched.add(person.person_id)
    done = ImportCounts(
        len(plan.of("add")), len(plan.of("change")), len(plan.ended), len(plan.of("home_card"))
    )
    facts = {"count": done.added, "changed": done.changed, "ended": done.ended, "home_cards": done.home_cards}
    finish(act, "people_imported", facts, touches=work.touched)
    return done


def _homes(act: Action) -> dict[str, HomeNumber]:
    return {home.number: home for home in home_numbers(act.session, act.site_id)}


def _unassigned(act: Action) -> dict[str, str]:
    """Return by home the person of its unassigned cards."""
    rows = select(Person.home_id, Person.person_id).where(
        Person.site_id == act.site_id, Person.kind == UNASSIGNED, Person.ended_at.is_(None)
    )
    return {str(home_id): person_id for home_id, person_id in act.session.execute(rows)}


def _add_home(work: _Work, number: str) -> None:
    home_id = new_id()
    work.homes[number] = HomeNumber(home_id, number, None)
    work.new_homes.append(
        {
            "home_id": home_id,
            "site_id": work.act.site_id,
            "number": number,
            "pin_salt": secrets.token_bytes(16),
        }
    )
    _note(work, "home_added", {"home_id": home_id})


def _add(work: _Work, row: ImportRow) -> None:
    home = work.homes[row.home] if row.home is not None else None
    home_id = home.home_id if home is not None else ""
    person_id = work.unassigned.get(home_id) if row.action == "home_card" else None
    if person_id is None:
        person_id = _add_person(work, row, home)
        if row.action == "home_card":
            work.unassigned[home_id] = person_id
    if row.card is not None:
        _add_card(work, person_id, row.card)


def _add_person(work: _Work, row: ImportRow, home: HomeNumber | None) -> str:
    person_id = new_id()
    name = row.name or UNASSIGNED_NAMES[work.language]
    work.people.append(
        {
            "person_id": person_id,
            "site_id": work.act.site_id,
            "home_id": home.home_id if home is not None else None,
            "display_name": name,
            "kind": row.kind,
            "language": work.language,
            "methods": [Method.CARD],
            "created_at": work.act.now,
        }
    )
    lanes = work.lanes.of_person(row.kind, home)
    if lanes:
        work.grants.append({"grant_id": new_id(), "person_id": person_id, "lanes": list(lanes)})
    _note(work, "person_added", {"kind": row.kind}, person_id, {"name": name})
    return person_id


def _add_card(work: _Work, person_id: str, card: int) -> None:
    credential_id = new_id()
    sealer = work.act.sealer
    work.cards.append(
        {
            "credential_id": credential_id,
            "person_id": person_id,
            "kind": CredentialKind.CARD,
            "lookup": card_lookup(sealer, card),
            "secret_sealed": seal_card_number(sealer, card),
            "created_at": work.act.now,
        }
    )
    _note(work, "card_issued", {"credential_id": credential_id, "method": CredentialKind.CARD}, person_id)


def _note(
    work: _Work,
    kind: str,
    facts: Mapping[str, str],
    person_id: str | None = None,
    personal: Mapping[str, str] | None = None,
) -> None:
    who = {"actor_id": work.act.actor_id, "channel": work.act.channel}
    work.entries.append(NewEntry(kind, {**who, **facts}, person_id, dict(personal or {})))
    if person_id is not None:
        work.touched.add(person_id)


def _end_freed_cards(work: _Work, plan: ImportPlan) -> None:
    """End, where they were, cards whose time is over and cards that a home held without a holder."""
    wanted = [card_lookup(work.act.sealer, row.card) for row in plan.rows if row.card is not None]
    for part in _parts(wanted):
        rows = work.act.session.scalars(
            select(CredentialRow)
            .join(Person)
            .where(
                Person.site_id == work.act.site_id,
                CredentialRow.kind == CredentialKind.CARD,
                CredentialRow.state != "ended",
                CredentialRow.lookup.in_(part),
            )
        ).all()
        for card in rows:
            over = has_ended_by_time(card, work.act.now)
            end_one(work.act, card, "expired" if over else "given_to_holder")
            facts = {"credential_id": card.credential_id, "method": CredentialKind.CARD}
            _note(work, "credential_ended", facts, card.person_id)


def _change(work: _Work, rows: Sequence[ImportRow]) -> None:
    by_id = {row.person_id: row for row in rows}
    persons: list[Person] = []
    for part in _parts([person_id for person_id in by_id if person_id is not None]):
        persons += work.act.session.scalars(select(Person).where(Person.person_id.in_(part)))
    for person in persons:
        row = by_id[person.person_id]
        if row.kind_before is not None:
            person.kind = row.kind
            person.may_override = person.may_override and row.kind == "staff"
            _note(work, "person_edited", {"kind": row.kind}, person.person_id)
        if row.card is not None:
            _add_card(work, person.person_id, row.card)


def _write(work: _Work) -> None:
    session = work.act.session
    session.flush()
    tables = (
        (Home, work.new_homes),
        (Person, work.people),
        (GrantRow, work.grants),
        (CredentialRow, work.cards),
    )
    for table, rows in tables:
        if rows:
            session.execute(insert(table), rows)
    append_audits(session, work.act.site_id, work.entries, work.act.now)
    added = {row["person_id"] for row in work.people}
    for part in _parts(sorted(work.touched - added)):
        for person in session.scalars(select(Person).where(Person.person_id.in_(part))):
            if Method.FACE in person.methods:
                settle_face(session, person, work.act.now)


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + IN_LIST] for start in range(0, len(values), IN_LIST))
