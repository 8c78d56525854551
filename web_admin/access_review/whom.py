"""Find whom to ask about a row: its person, or the account of staff that made it."""

from flask_babel import lazy_gettext as _

from web_admin.access_review.models import ReviewRow
from web_admin.access_review.rules import Kind
from web_admin.accounts.models import ApiKey, User
from web_admin.accounts.names import PREFIX
from web_admin.accounts.staff import staff_id
from web_admin.action.base import Action
from web_admin.compound.models import UNASSIGNED, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.models import EmergencyCode
from web_admin.messages.queries import authors_of_webhooks

PERSON = "person"


def whom_to_ask(act: Action, row: ReviewRow) -> str:
    """Return `person`, or the account that answers for a row; raise ActionRefused where there is none."""
    if row.person_id is not None:
        person = act.session.get_one(Person, row.person_id)
        if person.kind == UNASSIGNED:
            raise ActionRefused(
                None, _("No holder of this card is recorded, so there is no one to ask. Decide yourself.")
            )
        return PERSON
    account = _account_of(act, row)
    if account is None or not _works(act, account):
        raise ActionRefused(
            None, _("The account that made this is closed, so there is no one to ask. Decide yourself.")
        )
    if account == act.actor_id:
        raise ActionRefused(None, _("This is your own. Decide yourself, or let another account decide."))
    return account


def _account_of(act: Action, row: ReviewRow) -> str | None:
    kind, key = Kind(row.kind), row.subject_id
    if kind is Kind.ACCOUNT:
        return staff_id(int(key))
    if kind is Kind.KEY:
        return act.session.get_one(ApiKey, key).author_id
    if kind is Kind.CODE:
        return act.session.get_one(EmergencyCode, key).author_id
    return authors_of_webhooks(act.session, act.site_id).get(key)


def _works(act: Action, account: str) -> bool:
    number = account.removeprefix(PREFIX)
    found = act.session.get(User, int(number)) if number.isdecimal() else None
    return found is not None and found.active
