"""Build a gate's records of one person's face: that it may keep one, or that they may consent there."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from gate_controller.contract.records import FaceOfferRecord, FaceRecord, Grant, Method
from web_admin.compound.age_bands import CHILD, MINOR, band_has_ended, midnight_at
from web_admin.compound.models import UNASSIGNED, Person
from web_admin.face.engine import FACE_ENGINE
from web_admin.policy.facts import GateFacts, SiteFacts


def face_record(
    facts: SiteFacts,
    person: Person,
    gate: GateFacts,
    grants: Sequence[Grant],
    ways: Collection[Method],
    ways_end: datetime | None,
) -> FaceRecord | None:
    """Return the right to keep a face here, None where it could become the only way in.

    It ends with the last other way, and on the day on which a minor's age band does, also at a gate
    that hears nothing from the server by then.
    """
    consent_id = facts.consents[person.person_id]
    lanes = facts.lanes[gate.gate_id]
    if facts.shares.get((person.person_id, gate.gate_id)) != consent_id:
        return None
    offering = [lane for lane in lanes if facts.live_lanes.offers_face(lane)]
    if not offering and any(Method.FACE in lane.methods for lane in lanes):
        return None
    granted = {lane_id for grant in grants for lane_id in grant.lanes}
    if any(lane.lane_id in granted and not set(ways) & set(lane.methods) for lane in offering):
        return None
    guardian_ids: tuple[str, ...] = ()
    if person.age_band == MINOR:
        guardian_ids = facts.face.agreed_guardians.get(consent_id, ())
        if not guardian_ids:
            return None
    ends = [] if ways_end is None else [ways_end]
    if person.age_band_until is not None:
        ends.append(midnight_at(facts.site, person.age_band_until))
    dropped = facts.face.dropped_looks.get((consent_id, gate.gate_id), ())
    return FaceRecord(
        person.person_id, consent_id, FACE_ENGINE, min(ends, default=None), guardian_ids, dropped
    )


def face_offer(
    facts: SiteFacts,
    person: Person,
    gate: GateFacts,
    grants: Sequence[Grant],
    ways: Collection[Method],
    today: date,
) -> FaceOfferRecord | None:
    """Return that a person without live consent may give one at this gate, if they ask to."""
    if not facts.site.face_enabled or person.person_id in facts.consents or person.suspended or not ways:
        return None
    if person.kind == UNASSIGNED:  # whose face would it be?
        return None
    granted = {lane_id for grant in grants for lane_id in grant.lanes}
    if not any(
        facts.live_lanes.offers_face(lane) and lane.lane_id in granted for lane in facts.lanes[gate.gate_id]
    ):
        return None
    if person.age_band == CHILD or band_has_ended(person, today):
        return None
    if person.age_band != MINOR:
        return FaceOfferRecord(person.person_id, on_phone=facts.face.signs)
    guardian_ids = facts.face.guardian_ids.get(person.person_id, ())
    on_phone = facts.face.signs or facts.face.guardians_needed.get(person.person_id, 1) > 1
    return FaceOfferRecord(person.person_id, guardian_ids, on_phone) if guardian_ids else None
