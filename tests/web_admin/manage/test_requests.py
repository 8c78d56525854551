"""The office's pages of requests: by due date, for the manager and the privacy officer alone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.support.acting import by_phone, manager
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.requests import file_request

LIST = "/manage/requests/"


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.fixture
def officer(compound):
    return compound.signed_in("privacy_officer")


def filed(compound, name, kind="complaint", text="The light is too bright.", days_ago=0, **more):
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            at = compound.clock() - timedelta(days=days_ago)
            act = manager(session, menjin.sealer, compound.site_id, at)
            person_id = compound.persons[name]
            return file_request(by_phone(act, person_id), person_id, kind, text=text, **more).request_id


def test_the_list_shows_what_is_due_first_on_top_and_marks_what_is_late(compound, officer):
    filed(compound, "林薇", days_ago=1)
    filed(compound, "陈立", days_ago=16)
    page = officer.get(LIST).text
    assert page.index("陈立") < page.index("林薇")
    assert "1 request is late." in page
    late = officer.get(LIST + "?show=late").text
    assert ("陈立" in late, "林薇" in late) == (True, False)


@pytest.mark.wide
def test_a_due_date_says_how_many_days_are_left(compound, officer):
    late = filed(compound, "陈立", days_ago=16)
    fresh = filed(compound, "林薇")
    page = officer.get(LIST).text
    assert re.search(r"\d+ days late", page)
    assert re.search(r"\d days left", page)
    assert "15 days left" in officer.get(LIST + fresh).text
    assert "1 day late" in officer.get(LIST + late).text
    send(officer, LIST + late, LIST + late + "/answer", text="We turned it down.", intent="answer")
    closed = officer.get(LIST + late).text
    assert "Answered" in closed
    assert "day late" not in closed


def test_a_request_is_acknowledged_then_answered_and_leaves_the_open_list(compound, officer, rows):
    path = LIST + filed(compound, "林薇")
    assert "The light is too bright." in officer.get(path).text
    assert send(officer, path, f"{path}/acknowledge").status_code == 303
    dimmed = "It is dimmed from ten."
    assert send(officer, path, f"{path}/answer", text=dimmed, intent="answer").status_code == 303
    row = rows(lambda s: s.scalars(select(RightsRequest)).one())
    assert (row.outcome, row.answer, row.acknowledged_by) == ("answered", dimmed, row.closed_by)
    assert "林薇" not in officer.get(LIST).text
    assert "林薇" in officer.get(LIST + "?show=closed").text


def test_a_refusal_without_reason_or_place_to_complain_is_held_back_beside_the_field(compound, officer, rows):
    path = LIST + filed(compound, "林薇")
    for text in ("", "no"):
        answer = send(officer, path, f"{path}/answer", text=text, intent="refuse")
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    send(
        officer,
        "/manage/privacy/contact",
        responsible_name="秦女士",
        responsible_contact="021-5555 0101",
        channels_zh="市场监管局 12315",
        channels_en="Market supervision, 12315",
    )
    given = send(officer, path, f"{path}/answer", text="The lamp belongs to the street.", intent="refuse")
    assert given.status_code == 303
    row = rows(lambda s: s.scalars(select(RightsRequest)).one())
    assert (row.outcome, row.further) == ("refused", "市场监管局 12315")  # in the person's language


def test_a_name_is_corrected_from_the_request_with_before_and_after(compound, officer, rows):
    path = LIST + filed(compound, "陈立", "correction", "", subject="name", wanted="陈丽")
    page = officer.get(path).text
    assert 'value="陈立"' in page
    facts = {"before": "陈立", "after": "陈丽", "note": "Done."}
    assert send(officer, path, f"{path}/correct", **facts).status_code == 303
    row = rows(lambda s: s.scalars(select(RightsRequest)).one())
    assert (row.value_before, row.value_after, row.answer) == ("陈立", "陈丽", "Done.")
    assert rows(lambda s: s.get_one(Person, compound.persons["陈立"]).display_name) == "陈丽"


def test_an_unknown_request_or_cursor_is_no_fault(compound, officer):
    filed(compound, "林薇")
    assert officer.get(LIST + "nothing").status_code == 404
    for wrong in ("x", "2026-03-04~a", "2026-03-04T00:00:00+00:00"):
        assert officer.get(LIST, query_string={"after": wrong}).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_requests(compound, officer):
    def queries():
        counted = []
        with compound.app.app_context():
            engine = current_menjin().database.engine
        event.listen(engine, "before_cursor_execute", lambda *_a: counted.append(1))
        page = officer.get(LIST + "?show=all")
        assert page.status_code == 200
        return len(counted)

    filed(compound, "林薇")
    officer.get(LIST)
    few = queries()
    for name in ("陈立", "赵敏", "周明", "孙晓", "王芳"):
        filed(compound, name)
    assert queries() - few in (0, few)  # the first listener counts the second time too
