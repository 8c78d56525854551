"""No refusal goes out before a place to complain is published."""

import pytest

from tests.support.acting import add_lane, by_phone, household
from web_admin.core.refusal import ActionRefused
from web_admin.privacy.requests import (
    file_request,
    refuse,
)


@pytest.fixture
def person(act):
    add_lane(act)
    return household(act)[1]


def filed(act, person, kind="complaint", text="The camera faces my window.", **more):
    return file_request(by_phone(act, person.person_id), person.person_id, kind, text=text, **more)


def test_no_refusal_goes_out_before_a_place_to_complain_is_published(act, person):
    row = filed(act, person)
    with pytest.raises(ActionRefused, match="First publish where people can complain"):
        refuse(act, row.request_id, "It shows the gate alone.", "en")
    assert row.outcome is None
