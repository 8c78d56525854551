"""Find the people whom an act keeps out of their home: no way there is left, or half of its time or less."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from web_admin.access.comparison import Comparison
from web_admin.access.difference import Difference, Shorter, difference
from web_admin.access.horizon import WEEK, passing_turns, turns_of_person
from web_admin.access.sent import PersonSent, Sent


def keeps_out(loss: Shorter) -> bool:
    """Return whether half or less is left of a time: by any gate or on the way home.

    Hours of a minute a week are little time, and a gate elsewhere leads nowhere.
    """
    return any(2 * time.left <= time.before > timedelta() for time in loss.times)


def kept_out(of: Comparison) -> frozenset[str]:
    """Return whom an act keeps out in the weeks in which it is felt, or once all that has an end is over.

    It covers whatever changes what gates are sent, and what people have in hand. It does not cover what only
    a gate knows (`sweep`).

    What is left to someone only for a time is no way for later, and neither a suspension nor an order hides
    anything: who is suspended before and after is looked at as if they were not, and a week in which a lane
    is shut for a while is no measure of what its loss takes.
    """
    return frozenset(
        person_id
        for week in (*of.weeks, *_hidden(of))
        for loss in week.shorter
        if keeps_out(loss)
        for person_id in loss.person_ids
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
