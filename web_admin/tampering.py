"""A gate that somebody may have had their hands in gets no lease until it was checked.

The gate says so with an id of its own for each tampering; whoever has looked at it clears that one, and
the gate takes leases again when it hears so. A contact that is still active makes a new tampering.
"""

from flask_babel import lazy_gettext as _

from web_admin.action.base import Act, begin, finish
from web_admin.action.lookups import gate_of
from web_admin.core.refusal import ActRefused
from web_admin.gate_face_models import GateFaceRow

STAFF_CHANNELS = ("manager", "desk", "system")


def clear_tampering(act: Act, gate_id: str, tamper_id: str) -> None:
    """Say that a gate was looked at and is as it should be: the tampering seen on the page, no later one."""
    begin(act)
    if act.channel not in STAFF_CHANNELS:
        raise ActRefused(None, _("This is for the property office and the guards."))
    gate_of(act, gate_id)
    row = act.session.get(GateFaceRow, gate_id)
    if row is None or row.tampered_at is None:
        raise ActRefused(None, _("This gate has told of no tampering since it was last cleared."))
    if row.tamper_id != tamper_id:
        raise ActRefused(None, _("The gate has told of tampering once more. Look at it again."))
    row.tampered_at = None
    finish(act, "tampering_cleared", {"gate_id": gate_id, "tamper_id": tamper_id}, touches=())
