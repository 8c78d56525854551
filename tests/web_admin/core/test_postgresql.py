"""A connection finds the server that takes writes, leaves one that does not, and knows an unknown end."""

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from web_admin.core.database import Database, DatabaseAway, init_database, make_engine, request_session
from web_admin.core.postgresql import waits_for
from web_admin.web.trouble_pages import init_trouble_pages, show_trouble

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


@pytest.fixture
def engine(database_url):
    made = make_engine(database_url)
    yield made
    made.dispose()


def test_what_the_address_sets_itself_wins(database_url):
    url = make_url("postgresql+psycopg://menjin@/menjin?connect_timeout=9")
    assert "connect_timeout" not in waits_for(url)
    assert waits_for(url)["target_session_attrs"] == "read-write"


def test_of_several_hosts_the_one_that_answers_is_taken(database_url, tmp_path):
    url = make_url(database_url)
    away_first = url.difference_update_query(["host"]).update_query_dict(
        {"host": [str(tmp_path), str(url.query["host"])]}
    )
    engine = make_engine(away_first.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_server_that_takes_no_writes_is_no_server(engine):
    with engine.begin() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    engine.dispose()
    with pytest.raises(DatabaseAway, match="read-only"), engine.connect():
        pass


def test_a_server_that_becomes_a_standby_is_left_at_the_first_write(engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE noted (x int)"))
        before = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    with pytest.raises(DatabaseAway), engine.begin() as connection:
        connection.execute(text("INSERT INTO noted VALUES (1)"))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO noted VALUES (2)"))
        assert connection.scalar(text("SELECT pg_backend_pid()")) != before
        assert connection.scalars(text("SELECT x FROM noted")).all() == [2]


@pytest.mark.parametrize(("changes", "says"), [(True, "may have been stored"), (False, "Nothing that was")])
def test_a_commit_without_an_answer_is_not_called_undone(engine, changes, says):
    app = Flask("web_admin")
    init_trouble_pages(app)

    class Parts:
        database = Database(engine)

    init_database(app, Parts())

    @app.post("/")
    def ends():
        session = request_session()
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        with engine.connect() as other:
            # As a primary that is lost: what was asked is answered, the commit is not.
            other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        if not changes:
            session.execute(text("SELECT 1"))
        return "stored"

    # As web_admin.app does.
    app.register_error_handler(500, lambda error: show_trouble(error.original_exception))
    answer = app.test_client().post("/")
    assert answer.status_code == 503
    assert says in answer.text
