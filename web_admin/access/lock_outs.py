"""Say whom an act keeps out: who could come in before it, and cannot, or hardly, after it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from web_admin.access.comparison import Comparison
from web_admin.access.difference import Difference, difference
from web_admin.access.horizon import WEEK, passing_turns, turns_of_person
from web_admin.access.sent import PersonSent, Sent
from web_admin.access.spans import Spans, minus


class LockOut(NamedTuple):
    """A person who could come in at times or by lanes and no longer can. `left` is when they still can.

    `lane_time` is how long they could come in, the times of all lanes added up, and `lane_time_left` how long
    they still can.
    """

    person_id: str
    lost: Spans
    left: Spans
    lane_time: timedelta
    lane_time_left: timedelta

    @property
    def is_whole(self) -> bool:
        """Return whether no way in is left within the time that was looked at."""
        return not self.left

    @property
    def keeps_out(self) -> bool:
        """Return whether this comes to the same as no way in: half or less is left of their times at lanes.

        Hours of a minute a week are little time, and a far gate alone is one lane of several.
        """
        return 2 * self.lane_time_left <= self.lane_time


def lock_outs(found: Difference) -> tuple[LockOut, ...]:
    """Return who could come in by some way before an act, and less after it, within a difference.

    It covers whatever changes what gates are sent: grants and their hours, named hours, holidays, lanes and
    their methods, hours and postures, credentials that are suspended, ended, replaced or given an end,
    suspended people, people who are in `before` alone, and faces. A way is one of the person's own at a lane
    that leads in; where people live is not asked: who keeps one lane of several is found by `keeps_out`. It
    does not cover what only a gate knows (`sweep`), and not what is given out again outside the records: a
    PIN that is replaced without notice counts as a way. `lost` is by the week: a caller who wants "never
    again" asks `is_whole`.
    """
    return tuple(
        sorted(
            LockOut(person_id, minus(one.before, one.after), one.after, one.lane_time, one.lane_time_left)
            for one in found.shorter
            for person_id in one.person_ids
        )
    )


def kept_out(of: Comparison) -> frozenset[str]:
    """Return whom an act keeps out in the weeks in which it is felt, or once all that has an end is over.

    What is left to someone only for a time is no way for later, and neither a suspension nor an order hides
    anything: who is suspended before and after is looked at as if they were not, and a week in which a lane
    is shut for a while is no measure of what its loss takes.
    """
    return frozenset(
        one.person_id for found in (*of.weeks, *_hidden(of)) for one in lock_outs(found) if one.keeps_out
    )


def _hidden(of: Comparison) -> Iterator[Difference]:
    """Yield the differences that no week of the whole comparison has."""
    before, after = _people(of.before), _people(of.after)
    suspended = {
        person_id
        for person_id, person in before.items()
        if person.record.suspended and person_id in after and after[person_id].record.suspended
    }
    if suspended:
        yield difference(
            _only(of.before, suspended, suspended),
            _only(of.after, suspended, suspended),
            of.now,
            of.now + WEEK,
        )
    gates_differ = of.gates_differ
    turns = (at for sent in (of.before, of.after) for at in passing_turns(sent, of.now))
    passing = max(turns, default=of.now)
    ends = {
        person_id: end
        for person_id in before.keys() & after.keys()
        if gates_differ or before[person_id] != after[person_id]
        for end in [max((passing, *_turns(before[person_id], after[person_id])))]
        if end > of.now
    }
    if ends:
        settled, begins = set(ends), max(ends.values())
        yield difference(
            _only(of.before, settled, suspended),
            _only(of.after, settled, suspended),
            begins,
            begins + WEEK,
        )


def _people(sent: Sent) -> dict[str, PersonSent]:
    return {person_id: person for part in sent.parts for person_id, person in part.people.items()}


def _turns(*both: PersonSent) -> Iterator[datetime]:
    return (at for person in both for _what, at in turns_of_person(person) if at is not None)


def _only(sent: Sent, person_ids: set[str], lifted: set[str]) -> Sent:
    """Return the same for these people alone, of whom some are not suspended."""
    return Sent(
        tuple(
            replace(
                part,
                people={
                    person_id: _resumed(person) if person_id in lifted else person
                    for person_id, person in part.people.items()
                    if person_id in person_ids
                },
            )
            for part in sent.parts
        )
    )


def _resumed(person: PersonSent) -> PersonSent:
    return replace(person, record=msgspec.structs.replace(person.record, suspended=False))
