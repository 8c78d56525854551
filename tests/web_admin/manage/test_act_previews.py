"""An act that takes something from someone is shown first, and goes on by one press; others go on at once."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.support.act_previews import WEEKDAYS, go_on, is_preview, pass_on_weekdays
from tests.support.compounds.desk import card_of, hidden_of, read
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.chosen import preview, sent
from tests.web_admin.manage.forms import send
from tests.web_admin.manage.sent_sheets import PATH, upload
from tests.web_admin.manage.sent_sheets import hidden_of as hidden_of_sheet
from web_admin.compound.models import CalendarDay, CredentialRow, Gate, Hours, Lane, Person
from web_admin.compound.restore_models import RestoreReview
from web_admin.gates.hours import set_calendar_day
from web_admin.gates.schedules import set_schedule
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import GrantSpec, set_grants

WEDNESDAY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
"""Nine o'clock at the compound."""
WEEK_HOURS = {"name": "Weekdays", "span1-days": list(WEEKDAYS), "span1-start": "07:00"}
LANE = {
    "name": "进",
    "direction": "in",
    "pulse_seconds": "3",
    "slow_pulse_seconds": "15",
    "antipassback": "off",
    "staff_hold_minutes": "30",
    "hours_card": "",
    "hours_pin": "",
    "hours_qr": "",
    "hours_face": "",
}
DISABLED = {"posture": "disabled", "hours": "1", "until": ""}


@pytest.fixture
def compound_begins():
    return WEDNESDAY


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


@pytest.fixture
def weekdays(compound):
    return pass_on_weekdays(compound, "王芳", "王磊")


def days_of(compound):
    return read(compound, lambda s: s.scalars(select(CalendarDay.day)).all())


# -- hours, days, schedules, lanes ---------------------------------------------------------------------


@pytest.mark.wide
def test_shorter_hours_are_shown_and_done_by_one_press(compound, office, weekdays):
    shown = send(office, f"/manage/hours/{weekdays}", **WEEK_HOURS, **{"span1-end": "12:00"})
    assert "2 people can no longer enter by 北门 on weekdays 12:00–18:00." in shown.text
    assert "王芳" in shown.text
    assert "Without a controller: 车库." in shown.text
    assert read(compound, lambda s: s.get_one(Hours, weekdays).spans[0]["until_minute"]) == 18 * 60
    assert go_on(office, shown).status_code == 303
    assert read(compound, lambda s: s.get_one(Hours, weekdays).spans[0]["until_minute"]) == 12 * 60


@pytest.mark.wide
def test_longer_hours_go_on_at_once(compound, office, weekdays):
    sent = send(office, f"/manage/hours/{weekdays}", **WEEK_HOURS, **{"span1-end": "20:00"})
    assert sent.status_code == 303
    assert read(compound, lambda s: s.get_one(Hours, weekdays).spans[0]["until_minute"]) == 20 * 60


@pytest.mark.wide
def test_in_chinese_it_is_said_in_chinese(compound, weekdays):
    office = compound.signed_in("manager", "zh")
    shown = send(office, f"/manage/hours/{weekdays}", **WEEK_HOURS, **{"span1-end": "12:00"})
    assert "周一至周五 12:00–18:00，2 人不能再从北门进入。" in shown.text


@pytest.mark.wide
def test_who_may_see_no_people_reads_counts_alone(compound, weekdays):
    installer = compound.signed_in("installer")
    shown = send(installer, f"/manage/hours/{weekdays}", **WEEK_HOURS, **{"span1-end": "12:00"})
    assert "2 people can no longer enter" in shown.text
    assert "王芳" not in shown.text


def test_hours_that_never_occur_get_a_sentence(compound, office, weekdays):
    with compound.act("manager") as act:
        for day in days_of(compound):
            set_calendar_day(act, day, None)
    never = {"name": "Feasts", "span1-days": ["holiday"], "span1-start": "07:00", "span1-end": "12:00"}
    shown = send(office, f"/manage/hours/{weekdays}", **never)
    assert "The hours “Feasts” never occur" in shown.text
    assert "2 people are left with no way in at all." in shown.text


@pytest.mark.wide
@pytest.mark.parametrize(("ahead", "said"), [(1, "Within the next seven days"), (40, "from Aug 10, 2026")])
def test_a_holiday_that_closes_is_shown_however_far_it_is(compound, office, weekdays, ahead, said):
    day = WEDNESDAY.date() + timedelta(days=ahead)
    shown = send(
        office, "/manage/hours/days/new", day=day.isoformat(), last_day="", kind="holiday", name="Feast"
    )
    assert said in shown.text
    assert "2 people can no longer enter by 北门" in shown.text
    assert day not in days_of(compound)
    go_on(office, shown)
    assert day in days_of(compound)


def test_a_saturday_that_is_worked_goes_on_at_once(compound, office, weekdays):
    day = WEDNESDAY.date() + timedelta(days=3)
    sent = send(office, "/manage/hours/days/new", day=day.isoformat(), last_day="", kind="mon", name="Worked")
    assert sent.status_code == 303
    assert day in days_of(compound)


@pytest.mark.wide
def test_a_schedule_that_closes_is_shown_and_its_end_goes_on_at_once(compound, office, weekdays):
    lane = "/manage/lanes/north-in/schedules"
    shown = send(office, f"{lane}/new", hours_id=weekdays, posture="lockdown")
    assert re.search(r"\d+ people can no longer enter by 北门 on weekdays 07:00–18:00", shown.text)
    assert re.search(r"and \d+ other people", shown.text)
    go_on(office, shown)
    assert read(compound, lambda s: s.get_one(Lane, "north-in").posture_hours) == {weekdays: "lockdown"}
    page = office.get("/manage/lanes/north-in").text
    ended = office.post(f"{lane}/{weekdays}/remove", data=hidden_of(page, f"{lane}/{weekdays}/remove"))
    assert ended.status_code == 303
    assert read(compound, lambda s: s.get_one(Lane, "north-in").posture_hours) == {}


@pytest.mark.wide
def test_a_schedule_that_opens_goes_on_at_once_and_is_missed_when_it_ends(compound, office, weekdays):
    lane = "/manage/lanes/north-in/schedules"
    assert send(office, f"{lane}/new", hours_id=weekdays, posture="held_open").status_code == 303


@pytest.mark.wide
def test_a_way_taken_from_a_lane_is_counted_and_no_one_is_left_with_face_alone(compound, office):
    page = "/manage/gates/north/lanes/north-in"
    shown = send(office, page, **LANE, methods=["card", "qr"])
    assert "Ways besides face at 北门 fall from 3 to 2." in shown.text
    assert "No one is left with their face alone." in shown.text
    go_on(office, shown)
    assert list(read(compound, lambda s: s.get_one(Lane, "north-in").methods)) == ["card", "qr"]
    assert send(office, page, **LANE, methods=["card", "pin", "qr"]).status_code == 303


@pytest.mark.wide
def test_a_lane_out_of_use_is_shown_first(compound, office):
    page = "/manage/lanes/north-in"
    fields = hidden_of(office.get(page).text, f"{page}/posture")
    shown = office.post(f"{page}/posture", data=fields | DISABLED | {"reason": "Broken glass"})
    assert "can no longer enter by 北门 until Wed, Jul 1 10:00." in shown.text
    compound.clock.now += timedelta(minutes=7)
    assert go_on(office, shown).status_code == 303
    lane = read(compound, lambda s: s.get_one(Lane, "north-in"))
    assert (lane.override_posture, lane.override_until) == (
        "disabled",
        compound.clock.now + timedelta(hours=1),
    )


def test_a_lockdown_is_never_delayed_and_says_afterwards_what_it_took(compound, office):
    done = send(office, "/manage/lockdown", reason="Forced entry", hours="1", until="")
    assert done.status_code == 303
    assert read(compound, lambda s: s.get_one(Lane, "north-in").override_posture) == "lockdown"
    assert re.search(
        r"\d+ people can no longer enter by [^.]* until Wed, Jul 1 10:00\.", office.get("/manage/").text
    )


# -- people, cards, sheets -----------------------------------------------------------------------------


@pytest.mark.wide
def test_fewer_lanes_of_a_person_are_shown_and_more_go_on_at_once(compound, office, weekdays):
    page = f"/manage/people/{compound.persons['王芳']}/grants"
    dates = {"valid_from": "", "valid_until": ""}
    shown = send(office, page, lanes=["north-out"], hours_id=weekdays, **dates)
    assert "1 person is left with no way in at all." in shown.text
    lanes = ["north-in", "north-out", "east-in"]
    assert send(office, page, lanes=lanes, hours_id=weekdays, **dates).status_code == 303
    assert send(office, page, lanes=lanes, hours_id="", **dates).status_code == 303


@pytest.mark.wide
def test_an_end_in_two_months_is_shown_where_it_is_felt(compound, office):
    page = f"/manage/people/{compound.persons['王芳']}/grants"
    lanes = ["north-in", "north-out"]
    go_on(office, send(office, page, lanes=lanes, hours_id="", valid_from="", valid_until=""))
    shown = send(office, page, lanes=lanes, hours_id="", valid_from="", valid_until="2026-09-01T00:00")
    assert "Within the seven days from Sep 1, 2026" in shown.text
    assert "1 person is left with no way in at all." in shown.text


@pytest.mark.wide
def test_the_end_of_the_only_card_is_shown_and_of_one_of_two_is_not(compound, office):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    page = office.get(f"/manage/people/{person_id}").text
    end = f"/manage/cards/{card}/end"
    shown = office.post(end, data=hidden_of(page, end) | {"reason": "returned"})
    assert "1 person is left with no way in at all." in shown.text
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "active"
    assert go_on(office, shown).status_code == 303
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "ended"


@pytest.mark.wide
def test_the_end_of_one_of_two_cards_says_what_follows_and_that_it_can_be_undone(compound, office):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    send(office, f"/manage/cards/give/{person_id}", number="0000770001", label="", valid_until="")
    end = f"/manage/cards/{card}/end"
    page = office.get(f"/manage/people/{person_id}").text
    shown = office.post(end, data=hidden_of(page, end) | {"reason": "returned"})
    assert "It concerns 1 person." in shown.text
    assert "You can undo it for a day" in shown.text
    assert go_on(office, shown).status_code == 303
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "ended"


@pytest.mark.wide
def test_a_bulk_act_that_gives_goes_on_at_once_and_its_undo_is_shown(compound, office, weekdays):
    ids = [compound.persons[name] for name in ("王芳", "王磊")]
    given = {"lanes": ["east-in"], "hours_id": "", "valid_from": "", "valid_until": ""}
    asked = preview(office, "hours", *ids, step="hours", **given)
    done = sent(office, asked, hours_id="", valid_from="", valid_until="")
    assert done.status_code == 303
    undo = f"{done.location}/undo"
    shown = office.post(undo, data=hidden_of(office.get(done.location).text, undo))
    assert "2 people can no longer enter by 东门" in shown.text
    assert go_on(office, shown).status_code == 303


def sheet_without(compound, *missing):
    people = read(
        compound,
        lambda s: [
            (person.home.number if person.home else "", person.display_name, person.kind)
            for person in s.scalars(select(Person))
        ],
    )
    rows = [f"{home},{name},{kind}," for home, name, kind in people if name not in missing]
    return "\n".join(["home,name,kind,card", *rows]).encode()


def read_in(office, sheet):
    """Send a sheet that is complete, and press the yes of what it would do."""
    token = hidden_of_sheet(upload(office, sheet, is_complete="y").text)
    return office.post(f"{PATH}/confirm", data=token)


@pytest.mark.wide
def test_a_complete_sheet_without_three_people_says_so_before_it_ends_them(compound, office):
    shown = read_in(office, sheet_without(compound, "王芳", "王磊", "林薇"))
    assert "3 people are left with no way in at all." in shown.text
    assert read(compound, living) == 12
    assert go_on(office, shown).location == "/manage/people/"
    assert read(compound, living) == 9


@pytest.mark.wide
def test_a_sheet_that_adds_goes_on_at_once(compound, office):
    sheet = sheet_without(compound) + b"\n9-0101,New,resident,7100001\n"
    assert read_in(office, sheet).location == "/manage/people/"
    assert read(compound, living) == 13


def living(session):
    return session.scalar(select(func.count()).select_from(Person).where(Person.ended_at.is_(None)))


def review_of(compound, kind, subject_id):
    with compound.act("manager") as act:
        act.session.add(
            RestoreReview(
                review_id="one",
                site_id=compound.site_id,
                kind=kind,
                subject_id=subject_id,
                before={},
                after={},
                found_at=act.now,
            )
        )


def test_a_gate_that_was_stolen_is_given_up_at_once_and_what_that_took_is_said_afterwards(compound, office):
    review_of(compound, "gate_here", "north")
    page = office.get("/manage/restored/").text
    sent = hidden_of(page, "/manage/restored/one")
    assert office.post("/manage/restored/one", data=sent | {"decision": "stolen"}).status_code == 303
    assert read(compound, lambda s: s.get_one(Gate, "north").state) == "stolen"
    assert re.search(r"\d+ people can no longer enter by 北门\.", office.get("/manage/restored/").text)


# -- two managers, an hour, a double press -------------------------------------------------------------


@dataclass
class Shorter:
    """Shorter hours that were sent and shown."""

    data: dict = field(default_factory=lambda: WEEK_HOURS | {"span1-end": "12:00"})


@pytest.fixture
def shorter(office, weekdays):
    return send(office, f"/manage/hours/{weekdays}", **Shorter().data)


def until(compound, hours_id):
    return read(compound, lambda s: s.get_one(Hours, hours_id).spans[0]["until_minute"])


@pytest.mark.wide
def test_the_second_manager_sees_that_the_ground_moved(compound, office, weekdays, shorter):
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["林薇"], [GrantSpec(("north-in",), weekdays)]
        )
    again = go_on(office, shorter)
    assert "Something changed since you saw this. Nothing was done" in again.text
    assert "3 people can no longer enter by 北门" in again.text
    assert until(compound, weekdays) == 18 * 60
    assert go_on(office, again).status_code == 303
    assert until(compound, weekdays) == 12 * 60


@pytest.mark.wide
def test_a_lane_that_was_changed_meanwhile_is_a_moved_ground_too(compound, office, weekdays, shorter):
    with compound.act("manager") as act:
        set_schedule(act, "north-in", weekdays, "held_open")
    assert "Something changed since you saw this." in go_on(office, shorter).text


@pytest.mark.wide
def test_what_a_neighbour_does_meanwhile_does_not_hold_it_up(compound, office, weekdays, shorter):
    with compound.act("manager") as act:
        set_grants(replace(act, because="asked"), compound.persons["林薇"], [GrantSpec(("north-in",))])
    assert go_on(office, shorter).status_code == 303


@pytest.mark.wide
@pytest.mark.parametrize(("minutes", "goes_on"), [(45, True), (61, False)])
def test_what_was_open_for_an_hour_is_shown_again(compound, office, weekdays, shorter, minutes, goes_on):
    compound.clock.now += timedelta(minutes=minutes)
    answer = go_on(office, shorter)
    assert (answer.status_code == 303) is goes_on
    assert ("This was open for more than an hour." in answer.text) is not goes_on
    assert (until(compound, weekdays) == 12 * 60) is goes_on


@pytest.mark.wide
def test_other_fields_than_those_that_were_shown_are_shown_again(compound, office, weekdays, shorter):
    shorter_still = shorter.text.replace('value="12:00"', 'value="08:00"')
    assert shorter_still != shorter.text
    forged = type("Answer", (), {"text": shorter_still})()
    assert "Something changed since you saw this." in go_on(office, forged).text


def test_what_another_account_has_read_is_shown_again(compound, weekdays, shorter):
    installer = compound.signed_in("installer")
    token = csrf_of(installer.get("/manage/hours/").text)
    taken = type("Answer", (), {"text": shorter.text.replace(csrf_of(shorter.text), token)})()
    assert "Something changed since you saw this." in go_on(installer, taken).text


@pytest.mark.wide
@pytest.mark.parametrize("mark", ["", "nonsense", "WyJhIiwxXQ.x"])
def test_a_mark_that_was_not_given_here_goes_nowhere(compound, office, weekdays, shorter, mark):
    text = re.sub(r'(name="shown_effects" value=")[^"]*', rf"\g<1>{mark}", shorter.text)
    assert is_preview(go_on(office, type("Answer", (), {"text": text})()))
    assert until(compound, weekdays) == 18 * 60


@pytest.mark.wide
def test_a_second_press_does_nothing_twice(compound, office, weekdays, shorter):
    go_on(office, shorter)
    again = go_on(office, shorter)
    assert "It was not done twice" in office.get(again.location).text
    kept = select(func.count()).select_from(AuditEntry).where(AuditEntry.kind == "hours_saved")
    assert read(compound, lambda s: s.scalar(kept)) == 3  # made twice before, changed once


def test_what_is_refused_says_so_before_anything_is_shown(compound, office, weekdays):
    refused = send(office, f"/manage/hours/{weekdays}", name="", **{"span1-days": [], "span1-start": ""})
    assert refused.status_code == 422
    assert not is_preview(refused)
