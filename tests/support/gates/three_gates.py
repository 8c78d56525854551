"""A server and three gates on real files and real HTTP, with every clock in the test's hand.

Everything that decides about faces is the product: acts, tables, sync API, signed requests, stores,
journals, keepers, face services. The gates' relays and readers are left out, for no face depends on them.
"""

import base64
import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import FaceRecord
from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs, open_face_file
from gate_controller.face_control.results import FaceResult
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.lane.status import GateStatus
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskState
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from gate_controller.sync.bell import GateBell
from gate_controller.sync.client import SyncClient
from gate_controller.sync.link import ServerLink
from gate_controller.sync.numbers import NumbersFile
from tests.support.acting import ALL_METHODS, NOTICE, add_live_lane, manager, pair
from tests.support.compounds.assessments import assess
from tests.support.compounds.with_gates import sync_app
from tests.support.faces.marked import AlwaysLive, MarkedCamera, MarkedEngine
from web_admin.action.base import Action
from web_admin.compound.keys import create_site
from web_admin.compound.models import Person, Site
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import FACE_SHARE_PURPOSE, Sealer
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import FaceLook, FaceShare
from web_admin.custody.shares import FACE_PURPOSE, live_face_consents
from web_admin.face.actions import enable_face
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.operations.backup import write_backup
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home
from web_admin.policy.effects import PolicyEffects
from web_admin.tables import METADATA

GATES = ("north", "south", "east")
PEOPLE = ("Chen", "Lin", "Ma")
PASSPHRASE = "an invented passphrase of the backups"


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object, **_more: object) -> None:
        pass


@dataclass
class Town:
    """The server: its files, its clock, its people; and every share it ever made."""

    folder: Path
    now: datetime
    shares: set[bytes] = field(default_factory=set)
    backups: int = 0

    def __post_init__(self) -> None:
        self.files = self.folder / "server"
        self.files.mkdir(parents=True)
        # Everything that server and gates say, at the most talkative level, is searched like the rest.
        self._log = logging.FileHandler(self.files / "menjin.log")
        self._level = logging.getLogger().level
        logging.getLogger().addHandler(self._log)
        logging.getLogger().setLevel(logging.DEBUG)
        self.keys = self.folder / "server-keys"
        self.keys.mkdir()
        self.database = Database(make_engine(f"sqlite:///{self.files / 'menjin.sqlite3'}"))
        METADATA.create_all(self.database.engine)
        key = b"k" * 32
        self.config = WebConfig(
            database_url=f"sqlite:///{self.files / 'menjin.sqlite3'}",
            data_dir=self.files,
            secrets_dir=self.keys,
            public_url="http://127.0.0.1",
            seal_key=key,
            lookup_key=key,
            face_key=key,
            session_key=key,
            totp_key=key,
            password_salt=key,
        )
        self.sealer = Sealer(b"s" * 32, b"l" * 32, b"f" * 32)
        with self.database.session() as session:
            self.site_id = create_site(
                session, self.sealer, "Court", "Asia/Shanghai", "en", "phrase", self.now
            )[0].site_id
            self.root = session.get_one(Site, self.site_id).root_public_key
            self.gate_keys = self._furnish(self.act_on(session))
        app = sync_app(
            Menjin(self.config, self.database, self.sealer, lambda: self.now, PolicyEffects(self.sealer))
        )
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, app, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), name="server")
        self._thread.start()

    def _furnish(self, act: Action) -> dict[str, Ed25519PrivateKey]:
        keys = {}
        for gate_id in GATES:
            add_gate(act, gate_id, gate_id.title())
            methods = tuple(method for method in ALL_METHODS if method != "face")
            add_live_lane(act, gate_id, LaneSpec(f"{gate_id}-in", "In", "in", methods))
            keys[gate_id] = pair(act, gate_id)
        home = add_home(act, "3-1203")
        self.person_ids = []
        for number, name in enumerate(PEOPLE, 1):
            person = add_person(act, display_name=name, home_id=home.home_id)
            issue_card(act, person.person_id, number)
            self.person_ids.append(person.person_id)
        publish_notice(act, FACE_PURPOSE, NOTICE)
        assess(act)
        enable_face(act)
        for gate_id in GATES:
            save_lane(act, gate_id, LaneSpec(f"{gate_id}-in", "In", "in", ALL_METHODS))
        return keys

    def act_on(self, session: Session) -> Action:
        return manager(session, self.sealer, self.site_id, self.now)

    def do(self, doing: Callable[[Action], object]) -> bool:
        """Do one action; return whether the rules allowed it."""
        try:
            with self.database.session() as session:
                doing(self.act_on(session))
        except ActionRefused:
            return False
        finally:
            self._note_shares()
        return True

    def _note_shares(self) -> None:
        with self.database.session() as session:
            for share in session.scalars(select(FaceShare)):
                self.shares.add(self.sealer.open(share.share_sealed, purpose=FACE_SHARE_PURPOSE))

    def live(self) -> dict[str, str]:
        """Return the present consent ids by person."""
        with self.database.session() as session:
            of_people = live_face_consents(session, self.site_id)
            return {p: c for p, c in of_people.items() if session.get_one(Person, p).ended_at is None}

    def looks(self, gate_id: str, *, dropped: bool) -> dict[str, str]:
        """Return the looks that the server knows of at a gate, with their consents."""
        is_dropped = FaceLook.dropped_at.is_not(None) if dropped else FaceLook.dropped_at.is_(None)
        with self.database.session() as session:
            rows = session.scalars(select(FaceLook).where(FaceLook.gate_id == gate_id, is_dropped))
            return {row.look_id: row.consent_id for row in rows}

    def back_up(self) -> None:
        """Write a backup as the command does, and copy the files as a careless operator does."""
        self.backups += 1
        folder = self.files / "backups"
        folder.mkdir(exist_ok=True)
        write_backup(self.database, self.config, PASSPHRASE, folder / f"{self.backups}.menjin", self.now)
        shutil.copy(self.files / "menjin.sqlite3", folder / f"{self.backups}.sqlite3")

    def close(self) -> None:
        logging.getLogger().removeHandler(self._log)
        logging.getLogger().setLevel(self._level)
        self._log.close()
        self.server.shutdown()
        self._thread.join(10)
        self.server.server_close()
        self.database.engine.dispose()


@dataclass
class TownGate:
    """One gate: its disk, its two clocks, and what it was lent at its last question."""

    town: Town
    gate_id: str
    folder: Path
    boot_seconds: float = 50.0
    wall_ahead: timedelta = timedelta(0)
    secret: bytes = b""

    def __post_init__(self) -> None:
        self.files = self.folder / "data"
        self.files.mkdir(parents=True, exist_ok=True)
        self.secret = self.secret or self.gate_id.encode().ljust(32, b"~")
        self.camera = MarkedCamera()
        self.start()

    def start(self) -> None:
        """Start as after a power cut: what was in memory is gone, the boot clock begins again."""
        now = self.town.now
        identity = GateIdentity(self.town.site_id, self.gate_id, self.town.root)
        key = self.town.gate_keys[self.gate_id]
        self.store = PolicyStore(self.files / "policy.sqlite3", identity, now)
        self.journal = Journal(self.files / "journal.sqlite3", now)
        self.connection = open_face_file(self.files / "faces.sqlite3", now)
        self.blobs = SqliteFaceBlobs(self.connection)
        clock = GateClock(
            lambda: self.town.now + self.wall_ahead,
            lambda: self.boot_seconds,
            floor=None,
            is_battery_backed=True,
        )
        self.service = FaceService(
            engine_loader=MarkedEngine,
            blobs=self.blobs,
            gate_secret=self.secret,
            site_id=self.town.site_id,
            gate_id=self.gate_id,
            camera=self.camera,
            boot_seconds=lambda: self.boot_seconds,
            make_liveness=AlwaysLive,
        )
        self.service.start_loading()
        assert self.service.wait_until_ready(20)
        mark = TamperMark(self.files / "tampered")
        self.keeper = FaceKeeper(self.service, self.store, self.journal, clock, identity, key, mark)
        self.roster: dict[str, FaceRecord] = {}
        snapshot = self.store.load()
        if snapshot is not None:
            self.roster = dict(snapshot.face_roster)
            self.keeper.settle(self.roster)
        nudge = threading.Event()
        self.sync = SyncClient(
            ServerLink(self.town.url, None, self.gate_id, key, self.store.next_counter),
            identity,
            key,
            self.store,
            self.journal,
            clock,
            self.keeper,
            lambda: self.boot_seconds,
            lambda: GateStatus((), ()),
            self._take,
            nudge,
            self.roster,
            "0.2.0",
            lambda: DiskState(5 * 2**30, 8 * 2**30, reserve_in_use=False),
            NumbersFile(None),
            GateBell(self.town.site_id, self.gate_id, None, clock.monotonic_seconds, nudge.set),
        )

    def _take(self, news: object) -> None:
        snapshot = getattr(news, "snapshot", None)
        if snapshot is not None:
            self.roster = dict(snapshot.face_roster)

    def talk(self) -> None:
        """Do what a turn with the server does."""
        self.keeper.drop_ended_leases()
        self.sync.ask()
        self.sync.delivery.push_events()
        self.sync.delivery.push_receipts()

    def capability(self) -> CameraCapability:
        return CameraCapability(lifetime_seconds=20, boot_seconds=lambda: self.boot_seconds)

    def enrol(self, number: int) -> FaceResult:
        """Put a person who has shown their card before the camera."""
        person_id = self.town.person_ids[number]
        self.camera.show(number)
        consent_id = self.roster[person_id].consent_id if person_id in self.roster else "none"
        result = self.service.enrol(person_id, consent_id, self.capability())
        if result.ok:
            looks = " ".join(result.look_ids)
            whose: Facts = {"person_id": person_id, "consent_id": consent_id, "look_ids": looks}
            self.journal.append(EventKind.FACE_ENROLLED, {"lane_id": "in"}, whose, self.town.now)
        return result

    def take_back(self, number: int) -> None:
        """Take a face back as its person does at the screen; the office reads of it with the next events."""
        person_id = self.town.person_ids[number]
        consent_id = self.roster.pop(person_id).consent_id
        facts: Facts = {
            "lane_id": "in",
            "answer": "withdraw",
            "notice_version": 0,
            "notice_sha256": "",
            "language": "en",
            "shown_by": "card",
        }
        whose: Facts = {"person_id": person_id, "consent_id": consent_id}
        self.journal.append(EventKind.FACE_ANSWER, facts, whose, self.town.now)
        self.keeper.withdraw(person_id, consent_id)

    def look_ids(self) -> set[str]:
        """Return the ids of all looks on this gate's disk."""
        return {look for person_id in self.blobs.person_ids() for look in self.service.look_ids(person_id)}

    def opens_for(self, number: int) -> bool:
        """Return whether this person is recognised."""
        self.camera.show(number)
        return self.service.recognise(self.town.person_ids, self.capability()).ok

    def close(self) -> None:
        self.sync._link.close()
        self.store.close()
        self.journal.close()
        self.connection.close()

    def power_cut(self) -> None:
        self.close()
        self.boot_seconds = 50.0
        self.start()


def bytes_under(folder: Path) -> bytes:
    """Return what every file below a folder holds, WAL and all."""
    return b"\0\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def forms_of(secret: bytes) -> tuple[bytes, ...]:
    """Return the ways in which 32 bytes could lie in a file."""
    return (secret, base64.b64encode(secret)[:42], secret.hex().encode(), secret.hex().upper().encode())
