"""Build lines for the site file from what a port sent, and check whether the file's own lines read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gate_controller.site_file.config import GateConfig
from hardware.driver import Settings
from hardware.identify.format_guess import Guess, Setting, Table
from hardware.identify.listening import ContactMoved
from hardware.readers.drivers import KeypadSection, ReaderSection, ScannerSection

LISTENED_TO = frozenset({"serial_card", "serial_keypad", "stx_keypad", "stx_sum_keypad", "serial_code"})
"""Kinds whose devices speak unasked: their ports are only listened to. All others go through their driver."""
OSDP_LINES = """\
    [osdp_line.NAME]
    port = "{port}"

    [osdp_reader.NAME-1]
    line = "NAME"
    address = 0
    lane = "{lane}"
    bits = 34"""


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A table of the site file whose device only ever speaks: its settings as `Guess.settings` has them."""

    table: Table
    name: str
    lane: str
    baud: int
    settings: tuple[Setting, ...]

    @property
    def header(self) -> str:
        """Return the table's name as it is written."""
        return f"[{self.table}.{self.name}]"


def named_parts(config: GateConfig) -> Mapping[Path, NamedPart]:
    """Return, by port, the parts of a site file that speak unasked over a serial port."""
    parts: dict[Path, NamedPart] = {}
    for name, reader in config.reader.items():
        if isinstance(reader, ReaderSection) and reader.kind in LISTENED_TO:
            settings = _settings(reader, "kind", "bits", "radix", "byte_order", "checksum")
            parts[reader.port] = NamedPart("reader", name, reader.lane, reader.baud, settings)
    for name, raw in config.frame_reader.items():
        settings = _settings(raw, "bits", "printed", "bit_order", "byte_order")
        parts[raw.port] = NamedPart("frame_reader", name, raw.lane, raw.baud, settings)
    for name, tag in config.tag_reader.items():
        parts[tag.port] = NamedPart("tag_reader", name, tag.lane, tag.baud, ())
    for name, keypad in config.keypad.items():
        if isinstance(keypad, KeypadSection) and keypad.kind in LISTENED_TO:
            kind: tuple[Setting, ...] = (("kind", keypad.kind),)
            parts[keypad.port] = NamedPart("keypad", name, keypad.lane, keypad.baud, kind)
    for name, scanner in config.scanner.items():
        if isinstance(scanner, ScannerSection):
            kind = (("kind", scanner.kind),)
            parts[scanner.port] = NamedPart("scanner", name, scanner.lane, scanner.baud, kind)
    return parts


def table_of(
    guess: Guess,
    port: Path,
    baud: int,
    *,
    name: str = "NAME",
    lane: str = "LANE",
    was_closed: Mapping[str, bool] | None = None,
) -> str:
    """Return the table for a guess, ready to paste; `was_closed` are an input board's circuits at rest."""
    lines = [f"[{guess.table}.{name}]"]
    settings = dict(guess.settings)
    if "kind" in settings:
        lines.append(f'kind = "{settings.pop("kind")}"')
    lines.append(f'port = "{port}"')
    if guess.table == "inputs":
        lines += _wires(guess.terminals, lane, was_closed or {})
    else:
        lines.append(f'lane = "{lane}"')
    lines += [_line(key, value) for key, value in settings.items() if value != "none"]
    if baud not in (0, 9600):
        lines.append(f"baud = {baud}")
    return _indented(lines)


def difference(one: Guess, other: Guess) -> str | None:
    """Return the lines in which another reading of the same table differs, or None for another table."""
    if one.table != other.table:
        return None
    return _indented([_line(key, value) for key, value in other.settings if one.setting(key) != value])


def contact_table(moved: ContactMoved, *, lane: str = "LANE") -> str:
    """Return the table for a contact on a control line of an adapter, ready to paste."""
    wires = _wires((moved.terminal,), lane, {moved.terminal: not moved.closed})
    return _indented(["[inputs.NAME]", 'kind = "modem_inputs"', f'port = "{moved.port}"', *wires])


def wire_lines(terminal: str, *, was_closed: bool, lane: str = "LANE") -> str:
    """Return the line of a wire for a board that the site file has already, ready to paste into `wires`."""
    return _indented(_wires((terminal,), lane, {terminal: was_closed})[1:-1])


def _settings(section: Settings, *keys: str) -> tuple[Setting, ...]:
    return tuple((key, getattr(section, key)) for key in keys)


def _line(key: str, value: str | int) -> str:
    return f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"


def _wires(terminals: Sequence[str], lane: str, was_closed: Mapping[str, bool]) -> list[str]:
    return [
        "wires = [",
        *(
            f'    {{ terminal = "{terminal}", lane = "{lane}", kind = "door_open", '
            f"normally_closed = {'true' if was_closed.get(terminal) else 'false'} }},"
            for terminal in terminals
        ),
        "]",
    ]


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
