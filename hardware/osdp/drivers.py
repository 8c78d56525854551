"""The settings of OSDP readers and their lines, and what makes one. libosdp is loaded when one is made."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from hardware.driver import API, AtLane, Baud, Driver, LaneDeviceSettings, PartName, Place, Port, Settings
from hardware.errors import BadDeviceSetting

if TYPE_CHECKING:
    from hardware.osdp.reader import OsdpReader


class OsdpLineSection(Settings, frozen=True, kw_only=True):
    """An RS-485 adapter with OSDP readers on it."""

    port: Port
    baud: Baud = 9600


class OsdpReaderSection(LaneDeviceSettings, frozen=True, kw_only=True):
    """An OSDP reader; its key is `osdp-NAME.key` in the secrets folder, from `menjin gate pair-reader`.

    A lane may name it as its `relay`: channel 1 is then the reader's first output.
    """

    line: Annotated[PartName, msgspec.Meta(description="The line it hangs on.")]
    address: Annotated[
        int, msgspec.Meta(ge=0, le=126, description="Its address, once a line.", extra={"unit": ""})
    ]
    lane: AtLane
    bits: Annotated[
        Literal[24, 26, 32, 34, 37, 56, 64],
        msgspec.Meta(description="How many bits it sends for a card; anything else is dropped."),
    ]
    carries: Annotated[
        Literal["wiegand", "number"], msgspec.Meta(description="Frames with parity, or the bare number.")
    ] = "wiegand"
    byte_order: Annotated[
        Literal["msb", "lsb"], msgspec.Meta(description="lsb for readers that turn the bytes round.")
    ] = "msb"


def make_osdp_reader(section: OsdpReaderSection, place: Place) -> "OsdpReader":
    """Return a reader on the line and under the key of its place; raise BadDeviceSetting."""
    from hardware.osdp.line import OsdpLine  # noqa: PLC0415
    from hardware.osdp.reader import OsdpCardForm, OsdpReader  # noqa: PLC0415
    from hardware.readers.cards import SiteCardForm  # noqa: PLC0415

    if not isinstance(place.bus, OsdpLine):
        raise BadDeviceSetting(f"{place.name}: there is no OSDP line {section.line}")
    return OsdpReader(
        place.bus,
        section.address,
        place.key,
        OsdpCardForm(section.bits, section.carries, section.byte_order),
        SiteCardForm(place.card_bits),
        name=place.name,
        lane_id=section.lane,
    )


osdp_reader = Driver(
    name="osdp_reader",
    api=API,
    table="osdp_reader",
    settings=OsdpReaderSection,
    make=make_osdp_reader,
    twin="hardware.simulated.benches:osdp_reader",
    wiring={
        "en": "Two wires, A to A and B to B, from the RS-485 adapter to the reader, and a common ground; "
        "120 ohms at both ends of a long line. The reader has its own supply.",
        "zh": "RS-485 转换器到读卡器接两根线：A 对 A、B 对 B，再连上地线；线长时两端各接一个 120 欧电阻。"
        "读卡器单独供电。",
    },
    exempt={"golden": "libosdp makes the bytes; its checksum is tested against its own tests"},
)
