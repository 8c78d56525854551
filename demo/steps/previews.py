"""Steps with acts of the office: what an act takes is read before it is done, and worked out at its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from demo.judge import Outcome, opens, refused, require
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.compound import TIMEZONE, Member
from gate_controller.contract.calendars import DAY_KINDS, MINUTES_A_DAY, Span
from web_admin.core.job_models import LongJob
from web_admin.gates.hours import save_hours
from web_admin.later.acts import KIND
from web_admin.people.actions import GrantSpec, all_lanes, set_grants

LONG_PAST_NOW_HOURS = 12
BEGINS_SECONDS = 60.0
"""The server looks every 30 seconds for what another process, as this one, brought nearer."""


def preview_names_who_stands_outside(stage: Stage) -> Outcome:
    """The office shortens hours: it reads who stays outside, and only its yes reaches the gates."""
    member, reader = stage.member("stayer"), stage.gates["north"].metal.readers["north-in"]
    with _whole_day_for(stage, member) as hours_id:
        before = stage.office.policy()
        said = stage.desk.shorten_hours(hours_id, *_away_from_now())
        require(member.name in said, f"the page names nobody who stays outside: {said}")
        require("can no longer enter by" in said, f"the page does not say what is lost: {said}")
        require(stage.office.policy() == before, "it was published before anyone read it")
        opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
        stage.desk.go_on()
        stage.wait_synced()
        refused(stage, "north", "north-in", lambda: reader.tap(member.card), "outside_hours")
    return Outcome(None, f"read first: {said}; after the yes the card is refused outside its hours")


def scheduled_act_waits(stage: Stage) -> Outcome:
    """The office plans shorter hours; another person would stay outside by then, so the act waits."""
    first, second = stage.member("stayer"), stage.member("neighbour")
    reader = stage.gates["north"].metal.readers["north-in"]
    with _whole_day_for(stage, first) as hours_id:
        said = stage.desk.plan_shorter_hours(hours_id, *_away_from_now(), _tomorrow())
        require("Other hours" in said, f"the list of planned acts does not have it: {said}")
        with stage.office.act() as act:
            set_grants(act, second.person_id, [GrantSpec(all_lanes(act), hours_id)])
            planned = act.session.scalars(select(LongJob).where(LongJob.kind == KIND)).one()
            planned.claimed_until = act.now  # tomorrow, brought near
            job_id = planned.job_id
        try:
            stage.wait_synced()
            before = stage.office.policy()
            wait_until(lambda: _state(stage, job_id) != "waiting", BEGINS_SECONDS, "the planned act begins")
            require(_state(stage, job_id) == "held", f"the act is {_state(stage, job_id)}, with two outside")
            require(stage.office.policy() == before, "it was published all the same")
            require("These wait for you" in stage.desk.page("/manage/later"), "no page says that it waits")
            opens(stage, "north", "north-in", lambda: reader.tap(second.card), person_id=second.person_id)
        finally:
            with stage.office.act() as act:
                set_grants(act, second.person_id, [GrantSpec(all_lanes(act))])
    return Outcome(
        None, "planned for one person outside; with two by then it waits, and the card still opens"
    )


@contextmanager
def _whole_day_for(stage: Stage, member: Member) -> Iterator[str]:
    """Let a person pass at hours of their own, which last all day; give the id of the hours."""
    with stage.office.act() as act:
        whole_day = (Span(tuple(DAY_KINDS), 0, MINUTES_A_DAY),)
        hours_id = save_hours(act, None, "全天 Whole day", whole_day).hours_id
        set_grants(act, member.person_id, [GrantSpec(all_lanes(act), hours_id)])
    stage.wait_synced()
    try:
        yield hours_id
    finally:
        with stage.office.act() as act:
            set_grants(act, member.person_id, [GrantSpec(all_lanes(act))])
        stage.wait_synced()


def _away_from_now() -> tuple[str, str]:
    """Return half an hour that is half a day away."""
    hour = (datetime.now(ZoneInfo(TIMEZONE)).hour + LONG_PAST_NOW_HOURS) % 24
    return f"{hour:02d}:00", f"{hour:02d}:30"


def _tomorrow() -> str:
    return (datetime.now(ZoneInfo(TIMEZONE)) + timedelta(days=1)).strftime("%Y-%m-%dT06:00")


def _state(stage: Stage, job_id: str) -> str:
    with stage.office.read() as session:
        return session.get_one(LongJob, job_id).state
