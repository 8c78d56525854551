"""A sheet of people that is read in later: it waits sealed, and is checked again at its time."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.act_previews import go_on, is_preview
from tests.support.compounds.desk import read
from tests.web_admin.manage.planned_acts import AT_BEGIN, LIST, MONDAY, PLANNED, WEDNESDAY, pass_time
from tests.web_admin.manage.sent_sheets import LONG, PATH, hidden_of, upload
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.job_models import LongJob
from web_admin.credentials.actions import end_credential
from web_admin.journal.models import AuditEntry
from web_admin.later import acts as later_acts
from web_admin.operations.later_runs import withdraw_long_held
from web_admin.web import later as web_later

NEW = "home,name,kind,card\n7-0101,Lin Hua,resident,7100001\n"


@pytest.fixture
def compound_begins():
    return WEDNESDAY


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


def plan(office, sheet, **fields):
    """Check a sheet and plan what it says; return the answer to that."""
    checked = upload(office, sheet.encode(), **fields)
    return office.post(f"{PATH}/confirm", data=hidden_of(checked.text) | MONDAY)


def people(compound):
    return read(compound, lambda s: s.scalar(select(func.count()).where(Person.ended_at.is_(None))))


def is_there(compound, name):
    found = select(Person.person_id).where(Person.display_name == name, Person.ended_at.is_(None))
    return read(compound, lambda s: s.scalars(found).one_or_none()) is not None


def state(compound):
    return read(compound, lambda s: s.scalars(select(LongJob.state).where(PLANNED)).one())


def stored(compound):
    return read(compound, lambda s: s.scalars(select(LongJob.payload_sealed).where(PLANNED)).one())


def fields_of_held(office):
    """Return what the button of a sheet sends that waits for a person."""
    form = office.get(LIST).text.partition(f'action="{PATH}/confirm"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form))


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_sheet_that_only_adds_people_is_read_in_at_its_time(compound, office):
    before = people(compound)
    assert plan(office, NEW).location == LIST
    page = office.get(LIST).text
    assert "06:00 · People from a sheet" in page
    assert "1 row<" in page
    assert "Lin Hua" not in page
    assert (people(compound), pass_time(compound, AT_BEGIN - timedelta(minutes=1))) == (before, 0)
    assert b"Lin Hua" not in stored(compound)
    assert (pass_time(compound), is_there(compound, "Lin Hua")) == (1, True)
    assert (state(compound), stored(compound)) == ("done", None)


@pytest.mark.wide
def test_what_a_complete_sheet_takes_is_read_before_it_is_planned(compound, office):
    shown = plan(office, "home,name,kind,card\n3-1203,王芳,resident,\n", is_complete="y")
    assert is_preview(shown)
    assert "Plan it for" in shown.text
    before = people(compound)
    assert go_on(office, shown).location == LIST
    assert people(compound) == before
    assert (pass_time(compound), state(compound)) == (1, "done")
    assert people(compound) < before
    assert is_there(compound, "王芳")


@pytest.mark.wide
def test_a_large_sheet_is_taken_at_its_time_as_it_was_taken_from_the_page(compound, office, monkeypatch):
    monkeypatch.setitem(compound.app.config, "MAX_CONTENT_LENGTH", 100)
    plan(office, NEW)
    assert (pass_time(compound), state(compound)) == (1, "done")


@pytest.mark.wide
def test_a_long_sheet_is_read_in_at_its_time_and_not_by_a_job_whose_failure_is_not_seen(compound, office):
    assert plan(office, LONG).location == LIST
    assert (pass_time(compound), state(compound)) == (1, "done")
    assert is_there(compound, "P300")


def read_in(office, sheet):
    return office.post(f"{PATH}/confirm", data=hidden_of(upload(office, sheet.encode()).text))


def card_of(compound, name):
    card = select(CredentialRow).join(Person).where(Person.display_name == name, CredentialRow.kind == "card")
    return read(compound, lambda s: s.scalars(card.order_by(CredentialRow.created_at)).one())


@pytest.mark.wide
def test_a_sheet_gives_no_card_back_that_was_lost_meanwhile(compound, office):
    read_in(office, NEW)
    plan(office, NEW + "7-0102,Another,resident,7100002\n")
    with compound.act("manager") as act:
        end_credential(act, card_of(compound, "Lin Hua").credential_id, "lost")
    pass_time(compound)
    assert (state(compound), card_of(compound, "Lin Hua").state) == ("held", "ended")
    assert not is_there(compound, "Another")


@pytest.mark.wide
def test_a_complete_sheet_ends_no_one_who_came_after_it_was_planned(compound, office):
    shown = plan(office, "home,name,kind,card\n3-1203,王芳,resident,\n", is_complete="y")
    go_on(office, shown)
    read_in(office, "home,name,kind,card\n7-0103,Newcomer,resident,\n")
    pass_time(compound)
    assert (state(compound), is_there(compound, "Newcomer")) == ("held", True)


@pytest.mark.wide
def test_a_sheet_that_fits_no_more_waits_and_says_why(compound, office):
    plan(office, NEW)
    taken = upload(office, b"home,name,kind,card\n9-0909,Other,resident,7100001\n")
    office.post(f"{PATH}/confirm", data=hidden_of(taken.text))
    pass_time(compound)
    assert (state(compound), is_there(compound, "Lin Hua")) == ("held", False)
    office = compound.signed_in("manager")
    assert "At its time it was refused" in office.get(LIST).text
    fields = fields_of_held(office)
    assert "sheet" not in fields, "what names a whole compound stays at the server"
    answer = office.post(f"{PATH}/confirm", data=fields)
    assert "7100001" in answer.text
    assert (state(compound), is_there(compound, "Lin Hua")) == ("held", False), "it can be withdrawn yet"


@pytest.mark.wide
def test_another_manager_reads_in_what_waited_and_a_new_time_keeps_the_sheet(compound, office):
    plan(office, NEW)
    with compound.app.app_context():
        menjin = compound.app.extensions["menjin"]
        with menjin.database.session() as session:
            later_acts.hold_all(session, compound.site_id, "restored")
    compound.clock.now += timedelta(days=1)
    other = compound.signed_in("manager")
    looked = other.post(f"{PATH}/confirm", data=fields_of_held(other))
    assert "Lin Hua" in looked.text, "what it would do now, before it is done"
    assert not is_there(compound, "Lin Hua")
    fields = hidden_of(looked.text) | {"planned_act": fields_of_held(other)["planned_act"]}
    assert f'value="{fields["planned_act"]}"' in looked.text
    assert other.post(f"{PATH}/confirm", data=fields | MONDAY).location == LIST
    states = read(compound, lambda s: s.scalars(select(LongJob.state).where(PLANNED)).all())
    assert sorted(states) == ["waiting", "withdrawn"]
    assert (pass_time(compound), is_there(compound, "Lin Hua")) == (1, True)


def test_what_no_person_decides_is_withdrawn_after_a_month_with_its_names(compound, office):
    plan(office, NEW)
    with compound.act("manager") as act:
        later_acts.hold_all(act.session, compound.site_id, "restored")
    menjin = compound.app.extensions["menjin"]
    assert withdraw_long_held(menjin, AT_BEGIN + timedelta(days=31)) == 0
    assert withdraw_long_held(menjin, AT_BEGIN + timedelta(days=31, minutes=1)) == 1
    assert (state(compound), stored(compound)) == ("withdrawn", None)
    kinds = select(AuditEntry.kind).where(AuditEntry.kind.like("planned%"))
    assert read(compound, lambda s: s.scalars(kinds).all()) == ["planned_act_withdrawn"]


@pytest.mark.wide
@pytest.mark.both_databases
def test_what_is_withdrawn_while_a_person_reads_it_is_not_done(compound, office, monkeypatch):
    plan(office, NEW)
    with compound.act("manager") as act:
        later_acts.hold_all(act.session, compound.site_id, "restored")
    looked = office.post(f"{PATH}/confirm", data=fields_of_held(office))
    fields = hidden_of(looked.text) | {"planned_act": fields_of_held(office)["planned_act"]}
    with compound.act("manager") as act:
        later_acts.withdraw_act(act, fields["planned_act"])
    monkeypatch.setattr(web_later, "is_open", lambda *_: True)  # it was, a moment before
    answer = office.post(f"{PATH}/confirm", data=fields)
    assert "This was done or withdrawn already." in answer.text
    assert (state(compound), is_there(compound, "Lin Hua")) == ("withdrawn", False)


@pytest.mark.wide
def test_names_wait_a_month_at_most(compound, office):
    checked = upload(office, NEW.encode())
    answer = office.post(f"{PATH}/confirm", data=hidden_of(checked.text) | {"begins_at": "2026-08-20T06:00"})
    assert "Choose a time within 31 days." in answer.text
    assert "Lin Hua" in answer.text, "the sheet is not to be chosen again"
    assert read(compound, lambda s: s.scalars(select(LongJob.state).where(PLANNED)).all()) == []


@pytest.mark.wide
def test_a_site_plans_only_as_much_as_its_list_can_hold(compound, office, monkeypatch):
    monkeypatch.setattr(later_acts, "MOST_OPEN_BYTES", 1000)
    answer = plan(office, LONG)
    assert answer.status_code == 422
    assert "Too many acts are planned already." in answer.text
