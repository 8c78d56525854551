"""A time of day and a day are read as people type them, and what is none is refused beside its field."""

from datetime import date

import pytest
from flask import Flask

from web_admin.core.refusal import ActionRefused
from web_admin.web.typed_times import day_of, minute_of


def typed(**fields: str):
    return Flask(__name__).test_request_context(method="POST", data=fields)


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("09:30", 570), ("23:59", 1439)])
def test_a_time_is_a_minute_of_the_day(text: str, minute: int) -> None:
    with typed(begins=text):
        assert minute_of("begins") == minute


@pytest.mark.parametrize("text", ["", "24:00", "half past nine"])
def test_what_is_no_time_is_refused_beside_its_field(text: str) -> None:
    with typed(begins=text), pytest.raises(ActionRefused) as refused:
        minute_of("begins")
    assert refused.value.field == "begins"


@pytest.mark.wide
def test_a_day_is_read_and_what_is_none_is_refused_beside_its_field() -> None:
    with typed(until="2026-03-04", since="2026-02-30"):
        assert day_of("until") == date(2026, 3, 4)
        for field in ("since", "missing"):
            with pytest.raises(ActionRefused) as refused:
                day_of(field)
            assert refused.value.field == field
