"""Recognise backup files and delete old ones."""

from datetime import datetime, timedelta
from pathlib import Path

from web_admin.core.database import Menjin

MAGIC = b"MENJIN-BACKUP-1\n"


def delete_old_backups(menjin: Menjin, now: datetime) -> int:
    """Delete backups older than the setting from its folder; return how many."""
    old = old_backups(menjin, now)
    for path in old:
        path.unlink()
    return len(old)


def old_backups(menjin: Menjin, now: datetime) -> list[Path]:
    """Return files that begin as a backup does and were last written too long ago; others are not touched."""
    folder = menjin.config.backup_dir
    if folder is None or not folder.is_dir():
        return []
    before = (now - timedelta(days=menjin.config.backup_days)).timestamp()
    old = [path for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_mtime < before]
    return [path for path in old if is_backup(path)]


def is_backup(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(file.read(len(MAGIC)) == MAGIC)
