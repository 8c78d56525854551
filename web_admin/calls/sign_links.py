"""Addresses on the signs of gates, where couriers ask by their own phone.

An address has the gate's number and an HMAC under a key outside the database: no one finds the sign of
another gate by counting. It opens nothing and stays the same.
"""

import base64
import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate
from web_admin.core.sealing import Sealer

PROOF_BYTES = 10


def sign_text(sealer: Sealer, gate: Gate) -> str:
    """Return the last part of the address on a gate's sign: its number, `-`, 16 letters and digits."""
    proof = sealer.lookup("gate-sign", gate.gate_id.encode())[:PROOF_BYTES]
    return f"{gate.number}-{base64.b32encode(proof).decode().lower()}"


def gate_of_sign(session: Session, sealer: Sealer, site_id: str, text: str) -> Gate | None:
    """Return the paired gate of a sign's address, None for every other text."""
    number = text.partition("-")[0]
    if not (number.isascii() and number.isdecimal() and len(number) <= 5):
        return None
    gate = session.scalars(
        select(Gate).where(Gate.site_id == site_id, Gate.number == int(number), Gate.state == "paired")
    ).first()
    if gate is None or not text.isascii() or not hmac.compare_digest(text, sign_text(sealer, gate)):
        return None
    return gate
