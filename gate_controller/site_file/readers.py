"""The tables of a site file for readers beyond the line-printing ones: OSDP, card modules, raw frames."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.records import Id
from gate_controller.site_file.outputs import Baud, Section


class OsdpLineSection(Section, frozen=True, kw_only=True):
    """An RS-485 adapter with OSDP readers on it."""

    port: Path
    baud: Baud = 9600


class OsdpReaderSection(Section, frozen=True, kw_only=True):
    """An OSDP reader; its key is `osdp-NAME.key` in the secrets folder, from `menjin gate pair-reader`.

    A lane may name it as its `relay`: channel 1 is then the reader's first output.
    """

    line: Id
    address: Annotated[int, msgspec.Meta(ge=0, le=126)]
    lane: Id
    bits: Literal[24, 26, 32, 34, 37, 56, 64]
    carries: Literal["wiegand", "number"] = "wiegand"
    byte_order: Literal["msb", "lsb"] = "msb"


class TagReaderSection(Section, frozen=True, kw_only=True):
    """An RDM6300 or ID-12 card module."""

    port: Path
    lane: Id
    baud: Baud = 9600


class FrameReaderSection(Section, frozen=True, kw_only=True):
    """A converter that prints whole Wiegand frames, parity included."""

    port: Path
    lane: Id
    bits: Literal[26, 34, 37]
    printed: Literal["bin", "hex", "dec"] = "hex"
    bit_order: Literal["first_bit_first", "last_bit_first"] = "first_bit_first"
    byte_order: Literal["msb", "lsb"] = "msb"
    baud: Baud = 9600
