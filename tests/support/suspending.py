"""Suspend a whole person as the property manager can alone: for a reason of the list, for a week at most."""

from datetime import timedelta

from web_admin.action.base import Action
from web_admin.action.suspension_reasons import Cause, SuspensionReason
from web_admin.compound.suspension_models import Suspension
from web_admin.people.suspensions import suspend_person


def suspend_for_days(act: Action, person_id: str, days: int = 7) -> Suspension:
    """Suspend everything of a person, at once."""
    cause = Cause(SuspensionReason.MOVED_OUT, until=act.now + timedelta(days=days))
    return suspend_person(act, person_id, cause)
