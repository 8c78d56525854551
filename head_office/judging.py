"""Judge how a compound is and what adds up over all of them. Pure; imports the form of an answer alone.

Three levels: good, look (soon), bad (now). A reason is a word with a number or a text; pages have sentences.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from head_office.overview import Faces, NotRead, Overview, read_overview
from head_office.settings import Compound
from head_office.storage import Answer

Level = Literal["bad", "look", "good"]
Threshold = Literal["far", "near", "close", "reached"]
ORDER: Sequence[Level] = ("bad", "look", "good")

NO_ANSWER_BAD = timedelta(minutes=15)
SILENT_BAD_SECONDS = 24 * 3600
PENDING_BAD_HOURS = 72
NEAR_PERCENT, CLOSE_PERCENT = 80, 95
"""Of the number to be filed from: where a compound of before sends no number that warns."""
URGENT = frozenset({"alarm_help", "alarm_fire", "alarm_door_forced", "alarm_tamper", "alarm_gate_forked"})
"""People first, then doors: these are for now, the others for today."""
SAID_BY = {
    "alarm_gate_silent": "gates_silent",
    "alarm_gate_behind": "gates_behind",
    "alarm_backup_old": "backup_old",
    "alarm_server_clock": "server",
    "alarm_server_disk": "server",
    "alarm_server_tasks": "server",
    "alarm_mail_failing": "server",
    "alarm_certificate": "server",
}
"""Alarms of what a figure of the answer says as well: said once."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that needs a person: what, how much of it, for how long; an alarm's kind and names."""

    what: str
    level: Level
    count: int = 0
    seconds: int | None = None
    word: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A compound as it is shown. `seen` is its last answer, also while there is none now."""

    compound: Compound
    seen: Overview | None
    answer: Answer | None
    level: Level
    reasons: tuple[Reason, ...]

    @property
    def answers(self) -> bool:
        """Return whether it answered when it was last asked."""
        return self.answer is not None and not self.answer.trouble


def view(compound: Compound, answer: Answer | None, now: datetime) -> View:
    """Judge one compound by its last answer."""
    seen = _seen(answer)
    reasons = sorted(_reasons(answer, seen, now), key=lambda one: ORDER.index(one.level))
    level = reasons[0].level if reasons else "good"
    return View(compound, seen, answer, level, tuple(reasons))


def _seen(answer: Answer | None) -> Overview | None:
    if answer is None or answer.body is None:
        return None
    try:
        return read_overview(answer.body)
    except NotRead:  # kept by another version of this program
        return None


def _reasons(answer: Answer | None, seen: Overview | None, now: datetime) -> Iterator[Reason]:
    if answer is None:
        yield Reason("not_asked", "look")
        return
    if answer.trouble and answer.trouble_since is not None:
        quiet = now - answer.trouble_since
        level: Level = "bad" if quiet > NO_ANSWER_BAD else "look"
        yield Reason("no_answer", level, seconds=int(quiet.total_seconds()), word=answer.trouble)
        return  # what it said before is no news
    if seen is None:
        return
    facts = [*_of_gates(seen), *_of_server(seen)]
    known = {one.what for one in facts}
    for alarm in seen.alarms:
        if SAID_BY.get(alarm.kind) not in known:
            level = "bad" if alarm.kind in URGENT else "look"
            yield Reason("alarm", level, alarm.count, alarm.oldest_seconds, alarm.kind, alarm.names)
    yield from facts
    if seen.worse_than_face:
        yield Reason("ways_not_equal", "look", len(seen.worse_than_face))


def _of_gates(seen: Overview) -> Iterator[Reason]:
    gates = seen.gates
    if gates.silent:
        long = (gates.silent_for_seconds or 0) > SILENT_BAD_SECONDS
        level: Level = "bad" if long or gates.silent * 2 >= gates.total else "look"
        yield Reason("gates_silent", level, gates.silent, gates.silent_for_seconds)
    if gates.behind:
        yield Reason("gates_behind", "look", gates.behind)
    if gates.not_paired:
        yield Reason("gates_not_paired", "look", gates.not_paired)


def _of_server(seen: Overview) -> Iterator[Reason]:
    if seen.backup_level in ("bad", "look"):
        age = seen.backup_age_seconds
        level: Level = "bad" if seen.backup_level == "bad" else "look"
        yield Reason("no_backup" if age is None else "backup_old", level, seconds=age)
    pending = seen.forgettings_pending
    if pending.at_most:
        hours = pending.oldest_hours or 0
        level = "bad" if hours >= PENDING_BAD_HOURS else "look"
        yield Reason("forgettings_pending", level, pending.at_most, hours * 3600)
    if seen.server in ("bad", "look"):
        yield Reason("server", "bad" if seen.server == "bad" else "look")


def ordered(views: Sequence[View]) -> list[View]:
    """Return compounds with what needs a person first, and of those where people or doors do."""

    def place(one: View) -> tuple[int, bool, int, str, str]:
        urgent = any(reason.word in URGENT for reason in one.reasons)
        return ORDER.index(one.level), not urgent, -len(one.reasons), one.compound.group, one.compound.name

    return sorted(views, key=place)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all compounds; `answering` of them say how they are now."""

    compounds: int
    answering: int
    levels: Mapping[str, int]
    gates: int
    in_contact: int
    alarms: Mapping[str, int]
    names_of_alarms: Mapping[str, Mapping[str, str]]
    programs: Mapping[str, int]
    gate_programs: Mapping[str, int]
    pending_at_most: int
    oldest_backup_seconds: int | None
    without_backup: int
    not_equal: int
    with_faces_known: int
    faces_at_least: int
    faces_at_most: int
    filed_from: int | None
    threshold: Threshold
    """How near the operator is to filing; by the most that is possible, to be on the safe side."""


def totals(views: Sequence[View]) -> Totals:
    """Add up. Faces also count where a compound does not answer now: as it said last."""
    live = [one.seen for one in views if one.answers and one.seen is not None]
    known = [one.seen for one in views if one.seen is not None]
    backups = [seen.backup_age_seconds for seen in live if seen.backup_age_seconds is not None]
    alarms, gate_programs = Counter[str](), Counter[str]()
    for seen in live:
        alarms.update({alarm.kind: alarm.count for alarm in seen.alarms})
        gate_programs.update({version.version: version.gates for version in seen.versions})
    faces = [seen.people_with_face for seen in known]
    return Totals(
        compounds=len(views),
        answering=len(live),
        levels=Counter(one.level for one in views),
        gates=sum(seen.gates.total for seen in live),
        in_contact=sum(seen.gates.in_contact for seen in live),
        alarms=alarms,
        names_of_alarms={kind: _names(kind, live) for kind in alarms},
        programs=Counter(seen.program for seen in live),
        gate_programs=gate_programs,
        pending_at_most=sum(seen.forgettings_pending.at_most for seen in live),
        oldest_backup_seconds=max(backups, default=None),
        without_backup=len(live) - len(backups),
        not_equal=sum(bool(seen.worse_than_face) for seen in live),
        with_faces_known=len(known),
        faces_at_least=sum(one.at_least for one in faces),
        faces_at_most=sum(one.at_most for one in faces),
        filed_from=_filed_from(faces),
        threshold=_threshold(faces),
    )


def _names(kind: str, live: Sequence[Overview]) -> Mapping[str, str]:
    """Return the names of an alarm that most compounds send: one that was taken over renames no other's."""
    sent = [one.names for seen in live for one in seen.alarms if one.kind == kind and one.names]
    return max(sent, key=sent.count, default={})


def _threshold(faces: Sequence[Faces]) -> Threshold:
    """Compare the people of all compounds with the number that most of them send."""
    people, filed_from = sum(one.at_most for one in faces), _filed_from(faces)
    if filed_from is None:  # every compound sends it; without it nothing is to be said
        return "far"
    if people >= filed_from:
        return "reached"
    agreeing = [one for one in faces if one.threshold == filed_from]
    close, near = filed_from * CLOSE_PERCENT // 100, filed_from * NEAR_PERCENT // 100
    if people >= _most_frequent(close if one.close is None else one.close for one in agreeing):
        return "close"
    near = _most_frequent(near if one.near is None else one.near for one in agreeing)
    return "near" if people >= near else "far"


def _filed_from(faces: Sequence[Faces]) -> int | None:
    sent = [one.threshold for one in faces if one.threshold is not None]
    return _most_frequent(sent) if sent else None


def _most_frequent(numbers: Iterable[int]) -> int:
    """Return what most compounds send, the least of equals: one that was taken over may send anything."""
    counted = Counter(numbers)
    return min(counted, key=lambda number: (-counted[number], number))
