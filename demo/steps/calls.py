"""Steps with calls of homes from the north gate's screen that pages of the home answer, and their traces."""

import time

import msgspec

from demo.judge import Outcome, decision_after, opens, require, require_shut, wait_until_locked
from demo.stage import Stage
from demo.steps.call_hands import (
    GATE,
    LANDLINE,
    LANE,
    PREFIX,
    QUIET_SECONDS,
    begin_call,
    called_home,
    put_away,
    screen_at_gate,
    screen_says,
    wait_ringing,
)
from gate_controller.contract.calls import CallState, SignedCallOrder
from gate_controller.terminal.view import Screen

PUSH_SECONDS = 8.0


def call_answered_opens(stage: Stage) -> Outcome:
    """A visitor calls a home from the screen; a resident answers on the phone's page and opens.

    Broken by: an opening without an answer, by another right than the answerer's, or a call that rings on.
    """
    home, resident = called_home(stage), stage.member("resident")
    pressed_ns = begin_call(stage, resident.typed_home)
    call, rang_ns = wait_ringing(home)
    home.press(call, "answer")
    screen_at_gate(stage).wait_for(Screen.CALL_ANSWERED)
    ms = opens(stage, GATE, LANE, lambda: home.press(call, "open"), person_id=resident.person_id)
    require(home.ringing() is None, "the page still rings after the gate has opened")
    put_away(stage)
    return Outcome(
        ms, f"the page rang {(rang_ns - pressed_ns) / 1e9:.1f} s after the press; by the answerer's right"
    )


def push_wakes_phone(stage: Stage) -> Outcome:
    """A phone without an open page is woken by a push message; once the call is missed, it says so.

    Broken by: a message that says who calls or where, that rings late, or that still asks for an answer then.
    """
    home, push = called_home(stage), stage.push
    home.ring_by_push(push.subscription())
    pressed_ns = begin_call(stage, stage.member("resident").typed_home)
    rings = push.wait(PUSH_SECONDS)
    seconds = (time.monotonic_ns() - pressed_ns) / 1e9
    headers = {name.lower(): value for name, value in rings.headers.items()}
    lives = int(headers["ttl"])
    require(headers["urgency"] == "high" and lives <= 30, f"urgency {headers['urgency']}, {lives} s to live")
    put_away(stage)
    missed = push.wait(PUSH_SECONDS)
    require("missed" in missed.title.lower(), f"after the call the phone shows {missed.title!r}")
    require(rings.page == missed.page, "the two messages lead to two pages")
    require(
        "missed" in home.words(rings.page.removeprefix(stage.server.address)).lower(), "the page still asks"
    )
    return Outcome(None, f"woken {seconds:.1f} s after the press, for {lives} s; then {missed.title!r}")


def call_sent_away(stage: Stage) -> Outcome:
    """The resident answers with a sentence, and then sends the caller away.

    Broken by: a gate that opens, or a screen that says nothing of it.
    """
    home, before_ns = called_home(stage), time.monotonic_ns()
    begin_call(stage, stage.member("resident").typed_home)
    call, _rang_ns = wait_ringing(home)
    home.press(call, "answer")
    home.press(call, "reply", reply="leave_at_door")
    screen_says(stage, lambda view: bool(view.prompt), "the screen shows the sentence")
    home.press(call, "away")
    ended = screen_at_gate(stage).wait_for(Screen.CALL_OVER)
    require_shut(stage.gates[GATE], LANE, before_ns)
    put_away(stage)
    return Outcome(None, f"the screen showed the sentence, then {ended.prompt}; no ON byte")


def call_answer_replayed_refused(stage: Stage) -> Outcome:
    """A dishonest cable repeats the order of one call in the next one.

    Broken by: a gate that takes an order of another call, or one that it has obeyed.
    """
    home, ends, resident = called_home(stage), stage.gates[GATE], stage.member("resident")
    home.order("pages", guard=False)
    seen: list[SignedCallOrder] = []
    ends.cable.tamper_calls = lambda body: _kept(body, seen)
    try:
        begin_call(stage, resident.typed_home)
        call, _rang_ns = wait_ringing(home)
        home.press(call, "answer")
        opens(stage, GATE, LANE, lambda: home.press(call, "open"), person_id=resident.person_id)
        put_away(stage)
        wait_until_locked(ends, LANE)
        ends.cable.tamper_calls = lambda body: _with_order(body, seen[0])
        before_seq, before_ns = ends.journal_seq(), time.monotonic_ns()
        begin_call(stage, resident.typed_home)
        event = decision_after(stage, GATE, LANE, before_seq)
    finally:
        ends.cable.tamper_calls = None
    time.sleep(QUIET_SECONDS)
    require_shut(ends, LANE, before_ns)
    require(not event.opens, "the repeated order opened")
    put_away(stage)
    return Outcome(None, f"refused: {event.reason}; no ON byte")


def call_leaves_nothing(stage: Stage) -> Outcome:
    """After all those calls the number is nowhere on the gate's disk, and only sealed at the server's.

    Broken by: a number in a journal, a log or a table, or a gate that remembers which home was called.
    """
    words = [LANDLINE.encode(), LANDLINE.removeprefix("+").encode(), LANDLINE.removeprefix(PREFIX).encode()]
    ends, resident = stage.gates[GATE], stage.member("resident")
    folders = (ends.folder / "data", ends.folder / "secrets", stage.server.data_dir, stage.logs)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found = [path.name for path in files for word in words if word in path.read_bytes()]
    require(not found, f"the number lies in {', '.join(sorted(set(found)))}")
    entries = [entry for entry in ends.journal() if entry.kind in ("call_began", "call_over")]
    require(len(entries) > 0, "the gate's journal has no call")
    named = [entry.seq for entry in entries if resident.home in str(entry.facts) or entry.personal]
    require(not named, f"the gate's entries {named} say which home was called")
    return Outcome(
        None, f"{len(files)} files without the number; {len(entries)} entries without home and person"
    )


def _kept(body: bytes, seen: list[SignedCallOrder]) -> bytes:
    state = msgspec.json.decode(body, type=CallState)
    if state.opens is not None:
        seen.append(state.opens)
    return body


def _with_order(body: bytes, order: SignedCallOrder) -> bytes:
    state = msgspec.json.decode(body, type=CallState)
    return msgspec.json.encode(msgspec.structs.replace(state, opens=order))
