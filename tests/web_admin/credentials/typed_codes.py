"""Emergency codes that are made, and typed at a gate."""

from sqlalchemy import select

from gate_controller.contract.records import EmergencyCodeCredential
from gate_controller.rules.identify import hash_typed, identify_typed
from tests.support.acting import gate_keys, gate_view
from web_admin.action.base import Action
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode


def make(act: Action, *lanes: str, hold_minutes: int = 0, replaces: str | None = None) -> str:
    return make_emergency_code(
        act, label="Ambulance 120", lanes=lanes or ("north-in",), hold_minutes=hold_minutes, replaces=replaces
    )


def typed_at(act: Action, digits: str, gate_id: str = "north") -> EmergencyCodeCredential | None:
    """Type home 0 and digits at a gate's keypad; return the emergency code that the gate takes it for."""
    policy = gate_view(act, gate_id).policy
    claim = identify_typed("0", hash_typed("0", digits, policy, gate_keys(act, gate_id)), policy)
    assert claim.credential is None or isinstance(claim.credential, EmergencyCodeCredential)
    return claim.credential


def code_ids(act: Action) -> list[str]:
    rows = select(EmergencyCode.credential_id).order_by(EmergencyCode.created_at)
    return list(act.session.scalars(rows))
