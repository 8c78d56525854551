"""Days in a row are drawn together, in the page's language."""

import pytest

from web_admin.web.days import day_text


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (["mon", "tue", "wed", "thu", "fri"], "Monday–Friday"),
        (["sat", "mon", "tue"], "Monday, Tuesday, Saturday"),
        (["sun", "sat", "fri", "wed", "holiday"], "Wednesday, Friday–Sunday, Public holiday"),
        ([], ""),
    ],
)
def test_days_in_a_row_are_drawn_together(compound, chosen, said):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        assert day_text(chosen) == said
