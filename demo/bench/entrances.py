"""Let a person at this machine in as one of the compound's people by one press, without a password to type.

The demo signs in at the server's own pages and hands the cookies on: a browser sends them to each port of one
host (RFC 6265 section 8.5). The server knows nothing of it and has no such door.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from demo.actors.manager_browser import ManagerDesk
from demo.actors.phone import Phone
from demo.stage import MANAGER, Stage
from demo.world.compound import GUARD

STAFF_DOORS = {"manager": MANAGER, "guard": GUARD}
AS_RESIDENT, AS_VISITOR = "resident", "visitor"
DOORS = (*STAFF_DOORS, AS_RESIDENT, AS_VISITOR)
AT_HOME = "face_a"
"""Of the cast: whose phone a resident's door opens, and who invites the visitor."""
INVITED_TO = (1, 2)
"""The north and the south gate, which read a visitor's code."""
KEPT_COOKIES = ("menjin", "menjin_remember")
"""The server's; what a door does not give is taken away, so that a browser is one person."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Where a browser goes, and the cookies by which the server knows it; "" takes one away."""

    address: str
    cookies: Mapping[str, str]


class Entrances:
    """Doors by name; each keeps one sign-in, and makes another when that was ended."""

    def __init__(self, stage: Stage) -> None:
        """Begin with no one signed in."""
        self._stage = stage
        self._lock = threading.Lock()
        self._kept: dict[str, ManagerDesk | Phone] = {}
        self._link = ""

    def enter(self, door: str, headers: Mapping[str, str]) -> Entered:
        """Return how a browser that sends these headers goes in; raise PageRefused or StartRefused."""
        address = self._stage.server.address
        with self._lock:
            if door == AS_VISITOR:
                self._link = self._link or self._stage.phone_of(AT_HOME).visitor_link(
                    "Aunt Chen", *INVITED_TO
                )
                return Entered(address + self._link, {})
            kept = self._kept.get(door)
            if kept is None or not kept.is_signed_in():
                kept = self._kept[door] = self._sign_in(door, headers)
            cookies = {name: kept.cookies.get(name, "") for name in KEPT_COOKIES}
            return Entered(address + ("/r/code" if door == AS_RESIDENT else "/manage/"), cookies)

    def _sign_in(self, door: str, headers: Mapping[str, str]) -> ManagerDesk | Phone:
        if door == AS_RESIDENT:
            phone = self._stage.new_phone(AT_HOME, headers)
            phone.switch("qr", True)
            return phone
        return self._stage.sign_in(STAFF_DOORS[door], headers)
