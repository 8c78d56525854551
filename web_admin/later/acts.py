"""Store acts for later as background jobs that no worker has before their time; read, begin and end them.

What was sent is sealed, since names and numbers are in it, and goes with the end of the act.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, and_, event, func, select
from sqlalchemy.orm import Session, sessionmaker

from web_admin.action.base import Action, begin, new_id, record
from web_admin.core.claims import claim_first, claimed_row, unclaimed
from web_admin.core.database import Database
from web_admin.core.job_models import LongJob
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.later.rules import Loss

KIND = "act_later"
PURPOSE = "act-later"
CLAIMED_FOR = timedelta(minutes=3)
"""After this an attempt counts as dead, and another process begins the act again."""
WAITING, HELD, DONE, WITHDRAWN = "waiting", "held", "done", "withdrawn"
OPEN = (WAITING, HELD)
"""States of acts that are not over: HELD waits for a person."""
HELD_FOR = timedelta(days=31)
"""An act for which no person decides is withdrawn then: names may be in it."""
MOST_OPEN = 200
MOST_OPEN_BYTES = 16 * 1024 * 1024
"""Of all that a site has planned: a sheet of people is as large as two megabytes."""
IS_OVER = _("This was done or withdrawn already.")
_PLANNED = "menjin_act_planned"


class Sent(msgspec.Struct, frozen=True):
    """A form as it was sent: its account, page and fields, and the losses that its author read of.

    `args` are what the page's address names; `losses` and `sentences` what the author read of, as data and as
    texts by language.
    """

    account_id: int
    endpoint: str
    path: str
    args: Mapping[str, str]
    fields: tuple[tuple[str, str], ...]
    losses: tuple[Loss, ...] = ()
    sentences: Mapping[str, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class LaterAct:
    """One act for later; `claim` is the attempt at it."""

    job_id: str
    state: str
    site_id: str
    begins_at: datetime
    author_id: str
    why_held: str
    claim: str
    sent: Sent


def plan_act(act: Action, sent: Sent, begins_at: datetime) -> None:
    """Store an act for later; raise ActionRefused when too many wait already."""
    begin(act)
    payload = act.sealer.seal(msgspec.json.encode(sent), purpose=PURPOSE)
    count, size = _count_and_bytes(act)
    if count >= MOST_OPEN or size + len(payload) > MOST_OPEN_BYTES:
        raise ActionRefused(None, _("Too many acts are planned already. Withdraw some first."))
    job = LongJob(
        job_id=new_id(),
        site_id=act.site_id,
        kind=KIND,
        author_id=act.actor_id,
        total=1,
        payload_sealed=payload,
        result={"begins_at": begins_at.isoformat()},
        created_at=act.now,
        claimed_until=begins_at,  # as if a worker had it until then
    )
    act.session.add(job)
    act.session.info[_PLANNED] = True
    facts = {"job_id": job.job_id, "page": sent.endpoint, "begins_at": begins_at.isoformat()}
    record(act, "act_planned", facts)


def _count_and_bytes(act: Action) -> tuple[int, int]:
    sizes = select(func.length(LongJob.payload_sealed)).where(*_of_site(act.site_id))
    found = act.session.scalars(sizes).all()
    return len(found), sum(size or 0 for size in found)


def hear_planned(opens: sessionmaker[Session], look: Callable[[], object]) -> None:
    """Call `look` when a transaction of these sessions that planned an act is committed as a whole."""

    @event.listens_for(opens, "after_commit")
    def _committed(session: Session) -> None:
        if not session.in_nested_transaction() and session.info.pop(_PLANNED, False):
            look()


def open_acts(session: Session, sealer: Sealer, site_id: str) -> list[LaterAct]:
    """Return the acts of a site that are not over, the next one first."""
    rows = session.scalars(select(LongJob).where(*_of_site(site_id)).limit(MOST_OPEN))
    return sorted((_read(row, sealer) for row in rows), key=lambda one: (one.begins_at, one.job_id))


def count_held(session: Session, site_id: str) -> int:
    """Return how many acts of a site wait for a person."""
    held = select(LongJob.job_id).where(*_of_site(site_id), LongJob.state == HELD)
    return len(session.scalars(held).all())


def is_open(session: Session, site_id: str, job_id: str) -> bool:
    """Return whether an act of a site is not over."""
    this = select(LongJob.job_id).where(*_of_site(site_id), LongJob.job_id == job_id)
    return session.scalar(this) is not None


def open_act(session: Session, sealer: Sealer, site_id: str, job_id: str) -> LaterAct | None:
    """Return an act of a site that is not over; None where there is none."""
    row = session.scalar(select(LongJob).where(*_of_site(site_id), LongJob.job_id == job_id))
    return None if row is None else _read(row, sealer)


def _of_site(site_id: str) -> Sequence[ColumnElement[bool]]:
    return LongJob.site_id == site_id, LongJob.kind == KIND, LongJob.state.in_(OPEN)


def _read(row: LongJob, sealer: Sealer) -> LaterAct:
    return LaterAct(
        row.job_id,
        row.state,
        row.site_id,
        datetime.fromisoformat(str(row.result["begins_at"])),
        row.author_id,
        str(row.result.get("why", "")),
        row.claim or "",
        msgspec.json.decode(sealer.open(row.payload_sealed or b"", purpose=PURPOSE), type=Sent),
    )


def next_begin(database: Database) -> datetime | None:
    """Return when a worker may take the next act, which may be in the past; None where none is planned."""
    with database.snapshot() as session:
        return session.scalar(
            select(func.min(LongJob.claimed_until)).where(LongJob.kind == KIND, LongJob.state == WAITING)
        )


def due_acts(database: Database, now: datetime) -> Sequence[str]:
    """Return the ids of acts whose time has come and that no worker has, in the order of their times."""
    with database.snapshot() as session:
        found = session.execute(select(LongJob.result, LongJob.job_id).where(_due(now))).all()
    return [job_id for _begins, job_id in sorted((str(row["begins_at"]), job_id) for row, job_id in found)]


def claim_act(database: Database, sealer: Sealer, job_id: str, now: datetime) -> LaterAct | None:
    """Take an act that is due; return None where another process has it or it is over."""
    with database.session() as session:
        row = claim_first(
            session, select(LongJob).where(LongJob.job_id == job_id, _due(now)), now, CLAIMED_FOR
        )
        return None if row is None else _read(row, sealer)


def long_held(session: Session, now: datetime) -> Sequence[tuple[str, str, str]]:
    """Return site, id and author of each act that has waited too long for a person since its time."""
    old = LongJob.claimed_until < now - HELD_FOR
    held = select(LongJob.site_id, LongJob.job_id, LongJob.author_id).where(
        LongJob.kind == KIND, LongJob.state == HELD, old
    )
    return [(site_id, job_id, author_id) for site_id, job_id, author_id in session.execute(held)]


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(LongJob.kind == KIND, LongJob.state == WAITING, unclaimed(LongJob, now))


def end_attempt(session: Session, act: LaterAct, now: datetime) -> bool:
    """Say in the transaction of the act itself that it is done; return False where this attempt is too late.

    Another process has it then, or it was withdrawn: the caller undoes the act.
    """
    row = claimed_row(session, LongJob, act.job_id, act.claim)
    return row is not None and _end(row, DONE, now)


def end_act(session: Session, site_id: str, job_id: str, state: str, now: datetime) -> bool:
    """Say that an act is over; return whether it was not over before."""
    row = session.get(LongJob, job_id, with_for_update=True)
    return row is not None and (row.site_id, row.kind) == (site_id, KIND) and _end(row, state, now)


def _end(row: LongJob, state: str, now: datetime) -> bool:
    if row.state not in OPEN:
        return False
    row.state, row.ended_at, row.payload_sealed = state, now, None
    return True


def hold_act(session: Session, act: LaterAct, why: str) -> bool:
    """Let an act wait for a person, who reads why; return False where this attempt is too late."""
    row = claimed_row(session, LongJob, act.job_id, act.claim)
    if row is None or row.state != WAITING:
        return False
    row.state, row.result = HELD, {**row.result, "why": why}
    return True


def end_same_act(act: Action, job_id: str, path: str, state: str) -> None:
    """Say that an act is over, where it was sent to this address: another one stays.

    Raises ActionRefused where it was over before: the caller undoes what it did.
    """
    row = act.session.get(LongJob, job_id, with_for_update=True)
    if row is None or (row.site_id, row.kind) != (act.site_id, KIND) or row.state not in OPEN:
        raise ActionRefused(None, IS_OVER)
    if _read(row, act.sealer).sent.path == path:
        _end(row, state, act.now)


def hold_all(session: Session, site_id: str, why: str) -> None:
    """Let every act of a site wait for a person, who reads why."""
    for row in session.scalars(select(LongJob).where(*_of_site(site_id), LongJob.state == WAITING)):
        row.state, row.result = HELD, {**row.result, "why": why}


def withdraw_act(act: Action, job_id: str) -> None:
    """Withdraw an act; raise ActionRefused where it is over, as one that was done just before."""
    begin(act)
    if not end_act(act.session, act.site_id, job_id, WITHDRAWN, act.now):
        raise ActionRefused(None, IS_OVER)
    record(act, "planned_act_withdrawn", {"job_id": job_id})
