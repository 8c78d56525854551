"""Build a gate from its site file: the only code that chooses real devices and reads the clock."""

import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gate_controller.assembly.cameras import make_lane_cameras
from gate_controller.assembly.devices import make_inputs, make_lane_devices
from gate_controller.assembly.face import make_face_parts
from gate_controller.assembly.gate import Gate
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
from gate_controller.assembly.stored_state import last_good_policy, read_identity, report_damage, stored_keys
from gate_controller.assembly.telephone import make_telephone
from gate_controller.assembly.updates import make_updates
from gate_controller.contract.program import program_version
from gate_controller.control.controller import Controller
from gate_controller.control.messages import Message
from gate_controller.control.parts import GateParts
from gate_controller.control.recorder import Recorder
from gate_controller.control.screens import Screens
from gate_controller.lane.camera_codes import CodeLooks
from gate_controller.lane.camera_lease import CameraLeases
from gate_controller.lane.device_watch import DeviceWatch
from gate_controller.lane.hands_free import HandsFreeCodes
from gate_controller.lane.lost_readers import LostReaders
from gate_controller.lane.memory import LaneMemory
from gate_controller.lane.screen_state import ScreenState
from gate_controller.lane.sound_desk import SoundDesk
from gate_controller.lane.state import LaneDesk
from gate_controller.lane.status import GateStatus
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.pulse_limits import log_cut_times
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskRoom, give_room_to_start
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import PolicyStore
from gate_controller.storage.secrets import (
    CARD_KEY,
    PIN_KEY,
    gate_private_key,
    read_secret,
)
from gate_controller.sync.bell import GateBell
from gate_controller.sync.calls import CallReports
from gate_controller.sync.client import SyncClient
from gate_controller.sync.link import ServerLink
from gate_controller.sync.numbers import NumbersFile
from hardware.errors import BadDeviceSetting
from hardware.interfaces import Camera, Device
from hardware.lines.modbus_lines import ModbusLines


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
    snapshot = last_good_policy(store)
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
    report_damage(journal, store, lane_memory, clock.now())
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
    keys = stored_keys(store, identity, card_key, pin_key)
    controller = Controller(parts, inbox, keys, snapshot, card_key=card_key, pin_key=pin_key)
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
    screens = {section.lane: section for section in config.terminal.values() if section.call_sound}
    return {
        lane_id: LaneDesk(
            lane_id,
            door=make_door(config, lane_id, lane_memory.door(lane_id)),
            screen=ScreenState(language=config.gate.language),
            sound=SoundDesk(
                may_speak=lane_id in screens,
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
