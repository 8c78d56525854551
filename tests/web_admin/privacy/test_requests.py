"""Requests and complaints: due dates, answers, refusals with reasons, corrections with before and after."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from tests.support.acting import add_lane, by_phone, household
from web_admin.alarms.models import Alarm
from web_admin.core.database import Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.gates.hours import set_calendar_day
from web_admin.journal.models import AuditEntry
from web_admin.operations import housekeeping
from web_admin.policy.effects import PolicyEffects
from web_admin.privacy import retention
from web_admin.privacy.contact import save_contact
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.requests import (
    MAX_OPEN,
    acknowledge,
    answer,
    correct,
    file_request,
    refuse,
    withdraw_request,
)

CHANNELS = {"zh": "市场监管局 12315", "en": "Market supervision, 12315"}


@pytest.fixture
def person(act):
    add_lane(act)
    return household(act)[1]


def filed(act, person, kind="complaint", text="The camera faces my window.", **more):
    return file_request(by_phone(act, person.person_id), person.person_id, kind, text=text, **more)


def entries(act, kind):
    return act.session.scalars(select(AuditEntry).where(AuditEntry.kind == kind)).all()


def test_a_request_has_its_due_dates_by_the_sites_calendar(act, person):
    set_calendar_day(act, date(2026, 3, 5), "holiday", "founding day")  # a Thursday; filed on Wednesday
    row = filed(act, person)
    assert (row.acknowledge_by.day, row.answer_by.day) == (10, 19)
    assert row.acknowledged_at is None
    [entry] = entries(act, "request_filed")
    assert (entry.person_id, entry.facts["kind"]) == (person.person_id, "complaint")
    assert "camera" not in str(entry.facts)


def test_staff_file_nothing_in_another_persons_name(act, person):
    with pytest.raises(ActionRefused, match="on their phone or at the desk"):
        file_request(act, person.person_id, "access")


def test_no_person_files_or_takes_back_for_another(act, person):
    other = household(act, "5-0101", "Zhao")[1]
    row = filed(act, person)
    with pytest.raises(ActionRefused, match="your own"):
        file_request(by_phone(act, other.person_id), person.person_id, "access")
    with pytest.raises(ActionRefused, match="your own"):
        withdraw_request(by_phone(act, other.person_id), other.person_id, row.request_id)


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("sue", {}, "kind"),
        ("complaint", {"text": " "}, "text"),
        ("restriction", {"text": ""}, "text"),
        ("complaint", {"text": "x" * 1001}, "text"),
        ("correction", {"subject": "salary", "wanted": "x"}, "subject"),
        ("correction", {"subject": "name", "wanted": " "}, "wanted"),
    ],
)
def test_what_a_request_lacks_is_shown_beside_its_field(act, person, kind, more, field):
    with pytest.raises(ActionRefused) as refusal:
        filed(act, person, kind, **more)
    assert refusal.value.field == field


def test_a_person_has_at_most_ten_requests_open(act, person):
    for _number in range(MAX_OPEN):
        filed(act, person)
    with pytest.raises(ActionRefused, match="Wait for an answer"):
        filed(act, person)


def test_an_answer_acknowledges_and_closes_and_is_not_given_twice(act, person):
    row = filed(act, person, "access", "")
    answer(act, row.request_id, "All of it stands on your phone page.")
    assert (row.outcome, row.closed_at, row.acknowledged_at) == ("answered", act.now, act.now)
    for again in (acknowledge, lambda a, key: answer(a, key, "once more")):
        with pytest.raises(ActionRefused, match="closed already"):
            again(act, row.request_id)


def test_a_refusal_needs_a_reason_and_names_where_to_complain_further(act, person):
    row = filed(act, person)
    save_contact(act, name="Ms Qin", contact="021-5555 0101", channels=CHANNELS)
    for reason in ("", "no"):
        with pytest.raises(ActionRefused) as refusal:
            refuse(act, row.request_id, reason, "en")
        assert refusal.value.field == "text"
    refuse(act, row.request_id, "It shows the gate alone, see the drawing at the office.", "en")
    assert (row.outcome, row.further) == ("refused", "Market supervision, 12315")


def test_a_correction_changes_the_name_and_keeps_before_and_after(act, person):
    row = filed(act, person, "correction", "", subject="name", wanted="Lin Wei")
    correct(act, row.request_id, "", "Lin Wei", "")
    assert person.display_name == "Lin Wei"
    assert (row.value_before, row.value_after, row.outcome) == ("Lin", "Lin Wei", "answered")
    [entry] = entries(act, "request_corrected")
    assert entry.personal == {"before": "Lin", "after": "Lin Wei"}


def test_a_correction_of_what_is_kept_elsewhere_says_what_stood_before(act, person):
    row = filed(act, person, "correction", "", subject="gates", wanted="the east gate too")
    with pytest.raises(ActionRefused) as refusal:
        correct(act, row.request_id, " ", "north and east", "")
    assert refusal.value.field == "before"
    correct(act, row.request_id, "north", "north and east", "Done.")
    assert (row.value_before, row.value_after) == ("north", "north and east")


@pytest.mark.wide
@pytest.mark.publishing
def test_each_due_date_that_passes_raises_one_alarm_without_names(act, person, web_config, database):
    filed(act, person)
    act.session.commit()

    def alarms_after(days):
        housekeeping.run(
            Menjin(web_config, database, act.sealer, lambda: act.now, PolicyEffects(act.sealer)),
            act.now + timedelta(days),
        )
        query = select(Alarm.kind, Alarm.detail).order_by(Alarm.raised_at)
        with database.session() as session:
            return [tuple(row) for row in session.execute(query)]

    assert alarms_after(5) == []
    unacknowledged = (EventKind.ALARM_REQUEST_UNACKNOWLEDGED, "")
    assert alarms_after(6) == alarms_after(7) == [unacknowledged]
    assert alarms_after(16) == alarms_after(17) == [unacknowledged, (EventKind.ALARM_REQUEST_OVERDUE, "")]


def test_what_was_acknowledged_is_late_only_when_no_answer_came(act, person, web_config, database):
    acknowledge(act, filed(act, person).request_id)
    closed = filed(act, person)
    withdraw_request(by_phone(act, person.person_id), person.person_id, closed.request_id)
    act.session.commit()
    menjin = Menjin(web_config, database, act.sealer, lambda: act.now, PolicyEffects(act.sealer))
    assert housekeeping.run(menjin, act.now + timedelta(days=10))["late_requests_told"] == 0
    assert housekeeping.run(menjin, act.now + timedelta(days=16))["late_requests_told"] == 1


def test_texts_go_after_the_logs_term_and_the_request_after_the_evidences(act, person, web_config, database):
    row = filed(act, person, "correction", "It is misspelt.", subject="name", wanted="Lin Wei")
    correct(act, row.request_id, "", "Lin Wei", "Corrected.")
    filed(act, person)  # stays open
    act.session.commit()
    menjin = Menjin(web_config, database, act.sealer, lambda: act.now, PolicyEffects(act.sealer))

    def closed(days):
        later = act.now + timedelta(days)
        for step in ("request_texts_erased", "requests_deleted"):
            retention.STEPS[step](menjin, later)
        with database.session() as session:
            query = select(RightsRequest).where(RightsRequest.outcome.is_not(None))
            return [(r.text, r.wanted, r.value_before, r.answer) for r in session.scalars(query)]

    assert closed(180) == [("It is misspelt.", "Lin Wei", "Lin", "Corrected.")]
    assert closed(181) == [("", None, None, "Corrected.")]
    assert closed(1097) == []
    with database.session() as session:
        assert [r.text for r in session.scalars(select(RightsRequest))] == ["The camera faces my window."]


def test_a_request_that_there_is_not_is_not_known(act, person):
    with pytest.raises(ActionRefused, match="no such"):
        acknowledge(act, "0" * 16)
