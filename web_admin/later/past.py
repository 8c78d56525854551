"""Keep of an act of the office what was before and after it, sealed, as long as it may be undone.

It lies beside background jobs as one that is over, and goes with them (`JOBS_KEPT_FOR`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, new_id
from web_admin.core.job_models import LongJob
from web_admin.core.sealing import Sealer

KIND = "act_past"
PURPOSE = "act-past"
DONE, UNDONE = "done", "undone"
MOST_SHOWN = 50
ENDS_UNDONE_FOR = timedelta(days=1)
"""How long what was ended by mistake can be had back: until then its secrets stay stored."""

Values = Mapping[str, object]
"""Parts that an act may change, by their ids, plain as JSON has them; one that is not there is missing."""


class Change(msgspec.Struct, frozen=True):
    """One part before and after the act; None where it was not there."""

    before: Any = None
    after: Any = None


class Done(msgspec.Struct, frozen=True):
    """An act that is done: its page, the ids in its address, and its changes by the ids of the parts."""

    endpoint: str
    args: Mapping[str, str]
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class PastAct:
    """One act that is done; `state` says whether it was undone since."""

    job_id: str
    state: str
    at: datetime
    author_id: str
    done: Done


def changes_between(before: Values, after: Values) -> Mapping[str, Change]:
    """Return each part that is not as it was, those of before first, in their order."""
    return {
        key: Change(before.get(key), after.get(key))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    }


def keep(act: Action, done: Done) -> None:
    """Store what an act changed, in its transaction."""
    act.session.add(
        LongJob(
            job_id=new_id(),
            site_id=act.site_id,
            kind=KIND,
            author_id=act.actor_id,
            state=DONE,
            total=1,
            payload_sealed=act.sealer.seal(msgspec.json.encode(done), purpose=PURPOSE),
            created_at=act.now,
            ended_at=act.now,
        )
    )


def past_acts(session: Session, sealer: Sealer, site_id: str, now: datetime) -> list[PastAct]:
    """Return the kept acts of a site, the last one first: all of a day, and the newest before it."""
    kept = (
        select(LongJob)
        .where(LongJob.site_id == site_id, LongJob.kind == KIND, LongJob.payload_sealed.is_not(None))
        .order_by(LongJob.created_at.desc(), LongJob.job_id)
    )
    of_a_day = session.scalars(kept.where(LongJob.created_at > now - ENDS_UNDONE_FOR)).all()
    older = kept.where(LongJob.created_at <= now - ENDS_UNDONE_FOR).limit(MOST_SHOWN)
    return [_read(row, sealer) for row in (*of_a_day, *session.scalars(older))]


def past_act(act: Action, job_id: str) -> PastAct | None:
    """Return an act of this site that may still be undone, locked; None where there is none."""
    row = act.session.get(LongJob, job_id, with_for_update=True)
    if row is None or (row.site_id, row.kind, row.state) != (act.site_id, KIND, DONE):
        return None
    return None if row.payload_sealed is None else _read(row, act.sealer)


def note_undone(act: Action, job_id: str) -> None:
    act.session.get_one(LongJob, job_id).state = UNDONE


def _read(row: LongJob, sealer: Sealer) -> PastAct:
    done = msgspec.json.decode(sealer.open(row.payload_sealed or b"", purpose=PURPOSE), type=Done)
    return PastAct(row.job_id, row.state, row.created_at, row.author_id, done)
