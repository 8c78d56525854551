"""Ways in that no one has in hand yet lead no one home: acts that leave nothing else need a reason."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household
from tests.web_admin.action.kept_out import hand_out_new_pins, open_page, rows, sent, use
from web_admin.action.base import Action, DeskPerson
from web_admin.action.lock_outs import LockOutRefused
from web_admin.compound.models import CredentialRow, Lane, Person
from web_admin.compound.queries import places_of_site
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.last_way_in import LastWayIn
from web_admin.credentials.phones import ensure_online_qr
from web_admin.credentials.pins import issue_pin
from web_admin.gates.actions import save_lane
from web_admin.gates.places import save_place, sort_gates
from web_admin.gates.rules import spec_of
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.invitations import accept_invitation, invite

pytestmark = pytest.mark.publishing

OUTER, BUILDING, GYM, POOL, ELSEWHERE = (f"{gate}-in" for gate in ("north", "three", "gym", "pool", "four"))
Act = Callable[[Action, str], object]


@pytest.fixture
def person(act: Action) -> Person:
    """Return someone of building 3, whose way leads over the north gate and the building's door."""
    add_lane(act)
    for gate_id, kind, code in (("three", "building", "3"), ("four", "building", "4")):
        add_lane(act, gate_id)
        sort_gates(act, {gate_id: save_place(act, None, kind=kind, name=gate_id, code=code).place_id})
    for gate_id in ("gym", "pool"):
        add_lane(act, gate_id)
    _, person = household(act)
    person.language = "en"
    person.methods = ["card", "pin", "qr"]
    act.session.add(
        NotificationSubscription(
            person_id=person.person_id,
            channel="mail",
            address="lin@example.org",
            kinds=["card_stopped"],
            confirmed_at=act.now,
        )
    )
    set_grants(replace(act, because="asked"), person.person_id, [GrantSpec((OUTER, BUILDING, GYM))])
    return person


def card_in_hand(act: Action, person: Person) -> CredentialRow:
    card = issue_card(act, person.person_id, 77)
    use(act, card)
    return card


def pin_in_hand(act: Action, person: Person) -> CredentialRow:
    issue_pin(by_phone(act, person.person_id), person.person_id)
    wanted = select(CredentialRow).where(CredentialRow.kind == "pin", CredentialRow.state == "active")
    return act.session.scalars(wanted).one()


def test_the_places_of_this_compound_are_those_of_its_gates(act: Action, person: Person) -> None:
    places = places_of_site(act.session, act.site_id)
    assert [place.kind for place in places.way(places.of_home(person.home))] == ["outer", "building"]


@pytest.mark.parametrize(
    "lanes",
    [(OUTER, GYM), (OUTER, GYM, POOL, ELSEWHERE), (GYM, POOL, ELSEWHERE)],
    ids=["only_door", "another_building", "all_elsewhere"],
)
def test_who_loses_the_door_of_their_building_has_no_way_home_whatever_else_stays(
    act: Action, person: Person, lanes: tuple[str, ...]
) -> None:
    card_in_hand(act, person)
    both = GrantSpec((OUTER, BUILDING, GYM, POOL, ELSEWHERE))
    for given_first in ([], [both]):
        for spec in given_first:
            set_grants(act, person.person_id, [spec])
        with pytest.raises(LockOutRefused), act.session.begin_nested():
            set_grants(act, person.person_id, [GrantSpec(lanes)])
    assert rows(act) == []
    set_grants(replace(act, because="asked"), person.person_id, [GrantSpec(lanes)])
    assert rows(act) == [("grants_set", "asked", "office")]


@pytest.mark.parametrize("lanes", [(OUTER, BUILDING), (OUTER, BUILDING, GYM, POOL)])
def test_what_leads_elsewhere_comes_and_goes_unasked(
    act: Action, person: Person, lanes: tuple[str, ...]
) -> None:
    card_in_hand(act, person)
    set_grants(act, person.person_id, [GrantSpec(lanes)])
    assert rows(act) == []


def test_an_invitation_again_takes_the_code_of_the_phone_for_a_reason_alone(
    act: Action, person: Person
) -> None:
    open_page(act, person, invite(act, person.person_id))
    with pytest.raises(LockOutRefused) as refused, act.session.begin_nested():
        invite(act, person.person_id)
    assert refused.value.reasons == ("lost", "asked")
    invite(replace(act, because="lost"), person.person_id)
    assert rows(act) == [("person_invited", "lost", "office")]
    (text,) = sent(act)
    assert "You were invited to your page again" in text
    assert "by the property office" in text


def test_an_invitation_again_asks_nothing_where_a_card_is_in_hand(act: Action, person: Person) -> None:
    card_in_hand(act, person)
    open_page(act, person, invite(act, person.person_id))
    invite(act, person.person_id)
    assert rows(act) == []


NEW_PINS: dict[str, Act] = {
    "of_one_person": issue_pin,
    "of_a_building": lambda act, _person_id: hand_out_new_pins(act, "3"),
}


@pytest.mark.parametrize("new_pin", NEW_PINS)
def test_a_new_pin_in_place_of_the_last_way_needs_a_reason_and_says_what_and_by_whom(
    act: Action, person: Person, new_pin: str
) -> None:
    pin_in_hand(act, person)
    with pytest.raises(LockOutRefused), act.session.begin_nested():
        NEW_PINS[new_pin](act, person.person_id)
    NEW_PINS[new_pin](replace(act, because="asked"), person.person_id)
    assert rows(act) == [("pin_issued", "asked", "office")]
    locked_out, gave = sorted(sent(act), key=lambda text: "gave you a new PIN" in text)
    assert "A new PIN was made for you" in locked_out
    assert "by the property office" in locked_out
    assert "gave you a new PIN; the old one no longer opens" in gave


def test_a_first_pin_and_one_beside_a_card_ask_nothing(act: Action, person: Person) -> None:
    issue_pin(act, person.person_id)
    issue_pin(act, person.person_id)
    card_in_hand(act, person)
    pin_in_hand(act, person)
    issue_pin(act, person.person_id)
    assert rows(act) == []


HIDDEN: dict[str, Act] = {
    "card_in_a_drawer": lambda act, person_id: issue_card(act, person_id, 78),
    "pin_that_no_person_knows": issue_pin,
}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_lies_in_a_drawer_takes_the_place_of_no_card(act: Action, person: Person, hidden: str) -> None:
    card = card_in_hand(act, person)
    HIDDEN[hidden](act, person.person_id)
    with pytest.raises(LockOutRefused), act.session.begin_nested():
        end_credential(act, card.credential_id, "new one given")
    with pytest.raises(LastWayIn), act.session.begin_nested():
        end_credential(replace(act, channel="api", actor_id="key:1"), card.credential_id, "lost")
    end_credential(act, card.credential_id, "lost")
    assert rows(act) == [("credential_ended", "lost", "office")]


def test_a_new_card_that_has_opened_a_gate_takes_the_place_of_the_old_one(
    act: Action, person: Person
) -> None:
    card, new = card_in_hand(act, person), issue_card(act, person.person_id, 78)
    use(act, new)
    end_credential(replace(act, channel="api", actor_id="key:1"), card.credential_id, "lost")
    assert rows(act) == []


def test_a_card_handed_over_in_a_visit_at_the_desk_takes_its_place_at_once(
    act: Action, person: Person
) -> None:
    card = card_in_hand(act, person)
    served = replace(act, channel="desk", served=DeskPerson("visit", person.person_id))
    issue_card(served, person.person_id, 78)
    end_credential(act, card.credential_id, "worn out")
    assert rows(act) == []


def test_a_lane_that_takes_only_what_no_person_has_seen_is_no_way_home(act: Action, person: Person) -> None:
    pin_in_hand(act, person)
    issue_card(act, person.person_id, 78)
    lane = spec_of(act.session.get_one(Lane, BUILDING))
    with pytest.raises(LockOutRefused), act.session.begin_nested():
        save_lane(act, "three", replace(lane, methods=("card",)))
    save_lane(replace(act, because="works"), "three", replace(lane, methods=("card",)))
    assert rows(act) == [("lane_saved", "works", "office")]


def test_a_phone_that_its_person_has_not_shown_to_be_theirs_takes_no_place(
    act: Action, person: Person
) -> None:
    card = card_in_hand(act, person)
    accept_invitation(act.session, act.sealer, invite(act, person.person_id), act.now)
    ensure_online_qr(by_phone(act, person.person_id), person.person_id)
    with pytest.raises(LockOutRefused):
        end_credential(act, card.credential_id, "new one given")
