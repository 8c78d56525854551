"""Places of gates and homes: read when a gate is added, corrected by the manager, never twice the same."""

import pytest
from sqlalchemy import select

from web_admin.compound.models import Gate, Home
from web_admin.compound.place_models import Place
from web_admin.compound.queries import places_of_site
from web_admin.compound.ways import gates_at
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import add_gate
from web_admin.gates.places import end_place, place_gates_once, save_place, sort_gates, sort_homes
from web_admin.people.homes import add_home, correct_home

THREE = ("北门", "东门", "South")
LARGE = ("东门", "2号门", "3栋1单元", "3栋2单元", "3栋大堂", "4号楼", "车库", "会所", "李园")


def _add(act, names):
    return [add_gate(act, f"gate-{number}", name) for number, name in enumerate(names)]


def _places(act):
    return places_of_site(act.session, act.site_id)


def _way(act, number):
    places = _places(act)
    home = act.session.scalar(select(Home).where(Home.number == number)) or add_home(act, number)
    gates = act.session.scalars(select(Gate).order_by(Gate.number)).all()
    return [gate.name for gate in gates_at(gates, places.way(places.of_home(home)))]


def test_in_a_small_compound_every_gate_is_an_outer_gate(act):
    _add(act, THREE)
    assert [place.kind for place in _places(act).rows] == ["outer"]
    assert _way(act, "3-1203") == list(THREE)


def test_the_way_to_a_home_leads_over_outer_gates_and_its_own_building_alone(act):
    _add(act, LARGE)
    assert _way(act, "3-1-1203") == ["东门", "2号门", "3栋1单元", "3栋大堂"]
    assert _way(act, "4-0201") == ["东门", "2号门", "4号楼"]


def test_of_a_home_whose_unit_is_not_known_all_units_of_its_own_building_are_on_the_way(act):
    _add(act, LARGE)
    assert _way(act, "3-0402") == ["东门", "2号门", "3栋1单元", "3栋2单元", "3栋大堂"]


def test_to_a_home_in_no_building_the_outer_gates_lead(act):
    _add(act, LARGE)
    assert _way(act, "9-0101") == ["东门", "2号门"]
    assert _way(act, "77") == ["东门", "2号门"]


def test_a_gate_whose_name_says_nothing_is_on_no_way_until_it_is_sorted(act):
    _add(act, LARGE)
    assert [gate.name for gate in act.session.scalars(select(Gate).where(Gate.place_id.is_(None)))] == [
        "李园"
    ]
    assert sort_gates(act, {"gate-8": "outer"}) == 1
    assert "李园" in _way(act, "4-0201")


def test_a_gate_that_moves_to_another_building_is_on_the_other_way(act):
    _add(act, LARGE)
    assert sort_gates(act, {"gate-2": _places(act).by_code["4"].place_id, "gate-0": "outer"}) == 1
    assert "3栋1单元" in _way(act, "4-0201")
    assert "3栋1单元" not in _way(act, "3-1-1203")


def test_a_renamed_building_keeps_its_gates_homes_and_number(act):
    _add(act, LARGE)
    before = _places(act).by_code["4"]
    number = before.number
    save_place(act, before.place_id, kind="building", name="Rose House", code="4")
    after = _places(act).by_id[before.place_id]
    assert (after.name, after.number) == ("Rose House", number)
    assert _way(act, "4-0201") == ["东门", "2号门", "4号楼"]


def test_two_buildings_of_one_name_are_refused_with_the_name(act):
    _add(act, LARGE)
    with pytest.raises(ActionRefused) as refused:
        save_place(act, None, kind="building", name="4号楼", code="44")
    assert refused.value.field == "name"
    assert "4号楼" in str(refused.value.message)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "building", "name": "Five", "code": "4"}, "code"),
        ({"kind": "building", "name": "Five", "code": "5-"}, "code"),
        ({"kind": "building", "name": " ", "code": "5"}, "name"),
        ({"kind": "unit", "name": "Five", "code": "5-1"}, "parent_id"),
        ({"kind": "unit", "name": "Five", "code": "5-1", "parent_id": "no such"}, "parent_id"),
        ({"kind": "outer", "name": "More"}, "kind"),
        ({"kind": "tower", "name": "More"}, "kind"),
    ],
)
def test_a_place_that_fits_no_rule_is_refused_beside_its_field(act, fields, field):
    _add(act, LARGE)
    with pytest.raises(ActionRefused) as refused:
        save_place(act, None, **fields)
    assert refused.value.field == field


def test_a_place_stays_what_it_is(act):
    _add(act, LARGE)
    with pytest.raises(ActionRefused) as refused:
        save_place(act, _places(act).by_code["4"].place_id, kind="garage", name="4号楼")
    assert refused.value.field == "kind"


def test_an_exception_is_stronger_than_the_number_and_follows_no_correction_of_it(act):
    _add(act, LARGE)
    home = add_home(act, "9-0101")
    sort_homes(act, {home.home_id: _places(act).by_code["4"].place_id})
    assert _way(act, "9-0101") == ["东门", "2号门", "4号楼"]
    correct_home(act, home.home_id, "3-1-0909")
    assert _way(act, "3-1-0909") == ["东门", "2号门", "4号楼"]
    sort_homes(act, {home.home_id: ""})
    assert "3栋1单元" in _way(act, "3-1-0909")


def test_a_place_ends_once_nothing_is_in_it_and_its_number_is_never_given_out_again(act):
    _add(act, LARGE)
    places = _places(act)
    building = places.by_code["4"]
    newest = max(place.number for place in places.rows if place.kind != "outer")
    with pytest.raises(ActionRefused, match="4号楼"):
        end_place(act, building.place_id)
    garage = next(place for place in places.rows if place.name == "会所")
    sort_gates(act, {"gate-7": "", "gate-5": "outer"})
    for place_id in (building.place_id, garage.place_id):
        end_place(act, place_id)
    assert "4" not in _places(act).by_code
    assert save_place(act, None, kind="building", name="4号楼", code="4").number == newest + 1
    assert act.session.get_one(Place, building.place_id).ended_at == act.now


def test_a_building_ends_after_its_units_and_a_home_keeps_its_exception_there(act):
    _add(act, ("东门", "3栋1单元"))
    places = _places(act)
    home = add_home(act, "9-0101")
    unit = places.by_code["3-1"].place_id
    sort_homes(act, {home.home_id: unit})
    sort_gates(act, {"gate-1": "outer"})
    with pytest.raises(ActionRefused, match="9-0101"):
        end_place(act, unit)
    with pytest.raises(ActionRefused, match="units"):
        end_place(act, places.by_code["3"].place_id)


def test_a_place_of_another_compound_or_that_is_gone_takes_no_gate(act):
    _add(act, LARGE)
    for change in (lambda: sort_gates(act, {"gate-0": "gone"}), lambda: end_place(act, "gone")):
        with pytest.raises(ActionRefused) as refused:
            change()
        assert refused.value.field == "place"


@pytest.mark.both_databases
def test_gates_that_an_earlier_version_left_are_placed_once(database, site, menjin, now):
    with database.session() as session:
        for number, name in enumerate(LARGE, start=1):
            session.add(Gate(gate_id=f"old-{number}", site_id=site, number=number, name=name))
    assert place_gates_once(menjin, now) == len(LARGE) - 1
    with database.session() as session:
        places = places_of_site(session, site)
        assert {place.code for place in places.of_homes} == {"3", "3-1", "3-2", "4"}
        outer = session.scalars(select(Gate.name).where(Gate.place_id == places.outer.place_id))
        assert set(outer) == {"东门", "2号门"}
    assert place_gates_once(menjin, now) == 0
