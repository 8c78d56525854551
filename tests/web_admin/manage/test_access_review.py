"""From the button that begins an access review to the signed record, as the pages show it."""

import re

import pytest
from sqlalchemy import select

from gate_controller.contract.review_record import check_review, read_review
from tests.support.compounds.access_reviews import URL, cards_were_used_last, row_about
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, once_of, send
from web_admin.access_review.actions import ask, begin_round, mark_of
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.rules import Kind, Why
from web_admin.accounts.models import User
from web_admin.compound.models import CredentialRow, Site
from web_admin.credentials.actions import end_credential

PATH = "/manage/access-review"


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def begun(compound):
    with compound.act() as act:
        cards_were_used_last(act.session, act)
        begin_round(act, URL)
    return compound


def page_of(client, path=PATH):
    return client.get(path).text


def press(client, path, row, **data):
    page = page_of(client, f"{PATH}?show=all")
    hidden = {"csrf_token": csrf_of(page), "once": once_of(page)}
    return client.post(path, data={**hidden, "seen": mark_of(row) if row is not None else "", **data})


def row_of(rows, kind, **more):
    return rows(lambda s: row_about(s, kind, **more))


def test_a_review_begins_by_hand_and_its_rows_are_listed(client, compound, rows):
    assert "Begin a review now" in page_of(client)
    assert send(client, PATH, f"{PATH}/begin").status_code == 303
    page = page_of(client)
    assert "Review 1" in page
    assert "Account of staff" in page
    assert rows(lambda s: s.scalars(select(ReviewRound)).one()).began_by.startswith("staff-")


def test_a_second_review_is_refused_with_a_sentence(client, begun):
    page = page_of(client)
    answer = client.post(
        f"{PATH}/begin", data={"csrf_token": csrf_of(page), "once": once_of(page)}, follow_redirects=True
    )
    assert "An access review is running" in answer.text


@pytest.mark.wide
def test_rows_are_kept_suspended_and_asked_from_the_list(client, begun, rows):
    card = row_of(rows, Kind.CARD, why=Why.UNUSED)
    assert press(client, f"{PATH}/rows/{card.row_id}/ask", card).status_code == 303
    code = rows(lambda s: s.scalars(select(ReviewRow).where(ReviewRow.kind == "account")).first())
    press(client, f"{PATH}/rows/{code.row_id}/keep", code)
    page = page_of(client, f"{PATH}?show=all")
    assert "Kept" in page
    assert "Asked the person to answer by" in page
    refused = press(
        client, f"{PATH}/rows/{card.row_id}/suspend", row_of(rows, Kind.CARD, why=Why.UNUSED), reason="unpaid"
    )
    assert "Choose a reason of the list" in client.get(refused.headers["Location"]).text


def test_a_row_that_moved_meanwhile_says_so(client, begun, rows):
    card = row_of(rows, Kind.CARD, why=Why.UNUSED)
    with begun.act() as act:
        ask(act, card.row_id, mark_of(card), URL)
    answer = press(client, f"{PATH}/rows/{card.row_id}/keep", card)
    assert "Another person worked on this row meanwhile" in client.get(answer.headers["Location"]).text


@pytest.mark.wide
def test_a_card_that_ended_meanwhile_is_shown_so_and_noted(client, begun, rows):
    card = row_of(rows, Kind.CARD, why=Why.UNUSED)
    with begun.act() as act:
        end_credential(act, card.subject_id, "lost")
    assert "Ended meanwhile" in page_of(client)
    answer = press(client, f"{PATH}/rows/{card.row_id}/keep", card)
    assert "It has already ended" in client.get(answer.headers["Location"]).text


@pytest.mark.wide
def test_the_privacy_officer_keeps_and_asks_and_suspends_nothing(begun, rows):
    officer = begun.signed_in("privacy_officer")
    card = row_of(rows, Kind.CARD, why=Why.UNUSED)
    assert "<summary>Suspend" not in page_of(officer)
    assert press(officer, f"{PATH}/rows/{card.row_id}/suspend", card, reason="lost").status_code == 403
    assert rows(lambda s: s.get_one(CredentialRow, card.subject_id)).state == "active"
    assert press(officer, f"{PATH}/rows/{card.row_id}/keep", card).status_code == 303


@pytest.mark.parametrize("role", ["guard", "installer"])
def test_other_staff_see_only_what_they_are_asked(begun, role):
    client = begun.signed_in(role)
    assert client.get(PATH).status_code == 403
    assert "Nothing is asked of you" in client.get(f"{PATH}/asked").text


@pytest.mark.wide
def test_an_account_answers_what_it_is_asked(begun, rows):
    guard = begun.signed_in("guard")
    account_id = rows(lambda s: s.scalars(select(User.id).where(User.email == "guard@example.org")).one())
    own = row_of(rows, Kind.ACCOUNT, subject_id=str(account_id))
    with begun.act() as act:
        ask(act, own.row_id, mark_of(own), URL)
    assert "The property office checks access rights" in guard.get("/manage/account").text
    sent = send(guard, f"{PATH}/asked", f"{PATH}/asked/{own.row_id}", answer="needed")
    assert "Thank you" in guard.get(sent.headers["Location"]).text
    assert "Answer: still needed" in page_of(begun.signed_in("manager"), f"{PATH}?show=answered")


@pytest.mark.wide
def test_the_record_is_a_page_a_sheet_and_a_file_that_anyone_can_check(client, begun, rows):
    page = page_of(client)
    left = re.search(r'name="left" value="(\d+)"', page)[1]
    of_round = rows(lambda s: s.scalars(select(ReviewRound)).one())
    answer = send(client, PATH, f"{PATH}/close", round_id=of_round.round_id, left=left)
    record = page_of(client, answer.headers["Location"])
    assert "Without an answer" in record
    assert "menjin audit access-review" in record
    file = client.get(f"{PATH}/{of_round.round_id}/record.json")
    root = rows(lambda s: s.scalars(select(Site)).one()).root_public_key
    check_review(read_review(file.data), root)
    sheet = client.get(f"{PATH}/{of_round.round_id}/record.csv")
    assert (sheet.mimetype, sheet.text.count("unanswered")) == ("text/csv", int(left))
    assert "attachment" in sheet.headers["Content-Disposition"]


def test_a_record_that_was_changed_in_the_tables_says_so_on_its_page(client, begun, rows):
    of_round = rows(lambda s: s.scalars(select(ReviewRound)).one())
    left = re.search(r'name="left" value="(\d+)"', page_of(client))[1]
    send(client, PATH, f"{PATH}/close", round_id=of_round.round_id, left=left)

    def change(session):
        row = session.get_one(ReviewRound, of_round.round_id)
        row.body = row.body.replace('"unanswered"', '"keep"', 1)

    rows(change)
    assert "changed after it was signed" in page_of(client, f"{PATH}/{of_round.round_id}")


def test_a_round_that_is_not_closed_or_not_known_has_no_record(client, begun, rows):
    of_round = rows(lambda s: s.scalars(select(ReviewRound)).one())
    assert client.get(f"{PATH}/{of_round.round_id}").status_code == 404
    assert client.get(f"{PATH}/none").status_code == 404
    assert client.get(f"{PATH}/none/record.csv").status_code == 404


def test_words_from_an_address_that_make_no_sense_show_the_first_page(client, begun):
    assert client.get(f"{PATH}?show=x&kind=y&page=z").status_code == 200
    assert client.get(f"{PATH}?page=-3").status_code == 200
    assert client.get(f"{PATH}?page={10**30}").status_code == 200


def test_the_first_review_is_announced_for_half_a_year_after_cards_are_watched(client, compound):
    assert "watched for half a year" in page_of(client)
    with compound.act() as act:
        cards_were_used_last(act.session, act)
    assert "begins automatically on" in page_of(client)


def test_rows_of_one_kind_are_kept_by_one_press_but_for_those_no_longer_needed(client, begun, rows):
    with begun.act() as act:
        unused = act.session.scalars(select(ReviewRow).where(ReviewRow.why == Why.UNUSED)).all()
        unused[0].answer = "not_needed"
        wanted = {row.row_id for row in unused[1:]}
    assert len(wanted) > 1
    forms = re.findall(rf'action="{PATH}/keep">(.*?)</form>', page_of(client), re.DOTALL)
    sent = [re.findall(r'type="hidden" name="row" value="(\w+)"', form) for form in forms]
    of_cards = next(ids for ids in sent if set(ids) == wanted)
    once = {"csrf_token": csrf_of(page_of(client)), "once": once_of(page_of(client))}
    assert client.post(f"{PATH}/keep", data={**once, "row": of_cards}).status_code == 303
    kept = rows(lambda s: s.scalars(select(ReviewRow.row_id).where(ReviewRow.decision == "keep")).all())
    assert set(kept) == wanted
