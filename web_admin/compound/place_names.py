"""Read from a gate's name and a home's number where they are. Pure.

`3栋1单元`, `Building 3` and `3-1` name a building, `东门` and `West gate` an outer gate, `3-1-1203` a home of
building 3, unit 1. What could mean two things is left unread, for the manager to say.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

OUTER, BUILDING, UNIT, GARAGE, SHARED = KINDS = ("outer", "building", "unit", "garage", "shared")

_N = r"(?:[0-9]{1,4}[a-z]?|[a-z]|[一二三四五六七八九十]{1,3})"
_BUILDINGS = (
    rf"(?:(?P<phase>{_N})期)?(?P<code>{_N})(?:号楼|號樓|#楼|#|栋|棟|幢|座)",
    r"\b(?:building|bldg\.?|block|tower|house|haus|hausnummer|gebäude|turm)\s*(?:no\.?|nr\.?)?\s*"
    r"(?P<code>[0-9]{1,4}[a-z]?|[a-z])\b",
)
_UNITS = (
    rf"(?P<code>{_N})单元",
    r"\b(?:unit|entrance|stairs|staircase|stairwell|core|eingang|aufgang|treppe|treppenhaus|stiege)\s*"
    r"(?P<code>[0-9]{1,3}|[a-z])\b",
)
_STAIRS = (
    _UNITS[0],
    r"\b(?:stairs|staircase|stairwell|aufgang|hausaufgang|hauseingang|treppe|treppenhaus|stiege)\s*"
    r"(?P<code>[0-9]{1,3}|[a-z])\b",
)
"""Words that number the stairs of a single building: each is a building of its own here."""
_GARAGES = (
    r"车库|車庫|地库|停车|停車|\b(?:parking|car ?park|(?:under)?ground garage|park(?:haus|platz)?)\b|garage"
)
_SHARED = (
    r"会所|会馆|健身|泳池|游泳|儿童|活动室|活动中心|物业|垃圾|快递|自行车|电动车|车棚|图书|洗衣|老年|地下室"
    r"|\b(?:gym|pool|club ?house|laundry|bikes?|bicycles?|parcels?|waste|bins?|playground|sauna|fitness"
    r"|cellar|basement|roof|community|lounge|storage|library|keller|dach|spielplatz|müll)\b"
    r"|schwimm|gemeinschaft|waschk|fahrrad|müllr|paketr"
)
_OUTER_CHINESE = re.compile(
    rf"(?=.*(?:门|門|闸|岗|入口|出口))(?:小区)?[东西南北正大主侧后前]*(?:{_N}号?)?[大侧小主]?(?:门|門)?"
    r"(?:人行|车行|行人|车辆)?(?:道闸|闸机|闸|岗亭|门岗|出入口|入口|出口)?",
    re.IGNORECASE,
)
_OUTER_WORDS = re.compile(
    r"gates?|entrance|exit|barrier|(?:north|south)?(?:east|west)?|north|south|main|front|back|rear|side|driveway"
    r"|pedestrians?|vehicles?|cars?|nord|süd|ost|west|pforte|schranke"
    r"|(?:haupt|seiten|hinter|vorder|nord|süd|ost|west|hof|garten)?(?:tor|eingang|einfahrt|ausfahrt|zufahrt)",
    re.IGNORECASE,
)
"""All words of an outer gate's name are such words or a number: "Office entrance" is a door of something."""
_BARE = re.compile(rf"(?:{_N}-){{1,2}}{_N}", re.IGNORECASE)
_HOME = re.compile(
    rf"(?:(?P<phase>{_N})期)?(?P<building>{_N})(?:号楼|號樓|#楼|#|栋|棟|幢|座)"
    rf"(?:(?P<unit>{_N})单元)?(?P<room>[0-9]{{1,5}}[a-z]?)(?:室|号|號)?",
    re.IGNORECASE,
)
_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a gate is, as its name says; a building or unit has a code, with which homes' numbers begin."""

    kind: str
    name: str = ""
    code: str = ""
    building: str = ""
    """Of a unit: what its building is called."""


def read_gate_name(name: str) -> Reading | None:
    """Return where a gate of this name is; None where the name does not say it."""
    text = " ".join(unicodedata.normalize("NFKC", name).split())
    if re.search(_GARAGES, text, re.IGNORECASE):
        return Reading(GARAGE, text)
    building = _first(_BUILDINGS, text)
    if building is None and re.search(_SHARED, text, re.IGNORECASE):
        return Reading(SHARED, text)
    if building is not None and text[: building.start()].strip():
        return None  # of one of several zones, whose buildings may have the same number
    if building is not None:
        code = code_of(building["code"])
        if building.groupdict().get("phase"):
            code = f"{code_of(building['phase'])}-{code}"
        unit = _first(_UNITS, text[building.end() :])
        if unit is None:
            return Reading(BUILDING, building.group().strip(), code)
        whole = text[building.start() : building.end() + unit.end()].strip()
        return Reading(UNIT, whole, f"{code}-{code_of(unit['code'])}", building.group().strip())
    bare = _BARE.fullmatch(text)
    if bare is not None:
        parts = [code_of(part) for part in text.split("-")]
        return Reading(UNIT, text, "-".join(parts), text.rpartition("-")[0])
    stairs = _first(_STAIRS, text)
    if stairs is not None and text[: stairs.start()].strip():
        return None
    if stairs is not None:
        return Reading(BUILDING, stairs.group().strip(), code_of(stairs["code"]))
    return Reading(OUTER) if _is_outer(text) else None


def read_gate_names(names: Mapping[str, str], *, has_buildings: bool) -> dict[str, Reading]:
    """Return where gates are, by their ids; those whose names do not say it are absent.

    Where no gate of the compound leads into a building, one whose name says nothing is an outer gate: it
    can open no other family's stairs.
    """
    read = {
        gate_id: reading for gate_id, name in names.items() if (reading := read_gate_name(name)) is not None
    }
    if not has_buildings and not any(one.kind in (BUILDING, UNIT) for one in read.values()):
        read = {gate_id: read.get(gate_id, Reading(OUTER)) for gate_id in names}
    return read


def home_parts(number: str) -> tuple[str, ...]:
    """Return the parts of a home's number: `3-1-1203` and `3栋1单元1203` are in building 3, unit 1."""
    text = unicodedata.normalize("NFKC", number).strip()
    written = _HOME.fullmatch("".join(text.split()))
    parts: Iterable[str] = text.split("-")
    if written is not None:
        parts = (part for part in written.group("phase", "building", "unit", "room") if part)
    return tuple(code_of(part) for part in parts)


def longest_code(number: str, codes: Iterable[str]) -> str | None:
    """Return the longest of these codes with which a home's number begins; its last part is the room."""
    parts = home_parts(number)
    known = set(codes)
    starts = ("-".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((start for start in starts if start in known), None)


def code_of(text: str) -> str:
    """Return a number or letter as codes have it: small, without zeros before it, in Arabic digits."""
    small = text.strip().casefold().lstrip("0") or "0"
    if small[0] not in "一二三四五六七八九十":
        return small
    tens, ten, ones = small.rpartition("十")
    return str((10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0))


def _is_outer(text: str) -> bool:
    if _OUTER_CHINESE.fullmatch(text):
        return True
    words = re.split(r"[\s,-]+", text)
    named = [word for word in words if re.fullmatch(_N, word, re.IGNORECASE) is None]
    return bool(named) and all(word and _OUTER_WORDS.fullmatch(word) for word in named)


def _first(patterns: Sequence[str], text: str) -> re.Match[str] | None:
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in patterns)
    return next((one for one in found if one is not None), None)
