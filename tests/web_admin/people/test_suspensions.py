"""Whole people are suspended for reasons of the list, for a week by one account, for longer by two."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household
from tests.support.suspending import suspend_for_days
from web_admin.accounts.staff import invite_again, invite_staff
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import AGAIN_AFTER, RULES, WAITS_FOR, Cause, SuspensionReason
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.suspension_models import Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import move_out
from web_admin.people.suspension_ends import end_due
from web_admin.people.suspensions import (
    confirm_suspension,
    resume_person,
    suspend_person,
    withdraw_suspension,
)


def later(act: Action, **ahead: float) -> Action:
    return replace(act, now=act.now + timedelta(**ahead))


def system(act: Action, now: datetime) -> Action:
    return replace(act, channel="system", actor_id="housekeeping", now=now)


def other(act: Action) -> Action:
    return replace(act, actor_id="manager-2")


@pytest.fixture
def person(act: Action) -> Person:
    add_lane(act)
    return household(act)[1]


def sentence_of(doing: Callable[[], object]) -> str:
    with pytest.raises(ActionRefused) as caught:
        doing()
    return str(caught.value)


def refused(doing: Callable[[], object]) -> str:
    with pytest.raises(ActionRefused) as caught:
        doing()
    return caught.value.field or ""


@pytest.mark.parametrize("word", ["unpaid", "物业费", "", "lost", "other", "restored", "LOST"])
def test_no_debt_and_no_words_of_ones_own_suspend_a_person(act: Action, person: Person, word: str) -> None:
    cause = Cause(word, until=act.now + timedelta(days=1))
    assert refused(lambda: suspend_person(act, person.person_id, cause)) == "reason"
    assert not person.suspended


def test_every_reason_has_a_rule_and_no_reason_speaks_of_money() -> None:
    assert set(RULES) == set(SuspensionReason)
    texts = " ".join(f"{rule.word} {rule.sentence}" for rule in RULES.values()).lower()
    assert not any(word in texts for word in ("fee", "debt", "paid", "owe", "money"))


def test_one_account_suspends_for_a_week_and_not_once_more_within_a_month(
    act: Action, person: Person
) -> None:
    suspend_for_days(act, person.person_id)
    assert person.suspended
    resume_person(act, person.person_id)
    assert refused(lambda: suspend_for_days(later(act, days=1), person.person_id)) == "until"
    suspend_for_days(later(other(act), days=1), person.person_id)
    resume_person(later(act, days=2), person.person_id)
    suspend_for_days(replace(act, now=act.now + AGAIN_AFTER + timedelta(days=3)), person.person_id)


def staff(act: Action, number: int, **ahead: float) -> Action:
    return replace(later(act, **ahead), actor_id=f"staff-{number}")


def account_made_by(act: Action, address: str) -> int:
    """Make an account of which its maker reads the link."""
    account, _code = invite_staff(act, email=address, role="manager", shown_name="One", language="en")
    return account.id


def test_an_account_is_no_second_one_beside_its_maker_or_what_its_maker_made_for_a_week(
    act: Action, person: Person
) -> None:
    one = staff(act, 901)
    second = account_made_by(one, "second@example.org")
    third = account_made_by(staff(act, second, hours=1), "third@example.org")
    row = suspend_person(one, person.person_id, Cause("moved_out"))
    for number in (second, third):
        assert "third account" in sentence_of(
            lambda number=number: confirm_suspension(staff(act, number, days=1), row.suspension_id)
        )
    assert not person.suspended
    confirm_suspension(staff(act, 902, days=1), row.suspension_id)
    assert person.suspended


def test_a_week_after_it_was_made_or_reset_an_account_confirms_what_its_maker_asked_for(
    act: Action, person: Person
) -> None:
    second = account_made_by(staff(act, 901), "second@example.org")
    invite_again(staff(act, 901, days=3), second)
    row = suspend_person(staff(act, 901, days=9), person.person_id, Cause("moved_out"))
    assert refused(lambda: confirm_suspension(staff(act, second, days=9), row.suspension_id)) == ""
    confirm_suspension(staff(act, second, days=10, minutes=1), row.suspension_id)
    assert person.suspended


def test_an_account_that_its_maker_has_just_made_does_not_suspend_once_more_alone(
    act: Action, person: Person
) -> None:
    second = account_made_by(staff(act, 901), "second@example.org")
    suspend_for_days(staff(act, 901), person.person_id)
    resume_person(act, person.person_id)
    assert refused(lambda: suspend_for_days(staff(act, second, days=1), person.person_id)) == "until"


@pytest.mark.parametrize(
    ("reason", "days"), [("moved_out", None), ("moved_out", 8), ("asked", None), ("order", 100)]
)
def test_for_longer_a_second_account_confirms(
    act: Action, person: Person, reason: str, days: int | None
) -> None:
    until = None if days is None else act.now + timedelta(days=days)
    row = suspend_person(act, person.person_id, Cause(reason, "2026-17", until))
    assert (row.began_at, person.suspended) == (None, False)
    refused(lambda: confirm_suspension(act, row.suspension_id))
    refused(lambda: suspend_person(act, person.person_id, Cause(reason, "2026-17", until)))
    confirm_suspension(other(act), row.suspension_id)
    assert (person.suspended, row.confirmed_by) == (True, "manager-2")
    assert person.suspended_by == ("owner" if reason == "asked" else "office")
    refused(lambda: confirm_suspension(other(act), row.suspension_id))


def test_danger_needs_both_an_end_within_a_week_and_a_second_account(act: Action, person: Person) -> None:
    for until in (None, act.now + timedelta(days=8)):
        assert refused(lambda: suspend_person(act, person.person_id, Cause("danger", "", until))) == "until"  # noqa: B023
    row = suspend_person(act, person.person_id, Cause("danger", "", act.now + timedelta(days=7)))
    assert not person.suspended
    confirm_suspension(other(act), row.suspension_id)
    assert person.suspended


def test_an_order_names_its_number(act: Action, person: Person) -> None:
    until = act.now + timedelta(days=5)
    assert refused(lambda: suspend_person(act, person.person_id, Cause("order", " ", until))) == "reference"


def test_what_no_account_confirms_lapses_and_what_is_withdrawn_stays_so(act: Action, person: Person) -> None:
    row = suspend_person(act, person.person_id, Cause("moved_out"))
    withdraw_suspension(act, row.suspension_id)
    refused(lambda: confirm_suspension(other(act), row.suspension_id))
    again = suspend_person(act, person.person_id, Cause("moved_out"))
    late = act.now + WAITS_FOR
    refused(lambda: confirm_suspension(replace(other(act), now=late), again.suspension_id))
    assert end_due(system(act, late)) == 1
    assert (again.ended_at, person.suspended) == (late, False)


def test_a_suspension_ends_automatically_but_not_one_that_still_holds_beside_it(
    act: Action, person: Person
) -> None:
    suspend_for_days(act, person.person_id, 2)
    suspend_for_days(other(act), person.person_id, 5)
    for days, suspended in ((1, True), (3, True), (5, False)):
        end_due(system(act, act.now + timedelta(days=days)))
        assert person.suspended is suspended
    assert person.suspended_by == ""


def test_who_is_said_to_have_asked_ends_it_on_their_own_phone(act: Action, person: Person) -> None:
    suspend_person(act, person.person_id, Cause("asked", until=act.now + timedelta(days=6)))
    resume_person(by_phone(act, person.person_id), person.person_id)
    assert not person.suspended
    suspend_for_days(other(act), person.person_id)
    refused(lambda: resume_person(by_phone(act, person.person_id), person.person_id))


def test_each_partys_button_writes_a_reason_of_the_list_and_a_duress_pin_is_nowhere(
    act: Action, person: Person
) -> None:
    card = issue_card(act, person.person_id, 78)
    for doing, reason in (
        (by_phone(act, person.person_id), "asked"),
        (replace(act, role="guard"), "lost"),
        (act, "lost"),
        (replace(act, channel="home"), "home"),
    ):
        suspend_credential(doing, card.credential_id)
        rows = act.session.scalars(select(Suspension).where(Suspension.ended_at.is_(None))).all()
        assert [row.reason for row in rows] == [reason]
        resume_credential(act, card.credential_id)
    hidden = act.session.get_one(CredentialRow, card.credential_id)
    hidden.duress = True
    suspend_credential(act, card.credential_id)
    assert act.session.scalars(select(Suspension).where(Suspension.ended_at.is_(None))).all() == []


def test_moving_out_ends_what_suspends(act: Action, person: Person) -> None:
    suspend_for_days(act, person.person_id)
    move_out(act, person.person_id)
    assert act.session.scalars(select(Suspension.ended_at)).all() == [act.now]


@pytest.mark.wide
@pytest.mark.parametrize("reason", ["unpaid", "asked", "danger", "", "home"])
def test_another_system_suspends_cards_for_three_reasons_alone(
    act: Action, person: Person, reason: str
) -> None:
    card = issue_card(act, person.person_id, 78)
    issue_card(act, person.person_id, 79)
    system = replace(act, channel="api", actor_id="key:1")
    assert refused(lambda: suspend_credential(system, card.credential_id, reason)) == "reason"
    suspend_credential(system, card.credential_id, "damaged")
    assert card.state == "suspended"
