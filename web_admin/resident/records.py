"""My records: passages in plain words, who looked and why, my consents, and all of it as a file."""

from collections.abc import Mapping, Sequence

import msgspec
from flask import Response, abort, render_template
from sqlalchemy import select

from web_admin.accounts import resident_required
from web_admin.credential_rows import refuse_unproven_phone
from web_admin.database import request_session
from web_admin.models import AuditEntry, Consent, CredentialRow, Notice, Person, Site, VisitorPassRow
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


@bp.get("/records")
@resident_required
def records() -> str:
    """Show the person's own records."""
    person, act = signed_in()
    refuse_unproven_phone(act, person)
    return render_template(
        "resident/records.html",
        person=person,
        site=site_of(person),
        passages=passages_of(act.session, person.person_id, SHOWN_PASSAGES),
        lookups=[(row.at, lookup_facts(row)) for row in lookups_of(person.person_id, SHOWN_LOOKUPS)],
        consents=_consents_of(person.person_id),
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
    consent = request_session().get(Consent, consent_id)
    if consent is None or consent.person_id != person.person_id:
        abort(404)
    notice = _notice_of(consent)
    return render_template(
        "resident/consent.html",
        person=person,
        site=site_of(person),
        consent=consent,
        fields=notice_fields(notice) if notice is not None else [],
        forgettings=forgettings_of(consent),
        tab="records",
    )


@bp.get("/records/export.json")
@resident_required
def export() -> Response:
    """Return everything held about the person, and nothing about anyone else, as JSON."""
    person, act = signed_in()
    refuse_unproven_phone(act, person)
    site = site_of(person)
    whole = {"made_at": act.now, "site": site.name, **_about(person, site), **_history(person)}
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-gate-records.json"'
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
    }


def _exported_consent(consent: Consent) -> Exported:
    notice = _notice_of(consent)
    return {
        "purpose": consent.purpose, "notice_version": consent.notice_version,
        "notice_sha256": consent.notice_sha256.hex(), "language": consent.language,
        "channel": consent.channel, "given_at": consent.given_at, "withdrawn_at": consent.withdrawn_at,
        "text": notice.fields if notice is not None else None,
    }
