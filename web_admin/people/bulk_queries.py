"""Read what acts on several people need: what each person has, and the acts of the last day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from gate_controller.contract.credential_kinds import OWN_KINDS
from gate_controller.contract.records import CredentialKind
from web_admin.compound.age_bands import CHILD
from web_admin.compound.models import CredentialRow, GrantRow, Invitation, Person
from web_admin.compound.ordering import name_key
from web_admin.core.orm import Fact
from web_admin.credentials.models import ChildAgreement
from web_admin.journal.models import AuditEntry
from web_admin.people.bulk_rules import UNDOABLE, BulkKind, Candidate
from web_admin.people.models import HomeAddition
from web_admin.people.suspension_queries import suspended_lately

ACTED, UNDONE = "people_acted", "people_act_undone"
UNDO_FOR = timedelta(hours=24)
"""Later an undo would surprise those who have arranged themselves with the act."""
SHOWN_ACTS = 3

After = Literal["in_force", "undone", "changed", "used", "moved_out"]
"""State of an act for one person; only an act in force can be undone."""

_LATER_OF_SUSPENSION = ("person_suspended", "person_resumed", "person_moved_out")


@dataclass(frozen=True, slots=True)
class BulkAct:
    """An act on several people, as the ledger has it: `things` has the invitation or grant by person."""

    seq: int
    kind: BulkKind
    at: datetime
    actor_id: str
    count: int
    left_out: int
    things: Mapping[str, str]


def candidates_of(
    session: Session, site_id: str, person_ids: Collection[str], now: datetime
) -> list[Candidate]:
    """Return these people of a site in the order of the list, with what they have, in a few queries."""
    people = session.scalars(
        select(Person)
        .where(Person.site_id == site_id, Person.person_id.in_(person_ids))
        .options(joinedload(Person.home), selectinload(Person.grants))
    ).all()
    ids = [person.person_id for person in people]
    has_page, is_invited = _invited(session, ids, now)
    held = session.execute(
        select(CredentialRow.person_id, CredentialRow.kind).where(
            CredentialRow.person_id.in_(ids),
            CredentialRow.kind.in_(OWN_KINDS),
            CredentialRow.state != "ended",
            CredentialRow.duress.is_(False),
        )
    ).all()
    pins = {row.person_id for row in held if row.kind == CredentialKind.PIN}
    have_ways = {row.person_id for row in held}
    lately = suspended_lately(session, ids, now)
    agreed = set(
        session.scalars(
            select(ChildAgreement.child_id).where(
                ChildAgreement.child_id.in_(ids), ChildAgreement.withdrawn_at.is_(None)
            )
        )
    )
    waiting = set(
        session.scalars(
            select(HomeAddition.person_id).where(
                HomeAddition.person_id.in_(ids), HomeAddition.state == "waiting"
            )
        )
    )
    return [
        Candidate(
            person,
            has_page=person.person_id in has_page,
            is_invited=person.person_id in is_invited,
            has_pin=person.person_id in pins,
            has_way=person.person_id in have_ways,
            was_suspended=person.person_id in lately,
            child_waits=person.age_band == CHILD and person.person_id not in agreed,
            waits=person.person_id in waiting,
        )
        for person in sorted(people, key=_place)
    ]


def _place(person: Person) -> tuple[bool, str, bytes, str]:
    of_home = person.home.sort_key if person.home is not None else ""
    return (person.home is None, of_home, name_key(person.display_name), person.person_id)


def _invited(session: Session, ids: Collection[str], now: datetime) -> tuple[set[str], set[str]]:
    rows = session.execute(
        select(Invitation.person_id, Invitation.used_at, Invitation.expires_at).where(
            Invitation.person_id.in_(ids)
        )
    ).all()
    opened = {row.person_id for row in rows if row.used_at is not None}
    return opened, {row.person_id for row in rows if row.used_at is None and row.expires_at > now}


def last_acts(session: Session, site_id: str, now: datetime) -> list[BulkAct]:
    """Return the newest acts on several people that can still be undone or looked at."""
    rows = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.site_id == site_id, AuditEntry.at > now - UNDO_FOR, AuditEntry.kind == ACTED)
        .order_by(AuditEntry.seq.desc())
        .limit(SHOWN_ACTS)
    )
    return [_act(row, {}) for row in rows]


def bulk_act(session: Session, site_id: str, seq: int) -> BulkAct | None:
    """Return an act on several people by the number of its entry, with everyone whom it concerned."""
    row = session.get(AuditEntry, (site_id, seq))
    if row is None or row.kind != ACTED:
        return None
    count = int(row.facts.get("count") or 0)
    of_people = session.execute(
        select(AuditEntry.person_id, AuditEntry.facts)
        .where(AuditEntry.site_id == site_id, AuditEntry.seq >= seq - count, AuditEntry.seq < seq)
        .order_by(AuditEntry.seq)
    )
    return _act(row, {str(person_id): _thing(facts) for person_id, facts in of_people})


def _act(row: AuditEntry, things: Mapping[str, str]) -> BulkAct:
    kind = cast(BulkKind, str(row.facts.get("act")))
    count, left_out = int(row.facts.get("count") or 0), int(row.facts.get("left_out") or 0)
    return BulkAct(row.seq, kind, row.at, str(row.facts.get("actor_id")), count, left_out, things)


def _thing(facts: Mapping[str, Fact]) -> str:
    return str(facts.get("invitation_id") or facts.get("grant_id") or "")


def what_became(session: Session, site_id: str, past: BulkAct, now: datetime) -> dict[str, After]:
    """Return by person whether an act is still in force for them, in a few queries for all."""
    gone = set(
        session.scalars(
            select(Person.person_id).where(Person.person_id.in_(past.things), Person.ended_at.is_not(None))
        )
    )
    if past.kind == "suspend":
        found = _suspensions_now(session, site_id, past)
    elif past.kind == "invite":
        found = _invitations_now(session, past, now)
    else:
        found = _grants_now(session, past)
    return {
        person_id: "moved_out" if person_id in gone else found.get(person_id, "changed")
        for person_id in past.things
    }


def may_be_undone(past: BulkAct, became: Mapping[str, After], now: datetime) -> bool:
    """Return whether an undo would change anything and is not too late."""
    return UNDOABLE[past.kind] and now - past.at <= UNDO_FOR and "in_force" in became.values()


def _suspensions_now(session: Session, site_id: str, past: BulkAct) -> dict[str, After]:
    """Return what later entries say: whom someone suspended or resumed since is not this act's any more."""
    suspended = session.scalars(
        select(Person.person_id).where(Person.person_id.in_(past.things), Person.suspended.is_(True))
    )
    found: dict[str, After] = dict.fromkeys(suspended, "in_force")
    later = session.execute(
        select(AuditEntry.person_id, AuditEntry.kind, AuditEntry.facts)
        .where(
            AuditEntry.site_id == site_id,
            AuditEntry.seq > past.seq,
            AuditEntry.person_id.in_(past.things),
            AuditEntry.kind.in_(_LATER_OF_SUSPENSION),
        )
        .order_by(AuditEntry.seq.desc())
    )
    for person_id, kind, facts in later:  # the first after the act is the last one here
        is_undo = kind == "person_resumed" and facts.get("undoes") == past.seq
        found[str(person_id)] = "undone" if is_undo else "changed"
    return found


def _invitations_now(session: Session, past: BulkAct, now: datetime) -> dict[str, After]:
    rows = session.scalars(select(Invitation).where(Invitation.invitation_id.in_(past.things.values())))
    return {
        row.person_id: "used" if row.used_at is not None else "in_force" if row.expires_at > now else "undone"
        for row in rows
    }


def _grants_now(session: Session, past: BulkAct) -> dict[str, After]:
    left = session.scalars(select(GrantRow.person_id).where(GrantRow.grant_id.in_(past.things.values())))
    return dict.fromkeys(left, "in_force")
