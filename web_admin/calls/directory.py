"""List the homes that may be picked at a lane: they chose a label, and someone of them may pass there."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.calls import DirectoryEntry, DirectoryReply
from gate_controller.contract.records import typed_number
from web_admin.calls.labels import is_label
from web_admin.calls.models import HomeCallWishes
from web_admin.calls.reach import called
from web_admin.compound.models import Gate, GrantRow, Home, Lane, Person, Site

MOST_LISTED = 2000


def directory(session: Session, gate: Gate, lane_id: str, now: datetime) -> DirectoryReply:
    """Return the directory of a lane; quiet hours and such are not seen in it, nor who is in."""
    lane = session.get(Lane, lane_id)
    if lane is None or lane.gate_id != gate.gate_id or not gate.is_trusted:
        return DirectoryReply()
    if session.get_one(Site, gate.site_id).restoring:
        return DirectoryReply()
    lanes_of = _lanes_by_home(session, gate.site_id, now)
    rows = session.execute(
        select(Home.home_id, Home.number, HomeCallWishes.directory_label, HomeCallWishes.blocked_gates)
        .join(HomeCallWishes, HomeCallWishes.home_id == Home.home_id)
        .where(
            Home.site_id == gate.site_id,
            HomeCallWishes.takes_calls.is_(True),
            HomeCallWishes.directory_label.is_not(None),
        )
        .order_by(Home.sort_key)
        .limit(MOST_LISTED)
    )
    return DirectoryReply(
        entries=tuple(
            DirectoryEntry(label=label[:40], home=typed_number(number), shown=number[:20])
            for home_id, number, label, blocked in rows
            if label and is_label(label) and gate.gate_id not in blocked and lane_id in lanes_of[home_id]
        )
    )


def _lanes_by_home(session: Session, site_id: str, now: datetime) -> defaultdict[str, set[str]]:
    """Return of each home in a directory which lanes those who are called may pass in these days."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    grants = session.execute(
        called(select(Person.home_id, GrantRow.lanes))
        .join(GrantRow, GrantRow.person_id == Person.person_id)
        .join(HomeCallWishes, HomeCallWishes.home_id == Person.home_id)
        .where(
            Person.site_id == site_id,
            HomeCallWishes.takes_calls.is_(True),
            HomeCallWishes.directory_label.is_not(None),
            or_(GrantRow.valid_from.is_(None), GrantRow.valid_from <= now),
            or_(GrantRow.valid_until.is_(None), GrantRow.valid_until > now),
        )
    )
    for home_id, lanes in grants:
        found[home_id or ""].update(lanes)
    return found
