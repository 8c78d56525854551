"""A small compound made by the actions themselves, and the gate's own view of what was published."""

import os
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.messages import PairCommit, PairReveal
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.signing import pairing_commitment, public_bytes
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, Decision, GateMemory
from gate_controller.rules.identify import GateKeys, hash_typed, identify_card, identify_code, identify_typed
from tests.support.compounds.assessments import assess
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action, Channel, one_publication
from web_admin.compound.keys import private_key
from web_admin.compound.models import Gate, Home, Lane, Person
from web_admin.core.effects import Effects
from web_admin.core.sealing import Sealer
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.why_refused import published_snapshot
from web_admin.face.actions import enable_face
from web_admin.face.notices import NOTICE_FIELDS, publish_notice
from web_admin.gates import pairing
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.models import PairAttempt
from web_admin.gates.orders import approve_pairing, make_pair_code
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheets import save_sheet
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.records import open_gate_keys

NOTICE = {language: dict.fromkeys(NOTICE_FIELDS, "said plainly") for language in ("zh", "en")}
ALL_METHODS = ("card", "pin", "qr", "face")


def manager(
    session: Session, sealer: Sealer, site_id: str, now: datetime, effects: Effects | None = None
) -> Action:
    """Return what every action of the manager starts with; it publishes unless other effects are given."""
    return Action(
        session, sealer, site_id, "manager-1", "manager", now, effects=effects or PolicyEffects(sealer)
    )


def at_desk(act: Action) -> Action:
    return replace(act, channel="desk")


def by_phone(act: Action, person_id: str, channel: Channel = "phone") -> Action:
    """Return the same action as the person does it."""
    return replace(act, actor_id=person_id, channel=channel)


def add_lane(act: Action, gate_id: str = "north", methods: tuple[str, ...] = ("card", "pin", "qr")) -> str:
    """Add a gate with one lane in, put it live, pair it as an installer does; return the lane's id."""
    with one_publication(act) as part:
        add_gate(part, gate_id, gate_id.title())
        add_live_lane(part, gate_id, LaneSpec(f"{gate_id}-in", "In", "in", methods))
        pair(part, gate_id)
    return f"{gate_id}-in"


def add_live_lane(act: Action, gate_id: str, spec: LaneSpec) -> None:
    """Add a lane and put it live with a whole sheet."""
    with one_publication(act) as part:
        save_lane(part, gate_id, replace(spec, methods=tuple(m for m in spec.methods if m != "face")))
        save_sheet(part, spec.lane_id, WHOLE_SHEET)
        if "face" in spec.methods:
            save_lane(part, gate_id, spec)


def pair(act: Action, gate_id: str) -> Ed25519PrivateKey:
    """Pair a controller with a gate: code, same characters, yes."""
    key, nonce = Ed25519PrivateKey.generate(), os.urandom(16)
    sealing_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
    code = make_pair_code(act, gate_id)
    request = PairCommit(
        code=code,
        gate_public_key=public_bytes(key),
        sealing_public_key=sealing_key,
        commitment=pairing_commitment(public_bytes(key), sealing_key, nonce),
    )
    offer = pairing.commit(act.session, act.sealer, request, act.now)
    pairing.reveal(act.session, act.session.get_one(PairAttempt, offer.pair_id), PairReveal(gate_nonce=nonce))
    approve_pairing(act, offer.pair_id)
    return key


def offer_face(act: Action, gate_id: str = "north") -> None:
    """Publish a notice, have it assessed, switch face on and offer it at a gate's lane."""
    with one_publication(act) as part:
        publish_notice(part, FACE_PURPOSE, NOTICE)
        assess(part)
        enable_face(part)
        save_lane(part, gate_id, LaneSpec(f"{gate_id}-in", "In", "in", ALL_METHODS))


def household(act: Action, number: str = "3-1203", name: str = "Lin") -> tuple[Home, Person]:
    with one_publication(act) as part:
        home = add_home(part, number)
        return home, add_person(part, display_name=name, home_id=home.home_id)


def gate_view(act: Action, gate_id: str = "north") -> PolicySnapshot:
    """Return what the gate knows after its next question."""
    return published_snapshot(act.session, act.session.get_one(Gate, gate_id), act.now)


def gate_keys(act: Action, gate_id: str = "north") -> GateKeys:
    """Return the keys that the gate was given."""
    keys = open_gate_keys(act.sealer, act.session.get_one(Gate, gate_id))
    pass_key = public_bytes(private_key(act.session, act.sealer, act.site_id, "pass"))
    return GateKeys(keys.card_key, keys.pin_key, pass_key)


def show_card(act: Action, number: int, lane_id: str = "north-in") -> Decision:
    """Hold a card to a lane's reader."""
    policy = gate_view(act).policy
    return decide(identify_card(number, policy, gate_keys(act)), lane_id, policy, GateMemory(), act.now)


def type_digits(act: Action, home_number: str, digits: str, lane_id: str = "north-in") -> Decision:
    """Type a home's number and digits at a lane's keypad."""
    policy = gate_view(act).policy
    tag = hash_typed(home_number, digits, policy, gate_keys(act))
    return decide(identify_typed(home_number, tag, policy), lane_id, policy, GateMemory(), act.now)


def show_code(act: Action, text: str, lane_id: str = "north-in") -> Decision:
    """Hold a QR code to a lane's scanner."""
    gate_id = act.session.get_one(Lane, lane_id).gate_id
    policy = gate_view(act, gate_id).policy
    claim: Claim = identify_code(text, policy, gate_keys(act, gate_id), act.now)
    return decide(claim, lane_id, policy, GateMemory(), act.now)


def audit_kinds(act: Action) -> list[str]:
    """Return the kinds of the site's audit entries, in order."""
    rows = select(AuditEntry.kind).where(AuditEntry.site_id == act.site_id).order_by(AuditEntry.seq)
    return list(act.session.scalars(rows))
