"""Special dates and weekly hours are corrected and taken away, never from under a lane or a right."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.days_of_a_site import GATES, day_of, days, remove
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Hours


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


def test_a_special_date_is_corrected_and_moved(client, compound):
    old, new = day_of(compound), day_of(compound) + timedelta(days=1)
    path = f"/manage/hours/days/{old.isoformat()}"
    assert "国庆节" in client.get(path).text
    assert send(client, path, day=new.isoformat(), kind="mon", name="Worked").status_code == 303
    assert days(compound) == [(new, "mon", "Worked")]
    assert client.get(path).status_code == 404


def test_a_holiday_is_removed_and_the_list_shows_dates_as_they_are_read(client, compound):
    day = day_of(compound)
    page = client.get(GATES).text
    assert f"<strong>{day.isoformat()}</strong>" not in page
    assert f"<strong>{day.strftime('%b')} {day.day}, {day.year}</strong>" in page
    assert remove(client, f"/manage/hours/days/{day.isoformat()}").location == GATES
    assert days(compound) == []


@pytest.mark.parametrize("text", ["2026-13-01", "tomorrow", "1999-01-01"])
def test_what_is_no_special_date_is_not_found(client, text):
    assert client.get(f"/manage/hours/days/{text}").status_code == 404


def test_a_holiday_week_is_added_at_once(client, compound):
    first = day_of(compound) + timedelta(days=40)
    new = "/manage/hours/days/new"
    assert 'name="last_day"' in client.get(new).text
    last = first + timedelta(days=6)
    sent = send(client, new, day=first.isoformat(), last_day=last.isoformat(), kind="holiday", name="春节")
    assert sent.status_code == 303
    added = [row for row in days(compound) if row[2] == "春节"]
    assert added == [(first + timedelta(days=n), "holiday", "春节") for n in range(7)]
    assert 'name="last_day"' not in client.get(f"/manage/hours/days/{first.isoformat()}").text


@pytest.mark.parametrize(
    ("length", "said"), [(-1, "The last day is before the first."), (31, "At most 31 days at once.")]
)
def test_a_malformed_row_of_days_is_refused_beside_its_field(client, compound, length, said):
    before, first = days(compound), day_of(compound) + timedelta(days=40)
    last = first + timedelta(days=length)
    sent = send(
        client,
        "/manage/hours/days/new",
        day=first.isoformat(),
        last_day=last.isoformat(),
        kind="holiday",
        name="",
    )
    assert sent.status_code == 422
    assert said in sent.text.partition('id="last_day-wrong-1"')[2]
    assert days(compound) == before


def test_the_list_of_hours_says_monday_to_friday(client, compound):
    assert "Monday–Friday · 07:00–18:00" in client.get(GATES).text
    assert "星期一至星期五 · 07:00–18:00" in compound.signed_in("installer", "zh").get(GATES).text


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_weekly_hours_are_saved_and_shown_again(client, rows):
    span = {"span1-days": ["sat", "sun"], "span1-start": "22:00", "span1-end": "06:00"}
    assert send(client, "/manage/hours/new", name="Nights", **span).status_code == 303
    hours = rows(lambda s: s.scalar(select(Hours).where(Hours.name == "Nights")))
    assert hours.spans == [{"days": ["sat", "sun"], "from_minute": 1320, "until_minute": 360}]
    page = client.get(f"/manage/hours/{hours.hours_id}").text
    assert 'value="22:00"' in page
    assert page.count("checked") == 2


def test_half_a_row_of_hours_is_refused(client):
    answer = send(client, "/manage/hours/new", name="x", **{"span1-days": ["sat"], "span1-start": "22:00"})
    assert answer.status_code == 422
    assert "Choose days, a start and an end" in answer.text


def test_a_make_up_day_is_added(client, compound):
    day = (compound.clock().date() + timedelta(days=9)).isoformat()
    assert send(client, "/manage/hours/days/new", day=day, kind="mon", name="Worked").status_code == 303
    assert day in client.get("/manage/gates/").text
