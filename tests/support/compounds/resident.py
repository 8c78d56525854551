"""A small compound for the residents' pages: two gates, two homes, a notice, an invitation."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from gate_controller.contract.policy import compile_policy
from gate_controller.contract.signing import public_bytes
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Decision, GateMemory
from gate_controller.rules.identify import GateKeys, identify_code
from tests.support.compounds.app_pool import give_back_with, take_app
from tests.support.compounds.assessments import assess
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.filled_once import Ids, filled_once
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action, new_action
from web_admin.compound.keys import create_site, private_key
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, current_menjin
from web_admin.core.sealing import Sealer
from web_admin.credentials.cards import issue_card
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import enable_face
from web_admin.face.notices import NOTICE_FIELDS, publish_notice
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheets import save_sheet
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home
from web_admin.people.invitations import invite
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import records_for_gate
from web_admin.tables import METADATA

NOTICE_EN = dict.fromkeys(NOTICE_FIELDS, "") | {
    "handler_name": "Willow Court Property Services",
    "handler_contact": "Office at the north gate, 021-5555 0100",
    "purpose": "Opening the gates for you, when you ask a gate to look at you. Nothing else.",
    "method": "You stand at the gate and touch Face. The gate compares numbers made from your face.",
    "retention": "Until you switch it off or move out. Pictures are thrown away after seconds.",
    "necessity": "You do not need it. Card, PIN and QR code open the same gates.",
    "effect": "If the gate were stolen while running, the numbers could be read.",
    "rights": "Switch it off at any time on this page, at a gate or at the desk, without a reason.",
    "complaints": "District market supervision office, 12315",
}
NOTICE_ZH = {
    "handler_name": "柳苑物业服务有限公司",
    "handler_contact": "北门物业办公室，021-5555 0100",
    "purpose": "在您要求时为您开门，不作他用。",
    "method": "您站在门前并点按“人脸”，门禁机比对由人脸算出的数字。",
    "retention": "直到您关闭或搬走为止。照片在数秒内丢弃。",
    "necessity": "并非必需。门卡、密码和二维码可以打开同样的门。",
    "effect": "如果门禁机在运行中被盗，这些数字可能被读取。",
    "rights": "您可以随时在本页、门禁机或服务台关闭，无需说明理由。",
    "complaints": "区市场监督管理局，12315",
}


@dataclass
class Compound:
    """The app, and the ids that tests need."""

    app: Flask
    clock: Callable[[], datetime]
    site_id: str
    person_id: str
    neighbour_id: str
    card_id: str
    neighbour_card_id: str
    phone_cookies: str = ""
    """Of the first person's phone, where the compound was filled up to its sign-in."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give one transaction on the app's database."""
        with self.app.app_context():
            database: Database = current_menjin().database
            with database.session() as session:
                yield session

    @contextmanager
    def act(self, channel: str = "system", actor_id: str = "tests") -> Iterator[Action]:
        """Give an action by the property office, or by a person's phone."""
        with self.session() as session:
            yield new_action(current_menjin(), session, self.site_id, actor_id, channel, now=self.clock())  # type: ignore[arg-type]  # a word of Channel

    def decide(self, text: str, lane_id: str = "north-in") -> Decision:
        """Decide by the rules on a code shown at a gate that has just synced."""
        with self.session() as session:
            sealer = current_menjin().sealer
            gate = session.get_one(Gate, lane_id.partition("-")[0])
            now = self.clock()
            records = records_for_gate(session, sealer, gate, now)
            policy = compile_policy(records, epoch=1, version=1, issued_at=now).policy
            pass_key = public_bytes(private_key(session, sealer, self.site_id, "pass"))
            keys = GateKeys(bytes(32), bytes(32), pass_key)
            return decide(identify_code(text, policy, keys, now), lane_id, policy, GateMemory(), now)

    def invitation(self, person_id: str) -> str:
        """Return a fresh invitation code."""
        with self.act("manager") as act:
            return invite(act, person_id)

    def signed_in(self, person_id: str, language: str = "en") -> FlaskClient:
        """Return a client that went through the welcome page; a first time the card was shown at the desk."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["language"] = language
        page = client.get("/r/welcome")
        answer = client.post(
            "/r/welcome", data={"code": self.invitation(person_id), "csrf_token": csrf_of(page.text)}
        )
        assert answer.status_code == 303, answer.text
        card_was_shown(self.app, person_id)
        return client

    def phone(self) -> FlaskClient:
        """Return the first person's phone, signed in."""
        if not self.phone_cookies:
            return self.signed_in(self.person_id)
        client = self.app.test_client()
        for name, value in (cookie.split("=", 1) for cookie in self.phone_cookies.split("; ")):
            client.set_cookie(name, value)
        return client


def csrf_of(html: str) -> str:
    """Return the form token of a page."""
    return html.partition('name="csrf_token" value="')[2].partition('"')[0]


def make_compound(
    config: WebConfig, clock: Callable[[], datetime], *, face: bool = True, with_phone: bool = False
) -> Compound:
    """Build the app on an empty database and fill it through actions; the clock may be set back a bit.

    `with_phone` fills it up to the sign-in of the first person's phone, to be had by `Compound.phone`.
    """
    lent = take_app(config, clock)
    app = lent.app

    def fill() -> Ids:
        with app.app_context():
            menjin = current_menjin()
            METADATA.create_all(menjin.database.engine)
            with menjin.database.session() as session:
                site_id, ids = _fill_site(session, menjin.sealer, clock(), face=face)
        if with_phone:
            client = Compound(app, clock, site_id, **ids).signed_in(ids["person_id"])
            ids["phone_cookies"] = client.get("/r/welcome").request.headers["Cookie"]
        return site_id, ids

    with app.app_context():
        engine = current_menjin().database.engine
    what = f"a site {'with' if face else 'without'} face, {'with' if with_phone else 'without'} a phone"
    site_id, ids = filled_once(config, clock, engine, fill, what=what)
    made = Compound(app, clock, site_id, **ids)
    give_back_with(made, lent)
    return made


def _fill_site(session: Session, sealer: Sealer, now: datetime, *, face: bool) -> Ids:
    site, _pem = create_site(session, sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now)
    act = Action(session, sealer, site.site_id, "tests", "system", now, effects=PolicyEffects(sealer))
    for gate_id, name in (("north", "North gate"), ("south", "South gate")):
        gate = add_gate(act, gate_id, name)
        gate.state = "paired"
        gate.card_key_sealed = sealer.seal(secrets.token_bytes(32), purpose="gate-key")
        gate.pin_key_sealed = sealer.seal(secrets.token_bytes(32), purpose="gate-key")
        save_lane(act, gate_id, LaneSpec(f"{gate_id}-in", f"{name}, in", "in", ("card", "pin", "qr")))
        save_sheet(act, f"{gate_id}-in", WHOLE_SHEET)
    person_id, card_id = _household(act, "3-1203", "Lin Wei", 4_242_001)
    neighbour_id, neighbour_card_id = _household(act, "5-0101", "Zhao Min", 4_242_002)
    if face:
        publish_notice(act, FACE_PURPOSE, {"en": NOTICE_EN, "zh": NOTICE_ZH})
        assess(act)
        enable_face(act)
        save_lane(act, "north", LaneSpec("north-in", "North gate, in", "in", ("card", "pin", "qr", "face")))
    return site.site_id, {
        "person_id": person_id,
        "neighbour_id": neighbour_id,
        "card_id": card_id,
        "neighbour_card_id": neighbour_card_id,
    }


def _household(act: Action, number: str, name: str, card: int) -> tuple[str, str]:
    home = add_home(act, number)
    person = add_person(act, display_name=name, home_id=home.home_id, language="en")
    return person.person_id, issue_card(act, person.person_id, card).credential_id
