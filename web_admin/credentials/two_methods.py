"""Actions on a person's two-method request. Gates apply it: `rules/second_method.py`.

It is theirs alone: no page of the staff sets, shows or needs it.
"""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.records import Method
from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.compound.models import Person
from web_admin.compound.usable_credentials import usable_methods
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.models import TwoMethodRequest

OFFERED_HOURS: Mapping[str, tuple[int, int]] = {"night": (22 * 60, 6 * 60), "always": (0, 0)}
"""The hours of each choice: from which minute of the site's day until which."""
OWN_HOURS = "own"
"""The choice of hours that the person typed."""
MINUTES_A_DAY = 1440
_ONE_WORKS = _("This needs two of card, PIN and QR code that work. Switch on a second one first.")
_FACE_IS_NOT_COUNTED = _(
    "Face can be the second way if two of card, PIN and QR code work. One is the reserve if the "
    "gate does not recognise you. Switch on another one first."
)


def two_method_choice(session: Session, person_id: str) -> str | None:
    """Return the choice that a person's request shows as on their page, None without a request."""
    row = session.get(TwoMethodRequest, person_id)
    if row is None:
        return None
    if row.from_minute == row.until_minute:
        return "always"
    return "night" if (row.from_minute, row.until_minute) == OFFERED_HOURS["night"] else OWN_HOURS


def two_method_hours(session: Session, person_id: str) -> tuple[int, int] | None:
    """Return the minutes of the day between which a person wants two methods; None without a request."""
    row = session.get(TwoMethodRequest, person_id)
    return (row.from_minute, row.until_minute) if row is not None else None


def two_methods_work(session: Session, person: Person, now: datetime) -> bool:
    """Return whether the person has two chosen ways besides face that work now."""
    chosen = {Method(method) for method in person.methods} - {Method.FACE}
    return len(usable_methods(session, person.person_id, now) & chosen) >= 2


def request_two_methods(act: Action, person_id: str, from_minute: int, until_minute: int) -> None:
    """Ask gates for two ways of this person; raise ActionRefused without two that work besides face."""
    begin(act)
    person = person_of(act, person_id)
    _refuse_others(act, person)
    if not (0 <= from_minute < MINUTES_A_DAY and 0 <= until_minute < MINUTES_A_DAY):
        raise ActionRefused("wish", _("Choose one of the offered values."))
    if not two_methods_work(act.session, person, act.now):
        raise ActionRefused("wish", _FACE_IS_NOT_COUNTED if Method.FACE in person.methods else _ONE_WORKS)
    act.session.merge(
        TwoMethodRequest(person_id=person_id, from_minute=from_minute, until_minute=until_minute)
    )
    finish(act, "two_methods_wished", {}, person_id=person_id)


def end_two_method_request(act: Action, person_id: str) -> None:
    begin(act)
    _refuse_others(act, person_of(act, person_id))
    requested = act.session.get(TwoMethodRequest, person_id)
    if requested is not None:
        act.session.delete(requested)
        finish(act, "two_methods_ended", {}, person_id=person_id)


def _refuse_others(act: Action, person: Person) -> None:
    refuse_unverified_phone(act, person)
    if act.channel not in ("phone", "desk"):
        raise ActionRefused(None, _("You can change only what is your own."))
