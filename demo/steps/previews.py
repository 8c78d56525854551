"""Steps with acts of the office: what an act takes from people is read before it is done."""

from zoneinfo import ZoneInfo

from demo.judge import Outcome, opens, refused, require
from demo.stage import Stage
from demo.world.compound import TIMEZONE
from gate_controller.contract.calendars import DAY_KINDS, MINUTES_A_DAY, Span
from web_admin.gates.hours import save_hours
from web_admin.people.actions import GrantSpec, all_lanes, set_grants

LONG_PAST_NOW_HOURS = 12


def preview_names_who_stands_outside(stage: Stage) -> Outcome:
    """The office shortens hours: it reads who stays outside, and only its yes reaches the gates."""
    member, reader = stage.member("stayer"), stage.gates["north"].metal.readers["north-in"]
    with stage.office.act() as act:
        whole_day = (Span(tuple(DAY_KINDS), 0, MINUTES_A_DAY),)
        hours_id = save_hours(act, None, "全天 Whole day", whole_day).hours_id
        set_grants(act, member.person_id, [GrantSpec(all_lanes(act), hours_id)])
        away = (act.now.astimezone(ZoneInfo(TIMEZONE)).hour + LONG_PAST_NOW_HOURS) % 24
    stage.wait_synced()
    try:
        before = stage.office.policy()
        said = stage.desk.shorten_hours(hours_id, f"{away:02d}:00", f"{away:02d}:30")
        require(member.name in said, f"the page names nobody who stays outside: {said}")
        require("can no longer enter by" in said, f"the page does not say what is lost: {said}")
        require(stage.office.policy() == before, "it was published before anyone read it")
        opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
        stage.desk.go_on()
        stage.wait_synced()
        refused(stage, "north", "north-in", lambda: reader.tap(member.card), "outside_hours")
    finally:
        with stage.office.act() as act:
            set_grants(act, member.person_id, [GrantSpec(all_lanes(act))])
        stage.wait_synced()
    return Outcome(None, f"read first: {said}; after the yes the card is refused outside its hours")
