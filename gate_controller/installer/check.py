"""Try every part that a site file names, and report what was found and what to do. Opens no lock."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from gate_controller.assembly.cameras import describe_camera, make_camera
from gate_controller.assembly.outputs import make_relays
from gate_controller.installer.device_check import check_devices
from gate_controller.installer.face_check import check_face
from gate_controller.installer.lines import CheckLine, Verdict, fine, warning, wrong
from gate_controller.installer.port_trouble import port_trouble
from gate_controller.installer.site_check import (
    check_clock,
    check_memory,
    check_names,
    check_screens,
    check_secrets,
    check_server,
)
from gate_controller.installer.telephone_check import check_telephone
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.outputs import chip_of, lock_of, port_of
from gate_controller.site_file.pulse_limits import cut_times, limits_of, stored_lanes
from gate_controller.site_file.sheet_check import sheet_lines
from gate_controller.storage.secrets import SecretsUnusable
from hardware.driver import Settings
from hardware.errors import HardwareError
from hardware.interfaces import DeviceState, Health, Relay
from hardware.lines.modbus_lines import ModbusLines
from hardware.lines.port_names import may_move
from hardware.lines.serial import CANNOT_OPEN

DEVICE_SECONDS = 4.0
"""Enough for an OSDP reader that does not answer under its key to show."""
CAMERA_SECONDS = 6.0
"""Enough for a picture that does not change to show."""


def check_gate(
    config: GateConfig,
    now: datetime,
    monotonic: Callable[[], float],
    *,
    seconds: float = DEVICE_SECONDS,
    camera_seconds: float = CAMERA_SECONDS,
) -> Iterator[CheckLine]:
    """Yield a line for every part of a site file: what was seen, and what to do where it is wrong.

    `now` is the aware time, against which clock and lane sheets are held. Readers and inputs are
    heard for `seconds`, each camera is looked through for `camera_seconds`.
    """
    yield from check_secrets(config)
    yield from check_server(config)
    yield from check_memory()
    yield from check_face(config)
    yield from check_clock(config, now)
    yield from check_names(config)
    usable = _with_names_that_stay(config)
    yield from _check_relays(usable)
    yield from check_devices(usable, seconds, monotonic)
    yield from _check_cameras(config, camera_seconds, monotonic)
    yield from check_screens(config)
    yield from check_telephone(config.telephone)
    yield from _check_lanes(config, now)
    yield from _check_times(config)


P = TypeVar("P", bound=Settings)


def _with_names_that_stay(config: GateConfig) -> GateConfig:
    """Leave out the parts whose names may move: their drivers refuse them and would end the check."""
    relay, line = _stay(config.relay), _stay(config.osdp_line)
    readers = {name: reader for name, reader in config.osdp_reader.items() if reader.line in line}
    return msgspec.structs.replace(
        config,
        relay=relay,
        lane={
            name: lane for name, lane in config.lane.items() if lane.relay in relay or lane.relay in readers
        },
        osdp_line=line,
        osdp_reader=readers,
        reader=_stay(config.reader),
        keypad=_stay(config.keypad),
        scanner=_stay(config.scanner),
        tag_reader=_stay(config.tag_reader),
        frame_reader=_stay(config.frame_reader),
        inputs=_stay(config.inputs),
    )


def _stay(parts: Mapping[str, P]) -> dict[str, P]:
    return {name: part for name, part in parts.items() if not may_move(str(port_of(part)))}


def _check_relays(config: GateConfig) -> Iterator[CheckLine]:
    states: dict[str, DeviceState] = {}
    relays = make_relays(config, ModbusLines(), lambda state: states.update({state.device: state}))
    unusable: set[str] = set()
    for lane_id, relay in relays.items():
        board = config.lane[lane_id].relay
        failure = None if board in unusable else _failure_of(relay, states, board)
        trouble = _port_trouble(config, board, failure)
        if trouble is not None:
            unusable.add(board)
            yield wrong("relay", board, trouble)
        if board in unusable:
            yield wrong("lane", lane_id, f"relay not usable: {board}, as said above")
        elif failure is not None:
            below = f"; see osdp_reader {board} below" if board in config.osdp_reader else ""
            yield wrong("lane", lane_id, f"relay not usable: {failure}{below}")
        else:
            yield _at_rest(config, lane_id, relay)
    used = {lane.relay for lane in config.lane.values()}
    for name in config.relay:
        if name not in used:
            yield warning("relay", name, "no lane uses it, so it was not tried")


def _port_trouble(config: GateConfig, board: str, failure: str | None) -> str | None:
    section = config.relay.get(board)
    port = None if section is None else port_of(section)
    if failure is None or CANNOT_OPEN not in failure or port is None:
        return None
    return port_trouble(port)


def _failure_of(relay: Relay, states: Mapping[str, DeviceState], board: str) -> str | None:
    """Put an output to rest; return why that did not work, or None."""
    try:
        relay.open()
        state = states.get(board)
        return None if state is None or state.health is Health.OK else state.detail
    except HardwareError as err:
        return str(err)
    finally:
        relay.close()


def _at_rest(config: GateConfig, lane_id: str, relay: Relay) -> CheckLine:
    board = config.relay.get(config.lane[lane_id].relay)
    place = None if board is None else port_of(board) or chip_of(board)
    where = "" if place is None else f" at {place}"
    reads = " and reads at rest" if board is not None and board.kind == "modbus_relay" else ""
    return fine("lane", lane_id, f"relay {relay.name}{where} took the order to rest{reads}")


def _check_cameras(config: GateConfig, seconds: float, monotonic: Callable[[], float]) -> Iterator[CheckLine]:
    for name, section in config.camera.items():
        try:
            camera = make_camera(name, section, config.gate.secrets_dir)
        except (HardwareError, SecretsUnusable) as err:
            yield wrong("camera", name, str(err))
            continue
        sees, seen = describe_camera(camera, seconds, monotonic, may_repeat=section.kind == "folder")
        yield fine("camera", name, seen) if sees else wrong("camera", name, seen.removeprefix(f"{name}: "))


def _check_times(config: GateConfig) -> Iterator[CheckLine]:
    """Yield the lanes whose times in the stored policy are longer than their output's longest pulse."""
    for lane_id, record in stored_lanes(config.gate.data_dir / "policy.sqlite3").items():
        section = config.lane.get(lane_id)
        if section is None:
            continue
        limits = limits_of(section, by_osdp=section.relay in config.osdp_reader)
        text = cut_times(record, limits.pulse_seconds)
        if text is not None:
            yield warning("lane", lane_id, text)


def _check_lanes(config: GateConfig, now: datetime) -> Iterator[CheckLine]:
    watched = {
        wire.lane for board in config.inputs.values() for wire in board.wires if wire.kind == "door_open"
    }
    for lane_id, lane in config.lane.items():
        lock = lock_of(lane)
        if lock is None:
            text = "the site file does not say which lock hangs there: lock and contact (docs/wiring.md)"
            yield wrong("lane", lane_id, text)
        else:
            text = f"{lock.kind} through {lock.contact.upper()}; at rest: {lock.rules.at_rest}"
            yield fine("lane", lane_id, text)
        if lane_id not in watched:
            text = "has no door contact: forced, held open and unused grants are not detected there"
            yield warning("lane", lane_id, text)
    for well, text in sheet_lines(config.lane, config.camera.values(), now.astimezone().date()):
        lane_id, _, said = text.removeprefix("lane ").partition(": ")
        is_warning = said.startswith("sheet: warning: ")
        verdict = Verdict.OK if well else Verdict.WARNING if is_warning else Verdict.WRONG
        yield CheckLine(verdict, "lane", lane_id, said.replace("sheet: warning: ", "sheet: "))
