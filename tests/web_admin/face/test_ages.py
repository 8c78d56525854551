"""Age bands: the day one ends, and what pauses or is never offered by it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.support.acting import (
    add_lane,
    by_phone,
    gate_view,
    household,
    offer_face,
    show_card,
)
from web_admin.action.base import Action, publish
from web_admin.compound.models import Gate, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.custody.leases import leases_for
from web_admin.custody.models import Consent
from web_admin.face.actions import face_state, give_face_consent
from web_admin.face.ages import set_age_band, settle_ages
from web_admin.face.guardian_requests import answer_guardian, ask_guardians
from web_admin.face.renewals import renewal_of
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home


@pytest.fixture
def family(act: Action) -> tuple[Action, Person, Person]:
    """Return the action, a mother and her son of 15, each with a card, at a gate that offers face."""
    add_lane(act)
    offer_face(act)
    home, mother = household(act, name="Mother")
    son = add_person(act, display_name="Son", home_id=home.home_id, age_band="14_17")
    for number, person in enumerate((mother, son), start=70):
        issue_card(act, person.person_id, number)
    return act, mother, son


def agree(act: Action, mother: Person, son: Person) -> Consent:
    (request,) = ask_guardians(by_phone(act, son.person_id), son.person_id, [mother.person_id], 1, "zh")
    consent = answer_guardian(by_phone(act, mother.person_id), request.request_id, agrees=True, language="en")
    assert consent is not None
    return consent


@pytest.mark.wide
@pytest.mark.publishing
def test_under_14_nothing_of_face_is_offered(family: tuple[Action, Person, Person]) -> None:
    act, mother, son = family
    agree(act, mother, son)
    set_age_band(act, son.person_id, "under_14", act.now.date() + timedelta(days=400))
    view = gate_view(act)
    assert son.person_id not in view.face_roster
    assert son.person_id not in view.face_offers
    for channel in ("phone", "gate"):
        with pytest.raises(ActionRefused, match="under 14"):
            give_face_consent(
                by_phone(act, son.person_id, channel),
                son.person_id,
                1,
                "zh",  # type: ignore[arg-type]
                guardian_id=mother.person_id,
            )
    assert show_card(act, 71).opens


@pytest.mark.wide
@pytest.mark.publishing
def test_on_the_day_of_18_face_pauses_automatically_and_is_asked_for_again(
    family: tuple[Action, Person, Person],
) -> None:
    act, mother, son = family
    agree(act, mother, son)
    birthday = act.now.date() + timedelta(days=10)
    set_age_band(act, son.person_id, "14_17", birthday)
    until = gate_view(act).face_roster[son.person_id].valid_until
    assert until is not None
    assert until.astimezone().date() <= birthday
    later = replace(act, now=act.now + timedelta(days=11))
    gate = later.session.get_one(Gate, "north")
    publish(later)  # any publication, before a guardian settled anything
    assert son.person_id not in gate_view(later).face_roster
    assert settle_ages(later) == 1
    publish(later)
    assert leases_for(later.session, later.sealer, gate) == ()
    assert (son.age_band, son.age_band_until) == ("adult", None)
    state = face_state(later.session, son.person_id)
    assert (state.state, state.paused_reason) == ("paused", "came_of_age")
    assert show_card(later, 71).opens
    give_face_consent(by_phone(later, son.person_id), son.person_id, 1, "zh")
    assert face_state(later.session, son.person_id).state == "on"


@pytest.mark.publishing
def test_at_14_the_band_moves_and_ends_four_years_later(act: Action) -> None:
    home = add_home(act, "3-1203")
    child = add_person(act, display_name="Bao", home_id=home.home_id, age_band="under_14")
    set_age_band(act, child.person_id, "under_14", act.now.date() + timedelta(days=1))
    due = child.age_band_until
    assert due is not None
    later = replace(act, now=act.now + timedelta(days=2))
    assert settle_ages(later) == 1
    assert (child.age_band, child.age_band_until) == ("14_17", date(due.year + 4, due.month, due.day))
    assert renewal_of(act.session, child.person_id) is None
