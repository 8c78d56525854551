"""One word for a monitor: no more for a stranger, and no details of a database that is away."""

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from web_admin.core.database import current_menjin


def test_a_monitor_reads_one_word_and_a_stranger_no_more(compound):
    stranger = compound.app.test_client()
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert stranger.get("/manage/health").status_code == 302


def test_a_database_that_is_away_is_reported_without_details(compound, caplog):
    with compound.app.app_context():
        engine = current_menjin().database.engine

    def broken(_connection, _cursor, statement, _parameters, _context, _many):
        raise OperationalError(statement, {}, OSError("secret-host refused"))

    event.listen(engine, "before_cursor_execute", broken)
    answer = compound.app.test_client().get("/healthz")
    event.remove(engine, "before_cursor_execute", broken)
    assert (answer.status_code, answer.text) == (503, "not ok: database\n")
    assert "secret-host" not in answer.text + caplog.text
