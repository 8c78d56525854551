"""Records that a later version wrote: they open nothing, and hold nothing else up.

A policy in which one record is not understood is taken without it, so that a card that was ended elsewhere
in it stops to open. What the record would allow stays shut: a person or credential is not there, a lane is
shut, and so is each lane and grant that depends on hours or lanes that are not understood. A withdrawn pass
stays withdrawn, since its key says which. Of the compound and its calendar the unknown fields are left out:
a later version must put nothing into them that an older gate may not ignore.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from gate_controller.contract.records import (
    RECORD_TYPES,
    EndedPassRecord,
    LaneRecord,
    PersonRecord,
    PolicyRefused,
    Record,
    RecordNotUnderstood,
    decode_record,
)
from gate_controller.contract.shared_parts import SharedParts

FIELDS_LEFT_OUT = frozenset({"site", "calendar"})
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """Records by key, and why others are not among them."""

    records: Mapping[str, Record]
    unread: Mapping[str, str]

    def ids(self, kind: str) -> frozenset[str]:
        """Return the ids of unread records of a kind."""
        return frozenset(key.partition(":")[2] for key in self.unread if key.startswith(f"{kind}:"))


def read_records(records: Mapping[str, bytes | msgspec.Raw]) -> ReadRecords:
    """Read all records in the order of their keys; raise PolicyRefused on one that no version would write."""
    read: dict[str, Record] = {}
    unread: dict[str, str] = {}
    parts = SharedParts()
    for key in sorted(records):
        try:
            record = decode_record(key, records[key])
            parts.share(record)
            read[key] = record
        except RecordNotUnderstood as err:
            unread[key] = str(err)
            closed = _closed(key, records[key])
            if closed is not None:
                read[key] = closed
    return ReadRecords(read, unread)


def _closed(key: str, value: bytes | msgspec.Raw) -> Record | None:
    """Return what of a record closes more than its absence, or cannot be done without."""
    kind, _, id_in_key = key.partition(":")
    if kind == "ended_pass":
        return EndedPassRecord(id_in_key, FOREVER)
    if kind not in FIELDS_LEFT_OUT:
        return None
    known = set(RECORD_TYPES[kind].__struct_fields__)
    try:
        fields = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError) as err:
        raise PolicyRefused(f"record {key!r}: {err}") from err
    left = {name: part for name, part in fields.items() if name in known}
    return decode_record(key, msgspec.json.encode(left))


def shut_lanes(lanes: Mapping[str, LaneRecord], read: ReadRecords) -> dict[str, LaneRecord]:
    """Return the lanes that depend on nothing unread; the others are shut.

    A lane depends on the hours and the lanes that it names, and on ways out where it counts who is inside.
    """
    open_lanes = dict(lanes)
    hours, gone = read.ids("hours"), set(read.ids("lane"))
    if not hours and not gone:
        return open_lanes
    while depending := [lane for lane in open_lanes.values() if _depends(lane, hours, gone, open_lanes)]:
        for lane in depending:
            del open_lanes[lane.lane_id]
            gone.add(lane.lane_id)
    return open_lanes


def _depends(
    lane: LaneRecord, hours: Collection[str], gone: Collection[str], lanes: Mapping[str, LaneRecord]
) -> bool:
    if any(hours_id in hours for hours_id in (*lane.method_hours.values(), *lane.posture_hours)):
        return True
    if any(other_id in gone for other_id in lane.interlock_with):
        return True
    ways_out = any(one.gate_id == lane.gate_id and one.direction == "out" for one in lanes.values())
    return lane.antipassback == "hard" and bool(gone) and not ways_out


def without_unread_hours(person: PersonRecord, read: ReadRecords) -> PersonRecord:
    """Return a person without the grants whose hours are not understood."""
    hours = read.ids("hours")
    grants = tuple(grant for grant in person.grants if grant.hours_id not in hours)
    return person if len(grants) == len(person.grants) else msgspec.structs.replace(person, grants=grants)
