"""Read what an act changes for many people in its transaction, and compare it without one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gate_controller.contract.records import PolicyRefused
from web_admin.access.comparison import Comparison
from web_admin.access.lock_outs import kept_out
from web_admin.access.sent import Sent
from web_admin.compound.models import Site
from web_admin.core.database import DatabaseSession, current_menjin
from web_admin.policy.people_facts import others_bound_to_hours
from web_admin.policy.sent import sent_to_gates


@dataclass(frozen=True)
class Apart:
    """A comparison for many people that was made without a transaction, and of which state of the site.

    `watch` is the number of the watch that asked for it, and `kept_out` are those whom it found; None where
    no watch asked.
    """

    comparison: Comparison | None
    version: int
    watch: int | None
    kept_out: frozenset[str]


class ComparedApart(BaseException):
    """A stop of an act that is to be undone, because what it changes for many people is to be compared.

    It is no Exception: what an act goes on after, as after a fault of its comparison, does not take it.
    """

    def __init__(self, read: Callable[[], Comparison | None], version: int, watch: int | None) -> None:
        """Take what reads the rest in a snapshot; what the act changed was read in its transaction."""
        super().__init__()
        self._read, self._version, self._watch = read, version, watch

    def compare(self) -> Apart:
        """Compare, where no transaction is open but that of the snapshot."""
        comparison, outside = self._read(), frozenset[str]()
        if comparison is not None:
            _weeks = comparison.weeks
            outside = kept_out(comparison) if self._watch is not None else outside
        return Apart(comparison, self._version, self._watch, outside)


def version_of(stored: DatabaseSession, site_id: str) -> int:
    """Return the version of the policy that is stored: what gates are sent does not change without it."""
    return stored.get_one(Site, site_id).version


@dataclass(frozen=True)
class Reads:
    """Both sides of a comparison: what gates are sent as it is stored, and as the changed session sees it.

    Without persons it is of everyone.
    """

    stored: DatabaseSession
    changed: DatabaseSession
    site_id: str
    now: datetime

    def after(self, person_ids: Collection[str] | None) -> Sent:
        """Return what the other session sees."""
        return self._sent(self.changed, person_ids)

    def compare(self, person_ids: Collection[str] | None, after: Sent | None = None) -> Comparison:
        """Return both, of which nothing is worked out yet."""
        return Comparison(self._sent(self.stored, person_ids), after or self.after(person_ids), self.now)

    def compare_or_none(
        self, person_ids: Collection[str] | None, after: Sent | None = None
    ) -> Comparison | None:
        """Return the same; None where a gate would not take the one or the other."""
        try:
            return self.compare(person_ids, after)
        except PolicyRefused:
            return None

    def compare_whole(self, of_some: Comparison, person_ids: Collection[str] | None) -> Comparison:
        """Return a comparison for everyone where records of lanes or hours differ."""
        return self.compare(None) if person_ids is not None and of_some.gates_differ else of_some

    def _sent(self, session: DatabaseSession, person_ids: Collection[str] | None) -> Sent:
        elsewhere = others_bound_to_hours(self.stored, self.site_id, person_ids)
        sealer = current_menjin().sealer
        return sent_to_gates(session, sealer, self.site_id, self.now, person_ids, bound_elsewhere=elsewhere)


@dataclass(frozen=True)
class InterruptingWatch:
    """A watch of many people before anything was published: what is stored is that of before the act."""

    reads: Reads
    version: int
    person_ids: Collection[str] | None
    number: int

    def kept_out(self, reading: DatabaseSession | None = None) -> Collection[str]:
        """Return whom the act kept out where it is committed; raise ComparedApart before."""
        if reading is not None:
            comparison = replace(self.reads, changed=reading).compare_or_none(self.person_ids)
            return () if comparison is None else kept_out(comparison)
        try:
            after = self.reads.after(self.person_ids)
        except PolicyRefused:
            return ()
        read = partial(self.reads.compare_or_none, self.person_ids, after)
        raise ComparedApart(read, self.version, self.number)
