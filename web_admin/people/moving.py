"""Actions of families moving in or out: one action for all of them, published once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import home_of
from web_admin.compound.models import CredentialRow, Home, Invitation, Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.child_agreements import lacks_agreement
from web_admin.custody.shares import live_face_consents
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.people.homes import add_home
from web_admin.people.invitations import invite
from web_admin.people.usual_lanes import UsualLanes
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import opens_now_or_later

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Member:
    """Someone who moves in; `field` is their place in the form, `card` the number as readers read it."""

    field: str
    name: str
    kind: str
    age_band: str
    card: int | None
    is_invited: bool


@dataclass(frozen=True, slots=True)
class MovedIn:
    """A home and who moved in, each with the code of their invitation, to be shown once.

    `waiting` are the ids of children whose card waits for a guardian's agreement: it was not issued.
    """

    home: Home
    people: Sequence[tuple[Person, str | None]]
    waiting: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class EndingCounts:
    """The number of each thing that ends with a move-out, as far as pages may know: never a duress PIN."""

    cards: int = 0
    pins: int = 0
    phones: int = 0
    codes: int = 0
    passes: int = 0
    invitations: int = 0
    has_face: bool = False


def move_in(
    act: Action, number: str, members: Sequence[Member], *, joins: bool = False, language: str = ""
) -> MovedIn:
    """Move a family into a home, added when it is not there yet; all of them or no one.

    `language` is what they read, "" for the site's. A child's card that needs a guardian's agreement first
    waits for it and does not refuse the others.

    Raises ActionRefused beside the field that is wrong; also when people live there and `joins` is not said.
    """
    site = begin(act)
    quiet = replace(act, publishes=False)
    home = act.session.scalars(
        select(Home).where(Home.site_id == act.site_id, Home.number == number.strip())
    ).one_or_none()
    if home is None:
        home = add_home(quiet, number)
    elif not joins and _lives_there(act.session, home):
        raise ActionRefused("joins", _("People live there already. Tick this if the new ones join them."))
    if not members:
        raise ActionRefused("members-0-name", _("Type the name of one person at least."))
    _check_own_cards(members)
    lanes = UsualLanes(act).of_home(home)
    people = [_member(quiet, language or site.language, home, member, lanes) for member in members]
    waiting = [
        person.person_id
        for (person, _code), member in zip(people, members, strict=True)
        if member.card is not None and lacks_agreement(act, person)
    ]
    finish(
        act,
        "family_moved_in",
        {"home_id": home.home_id, "count": len(people)},
        touches=[person.person_id for person, _code in people],
    )
    return MovedIn(home, people, waiting)


def _check_own_cards(members: Sequence[Member]) -> None:
    taken: set[int] = set()
    for member in members:
        if member.card in taken:
            again = _("This card is in another row already. Use the next card.")
            raise ActionRefused(f"{member.field}-card", again)
        if member.card is not None:
            taken.add(member.card)


def move_out_home(act: Action, home_id: str) -> int:
    """End everything of everyone in a home at once and return how many people left."""
    begin(act)
    home = home_of(act, home_id)
    quiet = replace(act, publishes=False)
    leaving = list(
        act.session.scalars(
            select(Person.person_id).where(Person.home_id == home.home_id, Person.ended_at.is_(None))
        )
    )
    for person_id in leaving:
        if act.session.get_one(Person, person_id).ended_at is None:  # a helper ends with the last adult
            move_out(quiet, person_id)
    finish(act, "home_emptied", {"home_id": home.home_id, "count": len(leaving)}, touches=leaving)
    return len(leaving)


def add_staff(act: Action, name: str, grant: GrantSpec, card: int | None) -> Person:
    """Add someone who works here, with hours, an end and a card in one go."""
    begin(act)
    quiet = replace(act, publishes=False)
    site = act.session.get_one(Site, act.site_id)
    person = add_person(quiet, display_name=name, kind="staff", language=site.language, lanes=())
    set_grants(quiet, person.person_id, [grant] if grant.lanes else [])
    if card is not None:
        issue_card(quiet, person.person_id, card)
    finish(act, "staff_added", {}, person_id=person.person_id)
    return person


def what_ends(
    session: Session, site_id: str, person_ids: Collection[str], now: datetime
) -> dict[str, EndingCounts]:
    """Return by person what a move-out would end, in as many queries for a family as for one."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    credentials = session.execute(
        select(CredentialRow.person_id, CredentialRow.kind, func.count())
        .where(
            CredentialRow.person_id.in_(person_ids),
            CredentialRow.state != "ended",
            CredentialRow.duress.is_(False),
        )
        .group_by(CredentialRow.person_id, CredentialRow.kind)
    )
    for person_id, kind, count in credentials:
        counts[person_id][kind] = count
    for name, count_of in _countable(person_ids, now).items():
        for who, count in session.execute(count_of):
            counts[str(who)][name] = count
    faces = live_face_consents(session, site_id, list(person_ids))
    return {person_id: _ends(counts[person_id], has_face=person_id in faces) for person_id in person_ids}


def _ends(count: Mapping[str, int], *, has_face: bool) -> EndingCounts:
    return EndingCounts(
        count["card"],
        count["pin"],
        count["qr"],
        count["visitor_code"],
        count["passes"],
        count["invitations"],
        has_face,
    )


def _countable(
    person_ids: Collection[str], now: datetime
) -> dict[str, Select[str | None, int] | Select[str, int]]:
    return {
        "passes": select(VisitorPassRow.issuer_person_id, func.count())
        .where(VisitorPassRow.issuer_person_id.in_(person_ids), opens_now_or_later(now))
        .group_by(VisitorPassRow.issuer_person_id),
        "invitations": select(Invitation.person_id, func.count())
        .where(
            Invitation.person_id.in_(person_ids), Invitation.used_at.is_(None), Invitation.expires_at > now
        )
        .group_by(Invitation.person_id),
    }


def _lives_there(session: Session, home: Home) -> bool:
    found = select(Person.person_id).where(Person.home_id == home.home_id, Person.ended_at.is_(None))
    return session.scalars(found.limit(1)).first() is not None


def _member(
    act: Action, language: str, home: Home, member: Member, lanes: Sequence[str]
) -> tuple[Person, str | None]:
    person = _beside(
        member,
        {"display_name": "name"},
        lambda: add_person(
            act,
            display_name=member.name,
            home_id=home.home_id,
            kind=member.kind,
            age_band=member.age_band,
            language=language,
            lanes=lanes,
        ),
    )
    card = member.card
    if card is not None and not lacks_agreement(act, person):
        _beside(member, {"number": "card"}, lambda: issue_card(act, person.person_id, card))
    return person, invite(act, person.person_id) if member.is_invited else None


def _beside(member: Member, names: Mapping[str, str], work: Callable[[], Result]) -> Result:
    """Do a part of the action; a refusal of it names the member's own field."""
    try:
        return work()
    except ActionRefused as refused:
        field = names.get(refused.field or "", refused.field or "name")
        raise ActionRefused(f"{member.field}-{field}", refused.message) from refused
