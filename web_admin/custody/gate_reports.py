"""Store a gate's reports on face and tampering, for the manager's page and for the leases."""

from datetime import datetime

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.messages import AskRequest
from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import gate_of
from web_admin.compound.models import Gate
from web_admin.core.refusal import ActionRefused
from web_admin.core.wake_ups import wake_after_commit
from web_admin.custody.models import GateFaceRow

PROGRAM_OUTDATED = "program_outdated"
"""The trouble of a gate that asks without a key to which leases could be sealed: its program is too old."""


def note_face(session: Session, gate: Gate, question: AskRequest, now: datetime) -> str | msgspec.UnsetType:
    """Store a gate's report on face and tampering; return the id of cleared tampering."""
    tamper_id = None if question.tamper_id is msgspec.UNSET else question.tamper_id
    status = None if question.face is msgspec.UNSET else msgspec.to_builtins(question.face)
    if status is not None and question.sealing_public_key is msgspec.UNSET:
        status["trouble"] = status["trouble"] or PROGRAM_OUTDATED
    row = session.get(GateFaceRow, gate.gate_id)
    if row is None and tamper_id is None and status is None:
        return msgspec.UNSET
    if row is None:
        row = GateFaceRow(gate_id=gate.gate_id)
        session.add(row)
    row.status = status
    if tamper_id is not None and tamper_id != row.tamper_id:
        row.tamper_id, row.tampered_at = tamper_id, now
    session.flush()
    return tamper_id if tamper_id is not None and row.tampered_at is None else msgspec.UNSET


def forget_tampering(session: Session, gate: Gate) -> None:
    """Forget the reports, because another controller replaces this gate's."""
    row = session.get(GateFaceRow, gate.gate_id)
    if row is not None:
        session.delete(row)
        session.flush()


STAFF_CHANNELS = ("manager", "desk", "system")


def clear_tampering(act: Action, gate_id: str, tamper_id: str) -> None:
    """Clear the tampering shown on the page, and no later one, after an inspection of the gate."""
    begin(act)
    if act.channel not in STAFF_CHANNELS:
        raise ActionRefused(None, _("This is for the property office and the guards."))
    gate_of(act, gate_id)
    row = act.session.get(GateFaceRow, gate_id)
    if row is None or row.tampered_at is None:
        raise ActionRefused(None, _("This gate has reported no tampering since it was last cleared."))
    if row.tamper_id != tamper_id:
        raise ActionRefused(None, _("The gate has reported tampering again. Inspect it again."))
    row.tampered_at = None
    wake_after_commit(act.session, act.site_id, (gate_id,))
    finish(act, "tampering_cleared", {"gate_id": gate_id, "tamper_id": tamper_id}, touches=())
