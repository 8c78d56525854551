"""A form from another site is refused."""


def test_a_form_from_another_site_is_refused(compound):
    client = compound.signed_in_by_hand("manager")
    assert client.post("/manage/people/homes/new", data={"number": "9-9"}).status_code == 400
