"""Links of visitors, and lists of their passes."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, household, show_code
from tests.web_admin.visitors.given_passes import acting, fill
from tests.web_admin.visitors.tuesdays import at, tuesdays
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.sealing import Sealer
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.links import link_text, linked, renewed_text


@pytest.fixture
def host(act: Action) -> Person:
    add_lane(act)
    return household(act)[1]


# -- addresses and copies ----------------------------------------------------------------------------


def test_an_address_leads_to_its_own_pass_and_no_other_text_leads_anywhere(act: Action, host: Person) -> None:
    made, row = issue_pass(act, issuer_person_id=None, label="x", gate_numbers=[1]), tuesdays(act, None)
    text = link_text(act.sealer, "pass", made.pass_id)
    assert linked(act.session, act.sealer, text) is made
    assert linked(act.session, act.sealer, link_text(act.sealer, "series", row.series_id)) is row
    other_server = Sealer(bytes(32), bytes(32))
    changed = [text[:place] + "AB"[text[place] == "A"] + text[place + 1 :] for place in (0, 10, 31)]
    for wrong in (*changed, link_text(other_server, "pass", made.pass_id), "", "x", "ä" * 32, text + text):
        assert linked(act.session, act.sealer, wrong) is None


@pytest.mark.publishing
def test_a_renewed_copy_is_the_same_pass_for_less_than_a_minute(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=host.person_id, label="x", gate_numbers=[1], uses=1)
    later = at(act, act.now + timedelta(hours=2))
    copy = renewed_text(act.session, act.sealer, made, later.now)
    assert copy is not None
    decision = show_code(later, copy)
    assert (decision.opens, decision.credential_id) == (True, made.pass_id)
    minutes_on = {
        minutes: show_code(at(later, later.now + timedelta(minutes=minutes)), copy).reason
        for minutes in (-1, 1)
    }
    assert minutes_on == {-1: Reason.NOT_YET_VALID, 1: Reason.EXPIRED}
    withdraw_pass(act, made.pass_id)
    assert show_code(later, copy).reason is Reason.PASS_WITHDRAWN
    assert renewed_text(act.session, act.sealer, made, later.now) is None


@pytest.mark.publishing
def test_a_renewed_copy_never_reaches_over_the_pass(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=None, label="x", gate_numbers=[1])
    at_end = at(act, made.valid_until - timedelta(seconds=1))
    copy = renewed_text(act.session, act.sealer, made, at_end.now)
    assert copy is not None
    assert show_code(at_end, copy).opens
    assert show_code(at(act, made.valid_until), copy).reason is Reason.EXPIRED
    assert renewed_text(act.session, act.sealer, made, made.valid_until) is None


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
