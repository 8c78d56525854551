"""Read a folder of pictures as a camera."""

import os
import time
from pathlib import Path
from typing import Literal

from hardware.cameras.pictures import decode_picture
from hardware.errors import DeviceUnavailable
from hardware.interfaces import Frame

Order = Literal["cycled", "newest"]
LOOK_SECONDS = 0.004
_SUFFIXES = (".jpg", ".jpeg", ".png")

_Identity = tuple[int, int, int, int]
"""Change time, inode, modification time and size: differs whenever a picture was put or replaced."""


def list_pictures(folder: Path) -> dict[str, _Identity]:
    """Return the JPEG and PNG files of a folder by name; empty when the folder is gone."""
    found: dict[str, _Identity] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(_SUFFIXES):
                    status = entry.stat()
                    found[entry.name] = (
                        status.st_ctime_ns,
                        status.st_ino,
                        status.st_mtime_ns,
                        status.st_size,
                    )
    except OSError:
        # The folder, or a file in it, went while it was listed; the next look is 4 ms away.
        return {}
    return found


def next_name(
    names: dict[str, _Identity], seen: dict[str, _Identity], current: str | None, order: Order
) -> str | None:
    """Return which picture to show now: the latest that changed, else by `order`."""
    changed = [name for name in names if names[name] != seen.get(name)]
    if seen and changed:
        return max(changed, key=lambda name: (names[name], name))
    if not names:
        return None
    if order == "newest":
        return current if current in names else max(names, key=lambda name: (names[name], name))
    in_order = sorted(names)
    later = [name for name in in_order if current is not None and name > current]
    return later[0] if later else in_order[0]


class PictureFolder:
    """A FrameSource over a folder."""

    def __init__(self, folder: Path, name: str, frames_per_second: float, order: Order) -> None:
        """Open the folder; raise DeviceUnavailable when there is none."""
        if not folder.is_dir():
            raise DeviceUnavailable(f"{name}: folder {folder} is not there")
        self._folder = folder
        self._period_seconds = 1 / frames_per_second
        self._order: Order = order
        self._seen: dict[str, _Identity] = {}
        self._unreadable: dict[str, _Identity] = {}
        self._current: str | None = None
        self._due = 0.0

    def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
        """Return the next picture when it is due or new, else None after 4 ms."""
        if skip:
            time.sleep(LOOK_SECONDS)
            return None
        listed = list_pictures(self._folder)
        at_ns = time.monotonic_ns()
        names = {n: seen for n, seen in listed.items() if self._unreadable.get(n) != seen}
        changed = any(names[name] != self._seen.get(name) for name in names)
        if not changed and time.monotonic() < self._due:
            time.sleep(LOOK_SECONDS)
            return None
        name = next_name(names, self._seen, self._current, self._order)
        frame = None if name is None else self._decoded(name)
        if name is None or frame is None:
            if name is not None:
                # Half written or no picture at all: passed over until the file changes.
                self._unreadable[name] = names[name]
            time.sleep(LOOK_SECONDS)
            return None
        self._unreadable = {n: i for n, i in self._unreadable.items() if n in listed}
        self._seen = names
        self._current = name
        self._due = time.monotonic() + self._period_seconds
        return frame, at_ns

    def release(self) -> None:
        """Forget the listing; no picture is kept."""
        self._seen = {}

    def _decoded(self, name: str) -> Frame | None:
        try:
            return decode_picture((self._folder / name).read_bytes())
        except OSError:
            return None
