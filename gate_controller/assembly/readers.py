"""Make the OSDP lines, readers and outputs of a site file, and say which device takes which way in."""

from collections.abc import Collection, Mapping
from pathlib import Path

from gate_controller.assembly.devices import make_by_driver, of_kind
from gate_controller.assembly.reader_keys import ReaderAddress, key_name, read_reader_key
from gate_controller.assembly.unpaired_readers import UnpairedReader, UnpairedRelay
from gate_controller.command_line.command_names import gate_command
from gate_controller.contract.records import Method
from gate_controller.site_file.config import AtLane, GateConfig
from gate_controller.site_file.pulse_limits import limits_of
from gate_controller.storage.secrets import SecretsUnusable
from hardware.driver import Place
from hardware.interfaces import ReaderFeedback, Relay
from hardware.osdp.line import OsdpLine, check_own_keys
from hardware.osdp.reader import OsdpReader
from hardware.osdp.relay import OsdpRelay

OsdpPart = OsdpReader | UnpairedReader


def make_osdp_readers(config: GateConfig) -> dict[str, OsdpPart]:
    """Return the OSDP readers of a site file by name, each on its line, not yet started.

    One without a usable key is an UnpairedReader. Raise BadDeviceSetting on what cannot be.
    """
    lines = {
        name: OsdpLine(str(section.port), name=name, baud=section.baud)
        for name, section in config.osdp_line.items()
    }
    readers = {name: _osdp_reader(config, name, lines) for name in config.osdp_reader}
    check_own_keys((name, part.key) for name, part in readers.items() if isinstance(part, OsdpReader))
    return readers


def _osdp_reader(config: GateConfig, name: str, lines: Mapping[str, OsdpLine]) -> OsdpPart:
    section, secrets_dir = config.osdp_reader[name], config.gate.secrets_dir
    try:
        key = read_reader_key(secrets_dir, name)
    except SecretsUnusable as err:
        if (secrets_dir / key_name(name)).exists():
            return UnpairedReader(name, str(err))
        return UnpairedReader(name, f"not paired: run {gate_command('pair-reader', name)}")
    place = Place(name=name, card_bits=config.gate.card_bits, bus=lines[section.line], key=key)
    return of_kind(make_by_driver("osdp_reader", section, place), OsdpReader, place)


def osdp_relay(config: GateConfig, lane_id: str, readers: Mapping[str, OsdpPart]) -> Relay:
    """Return the output of an OSDP reader that a lane names as its relay; channel 1 is output 0."""
    lane = config.lane[lane_id]
    reader, name = readers[lane.relay], f"{lane.relay}-{lane.channel}"
    if isinstance(reader, UnpairedReader):
        return UnpairedRelay(reader, name=name)
    limits = limits_of(lane, by_osdp=True)
    return OsdpRelay(
        reader,
        lane.channel - 1,
        name=name,
        max_pulse_seconds=limits.pulse_seconds,
        max_on_seconds=limits.on_seconds,
        may_hold=limits.may_hold,
    )


def readers_with_lights(
    config: GateConfig, readers: Mapping[str, OsdpPart]
) -> dict[str, tuple[ReaderFeedback, ...]]:
    """Return, by lane, the readers that can show a result."""
    return {
        lane_id: tuple(reader for name, reader in readers.items() if config.osdp_reader[name].lane == lane_id)
        for lane_id in config.lane
    }


def takers_of_ways(
    config: GateConfig, lanes_with_camera: Collection[str]
) -> dict[str, dict[Method, frozenset[str]]]:
    """Return, by lane and way in, the devices that take it there; `lanes_with_camera` as it was made.

    An OSDP reader may have keys, which no site file says: it takes PINs where nothing else does.
    """
    card_readers: tuple[Mapping[str, AtLane], ...] = (
        config.reader,
        config.tag_reader,
        config.frame_reader,
        config.osdp_reader,
    )
    takers: dict[str, dict[Method, frozenset[str]]] = {}
    for lane_id in config.lane:
        card = {name for parts in card_readers for name, part in parts.items() if part.lane == lane_id}
        pin = {name for name, part in config.keypad.items() if part.lane == lane_id}
        pin |= {screen_name(part.lane) for part in config.terminal.values() if part.lane == lane_id}
        pin = pin or {name for name, part in config.osdp_reader.items() if part.lane == lane_id}
        qr = {name for name, part in config.scanner.items() if part.lane == lane_id}
        if lane_id in lanes_with_camera:
            qr |= {name for name, part in config.camera.items() if part.lane == lane_id}
        ways = ((Method.CARD, card), (Method.PIN, pin), (Method.QR, qr))
        takers[lane_id] = {method: frozenset(names) for method, names in ways}
    return takers


def screen_name(lane_id: str) -> str:
    """Return the name of a lane's screen among the devices."""
    return f"screen-{lane_id}"


def reader_address(config: GateConfig, name: str) -> ReaderAddress | None:
    """Return where an OSDP reader of the site file is, or None when it names no such reader."""
    reader = config.osdp_reader.get(name)
    if reader is None:
        return None
    line = config.osdp_line[reader.line]
    return ReaderAddress(name, Path(line.port), line.baud, reader.address)
