"""Keep the wrapping keys of several machines over one database alike, and know at which of them one still is.

Each machine has its keys in files of its own. A fresh key reaches another machine through the database,
sealed (HPKE) to a transport key of that machine, which is overwritten once the key is taken: a copy of the
database and everything that the machine has later open none of it. Around it lies a seal of the server, so
that only a machine with its secrets can send one. A key counts as destroyed when every machine it was sent
to has said that neither the key nor the transport key it came by is there any more.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.command_line.command_names import server_command
from web_admin.core.database import Database
from web_admin.core.machine_identity import read_identity
from web_admin.core.refusal import N_, WorkRefused
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.core.wrapping_keys import WrapKeys, wrap_key_id
from web_admin.custody.models import ServerMachine, WrapKeyCopy, WrapKeyRow

ANSWERS_WITHIN = timedelta(minutes=1)
"""A machine that was not seen for longer is not waited for; it gets the key when it is back."""
PURPOSE = "wrap-key-copy"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class MachineRefused(WorkRefused):
    """This machine may not serve the database; says why, and what to do."""


def machines(session: Session) -> Sequence[ServerMachine]:
    """Return the machines of this database by name; none for a server that is the only one, on SQLite."""
    return session.scalars(select(ServerMachine).order_by(ServerMachine.name)).all()


def this_machine(session: Session, sealer: Sealer) -> ServerMachine | None:
    """Return this machine's row, None where none is kept; raise MachineRefused where others are."""
    if session.scalars(select(ServerMachine).limit(1)).first() is None:
        return None
    identity = read_identity(sealer.wrap_keys.folder)
    row = session.get(ServerMachine, identity.machine_id) if identity is not None else None
    if row is None:
        raise MachineRefused(
            N_(
                "this machine is not one of those of the database, or was taken out: set it up with "
                "'%(command)s'"
            ),
            command=server_command("join BACKUP"),
        )
    return row


def note_held(session: Session, sealer: Sealer, machine_id: str, now: datetime) -> None:
    """Write down every key that this machine has, before anything is sealed under it."""
    for key_id in sealer.wrap_keys.ids:
        if session.get(WrapKeyCopy, (key_id, machine_id)) is None:
            session.add(WrapKeyCopy(key_id=key_id, machine_id=machine_id, state="held", changed_at=now))
    session.flush()


def next_key_row(session: Session) -> WrapKeyRow | None:
    """Return the successor that is being sent round, if there is one."""
    return session.scalars(select(WrapKeyRow).where(WrapKeyRow.state == "next")).first()


def begin_next(session: Session, sealer: Sealer, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Make a successor of the wrapping key and send it round; return its id and who has not got it yet."""
    me = this_machine(session, sealer)
    if me is None:
        return sealer.wrap_keys.make_next(), ()
    row = next_key_row(session)
    if row is None:
        row = WrapKeyRow(key_id=sealer.wrap_keys.make_next(), state="next", made_at=now)
        session.add(row)
        note_held(session, sealer, me.machine_id, now)
    if sealer.wrap_keys.key(row.key_id) is None:
        return row.key_id, (me.name,)
    offer_copies(session, sealer, me, now)
    held = set(
        session.scalars(
            select(WrapKeyCopy.machine_id).where(
                WrapKeyCopy.key_id == row.key_id, WrapKeyCopy.state == "held"
            )
        )
    )
    late = now - ANSWERS_WITHIN
    return row.key_id, tuple(
        one.name for one in machines(session) if one.machine_id not in held and one.seen_at > late
    )


def offer_copies(session: Session, sealer: Sealer, me: ServerMachine, now: datetime) -> int:
    """Seal the keys in use to every other machine that lacks one; return how many were sealed."""
    in_use = session.scalars(select(WrapKeyRow).where(WrapKeyRow.state.in_(("live", "next")))).all()
    sent = 0
    for row in in_use:
        key = sealer.wrap_keys.key(row.key_id)
        for one in machines(session):
            if key is None or one.machine_id == me.machine_id:
                continue
            copy = session.get(WrapKeyCopy, (row.key_id, one.machine_id), with_for_update=True)
            if copy is None:
                copy = WrapKeyCopy(key_id=row.key_id, machine_id=one.machine_id)
                session.add(copy)
            elif copy.state != "sent" or copy.sealed_to_key == one.transport_key:
                continue
            copy.state, copy.changed_at, copy.sealed_to_key = "sent", now, one.transport_key
            copy.sealed = _sealed(sealer, key, one)
            sent += 1
    session.flush()
    return sent


def take_copies(database: Database, sealer: Sealer, now: datetime) -> int:
    """Take the key that was sent to this machine and overwrite what it was sealed to; return how many ended.

    The caller holds the lock of the files. Of two keys the one in use comes first, the other is sent again.
    """
    keys = sealer.wrap_keys
    with database.session() as session:
        me = this_machine(session, sealer)
        if me is None:
            return 0
        _settle_transport(keys, me)
        sent = session.scalars(
            select(WrapKeyCopy)
            .where(WrapKeyCopy.machine_id == me.machine_id, WrapKeyCopy.state == "sent")
            .with_for_update()
        ).all()
        if not sent:
            return 0
        states = dict(session.execute(select(WrapKeyRow.key_id, WrapKeyRow.state)).all())
        wanted = [row for row in sent if states.get(row.key_id) in {"live", "next"}]
        for row in sorted(wanted, key=lambda row: states[row.key_id])[:1]:
            key = _opened(sealer, row, me)
            if key is not None:
                keys.keep_next(key)
        me.transport_key = keys.next_transport_public()
        for row in sent:
            if row in wanted and keys.key(row.key_id) is None:
                session.delete(row)
                continue
            row.state = "held" if keys.key(row.key_id) is not None else "destroyed"
            row.sealed, row.sealed_to_key, row.changed_at = None, None, now
        ended = len(sent)
    keys.renew_transport()
    return ended


def note_destroyed(session: Session, sealer: Sealer, now: datetime) -> None:
    """Write down which retired keys this machine has destroyed."""
    me = this_machine(session, sealer)
    if me is None:
        return
    _settle_transport(sealer.wrap_keys, me)
    retired = select(WrapKeyRow.key_id).where(WrapKeyRow.state == "retired")
    held = select(WrapKeyCopy).where(
        WrapKeyCopy.machine_id == me.machine_id, WrapKeyCopy.state == "held", WrapKeyCopy.key_id.in_(retired)
    )
    for copy in session.scalars(held):
        if sealer.wrap_keys.key(copy.key_id) is None:
            copy.state, copy.changed_at = "destroyed", now
    session.flush()


def states_of_copies(session: Session, key_id: str) -> frozenset[str]:
    """Return in which states a key is at the machines."""
    return frozenset(session.scalars(select(WrapKeyCopy.state).where(WrapKeyCopy.key_id == key_id)))


def keys_at(session: Session, machine_id: str) -> dict[str, int]:
    """Return how many keys of each state a machine has: held, sent, destroyed, lost."""
    copies = select(WrapKeyCopy.state, func.count()).where(WrapKeyCopy.machine_id == machine_id)
    return dict(sorted(session.execute(copies.group_by(WrapKeyCopy.state)).all()))


def _settle_transport(keys: WrapKeys, me: ServerMachine) -> None:
    """Finish a change of the transport key that was cut off; where neither is known, files count."""
    if keys.transport_public() == me.transport_key:
        return
    if keys.transport_private(me.transport_key) is not None:
        keys.renew_transport()
    else:
        me.transport_key = keys.transport_public()


def _sealed(sealer: Sealer, key: bytes, machine: ServerMachine) -> bytes:
    public = X25519PublicKey.from_public_bytes(machine.transport_key)
    return sealer.seal(_SUITE.encrypt(key, public, _info(machine)), purpose=PURPOSE)


def _opened(sealer: Sealer, row: WrapKeyCopy, me: ServerMachine) -> bytes | None:
    """Return the key of a row, None where it is sealed to a transport key that is gone or to none of ours."""
    private: X25519PrivateKey | None = sealer.wrap_keys.transport_private(row.sealed_to_key or b"")
    if private is None or row.sealed is None:
        return None
    try:
        key = _SUITE.decrypt(sealer.open(row.sealed, purpose=PURPOSE), private, _info(me))
    except (SealBroken, InvalidTag, ValueError):
        return None
    return key if wrap_key_id(key) == row.key_id else None


def _info(machine: ServerMachine) -> bytes:
    return b"menjin/wrap-key-copy/1\0" + machine.machine_id.encode()
