"""Let live passes and weekly invitations for a way follow the home, its places and the gates there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from gate_controller.contract.passes import MAX_PASS_GATES
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person, Site
from web_admin.compound.place_models import Place
from web_admin.compound.queries import gates_of_site, places_of_site
from web_admin.compound.ways import Places, gates_at
from web_admin.visitors.actions import sign_as_they_are
from web_admin.visitors.gate_sets import WAY, lists_beside, may_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.pass_states import opens_now_or_later
from web_admin.visitors.weekly import next_visit


@dataclass(frozen=True)
class _Ways:
    """The ways of a compound, as a pass names them."""

    places: Places
    gates: Sequence[Gate]

    def lacks(self, row: VisitorPassRow | VisitorSeriesRow, issuer: Person | None) -> bool:
        """Return whether a place of the way is not named yet."""
        return not {place.number for place in self._way(row, issuer)} <= set(row.gate_numbers)

    def numbers(
        self,
        row: VisitorPassRow | VisitorSeriesRow,
        issuer: Person | None,
        start: datetime,
        end: datetime,
    ) -> list[int]:
        """Return the numbers of the way's places, and of older gates there that the issuer may pass."""
        way = self._way(row, issuer)
        open_to = [gate for gate in gates_at(self.gates, way) if may_pass(issuer, gate, start, end)]
        return [*(place.number for place in way), *lists_beside(open_to)]

    def _way(self, row: VisitorPassRow | VisitorSeriesRow, issuer: Person | None) -> list[Place]:
        if issuer is None:
            return self.places.way(self.places.by_id.get(row.place_id or ""))
        return self.places.way(self.places.of_home(issuer.home))


def sign_ways_again(act: Action) -> int:
    """Sign again each live pass for a way that lacks a place of that way; return how many.

    Their links show the new code. The places of before stay in it: a code on paper still opens them, and
    their gates have to be sent that the pass was withdrawn. Each gate asks the resident's right as before.
    A pass for a number of visits names one gate and stays as it is; so does one whose code has no more room.
    A weekly invitation names the way of today alone, for which its next visit is signed.
    """
    passes = act.session.execute(
        select(VisitorPassRow, Person)
        .outerjoin(Person, Person.person_id == VisitorPassRow.issuer_person_id)
        .where(
            VisitorPassRow.site_id == act.site_id,
            VisitorPassRow.gate_set == WAY,
            VisitorPassRow.uses == 0,
            opens_now_or_later(act.now),
        )
        .options(joinedload(Person.home))
    ).all()
    weekly = act.session.execute(
        select(VisitorSeriesRow, Person)
        .outerjoin(Person, Person.person_id == VisitorSeriesRow.issuer_person_id)
        .where(
            VisitorSeriesRow.site_id == act.site_id,
            VisitorSeriesRow.gate_set == WAY,
            VisitorSeriesRow.withdrawn_at.is_(None),
        )
        .options(joinedload(Person.home))
    ).all()
    if not passes and not weekly:
        return 0
    ways = _Ways(places_of_site(act.session, act.site_id), gates_of_site(act.session, act.site_id))
    zone = ZoneInfo(act.session.get_one(Site, act.site_id).timezone)
    for series, issuer in weekly:
        visit = next_visit(series, zone, act.now)
        if visit is not None:
            series.gate_numbers = ways.numbers(series, issuer, max(visit[1], act.now), visit[2])
    moved = []
    for row, issuer in passes:
        if not ways.lacks(row, issuer):
            continue
        wanted = ways.numbers(row, issuer, max(row.valid_from, act.now), row.valid_until)
        missing = [number for number in wanted if number not in row.gate_numbers]
        if len(row.gate_numbers) + len(missing) <= MAX_PASS_GATES:
            row.gate_numbers = [*row.gate_numbers, *missing]
            moved.append(row)
    sign_as_they_are(act, moved)
    return len(moved)
