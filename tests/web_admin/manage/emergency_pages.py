"""The pages of emergency access, and what a gate reports of it."""

import re

from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from web_admin.credentials.models import EmergencyCode
from web_admin.journal.models import GateEvent


def send(client, page_path, path=None, **data):
    """Open a page, then send its form with what was typed."""
    page = client.get(page_path).text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    return client.post(path or page_path, data={"csrf_token": csrf_of(page), "once": once} | data)


def code_of(rows, label):
    return rows(
        lambda s: s.scalars(
            select(EmergencyCode).where(EmergencyCode.label == label).order_by(EmergencyCode.state)
        ).first()
    )


def override(by, person_id, credential_id, at):
    personal = {"person_id": person_id, "credential_id": credential_id}
    return GateEvent(
        journal_id="j",
        gate_id="north",
        seq=200,
        kind="alarm_override",
        lane_id="north-in",
        at=at,
        received_at=at,
        person_id=person_id,
        facts={"lane_id": "north-in", "by": by},
        personal=personal,
        salt=b"s",
        personal_digest=bytes(32),
        previous=bytes(32),
        digest=bytes(32),
    )
