"""Events are listed, also by day."""

from datetime import timedelta

import pytest
from sqlalchemy import event as database_event

from tests.web_admin.manage.event_pages import add_events, local
from web_admin.core.database import current_menjin
from web_admin.journal.models import GateEvent


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


@pytest.mark.wide
@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("lane=east-in", "<td>东门 · 进", "<td>北门 · 进"),
        ("result=refused", "Refused</span>", "Opened</span>"),
        ("result=opened", "Opened</span>", "Refused</span>"),
        ("reason=pin_wrong", "Refused</span>", "Opened</span>"),
        ("method=qr", "· QR code</span>", "· Card</span>"),
    ],
)
def test_the_list_is_narrowed(client, query, seen, unseen):
    table = client.get(f"/manage/events/?{query}").text.partition("<tbody>")[2]
    assert seen in table
    assert unseen not in table


def test_what_cannot_be_read_in_an_address_is_left_out(client):
    answer = client.get("/manage/events/?day=x&after=9&until=2026-01-01T00:00%2B08:00&kind=odd&before=1~2~3")
    assert answer.status_code == 200
    assert answer.text.count("<tr><td") == 50


def test_an_explained_refusal_leads_to_those_around_it(compound, rows):
    guard = compound.signed_in("guard")
    at = rows(lambda s: s.get_one(GateEvent, ("north", "j", 2)).at)
    answer = guard.get("/manage/events/why/north/2?journal=j").text
    assert f'href="/manage/events/why?gate=north&amp;around={local(at)}"' in answer


@pytest.fixture
def counted(compound):
    with compound.app.app_context():
        engine = current_menjin().database.engine
    statements = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        statements.append(statement)

    database_event.listen(engine, "before_cursor_execute", note)
    yield statements
    database_event.remove(engine, "before_cursor_execute", note)


@pytest.mark.wide
@pytest.mark.parametrize("path", ["/manage/", "/manage/events/", "/manage/alarms/", "/manage/try?q=3-1203"])
def test_a_page_asks_the_database_as_often_with_many_rows_as_with_few(client, compound, rows, counted, path):
    def asked():
        del counted[:]
        assert client.get(path).status_code == 200
        return len(counted)

    few = asked()
    add_events(compound, rows, 200)
    assert asked() == few


@pytest.fixture
def eventful_compound(compound):
    with compound.act() as act:
        for number in range(3):
            act.session.add(
                GateEvent(
                    journal_id="j",
                    gate_id="north",
                    seq=700 + number,
                    kind="door_closed",
                    lane_id="north-in",
                    at=act.now + timedelta(hours=25, minutes=number),
                    received_at=act.now,
                    person_id=None,
                    facts={},
                    personal={},
                    salt=b"s",
                    personal_digest=bytes(32),
                    previous=bytes(32),
                    digest=bytes(32),
                )
            )
    return compound


def test_quiet_events_are_folded_by_day(eventful_compound) -> None:
    page = eventful_compound.signed_in("guard").get("/manage/events/").text
    assert page.count("<h2>") > 1
    folded = page.partition('<details class="quiet-ones">')[2]
    assert "3 quiet events" in folded.partition("</summary>")[0]
    assert folded.partition("</details>")[0].count("Door closed") == 3


def test_a_filter_folds_nothing(eventful_compound) -> None:
    page = eventful_compound.signed_in("guard").get("/manage/events/?kind=doors").text
    assert "quiet-ones" not in page
    assert page.partition("<tbody>")[2].count("Door closed") == 3
