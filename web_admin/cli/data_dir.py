"""Where a server keeps its files, and what the commands read from there."""

import argparse
import os
import shlex
from contextlib import suppress
from pathlib import Path

from gate_controller.contract.https_only import in_the_clear
from web_admin.cli.answers import CommandRefused, answer
from web_admin.cli.words import _
from web_admin.core.config import SECRET_NAMES, SETTINGS_NAME, WebConfig, load_config, why_not
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys

NEW_SETTINGS_NAME = "web.toml.part"
"""Settings file of a set-up until all is made; the last step renames it to `web.toml`."""
SECRETS_NAME = "secrets"


def config_of(arguments: argparse.Namespace) -> WebConfig:
    """Read the configuration of the data directory; raise ConfigRefused."""
    return load_config(os.environ, arguments.data_dir)


def sealer_of(config: WebConfig) -> Sealer:
    """Return the sealer with the server's keys."""
    return Sealer(config.seal_key, config.lookup_key, WrapKeys(config.face_key, config.secrets_dir))


def free_data_dir(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """Return where data and secrets will lie; refuse where a server is already."""
    data_dir = (arguments.data_dir or Path(os.environ.get("MENJIN_DATA_DIR", "."))).resolve()
    secrets_dir = Path(os.environ.get("MENJIN_SECRETS_DIR", str(data_dir / SECRETS_NAME)))
    settings = data_dir / SETTINGS_NAME
    if settings.exists():
        raise CommandRefused(
            _("%(file)s exists: there is a server here already; nothing was changed", file=settings)
        )
    there = [path for path in _made(data_dir, secrets_dir) if path.exists()]
    if there:
        raise CommandRefused(
            _(
                "%(file)s exists without %(settings)s: a set-up was cut off, or a server lost its settings; "
                "nothing was changed. If no server ever ran here: %(command)s",
                file=there[0],
                settings=settings,
                command=shlex.join(["rm", *map(str, there)]),
            )
        )
    return data_dir, secrets_dir


def new_data_dir(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """Return the data and secrets directories, made private; refuse to touch a server that is there."""
    data_dir, secrets_dir = free_data_dir(arguments)
    for folder in (data_dir, secrets_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets_dir.chmod(0o700)
    return data_dir, secrets_dir


def public_url_of(arguments: argparse.Namespace) -> str:
    """Return the address for residents, asked for where it is missing; raise CommandRefused."""
    question = _("Address that residents type (https://…)")
    return answer(arguments.public_url, question, "--public-url", _no_public_url)


def _no_public_url(url: str) -> str | None:
    trouble = why_not("public_url", url)
    if trouble is None:
        return None
    if trouble == in_the_clear(url):
        return _(
            "%(address)s is not encrypted; legal is https://, and http:// to this machine alone", address=url
        )
    return _("that is %(value)s; legal is https://NAME, without a path", value=repr(url))


def first_settings(arguments: argparse.Namespace, public_url: str) -> dict[str, str | int]:
    """Return what the first web.toml holds."""
    settings: dict[str, str | int] = {"public_url": public_url}
    if arguments.database_url:
        settings["database_url"] = arguments.database_url
    if arguments.behind_proxy:
        settings["trusted_proxies"] = 1
    return settings


def remove_new(data_dir: Path, secrets_dir: Path) -> None:
    """Remove what this run of `init`, `join` or `restore` made: its files, and an empty `secrets`."""
    for path in _made(data_dir, secrets_dir):
        path.unlink(missing_ok=True)
    if secrets_dir == data_dir / SECRETS_NAME:
        with suppress(OSError):  # something else lies there
            secrets_dir.rmdir()


def _made(data_dir: Path, secrets_dir: Path) -> list[Path]:
    ends = ("", "-wal", "-shm", "-journal")
    return [
        *(secrets_dir / f"{name}.key" for name in SECRET_NAMES),
        *(data_dir / f"menjin.sqlite3{end}" for end in ends),
        data_dir / NEW_SETTINGS_NAME,
        data_dir / SETTINGS_NAME,
    ]
