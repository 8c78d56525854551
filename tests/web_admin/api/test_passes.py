"""Passes and couriers' codes through the interface: until they are withdrawn, and read without their text."""

from tests.support.acting import show_code


def test_a_pass_opens_at_its_gate_until_it_is_withdrawn(caller, act):
    made = caller.post("/passes", {"label": "Lift engineer", "gates": [1], "uses": 1})
    assert show_code(act, made["code"]).opens
    act.session.commit()
    assert "code" not in caller.get("/passes")["passes"][0]
    assert caller.post(f"/passes/{made['pass_id']}/withdraw", status=200)["state"] == "withdrawn"
    act.session.expire_all()
    assert not show_code(act, made["code"]).opens


def test_a_courier_gets_a_code_of_the_home(caller, compound):
    wanted = {"person_id": compound.persons["林薇"], "minutes": 20}
    made = caller.post("/visitor-codes", wanted | {"gate": 2})
    assert (made["home_number"], made["gate"]) == ("1-0101", 2)
    assert (len(made["code"]), made["code"].isdigit()) == (8, True)
    for gates in ({}, {"gate": None}, {"gate": 9}):
        refused = caller.call("POST", "/visitor-codes", wanted | gates)
        assert (refused.status_code, list(refused.get_json()["errors"]["json"])) == (422, ["gate_number"])
    without_home = {"person_id": compound.persons["保洁员"]}
    assert caller.call("POST", "/visitor-codes", without_home).status_code == 422


def test_one_pass_is_read_without_the_text_that_opens(caller, caller_with):
    made = caller.post("/passes", {"label": "Plumber", "gates": [1]})
    shown = caller.get(f"/passes/{made['pass_id']}")
    assert shown == {name: value for name, value in made.items() if name != "code"}
    caller.post(f"/passes/{made['pass_id']}/withdraw", status=200)
    assert caller.get(f"/passes/{made['pass_id']}")["state"] == "withdrawn"
    assert caller.call("GET", "/passes/0123456789abcdef").status_code == 404
    other = caller_with("people:read")
    assert other.call("GET", f"/passes/{made['pass_id']}").status_code == 403
    assert other.call("PATCH", "/homes/0123456789abcdef", {"number": "1"}).status_code == 403
