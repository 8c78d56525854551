"""Find the lanes that new people may pass: those on the way to their home, the outer gates' without a home.

Staff without a home may pass all.

Gates that are not paired yet count as well: a right is given once, and opens nothing without a controller.
"""

from collections import defaultdict

from sqlalchemy import select

from web_admin.action.base import Action
from web_admin.compound.models import Gate, Home, Lane
from web_admin.compound.queries import HomeNumber, places_of_site

OUT_OF_USE = ("retired", "stolen")


class UsualLanes:
    """The lanes of a site by place; read once for any number of homes."""

    def __init__(self, act: Action) -> None:
        """Read them in two queries."""
        rows = (
            select(Lane.lane_id, Gate.place_id)
            .join(Gate)
            .where(Gate.site_id == act.site_id, Gate.state.not_in(OUT_OF_USE))
            .order_by(Lane.lane_id)
        )
        self._by_place: dict[str | None, list[str]] = defaultdict(list)
        for lane_id, place_id in act.session.execute(rows):
            self._by_place[place_id].append(lane_id)
        self._places = places_of_site(act.session, act.site_id)

    def of_person(self, kind: str, home: Home | HomeNumber | None) -> tuple[str, ...]:
        """Return the lanes of a new person of this kind; all for staff without a home."""
        return self._all() if kind == "staff" and home is None else self.of_home(home)

    def of_home(self, home: Home | HomeNumber | None) -> tuple[str, ...]:
        """Return the lanes on the way to a home, or to none; all where no gate has a place yet."""
        if not self._places.rows:
            return self._all()
        way = self._places.way(self._places.of_home(home))
        return tuple(sorted(lane_id for place in way for lane_id in self._by_place[place.place_id]))

    def _all(self) -> tuple[str, ...]:
        return tuple(sorted(lane_id for lanes in self._by_place.values() for lane_id in lanes))
