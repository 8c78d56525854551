"""The manager's pages: what they show, what they change, and how they say no."""

import re

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, local, send
from web_admin.alarms.models import Alarm


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_an_alarm_is_acknowledged_once_with_its_note(client, rows):
    alarm_id = rows(lambda s: s.scalar(select(Alarm.alarm_id)))
    token = csrf_of(client.get("/manage/").text)
    for note in ("Leaf in the door", "again"):
        client.post(f"/manage/alarms/{alarm_id}/acknowledge", data={"note": note, "csrf_token": token})
    alarm = rows(lambda s: s.get_one(Alarm, alarm_id))
    assert (alarm.note, alarm.acknowledged_at is not None) == ("Leaf in the door", True)
    assert "Door open too long" not in client.get("/manage/").text


def test_events_have_no_names_are_filtered_and_come_in_pages(client, compound):
    first = client.get("/manage/events/?kind=access")
    assert [name for name in compound.persons if name in first.text] == []
    earlier = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    rest = client.get(earlier)
    of_an_event = '<tr><td class="keep">'  # each day has a head of its own
    assert first.text.count(of_an_event) == 50
    assert rest.text.count(of_an_event) == 20
    refused = client.get("/manage/events/?reason=pin_wrong").text
    assert "Opened" not in refused.partition("<tbody>")[2]
    assert refused.count("<tr>") > 5


def test_try_it_is_answered_by_the_gates_own_rules(client, compound):
    at, person_id = local(compound.clock()), compound.persons["王芳"]
    fields = {"person_id": person_id, "lane_id": "north-in", "at": at, "reason": "she asks why"}
    answers = [
        send(client, f"/manage/try?person={person_id}", method=method, **fields).text
        for method in ("card", "qr")
    ]
    assert "The gate would open" in answers[0]
    assert "credential_unknown" in answers[1] or "method_not_chosen" in answers[1]


def test_language_is_kept_and_never_redirects_elsewhere(client):
    token = csrf_of(client.get("/manage/").text)
    answer = client.post("/language", data={"language": "zh", "next": "//evil.example/", "csrf_token": token})
    assert answer.headers["Location"] == "/"
    assert "首页" in client.get("/manage/").text


@pytest.mark.wide
def test_no_page_carries_inline_code_or_style_and_all_send_a_strict_policy(client, compound):
    paths = [
        rule.rule
        for rule in compound.app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.rule.startswith(("/manage", "/privacy"))
    ]
    assert len(paths) > 12
    for path in paths:
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        if answer.mimetype == "text/event-stream":  # it has no end that one could wait for
            answer.close()
            continue
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text), path


def test_errors_are_pages_without_traces(client):
    answer = client.get("/manage/people/0000000000000000")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
