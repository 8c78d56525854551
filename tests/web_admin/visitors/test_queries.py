"""The office's page of visitors, and its yes or no to people whom homes added."""

import pytest
from sqlalchemy import event

from tests.web_admin.visitors.given_passes import acting, fill


def names_on(page: str) -> set[str]:
    known = ("Window cleaner", "Lift service", "Plumber", "Gardener", "Secret friend", "3-1203")
    return {name for name in known if name in page}


@pytest.mark.first_set
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Window cleaner", "Lift service", "Plumber", "Gardener", "3-1203"}),
        ("?whose=office", {"Window cleaner", "Lift service", "Plumber", "Gardener"}),
        ("?q=3-12", {"3-1203"}),
        ("?q=Secret", set()),
        ("?q=service", {"Lift service"}),
        ("?state=withdrawn", {"Plumber"}),
        ("?state=not_yet", {"Lift service"}),
        ("?state=used", {"Gardener"}),
        ("?state=live&q=cleaner", {"Window cleaner"}),
        ("?q=nobody", set()),
        ("?whose=residents", {"3-1203"}),
        ("?whose=residents&q=3-12", {"3-1203"}),
        ("?whose=residents&q=Secret", set()),
        (
            "?state=nonsense&before=nonsense",
            {"Window cleaner", "Lift service", "Plumber", "Gardener", "3-1203"},
        ),
    ],
)
def test_passes_are_found_and_a_residents_words_are_never_shown_or_searched(compound, query, found):
    acting(compound, lambda act: fill(act, compound.persons))
    page = compound.signed_in().get(f"/manage/visitors/{query}").text
    assert names_on(page.partition("<section")[2]) == found


@pytest.mark.wide
def test_the_office_sees_who_of_it_gave_a_pass_out_and_where_it_was_used(compound):
    acting(compound, lambda act: fill(act, compound.persons))
    page = compound.signed_in().get("/manage/visitors/").text
    assert "by manager@example.org" in page
    assert page.count("used ") >= 1
    assert "北门" in page.partition("<tbody>")[2].partition("used ")[2][:60]


def test_the_list_takes_the_same_queries_for_one_page_however_many_passes_there_are(compound):
    client = compound.signed_in()

    def asked() -> int:
        count = []
        engine = compound.app.extensions["menjin"].database.engine
        listener = lambda *_args: count.append(1)  # noqa: E731 - taken off again by name
        event.listen(engine, "before_cursor_execute", listener)
        client.get("/manage/visitors/")
        event.remove(engine, "before_cursor_execute", listener)
        return len(count)

    few = asked()
    acting(compound, lambda act: fill(act, compound.persons))
    assert asked() == few
