"""The losses of an act that begins are compared with those that were read, by lane and person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_admin.later.rules import Loss, takes_more

KINDS, LANES, PEOPLE = ("lost", "no_way_in"), ("north", "east"), ("wang", "li", "zhou")
LOSSES = st.lists(
    st.builds(
        Loss,
        st.sampled_from(KINDS),
        st.lists(st.sampled_from(LANES), max_size=2, unique=True).map(tuple),
        st.frozensets(st.sampled_from(PEOPLE)),
    ),
    max_size=4,
)


def triples(losses):
    """Return what is lost one by one, and each place where no person is named."""
    return {
        (loss.kind, lane, person)
        for loss in losses
        for lane in loss.lane_ids or ("",)
        for person in loss.person_ids
    }


def places(losses):
    return {(loss.kind, lane) for loss in losses for lane in loss.lane_ids or ("",)}


@pytest.mark.wide
@given(LOSSES, LOSSES)
def test_more_is_taken_where_a_person_or_a_place_is_new(read, now):
    more = bool(triples(now) - triples(read) or places(now) - places(read))
    assert takes_more(read, now) == more


@given(LOSSES)
def test_the_same_and_less_is_no_more(losses):
    assert not takes_more(losses, losses)
    assert not takes_more(losses, losses[1:])
    assert not takes_more(losses, [])


def test_what_two_sentences_said_covers_one_that_joins_them():
    apart = [Loss("lost", ("north",), frozenset({"wang"})), Loss("lost", ("north",), frozenset({"li"}))]
    assert not takes_more(apart, [Loss("lost", ("north",), frozenset({"wang", "li"}))])


def test_a_lane_that_no_sentence_named_is_more_for_the_same_person():
    read = [Loss("lost", ("north",), frozenset({"wang"}))]
    assert takes_more(read, [Loss("lost", ("north", "east"), frozenset({"wang"}))])
