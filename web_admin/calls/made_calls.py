"""Give the calls that wait to a gate with a telephone, and take what came of the last ones."""

import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calls import (
    TELEPHONE_TASKS_PATH,
    CallLeg,
    TaskDone,
    TelephoneTask,
    TelephoneTasksAsk,
    TelephoneTasksReply,
    seal_legs,
)
from web_admin.action.base import new_action, record
from web_admin.calls import models
from web_admin.calls.allowed_numbers import is_allowed, one_telephone, settings_of
from web_admin.calls.gate_telephones import speaks
from web_admin.calls.models import CallNumber, HomeCallWishes
from web_admin.calls.reach import open_number
from web_admin.calls.telephone_tasks import (
    CODE_PURPOSE,
    DONE,
    MONTHLY,
    OWN_TEST,
    PROOF,
    PROOF_DIGITS,
    TAKEN,
    WAITING,
    count_answer,
    count_rings,
    end_task,
)
from web_admin.compound.models import Gate, Person, Site
from web_admin.compound.queries import locked_site
from web_admin.core.database import Menjin
from web_admin.core.limit_counts import CountedTries, locked_counts, wait_seconds, with_one_more
from web_admin.core.limits import ASKED_CALLS_OF_GATE, MONTHLY_TESTS_OF_GATE

RING_SECONDS = 45
"""Longer than at a gate: no one waits there."""
TASKS_AT_ONCE = 2
"""One after the other, and visitors of this gate need its telephone too."""
TEST_KEYS = 1
LIMITS = {PROOF: ASKED_CALLS_OF_GATE, OWN_TEST: ASKED_CALLS_OF_GATE, MONTHLY: MONTHLY_TESTS_OF_GATE}


def next_tasks(
    menjin: Menjin, session: Session, gate: Gate, asked: TelephoneTasksAsk, now: datetime
) -> TelephoneTasksReply:
    """Return the calls that a gate shall make now; one that is not trusted or speaks no words gets none."""
    if not gate.is_trusted or session.get_one(Site, gate.site_id).restoring:
        return TelephoneTasksReply()
    if asked.done:
        locked_site(session, gate.site_id)  # before the rows that acts change under its lock
    every = {purpose: CountedTries(limit, (gate.gate_id,)) for purpose, limit in LIMITS.items()}
    with locked_counts(session, menjin.sealer, set(every.values())) as counts:
        for done in asked.done:
            _take(menjin, session, gate, done, now)
        waiting = _waiting(session, gate.site_id, now) if speaks(gate) else ()
        tasks = [task for task in waiting if _may_make(every[task.purpose], counts, now)]
        return _sealed(menjin, session, gate, tasks, asked, now)


def _may_make(of: CountedTries, counts: dict[CountedTries, list[int]], now: datetime) -> bool:
    """Count a call that a gate is to make, whose number it gets; False: too many today."""
    if wait_seconds(of.limit, counts[of], now):
        return False
    counts[of] = with_one_more(of.limit, counts[of], now)
    return True


def _waiting(session: Session, site_id: str, now: datetime) -> Sequence[models.TelephoneTask]:
    rows = select(models.TelephoneTask).where(
        models.TelephoneTask.site_id == site_id,
        models.TelephoneTask.state == WAITING,
        models.TelephoneTask.ends_at > now,
    )
    # Proofs first: someone waits in front of a page.
    first = rows.order_by(models.TelephoneTask.purpose, models.TelephoneTask.created_at)
    return session.scalars(first.limit(TASKS_AT_ONCE).with_for_update(skip_locked=True)).all()


def _sealed(
    menjin: Menjin,
    session: Session,
    gate: Gate,
    tasks: Sequence[models.TelephoneTask],
    asked: TelephoneTasksAsk,
    now: datetime,
) -> TelephoneTasksReply:
    given: list[tuple[models.TelephoneTask, CallLeg]] = []
    for task, number in _to_call(menjin, session, gate, tasks, now):
        if number is None:
            end_task(task, "failed", now)
            continue
        task.state, task.gate_id, task.taken_at = TAKEN, gate.gate_id, now
        given.append((task, CallLeg(person_id=task.person_id, number=number, ring_seconds=RING_SECONDS)))
    if not given:
        return TelephoneTasksReply()
    legs = [leg for _task, leg in given]
    key = asked.sealing_public_key
    sealed = seal_legs(key, legs, TELEPHONE_TASKS_PATH, gate.site_id, gate.gate_id)
    return TelephoneTasksReply(
        key_sealed=sealed.key_sealed,
        tasks=tuple(
            TelephoneTask(
                task_id=task.task_id,
                purpose="proof" if task.purpose == PROOF else "test",
                language=session.get_one(Person, task.person_id).language,
                keys_wanted=PROOF_DIGITS if task.purpose == PROOF else TEST_KEYS,
                leg=leg,
            )
            for (task, _leg), leg in zip(given, sealed.legs, strict=True)
        ),
    )


def _to_call(
    menjin: Menjin, session: Session, gate: Gate, tasks: Sequence[models.TelephoneTask], now: datetime
) -> list[tuple[models.TelephoneTask, str | None]]:
    """Return each task with its number, None where that may not be called now; count those that ring."""
    allowed = settings_of(session, gate.site_id)
    numbers: dict[str, str] = {}
    for task in tasks:
        row = session.get(CallNumber, task.number_id) if task.number_id is not None else None
        number = open_number(menjin.sealer, row) if row is not None else ""
        if is_allowed(allowed, number):
            numbers[task.task_id] = number
    proofs = [task.task_id for task in tasks if task.purpose == PROOF and task.task_id in numbers]
    telephones = [one_telephone(allowed, numbers[task_id]) for task_id in proofs]
    for task_id, may in zip(proofs, count_rings(session, menjin.sealer, telephones, now), strict=True):
        if not may:
            del numbers[task_id]
    return [(task, numbers.get(task.task_id)) for task in tasks]


# -- results ---------------------------------------------------------------------------------------


def _take(menjin: Menjin, session: Session, gate: Gate, done: TaskDone, now: datetime) -> None:
    """Store what came of a call that this gate took; of any other, and of one that ended, nothing."""
    task = session.get(models.TelephoneTask, done.task_id, with_for_update=True)
    if task is None or task.state != TAKEN or task.gate_id != gate.gate_id:
        return
    if task.purpose == PROOF:
        _take_proof(menjin, session, task, done, now)
    else:
        note_test(session, task, "reached" if done.keys else _without_keys(done), now)


def _without_keys(done: TaskDone) -> str:
    return "failed" if done.result == "failed" else "not_reached"


def _take_proof(
    menjin: Menjin, session: Session, task: models.TelephoneTask, done: TaskDone, now: datetime
) -> None:
    number = session.get(CallNumber, task.number_id) if task.number_id is not None else None
    if number is not None and done.result != "not_answered":
        count_answer(session, menjin.sealer, task.site_id, number, now)
    if number is None or task.code_sealed is None or now >= task.ends_at:
        end_task(task, "late", now)
        return
    digits = menjin.sealer.open(task.code_sealed, purpose=CODE_PURPOSE).decode()
    if done.result != "answered":
        end_task(task, done.result, now)
    elif not hmac.compare_digest(done.keys.encode(), digits.encode()):
        end_task(task, "wrong_digits", now)
    else:
        end_task(task, "proved", now)
        number.proved_at = now
        act = new_action(menjin, session, task.site_id, task.person_id, "system", now=now)
        record(act, "call_number_proved", {"number_id": number.number_id}, person_id=task.person_id)


def note_test(session: Session, task: models.TelephoneTask, result: str, now: datetime) -> None:
    """Store what came of a test call: of the monthly one for the home, of one's own for its person."""
    end_task(task, result, now)
    if task.purpose != MONTHLY:
        return
    person = session.get_one(Person, task.person_id)
    wishes = session.get(HomeCallWishes, person.home_id) if person.home_id is not None else None
    if wishes is not None and task.state == DONE:
        wishes.tested_at, wishes.test_result = now, result
