"""A two-method request row by row: its hours, its choice, and that it is its person's own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.contract.records import Method
from tests.support.acting import at_desk, by_phone, household
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.models import TwoMethodRequest
from web_admin.credentials.pins import issue_pin
from web_admin.credentials.two_methods import (
    end_two_method_request,
    request_two_methods,
    two_method_choice,
    two_method_hours,
    two_methods_work,
)
from web_admin.journal.models import AuditEntry


@pytest.fixture
def lin(act: Action) -> Person:
    return household(act, "3-1203", "Lin")[1]


def ledger(act: Action, kind: str) -> list[AuditEntry]:
    return [entry for entry in act.session.query(AuditEntry) if entry.kind == kind]


# -- two-method requests -------------------------------------------------------------------------------


@pytest.fixture
def with_two(act: Action, lin: Person) -> Person:
    issue_card(act, lin.person_id, 7)
    issue_pin(act, lin.person_id)
    lin.methods = ["card", "pin"]
    return lin


@pytest.mark.parametrize(
    ("hours", "choice"),
    [
        ((0, 0), "always"),
        ((1439, 1439), "always"),
        ((1320, 360), "night"),
        ((1320, 361), "own"),
        ((0, 1439), "own"),
        ((1439, 0), "own"),
    ],
)
def test_a_request_keeps_its_minutes_and_names_its_choice(act: Action, with_two, hours, choice) -> None:
    person_id = with_two.person_id
    own = by_phone(act, person_id)
    assert (two_method_choice(act.session, person_id), two_method_hours(act.session, person_id)) == (
        None,
        None,
    )
    request_two_methods(own, person_id, *hours)
    assert two_method_hours(act.session, person_id) == hours
    assert two_method_choice(act.session, person_id) == choice
    request_two_methods(own, person_id, 60, 120)
    assert two_method_hours(act.session, person_id) == (60, 120)
    end_two_method_request(own, person_id)
    end_two_method_request(own, person_id)
    assert act.session.get(TwoMethodRequest, person_id) is None
    assert [entry.person_id for entry in ledger(act, "two_methods_wished")] == [person_id] * 2
    assert [entry.person_id for entry in ledger(act, "two_methods_ended")] == [person_id]


@pytest.mark.parametrize("hours", [(-1, 60), (60, -1), (1440, 60), (60, 1440)])
def test_minutes_outside_the_day_are_no_hours(act: Action, with_two, hours) -> None:
    own = by_phone(act, with_two.person_id)
    with pytest.raises(ActionRefused, match="one of the offered values") as refused:
        request_two_methods(own, with_two.person_id, *hours)
    assert refused.value.field == "wish"


def test_a_way_that_has_expired_is_none_of_the_two(act: Action, lin) -> None:
    issue_card(act, lin.person_id, 7, valid_until=act.now + timedelta(hours=1))
    issue_pin(act, lin.person_id)
    lin.methods = ["card", "pin"]
    own = by_phone(act, lin.person_id)
    with pytest.raises(ActionRefused, match="two of card, PIN and QR code that work"):
        request_two_methods(replace(own, now=act.now + timedelta(hours=1)), lin.person_id, 0, 0)
    request_two_methods(own, lin.person_id, 0, 0)


@pytest.mark.parametrize("methods", [["card"], ["card", "qr"], ["card", "face"], []])
def test_a_request_needs_two_chosen_ways_that_work_and_face_is_none(act: Action, with_two, methods) -> None:
    own = by_phone(act, with_two.person_id)
    with_two.methods = methods
    assert not two_methods_work(act.session, with_two, act.now)
    reason = "is the reserve" if Method.FACE in methods else "two of card, PIN and QR code that work"
    with pytest.raises(ActionRefused, match=reason) as refused:
        request_two_methods(own, with_two.person_id, 0, 0)
    assert refused.value.field == "wish"
    with_two.methods = ["pin", "face", "card"]
    assert two_methods_work(act.session, with_two, act.now)


@pytest.mark.parametrize("channel", ["manager", "api", "home"])
def test_a_request_is_its_persons_own(act: Action, with_two, channel) -> None:
    request_two_methods(at_desk(by_phone(act, with_two.person_id)), with_two.person_id, 0, 0)
    other = by_phone(act, with_two.person_id, channel)
    for change in (
        lambda: request_two_methods(other, with_two.person_id, 60, 120),
        lambda: end_two_method_request(other, with_two.person_id),
    ):
        with pytest.raises(ActionRefused, match="your own"):
            change()
    assert two_method_hours(act.session, with_two.person_id) == (0, 0)
