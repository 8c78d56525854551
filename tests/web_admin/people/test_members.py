"""Adults of a home act for it: invite, add a child, agree for it; never more than they may."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from gate_controller.rules.access import decide
from gate_controller.rules.decision import Decision, GateMemory, Reason
from gate_controller.rules.identify import hash_typed, identify_card, identify_typed
from tests.support.acting import add_lane, by_phone, gate_keys, gate_view, household, show_card
from web_admin.action.base import Action, Channel
from web_admin.action.phone_verification import INVITED_AGAIN
from web_admin.compound.models import Home, Person
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.child_agreements import agreement_for
from web_admin.face.ages import set_age_band
from web_admin.face.guardians import name_guardian
from web_admin.people.actions import GrantSpec, add_person, set_grants
from web_admin.people.home_helpers import (
    HelperTimes,
    add_helper,
    end_helper,
    give_helper_pin,
)
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.members import (
    add_child,
    agree_for_child,
    agree_to_addition,
    code_again,
    give_child_pin,
    invite_member,
    refuse_addition,
    set_child_card,
    take_agreement_back,
    take_invitation_back,
)
from web_admin.policy.effects import PolicyEffects
from web_admin.privacy import retention

MORNINGS = HelperTimes(date(2026, 6, 30), ("tue", "thu"), 9 * 60, 12 * 60)


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


def opens_by_card(act: Action, number: int, lane_id: str) -> bool:
    """Hold a card to the reader of a lane."""
    gate_id = lane_id.partition("-")[0]
    policy = gate_view(act, gate_id).policy
    return decide(
        identify_card(number, policy, gate_keys(act, gate_id)), lane_id, policy, GateMemory(), act.now
    ).opens


def invited(act: Action, host: Person, *, waits: bool = False, age_band: str = "adult") -> tuple[Person, str]:
    return invite_member(
        phone_of(act, host),
        host.person_id,
        display_name="Chen",
        age_band=age_band,
        language="zh",
        waits=waits,
    )


# -- members -----------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.publishing
def test_an_invited_adult_passes_as_their_host_does_and_may_invite_in_turn(act: Action, host: Person) -> None:
    set_grants(act, host.person_id, [GrantSpec(("north-in",))])
    member, code = invited(act, host)
    assert accept_invitation(act.session, act.sealer, code, act.now).person_id == member.person_id
    issue_card(act, member.person_id, 77)
    assert [opens_by_card(act, 77, lane) for lane in ("north-in", "south-in")] == [True, False]
    assert invited(act, member)[0].home_id == host.home_id


@pytest.mark.publishing
def test_where_the_office_has_to_agree_no_gate_opens_before(act: Action, host: Person) -> None:
    member, _code = invited(act, host, waits=True)
    issue_card(act, member.person_id, 77)
    assert show_card(act, 77).opens is False
    with pytest.raises(ActionRefused, match="office has to agree"):
        invited(act, member)
    with pytest.raises(ActionRefused):
        agree_to_addition(phone_of(act, host), member.person_id)
    agree_to_addition(act, member.person_id)
    assert show_card(act, 77).opens
    with pytest.raises(ActionRefused, match="decided already"):
        refuse_addition(act, member.person_id)


def test_whom_the_office_refuses_is_out(act: Action, host: Person) -> None:
    member, code = invited(act, host, waits=True)
    refuse_addition(act, member.person_id)
    assert member.ended_at is not None
    with pytest.raises(ActionRefused):
        accept_invitation(act.session, act.sealer, code, act.now)


def test_an_invitation_is_renewed_or_taken_back_until_it_is_used_and_not_after(
    act: Action, host: Person
) -> None:
    member, first = invited(act, host)
    second = code_again(phone_of(act, host), host.person_id, member.person_id)
    with pytest.raises(ActionRefused):
        accept_invitation(act.session, act.sealer, first, act.now)
    accept_invitation(act.session, act.sealer, second, act.now)
    for late in (code_again, take_invitation_back):
        with pytest.raises(ActionRefused, match="live here already"):
            late(phone_of(act, host), host.person_id, member.person_id)
    other, _code = invited(act, host)
    take_invitation_back(phone_of(act, host), host.person_id, other.person_id)
    assert (other.ended_at is not None, member.ended_at) == (True, None)


@pytest.mark.publishing
def test_who_lives_here_by_the_offices_card_alone_is_no_more_at_the_homes_mercy(
    act: Action, host: Person
) -> None:
    """Grandmother never opened the page: no member reads her records with a fresh code, or puts her out."""
    grandmother, _code = invited(act, host)
    issue_card(act, grandmother.person_id, 77)
    for late in (code_again, take_invitation_back):
        with pytest.raises(ActionRefused, match="live here already"):
            late(phone_of(act, host), host.person_id, grandmother.person_id)
    assert grandmother.ended_at is None
    assert opens_by_card(act, 77, "north-in")


@pytest.mark.wide
@pytest.mark.parametrize("kind", ["minor", "helper", "suspended", "unproven", "stranger"])
def test_only_a_living_proven_adult_of_the_home_does_anything_for_it(
    act: Action, host: Person, kind: str
) -> None:
    changes = {
        "minor": {"age_band": "14_17"},
        "helper": {"kind": "helper"},
        "suspended": {"suspended": True},
        "unproven": {"phone_unproven": INVITED_AGAIN},
        "stranger": {"home_id": None},
    }[kind]
    for name, value in changes.items():
        setattr(host, name, value)
    act.session.flush()
    with pytest.raises(ActionRefused):
        invited(act, host)
    with pytest.raises(ActionRefused):
        helper_of(act, host)


def test_no_resident_acts_in_the_name_of_another_or_on_another_home(act: Action, host: Person) -> None:
    other = household(act, "4-1", "Wu")[1]
    helper = helper_of(act, host)
    with pytest.raises(ActionRefused):
        invite_member(
            phone_of(act, other),
            host.person_id,
            display_name="x",
            age_band="adult",
            language="zh",
            waits=False,
        )
    for wrong in (end_helper, give_helper_pin):
        with pytest.raises(ActionRefused, match="no such"):
            wrong(phone_of(act, other), other.person_id, helper.person_id)


# -- children ----------------------------------------------------------------------------------------


TEXT = "I agree to a card and a PIN."


def child_of(act: Action, host: Person, **changes: object) -> Person:
    wanted = {
        "display_name": "Bao",
        "until": None,
        "agrees_to": TEXT,
        "language": "zh",
        "waits": False,
        **changes,
    }
    return add_child(phone_of(act, host), host.person_id, **wanted)  # type: ignore[arg-type]


@pytest.mark.wide
@pytest.mark.publishing
def test_a_child_gets_a_pin_by_a_guardian_who_agreed_and_loses_it_with_the_agreement(
    act: Action, lived_in: tuple[Home, Person]
) -> None:
    home, host = lived_in
    child = child_of(act, host)
    issue_card(act, child.person_id, 77)
    digits = give_child_pin(phone_of(act, host), host.person_id, child.person_id)
    assert (types(act, home, digits).opens, show_card(act, 77).opens) == (True, True)
    assert [row.known_to_home for row in child.credentials if row.kind == "pin"] == [True]
    take_agreement_back(phone_of(act, host), host.person_id, child.person_id)
    assert (types(act, home, digits).opens, show_card(act, 77).opens) == (False, False)
    with pytest.raises(ActionRefused, match="agree first"):
        give_child_pin(phone_of(act, host), host.person_id, child.person_id)
    agree_for_child(phone_of(act, host), host.person_id, child.person_id, "en", TEXT)
    agreement = agreement_for(act, child)
    assert agreement is not None
    assert (agreement.guardian_id, agreement.channel, agreement.language) == (host.person_id, "phone", "en")
    assert agreement.text == TEXT


@pytest.mark.wide
@pytest.mark.parametrize("channel", ["desk", "manager"])
def test_staff_never_agree_for_a_guardian(act: Action, host: Person, channel: Channel) -> None:
    child = child_of(act, host)
    take_agreement_back(phone_of(act, host), host.person_id, child.person_id)
    with pytest.raises(ActionRefused, match="on their own phone"):
        agree_for_child(replace(act, channel=channel), host.person_id, child.person_id, "zh", TEXT)
    assert agreement_for(act, child) is None


def test_an_agreement_that_was_taken_back_is_kept_as_long_as_evidence_is(
    act: Action, host: Person, web_config: WebConfig, database: Database
) -> None:
    child = child_of(act, host)
    take_agreement_back(phone_of(act, host), host.person_id, child.person_id)
    rule = retention.RULES["child_agreements_deleted"]
    menjin = Menjin(web_config, database, act.sealer, lambda: act.now, PolicyEffects(act.sealer))
    for days, due in ((1095, 0), (1097, 1)):
        rows = rule.rows(menjin, act.now + timedelta(days=days))
        assert len(act.session.scalars(select(rule.table).where(rows)).all()) == due


def test_without_agreement_no_child_is_added_and_the_day_of_14_is_no_other(act: Action, host: Person) -> None:
    for changes, field in (({"agrees_to": None}, "agrees"), ({"until": date(2041, 1, 1)}, "until")):
        with pytest.raises(ActionRefused) as refused:
            child_of(act, host, **changes)
        assert refused.value.field == field


def test_where_the_office_checked_a_guardian_only_they_act_for_the_child(act: Action, host: Person) -> None:
    child = child_of(act, host)
    mother = add_person(act, display_name="Mother", home_id=host.home_id)
    name_guardian(act, child.person_id, mother.person_id)
    with pytest.raises(ActionRefused, match="Only a guardian"):
        give_child_pin(phone_of(act, host), host.person_id, child.person_id)
    assert agree_for_child(phone_of(act, mother), mother.person_id, child.person_id, "zh", TEXT) is None
    assert give_child_pin(phone_of(act, mother), mother.person_id, child.person_id)


@pytest.mark.wide
@pytest.mark.publishing
def test_a_guardian_suspends_a_childs_card_and_never_an_adults(act: Action, host: Person) -> None:
    child = child_of(act, host)
    wife = add_person(act, display_name="Wife", home_id=host.home_id)
    cards = {
        person: issue_card(act, person.person_id, number).credential_id
        for person, number in ((child, 77), (wife, 78))
    }
    set_child_card(phone_of(act, host), host.person_id, child.person_id, cards[child], suspended=True)
    assert show_card(act, 77).reason is Reason.CREDENTIAL_SUSPENDED
    set_child_card(phone_of(act, host), host.person_id, child.person_id, cards[child], suspended=False)
    assert show_card(act, 77).opens
    for person_id, card_id in ((wife.person_id, cards[wife]), (child.person_id, cards[wife])):
        with pytest.raises(ActionRefused):
            set_child_card(phone_of(act, host), host.person_id, person_id, card_id, suspended=True)
    set_age_band(act, child.person_id, "adult")
    with pytest.raises(ActionRefused):
        give_child_pin(phone_of(act, host), host.person_id, child.person_id)


def test_a_new_invitation_by_the_office_is_no_business_of_the_home(act: Action, host: Person) -> None:
    member, code = invited(act, host)
    accept_invitation(act.session, act.sealer, code, act.now)
    invite(act, member.person_id)
    assert member.phone_unproven == INVITED_AGAIN
