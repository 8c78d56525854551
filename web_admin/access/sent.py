"""Hold what gates are sent, in a form in which what is equal for many people and gates is there once.

A person's record is sent to each gate with the grants of that gate's lanes alone; here it has all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.records import (
    CalendarRecord,
    Credential,
    HomeRecord,
    HoursRecord,
    LaneRecord,
    PersonRecord,
    SiteRecord,
)


@dataclass(frozen=True, slots=True)
class GateSent:
    """Records that one gate is sent about no person.

    `issued_at` is when a gate that is silent since then last had news of its policy; None for one in contact,
    whose policy is never too old.
    """

    gate_id: str
    site: SiteRecord
    calendar: CalendarRecord | None
    hours: Mapping[str, HoursRecord]
    lanes: Mapping[str, LaneRecord]
    ended_passes: frozenset[str] = frozenset()
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonSent:
    """Records that gates are sent about one person, their credentials, and the passes that they gave out.

    `faces` says by gate until when a face may be kept there, None without an end. `hidden` has by gate the
    credentials whose number leads to another one there. `not_in_hand` are credentials that their person may
    never have seen. `way_home` has the lanes of the outer gates, of the home's building and of its unit; no
    stage at all where no record says where the home is.
    """

    record: PersonRecord
    homes: tuple[HomeRecord, ...] = ()
    credentials: tuple[Credential, ...] = ()
    faces: Mapping[str, datetime | None] = field(default_factory=dict)
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    passes: tuple[VisitorPass, ...] = ()
    not_in_hand: frozenset[str] = frozenset()
    way_home: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Gates that are sent the same of each person, apart from grants and faces; people by their id."""

    gates: tuple[GateSent, ...]
    people: Mapping[str, PersonSent]


@dataclass(frozen=True, slots=True)
class Sent:
    """Records that all gates of a compound are sent. A lane that no gate has admits no one."""

    parts: tuple[Part, ...]


def without_contact(sent: Sent, heard_at: Mapping[str, datetime]) -> Sent:
    """Return the same where these gates last had news of their policy at an instant, and none since."""
    return Sent(
        tuple(
            replace(
                part,
                gates=tuple(
                    replace(gate, issued_at=heard_at.get(gate.gate_id, gate.issued_at)) for gate in part.gates
                ),
            )
            for part in sent.parts
        )
    )
