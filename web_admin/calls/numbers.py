"""Keep the telephone numbers of a person: their own, sealed, and called only once a call proved them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gate_controller.contract.telephone_numbers import SIP
from web_admin.action.base import Action, begin, new_id, record
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.calls.allowed_numbers import (
    NOT_CALLED,
    Allowed,
    has_listed_beginning,
    in_words,
    is_allowed,
    number_to_call,
    plain_number,
    settings_of,
)
from web_admin.calls.ends import distrust_telephones_of
from web_admin.calls.gate_telephones import telephones_of_gates
from web_admin.calls.models import CallNumber
from web_admin.calls.pushes import show_test
from web_admin.calls.reach import NUMBER_PURPOSE, every_number_of, numbers_of, open_number
from web_admin.calls.telephone_tasks import NO_TELEPHONE, OWN_TEST, new_task
from web_admin.compound.models import Person
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import CALL_TESTS
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer

MAX_NUMBERS = 3
MAX_LABEL_CHARS = 20
PREFIXES_SAID = 5
TEST_LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A number as its owner's page shows it."""

    number_id: str
    number: str
    label: str
    is_proved: bool
    is_listed: bool
    """True while it begins as the property office's list says."""
    created_at: datetime


def numbers_of_person(session: Session, sealer: Sealer, person_id: str) -> list[OwnNumber]:
    """Return a person's numbers in their order."""
    allowed = settings_of(session, session.get_one(Person, person_id).site_id)
    return [_shown(row, open_number(sealer, row), allowed) for row in every_number_of(session, person_id)]


def _shown(row: CallNumber, number: str, allowed: Allowed) -> OwnNumber:
    return OwnNumber(
        number_id=row.number_id,
        number=number,
        label=row.label,
        is_proved=row.proved_at is not None,
        is_listed=is_allowed(allowed, number),
        created_at=row.created_at,
    )


def add_number(act: Action, person_id: str, typed: str, label: str) -> CallNumber:
    """Keep a number of a person, which has to be proved before it rings; raise ActionRefused."""
    begin(act)
    refuse_unverified_phone(act, person_of(act, person_id))
    number = _to_call(settings_of(act.session, act.site_id), plain_number(typed))
    rows = every_number_of(act.session, person_id)
    if number in [open_number(act.sealer, row) for row in rows]:
        raise ActionRefused("number", _("This number is here already."))
    if len(rows) >= MAX_NUMBERS:
        raise ActionRefused("number", _("Three numbers are kept at most. Remove one first."))
    words = " ".join(label.split())
    if len(words) > MAX_LABEL_CHARS or not words.isprintable():
        raise ActionRefused("number_label", _("At most 20 letters or signs."))
    row = CallNumber(
        number_id=new_id(),
        person_id=person_id,
        number_sealed=act.sealer.seal(number.encode(), purpose=NUMBER_PURPOSE),
        label=words,
        position=max((one.position for one in rows), default=-1) + 1,
        created_at=act.now,
    )
    act.session.add(row)
    record(act, "call_number_added", {"number_id": row.number_id}, person_id=person_id)
    return row


def _to_call(allowed: Allowed, number: str | None) -> str:
    if number is None:
        raise ActionRefused("number", _("Type the digits of a telephone number, such as +86 28 1234 5678."))
    to_call = number_to_call(allowed, number)
    if to_call is not None:
        return to_call
    if number.startswith(SIP) or not allowed.prefixes:
        raise ActionRefused("number", NOT_CALLED)
    if has_listed_beginning(allowed, number):
        raise ActionRefused(
            "number",
            _("Gates call no emergency, short or extra-charge numbers. Type the number of a telephone."),
        )
    raise ActionRefused(
        "number",
        _(
            "Write it with its country code, such as +86 138 1234 5678. Gates here call numbers that begin "
            "with %(beginnings)s.",
            beginnings=", ".join(in_words(one) for one in allowed.prefixes[:PREFIXES_SAID]),
        ),
    )


def remove_number(act: Action, person_id: str, number_id: str) -> None:
    """Delete a number of a person, also from an unverified phone; one that is gone already is no refusal."""
    begin(act)
    person_of(act, person_id)
    own = CallNumber.person_id == person_id, CallNumber.number_id == number_id
    if act.session.scalar(select(CallNumber.number_id).where(*own)) is not None:
        act.session.execute(delete(CallNumber).where(*own))
        record(act, "call_number_removed", {"number_id": number_id}, person_id=person_id)


def distrust_telephones(act: Action, person_id: str) -> None:
    """Let a person's telephones be proved again, as after the loss of a phone."""
    begin(act)
    distrust_telephones_of(act.session, person_of(act, person_id).person_id, act.now)


def may_test(person_id: str, now: datetime) -> bool:
    """Count a test before it begins; return whether the person may test once more today."""
    return not current_counts().take(CountedTries(CALL_TESTS, (person_id,)), now)


def give_test_back(person_id: str, now: datetime) -> None:
    """Count a test no more that let nothing ring."""
    current_counts().give_back(CountedTries(CALL_TESTS, (person_id,)), now)


def test_now(act: Action, person_id: str) -> bool:
    """Let a person's phones and proved telephones ring for a test; return whether all these telephones do.

    Raise ActionRefused where nothing rings.

    How often they may is counted before, at the door (`may_test`).
    """
    begin(act)
    refuse_unverified_phone(act, person_of(act, person_id))
    proved = numbers_of(act.session, [person_id])
    rung = proved if telephones_of_gates(act.session, act.site_id).speaking else []
    for row in rung:
        act.session.add(new_task(act.site_id, row, OWN_TEST, act.now, TEST_LASTS))
    phones = show_test(act.session, person_id, act.now)
    if not phones and not rung:
        nothing = _("Nothing of yours can ring yet. Switch on ringing on this phone first.")
        raise ActionRefused("test", NO_TELEPHONE if proved else nothing)
    record(act, "call_test_asked", {"phones": phones, "telephones": len(rung)}, person_id=person_id)
    return len(rung) == len(proved)
