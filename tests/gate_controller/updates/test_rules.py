"""When a new version of a gate's program is kept, and when it goes back."""

import pytest

from gate_controller.updates.launcher import TRIAL_SECONDS
from gate_controller.updates.rules import Judgement, TrialFacts, judge


def well(**more: object) -> TrialFacts:
    devices = frozenset({"board", "card"})
    facts = TrialFacts(True, devices, has_policy=True, has_reported=True, well=set(devices))
    for name, value in more.items():
        setattr(facts, name, value)
    return facts


def test_it_is_kept_as_soon_as_a_card_has_opened() -> None:
    assert judge(well(), 1.0).verdict == "wait"
    assert judge(well(opened=1), 1.0) == Judgement("keep")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"has_reported": False}, "the server did not hear from it"),
        ({"has_policy": False}, "it has no rules"),
        ({"well": {"card"}}, "devices that worked before do not: board"),
    ],
)
def test_a_card_is_not_enough_where_something_else_is_not_well(more: dict[str, object], why: str) -> None:
    facts = well(opened=1, **more)
    assert judge(facts, TRIAL_SECONDS - 1).verdict == "wait"
    late = judge(facts, TRIAL_SECONDS)
    assert late.verdict == "roll_back"
    assert why in late.why


def test_what_no_sound_version_records_ends_it_at_once() -> None:
    assert judge(well(opened=3, failed="alarm_gate_failed"), 2.0).verdict == "roll_back"


def test_people_to_whom_it_did_not_open_in_time_end_it() -> None:
    facts = well(turned_away=2, relays_tested=True)
    assert judge(facts, TRIAL_SECONDS - 1).verdict == "wait"
    assert judge(facts, TRIAL_SECONDS).verdict == "roll_back"


def test_where_no_one_came_the_relays_are_tried_instead() -> None:
    assert judge(well(), TRIAL_SECONDS).verdict == "test_relays"
    assert judge(well(relays_tested=True), TRIAL_SECONDS).verdict == "keep"
    assert judge(well(relays_tested=False), TRIAL_SECONDS).verdict == "roll_back"


def test_a_gate_that_had_no_rules_needs_none() -> None:
    facts = TrialFacts(False, frozenset(), has_reported=True, opened=1)
    assert judge(facts, 1.0).verdict == "keep"
