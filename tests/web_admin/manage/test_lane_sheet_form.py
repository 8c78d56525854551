"""The form of a lane sheet: read in and sent again it is the same, and nothing odd is kept in a draft."""

import re
from datetime import UTC, datetime

import pytest

from tests.web_admin.manage.kept_sheets import beside, send, stored


@pytest.fixture
def compound_begins():
    return datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def client(compound):
    return compound.signed_in("installer")


def test_a_sheet_read_into_the_form_and_sent_again_is_the_same(client, compound):
    page = client.get("/manage/lanes/north-in/sheet/edit").text
    ticked = re.findall(r"<input[^>]*checked[^>]*>", page)
    once_each = ("fails", "on_escape_route", "free_exit", "fire_release", "manual_release", "accessible")
    assert len(ticked) == len(once_each)
    assert 'value="1100"' in page
    assert '<option selected value="gate_outside">' in page


@pytest.mark.wide
@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("reader_heights_mm", "high", "whole numbers"),
        ("reader_heights_mm", "1 2 3 4 5 6 7 8 9", "at most 8"),
        ("reader_heights_mm", "²", "whole numbers"),
        ("opening_width_mm", "0", "From 1 to 20000"),
        ("camera_view", "x" * 201, "200"),
        ("last_drill", "soon", ""),
        ("lock", "rope", ""),
    ],
)
def test_what_cannot_be_measured_is_refused_even_as_a_draft(client, compound, field, typed, says):
    answer = send(client, "draft", **{field: typed})
    assert answer.status_code == 422
    assert says in "".join(beside(answer.text, field))
    assert beside(answer.text, field)
    assert stored(compound) == (None, None)
