"""One gate without threads: the product's parts over simulated metal, driven message by message.

What `assemble` puts together is put together here in the same order, with relays, camera and clocks of
the world. The loop of the controller and the turn of the sync thread are called where a real gate's
threads would run them.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.assembly.stored_state import last_good_policy, report_damage, stored_keys
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from gate_controller.control.controller import Controller
from gate_controller.control.messages import Message
from gate_controller.control.parts import GateParts
from gate_controller.control.recorder import Recorder
from gate_controller.control.screens import Screens
from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs, open_face_file
from gate_controller.face.sessions import FaceDesk
from gate_controller.face_control.results import FaceResult
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.lane.camera_codes import CodeLooks
from gate_controller.lane.camera_lease import CameraLeases
from gate_controller.lane.device_watch import DeviceWatch
from gate_controller.lane.lost_readers import LostReaders
from gate_controller.lane.memory import LaneMemory, Wire
from gate_controller.lane.state import LaneDesk
from gate_controller.lane.status import GateStatus
from gate_controller.site_file.face import FaceSection
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskState
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from gate_controller.sync.bell import GateBell
from gate_controller.sync.calls import CallReports
from gate_controller.sync.client import SyncClient
from gate_controller.sync.link import ServerLink
from gate_controller.sync.numbers import NumbersFile
from hardware.interfaces import InputKind
from tests.support.faces.marked import AlwaysLive, MarkedCamera, MarkedEngine
from tests.world.disk import GateDisk
from tests.world.network import Network
from tests.world.network import Wire as NetworkWire

LONGEST_PULSE_SECONDS = 30.0
ROOMY = DiskState(5 * 2**30, 8 * 2**30, reserve_in_use=False)
OF_NETWORKS = ("ConnectionError", "ReadTimeout")
"""The other faults of a turn are refusals of the server, with their words after a colon."""
WIRES = (InputKind.EXIT_BUTTON, InputKind.DOOR_OPEN, InputKind.TAMPER)


@dataclass(frozen=True)
class Pulse:
    """One "on" that left for a lock."""

    at: datetime
    lane_id: str
    holds: bool
    journal_seq: int
    """How far the journal on the disk was at that moment."""


class Lock:
    """A relay that keeps what it was ordered."""

    name = "lock"
    longest_pulse_seconds = LONGEST_PULSE_SECONDS

    def __init__(self, lane_id: str, now: Callable[[], datetime], journal_seq: Callable[[], int]) -> None:
        """Begin at rest."""
        self._lane_id = lane_id
        self._now = now
        self._journal_seq = journal_seq
        self._until: datetime | None = None
        self.pulses: list[Pulse] = []

    @property
    def is_on(self) -> bool:
        """Return whether it is released now."""
        return self._until is not None and self._now() < self._until

    def open(self) -> None:
        """Reach the board: at rest."""
        self._until = None

    def pulse(self, seconds: float, *, holds: bool = False) -> int:
        """Release the lock."""
        self._until = self._now() + timedelta(seconds=seconds)
        self.pulses.append(Pulse(self._now(), self._lane_id, holds, self._journal_seq()))
        return 0

    def rest(self) -> None:
        """Shut the lock."""
        self._until = None

    def close(self) -> None:
        """Shut the lock."""
        self._until = None


class CountedCamera(MarkedCamera):
    """A camera that counts how often it was opened."""

    opened = 0

    def open(self) -> None:
        """Open it."""
        self.opened += 1
        super().open()


class AtOnce(Executor):
    """A worker that does its work where it is given it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do the work now."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Inbox(list[Message]):
    """The queue of a controller that no thread waits at."""

    def put(self, message: Message) -> None:
        """Add a message."""
        self.append(message)


class WatchedSync(SyncClient):
    """The product's client, which keeps why turns failed: a client outlives its own faults."""

    def _link_is(self, online: bool, detail: str = "") -> None:
        self._details = [*getattr(self, "_details", []), *([] if online else [detail])]
        super()._link_is(online, detail)

    def faults(self) -> list[str]:
        """Return the names of exceptions that no network explains, since the last call."""
        details, self._details = getattr(self, "_details", []), []
        return [one for one in details if one not in OF_NETWORKS and ":" not in one]


@dataclass
class GateSecrets:
    """What a gate got when it was paired, and keeps outside its databases."""

    identity: GateIdentity
    key: Ed25519PrivateKey
    card_key: bytes
    pin_key: bytes
    face_secret: bytes


class WorldGate:
    """One gate over all its lives."""

    def __init__(
        self,
        secrets: GateSecrets,
        lanes: tuple[str, ...],
        disk: GateDisk,
        now: Callable[[], datetime],
        network: Network,
    ) -> None:
        """Remember the parts of the world; `start` begins a life."""
        self.gate_id = secrets.identity.gate_id
        self.secrets = secrets
        self.lanes = lanes
        self.disk = disk
        self._now = now
        self._network = network
        self.wall_ahead = timedelta(0)
        self.lives = 0
        self._started_at = now()
        self.locks: dict[str, Lock] = {}
        self.camera = CountedCamera()

    # -- its clocks ------------------------------------------------------------------------------

    def wall(self) -> datetime:
        """Return what the gate's own clock shows."""
        return self._now() + self.wall_ahead

    def boot_seconds(self) -> float:
        """Return seconds since this life began."""
        # In 1024ths: the clock stands still while a lease is taken, so what is added has to come off whole.
        return 50.0 + int((self._now() - self._started_at).total_seconds() * 1024) / 1024

    # -- its lives -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a life from what the disk holds."""
        self.lives += 1
        self._started_at = self._now()
        files, secrets, now = self.disk.files, self.secrets, self.wall()
        self.journal = Journal(files / "journal.sqlite3", now)
        self.store = PolicyStore(files / "policy.sqlite3", secrets.identity, now)
        self.lane_memory = LaneMemory(files / "lanes.sqlite3", now)
        snapshot = last_good_policy(self.store)
        floor = max((t for t in (self.journal.last_at, self.store.issued_at) if t is not None), default=None)
        self.clock = GateClock(self.wall, self.boot_seconds, floor=floor, is_battery_backed=True)
        self.inbox = Inbox()
        self._make_face(files, now)
        report_damage(self.journal, self.store, self.lane_memory, self.clock.now())
        if snapshot is not None:
            self.lane_memory.keep_only(snapshot.policy.persons.keys())
            self.keeper.settle(snapshot.face_roster)
        self._make_sync(snapshot.face_roster if snapshot is not None else {})
        self.controller = self._make_controller(snapshot)
        for lock in self.locks.values():
            lock.open()
        self._recorder.record(EventKind.STARTED, {"policy": snapshot is not None}, {})
        if snapshot is not None:
            self.controller._pin_stops.policy_taken(snapshot.policy)

    def _make_face(self, files: Path, now: datetime) -> None:
        self._face_file = open_face_file(files / "faces.sqlite3", now)
        self.blobs = SqliteFaceBlobs(self._face_file)
        identity = self.secrets.identity
        self.service = FaceService(
            engine_loader=MarkedEngine,
            blobs=self.blobs,
            gate_secret=self.secrets.face_secret,
            site_id=identity.site_id,
            gate_id=identity.gate_id,
            camera=self.camera,
            boot_seconds=self.boot_seconds,
            make_liveness=AlwaysLive,
        )
        self.service._load()
        mark = TamperMark(files / "tampered")
        self.keeper = FaceKeeper(
            self.service, self.store, self.journal, self.clock, identity, self.secrets.key, mark
        )

    def _make_sync(self, roster: Any) -> None:
        link = ServerLink(
            "https://menjin.example", None, self.gate_id, self.secrets.key, self.store.next_counter
        )
        link._session = NetworkWire(self._network)  # type: ignore[assignment]  # what `requests` would be
        identity, nudge = self.secrets.identity, threading.Event()
        self.sync = WatchedSync(
            link,
            identity,
            self.secrets.key,
            self.store,
            self.journal,
            self.clock,
            self.keeper,
            self.boot_seconds,
            self._status,
            self.inbox.put,
            nudge,
            roster,
            "0.2.0",
            lambda: ROOMY,
            NumbersFile(None),
            GateBell(identity.site_id, self.gate_id, None, self.clock.monotonic_seconds, nudge.set),
        )

    def _status(self) -> GateStatus:
        return self.controller.status()

    def _make_controller(self, snapshot: Any) -> Controller:
        secrets, at_once = self.secrets, AtOnce()
        faces = FaceDesk(
            self.service,
            dict.fromkeys(self.lanes, self.camera),
            dict.fromkeys(self.lanes, at_once),
            self.boot_seconds,
            self.inbox.put,
            FaceSection(enabled=True),
        )

        def tampered(contacts: Any) -> None:
            self.keeper.tampered(contacts)

        watch = DeviceWatch(self.clock, self.lane_memory, tampered)
        self._recorder = Recorder(self.journal, self.clock, lambda: None)
        watch.settle(
            {Wire(lane, kind.value, "board:1") for lane in self.lanes for kind in WIRES},
            self._recorder.record,
        )
        for lane_id in self.lanes:
            kept = self.locks[lane_id].pulses if lane_id in self.locks else []
            self.locks[lane_id] = Lock(lane_id, self._now, lambda: self.journal.head[0])
            self.locks[lane_id].pulses = kept
        takes = {
            lane_id: {
                Method.CARD: {f"card-{lane_id}"},
                Method.PIN: {f"keys-{lane_id}"},
                Method.QR: {f"scan-{lane_id}"},
            }
            for lane_id in self.lanes
        }
        parts = GateParts(
            store=self.store,
            desks={lane_id: LaneDesk(lane_id) for lane_id in self.lanes},
            relays=dict(self.locks),
            never_held=frozenset(),
            lane_of_device={
                f"{kind}-{lane_id}": lane_id for lane_id in self.lanes for kind in ("card", "keys", "scan")
            },
            journal=self.journal,
            recorder=self._recorder,
            clock=self.clock,
            hasher=at_once,
            screens=Screens({}),
            code_looks=CodeLooks({}, {}, self.clock.monotonic_seconds, self.inbox.put, hands_free=()),
            lanes_with_scanner=frozenset(self.lanes),
            faces=faces,
            keeper=self.keeper,
            watch=watch,
            lost_readers=LostReaders(self.clock, self.lane_memory, takes),
            lane_memory=self.lane_memory,
            nudge_sync=lambda: None,
            updates=None,
            call_reports=CallReports(self.sync._link, secrets.identity, self.inbox.put),
            camera_leases=CameraLeases({}, {}, {}, self.clock.monotonic_seconds, self.inbox.put),
        )
        keys = stored_keys(self.store, secrets.identity, secrets.card_key, secrets.pin_key)
        return Controller(
            parts,
            self.inbox,
            keys,
            snapshot,
            card_key=secrets.card_key,
            pin_key=secrets.pin_key,  # type: ignore[arg-type]
        )

    def stop(self) -> None:
        """End this life in order: the files are closed."""
        for part in (self.store, self.journal, self.lane_memory, self._face_file):
            part.close()

    # -- what it does ----------------------------------------------------------------------------

    def handle(self, message: Message) -> None:
        """Let the controller take one message and all that it causes, as its loop does.

        The tick before it is the last one of the loop, which ticks while it waits: what timed out is over.
        """
        self.tick()
        self.inbox.put(message)
        self.drain()

    def drain(self) -> None:
        """Take every message that waits, and the tick that follows."""
        while self.inbox:
            message = self.inbox.pop(0)
            try:
                self.controller._handle(message)
            except Exception as err:  # noqa: BLE001 - as the loop does; an invariant reads the journal
                self.controller._failed(message, err)
        self.tick()

    def tick(self) -> None:
        """Let the controller do what time asks of it."""
        now_seconds = self.clock.monotonic_seconds()
        try:
            self.controller._tick(now_seconds)
            self.controller._refresh_screens(now_seconds)
        except Exception as err:  # noqa: BLE001 - as the loop does
            self.controller._failed(None, err)

    def turn(self) -> None:
        """Do one turn with the server, and take what it brought."""
        self.sync._pace.ask_now(self.clock.monotonic_seconds())
        self.sync._turn()
        self.drain()

    def enrol(self, person_id: str, number: int) -> FaceResult:
        """Take the face of a person who asked for it and showed their card, under the consent known here."""
        record = self.sync._roster.get(person_id)
        consent_id = record.consent_id if record is not None else "none"
        self.camera.show(number)
        capability = CameraCapability(lifetime_seconds=20, boot_seconds=self.boot_seconds)
        result = self.service.enrol(person_id, consent_id, capability)
        if result.ok:
            whose = {"person_id": person_id, "consent_id": consent_id, "look_ids": " ".join(result.look_ids)}
            self._recorder.record(EventKind.FACE_ENROLLED, {"lane_id": self.lanes[0]}, dict(whose))
        return result
