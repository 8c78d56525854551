"""The word for a stored value, and for one of a newer gate that this server does not know."""

import pytest
from flask_babel import lazy_gettext as _l

from web_admin.core.texts import word

DOORS = {"held": _l("Held")}


def test_a_known_value_has_its_word() -> None:
    assert word(DOORS, "held") is DOORS["held"]


@pytest.mark.parametrize(
    ("stored", "said"),
    [("door_ajar", "door ajar"), ("alarm_door_ajar", "door ajar"), (None, "—"), ("", "—")],
)
def test_an_unknown_value_is_said_as_it_is_stored(stored: str | None, said: str) -> None:
    assert word(DOORS, stored) == said
