"""Answer check-ins that say nothing new, of one gate or many at a time, without working them out in full.

After a full answer that gave the gate nothing to take, this process remembers the check-in and the answer.
The same check-in again needs no more than the gate's signature and one statement, which counts the request
and notes that the gate called, and does so only where the database still is as that answer said: the gate's
key, its policy, its journal, what it last said of itself, the site's keys, the version ordered, no order.
Where all but the version of the policy is as before, what was published since is read under the lock of the
gate's row. Where the gate has shares of faces, what may be lent at this moment is read, and sealed to the key
that it sent. Nothing here is older than the statements: what another process changed, they see.

A gate of which anything else differs is left out, and so is one whose row another transaction locks: nothing
was noted of it here, and its check-in is answered in full.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from gate_controller.contract.messages import AskReply, AskRequest, FaceLease
from web_admin.core.database import Database
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.gates.check_in_statements import (
    MOST_NEWS_ROWS,
    STATEMENTS,
    CheckInStatements,
    parameters_of,
)
from web_admin.gates.last_answers import Call, LastAnswer, LastAnswers, PublishedChanges, published_in

Replies = dict[str, AskReply | Exception]
"""By gate: its answer, or why it gets none although its call was counted."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignedCheckIn:
    """A check-in of a gate, whose signature by this key the caller has checked."""

    gate_id: str
    public_key: bytes
    check_in: AskRequest
    call: Call


@dataclass(frozen=True, slots=True)
class _KnownCheckIn:
    """A check-in that a last answer fits."""

    check_in: AskRequest
    last: LastAnswer
    call: Call

    @property
    def gate_id(self) -> str:
        return self.last.manifest.gate_id

    @property
    def has_newest(self) -> bool:
        return self.last.has_newest(self.check_in)

    @property
    def takes_news(self) -> bool:
        return self.last.takes_news(self.check_in)


def answer_not_modified(
    answers: LastAnswers,
    database: Database,
    sealer: Sealer,
    check_ins: Sequence[SignedCheckIn],
    now: datetime,
) -> Replies:
    """Count the calls and return the answers, by gate; none of a gate that has to be answered in full.

    Each gate checks in once here. What is lent, or brings records, waits for the disk. A last answer that
    the database no longer bears out is forgotten: nothing is tried until a full answer comes in its place.
    """
    batch = _Batch(answers, database, sealer, now, STATEMENTS[database.engine.dialect.name])
    known = [
        _KnownCheckIn(one.check_in, last, one.call)
        for one in check_ins
        if (last := answers.to(one.gate_id, one.public_key, one.check_in)) is not None
    ]
    newest = [one for one in known if one.has_newest]
    faults: list[Exception] = []
    try:
        if without_leases := [one for one in newest if not one.last.lends]:
            _try("nothing new", batch.repeat_without_leases, without_leases, faults)
        if with_leases := [one for one in newest if one.last.lends]:
            _try("leases", batch.repeat_with_leases, with_leases, faults)
        if behind := [one for one in known if one.gate_id not in batch.replies and one.takes_news]:
            _try("news", batch.bring_news, behind, faults)
    except OperationalError as err:
        faults.append(err)
        # What follows would wait as long once more, for a lock or a connection, and other gates with it.
        _log.debug("check-ins are answered in full: a connection had ended, or a lock was not free")
    if not faults:
        for one in known:
            if one.gate_id not in batch.replies:
                answers.forget_tried(one.last)
    return batch.replies


def _try(
    about: str,
    answer: Callable[[Sequence[_KnownCheckIn]], None],
    known: Sequence[_KnownCheckIn],
    faults: list[Exception],
) -> None:
    """Answer; log what keeps some gates from it: they are answered in full, or that says what is wrong.

    It is added to the faults. Raises OperationalError.
    """
    try:
        answer(known)
    except OperationalError:
        raise
    except Exception as err:  # noqa: BLE001 - what others were answered before counts, and it is logged
        faults.append(err)
        _log.exception("%s: check-ins could not be answered by a statement", about)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Check-ins that are answered at a time, and the answers so far."""

    answers: LastAnswers
    database: Database
    sealer: Sealer
    now: datetime
    statements: CheckInStatements
    replies: Replies = field(default_factory=dict)

    def repeat_without_leases(self, known: Sequence[_KnownCheckIn]) -> None:
        """Answer gates that have the newest policy and no share; one that has a share by now is left out."""
        with self.database.calls.connect() as connection:  # each statement there is a transaction alone
            counted = set(connection.scalars(self.statements.counted_without_share, self._values(known)))
        for one in known:
            if one.gate_id in counted:
                self._reply(one, partial(one.last.dated, self.now, one.check_in, ()))

    def repeat_with_leases(self, known: Sequence[_KnownCheckIn]) -> None:
        """Answer gates that have the newest policy and had shares."""
        while known:
            with self.database.lending_calls.connect() as connection:
                rows = connection.execute(self.statements.counted, self._values(known))
                has_share = {row.gate_id: row.has_share for row in rows}
                counted = [one for one in known if one.gate_id in has_share]
                leases = self._lent(connection, counted)
                if len(leases) == len(counted):
                    connection.commit()
                    break
            # What was counted is not kept, for the full way counts the call of those that are left out.
            known = [one for one in counted if one.gate_id in leases]
        else:
            return
        for one in counted:
            if not has_share[one.gate_id]:
                self.answers.note(replace(one.last, lends=False))
            self._reply(one, partial(one.last.dated, self.now, one.check_in, leases[one.gate_id]))

    def bring_news(self, known: Sequence[_KnownCheckIn]) -> None:
        """Answer gates with what was published since, and leases; one of which more differs is left out."""
        while known:
            with self.database.engine.connect() as connection:
                statement = self.statements.counted_at_any_version
                counted = set(connection.scalars(statement, self._values(known)))
                # Their rows are locked from here on: no publication comes between version and records.
                known = [one for one in known if one.gate_id in counted]
                published = self._published(connection, known)
                complete = [one for one in known if one.gate_id in published]
                with_share = [one for one in complete if published[one.gate_id].has_share]
                lent = self._lent(connection, with_share)
                complete = [one for one in complete if one not in with_share or one.gate_id in lent]
                if len(complete) == len(known):
                    connection.commit()
                    break
            known = complete  # likewise
        for one in known:
            new, leases = published[one.gate_id], lent.get(one.gate_id, ())
            self._reply(one, partial(self.answers.with_news, one.last, one.check_in, new, leases, self.now))

    def _reply(self, one: _KnownCheckIn, answer: Callable[[], AskReply]) -> None:
        """Keep an answer, or what kept a counted call from one: it is no fault of other gates."""
        try:
            self.replies[one.gate_id] = answer()
        except Exception as err:  # noqa: BLE001 - it is answered and logged as the fault of this request
            self.replies[one.gate_id] = err

    def _lent(
        self, connection: Connection, known: Sequence[_KnownCheckIn]
    ) -> dict[str, tuple[FaceLease, ...]]:
        """Return the leases by gate, none of a gate of which a share cannot be opened."""
        leases = {}
        for one in known:
            with suppress(SealBroken):
                leases[one.gate_id] = one.last.lent(connection, self.sealer, one.check_in)
        return leases

    def _published(
        self, connection: Connection, known: Sequence[_KnownCheckIn]
    ) -> dict[str, PublishedChanges]:
        """Return what was published by gate, nothing of gates beyond the rows that are read at a time."""
        rows = list(connection.execute(self.statements.news, self._values(known))) if known else []
        found = {
            gate_id: published_in(of_gate) for gate_id, of_gate in groupby(rows, lambda row: row.gate_id)
        }
        if len(rows) > MOST_NEWS_ROWS:
            del found[rows[-1].gate_id]
        return {gate_id: published for gate_id, published in found.items() if published is not None}

    def _values(self, known: Sequence[_KnownCheckIn]) -> dict[str, object]:
        rows = [one.last.values(one.check_in, one.call, self.now) for one in known]
        return parameters_of(rows, now=self.now, max_ahead=known[0].call.max_ahead)
