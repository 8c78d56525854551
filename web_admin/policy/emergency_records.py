"""Build a gate's records of codes for ambulance and fire brigade, and read its reports of their use.

The codes belong to no person and no home. At a keypad they are typed after home number 0, which no
household may have, under a salt of their own.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.contract.pins import gate_pin_tag
from gate_controller.contract.records import (
    EMERGENCY_HOME_NUMBER,
    Credential,
    CredentialState,
    EmergencyCodeCredential,
    HomeRecord,
    Record,
)
from gate_controller.rules.decision import Reason
from web_admin.compound.models import Gate
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.core.sealing import SealBroken, Sealer, open_pin_tag
from web_admin.credentials.models import EmergencyCode
from web_admin.policy.facts import GateFacts, SiteFacts

EMERGENCY_ID = "emergency"
"""Takes the place of person and home of other credentials."""

_log = logging.getLogger(__name__)


def emergency_records(
    facts: SiteFacts, sealer: Sealer, gate: GateFacts, pin_key: bytes, *, published_since: datetime
) -> Iterator[tuple[str, Record | Credential]]:
    """Give the codes of a gate's lanes, those that ended after `published_since` as ended, and home 0."""
    here = {lane.lane_id for lane in facts.lanes[gate.gate_id]}
    any_published = False
    for code in facts.emergency_codes:
        lanes = tuple(lane_id for lane_id in code.lanes if lane_id in here)
        if not lanes or (code.ended_at is not None and code.ended_at <= published_since):
            continue
        try:
            tag = gate_pin_tag(open_pin_tag(sealer, code.secret_sealed), pin_key)
        except SealBroken:
            _log.error(
                "emergency code %s is left out of the policy: its secret cannot be opened", code.credential_id
            )
            continue
        any_published = True
        yield (
            f"credential:{code.credential_id}",
            EmergencyCodeCredential(
                credential_id=code.credential_id,
                person_id=EMERGENCY_ID,
                state=CredentialState(code.state),
                home_id=EMERGENCY_ID,
                tag=tag,
                lanes=lanes,
                hold_minutes=code.hold_minutes,
            ),
        )
    if any_published and facts.site.emergency_salt is not None:
        home = HomeRecord(EMERGENCY_ID, EMERGENCY_HOME_NUMBER, facts.site.emergency_salt)
        yield f"home:{EMERGENCY_ID}", home


def emergency_keys(session: Session, site_id: str) -> frozenset[str]:
    """Return the keys under which any gate may have received emergency codes."""
    ids = session.scalars(select(EmergencyCode.credential_id).where(EmergencyCode.site_id == site_id))
    return frozenset({f"home:{EMERGENCY_ID}", *(f"credential:{credential_id}" for credential_id in ids)})


def note_uses(session: Session, gate: Gate, entries: Sequence[JournalEntry]) -> None:
    """Keep when and where each emergency code last opened a lane: after a use it is no secret any more."""
    for entry in entries:
        if (
            entry.kind != EventKind.ACCESS
            or entry.facts.get("reason") != Reason.OVERRIDE
            or entry.facts.get("opens") is not True
        ):
            continue
        code = session.get(EmergencyCode, str((entry.personal or {}).get("credential_id") or ""))
        if code is None or code.site_id != gate.site_id:
            continue
        if code.last_used_at is None or code.last_used_at < entry.at:
            if GATE_ALONE in session.info:
                raise SiteFirst
            code.last_used_at, code.last_used_lane_id = entry.at, str(entry.facts.get("lane_id") or "")
    session.flush()
