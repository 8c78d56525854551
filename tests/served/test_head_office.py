"""A head office over two real compounds: it reads both by their keys, and says since when one is lost."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.head_office import (
    PASSWORD,
    STAFF,
    add,
    code_of,
    command,
    make_account,
    serve_head_office,
)
from web_admin.accounts.api_keys import make_api_key
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig


@dataclass
class Company:
    """Two compounds as `menjin web run` serves them, and the head office's folder."""

    first: ServedCompound
    second: ServedCompound
    data_dir: Path


def key_of(served: ServedCompound, *scopes: str) -> str:
    """Return a key that the office of a compound makes."""
    with served.compound.act("manager") as act:
        until = act.now + timedelta(days=30)
        return make_api_key(act, name="Head office", scopes=scopes, valid_until=until).text


@pytest.fixture
def company(web_config: WebConfig, tmp_path: Path) -> Iterator[Company]:
    data_dir = tmp_path / "head"
    data_dir.mkdir()
    (data_dir / "head_office.toml").write_text("ask_every_seconds = 5\n", encoding="utf-8")
    second = tmp_path / "second"
    second.mkdir()
    database = f"sqlite:///{second / 'menjin.db'}"
    other = replace(web_config, data_dir=second, secrets_dir=second / "secrets", database_url=database)
    with ExitStack() as stack:
        both = [
            stack.enter_context(serve_compound(web_config, tmp_path, workers=1)),
            stack.enter_context(serve_compound(other, second, workers=1)),
        ]
        yield Company(*both, data_dir)


def signed_in(address: str, secret: bytes) -> requests.Session:
    """Return a browser of the head office's staff."""
    browser = requests.Session()
    browser.headers["Accept-Language"] = "en"
    form = {"name": STAFF, "password": PASSWORD, "code": code_of(secret)}
    answer = browser.post(
        f"{address}/sign-in", data=form, headers={"Origin": address}, timeout=60, allow_redirects=False
    )
    assert answer.status_code == 303, answer.text
    return browser


@pytest.mark.wide
def test_two_real_compounds_are_read_and_none_of_their_people(company: Company, tmp_path: Path) -> None:
    first, second = company.first, company.second
    add(company.data_dir, "first", first.address, name="First", key=key_of(first, "overview:read"))
    add(company.data_dir, "second", second.address, name="Second", key=key_of(second, "people:read"))
    with first.compound.act() as act:
        raise_alarm(act.session, first.compound.site_id, "alarm_help", act.now, gate_id="north")
        act.session.get_one(Gate, "north").program = "0.2.0"
    found = command(company.data_dir, "check")
    assert found.returncode == 1
    assert re.search(r"^first: bad, \d of 3 gates in contact; .*alarm_help", found.stdout, re.MULTILINE)
    assert "second: no answer (key_has_no_scope)" in found.stdout

    (company.data_dir / "keys" / "second.key").unlink()
    whole = company.data_dir / "keys" / "second.key"
    whole.touch(mode=0o600)
    whole.write_text(key_of(second, "overview:read"), encoding="ascii")
    assert "second: " in command(company.data_dir, "check").stdout

    secret = make_account(company.data_dir, tmp_path)
    with serve_head_office(company.data_dir, tmp_path / "head.log") as address:
        browser = signed_in(address, secret)
        paths = ("/", "/compounds/first", "/compounds/second")
        pages = [browser.get(address + path, timeout=60).text for path in paths]
        persons = (first.compound.persons, second.compound.persons)
        people = [text for of in persons for text in (*of, *of.values())]
        assert [name for name in people if any(name in page for page in pages)] == []
        assert "Someone asks for help" in pages[0] and "First" in pages[0] and "Second" in pages[0]
        assert f'href="{first.address}/manage/"' in pages[1]

        # The second compound's server stops: what it said before stays, with since when it is not answered.
        second.process.terminate()
        second.process.wait(timeout=60)
        page = ""
        while "No answer since" not in page:
            page = browser.get(f"{address}/compounds/second", timeout=60).text
        assert "Its server cannot be reached." in page and "Below is what it answered at" in page
    log = (tmp_path / "head.log").read_text(encoding="utf-8")
    assert "no answer from second: no_connection" in log
    assert "mjk_" not in log and STAFF not in log
