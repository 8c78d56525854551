"""No environment switches debugging on: a fault stays a page without a trace."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from werkzeug.test import Client

from head_office.pages.app import Office
from head_office.pages.app import create_app as create_head_office
from head_office.settings import Settings
from head_office.storage import Storage
from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from web_admin.accounts.permissions import public
from web_admin.core.config import WebConfig
from web_admin.core.database import Database

SECRET = "what only the fault says"


@public
def fail() -> None:
    raise ValueError(SECRET)


@pytest.fixture(autouse=True)
def debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLASK_DEBUG", "FLASK_ENV", "WERKZEUG_DEBUG_PIN", "PYTHONDEVMODE"):
        monkeypatch.setenv(name, "development" if name == "FLASK_ENV" else "1")
    assert Flask("any").debug, "an app that is made as always has it on"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fault_of_the_server_is_a_page_without_a_trace(
    web_config: WebConfig, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compound = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    app = compound.app
    monkeypatch.setitem(app.view_functions, "health.livez", fail)
    answer = Client(app).get("/livez")  # as gunicorn calls it: a test client would pass the fault on
    assert answer.status_code == 500
    assert SECRET not in answer.text and "Traceback" not in answer.text
    assert not app.debug
    compound.close()


def test_a_fault_of_the_head_office_is_a_page_without_a_trace(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(tmp_path_factory.mktemp("office"))
    app = create_head_office(Office(Settings(), storage, list, lambda: datetime.now(UTC)))
    monkeypatch.setitem(app.view_functions, "console.healthz", fail)
    answer = Client(app).get("/healthz")
    assert answer.status_code == 500
    assert SECRET not in answer.text and "Traceback" not in answer.text
    storage.close()
