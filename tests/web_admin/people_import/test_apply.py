"""A checked sheet is applied as a whole: changes, cards and endings, recorded like single acts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, audit_kinds, household, show_card
from tests.web_admin.people_import.read_in import GOOD, queries, read_in
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.journal.ledger import verify_audit
from web_admin.people.actions import add_person
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import SheetOptions, check_people


@pytest.mark.publishing
def test_a_sheet_changes_kinds_and_gives_cards_to_who_is_here_already(act: Action) -> None:
    add_lane(act)
    home, person = household(act, name="林一")
    assert home.number == "3-1203"
    done = read_in(act, "home,name,kind,card\n3-1203,林一,helper,1001\n3-1203,林二,,1002\n")
    assert (done.added, done.changed, done.ended) == (1, 1, 0)
    assert act.session.get_one(Person, person.person_id).kind == "helper"
    assert show_card(act, 1001).person_id == person.person_id
    again = check_people(act, "home,name,kind,card\n3-1203,林一,helper,1001\n3-1203,林二,,1002\n".encode())
    assert again.does_nothing


@pytest.mark.publishing
def test_who_is_not_in_the_sheet_stays_unless_the_sheet_is_marked_complete(act: Action) -> None:
    add_lane(act)
    _, gone = household(act, "3-1203", "Gone")
    issue_card(act, gone.person_id, 77)
    guard = add_person(act, display_name="Guard", kind="staff")
    sheet = "home,name,kind,card\n1-1,Ann,,1001\n"
    assert read_in(act, sheet).ended == 0
    assert show_card(act, 77).opens
    plan = check_people(act, sheet.encode(), SheetOptions(is_complete=True))
    assert [person.name for person in plan.ended] == ["Gone"]
    assert show_card(act, 77).opens
    assert apply_people(act, plan).ended == 1
    assert show_card(act, 77).reason is Reason.CREDENTIAL_ENDED
    assert act.session.get_one(Person, guard.person_id).ended_at is None


@pytest.mark.publishing
def test_a_card_whose_time_is_over_is_free_for_the_sheet_and_ends_where_it_was(act: Action) -> None:
    add_lane(act)
    _, person = household(act, name="Old")
    issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(hours=1))
    later = replace(act, now=act.now + timedelta(hours=2))
    read_in(later, "home,name,kind,card\n1-1,New,,77\n")
    assert show_card(later, 77).opens
    assert [row.state for row in act.session.get_one(Person, person.person_id).credentials] == ["ended"]


def test_a_sheet_leaves_a_ledger_as_single_acts_do(act: Action) -> None:
    add_lane(act)
    read_in(act, GOOD)
    assert audit_kinds(act)[-7:] == [
        "home_added",
        "person_added",
        "card_issued",
        "person_added",
        "person_added",
        "card_issued",
        "people_imported",
    ]
    assert verify_audit(act.session, act.site_id)[0] == len(audit_kinds(act))


@pytest.mark.publishing
@pytest.mark.wide
def test_two_thousand_people_are_written_in_few_statements(act: Action) -> None:
    add_lane(act)
    sheet = "home,name,kind,card\n" + "".join(f"{i}-1,P{i},,{i}\n" for i in range(1, 2001))
    with queries(act) as seen:
        assert read_in(act, sheet).added == 2000
    assert len(seen) < 120
    assert show_card(act, 2000).opens
