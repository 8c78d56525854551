"""Try every part a site file names and say, in plain words, what was seen and what to do."""

import queue
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from gate_controller.assemble import make_devices, read_identity
from gate_controller.camera_parts import make_camera
from gate_controller.config import GateConfig, lock_of
from gate_controller.reader_parts import make_osdp_readers
from gate_controller.secrets_dir import SecretsUnusable
from gate_controller.sheet_check import sheet_lines
from gate_controller.wiring import ModbusLines, make_relays
from hardware.errors import HardwareError
from hardware.interfaces import (
    CardRead,
    CodeRead,
    DeviceReport,
    DeviceState,
    Health,
    InputChange,
    KeyPress,
)

DEVICE_SECONDS = 4.0
FRAME_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One thing that was tried."""

    ok: bool
    text: str


def check_gate(config: GateConfig) -> Iterator[CheckLine]:
    """Yield a line for every part: secrets, outputs, readers and inputs, cameras. Opens no lock."""
    try:
        identity = read_identity(config.gate.secrets_dir)
        yield CheckLine(True, f"paired as gate {identity.gate_id} of {identity.site_id}")
    except SecretsUnusable as err:
        yield CheckLine(False, str(err))
    try:
        make_osdp_readers(config)
    except SecretsUnusable as err:
        yield CheckLine(False, f"{err}. Outputs and readers are tried once that is done")
    else:
        yield from _check_relays(config)
        yield from _check_devices(config)
    yield from _check_cameras(config)


def check_sheets(config: GateConfig, today: date) -> Iterator[CheckLine]:
    """Yield what the lane sheets lack, or that a lane has none; `today` dates the last drill."""
    for ok, text in sheet_lines(config.lane, config.camera.values(), today):
        yield CheckLine(ok, text)


def _check_relays(config: GateConfig) -> Iterator[CheckLine]:
    trouble: dict[str, DeviceState] = {}
    relays = make_relays(config, ModbusLines(), lambda state: trouble.update({state.device: state}))
    for lane_id, relay in relays.items():
        lane = config.lane[lane_id]
        board = config.relay.get(lane.relay)
        try:
            relay.open()
            state = trouble.get(lane.relay)
            if state is not None and state.health is not Health.OK:
                yield CheckLine(False, f"lane {lane_id}: {state.detail}")
                continue
            how = "took the order to rest"
            if board is not None:
                how = f"at {board.port or board.chip} {how}"
                how += " and reads at rest" if board.kind == "modbus_relay" else ""
            yield CheckLine(True, f"lane {lane_id}: relay {relay.name} {how}")
            yield _check_lock(lane_id, config)
        except HardwareError as err:
            yield CheckLine(False, f"lane {lane_id}: {err}")
        finally:
            relay.close()


def _check_lock(lane_id: str, config: GateConfig) -> CheckLine:
    lock = lock_of(config.lane[lane_id])
    if lock is None:
        return CheckLine(
            False, f"lane {lane_id}: the site file does not say which lock hangs there: lock and contact"
        )
    return CheckLine(
        True, f"lane {lane_id}: {lock.kind} through {lock.contact.upper()}; at rest: {lock.rules.at_rest}"
    )


def _check_devices(config: GateConfig) -> Iterator[CheckLine]:
    heard: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    devices, _lanes = make_devices(config, ModbusLines())
    states: dict[str, DeviceState] = {}
    for device in devices:
        device.start(heard.put)
    try:
        deadline = time.monotonic() + DEVICE_SECONDS
        while len(states) < len(devices) and (left := deadline - time.monotonic()) > 0:
            try:
                report = heard.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(report, DeviceState):
                states[report.device] = report
    finally:
        for device in devices:
            device.stop()
    for device in devices:
        state = states.get(device.name)
        ok = state is not None and state.health is Health.OK
        detail = state.detail if state is not None else "nothing heard: check the cable and the port's name"
        yield CheckLine(ok, f"{device.name}: {detail or 'answers'}")


def _check_cameras(config: GateConfig) -> Iterator[CheckLine]:
    for name, section in config.camera.items():
        camera = make_camera(name, section, config.gate.secrets_dir)
        try:
            camera.open()
            frame = camera.newest_frame(FRAME_SECONDS)
            if frame is None:
                no_picture = f"camera {name}: opened, and no picture came within {FRAME_SECONDS:g} s"
                yield CheckLine(False, no_picture)
            else:
                height, width = frame.shape[:2]
                frame.fill(0)
                yield CheckLine(True, f"camera {name}: {width} x {height} pictures")
        except HardwareError as err:
            yield CheckLine(False, f"camera {name}: {err}")
        finally:
            camera.close()


def describe_report(report: DeviceReport, lanes: Mapping[str, str]) -> str:
    """Return one line for the installer about what a device handed up."""
    match report:
        case CardRead():
            return f"{report.device} (lane {lanes[report.device]}): card {report.number}, {report.bits} bits"
        case KeyPress():
            return f"{report.device} (lane {lanes[report.device]}): key {report.key}"
        case CodeRead():
            return f"{report.device} (lane {lanes[report.device]}): a code of {len(report.text)} characters"
        case InputChange():
            word = "active" if report.active else "at rest"
            return f"{report.device} (lane {report.lane_id}): {report.kind.value} is {word}"
        case _:
            return f"{report.device}: {report.health.value} {report.detail}"
