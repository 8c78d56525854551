"""Answer many gates that say nothing new by one statement, or by two more for those that get news.

It is what `unchanged_asks` does for one gate, with its conditions, where PostgreSQL keeps the compound. A
gate whose row another transaction holds is left out, and so is each that needs more than that: they are
answered one by one afterwards, and nothing was noted of them here.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from gate_controller.contract.messages import AskReply, AskRequest, FaceLease
from web_admin.core.database import Database
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.gates.ask_statements import (
    COUNTED_AT_ANY_VERSION_OF_MANY,
    COUNTED_OF_MANY,
    COUNTED_OF_MANY_WITHOUT_SHARE,
    MOST_NEWS_ROWS,
    NEWS_OF_MANY,
    TYPES_OF_QUESTION,
    parameters_of,
)
from web_admin.gates.last_answers import Call, LastAnswer, LastAnswers, Published, published_in

Replies = dict[str, AskReply | Exception]
"""By gate: its answer, or why it gets none although its call was counted."""
_Answered = Callable[[tuple[FaceLease, ...]], AskReply]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a gate, whose signature by this key the caller has checked."""

    gate_id: str
    public_key: bytes
    question: AskRequest
    call: Call
    hears_bell: bool
    """It asks because its bell rang, or once a minute: mostly there is news."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A question that a last answer fits, and what the statements take."""

    question: AskRequest
    last: LastAnswer
    values: dict[str, object]
    may_have_news: bool

    @property
    def gate_id(self) -> str:
        return self.last.manifest.gate_id

    def dated(self, now: datetime) -> _Answered:
        return lambda leases: self.last.dated(now, self.question, leases)

    def with_news(self, answers: LastAnswers, published: Published, now: datetime) -> _Answered:
        return lambda leases: answers.with_news(self.last, self.question, published, leases, now)


def answer_unchanged_together(
    answers: LastAnswers, database: Database, sealer: Sealer, asked: Sequence[Asked], now: datetime
) -> Replies:
    """Count the calls and return the answers, by gate; none of a gate that has to be answered alone.

    Each gate asks once here. What is lent, or brings records, waits for the disk.
    """
    known = []
    for sent in asked:
        last = answers.to(sent.gate_id, sent.public_key, sent.question)
        if last is not None:
            may_have_news = sent.hears_bell and last.takes_news(sent.question)
            known.append(
                _Known(sent.question, last, last.values(sent.question, sent.call, now), may_have_news)
            )
    newest = [one for one in known if one.last.has_newest(one.question) and not one.may_have_news]
    replies: Replies = {}
    with_share = [one for one in newest if one.last.lends]
    with _noted("nothing new"):
        _repeat_without_leases([one for one in newest if not one.last.lends], database, now, replies)
    with _noted("leases"):
        _repeat_with_leases(with_share, answers, database, sealer, now, replies)
    rest = [one for one in known if one.gate_id not in replies and one.last.takes_news(one.question)]
    with _noted("news"):
        _bring_news(rest, answers, database, sealer, now, replies)
    return replies


@contextmanager
def _noted(about: str) -> Iterator[None]:
    """Log what keeps some gates from an answer: they are answered alone, or that says what is wrong."""
    try:
        yield
    except OperationalError:
        _log.debug("%s: a connection had ended", about)
    except Exception:  # noqa: BLE001 - what others were answered before counts, and it is logged
        _log.exception("%s: gates could not be answered together", about)


def _repeat_without_leases(
    known: Sequence[_Known], database: Database, now: datetime, replies: Replies
) -> None:
    """Answer gates that have the newest policy and no share; one that has a share by now is left out."""
    if not known:
        return
    with database.calls.begin() as connection:
        rows = connection.execute(COUNTED_OF_MANY_WITHOUT_SHARE, _parameters(known))
        counted = {row.gate_id for row in rows}
    for one in known:
        if one.gate_id in counted:
            replies[one.gate_id] = _reply(one.dated(now), ())


def _repeat_with_leases(
    known: Sequence[_Known],
    answers: LastAnswers,
    database: Database,
    sealer: Sealer,
    now: datetime,
    replies: Replies,
) -> None:
    """Answer gates that have the newest policy and had shares.

    A primary that was cut off from its standby lends nothing: what lends waits for it.
    """
    while known:
        with database.engine.connect() as connection:
            rows = connection.execute(COUNTED_OF_MANY, _parameters(known))
            has_share = {row.gate_id: row.has_share for row in rows}
            counted = [one for one in known if one.gate_id in has_share]
            leases = _lent(connection, sealer, counted)
            if len(leases) == len(counted):
                connection.commit()
                break
        # What was counted is not kept, for the full way counts the call of those that are left out.
        known = [one for one in counted if one.gate_id in leases]
    else:
        return
    for one in counted:
        if not has_share[one.gate_id]:
            answers.note(replace(one.last, lends=False))
        replies[one.gate_id] = _reply(one.dated(now), leases[one.gate_id])


def _bring_news(
    known: Sequence[_Known],
    answers: LastAnswers,
    database: Database,
    sealer: Sealer,
    now: datetime,
    replies: Replies,
) -> None:
    """Answer gates with what was published since, and leases; one of which more differs is left out."""
    while known:
        with database.engine.connect() as connection:
            rows = connection.execute(COUNTED_AT_ANY_VERSION_OF_MANY, _parameters(known))
            counted = {row.gate_id for row in rows}
            # Their rows are locked from here on: no publication comes between version, digest and records.
            known = [one for one in known if one.gate_id in counted]
            published = _published(connection, known)
            complete = [one for one in known if one.gate_id in published]
            with_share = [one for one in complete if published[one.gate_id].has_share]
            lent = _lent(connection, sealer, with_share)
            complete = [one for one in complete if one not in with_share or one.gate_id in lent]
            if len(complete) == len(known):
                connection.commit()
                break
        known = complete  # likewise
    for one in known:
        answer = one.with_news(answers, published[one.gate_id], now)
        replies[one.gate_id] = _reply(answer, lent.get(one.gate_id, ()))


def _reply(answer: _Answered, leases: tuple[FaceLease, ...]) -> AskReply | Exception:
    """Return an answer, or what kept a counted call from one: it is no fault of other gates."""
    try:
        return answer(leases)
    except Exception as err:  # noqa: BLE001 - it is answered and logged as the fault of this request
        return err


def _lent(
    connection: Connection, sealer: Sealer, known: Sequence[_Known]
) -> dict[str, tuple[FaceLease, ...]]:
    """Return the leases by gate, none of a gate of which a share cannot be opened: it is answered alone."""
    leases = {}
    for one in known:
        with suppress(SealBroken):
            leases[one.gate_id] = one.last.lent(connection, sealer, one.question)
    return leases


def _published(connection: Connection, known: Sequence[_Known]) -> dict[str, Published]:
    """Return what was published by gate, nothing of gates beyond the rows that are read at a time."""
    rows = list(connection.execute(NEWS_OF_MANY, _parameters(known))) if known else []
    found = {gate_id: published_in(of_gate) for gate_id, of_gate in groupby(rows, lambda row: row.gate_id)}
    if len(rows) > MOST_NEWS_ROWS:
        del found[rows[-1].gate_id]
    return {gate_id: published for gate_id, published in found.items() if published is not None}


def _parameters(known: Sequence[_Known]) -> dict[str, object]:
    return parameters_of(TYPES_OF_QUESTION, [one.values for one in known])
