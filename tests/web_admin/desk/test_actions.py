"""A visit at the desk begins with the person's own card or PIN, and with nothing else."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import (
    CARD_OF_WANG,
    card_of,
    give_pins,
    look_for_proof,
    press,
    read,
    served_with_card,
    served_with_pin,
    show_at_a_gate,
    tap,
    type_pin,
    use_before_today,
)
from tests.web_admin.desk.visits import entries
from tests.web_admin.manage.forms import send
from web_admin.action.base import new_action
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import suspend_credential
from web_admin.desk.models import DeskVisitRow
from web_admin.people.invitations import accept_invitation, invite


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


def act_of_office(compound, session, channel="manager"):
    return new_action(current_menjin(), session, compound.site_id, "tests", channel, now=compound.clock())


# -- opening ---------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.parametrize("role", ["manager", "guard"])
def test_a_card_held_to_the_desk_reader_opens_its_holders_pages(compound, wang, role):
    client = compound.signed_in(role)
    assert client.get("/r/").status_code == 403
    opened = served_with_card(client, f"{CARD_OF_WANG}\n")
    assert (opened.status_code, opened.location) == (303, "/r/")
    page = client.get("/r/").text
    assert "At the desk for home 3‑1203" in page
    assert "ends in 10 min" in page
    assert 'class="at-desk"' in page
    assert read(compound, lambda s: s.scalars(select(DeskVisitRow.person_id)).all()) == [wang]


@pytest.mark.wide
@pytest.mark.parametrize("home", ["3-1203", "31203"])
def test_home_number_and_pin_open_the_pages_of_whose_pin_it_is(compound, wang, home):
    pins = give_pins(compound)
    client = compound.signed_in("guard")
    assert served_with_pin(client, home, pins.usual).location == "/r/"
    assert client.get("/r/").status_code == 200
    (opened,) = entries(compound, "desk_opened")
    assert (opened.person_id, opened.facts["by"]) == (wang, "pin")


@pytest.mark.wide
@pytest.mark.parametrize("number", ["4299999", "0", "not a card"])
def test_an_unknown_card_opens_nothing_and_shows_no_name(compound, number):
    client = compound.signed_in()
    answer = served_with_card(client, number)
    assert answer.location in ("/manage/desk?again=1", "/manage/desk?over=1")
    page = client.get(answer.location)
    assert [name for name in compound.persons if name in page.text] == []
    assert client.get("/r/").status_code in (303, 403)


def test_a_suspended_card_opens_no_visit_and_looks_like_any_other_number(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        suspend_credential(act_of_office(compound, session), card_of(session, wang))
    client = compound.signed_in()
    begun, unknown = tap(client), tap(compound.signed_in("guard"), "4299999")
    assert (begun.status_code, begun.location) == (unknown.status_code, unknown.location)
    assert served_with_card(client).location == "/manage/desk?again=1"
    assert {(e.facts["by"], e.person_id) for e in entries(compound, "desk_asked")} == {("card", None)}


@pytest.mark.wide
def test_a_duress_pin_opens_as_usual_and_calls_for_help_in_silence(compound, wang):
    pins = give_pins(compound)
    calm, forced = compound.signed_in("manager"), compound.signed_in("guard")
    answers = [served_with_pin(calm, "3-1203", pins.usual), served_with_pin(forced, "3-1203", pins.duress)]
    assert [(a.status_code, a.location) for a in answers] == [(303, "/r/")] * 2
    alarms = read(compound, lambda s: s.scalars(select(Alarm.kind).order_by(Alarm.raised_at)).all())
    assert alarms.count("alarm_duress_at_desk") >= 1
    for page in ("/r/", "/r/records", "/r/records/export.json"):
        assert "duress" not in forced.get(page).text.lower()
    assert {alarm.person_id for alarm in entries(compound, "alarm_duress_at_desk")} == {None}
    assert {v.facts["by"] for v in entries(compound, "desk_opened")} == {"pin"}


@pytest.mark.wide
@pytest.mark.parametrize("which", ["usual", "duress"])
def test_a_person_invited_again_is_believed_after_proof_whichever_pin_they_typed(compound, wang, which):
    """A person who watches must not learn from the phone which of the two it was."""
    pins = give_pins(compound)
    with compound.app.app_context(), current_menjin().database.session() as session:
        for _time in range(2):
            code = invite(act_of_office(compound, session), wang)
            accept_invitation(session, current_menjin().sealer, code, compound.clock())
    client = compound.signed_in("guard")

    def paused():
        return read(compound, lambda s: s.get_one(Person, wang).phone_unproven)

    assert paused() == "invited_again"
    assert type_pin(client, "3-1203", getattr(pins, which)).status_code == 303
    assert paused() == "invited_again"
    use_before_today(compound.app)
    show_at_a_gate(compound.app)
    assert look_for_proof(client).location == "/r/"
    assert paused() is None


@pytest.mark.wide
def test_a_pin_that_the_home_gave_opens_a_visit_without_the_persons_records(compound, wang):
    """The person who gave it knows it, and may come to the desk with it."""
    pins = give_pins(compound)
    with compound.app.app_context(), current_menjin().database.session() as session:
        for row in session.scalars(select(CredentialRow).where(CredentialRow.kind == "pin")):
            row.known_to_home = True
        session.get_one(Person, wang).phone_unproven = "invited"
    client = compound.signed_in("guard")
    assert served_with_pin(client, "3-1203", pins.usual).location == "/r/"
    for path in ("/r/records", "/r/records/export.json", "/r/requests"):
        refused = client.get(path)
        assert (refused.status_code, refused.location) == (303, "/r/")
    assert "others may know it" in client.get("/r/").text
    assert read(compound, lambda s: s.get_one(Person, wang).phone_unproven) == "invited"
    served_with_card(client)
    assert client.get("/r/records").status_code == 200
    assert read(compound, lambda s: s.get_one(Person, wang).phone_unproven) is None


# -- what the office has just made -------------------------------------------------------------------

NEW_CARD = "4242077"


def office_makes_card_and_pin(compound, wang):
    """Give a card and a PIN through the office's pages; return the PIN as the office reads it."""
    client = compound.signed_in("manager")
    page = f"/manage/people/{wang}"
    assert send(client, f"/manage/cards/give/{wang}", number=NEW_CARD).status_code == 303
    shown = send(client, page, f"{page}/pin").text
    return re.search(r'<p class="code">(\d{6})</p>', shown)[1]


def type_both(client, pin):
    tap(client, NEW_CARD)
    return press(client, "/manage/desk", "/manage/desk/proof/pin", pin=pin)


def test_a_card_and_a_pin_that_the_office_has_just_made_prove_no_one(compound, wang):
    pin = office_makes_card_and_pin(compound, wang)
    client = compound.signed_in("manager")
    refused = type_both(client, pin)
    assert refused.status_code == 422
    assert "was made within the last day" in refused.text
    assert client.get("/r/records/export.json").status_code == 303
    show_at_a_gate(compound.app)
    assert look_for_proof(client).status_code == 422
    assert entries(compound, "desk_opened") == []
    compound.clock.now += timedelta(hours=25)
    client = compound.signed_in_again("manager")
    assert type_both(client, pin).status_code == 422, "no gate has seen them yet"
    use_before_today(compound.app)
    assert type_both(client, pin).location == "/r/"


def test_a_pin_used_at_gates_for_days_proves_nothing_beside_a_card_made_today(compound, wang):
    pins = give_pins(compound)
    use_before_today(compound.app)
    office_gives = send(compound.signed_in("manager"), f"/manage/cards/give/{wang}", number=NEW_CARD)
    assert office_gives.status_code == 303
    client = compound.signed_in("guard")
    type_pin(client, "3-1203", pins.usual)
    refused = press(client, "/manage/desk", "/manage/desk/proof/card", number=NEW_CARD)
    assert (refused.status_code, client.get("/r/").status_code) == (422, 303)
