"""Replace a file in one step, so that a cut of power leaves the old one or the new one, and never half."""

import os
from pathlib import Path

from web_admin.core.config import SETTINGS_NAME
from web_admin.core.named_faults import naming


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step, with the rights and the owner that it has or its folder has."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    settings = path.parent / SETTINGS_NAME
    like = path if path.exists() else settings if settings.exists() else None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with naming(path), os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if like is not None:
        own_as(like, draft)
        draft.chmod(like.stat().st_mode & 0o777)
    draft.replace(path)
    sync(path.parent)


def own_as(original: Path, copy: Path) -> None:
    """Give a copy the owner of its original."""
    found = original.stat()
    if (copy.stat().st_uid, copy.stat().st_gid) != (found.st_uid, found.st_gid):
        os.chown(copy, found.st_uid, found.st_gid)


def sync(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
