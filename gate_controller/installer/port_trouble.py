"""Explain why a port cannot be used, in words an installer can act on: missing, denied, busy, unstable."""

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from hardware.lines.port_names import TTY_FOLDER, has_name_of_its_own, may_move, plugged_ports, stable_names

PROCESSES = Path("/proc")
NAMES_SHOWN = 6
COMMAND_CHARS = 40


def port_trouble(path: Path) -> str | None:
    """Return what keeps this user from using a port, and the remedy; None when nothing does."""
    if not path.exists():
        return f"{path} is not there; check the cable and the name. {_plugged_in()}"
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return _not_allowed(path)
    if not stat.S_ISCHR(path.stat().st_mode):
        return f"{path} is there and is no serial port; check the name. {_plugged_in()}"
    holders = list(holders_of(path))
    if holders:
        return (
            f"{path} is held by {' and '.join(holders)}; a port serves one program. If that is the gate "
            "itself, stop it while you check: systemctl stop menjin-gate"
        )
    return None


def unstable_name(path: Path) -> str | None:
    """Return that a name may lead to another device at the next start, and which does not; or None."""
    if not may_move(str(path)):
        return None
    names = stable_names(str(path)) if path.exists() else ()
    kind = "v4l" if path.name.startswith("video") else "input" if "input" in path.parts else "serial"
    now = f"; it is at {' and at '.join(map(str, names))} now" if names else ""
    return (
        f"{path} may be another device at the next start or after unplugging: use its name under "
        f"/dev/{kind}/by-id/ or /dev/{kind}/by-path/{now}"
    )


def shared_name(path: Path, *, tty_folder: Path = TTY_FOLDER) -> str | None:
    """Return that other adapters have the same name as a port's, and which name is its own; or None."""
    if path.parent.name != "by-id" or has_name_of_its_own(str(path), tty_folder=tty_folder):
        return None
    names = [str(name) for name in stable_names(str(path)) if name.parent.name == "by-path"]
    now = f", now {' and '.join(names)}" if names else ""
    return (
        f"{path} is the name of every adapter of this kind, and leads to the last one: use the name "
        f"of its socket, below /dev/serial/by-path/{now}"
    )


def holders_of(path: Path) -> Iterator[str]:
    """Yield the other programs that hold a device, as far as this user may see them (proc(5)).

    Those with a lock on it, as Menjin and most serial programs take; else all that have it open.
    """
    target = os.path.realpath(path)
    having = [
        process
        for process in PROCESSES.glob("[0-9]*")
        if int(process.name) != os.getpid() and _has_open(process, target)
    ]
    locking = _locking(path)
    for process in [process for process in having if int(process.name) in locking] or having:
        yield f"{_command_of(process)} (process {process.name})"


def _locking(path: Path) -> set[int]:
    """Return the numbers of the processes with a lock on a file (`/proc/locks`, by inode)."""
    try:
        lines = (PROCESSES / "locks").read_text().splitlines()
        inode = str(path.stat().st_ino)
    except OSError:
        return set()
    locks = [words for words in map(str.split, lines) if len(words) >= 6 and words[5].endswith(f":{inode}")]
    return {int(words[4]) for words in locks if words[4].isdigit()}


def _has_open(process: Path, target: str) -> bool:
    try:
        return any(_leads_to(link, target) for link in (process / "fd").iterdir())
    except OSError:
        # It ended just now, or belongs to another user.
        return False


def _leads_to(link: Path, target: str) -> bool:
    try:
        return str(link.readlink()) == target
    except OSError:
        return False


def _command_of(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    shown = [Path(word.decode(errors="replace")).name for word in words[:4] if word]
    return " ".join(shown)[:COMMAND_CHARS] or "a program"


def _not_allowed(path: Path) -> str:
    user = pwd.getpwuid(os.geteuid()).pw_name
    found = path.stat()
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    if found.st_gid == 0:
        return (
            f"{path}: the user {user} may not open it; it belongs to root alone. Install the udev rules of "
            "deploy/, which give it to a group, and put this user into that group"
        )
    return (
        f"{path}: the user {user} may not open it; it belongs to the group {group}: "
        f"sudo usermod -aG {group} {user}, then sign in again (a service: restart it)"
    )


def _plugged_in() -> str:
    names = [str(port.name) for port in plugged_ports()]
    if not names:
        return "No serial adapter is plugged in"
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"Plugged in now: {', '.join(names[:NAMES_SHOWN])}{more}"
