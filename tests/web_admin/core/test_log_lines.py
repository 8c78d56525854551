"""Lines of the log: words of faults, and which machine."""

import errno
import json
import logging
from pathlib import Path

import pytest
from flask import Flask, g
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from web_admin.core.database import make_engine
from web_admin.core.log_lines import JsonLines
from web_admin.core.machine_identity import NAME, Identity, new_name, read_identity, write_identity
from web_admin.core.named_faults import naming

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


FILE = Path("/data/menjin.sqlite3")


def test_a_write_without_a_name_is_named() -> None:
    with pytest.raises(OSError, match="No space left") as raised, naming(FILE):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert raised.value.filename == str(FILE)


def test_a_copy_that_names_its_source_is_named_by_where_it_was_written() -> None:
    with pytest.raises(OSError, match="No space left") as raised, naming(FILE):
        raise OSError(errno.ENOSPC, "No space left on device", "source", None, "target")
    assert (raised.value.filename, raised.value.filename2) == (str(FILE), None)


def test_a_fault_that_names_its_own_file_keeps_it() -> None:
    with pytest.raises(FileNotFoundError) as raised, naming(FILE):
        raise FileNotFoundError(errno.ENOENT, "No such file", "another")
    assert raised.value.filename == "another"


NORTH = Identity("north", "first", "second")


def test_it_is_read_as_it_was_written_last(tmp_path: Path) -> None:
    write_identity(tmp_path, NORTH)
    write_identity(tmp_path, Identity("north", "second", "third"))
    assert read_identity(tmp_path) == Identity("north", "second", "third")
    assert [path.name for path in tmp_path.iterdir()] == [NAME], "no draft stays"


def test_both_runs_are_the_machines_own() -> None:
    assert NORTH.runs == ("first", "second")


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    write_identity(tmp_path, NORTH)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", 'machine_id = "north"\n', "machine_id = north\n"])
def test_a_file_that_is_not_whole_names_no_machine(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert read_identity(tmp_path) is None


def test_a_server_that_is_the_only_one_has_no_file(tmp_path: Path) -> None:
    assert read_identity(tmp_path) is None
    assert read_identity(None) is None


def test_no_two_names_are_alike() -> None:
    assert len({new_name() for _time in range(100)}) == 100
