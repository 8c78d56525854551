"""The settings of input boards, and what makes each of them. A driver is loaded when a board is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from hardware.driver import (
    API,
    Address,
    Baud,
    Chip,
    Driver,
    GoldenFrame,
    InputSettings,
    Kind,
    Place,
    Port,
    WireSettings,
)
from hardware.lines.modbus_lines import DEFAULT_BAUD

if TYPE_CHECKING:
    from hardware.inputs.serial import InputWire
    from hardware.interfaces import Device

TWINS = "hardware.simulated.benches"
ONLY_LEVELS = "no bytes come, only levels"


class InputBoardSection(InputSettings, frozen=True, kw_only=True):
    """Inputs; which other keys they have follows from their kind (`INPUT_KEYS`)."""

    kind: Annotated[Literal["serial_inputs", "modem_inputs", "modbus_inputs", "gpio_inputs"], Kind]
    wires: Annotated[
        tuple[WireSettings, ...],
        msgspec.Meta(min_length=1, max_length=32, description="One table for each connected wire."),
    ]
    port: Port | None = None
    baud: Baud | None = None
    address: Address | None = None
    chip: Chip | None = None
    bias: Annotated[
        Literal["as_is", "none", "pull_up", "pull_down"] | None,
        msgspec.Meta(description="The chip's own resistor."),
    ] = None
    closed_is_low: Annotated[
        bool | None, msgspec.Meta(description="Whether a closed circuit pulls the line low.")
    ] = None


INPUT_KEYS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "serial_inputs": (frozenset({"port"}), frozenset({"baud"})),
    "modem_inputs": (frozenset({"port"}), frozenset({"baud"})),
    "modbus_inputs": (frozenset({"port"}), frozenset({"baud", "address"})),
    "gpio_inputs": (frozenset({"chip"}), frozenset({"bias", "closed_is_low"})),
}
"""By kind: the keys it must have, and those it may have."""


def make_serial_inputs(section: InputBoardSection, place: Place) -> "Device":
    from hardware.inputs.serial import SerialInputBoard  # noqa: PLC0415

    baud = section.baud or DEFAULT_BAUD
    return SerialInputBoard(str(section.port), input_wires(section), name=place.name, baud=baud)


def make_modem_inputs(section: InputBoardSection, place: Place) -> "Device":
    """Return the control lines of a serial adapter as inputs."""
    from hardware.inputs.serial import ModemControlInputs  # noqa: PLC0415

    return ModemControlInputs(str(section.port), input_wires(section), name=place.name)


def make_modbus_inputs(section: InputBoardSection, place: Place) -> "Device":
    """Return the inputs of a board on a Modbus line, which it may share."""
    from hardware.inputs.modbus import ModbusInputs  # noqa: PLC0415

    line, wires = place.modbus.at(section.port, section.baud), input_wires(section)
    address, known = section.address or 1, place.size_is_known
    return ModbusInputs(line, address, wires, name=place.name, size_is_known=known)


def make_gpio_inputs(section: InputBoardSection, place: Place) -> "Device":
    """Return contacts at the lines of a chip."""
    from hardware.inputs.gpio import GpioInputs  # noqa: PLC0415
    from hardware.lines.gpio import KernelChip  # noqa: PLC0415

    return GpioInputs(
        KernelChip(str(section.chip)),
        input_wires(section),
        name=place.name,
        closed_is_low=section.closed_is_low is not False,
        bias=section.bias or "pull_up",
    )


def input_wires(section: InputSettings) -> "tuple[InputWire, ...]":
    """Return the wires of a table as drivers take them."""
    from hardware.inputs.serial import InputWire  # noqa: PLC0415
    from hardware.interfaces import InputKind  # noqa: PLC0415

    return tuple(
        InputWire(wire.terminal, wire.lane, InputKind(wire.kind), wire.normally_closed)
        for wire in section.wires
    )


serial_inputs = Driver(
    name="serial_inputs",
    api=API,
    table="inputs",
    settings=InputBoardSection,
    make=make_serial_inputs,
    twin=f"{TWINS}:serial_inputs",
    wiring={
        "en": "Plug the board into a USB port. Each contact goes between its terminal and ground.",
        "zh": "把输入板插到 USB 口上。每个触点接在它的端子和地之间。",
    },
    exempt={"golden": "the protocol is Menjin's own"},
)
modem_inputs = Driver(
    name="modem_inputs",
    api=API,
    table="inputs",
    settings=InputBoardSection,
    make=make_modem_inputs,
    wiring={
        "en": "Each contact goes between one of CTS, DSR, DCD and RI of the serial adapter and its positive "
        "output, DTR left free.",
        "zh": "每个触点接在串口转换器的 CTS、DSR、DCD、RI 之一和它的正电源输出之间，DTR 空着不接。",
    },
    exempt={
        **dict.fromkeys(("twin", "reads", "stops"), "ptys have no modem lines"),
        **dict.fromkeys(
            ("reopens", "says once"), "ptys have no modem lines; its thread is that of each reader"
        ),
        "stable name": "its serial port refuses one that moves, as that of each reader",
        "golden": ONLY_LEVELS,
        "noise": ONLY_LEVELS,
    },
)
modbus_inputs = Driver(
    name="modbus_inputs",
    api=API,
    table="inputs",
    settings=InputBoardSection,
    make=make_modbus_inputs,
    twin=f"{TWINS}:modbus_inputs",
    wiring={
        "en": "Two wires, A to A and B to B, from the RS-485 adapter to the board, which has its own supply. "
        "Each contact goes between an input and the board's common terminal.",
        "zh": "RS-485 转换器到输入板接两根线：A 对 A、B 对 B；输入板单独供电。"
        "每个触点接在一个输入端和公共端之间。",
    },
    golden=(
        GoldenFrame(
            bytes.fromhex("01020000000879cc"),
            None,
            "Waveshare wiki, Modbus RTU Relay (D), Read input status",
            {"wires": [{"terminal": "8", "lane": "lane", "kind": "door_open"}]},
        ),
    ),
)
gpio_inputs = Driver(
    name="gpio_inputs",
    api=API,
    table="inputs",
    settings=InputBoardSection,
    make=make_gpio_inputs,
    twin=f"{TWINS}:gpio_inputs",
    wiring={
        "en": "Each contact goes between a GPIO line and ground; never more than 3.3 V at a line.",
        "zh": "每个触点接在一个 GPIO 引脚和地之间；引脚上的电压绝不能超过 3.3 伏。",
    },
    exempt={"golden": ONLY_LEVELS, "noise": ONLY_LEVELS},
)
