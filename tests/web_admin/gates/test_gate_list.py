"""A pasted list of gates: what separates names, and which short names are made."""

import pytest

from web_admin.gates.gate_list import MAX_MADE_CHARS, NewGate, made_of, read_gates, with_short_names


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
