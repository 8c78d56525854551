"""Names of places and gates, and their order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from web_admin.compound.gate_names import gate_and_lane, name_at
from web_admin.compound.ordering import building_of, name_key, sort_key
from web_admin.compound.place_names import code_of, home_parts, longest_code, read_gate_name, read_gate_names

OUTER_GATES = """
东门 北门 大门 正门 侧门 2号门 主入口 车行入口 东北门 西门人行闸 小区南出口 岗亭
West gate|Main entrance|North|Front gate|Gate A|Gate 12|East 2|Pedestrian entrance|Barrier south
Haupteingang|Nordtor|Tor 1|Eingang 2|Hofeingang|Einfahrt|Seiteneingang|Ausfahrt|Pforte
"""
BUILDINGS = """
3栋=3 03栋=3 3号楼=3 三号楼=3 十二栋=12 二十一幢=21 A座=a 3#楼=3 2期3栋=2-3 3栋大堂门=3 1单元=1
Building 3=3|Block C=c|Tower 12B=12b|Bldg. 7=7|House 4 back door=4|Staircase B=b|Building no. 9=9
Haus 4=4|Gebäude 11=11|Haus 4a=4a|Treppenhaus 2=2|Aufgang 3=3|Stiege 5=5|Hauseingang 6=6|Turm B=b
"""
UNITS = """
3栋1单元=3-1 3号楼二单元=3-2 3#1单元=3-1 三号楼2单元门=3-2 2期3栋1单元=2-3-1 3-1=3-1 03-02=3-2
Building 3 Unit 1=3-1|Tower 12B entrance 2=12b-2|Block C, stairwell 4=c-4
Haus 4 Eingang B=4-b|Haus 4, Aufgang 2=4-2|Gebäude 7 Treppenhaus 1=7-1
"""
OTHERS = """
车库=garage 地下车库B1=garage 3栋车库=garage 停车场入口=garage
会所=shared 游泳池=shared 快递柜=shared 儿童乐园门=shared
Underground garage=garage|Car park exit=garage|Parking P2=garage|Gym=shared|Bike room=shared|Pool gate=shared
Tiefgarage=garage|Parkplatz=garage|Fahrradkeller=shared|Waschküche=shared|Müllraum=shared
"""
SAYS_NOTHING = (
    "12|单元门|楼道门|东楼|3楼|West wing|Block gate|Garden house|Lift|Gartenstraße 12|Unit 3|Door|李园|?|"
    "监控室门|配电房门|水泵房门|弱电间门|员工入口|七号别墅门|Server room west|Office entrance|Kellertür West|"
    "西区3栋1单元|东区3栋|A区1栋|菊园3号楼|East Tower 3|Phase 2 Building 3|Nord Haus 4|Old staircase B"
)


def _of(text: str) -> list[tuple[str, ...]]:
    parts = [
        part
        for line in text.strip().splitlines()
        for part in (line.split("|") if "|" in line else line.split())
    ]
    return [tuple(part.split("=")) for part in parts]


@pytest.mark.parametrize("name", [name for (name,) in _of(OUTER_GATES)])
def test_an_outer_gate_is_read_from_its_name(name):
    assert read_gate_name(name).kind == "outer"


@pytest.mark.parametrize(("name", "code"), _of(BUILDINGS))
def test_a_building_is_read_from_the_name_of_its_gate(name, code):
    assert (read_gate_name(name).kind, read_gate_name(name).code) == ("building", code)


@pytest.mark.parametrize(("name", "code"), _of(UNITS))
def test_a_unit_is_read_with_its_building(name, code):
    read = read_gate_name(name)
    assert (read.kind, read.code) == ("unit", code)
    assert read.building in name
    assert read.building != ""


@pytest.mark.parametrize(("name", "kind"), _of(OTHERS))
def test_garages_and_shared_rooms_are_read(name, kind):
    assert read_gate_name(name).kind == kind


@pytest.mark.parametrize("name", SAYS_NOTHING.split("|"))
def test_a_name_that_could_mean_two_things_is_left_to_the_manager(name):
    assert read_gate_name(name) is None


def test_two_spellings_of_a_building_are_one_building():
    codes = {
        read_gate_name(name).code for name in ("3栋", "3号楼", "三号楼", "Building 3", "Haus 03", "3幢后门")
    }
    assert codes == {"3"}


def test_without_buildings_a_gate_whose_name_says_nothing_is_an_outer_gate():
    names = {"a": "李园", "b": "West gate", "c": "车库"}
    read = read_gate_names(names, has_buildings=False)
    assert {gate_id: one.kind for gate_id, one in read.items()} == {"a": "outer", "b": "outer", "c": "garage"}


@pytest.mark.parametrize(
    ("names", "has_buildings"), [({"a": "李园", "b": "3栋"}, False), ({"a": "李园"}, True)]
)
def test_beside_buildings_it_could_be_one_of_their_doors(names, has_buildings):
    assert "a" not in read_gate_names(names, has_buildings=has_buildings)


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("3栋1单元1203", ("3", "1", "1203")),
        ("3-1-1203", ("3", "1", "1203")),
        ("03-01-0102", ("3", "1", "102")),
        ("3号楼1203室", ("3", "1203")),
        ("2期3栋1单元0402", ("2", "3", "1", "402")),
        ("３-1203", ("3", "1203")),
        ("1203", ("1203",)),
        ("A-12", ("a", "12")),
    ],
)
def test_a_homes_number_has_the_same_parts_however_it_is_written(number, parts):
    assert home_parts(number) == parts


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("3-1-1203", "3-1"),
        ("3-2-1203", "3"),
        ("3-1203", "3"),
        ("3-1", "3"),
        ("3", None),
        ("30-1203", None),
        ("1-3-1-1203", "1-3"),
        ("", None),
    ],
)
def test_a_home_is_in_the_innermost_place_with_whose_code_it_begins(number, code):
    assert longest_code(number, ["3", "3-1", "1-3"]) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("03", "3"), ("十", "10"), ("十二", "12"), ("二十", "20"), ("二十一", "21"), ("B", "b"), ("0", "0")],
)
def test_numbers_are_compared_as_arabic_digits(text, code):
    assert code_of(text) == code


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


PARTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(PARTS, PARTS)
def test_homes_sort_by_the_numbers_of_their_parts(one: list[int], two: list[int]) -> None:
    first, second = ("-".join(map(str, parts)) for parts in (one, two))
    assert (sort_key(first) < sort_key(second)) == (one < two)


def test_the_building_is_the_first_part() -> None:
    assert (building_of("12-0304"), building_of("7")) == ("12", "7")


def test_names_sort_by_pinyin() -> None:
    names = ["周明", "王芳", "陈立", "安然", "李伟", "Zoe", "ann"]
    assert sorted(names, key=name_key) == ["ann", "Zoe", "安然", "陈立", "李伟", "王芳", "周明"]
