"""Messages on phones: off until switched on, read by others on the screen, and gone with the sign-in."""

import re
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.support.push_browser import PushBrowser
from tests.web_admin.messages.asked_for import everything_happens, mail
from tests.web_admin.resident.addresses import PAGE, forget_sent, proved, sent
from tests.web_admin.resident.pressing import press, switch
from web_admin.compound.models import Person
from web_admin.journal.models import AuditEntry
from web_admin.messages.push_models import PushPhone
from web_admin.messages.push_phones import MAX_PHONES
from web_admin.messages.subscriptions import TEXTS
from web_admin.operations.backup import LEFT_OUT
from web_admin.people.actions import move_out
from web_admin.people.homes import correct_home

pytestmark = pytest.mark.both_databases
__all__ = ["mail"]
SERVICE = "https://fcm.googleapis.com/fcm/send/"


def switch_on(client: FlaskClient, name: str = "one", **other: str) -> str:
    """Send what the page of a browser sends; return what the page says then."""
    form = {**PushBrowser(f"{SERVICE}{name}").form(), **other}
    press(client, f"{PAGE}/phone", seen_on=PAGE, **form)
    return client.get(PAGE).text


def choose(client: FlaskClient, *kinds: str) -> None:
    token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)[0]
    client.post(f"{PAGE}/phone/kinds", data={"csrf_token": token, "kinds": list(kinds)})


def phones(compound: Compound) -> list[PushPhone]:
    with compound.session() as session:
        return list(session.scalars(select(PushPhone).order_by(PushPhone.created_at, PushPhone.phone_id)))


def texts(compound: Compound) -> list[str]:
    return sorted(text for channel, _target, text in sent(compound) if channel == "push")


@pytest.mark.wide
def test_a_phone_starts_with_every_switch_off_and_shows_at_once_that_messages_come(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    assert "<strong>Android" not in phone.get(PAGE).text
    page = switch_on(phone)
    assert "<strong>Android" in page
    assert "Choose below which ones" in page
    assert "checked" not in page
    assert [
        text.startswith("Messages about your page come to this phone") for text in texts(small_compound)
    ] == [True]
    forget_sent(small_compound)
    everything_happens(small_compound)
    assert sent(small_compound) == []


@pytest.mark.wide
def test_a_phone_gets_the_sentences_of_a_mail_once_each_and_no_neighbours(
    mail: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    proved(phone, mail, *TEXTS)
    assert page_has_all_switches_on(switch_on(phone))
    forget_sent(mail)
    everything_happens(mail)
    mails = sorted(text for channel, _target, text in sent(mail) if channel == "mail")
    assert texts(mail) == mails
    assert len(mails) > 2


def page_has_all_switches_on(page: str) -> bool:
    return page.count("checked") == 2 * len(TEXTS)


@pytest.mark.wide
def test_the_screen_shows_no_number_of_the_home_and_no_name(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch_on(phone)
    choose(phone, "card_stopped")
    forget_sent(small_compound)
    with small_compound.act("manager") as act:
        person = act.session.get_one(Person, small_compound.person_id)
        name = person.display_name
        correct_home(act, person.home_id or "", "9-0909")
    (text,) = texts(small_compound)
    assert "has changed" in text
    assert [word for word in ("9-0909", name) if word in text] == []


@pytest.mark.wide
def test_five_phones_get_messages_and_the_same_one_counts_once(
    small_compound: Compound, phone: FlaskClient
) -> None:
    for number in range(MAX_PHONES):
        switch_on(phone, str(number))
    assert "Five phones or browsers" in switch_on(phone, "one more")
    assert "Five phones or browsers" not in switch_on(phone, "0")
    assert len(phones(small_compound)) == MAX_PHONES


@pytest.mark.wide
def test_a_removed_phone_gets_nothing_that_waits_and_no_one_removes_anothers(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    switch_on(phone)
    (own,) = phones(small_compound)
    press(neighbour, f"{PAGE}/phone/remove", seen_on=PAGE, phone=own.phone_id)
    assert len(phones(small_compound)) == len(sent(small_compound)) == 1
    press(phone, f"{PAGE}/phone/remove", seen_on=PAGE, phone=own.phone_id)
    assert (phones(small_compound), sent(small_compound)) == ([], [])
    with small_compound.session() as session:
        kinds = session.scalars(select(AuditEntry.kind).where(AuditEntry.kind.startswith("push_"))).all()
    assert sorted(kinds) == ["push_phone_added", "push_phone_removed"]


def test_a_phone_that_is_signed_out_gets_no_more_messages(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch_on(phone)
    press(phone, "/r/sign-out", seen_on="/r/password")
    assert phones(small_compound) == []


@pytest.mark.wide
def test_signing_the_other_phones_out_ends_their_messages_and_keeps_ones_own(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/password", seen_on="/r/password", name="linwei", password="a long enough one")
    second = small_compound.app.test_client()
    press(second, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="a long enough one")
    switch_on(phone, "lost")
    switch_on(second, "second")
    press(second, "/r/sign-out-everywhere", seen_on="/r/help", sure="1")
    assert [one.endpoint_sha256 for one in phones(small_compound)] == [digest("second")]
    press(second, "/r/sign-out", seen_on="/r/password")
    assert phones(small_compound) == []


def digest(name: str) -> bytes:
    return sha256(f"{SERVICE}{name}".encode()).digest()


def test_who_moves_out_has_no_phone_any_more(small_compound: Compound, phone: FlaskClient) -> None:
    switch_on(phone)
    with small_compound.act("manager") as act:
        move_out(act, small_compound.person_id)
    assert (phones(small_compound), sent(small_compound)) == ([], [])


def test_a_phone_that_has_not_shown_whose_it_is_gets_no_messages(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).phone_unproven = "invited"
    switch_on(phone)
    assert phones(small_compound) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "https://192.168.1.1/"},
        {"endpoint": "https://gates.example.org/r/"},
        {"endpoint": SERVICE + "a" * 1000},
        {"endpoint": SERVICE + "\n"},
        {"endpoint": ""},
        {"p256dh": "BAAA"},
        {"p256dh": "B" + "A" * 86},
        {"auth": "AAAA"},
        {"auth": "ä"},
        {"auth": ""},
    ],
)
def test_an_answer_that_no_browser_gives_is_refused_in_words(
    small_compound: Compound, phone: FlaskClient, wrong: dict[str, str]
) -> None:
    page = switch_on(phone, **wrong)
    assert "could not be read" in page or "not known here" in page
    assert phones(small_compound) == []


def test_what_is_kept_of_a_phone_is_in_the_own_record_sealed_in_the_tables_and_in_no_backup(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch_on(phone)
    choose(phone, "visitor_came")
    (held,) = phone.get("/r/records/export.json").get_json()["messages_on_phones"]
    assert (held["browser"], held["kinds"]) == ("Android, Chrome", ["visitor_came"])
    (kept,) = phones(small_compound)
    values = [str(value) for name, value in vars(kept).items() if not name.startswith("_")]
    assert [value for value in values if "send/one" in value] == []
    assert "push_phone" in LEFT_OUT
