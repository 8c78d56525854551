"""Cards through the interface: none with a holder is given again, and no last way in is taken."""

from datetime import UTC, datetime, timedelta

import pytest


def test_a_card_with_a_holder_is_not_given_again(caller, compound):
    person_id = compound.persons["保洁员"]
    answer = caller.call("POST", f"/people/{person_id}/cards", {"number": "4200000"})
    assert answer.status_code == 422
    assert "1-0101" in answer.get_json()["errors"]["json"]["number"][0]


@pytest.mark.wide
def test_a_key_cannot_try_out_card_numbers(caller_with, compound):
    trying, other = caller_with("cards:read"), caller_with("cards:read")
    answers = [trying.call("GET", f"/cards?number={9_000_000 + n}").status_code for n in range(31)]
    assert answers == [200] * 30 + [429]
    assert trying.call("GET", "/cards?number=4200000").status_code == 429
    assert other.call("GET", "/cards?number=4200000").status_code == 200


@pytest.mark.wide
def test_known_cards_are_never_too_many(caller_with):
    caller = caller_with("cards:read")
    answers = {caller.call("GET", "/cards?number=4200000").status_code for _n in range(40)}
    assert answers == {200}


@pytest.mark.wide
@pytest.mark.parametrize("what", ["suspend", "end"])
def test_no_system_takes_the_last_way_in_that_needs_no_face(caller, what):
    person = caller.post("/people", {"name": "李雷"})
    cards = f"/people/{person['person_id']}/cards"
    card = caller.post(cards, {"number": "0004999001"})
    path = f"/cards/{card['card_id']}/{what}"
    answer = caller.call("POST", path, {"reason": "lost"})
    assert (answer.status_code, answer.get_json()["message"]) == (409, "last_way_in")
    assert "Give a new card first" in answer.get_json()["errors"]["last_way_in"][0]
    assert caller.get(cards)["cards"][0]["state"] == "active"
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    caller.post(cards, {"number": "0004999003", "valid_until": soon})
    assert caller.call("POST", path, {"reason": "lost"}).status_code == 409, "that one ends before this one"
    caller.post(cards, {"number": "0004999002"})
    assert caller.call("POST", path, {"reason": "lost"}).status_code == 200


@pytest.mark.parametrize("reason", ["unpaid", "arrears", "danger", "asked", "欠费", ""])
@pytest.mark.parametrize("what", ["suspend", "end"])
def test_a_card_goes_for_no_reason_but_those_of_the_list(caller, compound, what, reason):
    person_id = compound.persons["王芳"]
    card = caller.get(f"/people/{person_id}/cards")["cards"][0]
    answer = caller.call("POST", f"/cards/{card['card_id']}/{what}", {"reason": reason})
    assert answer.status_code == 422
    assert "reason" in answer.get_json()["errors"]["json"]
