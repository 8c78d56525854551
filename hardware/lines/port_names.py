"""Names of serial ports and input devices that stay the same after unplugging, and names that do not.

udev names every adapter twice: below `by-id` after maker, model and serial number, below `by-path`
after the socket it sits in. Adapters without a serial number (CH340, most PL2303), and those that leave
the factory with the same one (many CP2102: 0001), all have the same `by-id` name, which leads to
whichever came last; they are known by their socket alone.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SERIAL_FOLDERS = (Path("/dev/serial/by-id"), Path("/dev/serial/by-path"))
INPUT_FOLDERS = (Path("/dev/input/by-id"), Path("/dev/input/by-path"))
CAMERA_FOLDERS = (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path"))
TTY_FOLDER = Path("/sys/class/tty")
_MOVES = re.compile(r"/dev/(tty(USB|ACM)\d+|input/event\d+|video\d+)")
_KEYBOARD_ENDS = ("-event-kbd", "-event")


def may_move(path: str) -> bool:
    """Return whether a device may have another such name after it was unplugged or at the next start."""
    return _MOVES.fullmatch(path) is not None


def names_of(path: str, folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the links in these folders that lead to where `path` leads now, best first."""
    target = os.path.realpath(path)
    return tuple(link for link in links_in(folders) if os.path.realpath(link) == target)


def stable_names(path: str) -> tuple[Path, ...]:
    """Return the names that survive unplugging of what is at `path` now, best first."""
    folders = (*SERIAL_FOLDERS, *INPUT_FOLDERS, *CAMERA_FOLDERS)
    found = names_of(path, folders)
    if not has_name_of_its_own(path):
        return tuple(sorted(found, key=lambda link: link.parent.name != "by-path"))
    return found


def links_in(folders: Sequence[Path]) -> list[Path]:
    """Return what lies in folders that are there, each folder sorted by name."""
    return [
        link
        for folder in folders
        if folder.is_dir()
        for link in sorted(folder.iterdir())
        if link.exists() and not link.is_dir()
    ]


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A port that is plugged in: the name to write into a site file, and its other names."""

    name: Path
    other_names: tuple[Path, ...] = ()


def plugged_ports(
    folders: Sequence[Path] = SERIAL_FOLDERS, *, tty_folder: Path = TTY_FOLDER
) -> tuple[FoundPort, ...]:
    """Return every serial port below `folders` once, under its most specific name.

    The first folder's name, unless the adapter has no serial number or another adapter shares the
    name; then the last folder's. `tty_folder` is where the kernel describes ports.
    """
    by_target: dict[str, list[Path]] = {}
    for link in links_in(folders):
        by_target.setdefault(os.path.realpath(link), []).append(link)
    found = []
    for target, links in sorted(by_target.items(), key=lambda item: item[1][0]):
        best = links[0] if has_name_of_its_own(target, tty_folder=tty_folder) else links[-1]
        found.append(FoundPort(best, tuple(link for link in links if link != best)))
    return tuple(found)


def plugged_keyboards(folders: Sequence[Path] = INPUT_FOLDERS) -> tuple[Path, ...]:
    """Return every keyboard-like input device below `folders` once."""
    by_target: dict[str, Path] = {}
    for link in links_in(folders):
        if link.name.endswith(_KEYBOARD_ENDS) and "mouse" not in link.name:
            by_target.setdefault(os.path.realpath(link), link)
    return tuple(by_target.values())


def has_name_of_its_own(path: str, *, tty_folder: Path = TTY_FOLDER) -> bool:
    """Return whether no other adapter has the `by-id` name of a port's; true for what is no USB adapter.

    One without a serial number shares it with all of its kind, one with the number of another that is
    plugged in now with that one. Read from sysfs.
    """
    adapter = _adapter_at(tty_folder / Path(os.path.realpath(path)).name)
    if adapter is None:
        return True
    mine = _marks_of(adapter)
    others = {_adapter_at(tty) for tty in tty_folder.glob("tty*")} - {adapter, None}
    return mine[-1] != "" and all(_marks_of(other) != mine for other in others if other is not None)


def _adapter_at(tty: Path) -> Path | None:
    """Return the directory of the USB device that a port belongs to: the one that has idVendor."""
    place = (tty / "device").resolve()
    return next((folder for folder in (place, *place.parents) if (folder / "idVendor").exists()), None)


def _marks_of(adapter: Path) -> tuple[str, str, str]:
    """Return maker, model and serial number of a USB device, each empty where it has none."""

    def read(name: str) -> str:
        file = adapter / name
        return file.read_text(errors="replace").strip() if file.exists() else ""

    return read("idVendor"), read("idProduct"), read("serial")
