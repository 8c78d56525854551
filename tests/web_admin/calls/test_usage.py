"""Calls are counted by what came of them, over whole days and in tens; the figures name no one."""

from collections import Counter
from datetime import datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import home_of
from web_admin.calls.missed import was_let_in
from web_admin.calls.models import HomeCall
from web_admin.calls.usage import CallUse, calls_in_use
from web_admin.compound.models import Site

pytestmark = pytest.mark.both_databases

AT_ONCE, LATER = timedelta(), timedelta(seconds=20)
ENDS: dict[str, dict[str, object]] = {
    "opened on a page": {"end": "opened", "answered": LATER, "figure": "answered"},
    "ended on a page": {"end": "ended", "answered": LATER, "figure": "answered"},
    "answered by the guard": {"end": "ended", "answered": LATER, "to_guard": True, "figure": "to_guard"},
    "opened by the guard": {"end": "opened", "answered": LATER, "to_guard": True, "figure": "to_guard"},
    "opened by telephone without the server": {"end": "opened", "figure": "answered"},
    "telephone without a key": {"answered": LATER, "leg": 0, "figure": "not_answered"},
    "gate that went silent": {"figure": "not_answered"},
    "left by the visitor": {"end": "cancelled", "figure": "not_answered"},
    "passed on": {"end": "no_answer", "to_guard": True, "figure": "to_guard"},
    "courier by day": {
        "end": "opened",
        "answered": AT_ONCE,
        "ordered": True,
        "purpose": "courier",
        "figure": "let_in",
    },
    "courier who was asked about": {
        "end": "opened",
        "answered": LATER,
        "ordered": True,
        "purpose": "courier",
        "figure": "answered",
    },
}
_numbers = count()


def put(compound: Compound, at: datetime, what: dict[str, object]) -> HomeCall:
    """Store a call that is over, as its acts leave it."""
    given = dict(what)
    given.pop("figure")
    answered, ordered = given.pop("answered", None), given.pop("ordered", False)
    home_id = home_of(compound, compound.person_id)
    call = HomeCall(
        **{"purpose": "home", "end": None, "to_guard": False, "leg": None} | given,
        call_id=f"counted-{next(_numbers)}",
        site_id=compound.site_id,
        gate_id="north",
        lane_id="north-in",
        home_id=home_id,
        stage="over",
        plan=[],
        started_at=at,
        answered_at=at + answered if isinstance(answered, timedelta) else None,
        order_at=at if ordered else None,
        ends_at=at + timedelta(minutes=2),
        has_telephone=False,
        sealing_public_key=bytes(32),
    )
    with compound.session() as session:
        session.add(call)
        session.flush()
        session.expunge(call)
    return call


def counted(compound: Compound, passage_days: int = 90) -> CallUse:
    with compound.session() as session:
        site = session.get_one(Site, compound.site_id)
        return calls_in_use(session, site, passage_days, compound.clock())


def midnight(compound: Compound, days: int = 0) -> datetime:
    """Return the beginning of a day of the site, so many days ago."""
    with compound.session() as session:
        zone = ZoneInfo(session.get_one(Site, compound.site_id).timezone)
    return datetime.combine(compound.clock().astimezone(zone).date() - timedelta(days=days), time(), zone)


@pytest.mark.parametrize("what", ENDS)
def test_each_call_is_in_one_figure(small_compound: Compound, what: str) -> None:
    calls = [put(small_compound, midnight(small_compound, 1), ENDS[what]) for _call in range(12)]
    use = counted(small_compound)
    figures = ("answered", "let_in", "to_guard", "not_answered")
    shown = Counter({name: getattr(use, name) for name in figures if getattr(use, name) != 0})
    assert (use.calls, shown) == ("10+", {ENDS[what]["figure"]: "10+"})
    assert {was_let_in(call) for call in calls} == {ENDS[what]["figure"] == "let_in"}


def test_today_counts_tomorrow_and_the_days_of_which_calls_are_deleted_do_not(
    small_compound: Compound,
) -> None:
    for at in (
        midnight(small_compound),
        midnight(small_compound, 31),
        midnight(small_compound) - timedelta(seconds=1),
    ):
        put(small_compound, at, ENDS["passed on"])
    assert (counted(small_compound).days, counted(small_compound).to_guard) == (30, "<10")
    for _call in range(9):
        put(small_compound, midnight(small_compound, 7), ENDS["passed on"])
    assert counted(small_compound).calls == "10+"
    assert (counted(small_compound, 7).days, counted(small_compound, 7).calls) == (6, "<10")
    assert counted(small_compound, 1) == CallUse(0, 0, 0, 0, 0, 0)


def test_other_sites_calls_are_not_counted(small_compound: Compound) -> None:
    put(small_compound, midnight(small_compound, 1), ENDS["passed on"])
    with small_compound.session() as session:
        other = Site(site_id="other", timezone="Asia/Shanghai")
        assert calls_in_use(session, other, 30, small_compound.clock()).calls == 0


@pytest.mark.wide
def test_the_public_report_shows_the_figures_once_there_was_a_call(small_compound: Compound) -> None:
    stranger = small_compound.app.test_client()
    with stranger.session_transaction() as session:
        session["language"] = "en"
    assert "Calls to homes" not in stranger.get("/report").text
    put(small_compound, midnight(small_compound, 1), ENDS["passed on"])
    page = stranger.get("/report").text
    assert ("Calls to homes" in page, "Passed on to the guard" in page) == (True, True)
