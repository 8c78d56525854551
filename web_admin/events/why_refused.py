"""Answer "why did it not open?" with the rules and records of the gate."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import is_usable, own_method
from gate_controller.contract.policy import PolicySnapshot, compile_policy
from gate_controller.contract.records import Credential, CredentialState, Method
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from web_admin.compound.models import Gate, Lane, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.events.queries import OPENING
from web_admin.events.reason_texts import for_staff, what_to_do
from web_admin.policy.known_versions import decides_on


class NothingPublished(Exception):
    """The gate of this lane has no records yet: no controller was paired."""


def why_refused(
    session: Session,
    person_id: str,
    lane_id: str,
    method: Method,
    at: datetime,
    heard_at: datetime | None = None,
) -> Reason:
    """Return the decision of the lane's gate at `at` if the person used this method with a sure clock.

    What only the gate knows (delays after failures, used-up codes) is not asked. `heard_at` is when a silent
    gate last had news: its policy grows old from then on. Raises NothingPublished for a lane without paired
    controller.
    """
    lane = session.get(Lane, lane_id)
    if lane is None:
        return Reason.UNKNOWN_LANE
    snapshot = published_snapshot(session, lane.gate, heard_at or at, about=person_id)
    claim = claim_of(snapshot, person_id, method, at)
    return decide(claim, lane_id, snapshot.policy, GateMemory(), at).reason


def published_snapshot(
    session: Session, gate: Gate, at: datetime, *, about: str | None = None
) -> PolicySnapshot:
    """Return the gate's published records as the gate compiles them; raise NothingPublished.

    With `about` only what decides for that person is compiled, so that the answer takes as long with
    ten thousand neighbours as with none.
    """
    query = select(PolicyRecordRow.key, PolicyRecordRow.value).where(
        PolicyRecordRow.gate_id == gate.gate_id, PolicyRecordRow.value.is_not(None)
    )
    if about is not None:
        query = query.where(decides_on(session, about))
    rows = session.execute(query)
    records = {key: value for key, value in rows if value is not None}
    if not records:
        raise NothingPublished(f"gate {gate.gate_id}: pair a controller first")
    site = session.get_one(Site, gate.site_id)
    return compile_policy(records, epoch=site.epoch, version=site.version, issued_at=at)


def claim_of(snapshot: PolicySnapshot, person_id: str, method: Method, at: datetime) -> Claim:
    """Return the claim that the person would make with the best credential they have for a method."""
    if method is Method.FACE:
        face = snapshot.face_roster.get(person_id)
        refusal = None if face is not None and face.is_valid(at) else Reason.FACE_NO_MATCH
        return Claim(method, person_id, refusal=refusal)
    own = [
        credential
        for credential in snapshot.policy.credentials.values()
        if credential.person_id == person_id and own_method(credential) is method
    ]
    own.sort(key=lambda credential: (_rank(credential, at), credential.credential_id))
    return Claim(method, person_id, own[0] if own else None, second=int(at.timestamp()))


def _rank(credential: Credential, at: datetime) -> int:
    """Sort what works first, then what does not work now, then suspended, then ended."""
    ranks = {CredentialState.ACTIVE: 0, CredentialState.SUSPENDED: 2, CredentialState.ENDED: 3}
    out_of_time = credential.state is CredentialState.ACTIVE and not is_usable(credential, at)
    return ranks[credential.state] + out_of_time


def explained(reason: str) -> dict[str, object]:
    """Return what a page says of a reason: whether it opens, the sentence, and what to do."""
    return {
        "opens": reason in OPENING,
        "reason": reason,
        "text": for_staff(reason),
        "to_do": what_to_do(reason),
    }
