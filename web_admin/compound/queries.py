"""Read the compound, its gates and lanes, and people by their ids."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Row, Table, bindparam, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from web_admin.compound.models import Gate, Home, Lane, Person, Site
from web_admin.compound.place_models import Place
from web_admin.compound.ways import Places
from web_admin.core.lock_order import GATE_ALONE, SiteFirst

# -- the compound ----------------------------------------------------------------------------------


def the_site(session: Session) -> Site | None:
    """Return the compound that this server runs, None before it is set up."""
    return session.scalar(select(Site).order_by(Site.created_at).limit(1))


def site_by_id(session: Session, site_id: str) -> Site:
    """Return a site that exists."""
    return session.get_one(Site, site_id)


def every_site(session: Session) -> Sequence[Site]:
    """Return all compounds of this database; a command of the operator expects one."""
    return session.scalars(select(Site)).all()


def one_site(session: Session) -> Site:
    """Return the only compound of this database; raise when there is none or another."""
    return session.scalars(select(Site)).one()


def locked_site(session: Session, site_id: str) -> Site:
    """Return a site, locked against publishing by other transactions until this one ends."""
    if GATE_ALONE in session.info:
        raise SiteFirst
    return session.get_one(Site, site_id, with_for_update={"key_share": True})


def lock_site_of_gate(session: Session, gate_id: str) -> None:
    """Lock the site before the gate, the order in which publishing does it."""
    of_gate = select(Gate.site_id).where(Gate.gate_id == gate_id).scalar_subquery()
    session.execute(select(Site.site_id).where(Site.site_id == of_gate).with_for_update(key_share=True))


# -- gates and lanes -------------------------------------------------------------------------------


def key_of_gate(session: Session, gate_id: str) -> tuple[bytes | None, bool]:
    """Return a gate's public key, None where there is no such gate or key, and whether it is trusted."""
    found = select(Gate.public_key, Gate.state == "paired", Gate.forked_at.is_(None))
    row = session.execute(found.where(Gate.gate_id == gate_id)).one_or_none()
    return (None, False) if row is None else (row[0], row[1] and row[2])


def lane_by_id(session: Session, lane_id: str) -> Lane:
    """Return a lane that exists."""
    return session.get_one(Lane, lane_id)


def locked_gate(session: Session, gate_id: str, *, alone: bool) -> Gate | None:
    """Return a gate, locked against changes by other transactions until this one ends.

    Its key may be referred to meanwhile: an order for the gate has not to wait for this. `alone` is False
    where the site was locked before; else nothing may need it afterwards (`core/lock_order.py`).
    """
    if alone:
        session.info[GATE_ALONE] = True
    return session.scalars(
        select(Gate).where(Gate.gate_id == gate_id).with_for_update(key_share=True)
    ).first()


def gates_of_site(session: Session, site_id: str) -> Sequence[Gate]:
    """Return a site's gates with their lanes in the order of their numbers, retired ones left out."""
    gates = session.scalars(
        select(Gate)
        .where(Gate.site_id == site_id, Gate.state != "retired")
        .order_by(Gate.number)
        .options(selectinload(Gate.lanes))
    ).all()
    for gate in gates:
        for lane in gate.lanes:
            # A session forgets unreferenced gates, and then asks for each again when a lane is.
            set_committed_value(lane, "gate", gate)
    return gates


def places_of_site(session: Session, site_id: str) -> Places:
    """Return a site's places that have not ended."""
    rows = select(Place).where(Place.site_id == site_id, Place.ended_at.is_(None))
    return Places(session.scalars(rows.order_by(Place.number)).all())


class HomeNumber(NamedTuple):
    """Of a home what says where it is."""

    home_id: str
    number: str
    place_id: str | None


def home_numbers(session: Session, site_id: str) -> Sequence[HomeNumber]:
    """Return of all homes of a site what says where they are, as people count them."""
    rows = select(Home.home_id, Home.number, Home.place_id).where(Home.site_id == site_id)
    return [HomeNumber(*row) for row in session.execute(rows.order_by(Home.sort_key))]


def gate_reports(session: Session) -> Sequence[Row[Any]]:
    """Return what every gate last reported of itself, its lanes and its devices."""
    return session.execute(
        select(
            Gate.gate_id,
            Gate.name,
            Gate.state,
            Gate.acknowledged_seq,
            Gate.clock_sure,
            Gate.lane_states,
            Gate.device_states,
            Gate.last_seen_at,
        ).order_by(Gate.gate_id)
    ).all()


def lane_postures(session: Session) -> Sequence[Row[str, str, str, str | None, datetime | None]]:
    """Return every lane's posture and override."""
    return session.execute(
        select(Lane.lane_id, Lane.name, Lane.posture, Lane.override_posture, Lane.override_until).order_by(
            Lane.lane_id
        )
    ).all()


def all_gates(session: Session, site_id: str) -> Sequence[Gate]:
    """Return a site's gates with their lanes in the order of their numbers, retired ones too."""
    return session.scalars(
        select(Gate).where(Gate.site_id == site_id).options(selectinload(Gate.lanes)).order_by(Gate.number)
    ).all()


def names_of_gates(session: Session, gate_ids: Collection[str]) -> Sequence[str]:
    """Return the names of these gates in the order of their numbers."""
    return session.scalars(select(Gate.name).where(Gate.gate_id.in_(gate_ids)).order_by(Gate.number)).all()


def gate_names_by_id(session: Session, gate_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these gates by id, in the order of their numbers."""
    of_gates = select(Gate.gate_id, Gate.name).where(Gate.gate_id.in_(gate_ids))
    return dict(session.execute(of_gates.order_by(Gate.number)).all())


def names_of_gates_with(session: Session, lane_ids: Collection[str]) -> Sequence[str]:
    """Return the names of the gates that these lanes belong to, by name."""
    names = select(Gate.name).join(Lane).where(Lane.lane_id.in_(lane_ids)).distinct()
    return session.scalars(names.order_by(Gate.name)).all()


def names_of_place(session: Session, gate_id: str | None, lane_id: str | None) -> dict[str, str | None]:
    """Return what a gate and a lane are called by now, as other systems read it beside their ids."""
    found = select(Gate.name, Lane.name).outerjoin(Lane, Lane.lane_id == lane_id)
    gate, lane = session.execute(found.where(Gate.gate_id == gate_id)).one_or_none() or (None, None)
    return {"gate_name": gate, "lane_name": lane}


def names_by_place(
    session: Session, site_id: str
) -> Callable[[str | None, str | None], dict[str, str | None]]:
    """Return `names_of_place` for all gates of a site, retired ones too, read once."""
    rows = session.execute(
        select(Gate.gate_id, Gate.name, Lane.lane_id, Lane.name)
        .outerjoin(Lane, Lane.gate_id == Gate.gate_id)
        .where(Gate.site_id == site_id)
    ).all()
    gates = {gate_id: gate for gate_id, gate, _lane_id, _lane in rows}
    lanes = {lane_id: lane for _gate_id, _gate, lane_id, lane in rows}
    return lambda gate_id, lane_id: {
        "gate_name": gates.get(gate_id or ""),
        "lane_name": lanes.get(lane_id or ""),
    }


# -- people and their homes ------------------------------------------------------------------------


def home_by_id(session: Session, home_id: str) -> Home:
    """Return a home that exists."""
    return session.get_one(Home, home_id)


def person_by_id(session: Session, person_id: str | None) -> Person | None:
    """Return a person, moved out or not; None where there is none of this id, or no id."""
    return session.get(Person, person_id) if person_id is not None else None


def known_person(session: Session, person_id: str) -> Person:
    """Return a person that exists, moved out or not."""
    return session.get_one(Person, person_id)


def persons_by_id(session: Session, person_ids: Collection[str]) -> dict[str, Person]:
    if not person_ids:
        return {}
    found = session.scalars(select(Person).where(Person.person_id.in_(person_ids)))
    return {person.person_id: person for person in found}


def is_trusted_by_key(public_key: ColumnElement[object] | None = None) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a gate is trusted and has this key, the parameter `is_public_key`.

    `Gate.is_trusted` says the same of a row that was read.
    """
    gate = cast(Table, Gate.__table__)
    has_key = gate.c.public_key == (bindparam("is_public_key") if public_key is None else public_key)
    return gate.c.state == "paired", gate.c.forked_at.is_(None), has_key
