"""Read the files of a head office: settings, compounds, a key for each; imports only the contract.

head_office.toml    public_url, trusted_proxies, timezone, ask_every_seconds, ca_file; may be missing
compounds.toml      [word] name, address, group; one table a compound
keys/WORD.key       the API key that the compound's office made, readable by the owner only
"""

import json
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from gate_controller.contract.https_only import in_the_clear

SETTINGS_NAME, COMPOUNDS_NAME, KEYS_NAME = "head_office.toml", "compounds.toml", "keys"
WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
KEY = re.compile(r"mjk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")
MAX_FILE_BYTES = 4 * 1024 * 1024

T = TypeVar("T")


class FileRefused(Exception):
    """A file says what is not legal; names the file, the place and what is legal."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    public_url: str = ""
    """The address that its staff type; `https://` switches secure cookies and HSTS on."""
    trusted_proxies: Annotated[int, Meta(ge=0, le=8)] = 0
    """Reverse proxies in front, at least 1 for `https://`."""
    timezone: str = "Asia/Shanghai"
    ask_every_seconds: Annotated[int, Meta(ge=5, le=3600)] = 60
    ca_file: str = ""
    """Certificates of an authority of the company's own, beside those that this machine trusts."""


@dataclass(frozen=True, slots=True)
class Compound:
    """One compound as the company's list names it. `word` is its place in addresses of pages and files."""

    word: str
    name: str
    address: str
    group: str = ""
    key: str = field(default="", repr=False)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    address: Annotated[str, Meta(min_length=1, max_length=300)]
    group: Annotated[str, Meta(max_length=80)] = ""


def read_settings(data_dir: Path) -> Settings:
    """Return the settings; raise FileRefused."""
    path = data_dir / SETTINGS_NAME
    settings = _converted(path, _toml(path) if path.is_file() else {}, Settings)
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise FileRefused(f"{path}: timezone {settings.timezone!r} is not known") from err
    if settings.public_url and (in_the_clear(settings.public_url) or not _is_bare(settings.public_url)):
        raise FileRefused(f"{path}: public_url {settings.public_url!r}: {ADDRESS_IS}")
    if settings.public_url.lower().startswith("https:") and not settings.trusted_proxies:
        raise FileRefused(
            f"{path}: trusted_proxies is 0, but only a reverse proxy gives this program https://, and wrong "
            "passwords would shut out everybody who comes through it: write trusted_proxies = 1"
        )
    return settings


ADDRESS_IS = "legal is https://NAME or https://NAME:PORT, and http:// on this machine alone"


def read_compounds(data_dir: Path) -> list[Compound]:
    """Return the compounds in the order of their file, none where there is no file; raise FileRefused."""
    path = data_dir / COMPOUNDS_NAME
    if not path.is_file():
        return []
    found: dict[str, Compound] = {}
    for word, table in _toml(path).items():
        if WORD.fullmatch(word) is None:
            raise FileRefused(f"{path}: [{word}]: legal are 1 to 40 of a-z, 0-9 and -")
        entry = _converted(path, table, _Entry, f"[{word}] ")
        address = entry.address.rstrip("/").lower()
        check_address(f"{path}: [{word}] address", address)
        if address in found:
            raise FileRefused(f"{path}: [{word}] has the address of [{found[address].word}]")
        found[address] = Compound(word, entry.name, address, entry.group)
    return list(found.values())


def check_address(where: str, address: str) -> None:
    """Raise FileRefused unless a compound may be asked at this address."""
    if in_the_clear(address) or not _is_bare(address):
        raise FileRefused(f"{where} {address!r}: {ADDRESS_IS}")


def _is_bare(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and "@" not in parts.netloc
    return named and not (parts.path.strip("/") or parts.query or parts.fragment)


def read_key(data_dir: Path, word: str) -> str:
    """Return the key of a compound; raise FileRefused naming the file."""
    path = data_dir / KEYS_NAME / f"{word}.key"
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except FileNotFoundError as err:
        raise FileRefused(f"{path} is missing: it holds the API key that the compound's office made") from err
    except UnicodeDecodeError as err:
        raise FileRefused(f"{path} holds no API key") from err
    if stat.S_IMODE(mode) & 0o077:
        raise FileRefused(f"{path} can be read by others on this machine: chmod 0600 {path}")
    return checked_key(str(path), text)


def checked_key(where: str, text: str) -> str:
    """Return the text of a key; raise FileRefused where it is none."""
    if KEY.fullmatch(text) is None:
        raise FileRefused(f"{where} holds no API key: one begins with mjk_ and has 64 characters")
    return text


def add_compound(data_dir: Path, compound: Compound) -> None:
    """Write a compound and its key down; raise FileRefused where its word or address is taken."""
    if WORD.fullmatch(compound.word) is None:
        raise FileRefused(f"{compound.word!r}: legal are 1 to 40 of a-z, 0-9 and -")
    check_address("address", compound.address)
    for other in read_compounds(data_dir):
        if compound.word == other.word or compound.address == other.address:
            raise FileRefused(f"{data_dir / COMPOUNDS_NAME}: [{other.word}] is there already")
    keys = data_dir / KEYS_NAME
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = keys / f"{compound.word}.key"
    if key.exists():
        raise FileRefused(f"{key} is there already: delete it, or give the compound another word")
    key.touch(mode=0o600)
    key.write_text(compound.key + "\n", encoding="ascii")
    fields = {"name": compound.name, "address": compound.address, "group": compound.group}
    lines = [f"\n[{compound.word}]", *(f"{name} = {_quoted(text)}" for name, text in fields.items() if text)]
    with (data_dir / COMPOUNDS_NAME).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    """Return a text as TOML's basic string, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(path: Path) -> dict[str, object]:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise FileRefused(f"{path} is larger than {MAX_FILE_BYTES >> 20} MB")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as err:
        raise FileRefused(f"{path}: {err}") from err


def _converted(path: Path, table: object, type_: type[T], where: str = "") -> T:
    try:
        return msgspec.convert(table, type=type_)
    except msgspec.ValidationError as err:
        raise FileRefused(f"{path}: {where}{err}") from err
