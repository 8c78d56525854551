"""A value typed into an address is read only where it makes sense."""

import pytest

from web_admin.core.parameters import day_of, moment_of, number_of, wall_clock_of

ODD = {
    "{moment}": ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-05T10:00", "x"),
    "{clock}": ("0001-01-01T00:00", "9999-12-31T23:59", "2026-03-05T10:00+08:00", "x"),
    "{day}": ("0001-01-01", "9999-12-31", "2026-13-01", "x"),
    "{number}": ("9" * 30, "9" * 5000, "²", "१२", "-1", "1e9"),
}


@pytest.mark.parametrize(
    ("read", "good", "place"),
    [
        (number_of, "000000000000012", "{number}"),
        (day_of, "2026-03-05", "{day}"),
        (moment_of, "2026-03-05T10:00+08:00", "{moment}"),
        (wall_clock_of, "2026-03-05T10:00", "{clock}"),
    ],
)
def test_what_is_typed_is_read_only_where_it_makes_sense(read, good, place):
    assert read(good) is not None
    assert [text for text in ODD[place] if read(text) is not None] == []
