"""Say where gates and homes are: as their names say, and as the manager corrects it.

A gate whose name does not say where it is has no place: no way leads over it until the manager chose one, so
that it opens no family's stairs to others. Where no gate leads into a building, it is an outer gate.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.passes import OUTER_GATES, PLACE_NUMBERS
from web_admin.action.base import Action, begin, checked_text, finish, new_id
from web_admin.action.lookups import gate_of, home_of
from web_admin.compound.models import Gate, Home
from web_admin.compound.place_models import Place
from web_admin.compound.place_names import BUILDING, KINDS, OUTER, UNIT, Reading, code_of, read_gate_names
from web_admin.compound.queries import every_site, places_of_site
from web_admin.compound.ways import Places
from web_admin.core.database import Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.visitors.moved_homes import sign_ways_again

MAX_PLACE_NAME_CHARS = 60
CODE = re.compile(r"[0-9A-Za-z]+(-[0-9A-Za-z]+){0,3}")


# -- as names say ----------------------------------------------------------------------------------


def place_gates(session: Session, site_id: str, gates: Iterable[Gate]) -> int:
    """Give gates without a place the one that their names say; return how many got one."""
    unsorted = {gate.gate_id: gate for gate in gates if gate.place_id is None}
    names = {gate_id: gate.name for gate_id, gate in unsorted.items()}
    known = _Known(session, site_id)
    readings = read_gate_names(names, has_buildings=bool(known.places.of_homes))
    found = {gate_id: known.place_read(reading) for gate_id, reading in readings.items()}
    session.flush()  # a gate refers to its place
    for gate_id, place in found.items():
        unsorted[gate_id].place_id = place.place_id if place is not None else None
    session.flush()
    return sum(place is not None for place in found.values())


def place_gates_once(menjin: Menjin, _now: datetime) -> int:
    """Place the gates of compounds that know no place, as an earlier version left them; return how many."""
    placed = 0
    with menjin.database.session() as session:
        for site in every_site(session):
            these = select(Gate).where(Gate.site_id == site.site_id).order_by(Gate.number)
            gates = session.scalars(these).all()
            if gates and not places_of_site(session, site.site_id).rows:
                placed += place_gates(session, site.site_id, gates)
    return placed


class _Known:
    """The places of a compound, and those that are added to them."""

    def __init__(self, session: Session, site_id: str) -> None:
        self.places = places_of_site(session, site_id)
        self._session, self._site_id = session, site_id
        self._number = 0

    def place_read(self, reading: Reading) -> Place | None:
        """Return the place that a name says; None where another one has its name or code."""
        if reading.kind == OUTER:
            return self.outer()
        parent_id = None
        if reading.kind == UNIT:
            building = self.place_read(Reading(BUILDING, reading.building, reading.code.rpartition("-")[0]))
            if building is None:
                return None
            parent_id = building.place_id
        for place in self.places.rows:
            if place.code == reading.code if reading.code else place.name == reading.name:
                return place if place.kind == reading.kind else None
        if any(place.name == reading.name for place in self.places.rows):
            return None
        return self.add(reading.kind, reading.name, code=reading.code, parent_id=parent_id)

    def outer(self) -> Place:
        """Return the place of the outer gates, made where it lacks."""
        return self.places.outer or self.add(OUTER, "")

    def add(self, kind: str, name: str, *, code: str = "", parent_id: str | None = None) -> Place:
        """Add a place with the next number; raise ActionRefused where there is none left."""
        place = Place(
            place_id=new_id(),
            site_id=self._site_id,
            kind=kind,
            name=name,
            code=code,
            parent_id=parent_id,
            number=OUTER_GATES if kind == OUTER else self._next_number(),
        )
        self._session.add(place)
        self.places = Places([*self.places.rows, place])
        return place

    def _next_number(self) -> int:
        if not self._number:
            # Also of those that ended: a visitor's code may still name them.
            taken = select(func.max(Place.number)).where(
                Place.site_id == self._site_id, Place.number != OUTER_GATES
            )
            self._number = max(PLACE_NUMBERS.start - 1, self._session.scalar(taken) or 0)
        self._number += 1
        if self._number not in PLACE_NUMBERS:
            raise ActionRefused("name", _("This compound has no room for more places."))
        return self._number


# -- as the manager says ---------------------------------------------------------------------------


def sort_gates(act: Action, places_by_gate: Mapping[str, str]) -> int:
    """Put gates into places, "" for none; return how many moved. Passes and codes follow at once."""
    begin(act)
    known = _Known(act.session, act.site_id)
    if OUTER in places_by_gate.values():
        known.outer()
        act.session.flush()
    places = known.places
    moved = []
    for gate_id, wanted in places_by_gate.items():
        gate = gate_of(act, gate_id)
        place_id = _place_id(places, wanted)
        if gate.place_id != place_id:
            gate.place_id = place_id
            moved.append(gate_id)
    if moved:
        sign_ways_again(act)  # of passes that were given out before there was an outer gate
        finish(act, "gates_placed", {"count": len(moved)}, touches=(), gates=moved)
    return len(moved)


def sort_homes(act: Action, places_by_home: Mapping[str, str]) -> int:
    """Say where homes are whose numbers do not say it, "" for as the number says; return how many changed."""
    begin(act)
    places = places_of_site(act.session, act.site_id)
    moved = 0
    for home_id, wanted in places_by_home.items():
        home, place_id = home_of(act, home_id), _place_id(places, wanted)
        moved += home.place_id != place_id
        home.place_id = place_id
    if moved:
        sign_ways_again(act)
        finish(act, "homes_placed", {"count": moved}, touches=(), gates=())
    return moved


def _place_id(places: Places, wanted: str) -> str | None:
    """Return the id of a place by its id, or by the word `outer`; None for no place."""
    if not wanted:
        return None
    place = places.outer if wanted == OUTER else places.by_id.get(wanted)
    if place is None:
        raise ActionRefused("place", _("This place is not there any more. Load the page again."))
    return place.place_id


def save_place(
    act: Action, place_id: str | None, *, kind: str, name: str, code: str = "", parent_id: str = ""
) -> Place:
    """Add a place, or give one another name, code or building; raise ActionRefused beside what is wrong.

    What is there stays there: gates, homes and passes know it by its id.
    """
    begin(act)
    places = places_of_site(act.session, act.site_id)
    if kind not in KINDS or kind == OUTER:
        raise ActionRefused("kind", _("Choose one of the offered values."))
    text = checked_text("name", name, max_chars=MAX_PLACE_NAME_CHARS)
    others = [place for place in places.rows if place.place_id != place_id]
    if any(place.name.casefold() == text.casefold() for place in others):
        raise ActionRefused("name", _("Another place is called %(name)s. Choose another name.", name=text))
    begins = _checked_code(kind, code, others)
    if kind == UNIT and (places.by_id.get(parent_id) is None or places.by_id[parent_id].kind != BUILDING):
        raise ActionRefused("parent_id", _("Choose the building of this unit."))
    if place_id is None:
        place = _Known(act.session, act.site_id).add(kind, text)
    else:
        place = _place_of(places, place_id)
        if place.kind != kind:
            raise ActionRefused(
                "kind", _("A place stays what it is. Add a new one, and move its gates there.")
            )
    place.name, place.code = text, begins
    place.parent_id = parent_id if kind == UNIT else None
    act.session.flush()
    sign_ways_again(act)
    finish(act, "place_saved", {"place_id": place.place_id}, personal={}, touches=(), gates=())
    return place


def end_place(act: Action, place_id: str) -> None:
    """End a place that nothing is in; raise ActionRefused where something is."""
    begin(act)
    places = places_of_site(act.session, act.site_id)
    place = _place_of(places, place_id)
    gate = act.session.scalar(select(Gate.name).where(Gate.place_id == place_id).limit(1))
    if gate is not None:
        raise ActionRefused(
            "place", _("The gate %(gate)s is there. Move it to another place first.", gate=gate)
        )
    home = act.session.scalar(select(Home.number).where(Home.place_id == place_id).limit(1))
    if home is not None:
        raise ActionRefused("place", _("Home %(home)s is there. Move it to another place first.", home=home))
    if any(other.parent_id == place_id for other in places.rows):
        raise ActionRefused("place", _("This building has units. Remove them first."))
    place.ended_at = act.now
    finish(act, "place_ended", {"place_id": place_id}, touches=(), gates=())


def _checked_code(kind: str, code: str, others: Iterable[Place]) -> str:
    """Return the code of a building or unit; raise ActionRefused where it is none, or another place's."""
    if kind not in (BUILDING, UNIT) or not code.strip():
        return ""
    if not CODE.fullmatch(code.strip()):
        raise ActionRefused("code", _("Write how its home numbers begin, such as 3 or 3-1."))
    begins = "-".join(code_of(part) for part in code.strip().split("-"))
    for other in others:
        if other.code == begins:
            raise ActionRefused(
                "code", _("Home numbers of %(name)s begin like this already.", name=other.name)
            )
    return begins


def _place_of(places: Places, place_id: str) -> Place:
    if place_id not in places.by_id:
        raise ActionRefused("place", _("This place is not there any more. Load the page again."))
    return places.by_id[place_id]
