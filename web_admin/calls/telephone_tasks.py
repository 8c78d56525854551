"""Let a gate with a telephone make calls for the server: proofs of numbers, and monthly tests.

A number is proved by the digits that its owner's page shows and that are typed on that telephone: so no one
has another's telephone ring at gates, and a wrong number is found before a visitor stands there.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, new_id, record
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.calls.allowed_numbers import NOT_CALLED, is_allowed, one_telephone, settings_of
from web_admin.calls.gate_telephones import telephones_of_gates
from web_admin.calls.models import CallNumber, TelephoneTask
from web_admin.calls.reach import open_number
from web_admin.core.limit_counts import (
    CountedTries,
    locked_counts,
    wait_seconds,
    with_one_less,
    with_one_more,
)
from web_admin.core.limits import PROOFS_OF_NUMBER, PROOFS_UNANSWERED
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer

CODE_PURPOSE = "telephone-proof"
PROOF_DIGITS = 4
PROOFS_A_DAY = 3
PROOF_LASTS = timedelta(minutes=5)
TASKS_KEPT_FOR = timedelta(days=2)
"""Longer than the day over which proofs are counted."""
PROOF, MONTHLY, OWN_TEST = "proof", "test", "self_test"
"""Purposes. The gate makes both kinds of test alike; an own one says nothing of the home."""
WAITING, TAKEN, DONE = "waiting", "taken", "done"

NO_TELEPHONE = _("No gate can telephone now: ask the property manager, and press again then.")

ProofState = Literal["none", "waiting", "calling", "proved", "not_answered", "wrong_digits", "failed", "late"]


@dataclass(frozen=True, slots=True)
class Proof:
    """How the proof of a number goes; `digits` while they are to be typed."""

    state: ProofState
    digits: str | None = None


def begin_proof(act: Action, number_id: str) -> str:
    """Let a gate call a number, and return the digits that have to be typed there; raise ActionRefused."""
    begin(act)
    number = own_number(act, number_id)
    opened = open_number(act.sealer, number)
    allowed = settings_of(act.session, act.site_id)
    if not is_allowed(allowed, opened):
        raise ActionRefused("number", NOT_CALLED)
    if not telephones_of_gates(act.session, act.site_id).speaking:
        raise ActionRefused("number", NO_TELEPHONE)
    if _asked_lately(act.session, number.person_id, act.now) >= PROOFS_A_DAY:
        raise ActionRefused("number", _("Your numbers were called three times today. Try again tomorrow."))
    for task in _open_tasks(act.session, number_id):
        end_task(task, "late", act.now)
    act.session.flush()  # the tasks are locked before the counts, as where a gate takes them
    _count_proof(act, one_telephone(allowed, opened))
    digits = "".join(secrets.choice("0123456789") for _place in range(PROOF_DIGITS))
    task = new_task(act.site_id, number, "proof", act.now, PROOF_LASTS)
    task.code_sealed = act.sealer.seal(digits.encode(), purpose=CODE_PURPOSE)
    act.session.add(task)
    record(act, "call_number_proof_asked", {"number_id": number_id}, person_id=number.person_id)
    return digits


def own_number(act: Action, number_id: str) -> CallNumber:
    """Return a number of who acts; raise ActionRefused."""
    number = act.session.get(CallNumber, number_id)
    if number is None:
        raise ActionRefused("number", _("This number was removed. Add it again."))
    refuse_unverified_phone(act, person_of(act, number.person_id))
    return number


def new_task(
    site_id: str, number: CallNumber, purpose: str, now: datetime, lasts: timedelta
) -> TelephoneTask:
    """Return a call that waits for a gate with a telephone."""
    return TelephoneTask(
        task_id=new_id(),
        site_id=site_id,
        number_id=number.number_id,
        person_id=number.person_id,
        purpose=purpose,
        state=WAITING,
        created_at=now,
        ends_at=now + lasts,
    )


def end_task(task: TelephoneTask, result: str, now: datetime) -> None:
    """End a task; its digits go."""
    task.state, task.result, task.done_at, task.code_sealed = DONE, result, now, None


def proof_state(session: Session, sealer: Sealer, number_id: str, now: datetime) -> Proof:
    number = session.get(CallNumber, number_id)
    if number is not None and number.proved_at is not None:
        return Proof("proved")
    task = session.scalars(
        select(TelephoneTask)
        .where(TelephoneTask.number_id == number_id, TelephoneTask.purpose == "proof")
        .order_by(TelephoneTask.done_at.is_not(None), TelephoneTask.created_at.desc())
    ).first()
    if task is None:
        return Proof("none")
    if task.state != DONE:
        if now >= task.ends_at or task.code_sealed is None:
            return Proof("late")
        digits = sealer.open(task.code_sealed, purpose=CODE_PURPOSE).decode()
        return Proof("waiting" if task.state == WAITING else "calling", digits)
    states: tuple[ProofState, ...] = ("not_answered", "wrong_digits", "late")
    return Proof(next((state for state in states if state == task.result), "failed"))


def own_test(session: Session, person_id: str) -> TelephoneTask | None:
    """Return the last test that a person asked for and that was made, of those that are kept."""
    of_person = TelephoneTask.person_id == person_id, TelephoneTask.purpose == OWN_TEST
    done = select(TelephoneTask).where(*of_person, TelephoneTask.state == DONE)
    return session.scalars(done.order_by(TelephoneTask.done_at.desc())).first()


def _asked_lately(session: Session, person_id: str, now: datetime) -> int:
    counted = select(func.count()).where(
        TelephoneTask.person_id == person_id,
        TelephoneTask.purpose == "proof",
        TelephoneTask.created_at > now - timedelta(days=1),
    )
    return session.scalar(counted) or 0


def _count_proof(act: Action, telephone: str) -> None:
    """Count a call to a telephone, which may be a stranger's; raise ActionRefused."""
    calls, unanswered = CountedTries(PROOFS_OF_NUMBER, (telephone,)), _unanswered(telephone)
    with locked_counts(act.session, act.sealer, (calls, unanswered)) as rows:
        if wait_seconds(PROOFS_UNANSWERED, rows[unanswered], act.now):
            raise ActionRefused(
                "number", _("No one answered two calls to this number. Gates call it again in a week.")
            )
        if wait_seconds(PROOFS_OF_NUMBER, rows[calls], act.now):
            raise ActionRefused("number", _("This number was called three times today. Try again tomorrow."))
        rows[calls] = with_one_more(PROOFS_OF_NUMBER, rows[calls], act.now)


def count_rings(session: Session, sealer: Sealer, telephones: Sequence[str], now: datetime) -> list[bool]:
    """Count a call to each of these that no one has answered yet; return which of them may be called."""
    may: list[bool] = []
    with locked_counts(session, sealer, {_unanswered(one) for one in telephones}) as rows:
        for of in map(_unanswered, telephones):
            may.append(not wait_seconds(of.limit, rows[of], now))
            if may[-1]:
                rows[of] = with_one_more(of.limit, rows[of], now)
    return may


def count_answer(session: Session, sealer: Sealer, site_id: str, number: CallNumber, now: datetime) -> None:
    """Count a call no more among those that no one answered."""
    of = _unanswered(one_telephone(settings_of(session, site_id), open_number(sealer, number)))
    with locked_counts(session, sealer, (of,)) as rows:
        rows[of] = with_one_less(of.limit, rows[of], now)


def _unanswered(telephone: str) -> CountedTries:
    return CountedTries(PROOFS_UNANSWERED, (telephone,))


def _open_tasks(session: Session, number_id: str) -> Sequence[TelephoneTask]:
    return session.scalars(
        select(TelephoneTask).where(TelephoneTask.number_id == number_id, TelephoneTask.state != DONE)
    ).all()
