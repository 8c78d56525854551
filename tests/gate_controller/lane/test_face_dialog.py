"""What each press and each card means while the screen asks a person about their face."""

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.contract.records import (
    CardCredential,
    CredentialState,
    FaceNoticeRecord,
    Method,
    PinCredential,
)
from gate_controller.lane.face_dialog import (
    GUARDIAN_SECONDS,
    LET_IN_SECONDS,
    NOTICE_ORDER,
    PAGE_WIDTH,
    Answer,
    Dialog,
    Step,
    is_own,
    notice_pages,
    pressed,
    shown,
    with_notice,
)
from gate_controller.rules.decision import Claim, Reason
from tests.support.compounds.people import card, pin, visitor_code

KEY = b"k" * 32
ME, GUARDIAN, STRANGER = "person-1", "person-2", "person-3"


def by_card(person_id: str) -> Claim:
    return Claim(Method.CARD, person_id, card(7, KEY, person_id))


def by_pin(person_id: str, *, duress: bool = False) -> Claim:
    return Claim(Method.PIN, person_id, pin("482915", KEY, person_id, duress=duress))


NOTICE = FaceNoticeRecord("zh", 1, bytes(32), dict.fromkeys(NOTICE_ORDER, "说清楚。"))
OFFERED = with_notice(Dialog(Step.QUESTION, by_card(ME), 100.0), NOTICE)
AGREED = Dialog(Step.QUESTION, by_card(ME), 100.0, consent_id="consent-1")
KEPT = Dialog(Step.KEPT, by_card(ME), 100.0, consent_id="consent-1")


def after(asking: Dialog, keys: str) -> tuple[Dialog, Answer]:
    answer = Answer.NONE
    for key in keys:
        assert answer is Answer.NONE
        asking, answer = pressed(asking, key)
    return asking, answer


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", range(len(NOTICE_ORDER) + 1))
def test_no_is_one_key_on_every_page_and_at_the_question(page: int) -> None:
    assert after(OFFERED, "#" * page + "1")[1] is Answer.NO


def test_the_notice_turns_page_by_page_to_the_question_and_back() -> None:
    last, _ = after(OFFERED, "#" * (len(NOTICE_ORDER) - 1))
    assert (last.step, last.page) == (Step.NOTICE, len(NOTICE_ORDER) - 1)
    assert after(last, "#")[0].step is Step.QUESTION
    assert after(last, "#*")[0] == last
    assert after(OFFERED, "**")[0] == OFFERED


@pytest.mark.parametrize("asking", [OFFERED, AGREED, KEPT])
def test_no_run_of_keys_is_ever_a_yes(asking: Dialog) -> None:
    @given(st.text("0123456789#*-", max_size=40))
    def any_keys(keys: str) -> None:
        now = asking
        for key in keys:
            now, answer = pressed(now, key)
            assert answer is not Answer.YES

    any_keys()


def test_the_question_cannot_be_reached_without_every_page_having_been_shown() -> None:
    @given(st.text("0123456789#*-", max_size=60))
    def any_keys(keys: str) -> None:
        asking, seen = OFFERED, {0}
        for key in keys:
            asking, _ = pressed(asking, key)
            seen.add(asking.page)
            assert asking.step is Step.NOTICE or seen == set(range(len(NOTICE_ORDER)))

    any_keys()


def test_a_no_to_a_face_that_was_agreed_to_before_lets_in_and_records_nothing() -> None:
    assert after(AGREED, "1")[1] is Answer.LET_IN
    assert after(KEPT, "1")[1] is Answer.LET_IN
    assert after(AGREED, "2*")[1] is Answer.LET_IN
    assert after(OFFERED, "#" * 9 + "2*")[1] is Answer.NO


def test_taking_back_is_one_key_where_there_is_something_to_take_back_and_none_elsewhere() -> None:
    assert after(KEPT, "3")[1] is Answer.WITHDRAW
    assert after(AGREED, "3")[1] is Answer.WITHDRAW
    assert after(OFFERED, "#" * 9 + "3")[1] is Answer.NONE


def test_another_look_is_asked_for_with_one_key_and_given_with_the_own_card_alone() -> None:
    asking, answer = after(KEPT, "2")
    assert (asking.step, answer) == (Step.CONFIRM, Answer.NONE)
    assert after(asking, "*")[1] is Answer.LET_IN, "and a no still opens"
    assert shown(asking, by_card(STRANGER), 110.0, opens=True)[1] is Answer.OTHER
    assert shown(asking, by_card(ME), 110.0, opens=True)[1] is Answer.YES
    of_minor, answer = shown(changed(asking, guardian_ids=(GUARDIAN,)), by_card(ME), 110.0, opens=True)
    assert (of_minor.step, answer) == (Step.GUARDIAN, Answer.NONE)


# -- cards and PINs ----------------------------------------------------------------------------------


def confirming(asking: Dialog = AGREED) -> Dialog:
    return after(asking, "2")[0]


@pytest.mark.parametrize("claim", [by_card(ME), by_pin(ME), by_pin(ME, duress=True)])
def test_the_own_card_or_pin_once_more_is_the_yes(claim: Claim) -> None:
    asking, answer = shown(confirming(), claim, 110.0, opens=True)
    assert (answer, asking.confirmed_by) == (Answer.YES, claim.method)


@pytest.mark.parametrize(
    ("claim", "opens"),
    [
        (by_card(STRANGER), True),
        (by_card(ME), False),
        (Claim(Method.PIN, ME, visitor_code("48291573", KEY)), True),
        (Claim(Method.QR, ME), True),
        (Claim(Method.PIN, refusal=Reason.PIN_WRONG), False),
    ],
)
@pytest.mark.parametrize("asking", [OFFERED, AGREED, KEPT, confirming()])
def test_anything_else_that_is_shown_ends_the_asking_and_is_no_yes(
    asking: Dialog, claim: Claim, opens: bool
) -> None:
    assert shown(asking, claim, 110.0, opens=opens)[1] is Answer.OTHER


@pytest.mark.parametrize("asking", [OFFERED, AGREED, KEPT])
def test_the_own_card_before_a_yes_lets_in_but_one_held_to_the_reader_means_nothing(asking: Dialog) -> None:
    assert shown(asking, by_card(ME), 101.9, opens=True) == (asking, Answer.NONE)
    assert shown(asking, by_card(ME), 103.0, opens=True)[1] is Answer.LET_IN


def minor_agreed() -> Dialog:
    minor = changed(AGREED, guardian_ids=(GUARDIAN,))
    asking, answer = shown(confirming(minor), by_card(ME), 110.0, opens=True)
    assert (asking.step, answer) == (Step.GUARDIAN, Answer.NONE)
    return asking


def changed(asking: Dialog, **changes: object) -> Dialog:
    return dataclasses.replace(asking, **changes)  # type: ignore[arg-type]  # a table of field values


def test_a_minors_yes_waits_for_a_guardians_own_card_or_pin() -> None:
    for claim in (by_card(GUARDIAN), by_pin(GUARDIAN), by_pin(GUARDIAN, duress=True)):
        asking, answer = shown(minor_agreed(), claim, 110.0 + GUARDIAN_SECONDS, opens=True)
        assert (answer, asking.guardian_id, asking.person_id) == (Answer.YES, GUARDIAN, ME)


def test_a_minors_other_look_waits_for_a_guardian_as_the_first_did() -> None:
    asking, _ = pressed(dataclasses.replace(KEPT, guardian_ids=(GUARDIAN,)), "2")
    asking, answer = shown(asking, by_card(ME), 101.0, opens=True)
    assert (asking.step, answer) == (Step.GUARDIAN, Answer.NONE)
    assert shown(asking, by_pin(GUARDIAN), 102.0, opens=True)[1] is Answer.YES


def test_a_guardian_too_late_or_a_stranger_makes_no_yes() -> None:
    waiting = minor_agreed()
    assert shown(waiting, by_card(GUARDIAN), 110.1 + GUARDIAN_SECONDS, opens=True)[1] is Answer.OTHER
    assert shown(waiting, by_card(STRANGER), 111.0, opens=True)[1] is Answer.OTHER
    assert shown(waiting, by_card(ME), 115.0, opens=True) == (waiting, Answer.NONE)


def test_a_guardian_before_the_minor_agreed_ends_the_question() -> None:
    minor = changed(AGREED, guardian_ids=(GUARDIAN,))
    assert shown(minor, by_card(GUARDIAN), 105.0, opens=True)[1] is Answer.OTHER


@pytest.mark.parametrize("kind", [CardCredential, PinCredential])
@pytest.mark.parametrize("state", [CredentialState.SUSPENDED, CredentialState.ENDED])
def test_a_card_or_pin_that_does_not_work_any_more_is_no_ones_own(
    kind: type[CardCredential | PinCredential], state: CredentialState
) -> None:
    assert not is_own(Claim(Method.CARD, ME, kind(credential_id="c", person_id=ME, state=state)))


def test_what_was_shown_lets_in_for_five_minutes_and_no_longer() -> None:
    assert OFFERED.may_let_in(100.0 + LET_IN_SECONDS)
    assert not OFFERED.may_let_in(100.1 + LET_IN_SECONDS)


# -- the notice ----------------------------------------------------------------------------------------


def test_a_notice_is_shown_in_the_order_of_the_law_and_a_new_part_is_not_lost() -> None:
    fields = {**NOTICE.fields, "recipients": "Nobody."}
    pages = notice_pages(msgspec.structs.replace(NOTICE, fields=fields))
    assert [page.field for page in pages] == [*NOTICE_ORDER, "recipients"]


@given(st.text(max_size=1500))
def test_pages_hold_all_of_a_text_and_none_is_wider_than_a_screen(text: str) -> None:
    pages = notice_pages(FaceNoticeRecord("en", 1, bytes(32), {"effect": text}))
    assert "".join("".join(page.text for page in pages).split()) == "".join(text.split())
    assert all(len(page.text) <= PAGE_WIDTH for page in pages)
    assert all(page.text.strip() for page in pages)


def test_sentences_stay_whole_where_they_fit() -> None:
    sentence = "Your pictures are thrown away after some seconds and go nowhere. "
    pages = notice_pages(FaceNoticeRecord("en", 1, bytes(32), {"effect": sentence * 5}))
    assert [page.text.count("nowhere.") for page in pages] == [2, 2, 1]
