"""Helpers of a home: who they are and what they may."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate_controller.rules.access import decide
from gate_controller.rules.decision import Decision, GateMemory, Reason
from gate_controller.rules.identify import hash_typed, identify_typed
from tests.support.acting import add_lane, at_desk, by_phone, gate_keys, gate_view, household, show_card
from web_admin.action.base import Action
from web_admin.compound.models import Home, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.people.home_helpers import (
    HelperTimes,
    add_helper,
    change_helper,
    end_helper,
    give_helper_pin,
    set_helper_card,
)
from web_admin.people.models import HomeAddition
from web_admin.people.moving import move_out_home

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = date(2026, 3, 10)
MORNINGS = HelperTimes(date(2026, 6, 30), ("tue", "thu"), 9 * 60, 12 * 60)
ALWAYS = HelperTimes(date(2026, 6, 30))


def at(act: Action, hour: int, day: date = TUESDAY) -> Action:
    """Return the same action at an hour of a Tuesday in Shanghai."""
    return replace(act, now=datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI))


@pytest.fixture
def lived_in(act: Action) -> tuple[Home, Person]:
    add_lane(act)
    add_lane(act, "south")
    return household(act)


@pytest.fixture
def host(lived_in: tuple[Home, Person]) -> Person:
    return lived_in[1]


def phone_of(act: Action, person: Person) -> Action:
    return by_phone(act, person.person_id)


def helper_of(
    act: Action, host: Person, times: HelperTimes = MORNINGS, lanes: tuple[str, ...] = ("north-in",)
) -> Person:
    return add_helper(
        phone_of(act, host), host.person_id, display_name="Xiao Wang", lanes=lanes, times=times, language="zh"
    )


def types(act: Action, home: Home, digits: str, lane_id: str = "north-in") -> Decision:
    """Type a home's number and digits at the gate of a lane."""
    gate_id = lane_id.partition("-")[0]
    policy = gate_view(act, gate_id).policy
    tag = hash_typed(home.number, digits, policy, gate_keys(act, gate_id))
    claim = identify_typed(home.number, tag, policy)
    return decide(claim, lane_id, policy, GateMemory(), act.now)


# -- helpers -----------------------------------------------------------------------------------------


@pytest.mark.publishing
def test_a_helper_opens_with_a_pin_in_their_hours_at_their_gates_until_their_end(
    act: Action, lived_in: tuple[Home, Person]
) -> None:
    home, host = lived_in
    helper = helper_of(act, host)
    digits = give_helper_pin(phone_of(act, host), host.person_id, helper.person_id)
    assert types(at(act, 10), home, digits).opens
    assert types(at(act, 12), home, digits).reason is Reason.OUTSIDE_HOURS
    assert types(at(act, 10, date(2026, 3, 11)), home, digits).reason is Reason.OUTSIDE_HOURS
    assert types(at(act, 10), home, digits, "south-in").opens is False
    last, after = date(2026, 6, 30), date(2026, 7, 2)
    set_policy = at(act, 10, last)
    assert types(set_policy, home, digits).opens
    assert types(at(act, 10, after), home, digits).reason is Reason.EXPIRED


@pytest.mark.publishing
def test_a_helper_is_changed_renewed_and_ended_by_any_adult_of_the_home(
    act: Action, lived_in: tuple[Home, Person]
) -> None:
    home, host = lived_in
    wife = add_person(act, display_name="Wife", home_id=host.home_id)
    helper = helper_of(act, host)
    digits = give_helper_pin(phone_of(act, host), host.person_id, helper.person_id)
    change_helper(
        phone_of(act, wife),
        wife.person_id,
        helper.person_id,
        lanes=["south-in"],
        times=replace(MORNINGS, last_day=date(2026, 9, 30), days=("wed",)),
    )
    wednesday = at(act, 10, date(2026, 9, 30))
    opened = [types(wednesday, home, digits, lane).opens for lane in ("south-in", "north-in")]
    assert opened == [True, False]
    end_helper(phone_of(act, wife), wife.person_id, helper.person_id)
    assert types(at(act, 10, date(2026, 3, 11)), home, digits, "south-in").opens is False


@pytest.mark.wide
def test_hours_of_the_member_are_the_helpers_hours(act: Action, host: Person) -> None:
    hours_id = helper_of(act, host).grants[0].hours_id
    set_grants(act, host.person_id, [GrantSpec(("north-in",), hours_id=hours_id)])
    with pytest.raises(ActionRefused, match="at all hours"):
        helper_of(act, host)
    assert helper_of(act, host, ALWAYS).grants[0].hours_id == host.grants[0].hours_id


@pytest.mark.wide
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"times": replace(MORNINGS, last_day=date(2026, 3, 3))}, "last_day"),
        ({"times": replace(MORNINGS, last_day=date(2027, 3, 6))}, "last_day"),
        ({"times": replace(MORNINGS, until_minute=540)}, "ends_at"),
        ({"times": replace(MORNINGS, days=("someday",))}, "days"),
        ({"lanes": ()}, "lanes"),
    ],
)
def test_what_a_helper_cannot_have_is_refused_beside_its_field(
    act: Action, host: Person, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(ActionRefused) as refused:
        helper_of(act, host, **changes)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.publishing
def test_a_lost_card_of_a_helper_is_suspended_by_the_home(act: Action, host: Person) -> None:
    helper = helper_of(act, host, ALWAYS)
    card = issue_card(at_desk(act), helper.person_id, 77)
    set_helper_card(phone_of(act, host), host.person_id, helper.person_id, card.credential_id, suspended=True)
    assert show_card(act, 77).reason is Reason.CREDENTIAL_SUSPENDED


def test_a_helper_never_gets_more_than_the_member_has(act: Action, host: Person) -> None:
    until = datetime(2026, 5, 1, tzinfo=SHANGHAI)
    set_grants(act, host.person_id, [GrantSpec(("north-in",), valid_until=until)])
    for wanted in ({"lanes": ("south-in",)}, {"times": ALWAYS}):
        with pytest.raises(ActionRefused, match="than you, or for longer"):
            helper_of(act, host, **wanted)  # type: ignore[arg-type]
    assert helper_of(act, host, HelperTimes(date(2026, 4, 30))).grants[0].valid_until == until


@pytest.mark.publishing
def test_when_the_member_may_less_the_helper_may_less_at_once(
    act: Action, lived_in: tuple[Home, Person]
) -> None:
    home, host = lived_in
    helper = helper_of(act, host, ALWAYS, ("north-in", "south-in"))
    digits = give_helper_pin(phone_of(act, host), host.person_id, helper.person_id)
    until = act.now + timedelta(days=3)
    set_grants(replace(act, because="asked"), host.person_id, [GrantSpec(("north-in",), valid_until=until)])
    assert [types(act, home, digits, lane).opens for lane in ("north-in", "south-in")] == [True, False]
    assert helper.grants[0].valid_until == until


@pytest.mark.publishing
def test_a_helper_stays_with_the_home_and_ends_with_its_last_adult(
    act: Action, lived_in: tuple[Home, Person]
) -> None:
    home, host = lived_in
    helper = helper_of(act, host)
    wife = add_person(act, display_name="Wife", home_id=host.home_id)
    digits = give_helper_pin(phone_of(act, host), host.person_id, helper.person_id)
    move_out(act, host.person_id)
    assert types(at(act, 10), home, digits).opens
    assert act.session.get_one(HomeAddition, helper.person_id).added_by == wife.person_id
    move_out(act, wife.person_id)
    assert helper.ended_at is not None
    assert types(at(act, 10), home, digits).opens is False


def test_when_the_whole_home_moves_out_its_helpers_end_with_it_and_once(act: Action, host: Person) -> None:
    wife = add_person(act, display_name="Wife", home_id=host.home_id)
    helper = helper_of(act, host)
    assert move_out_home(act, host.home_id or "") == 3
    assert None not in [person.ended_at for person in (host, wife, helper)]


def test_a_helper_whom_no_other_adult_covers_ends_with_who_answered_for_them(
    act: Action, host: Person
) -> None:
    add_person(act, display_name="Lodger", home_id=host.home_id, lanes=["south-in"])
    helper = helper_of(act, host)
    move_out(act, host.person_id)
    assert helper.ended_at is not None
