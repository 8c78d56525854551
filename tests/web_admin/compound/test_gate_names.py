"""The name of a gate and a lane together, and the name of a lane at another gate."""

import pytest

from web_admin.compound.gate_names import gate_and_lane, name_at


@pytest.mark.parametrize(
    ("gate", "lane", "said"),
    [
        ("Stair 12", "In", "Stair 12 · In"),
        ("3栋1单元", "进口", "3栋1单元 · 进口"),
        ("北门", "北门进", "北门 · 进"),
        ("North gate", "North gate, in", "North gate · in"),
        ("North gate", "north gate – out", "North gate · out"),
        ("Lobby", "Lobby", "Lobby"),
        ("Lobby", "", "Lobby"),
        ("Gate 1", "Gate 10 in", "Gate 1 · Gate 10 in"),
        ("West", "Western way", "West · Western way"),
        ("ß-Tor", "SS-Tor rein", "ß-Tor · SS-Tor rein"),
        ("北门", "南门进", "北门 · 南门进"),
    ],
)
def test_a_lane_is_called_by_its_gate_and_its_own_name_and_nothing_is_said_twice(gate, lane, said) -> None:
    assert gate_and_lane(gate, lane) == said


@pytest.mark.parametrize(
    ("lane", "like", "gate", "name"),
    [
        ("北门进", "北门", "3栋1单元", "3栋1单元进"),
        ("North gate, in", "North gate", "Stair 12", "Stair 12, in"),
        ("North gate", "North gate", "Stair 12", "Stair 12"),
        ("In", "North gate", "Stair 12", "In"),
        ("Gate 10 in", "Gate 1", "Stair 12", "Gate 10 in"),
    ],
)
def test_a_lane_gets_the_name_of_its_gate_in_place_of_the_one_it_begins_with(lane, like, gate, name) -> None:
    assert name_at(lane, like, gate) == name
