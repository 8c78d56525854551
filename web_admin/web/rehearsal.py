"""Compare what gates are sent with and without what a request has done so far.

One mechanism for calls that are tried (`api/dry_run.py`) and for the office's forms (`preview.py`).
What an act changes for many people is read in its transaction and compared without one (`comparing_apart`):
SQLite has one lock for all that write, and gates would wait for it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from flask import g

from web_admin.access.comparison import Comparison
from web_admin.compound.models import Site
from web_admin.core.database import DatabaseSession, current_menjin, request_session, undo_request_session
from web_admin.core.effects import AfterCommit, Effects, Watch
from web_admin.core.orm import Fact
from web_admin.policy.effects import PolicyEffects, PolicyWatch
from web_admin.web.compared_apart import Apart, ComparedApart, InterruptingWatch, Reads, version_of
from web_admin.web.comparison_turns import turn_to_compare

Result = TypeVar("Result")

MANY_PEOPLE = 20
"""People for whom an act is compared in its own transaction; for more than these it is compared apart."""


def comparing_apart(
    run: Callable[["NotingEffects"], Result], compared_by: str | None, *, is_urgent: bool = False
) -> Result:
    """Run an act; where it changes something for many people, undo it, compare, and run it again by that.

    `compared_by` is whose turn it takes, None for no one's. Raises NoTurn where it is not theirs.
    """
    with ExitStack() as snapshots:
        noting = note_effects(is_urgent=is_urgent)
        noting.compared_by, noting.snapshots = compared_by, snapshots
        try:
            return run(noting)
        except ComparedApart as interrupted:
            undo_request_session()
            with turn_to_compare(compared_by):
                apart = interrupted.compare()
    noting = note_effects(is_urgent=is_urgent)
    noting.compared_by, noting.apart = compared_by, apart
    return run(noting)


@dataclass
class NotingEffects:
    """The real effects, how often they published, and of whom records may have changed: None is everyone.

    An act that is urgent is committed before anything of it is compared; `waiting` is done after that.
    With `snapshots` a comparison for many people ends the act (`comparing_apart`); `apart` is that one, and
    `compared_by` whose turn it took.
    """

    effects: Effects
    person_ids: set[str] | None
    is_urgent: bool = False
    is_stored: bool = False
    publications: int = 0
    waiting: list[AfterCommit] = field(default_factory=list)
    kept: Comparison | None = None
    snapshots: ExitStack | None = None
    apart: Apart | None = None
    compared_by: str | None = None
    _watches: int = 0
    _watched: tuple[Comparison | None, Collection[str] | None, int] | None = None

    @property
    def has_published(self) -> bool:
        return self.publications > 0

    def concerns_many(self, comparison: Comparison) -> bool:
        """Return whether what was published so far is to be compared for many people."""
        return comparison.gates_differ or _is_of_many(self.person_ids)

    def publish(
        self,
        session: DatabaseSession,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
        gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        """Publish in the same transaction, so that the rules refuse what they would refuse."""
        self.publications += 1
        if person_ids is None or self.person_ids is None:
            self.person_ids = None
        else:
            self.person_ids |= set(person_ids)
        self.effects.publish(session, site_id, now, person_ids, gate_ids, with_others=with_others)

    def recorded(
        self,
        session: DatabaseSession,
        kind: str,
        facts: Mapping[str, Fact],
        person_id: str | None,
        now: datetime,
    ) -> None:
        """Store the messages in the same transaction."""
        self.effects.recorded(session, kind, facts, person_id, now)

    def watch(
        self, session: DatabaseSession, site_id: str, now: datetime, person_ids: Collection[str] | None
    ) -> Watch:
        """Watch as the real effects do, and keep the first watch for `compared`."""
        number, self._watches = self._watches, self._watches + 1
        known = self.apart_for(site_id, number)
        if known is not None:
            return _Known(self, known, person_ids, is_first=not self.has_published)
        is_whole_act = isinstance(self.effects, PolicyEffects) and not self.has_published
        if self.snapshots is not None and is_whole_act and _is_of_many(person_ids):
            stored = self.snapshots.enter_context(current_menjin().database.snapshot())
            return InterruptingWatch(
                Reads(stored, session, site_id, now), version_of(stored, site_id), person_ids, number
            )
        watch = self.effects.watch(session, site_id, now, person_ids)
        if not isinstance(watch, PolicyWatch):
            return watch
        return _Kept(self, watch, is_first=not self.has_published)

    def apart_for(self, site_id: str, watch: int | None) -> Apart | None:
        """Return what was compared apart for a watch, or for none, if the site is still as it was then."""
        apart = self.apart
        if apart is None or apart.watch != watch:
            return None
        with current_menjin().database.snapshot() as stored:
            return apart if apart.version == version_of(stored, site_id) else None

    def after_commit(self, work: AfterCommit) -> bool:
        """Take it where this act is urgent."""
        if self.is_urgent:
            self.waiting.append(work)
        return self.is_urgent

    def keep(self, comparison: Comparison | None, person_ids: Collection[str] | None) -> None:
        """Keep what a watch of these people compared, and how often was published by then."""
        self._watched = comparison, person_ids, self.publications

    def compared(self) -> Comparison | None:
        """Return what a watch compared, where it saw all that was published; None where none did."""
        if self.kept is not None:
            return self.kept
        if self._watched is None or self._watched[2] != self.publications:
            return None
        comparison, watched_ids, _ = self._watched
        sees_all = watched_ids is None or (
            self.person_ids is not None and self.person_ids <= set(watched_ids)
        )
        return comparison if sees_all else None


@dataclass(frozen=True)
class _Kept:
    noting: NotingEffects
    watch: PolicyWatch
    is_first: bool

    def kept_out(self, reading: DatabaseSession | None = None) -> Collection[str]:
        found = self.watch.kept_out(reading)
        if self.is_first:
            self.noting.keep(self.watch.comparison, self.watch.person_ids)
        return found


@dataclass(frozen=True)
class _Known:
    noting: NotingEffects
    apart: Apart
    person_ids: Collection[str] | None
    is_first: bool

    def kept_out(self, _reading: DatabaseSession | None = None) -> Collection[str]:
        if self.is_first:
            self.noting.keep(self.apart.comparison, self.person_ids)
        return self.apart.kept_out


def _is_of_many(person_ids: Collection[str] | None) -> bool:
    return person_ids is None or len(person_ids) > MANY_PEOPLE


def note_effects(*, is_urgent: bool = False) -> NotingEffects:
    """Note from now on of whom this request's actions change records; who is urgent calls `store_first`."""
    g.menjin_noting = noting = NotingEffects(current_menjin().effects, set(), is_urgent)
    return noting


def effects_of_request() -> Effects:
    """Return what this request's actions publish with."""
    noting: NotingEffects | None = g.get("menjin_noting")
    return noting or current_menjin().effects


def with_and_without(noting: NotingEffects, site_id: str, now: datetime) -> Comparison:
    """Compare what gates are sent as it is stored with what this transaction makes of it so far."""
    known = noting.compared()
    if known is not None:
        return known
    apart = noting.apart_for(site_id, None)
    if apart is not None and apart.comparison is not None:
        return apart.comparison
    with ExitStack() as own:
        stored = (noting.snapshots or own).enter_context(current_menjin().database.snapshot())
        reads = Reads(stored, request_session(), site_id, now)
        comparison = reads.compare(noting.person_ids)
        if noting.snapshots is None or not noting.concerns_many(comparison):
            return reads.compare_whole(comparison, noting.person_ids)
        read = partial(reads.compare, None, reads.after(None))
        raise ComparedApart(read, version_of(stored, site_id), None)


def keep_comparison(noting: NotingEffects, site_id: str, now: datetime) -> None:
    """Compare before anything is undone; `with_and_without` returns it afterwards."""
    noting.kept = with_and_without(noting, site_id, now)


@contextmanager
def store_first(noting: NotingEffects, site_id: str) -> Iterator[tuple[DatabaseSession, DatabaseSession]]:
    """Commit what this request did, then do what waits for that; give what is stored before and after it.

    Nothing is compared before the commit. After it, both are snapshots: they hold no lock for which a gate
    would wait.
    """
    database = current_menjin().database
    with database.snapshot() as stored, database.snapshot() as changed:
        stored.get(Site, site_id)  # a snapshot is of the moment of its first question
        request_session().commit()
        noting.is_stored = True
        for work in noting.waiting:
            work(changed)
        request_session().commit()
        yield stored, changed


def store_and_compare(noting: NotingEffects, site_id: str, now: datetime) -> Comparison:
    """Commit what this request did; compare what gates were sent before it with what they are sent now."""
    with store_first(noting, site_id) as (stored, changed):
        reads = Reads(stored, changed, site_id, now)
        return reads.compare_whole(reads.compare(noting.person_ids), noting.person_ids)
