"""Cards through the interface: none with a holder is given again."""


def test_a_card_with_a_holder_is_not_given_again(caller, compound):
    person_id = compound.persons["保洁员"]
    answer = caller.call("POST", f"/people/{person_id}/cards", {"number": "4200000"})
    assert answer.status_code == 422
    assert "1-0101" in answer.get_json()["errors"]["json"]["number"][0]


def test_a_key_cannot_try_out_card_numbers(caller_with, compound):
    trying, other = caller_with("cards:read"), caller_with("cards:read")
    answers = [trying.call("GET", f"/cards?number={9_000_000 + n}").status_code for n in range(31)]
    assert answers == [200] * 30 + [429]
    assert trying.call("GET", "/cards?number=4200000").status_code == 429
    assert other.call("GET", "/cards?number=4200000").status_code == 200


def test_known_cards_are_never_too_many(caller_with):
    caller = caller_with("cards:read")
    answers = {caller.call("GET", "/cards?number=4200000").status_code for _n in range(40)}
    assert answers == {200}
