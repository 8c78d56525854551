"""A compound with life in it for the manager's pages: staff accounts, homes, cards, events, an alarm."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask
from flask import session as browser_session
from flask.testing import FlaskClient
from flask_security import login_user
from passlib.totp import TOTP
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import Span
from tests.support.clock import SetClock
from tests.support.compounds.app_pool import give_back_with, take_app
from tests.support.compounds.assessments import assess
from tests.support.compounds.filled_once import Ids, filled_once
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH, csrf_of
from tests.support.scheduling import renew_watch
from web_admin.accounts.models import User
from web_admin.accounts.staff import create_staff
from web_admin.action.base import Action, new_action, one_publication
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.keys import create_site
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin, request_session
from web_admin.core.sealing import Sealer
from web_admin.credentials.cards import issue_card
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import enable_face
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheets import save_sheet
from web_admin.journal.models import GateEvent
from web_admin.manage.live import live_watch
from web_admin.people.actions import add_person, all_lanes, set_may_override
from web_admin.people.homes import add_home
from web_admin.policy.effects import PolicyEffects
from web_admin.resident.call_stream import call_watch
from web_admin.tables import METADATA
from web_admin.visitors.actions import issue_pass

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a quiet gate at noon"
ROLES = ("manager", "guard", "installer", "privacy_officer")
GATES = (("north", "北门"), ("east", "东门"), ("garage", "车库"))
PEOPLE = (
    ("1-0101", "林薇"),
    ("1-0102", "陈立"),
    ("1-0203", "赵敏"),
    ("2-0301", "周明"),
    ("2-0802", "孙晓"),
    ("3-1203", "王芳"),
    ("3-1203", "王磊"),
    ("3-1501", "Ana Ruiz"),
    ("5-0402", "刘洋"),
    ("5-0901", "吴静"),
)


@dataclass
class ManagedCompound:
    """The app, its clock and the ids that tests need."""

    app: Flask
    clock: SetClock
    site_id: str
    persons: dict[str, str]

    def close(self) -> None:
        """End the app's streams and close its connections to the database."""
        live_watch(self.app).close()
        call_watch(self.app).close()
        with self.app.app_context():
            current_menjin().bell.close()
            current_menjin().database.engine.dispose()

    @contextmanager
    def act(self, channel: str = "system", actor_id: str = "tests") -> Iterator[Action]:
        """Give an action by the property office, in one transaction."""
        with self.app.app_context():
            menjin = current_menjin()
            with menjin.database.session() as session:
                yield new_action(menjin, session, self.site_id, actor_id, channel, now=self.clock())  # type: ignore[arg-type]  # a word of Channel

    def signed_in(self, role: str = "manager", language: str = "en") -> FlaskClient:
        """Return a client with the session that the two steps of the sign-in end in."""
        client = self.app.test_client()
        around = dict(client.environ_base)  # the session is bound to the browser's name and address
        with self.app.test_request_context("/staff/sign-in", method="POST", environ_base=around):
            account = request_session().scalars(select(User).where(User.email == f"{role}@example.org")).one()
            browser_session["language"] = language
            login_user(account, remember=False, authn_via=["password", "authenticator"])
            answer = self.app.process_response(self.app.make_response(""))
        cookies = answer.headers.getlist("Set-Cookie")
        for name, value in (cookie.partition(";")[0].split("=", 1) for cookie in cookies):
            client.set_cookie(name, value)
        return client

    def signed_in_by_hand(self, role: str = "manager", language: str = "en") -> FlaskClient:
        """Return a client that went through both steps of the staff's sign-in."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["language"] = language
        page = client.get("/staff/sign-in")
        asked = client.post(
            "/staff/sign-in",
            data={"email": f"{role}@example.org", "password": PASSWORD, "csrf_token": csrf_of(page.text)},
        )
        assert asked.status_code == 302, asked.text
        page = client.get("/staff/code")
        assert page.status_code == 200, page.text
        done = client.post("/staff/code", data={"code": code_now(), "csrf_token": csrf_of(page.text)})
        assert done.status_code == 302, done.text
        return client

    def signed_in_again(self, role: str = "manager") -> FlaskClient:
        """Return a second browser of the same account; its code may be the one just used."""
        with self.app.app_context(), current_menjin().database.session() as session:
            account = session.scalars(select(User).where(User.email == f"{role}@example.org")).one()
            account.last_totp_counter = None
        return self.signed_in(role)


def code_now() -> str:
    """Return what an authenticator shows now; each code works once, so tests reset the counter."""
    return str(TOTP(TOTP_SECRET).generate(time.time()).token)


def make_managed_compound(config: WebConfig, clock: SetClock, *, app: Flask | None = None) -> ManagedCompound:
    """Fill the empty database through the actions; the clock may be set back a little.

    A test that adds routes brings an `app` of its own.
    """
    lent = None
    if app is None:
        lent = take_app(config, clock)
        app = lent.app

    def fill() -> Ids:
        with app.app_context():
            menjin = current_menjin()
            METADATA.create_all(menjin.database.engine)
            with menjin.database.session() as session:
                return _fill_site(session, menjin.sealer, clock)

    with app.app_context():
        engine = current_menjin().database.engine
    site_id, persons = filled_once(config, clock, engine, fill, what="a managed site")
    made = ManagedCompound(app, clock, site_id, persons)
    if lent is not None:
        give_back_with(made, lent)
    else:
        renew_watch(app)
    return made


def _fill_site(session: Session, sealer: Sealer, clock: SetClock) -> Ids:
    site, _pem = create_site(
        session, sealer, "柳苑小区 Willow Court", "Asia/Shanghai", "zh", "passphrase", clock()
    )
    for role in ROLES:
        create_staff(session, role, f"{role}@example.org", PASSWORD, TOTP_SECRET)
    whole = Action(session, sealer, site.site_id, "tests", "system", clock(), effects=PolicyEffects(sealer))
    with one_publication(whole) as act:
        persons = _fill(act)
    passing = [person_id for name, person_id in persons.items() if name != "保安队长"]
    _play(session, site.site_id, passing, clock())
    _hold_open(session, persons["保安队长"], clock())
    return site.site_id, persons


def _fill(act: Action) -> dict[str, str]:
    for gate_id, name in GATES:
        gate = add_gate(act, gate_id, name)
        if gate_id != "garage":
            gate.state = "paired"
            gate.last_seen_at = act.now - timedelta(seconds=2)
            for column in ("card_key_sealed", "pin_key_sealed"):
                setattr(gate, column, act.sealer.seal(secrets.token_bytes(32), purpose="gate-key"))
        for direction, word in (("in", "进"), ("out", "出")):
            save_lane(
                act,
                gate_id,
                LaneSpec(f"{gate_id}-{direction}", f"{name}{word}", direction, ("card", "pin", "qr")),
            )
            if (gate_id, direction) != ("garage", "out"):  # one lane is not live yet
                save_sheet(act, f"{gate_id}-{direction}", WHOLE_SHEET)
            gate.lane_states = [
                *(gate.lane_states or []),
                {"lane_id": f"{gate_id}-{direction}", "door": "closed", "posture": "normal"},
            ]
    save_hours(act, None, "保洁时段", [Span(("mon", "tue", "wed", "thu", "fri"), 7 * 60, 18 * 60)])
    set_calendar_day(act, act.now.date() + timedelta(days=30), "holiday", "国庆节")
    publish_notice(act, FACE_PURPOSE, {"en": NOTICE_EN, "zh": NOTICE_ZH})
    assess(act)
    enable_face(act)
    persons: dict[str, str] = {}
    homes: dict[str, str] = {}
    for index, (number, name) in enumerate(PEOPLE):
        if number not in homes:
            homes[number] = add_home(act, number).home_id
        # Everyone of this compound has a car.
        person = add_person(act, display_name=name, home_id=homes[number], lanes=all_lanes(act))
        issue_card(act, person.person_id, 4_200_000 + index, label="")
        persons[name] = person.person_id
    persons["保洁员"] = add_person(act, display_name="保洁员", kind="staff").person_id
    persons["保安队长"] = add_person(act, display_name="保安队长", kind="staff").person_id
    set_may_override(act, persons["保安队长"], True)
    for label, hold_minutes in (("急救 120", 0), ("消防 119", 60)):
        make_emergency_code(act, label=label, lanes=["north-in", "east-in"], hold_minutes=hold_minutes)
    issue_pass(act, issuer_person_id=None, label="电梯维保", gate_numbers=[1], uses=1)
    return persons


def _play(session: Session, site_id: str, persons: list[str], now: datetime) -> None:
    recorded = (
        ("card", True, "granted"),
        ("qr", True, "granted"),
        ("pin", False, "pin_wrong"),
        ("card", False, "credential_unknown"),
        ("pin", True, "granted"),
        ("qr", False, "code_stale"),
    )
    for seq in range(1, 71):
        method, opens, reason = recorded[seq % len(recorded)]
        gate_id = ("north", "east")[seq % 2]
        session.add(
            GateEvent(
                journal_id="j",
                gate_id=gate_id,
                seq=seq,
                kind="access",
                lane_id=f"{gate_id}-in",
                at=now - timedelta(minutes=3 * (71 - seq)),
                received_at=now,
                person_id=persons[seq % len(persons)] if opens else None,
                facts={"method": method, "opens": opens, "reason": reason, "lane_id": f"{gate_id}-in"},
                personal={},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
    held_at = now - timedelta(minutes=4)
    raise_alarm(session, site_id, "alarm_door_held", held_at, gate_id="east", lane_id="east-in")


def _hold_open(session: Session, captain: str, now: datetime) -> None:
    """Hold the north gate open as the captain of the guards, from forty to ten minutes ago."""
    recorded = (
        (101, 40, "held_open", {"by": "staff_card", "until": (now - timedelta(minutes=10)).isoformat()}),
        (102, 10, "hold_ended", {"by": "staff_card", "ended_by": "time"}),
    )
    for seq, minutes_ago, kind, facts in recorded:
        person_id = captain if kind == "held_open" else None
        session.add(
            GateEvent(
                journal_id="j",
                gate_id="north",
                seq=seq,
                kind=kind,
                lane_id="north-in",
                at=now - timedelta(minutes=minutes_ago),
                received_at=now,
                person_id=person_id,
                facts={"lane_id": "north-in", **facts},
                personal={"person_id": person_id},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
