from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.inputs.serial import (
    DEBOUNCE_NS,
    MODEM_TERMINALS,
    Debounce,
    InputWire,
    ModemControlInputs,
    SerialInputBoard,
    WireStates,
    changes_of_modem_lines,
    parse_state_line,
)
from hardware.interfaces import Health, InputChange, InputKind
from hardware.lines.framing import LineFramer
from hardware.lines.serial import ModemLines
from hardware.simulated.input_board import InputBoard
from hardware.simulated.wire import PtyWire

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
DOOR = InputWire("1", "north-in", InputKind.DOOR_OPEN, normally_closed=True)
EXIT = InputWire("2", "north-in", InputKind.EXIT_BUTTON, normally_closed=False)
TAMPER = InputWire("3", "north-in", InputKind.TAMPER, normally_closed=True)
FIRE = InputWire("16", "north-in", InputKind.FIRE, normally_closed=True)
WIRES = (DOOR, EXIT, TAMPER, FIRE)
MS = 1_000_000


@pytest.fixture
def metal(port: Path) -> Iterator[InputBoard]:
    with InputBoard(port, WIRES, name="metal") as board:
        yield board


@pytest.fixture
def board(metal: InputBoard, reports) -> Iterator[SerialInputBoard]:
    board = SerialInputBoard(metal.path, WIRES, name="inputs")
    board.start(reports)
    yield board
    board.stop()


def changes(reports, count: int) -> list[tuple[InputKind, bool]]:
    return [(c.kind, c.active) for c in (reports.next_of(InputChange) for _ in range(count))]


AT_REST = [(wire.kind, False) for wire in WIRES]


def test_every_wire_is_reported_at_connection_then_each_change(metal, board, reports) -> None:
    assert changes(reports, 4) == AT_REST
    metal.set("north-in", InputKind.DOOR_OPEN, True)
    assert changes(reports, 1) == [(InputKind.DOOR_OPEN, True)]
    metal.set("north-in", InputKind.EXIT_BUTTON, True)
    assert changes(reports, 1) == [(InputKind.EXIT_BUTTON, True)]
    metal.set("north-in", InputKind.DOOR_OPEN, False)
    assert changes(reports, 1) == [(InputKind.DOOR_OPEN, False)]


def test_a_door_opened_while_the_cable_was_out_is_reported_on_return(metal, board, reports) -> None:
    assert changes(reports, 4) == AT_REST
    metal.unplug()
    reports.wait_for(Health.LOST)
    metal.set("north-in", InputKind.DOOR_OPEN, True)
    metal.replug()
    assert changes(reports, 4) == [(InputKind.DOOR_OPEN, True), *AT_REST[1:]]


def test_noise_on_the_line_is_counted_and_the_next_state_is_read(metal, board, reports) -> None:
    assert changes(reports, 4) == AT_REST
    metal.wire.write(b"I1=\xff\nI1=7\nI99999999999999999999999999999=1\n")
    metal.set("north-in", InputKind.FIRE, True)
    assert changes(reports, 1) == [(InputKind.FIRE, True)]
    assert board.dropped_frames == 3


def test_a_change_that_was_lost_in_noise_is_asked_for(metal, board, reports) -> None:
    assert changes(reports, 4) == AT_REST
    with metal.unheard():
        metal.set("north-in", InputKind.DOOR_OPEN, True)
    metal.wire.write(b"I1\xff0\n")
    assert changes(reports, 1) == [(InputKind.DOOR_OPEN, True)]


class Impatient(SerialInputBoard):
    ask_seconds = 0.3


def test_a_board_that_hangs_is_lost_after_two_questions_and_reports_every_wire_on_return(
    metal, reports
) -> None:
    board = Impatient(metal.path, WIRES, name="inputs")
    board.start(reports)
    assert changes(reports, 4) == AT_REST
    with metal.hung():
        assert "does not answer" in reports.wait_for(Health.LOST).detail
        metal.set("north-in", InputKind.DOOR_OPEN, True)
    assert reports.wait_for(Health.OK).detail == "answers again"
    assert changes(reports, 4) == [(InputKind.DOOR_OPEN, True), *AT_REST[1:]]
    board.stop()


def test_a_change_that_was_missed_is_known_at_the_next_question(metal, reports) -> None:
    board = Impatient(metal.path, WIRES, name="inputs")
    board.start(reports)
    assert changes(reports, 4) == AT_REST
    with metal.unheard():
        metal.set("north-in", InputKind.DOOR_OPEN, True)
        assert changes(reports, 1) == [(InputKind.DOOR_OPEN, True)]
    board.stop()


def test_every_kind_of_wire_is_reported_with_its_terminal(port: Path, reports) -> None:
    wires = [InputWire(str(n), "north-in", kind, n % 2 == 0) for n, kind in enumerate(InputKind, 1)]
    with InputBoard(port, wires, name="all") as metal:
        board = SerialInputBoard(metal.path, wires, name="inputs")
        board.start(reports)
        assert changes(reports, len(wires)) == [(wire.kind, False) for wire in wires]
        for wire in wires:
            for active in (True, False):
                metal.set("north-in", wire.kind, active)
                change = reports.next_of(InputChange)
                assert (change.kind, change.active, change.terminal) == (wire.kind, active, wire.terminal)
        board.stop()


@pytest.mark.parametrize("kind", InputKind)
@pytest.mark.parametrize("terminal", MODEM_TERMINALS)
def test_every_kind_of_wire_may_hang_on_a_modem_line(kind: InputKind, terminal: str) -> None:
    states = WireStates("adapter", [InputWire(terminal, "north-in", kind, False)], MODEM_TERMINALS)
    asserted = ModemLines(**{name: name == terminal for name in MODEM_TERMINALS})
    assert changes_of_modem_lines(states, asserted, 0) == []
    (change,) = changes_of_modem_lines(states, asserted, 20 * MS)
    assert change == InputChange("adapter", "north-in", kind, True, 20 * MS, terminal)


@pytest.mark.parametrize(
    ("wires", "word"),
    [
        ([InputWire("17", "a", InputKind.FIRE, True)], "'17'"),
        ([InputWire("cts", "a", InputKind.FIRE, True)], "legal: 1, 2"),
        ([DOOR, DOOR], "used twice"),
    ],
)
def test_a_wire_on_an_impossible_terminal_is_refused(wires, word: str) -> None:
    with pytest.raises(BadDeviceSetting, match=word):
        SerialInputBoard("/dev/serial/by-id/x", wires, name="inputs")


def test_a_cut_wire_of_a_normally_closed_contact_is_active() -> None:
    assert DOOR.is_active(closed=False)
    assert not DOOR.is_active(closed=True)
    assert EXIT.is_active(closed=True)
    assert not EXIT.is_active(closed=False)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (b"I1=1", ("1", True)),
        (b"I16=0", ("16", False)),
        (b"I0=1", None),
        (b"I1=2", None),
        (b"i1=1", None),
        (b"I1=1 ", None),
        (b"", None),
    ],
)
def test_state_lines(line: bytes, state: tuple[str, bool] | None) -> None:
    assert parse_state_line(line) == state


@given(st.binary(max_size=200))
def test_any_bytes_from_a_board_raise_nothing_and_the_next_state_is_read(noise: bytes) -> None:
    framer = LineFramer(16)
    for line in framer.feed(noise + b"\n", 0):
        parse_state_line(line)
    (line,) = framer.feed(b"I2=1\n", 1)

    assert parse_state_line(line) == ("2", True)


def test_a_level_counts_once_it_has_held_for_20_ms() -> None:
    debounce = Debounce()

    assert debounce.sample(True, 0) is None
    assert debounce.settle(19 * MS) is None
    assert debounce.settle(20 * MS) is True
    assert debounce.settle(900 * MS) is None
    assert debounce.sample(False, 1000 * MS) is None
    assert debounce.sample(True, 1010 * MS) is None
    assert debounce.settle(2000 * MS) is None


def test_a_level_that_held_long_enough_counts_although_the_next_sample_differs() -> None:
    debounce = Debounce()
    debounce.sample(True, 0)

    assert debounce.sample(False, 50 * MS) is True
    assert debounce.settle(70 * MS) is False


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=60))
def test_settled_levels_alternate_and_lie_at_least_20_ms_apart(
    samples: list[tuple[bool, int]],
) -> None:
    debounce, now_ns, settled = Debounce(), 0, []
    for level, wait_ms in samples:
        now_ns += wait_ms * MS
        settled += [(s, now_ns) for s in (debounce.sample(level, now_ns),) if s is not None]

    assert all(a[0] is not b[0] for a, b in pairwise(settled))
    assert debounce.settle(now_ns + DEBOUNCE_NS) in (None, *(level for level, _ in samples[-1:]))


def test_modem_lines_become_changes_of_their_wires() -> None:
    wires = (
        InputWire("dcd", "south-out", InputKind.DOOR_OPEN, normally_closed=True),
        InputWire("cts", "south-out", InputKind.EXIT_BUTTON, normally_closed=False),
    )
    states = WireStates("adapter", wires, MODEM_TERMINALS)
    rest = ModemLines(cts=False, dsr=True, dcd=True, ri=False)
    pressed = ModemLines(cts=True, dsr=False, dcd=True, ri=True)

    def change(lines: ModemLines, now_ns: int) -> list[tuple[str, bool]]:
        found = changes_of_modem_lines(states, lines, now_ns)
        return [(c.kind.value, c.active) for c in found if isinstance(c, InputChange)]

    assert change(rest, 0) == []
    assert change(rest, 20 * MS) == [("exit_button", False), ("door_open", False)]
    assert change(pressed, 30 * MS) == []
    assert change(pressed, 50 * MS) == [("exit_button", True)]


def test_an_adapter_without_modem_lines_is_reported_lost(port: Path, reports) -> None:
    with PtyWire(port, name="w") as wire:
        wires = [InputWire("cts", "a", InputKind.DOOR_OPEN, normally_closed=True)]
        inputs = ModemControlInputs(wire.path, wires, name="adapter")
        inputs.start(reports)
        reports.wait_for(Health.LOST)
        inputs.stop()
