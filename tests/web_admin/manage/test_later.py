"""An act that begins later: read, planned, listed by day, withdrawn, done at its time or held."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import request
from sqlalchemy import select

from gate_controller.contract.calendars import DAY_KINDS, MINUTES_A_DAY, Span
from tests.support.act_previews import WEEKDAYS, go_on, is_preview, pass_on_weekdays
from tests.support.compounds.desk import hidden_of, read
from tests.web_admin.manage.forms import send
from tests.web_admin.manage.planned_acts import AT_BEGIN, LIST, MONDAY, PLANNED, WEDNESDAY, pass_time, states
from web_admin.accounts.models import User
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Hours, Site
from web_admin.core.database import current_menjin
from web_admin.core.job_models import LongJob
from web_admin.gates.hours import save_hours
from web_admin.gates.hours_in_use import remove_hours
from web_admin.journal.models import AuditEntry
from web_admin.later import acts as later_acts
from web_admin.manage import later as manage_later
from web_admin.operations import later_runs
from web_admin.operations.jobs import run_due as run_jobs
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.print_models import PrintRun
from web_admin.restore.actions import begin_restoring
from web_admin.web import later as web_later
from web_admin.web.acts import FOR_LATER

SHORTER = {"name": "Weekdays", "span1-days": list(WEEKDAYS), "span1-start": "07:00", "span1-end": "12:00"}
LONGER = SHORTER | {"span1-end": "20:00"}


@pytest.fixture
def compound_begins():
    return WEDNESDAY


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


@pytest.fixture
def weekdays(compound):
    return pass_on_weekdays(compound, "王芳")


def until(compound, hours_id):
    return read(compound, lambda s: s.get_one(Hours, hours_id).spans[0]["until_minute"]) // 60


def hours_from(compound, hours_id):
    return read(compound, lambda s: s.get_one(Hours, hours_id).spans[0]["from_minute"]) // 60


def page_now(compound):
    return compound.signed_in("manager").get(LIST)


def entries(compound):
    kinds = select(AuditEntry.kind).where(AuditEntry.kind.like("%plan%")).order_by(AuditEntry.seq)
    return read(compound, lambda s: s.scalars(kinds).all())


def open_alarms(compound):
    return read(compound, lambda s: s.scalars(select(Alarm.kind).where(Alarm.gate_id.is_(None))).all())


@pytest.fixture
def planned(compound, office, weekdays):
    """Plan shorter hours for Monday, after they were read."""
    shown = send(office, f"/manage/hours/{weekdays}", **SHORTER, **MONDAY)
    assert "1 person can no longer enter by 北门" in shown.text
    sent = go_on(office, shown)
    assert sent.location == LIST
    return weekdays


@pytest.mark.wide
def test_it_is_listed_by_its_day_and_nothing_is_done_before(compound, office, planned):
    page = office.get(LIST).text
    assert re.search(r"<h2>Mon, Jul 6, 2026</h2>", page)
    assert "06:00 · Other hours" in page
    assert "1 person can no longer enter by 北门" in page
    assert pass_time(compound, AT_BEGIN - timedelta(minutes=1)) == 0
    assert until(compound, planned) == 18


@pytest.mark.wide
def test_who_reads_another_language_reads_in_it_what_it_takes(compound, office, planned):
    with office.session_transaction() as session:
        session["language"] = "zh"
    page = office.get(LIST).text
    assert "1 人不能再从北门进入" in page
    assert "can no longer" not in page


@pytest.mark.wide
@pytest.mark.both_databases
def test_at_its_time_it_is_done_once(compound, office, planned):
    assert pass_time(compound) == 1
    assert until(compound, planned) == 12
    assert (states(compound), pass_time(compound)) == (["done"], 0)
    assert "Nothing is planned" in page_now(compound).text
    assert entries(compound) == ["act_planned", "planned_act_begun"]
    assert open_alarms(compound) == []


@pytest.mark.wide
def test_after_days_without_a_server_it_is_done_once(compound, planned):
    assert pass_time(compound, AT_BEGIN + timedelta(days=3)) == 1
    assert (until(compound, planned), pass_time(compound, AT_BEGIN + timedelta(days=4))) == (12, 0)


@pytest.mark.wide
@pytest.mark.both_databases
def test_two_workers_do_it_once(compound, planned):
    first, second = claimed(compound), claimed(compound)
    assert second is None
    compound.clock.now = AT_BEGIN + timedelta(minutes=4)  # the first one hangs
    third = later_acts.claim_act(*parts(compound), first.job_id, compound.clock.now)
    later_runs._run(compound.app, parts_of(compound), third)
    later_runs._run(compound.app, parts_of(compound), first)
    assert (states(compound), until(compound, planned)) == (["done"], 12)
    assert entries(compound) == ["act_planned", "planned_act_begun"]


@pytest.mark.wide
def test_a_crash_before_the_end_leaves_nothing_and_it_is_begun_again(compound, planned, monkeypatch):
    monkeypatch.setattr(web_later, "end_attempt", crash)
    with pytest.raises(KeyboardInterrupt):
        pass_time(compound)
    monkeypatch.undo()
    assert (states(compound), until(compound, planned)) == (["waiting"], 18)
    assert pass_time(compound) == 0  # the claim of the one that crashed lasts
    assert pass_time(compound, AT_BEGIN + timedelta(minutes=4)) == 1
    assert (states(compound), until(compound, planned)) == (["done"], 12)


def crash(*_args):
    raise KeyboardInterrupt


@pytest.mark.wide
@pytest.mark.both_databases
def test_what_is_withdrawn_as_it_begins_is_undone(compound, planned):
    begun = claimed(compound)
    with compound.act("manager") as act:
        later_acts.withdraw_act(act, begun.job_id)
    later_runs._run(compound.app, parts_of(compound), begun)
    assert (states(compound), until(compound, planned)) == (["withdrawn"], 18)
    assert open_alarms(compound) == []


def parts_of(compound):
    return compound.app.extensions["menjin"]


def parts(compound):
    return parts_of(compound).database, parts_of(compound).sealer


def claimed(compound):
    compound.clock.now = AT_BEGIN
    job_id = read(compound, lambda s: s.scalars(select(LongJob.job_id).where(PLANNED)).one())
    return later_acts.claim_act(*parts(compound), job_id, AT_BEGIN)


@pytest.mark.wide
def test_it_can_be_withdrawn(compound, office, planned):
    page = office.get(LIST).text
    (path,) = re.findall(r'action="(/manage/later/[^"]+/withdraw)"', page)
    for said in ("Withdrawn. Nothing changes at that time.", "This was done or withdrawn already."):
        assert office.post(path, data=hidden_of(page, path)).location == LIST
        assert said in office.get(LIST).text
    assert (states(compound), pass_time(compound)) == (["withdrawn"], 0)
    assert entries(compound) == ["act_planned", "planned_act_withdrawn"]
    assert until(compound, planned) == 18


@pytest.mark.wide
def test_one_that_began_while_its_list_was_read_is_not_called_withdrawn(
    compound, office, planned, monkeypatch
):
    page, read_list = office.get(LIST).text, later_acts.open_acts
    (path,) = re.findall(r'action="(/manage/later/[^"]+/withdraw)"', page)

    def done_meanwhile(session, sealer, site_id):
        found = read_list(session, sealer, site_id)
        for one in found:
            later_acts.end_act(session, site_id, one.job_id, "done", compound.clock())
        return found

    with monkeypatch.context() as just_then:
        just_then.setattr(manage_later, "open_acts", done_meanwhile)
        office.post(path, data=hidden_of(page, path))
    said = office.get(LIST).text
    assert "This was done or withdrawn already." in said
    assert "Withdrawn. Nothing changes" not in said


@pytest.mark.wide
def test_after_days_without_a_server_acts_are_done_in_the_order_of_their_times(compound, office, weekdays):
    """The one for Tuesday was planned first: what is so in the end is what it says."""
    for end, day in (("20:00", "2026-07-07"), ("19:00", "2026-07-06")):
        send(office, f"/manage/hours/{weekdays}", **LONGER | {"span1-end": end}, begins_at=f"{day}T06:00")
        compound.clock.now += timedelta(minutes=1)
    assert pass_time(compound, AT_BEGIN + timedelta(days=3)) == 2
    assert (states(compound), until(compound, weekdays)) == (["done", "done"], 20)


@pytest.mark.wide
@pytest.mark.both_databases
def test_where_another_would_be_outside_by_then_it_waits_for_a_person(compound, office, planned):
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["王磊"], [GrantSpec(("north-in",), planned)]
        )
    pass_time(compound)
    assert (states(compound), until(compound, planned)) == (["held"], 18)
    office = compound.signed_in("manager")  # the session of last week is over
    assert "1 scheduled change needs your decision" in office.get("/manage/").text
    assert open_alarms(compound) == ["alarm_act_held"]
    page = office.get(LIST).text
    assert "It would now affect more people or rights" in page
    shown = look_at(office, planned)
    assert "2 people can no longer enter by 北门" in shown.text
    go_on(office, shown)
    assert (states(compound), until(compound, planned)) == (["done"], 12)


def look_at(office, hours_id):
    """Press the button of an act that waits for a person."""
    return press_in(office, office.get(LIST).text, hours_id)


def press_in(office, page, hours_id):
    path = f"/manage/hours/{hours_id}"
    form = page.partition(f'action="{path}"')[2].partition("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return office.post(path, data=fields)


@pytest.mark.wide
def test_where_one_fewer_is_outside_by_then_it_is_done(compound, office, planned):
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["王芳"], [GrantSpec(("north-in", "north-out"))]
        )
    pass_time(compound)
    assert (states(compound), until(compound, planned)) == (["done"], 12)


def held_once(compound):
    """Let its time come, and the next turns of the server; return whether it is held, after one try."""
    assert [pass_time(compound, AT_BEGIN + timedelta(minutes=n)) for n in (0, 1, 5)] == [1, 0, 0]
    return states(compound) == ["held"] and entries(compound).count("planned_act_held") == 1


def why_held(compound):
    return read(compound, lambda s: s.scalars(select(LongJob.result["why"].as_string()).where(PLANNED)).one())


@pytest.mark.wide
def test_an_act_without_a_reason_that_keeps_a_person_out_by_then_waits(compound, office, weekdays):
    shown = send(office, f"/manage/hours/{weekdays}", **SHORTER | {"span1-end": "17:00"}, **MONDAY)
    assert 'name="lock_out"' not in shown.text
    go_on(office, shown)
    with compound.act("manager") as act:  # all day: ten hours a day are hardly a way in, then
        save_hours(act, weekdays, "Weekdays", [Span(DAY_KINDS, 0, MINUTES_A_DAY)])
    assert held_once(compound)
    assert (why_held(compound), hours_from(compound, weekdays)) == ("more", 0)
    assert open_alarms(compound) == ["alarm_act_held"]
    shown = look_at(compound.signed_in("manager"), weekdays)
    assert "1 person has no way home, or almost none" in shown.text


@pytest.mark.wide
def test_one_who_loses_the_same_lane_and_is_locked_out_only_by_then_makes_it_wait(compound, office, weekdays):
    """The reason was given for another, and of this person it was read that they lose time, not their way."""
    lane, wang = ("north-in",), compound.persons["王磊"]
    with compound.act("manager") as act:
        evenings = save_hours(act, None, "Evenings", [Span(WEEKDAYS, 18 * 60, MINUTES_A_DAY)]).hours_id
        both = [GrantSpec(lane, weekdays), GrantSpec(lane, evenings)]
        set_grants(replace(act, because="asked"), wang, both)
    planned_at_noon(office, weekdays)
    with compound.act("manager") as act:
        set_grants(replace(act, because="asked"), wang, [GrantSpec(lane, weekdays)])
    assert held_once(compound)
    assert (why_held(compound), until(compound, weekdays)) == ("more", 18)


def planned_at_noon(office, hours_id):
    """Plan an end at noon, after it was read whom that keeps out: one of two who lose time."""
    shown = send(office, f"/manage/hours/{hours_id}", **SHORTER, **MONDAY)
    assert "1 person has no way home, or almost none" in shown.text
    assert "2 people can no longer enter by 北门" in shown.text
    assert go_on(office, shown).location == LIST


@pytest.mark.wide
def test_what_another_manager_withdrew_meanwhile_is_not_done_by_an_open_page(compound, office, weekdays):
    """It takes nothing, so nothing would be read before it is done."""
    send(office, f"/manage/hours/{weekdays}", **LONGER, **MONDAY)
    with compound.app.app_context(), current_menjin().database.session() as session:
        later_acts.hold_all(session, compound.site_id, "restored")
    page = office.get(LIST).text
    with compound.act("manager") as act:
        later_acts.withdraw_act(act, later_acts.open_acts(act.session, act.sealer, act.site_id)[0].job_id)
    refused = press_in(office, page, weekdays)
    assert refused.status_code == 422
    assert "This was done or withdrawn already." in refused.text
    assert (states(compound), until(compound, weekdays)) == (["withdrawn"], 18)


@pytest.mark.wide
def test_the_reason_of_an_act_that_waits_is_chosen_again(compound, office, planned):
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["王磊"], [GrantSpec(("north-in",), planned)]
        )
    pass_time(compound)
    shown = look_at(compound.signed_in("manager"), planned)
    assert shown.status_code == 422
    assert "2 people have no way home, or almost none" in shown.text


@pytest.mark.wide
@pytest.mark.parametrize("change", [{"active": False}, {"roles": []}])
def test_an_account_that_may_not_by_then_does_nothing(compound, office, planned, change):
    with compound.app.app_context(), current_menjin().database.session() as session:
        account = session.scalars(select(User).where(User.email == "manager@example.org")).one()
        for name, value in change.items():
            setattr(account, name, value)
    pass_time(compound)
    assert (states(compound), until(compound, planned)) == (["held"], 18)


@pytest.mark.wide
def test_a_form_that_is_sent_twice_is_planned_once(compound, office, weekdays):
    shown = send(office, f"/manage/hours/{weekdays}", **SHORTER, **MONDAY)
    for _twice in range(2):
        assert go_on(office, shown).location == LIST
    assert states(compound) == ["waiting"]


def test_a_time_that_was_typed_counts_whichever_button_was_pressed(compound, office, weekdays):
    sent = send(office, f"/manage/hours/{weekdays}", **LONGER, begins_at=MONDAY["begins_at"])
    assert (sent.location, until(compound, weekdays)) == (LIST, 18)


@pytest.mark.wide
def test_one_that_waits_for_a_person_can_be_planned_again(compound, office, planned):
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["王磊"], [GrantSpec(("north-in",), planned)]
        )
    pass_time(compound)
    office = compound.signed_in("manager")
    shown = look_at(office, planned)
    go_on(office, shown, begins_at="2026-07-07T06:00")
    assert sorted(states(compound)) == ["waiting", "withdrawn"]
    pass_time(compound, AT_BEGIN + timedelta(days=1))
    assert until(compound, planned) == 12


def test_printing_pins_cannot_begin_later(compound, office):
    asked = {"act": "print_pins", "person": [compound.persons["王芳"]], **MONDAY}
    refused = send(office, "/manage/people/", "/manage/people/bulk/do", **asked)
    assert "Only what changes who may pass can begin later." in refused.text
    assert read(compound, lambda s: s.scalars(select(PrintRun)).all()) == []


@pytest.mark.wide
def test_what_takes_nothing_is_planned_at_once(compound, office, weekdays):
    assert send(office, f"/manage/hours/{weekdays}", **LONGER, **MONDAY).location == LIST
    assert until(compound, weekdays) == 18
    pass_time(compound)
    assert until(compound, weekdays) == 20


@pytest.mark.wide
def test_what_is_gone_by_then_is_held(compound, office, planned):
    with compound.act("manager") as act:
        set_grants(replace(act, because="asked"), compound.persons["王芳"], [])
        remove_hours(act, planned)
    pass_time(compound)
    assert states(compound) == ["held"]


@pytest.mark.wide
@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first one
        ("2027-03-28T02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # there is none: 03:30
    ],
)
def test_a_time_in_a_night_of_clock_change_stays_what_was_read(compound, weekdays, typed, begins):
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.scalars(select(Site)).one().timezone = "Europe/Berlin"
    compound.clock.now = datetime(2026, 10, 20, 8, 0, tzinfo=UTC)
    office = compound.signed_in("manager")
    shown = send(office, f"/manage/hours/{weekdays}", **SHORTER, when="later", begins_at=typed)
    assert go_on(office, shown).location == LIST
    stored = read(compound, lambda s: s.scalars(select(LongJob.result).where(PLANNED)).one())
    assert datetime.fromisoformat(stored["begins_at"]) == begins


@pytest.mark.wide
@pytest.mark.parametrize(
    ("begins_at", "said"),
    [
        ("", "Choose the day and the time at which it is to begin."),
        ("tomorrow", "Choose the day and the time at which it is to begin."),
        ("2026-06-01T06:00", "This time is in the past. Choose a later one."),
        ("2028-06-01T06:00", "Choose a time within a year."),
    ],
)
def test_a_time_that_is_none_is_refused_with_a_sentence(compound, office, weekdays, begins_at, said):
    refused = send(office, f"/manage/hours/{weekdays}", **SHORTER, when="later", begins_at=begins_at)
    assert said in refused.text
    assert (states(compound), until(compound, weekdays)) == ([], 18)


@pytest.mark.wide
def test_from_the_page_of_what_it_takes_it_can_be_planned_as_well(compound, office, weekdays):
    shown = send(office, f"/manage/hours/{weekdays}", **SHORTER)
    assert is_preview(shown)
    assert go_on(office, shown, **MONDAY).location == LIST
    assert until(compound, weekdays) == 18


@pytest.mark.wide
def test_after_a_restore_it_waits_since_it_may_have_been_withdrawn(compound, planned):
    with compound.app.app_context(), current_menjin().database.session() as session:
        begin_restoring(session, current_menjin().sealer, compound.site_id, compound.clock())
    pass_time(compound)
    assert (states(compound), until(compound, planned)) == (["held"], 18)
    said = select(LongJob.result["why"].as_string()).where(PLANNED)
    assert read(compound, lambda s: s.scalars(said).all()) == ["restored"]


@pytest.mark.wide
def test_an_act_that_names_another_as_the_planned_one_leaves_that(compound, office, planned):
    job_id = read(compound, lambda s: s.scalars(select(LongJob.job_id).where(PLANNED)).one())
    send(office, "/manage/hours/new", **SHORTER | {"name": "New ones", "planned_act": job_id})
    assert states(compound) == ["waiting"]


@pytest.mark.wide
@pytest.mark.parametrize(
    "path",
    [
        "hours/new",
        "hours/days/new",
        "gates/north/lanes/new",
        "gates/north/lanes/north-in",
        "lanes/north-in/schedules/new",
        "people/{person}/grants",
    ],
)
def test_a_form_that_offers_a_time_takes_it(compound, office, weekdays, path):
    path = "/manage/" + path.format(person=compound.persons["王芳"])
    assert 'name="begins_at"' in office.get(path).text
    with compound.app.test_request_context(path, method="POST"):
        assert request.endpoint in FOR_LATER


@pytest.mark.wide
def test_background_jobs_leave_it_alone(compound, office, planned):
    compound.clock.now = AT_BEGIN
    with compound.app.app_context():
        assert run_jobs(current_menjin(), AT_BEGIN) == 0
    assert states(compound) == ["waiting"]


@pytest.mark.wide
def test_what_was_sent_is_sealed_and_goes_with_the_act(compound, office, planned):
    sealed = read(compound, lambda s: s.scalars(select(LongJob.payload_sealed).where(PLANNED)).one())
    assert b"Weekdays" not in sealed
    pass_time(compound)
    assert read(compound, lambda s: s.scalars(select(LongJob.payload_sealed).where(PLANNED)).one()) is None
