"""Background jobs: run in a thread, in one transaction.

The work and the word that it is done are one transaction: a crash in the middle leaves nothing of it,
and the process that resumes the job restarts it. An attempt that another one overtook finds that out
before it writes. A job is taken up at once, when its page is looked at, and by the housekeeping.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, new_action, new_id
from web_admin.core.cell_in_hand import in_this_cell
from web_admin.core.claims import claim_first, claimed_row, is_unclaimed, release, unclaimed
from web_admin.core.database import Menjin
from web_admin.core.job_models import LongJob
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.people_import.job import import_people

CLAIMED_FOR = timedelta(minutes=3)
"""After this an attempt counts as dead; no work here takes a tenth of it."""
PURPOSE = "long-job"
UNFINISHED = ("waiting", "running")

Work = Callable[[Action, bytes], Mapping[str, Fact]]
WORKS: Mapping[str, Work] = {"import_people": import_people}

_log = logging.getLogger(__name__)


def put_job(
    session: Session,
    sealer: Sealer,
    site_id: str,
    *,
    kind: str,
    author_id: str,
    payload: bytes,
    total: int,
    now: datetime,
) -> str:
    """Write a job down in the caller's transaction and return its id; start it once that is committed."""
    job = LongJob(
        job_id=new_id(),
        site_id=site_id,
        kind=kind,
        author_id=author_id,
        total=total,
        payload_sealed=sealer.seal(payload, purpose=PURPOSE),
        created_at=now,
    )
    session.add(job)
    session.flush()
    return job.job_id


def job_of(session: Session, job_id: str) -> LongJob | None:
    return session.get(LongJob, job_id)


def newest_jobs(session: Session, site_id: str, kind: str, limit: int) -> Sequence[LongJob]:
    """Return a site's newest jobs of a kind."""
    return session.scalars(
        select(LongJob)
        .where(LongJob.site_id == site_id, LongJob.kind == kind)
        .order_by(LongJob.created_at.desc())
        .limit(limit)
    ).all()


def start(menjin: Menjin, job_id: str) -> None:
    """Start the job in a thread of this process, unless another process has it."""
    work = in_this_cell(menjin.keeps_open(lambda: run(menjin, job_id)))
    threading.Thread(target=work, name=f"job {job_id}", daemon=True).start()


def is_due(job: LongJob, now: datetime) -> bool:
    """Return whether a job that is not over has no worker."""
    return job.state in UNFINISHED and is_unclaimed(job, now)


def run_due(menjin: Menjin, now: datetime) -> int:
    """Take up what a crash left behind; return how many jobs."""
    with menjin.database.snapshot() as session:
        due = list(session.scalars(select(LongJob.job_id).where(_due(now))))
    for job_id in due:
        run(menjin, job_id)
    return len(due)


def run(menjin: Menjin, job_id: str) -> None:
    """Claim a job and do it; do nothing when another process has it or it is over."""
    claim = _claimed(menjin, job_id)
    if claim is None:
        return
    try:
        with menjin.database.session() as session:
            _do(menjin, session, job_id, claim)
    except ActionRefused:
        _end(menjin, job_id, claim, "refused")
    except Exception:  # noqa: BLE001 - on any failure the job is over and the log says why
        _log.exception("job %s failed; nothing of it was done", job_id)
        _end(menjin, job_id, claim, "failed")


def _due(now: datetime) -> ColumnElement[bool]:
    # Acts for later have rows of their own kind there, and are begun elsewhere.
    return and_(LongJob.kind.in_(WORKS), LongJob.state.in_(UNFINISHED), unclaimed(LongJob, now))


def _claimed(menjin: Menjin, job_id: str) -> str | None:
    now = menjin.clock()
    with menjin.database.session() as session:
        this = select(LongJob).where(LongJob.job_id == job_id, _due(now))
        job = claim_first(session, this, now, CLAIMED_FOR)
        if job is None:
            return None
        job.state = "running"
        return job.claim


def _do(menjin: Menjin, session: Session, job_id: str, claim: str) -> None:
    now = menjin.clock()
    job = claimed_row(session, LongJob, job_id, claim)
    if job is None:
        return
    try:
        payload = menjin.sealer.open(job.payload_sealed or b"", purpose=PURPOSE)
    except SealBroken:
        _log.error("job %s cannot be read with the keys of this server", job_id)
        raise
    act = new_action(menjin, session, job.site_id, job.author_id, "manager", now=now)
    result = WORKS[job.kind](act, payload)
    _over(menjin, session.get_one(LongJob, job_id), "done", result)


def _end(menjin: Menjin, job_id: str, claim: str, state: str) -> None:
    with menjin.database.session() as session:
        job = claimed_row(session, LongJob, job_id, claim)
        if job is not None:
            _over(menjin, job, state, {})


def _over(menjin: Menjin, job: LongJob, state: str, result: Mapping[str, Fact]) -> None:
    job.state, job.result, job.payload_sealed, job.ended_at = state, dict(result), None, menjin.clock()
    release(job)
