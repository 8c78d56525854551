"""Requests: bodies, marks, and those of other sites."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from tests.support.hostile_requests import (
    JSON_BODIES,
    JSON_TYPES,
)
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.accounts.permissions import public
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.core.log_lines import JsonLines
from web_admin.core.request_times import request_numbers
from web_admin.web.request_bodies import MAX_JSON_BYTES


def key(compound: ManagedCompound) -> dict[str, str]:
    """Return what a system with every scope sends."""
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, compound.site_id, "tests", "manager", now=compound.clock())
            made = make_api_key(
                act, name="Tests", scopes=tuple(SCOPES), valid_until=act.now + timedelta(days=30)
            )
            return {"Authorization": f"Bearer {made.text}"}


NO_OBJECTS = ("a list", "a list of objects", "a number", "a text", "null", "a truth")
READ = ("nothing", "objects in every field")
REFUSED = [what for what in JSON_BODIES if what not in READ]


@pytest.mark.parametrize("what", REFUSED)
def test_the_interface_says_what_is_wrong_with_the_json(compound, what):
    answer = compound.app.test_client().post(
        "/api/v1/people", data=JSON_BODIES[what], content_type=JSON_TYPES[0], headers=key(compound)
    )
    is_object = what not in NO_OBJECTS
    expected = 400 if is_object else 422
    assert answer.status_code == (413 if len(JSON_BODIES[what]) > MAX_JSON_BYTES else expected)
    assert answer.get_json()["message"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "a\0b"}, "name"),
        ({"name": "a", "home_id": "\ud800"}, "home_id"),
        ({"a\0": 1}, "a�"),
        ({"name": [{"b": "\0"}]}, "name[0].b"),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused_by_the_name_of_its_field(compound, sent, field):
    answer = compound.app.test_client().post("/api/v1/people", json=sent, headers=key(compound))
    assert (answer.status_code, list(answer.get_json()["errors"]["json"])) == (400, [field])


def test_a_page_names_the_field_too(compound):
    client = compound.signed_in("guard")
    token = csrf_of(client.get("/manage/desk/").text)
    answer = client.post("/manage/lanes/north-in/open", data={"reason": "a\0b", "csrf_token": token})
    assert answer.status_code == 400
    assert "“reason” holds a character that is no text" in answer.text
    assert client.get("/manage/people/?building=%00").status_code == 400


def test_a_page_reads_no_json_and_says_so(compound):
    answer = compound.app.test_client().post(
        "/staff/sign-in", json={"email": "manager@example.org"}, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 415
    assert "No JSON is read here. Use the form of the page." in answer.text


TOKEN = "kQ7-not-for-any-log"


@pytest.fixture
def web_config(web_config):
    return replace(web_config, log_requests=1)


@pytest.fixture
def lines(caplog):
    """Return what the server would have written, read back."""
    written = []

    class Written(logging.Handler):
        def emit(self, record):
            written.append(JsonLines().format(record))

    handler = Written()
    logging.getLogger().addHandler(handler)
    caplog.set_level(logging.INFO)
    yield lambda: [json.loads(line) for line in written]
    logging.getLogger().removeHandler(handler)


@pytest.mark.wide
def test_a_request_is_one_line_with_its_id_and_no_address(compound, lines):
    client = compound.app.test_client()
    answers = [client.get(f"/visit/{TOKEN}"), client.get(f"/nowhere/{TOKEN}"), client.get("/livez")]
    requests = [line for line in lines() if line.get("event") == "request"]
    assert [line["request"] for line in requests] == [answer.headers["X-Request-ID"] for answer in answers]
    assert [line["status"] for line in requests] == [answer.status_code for answer in answers]
    assert [line["page"] for line in requests][1:] == [None, "/livez"]
    assert TOKEN not in json.dumps(lines())
    assert TOKEN not in request_numbers().decode()


def test_a_request_that_fails_is_one_line_with_the_id_of_its_answer(compound, lines, monkeypatch):
    @public
    def fail():
        raise ValueError(TOKEN)

    monkeypatch.setitem(compound.app.view_functions, "health.livez", fail)
    compound.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = compound.app.test_client().get("/livez")
    assert answer.status_code == 500
    said = [line for line in lines() if line["level"] == "error"]
    assert [line["event"] for line in said] == ["request_failed"]
    assert said[0]["request"] == answer.headers["X-Request-ID"]
    assert said[0]["page"] == "/livez"
    assert said[0]["errors"][0]["type"] == "ValueError"
    assert answer.headers["X-Request-ID"] in answer.text, "the page says it, so that it can be reported"
    assert TOKEN not in json.dumps(said)
