"""A call of a home over random histories: what may open it, and that it ends."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.contract.calls import LONGEST_CALL_SECONDS, CallEnd, CallFor, CallLeg, CallStep
from gate_controller.lane.home_call import (
    HELD_UP_SECONDS,
    KEY_SECONDS,
    LONGEST_RINGING_SECONDS,
    LOST_SECONDS,
    SILENT_SECONDS,
    Answer,
    CallPhase,
    CheckedOrder,
    HomeCall,
    Said,
    Step,
    begun,
    cancelled,
    decided,
    dialled,
    not_dialled,
    server_said,
    telephone_said,
    time_passed,
)
from hardware.interfaces import CallChange, CallStage

LEGS = tuple(CallLeg(person_id=f"p{n}", number=f"20{n}", ring_seconds=25) for n in range(3))
ORDER = CheckedOrder("o-1", "c-1", "north-in", "p-page")
RINGING = Said("c-1", "ringing", rings_telephones=True, legs=LEGS)

reports = st.tuples(
    st.just("telephone"),
    st.sampled_from(list(CallStage)),
    st.sampled_from("0123456789*#"),
    st.integers(0, 2),  # how many calls ago the one was dialled that the report is of
)
answers = st.tuples(
    st.just("server"),
    st.builds(
        Said,
        call_id=st.sampled_from(["c-1", "c-0"]),
        stage=st.sampled_from(["ringing", "answered", "over"]),
        end=st.sampled_from([CallEnd.ENDED, CallEnd.NO_CALLS, None]),
        rings_telephones=st.booleans(),
        legs=st.sampled_from([(), LEGS]),
        leg=st.sampled_from([None, 0, 1]),
        order=st.sampled_from(
            [None, None, ORDER, replace(ORDER, call_id="c-0"), replace(ORDER, lane_id="x")]
        ),
    ),
)
DEEDS = st.lists(
    st.one_of(
        reports,
        reports,
        answers,
        st.tuples(st.just("time"), st.floats(0.1, 70.0)),
        st.tuples(st.just("held up"), st.floats(0.1, 20.0)),
        st.tuples(st.just("away"), st.booleans()),
        st.tuples(st.just("cancel")),
    ),
    max_size=40,
)


@dataclass
class History:
    """One call, and what the server, telephones, the visitor and time did to it."""

    call: HomeCall = field(
        default_factory=lambda: begun("c-1", "north-in", "31203", "3-1203", CallFor.HOME, 0.0)
    )
    now: float = 0.0
    is_away: bool = False
    numbers: int = 0
    live: set[int] = field(default_factory=set)
    answered: set[int] = field(default_factory=set)
    person_of: dict[int, str] = field(default_factory=dict)
    opened: list[Answer] = field(default_factory=list)
    notes: list[CallStep] = field(default_factory=list)
    cause: object = None
    """What came last: the change that an answer must stem from."""

    def follow(self, step: Step) -> None:
        was_over = self.call.is_over
        self.call = step.call
        assert not was_over or step == Step(self.call)
        self.live.discard(step.hangs_up or 0)
        self.notes += [note.step for note in step.notes]
        if step.answer is not None:
            self.is_owed(step.answer)
            self.opened.append(step.answer)
            self.follow(decided(self.call, step.answer, None))
        elif step.dials is not None:
            self.dial(step.dials)

    def dial(self, leg: CallLeg) -> None:
        if self.is_away:
            self.follow(not_dialled(self.call))
            return
        self.numbers += 1
        self.person_of[self.numbers] = leg.person_id
        self.call = dialled(self.call, leg, self.numbers, self.now)
        self.live.add(self.numbers)

    def is_owed(self, answer: Answer) -> None:
        """Hold an answer against what came last: a key of an answered telephone, or this call's order."""
        match self.cause:
            case CallChange(_, number, CallStage.KEY, key):
                assert number in self.live & self.answered
                assert answer.person_id == self.person_of[number]
                assert key == ("7" if answer.under_duress else "9")
            case Said(call_id="c-1", order=CheckedOrder() as order):
                assert order == ORDER
                assert answer == Answer("p-page", order_id="o-1")
            case _:
                pytest.fail(f"{answer} came of {self.cause}")

    def do(self, deed: tuple[object, ...]) -> None:
        match deed:
            case ("telephone", CallStage() as stage, str(key), int(back)):
                number = max(1, self.numbers - back)
                change = CallChange("telephone", number, stage, key if stage is CallStage.KEY else "")
                self.cause = change
                if stage is CallStage.ANSWERED and number in self.live:
                    self.answered.add(number)
                if stage is CallStage.ENDED:
                    self.live.discard(number)
                self.follow(telephone_said(self.call, change, self.now))
            case ("server", Said() as said):
                self.cause = said
                self.follow(server_said(self.call, said, self.now))
            case ("time", float(seconds)):
                self.cause, self.now = None, self.now + seconds
                self.follow(time_passed(self.call, self.now))
            case ("held up", float(seconds)):
                self.cause, self.now = None, self.now + seconds
                self.follow(time_passed(self.call, self.now, is_held_up=True))
            case ("away", bool(is_away)):
                self.is_away = is_away
            case ("cancel",):
                self.cause = None
                self.follow(cancelled(self.call))


@pytest.mark.wide
@given(DEEDS)
def test_only_an_order_of_this_call_or_a_key_of_its_telephone_opens_and_once(
    deeds: list[tuple[object, ...]],
) -> None:
    history = History()
    for deed in deeds:
        history.do(deed)
        assert len(history.live) <= 1, "one telephone for one call"
        assert len(history.opened) <= 1
        if history.call.is_over:
            assert not history.live, "no telephone rings after the end"
            assert history.notes[-1] is CallStep.OVER
    assert history.notes.count(CallStep.OVER) == history.call.is_over


@pytest.mark.wide
@given(DEEDS)
def test_every_call_ends(deeds: list[tuple[object, ...]]) -> None:
    history = History()
    for deed in deeds:
        history.do(deed)
    for _ in range(8):
        history.do(("time", float(LONGEST_CALL_SECONDS)))
    assert history.call.is_over
    assert not history.live


def ringing() -> History:
    history = History()
    history.do(("server", RINGING))
    return history


def turn(count: int) -> tuple[object, ...]:
    """Return an answer of the server once it is the turn of so many telephones."""
    return ("server", replace(RINGING, legs=LEGS[:count]))


def press(history: History, key: str) -> None:
    history.do(("telephone", CallStage.ANSWERED, "", 0))
    history.do(("telephone", CallStage.KEY, key, 0))


def test_the_key_9_opens_7_calls_for_help_as_well_and_0_sends_away() -> None:
    opens, duress, away = ringing(), ringing(), ringing()
    press(opens, "9")
    press(duress, "7")
    press(away, "0")
    assert opens.opened == [Answer("p0", leg=0)]
    assert duress.opened == [Answer("p0", under_duress=True, leg=0)]
    assert (away.opened, away.call.end) == ([], CallEnd.SENT_AWAY)


def test_a_key_before_the_telephone_answers_is_nothing() -> None:
    history = ringing()
    history.do(("telephone", CallStage.KEY, "9", 0))
    assert (history.opened, history.call.phase) == ([], CallPhase.RINGING)


def test_the_next_telephone_is_called_after_one_that_rejects_and_one_without_a_key() -> None:
    history = History()
    history.do(turn(1))
    history.do(turn(1))
    history.do(("telephone", CallStage.ENDED, "", 0))
    history.do(turn(1))
    assert not history.live, "the one that ended is not called again"
    history.do(turn(2))
    assert history.call.leg is not None
    assert history.call.leg.person_id == "p1"
    history.do(("telephone", CallStage.ANSWERED, "", 0))
    assert history.call.phase is CallPhase.ANSWERED
    history.do(("time", KEY_SECONDS))
    assert history.call.phase is CallPhase.RINGING
    history.do(turn(3))
    assert history.call.leg is not None
    assert history.call.leg.person_id == "p2"


def test_one_that_hangs_up_without_a_key_has_not_answered_and_the_home_rings_on_as_long() -> None:
    history = ringing()
    history.do(("telephone", CallStage.ANSWERED, "", 0))
    history.do(("time", 40.0))
    history.do(("telephone", CallStage.ENDED, "", 0))
    assert history.notes[-1] is CallStep.LEG_ENDED
    assert (history.call.phase, history.call.put_off_seconds) == (CallPhase.RINGING, 40.0)
    history.do(("server", RINGING))
    assert history.live == {2}
    history.do(("time", LONGEST_RINGING_SECONDS - 30.0))
    assert not history.call.is_over, "it rings on for the time that the telephone took"
    history.do(("server", RINGING))
    history.do(("time", 30.0))
    assert (history.call.end, history.call.offers_guard) == (CallEnd.NO_ANSWER, True)


def test_a_telephone_without_a_key_at_the_longest_time_is_no_answer_either() -> None:
    history = ringing()
    history.do(("telephone", CallStage.ANSWERED, "", 0))
    history.do(("time", float(LONGEST_CALL_SECONDS)))
    assert (history.call.end, history.call.offers_guard) == (CallEnd.NO_ANSWER, True)


def test_a_telephone_that_is_used_otherwise_is_left_out_and_the_call_goes_on() -> None:
    history = History(is_away=True)
    for count in (1, 2, 3, 3):
        history.do(turn(count))
    assert history.notes == [CallStep.LEG_ENDED] * 3
    assert history.call.phase is CallPhase.RINGING


def test_a_page_that_answers_stops_the_telephones_and_one_that_answered_is_kept() -> None:
    page, guard, leg = ringing(), ringing(), ringing()
    page.do(("server", Said("c-1", "answered")))
    guard.do(("server", Said("c-1", "answered", to_guard=True)))
    assert page.live == guard.live == set()
    leg.do(("telephone", CallStage.ANSWERED, "", 0))
    leg.do(("server", Said("c-1", "ringing")))
    assert leg.live == {1}, "the server did not know yet"
    leg.do(("server", Said("c-1", "answered", leg=0)))
    assert leg.live == {1}


def test_without_the_server_a_telephone_goes_on_and_a_call_without_one_ends() -> None:
    alone, telephone = History(), ringing()
    alone.do(("time", LOST_SECONDS))
    assert (alone.call.end, alone.call.offers_guard) == (CallEnd.FAILED, True)
    telephone.do(("time", LOST_SECONDS))
    press(telephone, "9")
    assert telephone.call.end is CallEnd.OPENED
    between = ringing()
    between.do(("time", LOST_SECONDS))
    between.do(("telephone", CallStage.ENDED, "", 0))
    between.do(("time", 0.1))
    assert between.call.end is CallEnd.FAILED, "the next number is at the server"


def test_a_report_that_waits_for_something_else_has_more_time_until_the_server_is_lost() -> None:
    history = History()
    history.do(("held up", SILENT_SECONDS))
    history.do(("time", LOST_SECONDS))
    assert not history.call.is_over
    history.do(("server", Said("c-1", "ringing")))
    history.do(("time", LOST_SECONDS))
    assert history.call.end is CallEnd.FAILED, "it had to wait before the answer, and not after"


def test_a_report_that_waits_for_something_else_for_good_ends_the_call() -> None:
    history = History()
    for _ in range(int(HELD_UP_SECONDS / SILENT_SECONDS)):
        history.do(("held up", SILENT_SECONDS))
        assert not history.call.is_over
    history.do(("held up", SILENT_SECONDS))
    assert (history.call.end, history.call.offers_guard) == (CallEnd.FAILED, True)


def test_the_third_telephone_rings_as_long_as_it_may_after_two_mailboxes() -> None:
    history = ringing()
    for _mailbox in range(2):
        history.do(("time", 10.0))
        history.do(("telephone", CallStage.ANSWERED, "", 0))
        history.do(("time", KEY_SECONDS))
        history.do(("server", RINGING))
    assert history.live == {3}
    history.do(("time", LEGS[2].ring_seconds - 1.0))
    assert history.live == {3}
    assert not history.call.is_over


def test_a_call_that_no_one_answers_ends_and_offers_the_guard() -> None:
    history = History()
    for _ in range(int(LONGEST_RINGING_SECONDS)):
        history.do(("server", Said("c-1", "ringing")))
        history.do(("time", 1.0))
    assert (history.call.end, history.call.offers_guard) == (CallEnd.NO_ANSWER, True)


def test_a_refused_answer_ends_the_call_and_keeps_the_reason() -> None:
    history = ringing()
    history.do(("telephone", CallStage.ANSWERED, "", 0))
    step = telephone_said(history.call, CallChange("telephone", 1, CallStage.KEY, "9"), 1.0)
    assert step.answer is not None
    over = decided(step.call, step.answer, "lane_lockdown").call
    assert (over.end, over.reason, over.ended_by) == (CallEnd.REFUSED, "lane_lockdown", Answer("p0", leg=0))


def test_a_second_answer_before_the_first_is_decided_is_none() -> None:
    history = ringing()
    history.do(("telephone", CallStage.ANSWERED, "", 0))
    opens = CallChange("telephone", 1, CallStage.KEY, "9")
    first = telephone_said(history.call, opens, 1.0)
    assert first.answer is not None
    assert telephone_said(first.call, opens, 1.0).answer is None
    assert server_said(first.call, Said("c-1", "answered", leg=0, order=ORDER), 1.0).answer is None
