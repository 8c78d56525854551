"""Lists of gates: their order, their states, and how long one was silent."""

from datetime import UTC, datetime, timedelta

import pytest

from web_admin.compound.models import Gate
from web_admin.gates.gate_list import MAX_MADE_CHARS, NewGate, made_of, read_gates, with_short_names
from web_admin.gates.silence import SILENT_AFTER, is_silent
from web_admin.gates.status import gate_status, lane_posture


def test_one_gate_on_a_line_with_or_without_a_short_name() -> None:
    assert read_gates(
        "Stair 1\r\nStair 2\tstair-two\r\n\r\n  \t \nStair 3, S3 \nStair 4;s4\n3栋2单元，d3-2\n"
        "3栋3单元；d3-3;;\n'-1, basement\n\ts9\nLeft, right\tl-r\n"
    ) == [
        NewGate("", "Stair 1", 1),
        NewGate("stair-two", "Stair 2", 2),
        NewGate("s3", "Stair 3", 5),
        NewGate("s4", "Stair 4", 6),
        NewGate("d3-2", "3栋2单元", 7),
        NewGate("d3-3", "3栋3单元", 8),
        NewGate("basement", "-1", 9),
        NewGate("s9", "", 10),
        NewGate("l-r", "Left, right", 11),
    ]


@pytest.mark.parametrize("mark", "\ufeff\u200b\u200f\u202a\u202e\u2066\u2069\xa0")
def test_invisible_marks_around_a_cell_are_no_part_of_it(mark: str) -> None:
    assert read_gates(f"{mark}Stair 1{mark}\t {mark} s1 {mark}\n{mark}\nA{mark}B;;{mark}") == [
        NewGate("s1", "Stair 1", 1),
        NewGate("", f"A{mark}B", 3),
    ]


def test_a_cell_that_is_no_name_takes_no_time() -> None:
    (gate,) = read_gates("a\tx" + "\t" * 200_000 + "y")
    assert len(gate.gate_id) == 200_002


def test_a_comma_is_part_of_a_name_where_the_second_column_is_empty() -> None:
    assert read_gates("Left, right\t\n") == [NewGate("", "Left, right", 1)]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Stair 12", "stair-12"),
        ("A栋 1单元", "a-1"),
        ("Süd-Tor", "sud-tor"),
        ("Ｓｔａｉｒ３", "stair3"),
        ("3栋2单元", ""),
        ("北门", ""),
        ("7", ""),
        ("x" * MAX_MADE_CHARS, "x" * MAX_MADE_CHARS),
        ("x" * (MAX_MADE_CHARS + 1), ""),
    ],
)
def test_a_short_name_is_made_where_the_name_gives_one_with_a_letter(name: str, short: str) -> None:
    assert made_of(name) == short


def test_without_one_the_number_of_the_gate_is_its_short_name_and_no_two_share_one() -> None:
    names = ("Stair 1", "3栋2单元", "东A", "西A", "Lobby", "Lobby!")
    gates = [NewGate("lobby" if name == "Lobby!" else "", name) for name in names]
    assert [gate.gate_id for gate in with_short_names(gates, range(7, 13))] == [
        "stair-1",
        "gate-8",
        "gate-9",
        "gate-10",
        "gate-11",
        "lobby",
    ]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "in_contact"),
        ({"last_seen_at": None}, "unheard"),
        ({"state": "new"}, "new"),
        ({"state": "stolen"}, "stolen"),
        ({"forked_at": datetime(2026, 3, 5, tzinfo=UTC)}, "forked"),
        ({"last_seen_at": datetime(2026, 3, 5, tzinfo=UTC)}, "silent"),
    ],
)
def test_a_gate_has_one_word(compound, change, word) -> None:
    with compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        for name, value in change.items():
            setattr(gate, name, value)
        assert gate_status(gate, act.now) == word
        heard = gate.state == "paired" and gate.last_seen_at is not None
        assert lane_posture(gate.lanes[0], "normal") == ("normal" if heard else "unheard")
        assert lane_posture(gate.lanes[0], "lockdown") == "lockdown"


def test_a_lane_that_was_never_heard_is_not_normal(compound) -> None:
    page = compound.signed_in().get("/manage/").text
    garage = page.partition('id="gate-garage"')[2].partition("</article>")[0]
    assert "chip warn" in garage.partition("</header>")[0]


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "ago", "is_so"),
    [
        ("paired", SILENT_AFTER, False),
        ("paired", SILENT_AFTER + timedelta(seconds=1), True),
        ("paired", None, True),
        ("new", None, False),
        ("stolen", timedelta(days=1), False),
    ],
)
def test_silent_is_paired_and_without_a_call(state: str, ago: timedelta | None, *, is_so: bool) -> None:
    """An unpaired gate has nothing to call with, so it is not silent."""
    gate = Gate(state=state, last_seen_at=None if ago is None else NOW - ago)
    assert is_silent(gate, NOW) is is_so
