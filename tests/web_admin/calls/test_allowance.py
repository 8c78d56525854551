"""A gate that was taken over calls every home, and gets the telephone numbers of as many as usual."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.calls import CallReport, CallState, CallStep
from gate_controller.contract.event_kinds import EventKind
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    CallingGate,
    has_telephone,
    on_phone,
    set_clock,
    wants,
)
from web_admin.action.base import one_publication
from web_admin.alarms.models import Alarm
from web_admin.calls import live
from web_admin.calls.allowance import HOMES_A_DAY
from web_admin.calls.models import HomeCall
from web_admin.calls.reach import note_page_open
from web_admin.calls.reports import report
from web_admin.compound.models import Gate
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home


def homes_with_telephones(compound: Compound, count: int) -> list[str]:
    """Add homes that take calls, each with a telephone; return what a visitor types."""
    numbers = [f"8-{100 + place}" for place in range(count)]
    with compound.act() as act, one_publication(act) as quiet:
        people = [
            add_person(quiet, display_name=f"Wu {number}", home_id=add_home(quiet, number).home_id).person_id
            for number in numbers
        ]
    for place, person_id in enumerate(people):
        wants(compound, person_id, reach=["telephone", "page", "guard"])
        has_telephone(compound, person_id, f"+86139100{place:05}")
    return [number.replace("-", "") for number in numbers]


def calls(gate: CallingGate, home: str) -> CallState:
    state = gate.says(f"to-{home}", home=home, has_telephone=True)
    gate.says(f"to-{home}", CallStep.OVER, home=home)
    return state


def numbers_given(gate: CallingGate, homes: list[str]) -> int:
    """Return how many of these homes a gate gets a number of that calls one after the other."""
    return sum(calls(gate, home).legs is not None for home in homes)


def alarms(compound: Compound) -> list[tuple[str, str | None, str]]:
    """Return the alarms that were raised: kind, gate and detail."""
    with compound.session() as session:
        return [(row.kind, row.gate_id, row.detail) for row in session.scalars(select(Alarm))]


@pytest.mark.both_databases
def test_a_gate_gets_the_numbers_of_so_many_homes_a_day(small_compound: Compound, gate: CallingGate) -> None:
    homes = homes_with_telephones(small_compound, HOMES_A_DAY + 2)
    assert numbers_given(gate, homes[:HOMES_A_DAY]) == HOMES_A_DAY
    assert alarms(small_compound) == []
    assert numbers_given(gate, homes[HOMES_A_DAY:]) == 0
    assert alarms(small_compound) == [(EventKind.ALARM_CALL_NUMBERS, "north", str(HOMES_A_DAY))]
    again = gate.says("again", home=homes[0], has_telephone=True)
    assert again.legs is not None, "it had this one"
    set_clock(small_compound, 24 * 3600 + 1)
    assert gate.says("tomorrow", home=homes[-1], has_telephone=True).legs is not None


def test_a_home_beyond_is_called_on_its_pages_and_goes_on_to_the_guard(
    small_compound: Compound, gate: CallingGate
) -> None:
    homes = homes_with_telephones(small_compound, HOMES_A_DAY + 1)
    numbers_given(gate, homes[:HOMES_A_DAY])
    state = gate.says("last", home=homes[-1], has_telephone=True)
    assert (state.stage, state.legs, state.seconds_left) == ("ringing", None, 45)
    set_clock(small_compound, 45)
    assert gate.says("last", home=homes[-1], has_telephone=True).to_guard


def test_a_home_that_answers_on_a_page_gives_no_number(small_compound: Compound, gate: CallingGate) -> None:
    homes = homes_with_telephones(small_compound, HOMES_A_DAY)
    wants(small_compound, reach=["page", "telephone"])
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    with small_compound.session() as session:
        note_page_open(session, small_compound.person_id, small_compound.clock())
    gate.says("page", has_telephone=True)
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "page")
    assert gate.says("page", has_telephone=True).stage == "answered"
    assert numbers_given(gate, homes) == HOMES_A_DAY


def test_a_gate_with_many_visitors_has_three_times_its_usual_busiest_day(
    small_compound: Compound, gate: CallingGate
) -> None:
    homes = homes_with_telephones(small_compound, 34)
    calls(gate, homes[0])
    day = timedelta(days=1)
    for busiest, days in ((11, 3), (11, 10), (3, 4)):
        called_before(small_compound, busiest, small_compound.clock() - days * day)
    set_clock(small_compound, 24 * 3600 + 1)
    assert numbers_given(gate, homes) == 33


def called_before(compound: Compound, count: int, at: datetime) -> None:
    """Let the gate have had so many calls."""
    with compound.session() as session:
        call = session.scalars(select(HomeCall).where(HomeCall.call_id.like("to-%"))).one()
        given = {column.name: getattr(call, column.name) for column in HomeCall.__table__.c}
        for place in range(count):
            session.add(HomeCall(**given | {"call_id": f"{at:%d}-{place}", "started_at": at}))


@pytest.mark.both_databases
def test_calls_that_begin_together_get_no_more(small_compound: Compound, gate: CallingGate) -> None:
    homes = homes_with_telephones(small_compound, HOMES_A_DAY + 3)
    numbers_given(gate, homes[: HOMES_A_DAY - 1])
    together, given = threading.Barrier(4), list[bool]()
    menjin = small_compound.app.extensions["menjin"]

    def begin(home: str) -> None:
        said = CallReport(
            call_id=f"to-{home}",
            lane_id="north-in",
            home=home,
            sealing_public_key=b"k" * 32,
            has_telephone=True,
        )
        together.wait()
        with small_compound.session() as session:
            north = session.get_one(Gate, "north")
            state = report(menjin, session, north, said, small_compound.clock())
        given.append(state.legs is not None)

    threads = [threading.Thread(target=begin, args=(home,)) for home in homes[HOMES_A_DAY - 1 :]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [False, False, False, True]
