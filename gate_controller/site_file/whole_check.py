"""Check of a whole site file: names that lead somewhere, boards, locks, pictures, nothing used twice."""

from collections.abc import Mapping
from pathlib import Path

from gate_controller.site_file.config import AtLane, ConfigRefused, GateConfig
from gate_controller.site_file.lines import line_of
from gate_controller.site_file.outputs import (
    BoardSettings,
    baud_of,
    lock_of,
    port_of,
    things_held,
    wrong_key,
)
from gate_controller.site_file.sheet_check import wrong_sheet
from hardware.errors import BadDeviceSetting
from hardware.registry import installed_drivers


def check_whole(path: Path, text: str, config: GateConfig) -> None:
    """Refuse names that lead nowhere or to two things, so that no device is ever silently unused."""
    for lane_id, lane in config.lane.items():
        outputs = {**config.relay, **config.osdp_reader}
        if lane.relay not in outputs:
            _refuse(path, text, ["lane", lane_id, "relay"], lane.relay, outputs)
    for name, osdp in config.osdp_reader.items():
        if osdp.line not in config.osdp_line:
            _refuse(path, text, ["osdp_reader", name, "line"], osdp.line, config.osdp_line)
    by_lane: dict[str, Mapping[str, AtLane]] = {
        "terminal": config.terminal,
        "reader": config.reader,
        "keypad": config.keypad,
        "scanner": config.scanner,
        "camera": config.camera,
        "osdp_reader": config.osdp_reader,
        "tag_reader": config.tag_reader,
        "frame_reader": config.frame_reader,
    }
    for section, parts in by_lane.items():
        for name, part in parts.items():
            if part.lane not in config.lane:
                _refuse(path, text, [section, name, "lane"], part.lane, config.lane)
    for name, board in config.inputs.items():
        for wire in board.wires:
            if wire.lane not in config.lane:
                _refuse(path, text, ["inputs", name, "wires"], wire.lane, config.lane)
    _check_boards(path, text, config)
    _check_locks(path, text, config)
    _check_nothing_twice(path, text, config)
    _check_pictures(path, text, config)
    wrong = wrong_sheet(config.lane, config.camera.values())
    if wrong is not None:
        keys, sentence = wrong
        line = line_of(text, list(keys))
        raise ConfigRefused(f"{path}, line {line}: {'.'.join(keys)}: {sentence}")


def _check_pictures(path: Path, text: str, config: GateConfig) -> None:
    """Refuse a picture in calls without sound, and one of a camera that the screen's browser cannot open."""
    in_network = {section.lane for section in config.camera.values() if section.kind == "rtsp"}
    for name, screen in config.terminal.items():
        sentence = ""
        if screen.call_picture and not screen.call_sound:
            sentence = "a call has a picture only beside its sound: call_sound = true"
        elif screen.call_picture and screen.lane in in_network:
            sentence = (
                "the screen's browser opens USB and CSI cameras, and no network camera such as this lane's"
            )
        if sentence:
            line = line_of(text, ["terminal", name, "call_picture"])
            raise ConfigRefused(f"{path}, line {line}: terminal.{name}.call_picture: {sentence}")


def _check_boards(path: Path, text: str, config: GateConfig) -> None:
    """Refuse keys that do not go with a board's kind, and one port at two speeds or in two uses."""
    boards: list[tuple[str, str, BoardSettings]] = [
        *(("relay", name, board) for name, board in config.relay.items()),
        *(("inputs", name, board) for name, board in config.inputs.items()),
    ]
    speeds: dict[Path, tuple[str, int]] = {}
    for section, name, board in boards:
        wrong = wrong_key(board)
        if wrong is not None:
            key, sentence = wrong
            line = line_of(text, [section, name, key])
            raise ConfigRefused(f"{path}, line {line}: {section}.{name}.{key}: {sentence}")
        port = port_of(board)
        if port is None:
            continue
        used = (board.kind.partition("_")[0], baud_of(board) or 9600)
        use, baud = speeds.setdefault(port, used)
        if use == "modbus" and used != (use, baud):
            line = line_of(text, [section, name, "port"])
            raise ConfigRefused(
                f"{path}, line {line}: {section}.{name}.port: {port} is a Modbus line at {baud} baud; "
                "everything on it speaks Modbus, at one baud rate"
            )


def _check_locks(path: Path, text: str, config: GateConfig) -> None:
    """Refuse wiring by which a power cut, a crash or a pulled cable would open a lane or latch a drive."""
    for lane_id, lane in config.lane.items():
        lock = lock_of(lane)
        if lock is None:
            if lane.lock is not None or lane.contact is not None:
                line = line_of(text, ["lane", lane_id, "lock" if lane.lock else "contact"])
                raise ConfigRefused(
                    f"{path}, line {line}: lane.{lane_id}: lock and contact are said together, "
                    'such as lock = "fail_safe_magnet" and contact = "nc"'
                )
            continue
        times_pulses = lane.relay in config.osdp_reader or _times_pulses(config.relay[lane.relay].kind)
        try:
            lock.check(lane_id, board=lane.relay, times_pulses=times_pulses)
        except BadDeviceSetting as err:
            line = line_of(text, ["lane", lane_id, "lock"])
            raise ConfigRefused(f"{path}, line {line}: lane.{lane_id}.lock: {err}") from err


def _times_pulses(kind: str) -> bool:
    driver = installed_drivers().at("relay", kind)
    return driver is not None and driver.times_pulses


def _check_nothing_twice(path: Path, text: str, config: GateConfig) -> None:
    """Refuse an output, port, screen, camera or device name that is used twice."""
    seen = _modbus_ports(config)

    def once(thing: tuple[str, ...], *keys: str) -> None:
        where = ".".join(keys)
        if thing in seen:
            line = line_of(text, list(keys))
            raise ConfigRefused(
                f"{path}, line {line}: {where}: the {' '.join(thing)} is used by {seen[thing]} already"
            )
        seen[thing] = where

    for lane_id, lane in config.lane.items():
        once(("output", lane.relay, str(lane.channel)), "lane", lane_id, "relay")
    for section, boards in (("relay", config.relay), ("inputs", config.inputs)):
        for name, board in boards.items():
            once(("name", name), section, name)
            for thing in things_held(board):
                once(thing, section, name, "chip" if port_of(board) is None else "port")
    for name, board in config.inputs.items():
        for wire in (wire for wire in board.wires if wire.kind == "door_open"):
            once(("door contact of lane", wire.lane), "inputs", name, "wires")
    for section, parts in (
        ("reader", config.reader),
        ("keypad", config.keypad),
        ("scanner", config.scanner),
        ("osdp_line", config.osdp_line),
        ("tag_reader", config.tag_reader),
        ("frame_reader", config.frame_reader),
    ):
        for name, part in parts.items():
            once(("name", name), section, name)
            for thing in things_held(part):
                once(thing, section, name, "port")
    for name, osdp in config.osdp_reader.items():
        once(("name", name), "osdp_reader", name)
        once(("address", osdp.line, str(osdp.address)), "osdp_reader", name, "address")
    for name, terminal in config.terminal.items():
        once(("screen of lane", terminal.lane), "terminal", name, "lane")
        # Its launch page lies beside it under a fixed name.
        once(("folder", str(terminal.launch_token_file.parent)), "terminal", name, "launch_token_file")
    for name, camera in config.camera.items():
        once(("name", name), "camera", name)
        once(("camera of lane", camera.lane), "camera", name, "lane")


def _modbus_ports(config: GateConfig) -> dict[tuple[str, ...], str]:
    """Return the ports that Modbus boards share among themselves, and with nothing else, with one of them."""
    return {
        ("port", str(port_of(board))): f"{section}.{name}"
        for section, boards in (("relay", config.relay), ("inputs", config.inputs))
        for name, board in boards.items()
        if board.kind.startswith("modbus")
    }


def _refuse(path: Path, text: str, keys: list[str], value: str, legal: Mapping[str, object]) -> None:
    raise ConfigRefused(
        f"{path}, line {line_of(text, keys)}: {'.'.join(keys)}: {value!r} is not in this file; "
        f"legal values: {', '.join(sorted(legal)) or 'none yet'}"
    )
