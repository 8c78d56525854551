"""Let live passes for the way to a home follow the home that is in another building by now."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from gate_controller.contract.passes import MAX_PASS_GATES
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person
from web_admin.compound.queries import gates_of_site, places_of_site
from web_admin.compound.ways import Places, gates_at
from web_admin.visitors.actions import sign_as_they_are
from web_admin.visitors.gate_sets import WAY, lists_beside
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import opens_now_or_later


def sign_ways_again(act: Action) -> int:
    """Sign again each live pass for the way to a home that lacks a place of that way; return how many.

    Their links show the new code. The places of before stay in it: a code on paper still opens them, and
    their gates have to be sent that the pass was withdrawn. Each gate asks the resident's right as before.
    A pass for a number of visits names one gate and stays as it is; so does one whose code has no more room.
    """
    live = (
        select(VisitorPassRow, Person)
        .join(Person, Person.person_id == VisitorPassRow.issuer_person_id)
        .where(
            VisitorPassRow.site_id == act.site_id,
            VisitorPassRow.gate_set == WAY,
            VisitorPassRow.uses == 0,
            opens_now_or_later(act.now),
        )
        .options(joinedload(Person.home))
    )
    rows = act.session.execute(live).all()
    if not rows:
        return 0
    places, gates = places_of_site(act.session, act.site_id), gates_of_site(act.session, act.site_id)
    moved = []
    for row, issuer in rows:
        missing = _missing(row, issuer, places, gates)
        if missing and len(row.gate_numbers) + len(missing) <= MAX_PASS_GATES:
            row.gate_numbers = [*row.gate_numbers, *missing]
            moved.append(row)
    sign_as_they_are(act, moved)
    return len(moved)


def _missing(row: VisitorPassRow, issuer: Person, places: Places, gates: Sequence[Gate]) -> list[int]:
    """Return the numbers of places and older gates on the way that the pass does not name yet."""
    way = places.way(places.of_home(issuer.home))
    if {place.number for place in way} <= set(row.gate_numbers):
        return []
    numbers = [*(place.number for place in way), *lists_beside(gates_at(gates, way))]
    return [number for number in numbers if number not in row.gate_numbers]
