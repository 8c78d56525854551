"""Rules of each kind of lock for its output; pure, checked before any output is opened.

One rule comes first: **the coil at rest is a locked lane**. Power cuts, crashes, restarts and
pulled cables leave coils at rest, and a gate must not open without an order (nor need Menjin for the way out:
that is wired past it).

    kind                wired through   coil at rest      pulse             longest pulse  hold
    fail_secure_strike  NO contact      no power: locked  power: released        30 s      yes
    fail_safe_magnet    NC contact      power: locked     no power: released     30 s      yes
    pulse_motor         NO contact      drive untouched   "open" order            3 s      no
    barrier             NO contact      drive untouched   "open" order            3 s      no
    turnstile           NO contact      drive untouched   one passage            10 s      no

A fail-safe strike is wired as a magnet is. Motors and barriers only ever receive the order to open; closing,
obstacles and forces are their own drive's affair (EN 12453, UL 325).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hardware.errors import BadDeviceSetting


class LockKind(StrEnum):
    """Kind of the lock on an output."""

    FAIL_SECURE_STRIKE = "fail_secure_strike"
    FAIL_SAFE_MAGNET = "fail_safe_magnet"
    PULSE_MOTOR = "pulse_motor"
    BARRIER = "barrier"
    TURNSTILE = "turnstile"


class Contact(StrEnum):
    """Contact of the relay through which the lock is wired."""

    NO = "no"
    NC = "nc"


@dataclass(frozen=True, slots=True)
class LockRules:
    """Consequences of a kind. `wrong_contact`: the sentence why the other contact is refused."""

    contact: Contact
    at_rest: str
    released: str
    max_pulse_seconds: float
    may_hold: bool
    latched_is_danger: bool
    wrong_contact: str


_DRIVE_WRONG_CONTACT = (
    'through NC the drive would hear "open" whenever the coil rests: at each power cut, restart and '
    "pulled cable"
)
RULES: Mapping[LockKind, LockRules] = {
    LockKind.FAIL_SECURE_STRIKE: LockRules(
        Contact.NO,
        "strike without power: locked",
        "strike powered: released",
        30.0,
        may_hold=True,
        latched_is_danger=False,
        wrong_contact="through NC the strike would be powered, and released, whenever the coil rests",
    ),
    LockKind.FAIL_SAFE_MAGNET: LockRules(
        Contact.NC,
        "magnet powered through NC: locked",
        "magnet without power: released",
        30.0,
        may_hold=True,
        latched_is_danger=False,
        wrong_contact=(
            "through NO the coil must be powered all the time to keep the lane locked, so every restart, "
            "crash and pulled cable of the controller would open it"
        ),
    ),
    LockKind.PULSE_MOTOR: LockRules(
        Contact.NO,
        "drive untouched",
        "drive ordered to open",
        3.0,
        may_hold=False,
        latched_is_danger=True,
        wrong_contact=_DRIVE_WRONG_CONTACT,
    ),
    LockKind.BARRIER: LockRules(
        Contact.NO,
        "drive untouched",
        "drive ordered to open",
        3.0,
        may_hold=False,
        latched_is_danger=True,
        wrong_contact=_DRIVE_WRONG_CONTACT,
    ),
    LockKind.TURNSTILE: LockRules(
        Contact.NO,
        "turnstile locked against entering",
        "one passage free",
        10.0,
        may_hold=False,
        latched_is_danger=False,
        wrong_contact=_DRIVE_WRONG_CONTACT,
    ),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """One lane's lock as it is wired; `external_timer`: a timer relay is wired between board and lock."""

    kind: LockKind
    contact: Contact
    external_timer: bool = False

    @property
    def rules(self) -> LockRules:
        """Return the rules of this kind of lock."""
        return RULES[self.kind]

    @property
    def max_on_seconds(self) -> float | None:
        """Return the longest the output may be on without a rest; None where it may be held."""
        return None if self.rules.may_hold else self.rules.max_pulse_seconds

    def longest_pulse(self, wanted_seconds: float) -> float:
        """Return the site file's longest pulse, cut to what the kind allows."""
        return min(wanted_seconds, self.rules.max_pulse_seconds)

    def check(self, lane_id: str, *, board: str, times_pulses: bool) -> None:
        """Raise BadDeviceSetting, with a sentence why, for wiring that could open or latch a lane.

        `times_pulses`: the board itself ends a pulse, even when no program orders OFF.
        """
        if self.contact is not self.rules.contact:
            raise BadDeviceSetting(
                f"lane {lane_id}: a {self.kind} is wired through the relay's {self.rules.contact.upper()} "
                f"contact, not {self.contact.upper()}: {self.rules.wrong_contact}"
            )
        if self.rules.latched_is_danger and not times_pulses and not self.external_timer:
            raise BadDeviceSetting(
                f"lane {lane_id}: the board {board} cannot time a pulse itself, so a pulled cable or a "
                f"crash would leave the {self.kind}'s contact closed; take a board that times its pulses "
                "(modbus_relay), or put a timer relay between board and drive and write external_timer = true"
            )
