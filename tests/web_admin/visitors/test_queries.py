"""The office's page of visitors, and its yes or no to people whom homes added."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from web_admin.action.base import Action, new_action
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.people.home_helpers import HelperTimes, add_helper
from web_admin.people.members import invite_member
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.models import VisitorPassRow, VisitorUse


def acting(compound: ManagedCompound, work, channel: str = "system", actor_id: str = "staff-1"):
    """Do something in one transaction; return what it returns."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(current_menjin(), session, compound.site_id, actor_id, channel, now=compound.clock())
        return work(act)


def fill(act: Action, persons: dict[str, str]) -> None:
    """Give out passes in every state, by the office and by a resident."""
    for label, changes in {
        "Window cleaner": {},
        "Lift service": {"valid_from": act.now + timedelta(days=2)},
        "Plumber": {},
        "Gardener": {},
    }.items():
        row = issue_pass(act, issuer_person_id=None, label=label, gate_numbers=[1], **changes)
        {"Plumber": withdraw_pass}.get(label, lambda _act, _id: None)(act, row.pass_id)
        act.session.add_all(
            [
                VisitorUse(
                    gate_id="north",
                    journal_id="j",
                    seq=900,
                    lane_id="north-in",
                    at=act.now,
                    shown_id=row.pass_id,
                )
            ]
            * (label == "Gardener")
        )
    issue_pass(act, issuer_person_id=persons["王芳"], label="Secret friend", gate_numbers=[1, 2])


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


def test_the_office_sees_who_of_it_gave_a_pass_out_and_where_it_was_used(compound):
    acting(compound, lambda act: fill(act, compound.persons))
    page = compound.signed_in().get("/manage/visitors/").text
    assert "by manager@example.org" in page
    assert page.count("used ") >= 1
    assert "北门" in page.partition("<tbody>")[2].partition("used ")[2][:60]


def test_a_pass_for_one_visit_is_called_used_in_the_list_and_on_its_page(compound):
    acting(compound, lambda act: fill(act, compound.persons))

    def once_for_the_gardener(act) -> str:
        row = act.session.scalars(select(VisitorPassRow).where(VisitorPassRow.label == "Gardener")).one()
        row.uses = 1
        return row.pass_id

    pass_id = acting(compound, once_for_the_gardener)
    client = compound.signed_in()
    for path in ("/manage/visitors/?q=gardener", f"/manage/visitors/{pass_id}"):
        page = client.get(path).text
        main = page.partition("<main")[2]
        assert "Used" in main.partition("chip")[2].partition("</span>")[0], path
        assert f"/{pass_id}/withdraw" not in page and f"/{pass_id}/slip" not in page


def test_a_residents_pass_is_withdrawn_by_the_office_and_its_code_is_not_shown(compound):
    acting(compound, lambda act: fill(act, compound.persons))
    of_resident = select(VisitorPassRow.pass_id).where(VisitorPassRow.issuer_person_id.is_not(None))
    pass_id = acting(compound, lambda act: act.session.scalars(of_resident).one())
    client = compound.signed_in("guard")
    assert client.get(f"/manage/visitors/{pass_id}").status_code == 404
    page = client.get("/manage/visitors/?whose=residents").text
    client.post(f"/manage/visitors/{pass_id}/withdraw", data={"csrf_token": csrf_of(page)})
    assert acting(compound, lambda act: act.session.get(VisitorPassRow, pass_id).withdrawn_at) is not None


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


# -- whom homes added --------------------------------------------------------------------------------


def added(compound: ManagedCompound, waits: bool) -> str:
    host = compound.persons["王芳"]
    return acting(
        compound,
        lambda act: (
            invite_member(act, host, display_name="Chen Li", age_band="adult", language="zh", waits=waits)[
                0
            ].person_id
        ),
        "phone",
        host,
    )


@pytest.mark.parametrize(("answer", "passes", "ended"), [("agree", True, False), ("refuse", False, True)])
def test_the_office_sees_who_added_whom_and_decides_where_it_is_asked(compound, answer, passes, ended):
    person_id = added(compound, waits=True)
    client = compound.signed_in()
    assert "Chen Li" in client.get("/manage/people/").text.partition("Waiting for you")[2]
    page = client.get(f"/manage/people/{person_id}").text
    assert "By 王芳" in page
    client.post(f"/manage/people/{person_id}/addition/{answer}", data={"csrf_token": csrf_of(page)})
    person = acting(compound, lambda act: act.session.get_one(Person, person_id))
    grants = acting(compound, lambda act: len(act.session.get_one(Person, person_id).grants))
    assert (grants > 0, person.ended_at is not None) == (passes, ended)
    assert "Waiting for you" not in client.get("/manage/people/").text


def test_a_guard_decides_nothing_about_who_lives_here(compound):
    person_id = added(compound, waits=True)
    client = compound.signed_in("guard")
    page = client.get(f"/manage/people/{person_id}").text
    assert "/addition/agree" not in page
    answer = client.post(f"/manage/people/{person_id}/addition/agree", data={"csrf_token": csrf_of(page)})
    assert answer.status_code == 403


def test_a_helpers_page_says_whose_they_are_and_their_hours_which_no_list_of_hours_shows(compound):
    host = compound.persons["王芳"]
    until = compound.clock().date() + timedelta(days=30)
    times = HelperTimes(until, ("tue",), 9 * 60, 12 * 60)
    helper_id = acting(
        compound,
        lambda act: (
            add_helper(
                act, host, display_name="Xiao Wang", lanes=["north-in"], times=times, language="zh"
            ).person_id
        ),
        "phone",
        host,
    )
    client = compound.signed_in()
    page = client.get(f"/manage/people/{helper_id}").text
    assert ("Helper of the home" in page, "Tuesday 09:00–12:00" in page) == (True, True)
    assert "Tuesday 09:00–12:00" in client.get(f"/manage/people/{helper_id}/grants").text
    other = compound.persons["林薇"]
    assert "09:00–12:00" not in client.get(f"/manage/people/{other}/grants").text
    assert f"helper-{helper_id}" not in client.get("/manage/gates/").text
