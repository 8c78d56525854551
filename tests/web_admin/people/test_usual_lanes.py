"""New people may pass the way to their home unless other lanes are chosen."""

import pytest

from web_admin.compound.models import Gate
from web_admin.compound.queries import places_of_site
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.places import sort_homes
from web_admin.gates.rules import LaneSpec
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home
from web_admin.people.moving import Member, move_in
from web_admin.people.usual_lanes import UsualLanes

NAMES = {
    "east": "东门",
    "three": "3栋1单元",
    "other": "3栋2单元",
    "four": "4栋",
    "garage": "车库",
    "odd": "李园",
}


@pytest.fixture
def gates(act):
    for gate_id, name in NAMES.items():
        add_gate(act, gate_id, name)
        save_lane(act, gate_id, LaneSpec(gate_id, "In", "in", ("card",)))
    return act


def lanes_of(person):
    return [lane_id for grant in person.grants for lane_id in grant.lanes]


def test_a_family_may_pass_the_way_to_their_home_and_no_foreign_stairs(gates):
    moved = move_in(gates, "3-1-1203", [Member("members-0", "Lin", "resident", "adult", None, False)])
    assert [lanes_of(person) for person, _code in moved.people] == [["east", "three"]]


def test_a_single_person_of_a_home_likewise_and_staff_all_gates(gates):
    home = add_home(gates, "4-0201")
    assert lanes_of(add_person(gates, display_name="Lin", home_id=home.home_id)) == ["east", "four"]
    assert lanes_of(add_person(gates, display_name="Guard", kind="staff")) == sorted(NAMES)


def test_without_a_home_residents_get_the_outer_gates_and_no_stairs(gates):
    assert lanes_of(add_person(gates, display_name="Lin")) == ["east"]
    assert lanes_of(add_person(gates, display_name="Ana", kind="helper")) == ["east"]


def test_chosen_lanes_are_taken_as_they_are(gates):
    home = add_home(gates, "4-0201")
    person = add_person(gates, display_name="Lin", home_id=home.home_id, lanes=["east", "garage"])
    assert lanes_of(person) == ["east", "garage"]


def test_a_home_that_the_manager_put_into_a_building_gets_the_way_there(gates):
    home = add_home(gates, "77")
    assert UsualLanes(gates).of_home(home) == ("east",)
    four = places_of_site(gates.session, gates.site_id).by_code["4"]
    sort_homes(gates, {home.home_id: four.place_id})
    assert UsualLanes(gates).of_home(home) == ("east", "four")


def test_gates_out_of_use_are_not_on_the_way(gates):
    gates.session.get_one(Gate, "east").state = "stolen"
    assert UsualLanes(gates).of_home(add_home(gates, "4-0201")) == ("four",)


def test_where_no_gate_has_a_place_yet_all_gates_are_the_usual_ones(gates):
    for place in places_of_site(gates.session, gates.site_id).rows:
        place.ended_at = gates.now
    assert UsualLanes(gates).of_home(add_home(gates, "4-0201")) == tuple(sorted(NAMES))
