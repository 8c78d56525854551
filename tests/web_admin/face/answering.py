"""Answers of a person at a gate, as the gate sends them."""

from dataclasses import replace

from sqlalchemy import select

from gate_controller.contract.journal_chain import GENESIS, JournalEntry, chain_entry
from web_admin.action.base import Action
from web_admin.compound.models import Gate
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.gate_answers import take_answers
from web_admin.face.queries import newest_notice
from web_admin.journal.models import AuditEntry

NAMED = ("guardian_id", "consent_id", "credential_id", "guardian_credential_id")


def answer(act: Action, person_id: str, said: str, **changes: object) -> JournalEntry:
    """Return the entry of an answer as a gate writes it."""
    at = changes.pop("at", act.now)
    persons = {"person_id": person_id}
    persons |= {name: changes.pop(name) for name in NAMED if name in changes}
    notice = newest_notice(act.session, FACE_PURPOSE, "zh")
    assert notice is not None
    facts = {
        "lane_id": "north-in",
        "answer": said,
        "notice_version": notice.version,
        "notice_sha256": notice.sha256.hex(),
        "language": "zh",
        "shown_by": "card",
        **changes,
    }
    return chain_entry(GENESIS, 1, at, "face_answer", facts, persons)


def take(act: Action, *entries: JournalEntry) -> None:
    act.session.flush()
    take_answers(replace(act, channel="gate"), act.session.get_one(Gate, "north"), entries)


def consents(act: Action) -> list[Consent]:
    return list(act.session.scalars(select(Consent).order_by(Consent.given_at)))


def refusals(act: Action) -> list[object]:
    rows = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "face_answer_refused"))
    return [row.facts["reason"] for row in rows]
