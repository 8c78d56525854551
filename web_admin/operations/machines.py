"""Machines over one PostgreSQL: each has a name, says every few seconds that it runs, and passes keys on.

A database on SQLite has one machine and no row of it. The first machine that runs over an empty list enters
itself; every other one comes by `menjin web join`.
"""

import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.program import program_version
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin
from web_admin.core.machine_identity import Identity, new_name, read_identity, write_identity
from web_admin.core.refusal import N_
from web_admin.core.sealing import Sealer
from web_admin.core.single_process import one_at_a_time
from web_admin.custody.key_rotation import ask_for_rotation, key_for_sealing, settle_wrap_keys
from web_admin.custody.machine_keys import (
    MachineRefused,
    machines,
    note_held,
    offer_copies,
    take_copies,
    this_machine,
)
from web_admin.custody.models import ServerMachine, WrapKeyCopy, WrapKeyRow
from web_admin.operations.health_facts import clock_follows

EVERY_SECONDS = 3.0
JOIN_WITHIN_SECONDS = 60.0
NAME_CHARS = 60
MIB = 1024 * 1024

_log = logging.getLogger(__name__)


def enter(menjin: Menjin, now: datetime) -> str | None:
    """Give this machine its place among those of the database; return its name, None on SQLite.

    Raises MachineRefused for a machine that is not on the list, and for a copy of one that is.
    """
    if menjin.database.engine.dialect.name != "postgresql":
        return None
    folder, keys = menjin.config.secrets_dir, menjin.sealer.wrap_keys
    with one_at_a_time(menjin.database, "machines"), menjin.database.session() as session:
        identity = read_identity(folder)  # in turn: another process of this machine may just have written it
        known = machines(session)
        if not known:
            run = new_name()
            identity = Identity(identity.machine_id if identity else new_name(), run, run)
            write_identity(folder, identity)
            row = _row(identity, machine_name(), keys.transport_public(), now)
            session.add(row)
        else:
            row = _known_row(session, identity, [one.name for one in known])
            assert identity is not None  # noqa: S101 - a row was found by it
            identity = Identity(identity.machine_id, row.run, new_name())
            write_identity(folder, identity)
            row.run, row.seen_at = identity.next_run, now
        session.flush()
        note_held(session, menjin.sealer, row.machine_id, now)
        return row.name


def _known_row(session: Session, identity: Identity | None, names: list[str]) -> ServerMachine:
    row = session.get(ServerMachine, identity.machine_id) if identity is not None else None
    if row is None:
        raise MachineRefused(
            N_(
                "this database is served by %(names)s, and this machine is not one of them. Set "
                "it up with '%(command)s'; if secrets are copied by hand, keys of deleted faces "
                "may survive"
            ),
            names=", ".join(names),
            command=server_command("join BACKUP"),
        )
    if identity is None or row.run not in identity.runs:
        raise MachineRefused(
            N_(
                "the secrets here are a copy of those of %(name)s, which has been started elsewhere since. "
                "Set this machine up with '%(command)s' in an empty folder, and delete the copy"
            ),
            name=row.name,
            command=server_command("join BACKUP"),
        )
    return row


def machine_name() -> str:
    return socket.gethostname()[:NAME_CHARS] or "server"


def _row(identity: Identity, name: str, transport_key: bytes, now: datetime) -> ServerMachine:
    return ServerMachine(
        machine_id=identity.machine_id,
        name=name,
        run=identity.next_run,
        transport_key=transport_key,
        joined_at=now,
        seen_at=now,
        program=program_version(),
    )


def join(
    database: Database,
    sealer: Sealer,
    name: str,
    clock: Callable[[], datetime],
    within_seconds: float = JOIN_WITHIN_SECONDS,
) -> None:
    """Enter another machine, and wait until a running one has passed the wrapping key on to it.

    Raises MachineRefused where the name is taken or no machine answers; then the list is as before.
    """
    folder = sealer.wrap_keys.folder
    if database.engine.dialect.name != "postgresql" or folder is None:
        raise MachineRefused(N_("several machines need PostgreSQL: an SQLite file is served by one"))
    run = new_name()
    identity = Identity(new_name(), run, run)
    with one_at_a_time(database, "machines"), database.session() as session:
        names = [one.name for one in machines(session)]
        if not names:
            raise MachineRefused(N_("no machine serves this database yet: start the first one, then join"))
        if name in names:
            raise MachineRefused(N_("there is a machine %(name)s already: give another --name"), name=name)
        write_identity(folder, identity)
        session.add(_row(identity, name, sealer.wrap_keys.transport_public(), clock()))
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        with sealer.wrap_keys.lock():
            take_copies(database, sealer, clock())
            settle_wrap_keys(database, sealer, clock())
        if _has_key_in_use(database, sealer):
            return
        threading.Event().wait(0.5)
    forget(database, sealer, name, clock())
    raise MachineRefused(
        N_(
            "no running machine has passed the key on within %(seconds)s seconds: start one of %(names)s, "
            "then join again"
        ),
        seconds=f"{within_seconds:.0f}",
        names=", ".join(names),
    )


def _has_key_in_use(database: Database, sealer: Sealer) -> bool:
    with database.session() as session:
        live = session.scalar(select(WrapKeyRow.key_id).where(WrapKeyRow.state == "live"))
    return live is not None and sealer.wrap_keys.current_id == live


def machine_trouble(session: Session, menjin: Menjin) -> str | None:
    """Return why this machine should get no requests now: it is a copy, was taken out, or waits for a key."""
    try:
        me = this_machine(session, menjin.sealer)
        if me is None:
            return None
        _refuse_a_copy(me, menjin.config)
    except MachineRefused:
        return "machine"
    live = session.scalar(select(WrapKeyRow.key_id).where(WrapKeyRow.state == "live"))
    return "keys" if live is not None and menjin.sealer.wrap_keys.key(live) is None else None


def forget(database: Database, sealer: Sealer, name: str, now: datetime) -> bool:
    """Take a machine out; return whether it was there.

    The wrapping key is to be changed then. A machine that takes itself out overwrites its keys; of another
    one's keys that it did not say were destroyed a certificate says so.
    """
    with one_at_a_time(database, "machines"), database.session() as session:
        row = session.scalars(select(ServerMachine).where(ServerMachine.name == name)).one_or_none()
        if row is None:
            return False
        identity = read_identity(sealer.wrap_keys.folder)
        is_this = identity is not None and identity.machine_id == row.machine_id
        if is_this:
            sealer.wrap_keys.overwrite_all()
        had = select(WrapKeyCopy).where(
            WrapKeyCopy.machine_id == row.machine_id, WrapKeyCopy.state != "destroyed"
        )
        for copy in session.scalars(had):
            copy.state, copy.sealed, copy.changed_at = "destroyed" if is_this else "lost", None, now
        session.delete(row)
        session.flush()
        if not is_this:
            ask_for_rotation(session, now)
    if not is_this:
        with sealer.wrap_keys.lock():
            settle_wrap_keys(database, sealer, now)
    return True


# -- while it runs ---------------------------------------------------------------------------------


def beat(menjin: Menjin, now: datetime) -> None:
    """Say that this machine runs, take the keys that were sent to it, and pass on those that others lack."""
    with menjin.database.session() as session:
        me = this_machine(session, menjin.sealer)
        if me is None:
            return
        _refuse_a_copy(me, menjin.config)
        disk = shutil.disk_usage(menjin.config.data_dir)
        me.seen_at, me.program, me.clock_synchronised = now, program_version(), clock_follows()
        me.disk_free_mib, me.disk_total_mib = disk.free // MIB, disk.total // MIB
    with menjin.sealer.wrap_keys.lock():
        take_copies(menjin.database, menjin.sealer, now)
        if _waits_to_settle(menjin):
            settle_wrap_keys(menjin.database, menjin.sealer, now)
        with menjin.database.session() as session:
            me = this_machine(session, menjin.sealer)
            if me is None or len(machines(session)) == 1:
                return
            if session.scalars(select(WrapKeyRow).where(WrapKeyRow.state == "live")).first() is None:
                key_for_sealing(session, menjin.sealer, now)
            offer_copies(session, menjin.sealer, me, now)


def _refuse_a_copy(me: ServerMachine, config: WebConfig) -> None:
    identity = read_identity(config.secrets_dir)
    if identity is None or me.run not in identity.runs:
        raise MachineRefused(N_("a copy of the secrets of %(name)s was started elsewhere"), name=me.name)


def _waits_to_settle(menjin: Menjin) -> bool:
    """Return whether a key here is to take its place or to go."""
    with menjin.database.session() as session:
        rows = session.execute(
            select(WrapKeyRow.key_id, WrapKeyRow.state).where(WrapKeyRow.state.in_(("live", "retired")))
        ).all()
    keys = menjin.sealer.wrap_keys
    states = dict(rows)
    return "retired" in states.values() or (keys.next_id is not None and states.get(keys.next_id) == "live")
