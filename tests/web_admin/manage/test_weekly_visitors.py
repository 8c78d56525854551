"""The office's own weekly visitors: their link, its end, and what is refused beside its field."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.desk import hidden_of, read
from tests.web_admin.manage.acting_pages import at
from tests.web_admin.manage.forms import send
from web_admin.visitors.models import VisitorSeriesRow
from web_admin.visitors.weekly import DAYS, issue_series

NEW, LIST, SHEET = "/manage/visitors/weekly/new", "/manage/people/", "/manage/people/sheet"


def weekly(compound, **typed):
    last = (compound.clock() + timedelta(days=30)).date().isoformat()
    return {
        "label": "Lift service",
        "gate_numbers": "1",
        "days": list(DAYS),
        "starts_at": "00:00",
        "ends_at": "23:59",
        "last_day": last,
    } | typed


def only_series(compound):
    return read(compound, lambda s: s.scalars(select(VisitorSeriesRow)).one())


@pytest.mark.wide
@pytest.mark.parametrize("role", ["manager", "guard"])
def test_the_office_gives_a_weekly_pass_whose_link_opens_and_withdraws_it(compound, role):
    client = compound.signed_in(role)
    made = send(client, NEW, **weekly(compound))
    assert made.status_code == 303
    row = only_series(compound)
    assert (row.issuer_person_id, row.starts_minute, row.ends_minute, row.days) == (None, 0, 1439, list(DAYS))
    assert row.author_id.startswith("staff-")
    page = client.get(made.location).text
    link = page.partition('id="link" readonly value="')[2].partition('"')[0]
    visitor = compound.app.test_client().get("/v/" + link.partition("/v/")[2])
    assert visitor.status_code == 200
    assert "<svg" in visitor.text
    assert "Lift service" in client.get("/manage/visitors/").text
    action = f"{made.location}/withdraw"
    done(client, client.post(action, data=hidden_of(page, action)))
    assert only_series(compound).withdrawn_at is not None
    assert 'id="weekly"' not in client.get("/manage/visitors/").text


@pytest.mark.wide
@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"days": []}, "days", "Choose at least one day"),
        ({"ends_at": "00:00"}, "ends_at", "come after the start"),
        ({"last_day": "2099-01-01"}, "last_day", "lasts 92 days at most"),
        ({"label": ""}, "label", "Say who"),
        ({"starts_at": "noon"}, "starts_at", "Not a valid time"),
    ],
)
def test_an_error_is_beside_its_field_and_what_was_typed_stays(compound, typed, field, said):
    answer = send(compound.signed_in("manager"), NEW, **weekly(compound, **typed))
    assert answer.status_code == 422
    assert said in answer.text.partition(f'id="{field}-wrong-1"')[2][:400]
    assert read(compound, lambda s: s.scalars(select(VisitorSeriesRow)).all()) == []


def test_a_residents_weekly_visitor_is_not_the_offices_to_see_or_end(compound):
    with at(compound) as act:
        series_id = issue_series(
            act,
            issuer_person_id=compound.persons["王芳"],
            label="aunt",
            gate_numbers=[1],
            days=list(DAYS),
            starts_minute=0,
            ends_minute=600,
            last_day=(act.now + timedelta(days=30)).date(),
        ).series_id
    client = compound.signed_in("manager")
    assert client.get(f"/manage/visitors/weekly/{series_id}").status_code == 404
    assert "aunt" not in client.get("/manage/visitors/").text
