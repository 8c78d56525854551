"""Whatever a client sends to any address of the whole server: no fault, and at most one line in the log."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from tests.support.examples import share
from tests.support.hostile_requests import (
    JSON_TYPES,
    Hostile,
    addresses,
    json_at,
    odd_paths,
    others_at,
)
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.people.invitations import invite

READING = frozenset({"GET", "HEAD", "OPTIONS"})
GET_OUT = ("sign-out", "/leave", "/language")
"""What would sign the browser out, or change what it is answered in."""


class Lines(logging.Handler):
    """Keeps the lines that a log on standard error would have."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as it would be written."""
        self.lines += (self.format(record) or " ").splitlines()


@pytest.fixture
def log() -> Iterator[Lines]:
    written = Lines()
    logging.getLogger().addHandler(written)
    yield written
    logging.getLogger().removeHandler(written)


def faults(
    client: FlaskClient, sent: Iterable[Hostile], log: Lines, more: Mapping[str, str] | None = None
) -> list[tuple[str, str, str, int, str]]:
    """Return what of it made a fault or more than one line: what, method, path, status, the lines."""
    found = []
    for one in sent:
        log.lines.clear()
        answer = client.open(
            one.path, method=one.method, data=one.body, headers={**(more or {}), **one.headers}
        )
        answer.get_data() if "event-stream" not in answer.mimetype else None
        answer.close()
        if answer.status_code >= 500 or len(log.lines) > 1:
            if answer.status_code < 500 and reports_guessing(log.lines):
                continue
            lines = " | ".join(line[:300] for line in log.lines)
            found.append((one.what, one.method, one.path[:60], answer.status_code, lines))
    return found


def reports_guessing(lines: list[str]) -> bool:
    """Return whether this is the report of a run of wrong passwords or codes: its own line and its alarm."""
    return len(lines) == 2 and lines[0].startswith("sign-in: ") and lines[1] == "an alarm"


def said(wrong: list[tuple[str, str, str, int, str]]) -> str:
    """Return the faults, one a line."""
    return "\n".join([f"{len(wrong)} faults", *(" · ".join(map(str, fault)) for fault in wrong)])


def routes(compound: ManagedCompound) -> list[tuple[str, frozenset[str]]]:
    """Return every route; what its path names exists wherever it can."""
    named = {
        "gate_id": "north",
        "lane_id": "north-in",
        "person_id": compound.persons["林薇"],
        "filename": "x.js",
    }
    return sorted(set(addresses(compound.app, named)), key=lambda route: (route[0], sorted(route[1])))


def json_doors(compound: ManagedCompound, prefix: str) -> list[tuple[str, frozenset[str]]]:
    """Return the routes under a path whose view declared JSON and that change something."""
    views = compound.app.view_functions
    bound = compound.app.url_map.bind("localhost")
    found = []
    for path, methods in routes(compound):
        changing = next(iter(sorted(methods - READING)), None)
        if changing and path.startswith(prefix):
            endpoint, _values = bound.match(path, method=changing)
            if getattr(views[endpoint], "menjin_takes_json", False):
                found.append((path, methods))
    return found


def taken_in_turns(sent: list[Hostile], turn: int, count: int) -> list[Hostile]:
    """Return some of many requests, other ones in each turn, all of them in enough turns."""
    return [sent[(turn * count + place) % len(sent)] for place in range(count)]


def resident(compound: ManagedCompound) -> tuple[FlaskClient, dict[str, str]]:
    """Return a resident's signed-in phone and the token of its pages."""
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, compound.site_id, "tests", "manager", now=compound.clock())
            code = invite(act, compound.persons["林薇"])
    client = compound.app.test_client()
    client.post("/r/welcome", data={"code": code, "csrf_token": csrf_of(client.get("/r/welcome").text)})
    token = csrf_of(client.get("/r/password").text)
    assert token
    return client, {"X-CSRFToken": token}


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


@pytest.mark.wide
def test_no_json_of_a_stranger_makes_a_fault_at_any_address(compound, log):
    client, wrong = compound.app.test_client(), []
    assert len(routes(compound)) > 200
    for turn, route in enumerate(routes(compound)):
        wrong += faults(client, taken_in_turns(list(json_at(*route)), turn, share(4)), log)
    assert not wrong, said(wrong)


@pytest.mark.wide
@pytest.mark.parametrize("type_", JSON_TYPES[1:])
def test_nor_does_json_of_another_name(compound, log, type_):
    client, wrong = compound.app.test_client(), []
    for turn, route in enumerate(routes(compound)):
        wrong += faults(client, taken_in_turns(list(json_at(*route, type_)), turn, 1), log)
    assert not wrong, said(wrong)


@pytest.mark.wide
def test_nothing_else_that_a_stranger_sends_makes_one(compound, log):
    client, wrong = compound.app.test_client(), faults(compound.app.test_client(), odd_paths(), log)
    token = {"X-CSRFToken": csrf_of(client.get("/staff/sign-in").text)}
    for turn, route in enumerate(routes(compound)):
        wrong += faults(client, taken_in_turns(list(others_at(*route)), turn, share(4)), log, token)
    assert not wrong, said(wrong)


@pytest.mark.wide
@pytest.mark.both_databases  # they differ in the numbers and texts that they take
def test_nor_does_anything_that_staff_send(compound, log):
    client, wrong = compound.signed_in("manager"), []
    token = {"X-CSRFToken": csrf_of(client.get("/manage/settings/look").text)}
    for turn, route in enumerate(routes(compound)):
        if not any(word in route[0] for word in GET_OUT):
            sent = [*json_at(*route), *others_at(*route)]
            wrong += faults(client, taken_in_turns(sent, turn, 5), log, token)
    assert not wrong, said(wrong)


@pytest.mark.wide
def test_no_json_makes_a_fault_where_a_phone_sends_json(compound, log):
    doors = json_doors(compound, "/r/")
    assert len(doors) == 5
    client, token = resident(compound)
    wrong = [
        fault
        for door in doors
        for type_ in JSON_TYPES
        for fault in faults(client, json_at(*door, type_), log, token)
    ]
    assert not wrong, said(wrong)


def test_no_json_makes_a_fault_where_a_system_sends_json(compound, log):
    doors = json_doors(compound, "/api/")
    assert len(doors) == 16
    client, sent = compound.app.test_client(), key(compound)
    wrong = [fault for door in doors for fault in faults(client, json_at(*door), log, sent)]
    assert not wrong, said(wrong)


@pytest.mark.slow
def test_no_one_of_all_of_them_makes_a_fault_anywhere(compound, log):
    clients = [(compound.app.test_client(), {}), resident(compound)]
    manager = compound.signed_in("manager")
    clients.append((manager, {"X-CSRFToken": csrf_of(manager.get("/manage/settings/look").text)}))
    wrong = []
    for client, token in clients:
        for route in routes(compound):
            if not any(word in route[0] for word in GET_OUT):
                wrong += faults(client, [*json_at(*route), *others_at(*route)], log, token)
    assert not wrong, said(wrong)
