"""Suspend a lost card at night and give its owner a pass until the office is open again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from gate_controller.contract.credential_kinds import has_ended_by_time
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import CredentialKind, typed_number
from web_admin.action.base import Action, begin, record
from web_admin.action.suspensions import in_the_way, party_of, whom_to_ask
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.compound.queries import places_of_site
from web_admin.core.limits import LOST_CARDS, LOST_CARDS_DAILY
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.actions import suspend_credential
from web_admin.credentials.look_ups import CARD_LOOKED_UP, HANDED_IN, LOST, Look, checked_look, record_look
from web_admin.desk.limits import TOO_MANY, TooMany
from web_admin.journal.models import AuditEntry
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.gate_sets import ALL, WAY
from web_admin.visitors.gate_sets import FIELD as FIELD_OF_GATES
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import pass_state
from web_admin.visitors.reach import gates_for_a_pass

PASS_LASTS = timedelta(hours=24)
LOOK_LASTS = timedelta(minutes=30)
"""How long after a look a guard may act on what it showed."""
LOOKS = (LOST_CARDS, LOST_CARDS_DAILY)
"""Homes and cards that one account may ask for; a night has a few."""
LOOKED_FOR = "lost_card_looked_for"
CARD_STOPPED_BY_NUMBER = "lost_card_stopped_by_number"
COUNTED = (LOOKED_FOR,)
MADE_FOR_A_CARD = "lost_card_pass_made"
AS_TYPED = "as_typed"
"""The reason that follows from the typed number: a home asks for a lost card, a card was handed in."""


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A card as far as a guard needs to know it: whose home, the owner's initials, and its label."""

    credential_id: str
    home_number: str
    initials: str
    label: str
    state: str


def find_cards(act: Action, typed: str, look: Look, read: Callable[[str], int]) -> list[FoundCard] | int:
    """Return the cards of a typed home number, or the site's own number of a typed card, unlooked at.

    Every holder who is shown reads of it. A card's number shows nothing of its card, not even whether there
    is one: `suspend_by_number` is all it allows. `read` makes the site's own number of a card that was typed
    or read; raises ActionRefused for what is neither, for a look without a reason, and TooMany.
    """
    begin(act)
    _count_look(act)
    home = act.session.scalar(
        select(Home).where(
            Home.site_id == act.site_id, func.replace(Home.number, "-", "") == typed_number(typed.strip())
        )
    )
    cards = (
        select(CredentialRow, Person)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            Person.site_id == act.site_id,
            Person.ended_at.is_(None),
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state != "ended",
        )
        .order_by(Person.display_name, CredentialRow.created_at)
    )
    if look.why == AS_TYPED:
        look = replace(look, why=LOST if home is not None else HANDED_IN)
    look = checked_look(look)
    if home is not None:
        rows = act.session.execute(cards.where(Person.home_id == home.home_id)).all()
    else:
        return read(typed)
    for person_id, credential_id in {person.person_id: row.credential_id for row, person in rows}.items():
        record_look(act, person_id, credential_id, look)
    return [_found(row, person) for row, person in rows]


def suspend_by_number(act: Action, number: int) -> None:
    """Suspend the card of this number, if one works; the result does not show whether there was one.

    `number` is the site's own number of the card. Raises TooMany.
    """
    begin(act)
    _count_look(act)
    record(act, CARD_STOPPED_BY_NUMBER, {})
    found = act.session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            CredentialRow.lookup == card_lookup(act.sealer, number),
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state == "active",
            Person.site_id == act.site_id,
            Person.ended_at.is_(None),
        )
    ).first()
    if found is not None:
        suspend_credential(act, found.credential_id)


def _count_look(act: Action) -> None:
    """Raise TooMany, with an alarm to the manager, once an account has looked too often.

    What was found counts as what was not; the ledger counts, for all workers at once.
    """
    looks = act.session.execute(
        select(AuditEntry.at, AuditEntry.facts).where(
            AuditEntry.site_id == act.site_id,
            AuditEntry.kind.in_(COUNTED),
            AuditEntry.at > act.now - timedelta(seconds=max(limit.window_seconds for limit in LOOKS)),
        )
    ).all()
    mine = [at for at, facts in looks if facts.get("actor_id") == act.actor_id]
    since = {limit: act.now - timedelta(seconds=limit.window_seconds) for limit in LOOKS}
    if any(sum(at > since[limit] for at in mine) >= limit.most for limit in LOOKS):
        kind = EventKind.ALARM_DESK_GUESSING
        raise_alarm(act.session, act.site_id, kind, act.now, detail=act.actor_id, once=True)
        raise TooMany("number", TOO_MANY)
    record(act, LOOKED_FOR, {})


def replace_for_a_night(act: Action, credential_id: str) -> VisitorPassRow | None:
    """Suspend a card and return a pass of 24 hours in its owner's name; None where no gate reads codes.

    Who has such a pass gets the same one again. Raises ActionRefused for a card that has ended or that the
    office suspended, whose pass would open what the card itself does not any more, and for a guard who has
    not looked for it.

    The pass is the owner's own: it is on their page, ends with their right to pass, and they can
    withdraw it. That the card stops never depends on whether a pass can be made.
    """
    begin(act)
    card = act.session.get(CredentialRow, credential_id)
    if card is None or card.kind != CredentialKind.CARD or card.person.site_id != act.site_id:
        raise ActionRefused(None, _l("There is no such card here."))
    if card.state == "ended" or has_ended_by_time(card, act.now) or card.person.ended_at is not None:
        raise ActionRefused(None, _l("This card has ended. It opens nothing, and no pass is made for it."))
    if party_of(act) == "guard":
        _refuse_without_look(act, card)
    if card.state == "active":
        suspend_credential(act, credential_id)
    else:
        # Its owner and a guard may want the pass; what the office or a restore stopped stays stopped.
        other = in_the_way(card.suspended_by, "owner", party_of(act))
        if other is not None:
            raise ActionRefused(None, whom_to_ask(other))
    person = card.person
    living = _pass_for_a_night(act, person)
    if living is not None:
        return living
    until = act.now + PASS_LASTS
    if person.suspended or not gates_for_a_pass(act.session, person, act.now, until):
        return None
    made = _pass_of_their_own(act, person, until)
    if made is not None:
        facts = {"credential_id": credential_id, "pass_id": made.pass_id}
        record(act, MADE_FOR_A_CARD, facts, person_id=person.person_id)
    return made


def _pass_of_their_own(act: Action, person: Person, until: datetime) -> VisitorPassRow | None:
    """Return a new pass for the way to a person's home, else for all gates; None where a code has no room.

    Who has no home works here, and needs all gates first; so does who would stay outside with the way.
    """
    with force_locale(person.language):
        label = _("For a lost card, one day")
    by_the_way = person.home is not None and _comes_in_by_the_way(act, person, until)
    for gate_set in (WAY, ALL) if by_the_way else (ALL, WAY):
        try:
            return issue_pass(
                act,
                issuer_person_id=person.person_id,
                label=label,
                gate_set=gate_set,
                valid_until=until,
                for_themselves=True,
            )
        except ActionRefused as refused:
            if refused.field != FIELD_OF_GATES:
                raise
    return None


def _comes_in_by_the_way(act: Action, person: Person, until: datetime) -> bool:
    """Return whether an outer gate with a controller reads codes that this person may pass."""
    outer = places_of_site(act.session, act.site_id).outer
    gates = gates_for_a_pass(act.session, person, act.now, until)
    return outer is not None and any(
        gate.place_id == outer.place_id and gate.state == "paired" for gate in gates
    )


def _refuse_without_look(act: Action, card: CredentialRow) -> None:
    """Raise ActionRefused unless this guard has just looked for this card, with a reason its holder reads.

    Looks are counted, so the passes that one account can make are bounded by them.
    """
    looks = act.session.scalars(
        select(AuditEntry.facts).where(
            AuditEntry.site_id == act.site_id,
            AuditEntry.kind == CARD_LOOKED_UP,
            AuditEntry.person_id == card.person_id,
            AuditEntry.at > act.now - LOOK_LASTS,
        )
    )
    if not any(facts.get("actor_id") == act.actor_id for facts in looks):
        raise ActionRefused(None, _l("Look for the card first: type the number of its home and the reason."))


def _pass_for_a_night(act: Action, person: Person) -> VisitorPassRow | None:
    """Return the live pass that this person got for a lost card."""
    entries = act.session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.person_id == person.person_id,
            AuditEntry.kind == MADE_FOR_A_CARD,
            AuditEntry.at > act.now - PASS_LASTS,
        )
        .order_by(AuditEntry.seq.desc())
    )
    rows = (act.session.get(VisitorPassRow, str(entry.facts["pass_id"])) for entry in entries)
    return next((row for row in rows if row is not None and pass_state(row, act.now) == "live"), None)


def _found(row: CredentialRow, person: Person) -> FoundCard:
    home = person.home
    return FoundCard(
        row.credential_id,
        home.number if home is not None else "",
        initials_of(person.display_name),
        row.label,
        row.state,
    )


def initials_of(name: str) -> str:
    """Return initials that distinguish the members of a home without naming them: ○芳, A. R."""
    words = name.split()
    if len(words) == 1 and not name.isascii():
        return "○" * min(len(name) - 1, 3) + name[-1]  # a family shares the characters before it
    return " ".join(f"{word[0]}." for word in words)
