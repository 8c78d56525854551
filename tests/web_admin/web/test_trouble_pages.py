"""While the records cannot be read or the disk is full, pages say so in both languages and need no record."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from web_admin.accounts.api_keys import make_api_key
from web_admin.accounts.permissions import public
from web_admin.core.database import current_menjin, make_engine

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def records_are_gone(compound):
    """Take away everything that a page could ask."""
    with compound.app.app_context(), current_menjin().database.engine.begin() as connection:
        connection.execute(text("PRAGMA legacy_alter_table = ON"))
        for (name,) in connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table'")).all():
            if not name.startswith("sqlite_"):
                connection.execute(text(f'ALTER TABLE "{name}" RENAME TO "gone_{name}"'))


@pytest.mark.wide
def test_without_records_a_page_says_it_in_both_languages_and_programs_get_a_word(compound):
    staff = compound.signed_in("manager")
    with compound.act("manager") as act:
        until = act.now + timedelta(days=30)
        key = make_api_key(act, name="Prometheus", scopes=("metrics:read",), valid_until=until).text
    records_are_gone(compound)
    page = staff.get("/manage/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "20")
    assert "暂时读不到记录" in page.text
    assert "The records cannot be read just now" in page.text
    assert page.headers["X-Request-ID"] in page.text
    assert "Nothing of this was stored" not in page.text
    answer = compound.app.test_client().get("/api/v1/metrics", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json) == (503, {"error": "database_away"})
    tried = send_sign_in(compound)
    assert (tried.status_code, "The records cannot be read just now" in tried.text) == (503, True)
    with compound.app.test_client().get("/static/trouble.css") as style:
        assert style.status_code == 200
    assert "trouble.css" in page.text


def send_sign_in(compound):
    """Type a password, with a page's token from before."""
    client = compound.app.test_client()
    compound.app.config["WTF_CSRF_ENABLED"] = False
    try:
        return client.post("/staff/sign-in", data={"email": "manager@example.org", "password": "x" * 12})
    finally:
        compound.app.config["WTF_CSRF_ENABLED"] = True


def test_a_full_disk_is_said_as_one(compound, monkeypatch, tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'full.sqlite3'}")

    @public
    def write():
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE large (x)")
            connection.exec_driver_sql("PRAGMA max_page_count = 3")
            connection.exec_driver_sql("INSERT INTO large VALUES (zeroblob(100000))")

    monkeypatch.setitem(compound.app.view_functions, "health.livez", write)
    page = compound.app.test_client().get("/livez")
    engine.dispose()
    assert page.status_code == 503
    assert "服务器的磁盘已满" in page.text
    assert "Nothing of this was stored" in page.text
