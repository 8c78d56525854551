"""Staff who look up a card give a reason, without typing at night, and its holder reads it."""

import re

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import card_of, hidden_of, read, served_with_card
from tests.web_admin.desk.cards import look
from tests.web_admin.manage.forms import send
from web_admin.compound.models import CredentialRow
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.subscriptions import CARD_TEXT


def records_of(compound, card="4200005", path="/r/records/lookups"):
    """Return a page of a person's own records, as the desk shows it to them."""
    client = compound.signed_in_again("guard")
    assert served_with_card(client, card).location == "/r/"
    return client.get(path).text


def test_a_number_that_a_guard_types_at_night_shows_nothing_of_its_card(compound):
    guard = compound.signed_in("guard")
    lives, unknown = look(guard, "4200005"), look(guard, "4299999")
    assert (lives.status_code, unknown.status_code) == (200, 200)
    pages = [re.sub(r'(value|nonce)="[^"]*"', "", page.text) for page in (lives, unknown)]
    assert pages[0] == pages[1]
    assert "Suspend this card" in pages[0]
    looked = select(AuditEntry).where(AuditEntry.kind == "card_looked_up")
    assert read(compound, lambda s: s.scalars(looked).all()) == []


@pytest.mark.wide
def test_a_search_for_a_home_is_notified_to_each_holder_as_a_lost_card(compound):
    look(compound.signed_in("guard"), "3-1203")
    for card in ("4200005", "4200006"):
        assert "Reason given: The card was reported lost" in records_of(compound, card)


def test_the_managers_look_up_has_a_choice_words_and_a_role(compound):
    client = compound.signed_in("manager")
    page = client.get("/manage/cards/").text
    assert '<option selected value="handed_in">' in page
    found = send(client, "/manage/cards/", number="4200005", why="does_not_work", in_own_words="beeps twice")
    assert "王芳" in found.text
    page = records_of(compound)
    assert "Property manager" in page
    assert "Reason given: The card does not work: beeps twice" in page


@pytest.mark.parametrize(
    "typed", [{"why": "other"}, {"why": "other", "in_own_words": "x"}, {"why": "no such"}]
)
@pytest.mark.parametrize("page", ["/manage/cards/", "/manage/lost-card"])
def test_another_reason_needs_words_and_shows_no_name_before(compound, page, typed):
    client = compound.signed_in("manager")
    answer = send(client, page, number="4200005", **typed)
    assert answer.status_code == 422
    assert "王芳" not in answer.text
    assert "3-1203" not in answer.text.replace("3-1203, or the number", "")
    looked = select(AuditEntry).where(AuditEntry.kind == "card_looked_up")
    assert read(compound, lambda s: s.scalars(looked).all()) == []


@pytest.mark.wide
def test_a_look_up_is_in_the_export_in_the_readers_language(compound):
    send(compound.signed_in("manager"), "/manage/cards/", number="4200005")
    client = compound.signed_in_again("guard")
    served_with_card(client, "4200005")
    page = client.get("/r/records").text
    assert "The card was handed in" in page
    with client.session_transaction() as session:
        session["language"] = "zh"
    assert "查询了您的门卡属于谁。" in client.get("/r/records").text
    assert "有人交来这张门卡" in client.get("/r/records").text


def test_a_resident_who_asked_for_notices_of_looks_is_notified_of_a_card(compound):
    def ask(session):
        session.add(
            NotificationSubscription(
                person_id=compound.persons["王芳"],
                channel="mail",
                address="wang@example.org",
                kinds=["looked_at"],
                confirmed_at=compound.clock(),
            )
        )

    read(compound, ask)
    look(compound.signed_in("guard"), "3-1203")
    bodies = read(compound, lambda s: [row.body for row in s.scalars(select(OutboxMessage))])
    assert len(bodies) == 1
    assert "查询了您的门卡属于谁" in str(bodies)
    assert CARD_TEXT not in str(bodies)


def declare(client, page, form):
    """Say on a page how this desk's reader types."""
    hidden = hidden_of(client.get(page).text, "/manage/cards/reader")
    return client.post("/manage/cards/reader", data=hidden | {"form": form})


TURNED = (4200005).to_bytes(4, "little").hex()  # as a reader types it that sends the last byte first


@pytest.mark.wide
def test_a_guards_reader_that_turns_bytes_opens_a_visit_at_the_desk(compound):
    client = compound.signed_in("guard")
    assert served_with_card(client, TURNED).location == "/manage/desk?again=1"  # another number
    assert declare(client, "/manage/desk", "hex_reversed").location == "/manage/desk"
    assert served_with_card(client, TURNED).location == "/r/"


@pytest.mark.wide
@pytest.mark.parametrize(("form", "typed"), [("hex_reversed", TURNED), ("facility", "06405701")])
def test_a_found_card_is_read_as_the_reader_types_that_the_guard_declared(compound, form, typed):
    client = compound.signed_in("guard")
    assert declare(client, "/manage/lost-card", form).location == "/manage/lost-card"
    found = look(client, typed).text
    client.post("/manage/lost-card/number", data=hidden_of(found, "/manage/lost-card/number"))
    card = read(compound, lambda s: card_of(s, compound.persons["王芳"]))
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "suspended"
    assert "○芳" in look(client, "3-1203").text  # a home is typed as ever
