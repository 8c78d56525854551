"""Calls that a gate makes for the server: a number is proved by the digits that its owner's page shows."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gate_controller.contract.calls import TaskDone, TelephoneTasksAsk
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    CallingGate,
    add_partner,
    calling_gate,
    has_telephone,
    on_phone,
    set_clock,
    wants,
)
from web_admin.action.base import Action
from web_admin.calls.gate_telephones import DEVICE, VOICE
from web_admin.calls.made_calls import next_tasks
from web_admin.calls.models import CallNumber, CallSettings, TelephoneTask
from web_admin.calls.reach import NUMBER_PURPOSE
from web_admin.calls.telephone_tasks import (
    PROOFS_A_DAY,
    Proof,
    begin_proof,
    new_task,
    proof_state,
)
from web_admin.compound.models import Gate, Site
from web_admin.core.limits import (
    ASKED_CALLS_OF_GATE,
    MONTHLY_TESTS_OF_GATE,
    PROOFS_OF_NUMBER,
    PROOFS_UNANSWERED,
    Limit,
)
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.core.refusal import ActionRefused

NUMBER = "+8613900000001"
KEY = b"k" * 32


@pytest.fixture
def number_id(small_compound: Compound, gate: CallingGate) -> str:
    """Return a number of the first person that waits for its proof; a gate is there."""
    return has_telephone(small_compound, small_compound.person_id, NUMBER, proved_at=None)


def asked(compound: Compound, number_id: str, person_id: str | None = None) -> str:
    with on_phone(compound, person_id or compound.person_id) as act:
        return begin_proof(act, number_id)


def state(compound: Compound, number_id: str) -> Proof:
    with compound.act() as act:
        return proof_state(act.session, act.sealer, number_id, act.now)


def refusal(compound: Compound, number_id: str, person_id: str | None = None) -> str:
    with pytest.raises(ActionRefused) as refused:
        asked(compound, number_id, person_id)
    return str(refused.value)


@pytest.mark.wide
@pytest.mark.both_databases
def test_the_digits_of_the_page_typed_on_the_telephone_prove_it(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    digits = asked(small_compound, number_id)
    assert state(small_compound, number_id) == Proof("waiting", digits)
    reply, numbers = gate.asks_for_tasks()
    (task,) = reply.tasks
    assert (numbers, task.purpose, task.keys_wanted, task.language) == ((NUMBER,), "proof", 4, "en")
    assert state(small_compound, number_id) == Proof("calling", digits)
    gate.asks_for_tasks(TaskDone(task_id=task.task_id, result="answered", keys=digits))
    assert state(small_compound, number_id) == Proof("proved")
    with small_compound.session() as session:
        assert session.get_one(TelephoneTask, task.task_id).code_sealed is None


no_gate_speaks = pytest.mark.parametrize(
    "devices",
    [
        [],
        [{"device": DEVICE, "health": "lost"}, {"device": VOICE, "health": "ok"}],
        [{"device": DEVICE, "health": "ok"}],
    ],
    ids=["no telephone", "lost", "nothing to say"],
)


@no_gate_speaks
def test_where_no_gate_can_telephone_a_proof_is_refused_at_once(
    small_compound: Compound, number_id: str, devices: list[dict[str, str]]
) -> None:
    with small_compound.session() as session:
        session.get_one(Gate, "north").device_states = devices
    assert "No gate can telephone now" in refusal(small_compound, number_id)
    with small_compound.session() as session:
        assert session.query(TelephoneTask).count() == 0


@no_gate_speaks
def test_a_gate_that_does_not_speak_gets_no_calls_and_ends_those_that_it_took(
    small_compound: Compound, gate: CallingGate, number_id: str, devices: list[dict[str, str]]
) -> None:
    digits = asked(small_compound, number_id)
    (task,) = gate.asks_for_tasks()[0].tasks
    other = has_telephone(small_compound, small_compound.neighbour_id, "+8613900000002", proved_at=None)
    asked(small_compound, other, small_compound.neighbour_id)
    with small_compound.session() as session:
        session.get_one(Gate, "north").device_states = devices
    done = TaskDone(task_id=task.task_id, result="answered", keys=digits)
    assert gate.asks_for_tasks(done)[0].tasks == ()
    assert state(small_compound, number_id) == Proof("proved")
    assert state(small_compound, other).state == "waiting", "another gate may call it"


def test_each_telephone_that_is_proved_is_a_message_to_its_person(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    digits = asked(small_compound, number_id)
    phone = small_compound.signed_in(small_compound.person_id)
    assert "can open when a gate calls it" not in phone.get("/r/records/messages").text
    (task,) = gate.asks_for_tasks()[0].tasks
    gate.asks_for_tasks(TaskDone(task_id=task.task_id, result="answered", keys=digits))
    assert "can open when a gate calls it" in phone.get("/r/records/messages").text


@pytest.mark.parametrize(
    ("result", "keys", "said"),
    [("answered", "", "wrong_digits"), ("not_answered", "", "not_answered"), ("failed", "", "failed")],
)
def test_anything_else_proves_nothing(
    small_compound: Compound, gate: CallingGate, number_id: str, result: str, keys: str, said: str
) -> None:
    asked(small_compound, number_id)
    reply, _numbers = gate.asks_for_tasks()
    done = TaskDone(task_id=reply.tasks[0].task_id, result=result, keys=keys)  # type: ignore[arg-type]
    gate.asks_for_tasks(done)
    assert state(small_compound, number_id) == Proof(said)  # type: ignore[arg-type]


def test_one_call_has_one_try(small_compound: Compound, gate: CallingGate, number_id: str) -> None:
    digits = asked(small_compound, number_id)
    reply, _numbers = gate.asks_for_tasks()
    task_id = reply.tasks[0].task_id
    gate.asks_for_tasks(TaskDone(task_id=task_id, result="answered", keys=f"{digits}#"))
    gate.asks_for_tasks(TaskDone(task_id=task_id, result="answered", keys=digits))
    assert state(small_compound, number_id) == Proof("wrong_digits")


def test_a_gate_that_did_not_take_a_call_says_nothing_of_it(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    digits = asked(small_compound, number_id)
    south = calling_gate(small_compound, "south")
    reply, _numbers = gate.asks_for_tasks()
    assert south.asks_for_tasks()[0].tasks == (), "one gate calls"
    south.asks_for_tasks(TaskDone(task_id=reply.tasks[0].task_id, result="answered", keys=digits))
    assert state(small_compound, number_id).state == "calling"


def test_digits_that_come_too_late_prove_nothing(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    digits = asked(small_compound, number_id)
    reply, _numbers = gate.asks_for_tasks()
    set_clock(small_compound, 301)
    assert state(small_compound, number_id) == Proof("late")
    gate.asks_for_tasks(TaskDone(task_id=reply.tasks[0].task_id, result="answered", keys=digits))
    assert state(small_compound, number_id) == Proof("late")


def test_a_proof_that_is_asked_again_ends_the_one_before(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    asked(small_compound, number_id)
    digits = asked(small_compound, number_id)
    assert len(gate.asks_for_tasks()[0].tasks) == 1
    assert state(small_compound, number_id).digits == digits


def test_three_proofs_a_day_are_called_for_one_person(small_compound: Compound, number_id: str) -> None:
    for _time in range(PROOFS_A_DAY):
        asked(small_compound, number_id)
        set_clock(small_compound, 60)
    assert "three times today" in refusal(small_compound, number_id)
    with small_compound.session() as session:
        session.delete(session.get_one(CallNumber, number_id))
    other = has_telephone(small_compound, small_compound.person_id, "+8613900000002", proved_at=None)
    assert "three times today" in refusal(small_compound, other), "removing a number gives no more"
    set_clock(small_compound, 24 * 3600)
    assert len(asked(small_compound, other)) == 4


# -- a telephone that may be a stranger's ----------------------------------------------------------


def rings(gate: CallingGate, result: str = "failed", keys: str = "") -> tuple[str, ...]:
    """Let a gate make the calls that wait, and say what came of each; return the numbers."""
    reply, numbers = gate.asks_for_tasks()
    done = [TaskDone(task_id=task.task_id, result=result, keys=keys) for task in reply.tasks]  # type: ignore[arg-type]
    gate.asks_for_tasks(*done)
    return numbers


def written(compound: Compound, person_id: str, number: str) -> str:
    """Add a number to prove that is written in one of several ways."""
    number_id = has_telephone(compound, person_id, number, proved_at=None)
    with compound.session() as session:
        row = session.get_one(CallSettings, compound.site_id)
        row.prefixes, row.hosts = ["+86", "1", "0086"], ["pbx.example.org"]
    return number_id


def test_one_telephone_is_called_three_times_a_day_at_most(
    small_compound: Compound, gate: CallingGate
) -> None:
    first, neighbour = small_compound.person_id, small_compound.neighbour_id
    partner, south = add_partner(small_compound), calling_gate(small_compound, "south")
    asked(small_compound, written(small_compound, first, NUMBER))
    assert rings(gate) == (NUMBER,)
    asked(small_compound, written(small_compound, partner, "13900000001"), partner)
    assert rings(south) == ("13900000001",)
    own = written(small_compound, neighbour, f"sip:{NUMBER}@pbx.example.org")
    asked(small_compound, own, neighbour)
    with small_compound.session() as session:
        session.delete(session.get_one(CallNumber, own))
    again = written(small_compound, neighbour, "008613900000001")
    assert "three times today" in refusal(small_compound, again, neighbour)
    set_clock(small_compound, 24 * 3600)
    asked(small_compound, again, neighbour)


def test_a_telephone_that_no_one_answered_twice_is_left_alone_for_a_week(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    neighbour = small_compound.neighbour_id
    theirs = has_telephone(small_compound, neighbour, NUMBER, proved_at=None)
    asked(small_compound, number_id)
    assert rings(gate, "not_answered") == (NUMBER,)
    asked(small_compound, theirs, neighbour)
    gate.asks_for_tasks()  # a gate that never says what came of it
    set_clock(small_compound, 24 * 3600)
    assert "in a week" in refusal(small_compound, number_id)
    set_clock(small_compound, 6 * 24 * 3600)
    asked(small_compound, number_id)


@pytest.mark.parametrize(("result", "keys"), [("answered", ""), ("answered", "0000#"), ("failed", "")])
def test_calls_that_were_answered_or_never_made_keep_no_one_from_the_next(
    small_compound: Compound, gate: CallingGate, number_id: str, result: str, keys: str
) -> None:
    for _day in range(3):
        asked(small_compound, number_id)
        assert rings(gate, result, keys) == (NUMBER,)
        set_clock(small_compound, 24 * 3600)


@pytest.mark.both_databases
def test_of_many_who_ask_at_once_three_are_called_and_two_of_them_until_one_answers(
    small_compound: Compound, gate: CallingGate
) -> None:
    people = [add_partner(small_compound, f"Lin {name}") for name in "ABCDEF"]
    numbers = [has_telephone(small_compound, one, NUMBER, proved_at=None) for one in people]
    together, said = threading.Barrier(len(people)), list[bool]()

    def asks(person_id: str, number_id: str) -> None:
        together.wait()
        try:
            asked(small_compound, number_id, person_id)
            said.append(True)
        except ActionRefused:
            said.append(False)

    threads = [threading.Thread(target=asks, args=pair) for pair in zip(people, numbers, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count(True) == PROOFS_OF_NUMBER.most
    gates = [gate, calling_gate(small_compound, "south")]
    rung = [number for one in gates for number in one.asks_for_tasks()[1]]
    assert rung == [NUMBER] * PROOFS_UNANSWERED.most


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("purpose", "limit"), [("proof", ASKED_CALLS_OF_GATE), ("test", MONTHLY_TESTS_OF_GATE)]
)
def test_a_gate_is_given_so_many_proofs_and_monthly_tests_a_day(
    small_compound: Compound, gate: CallingGate, number_id: str, purpose: str, limit: Limit
) -> None:
    def rung(by: CallingGate) -> int:
        return sum(len(by.asks_for_tasks()[1]) for _ask in range(limit.most))

    lasts = timedelta(days=2)
    with small_compound.act() as act:
        for place in range(limit.most + 2):
            number = CallNumber(
                number_id=f"n{place}",
                person_id=small_compound.person_id,
                number_sealed=act.sealer.seal(f"+86139000{place:05}".encode(), purpose=NUMBER_PURPOSE),
                created_at=act.now,
            )
            act.session.add(number)
            act.session.flush()
            act.session.add(new_task(act.site_id, number, purpose, act.now, lasts))
    assert rung(gate) == limit.most
    assert rung(gate) == 0
    assert rung(calling_gate(small_compound, "south")) == 2, "the others have another gate"
    set_clock(small_compound, limit.window_seconds + 1)
    with small_compound.session() as session:
        session.execute(update(TelephoneTask).values(state="waiting", gate_id=None))
    assert rung(gate) == limit.most


def test_numbers_that_the_manager_did_not_list_are_never_called(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    asked(small_compound, number_id)
    with small_compound.session() as session:
        session.get_one(CallSettings, small_compound.site_id).prefixes = ["+49"]
    assert gate.asks_for_tasks()[0].tasks == ()
    assert refusal(small_compound, number_id) == "This compound's gates do not call such numbers."


def test_no_one_proves_anothers_number(small_compound: Compound, number_id: str) -> None:
    assert refusal(small_compound, number_id, small_compound.neighbour_id) == (
        "You can change only what is your own."
    )
    assert "removed" in refusal(small_compound, "none")


def distrusted(act: Action) -> None:
    act.session.get_one(Gate, "north").forked_at = act.now


def restoring(act: Action) -> None:
    act.session.get_one(Site, act.site_id).restoring = True


@pytest.mark.parametrize("change", [distrusted, restoring])
def test_no_number_goes_to_a_gate_that_is_not_trusted_or_from_a_server_that_is_being_restored(
    small_compound: Compound, gate: CallingGate, number_id: str, change: Callable[[Action], None]
) -> None:
    asked(small_compound, number_id)
    with small_compound.act() as act:
        change(act)
    assert gate.asks_for_tasks()[0].tasks == ()


def test_what_came_of_calls_is_taken_with_the_site_locked_first(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    digits = asked(small_compound, number_id)
    (task,) = gate.asks_for_tasks()[0].tasks
    done = TaskDone(task_id=task.task_id, result="answered", keys=digits)
    with small_compound.act() as act:
        act.session.info[GATE_ALONE] = "north"
        north = act.session.get_one(Gate, "north")
        menjin = small_compound.app.extensions["menjin"]
        with pytest.raises(SiteFirst):
            next_tasks(
                menjin, act.session, north, TelephoneTasksAsk(sealing_public_key=KEY, done=(done,)), act.now
            )
        assert (
            next_tasks(menjin, act.session, north, TelephoneTasksAsk(sealing_public_key=KEY), act.now).tasks
            == ()
        )
    assert state(small_compound, number_id).state == "calling"
    gate.asks_for_tasks(done)
    assert state(small_compound, number_id) == Proof("proved")


def test_a_number_is_nowhere_in_an_answer_in_the_clear(
    small_compound: Compound, gate: CallingGate, number_id: str
) -> None:
    wants(small_compound)
    asked(small_compound, number_id)
    with small_compound.session() as session:
        (row,) = session.scalars(select(CallNumber))
        assert NUMBER.encode() not in row.number_sealed
    reply, _numbers = gate.asks_for_tasks()
    assert NUMBER not in repr(reply)
