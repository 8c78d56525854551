"""The stream of the page of now: news at once, few streams, an end with the sign-out."""

import queue
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.compounds.resident import csrf_of
from tests.support.scheduling import start_looks
from web_admin.accounts.models import User
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import current_menjin
from web_admin.manage.live import live_watch
from web_admin.web.live_watch import MARKS_APART, LiveWatch, mark_of, sent_lines

pytestmark = pytest.mark.both_databases

PATIENCE_SECONDS = 60.0


@pytest.fixture
def watched_compound(compound):
    yield compound
    live_watch(compound.app).stop_when(lambda: True)


@pytest.fixture
def written(watched_compound):
    def write(work):
        with watched_compound.app.app_context(), current_menjin().database.session() as session:
            work(session)

    return write


def mark(compound):
    with compound.app.app_context():
        return mark_of(current_menjin())


def next_line(answer):
    """Return the next piece of the stream; the reading thread ends with the test."""
    return next(answer.response).decode()


@pytest.mark.wide
def test_a_new_alarm_is_sent_within_a_moment_and_the_stream_says_nothing_of_it(watched_compound, written):
    client = watched_compound.signed_in("guard")
    answer = client.get("/manage/live/")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store, no-transform"
    assert next_line(answer) == "retry: 3000\n\n"
    first = next_line(answer)
    now = watched_compound.clock()
    written(lambda s: raise_alarm(s, watched_compound.site_id, "alarm_door_forced", now, gate_id="north"))
    second = next_line(answer)
    assert "event: changed" in first
    assert "event: changed" in second
    assert first != second
    assert "door_forced" not in second
    answer.close()


@pytest.mark.wide
@pytest.mark.parametrize("path", ["/manage/", "/manage/alarms/"])
@pytest.mark.parametrize("role", ["guard", "manager"])
def test_a_page_names_the_mark_that_it_shows_and_is_not_sent_it_again(watched_compound, written, role, path):
    """The first word of the stream is of a later change: no page is loaded twice for nothing."""
    client, now = watched_compound.signed_in(role), watched_compound.clock()
    stream = re.search(r'data-stream="(/manage/live/\?known=([^"]+))"', client.get(path).text)
    shown = mark(watched_compound)
    assert stream[2] == shown
    answer = client.get(stream[1])
    lines = [next_line(answer)]
    written(lambda s: raise_alarm(s, watched_compound.site_id, "alarm_door_forced", now, gate_id="north"))
    lines.append(next_line(answer))
    assert f"data: {mark(watched_compound)}" in lines[1]
    assert shown not in lines[1]
    answer.close()


@pytest.mark.wide
def test_a_page_of_who_answers_no_alarms_names_the_part_that_silent_ones_do_not_move(watched_compound):
    page = watched_compound.signed_in("installer").get("/manage/").text
    assert re.search(r'known=([^"]+)"', page)[1] == mark(watched_compound).partition(MARKS_APART)[0]


def test_a_silent_alarm_moves_the_mark_of_those_alone_who_answer_it(watched_compound, written):
    before = mark(watched_compound)
    now = watched_compound.clock()
    written(lambda s: raise_alarm(s, watched_compound.site_id, "alarm_duress", now, gate_id="north"))
    after = mark(watched_compound)
    assert before != after
    assert before.partition(MARKS_APART)[0] == after.partition(MARKS_APART)[0]


def test_a_page_with_the_last_mark_receives_nothing_until_something_changes():
    watch = LiveWatch(lambda: "same", start=start_looks, look_every_seconds=0.01)
    listener = watch.join("a browser")
    lines = sent_lines(watch, listener, "same", lambda: True, heartbeat_seconds=0.02, heartbeats=3)
    assert list(lines) == ["retry: 3000\n\n", ": quiet\n\n", ": quiet\n\n", ": quiet\n\n"]
    watch.leave(listener)


def test_a_page_is_never_sent_a_mark_that_is_older_than_itself():
    """A page that its own button has loaded again opens its stream before the next look."""
    looks, may_go_on = queue.Queue(), queue.Queue()

    def look():
        looks.put(None)
        return may_go_on.get(timeout=PATIENCE_SECONDS)

    watch = LiveWatch(look, start=start_looks, look_every_seconds=0.001)
    first = watch.join("before")
    looks.get(timeout=PATIENCE_SECONDS)
    page = watch.join("after")
    may_go_on.put("old")
    assert watch.other_than(None, first, PATIENCE_SECONDS) == "old"
    assert watch.other_than("new", page, 0.0) is None
    looks.get(timeout=PATIENCE_SECONDS)
    may_go_on.put("newer")
    assert watch.other_than("new", page, PATIENCE_SECONDS) == "newer"
    watch.leave(first)
    watch.leave(page)
    may_go_on.put("last")
    watch.close()


def test_a_stream_ends_when_its_browser_signs_out_though_nothing_changes(watched_compound):
    client = watched_compound.signed_in("guard")
    token = csrf_of(client.get("/manage/").text)
    answer = client.get("/manage/live/")
    lines = [next_line(answer), next_line(answer)]
    client.post("/staff/sign-out", data={"csrf_token": token})
    lines.append(next_line(answer))
    assert lines[-1] == "event: signed-out\ndata: -\n\n"
    assert client.get("/manage/live/").status_code == 302
    answer.close()


def test_a_stream_ends_when_the_account_is_closed(watched_compound, written):
    client = watched_compound.signed_in("guard")
    answer = client.get("/manage/live/")
    lines = [next_line(answer), next_line(answer)]

    def close(session):
        account = session.query(User).filter_by(email="guard@example.org").one()
        account.active = False
        session.get_one(Gate, "north").acknowledged_seq += 1

    written(close)
    lines.append(next_line(answer))
    assert lines[-1].startswith("event: signed-out")
    answer.close()


def test_streams_are_few_and_a_place_is_free_again_when_one_ends():
    watch = LiveWatch(lambda: "same", streams_at_most=2, start=start_looks, look_every_seconds=0.01)
    first, second = watch.join("a"), watch.join("b")
    assert None not in (first, second)
    assert watch.join("c") is None
    watch.leave(first)
    third = watch.join("c")
    assert third is not None
    watch.leave(second)
    watch.leave(third)


def test_one_more_stream_than_there_are_places_is_refused_and_other_pages_are_served(watched_compound):
    client = watched_compound.signed_in("guard")
    watch = live_watch(watched_compound.app)
    held = [watch.join("another") for _place in range(32)]
    assert None not in held
    assert client.get("/manage/live/").status_code == 503
    assert client.get("/manage/").status_code == 200
    for listener in held:
        watch.leave(listener)


def test_a_server_that_stops_ends_its_streams():
    stopping = threading.Event()
    watch = LiveWatch(lambda: "same", start=start_looks, look_every_seconds=0.01)
    watch.stop_when(stopping.is_set)
    listener = watch.join("a browser")
    lines = sent_lines(
        watch, listener, "same", lambda: True, heartbeat_seconds=PATIENCE_SECONDS, heartbeats=1
    )
    assert next(lines) == "retry: 3000\n\n"
    stopping.set()
    assert next(lines).startswith("event: signed-out")
    assert watch.join("late") is None
    watch.leave(listener)


def test_a_look_that_fails_ends_no_stream():
    looks = iter([ValueError("the database is away"), "back"])

    def look():
        found = next(looks, "back")
        return {ValueError: raise_it}.get(type(found), lambda same: same)(found)

    watch = LiveWatch(look, start=start_looks, look_every_seconds=0.01)
    listener = watch.join("a browser")
    assert watch.other_than(None, listener, PATIENCE_SECONDS) == "back"
    watch.leave(listener)


def raise_it(error):
    raise error


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s.get_one(Gate, "north"), "lane_states", [{"lane_id": "north-in", "door": "open"}]),
        lambda s: setattr(s.get_one(Gate, "north"), "device_states", [{"device": "reader"}]),
        lambda s: setattr(s.get_one(Gate, "north"), "acknowledged_seq", 999),
        lambda s: setattr(s.get_one(Gate, "north"), "last_seen_at", datetime(2020, 1, 1, tzinfo=UTC)),
        lambda s: setattr(s.get_one(Lane, "north-in"), "override_posture", "lockdown"),
    ],
    ids=["door", "device", "passage", "silence", "posture"],
)
def test_the_mark_changes_with_what_the_page_shows(watched_compound, written, change):
    before = mark(watched_compound)
    written(change)
    assert mark(watched_compound) != before


def test_the_mark_stays_while_a_gate_only_calls_again(watched_compound, written):
    before, later = mark(watched_compound), watched_compound.clock() + timedelta(seconds=1)
    written(lambda s: setattr(s.get_one(Gate, "north"), "last_seen_at", later))
    assert mark(watched_compound) == before


@pytest.mark.parametrize("role", ["privacy_officer"])
def test_a_role_without_the_page_of_now_has_no_stream(watched_compound, role):
    assert watched_compound.signed_in(role).get("/manage/live/").status_code == 403
