"""Carry out what people answered about their face at a gate: yes, no, or taking it back.

A gate reports it in its journal. The report is trusted on who was there, for the gate read their card or
PIN; whether they may consent, to which text and with whom is decided here again. An answer that cannot be
taken stays in the audit journal with the reason, and nothing else changes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry
from web_admin.action.base import Action, record
from web_admin.compound.age_bands import MINOR
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.compound.own_credentials import is_own_yes
from web_admin.core.database import among
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE, live_face_consents
from web_admin.face.actions import give_face_consent, record_refusal, withdraw_face
from web_admin.face.lost_methods import note_opening
from web_admin.face.queries import newest_notice
from web_admin.face.restored import FACES_RESTORED
from web_admin.face.ways_in import live_face_consent
from web_admin.journal.models import AuditEntry

YES_COUNTS = timedelta(minutes=10)
"""The gate shows the person within seconds whether their yes arrived; one that comes much later is none."""
CLOCKS_DIFFER = timedelta(minutes=5)


class AnswerFacts(msgspec.Struct, frozen=True):
    """The facts of an answer, as a gate writes them."""

    lane_id: str
    answer: Literal["yes", "no", "withdraw"]
    notice_version: int
    notice_sha256: str
    language: str
    shown_by: Literal["card", "pin"]


class AnswerPersons(msgspec.Struct, frozen=True):
    """People that an answer is about, and their showings; `consent_id` is the one that is taken back.

    Gates of an older version name no `credential_id`.
    """

    person_id: str
    guardian_id: str | None = None
    consent_id: str | None = None
    credential_id: str | None = None
    guardian_credential_id: str | None = None


class _AnswerRejected(Exception):
    """An answer that counts for nothing; its text is the stable word for why."""


def take_answers(by_gate: Action, gate: Gate, entries: Sequence[JournalEntry]) -> None:
    """Carry out the answers among entries that are new to this server, in their order."""
    for entry in entries:
        if entry.kind == EventKind.FACE_ANSWER:
            _take(by_gate, gate, entry)


def _take(by_gate: Action, gate: Gate, entry: JournalEntry) -> None:
    try:
        facts = msgspec.convert(entry.facts, AnswerFacts)
        persons = msgspec.convert(entry.personal or {}, AnswerPersons)
    except msgspec.ValidationError:
        _quarantine(by_gate, gate, entry, "unreadable")
        return
    act = replace(by_gate, actor_id=persons.person_id)
    try:
        # What an action has changed before it is refused must not stay.
        with act.session.begin_nested():
            _carry_out(act, gate, entry, facts, persons)
    except _AnswerRejected as why:
        _quarantine(act, gate, entry, str(why), persons.person_id)
    except ActionRefused as refused:
        _quarantine(act, gate, entry, refused.field or "not_allowed", persons.person_id, str(refused))


def _carry_out(
    act: Action, gate: Gate, entry: JournalEntry, facts: AnswerFacts, persons: AnswerPersons
) -> None:
    match facts.answer:
        case "yes":
            _check_yes(act, gate, entry, facts, persons)
            give_face_consent(
                act,
                persons.person_id,
                facts.notice_version,
                facts.language,
                guardian_id=persons.guardian_id,
            )
            shown = (persons.credential_id, persons.guardian_credential_id)
            note_opening(act.session, persons.person_id, shown, act.now)
        case "no":
            record_refusal(act, persons.person_id, facts.notice_version, facts.language)
        case "withdraw":
            person = act.session.get(Person, persons.person_id)
            live = live_face_consent(act.session, person) if person is not None else None
            is_of_another = live is not None and persons.consent_id not in (None, live.consent_id)
            if live is not None and is_of_another and entry.at <= live.given_at:
                # They took back an older one, and have agreed again since, elsewhere.
                raise _AnswerRejected("newer_consent")
            withdraw_face(act, persons.person_id)


def _check_yes(
    act: Action, gate: Gate, entry: JournalEntry, facts: AnswerFacts, persons: AnswerPersons
) -> None:
    """Raise unless a yes is fresh, from a gate that is trusted, to the very text that is shown now."""
    if not gate.is_trusted:
        raise _AnswerRejected("gate_not_trusted")
    if not -CLOCKS_DIFFER <= act.now - entry.at <= YES_COUNTS:
        raise _AnswerRejected("too_late")
    _check_own(act, facts, persons)
    notice = newest_notice(act.session, FACE_PURPOSE, facts.language)
    if notice is None or notice.sha256.hex() != facts.notice_sha256:
        raise _AnswerRejected("notice")
    said_no_since = select(AuditEntry.seq).where(
        AuditEntry.site_id == act.site_id,
        AuditEntry.person_id == persons.person_id,
        AuditEntry.kind == "face_refused",
        AuditEntry.at > entry.at,
    )
    taken_back_since = select(Consent.consent_id).where(
        Consent.person_id == persons.person_id,
        Consent.purpose == FACE_PURPOSE,
        Consent.withdrawn_at > entry.at,
    )
    # Withdrawals after a yes and before the server was lost are unknown.
    restored_since = select(AuditEntry.seq).where(
        AuditEntry.site_id == act.site_id, AuditEntry.kind == FACES_RESTORED, AuditEntry.at > entry.at
    )
    if any(act.session.scalar(later.limit(1)) for later in (said_no_since, taken_back_since, restored_since)):
        raise _AnswerRejected("overtaken")


def _check_own(act: Action, facts: AnswerFacts, persons: AnswerPersons) -> None:
    """Raise unless the person, and a guardian beside them, showed something that no one else knows or saw.

    Of a gate that does not say what was shown, every possible credential has to be a person's own.
    """
    person = act.session.get(Person, persons.person_id)
    if person is None:
        return  # the action refuses an unknown person with its own words
    minor = person.age_band == MINOR
    if not _is_own(act, person.person_id, persons.credential_id, facts.shown_by, of_minor=minor):
        raise _AnswerRejected("credential_not_own")
    guardian_id, guardians = persons.guardian_id, persons.guardian_credential_id
    if guardian_id is not None and not _is_own(act, guardian_id, guardians, None, of_minor=False):
        raise _AnswerRejected("guardians_credential_not_own")


def _is_own(
    act: Action, person_id: str, credential_id: str | None, kind: str | None, *, of_minor: bool
) -> bool:
    can_be = select(CredentialRow).where(
        CredentialRow.person_id == person_id,
        CredentialRow.state != "ended",
        CredentialRow.kind.in_(IDENTIFYING_KINDS if kind is None else (kind,)),
    )
    if credential_id is not None:
        can_be = can_be.where(CredentialRow.credential_id == credential_id)
    rows = act.session.scalars(can_be).all()
    return bool(rows) and all(is_own_yes(row, of_minor=of_minor) for row in rows)


def note_openings(session: Session, site_id: str, entries: Sequence[JournalEntry], now: datetime) -> None:
    """Remember with which cards and PINs faces are taken, for those of the site who have agreed already."""
    shown: dict[tuple[str, str], None] = {}
    for entry in entries:
        personal = entry.personal or {}
        person_id, credential_id = personal.get("person_id"), personal.get("credential_id")
        is_of_face = entry.kind in (EventKind.SHOWN_FOR_FACE, EventKind.FACE_ENROLLED)
        if is_of_face and isinstance(person_id, str) and isinstance(credential_id, str):
            shown[person_id, credential_id] = None
    if not shown:
        return
    named = sorted({credential_id for _, credential_id in shown})
    holders = select(CredentialRow.credential_id, CredentialRow.person_id)
    among_named = among(session, CredentialRow.credential_id, named)
    held_by = dict(session.execute(holders.where(among_named)).all())
    theirs = [(person_id, one_id) for person_id, one_id in shown if held_by.get(one_id) == person_id]
    agreed = live_face_consents(session, site_id, sorted({person_id for person_id, _ in theirs}))
    for person_id, credential_id in theirs:
        if person_id in agreed:
            note_opening(session, person_id, [credential_id], now)


def _quarantine(
    act: Action, gate: Gate, entry: JournalEntry, why: str, person_id: str | None = None, detail: str = ""
) -> None:
    answer = entry.facts.get("answer")
    record(
        act,
        "face_answer_refused",
        {
            "gate_id": gate.gate_id,
            "journal_seq": entry.seq,
            "answer": answer if isinstance(answer, str) else "",
            "reason": why,
            "detail": detail[:200],
        },
        person_id=person_id,
    )
