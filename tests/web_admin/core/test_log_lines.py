"""One line for each thing that is logged, with its request, and nothing of what people typed."""

import json
import logging

import pytest
from flask import Flask, g
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from web_admin.core.database import make_engine
from web_admin.core.log_lines import JsonLines

SECRET = "anna.secret@example.org"


def line_of(error=None, **extra):
    """Return what is written about an exception, as it is written."""
    info = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.LogRecord("web_admin.x", logging.ERROR, __file__, 1, "it %s", ("failed",), info)
    record.__dict__.update(extra)
    written = JsonLines().format(record)
    assert "\n" not in written
    return written, json.loads(written)


def raised(work):
    try:
        work()
    except Exception as err:  # noqa: BLE001 - whatever it is
        return err
    raise AssertionError("nothing was raised")


def test_what_a_person_typed_is_in_no_line_and_the_place_in_the_code_is():
    def fails():
        try:
            int(SECRET)
        except ValueError as err:
            raise KeyError(SECRET) from err

    written, line = line_of(raised(fails))
    assert SECRET not in written
    assert [error["type"] for error in line["errors"]] == ["KeyError", "ValueError"]
    assert line["errors"][1]["at"][-1].startswith("web_admin/core/test_log_lines.py:")
    assert line["errors"][1]["at"][-1].endswith(" fails")


@pytest.mark.both_databases
def test_what_a_row_holds_is_in_no_line_and_the_constraint_is(database_url):
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (email VARCHAR(200) CONSTRAINT one_each PRIMARY KEY)"))
    insert = text("INSERT INTO account VALUES (:email)")

    def twice():
        with engine.begin() as connection:
            for _ in range(2):
                connection.execute(insert, {"email": SECRET})

    error = raised(twice)
    engine.dispose()
    assert isinstance(error, IntegrityError)
    assert SECRET not in str(error).partition("DETAIL")[0], "bound values are hidden"
    written, line = line_of(error)
    assert SECRET not in written
    assert line["errors"][0]["type"] == "IntegrityError"


def test_trouble_with_the_connection_is_said_in_the_databases_words(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}")
    _, line = line_of(raised(engine.connect))
    assert line["errors"][0]["says"] == "unable to open database file"


def test_a_line_has_its_event_its_facts_and_the_request():
    app = Flask(__name__)
    with app.test_request_context("/"):
        g.menjin_request_id = "0011aabb"
        _, line = line_of(event="alarm_gate_silent", facts={"gate_id": "north"})
    assert (line["event"], line["gate_id"], line["request"]) == ("alarm_gate_silent", "north", "0011aabb")
    assert (line["level"], line["from"], line["says"]) == ("error", "web_admin.x", "it failed")
    _, line = line_of()
    assert "request" not in line
