"""What it costs to make a large site before any pairing, as the office makes one.

The first gate, lane and sheet are made by hand, the other gates like it and the people from a list. The sheet
of each lane is put live by an act of its own, since it describes one lane.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.served.served_compound import ServedCompound
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action, new_action
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.core.database import current_menjin
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.gate_list import NewGate
from web_admin.gates.gates_like import MOST_GATES, add_gates_like
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheet_status import sheet_statuses
from web_admin.gates.sheets import save_sheet
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import check_people
from web_admin.people_import.sheet import filled_sheet

NAMED = "Someone of the site "

T = TypeVar("T")


def seconds_to_make_site(served: ServedCompound, gates: int, people: int, people_of_a_home: int) -> float:
    """Make gates with a live lane each, and people with a card each; raise where one is missing."""
    with served.compound.app.app_context():
        menjin = current_menjin()
        site_id, started = served.compound.site_id, time.monotonic()

        def act(made: Callable[..., T], *arguments: object) -> T:
            with menjin.database.session() as session:
                return made(new_action(menjin, session, site_id, "bench", "manager"), *arguments)

        act(add_gate, "stair-0", "Stair 0")
        act(save_lane, "stair-0", LaneSpec("stair-0-in", "In", "in", ("card",)))
        act(save_sheet, "stair-0-in", WHOLE_SHEET)
        others = range(1, gates)
        for start in range(0, len(others), MOST_GATES):
            part = others[start : start + MOST_GATES]
            act(add_gates_like, "stair-0", [NewGate(f"stair-{number}", f"Stair {number}") for number in part])
        for number in others:
            act(save_sheet, f"stair-{number}-in", WHOLE_SHEET)
        act(_read_in, people, people_of_a_home)
        seconds = time.monotonic() - started
        with menjin.database.session() as session:
            _check_all_there(session, gates, people)
    return seconds


def _read_in(act: Action, people: int, people_of_a_home: int) -> None:
    rows = [
        (f"9-{number // people_of_a_home + 1}", f"{NAMED}{number}", "", str(60_000 + number))
        for number in range(people)
    ]
    apply_people(act, check_people(act, filled_sheet("en", rows)))


def _check_all_there(session: Session, gates: int, people: int) -> None:
    gate_ids = session.scalars(select(Gate.gate_id).where(Gate.gate_id.startswith("stair-"))).all()
    live = [status for status in sheet_statuses(session, gate_ids).values() if status.is_live]
    persons = select(Person.person_id).where(Person.display_name.startswith(NAMED))
    with_card = session.scalars(persons.join(CredentialRow).where(CredentialRow.kind == "card")).all()
    count = session.scalar(select(func.count()).select_from(persons.subquery()))
    found = len(gate_ids), len(live), count, len(with_card)
    if found != (gates, gates, people, people):
        raise AssertionError(f"of {gates} gates and {people} people with a card there are only {found}")
