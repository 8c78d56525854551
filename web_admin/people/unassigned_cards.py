"""Actions on cards of a home without recorded holders: they open, belong to the home, and get a holder later.

An old system's list says of many cards no more than the home. They go on opening from the first day:
the home gets a person of kind `UNASSIGNED`, who represents their holders and can have only cards.
"""

from collections.abc import Mapping
from dataclasses import replace

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action, begin, finish, new_id
from web_admin.action.lookups import credential_of, home_of, person_of
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import UNASSIGNED, CredentialRow, GrantRow, Home, Person, Site
from web_admin.compound.own_credentials import GUARDIAN
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.cards import canonical_card, issue_card
from web_admin.credentials.child_agreements import refuse_without_agreement
from web_admin.credentials.lifecycle import end_one
from web_admin.face.lost_methods import pause_faces_given_with
from web_admin.people.usual_lanes import UsualLanes

UNASSIGNED_NAMES: Mapping[str, str] = {"en": "Cards without a holder", "zh": "未登记持卡人"}
"""Used as a name, stored like one and so in the site's language."""


def unassigned_person(act: Action, site: Site, home: Home, lanes: tuple[str, ...]) -> Person:
    """Return a new person that represents the holders of a home's unassigned cards."""
    name = UNASSIGNED_NAMES.get(site.language, UNASSIGNED_NAMES["en"])
    person = Person(
        person_id=new_id(),
        site_id=act.site_id,
        home_id=home.home_id,
        display_name=name,
        kind=UNASSIGNED,
        language=site.language,
        methods=["card"],
        created_at=act.now,
    )
    if lanes:
        person.grants.append(GrantRow(grant_id=new_id(), lanes=list(lanes)))
    return person


def holder_of_home(act: Action, home: Home) -> Person:
    """Return the person of a home's unassigned cards, added on first need; the caller publishes."""
    found = act.session.scalars(
        select(Person).where(
            Person.home_id == home.home_id, Person.kind == UNASSIGNED, Person.ended_at.is_(None)
        )
    ).first()
    if found is not None:
        return found
    person = unassigned_person(
        act, act.session.get_one(Site, act.site_id), home, UsualLanes(act).of_home(home)
    )
    act.session.add(person)
    act.session.flush()
    return person


def give_to_person(act: Action, credential_id: str, person_id: str) -> CredentialRow:
    """Give an unassigned card of a home to a person of that home; it never stops opening."""
    begin(act)
    card, person = credential_of(act, credential_id), person_of(act, person_id)
    holder = card.person
    if holder.kind != UNASSIGNED or card.kind != CredentialKind.CARD or card.state == "ended":
        raise ActionRefused("person", _("Only a card without a holder can be given this way."))
    if person.kind == UNASSIGNED or person.home_id != holder.home_id:
        raise ActionRefused("person", _("Choose a person of the same home."))
    refuse_without_agreement(act, person)
    given = hand_over(act, card, person)
    finish(
        act,
        "card_given",
        {"credential_id": given.credential_id, "from": card.credential_id},
        person_id=person_id,
        touches=(person_id, holder.person_id),
    )
    return given


def hand_over(act: Action, card: CredentialRow, person: Person) -> CredentialRow:
    """End a card where it is and give the same one to a person; the caller records and publishes."""
    given = CredentialRow(
        credential_id=new_id(),
        person_id=person.person_id,
        kind=CredentialKind.CARD,
        label=card.label,
        lookup=card.lookup,
        secret_sealed=card.secret_sealed,
        state=card.state,
        created_at=act.now,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
        seen_by=GUARDIAN if person.age_band != ADULT else None,  # adults of the home could use it till now
    )
    end_one(act, card, "given_to_holder")
    act.session.add(given)
    act.session.flush()
    return given


def give_home_card(act: Action, home_id: str, number: int) -> CredentialRow:
    """Bind a card to a home for a later holder; raise ActionRefused when it is bound already."""
    begin(act)
    quiet = replace(act, publishes=False)
    holder = holder_of_home(quiet, home_of(act, home_id))
    card = issue_card(quiet, holder.person_id, number)
    finish(
        act,
        "home_card_given",
        {"credential_id": card.credential_id, "home_id": home_id},
        touches=(holder.person_id,),
    )
    return card


def replace_card(act: Action, credential_id: str, number: int) -> CredentialRow:
    """Give another card in place of one that is lost or broken; the old one ends at the same moment."""
    site = begin(act)
    old = credential_of(act, credential_id)
    if old.kind != CredentialKind.CARD or old.state == "ended":
        raise ActionRefused("number", _("This card has ended already. Give a new one on the person's page."))
    if old.lookup == card_lookup(act.sealer, canonical_card(number, site)):
        raise ActionRefused("number", _("This is the card that is to be replaced. Take another one."))
    quiet = replace(act, publishes=False)
    paused = pause_faces_given_with(quiet, old, "replaced")
    end_one(quiet, old, "replaced")
    new = issue_card(
        quiet, old.person_id, number, label=old.label, valid_from=old.valid_from, valid_until=old.valid_until
    )
    finish(
        act,
        "card_replaced",
        {"credential_id": credential_id, "by": new.credential_id},
        person_id=old.person_id,
        touches=(old.person_id, *paused),
    )
    return new
