"""No page of a compound with named gates shows a short name where people read a name."""

import re

import pytest
from sqlalchemy import select

from tests.web_admin.every_page.test_languages_of_pages import callers, pages
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import current_menjin

__all__ = ["callers"]
EXAMPLES = ("like north", "such as north")
"""What a hint shows as a short name."""


@pytest.fixture(scope="module")
def short_names(callers) -> re.Pattern[str]:
    """Return what finds the short names of gates and lanes in a text of a page."""
    with callers.compound.app.app_context(), current_menjin().database.open_reading() as session:
        ids = [*session.scalars(select(Gate.gate_id)), *session.scalars(select(Lane.lane_id))]
    longest_first = sorted(ids, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?![\w-])")


@pytest.mark.wide
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_shows_a_short_name_where_people_read_a_name(callers, short_names, language) -> None:
    wrong: dict[str, str] = {}
    read = 0
    for page, texts in pages(callers, language):
        read += 1
        for text in texts:
            said = text
            for example in EXAMPLES:
                said = said.replace(example, "")
            if short_names.search(said):
                wrong[text] = page
    assert read > 100
    assert wrong == {}
