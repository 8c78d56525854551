"""Actions of an adult of a home on its helpers and children in an access review."""

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.records import CredentialKind
from web_admin.access_review.actions import decide, note_gone, running_row, subject_of, write_answer
from web_admin.access_review.models import ReviewRow
from web_admin.access_review.queries import is_of_home
from web_admin.action.base import Action, begin
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.people.at_home import looked_after
from web_admin.people.home_helpers import set_helper_card
from web_admin.people.members import member_who_may, set_child_card

CHOICES = ("keep", "suspend", "office")


def decide_at_home(act: Action, member_id: str, row_id: str, choice: str) -> str:
    """Keep a helper or child, suspend their cards, or leave it to the office; return what was done.

    `gone` where they have ended meanwhile. Raises ActionRefused for who is not looked after by this adult,
    for a row that is decided, and where there is no card to suspend.
    """
    begin(act)
    member = member_who_may(act, member_id)
    row = running_row(act, row_id)
    if not is_of_home(row) or row.home_id != member.home_id:
        raise ActionRefused(None, _("There is no such row."))
    if row.decision is not None:
        raise ActionRefused(None, _("This was decided meanwhile, by your home or the property office."))
    if choice not in CHOICES:
        raise ActionRefused(None, _("Choose one of the offered values."))
    if subject_of(act, row) is None:
        note_gone(act, [row])
        return "gone"
    shown = looked_after(act, member, row.subject_id)
    if shown is None:
        raise ActionRefused(None, _("You can change only what is your own."))
    if choice == "office":
        write_answer(act, row, "office")
    elif choice == "keep":
        decide(act, row, "keep", by=member_id)
    else:
        _suspend_cards(act, member, shown.person, row)
    return choice


def _suspend_cards(act: Action, member: Person, person: Person, row: ReviewRow) -> None:
    cards = act.session.scalars(
        select(CredentialRow.credential_id).where(
            CredentialRow.person_id == person.person_id,
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state == "active",
        )
    ).all()
    if not cards:
        raise ActionRefused(
            None, _("There is no card that works. End the helper, or the PIN, under My home.")
        )
    set_card = set_helper_card if person.kind == "helper" else set_child_card
    for credential_id in cards:
        set_card(act, member.person_id, person.person_id, credential_id, suspended=True)
    decide(act, row, "suspend", "home", by=member.person_id)
