"""End every face that a backup restores: whether it was withdrawn since is unknown.

Gates could report what they received; one that is offline, was wiped or is left out could not, and a
withdrawal by phone reaches no gate before the server is lost with it. So the consents end, their owners are
asked for a renewal, and enrol again after a yes, which they had to anyway: shares are in no backup.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from gate_controller.contract.records import FaceRecord, PolicyRefused, decode_record
from web_admin.action.base import Action, record
from web_admin.compound.models import Gate, Person
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.custody.models import Consent
from web_admin.custody.shares import (
    FACE_PURPOSE,
    EndedFace,
    begin_evidence,
    gates_offering_face,
    public_keys_of,
)
from web_admin.face.guardians import lapse_requests
from web_admin.face.models import GuardianRequest
from web_admin.face.renewals import RESTORED, people_with_consent, request_renewal

FACES_RESTORED = "faces_ended_by_restore"


def end_restored_faces(act: Action) -> int:
    """End all consents to face, and what waits for a guardian's yes; return how many people had one.

    The caller publishes. Every gate that may have had a face owes its receipt again.
    """
    people = people_with_consent(act)
    offering, published = set(gates_offering_face(act.session, act.site_id)), _published(act)
    for person in people:
        consents = _live(act, person)
        request_renewal(act, person, RESTORED)
        of_gates = {consent: offering | published.get(consent.consent_id, set()) for consent in consents}
        public_keys = public_keys_of(act.session, set().union(*of_gates.values()))
        # Under which key its share was sealed is gone with the share: the key then in use counts.
        ended = [
            EndedFace(
                person.person_id, consent.consent_id, gate_id, public_keys[gate_id], consent.given_at, ""
            )
            for consent, gate_ids in of_gates.items()
            for gate_id in sorted(gate_ids)
        ]
        begin_evidence(act.session, ended, RESTORED, act.now)
    for minor_id in act.session.scalars(select(GuardianRequest.minor_id).distinct()).all():
        if act.session.get_one(Person, minor_id).site_id == act.site_id:
            lapse_requests(act, minor_id)
    record(act, FACES_RESTORED, {"faces": len(people)})
    return len(people)


def _live(act: Action, person: Person) -> Sequence[Consent]:
    wanted = select(Consent).where(
        Consent.person_id == person.person_id, Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
    )
    return act.session.scalars(wanted).all()


def _published(act: Action) -> Mapping[str, set[str]]:
    """Return, by consent, the gates that were allowed before the backup to keep its face."""
    rows = act.session.execute(
        select(PolicyRecordRow.gate_id, PolicyRecordRow.key, PolicyRecordRow.value)
        .join(Gate, Gate.gate_id == PolicyRecordRow.gate_id)
        .where(
            Gate.site_id == act.site_id,
            PolicyRecordRow.key.startswith("face:"),
            PolicyRecordRow.value.is_not(None),
        )
    )
    gates_of: dict[str, set[str]] = {}
    for gate_id, key, value in rows:
        try:
            face = decode_record(key, value or b"")
        except PolicyRefused:
            continue  # of an older version of this program: no reason to break the restore off
        if isinstance(face, FaceRecord):
            gates_of.setdefault(face.consent_id, set()).add(gate_id)
    return gates_of
