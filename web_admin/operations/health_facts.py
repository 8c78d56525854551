"""Gather the facts of health in a fixed number of queries, for any number of gates, people and events."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from web_admin.accounts.staff import last_review, review_due_at
from web_admin.compound.models import Gate, Site
from web_admin.core.backup_files import is_backup
from web_admin.core.config import WebConfig
from web_admin.core.database import sqlite_file
from web_admin.core.health_models import ServerMark
from web_admin.custody.key_rotation import rotation_due_since
from web_admin.custody.machine_keys import machines
from web_admin.custody.models import GateFaceRow, ServerMachine
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import OutboxMessage
from web_admin.messages.outbox import backlog
from web_admin.operations.gate_health import GateHealth, gate_health
from web_admin.operations.health import ServerFacts
from web_admin.operations.marks import BACKUP, CERTIFICATE, HOUSEKEEPING, certificate_since, certificate_until
from web_admin.privacy.audits import audit_due

TIME_SERVER_FOLLOWED = Path("/run/systemd/timesync/synchronized")
TIME_SERVICE = Path("/run/systemd/timesync")
SILENT_AFTER = timedelta(minutes=5)


def server_facts(session: Session, config: WebConfig, site: Site, now: datetime) -> ServerFacts:
    """Ask database and disk."""
    disk = _worst_disk(session, config, now)
    every_machine = machines(session)
    marks = {row.name: row for row in session.scalars(select(ServerMark))}
    house, certificate = marks.get(HOUSEKEEPING), marks.get(CERTIFICATE)
    waiting, since = backlog(session)
    failed = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.state == "failed")
    newest = select(AuditEntry.at).where(AuditEntry.site_id == site.site_id)
    return ServerFacts(
        disk_free=disk.free,
        disk_total=disk.total,
        disk_machine=disk.machine,
        machines=len(every_machine),
        silent_machines=tuple(one.name for one in every_machine if is_silent(one, now)),
        database_bytes=database_bytes(session, config),
        backup_at=newest_backup(config, marks.get(BACKUP)),
        housekeeping_at=house.at if house is not None else None,
        housekeeping_failed=house.note if house is not None else "",
        outbox_waiting=waiting,
        outbox_since=since,
        outbox_failed=session.scalar(failed) or 0,
        newest_entry_at=session.scalar(newest.order_by(AuditEntry.seq.desc()).limit(1)),
        clock_synchronised=_clocks_follow(every_machine, now),
        https=config.is_https,
        certificate_note=certificate.note if certificate is not None else "",
        certificate_until=certificate_until(certificate.note) if certificate is not None else None,
        certificate_since=certificate_since(certificate.note) if certificate is not None else None,
        key_waits_since=rotation_due_since(session),
        review_due_at=review_due_at(last_review(session, site.site_id), site.created_at),
        audit=audit_due(session, site, now),
        site_since=site.created_at,
    )


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of a machine with the smallest free share; `machine` is "" where there is one alone."""

    free: int
    total: int
    machine: str = ""


def _worst_disk(session: Session, config: WebConfig, now: datetime) -> Disk:
    """Return this machine's disk, or that of another machine over this database which has less room."""
    own = shutil.disk_usage(config.data_dir)
    others = [
        Disk(one.disk_free_mib << 20, one.disk_total_mib << 20, one.name)
        for one in machines(session)
        if one.disk_free_mib is not None and one.disk_total_mib and not is_silent(one, now)
    ]
    return min([Disk(own.free, own.total), *others], key=lambda disk: disk.free / max(disk.total, 1))


def is_silent(machine: ServerMachine, now: datetime) -> bool:
    """Return whether a machine has said for minutes no more that it runs."""
    return machine.seen_at < now - SILENT_AFTER


def clock_follows() -> bool | None:
    """Return whether the clock of this machine follows a time server, None where that is not known."""
    return TIME_SERVER_FOLLOWED.exists() if TIME_SERVICE.exists() else None


def _clocks_follow(every_machine: Sequence[ServerMachine], now: datetime) -> bool | None:
    said = {clock_follows(), *(one.clock_synchronised for one in every_machine if not is_silent(one, now))}
    return False if False in said else True if True in said else None


def database_bytes(session: Session, config: WebConfig) -> int:
    """Return the size of the records on disk."""
    path = sqlite_file(config.database_url)
    if path is not None:
        files = [path, path.with_name(path.name + "-wal")]
        return sum(file.stat().st_size for file in files if file.is_file())
    return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def newest_backup(config: WebConfig, made: ServerMark | None) -> datetime | None:
    """Return when a backup was last made: by the command, or as the newest file in its folder says."""
    zone = None if made is None else made.at.tzinfo
    found = [made.at] if made is not None else []
    for path in _files(config.backup_dir):
        if is_backup(path):
            found.append(datetime.fromtimestamp(path.stat().st_mtime).astimezone(zone))
    return max(found, default=None)


def _files(folder: Path | None) -> Iterator[Path]:
    if folder is not None and folder.is_dir():
        yield from (path for path in folder.iterdir() if path.is_file())


def gates_health(session: Session, site: Site, now: datetime) -> list[GateHealth]:
    """Judge every gate that is not retired, the worst first."""
    gates = session.scalars(
        select(Gate).where(Gate.site_id == site.site_id, Gate.state != "retired").order_by(Gate.number)
    ).all()
    tampered = set(session.scalars(select(GateFaceRow.gate_id).where(GateFaceRow.tampered_at.is_not(None))))
    judged = [gate_health(gate, gate.gate_id in tampered, now) for gate in gates]
    return sorted(judged, key=lambda one: ("bad", "look", "unknown", "good").index(one.level))
