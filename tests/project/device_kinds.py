"""The kinds of devices that a site file may name."""

import typing

from hardware.cameras.drivers import CameraSection
from hardware.inputs.drivers import InputBoardSection
from hardware.readers.drivers import KeypadSection, ReaderSection, ScannerSection
from hardware.relays.drivers import RelayBoardSection

OF_ONE_KIND = {"tag_reader", "frame_reader", "osdp_reader"}
"""Tables of the site file that configure one driver and so have no key `kind`."""


def kinds_of_the_site_file() -> set[str]:
    tables = (
        ReaderSection,
        KeypadSection,
        ScannerSection,
        CameraSection,
        RelayBoardSection,
        InputBoardSection,
    )
    return {kind for table in tables for kind in typing.get_args(typing.get_type_hints(table)["kind"])}
