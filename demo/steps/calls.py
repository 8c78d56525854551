"""Steps with calls of homes from the north gate's screen: pages, telephones, couriers, the guard."""

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from demo.actors.called_home import CalledHome
from demo.actors.gate_screen import GateScreen
from demo.judge import Outcome, decision_after, event_after, opens, require, require_shut, wait_until_locked
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.compound import TIMEZONE
from demo.world.site_files import GUARD_NUMBER
from gate_controller.contract.calls import CallState, SignedCallOrder
from gate_controller.terminal.view import Screen, TerminalView
from hardware.simulated.telephone_line import TelephoneLine

GATE, LANE = "north", "north-in"
PREFIX, LANDLINE = "+86", "+862885550123"
TASK_SECONDS = 40.0
"""A gate asks the server every few seconds which telephones it is to call for it."""
QUIET_SECONDS, PUSH_SECONDS, RINGS_WITHIN_SECONDS = 1.0, 8.0, 8.0
GUARD_AFTER_SECONDS = 40.0
DAY_HOURS = range(8, 20)
"""The site's hours in which a courier is let in without being asked about."""


def call_answered_opens(stage: Stage) -> Outcome:
    """A visitor calls a home from the screen; a resident answers on the phone's page and opens.

    Broken by: an opening without an answer, by another right than the answerer's, or a call that rings on.
    """
    home, resident = _called_home(stage), stage.member("resident")
    pressed_ns = begin_call(stage, resident.typed_home)
    call, rang_ns = wait_ringing(home)
    home.press(call, "answer")
    _screen(stage).wait_for(Screen.CALL_ANSWERED)
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
    home, push = _called_home(stage), stage.push
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
    home, before_ns = _called_home(stage), time.monotonic_ns()
    begin_call(stage, stage.member("resident").typed_home)
    call, _rang_ns = wait_ringing(home)
    home.press(call, "answer")
    home.press(call, "reply", reply="leave_at_door")
    _screen_says(stage, lambda view: bool(view.prompt), "the screen shows the sentence")
    home.press(call, "away")
    ended = _screen(stage).wait_for(Screen.CALL_OVER)
    require_shut(stage.gates[GATE], LANE, before_ns)
    put_away(stage)
    return Outcome(None, f"the screen showed the sentence, then {ended.prompt}; no ON byte")


def call_by_telephone_opens(stage: Stage) -> Outcome:
    """A resident proves a landline by typing digits at it; a visitor calls, it rings, and its 9 opens.

    Broken by: a number that rings unproved, a key that opens by another's right, a key that comes too late.
    """
    home, line, resident = _called_home(stage), _line(stage), stage.member("resident")
    page, digits = home.add_number(LANDLINE)
    line.wait_ringing(LANDLINE, TASK_SECONDS)
    line.answer(LANDLINE)
    line.press(LANDLINE, digits)
    wait_proved(home, page)
    line.wait_quiet(LANDLINE)
    home.order("telephones", guard=True)
    pressed_ns = begin_call(stage, resident.typed_home)
    line.wait_ringing(LANDLINE)
    rang_seconds = (time.monotonic_ns() - pressed_ns) / 1e9
    line.answer(LANDLINE)
    ms = opens(stage, GATE, LANE, lambda: line.press(LANDLINE, "9"), person_id=resident.person_id)
    line.wait_quiet(LANDLINE)
    put_away(stage)
    return Outcome(ms, f"proved by its keys; rang {rang_seconds:.1f} s after the press; the 9 opened")


def call_tone_from_visitor_refused(stage: Stage) -> Outcome:
    """The visitor plays the tone of a 9 into the gate's microphone; then the telephone sends them away.

    Broken by: a gate that takes a tone in the sound for a key of the telephone.
    """
    line, before_ns = _line(stage), time.monotonic_ns()
    begin_call(stage, stage.member("resident").typed_home)
    line.wait_ringing(LANDLINE)
    line.answer(LANDLINE)
    _screen(stage).wait_for(Screen.CALL_ANSWERED)
    line.play("999")
    time.sleep(QUIET_SECONDS)
    require(line.sent_sound[-3:] == ["9"] * 3, "the tone did not reach the telephone")
    line.press(LANDLINE, "0")
    _screen(stage).wait_for(Screen.CALL_OVER)
    require_shut(stage.gates[GATE], LANE, before_ns)
    put_away(stage)
    return Outcome(None, "the telephone had the tone as sound; no ON byte; its own 0 ended the call")


def call_nobody_falls_to_guard(stage: Stage) -> Outcome:
    """The telephone of the home is busy, and the home wants the guard then: the guard's telephone rings.

    Broken by: a visitor who stands there and hears nothing, or a gate that opens.
    """
    line, ends, before_ns = _line(stage), stage.gates[GATE], time.monotonic_ns()
    before_seq = ends.journal_seq()
    begin_call(stage, stage.member("resident").typed_home)
    line.wait_ringing(LANDLINE)
    line.reject(LANDLINE)
    line.wait_ringing(GUARD_NUMBER, GUARD_AFTER_SECONDS)
    event_after(stage, GATE, before_seq, "help_called", lane_id=LANE)
    line.answer(GUARD_NUMBER)
    event_after(stage, GATE, before_seq, "help_answered", lane_id=LANE)
    line.press(GUARD_NUMBER, "9")
    line.hang_up(GUARD_NUMBER)
    require_shut(ends, LANE, before_ns)
    put_away(stage)
    return Outcome(None, "busy, then the guard's telephone; the guard's 9 moved no relay")


def call_answer_replayed_refused(stage: Stage) -> Outcome:
    """A dishonest cable repeats the order of one call in the next one.

    Broken by: a gate that takes an order of another call, or one that it has obeyed.
    """
    home, ends, resident = _called_home(stage), stage.gates[GATE], stage.member("resident")
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


def courier_once(stage: Stage) -> Outcome:
    """A home lets couriers in by day: the first one opens once, the next within half an hour rings.

    By night both ring. Broken by: a second opening, or one by night.
    """
    home, ends, resident = _called_home(stage), stage.gates[GATE], stage.member("resident")
    home.couriers("by_day")
    is_day = datetime.now(ZoneInfo(TIMEZONE)).hour in DAY_HOURS
    ms = None
    if is_day:
        called = lambda: begin_call(stage, resident.typed_home, purpose="courier")  # noqa: E731 - one line, used once
        ms = opens(stage, GATE, LANE, called, person_id=resident.person_id)
        put_away(stage)
        wait_until_locked(ends, LANE)
    before_ns = time.monotonic_ns()
    begin_call(stage, resident.typed_home, purpose="courier")
    call, _rang_ns = wait_ringing(home)
    require("courier" in home.words(call).lower(), "the page does not say that it is a courier")
    home.press(call, "answer")
    home.press(call, "away")
    _screen(stage).wait_for(Screen.CALL_OVER)
    require_shut(ends, LANE, before_ns)
    put_away(stage)
    return Outcome(
        ms, "one opening, then the home was asked" if is_day else "it is night: the home was asked"
    )


def courier_not_wanted_refused(stage: Stage) -> Outcome:
    """A courier names a home that takes no calls, and then a number that is no home: both look alike.

    Broken by: a screen that tells which homes there are, or an opening.
    """
    before_ns, shown = time.monotonic_ns(), []
    _called_home(stage)
    for number in (_home_without_calls(stage), "99999"):
        begin_call(stage, number, purpose="courier")
        shown.append(_screen(stage).wait_for(Screen.CALL_OVER))
        put_away(stage)
    require_shut(stage.gates[GATE], LANE, before_ns)
    one, other = (msgspec.structs.replace(view, call=None, seconds_left=None) for view in shown)
    require(one == other, f"the two screens differ: {one} and {other}")
    return Outcome(None, f"both times: {one.prompt}")


def test_call_monthly(stage: Stage) -> Outcome:
    """A resident asks for the test call that otherwise comes once a month; the telephone rings, a key counts.

    Broken by: a test that counts without a key, or none that says what it came to.
    """
    home, line = _called_home(stage), _line(stage)
    home.ask_for_test()
    line.wait_ringing(LANDLINE, TASK_SECONDS)
    line.answer(LANDLINE)
    line.press(LANDLINE, "1")
    line.wait_quiet(LANDLINE)
    wait_until(lambda: "pressed a key" in home.page(), TASK_SECONDS, "the page says that the test reached")
    return Outcome(None, "the telephone rang and its key was taken; the page says so")


# -- hands -----------------------------------------------------------------------------------------


def _called_home(stage: Stage) -> CalledHome:
    """Return the resident's phone, whose home takes calls from now on."""
    home = CalledHome(stage.phone_of("resident"))
    if not stage.takes_calls:
        stage.desk.allow_numbers(PREFIX)
        home.switch(on=True)
        home.at_all_hours()
        home.order("pages", guard=False)
        stage.takes_calls = True
    return home


def wait_ringing(home: CalledHome) -> tuple[str, int]:
    """Return the address of the call that rings, and monotonic ns when the page read so."""
    found: list[str] = []

    def rings() -> bool:
        found.extend(filter(None, [home.ringing()]))
        return bool(found)

    wait_until(rings, RINGS_WITHIN_SECONDS, "the page rings")
    return found[0], time.monotonic_ns()


def wait_proved(home: CalledHome, page_path: str) -> None:
    """Return once the page says that a number is proved; raise TimeoutError."""
    wait_until(lambda: home.is_proved(page_path), TASK_SECONDS, "the page says that the number is proved")


def _home_without_calls(stage: Stage) -> str:
    """Return the number of a home that never switched calls on."""
    called = stage.member("resident").typed_home
    return next(member.typed_home for member in stage.compound.cards if member.typed_home != called)


def _line(stage: Stage) -> TelephoneLine:
    line = stage.gates[GATE].metal.telephone
    require(line is not None, "the north gate has no telephone")
    assert line is not None  # noqa: S101 - for mypy
    return line


def _screen(stage: Stage) -> GateScreen:
    screen = stage.gates[GATE].screen
    if screen is None:
        raise LookupError("the north gate has no screen")
    return screen


def begin_call(stage: Stage, number: str, *, purpose: str = "home") -> int:
    """Call a home at the screen as a visitor does; return monotonic ns of the last key."""
    screen = _screen(stage)
    screen.press("cancel")
    _screen_says(stage, lambda view: view.calls_offered, "the screen offers calls")
    screen.press("call", purpose=purpose)
    screen.wait_for(Screen.CALL_NUMBER)
    screen.type(number)
    at_ns = time.monotonic_ns()
    screen.type("#")
    return at_ns


def _screen_says(stage: Stage, holds: Callable[[TerminalView], bool], what: str) -> None:
    screen = _screen(stage)
    wait_until(lambda: screen.view is not None and holds(screen.view), 10.0, what)


def put_away(stage: Stage) -> None:
    """Let the screen go back to the ways in."""
    _screen(stage).press("cancel")


def _kept(body: bytes, seen: list[SignedCallOrder]) -> bytes:
    state = msgspec.json.decode(body, type=CallState)
    if state.opens is not None:
        seen.append(state.opens)
    return body


def _with_order(body: bytes, order: SignedCallOrder) -> bytes:
    state = msgspec.json.decode(body, type=CallState)
    return msgspec.json.encode(msgspec.structs.replace(state, opens=order))
