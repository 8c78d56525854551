"""Messages of calls to homes: the gate says how a call goes, the server answers what it shall do next.

A call belongs to one lane and one home. The gate reports each change, and several times a second while the
call lasts; each answer is the whole state.
Telephone numbers of the home travel sealed to the gate for this call alone, each when its turn comes, and the
gate forgets it once it is dialled. What opens is an order that names the call and who answered it, or the
key of a telephone that the gate itself called: both are decided by the person's own right.

    gate                                     server
    CallReport(calling)          ──>   the home's pages and phones are notified
                                 <──   CallState(ringing, legs=…): the first telephone
    CallReport(calling | leg_…)  ──>   after leg_ended one more, in the home's order
                                 <──   CallState(answered | opens | over)
    CallReport(over, how)        ──>   missed calls are noted, everything stops ringing
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal, get_args

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.call_media import MediaRelays, MediaSide
from gate_controller.contract.messages import (
    MAX_ORDER_SECONDS,
    Key,
    Message,
    SealedKey,
    Signature,
    SignedBody,
)
from gate_controller.contract.records import Id, Instant
from gate_controller.contract.sealed_keys import open_parts, part_not_opened, seal_parts
from gate_controller.contract.signing import SignatureRefused, SignedCertificate, certified_key, verify

CALLS_PATH = "/sync/v1/calls"
DIRECTORY_PATH = "/sync/v1/calls/directory"
TELEPHONE_TASKS_PATH = "/sync/v1/calls/telephone"

CALL_ORDER_DOMAIN = "menjin/call-order/1"
LEGS_USE = "call-legs"
MAX_NUMBER_CHARS = 64
MAX_LEGS = 8
GUARD_LEG = 0
"""The guard's telephone, where a call went on to them."""
LONGEST_CALL_SECONDS = 300

Number = Annotated[
    str, msgspec.Meta(min_length=2, max_length=MAX_NUMBER_CHARS, pattern=r"^(sip:[^\s;<>\"]+|\+?[0-9]+)\Z")
]
"""A telephone's number, digits with or without `+`, or a SIP address."""
SealedNumber = Annotated[bytes, msgspec.Meta(max_length=MAX_NUMBER_CHARS + 16)]
HomeNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[0-9]+\Z")]
"""As a keypad types it, without dashes."""


class CallFor(StrEnum):
    """The visitor's choice at the gate."""

    HOME = "home"
    COURIER = "courier"


class CallStep(StrEnum):
    """How far a call is at the gate."""

    CALLING = "calling"
    """Someone waits at the gate; also what each report in between says."""
    LEG_RINGS = "leg_rings"
    LEG_ANSWERED = "leg_answered"
    """Without a leg: the guard's telephone, of a call that went on to them."""
    LEG_ENDED = "leg_ended"
    OVER = "over"


class CallEnd(StrEnum):
    """How a call ended; stored, so added to and never renamed."""

    OPENED = "opened"
    REFUSED = "refused"
    """Someone answered and wanted to open, and the rules said no."""
    SENT_AWAY = "sent_away"
    ENDED = "ended"
    """The person who had answered ended it, without opening."""
    NO_ANSWER = "no_answer"
    NO_CALLS = "no_calls"
    """The home takes no calls here now, or there is no such home: the visitor does not learn which."""
    CANCELLED = "cancelled"
    """The visitor left it."""
    TOO_MANY = "too_many"
    """This gate has called this home too often in the last minutes."""
    FAILED = "failed"


QuickReply = Literal["coming", "wait", "leave_at_door", "leave_with_guard", "not_now"]
"""A sentence that the home chose, which the gate shows and reads aloud."""


class CallReport(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A gate's report of one call. The first one begins it; a call_id is never used twice."""

    call_id: Id
    lane_id: Id
    home: HomeNumber
    purpose: CallFor = CallFor.HOME
    step: CallStep = CallStep.CALLING
    sealing_public_key: Key
    """X25519, fresh for each call: the home's numbers are sealed to it."""
    has_telephone: bool = False
    """True while the gate can call numbers."""
    leg: Annotated[int, msgspec.Meta(ge=0, lt=MAX_LEGS)] | None = None
    """Index of the leg that the step is about; of OVER, of the leg that ended the call by its key."""
    end: CallEnd | None = None
    """With OVER."""
    order_id: Id | None = None
    """With OVER: the order that was obeyed or refused."""
    reason: Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[a-z_]+\Z")] | None = None
    """With OVER and `refused`: the journal's word for why."""
    media_offer: MediaSide | None = None
    """The gate's side of sound and picture, where its screen can; another one than before takes its place."""


class SealedLeg(Message, frozen=True, kw_only=True):
    """One telephone of the home, and whose it is: a key pressed there counts as this person's."""

    person_id: Id
    number_sealed: SealedNumber
    ring_seconds: Annotated[int, msgspec.Meta(ge=5, le=60)]


class SealedLegs(Message, frozen=True, kw_only=True):
    """The telephones of one call in the order in which the gate calls them."""

    key_sealed: SealedKey
    legs: Annotated[tuple[SealedLeg, ...], msgspec.Meta(max_length=MAX_LEGS)]


class CallLeg(Message, frozen=True, kw_only=True):
    """A `SealedLeg` whose number is open; its repr hides the number."""

    person_id: Id
    number: Number
    ring_seconds: int

    def __repr__(self) -> str:
        """Name the person and not the number."""
        return f"CallLeg({self.person_id!r}, ...)"


class CallOrder(Message, frozen=True, kw_only=True):
    """Open the lane of this call once, now: a person of the called home said so in it."""

    order_id: Id
    call_id: Id
    site_id: Id
    gate_id: Id
    lane_id: Id
    issued_at: Instant
    valid_seconds: Annotated[int, msgspec.Meta(ge=1, le=MAX_ORDER_SECONDS)]
    person_id: Id


class SignedCallOrder(Message, frozen=True, kw_only=True):
    """A `CallOrder` in JSON, its signature and the certificate of the key."""

    order: SignedBody
    signature: Signature
    certificate: SignedCertificate


class CallState(Message, frozen=True, kw_only=True, omit_defaults=True):
    """How a call is at the server, as a whole."""

    call_id: Id
    stage: Literal["ringing", "answered", "over"]
    end: CallEnd | None = None
    """With `over`."""
    to_guard: bool = False
    """With `over`: the guard is to be called now.

    Before it, to a gate with `features.GUARD_CALLS`: their page and telephone ring, and the home's no more.
    """
    offers_guard: bool = False
    """With `over`: the screen asks whether to call the guard."""
    reply: QuickReply | None = None
    legs: SealedLegs | None = None
    """In each answer while telephones of the home shall ring, or one has answered: those whose turn has come.

    Without them the gate hangs up all, but for the one that `leg` names.
    """
    leg: Annotated[int, msgspec.Meta(ge=0, lt=MAX_LEGS)] | None = None
    """With `answered`: the telephone that answered; None where a page did. With `to_guard` GUARD_LEG."""
    opens: SignedCallOrder | None = None
    media_answer: MediaSide | None = None
    """The side of the page that answered, to the last `media_offer`."""
    media_relays: MediaRelays | None = None
    """The same in each answer of a call, where the server has relays and the gate knows of them."""
    seconds_left: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_CALL_SECONDS)] = 0


# -- the directory ---------------------------------------------------------------------------------


class DirectoryAsk(Message, frozen=True, kw_only=True):
    """A gate asks for the homes that may be picked from a list at a lane."""

    lane_id: Id


class DirectoryEntry(Message, frozen=True, kw_only=True):
    """A home that opted in: the label that it chose, and the number that is called."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    home: HomeNumber
    shown: Annotated[str, msgspec.Meta(max_length=20)]
    """The number as people write it."""


class DirectoryReply(Message, frozen=True, kw_only=True):
    """The directory of a lane, in the order of the homes' numbers."""

    entries: Annotated[tuple[DirectoryEntry, ...], msgspec.Meta(max_length=2000)] = ()


# -- proofs and test calls -------------------------------------------------------------------------


TaskPurpose = Literal["proof", "test"]
TASK_PURPOSES: tuple[TaskPurpose, ...] = get_args(TaskPurpose)


class TaskDone(Message, frozen=True, kw_only=True):
    """The result of one call that the server had asked for; `keys` are those pressed at the called side."""

    task_id: Id
    result: Literal["answered", "not_answered", "failed"]
    keys: Annotated[str, msgspec.Meta(max_length=12, pattern=r"^[0-9#*]*\Z")] = ""


class TelephoneTasksAsk(Message, frozen=True, kw_only=True):
    """A gate with a telephone asks which proofs and test calls to make, and says what came of the last."""

    sealing_public_key: Key
    done: Annotated[tuple[TaskDone, ...], msgspec.Meta(max_length=20)] = ()


class TelephoneTask(Message, frozen=True, kw_only=True):
    """Call one number, say `prompt`, take up to `keys_wanted` keys, and hang up."""

    task_id: Id
    purpose: TaskPurpose
    language: Annotated[str, msgspec.Meta(max_length=10)]
    keys_wanted: Annotated[int, msgspec.Meta(ge=1, le=12)]
    leg: SealedLeg


class TelephoneTasksReply(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The calls to make now, one after the other; numbers under one key as in `SealedLegs`."""

    key_sealed: SealedKey | None = None
    tasks: Annotated[tuple[TelephoneTask, ...], msgspec.Meta(max_length=MAX_LEGS)] = ()


# -- sealing and checking --------------------------------------------------------------------------


def seal_legs(
    public_key: bytes, legs: Sequence[CallLeg], subject: str, site_id: str, gate_id: str
) -> SealedLegs:
    """Return legs sealed to a gate for one call or task list; raise KeyUnusable when the key is none.

    `subject` is the call's id, or `TELEPHONE_TASKS_PATH`: what was sealed for one is nothing for another.
    """
    parts = [(leg.number.encode(), _whose(leg, subject)) for leg in legs]
    key_sealed, numbers = seal_parts(public_key, parts, LEGS_USE, site_id, gate_id)
    return SealedLegs(
        key_sealed=key_sealed,
        legs=tuple(
            SealedLeg(person_id=leg.person_id, number_sealed=number, ring_seconds=leg.ring_seconds)
            for leg, number in zip(legs, numbers, strict=True)
        ),
    )


def open_legs(
    private_key: X25519PrivateKey, sealed: SealedLegs, subject: str, site_id: str, gate_id: str
) -> tuple[CallLeg, ...]:
    """Return the legs of an answer; raise KeyNotOpened when one is not as the server sealed it for this."""
    parts = [(leg.number_sealed, _whose(leg, subject)) for leg in sealed.legs]
    numbers = open_parts(private_key, sealed.key_sealed, parts, LEGS_USE, site_id, gate_id)
    try:
        return tuple(
            CallLeg(
                person_id=leg.person_id,
                number=msgspec.convert(number.decode(), Number),
                ring_seconds=leg.ring_seconds,
            )
            for leg, number in zip(sealed.legs, numbers, strict=True)
        )
    except (UnicodeDecodeError, msgspec.ValidationError) as err:
        raise part_not_opened(LEGS_USE) from err


def open_call_order(
    signed: SignedCallOrder, root_public_key: bytes, *, site_id: str, gate_id: str
) -> CallOrder:
    """Return a checked order; raise SignatureRefused on a wrong key, signature, site or gate."""
    key = certified_key(root_public_key, signed.certificate, site_id, "order")
    verify(key, CALL_ORDER_DOMAIN, signed.order, signed.signature)
    try:
        order = msgspec.json.decode(signed.order, type=CallOrder)
    except (msgspec.MsgspecError, ValueError) as err:
        raise SignatureRefused(f"the order cannot be read: {err}") from err
    if (order.site_id, order.gate_id) != (site_id, gate_id):
        raise SignatureRefused(f"the order is for gate {order.gate_id!r} of {order.site_id!r}")
    return order


def _whose(leg: CallLeg | SealedLeg, subject: str) -> bytes:
    return msgspec.json.encode((subject, leg.person_id))
