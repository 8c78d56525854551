"""Trace which files of the product one walk enters, as a reader who follows the calls would."""

import inspect
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hardware/", "gate_controller/", "web_admin/")
LEADS_NOWHERE = (
    "web_admin/core/orm.py",
    "web_admin/core/compiled_statements.py",
    "gate_controller/storage/clock.py",
)
"""Ports that a reader does not follow: SQLAlchemy calls them for each value and statement; and the clocks."""

Place = tuple[str, str]
"""File and function."""


@dataclass
class Walk:
    """The calls below `begins`, each once in the order of the first, until `end` was called.

    `profile` is a function for `sys.setprofile` and `threading.setprofile`.
    """

    begins: frozenset[Place]
    end: Place | None = None
    calls: dict[tuple[Place, Place], None] = field(default_factory=dict)
    _stacks: dict[int, list[Place]] = field(default_factory=dict)
    _ended: bool = False

    def files(self) -> list[str]:
        """Return the files that are entered or lead in, in this order."""
        return list(dict.fromkeys(place[0] for call in self.calls for place in call if place[0]))

    def returns(self) -> list[tuple[Place, Place]]:
        """Return the calls that enter a file which was left before; coming back to a caller is none."""
        seen: set[str] = set()
        here, found = "", []
        for caller, called in self.calls:
            if called[0] == here:
                continue
            if called[0] in seen and called[0] != caller[0]:
                found.append((caller, called))
            seen.add(called[0])
            here = called[0]
        return found

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        """Note a call or the return of one."""
        file = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
        if event not in ("call", "return") or not file.startswith(PACKAGES) or file in LEADS_NOWHERE:
            return
        if frame.f_code.co_name.startswith("<") or _is_property(frame):
            return
        stack = self._stacks.setdefault(threading.get_ident(), [])
        if event == "return":
            if stack:
                stack.pop()
            return
        place = (file, frame.f_code.co_name)
        caller = stack[-1] if stack else ("", "")
        stack.append(place)
        if not self._ended and not self.begins.isdisjoint(stack):
            self.calls[(caller, place)] = None
            self._ended = place == self.end


def _is_property(frame: FrameType) -> bool:
    """Return whether this reads a property: a reader takes it for a field."""
    owner = frame.f_locals.get("self")
    return isinstance(inspect.getattr_static(type(owner), frame.f_code.co_name, None), property)
