"""Messages: what happened to a person's ways in, visitors and requests, with a mark until it is read."""

import secrets
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.access_reviews import URL, cards_were_used_last
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.homes import HELPER, named
from tests.web_admin.resident.pressing import press
from tests.web_admin.resident.visitors import make_pass
from web_admin.access_review.actions import begin_round
from web_admin.accounts.models import User
from web_admin.accounts.session_models import AccountSession
from web_admin.action.suspension_reasons import Cause, SuspensionReason
from web_admin.compound.models import Gate, Lane, Person
from web_admin.credentials.actions import end_credential, resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.messages.subscriptions import BY_ENTRY
from web_admin.people.actions import add_person, move_out
from web_admin.people.homes import correct_home
from web_admin.people.invitations import confirm_identity
from web_admin.people.suspensions import resume_person, suspend_person
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.own_lookups import record_lookup
from web_admin.privacy.own_message_texts import ENTRIES, TEXTS
from web_admin.privacy.requests import answer
from web_admin.visitors.models import VisitorPassRow, VisitorUse

PAGE = "/r/records/messages"


def messages_of(client: FlaskClient) -> str:
    page = client.get(PAGE)
    assert page.status_code == 200
    return page.text.partition("<main")[2]


def suspended(compound: Compound, person_id: str) -> None:
    with compound.act("manager") as act:
        suspend_person(act, person_id, Cause(SuspensionReason.ASKED, until=act.now + timedelta(days=2)))


def visited(compound: Compound, label: str) -> None:
    """Let the newest pass open the north gate, as its journal says."""
    with compound.session() as session:
        pass_id = session.scalars(select(VisitorPassRow.pass_id).where(VisitorPassRow.label == label)).one()
        session.add(
            VisitorUse(
                gate_id="north",
                journal_id="north.1",
                seq=secrets.randbelow(10**6),
                shown_id=pass_id,
                lane_id="north-in",
                at=compound.clock(),
            )
        )


def test_every_entry_that_a_message_is_sent_of_has_a_sentence_on_the_page() -> None:
    assert set(BY_ENTRY) <= {kind for kind, _more in ENTRIES}
    assert set(ENTRIES.values()) <= set(TEXTS)


@pytest.mark.wide
def test_what_happens_to_a_card_is_read_by_its_holder_and_by_no_one_else_of_the_home(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.act("manager") as act:
        suspend_credential(act, small_compound.card_id, "lost")
        resume_credential(act, small_compound.card_id)
    press(phone, "/r/home/helpers", seen_on="/r/home", **HELPER)
    helper = small_compound.signed_in(named(small_compound, "Xiao Wang").person_id)
    own = messages_of(phone)
    assert "Your card works again." in own
    assert "Your card was suspended." in own
    assert own.index("works again") < own.index("was suspended")
    assert "Your card" not in messages_of(helper)


@pytest.mark.wide
def test_the_mark_stays_until_the_page_is_opened_and_comes_back_with_the_next_message(
    small_compound: Compound, phone: FlaskClient
) -> None:
    messages_of(phone)
    assert 'class="unread"' not in phone.get("/r/").text
    small_compound.clock.now += timedelta(minutes=1)
    with small_compound.act("manager") as act:
        record_lookup(act, small_compound.person_id, "manager", "a lost bag")
    assert "1 new message" in phone.get("/r/").text
    assert phone.get(PAGE, headers={"Sec-Purpose": "prefetch"}).text.count(">Unread<") == 1
    assert "1 new message" in phone.get("/r/visitors").text
    assert phone.get(PAGE).text.count(">Unread<") == 1
    assert 'class="unread"' not in phone.get("/r/").text
    assert ">Unread<" not in phone.get(PAGE).text


@pytest.mark.wide
def test_a_new_sign_in_has_read_what_is_older_than_a_month(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.act("manager") as act:
        suspend_credential(act, small_compound.card_id, "lost")
    small_compound.clock.now += timedelta(days=31)
    other = small_compound.signed_in(small_compound.person_id)
    with small_compound.act("desk") as act:
        confirm_identity(act, small_compound.person_id)
    page = messages_of(other)
    assert page.partition("Your card was suspended.")[2].partition("</li>")[0].count("Unread") == 0


def test_a_sign_in_elsewhere_is_a_message_until_it_ends(small_compound: Compound, phone: FlaskClient) -> None:
    small_compound.clock.now += timedelta(minutes=10)
    now = small_compound.clock()
    of_person = select(User.id).where(User.person_id == small_compound.person_id)
    with small_compound.session() as session:
        account_id = session.scalars(of_person).one()
        session.add(
            AccountSession(
                session_sha256=secrets.token_bytes(32),
                account_id=account_id,
                begun_at=now,
                ends_at=now + timedelta(minutes=5),
            )
        )
    assert "Not you? Sign it out." in messages_of(phone)
    small_compound.clock.now += timedelta(minutes=5)
    assert "Not you? Sign it out." not in messages_of(phone)


def test_a_visitor_at_a_gate_is_a_message_with_gate_and_lane_of_today_to_the_host_alone(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    make_pass(phone)
    visited(small_compound, "Aunt Li")
    with small_compound.session() as session:
        session.get_one(Lane, "north-in").name = "Bicycle door"
    assert "Your visitor Aunt Li passed at North gate · Bicycle door." in messages_of(phone)
    assert "Aunt Li" not in messages_of(neighbour)


def test_who_is_suspended_reads_it_and_the_answer_to_their_objection(
    small_compound: Compound, phone: FlaskClient
) -> None:
    suspended(small_compound, small_compound.person_id)
    press(phone, "/r/requests/new/objection", seen_on="/r/requests/new/objection", text="I live here.")
    with small_compound.session() as session:
        request_id = session.scalars(select(RightsRequest.request_id)).one()
    with small_compound.act("manager") as act:
        answer(act, request_id, "You are right.")
        resume_person(act, small_compound.person_id)
    page = messages_of(phone)
    assert "All your ways in were suspended." in page
    assert "The office answered your request." in page
    assert f"/r/requests/{request_id}" in page
    assert "Your ways in work again." in page


def test_looks_and_a_new_number_of_the_home_are_messages(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.act("manager") as act:
        record_lookup(act, small_compound.person_id, "manager", "a lost bag")
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        correct_home(act, home_id, "9-901")
    page = messages_of(phone)
    assert "Staff looked at when you passed the gates." in page
    assert "The number of your home has changed." in page


def test_the_language_of_the_reader_is_that_of_old_messages_too(small_compound: Compound) -> None:
    with small_compound.act("manager") as act:
        end_credential(act, small_compound.neighbour_card_id, "lost")
    chinese = small_compound.signed_in(small_compound.neighbour_id, "zh")
    page = messages_of(chinese)
    assert "您的门卡已作废" in page
    assert "Your card" not in page


def test_who_moved_out_reads_none(small_compound: Compound, phone: FlaskClient) -> None:
    with small_compound.act("manager") as act:
        move_out(act, small_compound.person_id)
    answer_to = phone.get(PAGE)
    assert answer_to.status_code in (302, 303, 403)
    assert "data-message" not in answer_to.text


def test_a_phone_that_showed_no_card_reads_none_and_has_no_mark(
    small_compound: Compound, phone: FlaskClient
) -> None:
    messages_of(phone)
    with small_compound.act("manager") as act:
        suspend_credential(act, small_compound.card_id, "lost")
    found = small_compound.signed_in(small_compound.person_id)
    assert found.get(PAGE).status_code == 303
    assert 'class="unread"' not in found.get("/r/").text


@pytest.mark.wide
def test_a_helper_a_minor_and_an_adult_of_one_home_read_their_own_and_only_the_adult_is_asked(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.act() as act:
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        helper = add_person(act, display_name="Wu", home_id=home_id, kind="helper").person_id
        minor = add_person(act, display_name="Son", home_id=home_id, age_band="14_17").person_id
        issue_card(act, helper, 9001)
        cards_were_used_last(act.session, act)
        begin_round(act, URL)
    with small_compound.act("manager") as act:
        record_lookup(act, helper, "manager", "a lost bag", "access")
        record_lookup(act, minor, "manager", "a lost bag")
    of_adult = messages_of(phone)
    of_helper = messages_of(small_compound.signed_in(helper))
    of_minor = messages_of(small_compound.signed_in(minor))
    asks, passed, may_pass = ("The office asks what", "when you passed", "where and when you may pass")
    assert [text in of_adult for text in (asks, passed, may_pass)] == [True, False, False]
    assert [text in of_helper for text in (asks, passed, may_pass)] == [False, False, True]
    assert [text in of_minor for text in (asks, passed, may_pass)] == [False, True, False]


def test_a_reader_that_is_out_of_order_for_an_hour_is_a_message_as_long_as_it_lasts(
    small_compound: Compound, phone: FlaskClient
) -> None:
    messages_of(phone)
    lost = {"method": "card", "since": small_compound.clock().isoformat(), "counts_as_none": False}
    with small_compound.session() as session:
        session.get_one(Gate, "north").lane_states = [{"lane_id": "north-in", "lost": [lost]}]
    assert "out of order" not in messages_of(phone)
    small_compound.clock.now += timedelta(minutes=61)
    assert "1 new message" in phone.get("/r/").text
    assert "A reader is out of order at North gate · in." in messages_of(phone)
    with small_compound.session() as session:
        session.get_one(Gate, "north").lane_states = []
    assert "out of order" not in messages_of(phone)


@pytest.mark.wide
def test_a_sign_in_by_name_is_read_on_the_other_phone_alone_until_it_is_signed_out(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    said = "Your page was opened on another phone or computer."
    assert said not in messages_of(phone), "their own sign-in here is no news"
    press(phone, "/r/password", seen_on="/r/password", name="li", password="a quiet gate at noon")
    small_compound.clock.now += timedelta(minutes=1)
    other = small_compound.app.test_client()
    signed_in = press(other, "/r/sign-in", seen_on="/r/sign-in", name="li", password="a quiet gate at noon")
    assert signed_in.status_code == 303
    assert "1 new message" in phone.get("/r/").text
    page = messages_of(phone)
    assert page.count(said) == 1
    assert page.partition(said)[0].rpartition("<a")[2].count('href="/r/password"') == 1
    assert said not in messages_of(neighbour)
    press(other, "/r/sign-out", seen_on="/r/help")
    assert said not in messages_of(phone)
