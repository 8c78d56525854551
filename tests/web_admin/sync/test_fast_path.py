"""What gates send most is answered before Flask; all else reaches Flask as it came."""

import io
import json
import logging
import time
from dataclasses import replace

import msgspec
import pytest
from flask import g

from gate_controller.contract.messages import ASK_PATH, RECEIPTS_PATH, ReceiptBatch
from web_admin import create_app
from web_admin.core.database import Menjin
from web_admin.core.log_lines import JsonLines
from web_admin.core.request_times import request_numbers
from web_admin.gates.ask_bounds import ASKS_AT_ONCE, AskBounds
from web_admin.policy.effects import PolicyEffects
from web_admin.sync.fast_path import FAST, FastPath

pytestmark = pytest.mark.both_databases


@pytest.fixture
def whole_app(web_config, database, sealer, quiet, clock):
    """The server with its pages, at which the gate was answered as well."""
    app = create_app(
        web_config, clock=clock, menjin=Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))
    )
    quiet.client = app.test_client()
    quiet.ask(clock.now)
    return app


@pytest.fixture
def reached_flask(gates_app, monkeypatch):
    """Bodies of the requests that reached Flask."""
    return seen_behind(gates_app.extensions["menjin_fast_path"], monkeypatch)


def seen_behind(door, monkeypatch):
    bodies = []
    assert isinstance(door, FastPath)
    inner = door._inner

    def seen(environ, start_response):
        body = environ["wsgi.input"].read()
        bodies.append((environ["PATH_INFO"], body))
        environ["wsgi.input"] = io.BytesIO(body)
        return inner(environ, start_response)

    monkeypatch.setattr(door, "_inner", seen)
    return bodies


@pytest.fixture
def lines():
    """What is logged, as it is written."""
    written = []

    class Written(logging.Handler):
        def emit(self, record):
            written.append(json.loads(JsonLines().format(record)))

    handler = Written(logging.INFO)
    root, level = logging.getLogger("web_admin"), logging.getLogger("web_admin").level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def count_of(path, status):
    name = f'menjin_request_duration_seconds_count{{method="POST",page="{path}",status="{status}"}}'
    found = [line for line in request_numbers().decode().splitlines() if line.startswith(name)]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def sum_of(path):
    name = f'menjin_request_duration_seconds_sum{{method="POST",page="{path}",status="200"}}'
    found = [line for line in request_numbers().decode().splitlines() if line.startswith(name)]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def test_a_question_with_nothing_new_does_not_reach_flask(quiet, clock, reached_flask):
    quiet.ask(clock.now)
    assert reached_flask == []


def test_what_is_not_answered_reaches_flask_with_its_body(quiet, clock, reached_flask):
    question = quiet.question(clock.now, journal_seq=3)
    assert quiet.post(ASK_PATH, question).status_code == 200
    empty = ReceiptBatch(receipts=())
    assert quiet.post(RECEIPTS_PATH, empty).get_json() == {"count": 0}
    assert reached_flask == [
        (ASK_PATH, msgspec.json.encode(question)),
        (RECEIPTS_PATH, msgspec.json.encode(empty)),
    ]


def test_other_paths_methods_queries_and_long_bodies_reach_flask(quiet, clock, gates_app, reached_flask):
    client = gates_app.test_client()
    assert client.get(ASK_PATH).status_code == 405
    assert client.post("/sync/v1/nowhere").status_code == 404
    assert quiet.post(f"{ASK_PATH}?x=1", quiet.question(clock.now)).status_code == 200
    assert quiet.post(ASK_PATH, b" " * (FAST[ASK_PATH].longest_body + 1)).status_code == 413
    chunked = {"Transfer-Encoding": "chunked", "Content-Length": "nonsense"}
    assert client.post(ASK_PATH, headers=chunked).status_code == 401
    assert len(reached_flask) == 5


def test_a_strangers_body_is_not_read_there(quiet, gates_app):
    class Unread(io.BytesIO):
        def read(self, size=-1):
            raise AssertionError("the body of a stranger was read")

    door = gates_app.extensions["menjin_fast_path"]
    for head in ({}, {"HTTP_MENJIN_GATE": "nowhere"}):
        environ = {
            "PATH_INFO": RECEIPTS_PATH,
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": "900000",
            "wsgi.input": Unread(),
            **head,
        }
        assert door._body(environ, RECEIPTS_PATH) is None


@pytest.mark.wide
def test_its_answers_have_the_headers_of_every_answer(quiet, clock, whole_app, monkeypatch):
    reached = seen_behind(whole_app.wsgi_app, monkeypatch)
    fast = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert reached == []
    whole_app.extensions["menjin_last_answers"].forget("north")
    full = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert len(reached) == 1
    own = {"Content-Length", "X-Request-ID"}
    assert {(name, value) for name, value in fast.headers if name not in own} == {
        (name, value) for name, value in full.headers if name not in own
    }
    assert "Content-Security-Policy" in fast.headers


@pytest.mark.wide
def test_what_is_passed_on_is_measured_from_its_beginning(quiet, clock, whole_app, monkeypatch):
    at_the_door = []

    def passes_on(signed):
        at_the_door.append(g.menjin_request_id)
        return [None] * len(signed)

    monkeypatch.setitem(FAST, ASK_PATH, FAST[ASK_PATH]._replace(answer=passes_on))
    monkeypatch.setattr(whole_app.wsgi_app, "_monotonic", lambda: time.perf_counter() - 100)
    seconds = sum_of(ASK_PATH)
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert answer.status_code == 200
    assert at_the_door == [answer.headers["X-Request-ID"]]
    assert 100 <= sum_of(ASK_PATH) - seconds < 160


@pytest.mark.wide
def test_a_question_that_is_passed_on_is_counted_once(quiet, clock, gates_app):
    gates_app.extensions["menjin_ask_bounds"] = AskBounds(lambda: 0.0)
    asked = [
        quiet.post(ASK_PATH, quiet.question(clock.now, journal_seq=number)).status_code
        for number in range(ASKS_AT_ONCE + 5)
    ]
    assert asked.index(429) in (ASKS_AT_ONCE, ASKS_AT_ONCE + 1)


def test_its_answers_are_counted_and_named_in_the_log(quiet, clock, gates_app, lines):
    menjin = gates_app.extensions["menjin"]
    gates_app.extensions["menjin"] = replace(menjin, config=replace(menjin.config, log_requests=1))
    before = count_of(ASK_PATH, 200)
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert count_of(ASK_PATH, 200) == before + 1
    assert answer.headers["Content-Type"] == "application/json"
    said = [line for line in lines if line.get("event") == "request"]
    assert [(line["request"], line["page"], line["status"]) for line in said] == [
        (answer.headers["X-Request-ID"], ASK_PATH, 200)
    ]


def test_a_fault_of_one_gate_is_a_refusal_and_is_logged(quiet, clock, monkeypatch, lines):
    def fail(signed):
        return [ValueError("something of a row")] * len(signed)

    monkeypatch.setitem(FAST, ASK_PATH, FAST[ASK_PATH]._replace(answer=fail))
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert (answer.status_code, answer.get_json()["error"]) == (500, "server_error")
    failed = [line for line in lines if line["level"] == "error"]
    assert [line["request"] for line in failed] == [answer.headers["X-Request-ID"]]
    assert "something of a row" not in json.dumps(failed)


def test_a_fault_of_all_is_logged_and_each_is_answered_in_full(quiet, clock, monkeypatch, lines):
    def fail(signed):
        raise ValueError("something of a row")

    monkeypatch.setitem(FAST, ASK_PATH, FAST[ASK_PATH]._replace(answer=fail))
    assert quiet.ask(clock.now).policy is not None
    failed = [line for line in lines if line["level"] == "error"]
    assert len(failed) == 1
    assert "something of a row" not in json.dumps(failed)


def test_what_a_batch_left_is_not_tried_again(quiet, clock, monkeypatch):
    tried = []

    def passes_on(signed):
        tried.extend(signed)
        return [None] * len(signed)

    monkeypatch.setitem(FAST, ASK_PATH, FAST[ASK_PATH]._replace(answer=passes_on))
    assert quiet.ask(clock.now).policy is not None
    assert len(tried) == 1
