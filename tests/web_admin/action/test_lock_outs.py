"""Acts that keep people out need a reason of the list; the people are notified, and each is kept as a row."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.calendars import Span
from tests.support.acting import add_lane, audit_kinds, by_phone, household
from tests.web_admin.action.kept_out import rows, sent
from web_admin.action.base import Action, Channel
from web_admin.action.lock_outs import LockOutRefused
from web_admin.compound.models import Person
from web_admin.credentials.actions import choose_methods, end_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.gates.hours import save_hours
from web_admin.gates.orders import clear_override, lockdown_site, set_override, unlock_site
from web_admin.journal.models import AuditEntry
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.people.bulk_actions import grant_hours, undo_bulk_act
from web_admin.people.bulk_queries import ACTED
from web_admin.people.home_helpers import HelperTimes, add_helper
from web_admin.people.homes import correct_home

pytestmark = pytest.mark.publishing

BOTH = ("north-in", "south-in")
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")


@pytest.fixture
def person(act: Action) -> Person:
    add_lane(act)
    add_lane(act, "south")
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    act.session.add(
        NotificationSubscription(
            person_id=person.person_id,
            channel="mail",
            address="lin@example.org",
            kinds=["card_stopped"],
            confirmed_at=act.now,
        )
    )
    return person


def test_an_act_that_takes_all_lanes_asks_why_and_names_whom_it_keeps_out(
    act: Action, person: Person
) -> None:
    with pytest.raises(LockOutRefused) as refused, act.session.begin_nested():
        set_grants(act, person.person_id, [])
    assert refused.value.person_ids == [person.person_id]
    assert [reason.value for reason in refused.value.reasons] == ["asked", "moved_out"]
    assert rows(act) == []


def test_with_a_reason_it_is_done_kept_as_a_row_and_sent_to_the_person(act: Action, person: Person) -> None:
    set_grants(replace(act, because="moved_out"), person.person_id, [])
    assert rows(act) == [("grants_set", "moved_out", "office")]
    assert audit_kinds(act)[-1] == "locked_out"
    assert any("no way home now" in text or "\u65e0\u6cd5" in text for text in sent(act))


@pytest.mark.wide
@pytest.mark.parametrize("because", ["unpaid", "works", "lost", "order", "other", "home"])
def test_a_reason_that_is_not_of_such_an_act_is_none(act: Action, person: Person, because: str) -> None:
    with pytest.raises(LockOutRefused):
        set_grants(replace(act, because=because), person.person_id, [])


@pytest.mark.wide
def test_a_minute_a_week_and_days_without_a_way_in_are_no_way_home(act: Action, person: Person) -> None:
    tiny = save_hours(act, None, "tiny", (Span(("mon",), 180, 181),))
    set_grants(act, person.person_id, [GrantSpec(("south-in",))])  # without places any lane is a way home
    assert rows(act) == []
    for specs in (
        [GrantSpec(BOTH, tiny.hours_id)],
        [GrantSpec(BOTH, valid_until=act.now + timedelta(days=90))],
        [GrantSpec(BOTH, valid_from=act.now + timedelta(days=6))],
    ):
        with pytest.raises(LockOutRefused), act.session.begin_nested():
            set_grants(act, person.person_id, specs)


def test_what_leaves_more_than_half_asks_for_nothing(act: Action, person: Person) -> None:
    days = save_hours(act, None, "days", (Span(EVERY_DAY, 360, 1380),))
    set_grants(act, person.person_id, [GrantSpec(BOTH, days.hours_id)])
    assert rows(act) == []


def test_a_resident_whom_a_list_calls_staff_is_kept_out_as_well(act: Action, person: Person) -> None:
    person.kind = "staff"
    with pytest.raises(LockOutRefused):
        set_grants(act, person.person_id, [])


def grants_set(act: Action, person: Person) -> None:
    set_grants(act, person.person_id, [GrantSpec(BOTH)])


def grant_undone(act: Action, person: Person) -> None:
    undo_bulk_act(act, act.session.scalars(select(AuditEntry.seq).where(AuditEntry.kind == ACTED)).one())


@pytest.mark.parametrize(
    ("take", "kind"), [(grants_set, "grants_set"), (grant_undone, "people_act_undone")], ids=["set", "undone"]
)
def test_a_helper_whose_grants_go_with_those_of_their_member_is_kept_out_as_well(
    act: Action, person: Person, take: Callable[[Action, Person], None], kind: str
) -> None:
    add_lane(act, "garage")
    grant_hours(act, [person.person_id], GrantSpec(("garage-in",)))
    helper = add_helper(
        by_phone(act, person.person_id),
        person.person_id,
        display_name="Helper",
        lanes=("garage-in",),
        times=HelperTimes(act.now.date() + timedelta(days=90)),
        language="en",
    )
    issue_card(act, helper.person_id, 79)
    with pytest.raises(LockOutRefused) as refused, act.session.begin_nested():
        take(act, person)
    assert refused.value.person_ids == [helper.person_id]
    take(replace(act, because="moved_out"), person)
    assert rows(act) == [(kind, "moved_out", "office")]


@pytest.mark.wide
@pytest.mark.parametrize("channel", ["phone", "gate"])
def test_what_people_do_themselves_is_theirs_to_do(act: Action, person: Person, channel: Channel) -> None:
    card = person.credentials[0].credential_id
    suspend_credential(by_phone(act, person.person_id, channel), card)
    assert rows(act) == []


@pytest.mark.wide
def test_moving_out_keeps_no_one_out_and_staff_have_no_home_here(act: Action, person: Person) -> None:
    guard = add_person(act, display_name="Guard", kind="staff")
    issue_card(act, guard.person_id, 78)
    set_grants(act, guard.person_id, [])
    move_out(act, person.person_id)
    assert rows(act) == []


def test_the_last_card_goes_for_a_reason_of_the_list_alone(act: Action, person: Person) -> None:
    card = person.credentials[0].credential_id
    with pytest.raises(LockOutRefused), act.session.begin_nested():
        end_credential(act, card, "fees of the car park")
    end_credential(act, card, "returned")
    assert rows(act) == [("credential_ended", "returned", "office")]


def test_the_last_card_that_is_suspended_is_kept_with_its_reason(act: Action, person: Person) -> None:
    suspend_credential(act, person.credentials[0].credential_id)
    assert rows(act) == [("credential_suspended", "lost", "office")]


def test_a_way_that_no_lane_takes_is_no_other_way_for_a_system(act: Action) -> None:
    add_lane(act, methods=("card",))
    _, person = household(act)
    card = issue_card(act, person.person_id, 77)
    issue_pin(act, person.person_id)
    choose_methods(by_phone(act, person.person_id), person.person_id, {"card", "pin"})
    with pytest.raises(LockOutRefused) as refused:
        suspend_credential(replace(act, channel="api", actor_id="key:1"), card.credential_id, "lost")
    assert refused.value.reasons == ()


def test_a_pin_that_others_replace_is_said_to_its_person(act: Action, person: Person) -> None:
    person.language = "en"
    issue_pin(act, person.person_id)
    assert sent(act) == []
    issue_pin(by_phone(act, person.person_id), person.person_id)
    assert sent(act) == []
    issue_pin(act, person.person_id)
    assert ["new PIN" in text for text in sent(act)] == [True]


@pytest.mark.wide
@pytest.mark.parametrize("posture", ["disabled", "lockdown"])
def test_an_order_for_many_days_asks_why_and_a_short_one_waits_for_nothing(
    act: Action, person: Person, posture: str
) -> None:
    set_override(act, "north-in", posture, "glass", act.now + timedelta(days=3))
    clear_override(act, "north-in")
    set_override(act, "south-in", posture, "glass", act.now + timedelta(days=20))
    assert rows(act) == []
    with pytest.raises(LockOutRefused), act.session.begin_nested():
        set_override(act, "north-in", posture, "glass", act.now + timedelta(days=20))
    set_override(replace(act, because="works"), "north-in", posture, "glass", act.now + timedelta(days=20))
    assert rows(act) == [("posture_set", "works", "office")]


def test_a_lockdown_of_many_days_asks_why_and_one_of_hours_waits_for_nothing(
    act: Action, person: Person
) -> None:
    lockdown_site(act, "drill", act.now + timedelta(hours=8))
    unlock_site(act)
    assert rows(act) == []
    with pytest.raises(LockOutRefused):
        lockdown_site(act, "drill", act.now + timedelta(days=10))


def test_who_is_said_to_have_moved_out_reads_it_and_who_to_contact(act: Action, person: Person) -> None:
    move_out(act, person.person_id)
    assert any("moved out" in text or "\u642c\u79bb" in text for text in sent(act))


@pytest.mark.wide
@pytest.mark.parametrize("channel", ["phone", "home"])
def test_a_move_out_by_the_person_or_the_home_sends_no_message_of_the_office(
    act: Action, person: Person, channel: Channel
) -> None:
    move_out(by_phone(act, person.person_id, channel), person.person_id)
    assert not any("moved out" in text or "\u642c\u79bb" in text for text in sent(act))


def test_another_number_of_the_home_which_a_pin_follows_is_sent_to_its_people(
    act: Action, person: Person
) -> None:
    assert person.home_id is not None
    correct_home(act, person.home_id, "8-808")
    assert any("8-808" in text for text in sent(act))
