"""The settings of relay boards, and what makes each of them. A driver is loaded when a board is made."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from hardware.driver import API, Address, Baud, Chip, Driver, GoldenFrame, Kind, Place, Port, RelaySettings
from hardware.lines.modbus_lines import DEFAULT_BAUD

if TYPE_CHECKING:
    from hardware.interfaces import DeviceReport
    from hardware.relays.board import RelayBoard

TWINS = "hardware.simulated.benches"
Line = Annotated[int, msgspec.Meta(ge=0, le=511)]


class RelayBoardSection(RelaySettings, frozen=True, kw_only=True):
    """A board of relays; which other keys it has follows from its kind (`RELAY_KEYS`)."""

    kind: Annotated[Literal["usb_relay", "modbus_relay", "gpio_relay"], Kind]
    port: Port | None = None
    baud: Baud | None = None
    family: Annotated[
        Literal["waveshare", "eletechsup"] | None,
        msgspec.Meta(description="Whose orders the board understands."),
    ] = None
    address: Address | None = None
    chip: Chip | None = None
    lines: (
        Annotated[
            tuple[Line, ...],
            msgspec.Meta(
                min_length=1,
                max_length=32,
                description="The GPIO lines of channels 1, 2 and so on.",
                extra={"unit": ""},
            ),
        ]
        | None
    ) = None
    active_low: Annotated[
        bool | None, msgspec.Meta(description="Whether a low line switches a relay on.")
    ] = None


RELAY_KEYS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "usb_relay": (frozenset({"port"}), frozenset({"baud"})),
    "modbus_relay": (frozenset({"port", "family"}), frozenset({"baud", "address"})),
    "gpio_relay": (frozenset({"chip", "lines", "active_low"}), frozenset()),
}
"""By kind: the keys it must have, and those it may have."""


def make_usb_relay(section: RelayBoardSection, place: Place) -> "RelayBoard":
    """Return a board of the LCUS type."""
    from hardware.relays.usb import UsbRelayBoard  # noqa: PLC0415

    baud = section.baud or DEFAULT_BAUD
    return UsbRelayBoard(str(section.port), name=place.name, baud=baud, report=_states_alone(place))


def make_modbus_relay(section: RelayBoardSection, place: Place) -> "RelayBoard":
    """Return a board on a Modbus line, which it may share."""
    from hardware.relays.modbus import Eletechsup, ModbusRelayBoard, Waveshare  # noqa: PLC0415

    family = Eletechsup() if section.family == "eletechsup" else Waveshare()
    line = place.modbus.at(section.port, section.baud)
    report = _states_alone(place)
    return ModbusRelayBoard(line, section.address or 1, family, name=place.name, report=report)


def make_gpio_relay(section: RelayBoardSection, place: Place) -> "RelayBoard":
    from hardware.lines.gpio import KernelChip  # noqa: PLC0415
    from hardware.relays.gpio import GpioRelayBoard  # noqa: PLC0415

    chip, channels = KernelChip(str(section.chip)), dict(enumerate(section.lines or (), 1))
    active_low, report = bool(section.active_low), _states_alone(place)
    return GpioRelayBoard(chip, channels, name=place.name, active_low=active_low, report=report)


def _states_alone(place: Place) -> "Callable[[DeviceReport], None]":
    from hardware.interfaces import DeviceState  # noqa: PLC0415

    def tell(report: "DeviceReport") -> None:
        if isinstance(report, DeviceState):
            place.report(report)

    return tell


usb_relay = Driver(
    name="usb_relay",
    api=API,
    table="relay",
    settings=RelayBoardSection,
    make=make_usb_relay,
    twin=f"{TWINS}:usb_relay",
    wiring={
        "en": "Plug the board into a USB port of the gate computer. The lock goes to COM and NO or NC of its "
        "channel; motor and barrier need a timer relay between (docs/wiring.md).",
        "zh": "把继电器板插到门控电脑的 USB 口上。锁接在所用通道的 COM 和 NO（或 NC）上；"
        "电机和道闸中间要加时间继电器（docs/wiring.md）。",
    },
    golden=(GoldenFrame(bytes.fromhex("a00101a2"), 0.3, "LCUS-1/2/4/8, seller's sheet, channel 1 on"),),
)
modbus_relay = Driver(
    name="modbus_relay",
    api=API,
    table="relay",
    settings=RelayBoardSection,
    make=make_modbus_relay,
    twin=f"{TWINS}:modbus_relay",
    wiring={
        "en": "Two wires, A to A and B to B, from the RS-485 adapter to the board; 120 ohms at both ends of "
        "a long line. The board has its own supply. The lock goes to COM and NO or NC of its channel.",
        "zh": "RS-485 转换器到继电器板接两根线：A 对 A、B 对 B；线长时两端各接一个 120 欧电阻。"
        "继电器板单独供电。锁接在所用通道的 COM 和 NO（或 NC）上。",
    },
    golden=(
        GoldenFrame(
            bytes.fromhex("0105020000078db0"),
            0.7,
            "Waveshare wiki, Modbus RTU Relay, protocol V2: on for 700 ms",
        ),
    ),
    times_pulses=True,
)
gpio_relay = Driver(
    name="gpio_relay",
    api=API,
    table="relay",
    settings=RelayBoardSection,
    make=make_gpio_relay,
    twin=f"{TWINS}:gpio_relay",
    wiring={
        "en": "Put the hat onto the board's pins. The lock goes to COM and NO or NC of its channel; motor "
        "and barrier need a timer relay between (docs/wiring.md).",
        "zh": "把继电器扩展板插到主板的针脚上。锁接在所用通道的 COM 和 NO（或 NC）上；"
        "电机和道闸中间要加时间继电器（docs/wiring.md）。",
    },
    exempt={"golden": "no bytes come, only levels", "noise": "no bytes come, only levels"},
)
