"""A code made at the desk prints once it is known, and only for its person."""

import re

from tests.support.compounds.desk import hidden_of, press, served_with_card


def test_a_code_made_at_the_desk_prints_once_it_is_known_and_only_for_its_person(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    made = press(client, "/r/visitors", "/r/visitors/code", minutes="60", gate_number="1").text
    digits = re.search(r'name="digits" value="(\d{8})"', made)[1]
    hidden = hidden_of(made, "/r/visitors/code/slip")
    slip = client.post("/r/visitors/code/slip", data=hidden)
    assert f"{digits[:4]} {digits[4:]}" in slip.text
    assert "王" not in slip.text
    assert client.post("/r/visitors/code/slip", data=hidden | {"digits": "00000000"}).status_code == 404
    served_with_card(client, "4200000")
    other = hidden_of(client.get("/r/visitors").text, "/r/visitors/code")
    assert client.post("/r/visitors/code/slip", data=other | {"digits": digits}).status_code == 404
