"""What other systems do through the interface, with the rules of the pages."""

from tests.web_admin.api.whole_lists import whole


def test_a_call_that_is_sent_twice_is_done_once(caller):
    body, once = {"name": "韩梅梅"}, {"Idempotency-Key": "move-in-2026-11-25-0001"}
    assert caller.call("POST", "/people", body, **once).status_code == 201
    again = caller.call("POST", "/people", body, **once)
    assert (again.status_code, "twice" in again.get_json()["message"]) == (409, True)
    assert [p["name"] for p in whole(caller, "/people", "people")].count("韩梅梅") == 1
    assert caller.call("POST", "/people", body, **{"Idempotency-Key": "short"}).status_code == 422


WRONG_PEOPLE = (
    {},
    {"name": ""},
    {"name": "x" * 121},
    {"name": "x", "kind": "king"},
    {"name": "x", "face": "no"},
    {"name": "x", "methods": ["face"]},
    {"name": 7},
    [],
    {"name": "x", "home_id": "nowhere"},
)


def test_a_wrong_field_is_named_and_nothing_is_made(caller, compound):
    answers = [caller.call("POST", "/people", body) for body in WRONG_PEOPLE]
    assert {answer.status_code for answer in answers} == {422}
    assert all(answer.get_json()["errors"]["json"] for answer in answers)
    assert caller.call("POST", "/people", {"name": "a\0b"}).status_code == 400
    assert caller.call("POST", "/people", {"name": "a\x7fb"}).status_code == 422
    assert len(whole(caller, "/people", "people")) == len(compound.persons)


def test_what_is_not_there_is_a_clear_no_in_json(caller):
    paths = ("/people/nobody", "/people/nobody/cards", "/cards/none", "/nothing")
    assert {caller.call("GET", path).get_json()["code"] for path in paths} == {404}
    assert caller.call("GET", "/people/%00").get_json()["code"] == 400


def test_a_wrong_verb_says_which_are_right(caller):
    answer = caller.call("DELETE", "/people")
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)
