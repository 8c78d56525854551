"""Steps with the office and its server: an act that is read first, an ended card, an outage."""

from datetime import datetime
from zoneinfo import ZoneInfo

from demo.judge import Outcome, event_after, opens, pulse_after, refused, require
from demo.stage import Stage
from demo.world.compound import TIMEZONE
from gate_controller.contract.calendars import DAY_KINDS, MINUTES_A_DAY, Span
from web_admin.gates.hours import save_hours
from web_admin.people.actions import GrantSpec, all_lanes, set_grants

LONG_PAST_NOW_HOURS = 12
BACK_SECONDS = 8.0


def server_down_card_opens(stage: Stage) -> Outcome:
    """The server's process ends; a card opens as before, and its entry arrives once the server is back.

    Broken by: a gate that asks its server, one that loses what it wrote meanwhile.
    """
    ends, resident = stage.gates["north"], stage.member("resident")
    reader, before_seq = ends.metal.readers["north-in"], ends.journal_seq()
    stage.server.stop()
    try:
        ms = pulse_after(ends, "north-in", lambda: reader.tap(resident.card))
    finally:
        stage.server.start()
    event = event_after(
        stage, "north", before_seq, "access", lane_id="north-in", timeout_seconds=BACK_SECONDS
    )
    require(event.person_id == resident.person_id, f"the entry names another person ({event.person_id})")
    return Outcome(ms, "the server is stopped; the gate decides alone; its entry arrives afterwards")


def preview_names_who_stands_outside(stage: Stage) -> Outcome:
    """The office shortens hours: it reads who stays outside, then says yes, then undoes it.

    Broken by: an act that is done unread, a page that leaves a person out, an undo that reaches no gate.
    """
    member, reader = stage.member("stayer"), stage.gates["north"].metal.readers["north-in"]
    with stage.office.act() as act:
        whole_day = (Span(tuple(DAY_KINDS), 0, MINUTES_A_DAY),)
        hours_id = save_hours(act, None, "全天 Whole day", whole_day).hours_id
        set_grants(act, member.person_id, [GrantSpec(all_lanes(act), hours_id)])
    stage.wait_synced()
    before = stage.office.policy()
    said = stage.desk.shorten_hours(hours_id, *_away_from_now())
    require(member.name in said, f"the page does not name the person who stays outside: {said}")
    require("can no longer enter by" in said, f"the page does not say what is lost: {said}")
    require(stage.office.policy() == before, "it was published before anyone read it")
    opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
    stage.desk.go_on()
    stage.wait_synced()
    refused(stage, "north", "north-in", lambda: reader.tap(member.card), "outside_hours")
    stage.desk.undo_last_act()
    stage.wait_synced()
    ms = opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
    return Outcome(ms, f"the page names {member.name}; after the yes outside_hours; undone, the card opens")


def ended_card_refused(stage: Stage) -> Outcome:
    """The office takes a card back, and the gate opens for it no more."""
    member, reader = stage.member("leaver"), stage.gates["north"].metal.readers["north-in"]
    opens(stage, "north", "north-in", lambda: reader.tap(member.card), person_id=member.person_id)
    stage.desk.end_card(member.person_id, member.card_id, "returned")
    stage.wait_synced()
    refused(stage, "north", "north-in", lambda: reader.tap(member.card), "credential_ended")
    return Outcome(None, "it opened; taken back at the office: credential_ended")


def _away_from_now() -> tuple[str, str]:
    """Return half an hour that is half a day away."""
    hour = (datetime.now(ZoneInfo(TIMEZONE)).hour + LONG_PAST_NOW_HOURS) % 24
    return f"{hour:02d}:00", f"{hour:02d}:30"
