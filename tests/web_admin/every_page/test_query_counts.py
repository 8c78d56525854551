"""No page asks the database more often because there is more in it: each page of the list of routes."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from tests.support.clock import SetClock
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.copied_rows import copied_tables, copy_rows, originals_of
from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.lived_in import act_in
from tests.support.compounds.managed import make_managed_compound
from tests.support.compounds.resident import csrf_of
from tests.support.compounds.rows_of_each_kind import add_one_of_each
from tests.support.permission_matrix import GATES_ALONE, KEYS_ALONE, MAY
from tests.web_admin.every_page.callers import Callers
from tests.web_admin.every_page.routes_elsewhere import ELSEWHERE, ENDLESS
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.people.invitations import invite
from web_admin.tables import METADATA

FEW, MANY = range(1, 5), range(5, 50)
"""The copies of every row: with the original there are five of each, then fifty."""
FORGOTTEN = {"form_once", "limit_count", "gate_handover", "handed_record", "server_machine"}
"""Tables of what a request leaves behind for the next one alone, of a restore alone, and of web machines."""

NO_PAGES = {
    **dict.fromkeys(ENDLESS, "has no end"),
    "security.two_factor_token_validation": "is for visitors who are not signed in",
    "security.login": "is for visitors who are not signed in",
    "pages.front": "sends on to another page",
    "gate_map.plan": "is a file, which this site does not have",
    "settings.logo": "is a file, which this site does not have",
    "health.security_txt": "asks no database, and this site names no contact",
    "resident.confirm_first": "leads to the page of ways in where no change waits for it",
    "resident.messages_back": "is one link, which only its mail has",
    "resident.code_picture": "is a picture for one code on a resident's own phone",
    "api_cards.find_card": "finds one card, whose holder then reads who looked: no number is live twice",
    "resident.printed_code_page": "is one card, at the desk where the printer is",
    "lost_card.slip": "is one slip, in the browser that made it",
    "resident.gate_side_of_call": "is for the page that answered a call, and for no other",
    "guard_calls.gate_side": "is for the page that answered a call, and for no other",
    "own.join": "is for people without an account",
    "bulk.preview": "leads to the list of people when it is read without a form",
    "bulk.act": "leads to the list of people when it is read without a form",
    "bulk.show": "is one act, which this site does not have; its own tests count",
}
"""Routes that are asked for and not counted, and why."""


LOOKUP = {"reason": "a lost bag"}
NARROWED: tuple[tuple[str, str, dict[str, str] | None], ...] = (
    *(
        ("M", f"/manage/people/?{query}", None)
        for query in (
            "q=3-12",
            "q=王",
            "building=none",
            "building=3",
            "kind=staff",
            "state=nothing",
            "state=empty",
            "state=unnamed",
            "state=moved_out",
            "state=suspended",
        )
    ),
    *(("M", f"/manage/visitors/?{query}", None) for query in ("whose=residents", "state=used", "q=梯")),
    *(("M", f"/manage/requests/?show={show}", None) for show in ("all", "late", "closed")),
    *(
        ("G", f"/manage/events/?{query}", None)
        for query in (
            "kind=alarms",
            "kind=held",
            "kind=access",
            "reason=pin_wrong",
            "method=qr",
            "result=refused",
        )
    ),
    ("G", "/manage/try?q=王", None),
    ("G", "/manage/access/people/{person}", LOOKUP),
    ("M", "/manage/access/lanes/north-in", None),
    ("M", "/manage/search/?q=1", None),
    ("G", "/manage/alarms/", None),
    ("G", "/manage/", None),
    ("I", "/manage/", None),
    ("P", "/manage/events/person/{person}", LOOKUP),
    ("M", "/manage/events/who/north/101?journal=j", LOOKUP),
    ("child", "/r/", None),
    ("child", "/r/face", None),
    ("child", "/r/home", None),
    ("child", "/r/records", None),
)
"""Lists narrowed to something, answers to forms, other people's pages: (who, path, form)."""


@dataclass
class Asked:
    """What one page answered and how often it asked the database."""

    path: str
    status: int
    statements: list[str] = field(default_factory=list)


class Reader:
    """Asks for every page there is."""

    def __init__(self, callers: Callers) -> None:
        self.callers, self.compound = callers, callers.compound
        self.clients = dict(callers.clients)
        self.words = callers.words
        child = self.words["own_ward"]
        self.in_database(lambda s: add_one_of_each(self._act(s), self.compound.persons["王芳"], child))
        self.clients["child"] = self._phone_of(child)
        card_was_shown(self.compound.app, child)
        self.tokens = {who: csrf_of(client.get("/privacy").text) for who, client in self.clients.items()}
        self.key = self.in_database(
            lambda s: (
                make_api_key(
                    self._act(s),
                    name="software",
                    scopes=SCOPES,
                    valid_until=self.compound.clock() + timedelta(days=9),
                ).text
            )
        )

    def _act(self, session: Session):
        return act_in(self.compound, session, "tests")

    def in_database(self, work: Callable[[Session], object]):
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    def _phone_of(self, person_id: str) -> FlaskClient:
        code = self.in_database(lambda s: invite(self._act(s), person_id))
        client = self.compound.app.test_client()
        token = csrf_of(client.get("/r/welcome").text)
        assert client.post("/r/welcome", data={"code": code, "csrf_token": token}).status_code == 303
        return client

    def every_page(self) -> Iterator[Asked]:
        """Ask for each route's page, as someone who may see it, and for the narrowed ones."""
        for endpoint, method, own, _foreign in self.callers.routes():
            if method == "GET" and endpoint not in NO_PAGES and MAY[endpoint] != GATES_ALONE:
                yield self._ask(self._who(endpoint), ELSEWHERE.get(endpoint, own))
        for who, path, form in NARROWED:
            yield self._ask(who, path, form)

    def _who(self, endpoint: str) -> str:
        letters = MAY[endpoint]
        return "key" if letters == KEYS_ALONE else next(one for one in "MRPGI" if one in letters)

    def _ask(self, who: str, template: str, form: dict[str, str] | None = None) -> Asked:
        path = template.format(**self.words)
        forget_tries(self.compound.app)
        asked = Asked(f"{who} {path}", 0)
        with self._noting(asked.statements):
            if who == "key":
                answer = self.compound.app.test_client().get(
                    path, headers={"Authorization": f"Bearer {self.key}"}
                )
            elif form is None:
                answer = self.clients[who].get(path)
            else:
                answer = self.clients[who].post(path, data={"csrf_token": self.tokens[who], **form})
            asked.status = answer.status_code
            answer.get_data()  # of a stream too
        return asked

    @contextmanager
    def _noting(self, statements: list[str]) -> Iterator[None]:
        def note(_connection, _cursor, statement, _parameters, _context, _many):
            statements.append(" ".join(statement.split()))

        engine = self.compound.app.extensions["menjin"].database.engine
        event.listen(engine, "before_cursor_execute", note)
        yield
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Build the app on SQLite alone: what a page asks is no matter of the database."""
    folder = tmp_path_factory.mktemp("compound")
    config = WebConfig(
        database_url=f"sqlite:///{folder / 'menjin.sqlite3'}",
        data_dir=folder,
        secrets_dir=folder,
        public_url="http://127.0.0.1:8000",
        **SERVER_KEYS,
    )
    compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
    yield Reader(Callers(compound))
    compound.close()


def counts(session: Session) -> dict[str, int]:
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in copied_tables()
    }


@pytest.fixture(scope="module")
def few_and_many(reader) -> list[tuple[Asked, Asked]]:
    """Ask for every page with five rows of each kind, then with fifty."""
    list(reader.every_page())  # what is written at a first look alone is not counted
    originals = reader.in_database(originals_of)
    reader.in_database(lambda s: copy_rows(s, originals, FEW))
    few = list(reader.every_page())
    reader.in_database(lambda s: copy_rows(s, originals, MANY))
    return list(zip(few, reader.every_page(), strict=True))


@pytest.mark.wide
def test_every_table_that_can_have_many_rows_has_ten_times_as_many_then(reader, few_and_many) -> None:
    rows = reader.in_database(counts)
    assert {name for name, count in rows.items() if count < len(FEW) + len(MANY) + 1} == FORGOTTEN
    left_out = {table.name for table in METADATA.sorted_tables} - rows.keys()
    assert left_out == {
        "site",
        "call_settings",
        "role",
        "consent_rules",
        "face_suspension",
        "mail_server",
        "privacy_contact",
        "site_look",
        "ledger_end",
    }


@pytest.mark.wide
def test_every_page_that_is_counted_is_shown(few_and_many) -> None:
    assert [(one.path, one.status) for pair in few_and_many for one in pair if one.status != 200] == []


@pytest.mark.wide
def test_no_page_asks_the_database_more_often_with_ten_times_as_many_rows(few_and_many) -> None:
    grown = [
        (few.path, len(few.statements), len(many.statements), Counter(many.statements).most_common(1))
        for few, many in few_and_many
        if len(many.statements) > len(few.statements)
    ]
    assert grown == []
