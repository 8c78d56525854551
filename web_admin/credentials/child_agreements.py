"""Require a guardian's own agreement before gates keep a card or PIN of a child under 14.

On their own phone, or at the desk with their own card at the reader; no one else agrees for them.
"""

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import person_of
from web_admin.compound.age_bands import ADULT, CHILD
from web_admin.compound.models import CredentialRow, GuardianRow, Person
from web_admin.compound.usable_credentials import usable_now
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.models import ChildAgreement

KINDS_BY_AGREEMENT = (CredentialKind.CARD, CredentialKind.PIN)
"""Kinds of credentials that a guardian agrees to for a child, and that end when they take that back."""


def agreement_for(act: Action, child: Person) -> ChildAgreement | None:
    """Return the living agreement for a child's card and PIN."""
    return act.session.scalars(
        select(ChildAgreement)
        .where(ChildAgreement.child_id == child.person_id, ChildAgreement.withdrawn_at.is_(None))
        .order_by(ChildAgreement.given_at)
    ).first()


def lacks_agreement(act: Action, person: Person) -> bool:
    """Return whether this is a child under 14 for whom no guardian has agreed."""
    return person.age_band == CHILD and agreement_for(act, person) is None


def refuse_without_agreement(act: Action, person: Person) -> None:
    """Raise ActionRefused where a child's card or PIN would be kept without a guardian's agreement."""
    if lacks_agreement(act, person):
        raise ActionRefused(
            "number",
            _(
                "A guardian agrees first to a card and PIN of a child under 14: on their own phone, "
                "under My home, or on the child's page “Give a card”, with the guardian's own card."
            ),
        )


def may_act_for(act: Action, guardian: Person, child: Person) -> bool:
    """Return whether an adult of a minor's home counts as guardian: all do, or those the office checked."""
    if guardian.home_id is None or guardian.home_id != child.home_id or child.age_band == ADULT:
        return False
    if guardian.kind != "resident" or guardian.age_band != ADULT or child.kind != "resident":
        return False
    checked = act.session.scalars(select(GuardianRow).where(GuardianRow.minor_id == child.person_id)).all()
    living = {row.guardian_id for row in checked if row.ended_at is None}
    return guardian.person_id in living if checked else True


def agree_by_card(act: Action, child_id: str, number: int, language: str, text: str) -> ChildAgreement:
    """Record that a guardian agreed at the desk, shown by their own card; raise ActionRefused for any other.

    `number` is the site's own number of the card, `text` exactly what the page shows, in `language`.
    """
    begin(act)
    child = person_of(act, child_id)
    card = act.session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            CredentialRow.lookup == card_lookup(act.sealer, number),
            CredentialRow.kind == CredentialKind.CARD,
            usable_now(act.now),
            Person.site_id == act.site_id,
            Person.ended_at.is_(None),
        )
    ).first()
    if card is None or card.person.suspended or not may_act_for(act, card.person, child):
        raise ActionRefused(
            "guardian_card", _("This is not the card of a guardian: an adult of the child's home.")
        )
    row = write_agreement(act, card.person, child, language, text)
    finish(act, "child_agreed", {"guardian_id": card.person_id, "by": "card"}, person_id=child_id)
    return row


def write_agreement(act: Action, guardian: Person, child: Person, language: str, text: str) -> ChildAgreement:
    """Store who agreed, when, how and to which text; the caller has checked that it was their own action."""
    row = act.session.get(ChildAgreement, (child.person_id, guardian.person_id))
    if row is None:
        row = ChildAgreement(child_id=child.person_id, guardian_id=guardian.person_id)
        act.session.add(row)
    row.given_at, row.channel, row.language, row.withdrawn_at = act.now, act.channel, language, None
    row.text = text
    act.session.flush()
    return row
