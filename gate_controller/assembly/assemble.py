"""Build a gate from its site file: the only code that chooses real devices and reads the clock."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gate_controller.assembly.cameras import make_lane_cameras
from gate_controller.assembly.devices import make_inputs, make_lane_devices
from gate_controller.assembly.face import make_face_parts
from gate_controller.assembly.outputs import (
    lanes_never_held,
    make_door,
    make_relays,
    wires_watched,
)
from gate_controller.assembly.readers import (
    OsdpPart,
    make_osdp_readers,
    readers_with_lights,
    screen_name,
    takers_of_ways,
)
from gate_controller.assembly.screens import launch_pages, make_screens
from gate_controller.assembly.telephone import make_telephone
from gate_controller.assembly.updates import make_updates
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.program import program_version
from gate_controller.contract.records import PolicyRefused
from gate_controller.contract.signing import SignatureRefused, certified_key
from gate_controller.control.controller import Controller
from gate_controller.control.messages import Message, Stop
from gate_controller.control.parts import GateParts
from gate_controller.control.recorder import Recorder
from gate_controller.control.screens import Screens
from gate_controller.face_control.kept_faces import KeptFaces
from gate_controller.lane.camera_codes import CodeLooks
from gate_controller.lane.camera_lease import CameraLeases
from gate_controller.lane.device_watch import DeviceWatch
from gate_controller.lane.hands_free import HandsFreeCodes
from gate_controller.lane.lost_readers import LostReaders
from gate_controller.lane.memory import LaneMemory
from gate_controller.lane.read_floods import ReadFlood
from gate_controller.lane.screen_state import ScreenState
from gate_controller.lane.sound_desk import SoundDesk
from gate_controller.lane.state import LaneDesk
from gate_controller.lane.status import GateStatus
from gate_controller.rules.identify import GateKeys
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.pulse_limits import log_cut_times
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskRoom, give_room_to_start
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.secrets import (
    CARD_KEY,
    IDENTITY,
    PIN_KEY,
    SecretsUnusable,
    gate_private_key,
    read_secret,
)
from gate_controller.sync.bell import GateBell
from gate_controller.sync.calls import CallReports
from gate_controller.sync.client import SyncClient
from gate_controller.sync.link import ServerLink
from gate_controller.sync.numbers import NumbersFile
from gate_controller.terminal.entry_guard import write_launch_page
from gate_controller.terminal.server import TerminalServer
from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.interfaces import Camera, Device, DeviceState, Health, Relay, Telephone
from hardware.lines.modbus_lines import ModbusLines

log = logging.getLogger(__name__)


def wall_clock() -> datetime:
    """Return the aware time of the system's clock."""
    return datetime.now(UTC)


def boot_seconds() -> float:
    """Return seconds since boot, sleep included; no clock setting moves it (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of a gate: the aware present, seconds that no setting moves, and seconds since boot."""

    wall: Callable[[], datetime] = wall_clock
    monotonic: Callable[[], float] = time.monotonic
    boot_seconds: Callable[[], float] = boot_seconds


@dataclass(slots=True)
class Gate:
    """A gate, assembled; `run` blocks until `stop` is called from anywhere."""

    controller: Controller
    sync: SyncClient
    calls: CallReports
    devices: tuple[Device, ...]
    telephone: Telephone | None
    relays: dict[str, Relay]
    screens: dict[str, TerminalServer]
    launch_pages: dict[str, Path]
    hands_free: tuple[HandsFreeCodes, ...]
    face: KeptFaces | None
    inbox: "queue.SimpleQueue[Message]"
    closing: ExitStack

    def run(self) -> None:
        """Start the relays first, then screens, devices and the server link, and decide until stopped."""
        with self.closing:
            for lane_id, relay in self.relays.items():
                try:
                    relay.open()
                except DeviceUnavailable as err:
                    log.error("lane %s: %s", lane_id, err)
                self.closing.callback(relay.close)
            for lane_id, screen in self.screens.items():
                # A screen that cannot be shown must not take the readers with it.
                try:
                    screen.start()
                    self.closing.callback(screen.stop)
                    write_launch_page(self.launch_pages[lane_id], screen.launch_url)
                except OSError as err:
                    log.error("the screen of lane %s: %s", lane_id, err)
                    self.inbox.put(DeviceState(screen_name(lane_id), Health.LOST, str(err)))
            for device in self.devices:
                device.start(ReadFlood(self.inbox.put).take)
                self.closing.callback(device.stop)
            if self.telephone is not None:
                self.telephone.start(self.inbox.put)
                self.closing.callback(self.telephone.stop)
            for codes in self.hands_free:
                codes.start()
            self.sync.start()
            self.closing.callback(self.sync.stop)
            self.calls.start()
            self.closing.callback(self.calls.stop)
            if self.face is not None:
                self.face.start_loading()
            self.controller.run()

    def stop(self) -> None:
        """End the loop; every output goes to rest."""
        self.inbox.put(Stop())


def read_identity(secrets_dir: Path) -> GateIdentity:
    """Return who this gate is; raise SecretsUnusable when it was never paired."""
    body = read_secret(secrets_dir, IDENTITY, size=None)
    try:
        return msgspec.json.decode(body, type=GateIdentity)
    except (msgspec.MsgspecError, ValueError) as err:
        raise SecretsUnusable(f"{secrets_dir / IDENTITY}: {err}; pair the gate again") from err


def assemble(
    config: GateConfig,
    clocks: Clocks = Clocks(),
    *,
    root: Path | None = None,
    site_file: Path | None = None,
) -> Gate:
    """Build the gate that a site file describes; it reads the time from `clocks` alone.

    With `root`, where the launcher keeps versions of the program, it takes updates that can read `site_file`.

    Raise ConfigRefused on a part that cannot be what the file says and SecretsUnusable on a gate that
    was not paired; a device that is merely absent is looked for again while the gate runs.
    """
    closing = ExitStack()
    with ExitStack() as undo:
        undo.push(closing)
        try:
            gate = _assemble(config, clocks, closing, root, site_file)
        except BadDeviceSetting as err:
            raise ConfigRefused(str(err)) from err
        undo.pop_all()
    return gate


def _assemble(
    config: GateConfig, clocks: Clocks, closing: ExitStack, root: Path | None, site_file: Path | None
) -> Gate:
    secrets_dir, data_dir = config.gate.secrets_dir, config.gate.data_dir
    identity, key = read_identity(secrets_dir), gate_private_key(secrets_dir)
    now = clocks.wall()
    give_room_to_start(data_dir)
    journal = Journal(data_dir / "journal.sqlite3", now)
    closing.callback(journal.close)
    store = PolicyStore(data_dir / "policy.sqlite3", identity, now)
    closing.callback(store.close)
    lane_memory = LaneMemory(data_dir / "lanes.sqlite3", now)
    closing.callback(lane_memory.close)
    snapshot = _last_good_policy(store)
    floor = max((t for t in (journal.last_at, store.issued_at) if t is not None), default=None)
    clock = GateClock(
        clocks.wall, clocks.monotonic, floor=floor, is_battery_backed=config.gate.has_battery_clock
    )
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    cameras, hands_free = make_lane_cameras(config, inbox.put, clocks.monotonic)
    for looks in hands_free.values():
        closing.callback(looks.stop)
    hasher = ThreadPoolExecutor(1, thread_name_prefix="hash")
    with_camera = {*cameras, *(part.lane for part in config.terminal.values() if part.call_picture)}
    lookers = {lane_id: ThreadPoolExecutor(1, thread_name_prefix="look") for lane_id in with_camera}
    face = make_face_parts(
        config,
        identity,
        key,
        cameras,
        lookers,
        hasher,
        store,
        journal,
        clock,
        clocks.boot_seconds,
        inbox.put,
        closing,
    )
    # Closed the other way round: looks end, then their workers, then the file of the faces.
    for worker in (hasher, *lookers.values()):
        closing.callback(worker.shutdown, wait=True, cancel_futures=True)
    closing.callback(face.faces.cancel_all)
    _report_damage(journal, store, lane_memory, clock.now())
    if snapshot is not None:
        lane_memory.keep_only(snapshot.policy.persons.keys())
        face.keeper.settle(snapshot.face_roster)
    desks = _make_desks(config, lane_memory)
    screens = make_screens(config, inbox.put)
    code_looks, leases = _make_uses(cameras, lookers, hands_free, clock.monotonic_seconds, inbox.put, closing)
    lines = ModbusLines()
    osdp = make_osdp_readers(config)
    devices, lane_of_device = make_devices(config, lines, osdp)
    lane_of_device |= {name: section.lane for name, section in config.camera.items()}
    relays = make_relays(config, lines, inbox.put, osdp)
    log_cut_times(relays, snapshot.policy.lanes if snapshot is not None else {})
    nudge = threading.Event()
    controller_ref: list[Controller] = []

    def status() -> GateStatus:
        return controller_ref[0].status()

    link = ServerLink(
        config.gate.server_url, config.gate.server_ca, identity.gate_id, key, store.next_counter
    )
    updates = make_updates(root, site_file, link, relays, devices, clock.monotonic_seconds)
    sync = SyncClient(
        link,
        identity,
        key,
        store,
        journal,
        clock,
        face.keeper,
        clocks.boot_seconds,
        status,
        inbox.put,
        nudge,
        snapshot.face_roster if snapshot is not None else {},
        program_version(),
        DiskRoom(data_dir, (journal, store, lane_memory)).look,
        NumbersFile(config.gate.numbers_file),
        GateBell(
            identity.site_id, identity.gate_id, config.gate.server_ca, clock.monotonic_seconds, nudge.set
        ),
        updates,
    )
    watch = DeviceWatch(clock, lane_memory, face.on_tamper)
    recorder = Recorder(journal, clock, nudge.set, updates.entry_written if updates is not None else None)
    watch.settle(wires_watched(config), recorder.record)
    parts = GateParts(
        store=store,
        desks=desks,
        relays=relays,
        never_held=lanes_never_held(config),
        lane_of_device=lane_of_device,
        journal=journal,
        recorder=recorder,
        clock=clock,
        hasher=hasher,
        screens=Screens(screens, readers_with_lights(config, osdp)),
        code_looks=code_looks,
        lanes_with_scanner=frozenset(scanner.lane for scanner in config.scanner.values()),
        faces=face.faces,
        keeper=face.keeper,
        watch=watch,
        lost_readers=_lost_readers(config, clock, lane_memory, cameras),
        lane_memory=lane_memory,
        nudge_sync=nudge.set,
        updates=updates,
        call_reports=CallReports(link, identity, inbox.put),
        camera_leases=leases,
        telephone=make_telephone(config.telephone),
    )
    card_key, pin_key = read_secret(secrets_dir, CARD_KEY), read_secret(secrets_dir, PIN_KEY)
    controller = Controller(
        parts, inbox, _keys(store, identity, card_key, pin_key), snapshot, card_key=card_key, pin_key=pin_key
    )
    controller_ref.append(controller)
    pages, codes = launch_pages(config), tuple(hands_free.values())
    return Gate(
        controller,
        sync,
        parts.call_reports,
        devices,
        parts.telephone.telephone if parts.telephone is not None else None,
        relays,
        screens,
        pages,
        codes,
        face.kept,
        inbox,
        closing,
    )


def _make_desks(config: GateConfig, lane_memory: LaneMemory) -> dict[str, LaneDesk]:
    screens = {part.lane: part for part in config.terminal.values()}
    return {
        lane_id: LaneDesk(
            lane_id,
            door=make_door(config, lane_id, lane_memory.door(lane_id)),
            screen=ScreenState(language=config.gate.language),
            sound=SoundDesk(
                may_speak=lane_id in screens and screens[lane_id].call_sound,
                may_film=lane_id in screens and screens[lane_id].call_picture,
            ),
        )
        for lane_id in config.lane
    }


def _make_uses(
    cameras: Mapping[str, Camera],
    lookers: Mapping[str, ThreadPoolExecutor],
    hands_free: Mapping[str, HandsFreeCodes],
    monotonic_seconds: Callable[[], float],
    put: Callable[[Message], None],
    closing: ExitStack,
) -> tuple[CodeLooks, CameraLeases]:
    """Return what opens the lanes' cameras for codes, and what lends them to the screens."""
    looks = CodeLooks(cameras, lookers, monotonic_seconds, put, hands_free=hands_free.keys())
    leases = CameraLeases(cameras, lookers, hands_free, monotonic_seconds, put)
    closing.callback(looks.cancel_all)
    closing.callback(leases.cancel_all)
    return looks, leases


def _lost_readers(
    config: GateConfig, clock: GateClock, lane_memory: LaneMemory, lanes_with_camera: Collection[str]
) -> LostReaders:
    """Return what follows lost readers; screens and cameras say only that they do not work."""
    say_troubles_alone = [*(screen_name(lane_id) for lane_id in config.lane), *config.camera]
    takes = takers_of_ways(config, lanes_with_camera)
    return LostReaders(clock, lane_memory, takes, say_troubles_alone)


def _report_damage(journal: Journal, store: PolicyStore, lane_memory: LaneMemory, now: datetime) -> None:
    """Record that a database was set aside, and how much of the journal could be carried over."""
    if journal.salvaged is not None:
        journal.append(EventKind.ALARM_JOURNAL_DAMAGED, {"salvaged": journal.salvaged}, {}, now)
    if store.damaged is not None:
        detail = f"set aside as {store.damaged.name}"
        journal.append(EventKind.ALARM_POLICY_DAMAGED, {"detail": detail}, {}, now)
    if lane_memory.damaged is not None:
        detail = f"set aside as {lane_memory.damaged.name}"
        journal.append(EventKind.ALARM_LANE_MEMORY_DAMAGED, {"detail": detail}, {}, now)


def _last_good_policy(store: PolicyStore) -> PolicySnapshot | None:
    try:
        return store.load()
    except PolicyRefused as err:
        # Shut until the server has sent a whole policy again: the file was changed from outside.
        log.error("the stored policy is refused and asked for again: %s", err)
        store.forget_policy()
        return None


def _keys(store: PolicyStore, identity: GateIdentity, card_key: bytes, pin_key: bytes) -> GateKeys | None:
    certificate = store.certificate("pass")
    if certificate is None:
        return None
    try:
        pass_key = certified_key(identity.root_public_key, certificate, identity.site_id, "pass")
    except SignatureRefused as err:
        log.error("the stored pass key is refused and asked for again: %s", err)
        return None
    return GateKeys(card_key, pin_key, pass_key)


def make_devices(
    config: GateConfig, lines: ModbusLines, osdp: Mapping[str, OsdpPart] | None = None
) -> tuple[tuple[Device, ...], dict[str, str]]:
    """Return the readers and inputs of a site file, not yet started, and the lane of each reader.

    `osdp` are the OSDP readers where outputs of theirs are used too; without them they are made.
    """
    devices, lanes = make_lane_devices(config, "tag_reader", "frame_reader")
    for name, osdp_reader in (make_osdp_readers(config) if osdp is None else osdp).items():
        devices.append(osdp_reader)
        lanes[name] = config.osdp_reader[name].lane
    more, lanes_of_more = make_lane_devices(config, "reader", "keypad", "scanner")
    devices += more
    lanes |= lanes_of_more
    for name, board in config.inputs.items():
        devices.append(make_inputs(name, board, lines))
    return tuple(devices), lanes
