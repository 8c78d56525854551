"""The stream of residents' pages: of the own home's calls alone, and gone with the right to be called."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.calls_at_home import another_at_home, change, home_of, rings, take_calls
from tests.support.compounds.resident import Compound
from tests.support.scheduling import start_looks
from tests.web_admin.resident.pressing import press
from web_admin.calls.models import HomeCall, HomeCallPerson, HomeCallWishes
from web_admin.calls.open_pages import QUIET, OpenPages, hear_calls, marks_of_homes, part_of
from web_admin.compound.models import Home, Person
from web_admin.core.database import current_menjin
from web_admin.resident import call_stream
from web_admin.resident.call_stream import call_watch
from web_admin.web.live_watch import CALL_STREAMS_AT_MOST, LiveWatch, StreamPlaces

pytestmark = pytest.mark.both_databases
STREAM = "/r/call/stream"


@pytest.fixture
def watched(small_compound: Compound, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(call_stream, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(call_stream, "HEARTBEATS", 1200)
    take_calls(small_compound)
    yield small_compound
    call_watch(small_compound.app).stop_when(lambda: True)


def marks(compound: Compound) -> str:
    with compound.app.app_context():
        return marks_of_homes(current_menjin())


def own_mark(compound: Compound) -> str:
    return part_of(home_of(compound))(marks(compound))


def next_event(answer) -> str:
    """Return the next piece that says something."""
    return next(piece.decode() for piece in answer.response if piece != b": quiet\n\n")


@pytest.mark.wide
def test_a_call_is_sent_within_a_moment_as_a_mark_that_names_nothing(
    watched: Compound, phone: FlaskClient
) -> None:
    answer = phone.get(STREAM)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == (
        "text/event-stream",
        "no-store, no-transform",
    )
    first = [next_event(answer), next_event(answer)]
    assert f"data: {QUIET}\n" in first[1]
    rings(watched)
    second = next_event(answer)
    assert second == f"id: {own_mark(watched)}\nevent: changed\ndata: {own_mark(watched)}\n\n"
    change(watched, stage="over", end="no_answer")
    assert f"data: {QUIET}\n" in next_event(answer)
    answer.close()


def test_the_mark_moves_with_each_change_of_the_own_homes_call_and_with_no_other(watched: Compound) -> None:
    with watched.session() as session:
        elsewhere = str(session.get_one(Person, watched.neighbour_id).home_id)
        assert session.get(Home, elsewhere) is not None
    rings(watched)
    seen = [own_mark(watched)]
    for values in (
        {"stage": "answered", "answered_by": watched.person_id, "leg": 0},
        {"leg": None},
        {"reply": "wait"},
        {"order_id": "x"},
    ):
        change(watched, **values)
        seen.append(own_mark(watched))
    assert len(set(seen)) == 5
    rings(watched, "two", home_id=elsewhere)
    assert own_mark(watched) == seen[-1]
    assert part_of(elsewhere)(marks(watched)) not in (QUIET, seen[-1])
    assert "one" not in marks(watched)


def test_pages_are_looked_for_at_once_when_a_call_begins_or_changes_and_at_nothing_else(
    watched: Compound,
) -> None:
    looks: list[str] = []
    with watched.app.app_context():
        hear_calls(current_menjin().database.open_session, lambda: looks.append("look"))
    rings(watched)
    assert looks == ["look"]
    change(watched, stage="answered", answered_by=watched.person_id)
    assert looks == ["look"] * 2
    change(watched, stage="answered")
    another_at_home(watched)
    with pytest.raises(LookupError), watched.session() as session:
        session.get_one(HomeCall, "one").stage = "over"
        session.flush()
        raise LookupError
    assert looks == ["look"] * 2
    change(watched, stage="over")
    assert looks == ["look"] * 3


def test_pages_ring_only_once_their_step_of_the_reach_has_begun(watched: Compound) -> None:
    plan = [{"step": "telephone", "from": 0}, {"step": "page", "from": 25}, {"step": "none", "from": 60}]
    rings(watched, plan=plan)
    before = own_mark(watched)
    change(watched, started_at=watched.clock() - timedelta(seconds=26))
    assert own_mark(watched) != before


@pytest.mark.wide
def test_a_sign_out_ends_the_stream(watched: Compound, phone: FlaskClient) -> None:
    answer = phone.get(STREAM)
    lines = [next_event(answer), next_event(answer)]
    press(phone, "/r/sign-out", seen_on="/r/password")
    lines.append(next_event(answer))
    assert lines[-1] == "event: signed-out\ndata: -\n\n"
    assert phone.get(STREAM).status_code == 302
    answer.close()


@pytest.mark.parametrize("how", ["calls off", "not called", "moved out"])
def test_a_stream_ends_at_the_next_beat_after_its_right(
    watched: Compound, phone: FlaskClient, how: str
) -> None:
    answer, home_id = phone.get(STREAM), home_of(watched)
    lines = [next_event(answer), next_event(answer)]
    with watched.session() as session:
        session.get_one(HomeCallWishes, home_id).takes_calls = how != "calls off"
        session.merge(
            HomeCallPerson(
                person_id=watched.person_id, home_id=home_id, is_called=how != "not called", position=0
            )
        )
        person = session.get_one(Person, watched.person_id)
        person.ended_at = watched.clock() if how == "moved out" else None
    lines.append(next_event(answer))
    assert lines[-1].startswith("event: signed-out")
    answer.close()


def test_who_is_not_called_has_no_stream(watched: Compound, neighbour: FlaskClient) -> None:
    assert neighbour.get(STREAM).status_code == 404
    assert watched.app.test_client().get(STREAM).status_code == 302


def test_one_more_page_than_there_are_places_asks_instead(watched: Compound, phone: FlaskClient) -> None:
    places = StreamPlaces(CALL_STREAMS_AT_MOST)
    watch = LiveWatch(lambda: "", streams_at_most=CALL_STREAMS_AT_MOST, places=places, start=start_looks)
    call_stream.use_call_watch(watched.app, watch)
    held = [watch.join("another", person_id=f"person-{place}") for place in range(CALL_STREAMS_AT_MOST)]
    assert None not in held
    assert phone.get(STREAM).status_code == 503
    assert phone.get("/r/call/now").get_json() == {"call": None}
    for listener in held:
        watch.leave(listener)


def test_one_person_holds_four_streams_at_most() -> None:
    watch = LiveWatch(lambda: "", of_a_person_at_most=4, start=start_looks)
    held = [watch.join("browser", person_id="one") for _page in range(4)]
    assert None not in held
    assert watch.join("browser", person_id="one") is None
    other = watch.join("browser", person_id="two")
    assert other is not None
    assert watch.persons() == {"one", "two"}
    for listener in (*held, other):
        watch.leave(listener)


def test_open_pages_are_noted_together_and_not_at_each_look(watched: Compound) -> None:
    other, pages, now = another_at_home(watched), OpenPages(), watched.clock()
    both = {watched.person_id, other}

    def until() -> list[object]:
        with watched.session() as session:
            rows = [session.get(HomeCallPerson, one) for one in sorted(both)]
            return [row and row.page_open_until for row in rows]

    with watched.app.app_context():
        pages.note(current_menjin(), {watched.person_id})
        pages.note(current_menjin(), both)
        first = until()
        pages.note(current_menjin(), both)
        assert [one is not None and one > now for one in first] == [True, True]  # type: ignore[operator]
        assert until() == first
