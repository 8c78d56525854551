"""Inputs and outputs of a decision: claim, memory, reason, decision. No rules.

`access.py` holds the rules and offers every name of this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.records import Credential, Method, VisitorCodeCredential


class Reason(StrEnum):
    """Why a lane opened or stayed shut. Stored in journals: added to, never renamed."""

    GRANTED = "granted"
    HELD_OPEN = "held_open"
    UNKNOWN_LANE = "unknown_lane"
    LANE_LOCKDOWN = "lane_lockdown"
    LANE_DISABLED = "lane_disabled"
    CREDENTIAL_UNKNOWN = "credential_unknown"
    CREDENTIAL_ENDED = "credential_ended"
    CREDENTIAL_SUSPENDED = "credential_suspended"
    PERSON_SUSPENDED = "person_suspended"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    PIN_WRONG = "pin_wrong"
    CODE_UNREADABLE = "code_unreadable"
    CODE_FORGED = "code_forged"
    CODE_STALE = "code_stale"
    CODE_REPLAYED = "code_replayed"
    PASS_WITHDRAWN = "pass_withdrawn"  # noqa: S105 - a word for a visitor's pass
    PASS_FOR_ANOTHER_GATE = "pass_for_another_gate"  # noqa: S105 - likewise
    FACE_NO_MATCH = "face_no_match"
    FACE_NO_FACE = "face_no_face"
    FACE_TWO_FACES = "face_two_faces"
    FACE_TOO_SMALL = "face_too_small"
    FACE_TOO_DARK = "face_too_dark"
    FACE_BLURRED = "face_blurred"
    FACE_TURNED_AWAY = "face_turned_away"
    FACE_COVERED = "face_covered"
    FACE_NOT_LIVE = "face_not_live"
    FACE_LOOKS_FLAT = "face_looks_flat"
    FACE_HOLD_STILL = "face_hold_still"
    FACE_TURN_MORE = "face_turn_more"
    FACE_TURN_OTHER_WAY = "face_turn_other_way"
    FACE_TOO_FAST = "face_too_fast"
    FACE_SWAPPED = "face_swapped"
    FACE_AMBIGUOUS = "face_ambiguous"
    FACE_TIME_IS_UP = "face_time_is_up"
    FACE_UNAVAILABLE = "face_unavailable"
    FACE_ALONE = "face_alone"
    METHOD_NOT_OFFERED = "method_not_offered"
    METHOD_NOT_CHOSEN = "method_not_chosen"
    METHOD_DELAYED = "method_delayed"
    METHOD_STOPPED = "method_stopped"
    NO_GRANT = "no_grant"
    OUTSIDE_HOURS = "outside_hours"
    CLOCK_UNSURE = "clock_unsure"
    POLICY_TOO_OLD = "policy_too_old"
    SECOND_METHOD = "second_method"
    ANTIPASSBACK = "antipassback"
    INTERLOCKED = "interlocked"
    OVERRIDE = "override"
    ORDER_FORGED = "order_forged"
    ORDER_EXPIRED = "order_expired"
    ORDER_REPEATED = "order_repeated"
    CALL_OVER = "call_over"
    """An answer to a call that is over, or was never this lane's."""
    NOT_OF_HOME = "not_of_home"
    """A person answered a call to another home."""


CALL_WAY = "call"
"""Stands in the journal in place of a method where a person of the called home opened."""

FACE_MENDABLE = frozenset(
    {
        Reason.FACE_NO_FACE,
        Reason.FACE_TWO_FACES,
        Reason.FACE_TOO_SMALL,
        Reason.FACE_TOO_DARK,
        Reason.FACE_BLURRED,
        Reason.FACE_TURNED_AWAY,
        Reason.FACE_COVERED,
        Reason.FACE_NOT_LIVE,
        Reason.FACE_LOOKS_FLAT,
        Reason.FACE_HOLD_STILL,
        Reason.FACE_TURN_MORE,
        Reason.FACE_TURN_OTHER_WAY,
        Reason.FACE_TOO_FAST,
        Reason.FACE_SWAPPED,
    }
)
"""Ends of a face session that the person can correct; they do not show who it was."""
FACE_FAILURES = FACE_MENDABLE | {Reason.FACE_NO_MATCH, Reason.FACE_AMBIGUOUS, Reason.FACE_TIME_IS_UP}
"""Ends of a face session without a grant, which count as failed tries."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """The person whom a presentation names, after the cryptographic checks and before the rules.

    `refusal` is set when those checks failed; ids are filled in as far as they are known. `printed` is a
    code on paper, which carries no second and never changes. `only_beside` is a face that was compared with
    one person's, by the threshold for one: it counts only beside another way of that person. `by_call` is
    the word of a person of the called home, by page or telephone, for a visitor who stands at the lane: it
    needs no reader and no chosen method. Its `method` is QR, whose rule of time it shares: the policy
    must not be too old. The journal writes `way`.
    """

    method: Method
    person_id: str | None = None
    credential: Credential | None = None
    visitor_pass: VisitorPass | None = None
    second: int | None = None
    refusal: Reason | None = None
    printed: bool = False
    only_beside: bool = False
    by_call: bool = False
    under_duress: bool = False
    """True if the person of a call pressed the key that opens and calls for help in silence."""

    @property
    def is_for_visitor(self) -> bool:
        """Tell whether a visitor's pass, code or call opens, which says nothing of who came."""
        return self.by_call or self.visitor_pass is not None or type(self.credential) is VisitorCodeCredential

    @property
    def way(self) -> str:
        """Return the word of the journal for how this came."""
        return CALL_WAY if self.by_call else self.method.value

    @property
    def credential_id(self) -> str | None:
        """Return the id under which uses and repeats are counted."""
        if self.visitor_pass is not None:
            return self.visitor_pass.pass_id
        return self.credential.credential_id if self.credential is not None else None


@dataclass(frozen=True, slots=True)
class GateMemory:
    """State that only this gate has, as of one decision.

    `uses` counts grants by credential or pass; `last_seconds` holds the newest code second granted
    by credential; `delayed_until` says until when a method waits at this lane's terminal.
    """

    clock_sure: bool = True
    uses: Mapping[str, int] = field(default_factory=dict)
    last_seconds: Mapping[str, int] = field(default_factory=dict)
    delayed_until: Mapping[Method, datetime] = field(default_factory=dict)
    online: bool = False
    busy_lanes: frozenset[str] = frozenset()
    """Lanes of this gate whose door is open or was released a moment ago."""
    inside: frozenset[str] = frozenset()
    """Persons who came in through this gate and have not left through it."""
    fire: bool = False
    shown_before: Mapping[str, frozenset[Method]] = field(default_factory=dict)
    """By person: the ways shown at this lane in the moments before, each good but for a second one."""
    lost_methods: frozenset[Method] = frozenset()
    """Methods whose readers at this lane have been lost for longer than the site allows."""
    homes_waiting: frozenset[str] = frozenset()
    """Homes whose PINs open nothing at this lane now: stopped after very many wrong numbers, or waiting."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer: open or not, why, for whom, for how long."""

    opens: bool
    reason: Reason
    person_id: str | None = None
    credential_id: str | None = None
    pulse_seconds: float = 0.0
    duress: bool = False
    hold_minutes: int = 0
    """How long the lane is to be held open after this, by an emergency code."""
    antipassback_violated: bool = False
    """Granted, and reported: came in twice without leaving."""
