"""Configuration of the server: one file, the environment over it, and files of secrets.

    <data_dir>/web.toml          database_url, public_url, trusted_proxies, how long things are kept
    <secrets_dir>/NAME.key       one secret each, base64, readable by the owner only

Secrets have no default and are never printed.
"""

import base64
import binascii
import secrets
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gate_controller.contract.https_only import in_the_clear

SECRET_NAMES = ("seal", "lookup", "face", "session", "totp", "password_salt")
SECRET_BYTES = 32
WHOLE_NUMBERS = {
    "trusted_proxies": (0, 0, 8),
    "passage_days": (30, 1, 90),
    "log_days": (180, 180, 3660),
    "evidence_days": (1096, 1096, 3660),
    "moved_out_days": (30, 1, 90),
    "face_inactive_days": (180, 60, 180),
    "backup_days": (30, 1, 30),
    "new_members_wait": (0, 0, 1),
}
"""Settings that are whole numbers: default, least, most. What law or standards ask bounds them."""
SETTINGS = ("database_url", "public_url", "backup_dir", "webhook_ports", *WHOLE_NUMBERS)


class ConfigRefused(Exception):
    """A setting is missing or not legal; names the file, the key and what is legal."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Everything the server needs to start."""

    database_url: str = field(repr=False)
    data_dir: Path
    secrets_dir: Path
    public_url: str
    """The address residents type; `https://` switches secure cookies and HSTS on."""
    seal_key: bytes = field(repr=False)
    lookup_key: bytes = field(repr=False)
    face_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)
    totp_key: bytes = field(repr=False)
    password_salt: bytes = field(repr=False)
    trusted_proxies: int = 0
    """Number of reverse proxies in front that set X-Forwarded-* (0 to 8)."""
    passage_days: int = 30
    """How long a passage says who it was."""
    log_days: int = 180
    """How long the server's own entries keep their personal part, and alarms are kept."""
    evidence_days: int = 1096
    """How long what proves consent, withdrawal and deletion is kept."""
    moved_out_days: int = 30
    """How long after moving out a person's name is kept."""
    face_inactive_days: int = 180
    """After how many days without use a face ends; after half of them its person is asked."""
    backup_days: int = 30
    """How old a backup in `backup_dir` may become."""
    backup_dir: Path | None = None
    """Where old backups are removed; None: nothing is."""
    new_members_wait: int = 0
    """1: whom a home invites or adds passes no gate until the office has agreed; 0: at once."""
    webhook_ports: Collection[int] = ()
    """The ports of this machine to which webhooks may go; without any they leave it."""
    mail_password: str | None = field(default=None, repr=False)
    """The mail server's; None: the first line of `mail.password` in secrets_dir, read when it is needed."""

    @property
    def is_https(self) -> bool:
        """Return whether browsers reach the server over TLS."""
        return self.public_url.startswith("https://")


def load_config(env: Mapping[str, str], data_dir: Path | None = None) -> WebConfig:
    """Read the configuration; raise ConfigRefused naming file, key and legal values.

    `data_dir` wins over MENJIN_DATA_DIR; without either it is the working directory.
    """
    data_dir = (data_dir or Path(env.get("MENJIN_DATA_DIR", "."))).resolve()
    secrets_dir = Path(env.get("MENJIN_SECRETS_DIR", str(data_dir / "secrets")))
    settings = _read_settings(data_dir / "web.toml", env)
    found = {name: read_secret(secrets_dir, name) for name in SECRET_NAMES}
    return WebConfig(
        database_url=_database_url(settings.get("database_url"), data_dir),
        data_dir=data_dir,
        secrets_dir=secrets_dir,
        public_url=_public_url(settings.get("public_url")),
        backup_dir=_backup_dir(settings.get("backup_dir"), data_dir),
        webhook_ports=_ports(settings.get("webhook_ports")),
        **{name: _whole_number(settings.get(name), name) for name in WHOLE_NUMBERS},
        seal_key=found["seal"],
        lookup_key=found["lookup"],
        face_key=found["face"],
        session_key=found["session"],
        totp_key=found["totp"],
        password_salt=found["password_salt"],
        mail_password=env.get("MENJIN_MAIL_PASSWORD") or None,
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


def _database_url(setting: _Setting | None, data_dir: Path) -> str:
    if setting is None:
        return f"sqlite:///{data_dir / 'menjin.sqlite3'}"
    value, where = setting
    if not isinstance(value, str) or not value.startswith(
        ("sqlite:///", "postgresql://", "postgresql+psycopg://")
    ):
        raise ConfigRefused(
            f"{where} is not a database address; legal are sqlite:////path/to/file and "
            "postgresql://user@host/database"
        )
    return value


def _public_url(setting: _Setting | None) -> str:
    if setting is None:
        raise ConfigRefused(
            "web.toml: public_url (or MENJIN_PUBLIC_URL) is missing; legal is the address that residents "
            "type, such as https://gate.example.org"
        )
    value, where = setting
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ConfigRefused(f"{where} is {value!r}; legal is https://NAME, without a path")
    trouble = in_the_clear(str(value))
    if trouble is not None:
        raise ConfigRefused(f"{where}: {trouble}")
    return str(value).rstrip("/")


def _whole_number(setting: _Setting | None, name: str) -> int:
    default, least, most = WHOLE_NUMBERS[name]
    if setting is None:
        return default
    value, where = setting
    count = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else value
    if not isinstance(count, int) or isinstance(count, bool) or not least <= count <= most:
        raise ConfigRefused(f"{where} is {value!r}; legal are whole numbers from {least} to {most}")
    return count


def _backup_dir(setting: _Setting | None, data_dir: Path) -> Path | None:
    if setting is None:
        return None
    value, where = setting
    if not isinstance(value, str) or not value:
        raise ConfigRefused(f"{where} is {value!r}; legal is the path of a folder")
    return data_dir / value


def _ports(setting: _Setting | None) -> tuple[int, ...]:
    if setting is None:
        return ()
    value, where = setting
    if isinstance(value, str):
        words = value.replace(",", " ").split()
        given: list[object] = [int(one) if one.isdecimal() else one for one in words]
    else:
        given = value if isinstance(value, list) else [value]
    ports = [one for one in given if type(one) is int and 1 <= one <= 65535]
    if len(ports) < len(given):
        raise ConfigRefused(f"{where} is {value!r}; legal are ports from 1 to 65535, such as [9000, 9001]")
    return tuple(ports)


# -- secrets ---------------------------------------------------------------------------------------


def read_secret(secrets_dir: Path, name: str) -> bytes:
    """Return a secret of 32 bytes or more; raise ConfigRefused naming the file."""
    path = secrets_dir / f"{name}.key"
    if not path.is_file():
        raise ConfigRefused(f"{path} is missing: 'menjin web init' makes it; a restore brings it back")
    if stat.S_IMODE(path.stat().st_mode) & 0o007:
        raise ConfigRefused(f"{path} can be read by everyone on this machine: chmod 0600 {path}")
    try:
        secret = base64.b64decode(path.read_bytes().strip(), validate=True)
    except binascii.Error as err:
        raise ConfigRefused(f"{path} is not base64") from err
    if len(secret) < SECRET_BYTES:
        raise ConfigRefused(f"{path} holds {len(secret)} bytes; legal are {SECRET_BYTES} or more")
    return secret


def write_secret(secrets_dir: Path, name: str, secret: bytes | None = None) -> None:
    """Store a secret, random unless given, as 0600; raise FileExistsError rather than replace one."""
    path = secrets_dir / f"{name}.key"
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(base64.b64encode(secret or secrets.token_bytes(SECRET_BYTES)) + b"\n")


def write_settings(path: Path, settings: Mapping[str, str | int]) -> None:
    """Store web.toml as 0600; raise FileExistsError rather than replace one."""
    path.touch(mode=0o600, exist_ok=False)
    lines = [f"{key} = {_toml(value)}\n" for key, value in settings.items()]
    path.write_text("".join(lines), encoding="utf-8")


def _toml(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
