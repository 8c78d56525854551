"""Make the devices of a site file by their drivers, wherever these were installed from."""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TypeVar

import hardware
from gate_controller.site_file.config import GateConfig
from hardware.cameras.installed import has_opencv
from hardware.driver import WITHOUT_KIND, Driver, Finding, InputSettings, Place, Settings
from hardware.errors import BadDeviceSetting, HardwareError
from hardware.interfaces import Device
from hardware.lines.modbus_lines import ModbusLines
from hardware.registry import BASES, installed_drivers

M = TypeVar("M")

NO_PART_OF_A_GATE = frozenset({"hardware.simulated", "hardware.conformance"})


def driver_of(table: str, section: Settings) -> Driver:
    """Return the driver of a part: its `kind`, or the table's own; raise BadDeviceSetting."""
    return installed_drivers().driver(str(getattr(section, "kind", table)))


def load_drivers(config: GateConfig) -> None:
    """Load each module that a device may need, and the driver of each part; raise what fails there.

    Drivers load their modules when they make a device, which is too late to refuse a version.
    """
    _load_modules(hardware)
    for table in (*BASES, *sorted(WITHOUT_KIND)):
        sections: Mapping[str, Settings] = getattr(config, table)
        for section in sections.values():
            driver_of(table, section)


def _load_modules(package: ModuleType) -> None:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if found.name in NO_PART_OF_A_GATE:
            continue
        try:
            module = import_module(found.name)
        except ModuleNotFoundError as err:
            if err.name != "cv2" or has_opencv():
                raise
            continue  # a gate without a camera has no OpenCV
        if found.ispkg:
            _load_modules(module)


def make_by_driver(table: str, section: Settings, place: Place) -> object:
    """Return what a part's driver makes; raise BadDeviceSetting, also where a stranger's driver fails."""
    driver = driver_of(table, section)
    try:
        return driver.make(section, place)
    except HardwareError:
        raise
    except Exception as err:
        raise BadDeviceSetting(
            f"{place.name}: the driver {driver.name!r} failed: {type(err).__name__}: {err}; "
            "update or remove the driver's package"
        ) from err


def found_by_driver(table: str, section: Settings, place: Place) -> Iterator[Finding]:
    """Yield what a part's driver looks at for the installer; what fails there is a finding too."""
    driver = driver_of(table, section)
    try:
        yield from driver.check(section, place)
    except Exception as err:  # noqa: BLE001 - a stranger's check must not end the installer's
        yield Finding(False, f"the check of its driver failed: {type(err).__name__}: {err}")


def of_kind(made: object, kind: type[M], place: Place) -> M:
    """Return what a driver made, which has to be of this kind; raise BadDeviceSetting."""
    if not isinstance(made, kind):
        raise _not_usable(made, place)
    return made


def make_device(table: str, section: Settings, place: Place) -> Device:
    """Return a reader, keypad, scanner or board of inputs, not yet started; raise BadDeviceSetting."""
    made = make_by_driver(table, section, place)
    if not (callable(getattr(made, "start", None)) and callable(getattr(made, "stop", None))):
        raise _not_usable(made, place)
    device: Device = made  # type: ignore[assignment]
    return device


def _not_usable(made: object, place: Place) -> BadDeviceSetting:
    return BadDeviceSetting(
        f"{place.name}: its driver made a {type(made).__name__}, which cannot be used there; "
        "update or remove the driver's package"
    )


def make_inputs(
    name: str, section: InputSettings, lines: ModbusLines, *, size_is_known: bool = True
) -> Device:
    """Return a board of inputs, not yet started; raise BadDeviceSetting.

    `size_is_known`: whether every terminal among its wires is there, as a site file says.
    """
    place = Place(name=name, modbus=lines, size_is_known=size_is_known)
    return make_device("inputs", section, place)


def make_lane_devices(config: GateConfig, *tables: str) -> tuple[list[Device], dict[str, str]]:
    """Return the devices of these tables, not yet started, and the lane of each."""
    devices: list[Device] = []
    lanes: dict[str, str] = {}
    for table in tables:
        sections: Mapping[str, Settings] = getattr(config, table)
        for name, section in sections.items():
            place = Place(name=name, card_bits=config.gate.card_bits)
            devices.append(make_device(table, section, place))
            lanes[name] = str(getattr(section, "lane", ""))
    return devices, lanes
