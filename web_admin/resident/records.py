"""My records: passages in plain words, who looked and why, my consents, and all of it as a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from flask import Response, abort, render_template
from sqlalchemy import select

from web_admin.accounts import resident_required
from web_admin.consent_models import GuardianConsent
from web_admin.database import request_session
from web_admin.guardians import guardian_of_consent
from web_admin.models import (
    AuditEntry,
    Consent,
    CredentialRow,
    Gate,
    Notice,
    Person,
    ReceiptRow,
    Site,
    VisitorPassRow,
)
from web_admin.reason_texts import for_resident, what_to_do
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.face import forgettings_of, notice_fields
from web_admin.resident.passages import passages_of

SHOWN_PASSAGES = 50
SHOWN_LOOKUPS = 20
EXPORTED = 10_000

Exported = dict[str, object]


def lookups_of(person_id: str, limit: int) -> Sequence[AuditEntry]:
    """Return who looked at a person's records, newest first."""
    return (
        request_session()
        .scalars(
            select(AuditEntry)
            .where(AuditEntry.person_id == person_id, AuditEntry.kind == "named_lookup")
            .order_by(AuditEntry.seq.desc())
            .limit(limit)
        )
        .all()
    )


def lookup_facts(entry: AuditEntry) -> Mapping[str, str]:
    """Return the role of whoever looked and the reason they gave."""
    known = {**entry.facts, **(entry.personal or {})}
    return {"role": str(known.get("role") or ""), "reason": str(known.get("reason") or "")}


def _consents_of(person_id: str) -> Sequence[Consent]:
    return (
        request_session()
        .scalars(select(Consent).where(Consent.person_id == person_id).order_by(Consent.given_at.desc()))
        .all()
    )


def _refusals_of(person_id: str) -> Sequence[datetime]:
    """Return when a person said no to face, newest first."""
    query = select(AuditEntry.at).where(AuditEntry.person_id == person_id, AuditEntry.kind == "face_refused")
    return request_session().scalars(query.order_by(AuditEntry.seq.desc()).limit(SHOWN_LOOKUPS)).all()


def _agreed_for(person_id: str) -> Sequence[tuple[GuardianConsent, Consent, Person]]:
    """Return what a person agreed to as a guardian, newest first."""
    query = (
        select(GuardianConsent, Consent, Person)
        .join(Consent, Consent.consent_id == GuardianConsent.consent_id)
        .join(Person, Person.person_id == Consent.person_id)
        .where(GuardianConsent.guardian_id == person_id)
        .order_by(GuardianConsent.given_at.desc())
    )
    return [(row[0], row[1], row[2]) for row in request_session().execute(query)]


@bp.get("/records")
@resident_required
def records() -> str:
    """Show the person's own records."""
    person, act = signed_in()
    return render_template(
        "resident/records.html",
        person=person,
        site=site_of(person),
        passages=passages_of(act.session, person.person_id, SHOWN_PASSAGES),
        lookups=[(row.at, lookup_facts(row)) for row in lookups_of(person.person_id, SHOWN_LOOKUPS)],
        consents=_consents_of(person.person_id),
        refusals=_refusals_of(person.person_id),
        wards=_agreed_for(person.person_id),
        for_resident=for_resident,
        what_to_do=what_to_do,
        tab="records",
    )


def _notice_of(consent: Consent) -> Notice | None:
    return request_session().get(Notice, (consent.purpose, consent.notice_version, consent.language))


@bp.get("/records/consents/<consent_id>")
@resident_required
def consent_text(consent_id: str) -> str:
    """Show one consent with exactly the text it was given to."""
    person, _act = signed_in()
    consent = _own_consent(person, consent_id)
    half = guardian_of_consent(request_session(), consent_id)
    guardian = request_session().get(Person, half.guardian_id) if half is not None else None
    notice = _notice_of(consent)
    return render_template(
        "resident/consent.html",
        person=person,
        site=site_of(person),
        consent=consent,
        half=half,
        guardian_name=guardian.display_name if guardian is not None else "",
        fields=notice_fields(notice) if notice is not None else [],
        forgettings=forgettings_of(consent),
        tab="records",
    )


def _own_consent(person: Person, consent_id: str) -> Consent:
    consent = request_session().get(Consent, consent_id)
    if consent is None or consent.person_id != person.person_id:
        abort(404)
    return consent


@bp.get("/records/consents/<consent_id>/receipts.json")
@resident_required
def receipts_file(consent_id: str) -> Response:
    """Return the gates' signed receipts that this consent's face is gone, as JSON.

    `receipt` is the text that the signature covers, `gate_key` the public key of the gate that signed.
    """
    person, act = signed_in()
    consent = _own_consent(person, consent_id)
    rows = act.session.execute(
        select(ReceiptRow, Gate.public_key)
        .join(Gate, Gate.gate_id == ReceiptRow.gate_id)
        .where(ReceiptRow.consent_id == consent_id)
        .order_by(ReceiptRow.gate_id)
    )
    receipts = [
        {
            "gate_id": row.gate_id, "received_at": row.received_at, "receipt": row.receipt.decode(),
            "signature": row.signature, "gate_key": key,
        }
        for row, key in rows
    ]
    whole: Exported = {
        "site_id": person.site_id, "consent_id": consent_id, "withdrawn_at": consent.withdrawn_at,
        "receipts": receipts,
    }
    return _as_file(whole, "my-receipts.json")


@bp.get("/records/export.json")
@resident_required
def export() -> Response:
    """Return everything held about the person, and nothing about anyone else, as JSON."""
    person, act = signed_in()
    site = site_of(person)
    whole = {"made_at": act.now, "site": site.name, **_about(person, site), **_history(person)}
    return _as_file(whole, "my-gate-records.json")


def _as_file(whole: Exported, name: str) -> Response:
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _about(person: Person, site: Site) -> Exported:
    session = request_session()
    credentials = session.scalars(
        select(CredentialRow).where(
            CredentialRow.person_id == person.person_id, CredentialRow.duress.is_(False)
        )
    )
    return {
        "person": {
            "id": person.person_id, "name": person.display_name, "kind": person.kind,
            "home": person.home.number if person.home is not None else None,
            "ways_in": person.methods, "language": person.language, "since": person.created_at,
        },
        "time_zone": site.timezone,
        "grants": [
            {"lanes": g.lanes, "hours": g.hours_id, "from": g.valid_from, "until": g.valid_until}
            for g in person.grants
        ],
        "credentials": [
            {
                "kind": c.kind, "label": c.label, "state": c.state, "since": c.created_at,
                "valid_from": c.valid_from, "valid_until": c.valid_until, "ended_at": c.ended_at,
            }
            for c in credentials
        ],
    }


def _history(person: Person) -> Exported:
    session = request_session()
    passes = session.scalars(
        select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == person.person_id)
    )
    return {
        "passages": passages_of(session, person.person_id, EXPORTED),
        "looked_at": [
            {"at": row.at, **lookup_facts(row)} for row in lookups_of(person.person_id, EXPORTED)
        ],
        "visitor_passes": [
            {
                "label": p.label, "gates": p.gate_numbers, "from": p.valid_from, "until": p.valid_until,
                "uses": p.uses, "withdrawn_at": p.withdrawn_at,
            }
            for p in passes
        ],
        "consents": [_exported_consent(c) for c in _consents_of(person.person_id)],
        "said_no_to_face": list(_refusals_of(person.person_id)),
    }


def _exported_consent(consent: Consent) -> Exported:
    notice = _notice_of(consent)
    return {
        "purpose": consent.purpose, "notice_version": consent.notice_version,
        "notice_sha256": consent.notice_sha256.hex(), "language": consent.language,
        "channel": consent.channel, "given_at": consent.given_at, "withdrawn_at": consent.withdrawn_at,
        "text": notice.fields if notice is not None else None,
    }
