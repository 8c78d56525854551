"""Nothing of one cell reaches through the host of another, by any route of the permission matrix.

Elm is asked with what belongs to willow: its cookies, ids, keys, gates and tokens. "Through" is an answer
that is no refusal, or one with a text that only willow's records hold. A control shows that the same things
open willow itself, so that a refusal means something.
"""

import base64
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import select

from gate_controller.contract.messages import COUNTER_HEADER, GATE_HEADER, SIGNATURE_HEADER
from gate_controller.contract.signing import REQUEST_DOMAIN, request_message, sign
from tests.served.served_cells import CellBrowser, ServedCell, ServedCells, make_cell, serve_cells
from tests.served.served_compound import ServedCompound
from tests.served.signed_gate import signed_gate
from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.lived_in import RESIDENTS, act_in, live_in, words_of
from tests.support.permission_matrix import (
    EVERYONE,
    GATES_ALONE,
    KEYS_ALONE,
    MACHINES,
    MAY,
    NO_ID,
    NOWHERE,
    OF_LIBRARIES,
    OWN,
    WHO,
)
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.compound.models import Person, Site
from web_admin.core.database import current_menjin
from web_admin.people.invitations import invite
from web_admin.tables import METADATA

ROLES = ("manager", "guard", "installer", "privacy_officer")
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 410, 415, 421, 422, 429})
SIGN_INS = frozenset({"/staff/sign-in", "/r/sign-in", "/staff/again", "/staff/code"})
LETTERS = {who: letter for letter, who in WHO.items()}
LEAST_OPENED, LEAST_TRIED = 3, 10
CANARY = "Willow Canary Court"
LONGEST = 60.0


@dataclass(frozen=True)
class Route:
    """One route: its name, its method, and its address with the ids of willow, of elm and of no one."""

    endpoint: str
    method: str
    willows: str
    elms: str
    no_ones: str


@dataclass
class Through:
    """How often something was tried, and what got through."""

    tried: Counter[str] = field(default_factory=Counter)
    found: list[tuple[str, str, str, int]] = field(default_factory=list)

    def judge(self, what: str, route: Route, answer: requests.Response, secrets: frozenset[str]) -> None:
        """Count an answer of elm's host."""
        self.tried[what] += 1
        shown = [one for one in secrets if one in answer.text and one not in route.willows]
        if shown or not is_refused(answer):
            self.found.append((what, route.method, route.endpoint, answer.status_code))


def is_refused(answer: requests.Response) -> bool:
    """Return whether an answer lets no one in."""
    if answer.status_code in (302, 303):
        return urlsplit(answer.headers["Location"]).path in SIGN_INS
    return answer.status_code in REFUSALS


class Two:
    """Willow, whose things are tried, and elm, at whose host they are."""

    def __init__(self, served: ServedCells) -> None:
        self.served = served
        self.willow, self.elm = served.cells["willow"], served.cells["elm"]
        self.words = {cell.name: self._lived_in(cell) for cell in (self.willow, self.elm)}
        with self.willow.compound.app.app_context(), current_menjin().database.session() as session:
            session.get_one(Site, self.willow.compound.site_id).name = CANARY
        self.secrets = _ids_of(self.willow) - _ids_of(self.elm) | {CANARY}
        self.routes = list(self._routes())

    def _lived_in(self, cell: ServedCell) -> dict[str, str]:
        live_in(cell.compound)
        return words_of(cell.compound)

    def _routes(self) -> Iterator[Route]:
        addresses = self.willow.compound.app.url_map.bind("localhost")
        for rule in self.willow.compound.app.url_map.iter_rules():
            if rule.endpoint in OF_LIBRARIES:
                continue
            of_cell = {
                cell: {name: self._argument(cell, rule.endpoint, name) for name in rule.arguments}
                for cell in self.words
            }
            for method in sorted(rule.methods & {"GET", "POST", "PATCH"}):
                yield Route(
                    rule.endpoint,
                    method,
                    addresses.build(rule.endpoint, of_cell["willow"], method),
                    addresses.build(rule.endpoint, of_cell["elm"], method),
                    addresses.build(rule.endpoint, _invented(of_cell), method),
                )

    def _argument(self, cell: str, endpoint: str, name: str) -> str:
        word = OWN.get(f"{endpoint}.{name}", OWN.get(name, NOWHERE))
        return self.words[cell].get(word, word)

    def resident(self, cell: ServedCell) -> CellBrowser:
        """Return the browser of a resident's phone."""
        with cell.compound.act() as act:
            code = invite(act, cell.compound.persons[RESIDENTS["resident"]])
        browser = cell.browser()
        browser.get("/r/welcome")
        answer = browser.ask("POST", "/r/welcome", {"code": code})
        assert answer.status_code == 303, answer.text
        return browser

    def api_key(self, cell: ServedCell) -> str:
        with cell.compound.app.app_context(), current_menjin().database.session() as session:
            act = act_in(cell.compound, session, "tests", "manager")
            return make_api_key(act, name="x", scopes=SCOPES, valid_until=act.now + timedelta(days=1)).text

    def at_elm(self, browser: CellBrowser) -> CellBrowser:
        """Return a browser that brings willow's cookies and token to elm's host."""
        return CellBrowser(self.served.address, self.elm.host, dict(browser.cookies), browser.csrf_token)

    def forget(self) -> None:
        """Forget earlier refusals, which would count."""
        forget_tries(self.elm.compound.app)


def _invented(of_cell: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return arguments of a path with an id that no one has wherever the two cells' differ."""
    willows, elms = of_cell["willow"], of_cell["elm"]
    return {name: elms[name] if elms[name] == willows[name] else NOWHERE for name in elms}


def _ids_of(cell: ServedCell) -> frozenset[str]:
    """Return every long text of a key of every table: ids that chance made."""
    found: set[str] = set()
    with cell.compound.app.app_context(), current_menjin().database.open_reading() as session:
        for table in METADATA.tables.values():
            for column in table.primary_key.columns:
                values = session.execute(select(column).distinct()).scalars()
                found |= {one for one in values if isinstance(one, str) and len(one) >= 12}
        found |= set(session.scalars(select(Person.person_id)))
    return frozenset(found)


@pytest.fixture
def two(database_url: str, another_database: str, tmp_path: Path) -> Iterator[Two]:
    """Return two cells that live, on both databases: one process for files, two for PostgreSQL."""
    folder, on_server = tmp_path / "cells", not database_url.startswith("sqlite")
    urls = (database_url, another_database) if on_server else ("", "")
    made = [make_cell(folder, name, url) for name, url in zip(("willow", "elm"), urls, strict=True)]
    with serve_cells(folder, made, tmp_path / "server.log", workers=2 if on_server else 1) as served:
        yield Two(served)


@pytest.mark.wide
def test_nothing_of_one_cell_gets_through_the_host_of_another(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    through = Through()
    browsers = {role: two.willow.signed_in(role) for role in ROLES} | {"resident": two.resident(two.willow)}
    assert _control(two, browsers)
    _cookies(two, browsers, through)
    _ids(two, through)
    _keys(two, through)
    _gates(two, through)
    with capsys.disabled():
        for what, count in through.tried.items():
            found = sum(1 for one in through.found if one[0] == what)
            print(f"\n{what}: {count} tried, {found} through", end="")
        print()
    assert through.found == []
    assert min(through.tried.values()) >= LEAST_TRIED


def _control(two: Two, browsers: Mapping[str, CellBrowser]) -> bool:
    """Return whether willow itself is opened by the things that are then tried at elm."""
    pages = [route for route in two.routes if route.method == "GET" and route.willows.count("/") < 4]
    for role, browser in browsers.items():
        letter = LETTERS[role]
        own = [route for route in pages if MAY[route.endpoint] != EVERYONE and letter in MAY[route.endpoint]]
        opened = [route for route in own[:20] if browser.get(route.willows).status_code == 200]
        assert len(opened) > LEAST_OPENED, (role, [route.endpoint for route in own])
    key = CellBrowser(two.served.address, two.willow.host).ask(
        "GET", "/api/v1/people", headers={"Authorization": f"Bearer {two.api_key(two.willow)}"}
    )
    return key.status_code == 200 and any(one in key.text for one in two.secrets)


def _cookies(two: Two, browsers: Mapping[str, CellBrowser], through: Through) -> None:
    for role, browser in browsers.items():
        for route in two.routes:
            if MAY[route.endpoint] == EVERYONE or MAY[route.endpoint] in MACHINES:
                continue
            two.forget()
            answer = two.at_elm(browser).ask(route.method, route.elms, None if route.method == "GET" else {})
            through.judge(f"cookies of a {role}", route, answer, two.secrets)


def _ids(two: Two, through: Through) -> None:
    """Ask as elm's own staff and resident for what is willow's."""
    browsers = {"M": two.elm.signed_in(), "R": two.resident(two.elm)}
    for letter, browser in browsers.items():
        for route in two.routes:
            names = {name for name in _arguments(two, route.endpoint) if name not in NO_ID}
            is_theirs = MAY[route.endpoint] not in (EVERYONE, *MACHINES) and letter in MAY[route.endpoint]
            if route.willows == route.elms or not names or not is_theirs:
                continue
            two.forget()
            form = None if route.method == "GET" else {}
            answer = browser.ask(route.method, route.willows, form)
            if not is_refused(answer):  # as for an id that no one has: taking away what is not there
                invented = browser.ask(route.method, route.no_ones, form)
                as_for_no_one = answer.status_code, answer.headers.get("Location")
                assert as_for_no_one == (invented.status_code, invented.headers.get("Location"))
                answer.status_code = 404
            through.judge("ids, asked by elm's own people", route, answer, two.secrets)


def _arguments(two: Two, endpoint: str) -> set[str]:
    rules = two.willow.compound.app.url_map.iter_rules(endpoint)
    return {name for rule in rules for name in rule.arguments}


def _keys(two: Two, through: Through) -> None:
    stranger, key, own = CellBrowser(two.served.address, two.elm.host), two.api_key(two.willow), None
    for route in two.routes:
        if MAY[route.endpoint] != KEYS_ALONE:
            continue
        two.forget()
        answer = stranger.ask(route.method, route.elms, json={}, headers={"Authorization": f"Bearer {key}"})
        through.judge("keys of the interface", route, answer, two.secrets)
        if route.willows != route.elms:
            own = own or two.api_key(two.elm)
            answer = stranger.ask(
                route.method, route.willows, json={}, headers={"Authorization": f"Bearer {own}"}
            )
            through.judge("ids, asked with elm's own key", route, answer, two.secrets)


def _gates(two: Two, through: Through) -> None:
    gate = signed_gate(ServedCompound(two.served.address, two.willow.compound, Path(), None))  # type: ignore[arg-type]  # no process
    signed_gate(ServedCompound(two.served.address, two.elm.compound, Path(), None))  # type: ignore[arg-type]  # one of the same name
    stranger = CellBrowser(two.served.address, two.elm.host)
    for route in two.routes:
        if MAY[route.endpoint] != GATES_ALONE or route.endpoint.startswith("sync_api.pair"):
            continue
        for body in (b"{}", b"not json"):
            gate.counter += 1
            message = request_message(route.method, route.elms, body, gate.gate_id, gate.counter)
            headers = {
                GATE_HEADER: gate.gate_id,
                COUNTER_HEADER: str(gate.counter),
                SIGNATURE_HEADER: base64.b64encode(sign(gate.key, REQUEST_DOMAIN, message)).decode(),
            }
            answer = stranger.ask(route.method, route.elms, body=body, headers=headers)
            through.judge("signatures of a gate", route, answer, two.secrets)


def _raw(address: str, head: str) -> bytes:
    """Send bytes as they are; return the answer."""
    at = urlsplit(address)
    with socket.create_connection((at.hostname, at.port), timeout=LONGEST) as connection:
        connection.sendall(head.encode("latin-1"))
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


@pytest.mark.wide
def test_no_way_of_naming_a_host_mixes_two_cells(two: Two) -> None:
    """Willow's cookie opens willow by each spelling of its name, and elm by none."""
    manager = two.willow.signed_in()
    cookie = "; ".join(f"{name}={value}" for name, value in manager.cookies.items())
    willow, elm = two.willow.host, two.elm.host

    def status(target: str, *lines: str) -> int:
        head = "".join(f"{line}\r\n" for line in (*lines, f"Cookie: {cookie}", "Connection: close"))
        answer = _raw(two.served.address, f"GET {target} HTTP/1.1\r\n{head}\r\n")
        code = int(answer.split(b" ", 2)[1])
        assert CANARY.encode() not in answer or code == 200
        return code

    for spelling in (willow, willow.upper(), f"{willow}.", f"{willow}:443", f"{willow.upper()}.:8000"):
        assert status("/manage/", f"Host: {spelling}") == 200, spelling
    for spelling in (elm, elm.upper(), f"{elm}.", f"{elm}:443"):
        assert status("/manage/", f"Host: {spelling}") == 302, spelling
        assert status("/manage/", f"Host: {spelling}", f"X-Forwarded-Host: {willow}") == 302
        assert status("/manage/", f"Host: {spelling}", f"Forwarded: host={willow}") == 302
        assert status("/manage/", f"Host: {spelling}", f"X_Forwarded_Host: {willow}") == 302
    assert status(f"http://{willow}/manage/", f"Host: {willow}") == 200
    assert status(f"http://{willow}/manage/", f"Host: {elm}") == 400
    assert status(f"http://{elm}/manage/", f"Host: {willow}") == 400
    for lines in (
        (f"Host: {willow}", f"Host: {elm}"),
        (f"Host: {elm}", f"Host: {willow}"),
        (f"Host: {willow}, {elm}",),
        (f"Host: {willow}@{elm}",),
        (f"Host: {elm}/{willow}",),
    ):
        assert status("/manage/", *lines) == 421, lines
    assert status("/manage/") == 421


@pytest.mark.wide
def test_streams_caches_and_tokens_of_one_cell_say_nothing_at_another(two: Two) -> None:
    manager = two.willow.signed_in()
    own = two.elm.signed_in()
    stream = two.at_elm(manager).ask("GET", "/manage/live/")
    assert is_refused(stream)
    for path in ("/", "/privacy", "/look.css", "/manage/"):
        theirs, ours = manager.get(path), own.get(path)
        validators = {"If-None-Match": theirs.headers.get("ETag", '"x"')}
        again = own.ask("GET", path, headers=validators)
        assert again.status_code == ours.status_code
        assert CANARY not in again.text
    for page in (theirs, ours):
        assert page.headers["Cache-Control"] == "no-store"
    form = {"name": "x"}
    forged = CellBrowser(two.served.address, two.elm.host, dict(own.cookies), manager.csrf_token)
    assert forged.ask("POST", "/manage/gates/", form).status_code in REFUSALS
