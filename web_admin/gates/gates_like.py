"""Add many gates like one that there is: its lanes and kind of lock, nothing that is known of one door.

No lane of them is live: where the lane has a sheet, each gets a draft of one, which is completed at the door.
Not copied are face (each camera has a sheet and an assessment of its own), postures and their schedules, who
may pass, and that an area is left through its gate alone; so what refused people who have not left only
reports it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.records import LaneRecord, Method
from web_admin.action.base import Action, begin, record_many
from web_admin.action.lookups import gate_of
from web_admin.compound.gate_names import name_at
from web_admin.compound.models import Gate, Lane, Site
from web_admin.core.database import among
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import check_hours_and_methods, free_numbers, saved_facts, write_lane
from web_admin.gates.gate_list import HEADINGS, LineProblem, LinesRefused, NewGate, with_short_names
from web_admin.gates.names import names_in_use
from web_admin.gates.places import place_gates
from web_admin.gates.rules import (
    MAX_SLUG_CHARS,
    SLUG,
    check_slug,
    checked_name,
    name_key,
    spec_of,
    wanted_lane,
)
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import sheet_rows_of_gate
from web_admin.gates.sheets import as_stored, sheets_of
from web_admin.journal.ledger import NewEntry
from web_admin.visitors.moved_homes import sign_ways_again

MOST_GATES = 1000
"""Added in one act."""
KIND_OF_DOOR = ("lock", "fails")
"""Fields of a sheet that a draft keeps: the lock. How people get out is tried at each door."""


@dataclass(frozen=True, slots=True)
class CopiedLane:
    """A lane as each new gate gets it; `ending` follows the gate's short name in the lane's."""

    ending: str
    record: LaneRecord
    draft: LaneSheet | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Gates that a list adds, and the copy of each lane of the gate that they are like, by that lane's id."""

    gates: Sequence[NewGate]
    lanes: Mapping[str, CopiedLane]
    like: str
    """The name of the gate that they are like."""

    def lane_names(self, gate: NewGate) -> list[str]:
        """Return what the lanes of a new gate are called: after it where they were after the other."""
        return [name_at(lane.record.name, self.like, gate.name) for lane in self.lanes.values()]

    @property
    def digest(self) -> str:
        """Return what a plan that adds anything else does not have."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class PlanChanged(ActionRefused):
    """A list that adds by now something else than was shown."""

    def __init__(self) -> None:
        super().__init__(
            None, _("Something changed meanwhile, so nothing was added. Look through the list once more.")
        )


@dataclass(frozen=True, slots=True)
class _NamesInUse:
    """Names and short names by the line of the list that has them, 0 of those that were there before."""

    names: dict[str, int]
    gates: dict[str, int]
    lanes: dict[str, int]


def plan_gates_like(act: Action, gate_id: str, new_gates: Sequence[NewGate]) -> Plan:
    """Return what a list adds to gates with the lanes of this one; raise LinesRefused for what is wrong."""
    like = gate_of(act, gate_id)
    if not like.lanes:
        raise ActionRefused("gates", _("%(gate)s has no lanes yet. Add its lanes first.", gate=like.name))
    if not new_gates:
        raise ActionRefused("gates", _("Type at least one gate, each on a line."))
    if len(new_gates) > MOST_GATES:
        raise ActionRefused(
            "gates",
            _(
                "At most %(most)s gates at a time, and the list has %(count)s. Add it in parts.",
                most=MOST_GATES,
                count=len(new_gates),
            ),
        )
    numbers = free_numbers(act, "gates", len(new_gates))
    lanes = _copied_lanes(act, act.session.get_one(Site, act.site_id), like)
    gates = _checked(act, with_short_names(new_gates, numbers), [lane.ending for lane in lanes.values()])
    return Plan(gates, lanes, like.name)


def add_gates_like(
    act: Action, gate_id: str, new_gates: Sequence[NewGate], *, shown: str | None = None
) -> list[Gate]:
    """Add gates with the lanes of this one; raise LinesRefused, with nothing stored, for what is wrong.

    With the digest of a plan that was shown, any other plan raises PlanChanged. It publishes nothing: no
    controller is paired there yet.
    """
    begin(act)
    plan = plan_gates_like(act, gate_id, new_gates)
    if shown is not None and plan.digest != shown:
        raise PlanChanged
    gates = [
        Gate(gate_id=one.gate_id, site_id=act.site_id, number=one.number, name=one.name) for one in plan.gates
    ]
    lanes: list[Lane] = []
    sheets: list[LaneSheetRow] = []
    entries = []
    for gate in gates:
        entries.append(NewEntry("gate_added", {"gate_id": gate.gate_id}))
        for lane, draft in _lanes_of(gate, plan):
            lanes.append(lane)
            entries.append(NewEntry("lane_saved", saved_facts(lane)))
            if draft is not None:
                sheets.append(
                    LaneSheetRow(
                        lane_id=lane.lane_id, inherited=False, draft=as_stored(draft), drafted_at=act.now
                    )
                )
                entries.append(NewEntry("lane_sheet_drafted", {"lane_id": lane.lane_id}))
    for rows in (gates, lanes, sheets):
        act.session.add_all(rows)
        act.session.flush()
    place_gates(act.session, act.site_id, gates)
    sign_ways_again(act)  # the names of the gates may have made places
    record_many(act, entries)
    return gates


def _copied_lanes(act: Action, site: Site, like: Gate) -> dict[str, CopiedLane]:
    """Return by its id each lane of a gate as the new gates get it."""
    rows = sheet_rows_of_gate(act.session, like.gate_id)
    copied: dict[str, CopiedLane] = {}
    for lane in like.lanes:
        spec = spec_of(lane)
        record = wanted_lane(
            like,
            replace(
                spec,
                methods=tuple(method for method in spec.methods if method != Method.FACE),
                method_hours={key: hours for key, hours in spec.method_hours.items() if key != Method.FACE},
                posture="normal",
                posture_hours={},
                area_is_closed=False,
                antipassback="soft" if spec.antipassback == "hard" else spec.antipassback,
            ),
        )
        check_hours_and_methods(act, site, record)
        ending = lane.lane_id.removeprefix(f"{like.gate_id}-")
        while ending in {other.ending for other in copied.values()}:
            ending = f"{like.gate_id}-{ending}"
        copied[lane.lane_id] = CopiedLane(ending, record, _draft(rows.get(lane.lane_id)))
    return copied


def _draft(row: LaneSheetRow | None) -> LaneSheet | None:
    """Return what a lane's sheet says of the kind of its lock; None where it says nothing of that."""
    live, draft = sheets_of(row)
    sheet = live or draft or LaneSheet()
    kept = LaneSheet(**{name: getattr(sheet, name) for name in KIND_OF_DOOR})
    return kept if kept != LaneSheet() else None


def _lanes_of(gate: Gate, plan: Plan) -> Iterator[tuple[Lane, LaneSheet | None]]:
    """Yield the lanes of a new gate, each with the draft of its sheet."""
    gate_id, copied = gate.gate_id, plan.lanes
    for one in copied.values():
        waits_for = [copied[other].ending for other in one.record.interlock_with if other in copied]
        lane = Lane(lane_id=f"{gate_id}-{one.ending}", gate_id=gate_id)
        write_lane(
            lane,
            msgspec.structs.replace(
                one.record,
                name=name_at(one.record.name, plan.like, gate.name),
                interlock_with=tuple(f"{gate_id}-{ending}" for ending in waits_for),
            ),
        )
        yield lane, one.draft


# -- the list --------------------------------------------------------------------------------------


def _checked(act: Action, gates: Sequence[NewGate], endings: Sequence[str]) -> list[NewGate]:
    """Return the gates with their names as they are kept; raise LinesRefused with all that is wrong."""
    taken, problems, checked = _taken(act, gates, endings), [], []
    if gates[0].name.casefold() in HEADINGS:
        raise LinesRefused(
            [
                LineProblem(
                    gates[0].line or 1,
                    gates[0].name,
                    _("This is the heading of a column. Leave the line out."),
                )
            ]
        )
    for number, gate in enumerate(gates, start=1):
        line = gate.line or number
        try:
            checked.append(_checked_line(replace(gate, line=line), endings, taken))
        except ActionRefused as refusal:
            problems.append(LineProblem(line, gate.name, refusal.message))
    if problems:
        raise LinesRefused(problems)
    return checked


def _taken(act: Action, gates: Sequence[NewGate], endings: Sequence[str]) -> _NamesInUse:
    """Return the names of this site's gates, and which of the short names gates and lanes have already."""
    ids = [gate.gate_id for gate in gates if SLUG.fullmatch(gate.gate_id)]
    lane_ids = [f"{gate_id}-{ending}" for gate_id in ids for ending in endings]
    session = act.session
    return _NamesInUse(
        dict.fromkeys(names_in_use(session, act.site_id), 0),
        dict.fromkeys(session.scalars(select(Gate.gate_id).where(among(session, Gate.gate_id, ids))), 0),
        dict.fromkeys(session.scalars(select(Lane.lane_id).where(among(session, Lane.lane_id, lane_ids))), 0),
    )


def _checked_line(gate: NewGate, endings: Sequence[str], taken: _NamesInUse) -> NewGate:
    """Return a gate whose name and short names are legal and free, and take them; raise ActionRefused."""
    if not gate.name.strip():
        raise ActionRefused("gates", _("The name is missing. Write it before the short name."))
    name = checked_name("gates", gate.name)
    try:
        check_slug("gates", gate.gate_id)
    except ActionRefused as refusal:
        raise ActionRefused(
            "gates",
            _(
                "“%(short)s” is no short name. Use small letters, digits and dashes, at most 40, such "
                "as north.",
                short=gate.gate_id[:MAX_SLUG_CHARS],
            ),
        ) from refusal
    line = taken.names.setdefault(name_key(name), gate.line)
    if line == 0:
        raise ActionRefused(
            "gates", _("A gate with this name exists already. Leave the line out, or choose another name.")
        )
    if line != gate.line:
        raise ActionRefused("gates", _("Line %(line)s has the same name. Choose another one.", line=line))
    line = taken.gates.setdefault(gate.gate_id, gate.line)
    if line == 0:
        raise ActionRefused(
            "gates",
            _(
                "A gate with the short name %(short)s exists already. Write another short name behind "
                "the name.",
                short=gate.gate_id,
            ),
        )
    if line != gate.line:
        raise ActionRefused(
            "gates",
            _(
                "Line %(line)s has the short name %(short)s too. Choose another one.",
                line=line,
                short=gate.gate_id,
            ),
        )
    for ending in endings:
        _take_lane(gate, f"{gate.gate_id}-{ending}", taken)
    return replace(gate, name=name)


def _take_lane(gate: NewGate, lane_id: str, taken: _NamesInUse) -> None:
    """Take the short name of a new lane; raise ActionRefused where it is too long or another lane's."""
    try:
        check_slug("gates", lane_id)
    except ActionRefused as refusal:
        raise ActionRefused(
            "gates",
            _(
                "Its lane %(lane)s would have a short name of more than 40 characters. Write a "
                "shorter one for the gate behind its name.",
                lane=lane_id,
            ),
        ) from refusal
    line = taken.lanes.setdefault(lane_id, gate.line)
    if line not in (0, gate.line):
        raise ActionRefused(
            "gates",
            _(
                "Line %(line)s would have a lane with the short name %(lane)s too. Write another "
                "short name for the gate behind its name.",
                line=line,
                lane=lane_id,
            ),
        )
    if line == 0:
        raise ActionRefused(
            "gates",
            _(
                "A lane with the short name %(lane)s exists already. Write another short name for the "
                "gate behind its name.",
                lane=lane_id,
            ),
        )
