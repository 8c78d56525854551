"""Configuration of the server: one file, the environment over it, and files of secrets.

    <data_dir>/web.toml          database_url, public_url, trusted_proxies, how long things are kept
    <secrets_dir>/NAME.key       one secret each, base64, readable by the owner only

Secrets have no default and are never printed.
"""

import base64
import binascii
import dataclasses
import secrets
import stat
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import msgspec
from flask_babel import lazy_gettext as _l
from msgspec import Meta
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.call_media import MAX_RELAYS, RelayAddress
from gate_controller.contract.https_only import in_the_clear
from web_admin.core.named_faults import naming

SECRET_NAMES = ("seal", "lookup", "face", "session", "totp", "password_salt")
SECRET_BYTES = 32
SETTINGS_NAME = "web.toml"
TURN_SECRET_CHARS = 32


class ConfigRefused(Exception):
    """A setting is missing or not legal; names the file, the key and what is legal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """Settings of web.toml and the environment: type, bounds and default, one line a setting.

    A whole number has the label under which the page of settings shows it. Law or standards set its bounds.
    """

    public_url: Annotated[str, Meta(description="the address that residents type, such as https://NAME")]
    """`https://` switches secure cookies and HSTS on."""
    database_url: Annotated[
        str,
        Meta(
            pattern="^(sqlite:///|postgresql://|postgresql\\+psycopg://)",
            description="sqlite:////path/to/file and postgresql://user@host/database",
        ),
    ] = field(default="", repr=False)
    """Empty: a SQLite file in data_dir."""
    backup_dir: Annotated[Path, Meta(description="the path of a folder")] | None = None
    """Where old backups are removed; None: nothing is."""
    webhook_ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65535)], ...],
        Meta(description="ports from 1 to 65535, such as [9000, 9001]"),
    ] = ()
    """The ports of this machine to which webhooks may go; without any they leave it."""
    mail_server: Annotated[
        str,
        Meta(
            pattern="^$|^[^\\s/@]{1,200}:[0-9]{1,5}$",
            description="a mail server as NAME:PORT, such as smtp.example.org:587",
        ),
    ] = ""
    """The one mail server that gets the password, and may be on this machine or in a private network."""
    push_services: Annotated[
        tuple[Annotated[str, Meta(pattern="^[A-Za-z0-9.-]{1,200}(:[0-9]{1,5})?$")], ...],
        Meta(description='push services as NAME or NAME:PORT, such as ["push.example.org"]'),
    ] = ()
    """Push services beside those of the known browsers; one with a port may be on this machine."""
    turn_servers: Annotated[
        tuple[RelayAddress, ...],
        Meta(max_length=MAX_RELAYS, description='relays, such as ["turn:turn.example.org:3478"]'),
    ] = ()
    """Relays for the sound of calls, which know the secret in turn.secret; none: there is no relay."""
    passage_days: Annotated[
        int, Meta(ge=1, le=90, extra={"label": _l("Days for which a passage says who it was")})
    ] = 30
    log_days: Annotated[
        int,
        Meta(
            ge=180,
            le=3660,
            extra={
                "label": _l("Days for which the journal keeps names, and alarms are kept"),
            },
        ),
    ] = 180
    evidence_days: Annotated[
        int,
        Meta(ge=1096, le=3660, extra={"label": _l("Days for which the journal says whom an entry is about")}),
    ] = 1096
    """Proofs of consent, withdrawal and deletion are kept as long."""
    moved_out_days: Annotated[
        int,
        Meta(ge=1, le=90, extra={"label": _l("Days for which the name of a person who moved out is kept")}),
    ] = 30
    face_inactive_days: Annotated[
        int, Meta(ge=60, le=180, extra={"label": _l("Days without use after which a face ends")})
    ] = 180
    """After half of them the person is asked."""
    backup_days: Annotated[
        int, Meta(ge=1, le=30, extra={"label": _l("Days for which old backups are kept")})
    ] = 30
    bell_servers: Annotated[
        str,
        Meta(
            pattern="^$|^[^\\s:]{1,100}:[0-9]{1,5}( [^\\s:]{1,100}:[0-9]{1,5}){0,8}$",
            description="brokers of NATS as NAME:PORT, with a blank between two",
        ),
    ] = ""
    """Brokers that send gates their wake-ups; empty: none, and gates ask every two seconds."""
    bell_ca: Annotated[Path, Meta(description="the path of a file")] | None = None
    """Certificates of the authority that vouches for the brokers; None: those that the system trusts."""
    own_authority: Annotated[Path, Meta(description="the path of a file")] | None = None
    """Certificate of the authority of one's own that signs the public address's; None: public ones do."""
    access_review_days: Annotated[
        int, Meta(ge=30, le=366, extra={"label": _l("Days from one access review to the next")})
    ] = 182
    """Twice a year."""
    new_members_wait: Annotated[
        int,
        Meta(ge=0, le=1, extra={"label": _l("People whom a home adds wait until the office has agreed")}),
    ] = 0
    security_contact: Annotated[
        str,
        Meta(
            pattern="^$|^(mailto:[^\\s@]+@[^\\s@]+|https://\\S+|tel:\\+[0-9-]+)$",
            description="mailto:NAME@PLACE, https://PAGE or tel:+NUMBER",
        ),
    ] = ""
    """Address for reports of a weakness, as /.well-known/security.txt has it."""
    log_requests: Annotated[
        int,
        Meta(ge=0, le=1, extra={"label": _l("One line in the log for each request, without addresses")}),
    ] = 0
    trusted_proxies: Annotated[
        int, Meta(ge=0, le=8, extra={"label": _l("Reverse proxies in front of this server")})
    ] = 0
    """Each of them sets X-Forwarded-*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig(FileSettings):
    """Everything the server needs to start."""

    data_dir: Path
    secrets_dir: Path
    seal_key: bytes = field(repr=False)
    lookup_key: bytes = field(repr=False)
    face_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)
    totp_key: bytes = field(repr=False)
    password_salt: bytes = field(repr=False)
    mail_password: str | None = field(default=None, repr=False)
    """The mail server's; None: the first line of `mail.password` in secrets_dir, read when it is needed."""
    turn_secret: str = field(default="", repr=False)
    """Of the relays; read from turn.secret in secrets_dir, and never without `turn_servers`."""

    @property
    def is_https(self) -> bool:
        """Return whether browsers reach the server over TLS."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True)
class WholeNumber:
    """A setting that is a whole number, as the page of settings shows it."""

    name: str
    label: str
    least: int
    most: int

    @property
    def is_switch(self) -> bool:
        """Return whether 1 means yes and 0 means no."""
        return (self.least, self.most) == (0, 1)


_TYPES = typing.get_type_hints(FileSettings, include_extras=True)
SETTINGS = tuple(each.name for each in dataclasses.fields(FileSettings))


def _meta(name: str) -> Meta:
    """Return what bounds a setting and says what is legal."""
    kind = _TYPES[name]
    for one in (kind, *typing.get_args(kind)):
        for part in typing.get_args(one)[1:] if typing.get_origin(one) is Annotated else ():
            if isinstance(part, Meta):
                return part
    raise TypeError(f"FileSettings.{name} says nothing of what is legal")


def whole_numbers() -> list[WholeNumber]:
    """Return the settings that are whole numbers, in the order in which they are declared."""
    return [
        WholeNumber(name, meta.extra["label"], int(meta.ge), int(meta.le))
        for name, meta in ((name, _meta(name)) for name in SETTINGS)
        if meta.extra is not None and meta.ge is not None and meta.le is not None
    ]


def load_config(
    env: Mapping[str, str], data_dir: Path | None = None, settings_name: str = SETTINGS_NAME
) -> WebConfig:
    """Read the configuration; raise ConfigRefused naming file, key and legal values.

    `data_dir` wins over MENJIN_DATA_DIR; without either it is the working directory.
    """
    data_dir = (data_dir or Path(env.get("MENJIN_DATA_DIR", "."))).resolve()
    secrets_dir = Path(env.get("MENJIN_SECRETS_DIR", str(data_dir / "secrets")))
    given = _read_settings(data_dir / settings_name, env)
    keys = {
        name if name == "password_salt" else f"{name}_key": read_secret(secrets_dir, name)
        for name in SECRET_NAMES
    }
    settings = {name: _legal(name, value, where) for name, (value, where) in given.items()}
    if "public_url" not in settings:
        raise ConfigRefused(
            "web.toml: public_url (or MENJIN_PUBLIC_URL) is missing; legal is "
            f"{_meta('public_url').description}"
        )
    settings["public_url"] = _public_url(str(settings["public_url"]), given["public_url"][1])
    settings.setdefault("database_url", f"sqlite:///{quote(str(data_dir / 'menjin.sqlite3'))}")
    if "backup_dir" in settings:
        settings["backup_dir"] = data_dir / str(settings["backup_dir"])
    for name in ("bell_ca", "own_authority"):
        if name in settings:
            settings[name] = data_dir / str(settings[name])
    return msgspec.convert(
        {
            **settings,
            **keys,
            "data_dir": data_dir,
            "secrets_dir": secrets_dir,
            "mail_password": env.get("MENJIN_MAIL_PASSWORD") or None,
            "turn_secret": read_turn_secret(secrets_dir) if settings.get("turn_servers") else "",
        },
        WebConfig,
    )


_Setting = tuple[object, str]
"""A value and where it was read."""


def _read_settings(path: Path, env: Mapping[str, str]) -> dict[str, _Setting]:
    table: dict[str, object] = {}
    if path.is_file():
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
            raise ConfigRefused(f"{path}: not TOML: {err}") from err
    unknown = sorted(set(table) - set(SETTINGS))
    if unknown:
        raise ConfigRefused(f"{path}: unknown key {unknown[0]!r}; legal are {', '.join(SETTINGS)}")
    settings: dict[str, _Setting] = {key: (value, f"{path}: {key}") for key, value in table.items()}
    for key in SETTINGS:
        name = f"MENJIN_{key.upper()}"
        if name in env:
            settings[key] = (env[name], f"environment: {name}")
    return settings


def _legal(name: str, value: object, where: str) -> object:
    """Return a setting in its own type; raise ConfigRefused saying what is legal."""
    meta = _meta(name)
    lists = ("webhook_ports", "push_services", "turn_servers")
    if name in lists and not isinstance(value, list):
        value = value.replace(",", " ").split() if isinstance(value, str) else [value]
    legal = meta.description or f"whole numbers from {meta.ge} to {meta.le}"
    try:
        found: object = msgspec.convert(value, _TYPES[name], strict=False, dec_hook=_path_of)
        if name == "database_url":
            make_url(str(found))
    except (msgspec.ValidationError, ValueError, ArgumentError) as err:
        if name == "database_url":  # it may hold a password, which no message shows
            raise ConfigRefused(f"{where} is wrong; legal are {legal}") from None
        raise ConfigRefused(f"{where} is {value!r}; legal are {legal}") from err
    return found


def _path_of(kind: type, value: object) -> object:
    """Make a path of a text, which msgspec leaves to its caller."""
    if kind is not Path or not isinstance(value, str):
        raise ValueError(f"not a {kind.__name__}")
    return Path(value)


def why_not(name: str, value: str) -> str | None:
    """Say why a setting cannot have this value, or nothing; for a person who typed it."""
    try:
        _legal(name, value, "that")
        if name == "public_url":
            _public_url(value, "that")
    except ConfigRefused as err:
        return str(err).removeprefix("that: ")
    return None


def _public_url(value: str, where: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ConfigRefused(f"{where} is {value!r}; legal is https://NAME, without a path")
    trouble = in_the_clear(value)
    if trouble is not None:
        raise ConfigRefused(f"{where}: {trouble}")
    return value.rstrip("/")


# -- secrets ---------------------------------------------------------------------------------------


def read_secret(secrets_dir: Path, name: str) -> bytes:
    """Return a secret of 32 bytes or more; raise ConfigRefused naming the file."""
    path = secrets_dir / f"{name}.key"
    if not path.is_file():
        made = f"'{server_command('init')}' makes it; a restore brings it back"
        raise ConfigRefused(f"{path} is missing: {made}")
    if stat.S_IMODE(path.stat().st_mode) & 0o007:
        raise ConfigRefused(f"{path} can be read by everyone on this machine: chmod 0600 {path}")
    try:
        secret = base64.b64decode(path.read_bytes().strip(), validate=True)
    except binascii.Error as err:
        raise ConfigRefused(f"{path} is not base64") from err
    if len(secret) < SECRET_BYTES:
        raise ConfigRefused(f"{path} holds {len(secret)} bytes; legal are {SECRET_BYTES} or more")
    return secret


def read_turn_secret(secrets_dir: Path) -> str:
    """Return what server and relays share; raise ConfigRefused naming the file. It has no default."""
    path = secrets_dir / "turn.secret"
    if not path.is_file():
        raise ConfigRefused(f"{path} is missing: turn_servers needs the relay's static-auth-secret in it")
    if stat.S_IMODE(path.stat().st_mode) & 0o007:
        raise ConfigRefused(f"{path} can be read by everyone on this machine: chmod 0600 {path}")
    secret = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    if len(secret) < TURN_SECRET_CHARS:
        raise ConfigRefused(f"{path} holds {len(secret)} characters; legal are {TURN_SECRET_CHARS} or more")
    return secret


def write_secret(secrets_dir: Path, name: str, secret: bytes | None = None) -> None:
    """Store a secret, random unless given, as 0600; raise FileExistsError rather than replace one."""
    path = secrets_dir / f"{name}.key"
    path.touch(mode=0o600, exist_ok=False)
    with naming(path):
        path.write_bytes(base64.b64encode(secret or secrets.token_bytes(SECRET_BYTES)) + b"\n")


def write_settings(path: Path, settings: Mapping[str, str | int]) -> None:
    """Store web.toml as 0600; raise FileExistsError rather than replace one."""
    path.touch(mode=0o600, exist_ok=False)
    lines = [f"{key} = {_toml(value)}\n" for key, value in settings.items()]
    with naming(path):
        path.write_text("".join(lines), encoding="utf-8")


def _toml(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
