"""Events: narrowed, paged, exported without names; why a gate stayed shut, in one click."""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import select, update

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.event_pages import add_events, local
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry, GateEvent


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def cells(answer):
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def export(client, why="For the yearly count", **wanted):
    page = client.get("/manage/events/").text
    tokens = {"csrf_token": csrf_of(page), "once": re.search(r'name="once"[^>]* value="([^"]+)"', page)[1]}
    return client.post("/manage/events/export", data=wanted | tokens | {"why": why})


def test_times_are_typed_in_the_zone_of_the_site(client, compound):
    at = (compound.clock() - timedelta(minutes=3) + timedelta(hours=8)).replace(tzinfo=None)
    minute = timedelta(minutes=1)
    window = {"after": (at - minute).isoformat(), "until": (at + minute).isoformat()}
    assert client.get("/manage/events/", query_string=window).text.count("<tr><td") == 1


def test_no_number_of_a_journal_is_in_a_link_of_staff_who_see_no_silent_alarm(compound, rows):
    add_events(compound, rows, 60)
    named = {"kind": "antipassback_violated", "person_id": compound.persons["林薇"]}
    rows(lambda session: session.execute(update(GateEvent).where(GateEvent.seq >= 1000).values(named)))
    officer = compound.signed_in("privacy_officer")
    page = officer.get("/manage/events/?kind=held").text
    links = re.findall(r'href="/manage/events/who/[a-z]+/([^?"]+)\?[^"]*"', page)
    before = re.search(r"[?&;]before=([^&\"]+)", page)[1]
    assert len(links) > 40
    assert [link for link in (*links, before) if len(link) < 150 or "~" in link] == []
    assert officer.get(f"/manage/events/who/north/{links[0]}?journal=j").status_code == 200
    assert officer.get(f"/manage/events/?kind=held&before={before}").text.count("<tr><td") >= 10
    assert officer.get(f"/manage/events/who/north/{links[0][:-9]}?journal=j").status_code == 404


@pytest.mark.wide
def test_an_export_holds_what_is_filtered_without_names_and_is_recorded(client, compound, rows):
    add_events(compound, rows, 2300, method="face")
    answer = export(client, method="face")
    table = cells(answer)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=events-")
    assert len(table) == 2301
    assert {row[3] for row in table[1:]} == {"Face"}
    assert len({row[0] for row in table[1:]}) == 2300
    assert [name for name in compound.persons if name in answer.text] == []
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "events_exported")).one())
    assert entry.facts["method"] == "face"
    assert entry.personal == {"reason": "For the yearly count"}


def test_an_export_of_a_place_has_its_gates_alone_and_the_ledger_keeps_no_word_that_was_typed(client, rows):
    table = cells(export(client, place="东门"))
    assert {row[1].partition(" ")[0] for row in table[1:]} == {"东门"}
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "events_exported")).one())
    assert entry.facts["gates"] == 1
    assert "东门" not in str(entry.facts)
    assert "place" not in entry.facts


def test_a_place_that_was_typed_is_in_no_address_of_the_list(client, compound, rows):
    add_events(compound, rows, 80)
    page = client.get("/manage/events/").text
    typed = {"csrf_token": csrf_of(page), "where": "events", "q": "北门 王芳", "result": "opened"}
    sent = client.post("/manage/search/", data=typed)
    assert sent.location.startswith("/manage/events/?result=opened&")
    typed["q"] = "北门"
    found = client.get(client.post("/manage/search/", data=typed).location).text
    earlier = re.search(r'rel="next" href="([^"]+)"', found)[1]
    assert "find=" in earlier
    assert "place=" not in earlier
    assert "北门" not in unquote(earlier)


def test_an_export_without_a_reason_is_refused_beside_the_field_and_keeps_the_filter(client, rows):
    answer = export(client, why=" ", result="refused", day="2020-01-01", lane="north-in")
    assert answer.status_code == 422
    assert 'name="result" value="refused"' not in answer.text  # nothing fits, so there is nothing to take
    answer = export(client, why="", result="refused")
    assert answer.status_code == 422
    assert "A reason is needed." in answer.text
    assert 'name="result" value="refused"' in answer.text
    exported = select(AuditEntry).where(AuditEntry.kind == "events_exported")
    assert rows(lambda s: s.scalars(exported).all()) == []


def test_an_export_shows_in_words_what_the_gate_recorded(client, compound):
    chinese = compound.signed_in("guard", "zh")
    table = cells(export(chinese, reason="pin_wrong"))
    assert table[0][5] == "门的判定"
    assert {row[5] for row in table[1:]} == {"该房号没有与这些数字相符的数字密码或访客码。"}


def test_no_cell_of_an_export_is_a_formula(client, compound, rows):
    rows(lambda s: setattr(s.get_one(Gate, "north"), "name", "=1+1"))
    add_events(compound, rows, 1, reason="@SUM(A1)")
    rows(lambda s: setattr(s.scalars(select(GateEvent).where(GateEvent.seq == 1000)).one(), "lane_id", "-x"))
    assert cells(export(client, reason="@SUM(A1)"))[1][1] == "'=1+1"


def test_an_export_without_the_forms_token_is_refused(client, rows):
    assert client.post("/manage/events/export").status_code == 400
    exported = select(AuditEntry).where(AuditEntry.kind == "events_exported")
    assert rows(lambda s: s.scalars(exported).all()) == []


def test_a_threat_is_in_no_list_of_those_who_answer_no_alarms(compound, rows):
    add_events(compound, rows, 1)
    added = select(GateEvent).where(GateEvent.seq == 1000)
    rows(lambda s: setattr(s.scalars(added).one(), "kind", "alarm_duress"))
    path, words = "/manage/events/?kind=alarms", "Someone may be under threat"
    seen = {role: words in compound.signed_in(role).get(path).text for role in ("guard", "privacy_officer")}
    assert seen == {"guard": True, "privacy_officer": False}


def test_a_past_refusal_is_explained_in_one_click_without_names(compound, rows):
    guard = compound.signed_in("guard")
    rows(lambda s: setattr(s.get_one(GateEvent, ("north", "j", 2)), "person_id", compound.persons["王芳"]))
    page = guard.get("/manage/events/?reason=pin_wrong").text
    link = re.search(r'href="(/manage/events/why/north/2\?[^"]+)"', page)[1].replace("&amp;", "&")
    answer = guard.get(link).text
    assert "The gate stayed shut" in answer
    assert "pin_wrong" in answer
    assert "Asked now, the gate would stay shut" in answer
    assert [name for name in compound.persons if name in answer] == []
    assert guard.get("/manage/events/why/north/999999?journal=j").status_code == 404


def test_why_refused_starts_from_what_a_gate_refused(compound, rows):
    """Gate and time lead to the entry; an opening, another gate and another hour are not in the way."""
    guard, refused = compound.signed_in("guard"), ("north", "j", 2)
    at = rows(lambda s: s.get_one(GateEvent, refused).at)
    link = re.compile(r'href="/manage/events/why/(\w+)/(\d+)\?journal=')
    near = link.findall(guard.get(f"/manage/events/why?gate=north&around={local(at)}").text)
    assert ("north", "2") in near
    assert {gate_id for gate_id, _seq in near} == {"north"}
    assert {gate_id for gate_id, _seq in link.findall(guard.get("/manage/events/why").text)} > {"north"}
    elsewhere = guard.get(f"/manage/events/why?gate=east&around={local(at)}").text
    assert {gate_id for gate_id, _seq in link.findall(elsewhere)} <= {"east"}
    later = guard.get(f"/manage/events/why?gate=north&around={local(at + timedelta(minutes=32))}").text
    assert ("north", "2") not in link.findall(later)
    longer_ago = guard.get(f"/manage/events/why?around={local(at - timedelta(days=30))}").text
    assert link.findall(longer_ago) == []
    assert "No gate refused anyone within half an hour" in longer_ago


def test_a_filter_is_taken_off_in_one_click(client):
    off = 'href="/manage/events/">Show all'
    assert off not in client.get("/manage/events/").text
    assert off in client.get("/manage/events/?result=refused").text
    assert client.get("/manage/events/?day=2020-01-01").text.count(off) == 2


def test_a_refused_passage_of_a_person_leads_to_its_explanation(client, compound, rows):
    person_id = compound.persons["王芳"]
    rows(lambda s: setattr(s.get_one(GateEvent, ("north", "j", 2)), "person_id", person_id))
    path = f"/manage/events/person/{person_id}"
    page = client.get(path).text
    once = re.search(r'name="once"[^>]* value="([^"]+)"', page)[1]
    shown = client.post(path, data={"csrf_token": csrf_of(page), "once": once, "reason": "She asks why"})
    assert '/manage/events/why/north/2?journal=j">Why?' in shown.text


def test_the_question_leads_on_to_what_happened_then(client, compound):
    person_id = compound.persons["王芳"]
    page = client.get(f"/manage/try?person={person_id}").text
    assert f'href="/manage/access/people/{person_id}"' in page
    assert f'href="/manage/events/person/{person_id}"' in page
    guard = compound.signed_in("guard").get(f"/manage/try?person={person_id}").text
    assert f"/manage/events/person/{person_id}" not in guard


@pytest.mark.parametrize("typed", ["3-1203", "31203", "3-12"])
def test_the_question_finds_a_home_as_it_is_typed_at_the_gate(client, typed):
    assert "王芳" in client.get(f"/manage/try?q={typed}").text


def test_the_question_finds_its_person_by_name(client):
    assert "Ana Ruiz" in client.get("/manage/try?q=ana").text
    assert "No one matches" in client.get("/manage/try?q=nobody").text
