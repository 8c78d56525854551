"""A call that the server asked for: its keys count from the called side alone, and it ends."""

from gate_controller.lane.telephone_task import KEYS_SECONDS, TaskCall, changed, time_passed
from hardware.interfaces import CallChange, CallStage

DIALLED = TaskCall("t-1", keys_wanted=2, call_number=7, until_seconds=20.0)


def said(stage: CallStage, key: str = "", number: int = 7) -> CallChange:
    return CallChange("telephone", number, stage, key)


def answered(now_seconds: float = 5.0) -> TaskCall:
    return changed(DIALLED, said(CallStage.ANSWERED), now_seconds).call


def test_it_is_over_with_the_keys_that_were_wanted() -> None:
    first = changed(answered(), said(CallStage.KEY, "4"), 6.0)
    assert (first.call.keys, first.result) == ("4", None)
    second = changed(first.call, said(CallStage.KEY, "9"), 7.0)
    assert (second.call.keys, second.result, second.hangs_up) == ("49", "answered", True)


def test_a_key_before_the_answer_and_of_another_call_is_none() -> None:
    assert changed(DIALLED, said(CallStage.KEY, "4"), 1.0).call == DIALLED
    call = answered()
    assert changed(call, said(CallStage.KEY, "4", number=6), 6.0).call == call


def test_who_does_not_answer_and_who_presses_nothing_ends_it() -> None:
    assert time_passed(DIALLED, 19.9).result is None
    assert time_passed(DIALLED, 20.0).result == "not_answered"
    assert changed(DIALLED, said(CallStage.ENDED), 3.0).result == "not_answered"
    assert time_passed(answered(5.0), 5.0 + KEYS_SECONDS).result == "answered"
    assert changed(answered(), said(CallStage.ENDED), 8.0).result == "answered"
