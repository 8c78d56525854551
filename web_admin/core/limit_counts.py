"""Count tries in the database, for all workers together and across restarts.

A try is counted before it is judged, in a transaction of its own that stays with any result of the
request; a try that was right is given back. So tries that run side by side cannot pass a limit together.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from web_admin.core.database import Database, current_menjin, put_down_request_session
from web_admin.core.limit_models import LimitCount
from web_admin.core.limits import Limit
from web_admin.core.sealing import Sealer

MAX_COUNTS_KEPT = 200_000
"""Rows; those that are forgotten soonest go first, so that invented names cannot fill the disk."""
DELETED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class CountedTries:
    """Key of a count: tries of `what` against one limit; typed text may be long or a password."""

    limit: Limit
    what: tuple[str, ...]


def wait_seconds(limit: Limit, counted: Sequence[int], now: datetime) -> int:
    """Return for how many seconds one more try has to wait, 0 for none; `counted` as its row has it."""
    left = _recent(limit, counted, now)
    total = sum(left.values())
    for second, count in sorted(left.items()):
        if total < limit.most:
            return 0
        total -= count
        if total < limit.most:
            return second + limit.window_seconds - int(now.timestamp())
    return 0


def with_one_more(limit: Limit, counted: Sequence[int], now: datetime) -> list[int]:
    left = _recent(limit, counted, now)
    left[int(now.timestamp())] = left.get(int(now.timestamp()), 0) + 1
    return _flat(left)


def with_one_less(limit: Limit, counted: Sequence[int], now: datetime) -> list[int]:
    """Return the counts without the newest try."""
    left = _recent(limit, counted, now)
    if left:
        left[max(left)] -= 1
    return _flat(left)


def _recent(limit: Limit, counted: Sequence[int], now: datetime) -> dict[int, int]:
    since = int(now.timestamp()) - limit.window_seconds
    pairs = zip(counted[::2], counted[1::2], strict=True)
    return {second: count for second, count in pairs if second > since}


def _flat(counts: Mapping[int, int]) -> list[int]:
    return [number for pair in sorted(counts.items()) if pair[1] > 0 for number in pair]


class LimitCounts:
    """The counts of one server; safe to share between threads and workers."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Count in this database, under digests that only this server can make."""
        self.database = database
        self._sealer = sealer

    def key(self, of: CountedTries) -> bytes:
        """Return the digest under which something is counted."""
        return _key(self._sealer, of)

    def wait(self, of: CountedTries, now: datetime) -> int:
        """Return for how many seconds this may not be tried; 0 to go on. Counts nothing."""
        return wait_seconds(of.limit, self.read([of])[0], now)

    def take(self, of: CountedTries, now: datetime) -> int:
        """Count one try; return 0, or the seconds to wait when there were too many, which counts nothing."""
        return self.take_all([of], now)

    def take_all(self, every: Collection[CountedTries], now: datetime) -> int:
        """Count one try against each of several limits, or against none where one of them says wait."""
        # Who has to wait costs a reading and takes no lock.
        wait = self._longest_wait(every, self.read(every), now)
        if wait:
            return wait
        with self.locked(every) as rows:
            wait = self._longest_wait(every, [rows[of] for of in every], now)
            if not wait:
                for of in every:
                    rows[of] = with_one_more(of.limit, rows[of], now)
        return wait

    def _longest_wait(
        self, every: Collection[CountedTries], counted: Sequence[Sequence[int]], now: datetime
    ) -> int:
        return max(wait_seconds(of.limit, counts, now) for of, counts in zip(every, counted, strict=True))

    def read(self, every: Collection[CountedTries]) -> list[list[int]]:
        """Return the count of each, in the same order."""
        put_down_request_session()
        return self.look(every)

    def look(self, every: Collection[CountedTries]) -> list[list[int]]:
        """Return the same, where this request has changed something that is not to be stored yet."""
        keys = [self.key(of) for of in every]
        with self.database.open_reading() as session:
            query = select(LimitCount.key, LimitCount.counted).where(LimitCount.key.in_(keys))
            found = {row.key: row.counted for row in session.execute(query)}
        return [found.get(key, []) for key in keys]

    @contextmanager
    def locked(self, every: Collection[CountedTries]) -> Iterator[dict[CountedTries, list[int]]]:
        """Yield the counts, locked against every other worker; store changes at once."""
        put_down_request_session()
        with self.database.session() as session, self.locked_in(session, every) as rows:
            yield rows

    @contextmanager
    def locked_in(
        self, session: Session, every: Collection[CountedTries]
    ) -> Iterator[dict[CountedTries, list[int]]]:
        """Do as `locked`, within a transaction of the caller."""
        with locked_counts(session, self._sealer, every) as rows:
            yield rows

    def give_back(self, of: CountedTries, now: datetime) -> None:
        """Take back the newest try, which was right."""
        with self.locked([of]) as rows:
            rows[of] = with_one_less(of.limit, rows[of], now)

    def reset(self) -> None:
        """Forget everything; for tests and demonstrations."""
        with self.database.session() as session:
            session.execute(delete(LimitCount))


def _key(sealer: Sealer, of: CountedTries) -> bytes:
    words = "\n".join(word.strip().lower() for word in of.what)
    digest = hashlib.sha256(words.encode(errors="replace")).digest()
    return sealer.lookup("limit", f"{of.limit.name}\n".encode() + digest)


@contextmanager
def locked_counts(
    session: Session, sealer: Sealer, every: Collection[CountedTries]
) -> Iterator[dict[CountedTries, list[int]]]:
    """Yield counts, locked until the session's transaction ends; what is changed is stored in it."""
    keys = {of: _key(sealer, of) for of in every}
    if session.get_bind().dialect.name == "postgresql":
        # A row that is not there yet cannot be locked. In one order, so that no two wait for each other.
        for key in sorted(keys.values()):
            session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key[:8], signed=True))))
    found = session.scalars(
        select(LimitCount).where(LimitCount.key.in_(keys.values())).with_for_update()
    ).all()
    rows = {row.key: row for row in found}
    counts = {of: list(rows[key].counted) if key in rows else [] for of, key in keys.items()}
    yield counts
    for of, key in keys.items():
        _keep(session, rows.get(key), key, of.limit, counts[of])
    session.flush()


def _keep(session: Session, row: LimitCount | None, key: bytes, limit: Limit, counted: list[int]) -> None:
    if row is not None and row.counted == counted:
        return
    if not counted:
        if row is not None:
            session.delete(row)
        return
    forget_at = datetime.fromtimestamp(counted[-2] + limit.window_seconds, tz=UTC)
    if row is None:
        session.add(LimitCount(key=key, limit_name=limit.name, counted=counted, forget_at=forget_at))
    else:
        row.counted, row.forget_at = counted, forget_at


def forget_old_counts(database: Database, now: datetime) -> int:
    """Delete expired counts and those above the maximum; return the number of rows."""
    gone = 0
    # In pieces: who signs in meanwhile waits for one of them at most.
    while keys := _old_keys(database, now):
        with database.session() as session:
            session.execute(delete(LimitCount).where(LimitCount.key.in_(keys)))
        gone += len(keys)
    return gone


def _old_keys(database: Database, now: datetime) -> Sequence[bytes]:
    with database.open_reading() as session:
        by_age = select(LimitCount.key).order_by(LimitCount.forget_at)
        old = session.scalars(by_age.where(LimitCount.forget_at < now).limit(DELETED_AT_ONCE)).all()
        if old:
            return old
        kept = session.scalar(select(func.count()).select_from(LimitCount)) or 0
        too_many = max(kept - MAX_COUNTS_KEPT, 0)
        return session.scalars(by_age.limit(min(too_many, DELETED_AT_ONCE))).all()


def current_counts() -> LimitCounts:
    menjin = current_menjin()
    return LimitCounts(menjin.database, menjin.sealer)
