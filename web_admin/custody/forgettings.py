"""Read each gate's progress in forgetting the face of a withdrawn consent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gate_controller.contract.forgetting_certificate import LEASE_ENDS_AFTER
from gate_controller.contract.records import Method
from web_admin.compound.models import Person
from web_admin.compound.queries import all_gates
from web_admin.custody.models import Consent
from web_admin.custody.queries import forgetting_times, receipt_times


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How far one gate is with forgetting: its signed receipt, or until when its lease can last."""

    gate_name: str
    receipt_at: datetime | None
    lease_ends_at: datetime


def forgettings_of(session: Session, consent: Consent) -> list[Forgetting]:
    """Return each gate's report on a withdrawn consent.

    A gate that never had a lane for face has nothing to forget and is not waited for. A lease ends at the
    moment that the certificate of forgetting names.
    """
    if consent.withdrawn_at is None:
        return []
    receipts = receipt_times(session, consent.consent_id)
    begun = forgetting_times(session, consent.consent_id)
    person = session.get_one(Person, consent.person_id)
    return [
        Forgetting(
            gate.name,
            receipts.get(gate.gate_id),
            begun.get(gate.gate_id, consent.withdrawn_at) + LEASE_ENDS_AFTER,
        )
        for gate in all_gates(session, person.site_id)
        if gate.gate_id in receipts or any(Method.FACE in lane.methods for lane in gate.lanes)
    ]
