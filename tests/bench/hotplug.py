"""How long after a device reappeared its driver has it again, a device of each kind, renamed where it can be.

Each is pulled, reported lost, left away for a random moment, and put back under another name of
the system's. The clock runs from the moment the name is there again to the driver's word: a reader reads,
a relay was put to rest, a board answered, an OSDP reader is in its secure channel, a camera that is
asked for a picture gives one. The peer tries to open one port every quarter of a second. The target is 1 s
(docs/wiring.md).
"""

import queue
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from demo.rig.boards import Plug
from gate_controller.assembly.assemble import make_devices
from gate_controller.assembly.cameras import make_camera
from gate_controller.assembly.outputs import make_relays
from gate_controller.assembly.readers import make_osdp_readers
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.load import load_config
from hardware.errors import HardwareError
from hardware.interfaces import Camera, DeviceReport, DeviceState, Health
from hardware.lines.modbus_lines import ModbusLines
from hardware.lines.serial import SerialLine
from hardware.simulated.readers import QrScanner
from tests.bench.figure import Figure, beside, percentile
from tests.support.gates.every_kind import Site, site_of_every_kind

ROUNDS = 12
LONGEST_AWAY_SECONDS = 0.5
PATIENCE_SECONDS = 20.0
ASKED_EVERY_SECONDS = 0.02
PEER, PEER_TRIES_EVERY_SECONDS = "a port tried every 0.25 s", 0.25
CHANCE = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Case:
    """A cable, and the drivers that have to find what hangs on it."""

    name: str
    twin: Plug
    drivers: frozenset[str]


def measure() -> Iterator[Figure]:
    """Yield p50 and the worst, in ms, for each kind of device that a twin simulates."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, ExitStack() as closing:
        site = closing.enter_context(site_of_every_kind(Path(folder)))
        config = load_config(site.write(all_cameras=True))
        reports: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
        _start(config, reports, closing)
        cases = _cases(site)
        _wait(reports, set().union(*(case.drivers for case in cases)), Health.OK)
        bare = _bare_ms(Path(folder))
        for case in cases:
            values = [_found_again_ms(case, reports) for _ in range(ROUNDS)]
            yield from _figures(case.name, values, bare)
        for name in ("net", "eye"):
            yield from _figures(*_camera_ms(config, name, site), bare)


def _start(config: GateConfig, reports: "queue.SimpleQueue[DeviceReport]", closing: ExitStack) -> None:
    lines, osdp = ModbusLines(), make_osdp_readers(config)
    relays = make_relays(config, lines, reports.put, osdp)
    for relay in relays.values():
        # An OSDP reader takes a moment until it is there; its own report says when.
        try:
            relay.open()
        except HardwareError as absence:
            reports.put(DeviceState(relay.name, Health.LOST, str(absence)))
        closing.callback(relay.close)
    devices, _lanes = make_devices(config, lines, osdp)
    for device in devices:
        device.start(reports.put)
        closing.callback(device.stop)


def _cases(site: Site) -> list[Case]:
    return [
        Case("card reader, a line a card", site.line, frozenset({"line"})),
        Case("card module RDM6300", site.tag, frozenset({"tag"})),
        Case("USB card reader", site.usb_card, frozenset({"usb-card"})),
        Case("keypad", site.keys, frozenset({"keys"})),
        Case("code scanner", site.scan, frozenset({"scan"})),
        Case("USB relay", site.usb, frozenset({"usb"})),
        Case("Modbus relays and inputs", site.modbus, frozenset({"waveshare", "eletechsup", "board"})),
        Case("GPIO relay and contacts", site.chip, frozenset({"hat", "contacts"})),
        Case("input board", site.inputs, frozenset({"cabinet"})),
        Case("OSDP reader, secure again", site.osdp, frozenset({"east"})),
    ]


def _wait(reports: "queue.SimpleQueue[DeviceReport]", drivers: set[str], health: Health) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    missing = set(drivers)
    while missing:
        try:
            report = reports.get(timeout=max(0.0, give_up - time.monotonic()))
        except queue.Empty:
            raise TimeoutError(f"not {health.value} within {PATIENCE_SECONDS:g} s: {missing}") from None
        if isinstance(report, DeviceState) and report.health is health:
            missing.discard(report.device)


def _found_again_ms(case: Case, reports: "queue.SimpleQueue[DeviceReport]") -> float:
    case.twin.unplug()
    _wait(reports, set(case.drivers), Health.LOST)
    time.sleep(CHANCE.uniform(0.0, LONGEST_AWAY_SECONDS))
    began_ns = time.monotonic_ns()
    case.twin.replug(renamed=case.twin.may_be_renamed)
    _wait(reports, set(case.drivers), Health.OK)
    return (time.monotonic_ns() - began_ns) / 1e6


def _bare_ms(folder: Path) -> list[float]:
    """Return how long a loop of nothing but tries takes to have a port again."""
    values = []
    with QrScanner(folder / "bare", name="bare") as twin:
        line = SerialLine(twin.path, 9600, name="bare")
        for _ in range(ROUNDS):
            twin.unplug()
            back = threading.Timer(CHANCE.uniform(0.0, LONGEST_AWAY_SECONDS), twin.replug)
            began_ns = time.monotonic_ns() + int(back.interval * 1e9)
            back.start()
            _try_until_open(line)
            values.append((time.monotonic_ns() - began_ns) / 1e6)
            back.join()
            line.close()
    return values


def _try_until_open(line: SerialLine) -> None:
    while True:
        try:
            return line.open()
        except HardwareError:
            time.sleep(PEER_TRIES_EVERY_SECONDS)


def _camera_ms(config: GateConfig, name: str, site: Site) -> tuple[str, list[float]]:
    """Return how long after it reappeared a camera that is asked for again and again gives a picture."""
    camera = make_camera(name, config.camera[name], config.gate.secrets_dir)
    kind, pull, put = _camera_cable(name, site)
    values = []
    for _ in range(ROUNDS):
        _until_a_picture(camera)
        pull()
        camera.close()
        time.sleep(CHANCE.uniform(0.0, LONGEST_AWAY_SECONDS))
        began_ns = time.monotonic_ns()
        put()
        _until_a_picture(camera)
        values.append((time.monotonic_ns() - began_ns) / 1e6)
    camera.close()
    return kind, values


def _camera_cable(name: str, site: Site) -> tuple[str, Callable[[], object], Callable[[], object]]:
    if name == "net":
        return "network camera, asked for", site.net.unplug, site.net.replug
    pictures, away = site.root / "pictures", site.root / "away"
    return (
        "folder of pictures, asked for",
        lambda: pictures.rename(away),
        lambda: away.rename(pictures),
    )


def _until_a_picture(camera: Camera) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        with suppress(HardwareError):
            camera.open()
            if camera.newest_frame(PATIENCE_SECONDS) is not None:
                return
        camera.close()
        time.sleep(ASKED_EVERY_SECONDS)
    raise TimeoutError(f"{camera.name}: no picture within {PATIENCE_SECONDS:g} s")


def _figures(name: str, values: list[float], bare: list[float]) -> Iterator[Figure]:
    for word, share in (("p50", 0.5), ("worst", 1.0)):
        yield beside(
            "hotplug", f"{name}, {word}", percentile(values, share), "ms", PEER, percentile(bare, share)
        )
