"""Let both ends of a call use the relays (TURN) that the operator named, while that call may last.

A relay knows no calls and asks the server nothing: it checks a digest of when the right ends and of the
call's id, made with a secret that server and relay share (draft-uberti-behave-turn-rest-00; coturn has it).
"""

import base64
import hmac
from datetime import timedelta

from sqlalchemy.orm import Session

from gate_controller.contract.call_media import MediaRelays
from gate_controller.contract.calls import LONGEST_CALL_SECONDS
from gate_controller.contract.features import CALL_RELAYS
from web_admin.calls.models import HomeCall
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig


def relays_of_gate(config: WebConfig, session: Session, call: HomeCall) -> MediaRelays | None:
    """Return the relays for the gate's end; an older gate would not understand them."""
    gate = session.get_one(Gate, call.gate_id)
    return relays_of(config, call) if CALL_RELAYS in gate.knows else None


def relays_of(config: WebConfig, call: HomeCall) -> MediaRelays | None:
    """Return the relays of a call, the same each time; None where the operator named none."""
    if not config.turn_servers:
        return None
    ends_at = call.started_at + timedelta(seconds=LONGEST_CALL_SECONDS)
    username = f"{int(ends_at.timestamp())}:{call.call_id}"
    digest = hmac.digest(config.turn_secret.encode(), username.encode(), "sha1")
    return MediaRelays(
        urls=config.turn_servers, username=username, credential=base64.b64encode(digest).decode()
    )
