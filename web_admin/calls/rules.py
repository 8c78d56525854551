"""Decide how a home is reached, step by step, and when it is not called. Pure: time is an argument."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Literal

StepKind = Literal["page", "telephone", "guard", "none"]
STEPS: tuple[StepKind, ...] = ("page", "telephone", "guard")
"""Steps of a home's order of reach; `none` ends a plan in which the guard is not asked."""
FIRST_REACH: tuple[StepKind, ...] = ("page", "telephone")
"""Until a home chooses: a call that no one answers is no emergency of the guard's; the screen offers them."""

PAGE_SECONDS = 20
"""How long pages ring alone where telephones follow, and at least where telephones rang before."""
PAGE_ALONE_SECONDS = 45
"""How long they ring where none follow; the same whether a page is open or not, so that it shows nothing."""
RING_SECONDS = 25
LONGEST_RINGING_SECONDS = 120
LATEST_PAGE_SECOND = LONGEST_RINGING_SECONDS - PAGE_SECONDS
"""However many telephones come first: who is deaf has a page alone."""
LONGEST_TALK_SECONDS = 300
GUARD_RINGS_SECONDS = 120
"""Time for which the guard's page rings for a visitor; the alarm of one that no one answers stays."""
LATEST_SECONDS = {"page": LATEST_PAGE_SECOND, "guard": LONGEST_TALK_SECONDS - GUARD_RINGS_SECONDS}
"""When these steps begin at the latest, however long mailboxes talk."""
COURIERS_FROM, COURIERS_UNTIL = 8 * 60, 20 * 60
"""Minutes of the day at the site between which couriers are let in by day."""
COURIER_EVERY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a call's reach, and after how many seconds it begins."""

    kind: StepKind
    from_second: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """The part of a home's wishes that decides whether it is called."""

    takes_calls: bool
    blocked_gates: Collection[str] = ()
    quiet_from: int | None = None
    quiet_until: int | None = None
    dnd_until: datetime | None = None


def is_wanted(wishes: Wishes, gate_id: str, now: datetime) -> bool:
    """Return whether a home wants anything of this gate at all now, couriers included."""
    rests = wishes.dnd_until is not None and now < wishes.dnd_until
    return wishes.takes_calls and not rests and gate_id not in wishes.blocked_gates


def is_quiet(wishes: Wishes, local: datetime) -> bool:
    """Return whether these are a home's quiet hours, in which nothing rings; `local` is now at the site."""
    if wishes.quiet_from is None or wishes.quiet_until is None:
        return False
    return is_between(minute_of(local), wishes.quiet_from, wishes.quiet_until)


def is_between(minute: int, first: int, end: int) -> bool:
    """Return whether a minute of the day is in a span, which may go over midnight; an equal end is none."""
    if first <= end:
        return first <= minute < end
    return minute >= first or minute < end


def minute_of(local: datetime) -> int:
    return local.hour * 60 + local.minute


def is_let_in_by_day(local: datetime, last_at: datetime | None, now: datetime) -> bool:
    """Return whether a courier is let in without being asked about; `last_at` is when one was last."""
    is_day = is_between(minute_of(local), COURIERS_FROM, COURIERS_UNTIL)
    return is_day and (last_at is None or now - last_at >= COURIER_EVERY)


def plan(reach: Sequence[str], *, has_pages: bool, telephones: int) -> tuple[Step, ...]:
    """Return the steps of a call; the last one ends the ringing, at the guard or at no one.

    `has_pages` says whether someone who is called has a page open or gets messages on a phone: without,
    telephones that follow ring at once.
    """
    last: StepKind = "guard" if "guard" in reach else "none"
    before_last = list(takewhile(lambda kind: kind != "guard", reach))
    steps: list[Step] = []
    second = 0
    for place, kind in enumerate(before_last):
        rest = before_last[place + 1 :]
        if kind == "page":
            steps.append(Step("page", second))
            followed = telephones > 0 and "telephone" in rest
            second += (PAGE_SECONDS if has_pages else 0) if followed else PAGE_ALONE_SECONDS
        elif kind == "telephone" and telephones > 0:
            steps.append(Step("telephone", second))
            second += RING_SECONDS * telephones
            if "page" in rest:
                second = min(second, LATEST_PAGE_SECOND)
    return (*steps, Step(last, min(second, LONGEST_RINGING_SECONDS)))


def second_of(started_at: datetime, now: datetime) -> float:
    """Return how long a call goes on; none of two machines' clocks is before its beginning."""
    return max(0.0, (now - started_at).total_seconds())


def has_begun(steps: Sequence[Step], kind: StepKind, second: float) -> bool:
    """Return whether a step of this kind rings, or is reached, at a second of the call."""
    return any(step.kind == kind and step.from_second <= second for step in steps)


def rings_telephones(steps: Sequence[Step], second: float) -> bool:
    """Return whether telephones ring at a second of the call: until the next step begins."""
    begun = [step for step in steps if step.from_second <= second]
    return bool(begun) and begun[-1].kind == "telephone"


def is_rung_out(steps: Sequence[Step], second: float) -> bool:
    """Return whether no one of the home answered in time."""
    return second >= steps[-1].from_second


def stored(steps: Sequence[Step], numbers: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return steps as a row keeps them, with the ids of the telephones that ring in theirs."""
    rows: list[dict[str, Any]] = [{"step": step.kind, "from": step.from_second} for step in steps]
    for row in rows:
        if row["step"] == "telephone":
            row["numbers"] = list(numbers)
    return rows


def put_off(rows: Sequence[Mapping[str, Any]], from_second: float, seconds: float) -> list[dict[str, Any]]:
    """Return the steps of a row of which those after a second begin so much later: a telephone was in use.

    Pages and guard have a latest second all the same.
    """
    return [{**row, "from": _put_off(row, from_second, int(seconds))} for row in rows]


def _put_off(row: Mapping[str, Any], from_second: float, seconds: int) -> int:
    begins: int = row["from"]
    later = begins + seconds if begins > from_second else begins
    return min(later, LATEST_SECONDS.get(row["step"], later))


def with_guard(rows: Sequence[Mapping[str, Any]], second: int, by: str = "") -> list[dict[str, Any]]:
    """Return the steps of a row whose guard's step began at a second; `by` is who of staff answered it."""
    others = [dict(row) for row in rows if row["step"] != "guard"]
    return [*others, {"step": "guard", "from": second, "by": by}]


def guard_of_plan(rows: Sequence[Mapping[str, Any]]) -> tuple[int, str] | None:
    """Return from which second the guard has a call, and who of staff answered; None where they never had."""
    return next(((row["from"], row["by"]) for row in rows if "by" in row), None)


def rang_a_home(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the home was called, and not the guard alone."""
    return any(row["step"] in ("page", "telephone") for row in rows)


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(row["step"], row["from"]) for row in rows)


def numbers_of_plan(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the telephones of a call whose turn has come, in the order in which they ring."""
    return [number_id for row in rows for number_id in row.get("numbers", ())[: row.get("over", 0) + 1]]


def with_leg_ended(rows: Sequence[Mapping[str, Any]], place: int) -> list[dict[str, Any]]:
    """Return the steps of a row after a telephone ended: it is the next one's turn."""
    over = len(numbers_of_plan(rows)) - 1
    return [{**row, "over": place + 1} if "numbers" in row and place == over else {**row} for row in rows]


def usual_busiest_day(calls_by_day: Sequence[int]) -> int:
    """Return the calls of the busiest day of these weeks, without the busiest week: that one is not usual."""
    weeks = sorted(max(calls_by_day[day : day + 7]) for day in range(0, len(calls_by_day), 7))
    return weeks[-2]
