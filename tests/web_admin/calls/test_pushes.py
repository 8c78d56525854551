"""Calls on phones: each that wants them rings, and reads how it ended; the screen names no one."""

import pytest

from tests.support.calls_at_home import (
    another_at_home,
    call_now,
    change,
    rings,
    show_calls_on,
    shown_on_phones,
    take_calls,
)
from tests.support.compounds.resident import Compound
from web_admin.calls.live import answer, end_call, hang_up
from web_admin.calls.models import HomeCall
from web_admin.calls.pushes import (
    ANSWERED_TEXT,
    MISSED_TEXT,
    OVER_TEXT,
    RINGS_TEXT,
    YOU_ANSWERED_TEXT,
)
from web_admin.messages.models import OutboxMessage

pytestmark = pytest.mark.both_databases
RINGS, ENDS = "call", "call_over"


@pytest.fixture
def two(small_compound: Compound) -> Compound:
    """Return a home of two whose phones ring, and a neighbour's that does not."""
    other = another_at_home(small_compound)
    take_calls(small_compound)
    for phone, person_id in (
        ("a", small_compound.person_id),
        ("b", other),
        ("c", small_compound.neighbour_id),
    ):
        show_calls_on(small_compound, person_id, phone)
    return small_compound


def were_sent(compound: Compound) -> None:
    with compound.session() as session:
        session.query(OutboxMessage).delete()


def ends(compound: Compound, end: str) -> None:
    with compound.session() as session:
        end_call(session.get_one(HomeCall, "one"), end, compound.clock())


@pytest.mark.wide
def test_a_call_rings_on_the_phones_of_its_home_alone(two: Compound) -> None:
    rings(two)
    assert shown_on_phones(two) == [("a", RINGS, RINGS_TEXT), ("b", RINGS, RINGS_TEXT)]


def test_every_phone_reads_that_it_was_answered(two: Compound) -> None:
    rings(two)
    were_sent(two)
    with two.act("phone", two.person_id) as act:
        answer(act, "one")
    assert shown_on_phones(two) == [("a", ENDS, YOU_ANSWERED_TEXT), ("b", ENDS, ANSWERED_TEXT)]
    were_sent(two)
    with two.act("phone", two.person_id) as act:
        hang_up(act, "one")
    assert (shown_on_phones(two), call_now(two).end) == ([], "ended")


def test_the_phones_of_a_telephones_owner_ring_on_no_more_than_the_others(two: Compound) -> None:
    rings(two)
    were_sent(two)
    change(two, stage="answered", answered_by=two.person_id, answered_at=two.clock(), leg=0)
    ends(two, "opened")
    assert shown_on_phones(two) == [("a", ENDS, OVER_TEXT), ("b", ENDS, ANSWERED_TEXT)]


def test_what_was_not_sent_before_the_answer_is_sent_no_more(two: Compound) -> None:
    rings(two)
    with two.act("phone", two.person_id) as act:
        answer(act, "one")
    assert shown_on_phones(two) == []


@pytest.mark.parametrize("end", ["no_answer", "cancelled"])
def test_a_missed_call_takes_the_place_of_the_one_that_rings(two: Compound, end: str) -> None:
    rings(two)
    ends(two, end)
    assert shown_on_phones(two) == [("a", ENDS, MISSED_TEXT), ("b", ENDS, MISSED_TEXT)]


def test_a_call_that_never_rang_on_phones_ends_there_without_a_word(two: Compound) -> None:
    rings(two, pushed_at=None)
    were_sent(two)
    ends(two, "no_answer")
    assert shown_on_phones(two) == []


def test_no_text_names_a_gate_a_home_or_a_person(two: Compound) -> None:
    rings(two)
    ends(two, "no_answer")
    said = " ".join(text for _phone, _kind, text in shown_on_phones(two))
    assert [word for word in ("North", "3-1203", "Lin") if word in said] == []
