"""A call for help over random histories of telephones: it reaches a guard, or it is an alarm."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gate_controller.lane.guard_call import (
    KEY_SECONDS,
    CallWishes,
    GuardCall,
    Step,
    changed,
    dialled,
    time_passed,
)
from gate_controller.terminal.view import HelpCall
from hardware.interfaces import CallChange, CallStage

NUMBERS = ("201", "202", "203")
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(list(CallStage)), st.integers(0, 2)),  # a report of this, or an older call
        st.floats(0.1, 70.0),  # time
    ),
    max_size=40,
)


@dataclass
class History:
    """One press of Help, and what telephones and time did to it."""

    wishes: CallWishes
    now: float = 0.0
    dialled: list[int] = field(default_factory=list)
    open_calls: set[int] = field(default_factory=set)
    reached: int = 0
    alarms: int = 0
    call: GuardCall | None = None

    def dial(self, place: int) -> None:
        number = len(self.dialled) + 1
        self.dialled.append(place)
        self.open_calls.add(number)
        self.call = dialled("north-in", place, number, self.now, self.wishes)

    def follow(self, step: Step) -> None:
        self.call = step.call
        if step.hangs_up is not None:
            self.open_calls.discard(step.hangs_up)
        self.reached += step.was_answered
        self.alarms += step.no_one_answered
        if step.calls_next is not None:
            self.dial(step.calls_next)

    def report(self, stage: CallStage, back: int) -> None:
        number = max(1, len(self.dialled) - back)
        if stage is CallStage.ENDED:
            self.open_calls.discard(number)
        if self.call is not None:
            change = CallChange("telephone", number, stage, "1" if stage is CallStage.KEY else "")
            self.follow(changed(self.call, change, self.now, self.wishes))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.call is not None:
            self.follow(time_passed(self.call, self.now, self.wishes))


@given(DEEDS, st.integers(1, 3), st.booleans())
def test_help_reaches_a_guard_or_is_an_alarm_and_no_telephone_rings_on(deeds, count, needs_key) -> None:
    history = History(CallWishes(NUMBERS[:count], 25.0, 180.0, needs_key))
    history.dial(0)
    for deed in deeds:
        if isinstance(deed, float):
            history.wait(deed)
        else:
            history.report(*deed)
        assert len(history.open_calls) <= 1
        assert (history.call is None) <= (history.reached + history.alarms == 1)
        assert history.reached + history.alarms <= 1
    for _ in range(count + 1):
        history.wait(1000.0)
    assert history.call is None
    assert history.reached + history.alarms == 1
    assert history.open_calls == set()
    assert history.dialled == list(range(len(history.dialled)))


def test_a_key_counts_after_the_answer_alone_and_a_call_without_a_key_is_left_after_its_time() -> None:
    history = History(CallWishes(NUMBERS[:2], 25.0, 180.0, answer_needs_key=True))
    history.dial(0)
    history.report(CallStage.KEY, 0)
    history.report(CallStage.ANSWERED, 0)
    assert history.call is not None
    assert (history.call.state, history.reached) == (HelpCall.TALKING, 0)
    history.wait(KEY_SECONDS)
    assert history.dialled == [0, 1]
    history.report(CallStage.ANSWERED, 0)
    history.report(CallStage.KEY, 0)
    assert (history.reached, history.alarms) == (1, 0)
