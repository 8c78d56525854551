"""Change the wrapping key after a forgetting, so that no old copy of the database opens an ended face.

One rotation: a fresh key goes to its file; in one transaction every live share is re-sealed under it;
then it takes the place of the old one, whose file is overwritten and removed. An interruption between
two steps, the next run goes on from there, and at every moment each live share can be opened.

Where several machines serve the database, the fresh key reaches each that runs before anything is sealed
under it, and the old one is destroyed when each has said so (`machine_keys`).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from web_admin.core.database import Database
from web_admin.core.sealing import FACE_SHARE_PURPOSE, SealBroken, Sealer, share_key_id
from web_admin.core.single_process import one_at_a_time
from web_admin.custody.machine_keys import begin_next, note_destroyed, states_of_copies
from web_admin.custody.models import FaceShare, WrapKeyRow


@dataclass(frozen=True, slots=True)
class Rotation:
    """Result of a rotation: the key now in use, those destroyed, the number of re-sealed shares.

    `waits_for`: machines that have not got the fresh key yet; nothing is sealed under it until they have.
    """

    key_id: str
    destroyed_ids: tuple[str, ...]
    shares: int
    waits_for: tuple[str, ...] = ()


def key_for_sealing(session: Session, sealer: Sealer, now: datetime) -> str:
    """Return the id of the key for a new share, held so that no rotation passes before the commit.

    Raises SealBroken when this server does not have the key in use.
    """
    live = session.scalars(_live().with_for_update(read=True)).one_or_none()
    if live is None:
        key_id = sealer.wrap_keys.current_id
        if key_id is None:
            raise SealBroken("no key for face shares was given")
        session.add(WrapKeyRow(key_id=key_id, state="live", made_at=now))
        session.flush()
        return key_id
    return live.key_id


def ask_for_rotation(session: Session, now: datetime) -> None:
    """Note that the key has to be changed since a face is forgotten; no rotation passes before the commit.

    As a rotation, it locks the key before any share.
    """
    session.flush()
    locked = _live().with_for_update().execution_options(populate_existing=True)
    live = session.scalars(locked).one_or_none()
    if live is None:  # where a rotation passed while this waited, the next look finds its key
        live = session.scalars(locked).one_or_none()
    if live is not None and live.due_since is None:
        live.due_since = now
        session.flush()


def rotation_due_since(session: Session) -> datetime | None:
    """Return since when a forgetting waits for the key to be changed and the old one to be destroyed.

    Shares from before keys had ids wait too: their key is not written down yet.
    """
    if session.scalars(_live()).first() is None:
        return session.scalar(select(func.min(FaceShare.created_at)))
    waiting = select(WrapKeyRow).where(WrapKeyRow.state.in_(("live", "retired")))
    since = [
        row.due_since or row.retired_at
        for row in session.scalars(waiting)
        if row.due_since is not None or row.state == "retired"
    ]
    return min((at for at in since if at is not None), default=None)


def rotate_wrap_key(database: Database, sealer: Sealer, now: datetime) -> Rotation:
    """Change the wrapping key and destroy the old one; finish what an earlier run left half done.

    One process at a time. Raises SealBroken when a share cannot be opened with the keys of this server;
    then nothing is destroyed.
    """
    with sealer.wrap_keys.lock(), one_at_a_time(database, "wrap_keys"):
        finished = settle_wrap_keys(database, sealer, now)
        with database.session() as session:
            key_id, waits_for = begin_next(session, sealer, now)
        if waits_for:
            return Rotation(key_id, finished, 0, waits_for)
        shares = reseal_shares(database, sealer, key_id, now)
        destroyed = settle_wrap_keys(database, sealer, now)
        return Rotation(key_id, (*finished, *destroyed), shares)


def rotate_and_wait(
    database: Database, sealer: Sealer, clock: Callable[[], datetime], seconds: float = 30.0
) -> Rotation:
    """Change the wrapping key as `rotate_wrap_key`, and wait for other machines to take the fresh one."""
    until = time.monotonic() + seconds
    while (done := rotate_wrap_key(database, sealer, clock())).waits_for and time.monotonic() < until:
        threading.Event().wait(0.5)
    return done


def reseal_shares(database: Database, sealer: Sealer, key_id: str, now: datetime) -> int:
    """Make a key the live one and seal every share under it, in one transaction; return how many."""
    with database.session() as session:
        _name_first_key(session, sealer, key_id, now)
        for row in session.scalars(_live().with_for_update()):
            row.state, row.retired_at, row.due_since = "retired", now, None
        session.flush()
        fresh = session.get(WrapKeyRow, key_id) or WrapKeyRow(key_id=key_id, made_at=now)
        fresh.state = "live"
        if "lost" in states_of_copies(session, key_id):
            fresh.due_since = now  # a machine that was taken out meanwhile has it as well
        session.add(fresh)
        shares = session.scalars(select(FaceShare).with_for_update()).all()
        for share in shares:
            plain = sealer.open(share.share_sealed, purpose=FACE_SHARE_PURPOSE)
            share.share_sealed = sealer.seal_share(plain, key_id)
        return len(shares)


def _name_first_key(session: Session, sealer: Sealer, next_id: str, now: datetime) -> None:
    """Write the key down that shares are sealed under since before keys had ids, so that its end shows."""
    first_id = sealer.wrap_keys.current_id
    if session.scalars(_live()).first() is None and first_id not in (None, next_id):
        since = session.scalar(select(func.min(FaceShare.created_at))) or now
        session.add(WrapKeyRow(key_id=first_id, state="live", made_at=since))
        session.flush()


def settle_wrap_keys(database: Database, sealer: Sealer, now: datetime) -> tuple[str, ...]:
    """Put the live key in its place and destroy retired ones; return the ids of those destroyed everywhere.

    The caller holds the lock of the files.
    """
    keys = sealer.wrap_keys
    with database.session() as session:
        live = session.scalars(_live()).one_or_none()
        sealed_under = {share_key_id(sealed) for sealed in session.scalars(select(FaceShare.share_sealed))}
    live_id = live.key_id if live is not None else None
    if sealed_under - {live_id, ""}:
        raise SealBroken("a face share is sealed under a key that is not in use: nothing was destroyed")
    if live_id is not None and keys.next_id == live_id:
        keys.promote_next()
    keys.destroy_old()
    with database.session() as session:
        note_destroyed(session, sealer, now)
        retired = select(WrapKeyRow).where(WrapKeyRow.state == "retired").with_for_update()
        gone = []
        for row in session.scalars(retired).all():
            copies = states_of_copies(session, row.key_id)
            if keys.key(row.key_id) is not None or copies & {"sent", "held"}:
                continue  # here, or at a machine that has not said yet that it is gone
            if "lost" in copies:
                row.state = "lost"
                continue
            row.state, row.destroyed_at = "destroyed", now
            gone.append(row.key_id)
        return tuple(gone)


def lose_wrap_keys(session: Session, now: datetime) -> None:
    """Note after a restore that the keys of the lost server are not here; no share came back either."""
    for row in session.scalars(select(WrapKeyRow).where(WrapKeyRow.state.in_(("live", "next", "retired")))):
        row.state, row.due_since, row.retired_at = "lost", None, row.retired_at or now
    session.flush()


def lost_key_ids(session: Session) -> frozenset[str]:
    """Return the keys of lost servers, whose destruction cannot be shown."""
    return frozenset(session.scalars(select(WrapKeyRow.key_id).where(WrapKeyRow.state == "lost")))


def _live() -> Select[WrapKeyRow]:
    return select(WrapKeyRow).where(WrapKeyRow.state == "live")
