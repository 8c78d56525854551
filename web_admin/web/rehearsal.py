"""Compare what gates are sent with and without what a request has done so far, in its own transaction.

One mechanism for calls that are tried (`api/dry_run.py`) and for the office's forms (`preview.py`).
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from flask import g

from web_admin.access.comparison import Comparison
from web_admin.compound.models import Site
from web_admin.core.database import DatabaseSession, current_menjin, request_session
from web_admin.core.effects import AfterCommit, Effects, Watch
from web_admin.core.orm import Fact
from web_admin.policy.effects import PolicyWatch
from web_admin.policy.people_facts import others_bound_to_hours
from web_admin.policy.sent import sent_to_gates


@dataclass
class NotingEffects:
    """The real effects, how often they published, and of whom records may have changed: None is everyone.

    An act that is urgent is committed before anything of it is compared; `waiting` is done after that.
    """

    effects: Effects
    person_ids: set[str] | None
    is_urgent: bool = False
    is_stored: bool = False
    publications: int = 0
    waiting: list[AfterCommit] = field(default_factory=list)
    kept: Comparison | None = None
    _watched: tuple[PolicyWatch, int] | None = None

    @property
    def has_published(self) -> bool:
        """Return whether anything was published."""
        return self.publications > 0

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
        watch = self.effects.watch(session, site_id, now, person_ids)
        if not isinstance(watch, PolicyWatch):
            return watch
        return _Kept(self, watch, is_first=not self.has_published)

    def after_commit(self, work: AfterCommit) -> bool:
        """Take it where this act is urgent."""
        if self.is_urgent:
            self.waiting.append(work)
        return self.is_urgent

    def keep(self, watch: PolicyWatch) -> None:
        """Keep a watch that is over, and how often was published by then."""
        self._watched = watch, self.publications

    def compared(self) -> Comparison | None:
        """Return what a watch compared, where it saw all that was published; None where none did."""
        if self.kept is not None:
            return self.kept
        if self._watched is None or self._watched[1] != self.publications:
            return None
        watch, _ = self._watched
        sees_all = watch.person_ids is None or (
            self.person_ids is not None and self.person_ids <= set(watch.person_ids)
        )
        return watch.comparison if sees_all else None


@dataclass(frozen=True)
class _Kept:
    noting: NotingEffects
    watch: PolicyWatch
    is_first: bool

    def kept_out(self, reading: DatabaseSession | None = None) -> Collection[str]:
        found = self.watch.kept_out(reading)
        if self.is_first:
            self.noting.keep(self.watch)
        return found


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
    with current_menjin().database.snapshot() as stored:
        return _compared(stored, request_session(), noting, site_id, now)


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
        return _compared(stored, changed, noting, site_id, now)


def _compared(
    stored: DatabaseSession,
    changed: DatabaseSession,
    noting: NotingEffects,
    site_id: str,
    now: datetime,
) -> Comparison:
    """Compare for the people whose records changed; for everyone where records of lanes or hours did."""
    sealer = current_menjin().sealer

    def comparison(person_ids: Collection[str] | None) -> Comparison:
        elsewhere = others_bound_to_hours(stored, site_id, person_ids)
        before, after = (
            sent_to_gates(session, sealer, site_id, now, person_ids, bound_elsewhere=elsewhere)
            for session in (stored, changed)
        )
        return Comparison(before, after, now)

    of_some = comparison(noting.person_ids)
    return comparison(None) if noting.person_ids is not None and of_some.gates_differ else of_some
