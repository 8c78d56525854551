"""News that the thread which calls the server hands to the controller."""

from dataclasses import dataclass
from datetime import datetime

from gate_controller.contract.calls import CallLeg, CallState, DirectoryEntry
from gate_controller.contract.messages import SignedOrder
from gate_controller.contract.policy import PolicySnapshot


@dataclass(frozen=True, slots=True)
class PolicyTaken:
    snapshot: PolicySnapshot


@dataclass(frozen=True, slots=True)
class PolicyFresh:
    """The policy was confirmed at `issued_at`; only its age changed."""

    issued_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyRejected:
    """A policy this gate would not take, and why."""

    detail: str


@dataclass(frozen=True, slots=True)
class PassKeyChanged:
    """The site's key for passes and online codes."""

    public_key: bytes


@dataclass(frozen=True, slots=True)
class OrderArrived:
    """An order as it came; the controller checks it."""

    signed: SignedOrder


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The server came within or went out of reach."""

    online: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CallsOffered:
    """News that the server takes calls to homes, or takes none."""

    is_offered: bool


@dataclass(frozen=True, slots=True)
class CallSaid:
    """How a call is at the server, as it came; the controller checks what opens."""

    state: CallState


@dataclass(frozen=True, slots=True)
class DirectoryCame:
    """The homes that may be picked from a list at a lane."""

    lane_id: str
    entries: tuple[DirectoryEntry, ...]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A call to make for the server, with its number open."""

    task_id: str
    purpose: str
    language: str
    keys_wanted: int
    leg: CallLeg


@dataclass(frozen=True, slots=True)
class TasksCame:
    """Calls to make for the server, one after the other."""

    tasks: tuple[OpenTask, ...]


CallNews = CallSaid | DirectoryCame | TasksCame
SyncNews = (
    PolicyTaken
    | PolicyFresh
    | PolicyRejected
    | PassKeyChanged
    | OrderArrived
    | LinkChanged
    | CallsOffered
    | CallNews
)
