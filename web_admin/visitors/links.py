"""Addresses under which visitors see a pass, and the minute-long copies that the page shows.

The address is the id and an HMAC under a key outside the database: no one can guess one, the database
does not hold it, and it stays the same when a pass is signed again.
"""

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from gate_controller.contract.passes import SITE_ITSELF, VisitorPass, make_visitor_pass
from web_admin.compound.keys import private_key
from web_admin.core.sealing import Sealer
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.pass_states import pass_state

ID_BYTES = 8
PROOF_BYTES = 16
RENEWED_BEFORE = timedelta(seconds=30)
RENEWED_AFTER = timedelta(seconds=45)
"""A renewed copy is good for this long around its making: a gate's clock may be off by that much."""

Linked = Literal["pass", "series"]


def link_text(sealer: Sealer, kind: Linked, row_id: str) -> str:
    """Return the last part of a visitor's address: 32 characters of base64url."""
    whole = bytes.fromhex(row_id) + _proof(sealer, kind, row_id)
    return base64.urlsafe_b64encode(whole).decode()


def linked(session: Session, sealer: Sealer, text: str) -> VisitorPassRow | VisitorSeriesRow | None:
    """Return the pass or invitation of an address, None for every other text."""
    try:
        whole = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:  # not base64, not even ASCII
        return None
    if len(whole) != ID_BYTES + PROOF_BYTES:
        return None
    row_id, proof = whole[:ID_BYTES].hex(), whole[ID_BYTES:]
    if hmac.compare_digest(proof, _proof(sealer, "pass", row_id)):
        return session.get(VisitorPassRow, row_id)
    if hmac.compare_digest(proof, _proof(sealer, "series", row_id)):
        return session.get(VisitorSeriesRow, row_id)
    return None


def renewed_text(session: Session, sealer: Sealer, row: VisitorPassRow, now: datetime) -> str | None:
    """Return a live pass signed for the next 45 seconds alone, None when it is not live.

    Same id, gates, issuer and uses, so gates count and refuse it as the pass itself.
    """
    if pass_state(row, now) != "live":
        return None
    whole = VisitorPass(
        row.pass_id,
        row.issuer_person_id or SITE_ITSELF,
        tuple(row.gate_numbers),
        row.valid_from.astimezone(UTC),
        row.valid_until.astimezone(UTC),
        row.uses,
    )
    short = replace(
        whole,
        valid_from=max(whole.valid_from, now - RENEWED_BEFORE),
        valid_until=min(whole.valid_until, now + RENEWED_AFTER),
    )
    return make_visitor_pass(private_key(session, sealer, row.site_id, "pass"), row.site_id, short)


def _proof(sealer: Sealer, kind: Linked, row_id: str) -> bytes:
    return sealer.lookup(f"visitor-link/{kind}", bytes.fromhex(row_id))[:PROOF_BYTES]
