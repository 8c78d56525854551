"""The compound on its first day: three gates, twenty people, made by the acts themselves, ready to be
copied."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import Span
from gate_controller.storage.policy_store import GateIdentity
from tests.support.acting import ALL_METHODS, NOTICE, add_live_lane, by_phone, pair
from tests.support.compounds.assessments import assess
from tests.support.compounds.managed import PASSWORD, ROLES, TOTP_SECRET
from tests.world.cell import Cell
from tests.world.chance import phone_key
from tests.world.gate import GateSecrets
from web_admin.accounts.staff import create_staff
from web_admin.action.base import Action, one_publication
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Gate, Site
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import issue_card
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.credentials.phones import register_phone_key
from web_admin.credentials.pins import issue_pin
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import enable_face, give_face_consent
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import LaneSpec
from web_admin.operations import schema
from web_admin.people.actions import GrantSpec, add_person, set_grants, set_may_override
from web_admin.people.homes import add_home
from web_admin.policy.records import open_gate_keys
from web_admin.tables import METADATA

START = datetime(2026, 12, 2, 4, 0, tzinfo=UTC)
GATES = ("north", "south", "east")
LANES = {"north": ("north-in", "north-out"), "south": ("south-in",), "east": ("east-in", "east-out")}
HOMES = 8
PEOPLE = 20
STAFF = 18
"""People with this number and above work here; the first of them may override."""
FIRST_CARD = 4_100_001
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = {
    "day": (Span((*EVERY_DAY, "holiday"), 480, 1200), Span(EVERY_DAY, 480, 1200)),
    "working days": (Span(EVERY_DAY[:5], 420, 1080), Span(EVERY_DAY[:5], 0, 720)),
    "night": (Span((*EVERY_DAY, "holiday"), 1200, 480), Span((*EVERY_DAY, "holiday"), 1320, 360)),
}
"""By name: what hours are at first, and what the office changes them to."""
WITH_PIN, WITH_PHONE, WITH_FACE = range(8), range(4, 12), range(2, 10)


@dataclass
class Belongings:
    """What people carry: known to them and to no one else."""

    person_ids: list[str] = field(default_factory=list)
    homes: list[str] = field(default_factory=list)
    credentials_of_card: dict[int, list[str]] = field(default_factory=dict)
    """By a card's number: what it was, one after another."""
    pins: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Credential and digits of a person's last PIN."""
    phones: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The number of the phone's key, and its credential."""
    passes: list[tuple[str, str, int, str]] = field(default_factory=list)
    """Id, text, uses and giver of each visitor's pass."""
    emergency_codes: list[tuple[str, str]] = field(default_factory=list)
    """Id and digits of each emergency code."""
    hours: dict[str, str] = field(default_factory=dict)
    """By name: the ids of the hours that the office made."""
    next_card: int = FIRST_CARD


@dataclass(frozen=True)
class FirstDay:
    """What a history begins from: copies of the files, and what is outside of them."""

    folder: Path
    site_id: str
    secrets: dict[str, GateSecrets]
    belongings: Belongings


def furnish(cell: Cell) -> tuple[dict[str, GateSecrets], Belongings]:
    """Fill the empty database of a cell by acts; return what gates and people hold."""
    METADATA.create_all(cell.engine)
    with cell.engine.begin() as connection:
        alembic = schema._alembic()
        alembic.attributes["connection"] = connection
        command.stamp(alembic, "head")
    with cell.database.session() as session:
        site, _pem = create_site(session, cell.sealer, "Court", "Asia/Shanghai", "en", "phrase", cell.clock())
        cell.site_id = site.site_id
        with cell.app.app_context():
            for role in ROLES:
                create_staff(session, role, f"{role}@example.org", PASSWORD, TOTP_SECRET)
        with one_publication(cell.act_on(session)) as act:
            keys = _gates(act)
            belongings = _people(act)
            _of_long_standing(act, belongings)
        return _secrets(cell, session, keys), belongings


def _gates(act: Action) -> dict[str, object]:
    keys: dict[str, object] = {}
    for gate_id in GATES:
        add_gate(act, gate_id, gate_id.title())
        for lane_id in LANES[gate_id]:
            add_live_lane(act, gate_id, _lane(lane_id, ALL_METHODS[:3]))
        keys[gate_id] = pair(act, gate_id)
    publish_notice(act, FACE_PURPOSE, NOTICE)
    assess(act)
    enable_face(act)
    for gate_id in GATES:
        save_lane(act, gate_id, _lane(f"{gate_id}-in", ALL_METHODS))
    return keys


def _lane(lane_id: str, methods: tuple[str, ...]) -> LaneSpec:
    direction = lane_id.rpartition("-")[2]
    return LaneSpec(lane_id, direction.title(), direction, methods)


def _people(act: Action) -> Belongings:
    found = Belongings()
    found.hours = {name: save_hours(act, None, name, [spans[0]]).hours_id for name, spans in HOURS.items()}
    homes = [add_home(act, f"{1 + number // 4}-{number + 1:02d}01") for number in range(HOMES)]
    for number in range(PEOPLE):
        is_staff = number >= STAFF
        home = None if is_staff else homes[number % HOMES]
        person = add_person(
            act,
            display_name=f"Person {number:02d}",
            home_id=home.home_id if home is not None else None,
            kind="staff" if is_staff else "resident",
        )
        person_id = person.person_id
        found.person_ids.append(person_id)
        found.homes.append(home.number if home is not None else "")
        card = issue_card(act, person_id, found.next_card)
        found.credentials_of_card[found.next_card] = [card.credential_id]
        found.next_card += 1
        methods = ["card"]
        if number in WITH_PIN:
            digits = issue_pin(act, person_id)
            pins = select(CredentialRow.credential_id).where(
                CredentialRow.person_id == person_id, CredentialRow.kind == "pin"
            )
            found.pins[person_id] = (act.session.scalars(pins).one(), digits)
            methods.append("pin")
        if number in WITH_PHONE:
            public = (
                phone_key(number).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            )
            row = register_phone_key(by_phone(act, person_id), person_id, public, "phone")
            found.phones[person_id] = (number, row.credential_id)
            methods.append("qr")
        choose_methods(act, person_id, methods)
        if number in WITH_FACE:
            give_face_consent(by_phone(act, person_id), person_id, 1, "zh")
    set_may_override(act, found.person_ids[STAFF], True)
    return found


def _of_long_standing(act: Action, found: Belongings) -> None:
    """Set what the office of a history may change or take away, so that it matters from the first step on."""
    works = replace(act, because="works")
    for gate_id in ("north", "east"):
        way_out, way_in = _lane(f"{gate_id}-out", ALL_METHODS[:3]), _lane(f"{gate_id}-in", ALL_METHODS)
        save_lane(works, gate_id, replace(way_out, antipassback="soft"))
        hard = replace(way_in, antipassback="hard", area_is_closed=True)
        save_lane(works, gate_id, replace(hard, interlock_with=(way_out.lane_id,)))
    at_night = {"pin": found.hours["night"]}
    save_lane(works, "south", replace(_lane("south-in", ALL_METHODS), method_hours=at_night))
    lanes = tuple(lane_id for gate_id in GATES for lane_id in LANES[gate_id])
    set_grants(works, found.person_ids[-1], [GrantSpec(lanes, found.hours["working days"])])
    digits = make_emergency_code(act, label="fire service", lanes=("north-in",), hold_minutes=0)
    code_id = act.session.scalars(select(EmergencyCode.credential_id)).one()
    found.emergency_codes.append((code_id, digits))


def _secrets(cell: Cell, session: Session, keys: dict[str, object]) -> dict[str, GateSecrets]:
    root = session.get_one(Site, cell.site_id).root_public_key
    made = {}
    for gate_id, key in keys.items():
        opened = open_gate_keys(cell.sealer, session.get_one(Gate, gate_id))
        identity = GateIdentity(cell.site_id, gate_id, root)
        secret = gate_id.encode().ljust(32, b"~")
        made[gate_id] = GateSecrets(identity, key, opened.card_key, opened.pin_key, secret)  # type: ignore[arg-type]
    return made


def copied(source: Path, target: Path) -> None:
    """Put a copy of a folder in the place of another one."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)
