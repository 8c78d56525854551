"""Read the site file of one gate; explain each error in one clear sentence."""

import re
import tomllib
import typing
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.records import Id
from gate_controller.site_file.config import NAMED_PARTS, ConfigRefused, GateConfig, GateSection
from gate_controller.site_file.face import FaceSection
from gate_controller.site_file.lines import line_of
from gate_controller.site_file.office_facts import fill_in
from gate_controller.site_file.outputs import why_no_such_kind
from gate_controller.site_file.telephone import TelephoneSection
from gate_controller.site_file.whole_check import check_whole
from hardware.driver import Settings, WireSettings
from hardware.files import FileTooLarge, NoRegularFile, read_regular
from hardware.registry import BASES, DriverRefused, installed_drivers
from hardware.relays.drivers import RelayBoardSection


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field() if field.default is msgspec.NODEFAULT else msgspec.field(default=field.default)


_WHOLE = msgspec.defstruct(
    "_WHOLE",
    [
        (
            field.name,
            dict[Id, Any] if field.name in NAMED_PARTS else field.type,
            _default_of(field),
        )
        for field in msgspec.structs.fields(GateConfig)
    ],
    bases=(Settings,),
    frozen=True,
    kw_only=True,
)
"""A site file whose named parts are not looked at: each is converted by its own driver's class."""

MAX_SITE_FILE_BYTES = 1_000_000


def load_config(path: Path) -> GateConfig:
    """Read a site file; raise ConfigRefused naming file, line, key and the legal values."""
    try:
        # The mark in front is Windows Notepad's.
        text = read_regular(path, MAX_SITE_FILE_BYTES).decode("utf-8-sig")
    except (NoRegularFile, FileTooLarge) as err:
        raise ConfigRefused(f"{err}; name the gate's site file") from err
    except UnicodeDecodeError as err:
        raise ConfigRefused(f"{path}: cannot be read: no text in UTF-8; save it again as UTF-8") from err
    except OSError as err:
        raise ConfigRefused(f"{path}: cannot be read: {err}") from err
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as err:  # also numbers of 5,000 digits and endless brackets
        raise ConfigRefused(f"{path}: not a TOML file: {err}") from err
    fill_in(tables)
    parts = _converted_parts(path, text, tables)
    try:
        whole = msgspec.convert(tables, _WHOLE, dec_hook=_path)
    except msgspec.ValidationError as err:
        raise _explained(path, text, [], GateConfig, err) from err
    config = GateConfig(**{name: getattr(whole, name) for name in GateConfig.__struct_fields__} | parts)
    check_whole(path, text, config)
    return config


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected a path in quotes, got {value!r}" if wanted is Path else f"got {value!r}")


def _converted_parts(path: Path, text: str, tables: Mapping[str, object]) -> dict[str, dict[str, Settings]]:
    """Convert each named part separately: msgspec's own errors leave out the names of parts."""
    converted: dict[str, dict[str, Settings]] = {section: {} for section in NAMED_PARTS}
    for section in NAMED_PARTS:
        parts = tables.get(section)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            part_type = _type_of(path, text, section, name, part)
            try:
                converted[section][name] = msgspec.convert(part, part_type, dec_hook=_path)
            except msgspec.ValidationError as err:
                raise _explained(path, text, [section, name], part_type, err) from err
    return converted


def _type_of(path: Path, text: str, section: str, name: str, part: object) -> type[Settings]:
    """Return the keys of a part: those of the driver that its `kind` names; raise ConfigRefused."""
    if section not in BASES or not isinstance(part, dict):
        return NAMED_PARTS[section]
    try:
        driver = installed_drivers().at(section, part.get("kind"))
    except DriverRefused as err:
        line = line_of(text, [section, name, "kind"])
        raise ConfigRefused(f"{path}, line {line}: {section}.{name}.kind: {err}") from err
    return NAMED_PARTS[section] if driver is None else driver.settings


def _explained(
    path: Path, text: str, keys: list[str], part_type: type[Settings], error: msgspec.ValidationError
) -> ConfigRefused:
    """Return the error with file, line, key and legal values, from msgspec's `… - at `$.bits``."""
    sentence, _, place = str(error).partition(" - at ")
    keys = [*keys, *re.findall(r"[A-Za-z0-9_-]+", place)]
    named = re.search(r"field `([^`]+)`", sentence)
    if named and "unknown field" in sentence:
        legal = ", ".join(_type_at(part_type, place).__struct_fields__)
        keys.append(named.group(1))
        sentence = f"there is no such key; legal keys: {legal}"
    elif named:
        sentence = f"the key {named.group(1)!r} is missing"
    elif keys and (values := _legal_values(typing.get_type_hints(_type_at(part_type, place)).get(keys[-1]))):
        wrong = re.sub(r"^Invalid enum value (.+)$", r"\1 is not legal", sentence)
        sentence = f"{wrong}; legal values: " + ", ".join(repr(value) for value in values)
        if keys[0] in BASES and keys[2:] == ["kind"] and (others := installed_drivers().names_of_others()):
            sentence += "; other packages register " + ", ".join(repr(name) for name in others)
        sentence += why_no_such_kind(wrong) if part_type is RelayBoardSection else ""
    return ConfigRefused(f"{path}, line {line_of(text, keys)}: {'.'.join(keys) or 'the file'}: {sentence}")


def _legal_values(hint: object) -> list[object]:
    """Return what a key may be, also where it is optional."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return [value.value for value in hint]
    if typing.get_origin(hint) is Literal:
        return list(typing.get_args(hint))
    return [value for option in typing.get_args(hint) for value in _legal_values(option)]


def _type_at(part_type: type[Settings], place: str) -> type[msgspec.Struct]:
    """Return the type of the table that msgspec's place is in."""
    if "$.sheet" in place:
        return LaneSheet
    if "wires[" in place:
        return WireSettings
    tops: Mapping[str, type[Settings]] = {
        ".gate": GateSection,
        ".face": FaceSection,
        ".telephone": TelephoneSection,
    }
    inside = [section for top, section in tops.items() if part_type is GateConfig and top in place]
    return inside[0] if inside else part_type
