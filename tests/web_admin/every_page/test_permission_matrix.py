"""Every route, every role, one's own and another's: the real app is held to `permission_matrix.py`."""

import itertools
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.lived_in import act_in
from tests.support.compounds.managed import make_managed_compound
from tests.support.permission_matrix import (
    KEYS_ALONE,
    MACHINES,
    MAY,
    NO_ID,
    OF_LIBRARIES,
    WHO,
)
from tests.web_admin.every_page.callers import Callers
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin

SIGN_INS = ("/staff/sign-in", "/r/sign-in", "/staff/again")
BY_ID = re.compile(
    r"refused: (person [0-9a-f]{16}|staff-[0-9]+|a stranger) got [0-9]{3} at [A-Z]+ [a-z_-]+\.[a-z_]+"
    r"( \((?P<why>[a-z' ]+)\))?"
)
"""A refusal in the log: ids only, no name and no address."""
WITHOUT_SITE = frozenset({"account_id", "ending"})
API_BODIES = {
    "api_cards.suspend_card": {"reason": "lost"},
    "api_cards.give_card": {"number": "4999001"},
    "api_homes.renumber_home": {"number": "9-0909"},
    "api_gates.name_gate": {"name": "A name"},
    "api_gates.name_lane": {"name": "A lane"},
    "api_people.correct_person": {"name": "Ann"},
}


@pytest.fixture(scope="module")
def callers(tmp_path_factory) -> Iterator[Callers]:
    """Build the app on SQLite alone: who may do what is no matter of the database.

    One for the whole file: every call but those of the last tests is refused, and changes nothing.
    """
    folder = tmp_path_factory.mktemp("compound")
    config = WebConfig(
        database_url=f"sqlite:///{folder / 'menjin.sqlite3'}",
        data_dir=folder,
        secrets_dir=folder,
        public_url="http://127.0.0.1:8000",
        **SERVER_KEYS,
    )
    compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
    yield Callers(compound)
    compound.close()


@dataclass(frozen=True)
class Answered:
    """What one role got at one route, and the refusals that the log then had."""

    letter: str
    method: str
    endpoint: str
    status: int
    let_in: bool
    traced: bool
    refusals: tuple[str, ...]


class _Refusals(logging.Handler):
    """Keeps what the log says of refusals."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if line.startswith("refused"):
            self.lines.append(line)


@pytest.fixture(scope="module")
def own_answers(callers) -> list[Answered]:
    """Ask for each route as each role, for what is their own: once, for all tests that read the answers."""
    log = _Refusals()
    logging.getLogger().addHandler(log)
    found = []
    for endpoint, method, own, _foreign in callers.routes():
        for letter in WHO if MAY[endpoint] not in MACHINES else ():
            log.lines.clear()
            answer = callers.call(letter, method, own)
            found.append(
                Answered(
                    letter,
                    method,
                    endpoint,
                    answer.status_code,
                    let_in(answer),
                    is_trace(answer),
                    tuple(log.lines),
                )
            )
    logging.getLogger().removeHandler(log)
    return found


def let_in(answer) -> bool:
    """Return whether an answer is the page's own, and no refusal and no way to sign in."""
    to_sign_in = answer.status_code == 302 and urlsplit(answer.location).path in SIGN_INS
    return answer.status_code not in (401, 403) and not to_sign_in


def of_people(endpoint: str) -> str:
    """Return the letters of whom a route lets in; none for machines'."""
    return MAY[endpoint] if MAY[endpoint] not in MACHINES else ""


def is_trace(answer) -> bool:
    if answer.mimetype == "text/event-stream":  # it has no end that one could wait for
        answer.close()
        return answer.status_code >= 500
    return answer.status_code >= 500 or "Traceback" in answer.text


@pytest.mark.wide
def test_every_route_is_in_the_table_and_the_table_has_no_other(callers) -> None:
    routes = {rule.endpoint for rule in callers.compound.app.url_map.iter_rules()}
    assert routes - MAY.keys() - OF_LIBRARIES.keys() == set()
    assert (MAY.keys() | OF_LIBRARIES.keys()) - routes == set()


@pytest.mark.wide
def test_every_id_of_a_path_has_one_of_another_compound(callers) -> None:
    """An engineer who adds an object with a site adds it there too; accounts have no site."""
    rules = callers.compound.app.url_map.iter_rules()
    of_staff = [
        rule
        for rule in rules
        if rule.endpoint in MAY and set(MAY[rule.endpoint]) & set("MGIP") and "R" not in MAY[rule.endpoint]
    ]
    names = {name for rule in of_staff for name in rule.arguments} - NO_ID - WITHOUT_SITE
    assert {name for name in names if f"another_{name}" not in callers.words} == set()


def test_no_key_reaches_into_another_compound(callers) -> None:
    with callers.compound.app.app_context(), current_menjin().database.session() as session:
        act = act_in(callers.compound, session, "tests", "manager")
        key = make_api_key(act, name="x", scopes=SCOPES, valid_until=act.now + timedelta(days=1)).text
    wrong = []
    for endpoint, method, own, foreign in callers.routes():
        if MAY[endpoint] == KEYS_ALONE and own != foreign:
            body = API_BODIES.get(endpoint, {})
            answer = callers.clients["S"].open(
                foreign, method=method, json=body, headers={"Authorization": f"Bearer {key}"}
            )
            wrong += [(endpoint, answer.status_code)] if answer.status_code != 404 else []
    assert wrong == []


@pytest.mark.wide
def test_what_is_another_persons_is_refused_to_everyone_and_written_down(callers, caplog) -> None:
    wrong = []
    for endpoint, method, own, foreign in callers.routes():
        for letter in of_people(endpoint) if foreign != own else "":
            caplog.clear()
            answer = callers.call(letter, method, foreign)
            noted = [line for line in caplog.messages if line.startswith("refused") and endpoint in line]
            if answer.status_code not in (403, 404) or is_trace(answer) or len(noted) != 1:
                wrong.append((letter, method, endpoint, answer.status_code, noted))
    assert wrong == []


def test_a_refused_role_is_written_down_by_its_id_and_never_by_name(callers, caplog) -> None:
    callers.call("G", "GET", "/manage/gates/")
    assert [line.partition(" got ")[2] for line in caplog.messages] == ["403 at GET gates.show_list"]
    assert "guard@example.org" not in caplog.text


@pytest.mark.wide
def test_no_change_is_made_without_the_forms_token_or_for_another_site(callers, caplog) -> None:
    wrong = []
    others = itertools.cycle(("https://evil.example", "null", "http://localhost.evil.example"))
    for endpoint, method, own, _foreign in callers.routes():
        for letter in of_people(endpoint) if method != "GET" else "":
            caplog.clear()
            bare = callers.call(letter, method, own, token=False)
            answers = [bare, callers.call(letter, method, own, Origin=next(others))]
            noted = [BY_ID.fullmatch(line) for line in caplog.messages if line.startswith("refused")]
            whys = [note["why"] if note is not None else None for note in noted]
            expected = ["no token of the form", "sent by another site's page"]
            codes = [answer.status_code for answer in answers]
            if set(codes) != {400} or any(map(is_trace, answers)) or whys != expected:
                wrong.append((letter, endpoint, codes, whys))
    assert wrong == []


@pytest.mark.wide
def test_no_sign_in_replaces_a_gates_signature_or_a_systems_key(callers) -> None:
    for endpoint, method, own, _foreign in callers.routes():
        for letter in WHO if MAY[endpoint] in MACHINES else "":
            answer = callers.call(letter, method, own)
            assert 400 <= answer.status_code < 500, endpoint
            assert "Traceback" not in answer.text


@pytest.mark.wide
def test_each_role_is_let_in_exactly_where_the_table_says(own_answers) -> None:
    assert [one for one in own_answers if one.traced or one.let_in != (one.letter in MAY[one.endpoint])] == []
    assert len(own_answers) > 1_000


@pytest.mark.wide
def test_every_role_that_is_refused_is_written_down_once_and_by_id(own_answers) -> None:
    wrong = []
    for one in own_answers:
        if one.letter not in MAY[one.endpoint]:
            expected = 1 if one.status in (400, 401, 403, 404, 405) else 0
            if len(one.refusals) != expected or not all(map(BY_ID.fullmatch, one.refusals)):
                wrong.append(one)
    assert wrong == []
