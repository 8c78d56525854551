"""Build a gate's records of one person's face: that it may keep one, or that they may consent there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from gate_controller.contract.features import FACE_BESIDE
from gate_controller.contract.records import FaceOfferRecord, FaceRecord, Grant, Method
from web_admin.compound.age_bands import CHILD, MINOR, band_has_ended, midnight_at
from web_admin.compound.models import UNASSIGNED
from web_admin.face.engine import FACE_ENGINE
from web_admin.policy.face_times import FOREVER, FaceTimes, Place, Way
from web_admin.policy.facts import GateFacts, SiteFacts
from web_admin.policy.people_facts import PersonFacts


def face_record(
    facts: SiteFacts,
    person: PersonFacts,
    gate: GateFacts,
    grants: Sequence[Grant],
    ways: tuple[Way, ...],
    times: FaceTimes,
    places: Mapping[str, Place],
) -> FaceRecord | None:
    """Return the right to keep a face here, None where it could never open beside another way.

    It ends with the last minute of another way at a lane with face (`places`), and on the day on which a
    minor's age band does, also at a gate that hears nothing from the server by then. For a gate that does not
    decide each minute it ends with the first minute that could leave face alone.
    """
    consent_id = facts.consents[person.person_id]
    if facts.shares.get((person.person_id, gate.gate_id)) != consent_id:
        return None
    ways_end = times.last_end(ways, grants, places)
    if ways_end is not None and FACE_BESIDE not in gate.knows:
        granted = {lane_id for grant in grants for lane_id in grant.lanes}
        here = [place for lane_id, place in places.items() if lane_id in granted]
        ways_end = times.unbroken_end(ways, here)
    if ways_end is None:
        return None
    guardian_ids: tuple[str, ...] = ()
    if person.age_band == MINOR:
        guardian_ids = facts.face.agreed_guardians.get(consent_id, ())
        if not guardian_ids:
            return None
    ends = [] if ways_end == FOREVER else [ways_end]
    if person.age_band_until is not None:
        ends.append(midnight_at(facts.site, person.age_band_until))
    dropped = facts.face.dropped_looks.get((consent_id, gate.gate_id), ())
    return FaceRecord(
        person.person_id, consent_id, FACE_ENGINE, min(ends, default=None), guardian_ids, dropped
    )


def face_offer(
    facts: SiteFacts,
    person: PersonFacts,
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
