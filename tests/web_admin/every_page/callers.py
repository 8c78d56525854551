"""Clients of every role."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.compounds.access_reviews import URL, close_now, row_about
from tests.support.compounds.another import add_another
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.lived_in import RESIDENTS, act_in, live_in, words_of
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from tests.support.permission_matrix import NEIGHBOURS, NO_ID, NOWHERE, OF_LIBRARIES, OWN, WHO
from web_admin.access_review.actions import begin_round
from web_admin.access_review.rules import Kind
from web_admin.accounts.models import User
from web_admin.accounts.session_models import AccountSession
from web_admin.action.base import Action
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Person, Site
from web_admin.core.database import current_menjin
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Notice
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.guardian_requests import ask_guardians
from web_admin.people.actions import add_person
from web_admin.privacy.requests import file_request
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.weekly import issue_series

LAST = (
    "resident.revoke_sign_ins",
    "resident.sign_out_everywhere",
    "resident.save_password",
    "own.change_password",
    "own.sign_out",
)
"""What ends every session of an account is tried when everything else has been."""


def _harmless_first(route: tuple[str, str, str, str]) -> tuple[bool, bool, str, str]:
    """Order routes so that what staff do to the resident comes after what the resident does."""
    endpoint, method, *_paths = route
    return not endpoint.startswith("resident."), endpoint in LAST, method, endpoint


class Callers:
    """The compound, and a signed-in client for each letter of the table."""

    def __init__(self, compound: ManagedCompound) -> None:
        self.compound = compound
        invitations = live_in(compound)
        self.words = words_of(compound) | belongings(compound)
        with compound.app.app_context(), current_menjin().database.session() as session:
            self.words["alarm"] = session.scalars(select(Alarm.alarm_id)).one()
            guard = session.scalars(select(User).where(User.email == "newcomer@example.org")).one()
            self.words["own_account"] = str(guard.id)
            another = add_another(session, session.get_one(Site, compound.site_id))
            self.words |= {f"another_{name}": key for name, key in another.items()}
        self.clients = {letter: self._signed_in(role, invitations) for letter, role in WHO.items()}
        self.tokens = {
            letter: csrf_of(client.get("/privacy").text) for letter, client in self.clients.items()
        }
        with compound.app.app_context(), current_menjin().database.open_reading() as session:
            columns = AccountSession.__table__.columns
            self.sessions = [row._asdict() for row in session.execute(select(*columns))]
        self.cookies = {letter: client.get_cookie("menjin").value for letter, client in self.clients.items()}

    def _signed_in(self, role: str, invitations: dict[str, str]) -> FlaskClient:
        if role == "stranger":
            return self.compound.app.test_client()
        if role != "resident":
            return self.compound.signed_in(role)
        client = self.compound.app.test_client()
        token = csrf_of(client.get("/r/welcome").text)
        sent = client.post("/r/welcome", data={"code": invitations["resident"], "csrf_token": token})
        assert sent.status_code == 303, sent.text
        card_was_shown(self.compound.app, self.compound.persons[RESIDENTS["resident"]])
        return client

    def routes(self) -> list[tuple[str, str, str, str]]:
        """Return (endpoint, method, own path, another's path) of all routes, in a harmless order."""
        addresses = self.compound.app.url_map.bind("localhost")
        found = []
        for rule in self.compound.app.url_map.iter_rules():
            if rule.endpoint in OF_LIBRARIES:
                continue
            own = {name: self._argument(OWN, rule.endpoint, name) for name in rule.arguments}
            foreign = {
                name: own[name] if name in NO_ID else self._foreign(rule.endpoint, name)
                for name in rule.arguments
            }
            for method in sorted(rule.methods & {"GET", "POST", "PATCH"}):
                found.append(
                    (
                        rule.endpoint,
                        method,
                        addresses.build(rule.endpoint, own, method),
                        addresses.build(rule.endpoint, foreign, method),
                    )
                )
        return sorted(found, key=_harmless_first)

    def _argument(self, table: dict[str, str], endpoint: str, name: str) -> str:
        word = table.get(f"{endpoint}.{name}", table.get(name, NOWHERE))
        return self.words.get(word, word)

    def _foreign(self, endpoint: str, name: str) -> str:
        """Return a neighbour's id for a resident; one of another compound, if it can be, for all others."""
        if endpoint.startswith("resident."):
            return self._argument(NEIGHBOURS, endpoint, name)
        return self.words.get(f"another_{name}", NOWHERE)

    def _open_sessions(self) -> None:
        """Open every session again that an earlier call has signed out of."""
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            still_open = set(session.scalars(select(AccountSession.session_sha256)))
            closed = [row for row in self.sessions if row["session_sha256"] not in still_open]
            session.add_all(AccountSession(**row) for row in closed)

    def make_ready(self, letter: str) -> None:
        """Undo what an earlier call did to a role's client."""
        forget_tries(self.compound.app)
        self._open_sessions()
        self.clients[letter].set_cookie("menjin", self.cookies[letter])

    def call(self, letter: str, method: str, path: str, *, token: bool = True, **headers: str):
        self.make_ready(letter)
        sent = {"csrf_token": self.tokens[letter]} if token and method != "GET" else {}
        if self._takes_json(path, method):
            heads = {**headers, **({"X-CSRFToken": self.tokens[letter]} if sent else {})}
            return self.clients[letter].open(path, method=method, json={}, headers=heads)
        return self.clients[letter].open(path, method=method, data=sent or None, headers=headers)

    def _takes_json(self, path: str, method: str) -> bool:
        addresses = self.compound.app.url_map.bind("localhost")
        endpoint, _arguments = addresses.match(path.partition("?")[0], method)
        view = self.compound.app.view_functions[endpoint]
        return method != "GET" and getattr(view, "menjin_takes_json", False)


OF_TWO = (("own", "王芳", "王小"), ("neighbours", "吴静", "吴小"))


def belongings(compound: ManagedCompound) -> dict[str, str]:
    """Give two neighbours the same things, each their own; return the ids of both."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        found = {
            f"{whose}_{name}": key
            for number, (whose, who, child) in enumerate(OF_TWO)
            for name, key in _belongings_of(compound, session, who, child, number).items()
        }
        return {**found, **_reviewed(act_in(compound, session, "tests"), found)}


def _reviewed(act: Action, found: dict[str, str]) -> dict[str, str]:
    """Close the review that runs, so that the next one has a row about the ward of each."""
    closed = close_now(act)
    begin_round(act, URL)
    rows = {f"{whose}_row": found[f"{whose}_ward"] for whose, _who, _child in OF_TWO}
    return {
        "own_round": closed.round_id,
        **{name: row_about(act.session, Kind.CHILD, ward).row_id for name, ward in rows.items()},
    }


def _belongings_of(
    compound: ManagedCompound, session: Session, who: str, child: str, number: int
) -> dict[str, str]:
    office = act_in(compound, session, "tests")
    person_id = compound.persons[who]
    own = act_in(compound, session, person_id, "phone")
    version = session.scalars(select(Notice.version).where(Notice.language == "zh")).one()
    consent = give_face_consent(own, person_id, version, "zh")
    withdraw_face(own, person_id)
    home_id = session.get_one(Person, person_id).home_id
    ward = add_person(office, display_name=child, home_id=home_id, age_band="14_17")
    issue_card(office, ward.person_id, 4_300_000 + number)
    compound.persons[child] = ward.person_id
    asking = act_in(compound, session, ward.person_id, "phone")
    return {
        "pass": issue_pass(own, issuer_person_id=person_id, label="客人", gate_numbers=[1]).pass_id,
        "series": issue_series(
            own,
            issuer_person_id=person_id,
            label="钟点工",
            gate_numbers=[1],
            days=["mon"],
            starts_minute=480,
            ends_minute=720,
            last_day=(own.now + timedelta(days=20)).date(),
        ).series_id,
        "card": issue_card(office, person_id, 4_400_000 + number).credential_id,
        "consent": consent.consent_id,
        "request": file_request(own, person_id, "correction", subject="home", wanted="x").request_id,
        "ward": ward.person_id,
        "guardian_request": ask_guardians(asking, ward.person_id, [person_id], version, "zh")[0].request_id,
    }
