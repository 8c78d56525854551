"""Once a month a gate calls each home that takes calls, and Health counts those that were not reached."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.calls import TaskDone
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    CallingGate,
    calling_gate,
    has_telephone,
    home_of,
    set_clock,
    wants,
)
from web_admin.calls.models import CallNumber, HomeCallPerson, HomeCallWishes
from web_admin.calls.monthly_tests import HomesReached, homes_reached, run_monthly_tests
from web_admin.calls.numbers import test_now as own_test_now
from web_admin.calls.telephone_tasks import MONTHLY, new_task
from web_admin.core.database import current_menjin
from web_admin.core.limits import MONTHLY_TESTS_OF_GATE
from web_admin.operations.call_health import call_findings

DAY = 24 * 3600


def run(compound: Compound) -> int:
    with compound.app.app_context():
        return run_monthly_tests(current_menjin(), compound.clock())


def result(compound: Compound) -> str | None:
    with compound.session() as session:
        return session.get_one(HomeCallWishes, home_of(compound, compound.person_id)).test_result


def counted(compound: Compound) -> HomesReached:
    with compound.session() as session:
        return homes_reached(session, compound.site_id)


@pytest.fixture
def with_telephone(small_compound: Compound, called: CallingGate) -> CallingGate:
    """Return the gate; the first home takes calls by telephone since a day."""
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    set_clock(small_compound, DAY)
    return called


@pytest.mark.wide
@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("said", "keys", "result_then", "unreached"),
    [
        ("answered", "1", "reached", 0),
        ("answered", "", "not_reached", 1),
        ("not_answered", "", "not_reached", 1),
        ("failed", "", "failed", 1),
    ],
)
def test_a_test_call_reaches_a_home_where_a_key_is_pressed(
    small_compound: Compound,
    with_telephone: CallingGate,
    said: str,
    keys: str,
    result_then: str,
    unreached: int,
) -> None:
    assert run(small_compound) == 1
    assert run(small_compound) == 0, "once a month"
    reply, numbers = with_telephone.asks_for_tasks()
    assert (numbers, reply.tasks[0].purpose) == (("+8613900000001",), "test")
    done = TaskDone(task_id=reply.tasks[0].task_id, result=said, keys=keys)  # type: ignore[arg-type]
    with_telephone.asks_for_tasks(done)
    assert result(small_compound) == result_then
    assert counted(small_compound) == HomesReached(1, unreached)
    set_clock(small_compound, 30 * DAY)
    assert run(small_compound) == 1


def test_no_more_tests_begin_in_a_day_than_the_gates_are_given(
    small_compound: Compound, with_telephone: CallingGate
) -> None:
    with small_compound.act() as act:
        number = act.session.scalars(select(CallNumber)).one()
        for _test in range(MONTHLY_TESTS_OF_GATE.most):
            act.session.add(new_task(act.site_id, number, MONTHLY, act.now, timedelta(days=2)))
    assert run(small_compound) == 0
    calling_gate(small_compound, "south")
    assert run(small_compound) == 1, "two gates make twice as many"


def test_no_one_is_called_at_night_or_on_the_first_day(small_compound: Compound, called: CallingGate) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    assert run(small_compound) == 0
    set_clock(small_compound, DAY + 10 * 3600)
    assert run(small_compound) == 0, "ten in the evening"
    set_clock(small_compound, 12 * 3600)
    assert run(small_compound) == 1


@pytest.mark.parametrize("how", ["quiet", "disturb"])
def test_a_home_that_rests_is_tested_afterwards(
    small_compound: Compound, with_telephone: CallingGate, how: str
) -> None:
    noon = small_compound.clock()
    rests = {
        "quiet": {"quiet_from": 12 * 60, "quiet_until": 14 * 60},
        "disturb": {"dnd_until": noon + timedelta(hours=2)},
    }
    wants(small_compound, **rests[how])
    assert run(small_compound) == 0
    set_clock(small_compound, 2 * 3600)
    assert run(small_compound) == 1, "it is due still"


def test_no_test_rings_after_six_in_the_evening(
    small_compound: Compound, with_telephone: CallingGate
) -> None:
    set_clock(small_compound, 5.9 * 3600)
    assert run(small_compound) == 1
    set_clock(small_compound, 0.1 * 3600)
    assert with_telephone.asks_for_tasks()[0].tasks == ()


def test_a_call_that_no_gate_makes_has_failed(small_compound: Compound, with_telephone: CallingGate) -> None:
    run(small_compound)
    set_clock(small_compound, 2 * 3600)
    run(small_compound)
    assert result(small_compound) == "failed"
    assert with_telephone.asks_for_tasks()[0].tasks == ()


def test_a_home_without_a_telephone_is_reached_on_pages_or_not_at_all(
    small_compound: Compound, called: CallingGate
) -> None:
    set_clock(small_compound, DAY)
    run(small_compound)
    assert result(small_compound) == "no_way"
    with small_compound.session() as session:
        session.add(
            HomeCallPerson(
                person_id=small_compound.person_id,
                home_id=session.get_one(
                    HomeCallWishes, home_of(small_compound, small_compound.person_id)
                ).home_id,
                is_called=True,
                page_open_until=small_compound.clock() + timedelta(days=60),
            )
        )
    set_clock(small_compound, 30 * DAY)
    run(small_compound)
    assert result(small_compound) == "on_pages"


@pytest.mark.wide
def test_what_a_person_tests_says_nothing_of_the_home(
    small_compound: Compound, with_telephone: CallingGate
) -> None:
    with small_compound.act("phone", small_compound.person_id) as act:
        own_test_now(act, small_compound.person_id)
    reply, _numbers = with_telephone.asks_for_tasks()
    assert reply.tasks[0].purpose == "test"
    with_telephone.asks_for_tasks(TaskDone(task_id=reply.tasks[0].task_id, result="answered", keys="1"))
    assert result(small_compound) is None
    page = small_compound.signed_in(small_compound.person_id).get("/r/calls").text
    assert "Someone picked up and pressed a key." in page
    assert "Your test, " in page


def test_the_page_says_what_the_monthly_test_came_to(small_compound: Compound, called: CallingGate) -> None:
    wants(small_compound, tested_at=small_compound.clock(), test_result="on_pages")
    page = small_compound.signed_in(small_compound.person_id).get("/r/calls").text
    assert "It rings on pages and phones; there is no telephone to test." in page


def test_a_home_that_takes_no_calls_any_more_is_not_tested(
    small_compound: Compound, with_telephone: CallingGate
) -> None:
    wants(small_compound, takes_calls=False)
    assert run(small_compound) == 0
    assert counted(small_compound) == HomesReached(0, 0)
    assert call_findings(counted(small_compound)) == []


def test_health_says_how_many_homes_were_not_reached() -> None:
    (good,), (look,) = call_findings(HomesReached(5, 0)), call_findings(HomesReached(5, 2))
    assert (good.level, look.level) == ("good", "look")
