"""Suspend or end what a row is about, by the acts that exist: a review has no door of its own."""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _

from web_admin.access_review.rules import OF_PEOPLE, Kind
from web_admin.accounts.api_keys import end_api_key
from web_admin.accounts.staff import close_account
from web_admin.action.base import Action
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import credential_of
from web_admin.action.suspension_reasons import LONGEST_ALONE, RULES, Cause, SuspensionReason
from web_admin.compound.models import CredentialRow
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import suspend_credential
from web_admin.credentials.emergency_codes import end_emergency_code
from web_admin.credentials.last_way_in import has_another_way
from web_admin.messages.actions import remove_webhook
from web_admin.people.actions import set_may_override
from web_admin.people.suspensions import suspend_person

A_MINUTE = timedelta(minutes=1)
ENDED_BY_REVIEW = "access_review"

NEEDS: dict[Kind, str] = {
    Kind.ACCOUNT: "manage_staff",
    Kind.KEY: "manage_api_keys",
    Kind.CODE: "manage_emergency_codes",
    Kind.OVERRIDE: "give_override",
    Kind.GRANT: "suspend_people",
    Kind.CARD: "suspend_credentials",
    Kind.WEBHOOK: "edit_settings",
    Kind.HELPER: "suspend_people",
    Kind.CHILD: "suspend_people",
}
"""The right that the same act needs on its own page: a review gives no more."""

REASONS_OF_CARDS = tuple(
    reason for reason, rule in RULES.items() if rule.of_credential and "office" in rule.by
)
REASONS_OF_PEOPLE = tuple(
    reason
    for reason, rule in RULES.items()
    if rule.of_person and "office" in rule.by and not rule.needs_second
)
"""The other reasons need a second account, on the person's own page: a record says what holds."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why something is suspended: a reason of the closed list for cards and people, "" for anything else."""

    reason: str = ""


def reasons_for(kind: Kind) -> tuple[SuspensionReason, ...]:
    """Return the reasons of the closed list for a kind, none where it needs none."""
    if kind is Kind.CARD:
        return REASONS_OF_CARDS
    return REASONS_OF_PEOPLE if kind in OF_PEOPLE else ()


def stop_subject(act: Action, kind: Kind, subject_id: str, stop: Stop) -> str | None:
    """Suspend or end one thing; return the reason of the closed list that was given, None where none is.

    A whole person is suspended for seven days at most, as one account may alone. Raises ActionRefused.
    """
    reason: str | None = None
    if kind is Kind.CARD:
        reason = _chosen(kind, stop)
        credential = _refuse_last_way(act, subject_id)
        with kept_in(act, "access_review_suspended", [credential.person_id]):  # for no reason: it is a list
            suspend_credential(act, subject_id, reason)
    elif kind in OF_PEOPLE:
        reason = _chosen(kind, stop)
        until = act.now + LONGEST_ALONE - A_MINUTE
        suspend_person(act, subject_id, Cause(reason, until=until))
    elif kind is Kind.OVERRIDE:
        set_may_override(act, subject_id, may_override=False)
    elif kind is Kind.ACCOUNT:
        close_account(act, int(subject_id))
    elif kind is Kind.KEY:
        end_api_key(act, subject_id)
    elif kind is Kind.CODE:
        end_emergency_code(act, subject_id, ENDED_BY_REVIEW)
    else:
        remove_webhook(act, subject_id)
    return reason


def _chosen(kind: Kind, stop: Stop) -> str:
    if stop.reason not in reasons_for(kind):
        raise ActionRefused("reason", _("Choose a reason of the list. A missing answer or a debt is none."))
    return stop.reason


def _refuse_last_way(act: Action, credential_id: str) -> CredentialRow:
    """Return a credential that is not its person's last way in; raise ActionRefused for one that is.

    A card that is not used may still be needed.
    """
    credential = credential_of(act, credential_id)
    if not has_another_way(act, credential):
        raise ActionRefused(
            None,
            _(
                "This card is the last way in of this person that needs no face. A list does not take it: "
                "ask them, or suspend it on their own page."
            ),
        )
    return credential
