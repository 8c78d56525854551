"""For how long a way in has no reader, whatever clocks and plugs do meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.contract.calendars import DAY_KINDS, Span, WeeklyHours
from gate_controller.contract.records import Method
from gate_controller.rules.lost_readers import (
    BEGAN_OFF_BY_SECONDS,
    PAUSE_AFTER_HOURS_AT_MOST,
    STEADY_SECONDS,
    Loss,
    leaves_face_alone,
    pauses_face,
    went_on,
)
from tests.support.compounds.people import lane

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOUR = 3600.0
DAY_HOURS = WeeklyHours.from_spans((Span(DAY_KINDS, 480, 1200),))


def on(loss: Loss | None, seconds: float, *, lost: bool | None = True, now: datetime | None = None) -> Loss:
    after = went_on(loss, is_lost=lost, passed_seconds=seconds, sure_now=now)
    assert after is not None
    return after


def test_nothing_is_counted_while_a_reader_works_or_none_was_heard() -> None:
    for lost in (False, None):
        assert went_on(None, is_lost=lost, passed_seconds=9.0, sure_now=NOON) is None


def test_a_loss_begins_at_nothing_and_at_the_time_of_a_sure_clock() -> None:
    assert went_on(None, is_lost=True, passed_seconds=9.0, sure_now=NOON) == Loss(0.0, NOON)
    assert went_on(None, is_lost=True, passed_seconds=9.0, sure_now=None) == Loss(0.0, None)


def test_an_unsure_clock_is_asked_for_nothing_and_the_beginning_is_worked_out_later() -> None:
    unsure = on(Loss(0.0, None), 600.0)
    assert unsure == Loss(600.0, None)
    assert on(unsure, 60.0, now=NOON) == Loss(660.0, NOON - timedelta(seconds=660))


def test_a_sure_clock_adds_what_was_missed_and_takes_nothing_away() -> None:
    assert on(Loss(100.0, NOON), 1.0, now=NOON + timedelta(hours=3)) == Loss(3 * HOUR, NOON)
    assert on(Loss(9 * HOUR, NOON), 1.0, now=NOON + timedelta(hours=3)).counted_seconds == 9 * HOUR + 1
    assert on(Loss(100.0, NOON), 1.0, now=NOON - timedelta(days=9)).counted_seconds == 101.0


def test_a_beginning_that_a_set_clock_made_too_late_is_worked_out_again() -> None:
    for now in (NOON - timedelta(days=9), NOON, NOON + timedelta(hours=3)):
        assert on(Loss(9 * HOUR, NOON), 1.0, now=now).began_at == now - timedelta(hours=9, seconds=1)
    almost = NOON + timedelta(seconds=BEGAN_OFF_BY_SECONDS)
    counted = 2 * BEGAN_OFF_BY_SECONDS
    assert on(Loss(counted - 1, NOON), 1.0, now=almost).began_at == NOON, "what is counted ahead is none"
    assert on(Loss(counted, NOON), 1.0, now=almost).began_at == NOON - timedelta(seconds=601)


def test_before_a_reader_was_heard_it_is_as_it_was() -> None:
    assert on(Loss(5.0, NOON, is_lost=True), 1.0, lost=None).is_lost
    assert not on(Loss(5.0, NOON, is_lost=False), 1.0, lost=None).is_lost
    assert on(Loss(5.0, NOON, is_lost=False), 9 * HOUR, lost=None).well_seconds == 0.0, "none was heard"


def test_a_plug_that_is_back_for_less_than_an_hour_leaves_the_time_running() -> None:
    back = on(Loss(40 * HOUR, NOON), 1.0, lost=False)
    assert not back.is_lost
    almost = on(back, STEADY_SECONDS - 1, lost=False)
    assert on(almost, 1.0, lost=True).counted_seconds == 41 * HOUR + 1
    assert went_on(almost, is_lost=False, passed_seconds=1.0, sure_now=None) is None


def test_each_loss_begins_the_hour_again() -> None:
    loss = Loss(0.0, NOON)
    for _ in range(50):
        loss = on(on(on(loss, 1.0, lost=False), STEADY_SECONDS - 1, lost=False), 1.0)
    assert pauses_face(loss, 48)


@pytest.mark.parametrize(
    ("hours", "counted_hours"), [(48, 48), (1000, 48), (49, 48), (12, 12), (0, 0), (-5, 0)]
)
def test_face_pauses_at_the_hours_of_the_site_and_never_after_48(hours: int, counted_hours: int) -> None:
    seconds = counted_hours * HOUR
    assert pauses_face(Loss(seconds), hours)
    assert not pauses_face(Loss(seconds - 0.1), hours) or counted_hours == 0
    assert not pauses_face(Loss(seconds, is_lost=False), hours)


STEPS = st.lists(
    st.tuples(
        st.floats(1.0, 4 * HOUR),
        st.sampled_from([True, True, False, None]),
        st.none() | st.floats(-200 * HOUR, 200 * HOUR),
    ),
    max_size=60,
)


@pytest.mark.wide
@given(STEPS)
def test_however_clocks_are_set_a_loss_lasts_as_long_as_it_did(steps) -> None:
    """An oracle of its own: seconds since the first loss that no whole hour of a working reader followed."""
    loss, really, since, well, is_lost = None, 0.0, None, 0.0, False
    for seconds, lost, clock_ahead in steps:
        really += seconds
        now = None if clock_ahead is None else NOON + timedelta(seconds=really + clock_ahead)
        loss = went_on(loss, is_lost=lost, passed_seconds=seconds, sure_now=now)
        was_lost, is_lost = is_lost, is_lost if lost is None else lost
        well = 0.0 if is_lost or was_lost or lost is None else well + seconds
        since = really if since is None and is_lost else None if well >= STEADY_SECONDS else since
        assert (loss is None) is (since is None)
        assert loss is None or loss.is_lost is is_lost
        assert loss is None or since is None or loss.counted_seconds >= really - since - 0.001
        if loss is not None and since is not None and is_lost and really - since >= 48 * HOUR:
            assert pauses_face(loss, PAUSE_AFTER_HOURS_AT_MOST + 1000)


# -- the last reader ---------------------------------------------------------------------------------

CARD, PIN, QR, FACE = Method.CARD, Method.PIN, Method.QR, Method.FACE


@pytest.mark.parametrize(
    ("methods", "lost", "alone"),
    [
        ((CARD, PIN, QR, FACE), (), False),
        ((CARD, PIN, QR, FACE), (CARD, PIN), False),
        ((CARD, PIN, QR, FACE), (CARD, PIN, QR), True),
        ((CARD, FACE), (CARD,), True),
        ((CARD, PIN), (CARD, PIN), False),
        ((CARD, FACE), (PIN, QR), False),
    ],
)
def test_face_is_alone_where_every_other_way_is_lost(methods, lost, alone: bool) -> None:
    assert leaves_face_alone(lane(methods=methods), {}, lost) is alone


@pytest.mark.parametrize(
    ("hours_of", "lost", "alone"),
    [
        ({PIN: "day"}, (CARD,), True),  # at night
        ({CARD: "day"}, (CARD,), False),
        ({CARD: "day"}, (PIN,), True),
        ({PIN: "day", FACE: "day"}, (CARD,), False),
    ],
)
def test_an_hour_of_the_week_in_which_face_is_alone_is_enough(hours_of, lost, alone: bool) -> None:
    some = lane(methods=(CARD, PIN, FACE), method_hours=hours_of)
    assert leaves_face_alone(some, {"day": DAY_HOURS}, lost) is alone


@pytest.mark.parametrize("days", [DAY_KINDS, tuple(day for day in DAY_KINDS if day != "holiday")])
def test_hours_that_cover_each_minute_of_day_and_night_leave_no_hour_alone(days) -> None:
    around = WeeklyHours.from_spans((Span(days, 480, 1200), Span(days, 1200, 480)))
    some = lane(methods=(CARD, PIN, FACE), method_hours={PIN: "around"})
    assert leaves_face_alone(some, {"around": around}, (CARD,)) is (days != DAY_KINDS)
