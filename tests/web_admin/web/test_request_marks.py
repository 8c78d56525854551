"""Each answer has an id by which the log names it; numbers and log name pages by pattern."""

import json
import logging
from dataclasses import replace

import pytest

from web_admin.accounts.permissions import public
from web_admin.core.log_lines import JsonLines
from web_admin.core.request_times import request_numbers

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
