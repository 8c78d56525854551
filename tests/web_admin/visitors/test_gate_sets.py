"""Passes for a set of gates: they follow what moves, fit any number of gates, and never reach further."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.features import known
from gate_controller.contract.passes import ALL_GATES, OUTER_GATES, PLACE_NUMBERS, parse_code
from gate_controller.rules.decision import Reason
from tests.support.acting import add_live_lane, household, pair, show_code
from web_admin.action.base import one_publication
from web_admin.compound.models import Gate
from web_admin.compound.queries import places_of_site
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import add_gate
from web_admin.gates.gate_list import NewGate
from web_admin.gates.gates_like import add_gates_like
from web_admin.gates.places import save_place, sort_gates, sort_homes
from web_admin.gates.rules import LaneSpec
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.homes import correct_home
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.weekly import issue_series, pass_due

pytestmark = pytest.mark.publishing


def gates(act, names, knows=None):
    """Add live gates of these names, whose programs know all features unless others are given."""
    with one_publication(act) as part:
        for number, name in enumerate(names, 1):
            gate = add_gate(part, f"g{number}", name)
            add_live_lane(part, f"g{number}", LaneSpec(f"g{number}-in", "In", "in", ("card", "qr")))
            pair(part, f"g{number}")
            gate.knows = list(known()) if knows is None else knows
    return [f"g{number}-in" for number in range(1, len(names) + 1)]


def for_set(act, issuer=None, gate_set="way", **wanted):
    return issue_pass(act, issuer_person_id=issuer, label="Friend", gate_set=gate_set, **wanted)


def place(act, code):
    return places_of_site(act.session, act.site_id).by_code[code].place_id


def opened(act, row, lanes):
    return [show_code(act, row.text, lane_id).opens for lane_id in lanes]


@pytest.mark.wide
def test_a_residents_pass_opens_the_way_to_their_home_and_no_foreign_stairs(act):
    lanes = gates(act, ["东门", "3栋", "4栋"])
    _home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec(tuple(lanes))])
    row = for_set(act, person.person_id)
    assert opened(act, row, lanes) == [True, True, False]
    assert show_code(act, row.text, lanes[2]).reason is Reason.PASS_FOR_ANOTHER_GATE
    assert parse_code(row.text).visitor_pass.gate_numbers == (OUTER_GATES, PLACE_NUMBERS.start)


def test_a_gate_that_moves_to_another_building_leaves_the_passes_of_the_one_for_those_of_the_other(act):
    lanes = gates(act, ["东门", "3栋", "4栋"])
    to_three, to_four = (for_set(act, place_id=place(act, code)) for code in "34")
    before = to_three.text
    assert [opened(act, row, lanes[1:2]) for row in (to_three, to_four)] == [[True], [False]]
    sort_gates(act, {"g2": place(act, "4")})
    assert [opened(act, row, lanes[1:2]) for row in (to_three, to_four)] == [[False], [True]]
    assert to_three.text == before, "the paper in the visitor's hand is the same"


def test_a_withdrawn_set_pass_is_withdrawn_at_each_of_its_gates_also_at_one_that_joins_later(act):
    lanes = gates(act, ["东门", "3栋", "4栋"])
    row = for_set(act, place_id=place(act, "3"))
    withdraw_pass(act, row.pass_id)
    sort_gates(act, {"g3": place(act, "3")})
    assert {show_code(act, row.text, lane_id).reason for lane_id in lanes} == {Reason.PASS_WITHDRAWN}


@pytest.mark.wide
def test_all_gates_are_a_flag_and_not_a_list_of_forty_numbers(act):
    lanes = gates(act, ["东门", *(f"{number}栋" for number in range(1, 40))])
    row = for_set(act, gate_set="all")
    assert row.gate_numbers == [ALL_GATES]
    assert opened(act, row, [lanes[0], lanes[20], lanes[-1]]) == [True, True, True]


def test_all_gates_of_a_resident_are_those_that_they_may_pass_themselves(act):
    lanes = gates(act, ["东门", "3栋", "4栋"])
    _home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec((lanes[0], lanes[1]))])
    assert opened(act, for_set(act, person.person_id, "all"), lanes) == [True, True, False]


def test_a_gate_with_an_older_program_is_listed_beside_the_set(act):
    lanes = gates(act, ["东门", "3栋", "4栋"], knows=[])
    row = for_set(act, place_id=place(act, "3"))
    assert row.gate_numbers == [OUTER_GATES, PLACE_NUMBERS.start, 1, 2]
    assert opened(act, row, lanes) == [True, True, False]


@pytest.mark.wide
def test_too_many_gates_with_an_older_program_are_refused_with_their_number_and_what_to_do(act):
    gates(act, [f"Gate {number}" for number in range(1, 36)], knows=[])
    with pytest.raises(ActionRefused, match="35 of these gates run an older program") as refused:
        for_set(act, gate_set="all")
    assert refused.value.field == "gate_numbers"


def test_a_pass_for_one_visit_of_a_set_with_one_gate_names_that_gate(act):
    gates(act, ["东门", "3栋"])
    assert for_set(act, uses=1).gate_numbers == [1]
    with pytest.raises(ActionRefused, match="exactly one gate"):
        for_set(act, uses=1, place_id=place(act, "3"))


def test_a_gate_that_was_never_paired_is_not_the_gate_of_a_pass_for_one_visit(act):
    gates(act, ["东门", "西门"])
    act.session.get_one(Gate, "g1").state = "new"
    assert for_set(act, uses=1).gate_numbers == [2]
    act.session.get_one(Gate, "g2").state = "new"
    with pytest.raises(ActionRefused, match="exactly one gate"):
        for_set(act, uses=1)


def test_a_set_in_which_the_resident_may_pass_no_gate_is_refused(act):
    lanes = gates(act, ["东门", "3栋", "4栋"])
    _home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec((lanes[2],))])
    with pytest.raises(ActionRefused, match="No gate that reads codes"):
        for_set(act, person.person_id)


def test_retired_gates_and_those_without_a_reader_are_in_no_set(act):
    gates(act, ["东门"])
    act.session.scalars(select(Gate)).one().state = "retired"
    with pytest.raises(ActionRefused, match="No gate that reads codes"):
        for_set(act)


@pytest.mark.parametrize(
    ("wanted", "refusal"), [({"gate_set": "some"}, "offered"), ({"place_id": "gone"}, "not there")]
)
def test_a_set_or_place_that_there_is_none_of_is_refused(act, wanted, refusal):
    gates(act, ["东门"])
    with pytest.raises(ActionRefused, match=refusal):
        for_set(act, **wanted)


def daily(act, person, **wanted):
    return issue_series(
        act,
        issuer_person_id=person.person_id,
        label="Cleaner",
        days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        starts_minute=0,
        ends_minute=24 * 60,
        last_day=act.now.date() + timedelta(days=7),
        gate_set="way",
        **wanted,
    )


def test_each_visit_of_a_weekly_pass_is_for_the_set_as_it_is_by_then(act):
    lanes = gates(act, ["东门", "3栋", "4栋"])
    _home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec(tuple(lanes))])
    series = daily(act, person)
    sort_gates(act, {"g3": place(act, "3")})
    assert opened(act, pass_due(act, series.series_id), lanes) == [True, True, True]


def is_said_to_begin_otherwise(act, _home):
    """Let the numbers of the first building's homes be those of the other one."""
    save_place(act, place(act, "3"), kind="building", name="3栋")
    save_place(act, place(act, "5"), kind="building", name="5栋", code="3")


@pytest.mark.parametrize(
    "moves",
    [
        lambda act, home: correct_home(act, home.home_id, "5-1203"),
        lambda act, home: sort_homes(act, {home.home_id: place(act, "5")}),
        is_said_to_begin_otherwise,
    ],
    ids=["number", "place", "code of the place"],
)
def test_passes_name_the_building_to_which_their_home_moved(act, moves):
    lanes = gates(act, ["东门", "3栋", "5栋"])
    home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec(tuple(lanes))])
    series, given = daily(act, person), for_set(act, person.person_id)
    three, five = (places_of_site(act.session, act.site_id).by_code[code].number for code in "35")
    moves(act, home)
    assert series.gate_numbers == [OUTER_GATES, five]
    assert parse_code(given.text).visitor_pass.gate_numbers == (OUTER_GATES, three, five)


OUTER_GATE_COMES = {
    "is sorted": lambda act: sort_gates(act, {"g2": "outer"}),
    "is added": lambda act: add_gate(act, "g3", "东门"),
    "is added like another": lambda act: add_gates_like(act, "g1", [NewGate("g3", "东门", 1)]),
}


@pytest.mark.wide
@pytest.mark.parametrize("how", OUTER_GATE_COMES)
def test_passes_from_before_the_first_outer_gate_are_for_it_once_it(act, how):
    lanes = gates(act, ["3栋", "李园"])
    _home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec(tuple(lanes))])
    given = [for_set(act, person.person_id), for_set(act, place_id=place(act, "3"))]
    assert [row.gate_numbers for row in given] == [[PLACE_NUMBERS.start]] * 2
    OUTER_GATE_COMES[how](act)
    signed = [parse_code(row.text).visitor_pass.gate_numbers for row in given]
    assert signed == [(PLACE_NUMBERS.start, OUTER_GATES)] * 2


def test_a_pass_that_follows_its_home_lists_no_older_gate_that_the_resident_may_not_pass(act):
    lanes = gates(act, ["东门", "3栋", "5栋", "5栋大堂"], knows=[])
    home, person = household(act, "3-1203")
    set_grants(act, person.person_id, [GrantSpec((lanes[0], lanes[1], lanes[3]))])
    row = for_set(act, person.person_id)
    before = row.gate_numbers
    correct_home(act, home.home_id, "5-1203")
    five = places_of_site(act.session, act.site_id).by_code["5"].number
    assert row.gate_numbers == [*before, five, 4]
