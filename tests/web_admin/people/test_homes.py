"""Numbers of homes: digits and dashes, and no two alike on a keypad."""

import pytest

from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.people.homes import add_home


@pytest.mark.parametrize("number", ["", "3--1", "3-12a", "-3", "1" * 21, "三"])
def test_a_home_number_is_digits_and_dashes(act: Action, number: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        add_home(act, number)
    assert refused.value.field == "number"


def test_two_homes_never_look_alike_on_a_keypad(act: Action) -> None:
    add_home(act, "3-1203")
    with pytest.raises(ActionRefused, match="3-1203"):
        add_home(act, "31-203")
