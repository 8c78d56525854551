"""Let the settings of a compound that moves name the new place of what lies in its folder."""

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

from web_admin.core.config import SECRET_NAMES, SETTINGS_NAME, ConfigRefused, WebConfig, load_config
from web_admin.core.database import sqlite_file


class MoveRefused(Exception):
    """The compound cannot be moved as asked; says what to do instead. Nothing was changed."""


def read_settings_of(folder: Path) -> WebConfig:
    """Return the settings of a folder that holds all of its compound; raise MoveRefused."""
    missing = [name for name in SECRET_NAMES if not (folder / "secrets" / f"{name}.key").is_file()]
    if missing:
        raise MoveRefused(
            f"{folder / 'secrets'} lacks {missing[0]}.key: a cell has its keys in its folder. Put them there "
            "(MENJIN_SECRETS_DIR says where they lie now)"
        )
    try:
        config = load_config({}, folder)
    except ConfigRefused as err:
        raise MoveRefused(str(err)) from err
    file = sqlite_file(config.database_url)
    if file is not None and not file.resolve().is_relative_to(folder.resolve()):
        raise MoveRefused(
            f"{folder / SETTINGS_NAME}: database_url names {file}, outside the folder. Stop the server, move "
            "the file with its -wal into the folder and leave database_url out"
        )
    return config


def moved_settings(folder: Path, target: Path, *, written_for: Path | None = None) -> str | None:
    """Return the text of web.toml with the new places, None where it names none; raise MoveRefused.

    `written_for`: where the folder lay when its settings were written, if it lies elsewhere by now.
    """
    before = written_for or folder.resolve()
    text = (folder / SETTINGS_NAME).read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    changed = {}
    url = str(settings.get("database_url", ""))
    file = sqlite_file(url) if url else None
    if file is not None and file.resolve().is_relative_to(before):
        moved = target / file.resolve().relative_to(before)
        changed["database_url"] = f"sqlite:///{quote(str(moved))}"
    backups = Path(str(settings.get("backup_dir", "")))
    if backups.is_absolute() and backups.is_relative_to(before):
        changed["backup_dir"] = str(target / backups.relative_to(before))
    if not changed:
        return None
    for key, value in changed.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        lines = re.split(rf"(?m)^\s*{key}\s*=.*$", text, maxsplit=1)
        text = f'{key} = "{escaped}"'.join(lines)
    if not _is_read_as(text, {**settings, **changed}):
        raise MoveRefused(
            f"{folder / SETTINGS_NAME}: {', '.join(changed)} cannot be changed as it is written; write it in "
            "one line, or leave it out"
        )
    return text


def _is_read_as(text: str, settings: dict[str, object]) -> bool:
    try:
        return tomllib.loads(text) == settings
    except tomllib.TOMLDecodeError:
        return False
