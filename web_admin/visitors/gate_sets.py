"""Work out for which gates a visitor's pass is: those of a list, the way to a home, or all gates.

A list stands in the code as it is, 32 gates at most. A set stands there as the numbers of its places, and
each gate knows the numbers of its own place: a gate that moves to another building leaves the passes of the
one and joins those of the other, which are not signed again. A gate whose program is older is listed beside.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.features import PLACES
from gate_controller.contract.passes import ALL_GATES, MAX_PASS_GATES, SITE_ITSELF
from web_admin.action.base import Action
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_recovered_phone
from web_admin.compound.models import Gate, Person
from web_admin.compound.queries import gates_of_site, places_of_site
from web_admin.compound.ways import gates_at
from web_admin.core.refusal import ActionRefused
from web_admin.visitors.reach import grants_at, reads_passes, with_a_controller

Chosen = TypeVar("Chosen")
LISTED, WAY, ALL = GATE_SETS = ("", "way", "all")
FIELD = "gate_numbers"
MAX_USES = 255


@dataclass(frozen=True, slots=True)
class GateChoice:
    """The gates that a pass is to be for: a list, or a set.

    `place_id` is the building or unit to which the way leads where the office invites, None for the outer
    gates alone. The way of a person leads to their own home.
    """

    gate_numbers: Sequence[int] = ()
    gate_set: str = LISTED
    place_id: str | None = None


def numbers_of(
    act: Action, choice: GateChoice, issuer_person_id: str | None, start: datetime, end: datetime, uses: int
) -> list[int]:
    """Return what stands in the code for the chosen gates; raise ActionRefused.

    Of a list the issuer has to be allowed each gate, of a set one at least: at each gate their own right is
    asked again, so a set never opens more than they may.
    """
    if choice.gate_set not in GATE_SETS:
        raise ActionRefused(FIELD, _("Choose one of the offered values."))
    if not 0 <= uses <= MAX_USES:
        raise ActionRefused("uses", _("A pass is for 1 to 255 visits, or for as many as they like."))
    issuer = _issuer(act, issuer_person_id)
    if choice.gate_set == LISTED:
        gates = _listed(act, choice.gate_numbers, uses)
        if issuer is not None:
            _check_each(issuer, gates, start, end)
        return [gate.number for gate in gates]
    named, gates = _of_set(act, choice, issuer)
    open_to = [gate for gate in gates if may_pass(issuer, gate, start, end)]
    if not open_to:
        raise ActionRefused(FIELD, _("No gate that reads codes is among these. Choose other gates."))
    if uses:
        return [gate.number for gate in _one_of(with_a_controller(open_to))]
    older = lists_beside(open_to)
    if len(named) + len(older) > MAX_PASS_GATES:
        raise ActionRefused(FIELD, _too_many(len(older)))
    return [*named, *older]


def lists_beside(gates: Iterable[Gate]) -> list[int]:
    """Return the numbers of gates of an older program, which a code of a set lists beside its places."""
    return [
        gate.number
        for gate in gates
        if gate.state == "paired" and PLACES not in gate.knows and reads_passes(gate)
    ]


def issuer_id_of(act: Action, issuer_person_id: str | None) -> str:
    """Return the id that a pass names as its issuer."""
    issuer = _issuer(act, issuer_person_id)
    return SITE_ITSELF if issuer is None else issuer.person_id


def _issuer(act: Action, person_id: str | None) -> Person | None:
    """Return who invites, None for the property manager; raise ActionRefused where they may not now."""
    if person_id is None:
        if act.channel not in ("manager", "desk", "system", "api") or act.served is not None:
            raise ActionRefused(None, _("You can invite visitors in your own name only."))
        return None
    issuer = person_of(act, person_id)
    refuse_recovered_phone(act, issuer)
    if issuer.suspended:
        raise ActionRefused(None, _("A person who may not pass at present cannot invite visitors."))
    return issuer


def may_pass(issuer: Person | None, gate: Gate, start: datetime, end: datetime) -> bool:
    """Return whether an issuer may pass a gate for the whole window; the property manager may pass each."""
    return issuer is None or bool(grants_at(issuer, {lane.lane_id for lane in gate.lanes}, start, end))


def _check_each(issuer: Person, gates: Sequence[Gate], start: datetime, end: datetime) -> None:
    for gate in gates:
        if not may_pass(issuer, gate, start, end):
            raise ActionRefused(
                FIELD,
                _(
                    "A pass for the gate %(gate)s may not reach further than your own right to pass there.",
                    gate=gate.name,
                ),
            )


def _listed(act: Action, numbers: Collection[int], uses: int) -> list[Gate]:
    """Return the gates of these numbers, each with a QR reader; raise ActionRefused."""
    wanted = sorted(set(numbers))
    if not 1 <= len(wanted) <= MAX_PASS_GATES:
        raise ActionRefused(FIELD, _("Choose 1 to 32 gates."))
    if uses:
        _one_of(wanted)
    numbered = select(Gate).where(
        Gate.site_id == act.site_id, Gate.state != "retired", Gate.number.in_(wanted)
    )
    gates = list(act.session.scalars(numbered.order_by(Gate.number)))
    if len(gates) != len(wanted):
        raise ActionRefused(FIELD, _("One of these gates does not exist here."))
    for gate in gates:
        if not reads_passes(gate):
            raise ActionRefused(FIELD, _("The gate %(gate)s reads no QR codes.", gate=gate.name))
    return gates


def _one_of(gates: Sequence[Chosen]) -> Sequence[Chosen]:
    if len(gates) != 1:
        raise ActionRefused(
            FIELD,
            _("A pass for a number of visits names exactly one gate, because gates count each for itself."),
        )
    return gates


def _of_set(act: Action, choice: GateChoice, issuer: Person | None) -> tuple[list[int], list[Gate]]:
    """Return the numbers of a set's places, and those of its gates that are in use and read passes."""
    gates = [
        gate
        for gate in gates_of_site(act.session, act.site_id)
        if gate.state in ("new", "paired") and reads_passes(gate)
    ]
    if choice.gate_set == ALL:
        return [ALL_GATES], gates
    places = places_of_site(act.session, act.site_id)
    home = None if issuer is None else issuer.home
    place = places.by_id.get(choice.place_id or "") if issuer is None else places.of_home(home)
    if choice.place_id is not None and issuer is None and place is None:
        raise ActionRefused(FIELD, _("This place is not there any more. Load the page again."))
    way = places.way(place)
    return [one.number for one in way], gates_at(gates, way)


def _too_many(count: int) -> LazyString:
    said: LazyString = _(
        "%(count)s of these gates run an older program, and a code has room for 32 numbers. Update them, or "
        "choose the gates that the visitor needs.",
        count=count,
    )
    return said
