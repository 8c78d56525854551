"""Keep what is under way beside the inventory: one command at a time, and how far waves have come."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from fleet.words import FleetRefused, _

LOCK = "lock"
T = TypeVar("T")


@contextmanager
def alone(state: Path) -> Iterator[int]:
    """Hold the lock of a fleet; give its descriptor, which programs that are started keep open.

    So a command that was killed still counts as running until what it started has ended as well.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FleetRefused(
                _(
                    "%(lock)s: another menjin fleet, or what one started, is at work here; wait "
                    "until it has ended",
                    lock=state / LOCK,
                )
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)


def read_note(path: Path, type_: type[T]) -> T | None:
    """Return a note, None where there is none; raise FleetRefused."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as err:
        raise FleetRefused(
            _("%(path)s cannot be read (%(why)s). If nothing is under way, remove it", path=path, why=err)
        ) from err


def write_note(path: Path, note: object) -> None:
    """Replace a note in one step."""
    draft = path.with_name(f"{path.name}.draft")
    with draft.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(note), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
