"""Forms about helpers: wrong fields are refused beside them and stay typed."""

import pytest
from flask.testing import FlaskClient

from tests.web_admin.resident.homes import HELPER
from tests.web_admin.resident.pressing import press


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"gates": ""}, "lanes-problem"),
        ({"days": ""}, "days-problem"),
        ({"starts_at": "x"}, "starts-problem"),
        ({"ends_at": "08:00"}, "ends-problem"),
        ({"last_day": ""}, "last-problem"),
        ({"last_day": "2030-01-01"}, "last-problem"),
        ({"display_name": " "}, "helper-name-problem"),
    ],
)
def test_wrong_fields_of_a_helper_are_refused_beside_them_and_stay_typed(
    phone: FlaskClient, changes: dict[str, str], problem: str
) -> None:
    answer = press(phone, "/r/home/helpers", seen_on="/r/home", **{**HELPER, **changes})
    assert answer.status_code == 422
    assert f'id="{problem}"' in answer.text
    assert f'value="{changes.get("display_name", "Xiao Wang")}"' in answer.text
