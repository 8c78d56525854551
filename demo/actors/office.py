"""Act as the property office: the actions behind the manager's pages, on the server's own database.

A process beside the server, as `menjin web` commands are; it also reads the list of events.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_babel import Babel
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin import create_core
from web_admin.action.base import Action, new_action
from web_admin.alarms.actions import acknowledge_alarm
from web_admin.alarms.models import Alarm
from web_admin.alarms.queries import waiting_where
from web_admin.compound.models import Gate, Site
from web_admin.core.config import load_config
from web_admin.core.database import Database, Menjin
from web_admin.core.limit_counts import LimitCounts
from web_admin.custody.models import FaceShare
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import GateEvent

OFFICE = "demo-office"


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An entry of the server's list of events."""

    kind: str
    lane_id: str | None
    person_id: str | None
    reason: str
    opens: bool


@dataclass(frozen=True, slots=True)
class GateStatus:
    """State of a gate as the server last received it."""

    have: tuple[int, int]
    last_seen_at: datetime | None
    devices_ok: frozenset[str]
    published_version: int


class Office:
    """Acts as the manager on the server that keeps its data in `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        """Open the database; raise ConfigRefused when there is no server."""
        self.app: Flask = create_core(load_config({}, data_dir), clock=lambda: datetime.now(UTC))
        Babel(self.app, default_locale="en")
        self._menjin: Menjin = self.app.extensions["menjin"]
        self.database: Database = self._menjin.database
        with self.database.session() as session:
            self.site_id: str = session.scalars(select(Site.site_id)).one()

    def close(self) -> None:
        self.database.engine.dispose()

    @contextmanager
    def act(self) -> Iterator[Action]:
        """Yield an action of the manager, now, in one transaction."""
        with self.app.test_request_context(), self.database.session() as session:
            yield new_action(self._menjin, session, self.site_id, OFFICE, "manager")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading; it does not block writers."""
        with self.database.snapshot() as session:
            yield session

    def forget_counts(self) -> None:
        """Forget how often anything was tried, so that a measurement may go on."""
        LimitCounts(self.database, self._menjin.sealer).reset()

    def acknowledge_alarms(self, note: str) -> None:
        """Acknowledge every alarm that waits, the silent ones too."""
        with self.act() as act:
            waiting = select(Alarm).where(*waiting_where(self.site_id, with_silent=True))
            for alarm in act.session.scalars(waiting):
                acknowledge_alarm(act, alarm, note)

    # -- what the server knows ---------------------------------------------------------------------

    def status(self, gate_id: str) -> GateStatus:
        """Return the newest status that the server has of a gate."""
        with self.read() as session:
            gate = session.get_one(Gate, gate_id)
            ok = frozenset(str(state["device"]) for state in gate.device_states if state["health"] == "ok")
            return GateStatus(
                (gate.have_epoch, gate.have_version), gate.last_seen_at, ok, gate.published_version
            )

    def policy(self) -> tuple[int, int]:
        """Return the site's epoch and newest version."""
        with self.read() as session:
            site = session.get_one(Site, self.site_id)
            return site.epoch, site.version

    def events(self, gate_id: str, after_seq: int) -> list[ListedEvent]:
        """Return a gate's entries in the server's list after one of its journal's numbers."""
        with self.read() as session:
            rows = session.scalars(
                select(GateEvent)
                .where(GateEvent.gate_id == gate_id, GateEvent.seq > after_seq)
                .order_by(GateEvent.seq)
            )
            return [
                ListedEvent(
                    row.kind,
                    row.lane_id,
                    row.person_id,
                    str(row.facts.get("reason", "")),
                    bool(row.facts.get("opens", False)),
                )
                for row in rows
            ]

    def has_share(self, person_id: str, gate_id: str) -> bool:
        """Return whether the server holds its half of a face's key."""
        with self.read() as session:
            share = session.get(FaceShare, (person_id, gate_id))
            return share is not None and share.share_sealed is not None

    def waiting_pairing(self, gate_id: str) -> tuple[str, str] | None:
        """Return the number and the sixteen characters of a controller that waits to be paired."""
        with self.read() as session:
            attempt = session.scalar(
                select(PairAttempt).where(PairAttempt.gate_id == gate_id, PairAttempt.state == "waiting")
            )
            return (attempt.pair_id, attempt.phrase or "") if attempt is not None else None
