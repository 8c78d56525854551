"""The page of a lost card: three steps, what a home's guard sees of it, and no second pass."""

from datetime import timedelta

import pytest

from tests.support.compounds.desk import card_of, hidden_of, read
from tests.web_admin.desk.cards import look
from tests.web_admin.desk.lost import passes_of, press_stop, state_of, stop


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


@pytest.mark.wide
@pytest.mark.parametrize("role", ["guard", "manager"])
def test_three_steps_stop_the_card_and_print_its_owners_pass(compound, wang, role):
    client = compound.signed_in(role)
    card = read(compound, lambda s: card_of(s, wang))
    found = look(client, "3-1203")
    assert found.status_code == 200
    action = f"/manage/lost-card/{card}"
    stopped = client.post(action, data=hidden_of(found.text, action))
    assert stopped.status_code == 303
    assert state_of(compound, card) == "suspended"
    (row,) = passes_of(compound, wang)
    assert row.valid_until - row.valid_from == timedelta(hours=24)
    slip = client.get(stopped.location)
    assert slip.status_code == 200
    assert "<svg" in slip.text
    assert "王" not in slip.text
    assert "3-1203" not in slip.text


def test_a_home_shows_its_own_cards_by_initials_and_no_names(compound):
    page = look(compound.signed_in("guard"), "31203").text
    assert ">○芳<" in page
    assert ">○磊<" in page
    assert [name for name in compound.persons if name in page] == []


@pytest.mark.wide
@pytest.mark.parametrize(("number", "after"), [("4200005", "suspended"), ("4299999", "active")])
def test_a_found_card_is_suspended_by_its_number_and_the_answer_is_the_same(compound, wang, number, after):
    guard = compound.signed_in("guard")
    page = look(guard, number).text
    guard.post("/manage/lost-card/number", data=hidden_of(page, "/manage/lost-card/number"))
    assert "If this card worked here" in guard.get("/manage/lost-card").text
    assert state_of(compound, read(compound, lambda s: card_of(s, wang))) == after


@pytest.mark.parametrize("number", ["9-9999", "4299999"])
def test_what_is_not_known_finds_nothing(compound, number):
    page = look(compound.signed_in("guard"), number)
    assert page.status_code in (200, 422)
    assert "Suspend and print" not in page.text


@pytest.mark.wide
def test_a_second_press_makes_no_second_pass(compound, wang):
    client = compound.signed_in("guard")
    card = read(compound, lambda s: card_of(s, wang))
    hidden = hidden_of(look(client, "3-1203").text, f"/manage/lost-card/{card}")
    for _press in range(2):
        client.post(f"/manage/lost-card/{card}", data=hidden)
    assert len(passes_of(compound, wang)) == 1


@pytest.mark.wide
def test_a_guard_acts_on_a_card_that_they_have_just_looked_for_alone(compound, wang):
    guard, card = compound.signed_in("guard"), read(compound, lambda s: card_of(s, wang))
    look(compound.signed_in("manager"), "3-1203")  # another account's look counts for nothing
    look(guard, "1-0101")  # nor does one for another home
    for _try in range(2):
        assert press_stop(guard, card).location == "/manage/lost-card"
        assert "Look for the card first" in guard.get("/manage/lost-card").text
        assert (state_of(compound, card), passes_of(compound, wang)) == ("active", [])
        look(guard, "3-1203")
        compound.clock.now += timedelta(minutes=30)
    assert "/slip/" in stop(guard, card).location
    assert state_of(compound, card) == "suspended"
