"""Passages of a person, as a gate's journal brings them."""

import secrets
from datetime import timedelta

from sqlalchemy import select

from tests.support.compounds.resident import Compound
from web_admin.journal.models import GateEvent


def add_passage(
    compound: Compound, person_id: str, reason: str, *, method: str = "card", credential_id: str = ""
) -> None:
    """Store an entry as a gate's journal brings it."""
    with compound.session() as session:
        seq = len(session.scalars(select(GateEvent.seq)).all()) + 1
        session.add(
            GateEvent(
                gate_id="north",
                seq=seq,
                at=compound.clock() + timedelta(minutes=seq),
                kind="access",
                journal_id="north.1",
                lane_id="north-in",
                person_id=person_id,
                facts={
                    "lane_id": "north-in",
                    "method": method,
                    "opens": reason == "granted",
                    "reason": reason,
                },
                personal={"person_id": person_id, "credential_id": credential_id},
                salt=secrets.token_bytes(16),
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=secrets.token_bytes(32),
                received_at=compound.clock(),
            )
        )
