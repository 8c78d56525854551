"""An act that leaves a person without a way home asks for a reason."""

import pytest
from sqlalchemy import select

from tests.support.act_previews import go_on, is_preview
from tests.support.compounds.desk import card_of, hidden_of
from tests.support.compounds.resident import csrf_of
from tests.web_admin.action.kept_out import open_page, use
from tests.web_admin.manage.chosen import read
from tests.web_admin.manage.forms import once_of, send
from web_admin.compound.models import CredentialRow, GrantRow, Person
from web_admin.compound.suspension_models import LockOut
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.gates.places import save_place, sort_gates
from web_admin.messages.models import OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.invitations import invite

NAME = "王芳"


@pytest.fixture
def wang(compound):
    """Return someone of building 3 with a card in hand; the east gate is the door of that building."""
    person_id = compound.persons[NAME]
    with compound.act("manager") as act:
        sort_gates(act, {"east": save_place(act, None, kind="building", name="Three", code="3").place_id})
        act.session.add(
            NotificationSubscription(
                person_id=person_id,
                channel="mail",
                address="wang@example.org",
                kinds=["card_stopped"],
                confirmed_at=act.now,
            )
        )
        act.session.get_one(Person, person_id).language = "en"
        act.session.get_one(Person, person_id).methods = ["card", "pin", "qr"]
        use(act, act.session.get_one(CredentialRow, card_of(act.session, person_id)))
    return person_id


def grants_without_the_door(compound, wang):
    return f"/manage/people/{wang}/grants", {"lanes": ["north-in", "garage-in"], "hours_id": ""}


def grants_elsewhere_that_were_given_first(compound, wang):
    with compound.act("manager") as act:
        set_grants(act, wang, [GrantSpec(("north-in", "east-in", "garage-in", "garage-out", "north-out"))])
    return f"/manage/people/{wang}/grants", {
        "lanes": ["garage-in", "garage-out", "north-out"],
        "hours_id": "",
    }


def an_invitation_again(compound, wang):
    end_card(compound, wang)
    with compound.act("manager") as act:
        open_page(act, act.session.get_one(Person, wang), invite(act, wang))
    return f"/manage/people/{wang}/invite", {}


def a_new_pin(compound, wang):
    end_card(compound, wang)
    with compound.act("manager") as act:
        issue_pin(act, wang)
        use(act, act.session.scalars(select(CredentialRow).where(CredentialRow.kind == "pin")).one())
    return f"/manage/people/{wang}/pin", {}


def end_card(compound, wang):
    with compound.act("manager") as act:
        act.session.get_one(CredentialRow, card_of(act.session, wang)).state = "ended"


def written(compound):
    return read(compound, lambda s: [(row.act, row.reason, row.party) for row in s.scalars(select(LockOut))])


def mails(compound):
    return read(compound, lambda s: [str(row.body["text"]) for row in s.scalars(select(OutboxMessage))])


ACTS = [
    (grants_without_the_door, "grants_set", "Where or when you may pass was changed."),
    (grants_elsewhere_that_were_given_first, "grants_set", "Where or when you may pass was changed."),
    (an_invitation_again, "person_invited", "You were invited to your page again"),
    (a_new_pin, "pin_issued", "A new PIN was made for you"),
]


@pytest.mark.parametrize(("prepare", "act", "what"), ACTS, ids=[each[0].__name__ for each in ACTS])
def test_the_page_asks_why_and_the_person_reads_what_and_by_whom(compound, wang, prepare, act, what):
    office = compound.signed_in("manager")
    path, fields = prepare(compound, wang)
    shown = office.get(path if fields else f"/manage/people/{wang}").text
    hidden = {"csrf_token": csrf_of(shown), "once": once_of(shown)} if fields else hidden_of(shown, path)
    asked = office.post(path, data=hidden | fields)
    assert (asked.status_code, is_preview(asked), written(compound)) == (422, True, [])
    assert "1 person has no way home, or almost none" in asked.text
    assert go_on(office, asked, lock_out="asked").status_code in (200, 303)
    assert written(compound) == [(act, "asked", "office")]
    assert any(what in text and "by the property office" in text for text in mails(compound))


@pytest.mark.parametrize("hidden", ["card", "pin"])
def test_a_card_beside_what_lies_in_a_drawer_is_kept_as_a_lock_out_and_taken_by_no_key(
    compound, wang, caller, hidden
):
    with compound.act("manager") as act:
        makes = {"card": lambda: issue_card(act, wang, 4_999_001), "pin": lambda: issue_pin(act, wang)}
        card = card_of(act.session, wang)
        makes[hidden]()
    taken = caller.call("POST", f"/cards/{card}/end", {"reason": "lost"})
    assert (taken.status_code, taken.get_json()["message"], written(compound)) == (409, "last_way_in", [])
    office, path = compound.signed_in("manager"), f"/manage/cards/{card}/end"
    fields = hidden_of(office.get(f"/manage/people/{wang}").text, path)
    office.post(path, data=fields | {"reason": "lost"})
    assert written(compound) == [("credential_ended", "lost", "office")]
    assert any("A card, PIN or code of yours was ended" in text for text in mails(compound))


def test_a_key_that_gives_a_card_ends_the_last_one_in_hand_once_the_new_one_has_opened_a_gate(
    compound, wang, caller
):
    card = read(compound, lambda s: card_of(s, wang))
    given = caller.post(f"/people/{wang}/cards", {"number": "0004999001"})
    assert caller.call("POST", f"/cards/{card}/end", {"reason": "lost"}).status_code == 409
    with compound.act("gate", "north") as act:
        use(act, act.session.get_one(CredentialRow, given["card_id"]))
    assert caller.call("POST", f"/cards/{card}/end", {"reason": "lost"}).status_code == 200
    assert written(compound) == []


def grants(compound, person_id):
    rows = select(GrantRow.grant_id).where(GrantRow.person_id == person_id)
    return read(compound, lambda s: s.scalars(rows).all())


def test_taking_all_lanes_asks_why_first_and_goes_on_with_a_reason_of_the_list(compound):
    client, person_id = compound.signed_in("manager"), compound.persons["王芳"]
    path, before = f"/manage/people/{person_id}/grants", grants(compound, person_id)
    asked = send(client, path, lanes=[], hours_id="")
    assert (asked.status_code, grants(compound, person_id)) == (422, before)
    assert "王芳" in asked.text
    assert 'value="moved_out"' in asked.text
    assert 'value="works"' not in asked.text
    again = client.post(path, data=hidden_of(asked.text, path) | {"lock_out": "unpaid"})
    assert (again.status_code, grants(compound, person_id)) == (422, before)
    assert "A debt is none" in again.text
    done = client.post(path, data=hidden_of(again.text, path) | {"lock_out": "moved_out"})
    assert (done.status_code, grants(compound, person_id)) == (303, [])
    kept = read(compound, lambda s: [(row.person_id, row.reason) for row in s.scalars(select(LockOut))])
    assert kept == [(person_id, "moved_out")]
