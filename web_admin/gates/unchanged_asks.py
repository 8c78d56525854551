"""Answer a gate that says nothing new: by one statement, or by two more that read what was published since.

After a full answer that gave the gate nothing to take, this process remembers what it was asked and what it
answered. The same question again needs no more than the gate's signature and one statement, which counts the
request and notes that the gate called, and does so only where the database still is as that answer said: the
gate's key, its policy, its journal, what it last said of itself, the site's keys, the version ordered, no
order. Where all but the version of the policy is as before, what was published since is read under the lock
of the gate's row. Where the gate has shares of faces, what may be lent at this moment is read, and sealed to
the key that it asks with. Where anything else differs no row matches, and the question is answered in full.
Nothing here is older than the statements: what another process changed, they see. On PostgreSQL those that
wait are answered together (`asks_together.py`), and here the ones that were not.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.exc import OperationalError

from gate_controller.contract.messages import AskReply, AskRequest, FaceLease
from web_admin.core.database import Database
from web_admin.core.sealing import Sealer
from web_admin.gates.ask_statements import COUNTED, COUNTED_AT_ANY_VERSION, COUNTED_BEFORE, NEWS
from web_admin.gates.last_answers import Call, LastAnswer, LastAnswers, Published, published_in


def answer_unchanged(
    answers: LastAnswers,
    database: Database,
    sealer: Sealer,
    gate_id: str,
    public_key: bytes,
    question: AskRequest,
    call: Call,
    now: datetime,
) -> AskReply | None:
    """Count the call and return the same answer, dated `now`; None where it has to be worked out.

    The caller has checked the gate's signature by this key. Raises KeyUnusable where the gate is to be
    lent something and its key for that is none.
    """
    last = answers.to(gate_id, public_key, question)
    if last is None:
        return None
    values = last.values(question, call, now)
    has_newest = last.has_newest(question)
    try:
        if has_newest:
            leases = _counted(answers, database, sealer, last, question, values)
            if leases is not None:
                return last.dated(now, question, leases)
        if last.takes_news(question):
            news = _news(database, sealer, last, question, values)
            if news is None:
                answers.forget(gate_id)
                return None
            return answers.with_news(last, question, *news, now)
    except OperationalError:
        return None  # a connection had ended: the full way opens another, or says what is wrong
    if has_newest:
        answers.forget(gate_id)
    return None


def _counted(
    answers: LastAnswers,
    database: Database,
    sealer: Sealer,
    last: LastAnswer,
    question: AskRequest,
    values: dict[str, object],
) -> tuple[FaceLease, ...] | None:
    """Count a call of a gate with the newest policy and return its leases; None where more differs.

    A primary that was cut off from its standby lends nothing: on PostgreSQL what lends waits for it.
    """
    waits = database.engine.dialect.name == "postgresql"
    with (database.engine if waits and last.lends else database.calls).begin() as connection:
        counted = connection.execute(COUNTED, values).first()
        if counted is None:
            return None
        if counted.has_share and (last.lends or not waits):
            return last.lent(connection, sealer, question)
    if counted.has_share != last.lends:
        answers.note(replace(last, lends=counted.has_share))
    if not counted.has_share:
        return ()
    return _lent_to_counted(database, sealer, last, question, values)


def _lent_to_counted(
    database: Database, sealer: Sealer, last: LastAnswer, question: AskRequest, values: dict[str, object]
) -> tuple[FaceLease, ...]:
    """Return the leases of a gate whose call was counted without waiting for the disk: now it waits."""
    with database.engine.begin() as connection:
        is_newest = connection.execute(COUNTED_BEFORE, values).rowcount == 1
        return last.lent(connection, sealer, question) if is_newest else ()


def _news(
    database: Database, sealer: Sealer, last: LastAnswer, question: AskRequest, values: dict[str, object]
) -> tuple[Published, tuple[FaceLease, ...]] | None:
    """Count a call and return what was published since, with leases; None where more than that differs.

    It waits for the disk, as each answer with records: its number is good once, also after a crash.
    """
    with database.engine.connect() as connection:
        if connection.execute(COUNTED_AT_ANY_VERSION, values).first() is None:
            return None
        # Its row is locked from here on: no publication comes between version, digest and records.
        published = published_in(connection.execute(NEWS, values))
        if published is None:
            return None  # not committed: the full way counts the call
        leases = last.lent(connection, sealer, question) if published.has_share else ()
        connection.commit()
        return published, leases
