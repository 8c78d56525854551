"""No page of a compound with named gates shows a short name where people read a name."""

import re

import pytest
from sqlalchemy import select

from tests.web_admin.every_page.texts_of_pages import callers, pages
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import current_menjin

__all__ = ["callers"]
EXAMPLES = ("like north-in", "如 north-in")
"""Short names of lanes that a hint shows."""
PARTS = re.compile(r"[·,，、:：()（）]")
"""Signs between a name and the rest of a text; gates' short names are English words as well."""


@pytest.fixture(scope="module")
def short_names(callers) -> tuple[set[str], set[str]]:
    """Return the short names of gates, and of lanes."""
    with callers.compound.app.app_context(), current_menjin().database.open_reading() as session:
        return set(session.scalars(select(Gate.gate_id))), set(session.scalars(select(Lane.lane_id)))


def has_short_name(text: str, gates: set[str], lanes: set[str]) -> bool:
    for example in EXAMPLES:
        text = text.replace(example, "")
    return any(lane in text for lane in lanes) or any(part.strip() in gates for part in PARTS.split(text))


@pytest.mark.wide
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_shows_a_short_name_where_people_read_a_name(callers, short_names, language) -> None:
    said = [(page, text) for page, texts in pages(callers, language) for text in texts]
    assert len({page for page, _text in said}) > 100
    assert [(page, text) for page, text in said if has_short_name(text, *short_names)] == []
